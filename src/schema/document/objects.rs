//! Keywords of objects.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::SchemaId;
use super::reader::{Outcome, Reader};
use super::texts;

const SCHEMAS: &str = "an object whose members are schemas";

pub(super) fn properties(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.properties = members(reader, keyword, value)?;
    Ok(Outcome::exact())
}

/// `patternProperties`. Without one of the patterns it is not known which members the others and
/// `additionalProperties` are for, so that none of them is enforced then.
pub(super) fn pattern_properties(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let mut found = Vec::new();
    for (pattern, schema) in members(reader, keyword, value)? {
        match texts::occurrences(reader, &pattern)? {
            Ok(language) => found.push((language, schema)),
            Err(reason) => return Ok(Outcome::refused_with_other_members(reason)),
        }
    }
    reader.keywords.pattern_properties = found;
    Ok(Outcome::exact())
}

pub(super) fn additional_properties(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.additional_properties = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

pub(super) fn property_names(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.property_names = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

pub(super) fn required(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.required = reader.names(keyword, value)?;
    Ok(Outcome::exact())
}

pub(super) fn dependent_required(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::Object(members) = value else {
        return Err(reader.wrong(keyword, value, "an object whose members are lists of names"));
    };
    for (name, value) in members {
        let names = reader.names(keyword, value)?;
        reader.keywords.dependent_required.push((name.clone(), names));
    }
    Ok(Outcome::exact())
}

pub(super) fn dependent_schemas(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let schemas = members(reader, keyword, value)?;
    reader.keywords.dependent_schemas.extend(schemas);
    Ok(Outcome::exact())
}

/// `dependencies`: what 2019-09 split into `dependentRequired` and `dependentSchemas`.
pub(super) fn dependencies(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::Object(members) = value else {
        let expected = "an object whose members are schemas or lists of names";
        return Err(reader.wrong(keyword, value, expected));
    };
    for (name, value) in members {
        match value {
            Json::Array(_) => {
                let names = reader.names(keyword, value)?;
                reader.keywords.dependent_required.push((name.clone(), names));
            }
            _ => {
                let schema = reader.schema(&[keyword, name], value)?;
                reader.keywords.dependent_schemas.push((name.clone(), schema));
            }
        }
    }
    Ok(Outcome::exact())
}

/// `minProperties` and `maxProperties`.
pub(super) fn count(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let count = reader.count(keyword, value)?;
    match keyword {
        "minProperties" => reader.keywords.min_properties = count,
        _ => reader.keywords.max_properties = Some(count),
    }
    Ok(Outcome::exact())
}

/// `unevaluatedProperties`.
pub(super) fn unevaluated(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.unevaluated_properties = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// The members of an object, each a schema.
fn members(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Vec<(String, SchemaId)>, SchemaError> {
    let Json::Object(members) = value else { return Err(reader.wrong(keyword, value, SCHEMAS)) };
    let schema = |(name, value): &(String, Json)| {
        Ok((name.clone(), reader.schema(&[keyword, name], value)?))
    };
    members.iter().map(schema).collect()
}
