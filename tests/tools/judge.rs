//! Parsers of the shapes, which look for tags and brackets only, and a validator of the arguments.

use serde_json::{Map, Value, json};
use tokenrail::grammar::ToolShape;

use super::declared;

/// The calls of a text that has nothing else, each of a tool and with valid arguments.
pub(super) fn calls(text: &str, shape: ToolShape) -> Result<Vec<Value>, String> {
    let calls = match shape {
        ToolShape::Json => objects(text)?,
        ToolShape::Hermes => tagged(text, objects)?,
        ToolShape::Llama3 => {
            let text = text.strip_prefix("<|python_tag|>").unwrap_or(text);
            let texts = text.split("; <|python_tag|>").flat_map(|text| text.split("; {"));
            let texts = texts.map(|text| match text.starts_with('{') {
                true => text.to_owned(),
                false => format!("{{{text}"),
            });
            texts.map(|text| Ok(objects(&text)?.remove(0))).collect::<Result<_, String>>()?
        }
        ToolShape::Mistral => {
            objects(text.strip_prefix("[TOOL_CALLS]").ok_or("no marker")?.trim_start_matches(' '))?
        }
        ToolShape::Pythonic => python(text)?,
        ToolShape::XmlParameters => tagged(text, parameters)?,
        _ => return Err("no such shape".to_owned()),
    };
    calls.iter().try_for_each(validate)?;
    Ok(calls)
}

/// The validators are those of the `jsonschema` crate.
fn validate(call: &Value) -> Result<(), String> {
    let schema = schema(call["name"].as_str().ok_or("no name")?)?;
    let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
    validator.validate(&call["arguments"]).map_err(|error| format!("{call}: {error}"))
}

fn schema(name: &str) -> Result<Value, String> {
    let declared = declared();
    let functions = declared.as_array().into_iter().flatten();
    let mut functions = functions.map(|tool| tool.get("function").unwrap_or(tool));
    let function = functions.find(|tool| tool["name"] == name).ok_or("no such tool")?;
    let closed = json!({"type": "object", "additionalProperties": false});
    Ok(function.get("parameters").cloned().unwrap_or(closed))
}

/// An object or an array of them, with nothing beside a name and arguments.
fn objects(text: &str) -> Result<Vec<Value>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{text}: {error}"))?;
    let objects = if let Value::Array(objects) = value { objects } else { vec![value] };
    let call = |object: Value| {
        let arguments = object.get("arguments").or(object.get("parameters"));
        let arguments = arguments.ok_or("no arguments")?;
        match object.as_object().map(Map::len) {
            Some(2) => Ok(json!({"name": object["name"], "arguments": arguments})),
            _ => Err("more than a call".to_owned()),
        }
    };
    objects.into_iter().map(call).collect()
}

/// What stands between tags on lines of their own.
fn tagged(text: &str, read: fn(&str) -> Result<Vec<Value>, String>) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix("<tool_call>\n").ok_or("no tag")?;
    let text = text.strip_suffix("\n</tool_call>").ok_or("not closed")?;
    let inner = text.split("\n</tool_call>\n<tool_call>\n").map(read);
    Ok(inner.collect::<Result<Vec<_>, _>>()?.concat())
}

fn parameters(text: &str) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix("<function=").and_then(|text| text.strip_suffix("</function>"));
    let (name, text) = text.and_then(|text| text.split_once(">\n")).ok_or("no function")?;
    let schema = schema(name)?;
    let mut arguments = Map::new();
    for parameter in text.split("<parameter=").skip(1) {
        let parameter = parameter.strip_suffix("\n</parameter>\n").ok_or("not closed")?;
        let (key, value) = parameter.split_once(">\n").ok_or("no key")?;
        let json = serde_json::from_str::<Value>(value).ok().filter(|value| !value.is_string());
        let mut alone = schema.clone();
        alone["required"] = json!([]);
        let validator = jsonschema::validator_for(&alone).map_err(|error| error.to_string())?;
        let json = json.filter(|json| validator.is_valid(&json!({ key: json })));
        arguments.insert(key.to_owned(), json.unwrap_or_else(|| json!(value)));
    }
    Ok(vec![json!({"name": name, "arguments": arguments})])
}

/// Python's calls become JSON: outside of strings, brackets of calls and words differ.
fn python(text: &str) -> Result<Vec<Value>, String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or("no list")?;
    let parts = outside(inner, ',');
    let calls = parts.iter().map(|call| {
        let (name, arguments) = call.trim().split_once('(').ok_or("no call")?;
        let arguments = arguments.strip_suffix(')').ok_or("not closed")?;
        let mut object = Map::new();
        for argument in outside(arguments, ',').iter().filter(|text| !text.is_empty()) {
            let (key, value) = argument.trim().split_once('=').ok_or("no keyword")?;
            let value = match value {
                "None" => Value::Null,
                "True" => json!(true),
                "False" => json!(false),
                json => serde_json::from_str(json).map_err(|error| format!("{json}: {error}"))?,
            };
            object.insert(key.to_owned(), value);
        }
        Ok::<_, String>(json!({"name": name, "arguments": object}))
    });
    calls.collect()
}

/// A text split where a character stands within no string and no brackets.
fn outside(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut depth, mut in_string, mut escaped) = (vec![String::new()], 0, false, false);
    for char in text.chars() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            '(' | '[' | '{' if !in_string => depth += 1,
            ')' | ']' | '}' if !in_string => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(part) if char != at || in_string || depth > 0 => part.push(char),
            _ => parts.push(String::new()),
        }
    }
    parts
}
