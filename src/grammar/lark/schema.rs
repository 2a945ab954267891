//! `%json {…}`: values of a JSON Schema.
//!
//! The schema is read as JSON with the rest of the grammar. This is where its values become rules.

use serde_json::Value;

use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::Body;

/// The texts of the values that a schema at byte `offset` allows.
///
/// # Errors
/// [`GrammarError::Unsupported`]: there are no schemas yet.
pub(super) fn body(
    _schema: &Value,
    offset: usize,
    draft: &mut Draft,
) -> Result<Body, GrammarError> {
    let what = "JSON Schema in a grammar (%json) is not supported: write the values out as rules";
    Err(draft.unsupported(offset, what))
}
