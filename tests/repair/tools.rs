//! Calls of tools: in every notation, with what is wrong in them, and what is refused.

use serde_json::{Value, json};
use tokenrail::grammar::ToolSet;
use tokenrail::repair::{
    Change, Finish, Options, RepairedCalls, Salvage, Status, apply, invert, repair_tool_calls,
};

use super::cases::{own, shared};

/// The tools that the cases of the project call.
pub(crate) fn tools() -> Value {
    json!([
        {"name": "weather", "parameters": {"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"},
        }, "additionalProperties": false}},
        {"name": "set", "parameters": {"type": "object", "properties": {
            "who": {"type": ["string", "object"], "required": ["id"]},
            "on": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}},
        }}},
        {"name": "now"},
    ])
}

pub(crate) fn read(tools: &Value) -> ToolSet {
    let (tools, faults) =
        ToolSet::read(tools, &Default::default()).expect("the cases are well formed");
    assert!(faults.is_empty(), "{faults:?}");
    tools
}

/// The calls as values.
pub(crate) fn calls(found: &RepairedCalls) -> Value {
    let call = |call: &tokenrail::repair::RepairedCall| {
        let arguments = call.arguments.as_deref().unwrap_or("null");
        let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
        json!({"name": call.name, "arguments": arguments})
    };
    found.calls.iter().map(call).collect()
}

/// Compares what a case names: calls, content, level, notation, whether they may be run, or the refusal.
fn check(case: &Value, tools: &ToolSet) -> Result<(), String> {
    let input = case["input"].as_str().expect("the cases are well formed");
    let finish = if case["finish"] == "length" { Finish::Length } else { Finish::Stop };
    let found = repair_tool_calls(input, tools, &Options { finish, ..Options::default() });
    let told = || Err(found.to_json_line());
    laws(input, &found);
    if let Some(reason) = case["refuse"].as_str() {
        let is_named = found.report.refusal.as_ref().is_some_and(|is| is.reason.name() == reason);
        let is_run = found.calls.iter().any(|call| call.executable);
        let suggestions = &case["suggestions"];
        let is_suggested =
            suggestions.is_null() || *suggestions == json!(found.calls[0].suggestions);
        return if is_named && is_suggested && !is_run { Ok(()) } else { told() };
    }
    let executable = case["executable"] != false;
    let is_same = calls(&found) == case["calls"]
        && found.calls.iter().all(|call| call.executable == executable)
        && (case["content"].is_null() || case["content"] == found.content)
        && (case["level"].is_null() || case["level"] == found.report.level.name())
        && (case["format"].is_null()
            || found.calls.iter().all(|call| case["format"] == call.format));
    if is_same { Ok(()) } else { told() }
}

/// The edits give the text, and inverted they give the reply; a value is in the report once.
fn laws(input: &str, found: &RepairedCalls) {
    let line: Value = serde_json::from_str(&found.to_json_line()).expect("the report is JSON");
    let Some(text) = &found.report.text else {
        assert!(found.report.refusal.is_some(), "{line}");
        return;
    };
    if found.calls.is_empty() {
        assert_eq!(found.report.status, Status::Valid, "{line}");
        return;
    }
    let edited = apply(input, &found.report.edits).expect("edits fit");
    assert_eq!(apply(&edited, &invert(&found.report.edits)).as_deref(), Some(input), "{line}");
    if found.report.patch.is_empty() {
        assert_eq!(&edited, text, "{line}");
    }
    for edit in &found.report.patch {
        assert!(edit.pointer.starts_with("/tool_calls/"), "{line}");
        assert!(!matches!(&edit.change, Change::Move(to) if !to.starts_with("/tool_calls/")));
    }
}

fn check_all(cases: &[Value], tools: &ToolSet) {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{case}\n  {}", check(case, tools).err()?)))
        .collect();
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn own_calls_are_read() {
    check_all(&own("tool_calls.json"), &read(&tools()));
}

#[test]
fn shared_calls_are_read() {
    let Some(cases) = shared("tool_formats.json") else { return };
    let tools = read(&json!([
        {"name": "get_weather", "parameters": {"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"},
        }}},
        {"name": "brave_search", "parameters": {"type": "object", "properties": {
            "query": {"type": "string"},
        }}},
    ]));
    let cases: Vec<Value> = cases
        .iter()
        .map(|case| {
            json!({
                "input": case["example"], "calls": case["calls"], "format": case["format"],
                "level": "extract",
            })
        })
        .collect();
    check_all(&cases, &tools);
}

/// Whatever is cut off a reply, and whatever may be lost: what was cut is not run, and the laws hold.
#[test]
fn cut_calls_are_not_run() {
    let tools = read(&tools());
    let all = Options::default().allowing(Salvage::ALL.iter().copied());
    for case in own("tool_calls.json") {
        let input = case["input"].as_str().expect("the cases are well formed");
        if input.contains("</think>") || input.contains("```\nThis") {
            // That thoughts began in the prompt shows only at their end, and that a block of code is not the
            // whole reply only behind it.
            continue;
        }
        let whole = repair_tool_calls(input, &tools, &Options::default());
        let whole: Vec<&str> =
            whole.calls.iter().filter_map(|call| call.arguments.as_deref()).collect();
        for (at, _) in input.char_indices() {
            for finish in [Finish::Stop, Finish::Length] {
                for options in [Options::default(), all.clone()] {
                    let options = Options { finish, ..options };
                    let found = repair_tool_calls(&input[..at], &tools, &options);
                    laws(&input[..at], &found);
                    let is_other = |call: &&tokenrail::repair::RepairedCall| {
                        let arguments = call.arguments.as_deref().unwrap_or_default();
                        call.executable && !whole.contains(&arguments)
                    };
                    let others: Vec<_> = found.calls.iter().filter(is_other).collect();
                    assert!(others.is_empty(), "{:?}: {others:?}", &input[..at]);
                }
            }
        }
    }
}

/// Replies that are made to be costly end soon.
#[test]
fn hostile_replies_end() {
    let tools = read(&tools());
    let pieces = [
        "<tool_call>",
        "<tool_call>{",
        "<tool_call>{\"name\": \"now\", ",
        "<tool_call>{\"name\": \"now\"}",
        "<tool_call>now",
        "<tool_call>x",
        "<tool_call>[",
        "<function=now>\n<parameter=a>\n",
        "<function=now>\n<parameter=a>\n</parameter>",
        "\n<parameter=a>",
        "[TOOL_CALLS]now[ARGS]{'a': '",
        "[TOOL_CALLS]now[ARGS]{}",
        "<think>",
        "</think>",
        "<|channel|>analysis",
        "[now(",
        "now(),",
        "<|tool_call>call:now{a:<|\"|>",
        ">>>now\n",
        "to=functions.now",
    ];
    for piece in pieces {
        for begin in ["", "[", "<function=now>\n"] {
            let text = format!("{begin}{}", piece.repeat(100_000 / piece.len()));
            let start = std::time::Instant::now();
            let found = repair_tool_calls(&text, &tools, &Options::default());
            let took = start.elapsed();
            assert!(took.as_secs() < 20, "{piece:?} takes {took:?}");
            laws(&text, &found);
        }
    }
}
