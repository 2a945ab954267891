//! `allOf`, `anyOf`, `oneOf`, `not` and `if`: schemas that apply to the same value.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::{Condition, SchemaId};
use super::super::options::OneOf;
use super::reader::{Outcome, Reader, Reading};

/// Reads `allOf`: every branch holds.
pub(super) fn all_of(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let branches = branches(reader, keyword, value)?;
    // References that are not the only ones stand there already.
    reader.keywords.all_of.extend(branches);
    Ok(Outcome::exact())
}

/// Reads `anyOf`: at least one branch holds. All that do are looked at, for what they evaluate.
pub(super) fn any_of(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let branches = branches(reader, keyword, value)?;
    reader.keywords.any_of.push(branches);
    Ok(Outcome::exact())
}

/// Reads `oneOf`: exactly one branch holds, or any where the options ask for that.
pub(super) fn one_of(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let branches = branches(reader, keyword, value)?;
    match reader.loader.options.one_of {
        OneOf::Exact => {
            reader.keywords.one_of = Some(branches);
            Ok(Outcome::exact())
        }
        OneOf::Any => {
            reader.keywords.any_of.push(branches);
            Ok(Outcome::over("it is read as `anyOf`, as the options ask for"))
        }
    }
}

/// Reads `not`: its schema does not hold. What that evaluates is lost.
pub(super) fn not(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.not = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// Reads `if`, with the branches beside it.
///
/// Without a branch it asserts nothing, but still evaluates members for `unevaluatedProperties`, so
/// that it is kept.
pub(super) fn condition(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let mut branch = |name: &str| -> Result<Option<SchemaId>, SchemaError> {
        reader.sibling(name).map(|value| reader.schema(&[name], value)).transpose()
    };
    let (then, otherwise) = (branch("then")?, branch("else")?);
    let condition = reader.schema(&[keyword], value)?;
    reader.keywords.condition = Some(Condition { condition, then, otherwise });
    Ok(Outcome::exact())
}

/// Reads `then` and `else`, which are loaded with `if`: without it their schemas are not used, and
/// what they refer to is not looked for.
pub(super) fn branch(reader: &mut Reader, _: &str, _: &Json) -> Reading {
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
