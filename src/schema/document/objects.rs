//! Keywords of objects.
//!
//! Property names are decoded texts, and stay in the order in which they are written: that is the
//! order in which members are generated unless the options say otherwise. A pattern for names is a
//! language like any other.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::SchemaId;
use super::reader::{Outcome, Reader, Reading};
use super::texts;

/// What `properties` and its like must be.
const SCHEMAS: &str = "an object whose members are schemas";

/// Reads `properties`: the schemas of members by name.
pub(super) fn properties(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.properties = members(reader, keyword, value)?;
    Ok(Outcome::exact())
}

/// Reads `patternProperties`: the schemas of members by patterns that their names match somewhere.
/// Several may hold for one member.
///
/// Without one of the patterns it is not known which members the others and `additionalProperties`
/// are for, so that none of them is enforced then.
pub(super) fn pattern_properties(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let mut found = Vec::new();
    for (pattern, schema) in members(reader, keyword, value)? {
        match texts::occurrences(reader, (keyword, Some(&pattern)), &pattern)? {
            Ok(language) => found.push((language, schema)),
            Err(reason) => return Ok(Outcome::refused_with_other_members(reason)),
        }
    }
    reader.keywords.pattern_properties = found;
    Ok(Outcome::exact())
}

/// Reads `additionalProperties`: the schema of members that neither of the two names. Of draft 4
/// too it may be a boolean.
pub(super) fn additional_properties(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.additional_properties = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// Reads `propertyNames`: a schema for the names themselves, as strings.
pub(super) fn property_names(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.property_names = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// Reads `required`: names that must be there. Draft 4 wants one at least; none asserts nothing.
pub(super) fn required(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.required = reader.names(keyword, value)?;
    Ok(Outcome::exact())
}

/// Reads `dependentRequired`: what must be there beside a member, if that is there.
pub(super) fn dependent_required(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::Object(members) = value else {
        return Err(reader.wrong(keyword, value, "an object whose members are lists of names"));
    };
    for (name, value) in members {
        let names = reader.names(keyword, value)?;
        reader.keywords.dependent_required.push((name.clone(), names));
    }
    Ok(Outcome::exact())
}

/// Reads `dependentSchemas`: what the whole object must be, if a member is there.
pub(super) fn dependent_schemas(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let schemas = members(reader, keyword, value)?;
    reader.keywords.dependent_schemas.extend(schemas);
    Ok(Outcome::exact())
}

/// Reads `dependencies`, which 2019-09 split into `dependentRequired` and `dependentSchemas`.
///
/// It is read in later drafts too: their metaschemas describe it, and in real schemas it is always
/// meant.
pub(super) fn dependencies(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
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

/// Reads `minProperties` and `maxProperties`.
pub(super) fn count(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let count = reader.count(keyword, value)?;
    match keyword {
        "minProperties" => reader.keywords.min_properties = count,
        _ => reader.keywords.max_properties = Some(count),
    }
    Ok(Outcome::exact())
}

/// Reads `unevaluatedProperties`: the schema of members that nothing here, or in what applies here,
/// has looked at.
pub(super) fn unevaluated(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    reader.keywords.unevaluated_properties = Some(reader.schema(&[keyword], value)?);
    Ok(Outcome::exact())
}

/// The members of an object, each a schema below the keyword.
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
