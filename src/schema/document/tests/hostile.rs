//! Schemas made to cost much: each is settled within a second, in a debug build too.

use std::time::{Duration, Instant};

use super::load;
use crate::schema::SchemaError;
use crate::schema::options::Options;

const SECOND: Duration = Duration::from_secs(1);

fn check(name: &str, text: &str, is_limited: impl Fn(&SchemaError) -> bool) {
    let time = || {
        let begin = Instant::now();
        let result = load(text, &Options::default()).map(|document| document.places.len());
        (begin.elapsed(), result)
    };
    // Machines that do much else are slow now and then.
    let tries = || (0..3).map(|_| time()).min_by_key(|(took, _)| *took).expect("three tries");
    let (took, result) = Some(time()).filter(|(took, _)| *took < SECOND).unwrap_or_else(tries);
    assert!(took < SECOND, "{name} took {took:?}");
    if let Err(error) = result {
        assert!(is_limited(&error), "{name}: {error}");
    }
}

fn never(_: &SchemaError) -> bool {
    false
}

#[test]
fn depth_ends_in_a_limit() {
    for open in ["{\"not\":", "[", "{\"a\":[", "{\"$ref\":"] {
        check(open, &open.repeat(100_000), |error| matches!(error, SchemaError::Depth { .. }));
    }
    let deep = format!("{}true{}", "{\"not\":".repeat(499), "}".repeat(499));
    check("499 levels", &deep, never);
}

#[test]
fn long_keys_nested_deep_end_in_a_limit() {
    let key = "k".repeat(30_000);
    let deep =
        format!("{}true{}", format!("{{\"properties\":{{\"{key}\":").repeat(240), "}}".repeat(240));
    check("long keys", &deep, |error| matches!(error, SchemaError::Limit { .. }));
}

#[test]
fn loops_of_references_end() {
    check("itself", r##"{"$ref": "#"}"##, never);
    let chain: Vec<String> = (0..3_000)
        .map(|at| format!("\"{at}\": {{\"$ref\": \"#/$defs/{}\"}}", (at + 1) % 3_000))
        .collect();
    check(
        "chain",
        &format!("{{\"$ref\": \"#/$defs/0\", \"$defs\": {{{}}}}}", chain.join(",")),
        never,
    );
    let into: Vec<String> =
        (0..3_000).map(|at| format!("{{\"$ref\": \"#/x/{}\"}}", (at + 1) % 3_000)).collect();
    check("unknown", &format!("{{\"$ref\": \"#/x/0\", \"x\": [{}]}}", into.join(",")), never);
    let deep = format!("{{\"$ref\": \"#{}\"}}", "/$ref".repeat(10_000));
    check("long pointer", &deep, |error| matches!(error, SchemaError::Reference { .. }));
}

#[test]
fn many_dynamic_anchors_are_each_looked_at_once() {
    // Each resource is entered by the anchor of the one before it.
    let resource = |at: usize| {
        let next = (at + 1) % 3_000;
        format!(r#"{{"$id": "r{at}", "not": {{"$dynamicAnchor": "a", "$ref": "r{next}"}}}}"#)
    };
    let chain: Vec<String> = (0..3_000).map(resource).collect();
    let text = format!(
        r##"{{"allOf": [{{"$ref": "r0"}}, {{"$dynamicRef": "r0#a"}}], "anyOf": [{}]}}"##,
        chain.join(",")
    );
    check("chain", &text, never);
    let resource = |at: usize| {
        format!(r##"{{"$id": "r{at}", "$dynamicAnchor": "a{at}", "$dynamicRef": "#a{at}"}}"##)
    };
    let names: Vec<String> = (0..3_000).map(resource).collect();
    check("names", &format!("{{\"anyOf\": [{}]}}", names.join(",")), never);
}

#[test]
fn long_pointers_of_many_schemas_end_in_a_limit() {
    let members: Vec<String> = (0..10_000).map(|at| format!("\"{at}\": {{}}")).collect();
    let (key, members) = ("k".repeat(100_000), members.join(","));
    let text = format!(r#"{{"properties": {{"{key}": {{"properties": {{{members}}}}}}}}}"#);
    check("wide below a long key", &text, |error| matches!(error, SchemaError::Limit { .. }));
}

#[test]
fn wide_schemas_load() {
    let members: Vec<String> = (0..10_000)
        .map(|at| format!("\"key{at}\": {{\"type\": \"string\", \"maxLength\": {at}}}"))
        .collect();
    check("10,000 properties", &format!("{{\"properties\": {{{}}}}}", members.join(",")), never);
    let items: Vec<String> = (0..100_000).map(|at| format!("\"item{at:06}\"")).collect();
    check("1 MB enum", &format!("{{\"enum\": [{}]}}", items.join(",")), never);
    let keys: Vec<String> = (0..100_000).map(|at| format!("\"key{at}\": 1")).collect();
    check("100,000 keywords", &format!("{{{}}}", keys.join(",")), never);
}
