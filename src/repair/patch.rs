//! Edits of values: what was changed where, as JSON Patch (RFC 6902).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::edit::Class;
use crate::schema::json::{Json, escape, unescape};

/// A value within the value that was replaced, removed or renamed.
///
/// ```
/// use serde_json::json;
/// use tokenrail::repair::{Options, repair_for};
/// use tokenrail::schema::Validator;
///
/// let schema = json!({"properties": {"age": {"type": "integer"}}});
/// let validator = Validator::new(&schema, &Default::default())?;
/// let repaired = repair_for(r#"{"age": "42"}"#, &validator, &Options::default());
/// assert_eq!(
///     repaired.patch[0].to_json(),
///     json!([
///         {"op": "test", "path": "/age", "value": "42"},
///         {"op": "replace", "path": "/age", "value": 42},
///     ])
/// );
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueEdit {
    /// Why.
    pub rule: ValueRule,
    /// The JSON pointer of the value, before this edit and behind those that stand before it.
    pub pointer: String,
    /// The value there, as JSON.
    pub was: String,
    /// What becomes of it.
    pub change: Change,
    /// What it does to what the value says.
    pub class: Class,
}

/// What becomes of a value.
///
/// ```
/// use serde_json::json;
/// use tokenrail::repair::{Change, Options, repair_for};
/// use tokenrail::schema::Validator;
///
/// let schema = json!({"properties": {"note": {"type": "string"}}});
/// let validator = Validator::new(&schema, &Default::default())?;
/// let repaired = repair_for(r#"{"note": null}"#, &validator, &Options::default());
/// assert_eq!(repaired.patch[0].change, Change::Remove);
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It becomes this JSON.
    Replace(String),
    /// It goes, with its name.
    Remove,
    /// It moves to this JSON pointer, which is a name beside its own.
    Move(String),
}

/// Why a value is edited.
///
/// ```
/// assert_eq!(tokenrail::repair::ValueRule::Unstringify.name(), "unstringify");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueRule {
    /// A string says a number, a literal, or is the text of the number that was given.
    ///
    /// `"42"` becomes `42`.
    Coerce,
    /// A string is the text of an array or an object.
    ///
    /// `"[1, 2]"` becomes `[1, 2]`.
    Unstringify,
    /// An array is wanted, and its one item was given.
    ///
    /// `1` becomes `[1]`.
    WrapArray,
    /// One value is wanted, and an array of it was given.
    ///
    /// `[1]` becomes `1`.
    UnwrapSingleton,
    /// The value stands within a copy of its schema.
    ///
    /// `{"type": "object", "properties": {"a": 1}}` becomes `{"a": 1}`.
    UnwrapSchemaEcho,
    /// The value stands in an object around it.
    ///
    /// `{"result": {"a": 1}}` becomes `{"a": 1}`.
    UnwrapEnvelope,
    /// A string is one of the schema's but for case and dashes.
    ///
    /// `"in progress"` becomes `"IN_PROGRESS"`.
    FoldEnum,
    /// A name is one of the schema's but for case and dashes.
    ///
    /// `{"First-Name": "Jo"}` becomes `{"first_name": "Jo"}`.
    RenameKey,
    /// Null stands for a member that may be left out.
    ///
    /// `{"a": null}` becomes `{}`.
    DropNullOptional,
    /// A member is dropped that the schema does not allow.
    DropProperty,
    /// An item is dropped that does not conform.
    DropItem,
}

impl ValueRule {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coerce => "coerce",
            Self::Unstringify => "unstringify",
            Self::WrapArray => "wrap_array",
            Self::UnwrapSingleton => "unwrap_singleton",
            Self::UnwrapSchemaEcho => "unwrap_schema_echo",
            Self::UnwrapEnvelope => "unwrap_envelope",
            Self::FoldEnum => "fold_enum",
            Self::RenameKey => "rename_key",
            Self::DropNullOptional => "drop_null_optional",
            Self::DropProperty => "drop_property",
            Self::DropItem => "drop_item",
        }
    }
}

impl ValueEdit {
    /// Its operations of JSON Patch: a test of what it changes, then the change. So it can be undone:
    /// what was there stands in the test.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // A number beyond 64 bits cannot be told as a value here, and is told as its text.
        let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let path = &self.pointer;
        let change = match &self.change {
            Change::Replace(now) => json!({"op": "replace", "path": path, "value": value(now)}),
            Change::Remove => json!({"op": "remove", "path": path}),
            Change::Move(to) => json!({"op": "move", "from": path, "path": to}),
        };
        json!([{"op": "test", "path": path, "value": value(&self.was)}, change])
    }
}

/// Edits by the way to the values that they change, so that many are applied in one walk.
#[derive(Debug, Default)]
struct Tree<'e> {
    here: Option<&'e Change>,
    below: BTreeMap<String, Tree<'e>>,
}

/// Applies edits, none of which changes what another one does.
pub(super) fn patched(json: &Json, edits: &[ValueEdit]) -> Json {
    let mut root = Tree::default();
    for edit in edits {
        let mut tree = &mut root;
        for token in edit.pointer.split('/').skip(1) {
            tree = tree.below.entry(unescape(token).unwrap_or_default()).or_default();
        }
        tree.here = Some(&edit.change);
    }
    walk(json, &root).unwrap_or(Json::Null)
}

/// A value with its edits; `None` where it goes.
fn walk(json: &Json, tree: &Tree<'_>) -> Option<Json> {
    match tree.here {
        Some(Change::Replace(now)) => return Json::parse(now, usize::MAX).ok(),
        Some(Change::Remove) => return None,
        _ if tree.below.is_empty() => return Some(json.clone()),
        _ => {}
    }
    Some(match json {
        Json::Array(items) => {
            let item = |(index, item): (usize, &Json)| match tree.below.get(&index.to_string()) {
                None => Some(item.clone()),
                Some(tree) => walk(item, tree),
            };
            Json::Array(items.iter().enumerate().filter_map(item).collect())
        }
        Json::Object(members) => {
            let member = |(name, value): &(String, Json)| match tree.below.get(name) {
                None => Some((name.clone(), value.clone())),
                Some(tree) => {
                    let value = walk(value, tree)?;
                    match tree.here {
                        Some(Change::Move(to)) => Some((last(to), value)),
                        _ => Some((name.clone(), value)),
                    }
                }
            };
            Json::Object(members.iter().filter_map(member).collect())
        }
        scalar => scalar.clone(),
    })
}

/// The name that a pointer ends with.
fn last(pointer: &str) -> String {
    let token = pointer.rsplit('/').next().unwrap_or_default();
    unescape(token).unwrap_or_default()
}

/// The pointer of a child.
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escape(name))
}
