//! `%json {…}`: values of a JSON Schema.
//!
//! The schema is read from its own text, so that its numbers keep their digits. What is wrong with it
//! is told at its place in the grammar; a fault of one keyword names the keyword's pointer besides.
//!
//! Options are those that schemas have by default, so that a grammar means the same wherever it is
//! read: white space is flexible, members come as declared, and what cannot be enforced is refused.
//! The schema's own member `x-guidance` sets some of them, as in llguidance:
//!
//! | member | sets |
//! |---|---|
//! | `whitespace_flexible` | white space, if `false` none |
//! | `whitespace_pattern` | texts of that regular expression for white space, any number of them |
//! | `coerce_one_of` | `oneOf` is read as `anyOf` |
//! | `lenient` | that, and what cannot be enforced allows more than it says |
//! | `json_allow_general_unicode_escapes` | escapes in strings: any, or if `false` those that must be |
//! | `item_separator`, `key_separator` | nothing: they are `","` and `":"`, and no others |

use crate::grammar::draft::{Draft, most_like};
use crate::grammar::rules::Body;
use crate::grammar::{GrammarError, Place};
use crate::schema::json::Json;
use crate::schema::{Escapes, OneOf, Options, Policy, Schema, SchemaError, WhiteSpace};

/// The texts of the values that a schema allows, which stands behind a `%json` at byte `offset`.
///
/// # Errors
/// [`GrammarError`] where the schema is faulty, over a limit, or has what cannot be enforced.
pub(super) fn body(text: &str, offset: usize, draft: &Draft<'_>) -> Result<Body, GrammarError> {
    let begin = offset + DIRECTIVE.len();
    match Schema::parse(text, &options(text, begin, draft)?) {
        Ok(schema) => Ok(Body::Schema(schema)),
        Err(error) => Err(fault(error, text, begin, draft)),
    }
}

const DIRECTIVE: &str = "%json";

/// The member of a schema that says how it is read.
const GUIDANCE: &str = "x-guidance";
/// The members of that.
const MEMBERS: [&str; 7] = [
    "whitespace_flexible",
    "whitespace_pattern",
    "coerce_one_of",
    "lenient",
    "json_allow_general_unicode_escapes",
    "item_separator",
    "key_separator",
];

/// The options that a schema sets itself; the defaults where its text is no JSON, which is told when
/// it is read.
fn options(text: &str, begin: usize, draft: &Draft<'_>) -> Result<Options, GrammarError> {
    let mut options = Options::default();
    let Ok(json) = Json::parse(text, options.limits.depth) else {
        return Ok(options);
    };
    let Some(guidance) = json.get(GUIDANCE) else {
        return Ok(options);
    };
    let at = text.find(&format!("\"{GUIDANCE}\"")).unwrap_or(0);
    let Json::Object(members) = guidance else {
        let what = format!("{GUIDANCE} is an object, as {{\"lenient\": true}}");
        return Err(draft.syntax(begin + at, what));
    };
    for (name, value) in members {
        let at = at + text[at..].find(&format!("\"{name}\"")).unwrap_or(0);
        set(&mut options, name, value).map_err(|what| draft.unsupported(begin + at, what))?;
    }
    // A pattern says more than that there may be white space, whichever stands first.
    if let Some(Json::String(pattern)) = guidance.get("whitespace_pattern") {
        options.white_space = WhiteSpace::Pattern(format!("(?:{pattern})*"));
    }
    Ok(options)
}

/// Sets what one member of `x-guidance` says.
fn set(options: &mut Options, name: &str, value: &Json) -> Result<(), String> {
    match (name, value) {
        ("whitespace_flexible", Json::Bool(true))
        | ("coerce_one_of" | "lenient", Json::Bool(false)) => {}
        ("whitespace_flexible", Json::Bool(false)) => options.white_space = WhiteSpace::Compact,
        ("whitespace_pattern", Json::String(_) | Json::Null) => {}
        ("coerce_one_of", Json::Bool(true)) => options.one_of = OneOf::Any,
        ("lenient", Json::Bool(true)) => {
            (options.one_of, options.policy) = (OneOf::Any, Policy::Complete);
        }
        ("json_allow_general_unicode_escapes", Json::Bool(is_any)) => {
            options.escapes = if *is_any { Escapes::Any } else { Escapes::Minimal };
        }
        ("item_separator", Json::String(text)) if **text == *"," => {}
        ("key_separator", Json::String(text)) if **text == *":" => {}
        ("item_separator" | "key_separator", _) => {
            let only = if name == "item_separator" { ',' } else { ':' };
            return Err(format!(
                "{name} can only be \"{only}\" here: set whitespace_pattern for white space"
            ));
        }
        ("whitespace_pattern", _) => {
            return Err(format!("{name} is a regular expression in a string, or null"));
        }
        (known, _) if MEMBERS.contains(&known) => return Err(format!("{name} is true or false")),
        (other, _) => {
            let advice = match most_like(other, MEMBERS.into_iter()) {
                Some(like) => format!("did you mean {like}?"),
                None => format!("there are {}", MEMBERS.join(", ")),
            };
            return Err(format!("{other:.40?} is no option of {GUIDANCE}: {advice}"));
        }
    }
    Ok(())
}

/// What is wrong with a schema that begins at byte `begin` of the grammar's source.
fn fault(error: SchemaError, text: &str, begin: usize, draft: &Draft<'_>) -> GrammarError {
    let blanks = text.len() - text.trim_start().len();
    let within = |line, column| begin + offset(text, line, column);
    match error {
        SchemaError::Syntax { line, column, .. } => {
            draft.syntax(within(line, column), syntax(text, &draft.place(begin)))
        }
        SchemaError::Depth { limit, line, column } => {
            let place = Some(draft.place(within(line, column)));
            GrammarError::Limit { what: "nesting depth", value: limit + 1, limit, place }
        }
        SchemaError::Limit { what, value, limit, .. } => {
            let place = Some(draft.place(begin + blanks));
            GrammarError::Limit { what, value, limit, place }
        }
        error @ SchemaError::Refused { .. } => draft.unsupported(begin + blanks, error.to_string()),
        error => draft.syntax(begin + blanks, error.to_string()),
    }
}

/// What is wrong with a text that is no JSON, where it stands in the grammar: the words name lines.
fn syntax(text: &str, place: &Place) -> String {
    let (lines, columns) = (place.line - 1, place.column - 1);
    let moved = format!("{}{}{text}", "\n".repeat(lines), " ".repeat(columns));
    match Schema::parse(&moved, &Options::default()) {
        Err(SchemaError::Syntax { what, .. }) => what,
        // Blanks before a text change nothing but its length.
        Err(error) => error.to_string(),
        Ok(_) => "the schema is no JSON".to_owned(),
    }
}

/// The byte of a text at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let behind = &text[before..];
    before + behind.char_indices().nth(column - 1).map_or(behind.len(), |(offset, _)| offset)
}
