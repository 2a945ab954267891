//! What can be wrong with a schema.

use super::report::Entry;

/// A schema that cannot be read. Pointers are JSON pointers into it; within another document, its
/// address stands before them.
///
/// ```
/// use tokenrail::schema::{Options, Schema};
///
/// let text = r#"{"properties": {"name": {"minLength": -1}}}"#;
/// let error = Schema::parse(text, &Options::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "minLength must be a non-negative integer, not -1 (at /properties/name/minLength)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The text is no JSON, or has an object with two members of one name.
    #[error("{what} (line {line}, column {column})")]
    Syntax {
        /// What is wrong, and what would be right.
        what: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// The text is nested too deep.
    #[error("nesting depth {} is over the limit of {limit} (line {line}, column {column})", limit + 1)]
    Depth {
        /// [`Limits::depth`](super::Limits::depth).
        limit: usize,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// Where a schema should stand is something else.
    #[error("a schema must be an object or a boolean, not {found} ({})", at(pointer))]
    NotASchema {
        /// Of what stands there.
        pointer: String,
        /// What stands there.
        found: String,
    },
    /// The value of a keyword is none that it may have.
    #[error("{keyword} must be {expected}, not {found} (at {pointer}/{keyword})")]
    Keyword {
        /// Of the schema that has the keyword.
        pointer: String,
        /// The keyword.
        keyword: String,
        /// What would be right.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A pattern is no regular expression of ECMA-262.
    #[error("pattern {pattern:?} is wrong at its byte {offset}: {what} ({})", at(pointer))]
    Pattern {
        /// Of the pattern.
        pointer: String,
        /// The pattern.
        pattern: String,
        /// The byte at which it fails.
        offset: usize,
        /// What is wrong.
        what: String,
    },
    /// The schema is not valid by its metaschema, says [`Validator`](super::Validator).
    #[error("{what} ({})", at(pointer))]
    Invalid {
        /// Of what is wrong.
        pointer: String,
        /// What is wrong.
        what: String,
    },
    /// A reference leads to no schema.
    #[error("reference {reference:?} leads nowhere: {reason} ({})", at(pointer))]
    Reference {
        /// Of the keyword that refers.
        pointer: String,
        /// As written.
        reference: String,
        /// What it was resolved to.
        address: String,
        /// What is missing, and what would be right.
        reason: String,
    },
    /// `$schema` names no draft that is known, nor a metaschema that was given.
    #[error("no draft is known by {address:?}: {reason} ({})", at(pointer))]
    UnknownDraft {
        /// Of the keyword that names it.
        pointer: String,
        /// As written.
        address: String,
        /// What is missing, and what would be right.
        reason: String,
    },
    /// Keywords that are not enforced, under [`Policy::Strict`](super::Policy::Strict), or where no
    /// policy can leave them out.
    #[error("{}", refused(entries))]
    Refused {
        /// All of them, with their pointers and reasons.
        entries: Vec<Entry>,
    },
    /// The schema is over a limit.
    #[error("{what} {value} is over the limit of {limit}{}", within(pointer.as_deref()))]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        value: usize,
        /// One of [`Limits`](super::Limits).
        limit: usize,
        /// Where, if at a place.
        pointer: Option<String>,
    },
}

/// Names a place in words.
fn at(pointer: &str) -> String {
    if pointer.is_empty() { "at the root".to_owned() } else { format!("at {pointer}") }
}

/// The place in the schema, as the end of a message.
fn within(pointer: Option<&str>) -> String {
    pointer.map_or_else(String::new, |pointer| format!(" ({})", at(pointer)))
}

/// One keyword in a line, more as a list.
fn refused(entries: &[Entry]) -> String {
    let line = |entry: &Entry| {
        let reason = entry.reason.as_deref().unwrap_or("it is not supported");
        format!("{} cannot be enforced: {reason} (at {})", entry.keyword, entry.pointer)
    };
    match entries {
        [only] => line(only),
        _ => {
            let lines: Vec<String> =
                entries.iter().map(|entry| format!("\n  {}", line(entry))).collect();
            format!("{} keywords cannot be enforced:{}", entries.len(), lines.concat())
        }
    }
}
