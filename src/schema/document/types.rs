//! `type`, `enum` and `const`.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::Types;
use super::reader::{Outcome, Reader};

const TYPES: &str =
    "one of null, boolean, number, integer, string, array, object, or a list of them";

pub(super) fn types(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let names = match value {
        Json::Array(names) => &names[..],
        name => std::slice::from_ref(name),
    };
    let mut types = Types::default();
    for name in names {
        let Json::String(text) = name else { return Err(reader.wrong(keyword, name, TYPES)) };
        match &**text {
            "null" => types.null = true,
            "boolean" => types.boolean = true,
            "number" => types.number = true,
            "integer" => types.integer = true,
            "string" => types.string = true,
            "array" => types.array = true,
            "object" => types.object = true,
            _ => return Err(reader.wrong(keyword, name, TYPES)),
        }
    }
    reader.keywords.types = Some(types);
    Ok(Outcome::exact())
}

pub(super) fn members(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::Array(members) = value else {
        return Err(reader.wrong(keyword, value, "an array"));
    };
    reader.keywords.members = Some(members.clone());
    Ok(Outcome::exact())
}

pub(super) fn constant(
    reader: &mut Reader<'_, '_>,
    _: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    reader.keywords.constant = Some(value.clone());
    Ok(Outcome::exact())
}
