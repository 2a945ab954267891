//! Arguments one by one, for shapes that are no JSON object: what each may be.
//!
//! That needs a flat schema: the values of one argument must not depend on others. What else a
//! schema asserts of the whole object is refused by name. `additionalProperties` is left out: it
//! says what else may be there, and these shapes write nothing else.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Tool;
use crate::grammar::draft::Draft;
use crate::regex::{ByteSet, ExprId};
use crate::schema::algebra::NEVER;
use crate::schema::{Enforcement, Entry, Escapes, Options, Resolver, Schema, SchemaError};

/// An argument of a tool. Whether another is there, or what it is, has no say in it.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) is_required: bool,
    pub(super) values: Values,
}

/// What an argument may be: each shape writes the four kinds in its own way, and what is JSON as
/// [`Written`] says.
pub(super) struct Values {
    pub(super) null: bool,
    /// Whether `false` is allowed, and whether `true` is.
    pub(super) booleans: [bool; 2],
    /// The texts of strings as they are, not in JSON.
    pub(super) strings: ExprId,
    /// The values that are written as JSON, if there are any.
    pub(super) json: Option<Schema>,
}

/// The values of an argument that a shape writes as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// All but strings.
    ExceptStrings,
    /// Those that Python reads as the same value.
    Literals,
}

/// The arguments of a tool in the order of its schema.
///
/// A required argument that `properties` does not name has no schema to be told by.
///
/// # Errors
/// Why they are no flat list, in words.
pub(super) fn parameters(
    draft: &mut Draft<'_>,
    tool: &Tool,
    written: Written,
) -> Result<Vec<Parameter>, String> {
    let required = check_flat(tool)?;
    let names = names(tool.parameters());
    if let Some(name) = required.iter().find(|name| !names.contains(name)) {
        return Err(format!("{name:?} is required: name it in \"properties\" too"));
    }
    // Arguments that no text could be written for are refused, also optional ones: nothing is
    // dropped in silence.
    let one = |name: &str| {
        let values = values(draft, tool, name, written).map_err(|error| error.to_string())?;
        let values = values.ok_or_else(|| {
            format!("no value of {name:?} can be written in this shape: use a simpler type")
        })?;
        let is_required = required.contains(&name);
        Ok(Parameter { name: name.to_owned(), is_required, values })
    };
    names.into_iter().map(one).collect()
}

/// A schema of one argument as JSON, with the options that it is read with: the tool's schema stays
/// as it is, and the argument's is referred to. So references in it lead where they did.
pub(super) fn schema_of(tool: &Tool, name: &str) -> (Value, Options) {
    let options = tool.schema().options().clone();
    let parameters = tool.parameters().clone();
    let resolver = Arc::new(Parameters { parameters, others: options.resolver.clone() });
    let reference = format!("{ADDRESS}#/properties/{}", escaped(name));
    (json!({ "$ref": reference }), Options { resolver: Some(resolver), ..options })
}

/// What a flat schema asserts of the whole object.
const FLAT: [&str; 4] = ["type", "properties", "required", "additionalProperties"];

/// The most arguments of a tool. Each takes a reading of the whole schema, so the work grows with
/// the square of their number.
const MOST: usize = 256;

/// Where the tool's schema is found; an address of this kind is what schemas without one have.
const ADDRESS: &str = "json-schema:///parameters-of-a-tool";

/// The required names of a flat schema. Keywords that assert nothing may stand in it, and what the
/// report of the schema says of each tells those.
fn check_flat(tool: &Tool) -> Result<Vec<&str>, String> {
    let mut entries = tool.schema().report().entries.iter();
    let other = entries.find(|entry| {
        let is_at_root = entry.pointer.strip_prefix('/') == Some(&entry.keyword);
        let asserts = entry.enforcement != Enforcement::Annotation;
        is_at_root && asserts && !FLAT.contains(&entry.keyword.as_str())
    });
    if let Some(Entry { keyword, .. }) = other {
        return Err(format!(
            "{keyword} of all arguments is not supported in this shape: say it of single ones"
        ));
    }
    let count = names(tool.parameters()).len();
    if count > MOST {
        return Err(format!("{count} arguments are over this shape's limit of {MOST}"));
    }
    let required = tool.parameters().get("required").and_then(Value::as_array);
    Ok(required.into_iter().flatten().filter_map(Value::as_str).collect())
}

/// The names of the arguments that a schema describes, in its order.
fn names(schema: &Value) -> Vec<&str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|members| members.keys().map(String::as_str)).collect()
}

/// What an argument may be; `None` where nothing of it can be written.
///
/// The values that are JSON are a schema of their own: the argument's, and a bound to what the shape
/// writes as JSON, both at once.
fn values(
    draft: &mut Draft<'_>,
    tool: &Tool,
    name: &str,
    written: Written,
) -> Result<Option<Values>, SchemaError> {
    let (schema, options) = schema_of(tool, name);
    let mut algebra = Schema::new(&schema, &options)?.algebra(ByteSet::ALL);
    let root = algebra.root();
    let form = algebra.form(root)?;
    // Expressions belong to the store that made them: those of the schema are taken over.
    let strings = draft.exprs.absorb(algebra.automaton.exprs())[form.strings.index()];
    let (bound, escapes) = match written {
        Written::ExceptStrings => {
            (json!({"type": ["null", "boolean", "number", "array", "object"]}), options.escapes)
        }
        Written::Literals => (json!({"$ref": "#/$defs/literal"}), Escapes::Minimal),
    };
    // Lists and dictionaries of Python are JSON's as long as no word is in them that differs.
    let literal = json!({
        "type": ["number", "string", "array", "object"],
        "items": {"$ref": "#/$defs/literal"},
        "additionalProperties": {"$ref": "#/$defs/literal"},
    });
    // `allOf`, because drafts before 2019-09 ignore what stands beside a reference.
    let both = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema, bound],
        "$defs": {"literal": literal},
    });
    let json = Schema::new(&both, &Options { escapes, ..options })?;
    let mut algebra = json.algebra(ByteSet::ALL);
    let root = algebra.root();
    let has_json = algebra.extent(root)? != NEVER;
    let is_nothing = strings == ExprId::NOTHING && !form.null && form.booleans == [false; 2];
    let (null, booleans) = (form.null, form.booleans);
    let values = Values { null, booleans, strings, json: has_json.then_some(json) };
    Ok((has_json || !is_nothing).then_some(values))
}

/// A name within a pointer (RFC 6901) within an address: `~` and `/` are escaped for the pointer,
/// and then all that an address does not take as it is.
fn escaped(name: &str) -> String {
    let pointed = name.replace('~', "~0").replace('/', "~1");
    let escaped = pointed.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'~' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// Knows a tool's schema by [`ADDRESS`], and what the tool's own resolver knows.
#[derive(Debug)]
struct Parameters {
    parameters: Value,
    others: Option<Arc<dyn Resolver>>,
}

impl Resolver for Parameters {
    fn resolve(&self, address: &str) -> Option<Value> {
        if address == ADDRESS {
            return Some(self.parameters.clone());
        }
        self.others.as_ref()?.resolve(address)
    }
}
