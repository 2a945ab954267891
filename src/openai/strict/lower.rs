//! From a schema to the subset, place by place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::keywords::{FORMATS, LEFT_OUT, TAKEN, annotate, lone_reference, nullable, types};
use super::merge::{allowed, merge};
use super::read::OPTIONAL;
use super::{Change, Effect, StrictError, object};

/// The most schemas, those that are merged in several places counted in each: references within branches within
/// references double with every step.
const MOST: usize = 10_000;
/// How deep a schema may be nested, references followed.
const DEEPEST: usize = 64;
/// What becomes of a member that may be null and may be left out.
const NOT_LEFT_OUT: &str = "it is required: that it may be left out is not told from null";
/// Where the definition of what may be anything is kept: no pointer.
const ANYTHING: &str = "anything";

/// A schema on its way.
#[derive(Debug)]
pub(super) struct Lowering<'s> {
    root: &'s Value,
    changes: Vec<Change>,
    /// By the pointer that was referred to: the name here, and the schema once it is there.
    definitions: BTreeMap<String, (String, Value)>,
    /// The places that references are being merged from.
    within: Vec<String>,
    depth: usize,
    /// The schemas so far.
    count: usize,
}

impl<'s> Lowering<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        let (changes, within) = (Vec::new(), Vec::new());
        Self { root, changes, definitions: BTreeMap::new(), within, depth: 0, count: 0 }
    }

    /// The definitions by name, and what was changed.
    pub(super) fn finish(self) -> (Map<String, Value>, Vec<Change>) {
        (self.definitions.into_values().collect(), self.changes)
    }

    pub(super) fn change(&mut self, pointer: &str, effect: Effect, what: &'static str) {
        let change = Change { pointer: pointer.to_owned(), effect, what };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Brings the root into the subset: where it only refers to another place, that place.
    pub(super) fn root(&mut self) -> Result<Value, StrictError> {
        let (mut schema, mut pointer) = (self.root, String::new());
        while let Some(reference) = lone_reference(schema) {
            let at = format!("{pointer}/$ref");
            (pointer, schema) = self.target(reference, &at)?;
            if self.within.contains(&pointer) {
                return Err(StrictError::Reference {
                    pointer: at,
                    reference: reference.to_owned(),
                });
            }
            self.within.push(pointer.clone());
        }
        self.within.clear();
        self.schema(schema, &pointer)
    }

    /// Brings a schema into the subset that stands at a place of the root.
    fn schema(&mut self, schema: &Value, pointer: &str) -> Result<Value, StrictError> {
        self.count += 1;
        if self.count > MOST {
            let what = "schemas, each as often as it is referred to,";
            return Err(StrictError::Limit { what, count: self.count, limit: MOST });
        }
        if self.depth == DEEPEST {
            let what = "levels of nesting and references";
            return Err(StrictError::Limit { what, count: DEEPEST + 1, limit: DEEPEST });
        }
        self.depth += 1;
        let lowered = match schema {
            Value::Bool(true) => Ok(self.anything(pointer)),
            Value::Bool(false) => Err(StrictError::Never { pointer: pointer.to_owned() }),
            Value::Object(keywords) => match lone_reference(schema) {
                Some(reference) => self.reference(reference, pointer),
                None => self.keywords(keywords, pointer),
            },
            other => {
                Err(StrictError::NoSchema { pointer: pointer.to_owned(), found: other.to_string() })
            }
        };
        self.depth -= 1;
        lowered
    }

    /// A reference, to a definition that is made when it is first referred to.
    fn reference(&mut self, reference: &str, pointer: &str) -> Result<Value, StrictError> {
        let (target, schema) = self.target(reference, &format!("{pointer}/$ref"))?;
        if !self.definitions.contains_key(&target) {
            let name = self.name(target.rsplit('/').next().unwrap_or_default());
            self.definitions.insert(target.clone(), (name, Value::Null));
            let depth = std::mem::take(&mut self.depth);
            let lowered = self.schema(schema, &target);
            self.depth = depth;
            let lowered = lowered?;
            self.definitions.entry(target.clone()).and_modify(|(_, schema)| *schema = lowered);
        }
        let (name, _) = &self.definitions[&target];
        Ok(json!({"$ref": format!("#/$defs/{name}")}))
    }

    /// A name that no definition has, of letters and digits.
    fn name(&self, wanted: &str) -> String {
        let plain: String = wanted.chars().filter(char::is_ascii_alphanumeric).take(48).collect();
        let plain = if plain.is_empty() { "root".to_owned() } else { plain };
        let is_free = |name: &String| self.definitions.values().all(|(known, _)| known != name);
        let numbered = (2..).map(|number: usize| format!("{plain}{number}"));
        std::iter::once(plain.clone()).chain(numbered).find(is_free).unwrap_or(plain)
    }

    /// Where a reference leads.
    fn target(&self, reference: &str, pointer: &str) -> Result<(String, &'s Value), StrictError> {
        let lost = || StrictError::Reference {
            pointer: pointer.to_owned(),
            reference: reference.to_owned(),
        };
        let target = reference.strip_prefix('#').ok_or_else(lost)?;
        let schema = self.root.pointer(target).ok_or_else(lost)?;
        Ok((target.to_owned(), schema))
    }

    /// What can be anything: but for objects, whose members have to be named.
    fn anything(&mut self, pointer: &str) -> Value {
        self.change(pointer, Effect::Tightened, "objects are left out where any value may stand");
        if !self.definitions.contains_key(ANYTHING) {
            let name = self.name(ANYTHING);
            let mut any = json!({"type": ["string", "number", "boolean", "null"]});
            let items = json!({"$ref": format!("#/$defs/{name}")});
            any = json!({"anyOf": [any, {"type": "array", "items": items}]});
            self.definitions.insert(ANYTHING.to_owned(), (name, any));
        }
        json!({"$ref": format!("#/$defs/{}", self.definitions[ANYTHING].0)})
    }

    /// A schema with keywords: first what applies to all is brought together, then branches, then types.
    fn keywords(
        &mut self,
        keywords: &Map<String, Value>,
        pointer: &str,
    ) -> Result<Value, StrictError> {
        let mut flat = keywords.clone();
        for (keyword, value) in [("allOf", flat.remove("allOf")), ("$ref", flat.remove("$ref"))] {
            let members = match value {
                None => continue,
                Some(Value::Array(members)) => members,
                Some(reference) => vec![json!({"$ref": reference})],
            };
            for (index, member) in members.iter().enumerate() {
                let at = match keyword {
                    "$ref" => pointer.to_owned(),
                    _ => format!("{pointer}/allOf/{index}"),
                };
                self.include(&mut flat, member, &at)?;
            }
        }
        if flat.contains_key("allOf") || flat.contains_key("$ref") {
            return self.schema(&Value::Object(flat), pointer);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = flat.remove(keyword) {
                return self.branches((&flat, keyword), &branches, pointer);
            }
        }
        self.typed(&flat, pointer)
    }

    /// Merges a schema that must hold too.
    fn include(
        &mut self,
        flat: &mut Map<String, Value>,
        member: &Value,
        pointer: &str,
    ) -> Result<(), StrictError> {
        let mut member = member;
        let target;
        if let Some(reference) = lone_reference(member) {
            (target, member) = self.target(reference, &format!("{pointer}/$ref"))?;
            if self.within.contains(&target) || self.within.len() == DEEPEST {
                self.change(
                    pointer,
                    Effect::Loosened,
                    "a reference that leads to itself is left out",
                );
                return Ok(());
            }
            self.within.push(target);
            let included = self.include(flat, member, pointer);
            self.within.pop();
            return included;
        }
        match member {
            Value::Bool(true) => Ok(()),
            Value::Bool(false) => Err(StrictError::Never { pointer: pointer.to_owned() }),
            Value::Object(keywords) => {
                for keyword in merge(flat, keywords) {
                    let at = format!("{pointer}/{keyword}");
                    self.change(&at, Effect::Loosened, "it is left out beside another of its name");
                }
                Ok(())
            }
            other => {
                Err(StrictError::NoSchema { pointer: pointer.to_owned(), found: other.to_string() })
            }
        }
    }

    /// Branches, each with what stands beside all of them.
    fn branches(
        &mut self,
        (beside, keyword): (&Map<String, Value>, &str),
        branches: &[Value],
        pointer: &str,
    ) -> Result<Value, StrictError> {
        if keyword == "oneOf" && branches.len() > 1 {
            let at = format!("{pointer}/oneOf");
            self.change(&at, Effect::Loosened, "several of these may hold at once");
        }
        let asserts = beside.keys().any(|name| allowed(name));
        let mut lowered = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let at = format!("{pointer}/{keyword}/{index}");
            let joined = json!({"allOf": [beside, branch]});
            match self.schema(if asserts { &joined } else { branch }, &at) {
                Err(StrictError::Never { .. }) => {}
                Ok(mut branch) => match branch.get_mut("anyOf").map(Value::take) {
                    Some(Value::Array(inner)) => lowered.extend(inner),
                    _ => lowered.push(branch),
                },
                Err(error) => return Err(error),
            }
        }
        match lowered.len() {
            0 => Err(StrictError::Never { pointer: pointer.to_owned() }),
            1 => Ok(lowered.remove(0)),
            _ => Ok(json!({"anyOf": lowered})),
        }
    }

    /// A schema without branches: one for each type, scalars together.
    fn typed(
        &mut self,
        keywords: &Map<String, Value>,
        pointer: &str,
    ) -> Result<Value, StrictError> {
        let values = self.listed(keywords, pointer);
        let Some(types) = types(keywords, values.as_deref()) else {
            return Ok(self.anything(pointer));
        };
        self.leave_out(keywords, &types, pointer);
        let mut lowered = Vec::new();
        let is_scalar = |name: &&&str| !["object", "array"].contains(*name);
        let scalars: Vec<&str> = types.iter().filter(is_scalar).copied().collect();
        if !scalars.is_empty() {
            lowered.push(self.scalars(keywords, &scalars, values, pointer));
        }
        if types.contains(&"array") {
            lowered.push(self.array(keywords, pointer)?);
        }
        if types.contains(&"object") {
            lowered.push(self.object(keywords, pointer)?);
        }
        match lowered.len() {
            0 => Err(StrictError::Never { pointer: pointer.to_owned() }),
            1 => Ok(lowered.remove(0)),
            _ => Ok(json!({"anyOf": lowered})),
        }
    }

    /// The values of `enum` or `const`, where all are scalars.
    fn listed(&mut self, keywords: &Map<String, Value>, pointer: &str) -> Option<Vec<Value>> {
        let (keyword, values) = match (keywords.get("const"), keywords.get("enum")) {
            (Some(value), _) => ("const", vec![value.clone()]),
            (None, Some(Value::Array(values))) => ("enum", values.clone()),
            _ => return None,
        };
        if values.iter().any(|value| value.is_array() || value.is_object()) {
            let at = format!("{pointer}/{keyword}");
            self.change(&at, Effect::Loosened, "values that are arrays or objects are not listed");
            return None;
        }
        Some(values)
    }

    /// Tells what is said of these types and not taken.
    fn leave_out(&mut self, keywords: &Map<String, Value>, types: &[&str], pointer: &str) {
        let concerns = |of: &str| {
            of.is_empty() || types.contains(&of) || of == "number" && types.contains(&"integer")
        };
        for (keyword, of) in LEFT_OUT {
            if keywords.contains_key(keyword) && concerns(of) {
                let at = format!("{pointer}/{keyword}");
                self.change(&at, Effect::Loosened, "strict modes do not know it");
            }
        }
    }

    /// Strings, numbers, booleans and null.
    fn scalars(
        &mut self,
        keywords: &Map<String, Value>,
        types: &[&str],
        values: Option<Vec<Value>>,
        pointer: &str,
    ) -> Value {
        let mut schema = Map::new();
        let one = if let [one] = types { json!(one) } else { json!(types) };
        schema.insert("type".to_owned(), one);
        annotate(keywords, &mut schema);
        if let Some(values) = values {
            schema.insert("enum".to_owned(), Value::Array(values));
            return Value::Object(schema);
        }
        let numeric = types.contains(&"number") || types.contains(&"integer");
        for (keyword, of) in TAKEN {
            let concerns = types.contains(&of) || of == "number" && numeric;
            if let Some(value) = keywords.get(keyword).filter(|_| concerns) {
                schema.insert(keyword.to_owned(), value.clone());
            }
        }
        // In draft 4 a boolean says whether the bound itself is excluded.
        for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")]
        {
            if let Some(Value::Bool(is_exclusive)) = schema.get(exclusive) {
                let is_exclusive = *is_exclusive;
                schema.remove(exclusive);
                if is_exclusive && let Some(bound) = schema.remove(bound) {
                    schema.insert(exclusive.to_owned(), bound);
                }
            }
        }
        if let Some(format) = keywords.get("format").filter(|_| types.contains(&"string")) {
            if format.as_str().is_some_and(|format| FORMATS.contains(&format)) {
                schema.insert("format".to_owned(), format.clone());
            } else {
                let at = format!("{pointer}/format");
                self.change(&at, Effect::Loosened, "strict modes do not know this format");
            }
        }
        Value::Object(schema)
    }

    /// An array: a tuple's items become alternatives of each item.
    fn array(
        &mut self,
        keywords: &Map<String, Value>,
        pointer: &str,
    ) -> Result<Value, StrictError> {
        let mut schema = Map::from_iter([("type".to_owned(), json!("array"))]);
        annotate(keywords, &mut schema);
        let tuple = ["prefixItems", "items"]
            .into_iter()
            .find_map(|name| Some((name, keywords.get(name)?.as_array()?)));
        let items = match (tuple, keywords.get("items")) {
            (Some((keyword, tuple)), rest) => {
                let at = format!("{pointer}/{keyword}");
                self.change(&at, Effect::Loosened, "each item may be what one of these says");
                let rest = match keyword {
                    "prefixItems" => rest,
                    _ => keywords.get("additionalItems"),
                };
                let rest = rest.cloned().unwrap_or(Value::Bool(true));
                let branches: Vec<Value> = tuple.iter().cloned().chain([rest]).collect();
                self.branches((&Map::new(), keyword), &branches, pointer)?
            }
            (None, Some(items)) => self.schema(items, &format!("{pointer}/items"))?,
            (None, None) => self.anything(&format!("{pointer}/items")),
        };
        schema.insert("items".to_owned(), items);
        for keyword in ["minItems", "maxItems"] {
            if let Some(value) = keywords.get(keyword) {
                schema.insert(keyword.to_owned(), value.clone());
            }
        }
        Ok(Value::Object(schema))
    }

    /// An object with all its members named and required.
    fn object(
        &mut self,
        keywords: &Map<String, Value>,
        pointer: &str,
    ) -> Result<Value, StrictError> {
        let empty = Map::new();
        let named = keywords.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let required: BTreeSet<&str> = keywords
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut properties = Map::new();
        for (name, property) in named {
            let at = format!("{pointer}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            match self.schema(property, &at) {
                Ok(lowered) if required.contains(name.as_str()) => {
                    properties.insert(name.clone(), lowered);
                }
                Ok(lowered) => {
                    let lowered = nullable(lowered);
                    let (effect, what) = match lowered.get(OPTIONAL) {
                        Some(_) => {
                            (Effect::Respelled, "it is required, and null where it is left out")
                        }
                        None => (Effect::Tightened, NOT_LEFT_OUT),
                    };
                    self.change(&at, effect, what);
                    properties.insert(name.clone(), lowered);
                }
                // What must not be there is not named.
                Err(StrictError::Never { .. }) if !required.contains(name.as_str()) => {}
                Err(error) => return Err(error),
            }
        }
        let unnamed = required.iter().filter(|name| !named.contains_key(**name));
        for name in unnamed {
            let any = self.anything(&format!("{pointer}/required"));
            properties.insert((*name).to_owned(), any);
        }
        self.close(keywords, pointer);
        let names: Vec<&String> = properties.keys().collect();
        let mut schema = object(json!(properties), json!(names));
        if let Value::Object(schema) = &mut schema {
            annotate(keywords, schema);
        }
        Ok(schema)
    }

    /// Tells that only what is named may be there.
    fn close(&mut self, keywords: &Map<String, Value>, pointer: &str) {
        let what = "members that are not named are left out";
        if keywords.contains_key("patternProperties") {
            self.change(&format!("{pointer}/patternProperties"), Effect::Tightened, what);
        }
        let closing = ["additionalProperties", "unevaluatedProperties"];
        if closing.iter().all(|name| keywords.get(*name) != Some(&Value::Bool(false))) {
            let has = closing.iter().find(|name| keywords.contains_key(**name));
            let at = has.map_or(pointer.to_owned(), |name| format!("{pointer}/{name}"));
            self.change(&at, Effect::Tightened, what);
        }
    }
}
