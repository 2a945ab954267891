//! `tokenrail generate --tools`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokenrail::grammar::ToolShape;

use super::{declared, judge, support};

/// Runs the command on tools: its exit code, output and messages.
fn run(tools: &Value, flags: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("tools.json"), tools.to_string()).expect("a writable folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenrail"));
    command.current_dir(folder.path()).args(["generate", "--tools", "tools.json"]);
    let output = command.args(flags).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn calls_are_in_the_result() {
    support::model_path();
    let mut tools = declared();
    tools.as_array_mut().expect("an array").push(json!({"name": "bad name"}));
    let prompt = ["Get number 7.", "--json", "--max-tokens", "100", "--tool-choice", "get"];
    for shape in [ToolShape::Hermes, ToolShape::Pythonic, ToolShape::XmlParameters] {
        let flags = [&prompt[..], &["--tool-shape", shape.name()]].concat();
        let (code, out, err) = run(&tools, &flags);
        assert_eq!(code, Some(0), "{err}");
        assert!(err.starts_with("tools.json: tool \"bad name\": ") && err.ends_with("(at /4)\n"));
        let result: Value = serde_json::from_str(&out).expect("a JSON object");
        let text = result["text"].as_str().expect("a text");
        let judged = judge::calls(text, shape).expect("a valid call");
        assert_eq!(result["tool_calls"], json!(judged));
        assert_eq!(judged[0]["name"], "get");
    }
}

#[test]
fn what_cannot_be_called_is_told() {
    let bad = json!([{"name": "a b"}, {"name": "a", "parameters": {"type": "array"}}]);
    let ping = json!([{"name": "ping"}]);
    for (tools, flags, message) in [
        (&bad, &["x"][..], "tools.json: no tool is left that can be called"),
        (&json!(3), &["x"], "tools must be an array"),
        (
            &ping,
            &["x", "--tool-choice", "pong"],
            "no tool is called \"pong\": did you mean \"ping\"?",
        ),
        (&ping, &["x", "--regex", "a"], "cannot be used with"),
        (&ping, &["x", "--tool-shape", "yaml"], "xml-parameters"),
        (&json!([]), &["x", "--tool-choice", "required"], "there is no tool to call"),
        (&ping, &["x", "--white-space", "("], "tools.json: tool \"ping\": "),
    ] {
        let (code, out, err) = run(tools, flags);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{flags:?}: {err}");
        assert!(err.contains(message), "{flags:?}: {err}");
    }
}

#[test]
fn a_chosen_tool_that_cannot_be_written_is_told_once() {
    let tools = json!([{"name": "get-time"}, {"name": "ping"}]);
    let flags = ["x", "--tool-choice", "get-time", "--tool-shape", "pythonic"];
    let (code, out, err) = run(&tools, &flags);
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{err}");
    assert!(
        err.contains("tools.json: tool \"get-time\": \"get-time\" is no name in Python"),
        "{err}"
    );
}

#[test]
fn values_are_written_as_flags_say() {
    support::model_path();
    let number = json!({"type": "object", "properties": {"n": {"const": 7}}, "required": ["n"], "additionalProperties": false});
    let tools = json!([{"name": "get", "parameters": number}]);
    let flags = ["Get number 7.", "--tool-choice", "get", "--tool-shape", "json"];
    let compact = ["--white-space", "compact", "--order", "any", "--escapes", "minimal"];
    let (code, out, err) = run(&tools, &[&flags[..], &compact].concat());
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "{\"name\":\"get\",\"arguments\":{\"n\":7}}\n"),
        "{err}"
    );
}
