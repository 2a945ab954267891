//! Lark, in the dialect of llguidance; where that refuses what XGrammar reads, as XGrammar does.
//!
//! | what | how it is read |
//! |---|---|
//! | `?rule`, `!rule`, `-> alias` | read and without effect: they shape trees, and no text |
//! | priorities, templates, `%override`, `%extend`, `%declare`, `@name`, other libraries than `common` | refused by name |
//! | `"…"` | the escapes of JSON and `\xHH`, which is the character of that number; flag `i` |
//! | `/…/` | [`Syntax::LARK`](crate::regex::Syntax::LARK): Unicode's classes and case folding, the dot is no newline unless `s`; look-around, `\b` and back-references are refused; flags `i m s x u` |
//! | `x{0}`, `x{,n}`, `x{,}` | none, up to n, any number; one repetition behind a part |
//! | `&`, `~` | on terminals and what stands in their stead; `~x` is every other well-formed text |
//! | lines | a definition goes on where the next line begins with a bar, within brackets, and on the line below a colon where nothing stands behind it |
//! | `%ignore` | may follow each terminal, the last too; before the first with `allow_initial_skip`; once with `ignore_once` or `"skip_repetition": "once"`; never within a terminal |
//! | `%llguidance`, `%grammar_options` | the same options; `no_forcing`, which changes no text, is left to the caller where llguidance would read it; unknown ones are refused |
//! | `%lark {…}` | a grammar with names, ignored text and options of its own |
//! | `%json {…}` | the values that a JSON Schema allows, as [`Options`](crate::schema::Options) are by default: white space is flexible, what cannot be enforced is refused. The schema's own `x-guidance` sets `whitespace_flexible`, `whitespace_pattern`, `coerce_one_of`, `lenient` and `json_allow_general_unicode_escapes`; other separators than `,` and `:`, and unknown members, are refused by name |
//! | `%regex {…}` | `substring_chars`, `substring_words`, `substring_chunks`: runs of the chunks, empty ones too |
//! | `<name>`, `<[1,3-5]>`, `<[^…]>`, `<[*]>` | one token, never within a terminal |
//! | `rule::_`, `rule::…`, `%if` | all of llguidance's functions, over 64 bits |
//!
//! Attributes stand on rules:
//!
//! - `lazy`, `suffix=` and `stop=` make one terminal of a rule, so that its body names no rules. It
//!   is committed to at its first match: what began with it does not go on. A lazy rule that may be
//!   empty is. The marker has to come, also behind free text at the end; only a used-up budget
//!   lets the rule end without. `stop=""` is no marker.
//! - `suffix=` leaves the marker out of the rule's own capture, `stop=` out of those around it too;
//!   `stop_capture=` names one for the marker alone.
//! - `lazy` may also end with a token, `rule[lazy]: TEXT <|tool|>`.
//! - `max_chars=` ends a rule when so many characters are used up, or where it next may end. The rule
//!   has to be made of text alone.
//! - `capture`, `capture="name"`, `max_tokens=` and `temperature=` are passed on. Ignored text behind
//!   a rule that is but a terminal is no part of its capture.

mod attributes;
mod budget;
mod common;
mod directive;
mod ending;
mod expansion;
mod lexer;
mod lower;
mod parameters;
mod parser;
mod schema;
mod special;
mod substring;
mod syntax;
mod terminals;
mod text;

use super::draft::Draft;
use super::{Grammar, GrammarError, Limits};

impl Grammar {
    /// The texts that a Lark grammar's rule `start` matches.
    ///
    /// The dialect is that of llguidance, with its `&` and `~`, `%regex`, tokens, parameters and
    /// attributes, and what XGrammar adds to it. All ways to read a text are followed at once: a
    /// terminal may end wherever it matches, not only as late as it can. Priorities and templates
    /// are refused.
    ///
    /// # Errors
    /// [`GrammarError`], with the place in the source.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let grammar = Grammar::lark(r#"
    ///     start: "(" sum ")"
    ///     sum: NUMBER ("+" NUMBER)*
    ///     %import common.NUMBER
    ///     %ignore " "
    /// "#)?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn lark(source: &str) -> Result<Self, GrammarError> {
        Self::lark_within(source, &Limits::default())
    }

    /// As [`lark`](Self::lark), within limits.
    ///
    /// # Errors
    /// As [`lark`](Self::lark).
    pub fn lark_within(source: &str, limits: &Limits) -> Result<Self, GrammarError> {
        let mut draft = Draft::new(source, limits)?;
        let source = parser::parse(source, &draft)?;
        let start = lower::lower(&source, &mut draft)?;
        draft.finish(start)
    }
}
