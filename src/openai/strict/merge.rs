//! Two schemas that must hold together, as one.

use serde_json::{Map, Value, json};

/// What asserts nothing, and is not told of.
const ANNOTATIONS: [&str; 15] = [
    "$schema",
    "$id",
    "id",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$anchor",
    "$vocabulary",
];

/// Whether a keyword may say which values are allowed. Those that nobody knows do not.
pub(super) fn allowed(keyword: &str) -> bool {
    !ANNOTATIONS.contains(&keyword) && !keyword.starts_with("x-")
}

/// Adds to `flat` what another schema says, and gives the keywords that it has no place for.
pub(super) fn merge(flat: &mut Map<String, Value>, other: &Map<String, Value>) -> Vec<String> {
    let mut lost = Vec::new();
    for (keyword, value) in other {
        match flat.get(keyword) {
            None => {
                flat.insert(keyword.clone(), value.clone());
            }
            Some(own) if own == value || !allowed(keyword) => {}
            Some(own) => match both(keyword, own, value) {
                Some(joined) => {
                    flat.insert(keyword.clone(), joined);
                }
                None => lost.push(keyword.clone()),
            },
        }
    }
    lost
}

/// What a keyword says that stands in both; `None` where that cannot be said.
fn both(keyword: &str, own: &Value, other: &Value) -> Option<Value> {
    match keyword {
        "type" => Some(common_types(own, other)),
        "enum" => {
            let (own, other) = (own.as_array()?, other.as_array()?);
            Some(own.iter().filter(|value| other.contains(value)).cloned().collect())
        }
        "required" => {
            let mut names = own.as_array()?.clone();
            names.extend(other.as_array()?.iter().filter(|name| !own_has(own, name)).cloned());
            Some(Value::Array(names))
        }
        "allOf" => {
            let mut members = own.as_array()?.clone();
            members.extend(other.as_array()?.iter().cloned());
            Some(Value::Array(members))
        }
        "properties" => {
            let mut properties = own.as_object()?.clone();
            for (name, property) in other.as_object()? {
                let joined = match properties.get(name) {
                    Some(known) if known != property => json!({"allOf": [known, property]}),
                    _ => property.clone(),
                };
                properties.insert(name.clone(), joined);
            }
            Some(Value::Object(properties))
        }
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            let is_more = other.as_f64()? > own.as_f64()?;
            Some(if is_more { other.clone() } else { own.clone() })
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            let is_less = other.as_f64()? < own.as_f64()?;
            Some(if is_less { other.clone() } else { own.clone() })
        }
        "items" if own.is_object() && other.is_object() => Some(json!({"allOf": [own, other]})),
        "uniqueItems" => Some(Value::Bool(true)),
        _ => None,
    }
}

fn own_has(own: &Value, name: &Value) -> bool {
    own.as_array().is_some_and(|names| names.contains(name))
}

/// The types in both: an integer is a number.
fn common_types(own: &Value, other: &Value) -> Value {
    let list = |types: &Value| match types {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let (own, other) = (list(own), list(other));
    let is_in = |name: &Value, types: &[Value]| {
        types.contains(name) || *name == "integer" && types.contains(&json!("number"))
    };
    let common = own.iter().filter(|name| is_in(name, &other));
    let narrower = other.iter().filter(|name| !own.contains(name) && is_in(name, &own));
    Value::Array(common.chain(narrower).cloned().collect())
}
