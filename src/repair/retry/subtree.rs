//! The part of a value that all faults are in.

use serde_json::{Map, Value};

use super::super::{Options, repair};
use crate::schema::Violation;
use crate::schema::json::{Json, unescape};

/// A part, and the schema that it is to conform to.
#[derive(Debug, PartialEq)]
pub(super) struct Subtree {
    pub(super) pointer: String,
    pub(super) schema: Value,
}

/// The least part that holds all faults; `None` where that is the whole, or its schema depends on what
/// stands around it.
pub(super) fn failing(schema: &Value, violations: &[Violation]) -> Option<Subtree> {
    let (first, others) = violations.split_first()?;
    let mut pointer: Vec<&str> = first.instance.split('/').collect();
    for other in others {
        let tokens = other.instance.split('/');
        let shared = pointer.iter().zip(tokens).take_while(|(a, b)| **a == *b).count();
        pointer.truncate(shared);
    }
    let pointer = pointer.join("/");
    let mut part = resolved(schema, schema)?;
    for token in pointer.split('/').skip(1) {
        part = resolved(schema, child(part, &unescape(token)?)?)?;
    }
    let schema = alone(schema, part)?;
    (!pointer.is_empty()).then_some(Subtree { pointer, schema })
}

/// What a schema says of a member or an item.
///
/// Where a branch may say more of it, it is not known here.
fn child<'s>(schema: &'s Value, token: &str) -> Option<&'s Value> {
    let branches = ["allOf", "anyOf", "oneOf", "if", "patternProperties", "not"];
    if branches.iter().any(|keyword| schema.get(keyword).is_some()) {
        return None;
    }
    if let Some(property) = schema.get("properties").and_then(|all| all.get(token)) {
        return Some(property);
    }
    let item = token.parse::<usize>().ok().and_then(|index| match &schema["items"] {
        Value::Array(items) => items.get(index).or_else(|| schema.get("additionalItems")),
        _ => schema["prefixItems"].get(index).or_else(|| schema.get("items")),
    });
    item.or_else(|| schema.get("additionalProperties"))
}

/// The schema that references lead to. One that says more beside its reference is not followed.
fn resolved<'s>(root: &'s Value, mut schema: &'s Value) -> Option<&'s Value> {
    // References may lead in a circle.
    for _ in 0..16 {
        let Some(reference) = schema.get("$ref") else { return Some(schema) };
        let says =
            |keyword: &&String| !matches!(keyword.as_str(), "$ref" | "title" | "description");
        if schema.as_object()?.keys().any(|keyword| says(&keyword)) {
            return None;
        }
        schema = root.pointer(reference.as_str()?.strip_prefix('#')?)?;
    }
    None
}

/// Where schemas stand that references lead to.
const SHARED: [&str; 2] = ["$defs", "definitions"];

/// A part of a schema as a schema of its own, with what its references lead to.
fn alone(root: &Value, part: &Value) -> Option<Value> {
    let part = part.as_object()?;
    let mut schema: Map<String, Value> = part.clone();
    let is_own = part.keys().any(|key| SHARED.contains(&key.as_str()) || key == "$id");
    let shared = SHARED.iter().filter_map(|key| Some((*key, root.get(*key)?)));
    for (key, value) in shared.chain(root.get("$schema").map(|value| ("$schema", value))) {
        schema.entry(key).or_insert_with(|| value.clone());
    }
    let schema = Value::Object(schema);
    (!is_own && leads_to_shared(&schema)).then_some(schema)
}

/// Whether all references lead to schemas that are shared.
fn leads_to_shared(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().all(|(key, value)| match (key.as_str(), value) {
            ("$ref", Value::String(to)) => {
                SHARED.iter().any(|shared| to.starts_with(&format!("#/{shared}/")))
            }
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => false,
            _ => leads_to_shared(value),
        }),
        Value::Array(items) => items.iter().all(leads_to_shared),
        _ => true,
    }
}

/// A reply with a part of its value replaced, on one line; `None` where the pointer leads nowhere in it, or
/// the part is no JSON.
pub(super) fn spliced(reply: &str, pointer: &str, part: &str) -> Option<String> {
    let read = |text: &str| {
        let options = Options::default();
        Json::parse(&repair(text, &options).text?, options.depth).ok()
    };
    let mut whole = read(reply)?;
    let (path, _) = whole.locate(pointer)?;
    let mut place = &mut whole;
    for index in path {
        place = match place {
            Json::Array(items) => items.get_mut(index as usize)?,
            Json::Object(members) => &mut members.get_mut(index as usize)?.1,
            _ => return None,
        };
    }
    *place = read(part)?;
    Some(whole.written())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Validator;

    #[test]
    fn the_least_part_with_all_faults_is_found() {
        let schema = json!({
            "properties": {
                "a": {"properties": {"b": {"type": "integer"}, "c": {"$ref": "#/$defs/C"}}},
                "list": {"items": {"$ref": "#/$defs/C"}},
                "tree": {"properties": {"next": {"$ref": "#"}, "n": {"type": "null"}}},
                "any": {"anyOf": [{"type": "null"}]},
            },
            "required": ["a"],
            "$defs": {"C": {"maximum": 3}},
        });
        let alone = |mut part: Value| {
            part["$defs"] = schema["$defs"].clone();
            part
        };
        let (c, b) = (alone(json!({"maximum": 3})), alone(json!({"type": "integer"})));
        let any = alone(json!({"anyOf": [{"type": "null"}]}));
        let cases = [
            (json!({"a": {"b": "x"}}), Some(("/a/b", b))),
            (json!({"a": {"c": 4}}), Some(("/a/c", c.clone()))),
            (json!({"a": {}, "list": [1, 5]}), Some(("/list/1", c))),
            (json!({"a": {"b": "x"}, "list": [5]}), None),
            (json!({}), None),
            (json!({"a": {}, "any": {"x": 1}}), Some(("/any", any))),
            // Its schema is the whole, and references within that lead to the whole.
            (json!({"a": {}, "tree": {"next": {}}}), None),
        ];
        let validator = Validator::new(&schema, &Default::default()).expect("a schema");
        for (value, expected) in cases {
            let found = failing(&schema, &validator.validate(&value));
            let expected =
                expected.map(|(pointer, schema)| Subtree { pointer: pointer.to_owned(), schema });
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn parts_are_put_in() {
        for (reply, pointer, part, expected) in [
            ("{\"a\": [1, 2.50]}", "/a/0", " 7", Some("{\"a\":[7,2.50]}")),
            ("Yes: {a: 1,}", "/a", "{\"b\": 1}", Some("{\"a\":{\"b\":1}}")),
            ("{\"a\": 1}", "/b", "1", None),
            ("{\"a\": 1}", "/a", "no, thanks", None),
        ] {
            assert_eq!(spliced(reply, pointer, part).as_deref(), expected, "{reply}");
        }
    }
}
