//! Keywords that assert nothing: names and notes.
//!
//! They stand in the report like all others, so that nothing in a schema is passed over in silence.

use super::super::json::Json;
use super::reader::{Outcome, Reader, Reading};

/// `$id`, `$anchor` and their like: the registry has read them already.
pub(super) fn name(_: &mut Reader, _: &str, _: &Json) -> Reading {
    Ok(Outcome::note())
}

/// Reads `$recursiveAnchor`, which the registry takes note of where it is `true` at a resource's
/// root.
pub(super) fn flag(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    match value {
        Json::Bool(_) => Ok(Outcome::note()),
        _ => Err(reader.wrong(keyword, value, "a boolean")),
    }
}

/// `title`, `default`, `$defs` and others: whatever they hold, it asserts nothing where it stands.
pub(super) fn note(_: &mut Reader, _: &str, _: &Json) -> Reading {
    Ok(Outcome::note())
}

/// What is in a string: an annotation since 2019-09, and left to applications before.
pub(super) fn content(_: &mut Reader, _: &str, _: &Json) -> Reading {
    Ok(Outcome::without_effect("contents of strings are left to applications"))
}
