//! What becomes of the cases of other projects, counted by file.
//!
//! Their outputs are facts about them, not what is right: what is different on purpose is listed in
//! `tests/data/repair/differences.json`, each with its reason. Nothing else may differ.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tokenrail::repair::{Finish, Options, Reason, Repaired, Salvage};

use super::baml;
use super::cases::{own, repaired, shared};

const BOARD: &str = include_str!("SCOREBOARD.md");

/// The files, and how their replies ended.
const FILES: [(&str, Finish); 4] = [
    ("jsonrepair.json", Finish::Stop),
    ("json_repair_syntax.json", Finish::Stop),
    ("json_repair_schema.json", Finish::Stop),
    ("vercel_fixjson_partial.json", Finish::Stop),
];

/// Doubts that the policy leaves to who asks: what they are about has several readings, or none, whatever
/// a repairer makes of it.
///
/// Values beside each other, names without values, what was left out, numbers that JSON does not have, words
/// that may be null or text, text that is no JSON at all, quotes and line ends that may be anything's,
/// escapes that were cut off.
const CHOICES: [Reason; 14] = [
    Reason::MultipleValues,
    Reason::MissingValue,
    Reason::Elision,
    Reason::LeadingZero,
    Reason::Thousands,
    Reason::NumberLike,
    Reason::Undefined,
    Reason::NonFinite,
    Reason::NoJson,
    Reason::Quote,
    Reason::EmptyItem,
    Reason::UnicodeEscape,
    Reason::DuplicateKey,
    Reason::UnquotedComma,
];

/// What came of the cases of a file.
#[derive(Debug, Default)]
struct Score {
    cases: usize,
    /// The inputs that have one reading.
    one: usize,
    /// Those of them that gave it.
    recovered: usize,
    same: usize,
    refused: usize,
    different: usize,
    /// What has another value than its project gives, and is not listed.
    wrong: Vec<String>,
}

impl Score {
    fn add(&mut self, case: &Value, found: &Repaired, [differences, unclear]: [&[Value]; 2]) {
        self.cases += 1;
        let is_in = |list: &[Value]| list.iter().any(|listed| listed["input"] == case["input"]);
        let is_listed = is_in(differences);
        if !is_in(unclear) && has_one_reading(case, found) {
            self.one += 1;
            self.recovered += usize::from(found.text.is_some());
        }
        // BAML fills in null for what was left out.
        let value = found.value().map(|value| match case["options"]["nulls"] == "out" {
            true => baml::without_nulls(&value),
            false => value,
        });
        match (value, peer(case)) {
            (None, _) => self.refused += 1,
            (Some(value), Some(peer)) if is_equal(&value, &peer) => self.same += 1,
            _ if is_listed => self.different += 1,
            (Some(value), peer) => {
                let (input, schema) = (&case["input"], &case["options"]["schema"]);
                self.wrong.push(
                    json!({"input": input, "schema": schema, "ours": value, "theirs": peer})
                        .to_string(),
                );
            }
        }
    }
}

/// Whether an input has one reading, its project not being contradicted by another: it gives a value,
/// nothing of it is left to who asks, and under a schema it says all that the input says and no more.
fn has_one_reading(case: &Value, found: &Repaired) -> bool {
    let Some(value) = peer(case) else { return false };
    let is_choice = found.refusal.as_ref().is_some_and(|refusal| CHOICES.contains(&refusal.reason));
    let said = |text: &str| {
        let mut said: Vec<char> =
            text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        said.sort_unstable();
        said
    };
    let input = case["input"].as_str().unwrap_or_default();
    let is_kept = !case["options"]["schema"].is_object() || said(input) == said(&value.to_string());
    !is_choice && is_kept
}

/// Numbers are equal where they are the same number.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(name, value): (&String, &Value)| {
                right.get(name).is_some_and(|other| is_equal(value, other))
            };
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

/// The value that the project gives; `None` where it gives none.
fn peer(case: &Value) -> Option<Value> {
    let output = &case["output"];
    let is_value = case["options"]["return_objects"] == true;
    let output = match case["options"]["logging"] == true {
        true => &output[0],
        false => output,
    };
    match output {
        Value::String(text) if !is_value => serde_json::from_str(text).ok(),
        Value::Null if case.get("output").is_none() => None,
        value => Some(value.clone()),
    }
}

fn score(name: &str, cases: &[Value], options: &Options) -> (String, Vec<String>) {
    let differences = own("differences.json");
    let unclear = shared(UNCLEAR).unwrap_or_default();
    let mut score = Score::default();
    for case in cases {
        let schema = &case["options"]["schema"];
        let reading = tokenrail::schema::Options::default();
        if schema.is_object() && tokenrail::schema::Validator::new(schema, &reading).is_err() {
            continue;
        }
        let schema = if schema.is_object() { schema } else { &Value::Null };
        let found =
            repaired(case["input"].as_str().expect("the cases are well formed"), schema, options);
        score.add(case, &found, [&differences, &unclear]);
    }
    let Score { cases, one, recovered, same, refused, different, wrong } = score;
    let counts = format!("{cases} | {same} | {refused} | {different} | {}", wrong.len());
    let share = recovered * 100 / one.max(1);
    (format!("| {name} | {counts} | {one} | {recovered} ({share} %) |\n"), wrong)
}

/// The cases of BAML whose types are read here, as cases of the other files: those whose values are known.
fn of_baml() -> Option<Vec<Value>> {
    let case = |case: Value| {
        let is_known = case["kind"] == "test_deserializer" && !case["expected"].is_null();
        let schema = baml::schema(&case).filter(|_| is_known)?;
        let options = json!({"schema": schema, "return_objects": true, "nulls": "out"});
        let output = baml::without_nulls(&case["expected"]);
        Some(json!({"input": case["input"], "output": output, "options": options}))
    };
    Some(shared("baml_sap.json")?.into_iter().filter_map(case).collect())
}

/// The inputs of which two repairers make different values: ours is one of them, or none.
fn unclear(options: &Options) -> Option<(String, Vec<String>)> {
    let (mut same, mut refused, mut different, mut wrong) = ([0; 2], 0, 0, Vec::new());
    let (cases, differences) = (shared(UNCLEAR)?, own("differences.json"));
    for case in &cases {
        let input = case["input"].as_str().expect("the cases are well formed");
        let reading = |name: &str| {
            let text = case[name].as_str().unwrap_or_default();
            serde_json::from_str::<Value>(text).unwrap_or_else(|_| case[name].clone())
        };
        let found = repaired(input, &Value::Null, options).value();
        let is_listed = differences.iter().any(|listed| listed["input"] == case["input"]);
        match found {
            None => refused += 1,
            Some(value) if is_equal(&value, &reading("jsonrepair")) => same[0] += 1,
            Some(value) if is_equal(&value, &reading("json_repair")) => same[1] += 1,
            Some(_) if is_listed => different += 1,
            Some(value) => {
                wrong.push(json!({"input": input, "ours": value, "case": case}).to_string())
            }
        }
    }
    let [first, second] = same;
    let line = format!(
        "\nOf {} inputs that jsonrepair and json_repair read differently: {first} as the first does, \
         {second} as the second, {refused} refused, {different} different on purpose, {} wrong.\n",
        cases.len(),
        wrong.len()
    );
    Some((line, wrong))
}

#[test]
fn scoreboard_is_as_committed() {
    let mut board = String::from(HEAD);
    let mut wrong = Vec::new();
    for (title, options) in [
        ("default", Options::default()),
        ("every rule of salvage but the choice between values", salvage()),
    ] {
        write!(board, "\n## {title}\n\n| file | cases | same value | refused | different on purpose | wrong | one reading | recovered |\n|---|---|---|---|---|---|---|---|\n").expect("the cases are well formed");
        for (name, finish) in FILES {
            let Some(cases) = shared(name) else { return };
            let (line, found) = score(name, &cases, &Options { finish, ..options.clone() });
            board.push_str(&line);
            wrong.extend(found.into_iter().map(|case| format!("{title}: {case}")));
        }
        if let Some(cases) = of_baml() {
            let (line, found) = score("baml_sap.json", &cases, &options);
            board.push_str(&line);
            wrong.extend(found.into_iter().map(|case| format!("{title}: {case}")));
        }
        if let Some((line, found)) = unclear(&options) {
            board.push_str(&line);
            wrong.extend(found.into_iter().map(|case| format!("{title}: {case}")));
        }
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("SCOREBOARD.md");
    fs::write(&path, &board).expect("the cases are well formed");
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(board, BOARD, "the scoreboard is another one: {}", path.display());
}

fn salvage() -> Options {
    let choosing = [Salvage::First, Salvage::Last];
    Options::default()
        .allowing(Salvage::ALL.iter().copied().filter(|rule| !choosing.contains(rule)))
}

const HEAD: &str = "\
# Repair: what becomes of the cases of other projects

A test writes this table and holds it. *Same value* is what the project itself gives; *refused* has a
reason in the result; *different on purpose* is listed with its reason in
`tests/data/repair/differences.json`; *wrong* is any other value. Of inputs with *one reading* (their
project gives a value, no other one contradicts it, and the policy does not leave to who asks what is in
doubt) *recovered* says how many gave a value.
";

const UNCLEAR: &str = "disagreements_jsonrepair_vs_json_repair.json";
