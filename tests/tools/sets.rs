//! Sets of tools: what is read, what is a fault, and many tools at once.

use serde_json::{Value, json};
use tokenrail::grammar::{Grammar, ToolChoice, ToolOptions, ToolSet, ToolShape};
use tokenrail::schema::Options;

use super::{constraint, judge};

fn check(declared: &Value, names: &[&str], expected: &[&str]) {
    let (tools, faults) = match ToolSet::read(declared, &Options::default()) {
        Ok((tools, faults)) => (tools, faults),
        Err(fault) => (ToolSet::default(), vec![fault]),
    };
    let read: Vec<&str> = tools.tools().iter().map(|tool| tool.name()).collect();
    assert_eq!(read, names, "{declared}");
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, expected, "{declared}");
}

#[test]
fn a_faulty_tool_stops_no_other() {
    let sound = json!({"type": "function", "function": {"name": "a", "strict": true}});
    check(&json!({"tools": [sound, {"name": "b", "input_schema": {}}]}), &["a", "b"], &[]);
    check(&json!([]), &[], &[]);
    check(
        &json!({"tools": 1}),
        &[],
        &["tools must be an array, or an object with \"tools\" (at /tools)"],
    );
    let of = |schema: Value| json!([sound, {"name": "b", "parameters": schema}]);
    for (declared, fault) in [
        (
            json!([sound, sound]),
            "tool \"a\": an earlier tool has this name: each needs its own (at /1)",
        ),
        (
            json!([1, sound]),
            "a function must be an object with a \"name\", which is a string (at /0)",
        ),
        (
            json!([sound, {"type": "retrieval"}]),
            "type \"retrieval\" is not supported: a tool is a \"function\" (at /1)",
        ),
        (
            of(json!({"type": "string"})),
            "tool \"b\": arguments must be of type \"object\", not \"string\" (at /1/parameters)",
        ),
        (
            of(json!([])),
            "tool \"b\": a schema of arguments must be an object, not [] (at /1/parameters)",
        ),
        (
            of(json!({"minProperties": -1})),
            "tool \"b\": minProperties must be a non-negative integer, not -1 (at /minProperties) (at /1/parameters)",
        ),
        (
            of(json!({"properties": {"x": {"pattern": "(a)\\1"}}})),
            "tool \"b\": pattern cannot be enforced: ",
        ),
    ] {
        let (tools, faults) = ToolSet::read(&declared, &Options::default()).expect("a list");
        assert_eq!(tools.tools().len(), 1, "{declared}");
        let told = faults[0].to_string();
        assert!(faults.len() == 1 && told.starts_with(fault), "{declared}\n{told}\n{fault}");
    }
}

#[test]
fn shapes_refuse_what_they_cannot_write() {
    let python = ToolShape::Pythonic;
    let xml = ToolShape::XmlParameters;
    for (shape, tool, reason) in [
        (python, json!({"name": "a-b"}), "\"a-b\" is no name in Python"),
        (
            python,
            json!({"name": "a", "parameters": {"properties": {"from": {}}}}),
            "\"from\" is no name",
        ),
        (python, json!({"name": "a", "parameters": {"required": ["b"]}}), "\"b\" is required"),
        (xml, json!({"name": "a", "parameters": {"minProperties": 1}}), "minProperties of all"),
        (
            xml,
            json!({"name": "a", "parameters": {"properties": {"b>": {}}}}),
            "\"b>\" cannot stand",
        ),
        (
            xml,
            json!({"name": "a", "parameters": {"properties": {"b": false}}}),
            "no value of \"b\"",
        ),
    ] {
        let declared = json!([tool, {"name": "ping"}]);
        let (tools, _) = ToolSet::read(&declared, &Options::default()).expect("a list");
        assert!(Grammar::tools(&tools, &ToolOptions { shape, ..ToolOptions::default() }).is_err());
        let (fitting, faults) = tools.fitting(shape);
        assert_eq!(fitting.tools().len(), 1, "{tool}");
        assert!(faults[0].reason.starts_with(reason), "{tool}: {}", faults[0]);
        assert_eq!(tools.fitting(ToolShape::Json).1, [], "{tool}");
    }
}

#[test]
fn there_may_be_many_tools() {
    let parameters = json!({"type": "object", "required": ["query"], "properties": {
        "query": {"type": "string"}, "limit": {"$ref": "#/$defs/limit"}, "tags": {"type": "array",
        "items": {"type": "string"}}}, "$defs": {"limit": {"type": "integer", "minimum": 1}}});
    let mut declared: Vec<Value> = (0..128)
        .map(|number| json!({"name": format!("search_{number}"), "parameters": parameters}))
        .collect();
    declared.push(json!({"name": "bad", "parameters": {"type": 1}}));
    let (tools, faults) = ToolSet::read(&json!(declared), &Options::default()).expect("a list");
    assert_eq!((tools.tools().len(), faults.len()), (128, 1));
    let texts = [
        (ToolShape::Json, r#"{"name": "search_12", "arguments": {"query": "x", "limit": 3}}"#),
        (ToolShape::Pythonic, r#"[search_12(query="x", limit=3)]"#),
    ];
    for (shape, text) in texts {
        let choice = ToolChoice::Required;
        let options = ToolOptions { choice, shape, ..ToolOptions::default() };
        let mut matcher = constraint(&tools, &options).matcher();
        assert!(matcher.mask().expect("within limits").iter().count() > 0);
        assert!(matcher.explain_bytes(text.as_bytes()).expect("within limits").is_none());
        assert_eq!(tools.calls(text, shape).len(), 1);
        assert!(judge::calls(text, shape).is_err(), "the judge knows no such tool");
    }
}
