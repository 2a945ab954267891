//! What becomes of the cases of other projects, counted by file.
//!
//! Their outputs are facts about them, not what is right: what is different on purpose is listed in
//! `tests/data/repair/differences.json`, each with its reason. Nothing else may differ.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tokenrail::repair::{Finish, Options, Repaired, Salvage};

use super::cases::{own, repaired, shared};

const BOARD: &str = include_str!("SCOREBOARD.md");

/// The files, and how their replies ended.
const FILES: [(&str, Finish); 4] = [
    ("jsonrepair.json", Finish::Stop),
    ("json_repair_syntax.json", Finish::Stop),
    ("json_repair_schema.json", Finish::Stop),
    ("vercel_fixjson_partial.json", Finish::Stop),
];

/// What came of the cases of a file.
#[derive(Debug, Default)]
struct Score {
    cases: usize,
    same: usize,
    refused: usize,
    different: usize,
    /// What has another value than its project gives, and is not listed.
    wrong: Vec<String>,
}

impl Score {
    fn add(&mut self, case: &Value, found: &Repaired, differences: &[Value]) {
        self.cases += 1;
        let is_listed = differences.iter().any(|listed| listed["input"] == case["input"]);
        match (found.value(), peer(case)) {
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
        score.add(case, &found, &differences);
    }
    let Score { cases, same, refused, different, wrong } = score;
    (format!("| {name} | {cases} | {same} | {refused} | {different} | {} |\n", wrong.len()), wrong)
}

#[test]
fn scoreboard_is_as_committed() {
    let mut board = String::from(HEAD);
    let mut wrong = Vec::new();
    for (title, options) in [
        ("default", Options::default()),
        ("every rule of salvage but the choice between values", salvage()),
    ] {
        write!(board, "\n## {title}\n\n| file | cases | same value | refused | different on purpose | wrong |\n|---|---|---|---|---|---|\n").expect("the cases are well formed");
        for (name, finish) in FILES {
            let Some(cases) = shared(name) else { return };
            let (line, found) = score(name, &cases, &Options { finish, ..options.clone() });
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
`tests/data/repair/differences.json`; *wrong* is any other value.
";
