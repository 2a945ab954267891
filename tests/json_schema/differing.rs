//! Values that must differ from others, against brute force: all texts that masks lead to are those of
//! the looser schema that the judge accepts of the stricter one, and no mask leads into a dead end.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError, Matcher, Stop};
use tokenrail::grammar::Grammar;
use tokenrail::schema::{Escapes, Options, Order, Schema, WhiteSpace};
use tokenrail::vocab::TokenId;

use super::judge::{Judge, Sentence};
use super::random::Random;
use super::schemas::vocabularies::bytes;
use super::walks::{Manner, choose, judged, pieces};
use super::{of_the_model, verdict};

/// Texts that are gone through for one schema.
const MOST_TEXTS: usize = 40_000;

/// The most tokens of a walk.
const LONGEST: usize = 80;

/// Both orders of members.
const ORDERS: [Order; 2] = [Order::Any, Order::Declared];

/// A schema and what makes it stricter, by the mistake that they would show.
fn finite() -> Vec<(&'static str, Value, Value)> {
    let unique = || json!({"uniqueItems": true});
    let bit = json!({"enum": [null, true]});
    let tuple = |count: usize, item: Value| json!({"type": "array", "items": item, "minItems": count, "maxItems": count});
    let pair = json!({"type": "object", "properties": {"a": bit, "b": bit},
        "additionalProperties": false});
    let list = |items: Value, most: u64| json!({"type": "array", "items": items, "maxItems": most});
    let with = |mut value: Value, more: Value| {
        let more = more.as_object().expect("it is an object").clone();
        value.as_object_mut().expect("it is an object").extend(more);
        value
    };
    let free = json!({"type": "object", "propertyNames": {"pattern": "^(a|bc|bd)$"},
        "additionalProperties": {"const": 1}});
    vec![
        ("more arrays than are listed", list(tuple(7, bit.clone()), 2), unique()),
        ("arrays of any length", list(list(bit.clone(), 2), 3), unique()),
        ("optional members", list(pair.clone(), 2), unique()),
        (
            "three of required members",
            list(with(pair.clone(), json!({"required": ["a", "b"]})), 3),
            unique(),
        ),
        (
            "all there are",
            with(
                list(with(pair.clone(), json!({"required": ["a"], "maxProperties": 1})), 4),
                json!({"minItems": 2}),
            ),
            unique(),
        ),
        (
            "one member of two",
            list(with(pair.clone(), json!({"minProperties": 1, "maxProperties": 1})), 3),
            unique(),
        ),
        (
            "a member that asks for another",
            list(with(pair.clone(), json!({"dependentRequired": {"a": ["b"]}})), 2),
            unique(),
        ),
        ("keys that are not known by name", list(free.clone(), 2), unique()),
        (
            "few keys that are not known by name",
            list(with(free.clone(), json!({"minProperties": 1, "maxProperties": 1})), 4),
            unique(),
        ),
        ("nested", list(tuple(2, tuple(2, bit.clone())), 2), unique()),
        (
            "nested objects",
            list(
                json!({"type": "object", "properties": {"x": pair}, "required": ["x"],
                "additionalProperties": false}),
                2,
            ),
            unique(),
        ),
        (
            "arrays that are unique in unique ones",
            list(with(list(bit.clone(), 2), unique()), 3),
            unique(),
        ),
        (
            "items that count",
            list(
                with(tuple(3, bit.clone()), json!({"contains": {"const": null}, "maxContains": 1})),
                3,
            ),
            unique(),
        ),
        (
            "few that count as often as they must",
            list(
                with(tuple(2, bit.clone()), json!({"contains": {"const": null}, "minContains": 2})),
                3,
            ),
            unique(),
        ),
        (
            "few that have a property of a kind",
            list(
                with(
                    pair.clone(),
                    json!({"not": {"additionalProperties": {"const": null}, "properties": {"a": {"const": null}}}}),
                ),
                5,
            ),
            unique(),
        ),
        (
            "as many properties as there may be",
            list(
                json!({"type": "object", "additionalProperties": false, "minProperties": 5,
                    "patternProperties": {"^[a-e]$": {"const": 1}}}),
                2,
            ),
            unique(),
        ),
        (
            "places of different kinds",
            json!({"type": "array", "prefixItems": [list(bit.clone(), 1), tuple(1, bit.clone())],
                "items": {"const": []}, "maxItems": 3}),
            unique(),
        ),
        (
            "escapes and spellings",
            list(tuple(1, json!({"enum": ["\u{1}", "\\", 1.0, 1, 10]})), 3),
            unique(),
        ),
        (
            "excluded arrays",
            list(bit.clone(), 4),
            json!({"not": {"enum": [[], [null], [true, true], [null, true, null, true], [1]]}}),
        ),
        (
            "excluded objects",
            json!({"type": "object", "properties": {"a": bit, "b": bit, "c": bit},
                "additionalProperties": false}),
            json!({"not": {"enum": [{}, {"a": null}, {"b": true, "a": null}, {"c": null},
                {"a": true, "b": true, "c": true}, {"a": null, "b": true, "c": true}]}}),
        ),
        (
            "excluded but one",
            json!({"type": "object", "properties": {"a": bit, "b": bit}, "required": ["a", "b"],
                "additionalProperties": false}),
            json!({"not": {"enum": [{"a": null, "b": null}, {"b": true, "a": null},
                {"a": true, "b": true}]}}),
        ),
        (
            "excluded twice over",
            list(bit.clone(), 3),
            json!({"not": {"anyOf": [{"const": [null]}, {"not": {"not": {"enum": [[true], []]}}},
                {"not": {"not": {"const": [null, null]}}}]}}),
        ),
    ]
}

/// Schemas with values without end, or with more than can be gone through.
fn large() -> Vec<Value> {
    let word = json!({"type": "string", "pattern": "^[ab]{0,2}$"});
    let unique = |items: Value, least: u64| json!({"type": "array", "items": items, "uniqueItems": true, "minItems": least});
    let closed = |properties: Value| json!({"type": "object", "properties": properties, "additionalProperties": false});
    let required = |properties: Value| {
        let names: Vec<&String> = properties.as_object().expect("an object").keys().collect();
        json!({"type": "object", "properties": properties, "required": names})
    };
    vec![
        unique(json!({"type": "object"}), 2),
        unique(json!({"type": "array"}), 5),
        unique(json!(true), 12),
        unique(json!({"type": ["object", "array"]}), 8),
        unique(closed(json!({"a": word, "b": word, "c": {"type": "boolean"}})), 6),
        unique(required(json!({"id": {"type": "integer"}, "name": {"type": "string"}})), 4),
        unique(required(json!({"kind": {"const": "k"}, "of": {"type": "object"}})), 3),
        unique(json!({"type": "array", "items": word, "minItems": 2, "maxItems": 2}), 9),
        unique(unique(word.clone(), 2), 3),
        unique(closed(json!({"a": closed(json!({"b": unique(word, 1)}))})), 5),
        unique(
            json!({"type": "object", "patternProperties": {"^[ab]$": {"type": "boolean"}},
                "additionalProperties": false, "minProperties": 1}),
            8,
        ),
        json!({"type": "object", "not": {"enum": [{}, {"": 0}, {"a": 1}]}}),
    ]
}

#[test]
fn masks_lead_to_all_texts_of_values_that_differ_and_to_no_other() {
    let cases = finite();
    let mut wrong = Vec::new();
    for case in &cases {
        for order in ORDERS {
            let fault = check(case, order).err();
            wrong.extend(fault.map(|fault| format!("{}, {order:?}: {fault}", case.0)));
        }
    }
    verdict("values that differ", cases.len() * ORDERS.len(), &wrong);
}

#[test]
fn more_values_than_there_are_is_no_schema() {
    let bit = json!({"enum": [null, true]});
    let tuples = json!({"type": "array", "items": bit, "minItems": 7, "maxItems": 7});
    let pairs = json!({"type": "object", "properties": {"a": bit, "b": bit},
        "required": ["a", "b"], "additionalProperties": false});
    let keys = json!({"type": "object", "propertyNames": {"pattern": "^[ab]$"},
        "additionalProperties": {"const": 1}});
    let counted =
        json!({"type": "array", "items": bit, "maxItems": 2, "contains": {"const": true}});
    let one = json!({"const": 1});
    let full = json!({"type": "object", "additionalProperties": false, "minProperties": 5,
        "properties": {"a": one, "b": one, "c": one, "d": one, "e": one, "f": one}});
    let demanded = json!({"type": "object", "properties": {"a": bit, "b": bit},
        "additionalProperties": false, "not": {"additionalProperties": {"const": null}}});
    for (items, count) in
        [(tuples, 128), (pairs, 4), (keys, 4), (counted, 4), (full, 7), (demanded, 5)]
    {
        for more in 0..2 {
            let schema = json!({"type": "array", "uniqueItems": true, "items": items,
                "minItems": count + more});
            let constraint = Constraint::new(&grammar(&schema, Order::Any), &bytes());
            let is_empty = matches!(constraint, Err(ConstraintError::EmptySchema { .. }));
            assert_eq!(is_empty, more == 1, "{schema}: {:?}", constraint.err());
        }
    }
}

#[test]
fn walks_among_values_that_differ_come_to_no_dead_end() {
    let cases = large();
    let mut wrong = Vec::new();
    for schema in &cases {
        let judge = Judge::new(&schema.to_string()).expect("it is a schema");
        for order in ORDERS {
            let constraint = Constraint::new(&grammar(schema, order), of_the_model());
            let constraint = constraint.unwrap_or_else(|error| panic!("{schema}: {error}"));
            for seed in 1..3 {
                let fault = walk(&constraint, &judge, seed).err();
                wrong.extend(
                    fault.map(|fault| format!("{schema}, {order:?}, seed {seed}: {fault}")),
                );
            }
            let constraint = Constraint::new(&grammar(schema, order), &pieces());
            let constraint = constraint.unwrap_or_else(|error| panic!("{schema}: {error}"));
            for (seed, manner) in [(1, Manner::Uniform), (2, Manner::Finishing)] {
                let sentence = judged(&constraint, &judge, seed, manner);
                let fault = match sentence {
                    Ok(Sentence::Valid | Sentence::Unsure) => None,
                    Ok(Sentence::Wrong(why)) | Err(why) => Some(why),
                };
                let budget =
                    |fault| format!("{schema}, {order:?}, within a budget, {seed}: {fault}");
                wrong.extend(fault.map(budget));
            }
        }
    }
    verdict("walks among values that differ", cases.len() * ORDERS.len(), &wrong);
}

/// Walks some way, and judges the text if that comes to an end.
fn walk(constraint: &Constraint, judge: &Judge, seed: u64) -> Result<(), String> {
    let vocabulary = constraint.vocabulary();
    let mut random = Random::from_seed(seed);
    let mut matcher = constraint.matcher();
    let mut text = Vec::new();
    for _ in 0..LONGEST {
        let so_far = || String::from_utf8_lossy(&text).into_owned();
        let mask = matcher.mask().map_err(|error| format!("{error} after {}", so_far()))?;
        if mask.is_empty() {
            return Err(format!("a dead end after {}", so_far()));
        }
        let token = choose(&mask, vocabulary, Manner::Finishing, &mut random);
        assert!(matcher.advance(token).expect("within limits"), "a token of the mask");
        text.extend_from_slice(vocabulary.bytes(token));
        if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
            let text = String::from_utf8(text).map_err(|fault| fault.to_string())?;
            return match judge.sentence(&text) {
                Sentence::Wrong(why) => Err(format!("{why}: {text}")),
                Sentence::Valid | Sentence::Unsure => Ok(()),
            };
        }
    }
    Ok(())
}

/// All texts of the stricter schema against those of the looser one that the judge accepts.
fn check((_, loose, more): &(&str, Value, Value), order: Order) -> Result<(), String> {
    let mut strict = loose.clone();
    let keywords = more.as_object().expect("it is an object").clone();
    strict.as_object_mut().expect("it is an object").extend(keywords);
    let judge = Judge::new(&strict.to_string())?;
    let is_valid = |text: &String| judge.sentence(text) == Sentence::Valid;
    let found = texts(&strict, order)?;
    let expected: BTreeSet<String> = texts(loose, order)?.into_iter().filter(is_valid).collect();
    let missing = expected.difference(&found).next();
    let wrong = found.difference(&expected).next();
    match (missing, wrong) {
        (None, None) => Ok(()),
        (Some(text), _) => Err(format!("{text} is refused")),
        (_, Some(text)) => Err(format!("{text} is accepted")),
    }
}

/// All texts that masks lead to.
fn texts(schema: &Value, order: Order) -> Result<BTreeSet<String>, String> {
    let constraint = match Constraint::new(&grammar(schema, order), &bytes()) {
        Err(ConstraintError::EmptySchema { .. }) => return Ok(BTreeSet::new()),
        constraint => constraint.map_err(|error| error.to_string())?,
    };
    let mut texts = BTreeSet::new();
    gather(&mut constraint.matcher(), &mut Vec::new(), &mut texts)?;
    Ok(texts)
}

/// Goes on with every token of the mask, and gives the fewest tokens to an end, which are those
/// that the matcher says.
fn gather(
    matcher: &mut Matcher,
    text: &mut Vec<u8>,
    texts: &mut BTreeSet<String>,
) -> Result<usize, String> {
    let so_far = String::from_utf8_lossy(text).into_owned();
    if matcher.stop().map_err(|error| error.to_string())? == Some(Stop::EndOfSequence) {
        texts.insert(so_far);
        return Ok(0);
    }
    if texts.len() > MOST_TEXTS {
        return Err("there are too many texts".to_owned());
    }
    let mask = matcher.mask().map_err(|error| format!("{error} after {so_far}"))?;
    let said = matcher.tokens_to_accept().map_err(|error| format!("{error} after {so_far}"))?;
    let mut least: Option<usize> = None;
    for token in mask.iter() {
        let mut next = matcher.fork();
        let is_taken = next.advance(token).map_err(|error| error.to_string())?;
        assert!(is_taken, "{so_far}: a token of the mask");
        let length = text.len();
        text.extend(byte_of(token));
        let behind = gather(&mut next, text, texts)? + usize::from(text.len() > length);
        text.truncate(length);
        least = Some(least.map_or(behind, |least| least.min(behind)));
    }
    let least = least.ok_or_else(|| format!("a dead end after {so_far}"))?;
    match said == least {
        true => Ok(least),
        false => {
            Err(format!("{said} tokens are said to lead to an end, and {least} do, after {so_far}"))
        }
    }
}

/// The byte of a token; none of the end of sequence.
fn byte_of(token: TokenId) -> Option<u8> {
    u8::try_from(token.0).ok()
}

fn grammar(schema: &Value, order: Order) -> Grammar {
    let options = Options {
        order,
        white_space: WhiteSpace::Compact,
        escapes: Escapes::Minimal,
        ..Options::default()
    };
    let schema = Schema::parse(&schema.to_string(), &options);
    Grammar::schema(&schema.expect("it is a schema"))
}
