//! Schemas made to cost much: each has a constraint or ends in a limit that names itself, soon.
//!
//! In a release build all but one take about a second at most; here the time is that of a debug build
//! beside other tests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::grammar::Grammar;
use tokenrail::schema::{Escapes, Options, Order, Schema, SchemaError, Spelling};
use tokenrail::vocab::{TokenId, Vocabulary};

use super::of_the_model;
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

fn compiled(schema: &Value, options: &Options) -> Constraint {
    let schema = Schema::parse(&schema.to_string(), options).expect("a schema");
    Constraint::new(&Grammar::schema(&schema), &bytes()).expect("a value")
}

fn one_without_other() -> Value {
    json!({"pattern": "a.{1000}b", "not": {"pattern": "c.{1000}d"}})
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
    let bounds = json!({"type": "array", "minItems": 4, "items": {"type": "number"}});
    let shapes = list(9, |n| {
        let kind =
            if n < 8 { json!({"const": format!("k{n}")}) } else { json!({"type": "string"}) };
        let place = json!({"type": "array", "minItems": n, "items": {"type": "number"}});
        let properties = json!({"kind": kind, "place": place, "bounds": bounds});
        json!({"type": "object", "properties": properties, "required": ["kind"]})
    });
    let link = |n: usize| match n {
        0 => json!({"type": "integer"}),
        n => json!({"$ref": format!("#/properties/p{}", n - 1)}),
    };
    let links = members(90_000, |n| (format!("p{n}"), link(n)));
    let cases = [
        ("a chain of references", json!({ "properties": links }), End::Mask),
        ("branches that repeat themselves", json!({ "oneOf": shapes }), End::Mask),
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
        (
            "long texts of a pattern that differ",
            unlike(json!({"pattern": "^a{100000}$"})),
            End::Mask,
        ),
        ("one pattern without the other", one_without_other(), End::Mask),
        (
            "a language that many states tell to be empty",
            json!({"pattern": "^[ab]*a[ab]{60}$", "not": {"pattern": "^[ab]*(a[ab]{60}|b[ab]{61})$"}}),
            End::Limit,
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

/// Short budgets are looked at under schemas whose values are long: what is made stays little.
#[test]
fn values_that_do_not_fit_are_not_written_out() {
    let texts = |string| json!({"type": "array", "uniqueItems": true, "items": string});
    let many = members(10_000, |n| (format!("p{n}"), json!({"type": "integer"})));
    let names = list(10_000, |n| json!(format!("p{n}")));
    let object = json!({"properties": many, "required": names, "additionalProperties": false});
    for (schema, begin, needed) in [
        (texts(json!({"type": "string", "pattern": "^a{100000}$"})), "[", 1),
        (texts(json!({"type": "string", "minLength": 100_000})), "[\"a", 100_001),
        (object, "{", 98_890),
    ] {
        let constraint = compiled(&schema, &Options::default());
        let mut matcher = constraint.matcher();
        matcher.advance_bytes(begin.as_bytes()).expect("no limit");
        let _within = matcher.mask_within(8);
        assert_eq!(matcher.tokens_to_accept().expect("no limit"), needed, "{begin}");
        let size = constraint.size();
        assert!(size.states < 40_000 && size.expressions < 40_000, "{begin}: {size:?}");
    }
}

/// Where an escape could become one of few characters, those of keys that came are none of them.
#[test]
fn escapes_begin_no_key_that_is_taken() {
    let schema = json!({
        "type": "object", "additionalProperties": false, "minProperties": 2,
        "patternProperties": {"^[a\u{e9}]$": {"type": "null"}},
    });
    let constraint = compiled(&schema, &Options { escapes: Escapes::Any, ..Options::default() });
    for (begin, may_begin) in [
        (r#"{"\u00"#, "6e"),
        (r#"{"a":null,"\u00"#, "e"),
        (r#"{"\u00E9":null,"\u00"#, "6"),
        (r#"{"\u0061":null,"\u00e"#, "9"),
    ] {
        let mut matcher = constraint.matcher();
        matcher.advance_bytes(begin.as_bytes()).expect("no limit");
        let mask = matcher.mask().expect("no limit");
        let digits = "0123456789abcdef".chars();
        let found: String = digits.filter(|&of| mask.contains(TokenId(of as u32))).collect();
        assert_eq!(found, may_begin, "{begin}");
    }
}

/// Behind every token another key could end: one stands for all of them.
#[test]
fn keys_of_any_text_are_not_followed_one_by_one() {
    let required = json!({"properties": {"n": {"const": 7}}, "required": ["n"]});
    let schemas = [
        (json!({"type": "object"}), 40),
        (json!({"type": "object", "allOf": [required]}), 40),
        (json!({"type": "object", "allOf": [required]}), 8),
        (json!({"type": "object", "maxProperties": 3, "allOf": [required]}), 8),
    ];
    for (schema, budget) in schemas {
        let options = Options { order: Order::Any, ..Options::default() };
        let parsed = Schema::parse(&schema.to_string(), &options).expect("a schema");
        let constraint =
            Constraint::new(&Grammar::schema(&parsed), of_the_model()).expect("a value");
        let mut matcher = constraint.matcher();
        matcher.advance_bytes(b"{\"").expect("no limit");
        let mask = matcher.mask_within(budget).unwrap_or_else(|error| panic!("{schema}: {error}"));
        assert!(mask.count() > 40_000, "{schema}: {}", mask.count());
        let size = constraint.size();
        assert!(size.bytes < 192 << 20, "{schema}: {size:?}");
    }
}

/// A state of two patterns is seen to be alive without the states that both go through together.
#[test]
fn patterns_are_followed_apart() {
    let constraint = compiled(&one_without_other(), &Options::default());
    let mut matcher = constraint.matcher();
    let text = format!("\"ca{}", "ac".repeat(30));
    assert_eq!(matcher.advance_bytes(text.as_bytes()).expect("no limit"), text.len());
    matcher.mask().expect("no limit");
    let size = constraint.size();
    assert!(size.expressions < 100_000, "{size:?}");
}

#[test]
fn numbers_that_differ_are_told_in_any_spelling() {
    let options = Options { numbers: Spelling::Any, ..Options::default() };
    let numbers = list(12, |n| json!(n));
    let all =
        json!({"type": "array", "uniqueItems": true, "minItems": 12, "items": {"enum": numbers}});
    let constraint = compiled(&all, &options);
    let text = "[0.0,1e0,20E-1,3,4,5,6,7,8,9,10,0.11e2]";
    let of_text = |text: &str| constraint.matcher().advance_bytes(text.as_bytes());
    assert_eq!(of_text(text).expect("no limit"), text.len());
    assert_eq!(of_text("[0,10e-1,1,2]").expect("no limit"), 10, "1 is there already");
    let many = compiled(&json!({"enum": list(300, |n| json!(n))}), &options);
    let of_text = |text: &str| many.matcher().advance_bytes(text.as_bytes());
    assert_eq!(of_text("29.9e1").expect("no limit"), 6);
    assert_eq!(of_text("29.95e1").expect("no limit"), 4);
}

#[test]
fn tokens_of_any_length_are_in_masks_as_they_are_taken() {
    let long = "a".repeat(700);
    let tokens = [
        format!("\":\"{long}\"}}"),
        format!("\":\"{long}\"}}}}"),
        format!("\"{long}\", \"b"),
        format!("{{\"b\": \"{long}\"}}"),
        format!("{}}}", "1".repeat(700)),
        format!("{}\"", " ".repeat(700)),
        format!("{}1", "[".repeat(700)),
    ];
    let single: Vec<u8> = (0..=255).collect();
    let longer = tokens.iter().map(String::as_bytes);
    let vocabulary = Vocabulary::new(single.chunks(1).chain(longer), ["<end>"]);
    let schema =
        json!({"type": "object", "additionalProperties": {"type": ["string", "integer", "array"]}});
    let schema = Schema::new(&schema, &Options::default()).expect("it is sound");
    let constraint = Constraint::new(&Grammar::schema(&schema), &vocabulary).expect("it compiles");
    for text in
        ["", "{", "{\"x", "{\"x\"", "{\"x\":", "{\"x\": 1", "{\"x\": \"y", "{\"x\": [[\"y\""]
    {
        let mut matcher = constraint.matcher();
        assert_eq!(matcher.advance_bytes(text.as_bytes()).expect("in limits"), text.len());
        let mask = matcher.mask().expect("in limits");
        for token in (0..vocabulary.len() as u32).map(TokenId) {
            let is_taken = matcher.fork().advance(token).expect("in limits");
            assert_eq!(mask.contains(token), is_taken, "{token} behind {text:?}");
        }
    }
}
