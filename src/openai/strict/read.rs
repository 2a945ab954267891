//! From values of the subset back to those of the schema.

use std::collections::BTreeSet;

use serde_json::Value;

/// A keyword that no schema has: marks what may be null only in place of being left out.
pub(super) const OPTIONAL: &str = "\0optional";

/// Takes the marks out of a schema, and gives the places where they were.
pub(super) fn take_marks(schema: &mut Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    visit(schema, String::new(), &mut places);
    places
}

fn visit(value: &mut Value, pointer: String, places: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if members.shift_remove(OPTIONAL).is_some() {
                places.insert(pointer.clone());
            }
            for (name, member) in members {
                visit(member, below(&pointer, name), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit(item, format!("{pointer}/{index}"), places);
            }
        }
        _ => {}
    }
}

/// Takes out of a value the nulls that stand for what was left out.
pub(super) fn prune(value: &mut Value, schema: &Value, optional: &BTreeSet<String>) {
    let places = Places { schema, optional };
    places.prune(value, &BTreeSet::from([String::new()]));
}

/// A schema and its marks. A value may be of several places at once, where there are branches.
struct Places<'a> {
    schema: &'a Value,
    optional: &'a BTreeSet<String>,
}

impl Places<'_> {
    fn prune(&self, value: &mut Value, pointers: &BTreeSet<String>) {
        let pointers = self.with_branches(pointers);
        match value {
            Value::Object(members) => members.retain(|name, member| {
                let is_there = |place: &String| self.schema.pointer(place).is_some();
                let places: BTreeSet<String> = pointers
                    .iter()
                    .map(|pointer| below(&format!("{pointer}/properties"), name))
                    .filter(is_there)
                    .collect();
                let stands_for_nothing = member.is_null()
                    && !places.is_empty()
                    && places.iter().all(|place| self.optional.contains(place));
                self.prune(member, &places);
                !stands_for_nothing
            }),
            Value::Array(items) => {
                let places = pointers.iter().map(|pointer| format!("{pointer}/items")).collect();
                items.iter_mut().for_each(|item| self.prune(item, &places));
            }
            _ => {}
        }
    }

    /// The places, and those that they have as branches or refer to.
    fn with_branches(&self, pointers: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut open: Vec<String> = pointers.iter().cloned().collect();
        while let Some(pointer) = open.pop() {
            let Some(schema) = self.schema.pointer(&pointer) else { continue };
            // A schema may refer to itself.
            if !all.insert(pointer.clone()) {
                continue;
            }
            if let Some(target) = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
                open.push(target.to_owned());
            }
            let branches = schema["anyOf"].as_array().map_or(0, Vec::len);
            open.extend((0..branches).map(|index| format!("{pointer}/anyOf/{index}")));
        }
        all
    }
}

/// The place of a member.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
