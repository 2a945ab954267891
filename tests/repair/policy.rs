//! What the policy says: the level at which a reply is repaired, to which value, or why not.

use serde_json::{Value, json};
use tokenrail::grammar::ToolSet;
use tokenrail::repair::{Finish, Level, Options, Repaired, Salvage, Status, repair_tool_calls};

use super::cases::{own, repaired, shared};

/// Below the level that a case names it is not repaired; at it, its value is what the case says. A case
/// with a reason is repaired at no level.
fn check(case: &Value) -> Result<(), String> {
    let input = case["input"].as_str().expect("the cases are well formed");
    let level =
        |name: &str| Level::ALL[name[1..].parse::<usize>().expect("the cases are well formed")];
    let finish = match case["finish_reason"].as_str() {
        Some("length") => Finish::Length,
        _ => Finish::Stop,
    };
    let at = |level: Level| {
        let options = Options { level, finish, ..Options::default() };
        let rules = Salvage::ALL.iter().copied().filter(|rule| !rule.chooses());
        let options = if level == Level::Salvage { options.allowing(rules) } else { options };
        match case["group"] == "tool" {
            true => calls(input, &case["schema"], &options),
            false => repaired(input, &case["schema"], &options),
        }
    };
    if let Some(reason) = case["refuse"].as_str() {
        let found = at(Level::Salvage);
        let named = found.refusal.as_ref().map(|refusal| refusal.reason.name());
        return if named == Some(reason) { Ok(()) } else { Err(told(&found)) };
    }
    let lowest = level(case["min_level"].as_str().expect("the cases are well formed"));
    let found = at(lowest);
    if found.value().as_ref() != Some(&case["expected"]) || found.level != lowest {
        return Err(told(&found));
    }
    let is_lossy = found.status == Status::Lossy;
    if is_lossy != (lowest == Level::Salvage) {
        return Err(format!("its status is {}", told(&found)));
    }
    for rule in case["edits"].as_array().into_iter().flatten().filter_map(|edit| edit[0].as_str()) {
        let names = found.edits.iter().map(|edit| edit.rule.name());
        let mut names = names.chain(found.patch.iter().map(|edit| edit.rule.name()));
        if !names.any(|name| name == rule || RENAMED.contains(&(rule, name))) {
            return Err(format!("no edit is {rule:?} in {}", told(&found)));
        }
    }
    match Level::ALL
        .into_iter()
        .filter(|level| *level < lowest)
        .find(|&level| at(level).text.is_some())
    {
        None => Ok(()),
        Some(level) => {
            Err(format!("it is repaired at {} already: {}", level.name(), told(&at(level))))
        }
    }
}

/// The calls of a reply to tools `f`, whose arguments have the schema, and `g`, as one report.
fn calls(text: &str, schema: &Value, options: &Options) -> Repaired {
    let tools = json!([{"name": "f", "parameters": schema}, {"name": "g"}]);
    let tools = if schema.is_null() {
        json!([{"name": "f", "parameters": {"type": "object"}}, {"name": "g"}])
    } else {
        tools
    };
    let (tools, _) = ToolSet::read(&tools, &Default::default()).expect("the cases are well formed");
    let found = repair_tool_calls(text, &tools, options);
    assert!(found.report.refusal.is_none() || found.calls.iter().all(|call| !call.executable));
    found.report
}

/// Names of edits that are ours under another name.
const RENAMED: [(&str, &str); 5] = [
    ("close", "insert"),
    ("drop_incomplete_member", "drop_incomplete"),
    ("drop_partial_member", "drop_incomplete"),
    ("drop_partial_item", "drop_incomplete"),
    ("literal_inner_quote", "requote"),
];

fn told(found: &Repaired) -> String {
    found.to_json_line()
}

fn check_all(cases: &[Value]) {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            Some(format!("{} {}\n  {}", case["id"], case["input"], check(case).err()?))
        })
        .collect();
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn own_cases_are_as_stated() {
    check_all(&own("policy.json"));
}

#[test]
fn shared_cases_are_as_stated() {
    if let Some(cases) = shared("policy.json") {
        check_all(&cases);
    }
}
