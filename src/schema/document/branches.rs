//! `allOf`, `anyOf`, `oneOf`, `not` and `if`.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::{Condition, SchemaId};
use super::reader::{Outcome, Reader};

pub(super) fn all_of(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let branches = branches(reader, keyword, value)?;
    // References that are not the only ones stand there already.
    reader.keywords.all_of.extend(branches);
    Ok(Outcome::exact())
}

pub(super) fn any_of(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.any_of = Some(branches(reader, keyword, value)?);
    Ok(Outcome::exact())
}

pub(super) fn one_of(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.one_of = Some(branches(reader, keyword, value)?);
    Ok(Outcome::exact())
}

pub(super) fn not(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.not = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// `if`, with the branches beside it.
pub(super) fn condition(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let mut branch = |name: &str| -> Result<Option<SchemaId>, SchemaError> {
        reader.sibling(name).map(|value| reader.schema(&[name], value)).transpose()
    };
    let (then, otherwise) = (branch("then")?, branch("else")?);
    // Without a branch it still evaluates properties for `unevaluatedProperties`.
    let condition = reader.schema(&[keyword], value)?;
    reader.keywords.condition = Some(Condition { condition, then, otherwise });
    Ok(Outcome::exact())
}

/// `then` and `else`, which are read with `if`.
pub(super) fn branch(
    reader: &mut Reader<'_, '_>,
    _: &str,
    _: &Json,
) -> Result<Outcome, SchemaError> {
    match reader.sibling("if") {
        Some(_) => Ok(Outcome::exact()),
        None => Ok(Outcome::without_effect("there is no `if` beside it")),
    }
}

/// A list of schemas that is not empty.
fn branches(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Vec<SchemaId>, SchemaError> {
    match value {
        Json::Array(items) if !items.is_empty() => reader.list(keyword, items),
        _ => Err(reader.wrong(keyword, value, "a list of at least one schema")),
    }
}
