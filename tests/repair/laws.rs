//! What holds of every reply, whatever is wrong with it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenrail::repair::{
    Change, Class, Finish, Options, Repaired, Salvage, State, Status, TextEdit, apply, invert,
    repair,
};

use super::cases::{own, repaired, shared};

/// Files of cases with their inputs and, in some, schemas.
const FILES: [&str; 7] = [
    "policy.json",
    "jsonrepair.json",
    "json_repair_syntax.json",
    "json_repair_schema.json",
    "vercel_fixjson_partial.json",
    "disagreements_jsonrepair_vs_json_repair.json",
    "baml_sap.json",
];

fn inputs() -> Vec<(String, Value)> {
    let shared = FILES.into_iter().filter_map(shared).flatten();
    let input = |case: Value| {
        let text = case["input"].as_str()?.to_owned();
        let schema =
            if case["schema"].is_object() { &case["schema"] } else { &case["options"]["schema"] };
        // A schema of the cases may be wrong on purpose.
        let options = tokenrail::schema::Options::default();
        let is_schema =
            tokenrail::schema::Validator::new(schema, &options).is_ok() && schema.is_object();
        Some((text, if is_schema { schema.clone() } else { Value::Null }))
    };
    own("policy.json").into_iter().chain(shared).filter_map(input).collect()
}

fn ways() -> Vec<Options> {
    let salvage = Options::default()
        .allowing(Salvage::ALL.iter().copied().filter(|rule| *rule != Salvage::Last));
    let cut = Options { finish: Finish::Length, ..salvage.clone() };
    vec![Options::default(), salvage, cut]
}

/// The laws of the module.
fn check(input: &str, schema: &Value, options: &Options) {
    let found = repaired(input, schema, options);
    let told = || format!("{input:?} for {schema}: {}", found.to_json_line());
    let Some(text) = &found.text else {
        assert!(matches!(found.status, Status::Ambiguous | Status::Failed), "{}", told());
        assert!(found.refusal.is_some(), "{}", told());
        return;
    };
    let edited =
        apply(input, &found.edits).unwrap_or_else(|| panic!("edits do not fit: {}", told()));
    assert_eq!(apply(&edited, &invert(&found.edits)).as_deref(), Some(input), "{}", told());
    if let Ok(before) = serde_json::from_str::<Value>(&edited) {
        let is_there = |edit: &TextEdit| before.pointer(&edit.pointer).is_some();
        assert!(found.edits.iter().all(is_there), "{}", told());
    }
    if found.patch.is_empty() {
        assert_eq!(&edited, text, "{}", told());
    } else if let Ok(before) = serde_json::from_str::<Value>(&edited) {
        assert_eq!(Some(patched(before, &found)), found.value(), "{}", told());
    }
    assert_eq!(
        found.status == Status::Valid,
        found.edits.is_empty() && found.patch.is_empty(),
        "{}",
        told()
    );
    let again = repaired(text, schema, options);
    assert_eq!((again.status, again.text.as_ref()), (Status::Valid, Some(text)), "{}", told());
    for edit in found.edits.iter().filter(|edit| edit.class == Class::Lossless) {
        let mut now = edit.now.chars();
        let is_kept = |char: char| now.any(|other| other == char);
        let mut said = edit.was.chars().filter(|char| char.is_alphanumeric());
        assert!(said.all(is_kept), "{edit:?} of {}", told());
    }
}

/// Applies JSON Patch (RFC 6902), as far as it is written here, by another implementation.
fn patched(mut value: Value, found: &Repaired) -> Value {
    for edit in &found.patch {
        let (parent, last) = edit.pointer.rsplit_once('/').unwrap_or(("", ""));
        let name = |token: &str| token.replace("~1", "/").replace("~0", "~");
        let was = value.pointer(&edit.pointer).cloned();
        let told: Value = serde_json::from_str(&edit.was).expect("the cases are well formed");
        assert_eq!(was.as_ref(), Some(&told), "{edit:?}");
        match &edit.change {
            Change::Replace(now) => {
                *value.pointer_mut(&edit.pointer).expect("the cases are well formed") =
                    serde_json::from_str(now).expect("the cases are well formed");
            }
            Change::Remove => match value.pointer_mut(parent).expect("the cases are well formed") {
                Value::Object(members) => drop(members.shift_remove(&name(last))),
                other => drop(
                    other
                        .as_array_mut()
                        .expect("the cases are well formed")
                        .remove(last.parse().expect("the cases are well formed")),
                ),
            },
            Change::Move(to) => {
                let members = value
                    .pointer_mut(parent)
                    .expect("the cases are well formed")
                    .as_object_mut()
                    .expect("the cases are well formed");
                members.shift_remove(&name(last));
                members.insert(
                    name(to.rsplit_once('/').expect("the cases are well formed").1),
                    was.expect("the cases are well formed"),
                );
            }
        }
    }
    value
}

#[test]
fn laws_hold_of_all_cases() {
    for (input, schema) in inputs() {
        for options in ways() {
            check(&input, &schema, &options);
            check(&input, &Value::Null, &options);
        }
    }
}

/// Edits say in which value they lie.
#[test]
fn edits_have_pointers() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let found = repair(text, &Options::default());
        let edits = found.edits.iter();
        let pointers: Vec<(&str, &str)> =
            edits.map(|edit| (edit.rule.name(), edit.pointer.as_str())).collect();
        assert_eq!(pointers, expected, "{text}");
    };
    check(
        "Here: {a: [1, +2,], \"b/c\": {d: True}",
        &[
            ("strip_prose", ""),
            ("quote_key", "/a"),
            ("number", "/a/1"),
            ("delete_comma", "/a"),
            ("quote_key", "/b~1c/d"),
            ("literal", "/b~1c/d"),
            ("insert", ""),
        ],
    );
    check("[[], {}, ['x']]", &[("requote", "/2/0"), ("requote", "/2/0")]);
}

/// What is not complete in a reply that was cut off.
#[test]
fn cut_values_have_states() {
    let check = |text: &str, expected: &[(&str, State)]| {
        let options = Options { finish: Finish::Length, ..Options::default() };
        let lossy = options.clone().allowing([Salvage::Incomplete]);
        for options in [options, lossy] {
            let found = repair(text, &options);
            let states: Vec<(&str, State)> =
                found.states.iter().map(|(pointer, state)| (pointer.as_str(), *state)).collect();
            assert_eq!(states, expected, "{text}");
        }
    };
    check(
        "{\"a\": [1, 2",
        &[("", State::Partial), ("/a", State::Partial), ("/a/1", State::Absent)],
    );
    check("{\"a\": [1, ", &[("", State::Partial), ("/a", State::Partial)]);
    check("{\"a\": 1, \"b\": {\"c\": \"d", &[("", State::Partial), ("/b", State::Absent)]);
    check("{\"a\": 1, \"b", &[("", State::Partial)]);
    check("{\"a\": 1}", &[]);
}

#[test]
fn laws_hold_of_damaged_cases() {
    let mut random = 7_u64;
    let mut next = |below: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below.max(1)
    };
    let signs = [
        "\"", ",", "{", "}", "[", "]", ":", "\\", "'", "\n", "/*", "//", "```", "0", "é", "…", "+",
    ];
    for (input, schema) in inputs() {
        let chars: Vec<char> = input.chars().take(400).collect();
        for options in ways() {
            let at = next(chars.len());
            let mut text: String = chars[..at].iter().collect();
            check(&text, &schema, &options);
            text.push_str(signs[next(signs.len())]);
            text.extend(&chars[(at + next(2)).min(chars.len())..]);
            check(&text, &schema, &options);
        }
    }
}

#[test]
fn valid_texts_stay() {
    for text in [
        "{}",
        " [1.50, 1e400, -0]\n",
        "\"\\ud83d\\ude00\"",
        "{\"a\": {\"a\": 12345678901234567890123}}",
    ] {
        let found = repair(text, &Options::default());
        assert_eq!((found.status, found.text.as_deref()), (Status::Valid, Some(text)));
    }
}

/// Texts that are made to be costly end soon.
#[test]
fn hostile_texts_end() {
    let many = |text: &str| text.repeat(100_000 / text.len());
    let schema = json!({"items": {"type": "integer"}});
    let pieces = [
        "[",
        "{",
        "\"",
        "\" ",
        "\"/*",
        "'",
        "{\"a\":",
        "[1,",
        "}",
        "],",
        "\\",
        "\\u",
        "```",
        "```json\n",
        "a ",
        "0",
        "[\"1\",",
        "{a:{",
        "\"a\":",
        "(",
        "/*",
        "//",
        "#",
        ",",
        "„",
        "<think>",
        "[{",
        "{\"a\":1}",
        "\"\"",
        "\",",
        "\"a\"+",
        "{\"a\":1,\"a\":1},",
        "'a':1,'a':1,",
        "\"a\":\"1\",",
        "\"a\" b ",
    ];
    for piece in pieces {
        for begin in ["", "[", "[\"", "{"] {
            let text = format!("{begin}{}", many(piece));
            let start = Instant::now();
            let options = ways().remove(1);
            let _ = repaired(&text, &schema, &options);
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{piece:?} takes {:?}",
                start.elapsed()
            );
        }
    }
}
