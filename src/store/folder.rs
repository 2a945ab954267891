//! What a model on disk is made of: one GGUF file, or a folder of safetensors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::disk;
use super::error::StoreError;
use super::source;

/// The weights in one file.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// The file that names the parts of weights in several files.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// What every folder of safetensors needs beside the weights.
pub(super) const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];

/// What is used where it is there.
pub(super) const OPTIONAL: [&str; 3] =
    ["tokenizer_config.json", "chat_template.jinja", "generation_config.json"];

/// Refuses a folder in which a file of the model is missing; takes any file for a GGUF file.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    if !path.is_dir() {
        return Ok(());
    }
    let missing =
        |name: &str| StoreError::NotAModel { path: path.to_owned(), missing: name.to_owned() };
    if let Some(name) = REQUIRED.iter().find(|name| !path.join(name).is_file()) {
        return Err(missing(name));
    }
    if path.join(WEIGHTS).is_file() {
        return Ok(());
    }
    let index = path.join(INDEX);
    if !index.is_file() {
        return Err(missing(WEIGHTS));
    }
    match parts(&index)?.iter().find(|name| !path.join(name).is_file()) {
        Some(name) => Err(missing(name)),
        None => Ok(()),
    }
}

/// The file names in the `weight_map` of an index, each once.
pub(super) fn parts(index: &Path) -> Result<BTreeSet<String>, StoreError> {
    let bad = |reason: String| StoreError::BadIndex { path: index.to_owned(), reason };
    let text = fs::read(index).map_err(disk::failed("read", index))?;
    let value: Value = serde_json::from_slice(&text).map_err(|fault| bad(fault.to_string()))?;
    let Some(map) = value.get("weight_map").and_then(Value::as_object) else {
        return Err(bad("\"weight_map\" is not an object".to_owned()));
    };
    let mut names = BTreeSet::new();
    for (tensor, name) in map {
        match name.as_str().filter(|name| source::is_relative(name)) {
            Some(name) => names.insert(name.to_owned()),
            None => {
                return Err(bad(format!("{name} is not a file name (at /weight_map/{tensor})")));
            }
        };
    }
    if names.is_empty() {
        return Err(bad("\"weight_map\" is empty".to_owned()));
    }
    Ok(names)
}
