//! How endpoints are asked to hold a reply to something: each in its own fields, and schemas in the subset of
//! strict modes, of which the values come back as they were.
//!
//! The judges are a check of the subset that is written here from its documentation, and the validator.

use serde_json::{Map, Value, json};
use tokenrail::openai::{Change, Dialect, Effect, Notation, Strict, Wanted};
use tokenrail::schema::{Options, Policy, Validator};

mod support;

/// What the subset is not, by the place.
fn faults(schema: &Value, at: &str, found: &mut Vec<String>) {
    const KNOWN: [&str; 17] = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "enum",
        "$ref",
        "title",
        "description",
        "pattern",
        "format",
        "multipleOf",
        "minItems",
        "maxItems",
        "$defs",
        "const",
    ];
    const BOUNDS: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    let Some(keywords) = schema.as_object() else {
        return found.push(format!("{at} is {schema}"));
    };
    for (name, value) in keywords {
        let is_known =
            KNOWN.contains(&name.as_str()) || BOUNDS.contains(&name.as_str()) && value.is_number();
        if !is_known {
            found.push(format!("{at}/{name} is not known"));
        }
    }
    if keywords.contains_key("$ref") && keywords.len() > 1 {
        found.push(format!("{at} has something beside $ref"));
    }
    if schema["type"] == "object" {
        let names: Vec<&String> =
            schema["properties"].as_object().into_iter().flat_map(Map::keys).collect();
        if schema["required"] != json!(names) || schema["additionalProperties"] != json!(false) {
            found.push(format!("{at} is open"));
        }
    } else if !["type", "anyOf", "$ref", "enum"].iter().any(|name| keywords.contains_key(*name)) {
        found.push(format!("{at} says no type"));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        faults(property, &format!("{at}/properties/{name}"), found);
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        faults(definition, &format!("{at}/$defs/{name}"), found);
    }
    for (index, branch) in schema["anyOf"].as_array().into_iter().flatten().enumerate() {
        faults(branch, &format!("{at}/anyOf/{index}"), found);
    }
    if keywords.contains_key("items") {
        faults(&schema["items"], &format!("{at}/items"), found);
    }
}

/// A value as the subset wants it: with null for what was left out.
fn written(value: &Value, schema: &Value, root: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return written(value, target.expect("it refers to what is there"), root);
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        let all = branches.iter().map(|branch| (written(value, branch, root), branch));
        let fits = |(written, branch): &(Value, &Value)| {
            let definitions = root.get("$defs").cloned().unwrap_or(json!({}));
            let whole = json!({"$defs": definitions, "allOf": [branch]});
            is_valid(&whole, written) == Some(true)
        };
        return all.into_iter().find(fits).map_or_else(|| value.clone(), |(written, _)| written);
    }
    match value {
        Value::Object(members) if schema["type"] == "object" => {
            let empty = Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&empty);
            let mut all = members.clone();
            for (name, property) in properties {
                let member = members.get(name);
                let member = member.map_or(Value::Null, |member| written(member, property, root));
                all.insert(name.clone(), member);
            }
            Value::Object(all)
        }
        Value::Array(items) if schema["type"] == "array" => {
            items.iter().map(|item| written(item, &schema["items"], root)).collect()
        }
        other => other.clone(),
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !member.is_null());
            members.map(|(name, member)| (name, without_null(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_null).collect(),
        other => other,
    }
}

fn is_valid(schema: &Value, value: &Value) -> Option<bool> {
    let options = Options { policy: Policy::Complete, ..Options::default() };
    Validator::new(schema, &options).ok().map(|validator| validator.validate(value).is_empty())
}

/// Checks the laws on a schema and values of it; gives how many values the changes left possible.
fn check(name: &str, schema: &Value, values: &[Value]) -> Option<usize> {
    let strict = Strict::new(schema).ok()?;
    let mut found = Vec::new();
    faults(&strict.schema, "", &mut found);
    assert!(strict.schema["type"] == "object", "{name}: {}", strict.schema);
    assert!(found.is_empty(), "{name}: {found:#?}\n{}\nfrom {schema}", strict.schema);
    let is_root = is_valid(&strict.schema, &json!({"value": values.first()})).is_some();
    assert!(is_root, "{name}: it is no schema: {}", strict.schema);
    let is_wrapped = strict.changes.iter().any(|change| change.what.starts_with("the root is"));
    let mut possible = 0;
    for value in values {
        let wrapped = if is_wrapped { json!({"value": value}) } else { value.clone() };
        let asked = written(&wrapped, &strict.schema, &strict.schema);
        match is_valid(&strict.schema, &asked) {
            Some(true) => {
                possible += 1;
                // Where null is a value of its own it stands for what was left out too, and the changes say so;
                // and so it may be in one of several branches.
                let says = |change: &Change| change.what.ends_with("is not told from null");
                let is_told = strict.changes.iter().any(says);
                let has_branches = strict.schema.to_string().contains("\"anyOf\"");
                let read = strict.read(asked);
                match is_told || has_branches {
                    true => assert_eq!(without_null(read), without_null(value.clone()), "{name}"),
                    false => assert_eq!(&read, value, "{name}: it does not come back"),
                }
            }
            _ => assert_eq!(
                strict.effect(),
                Effect::Tightened,
                "{name}: {value} is left out: {asked}\n{}\nfrom {schema}",
                strict.schema
            ),
        }
    }
    Some(possible)
}

#[test]
fn schemas_of_all_kinds_keep_to_the_subset_and_values_come_back() {
    let own = include_str!("data/maskbench.jsonl");
    let shared = support::cases("maskbench/schemas.jsonl", "maskbench.jsonl");
    let (mut schemas, mut values, mut possible) = (0, 0, 0);
    // Each takes some milliseconds, and there are thousands: those of one in eleven are enough here.
    for line in own.lines().chain(shared.lines().step_by(11)) {
        let case: Value = serde_json::from_str(line).expect("it is JSON");
        let tests = case["tests"].as_array().into_iter().flatten();
        let valid = tests.filter(|test| test["valid"] == true).map(|test| test["data"].clone());
        let valid: Vec<Value> = valid.collect();
        if let Some(count) = check(&case["id"].to_string(), &case["schema"], &valid) {
            schemas += 1;
            values += valid.len();
            possible += count;
        }
    }
    assert!(
        schemas > 5 && possible * 3 > values,
        "{schemas} schemas, {possible} of {values} values"
    );
}

/// A schema, the keywords' places with what became of them, and a value of it.
type Case = (Value, &'static [(&'static str, Effect)], Value);

#[test]
fn each_change_is_told_with_its_place() {
    use Effect::{Loosened, Respelled, Tightened};
    let closed = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let cases: Vec<Case> = vec![
        (closed(json!({"a": {"type": "string"}}), json!(["a"])), &[], json!({"a": "x"})),
        (
            closed(json!({"a": {"type": "string"}}), json!([])),
            &[("/properties/a", Respelled)],
            json!({}),
        ),
        (json!({"enum": ["a", 1]}), &[("", Respelled)], json!(1)),
        (
            closed(json!({"a": {"not": {"const": 1}, "type": "integer"}}), json!(["a"])),
            &[("/properties/a/not", Loosened)],
            json!({"a": 2}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}),
            &[("", Tightened)],
            json!({"a": null}),
        ),
        (
            closed(json!({"a": {"oneOf": [{"type": "null"}, {"type": "string"}]}}), json!(["a"])),
            &[("/properties/a/oneOf", Loosened)],
            json!({"a": "x"}),
        ),
        (
            closed(
                json!({"a": {"items": [{"type": "string"}], "additionalItems": false}}),
                json!(["a"]),
            ),
            &[("/properties/a/additionalItems", Loosened), ("/properties/a/items", Loosened)],
            json!({"a": ["x"]}),
        ),
        (
            closed(
                json!({"a": {"minimum": 1, "exclusiveMinimum": true}, "b": {"format": "uri"}}),
                json!(["a", "b"]),
            ),
            &[("/properties/b/format", Loosened)],
            json!({"a": 2, "b": "http://x"}),
        ),
        (
            json!({
                "$ref": "#/definitions/node",
                "definitions": {"node": closed(
                    json!({"next": {"anyOf": [{"$ref": "#/definitions/node"}, {"type": "null"}]}}),
                    json!(["next"]),
                )},
            }),
            &[],
            json!({"next": {"next": null}}),
        ),
        (
            json!({"allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            ], "unevaluatedProperties": false}),
            &[],
            json!({"a": "x", "b": 1}),
        ),
    ];
    for (schema, expected, value) in cases {
        let strict = Strict::new(&schema).expect("it has a form");
        let found: Vec<(&str, Effect)> =
            strict.changes.iter().map(|change| (change.pointer.as_str(), change.effect)).collect();
        assert_eq!(found, expected, "{schema}");
        assert_eq!(check("case", &schema, &[value]), Some(1), "{schema}");
    }
}

#[test]
fn what_has_no_form_is_refused_with_its_place() {
    let deep = (0..12).fold(json!({"type": "string"}), |items, _| json!({"items": items}));
    let many: Vec<usize> = (0..1_001).collect();
    // Each refers to the next one twice, beside what says more.
    let both = |at: usize| {
        let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
        json!({"type": "object", "anyOf": [next, next]})
    };
    let mut doubling = both(0);
    doubling["$defs"] = (1..40).map(|at| (format!("d{at}"), both(at))).collect();
    doubling["$defs"]["d40"] = json!({"type": "object"});
    for (schema, message) in [
        (json!(false), "no value is allowed (at )"),
        (json!({"$ref": "x.json"}), "\"x.json\" is not within the schema (at /$ref)"),
        (json!({"$ref": "#"}), "\"#\" is not within the schema (at /$ref)"),
        (json!({"items": 3}), "a schema is an object or a boolean, not 3 (at /items)"),
        (deep, "13 levels of nesting are over the limit of 10 in strict mode"),
        (
            doubling,
            "10001 schemas, each as often as it is referred to, are over the limit of 10000 in strict mode",
        ),
        (json!({"enum": many}), "1001 values of enums are over the limit of 1000 in strict mode"),
        (
            json!({"allOf": [{"$ref": "#"}, {"type": "string"}]}),
            "65 levels of nesting and references are over the limit of 64 in strict mode",
        ),
    ] {
        let error = Strict::new(&schema).expect_err("it has no form");
        assert_eq!(error.to_string(), message, "{schema}");
    }
}

/// What each dialect sends for what is wanted: the field and its value, or why it cannot.
#[test]
fn dialects_have_their_own_fields() {
    let schema = json!({"type": "array", "items": {"type": "integer"}});
    let choices = ["a.b".to_owned(), "\"c".to_owned()];
    let format = |value: Value| json!({"response_format": value});
    let named = |schema: &Value| json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}});
    let regex = Wanted::Regex("[0-9]+");
    let gbnf = Wanted::Grammar(Notation::Gbnf, "root ::= \"a\"");
    let cases: Vec<(Dialect, Wanted<'_>, Result<Value, &str>)> = vec![
        (Dialect::Compatible, Wanted::Schema(&schema), Ok(format(named(&schema)))),
        (Dialect::Compatible, Wanted::Object, Ok(format(json!({"type": "json_object"})))),
        (Dialect::Compatible, regex, Err("compatible takes no regex (it takes: schema, object)")),
        (
            Dialect::Vllm,
            Wanted::Schema(&schema),
            Ok(json!({"structured_outputs": {"json": schema}})),
        ),
        (Dialect::Vllm, gbnf, Ok(json!({"structured_outputs": {"grammar": "root ::= \"a\""}}))),
        (
            Dialect::Vllm,
            Wanted::Choices(&choices),
            Ok(json!({"structured_outputs": {"choice": choices}})),
        ),
        (Dialect::VllmGuided, regex, Ok(json!({"guided_regex": "[0-9]+"}))),
        (Dialect::Sglang, Wanted::Choices(&choices), Ok(json!({"regex": r#"(a\.b|"c)"#}))),
        (Dialect::Sglang, Wanted::Schema(&schema), Ok(format(named(&schema)))),
        (
            Dialect::LlamaCpp,
            Wanted::Choices(&choices),
            Ok(json!({"grammar": r#"root ::= "a.b" | "\"c""#})),
        ),
        (
            Dialect::LlamaCpp,
            regex,
            Err("llama.cpp takes no regex (it takes: schema, object, choices, gbnf)"),
        ),
        (Dialect::Tgi, regex, Ok(format(json!({"type": "regex", "value": "[0-9]+"})))),
        (
            Dialect::Strict,
            gbnf,
            Err("strict takes no gbnf (it takes: schema, object, regex, choices)"),
        ),
    ];
    for (dialect, wanted, expected) in cases {
        let mut body = Map::new();
        let found = dialect.constrain(wanted, &mut body).map(|_| Value::Object(body));
        let expected = expected.map_err(str::to_owned);
        assert_eq!(found.map_err(|error| error.to_string()), expected, "{dialect}, {wanted:?}");
    }
}

/// What strict mode wants around a text or a value is taken off again.
#[test]
fn replies_of_strict_mode_are_read_back() {
    let schema = json!({"type": "array", "items": {"type": "integer"}});
    let choices = ["a".to_owned(), "b".to_owned()];
    for (wanted, reply, meant) in [
        (Wanted::Schema(&schema), r#"{"value": [1, 2]}"#, "[1,2]"),
        (Wanted::Choices(&choices), r#"{"value": "b"}"#, "b"),
        (Wanted::Regex("b+"), r#"{"value": "bb"}"#, "bb"),
        (Wanted::Regex("b+"), "bb", "bb"),
        (Wanted::Schema(&schema), "[1, 2", "[1, 2"),
    ] {
        let asked = Dialect::Strict.constrain(wanted, &mut Map::new()).expect("it takes it");
        assert_eq!(asked.read(reply), meant, "{wanted:?}");
    }
}
