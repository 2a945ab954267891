//! A schema as a file has it, and the judge of whole values.
//!
//! A judge reads the schema's text once more, by another implementation than the one that constrains:
//! what it says of a value is a second opinion.

use std::path::Path;

use serde_json::{Value, json};
use tokenrail::constraint::ConstraintError;
use tokenrail::report::caret;
use tokenrail::schema::{
    Enforcement, Entry, Options, Policy, Schema, SchemaError, Validator, Violation,
};

use crate::exit::Failure;
use crate::input;

/// A schema that was read, with its text, which the validator reads again.
#[derive(Debug)]
pub(crate) struct Source {
    /// What messages call it.
    pub(crate) name: String,
    /// As it was read; the judge parses it by another reader.
    pub(crate) text: String,
    /// What constrains, with its report.
    pub(crate) schema: Schema,
}

impl Source {
    /// Reads a schema file, or standard input for `-`.
    pub(crate) fn read(path: &Path, options: &Options) -> Result<Self, Failure> {
        Self::parse(input::name(path), input::read(path)?, options)
    }

    /// Reads a schema. Its faults are shown as those of grammars, and one that is at a place in the text
    /// is shown with a caret.
    pub(crate) fn parse(name: String, text: String, options: &Options) -> Result<Self, Failure> {
        match Schema::parse(&text, options) {
            Ok(schema) => Ok(Self { name, text, schema }),
            Err(error) => {
                let snippet = snippet(&text, &error);
                let error = Box::new(ConstraintError::Schema(error));
                Err(Failure::Schema { name, error, snippet })
            }
        }
    }

    /// Whether values may be written that do not conform: the policy asks for it, or a format that is
    /// enforced in part lets it happen under any policy.
    pub(crate) fn may_be_over(&self) -> bool {
        let is_asked = self.schema.options().policy == Policy::Complete;
        is_asked || self.schema.report().worst() >= Enforcement::Over
    }

    /// The judge of whole values. It is asked for no error: what the schema's reader takes and the
    /// validator does not, as numbers beyond 64 bits, is told as a value that was not judged.
    pub(crate) fn judge(&self) -> Judge {
        let value: Option<Value> = serde_json::from_str(&self.text).ok();
        let validator = value.map(|value| Validator::new(&value, self.schema.options()));
        Judge { validator: validator.and_then(Result::ok) }
    }
}

/// What of a schema is not enforced exactly, in one line; `None` where everything is.
pub(crate) fn note(schema: &Schema) -> Option<String> {
    let listed: Vec<String> =
        inexact(schema).map(|entry| format!("{} ({})", entry.pointer, entry.enforcement)).collect();
    (!listed.is_empty()).then(|| {
        let first = listed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match listed.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "note: not enforced exactly: {first}{more}; `tokenrail schema check` has the reasons"
        )
    })
}

/// The keywords that a [`note`] names.
const NAMED: usize = 3;

/// The keywords that are neither enforced exactly nor annotations.
pub(super) fn inexact(schema: &Schema) -> impl Iterator<Item = &Entry> {
    schema.report().entries.iter().filter(|entry| entry.enforcement > Enforcement::Exact)
}

/// Judges texts as values, which is another question than whether a model may write them.
#[derive(Debug)]
pub(crate) struct Judge {
    /// `None` where the validator cannot read the schema.
    validator: Option<Validator>,
}

impl Judge {
    /// What in a text does not conform; `None` where it is no JSON that can be judged.
    pub(crate) fn violations(&self, text: &str) -> Option<Vec<Violation>> {
        let value = serde_json::from_str(text).ok()?;
        self.validator.as_ref().map(|validator| validator.validate(&value))
    }
}

/// Violations for programs: an array of objects with `instance`, `schema` and `message`, the first two
/// JSON pointers.
pub(crate) fn violations_json(violations: &[Violation]) -> Value {
    let one = |violation: &Violation| {
        let Violation { instance, schema, message } = violation;
        json!({"instance": instance, "schema": schema, "message": message})
    };
    violations.iter().map(one).collect()
}

/// The line of a schema's text that is no JSON, with a caret.
///
/// Other faults have a pointer into the schema, and no line.
fn snippet(text: &str, error: &SchemaError) -> Option<String> {
    let (SchemaError::Syntax { line, column, .. } | SchemaError::Depth { line, column, .. }) =
        error
    else {
        return None;
    };
    let line = text.lines().nth(line - 1).unwrap_or("");
    let offset = line.char_indices().nth(column - 1).map_or(line.len(), |(offset, _)| offset);
    Some(caret(line, offset))
}
