//! Keywords of arrays.
//!
//! Two forms of tuples become one here: a list in `items` with `additionalItems` behind it, until
//! 2019-09, and `prefixItems` with `items` behind it, since 2020-12.

use super::super::draft::Draft;
use super::super::json::Json;
use super::super::keywords::Contains;
use super::reader::{Outcome, Reader, Reading};

/// Reads `items`: a schema for all items that `prefixItems` does not describe, or, before 2020-12,
/// a list for the first ones.
///
/// Without a draft a list is read too, as it can mean nothing else.
pub(super) fn items(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    match value {
        Json::Array(items) if reader.dialect.reads_item_lists() => {
            // Both would describe the first items; which was meant cannot be known.
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

/// Reads `prefixItems`: a schema for each of the first items. Fewer items may be there.
pub(super) fn prefix_items(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::Array(items) = value else {
        return Err(reader.wrong(keyword, value, "a list of schemas"));
    };
    reader.keywords.prefix_items = reader.list(keyword, items)?;
    Ok(Outcome::exact())
}

/// Reads `additionalItems`: a schema for what is behind a list in `items`. Beside a schema in
/// `items` there is nothing left for it to say, by every draft that has it.
pub(super) fn additional_items(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    // `items` decides: it is the same question in all drafts that have the word.
    let is_list = matches!(reader.sibling("items"), Some(Json::Array(_)));
    if !is_list || !reader.dialect.reads_item_lists() {
        return Ok(Outcome::without_effect("there is no list in `items` beside it"));
    }
    reader.keywords.items = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// Reads `contains`, with the counts beside it.
///
/// Items that match count as evaluated since 2020-12 alone.
pub(super) fn contains(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
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

/// Reads `minContains` and `maxContains`. What they say is read with `contains`, without which they
/// say nothing.
pub(super) fn contains_count(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.count(keyword, value)?;
    match reader.sibling("contains") {
        Some(_) => Ok(Outcome::exact()),
        None => Ok(Outcome::without_effect("there is no `contains` beside it")),
    }
}

/// Reads `minItems` and `maxItems`.
pub(super) fn count(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let count = reader.count(keyword, value)?;
    match keyword {
        "minItems" => reader.keywords.min_items = count,
        _ => reader.keywords.max_items = Some(count),
    }
    Ok(Outcome::exact())
}

/// Reads `uniqueItems`; `false` asserts nothing.
pub(super) fn unique_items(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::Bool(is_unique) = *value else {
        return Err(reader.wrong(keyword, value, "a boolean"));
    };
    reader.keywords.unique_items = is_unique;
    Ok(Outcome::exact())
}

/// Reads `unevaluatedItems`: the schema of items that nothing here, or in what applies here, has
/// looked at.
pub(super) fn unevaluated(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.unevaluated_items = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}
