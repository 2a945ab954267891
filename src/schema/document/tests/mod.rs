//! Documents, what is read in them, and what is said about them.

#![allow(clippy::print_stderr, reason = "what was counted, and what was left out, is said aloud")]

mod cases;
mod corpora;
mod hostile;
mod policies;

use std::path::PathBuf;

use serde_json::Value;

use super::Document;
use crate::schema::json::Json;
use crate::schema::options::Options;
use crate::schema::{Schema, SchemaError};

/// Reads a text.
fn load(text: &str, options: &Options) -> Result<Document, SchemaError> {
    Schema::parse(text, options).map(|schema| Document::clone(&schema.document))
}

/// The place of a document with a pointer.
fn place<'d>(document: &'d Document, pointer: &str) -> &'d crate::schema::keywords::Place {
    let place = document.places.iter().find(|place| place.pointer == pointer);
    place.unwrap_or_else(|| panic!("{pointer} is not loaded"))
}

/// A folder of cases that are not part of the repository; `None`, said aloud, where it is absent.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    if !path.exists() {
        eprintln!("{} is absent: its cases are left out", path.display());
        return None;
    }
    Some(path)
}

/// Holds the report against the text: every keyword of every schema that was loaded has one entry.
fn check_report(document: &Document, root: &Value) {
    let mut expected = Vec::new();
    for place in &document.places {
        if place.pointer.contains('#') && !place.pointer.starts_with('/') {
            continue;
        }
        let Some(Value::Object(members)) = root.pointer(&place.pointer) else { continue };
        let pointer = |key: &String| {
            format!("{}/{}", place.pointer, key.replace('~', "~0").replace('/', "~1"))
        };
        expected.extend(members.keys().map(pointer));
    }
    let entries = document.report.entries.iter().map(|entry| entry.pointer.clone());
    let mut found: Vec<String> =
        entries.filter(|pointer| root.pointer(pointer).is_some()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{root}");
}

/// A text as the judges have it.
fn value(text: &str) -> Value {
    Json::parse(text, 500).unwrap().to_value().unwrap()
}
