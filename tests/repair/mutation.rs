//! Valid values and calls, damaged in twelve ways: they come out as they were, or not at all.
//!
//! The sample is fixed: every so many schemas of a shared file, or those of the project where that is
//! absent, and the calls of the project in every notation. `REPAIR_MUTATIONS=all` takes every schema.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokenrail::grammar::ToolSet;
use tokenrail::repair::{Finish, Options, repair_for, repair_tool_calls};
use tokenrail::schema::Validator;

use super::cases::own;
use super::tools::{calls, read, tools};

/// A kind of damage, what it makes of a text, and how many of a hundred must come out as they were.
type Kind = (&'static str, fn(&str, &Value, usize) -> Option<String>, usize);

const KINDS: [Kind; 12] = [
    ("cut", cut, 0),
    ("quotes", quotes, 70),
    ("commas", commas, 99),
    ("fences", |text, _, _| Some(format!("```json\n{text}\n```")), 100),
    ("prose", |text, _, _| Some(format!("Sure, here it is:\n\n{text}\n\nAnything else?")), 95),
    ("escapes", escapes, 90),
    ("comments", comments, 95),
    ("literals", literals, 95),
    ("wrapped", |_, value, seed| Some(wrapped(value, seed).to_string()), 90),
    ("stringified", stringified, 95),
    ("wrong case", wrong_case, 95),
    ("number as text", number_as_text, 95),
];

/// Where signs of JSON stand outside strings.
fn signs(text: &str, wanted: &[char]) -> Vec<usize> {
    let (mut inside, mut escaped) = (false, false);
    let mut found = Vec::new();
    for (at, char) in text.char_indices() {
        let is_quote = char == '"' && !escaped;
        if (is_quote || !inside) && wanted.contains(&char) {
            found.push(at);
        }
        inside ^= is_quote;
        escaped = inside && char == '\\' && !escaped;
    }
    found
}

/// One of some places, by a number.
fn pick(places: &[usize], seed: usize) -> Option<usize> {
    (!places.is_empty()).then(|| places[seed % places.len()])
}

fn cut(text: &str, _: &Value, seed: usize) -> Option<String> {
    let at = text.floor_char_boundary(1 + seed % text.len().max(2));
    (at < text.len()).then(|| text[..at].to_owned())
}

/// All quotes are single ones, or one is missing at a name.
fn quotes(text: &str, _: &Value, seed: usize) -> Option<String> {
    let all = signs(text, &['"']);
    if all.is_empty() {
        return None;
    }
    if seed.is_multiple_of(2) && !text.contains('\'') && !text.contains("\\\"") {
        return Some(text.replace('"', "'"));
    }
    let names: Vec<usize> =
        all.into_iter().filter(|at| text[at + 1..].trim_start().starts_with(':')).collect();
    let at = pick(&names, seed)?;
    Some(format!("{}{}", &text[..at], &text[at + 1..]))
}

/// One comma is missing, or there is one too many at an end.
fn commas(text: &str, _: &Value, seed: usize) -> Option<String> {
    if seed.is_multiple_of(2) {
        let at = pick(&signs(text, &['}', ']']), seed)?;
        let is_empty = text[..at].trim_end().ends_with(['{', '[']);
        return (!is_empty).then(|| format!("{},{}", &text[..at], &text[at..]));
    }
    let at = pick(&signs(text, &[',']), seed)?;
    Some(format!("{} {}", &text[..at], &text[at + 1..]))
}

/// Line breaks and tabulators stand in strings as they are.
fn escapes(text: &str, _: &Value, _: usize) -> Option<String> {
    let is_plain = !text.contains("\\\\");
    let damaged = text.replace("\\n", "\n").replace("\\t", "\t");
    (is_plain && damaged != text).then_some(damaged)
}

fn comments(text: &str, _: &Value, seed: usize) -> Option<String> {
    let at = pick(&signs(text, &[',', '{', '[']), seed)? + 1;
    let note = if seed.is_multiple_of(2) { " /* a note */ " } else { " // a note\n" };
    Some(format!("{}{note}{}", &text[..at], &text[at..]))
}

/// Literals as Python writes them.
fn literals(text: &str, _: &Value, _: usize) -> Option<String> {
    let mut damaged = String::new();
    let (mut inside, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        let is_quote = char == '"' && !escaped;
        let word = [("true", "T"), ("false", "F"), ("null", "N")];
        let word = word.into_iter().find(|(word, _)| !inside && text[at..].starts_with(word));
        match word {
            Some(("null", _)) => damaged.push('N'),
            Some((_, first)) => damaged.push_str(first),
            None => damaged.push(char),
        }
        inside ^= is_quote;
        escaped = inside && char == '\\' && !escaped;
    }
    let damaged = damaged.replace("Null", "None");
    (damaged != text && !text.contains("Null")).then_some(damaged)
}

fn wrapped(value: &Value, seed: usize) -> Value {
    if seed.is_multiple_of(2) { json!({"result": value}) } else { json!([value]) }
}

/// A member's object or array is the text of it.
fn stringified(_: &str, value: &Value, seed: usize) -> Option<String> {
    changed(value, seed, |value| {
        (value.is_object() || value.is_array()).then(|| json!(value.to_string()))
    })
}

/// A member's name is in capitals.
fn wrong_case(_: &str, value: &Value, seed: usize) -> Option<String> {
    let members = value.as_object().filter(|members| !members.is_empty())?;
    let place = seed % members.len();
    let named = |(index, (name, value)): (usize, (&String, &Value))| {
        let name = if index == place { name.to_uppercase() } else { name.clone() };
        (name, value.clone())
    };
    let renamed: serde_json::Map<String, Value> = members.iter().enumerate().map(named).collect();
    (renamed.len() == members.len()).then(|| Value::Object(renamed).to_string())
}

fn number_as_text(_: &str, value: &Value, seed: usize) -> Option<String> {
    changed(value, seed, |value| value.is_number().then(|| json!(value.to_string())))
}

/// A value with one of its members changed.
fn changed(value: &Value, seed: usize, change: impl Fn(&Value) -> Option<Value>) -> Option<String> {
    let members = value.as_object()?;
    let fitting: Vec<&String> =
        members.iter().filter(|(_, value)| change(value).is_some()).map(|(name, _)| name).collect();
    let name = fitting.get(seed % fitting.len().max(1))?;
    let mut changed = value.clone();
    changed[name.as_str()] = change(&value[name.as_str()])?;
    Some(changed.to_string())
}

/// What came of damaged texts of a kind.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    all: usize,
    whole: usize,
}

/// Schemas with one of their valid instances.
fn instances() -> Vec<(Value, Value)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (shared, own) = (
        root.join("../shared/data/maskbench/schemas.jsonl"),
        root.join("tests/data/maskbench.jsonl"),
    );
    let all = std::env::var("REPAIR_MUTATIONS").is_ok_and(|value| value == "all");
    let (path, step) = match shared.is_file() {
        true => (shared, if all { 1 } else { 11 }),
        false => (own, 1),
    };
    let text = fs::read_to_string(path).expect("the schemas are there");
    let instance = |line: &str| {
        let case: Value = serde_json::from_str(line).expect("the schemas are well formed");
        let tests = case["tests"].as_array()?;
        let valid = tests.iter().find(|test| test["valid"] == true)?;
        Some((case["schema"].clone(), valid["data"].clone()))
    };
    text.lines().step_by(step).filter_map(instance).collect()
}

/// Damages a value in every way; what comes out is the value or nothing.
fn check(
    (schema, value): (&Value, &Value),
    seed: usize,
    counts: &mut BTreeMap<&str, Count>,
    wrong: &mut Vec<String>,
) {
    let reading = tokenrail::schema::Options::default();
    let Ok(validator) = Validator::new(schema, &reading) else { return };
    let text = serde_json::to_string_pretty(value).expect("it is JSON");
    if !validator.validate(value).is_empty() || text.len() > 20_000 {
        return;
    }
    for (kind, damage, _) in KINDS {
        let Some(damaged) = damage(&text, value, seed) else { continue };
        // What conforms as it stands is no damage.
        let is_valid = serde_json::from_str::<Value>(&damaged)
            .is_ok_and(|value| validator.validate(&value).is_empty());
        if is_valid {
            continue;
        }
        let finish = if kind == "cut" { Finish::Length } else { Finish::Stop };
        let found = repair_for(&damaged, &validator, &Options { finish, ..Options::default() });
        let count = counts.entry(kind).or_default();
        count.all += 1;
        match found.value() {
            Some(made) if made == *value => count.whole += 1,
            Some(made) => wrong.push(format!("{kind}: {damaged}\n  {made}\n  for {schema}")),
            None => {}
        }
    }
}

/// Damages what stands around the arguments of a call, and them; the call comes out or none.
fn check_call(
    case: &Value,
    tools: &ToolSet,
    counts: &mut BTreeMap<&str, Count>,
    wrong: &mut Vec<String>,
) {
    let input = case["input"].as_str().expect("the cases are well formed");
    let damages: [(&str, Option<String>); 6] = [
        ("fences", Some(format!("```\n{input}\n```"))),
        ("prose", Some(format!("I look.\n{input}"))),
        ("commas", input.contains("3}").then(|| input.replacen("3}", "3,}", 1))),
        (
            "comments",
            input.contains("{\"city\"").then(|| input.replacen("{\"city\"", "{/* a */\"city\"", 1)),
        ),
        (
            "quotes",
            input
                .contains("\"city\": \"Oslo\"")
                .then(|| input.replacen("\"city\": \"Oslo\"", "'city': 'Oslo'", 1)),
        ),
        (
            "number as text",
            input
                .contains("\"days\": 3")
                .then(|| input.replacen("\"days\": 3", "\"days\": \"3\"", 1)),
        ),
    ];
    for (kind, damaged) in damages {
        let Some(damaged) = damaged else { continue };
        let found = repair_tool_calls(&damaged, tools, &Options::default());
        let count = counts.entry(kind).or_default();
        count.all += 1;
        if calls(&found) == case["calls"] {
            count.whole += 1;
            continue;
        }
        let known = case["calls"].as_array().expect("the cases are well formed");
        let made = calls(&found);
        let is_other = |(call, made): (&tokenrail::repair::RepairedCall, &Value)| {
            call.executable && !known.contains(made)
        };
        if found.calls.iter().zip(made.as_array().expect("calls")).any(is_other) {
            wrong.push(format!("{kind}: {damaged}\n  {}", found.to_json_line()));
        }
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "it shows what came of each kind")]
fn damaged_values_come_out_as_they_were() {
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    for (seed, (schema, value)) in instances().iter().enumerate() {
        check((schema, value), seed.wrapping_mul(2_654_435_761) >> 7, &mut counts, &mut wrong);
    }
    let mut of_calls = BTreeMap::new();
    let tools = read(&tools());
    for case in own("tool_calls.json") {
        if case["format"].is_string() {
            check_call(&case, &tools, &mut of_calls, &mut wrong);
        }
    }
    for (title, counts) in [("values", &counts), ("calls", &of_calls)] {
        for (kind, Count { all, whole }) in counts {
            println!("{title}: {kind}: {whole} of {all}");
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    for (kind, _, least) in KINDS {
        let Count { all, whole } = counts.get(kind).copied().unwrap_or_default();
        assert!(whole * 100 >= all * least, "{kind}: {whole} of {all} are whole");
    }
}
