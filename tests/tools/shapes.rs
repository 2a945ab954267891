//! Each shape: texts that are allowed and refused, and walks.

use tokenrail::grammar::{Calls, Markers, ToolChoice, ToolOptions, ToolShape};
use tokenrail::vocab::TokenId;

use super::{constraint, judge, tools, walk};

/// Calls of the tools in a shape, in order: refused ones lack a bracket, an argument or a tool.
struct Case {
    shape: ToolShape,
    /// Calls; the last one is of `get`.
    calls: [&'static str; 2],
    /// Two calls in one text.
    both: &'static str,
    refused: &'static [&'static str],
}

const CASES: [Case; 6] = [
    Case {
        shape: ToolShape::Json,
        calls: [
            r#"{"name": "get_weather", "arguments": {"city": "Köln", "days": 2}}"#,
            r#"{"name":"get","arguments":{"id":7}}"#,
        ],
        both: r#"[{"name": "ping", "arguments": {}}, {"name": "get", "arguments": {"id": 7}}]"#,
        refused: &[
            r#"{"name": "get_w", "arguments": {}}"#,
            r#"{"name": "get_weather", "arguments": {}}"#,
            r#"{"name": "get", "arguments": {"id": "7"}}"#,
            r#"{"name": "get", "arguments": {"id": 7}"#,
            r#"{"name": "get", "arguments": {"id": 100}}"#,
            r#"{"name": "get", "parameters": {"id": 7}}"#,
        ],
    },
    Case {
        shape: ToolShape::Hermes,
        calls: [
            "<tool_call>\n{\"name\": \"note\", \"arguments\": {\"due\": \"</tool_c\"}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"id\": 7}}\n</tool_call>",
        ],
        both: "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>\n\
               <tool_call>\n{\"name\": \"get\", \"arguments\": {\"id\": 7}}\n</tool_call>",
        refused: &[
            "<tool_call>\n{\"name\": \"pin\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"id\": 7}}\n",
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"id\": 0}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>",
        ],
    },
    Case {
        shape: ToolShape::Llama3,
        calls: [
            r#"<|python_tag|>{"name": "get_weather", "parameters": {"city": "", "unit": "F"}}"#,
            r#"{"name": "get", "parameters": {"id": 7}}"#,
        ],
        both: r#"{"name": "ping", "parameters": {}}; {"name": "get", "parameters": {"id": 7}}"#,
        refused: &[
            r#"{"name": "get", "arguments": {"id": 7}}"#,
            r#"<|python_tag|>get(id=7)"#,
            r#"{"name": "get", "parameters": {"id": true}}"#,
            r#"{"name": "get_weather", "parameters": {"city": "", "unit": "K"}}"#,
            r#"{"name": "get", "parameters": {"id": 7"#,
        ],
    },
    Case {
        shape: ToolShape::Mistral,
        calls: [
            r#"[TOOL_CALLS][{"name": "ping", "arguments": {}}]"#,
            r#"[TOOL_CALLS] [{"name": "get", "arguments": {"id": 7}}]"#,
        ],
        both: r#"[TOOL_CALLS] [{"name": "ping", "arguments": {}}, {"name": "get", "arguments": {"id": 7}}]"#,
        refused: &[
            r#"[TOOL_CALLS] {"name": "ping", "arguments": {}}"#,
            r#"[TOOL_CALLS] []"#,
            r#"[TOOL_CALLS] [{"name": "get", "arguments": {"id": 7.5}}]"#,
            r#"[TOOL_CALLS] [{"name": "ping", "arguments": {}}"#,
        ],
    },
    Case {
        shape: ToolShape::Pythonic,
        calls: [r#"[note(urgent=None, tags=["a)", "\\"], due=3)]"#, r#"[get(id=7)]"#],
        both: r#"[ping(), get(id=7)]"#,
        refused: &[
            r#"[get()]"#,
            r#"[get(7)]"#,
            r#"[get(id="7")]"#,
            r#"[note(urgent=true)]"#,
            r#"[note(, due=3)]"#,
            r#"[note(due=3,)]"#,
            r#"[get(id=7"#,
            r#"[get_weather(days=1)]"#,
        ],
    },
    Case {
        shape: ToolShape::XmlParameters,
        calls: [
            "<tool_call>\n<function=note>\n<parameter=urgent>\nnull\n</parameter>\n<parameter=due>\n\
             12 <\"\n\\\n</parameter>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get>\n<parameter=id>\n7\n</parameter>\n</function>\n</tool_call>",
        ],
        both: "<tool_call>\n<function=ping>\n</function>\n</tool_call>\n\
               <tool_call>\n<function=get>\n<parameter=id>\n7\n</parameter>\n</function>\n</tool_call>",
        refused: &[
            "<tool_call>\n<function=pong>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get>\n<parameter=id>\nx\n</parameter>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get>\n<parameter=id>\n7\n</parameter>\n</function>\n",
            "<tool_call>\n<function=note>\n<parameter=urgent>\nyes\n</parameter>\n</function>\n</tool_call>",
        ],
    },
];

/// Judges texts, and of accepted ones with calls what the calls are.
fn check(options: &ToolOptions, accepted: &[String], refused: &[String]) {
    let constraint = constraint(&tools(), options);
    for (texts, expected) in [(accepted, true), (refused, false)] {
        for text in texts {
            let refusal = constraint.matcher().explain_bytes(text.as_bytes()).expect("in limits");
            assert_eq!(refusal.is_none(), expected, "{options:?}\n{text:?}: {refusal:?}");
        }
    }
}

/// That the judge and the crate read the same calls.
fn assert_read(text: &str, shape: ToolShape, least: usize) {
    let judged = judge::calls(text, shape).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let read: Vec<_> = tools().calls(text, shape).iter().map(|call| call.to_json()).collect();
    assert_eq!(read, judged, "{text:?}");
    assert!(read.len() >= least, "{text:?}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn required_calls_stand_alone() {
    for Case { shape, calls, both, refused } in CASES {
        calls.iter().for_each(|text| assert_read(text, shape, 1));
        assert_read(both, shape, 2);
        let mut options = ToolOptions { choice: ToolChoice::Required, shape, ..Default::default() };
        let mut wrong = owned(refused);
        wrong.extend([String::new(), format!("So: {}", calls[0]), format!("{}.", calls[1])]);
        check(&options, &owned(&calls), &[wrong.as_slice(), &owned(&[both])].concat());
        options.calls = Calls::Parallel;
        let lone = if shape == ToolShape::Json { vec![] } else { owned(&calls) };
        check(&options, &[lone, owned(&[both])].concat(), &wrong);
    }
}

#[test]
fn a_named_tool_is_called_once() {
    for Case { shape, calls, both, .. } in CASES {
        let choice = ToolChoice::Named("get".to_owned());
        let options =
            ToolOptions { choice, shape, calls: Calls::Parallel, ..ToolOptions::default() };
        // Of a single call Json makes no list, and neither is there a list of one.
        let single = if shape == ToolShape::Json { Calls::One } else { Calls::Parallel };
        let options = ToolOptions { calls: single, ..options };
        check(&options, &owned(&calls[1..]), &owned(&[calls[0], both, "", "get"]));
    }
}

#[test]
fn free_text_has_whole_calls_or_none() {
    for Case { shape, calls, both, refused } in CASES {
        let free = owned(&["", "Hm: [get] <tool {\"names\": 1} [x(", "né"]);
        let within = |text: &str| format!("So:\n{text}");
        let mut options = ToolOptions { shape, ..ToolOptions::default() };
        let good: Vec<String> = calls.iter().map(|text| within(text)).collect();
        // Markers of other names begin no call.
        let is_call = |text: &&&str| !text.contains("[get()") || shape != ToolShape::Pythonic;
        let bad: Vec<String> = refused.iter().filter(is_call).map(|text| within(text)).collect();
        let behind = format!("{} and {}", calls[1], calls[1]);
        check(
            &options,
            &[free.clone(), good.clone()].concat(),
            &[bad.clone(), vec![behind.clone()]].concat(),
        );
        options.calls = Calls::Parallel;
        let is_list = matches!(shape, ToolShape::Json | ToolShape::Mistral | ToolShape::Pythonic);
        let more = if is_list { vec![] } else { vec![behind] };
        check(&options, &[free.clone(), vec![within(both)], more].concat(), &bad);
        let none = ToolOptions { choice: ToolChoice::None, shape, ..ToolOptions::default() };
        check(&none, &free[..2], &[]);
    }
}

#[test]
fn walks_make_valid_calls() {
    for Case { shape, .. } in CASES {
        // Minimal escapes, which Python needs, have a backslash too many: behind it is a dead end.
        let avoided: &[u8] = if shape == ToolShape::Pythonic { b"\\" } else { b"" };
        for calls in [Calls::One, Calls::Parallel] {
            let choice = ToolChoice::Required;
            let options = ToolOptions { choice, shape, calls, ..ToolOptions::default() };
            let constraint = constraint(&tools(), &options);
            for seed in 0..20 {
                assert_read(&walk(&constraint, seed, 220, avoided), shape, 1);
            }
        }
    }
}

#[test]
fn markers_may_be_tokens() {
    let options = ToolOptions {
        choice: ToolChoice::Required,
        markers: Markers::Token,
        ..ToolOptions::default()
    };
    let constraint = constraint(&tools(), &options);
    let text = b"\n{\"name\": \"ping\", \"arguments\": {}}\n";
    let text = text.iter().map(|&byte| TokenId(u32::from(byte)));
    let tokens: Vec<TokenId> =
        [TokenId(256)].into_iter().chain(text).chain([TokenId(257)]).collect();
    assert_eq!(constraint.matcher().validate(&tokens).expect("in limits"), tokens.len());
    assert_eq!(constraint.matcher().validate(&tokens[1..]).expect("in limits"), 0);
}
