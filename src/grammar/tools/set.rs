//! Tools as they are declared, each read by itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ToolChoice, ToolOptions, ToolShape};
use crate::grammar::draft::most_alike;
use crate::grammar::{Grammar, GrammarError};
use crate::schema::{Options, Policy, Schema};

/// A function that a model may call, with the schema of its arguments.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::schema::Options;
///
/// let tool = json!([{"name": "ping", "description": "Asks a host for an answer"}]);
/// let (tools, _) = ToolSet::read(&tool, &Options::default())?;
/// let ping = &tools.tools()[0];
/// assert_eq!((ping.name(), ping.description()), ("ping", Some("Asks a host for an answer")));
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Letters, digits, `_`, `-` and `.`.
    name: String,
    description: Option<String>,
    /// The schema as it was read: an object's.
    parameters: Value,
    schema: Schema,
    /// Where the parameters stand, or would stand.
    pointer: String,
}

/// Tools with different names.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::schema::Options;
///
/// // Functions may be wrapped as requests have them, or bare.
/// let tools = json!({"tools": [
///     {"type": "function", "function": {"name": "lamp", "parameters": {"type": "object"}}},
///     {"name": "door", "parameters": {"type": "object"}},
///     {"name": "radio", "parameters": {"type": "object", "properties": {"station": {"type": "text"}}}},
/// ]});
/// let (tools, faults) = ToolSet::read(&tools, &Options::default())?;
/// assert_eq!(tools.tools().len(), 2);
/// assert_eq!(faults[0].tool.as_deref(), Some("radio"));
/// assert_eq!(faults[0].pointer, "/tools/2/parameters");
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolSet {
    /// Of different names.
    tools: Vec<Tool>,
}

/// Why a tool cannot be called.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::schema::Options;
///
/// let tools = json!([{"name": "open the door"}]);
/// let (_, faults) = ToolSet::read(&tools, &Options::default())?;
/// assert_eq!(
///     faults[0].to_string(),
///     "tool \"open the door\": a name has 1 to 128 letters, digits, \"_\", \"-\" and \".\" (at /0)"
/// );
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason} ({})", named(tool.as_deref()), at(pointer))]
pub struct ToolFault {
    /// Its name, as far as it has one.
    pub tool: Option<String>,
    /// The JSON pointer of the fault's place; of a schema, where it stands.
    pub pointer: String,
    /// What is wrong, and what would be right. Pointers in it begin at the schema.
    pub reason: String,
}

impl ToolSet {
    /// Reads tools as requests have them: an array, or an object with `tools`, of functions that are
    /// `{"type": "function", "function": {…}}` or bare.
    ///
    /// A function has `name`, `description` and `parameters`, a schema of objects (`input_schema`
    /// and `inputSchema` are names for it too); without one it takes no arguments. A schema that does
    /// not say its type is one of objects. `strict: true` reads a tool under [`Policy::Strict`],
    /// whatever the options say.
    ///
    /// Each tool is read by itself: those that are sound are in the set, the others' faults are
    /// beside it. Of tools with one name the first is in the set.
    ///
    /// # Errors
    /// [`ToolFault`] where the value is no list.
    pub fn read(value: &Value, options: &Options) -> Result<(Self, Vec<ToolFault>), ToolFault> {
        let (list, place) = match value.get("tools") {
            Some(list) => (list, "/tools"),
            None => (value, ""),
        };
        let Some(list) = list.as_array() else {
            let reason = "tools must be an array, or an object with \"tools\"".to_owned();
            return Err(ToolFault { tool: None, pointer: place.to_owned(), reason });
        };
        let (mut tools, mut faults, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, declared) in list.iter().enumerate() {
            match read(declared, format!("{place}/{index}"), options) {
                Err(fault) => faults.push(fault),
                Ok(tool) if !names.insert(tool.name.clone()) => {
                    let reason = "an earlier tool has this name: each needs its own".to_owned();
                    faults.push(ToolFault {
                        tool: Some(tool.name),
                        pointer: format!("{place}/{index}"),
                        reason,
                    });
                }
                Ok(tool) => tools.push(tool),
            }
        }
        Ok((Self { tools }, faults))
    }

    /// The tools that a shape can call, and why it cannot call the others: Python has no name
    /// `get-time`, and parameters between tags are a flat list.
    ///
    /// ```
    /// use serde_json::json;
    /// use tokenrail::grammar::{ToolSet, ToolShape};
    /// use tokenrail::schema::Options;
    ///
    /// let tools = json!([{"name": "get-time"}, {"name": "ping"}]);
    /// let (tools, _) = ToolSet::read(&tools, &Options::default())?;
    /// let (tools, faults) = tools.fitting(ToolShape::Pythonic);
    /// assert_eq!(tools.tools()[0].name(), "ping");
    /// assert!(faults[0].reason.starts_with("\"get-time\" is no name in Python"));
    /// # Ok::<(), tokenrail::grammar::ToolFault>(())
    /// ```
    #[must_use]
    pub fn fitting(&self, shape: ToolShape) -> (Self, Vec<ToolFault>) {
        let (mut tools, mut faults) = (Vec::new(), Vec::new());
        for tool in &self.tools {
            let alone = Self { tools: vec![tool.clone()] };
            let options =
                ToolOptions { shape, choice: ToolChoice::Required, ..ToolOptions::default() };
            match Grammar::tools(&alone, &options) {
                Ok(_) => tools.push(tool.clone()),
                Err(GrammarError::Tool(fault)) => faults.push(fault),
                Err(error) => faults.push(tool.fault(error.to_string())),
            }
        }
        (Self { tools }, faults)
    }

    /// The names that are most like one that no tool has, the nearest first: suggestions, and never
    /// what was meant.
    ///
    /// ```
    /// use serde_json::json;
    /// use tokenrail::grammar::ToolSet;
    /// use tokenrail::schema::Options;
    ///
    /// let tools = json!([{"name": "get_time"}, {"name": "set_time"}, {"name": "ping"}]);
    /// let (tools, _) = ToolSet::read(&tools, &Options::default())?;
    /// assert_eq!(tools.nearest("get_tine"), ["get_time", "set_time"]);
    /// # Ok::<(), tokenrail::grammar::ToolFault>(())
    /// ```
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        most_alike(name, self.tools.iter().map(Tool::name))
    }

    /// The tools, in the order they were declared in.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }
}

impl Tool {
    /// The name that calls have.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in words.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// What its arguments are: a schema of objects.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema as JSON.
    #[must_use]
    pub fn parameters(&self) -> &Value {
        &self.parameters
    }

    /// A fault of its schema.
    pub(super) fn fault(&self, reason: String) -> ToolFault {
        ToolFault { tool: Some(self.name.clone()), pointer: self.pointer.clone(), reason }
    }
}

/// The names that schemas of arguments go by.
const PARAMETERS: [&str; 3] = ["parameters", "input_schema", "inputSchema"];

/// Reads one tool at a place.
fn read(declared: &Value, pointer: String, options: &Options) -> Result<Tool, ToolFault> {
    let (function, pointer) = match declared.get("function") {
        Some(function) => (function, format!("{pointer}/function")),
        None => (declared, pointer),
    };
    let name = function.get("name").and_then(Value::as_str);
    let fault = |pointer: &str, reason: String| ToolFault {
        tool: name.map(str::to_owned),
        pointer: pointer.to_owned(),
        reason,
    };
    let named = check_kind(declared).and_then(|()| check_name(name));
    let named = named.map_err(|reason| fault(&pointer, reason))?;
    let options = match function.get("strict") {
        Some(Value::Bool(true)) => Options { policy: Policy::Strict, ..options.clone() },
        _ => options.clone(),
    };
    let key = PARAMETERS.into_iter().find(|key| function.get(key).is_some());
    let pointer = format!("{pointer}/{}", key.unwrap_or(PARAMETERS[0]));
    let parameters = parameters(key.and_then(|key| function.get(key)));
    let parameters = parameters.map_err(|reason| fault(&pointer, reason))?;
    let schema = Schema::new(&parameters, &options);
    let schema = schema.map_err(|error| fault(&pointer, error.to_string()))?;
    let description = function.get("description").and_then(Value::as_str).map(str::to_owned);
    Ok(Tool { name: named.to_owned(), description, parameters, schema, pointer })
}

/// Refuses tools that are no functions: who offers those runs them too.
fn check_kind(declared: &Value) -> Result<(), String> {
    match declared.get("type") {
        None => Ok(()),
        Some(Value::String(kind)) if kind == "function" => Ok(()),
        Some(kind) => Err(format!("type {kind} is not supported: a tool is a \"function\"")),
    }
}

/// A name that shapes can write: letters, digits, `_`, `-` and `.`, and no more than 128 of them.
fn check_name(name: Option<&str>) -> Result<&str, String> {
    const LONGEST: usize = 128;
    let is_legal = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
    match name {
        None => Err("a function must be an object with a \"name\", which is a string".to_owned()),
        Some(name) if (1..=LONGEST).contains(&name.len()) && name.chars().all(is_legal) => Ok(name),
        Some(_) => Err("a name has 1 to 128 letters, digits, \"_\", \"-\" and \".\"".to_owned()),
    }
}

/// The schema of arguments, which allows nothing but objects.
fn parameters(declared: Option<&Value>) -> Result<Value, String> {
    let mut schema = match declared {
        None | Some(Value::Null) => {
            return Ok(json!({"type": "object", "additionalProperties": false}));
        }
        Some(Value::Object(schema)) => schema.clone(),
        Some(other) => return Err(format!("a schema of arguments must be an object, not {other}")),
    };
    match schema.get("type") {
        Some(Value::String(name)) if name == "object" => {}
        None => drop(schema.shift_insert(0, "type".to_owned(), json!("object"))),
        Some(other) => return Err(format!("arguments must be of type \"object\", not {other}")),
    }
    Ok(Value::Object(schema))
}

fn named(tool: Option<&str>) -> String {
    tool.map_or_else(String::new, |name| format!("tool {name:?}: "))
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { "at the root".to_owned() } else { format!("at {pointer}") }
}
