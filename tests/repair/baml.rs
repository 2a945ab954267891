//! Types as BAML writes them, as JSON Schemas: classes and enums without attributes.

use serde_json::{Map, Value, json};

/// The schema of a case; `None` where its types have attributes or kinds that are not read here.
pub(crate) fn schema(case: &Value) -> Option<Value> {
    let (types, target) = (case["baml"].as_str()?, case["target"].as_str()?);
    if types.contains('@') || types.contains("map<") {
        return None;
    }
    let mut schema = of_target(target)?;
    schema["$defs"] = Value::Object(definitions(types)?);
    Some(schema)
}

/// The type that a test asks for, as the test writes it in Rust.
fn of_target(target: &str) -> Option<Value> {
    let target = target.trim_start_matches("baml_types::").strip_prefix("FieldType::")?;
    if let Some(items) = target.strip_suffix(".as_list()") {
        return Some(json!({"type": "array", "items": of_target(&format!("FieldType::{items}"))?}));
    }
    if let Some(items) = target.strip_prefix("List(").and_then(|rest| rest.strip_suffix(".into())"))
    {
        return Some(json!({"type": "array", "items": of_target(items)?}));
    }
    if let Some(literal) = target.strip_prefix("Literal(LiteralValue::") {
        let (_, value) = literal.split_once('(')?;
        let value =
            value.split(')').next()?.trim_end_matches(".into(").trim_end_matches(".to_string(");
        return Some(json!({"const": serde_json::from_str::<Value>(value).ok()?}));
    }
    let named = ["Class(", "class(", "Enum(", "r#enum("];
    if let Some(rest) = named.iter().find_map(|kind| target.strip_prefix(kind)) {
        return Some(reference(rest.split('"').nth(1)?));
    }
    let word = target.trim_start_matches("Primitive(TypeValue::").trim_end_matches(['(', ')']);
    primitive(&word.to_lowercase())
}

/// Classes and enums by their names.
fn definitions(types: &str) -> Option<Map<String, Value>> {
    let mut found = Map::new();
    let mut lines = types.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    while let Some(line) = lines.next() {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { continue };
        let body: Vec<&str> = lines
            .by_ref()
            .take_while(|line| *line != "}")
            .filter(|line| !line.is_empty())
            .collect();
        let schema = match kind {
            "enum" => json!({"enum": body}),
            "class" => class(&body)?,
            _ => return None,
        };
        found.insert(name.to_owned(), schema);
    }
    Some(found)
}

/// A class by its fields, a name and a type each.
fn class(fields: &[&str]) -> Option<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        let (name, kind) = field.split_once(' ')?;
        let kind = kind.trim();
        if !kind.ends_with('?') {
            required.push(name);
        }
        properties.insert(name.to_owned(), of_type(kind)?);
    }
    Some(json!({"type": "object", "properties": properties, "required": required}))
}

/// A type: a union, a list, one that may be null, or a name.
fn of_type(kind: &str) -> Option<Value> {
    let kind = kind.trim();
    let mut depth = 0;
    let is_bar = |char: char| {
        depth += i32::from(char == '(') - i32::from(char == ')');
        char == '|' && depth == 0
    };
    let parts: Vec<&str> = kind.split(is_bar).collect();
    if parts.len() > 1 {
        let parts: Option<Vec<Value>> = parts.into_iter().map(of_type).collect();
        return Some(json!({"anyOf": parts?}));
    }
    if let Some(inner) = kind.strip_suffix('?') {
        return Some(json!({"anyOf": [of_type(inner)?, {"type": "null"}]}));
    }
    if let Some(items) = kind.strip_suffix("[]") {
        return Some(json!({"type": "array", "items": of_type(items)?}));
    }
    if let Some(inner) = kind.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return of_type(inner);
    }
    if let Ok(value) = serde_json::from_str::<Value>(kind) {
        return Some(json!({"const": value}));
    }
    let is_name = kind.chars().all(|char| char.is_alphanumeric() || char == '_');
    primitive(kind).or_else(|| is_name.then(|| reference(kind)))
}

fn primitive(name: &str) -> Option<Value> {
    let kind = match name {
        "string" => "string",
        "int" => "integer",
        "float" => "number",
        "bool" => "boolean",
        "null" => "null",
        _ => return None,
    };
    Some(json!({"type": kind}))
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A value without members that are null: BAML fills those in that were left out.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
