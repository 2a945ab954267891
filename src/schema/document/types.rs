//! `type`, `enum` and `const`: what is said of a value whatever it is.
//!
//! Members of `enum` and the value of `const` stay JSON with numbers as written: `1`, `1.0` and
//! `10e-1` are equal to JSON Schema, and which spellings a model may write is decided where numbers
//! are. An empty `enum` allows nothing; no draft after 4 forbids it.

use super::super::json::Json;
use super::super::keywords::Types;
use super::reader::{Outcome, Reader, Reading};

/// The names that every draft has; `any` of draft 3 is none of them.
const TYPES: &str =
    "one of null, boolean, number, integer, string, array, object, or a list of them";

/// Reads `type`: a name, or a list of names any of which will do.
///
/// Whether `1.0` is an integer depends on the draft, which the place remembers.
pub(super) fn types(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let names = match value {
        Json::Array(names) => &names[..],
        name => std::slice::from_ref(name),
    };
    // A name that stands twice says nothing new.
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

/// Reads `enum`: the values that are allowed.
pub(super) fn members(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::Array(members) = value else {
        return Err(reader.wrong(keyword, value, "an array"));
    };
    reader.keywords.members = Some(members.clone());
    Ok(Outcome::exact())
}

/// Reads `const`: the one value that is allowed, `null` among others.
pub(super) fn constant(reader: &mut Reader, _: &str, value: &Json) -> Reading {
    reader.keywords.constant = Some(value.clone());
    Ok(Outcome::exact())
}
