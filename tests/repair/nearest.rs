//! What the schema makes of texts that no reading covers: the nearest value that conforms, or the readings
//! with their costs.

use serde_json::{Value, json};
use tokenrail::repair::{Options, Status};

use super::cases::repaired;

/// What comes of a text: a value, or the costs of its readings.
enum Expected {
    Value(Value),
    Costs(&'static [usize]),
}

fn check(text: &str, schema: &Value, expected: &Expected) {
    let found = repaired(text, schema, &Options::default());
    let told = || format!("{text} for {schema}: {}", found.to_json_line());
    match expected {
        Expected::Value(value) => {
            assert_eq!(
                (found.status, found.value()),
                (Status::Repaired, Some(value.clone())),
                "{}",
                told()
            );
        }
        Expected::Costs(costs) => {
            assert_eq!(
                (found.status, found.costs.as_slice()),
                (Status::Ambiguous, *costs),
                "{}",
                told()
            );
            assert_eq!(found.alternatives.len(), costs.len(), "{}", told());
        }
    }
}

/// An object of nothing but these members, all of which are required.
fn closed(members: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
}

#[test]
fn schemas_leave_one_reading() {
    let string = json!({"type": "string"});
    let object = json!({"type": "object"});
    let list = json!({"type": "array", "items": object});
    let pair = closed(&[("a", string.clone()), ("d", string.clone())]);
    let nested = closed(&[("a", closed(&[("b", json!({})), ("c", json!({}))])), ("d", json!({}))]);
    let one = json!({"type": "array", "items": string, "maxItems": 1});
    let value = Expected::Value;
    // A bracket closes too early.
    check(r#"{"a": 1}, "b": 2}"#, &object, &value(json!({"a": 1, "b": 2})));
    check(
        r#"{"a": {"b": 1}, "c": 2}, "d": 3}"#,
        &nested,
        &value(json!({"a": {"b": 1, "c": 2}, "d": 3})),
    );
    check(r#"{"a": {"b": 1}, "c": 2}, "d": 3}"#, &object, &Expected::Costs(&[1, 1]));
    // An opening one is missing.
    check(r#"["a": "b"}]"#, &list, &value(json!([{"a": "b"}])));
    // A quote is missing, or there are two.
    check(r#"{"a":"b,c,"d":"e"}"#, &pair, &value(json!({"a": "b,c", "d": "e"})));
    check(r#"{"a":"b,c,"d":"e"}"#, &object, &Expected::Costs(&[1, 2]));
    check(r#"["hello, world]"#, &one, &value(json!(["hello, world"])));
    check(r#"["hello, world]"#, &json!({"items": string}), &Expected::Costs(&[1, 2]));
    check(r#"{"a": ""b", "d": "e"}"#, &pair, &value(json!({"a": "b", "d": "e"})));
}

/// A word alone is one of an enum, and nothing where any text would do.
#[test]
fn words_are_values_of_enums() {
    let names = json!({"enum": ["ONE", "TWO"]});
    check("TWO", &names, &Expected::Value(json!("TWO")));
    check(" two\n", &names, &Expected::Value(json!("TWO")));
    for (text, schema) in [("three", &names), ("I will not", &json!({"type": "string"}))] {
        let found = repaired(text, schema, &Options::default());
        assert_eq!((found.status, found.text), (Status::Failed, None), "{text} for {schema}");
    }
}

/// What does not conform is told as it was understood.
#[test]
fn unfit_values_are_told() {
    let schema = json!({"properties": {"a": {"type": "integer"}}});
    let found = repaired("{a: 1.50}", &schema, &Options::default());
    assert_eq!((found.status, found.unfit.as_deref()), (Status::Failed, Some(r#"{"a":1.50}"#)));
    let line = found.to_json_line();
    assert!(line.contains(r#""unfit":{"a":1.50},"refusal":{"reason":"schema""#), "{line}");
}
