//! Small schemas of keywords that meet: every small value is decided as the judge decides it, and
//! walks under the mask end.

use serde_json::{Map, Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::schema::Spelling;

use super::judge::{Judge, Sentence};
use super::random::Random;
use super::schemas::engine::{self, Dialect, Draft, Order};
use super::schemas::vocabularies::bytes;
use super::verdict;
use super::walks::{Manner, as_judged, judged};

/// Schemas, by the mistake that they would show.
const CASES: [&str; 25] = [
    // A name that implies itself implies nothing that could be broken.
    r#"{"not": {"dependentRequired": {"c": ["c"]}}}"#,
    r#"{"if": {"dependentRequired": {"a": ["a"]}}, "then": {"required": ["zz"]}}"#,
    r#"{"oneOf": [{"dependencies": {"b": ["b"]}}, {}]}"#,
    // A wrong item behind a prefix comes behind items of the prefix.
    r#"{"not": {"prefixItems": [true], "items": {"minLength": 2}}}"#,
    r#"{"not": {"prefixItems": [{"pattern": "a"}], "items": {"minLength": 2}}}"#,
    r#"{"oneOf": [{}, {"prefixItems": [{"pattern": "a"}], "items": {"minimum": 0}}]}"#,
    // Items that serve several demands are put together in every way.
    r#"{"type": "array", "maxItems": 2, "allOf": [{"contains": {"enum": [1, 2]}},
        {"contains": {"enum": [0, 1]}}, {"contains": {"const": 2}}, {"contains": {"const": 0}}]}"#,
    r#"{"type": "array", "maxItems": 3, "contains": {"maximum": 1}, "maxContains": 1,
        "allOf": [{"contains": {"minimum": 1}, "minContains": 3}]}"#,
    r#"{"type": "array", "prefixItems": [{"maximum": 1}], "minItems": 2,
        "allOf": [{"contains": {"enum": [1, "a"]}}, {"contains": {"enum": [2, "a"]}}]}"#,
    // Values that must differ are as many as there are, and as long as they are.
    r#"{"uniqueItems": true, "items": {"type": "boolean"}, "minItems": 2, "type": "array"}"#,
    r#"{"uniqueItems": true, "items": {"type": "boolean"}, "minItems": 3, "type": "array"}"#,
    r#"{"items": {"enum": [1, 1.0, 2]}, "uniqueItems": true, "minItems": 3, "type": "array"}"#,
    r#"{"items": {"type": "integer"}, "uniqueItems": true, "minItems": 12, "type": "array"}"#,
    r#"{"items": {"type": "string"}, "uniqueItems": true, "minItems": 3, "type": "array"}"#,
    r#"{"items": {"type": "object", "properties": {"a": {"type": "boolean"}},
        "additionalProperties": false}, "uniqueItems": true, "minItems": 3, "type": "array"}"#,
    r#"{"items": {"enum": [[], [0], {}]}, "uniqueItems": true, "type": "array"}"#,
    r#"{"prefixItems": [{"enum": [1, 2]}, {"const": 1}], "uniqueItems": true, "minItems": 2,
        "type": "array"}"#,
    r#"{"items": {"enum": [0, 1]}, "contains": {"const": 1}, "uniqueItems": true, "minItems": 2,
        "type": "array"}"#,
    r#"{"propertyNames": {"pattern": "^[ab]$"}, "minProperties": 3, "type": "object"}"#,
    r#"{"not": {"items": {"minItems": 3, "maximum": 2, "maxLength": 3}}, "uniqueItems": true}"#,
    // Two equal items are demanded where `uniqueItems` is negated.
    r#"{"not": {"uniqueItems": true}}"#,
    r#"{"oneOf": [{"items": {"type": "integer"}, "uniqueItems": true}, {"items": {"type": "string"}}]}"#,
    r#"{"type": "array", "not": {"uniqueItems": true}, "maxItems": 2, "items": {"type": "integer"}}"#,
    r#"{"type": "array", "not": {"uniqueItems": true}, "maxItems": 2,
        "prefixItems": [{"enum": [1, 2]}, {"enum": [2, 3]}]}"#,
    r#"{"type": "array", "not": {"uniqueItems": true}, "contains": {"const": 1}, "maxContains": 1,
        "items": {"enum": [0, 1]}, "maxItems": 3}"#,
];

/// Schemas that are drawn, each from its number as the seed.
const RANDOM: u64 = 300;

/// The draft of schemas that declare none.
const DRAFT: Draft = Draft::Draft202012;

#[test]
fn keywords_that_meet_are_decided_as_by_the_judge() {
    let values = values();
    let wrong: Vec<String> =
        CASES.iter().filter_map(|schema| check(schema, &values).err()).collect();
    verdict("schemas of keywords that meet", CASES.len(), &wrong);
}

#[test]
fn random_schemas_are_decided_as_by_the_judge() {
    let values = values();
    let mut wrong = Vec::new();
    for seed in 0..RANDOM {
        let schema = schema(&mut Random::from_seed(seed), 2).to_string();
        wrong.extend(check(&schema, &values).err().map(|what| format!("seed {seed}: {what}")));
    }
    verdict("random schemas", RANDOM as usize, &wrong);
}

/// A schema of a few keywords, most of which look at the same values.
fn schema(random: &mut Random, depth: usize) -> Value {
    if random.below(16) == 0 {
        return Value::from(random.below(3) > 0);
    }
    let mut keywords = Map::new();
    for _ in 0..1 + random.below(4) {
        let (keyword, value) = keyword(random, depth);
        keywords.insert(keyword.to_owned(), value);
    }
    if keywords.contains_key("if") {
        keywords.insert("then".to_owned(), schema(random, depth.saturating_sub(1)));
    }
    Value::from(keywords)
}

/// A keyword with a value that it may have.
fn keyword(random: &mut Random, depth: usize) -> (&'static str, Value) {
    let one = |random: &mut Random, of: &Value| {
        of[random.below(of.as_array().map_or(1, Vec::len))].clone()
    };
    let plain = json!([null, 0, 1, 2, "", "a", "b", "ab", true, [0], {"a": 1}]);
    let kinds = json!(["null", "boolean", "integer", "number", "string", "array", "object"]);
    let name = |random: &mut Random| one(random, &json!(["a", "b", "c"]));
    let keys = json!(["^a", "b$", "^.$", "^[ab]$"]);
    let small = |random: &mut Random| Value::from(random.below(4));
    // Where schemas are nested no deeper, only keywords without schemas are drawn.
    let drawn = random.below(if depth > 0 { 30 } else { 17 });
    let inner = |random: &mut Random| schema(random, depth - 1);
    let two = |random: &mut Random| json!([inner(random), inner(random)]);
    match drawn {
        0 => ("type", one(random, &kinds)),
        1 => ("type", json!(["array", "object"])),
        2 => ("const", one(random, &plain)),
        3 => ("enum", json!([one(random, &plain), one(random, &plain)])),
        4 => ("minimum", small(random)),
        5 => ("maximum", small(random)),
        6 => ("multipleOf", json!(2)),
        7 => ("minLength", small(random)),
        8 => ("maxLength", small(random)),
        9 => ("pattern", one(random, &keys)),
        10 => ("minItems", small(random)),
        11 => ("maxItems", small(random)),
        12 | 13 => ("uniqueItems", json!(true)),
        14 => ("required", json!([name(random)])),
        15 => ("minProperties", small(random)),
        16 => ("maxProperties", small(random)),
        17 => ("dependentRequired", json!({"a": [name(random)], "b": [name(random)]})),
        18 | 19 => ("items", inner(random)),
        20 => ("prefixItems", two(random)),
        21 | 22 => ("contains", inner(random)),
        23 => ("properties", json!({"a": inner(random), "b": inner(random)})),
        24 => ("additionalProperties", inner(random)),
        25 => ("propertyNames", json!({"pattern": one(random, &keys)})),
        26 => ("not", inner(random)),
        27 => ("anyOf", two(random)),
        28 => ("oneOf", two(random)),
        _ => ("if", inner(random)),
    }
}

/// A schema against the judge: every value, and two walks.
fn check(schema: &str, values: &[Value]) -> Result<(), String> {
    let judge = Judge::of_draft(schema, as_judged(DRAFT))?;
    let dialect =
        Dialect { order: Order::Any, draft: Some(DRAFT), remotes: None, numbers: Spelling::Usual };
    let wrong = |what: &str| Err(format!("{schema}: {what}"));
    let grammar =
        engine::grammar_of(schema, &dialect).map_err(|what| format!("{schema}: {what}"))?;
    let constraint = match Constraint::new(&grammar, &bytes()) {
        Ok(constraint) => constraint,
        Err(ConstraintError::EmptySchema { .. }) => {
            return match values.iter().find(|value| judge.is_valid(value)) {
                Some(value) => wrong(&format!("it allows no value, though {value} conforms")),
                None => Ok(()),
            };
        }
        Err(error) => return wrong(&error.to_string()),
    };
    for value in values {
        let why = constraint.matcher().explain_bytes(value.to_string().as_bytes());
        let why = why.map_err(|error| format!("{schema}: {value}: {error}"))?;
        match (why, judge.is_valid(value)) {
            (None, false) => return wrong(&format!("{value} is accepted")),
            (Some(why), true) => return wrong(&format!("{value} is refused {why}")),
            _ => {}
        }
    }
    for (seed, manner) in [(1, Manner::Uniform), (2, Manner::Finishing)] {
        match judged(&constraint, &judge, seed, manner) {
            Ok(Sentence::Valid | Sentence::Unsure) => {}
            Ok(Sentence::Wrong(why)) | Err(why) => return wrong(&format!("walk {seed}: {why}")),
        }
    }
    Ok(())
}

/// Small values of every type: arrays of up to three items, and objects of up to three members.
fn values() -> Vec<Value> {
    let plain = json!([null, true, false, 0, 1, 2, -1, 0.5, "", "a", "ab", "b"]);
    let mut values = plain.as_array().expect("it is a list").clone();
    let inner = json!([0, 1, 2, "", "a", null, false, true, [], [0], {}, {"a": 1}]);
    let inner = inner.as_array().expect("it is a list");
    let mut arrays = vec![Vec::new()];
    let mut at = 0;
    while let Some(array) = arrays.get(at).cloned() {
        at += 1;
        // Of the longest only those of a few items, as there are many.
        let most = if array.len() == 2 { 5 } else { inner.len() };
        if array.len() < 3 && array.iter().all(|item| array.len() < 2 || inner[..5].contains(item))
        {
            arrays.extend(
                inner[..most].iter().map(|item| [&array[..], std::slice::from_ref(item)].concat()),
            );
        }
    }
    values.extend(arrays.into_iter().map(Value::from));
    let members = [json!(0), json!(1), json!("a"), json!("ab"), json!([])];
    let mut objects = vec![Map::new()];
    for key in ["a", "b", "c"] {
        for object in objects.clone() {
            for member in &members[..if object.len() == 2 { 2 } else { members.len() }] {
                let mut object = object.clone();
                object.insert(key.to_owned(), member.clone());
                objects.push(object);
            }
        }
    }
    values.extend(objects.into_iter().map(Value::from));
    values
}
