//! Keywords that assert nothing: names and notes.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::reader::{Outcome, Reader};

/// `$id`, `$anchor` and their like: the registry has read them already.
pub(super) fn name(_: &mut Reader<'_, '_>, _: &str, _: &Json) -> Result<Outcome, SchemaError> {
    Ok(Outcome::note())
}

/// `$recursiveAnchor`.
pub(super) fn flag(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    match value {
        Json::Bool(_) => Ok(Outcome::note()),
        _ => Err(reader.wrong(keyword, value, "a boolean")),
    }
}

/// `title`, `default`, `$defs` and others: whatever they hold, it asserts nothing where it stands.
pub(super) fn note(_: &mut Reader<'_, '_>, _: &str, _: &Json) -> Result<Outcome, SchemaError> {
    Ok(Outcome::note())
}

/// What is in a string: an annotation since 2019-09, and left to applications before.
pub(super) fn content(_: &mut Reader<'_, '_>, _: &str, _: &Json) -> Result<Outcome, SchemaError> {
    Ok(Outcome::without_effect("contents of strings are left to applications"))
}
