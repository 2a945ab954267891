//! Calls read back from a text of a grammar of tools.
//!
//! Readers of a shape each take a text behind what opens a call, and give the calls with the length
//! of what they read; the search goes on behind it. So nothing within a string of one call is taken
//! for another call. A text that a grammar held is read whole; in any other text, what cannot be read
//! is passed over.

use serde_json::{Deserializer, Map, Value, json};

use super::parameter::schema_of;
use super::python::check_name;
use super::{Tool, ToolSet, ToolShape};
use crate::schema::Validator;

/// A call that a text makes.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::{ToolSet, ToolShape};
/// use tokenrail::schema::Options;
///
/// let tools = json!([{"name": "lamp", "parameters": {"properties": {"on": {"type": "boolean"}}}}]);
/// let (tools, _) = ToolSet::read(&tools, &Options::default())?;
/// let calls = tools.calls("[lamp(on=True)]", ToolShape::Pythonic);
/// assert_eq!(calls[0].to_json(), json!({"name": "lamp", "arguments": {"on": true}}));
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// An object.
    pub arguments: Value,
}

impl ToolCall {
    /// The call as JSON: `name` and `arguments`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"name": self.name, "arguments": self.arguments})
    }
}

/// Calls, and the length of what was read of them.
type Found = (Vec<ToolCall>, usize);

impl ToolSet {
    /// The calls in a text that a grammar of these tools in this shape allows; of other texts, those
    /// that can be read. Nothing is mended and nothing is validated: that the grammar did.
    #[must_use]
    pub fn calls(&self, text: &str, shape: ToolShape) -> Vec<ToolCall> {
        let read: fn(&Self, &str) -> Option<Found> = match shape {
            ToolShape::Json | ToolShape::Hermes | ToolShape::Llama3 | ToolShape::Mistral => object,
            ToolShape::Pythonic => python,
            ToolShape::XmlParameters => function,
        };
        let open = match shape {
            ToolShape::Json | ToolShape::Llama3 => "{",
            ToolShape::Hermes => "<tool_call>\n",
            ToolShape::Mistral => "[TOOL_CALLS]",
            ToolShape::Pythonic => "[",
            ToolShape::XmlParameters => "<tool_call>\n<function=",
        };
        let (mut calls, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(open) {
            // What opens an object is a part of it.
            let begin = at + if open == "{" { 0 } else { open.len() };
            let (found, length) = read(self, &rest[begin..]).unwrap_or_default();
            calls.extend(found);
            rest = &rest[(begin + length).max(at + open.len())..];
        }
        calls
    }

    /// The tool with a name.
    fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools().iter().find(|tool| tool.name() == name)
    }
}

/// The value that a text begins with, and its length. Nesting is as deep as `serde_json` takes it,
/// which is 128 levels; a call with arguments that are deeper is not read.
fn value(text: &str) -> Option<(Value, usize)> {
    // A number ends where no character of one stands, whatever stands there.
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let in_number = |char: char| char.is_ascii_alphanumeric() || "+-.".contains(char);
    let end = text.find(|char| is_number && !in_number(char)).unwrap_or(text.len());
    let text = &text[..end];
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

/// An object, or an array of objects, that begins with a name. Of objects whose name is no tool's
/// there are none in a text that a grammar held.
fn object(tools: &ToolSet, text: &str) -> Option<Found> {
    // Whatever else begins as JSON does is passed over without a look at all of it.
    let bare = text.trim_start_matches([' ', '[', '{', '\n', '\t', '\r']);
    bare.strip_prefix("\"name\"")?;
    let (value, length) = value(text)?;
    let objects = match value {
        Value::Array(items) => items,
        object => vec![object],
    };
    // Which of the keys a shape has, its grammar saw to.
    let call = |object: Value| {
        let name = object.get("name")?.as_str()?.to_owned();
        tools.tool(&name)?;
        let arguments = object.get("arguments").or_else(|| object.get("parameters"))?.clone();
        Some(ToolCall { name, arguments })
    };
    Some((objects.into_iter().filter_map(call).collect(), length))
}

/// A list of Python's calls, behind its bracket.
fn python(tools: &ToolSet, text: &str) -> Option<Found> {
    let (mut calls, mut rest) = (Vec::new(), text);
    loop {
        let (name, behind) = rest.split_once('(')?;
        tools.tool(name)?;
        let (arguments, behind) = keywords(behind)?;
        calls.push(ToolCall { name: name.to_owned(), arguments: Value::Object(arguments) });
        rest = match behind.strip_prefix(',') {
            Some(next) => next.trim_start_matches(' '),
            None => return behind.strip_prefix(']').map(|end| (calls, text.len() - end.len())),
        };
    }
}

/// Arguments by keyword up to the parenthesis that closes them, and what follows it.
fn keywords(mut rest: &str) -> Option<(Map<String, Value>, &str)> {
    let mut arguments = Map::new();
    loop {
        if let Some(behind) = rest.strip_prefix(')') {
            return Some((arguments, behind));
        }
        let (key, behind) = rest.split_once('=')?;
        check_name(key).ok()?;
        // No literal of JSON begins with a capital letter, so the order of looking is free.
        let words = [("None", Value::Null), ("True", json!(true)), ("False", json!(false))];
        let mut words = words.into_iter();
        let word = words.find(|(word, _)| behind.starts_with(word));
        let (value, length) =
            word.map(|(word, value)| (value, word.len())).or_else(|| value(behind))?;
        arguments.insert(key.to_owned(), value);
        let behind = &behind[length..];
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start_matches(' ');
    }
}

/// A function's parameters between tags. The first closing tag closes: strings contain none.
fn function(tools: &ToolSet, text: &str) -> Option<Found> {
    let (name, mut rest) = text.split_once(">\n")?;
    let tool = tools.tool(name)?;
    let mut arguments = Map::new();
    while let Some(parameter) = rest.strip_prefix("<parameter=") {
        let (key, value) = parameter.split_once(">\n")?;
        let (written, behind) = value.split_once("\n</parameter>\n")?;
        arguments.insert(key.to_owned(), typed(tool, key, written));
        rest = behind;
    }
    let end = rest.strip_prefix("</function>")?;
    let call = ToolCall { name: name.to_owned(), arguments: Value::Object(arguments) };
    Some((vec![call], text.len() - end.len()))
}

/// The value that a text between tags stands for: JSON where the schema allows it, else a string.
fn typed(tool: &Tool, name: &str, written: &str) -> Value {
    let string = || Value::String(written.to_owned());
    let Some(value) = serde_json::from_str(written).ok().filter(|value: &Value| !value.is_string())
    else {
        return string();
    };
    let (schema, options) = schema_of(tool, name);
    let validator = Validator::new(&schema, &options);
    let is_valid = validator.is_ok_and(|validator| validator.validate(&value).is_empty());
    if is_valid { value } else { string() }
}
