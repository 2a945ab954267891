//! The `jsonschema` crate as the judge: all formats that it knows asserted, whatever the draft.

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::schemas::json_text::{Json, Kind};

/// The formats of all drafts. Those of other drafts than the schema's own are asserted too.
const FORMATS: [&str; 17] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// What the judge says of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sentence {
    Valid,
    /// Not valid, and why.
    Wrong(String),
    /// It holds a number that the judge cannot hold exactly.
    Unsure,
}

/// A validator of one schema.
pub(crate) struct Judge(Validator);

impl Judge {
    /// Without a declared draft, that is 2020-12.
    pub(crate) fn new(schema: &str) -> Result<Self, String> {
        Self::of_draft(schema, Draft::Draft202012)
    }

    /// A judge by another draft, where the schema declares none.
    pub(crate) fn of_draft(schema: &str, draft: Draft) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(schema).map_err(|fault| fault.to_string())?;
        let mut options = jsonschema::options().should_validate_formats(true);
        if schema.get("$schema").is_none() {
            options = options.with_draft(draft);
        }
        for name in FORMATS {
            let alone = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .build(&json!({"format": name}))
                .map_err(|fault| fault.to_string())?;
            let check = move |text: &str| alone.is_valid(&Value::String(text.to_owned()));
            options = options.with_format(name, check);
        }
        options.build(&schema).map(Self).map_err(|fault| fault.to_string())
    }

    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// Judges a text: that it is JSON, has no key twice, and is valid.
    pub(crate) fn sentence(&self, text: &str) -> Sentence {
        let value = serde_json::from_str::<Value>(text);
        if let Err(fault) = &value
            && !fault.to_string().starts_with("number out of range")
        {
            return Sentence::Wrong(format!("it is no JSON: {fault}"));
        }
        let json = Json::parse(text);
        if let Some(key) = key_twice(&json) {
            return Sentence::Wrong(format!("the key {key} stands there twice"));
        }
        let value = match value {
            Ok(value) if numbers_are_plain(&json) => value,
            _ => return Sentence::Unsure,
        };
        match self.0.validate(&value) {
            Ok(()) => Sentence::Valid,
            Err(fault) => Sentence::Wrong(format!("{fault} (at {:?})", fault.instance_path())),
        }
    }
}

/// A key that an object has twice.
pub(crate) fn key_twice(json: &Json<'_>) -> Option<String> {
    match &json.kind {
        Kind::Atom | Kind::Text => None,
        Kind::Array(items) => items.iter().find_map(key_twice),
        Kind::Object(entries) => {
            let mut seen = BTreeSet::new();
            let string = |key: &str| serde_json::from_str::<String>(key).unwrap_or(key.to_owned());
            let twice =
                entries.iter().map(|(key, _)| string(key)).find(|key| !seen.insert(key.clone()));
            twice.or_else(|| entries.iter().find_map(|(_, value)| key_twice(value)))
        }
    }
}

/// Whether a double holds every number as it is written: at most 15 digits, and near enough to 1.
fn numbers_are_plain(json: &Json<'_>) -> bool {
    match &json.kind {
        Kind::Text => true,
        Kind::Array(items) => items.iter().all(numbers_are_plain),
        Kind::Object(entries) => entries.iter().all(|(_, value)| numbers_are_plain(value)),
        Kind::Atom => {
            let (digits, exponent) = json.text.split_once(['e', 'E']).unwrap_or((json.text, "0"));
            let count = digits.bytes().filter(u8::is_ascii_digit).count();
            let is_near = exponent.parse::<i32>().is_ok_and(|exponent| exponent.abs() <= 15);
            !json.text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                || count <= 15 && is_near
        }
    }
}
