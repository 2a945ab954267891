//! What a schema says of a value whose numbers are texts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::schema::json::Json;
use crate::schema::{Fault, Validator, Violation};

/// A value's faults, and where they are.
#[derive(Debug)]
pub(super) struct Faults {
    pub(super) list: Vec<Fault>,
    /// The number of faults of each value that has some.
    at: BTreeMap<String, usize>,
    /// The values with faults and those that hold them.
    holding: BTreeSet<String>,
}

impl Faults {
    /// The faults of a value.
    pub(super) fn of(json: &Json, validator: &Validator) -> Self {
        let list = validator.faults(&value(json));
        let (mut at, mut holding) = (BTreeMap::new(), BTreeSet::new());
        for fault in &list {
            *at.entry(fault.instance.clone()).or_insert(0) += 1;
            let mut pointer = fault.instance.as_str();
            while holding.insert(pointer.to_owned()) {
                let Some((parent, _)) = pointer.rsplit_once('/') else { break };
                pointer = parent;
            }
        }
        Self { list, at, holding }
    }

    /// The number of faults of the value at a pointer, those within it left out.
    pub(super) fn count(&self, pointer: &str) -> usize {
        self.at.get(pointer).copied().unwrap_or(0)
    }

    /// Whether the value at a pointer, or one within it, has a fault.
    pub(super) fn holds(&self, pointer: &str) -> bool {
        self.holding.contains(pointer)
    }
}

/// What in a value does not conform.
pub(super) fn violations(json: &Json, validator: &Validator) -> Vec<Violation> {
    validator.validate(&value(json))
}

/// The value as the validator takes it: of numbers beyond its range the nearest.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(text) => match text.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::from(if text.starts_with('-') { f64::MIN } else { f64::MAX }),
        },
        Json::String(text) => Value::String(text.to_string()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(members) => {
            let member = |(name, json): &(String, Json)| (name.clone(), value(json));
            Value::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
    }
}
