//! Schemas made to cost much: each has a constraint or ends in a limit that names itself, soon.
//!
//! In a release build all but one take about a second at most; here the time is that of a debug build
//! beside other tests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::grammar::Grammar;
use tokenrail::schema::{Options, Schema, SchemaError};

use super::schemas::vocabularies::bytes;

/// How a schema ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// With a first mask.
    Mask,
    /// In a limit.
    Limit,
}

fn end(schema: &Value) -> Result<End, ConstraintError> {
    let schema = Schema::parse(&schema.to_string(), &Options::default())?;
    let mask = Constraint::new(&Grammar::schema(&schema), &bytes())?.matcher().mask()?;
    assert!(!mask.is_empty(), "a schema with a value has a first byte");
    Ok(End::Mask)
}

fn check((name, schema, expected): &(&str, Value, End)) {
    let started = Instant::now();
    let ended = match end(schema) {
        Err(ConstraintError::Limit { .. } | ConstraintError::Schema(SchemaError::Limit { .. })) => {
            End::Limit
        }
        ended => ended.unwrap_or_else(|error| panic!("{name}: {error}")),
    };
    let taken = started.elapsed();
    assert_eq!(ended, *expected, "{name}");
    assert!(taken < Duration::from_secs(20), "{name} took {taken:?}");
}

/// An object of so many members.
fn members(count: usize, member: impl Fn(usize) -> (String, Value)) -> Value {
    (0..count).map(member).collect::<serde_json::Map<_, _>>().into()
}

fn list(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

#[test]
fn schemas_that_cost_much_end_soon() {
    let many = members(10_000, |n| (format!("p{n}"), json!({"type": "integer"})));
    let names = list(10_000, |n| json!(format!("p{n}")));
    let chain = members(2_000, |n| (format!("p{n}"), json!([format!("p{}", n + 1)])));
    let longer = members(60, |n| (format!(".*a.{{{n}}}"), json!({"type": "integer"})));
    let if_then = list(300, |n| {
        let holds = json!({"properties": {"a": {"const": format!("v{n}")}}, "required": ["a"]});
        json!({"if": holds, "then": {"required": [format!("r{n}")]}})
    });
    let kinds = list(1_000, |n| {
        let properties = json!({"kind": {"const": format!("k{n}")}, "v": {"type": "integer"}});
        json!({"type": "object", "properties": properties, "required": ["kind"]})
    });
    let patterns = list(1_000, |n| json!({"type": "string", "pattern": format!("a{n}")}));
    let words = list(30_000, |n| json!(format!("value number {n:08} of many")));
    let multiples = list(20, |n| json!({"contains": {"multipleOf": n + 2}}));
    let nested = (0..7).fold(
        json!({"const": 1}),
        |items, _| json!({"type": "array", "items": items, "minItems": 60, "maxItems": 60}),
    );
    let long = json!({"type": "array", "items": {"const": 1}, "minItems": 1e6, "maxItems": 1e6});
    let unlike =
        |items| json!({"type": "array", "uniqueItems": true, "minItems": 2, "items": items});
    let cases = [
        ("few values that are large", unlike(nested), End::Limit),
        ("few values that are long", unlike(long), End::Limit),
        (
            "long texts that differ",
            unlike(json!({"minLength": 100_000, "type": "string"})),
            End::Mask,
        ),
        (
            "10,000 required properties",
            json!({"properties": many, "required": names, "additionalProperties": false}),
            End::Mask,
        ),
        ("1 MB of constants", json!({ "enum": words }), End::Mask),
        ("a chain of requirements", json!({ "dependentRequired": chain }), End::Mask),
        ("more items than fit", json!({"maxItems": 1e18, "minItems": 1e9}), End::Mask),
        ("patterns for keys that overlap", json!({ "patternProperties": longer }), End::Mask),
        ("300 conditions", json!({ "allOf": if_then }), End::Limit),
        ("one of 1,000 objects", json!({ "oneOf": kinds }), End::Limit),
        ("one of 1,000 patterns", json!({ "oneOf": patterns }), End::Limit),
        ("multiples of many numbers", json!({ "allOf": multiples }), End::Limit),
    ];
    cases.iter().for_each(check);
}
