//! `%json {…}`: values of a JSON Schema.
//!
//! The schema is read from its own text, so that its numbers keep their digits. What is wrong with it
//! is told at its place in the grammar; a fault of one keyword names the keyword's pointer besides.
//!
//! Options are those that schemas have by default, so that a grammar means the same wherever it is
//! read: white space is flexible, members come as declared, and what cannot be enforced is refused.

use crate::grammar::draft::Draft;
use crate::grammar::rules::Body;
use crate::grammar::{GrammarError, Place};
use crate::schema::{Options, Schema, SchemaError};

/// The texts of the values that a schema allows, which stands behind a `%json` at byte `offset`.
///
/// # Errors
/// [`GrammarError`] where the schema is faulty, over a limit, or has what cannot be enforced.
pub(super) fn body(text: &str, offset: usize, draft: &Draft<'_>) -> Result<Body, GrammarError> {
    match Schema::parse(text, &Options::default()) {
        Ok(schema) => Ok(Body::Schema(schema)),
        Err(error) => Err(fault(error, text, offset + DIRECTIVE.len(), draft)),
    }
}

const DIRECTIVE: &str = "%json";

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
