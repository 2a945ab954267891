//! JSON Schemas in the subset that strict modes take, and what they lose on the way.
//!
//! OpenAI's strict mode, and what is modelled on it, wants an object at the root, every property required,
//! no further ones, and knows few keywords. Whatever else a schema says is spelt another way where that
//! says the same, and else left out or made narrower, and each such [`Change`] is told with its place: a
//! reply is to be validated against the schema itself in any case.
//!
//! Laws, held by `tests/dialects.rs`: what comes out keeps to the subset; a value of the schema that the changes
//! leave possible, written as the subset wants it, is one of what comes out; and read back it is itself, but for
//! null where that is a value of its own and where branches differ in that.
//!
//! ```
//! use serde_json::json;
//! use tokenrail::openai::{Effect, Strict};
//!
//! let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
//! let strict = Strict::new(&schema)?;
//! // What may be left out has to come, and may be null.
//! assert_eq!(strict.schema["required"], json!(["n"]));
//! assert_eq!(strict.schema["properties"]["n"]["type"], json!(["integer", "null"]));
//! assert!(strict.changes.iter().all(|change| change.effect == Effect::Respelled));
//! assert_eq!(strict.read(json!({"n": null})), json!({}));
//! # Ok::<(), tokenrail::openai::StrictError>(())
//! ```

mod keywords;
mod lower;
mod merge;
mod read;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use lower::Lowering;

/// The name of the only member of an object that stands for a value which is none.
const WRAPPER: &str = "value";

/// A schema in the subset, and how it came to be.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Strict;
///
/// // An array is no object, so it becomes a member of one.
/// let strict = Strict::new(&json!({"type": "array", "items": {"type": "string"}}))?;
/// assert_eq!(strict.read(json!({"value": ["a"]})), json!(["a"]));
/// # Ok::<(), tokenrail::openai::StrictError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Strict {
    /// The schema to send.
    pub schema: Value,
    /// What is not as it was, in the order of the schema.
    pub changes: Vec<Change>,
    root: Root,
    /// Pointers into `schema`: these properties may be null only in place of being left out.
    optional: BTreeSet<String>,
}

/// What the root of a schema became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Itself,
    /// The member `value` of an object.
    Member,
}

/// Something that is not as it was.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::{Effect, Strict};
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"name": {"type": "string", "maxLength": 8}},
///     "required": ["name"],
///     "additionalProperties": false,
/// });
/// let [change] = &Strict::new(&schema)?.changes[..] else { panic!("one change") };
/// assert_eq!((change.pointer.as_str(), change.effect), ("/properties/name/maxLength", Effect::Loosened));
/// # Ok::<(), tokenrail::openai::StrictError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where in the schema that was given.
    pub pointer: String,
    /// What it does to the values.
    pub effect: Effect,
    /// What was done.
    pub what: &'static str,
}

/// What a change does to the values that are allowed.
///
/// ```
/// use tokenrail::openai::Effect;
///
/// assert!(Effect::Respelled < Effect::Loosened);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// They are the same, in another spelling.
    Respelled,
    /// There are more.
    Loosened,
    /// There are fewer.
    Tightened,
}

impl Effect {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Respelled => "respelled",
            Self::Loosened => "loosened",
            Self::Tightened => "tightened",
        }
    }
}

/// A schema that has no form in the subset.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Strict;
///
/// let error = Strict::new(&json!({"$ref": "other.json"})).expect_err("it is elsewhere");
/// assert_eq!(error.to_string(), "\"other.json\" is not within the schema (at /$ref)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrictError {
    /// A reference leads nowhere, or out of the schema.
    #[error("{reference:?} is not within the schema (at {pointer})")]
    Reference {
        /// Where it is.
        pointer: String,
        /// What it says.
        reference: String,
    },
    /// No value is allowed in this place, which strict modes cannot say.
    #[error("no value is allowed (at {pointer})")]
    Never {
        /// Where that is said.
        pointer: String,
    },
    /// Neither a boolean nor an object.
    #[error("a schema is an object or a boolean, not {found} (at {pointer})")]
    NoSchema {
        /// Where it is.
        pointer: String,
        /// What is there.
        found: String,
    },
    /// The outcome has more of something than strict modes take.
    #[error("{count} {what} are over the limit of {limit} in strict mode")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
}

impl Strict {
    /// Brings a schema into the subset.
    ///
    /// # Errors
    /// [`StrictError`]: references that lead out of the schema, places where nothing is allowed, and schemas
    /// that are larger than strict modes take.
    pub fn new(schema: &Value) -> Result<Self, StrictError> {
        let mut lowering = Lowering::new(schema);
        let lowered = lowering.root()?;
        let is_object = lowered["type"] == "object";
        let (mut schema, root) = match is_object {
            true => (lowered, Root::Itself),
            false => {
                lowering.change("", Effect::Respelled, "the root is a member of an object");
                let properties = json!({WRAPPER: lowered});
                (object(properties, json!([WRAPPER])), Root::Member)
            }
        };
        let (definitions, changes) = lowering.finish();
        if !definitions.is_empty() {
            schema["$defs"] = Value::Object(definitions);
        }
        let optional = read::take_marks(&mut schema);
        let strict = Self { schema, changes, root, optional };
        strict.check_limits()?;
        Ok(strict)
    }

    /// The worst that was done to the values.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.changes.iter().map(|change| change.effect).max().unwrap_or(Effect::Respelled)
    }

    /// A value of the subset as the schema that was given has it: without what stands for a member that was
    /// left out, and without the object around a root that is none.
    #[must_use]
    pub fn read(&self, mut value: Value) -> Value {
        read::prune(&mut value, &self.schema, &self.optional);
        let member = match self.root {
            Root::Itself => None,
            Root::Member => value.get_mut(WRAPPER).map(Value::take),
        };
        member.unwrap_or(value)
    }

    /// What strict modes take at most (OpenAI's documentation of structured outputs).
    fn check_limits(&self) -> Result<(), StrictError> {
        let mut size = Size::default();
        size.add(&self.schema, 0);
        for (what, count, limit) in [
            ("properties", size.properties, 5_000),
            ("levels of nesting", size.levels, 10),
            ("values of enums", size.values, 1_000),
            ("characters of names and enums", size.characters, 120_000),
        ] {
            if count > limit {
                return Err(StrictError::Limit { what, count, limit });
            }
        }
        Ok(())
    }
}

/// How large a schema is.
#[derive(Debug, Default)]
struct Size {
    properties: usize,
    levels: usize,
    values: usize,
    characters: usize,
}

impl Size {
    /// Adds a schema that stands within so many objects and arrays.
    fn add(&mut self, schema: &Value, level: usize) {
        self.levels = self.levels.max(level);
        for value in schema["enum"].as_array().into_iter().flatten() {
            self.values += 1;
            self.characters += value.as_str().map_or(0, |text| text.chars().count());
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.properties += 1;
            self.characters += name.chars().count();
            self.add(property, level + 1);
        }
        if !schema["items"].is_null() {
            self.add(&schema["items"], level + 1);
        }
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            self.add(branch, level);
        }
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            self.characters += name.chars().count();
            self.add(definition, level);
        }
    }
}

/// An object with these properties and no others.
fn object(properties: Value, required: Value) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
