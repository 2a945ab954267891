//! What becomes of the cases of other projects, counted by file.
//!
//! Their outputs are facts about them, not what is right: what is different on purpose is listed in
//! `tests/data/repair/differences.json`, each with its reason. Nothing else may differ.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tokenrail::repair::{Finish, Options, Repaired, Salvage};

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

/// What came of the cases of a file.
#[derive(Debug, Default)]
struct Score {
    cases: usize,
    /// Those that gave a value.
    given: usize,
    /// Those that the file's own tool gives a value of.
    theirs: usize,
    /// Those of them without a value here that are not to be repaired silently ([`Lists::several`]).
    forbidden: usize,
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

/// What is known of inputs, whatever the repair makes of them.
struct Lists {
    /// Whose value is another one on purpose.
    differences: Vec<Value>,
    /// Which have several readings or none by the policy, each with why.
    several: Vec<Value>,
    /// Which two tools read differently.
    unclear: Vec<Value>,
}

impl Lists {
    fn read() -> Self {
        let unclear = shared(UNCLEAR).unwrap_or_default();
        Self { differences: own("differences.json"), several: own("several.json"), unclear }
    }

    /// Whether an input has one reading: its project gives a value, no other tool contradicts it, it is
    /// not on the list of those that have several, and under a schema the value says all that the input
    /// says and no more. What the repair gives has no part in it.
    fn has_one_reading(&self, case: &Value) -> bool {
        let Some(value) = peer(case) else { return false };
        let said = |text: &str| {
            let mut said: Vec<char> =
                text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
            said.sort_unstable();
            said
        };
        let input = case["input"].as_str().unwrap_or_default();
        let is_kept =
            !case["options"]["schema"].is_object() || said(input) == said(&value.to_string());
        is_kept && !is_in(&self.several, case) && !is_in(&self.unclear, case)
    }
}

/// Whether a list has the input of a case.
fn is_in(list: &[Value], case: &Value) -> bool {
    list.iter().any(|listed| listed["input"] == case["input"])
}

impl Score {
    fn add(&mut self, case: &Value, found: &Repaired, lists: &Lists) {
        self.cases += 1;
        self.given += usize::from(found.text.is_some());
        let theirs = peer(case);
        self.theirs += usize::from(theirs.is_some());
        let is_forbidden = is_in(&lists.several, case) && found.text.is_none();
        self.forbidden += usize::from(theirs.is_some() && is_forbidden);
        if lists.has_one_reading(case) {
            self.one += 1;
            self.recovered += usize::from(found.text.is_some());
        }
        // BAML fills in null for what was left out.
        let value = found.value().map(|value| match case["options"]["nulls"] == "out" {
            true => baml::without_nulls(&value),
            false => value,
        });
        match (value, theirs) {
            (None, _) => self.refused += 1,
            (Some(value), Some(peer)) if is_equal(&value, &peer) => self.same += 1,
            _ if is_in(&lists.differences, case) => self.different += 1,
            (Some(value), peer) => {
                let (input, schema) = (&case["input"], &case["options"]["schema"]);
                self.wrong.push(
                    json!({"input": input, "schema": schema, "ours": value, "theirs": peer})
                        .to_string(),
                );
            }
        }
    }

    /// A row of the table.
    fn row(&self, name: &str) -> String {
        let Self { cases, given, theirs, forbidden, one, recovered, .. } = self;
        let counts = [self.same, self.refused, self.different, self.wrong.len()];
        let counts = counts.map(|count| count.to_string()).join(" | ");
        let share = recovered * 100 / one.max(&1);
        format!(
            "| {name} | {cases} | {counts} | {given} | {theirs} | {forbidden} | {one} | {recovered} ({share} %) |\n"
        )
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
    let lists = Lists::read();
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
        score.add(case, &found, &lists);
    }
    (score.row(name), score.wrong)
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
        ("salvage: every rule that loses something", salvage(|rule| !rule.chooses())),
        ("every rule but the choice between values", salvage(|rule| !CHOOSING.contains(&rule))),
    ] {
        write!(board, "\n## {title}\n\n{COLUMNS}").expect("the cases are well formed");
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

fn salvage(allows: fn(Salvage) -> bool) -> Options {
    Options::default().allowing(Salvage::ALL.iter().copied().filter(|rule| allows(*rule)))
}

/// Rules that choose between values, not between readings of one.
const CHOOSING: [Salvage; 2] = [Salvage::First, Salvage::Last];

const HEAD: &str = "\
# Repair: what becomes of the cases of other projects

A test writes this table and holds it. *Same value* is what the project itself gives; *refused* has a
reason in the result; *different on purpose* is listed with its reason in
`tests/data/repair/differences.json`; *wrong* is any other value. *Given* counts the values, *theirs* those
of the file's own tool, and *forbidden* those of theirs that are not given because the policy forbids to make
one up: the inputs are listed with why in `tests/data/repair/several.json`. An input has *one reading* by the
files and the other tools alone: its project gives a value, no other tool contradicts it, and it is not on
that list; *recovered* says how many of these gave a value.
";

const COLUMNS: &str = "\
| file | cases | same value | refused | different on purpose | wrong | given | theirs | forbidden | one reading | recovered |
|---|---|---|---|---|---|---|---|---|---|---|
";

const UNCLEAR: &str = "disagreements_jsonrepair_vs_json_repair.json";
