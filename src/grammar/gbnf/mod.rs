//! GBNF as llama.cpp reads it, and the EBNF that XGrammar makes of it.
//!
//! Rules are `name ::= alternatives`; alternatives hold strings, classes, `.` for any character,
//! groups, rules, and tokens `<[id]>`, `<name>` and `!<name>`; each with one of `*`, `+`, `?`,
//! `{m}`, `{m,}` and `{m,n}`. XGrammar adds the macros `Regex`, `Substring`, `Token`,
//! `ExcludeToken`, `TagDispatch` and `TokenTagDispatch`, a look-ahead `(=…)` behind a rule, and
//! options in brackets behind its name.
//!
//! Where the two differ, this is read:
//!
//! | matter | as |
//! |---|---|
//! | `.`, tokens, an empty alternative, a newline in a string or class, `\xHH` of two digits | llama.cpp |
//! | left recursion, large and nested repetitions, `_` in names, `\|` at the start of a line, more escapes | XGrammar |
//! | two quantifiers in a row, `[z-a]`, a rule defined twice, `{,n}` | refused: each hides a slip |
//! | a rule that does not begin its line | refused, as by both |
//! | a name with a dot | that rule if there is one, else any character stands there |
//!
//! Look-ahead is exact, where XGrammar ignores it or takes it as a hint: within `Regex`, see
//! [`crate::regex`]; behind a rule, what follows each call has to decide it, and where that does not
//! the rule is refused. Only behind the whole text it says nothing, as nothing follows there. A
//! macro's name is free for a rule.

mod arguments;
mod dispatch;
mod follow;
mod inline;
mod macros;
mod options;
mod parser;
mod scan;
#[cfg(test)]
mod tests;

use inline::{Asking, Inliner};
use parser::{Parser, RuleSource};

use super::draft::Draft;
use super::rules::{Attributes, Body, Ends, Marker, Terminal};
use super::{Grammar, GrammarError, Limits};
use crate::regex::{Count, ExprId};

impl Grammar {
    /// A grammar in the notation of llama.cpp or XGrammar, from its rule `root`.
    ///
    /// # Errors
    /// Any [`GrammarError`], with its place.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let grammar = Grammar::gbnf(
    ///     r#"
    ///     root ::= "(" root ")" | number
    ///     number ::= [1-9] [0-9]{0,5}
    ///     "#,
    /// )?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn gbnf(source: &str) -> Result<Self, GrammarError> {
        Self::gbnf_within(source, &Limits::default())
    }

    /// As [`gbnf`](Self::gbnf), within limits.
    ///
    /// # Errors
    /// As [`gbnf`](Self::gbnf).
    pub fn gbnf_within(source: &str, limits: &Limits) -> Result<Self, GrammarError> {
        Self::gbnf_from("root", source, limits)
    }

    /// As [`gbnf_within`](Self::gbnf_within), from another rule.
    ///
    /// # Errors
    /// As [`gbnf`](Self::gbnf).
    ///
    /// ```
    /// use tokenrail::grammar::{Grammar, Limits};
    ///
    /// let grammar = Grammar::gbnf_from("answer", r#"answer ::= "yes" | "no""#, &Limits::default())?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn gbnf_from(start: &str, source: &str, limits: &Limits) -> Result<Self, GrammarError> {
        let mut draft = Draft::new(source, limits)?;
        let rules = Parser::new(source, &mut draft, limits).rules()?;
        let start = draft.rule(start, 0);
        let bodies = follow::constrained_bodies(&rules, start, &mut draft)?;
        let mut inliner = Inliner::new(&rules);
        for (rule, body) in rules.iter().zip(bodies) {
            let (body, attributes) = finished(rule, body, &mut inliner, &mut draft)?;
            draft.define(rule.id, rule.offset, body, attributes)?;
        }
        draft.finish(start)
    }
}

/// A rule's body with its options applied.
///
/// # Errors
/// [`GrammarError::Unsupported`] where an option asks for a regular body and there is none.
fn finished(
    rule: &RuleSource,
    body: Body,
    inliner: &mut Inliner<'_>,
    draft: &mut Draft<'_>,
) -> Result<(Body, Attributes), GrammarError> {
    let options = &rule.options;
    let marker = options.marker.as_ref().map(|marker| draft.exprs.literal(marker.text.as_bytes()));
    let attributes = Attributes {
        capture: options
            .capture
            .as_ref()
            .map(|name| if name.is_empty() { rule.name.clone() } else { name.clone() }),
        marker: options.marker.as_ref().zip(marker).map(|(text, expr)| Marker {
            expr,
            capture: options.stop_capture.clone(),
            is_hidden: text.is_hidden,
        }),
        max_tokens: options.max_tokens,
        temperature: options.temperature,
    };
    if options.stop_capture.is_some() && marker.is_none() {
        let what = "stop_capture names a marker's capture: write suffix or stop with it";
        return Err(draft.syntax(options.offset, what));
    }
    if !options.is_lazy && options.max_chars.is_none() && marker.is_none() {
        return Ok((body, attributes));
    }
    let what = format!("rule {:?} with lazy, max_chars, suffix or stop", rule.name);
    let asking = Asking { what: &what, offset: rule.offset };
    let expr = inliner.expr(&body, asking, draft)?;
    Ok((ended(expr, rule, marker, draft), attributes))
}

/// The texts of a rule that ends early: at a marker, as soon as it may, or after so many characters.
fn ended(expr: ExprId, rule: &RuleSource, marker: Option<ExprId>, draft: &mut Draft<'_>) -> Body {
    let exprs = &mut draft.exprs;
    let char = exprs.any_char();
    let mut within = |min: u32, max: u32| exprs.repeat(char, Count { min, max: Some(max) });
    let (text, full) = match rule.options.max_chars {
        // With a marker, all characters used up end the rule in its stead.
        Some(max) if marker.is_some() => {
            (max.checked_sub(1).map(|max| within(0, max)), Some(within(max, max)))
        }
        Some(max) => (Some(within(0, max)), None),
        None => (Some(ExprId::ANYTHING), None),
    };
    let unmarked = text.map_or(ExprId::NOTHING, |text| exprs.and([expr, text]));
    let text = marker.map_or(unmarked, |marker| exprs.concat([unmarked, marker]));
    let full = full.map_or(ExprId::NOTHING, |full| exprs.and([expr, full]));
    let whole = exprs.or([text, full]);
    if !rule.options.is_lazy && marker.is_none() {
        return Body::terminal(whole);
    }
    let expr = exprs.shortest_matches(whole);
    let ended = Body::Terminal(Terminal { expr, ends: Ends::AtFirst });
    if marker.is_none() || rule.options.max_tokens.is_none() {
        return ended;
    }
    let used_up = Body::Terminal(Terminal { expr: unmarked, ends: Ends::OutOfBudget });
    Body::Choice(vec![ended, used_up])
}
