//! What strict modes know of keywords, and what a schema's own keywords say of its types.

use serde_json::{Map, Value, json};

use super::merge::allowed;
use super::read::OPTIONAL;

/// The formats that strict modes know.
pub(super) const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// What says something of values of one type, and is taken as it stands.
pub(super) const TAKEN: [(&str, &str); 8] = [
    ("pattern", "string"),
    ("multipleOf", "number"),
    ("minimum", "number"),
    ("maximum", "number"),
    ("exclusiveMinimum", "number"),
    ("exclusiveMaximum", "number"),
    ("minItems", "array"),
    ("maxItems", "array"),
];
/// What is not taken, by the type that it says something of; any where it is empty.
pub(super) const LEFT_OUT: [(&str, &str); 20] = [
    ("minLength", "string"),
    ("maxLength", "string"),
    ("uniqueItems", "array"),
    ("contains", "array"),
    ("minContains", "array"),
    ("maxContains", "array"),
    ("unevaluatedItems", "array"),
    ("additionalItems", "array"),
    ("minProperties", "object"),
    ("maxProperties", "object"),
    ("propertyNames", "object"),
    ("dependencies", "object"),
    ("dependentRequired", "object"),
    ("dependentSchemas", "object"),
    ("not", ""),
    ("if", ""),
    ("then", ""),
    ("else", ""),
    ("$dynamicRef", ""),
    ("$recursiveRef", ""),
];

/// The reference of a schema that asserts nothing else.
pub(super) fn lone_reference(schema: &Value) -> Option<&str> {
    let keywords = schema.as_object()?;
    let is_alone = keywords.keys().all(|name| name == "$ref" || !allowed(name));
    keywords.get("$ref").filter(|_| is_alone)?.as_str()
}

/// The types of a schema's values; `None` where it does not say any.
pub(super) fn types(
    keywords: &Map<String, Value>,
    values: Option<&[Value]>,
) -> Option<Vec<&'static str>> {
    const NAMES: [&str; 7] = ["string", "integer", "number", "boolean", "null", "array", "object"];
    let declared = |name: &str| match keywords.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.iter().any(|other| other == name),
        _ => false,
    };
    if let Some(values) = values {
        let is_of = |name: &&str| values.iter().any(|value| type_of(value) == *name);
        return Some(NAMES.into_iter().filter(is_of).collect());
    }
    if keywords.contains_key("type") {
        return Some(NAMES.into_iter().filter(|name| declared(name)).collect());
    }
    let of_keyword = |of: &'static str| {
        let concerned = TAKEN.iter().chain(&LEFT_OUT).filter(move |(_, by)| *by == of);
        concerned.map(|(keyword, _)| *keyword)
    };
    let says = |of: &'static str, more: &[&str]| {
        of_keyword(of).any(|keyword| keywords.contains_key(keyword))
            || more.iter().any(|keyword| keywords.contains_key(*keyword))
    };
    let objects = ["properties", "required", "additionalProperties", "patternProperties"];
    let implied = [
        ("object", says("object", &objects)),
        ("array", says("array", &["items", "prefixItems"])),
        ("string", says("string", &["format"])),
        ("number", says("number", &[])),
    ];
    let implied: Vec<&str> =
        implied.into_iter().filter_map(|(name, is_said)| is_said.then_some(name)).collect();
    (!implied.is_empty()).then_some(implied)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Takes over what tells the model what is meant.
pub(super) fn annotate(keywords: &Map<String, Value>, schema: &mut Map<String, Value>) {
    for name in ["title", "description"] {
        if let Some(text @ Value::String(_)) = keywords.get(name) {
            schema.insert(name.to_owned(), text.clone());
        }
    }
}

/// What may be null besides, marked where it could not be before.
pub(super) fn nullable(mut schema: Value) -> Value {
    let null = json!("null");
    let is_null = |branch: &Value| match &branch["type"] {
        Value::Array(types) => types.contains(&null),
        one => *one == null,
    };
    let may_be_null = match schema.get("anyOf") {
        Some(Value::Array(branches)) => branches.iter().any(is_null),
        _ => is_null(&schema),
    };
    if may_be_null {
        return schema;
    }
    let is_scalar = schema["type"].is_array()
        || schema["type"].as_str().is_some_and(|name| !["object", "array"].contains(&name));
    if is_scalar {
        let types = match schema["type"].take() {
            Value::Array(types) => types,
            one => vec![one],
        };
        schema["type"] = Value::Array(types.into_iter().chain([null]).collect());
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    } else if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
        branches.push(json!({"type": "null"}));
    } else {
        schema = json!({"anyOf": [schema, {"type": "null"}]});
    }
    schema[OPTIONAL] = Value::Bool(true);
    schema
}
