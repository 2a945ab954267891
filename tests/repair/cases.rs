//! Files of cases: those of the project in `tests/data/repair`, more where a shared folder stands beside
//! the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenrail::repair::{Options, Repaired, repair, repair_for};
use tokenrail::schema::Validator;

/// A file of the shared folder; `None` where there is none.
pub(crate) fn shared(name: &str) -> Option<Vec<Value>> {
    let path = root().join("../shared/data/repair").join(name);
    if !path.is_file() {
        println!("{} is absent", path.display());
        return None;
    }
    Some(read(&path))
}

/// A file of the project.
pub(crate) fn own(name: &str) -> Vec<Value> {
    read(&root().join("tests/data/repair").join(name))
}

/// Repairs a text for a schema, or for none where that is null.
pub(crate) fn repaired(text: &str, schema: &Value, options: &Options) -> Repaired {
    if schema.is_null() {
        return repair(text, options);
    }
    let reading = tokenrail::schema::Options::default();
    match Validator::new(schema, &reading) {
        Ok(validator) => repair_for(text, &validator, options),
        Err(error) => panic!("{schema}: {error}"),
    }
}

fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the cases are well formed");
    let value: Value = serde_json::from_str(&text).expect("the cases are well formed");
    let list = if value["formats"].is_array() { "formats" } else { "cases" };
    value[list].as_array().expect("the cases are well formed").clone()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
