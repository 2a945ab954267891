//! Keywords of arrays.

use super::super::draft::Draft;
use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::Contains;
use super::reader::{Outcome, Reader};

/// `items`: a schema for all items, or, before 2020-12, a list for the first ones.
pub(super) fn items(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    match value {
        Json::Array(items) if reader.dialect.reads_item_lists() => {
            if reader.sibling("prefixItems").is_some() {
                return Err(reader.wrong(keyword, value, "a schema beside prefixItems"));
            }
            reader.keywords.prefix_items = reader.list(keyword, items)?;
        }
        Json::Array(_) => {
            let expected = "a schema: lists are in prefixItems since 2020-12";
            return Err(reader.wrong(keyword, value, expected));
        }
        _ => reader.keywords.items = Some(reader.schema(&[keyword], value)?),
    }
    Ok(Outcome::exact())
}

pub(super) fn prefix_items(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::Array(items) = value else {
        return Err(reader.wrong(keyword, value, "a list of schemas"));
    };
    reader.keywords.prefix_items = reader.list(keyword, items)?;
    Ok(Outcome::exact())
}

/// `additionalItems`: what is behind a list in `items`.
pub(super) fn additional_items(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let is_list = matches!(reader.sibling("items"), Some(Json::Array(_)));
    if !is_list || !reader.dialect.reads_item_lists() {
        return Ok(Outcome::without_effect("there is no list in `items` beside it"));
    }
    reader.keywords.items = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// `contains`, with the counts beside it.
pub(super) fn contains(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let schema = reader.schema(&[keyword], value)?;
    let count = |name: &str| match reader.sibling(name) {
        None => Ok(None),
        Some(value) => reader.count(name, value).map(Some),
    };
    let (min, max) = (count("minContains")?.unwrap_or(1), count("maxContains")?);
    let evaluates = reader.dialect.draft >= Draft::Draft202012;
    reader.keywords.contains = Some(Contains { schema, min, max, evaluates });
    Ok(Outcome::exact())
}

/// `minContains` and `maxContains`, which are read with `contains`.
pub(super) fn contains_count(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.count(keyword, value)?;
    match reader.sibling("contains") {
        Some(_) => Ok(Outcome::exact()),
        None => Ok(Outcome::without_effect("there is no `contains` beside it")),
    }
}

/// `minItems` and `maxItems`.
pub(super) fn count(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let count = reader.count(keyword, value)?;
    match keyword {
        "minItems" => reader.keywords.min_items = count,
        _ => reader.keywords.max_items = Some(count),
    }
    Ok(Outcome::exact())
}

pub(super) fn unique_items(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::Bool(is_unique) = *value else {
        return Err(reader.wrong(keyword, value, "a boolean"));
    };
    reader.keywords.unique_items = is_unique;
    Ok(Outcome::exact())
}

/// `unevaluatedItems`.
pub(super) fn unevaluated(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.unevaluated_items = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}
