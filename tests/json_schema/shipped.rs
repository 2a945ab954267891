//! The schemas of `grammars/`: what their samples say, the engine and the judge say too.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tokenrail::constraint::Constraint;

use super::judge::{Judge, Sentence};
use super::schemas::corpus::root;
use super::schemas::engine::{self, Order};
use super::schemas::vocabularies::bytes;
use super::verdict;

fn folder() -> PathBuf {
    root().join("grammars")
}

/// The names of the shipped schemas.
fn names() -> BTreeSet<String> {
    let files = fs::read_dir(folder()).expect("the folder is there");
    let files = files.map(|file| file.expect("it can be listed").file_name());
    let names = files.map(|name| name.into_string().expect("names are ASCII"));
    names.filter_map(|name| name.strip_suffix(".schema.json").map(str::to_owned)).collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

/// The samples of a schema with what is said of each.
fn samples(name: &str) -> Vec<(String, bool)> {
    let samples: Value = serde_json::from_str(&read(&format!("{name}.samples.json")))
        .unwrap_or_else(|fault| panic!("the samples of {name}: {fault}"));
    let texts = |key: &str, expected: bool| {
        let list = samples[key].as_array().unwrap_or_else(|| panic!("{name}: no {key}"));
        let text = |value: &Value| value.as_str().expect("a sample is a string").to_owned();
        list.iter().map(|value| (text(value), expected)).collect::<Vec<_>>()
    };
    let (accepted, refused) = (texts("accepted", true), texts("refused", false));
    assert!(accepted.len() >= 11 && refused.len() >= 20, "{name}: too few samples");
    [accepted, refused].concat()
}

#[test]
fn the_judge_says_what_the_samples_say() {
    assert_eq!(names().len(), 5);
    for name in names() {
        let judge = Judge::new(&read(&format!("{name}.schema.json"))).expect("it compiles");
        for (text, expected) in samples(&name) {
            let sentence = judge.sentence(&text);
            assert_eq!(sentence == Sentence::Valid, expected, "{name}: {text:?}: {sentence:?}");
        }
    }
}

#[test]
fn the_engine_says_what_the_samples_say() {
    let vocabulary = bytes();
    let (mut tried, mut wrong) = (0, Vec::new());
    for name in names() {
        let grammar = engine::grammar(&read(&format!("{name}.schema.json")), Order::Any);
        let grammar = grammar.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let constraint = Constraint::new(&grammar, &vocabulary).expect("it compiles");
        for (text, expected) in samples(&name) {
            tried += 1;
            let why = constraint.matcher().explain_bytes(text.as_bytes()).expect("within limits");
            if why.is_none() != expected {
                let said = why.map_or("accepted".to_owned(), |why| format!("refused {why}"));
                wrong.push(format!("{name}: {said}: {text:?}"));
            }
        }
    }
    verdict("samples", tried, &wrong);
}
