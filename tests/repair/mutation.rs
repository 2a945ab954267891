//! Valid values and calls, damaged in twelve ways: they come out as they were, or not at all.
//!
//! The sample is fixed: every so many schemas of a shared file, or those of the project where that is
//! absent, each also as the arguments of calls; and some calls in every notation. `REPAIR_MUTATIONS=all`
//! takes every schema. What comes of the sample is in `tests/repair/MUTATIONS.md`.

mod kinds;
mod notations;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokenrail::grammar::ToolSet;
use tokenrail::repair::{Options, RepairedCalls, repair_for, repair_tool_calls};
use tokenrail::schema::{self, Policy, Validator};

use super::tools::calls;
use kinds::{KINDS, Kind, To};
use notations::Call;

const TABLE: &str = include_str!("MUTATIONS.md");

/// What came of damaged texts of a kind.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Count {
    all: usize,
    whole: usize,
}

/// Counts by what was damaged, and the name of the kind.
#[derive(Debug, Default)]
struct Counts {
    by: BTreeMap<(String, &'static str), Count>,
    wrong: Vec<String>,
}

impl Counts {
    fn add(&mut self, what: &str, kind: &Kind, is_whole: bool) {
        let count = self.by.entry((what.to_owned(), kind.name)).or_default();
        count.all += 1;
        count.whole += usize::from(is_whole);
    }

    fn of(&self, what: &str, kind: &Kind) -> Count {
        self.by.get(&(what.to_owned(), kind.name)).copied().unwrap_or_default()
    }
}

/// Whether every schema is taken.
fn is_all() -> bool {
    std::env::var("REPAIR_MUTATIONS").is_ok_and(|value| value == "all")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The shared file of schemas; `None` where there is none.
fn shared() -> Option<PathBuf> {
    let path = root().join("../shared/data/maskbench/schemas.jsonl");
    path.is_file().then_some(path)
}

/// Schemas with one of their valid instances.
fn instances() -> Vec<(Value, Value)> {
    let (path, step) = match shared() {
        Some(path) => (path, if is_all() { 1 } else { 11 }),
        None => (root().join("tests/data/maskbench.jsonl"), 1),
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

/// Whether a text is a value that conforms: then nothing tells that it was damaged.
fn conforms(text: &str, validator: &Validator) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| validator.validate(&value).is_empty())
}

/// Damages a value in every way; what comes out is the value or nothing.
fn check((schema, value): (&Value, &Value), seed: usize, counts: &mut Counts) {
    let Ok(validator) = Validator::new(schema, &schema::Options::default()) else { return };
    let text = serde_json::to_string_pretty(value).expect("it is JSON");
    if !validator.validate(value).is_empty() || text.len() > 20_000 {
        return;
    }
    for kind in &KINDS {
        let damaged = (kind.damage)(&text, value, seed);
        let Some(damaged) = damaged.filter(|text| !conforms(text, &validator)) else { continue };
        let options = Options { finish: kind.finish, ..Options::default() };
        let found = repair_for(&damaged, &validator, &options).value();
        counts.add("values", kind, found.as_ref() == Some(value));
        if let Some(made) = found.filter(|made| made != value) {
            let name = kind.name;
            counts.wrong.push(format!("{name}: {damaged}\n  {made}\n  for {schema}"));
        }
    }
}

/// The name of the tool that is called.
const NAME: &str = "run_task";

/// A tool whose arguments a schema describes; `None` where it cannot be one.
fn tool(schema: &Value) -> Option<ToolSet> {
    let options = schema::Options { policy: Policy::Complete, ..Default::default() };
    let tool = json!([{"name": NAME, "parameters": schema}]);
    let (tools, faults) = ToolSet::read(&tool, &options).ok()?;
    (faults.is_empty() && tools.tools().len() == 1).then_some(tools)
}

/// Damages a call in every way; the call comes out or none. Gives whether the notation can write it so that
/// it is read.
fn check_call(
    what: &str,
    call: &Call<'_>,
    (tools, validator): (&ToolSet, &Validator),
    seed: usize,
    counts: &mut Counts,
) -> bool {
    let expected = json!([{"name": NAME, "arguments": call.arguments}]);
    let is_same =
        |found: &RepairedCalls| calls(found) == expected && found.report.refusal.is_none();
    let Some(whole) = call.whole() else { return false };
    let found = repair_tool_calls(&whole, tools, &Options::default());
    if !is_same(&found) {
        return false;
    }
    for kind in &KINDS {
        if kind.to == To::Value
            && (kind.damage)("", call.arguments, seed).is_none_or(|text| conforms(&text, validator))
        {
            continue;
        }
        let Some(damaged) = call.damaged(kind, seed).filter(|text| *text != whole) else {
            continue;
        };
        let options = Options { finish: kind.finish, ..Options::default() };
        let found = repair_tool_calls(&damaged, tools, &options);
        counts.add(what, kind, is_same(&found));
        let is_other = |call: &tokenrail::repair::RepairedCall| {
            let arguments = call.arguments.as_deref().map(serde_json::from_str::<Value>);
            let is_same =
                arguments.is_some_and(|it| it.is_ok_and(|it| it == expected[0]["arguments"]));
            (call.executable || call.refusal.is_none()) && !is_same
        };
        if found.calls.iter().any(is_other) {
            let name = kind.name;
            counts.wrong.push(format!("{what}, {name}: {damaged}\n  {}", found.to_json_line()));
        }
    }
    true
}

/// Some calls in all notations.
fn check_own(notations: &Value, counts: &mut Counts) {
    let schema = notations::schema();
    let tools = tool(&schema).expect("it is a tool");
    let validator = Validator::new(&schema, &schema::Options::default()).expect("a schema");
    let not = &notations["not"];
    for notation in notations["formats"].as_array().expect("the cases are well formed") {
        let format = notation["format"].as_str().expect("the cases are well formed");
        for arguments in notations["calls"].as_array().expect("the cases are well formed") {
            let call = Call { not, notation, name: NAME, arguments };
            for seed in 0..6 {
                let is_read = check_call(format, &call, (&tools, &validator), seed, counts);
                assert!(is_read, "{format}: {:?}", call.whole());
            }
        }
    }
}

/// An instance as the arguments of calls: in a notation of each body.
fn check_arguments(
    (schema, arguments): (&Value, &Value),
    seed: usize,
    notations: &Value,
    counts: &mut Counts,
) {
    if !arguments.is_object() || arguments.to_string().len() > 2_000 {
        return;
    }
    let Ok(validator) = Validator::new(schema, &schema::Options::default()) else { return };
    let Some(tools) = tool(schema).filter(|_| validator.validate(arguments).is_empty()) else {
        return;
    };
    let formats = notations["formats"].as_array().expect("the cases are well formed");
    let not = &notations["not"];
    for body in ["json", "tags", "python", "delimited"] {
        let fitting: Vec<&Value> =
            formats.iter().filter(|notation| notation["body"] == body).collect();
        let notation = fitting[seed % fitting.len()];
        let call = Call { not, notation, name: NAME, arguments };
        let is_read =
            check_call(&format!("calls, {body}"), &call, (&tools, &validator), seed, counts);
        if !is_read && std::env::var("REPAIR_MUTATIONS").is_ok() {
            println!("not read: {body}: {:?}", call.whole());
        }
    }
}

/// The table of what came of it.
fn table(notations: &Value, counts: &Counts) -> String {
    let mut text = String::from(HEAD);
    let mut rows = vec!["values".to_owned()];
    rows.extend(["json", "tags", "python", "delimited"].map(|body| format!("calls, {body}")));
    text +=
        "\n| damage | values | calls, JSON | calls, tags | calls, Python | calls, own quotes |\n";
    text += "|---|---|---|---|---|---|\n";
    for kind in &KINDS {
        let cells: Vec<String> = rows.iter().map(|row| cell(counts.of(row, kind))).collect();
        writeln!(text, "| {} | {} |", kind.name, cells.join(" | ")).expect("a string");
    }
    text += "\n## Six calls in every notation\n\n| notation |";
    for kind in &KINDS {
        write!(text, " {} |", kind.name).expect("a string");
    }
    writeln!(text, "\n|---{}|", "|---".repeat(KINDS.len())).expect("a string");
    for notation in notations["formats"].as_array().expect("the cases are well formed") {
        let format = notation["format"].as_str().expect("the cases are well formed");
        let cells: Vec<String> = KINDS.iter().map(|kind| cell(counts.of(format, kind))).collect();
        writeln!(text, "| {format} | {} |", cells.join(" | ")).expect("a string");
    }
    text += "\nA dash: that damage cannot be done to the notation.\n\n";
    for (body, kinds) in notations["not"].as_object().expect("the cases are well formed") {
        for (kind, why) in kinds.as_object().expect("the cases are well formed") {
            let why = why.as_str().unwrap_or_default();
            writeln!(text, "- {kind}, {}: {why}.", title(body)).expect("a string");
        }
    }
    text
}

fn title(body: &str) -> &str {
    match body {
        "python" => "Python",
        "delimited" => "own quotes",
        body => body,
    }
}

fn cell(Count { all, whole }: Count) -> String {
    if all == 0 { "–".to_owned() } else { format!("{whole} of {all}") }
}

#[test]
#[allow(clippy::print_stdout, reason = "it shows what came of each kind")]
fn damaged_values_come_out_as_they_were() {
    let text = fs::read_to_string(root().join("tests/data/repair/notations.json"));
    let notations: Value =
        serde_json::from_str(&text.expect("the cases are there")).expect("they are well formed");
    let mut counts = Counts::default();
    check_own(&notations, &mut counts);
    for (seed, (schema, value)) in instances().iter().enumerate() {
        let seed = seed.wrapping_mul(2_654_435_761) >> 7;
        check((schema, value), seed, &mut counts);
        check_arguments((schema, value), seed, &notations, &mut counts);
    }
    let table = table(&notations, &counts);
    println!("{table}");
    let wrong = &counts.wrong;
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    for kind in &KINDS {
        let Count { all, whole } = counts.of("values", kind);
        assert!(whole * 100 >= all * kind.least, "{}: {whole} of {all} are whole", kind.name);
    }
    for notation in notations["formats"].as_array().expect("they are well formed") {
        let format = notation["format"].as_str().expect("they are well formed");
        let call = Call { not: &notations["not"], notation, name: NAME, arguments: &Value::Null };
        for kind in &KINDS {
            let (is_tried, why) = (counts.of(format, kind).all > 0, call.cannot(kind));
            assert_eq!(is_tried, why.is_none(), "{format}, {}: {why:?}", kind.name);
        }
    }
    if shared().is_some() && !is_all() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("MUTATIONS.md");
        fs::write(&path, &table).expect("it can be written");
        assert_eq!(table, TABLE, "the table is another one: {}", path.display());
    }
}

const HEAD: &str = "\
# Repair: what becomes of what was damaged

A test writes this table and holds it: values of schemas, and the same as the arguments of calls, damaged
in twelve ways and cut off in three. It says how many came out as they were, of how many that were damaged. The
others were refused, and none came out as another value. A call that was cut off is never to be run.
";
