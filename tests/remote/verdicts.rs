//! What replies are worth that came without an error.

use serde_json::{Value, json};
use tokenrail::openai::Reply;
use tokenrail::remote::{Expected, Refusals, judge, runaway};

/// A choice, the tokens that it took of 16, and the verdict on it.
fn check(choice: &Value, tokens: u64, expected: Expected, verdict: &str) {
    let usage = json!({"completion_tokens": tokens});
    let reply = Reply::read(&json!({"choices": [choice], "usage": usage})).expect("a reply");
    let found = judge(&reply, expected, Some(16), &Refusals::default());
    assert_eq!(found.name(), verdict, "{choice}, {tokens} tokens");
}

fn said(text: &str, finish: &str) -> Value {
    json!({"message": {"content": text}, "finish_reason": finish})
}

fn called(arguments: &str, finish: &str) -> Value {
    json!({"message": {"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}, "finish_reason": finish})
}

#[test]
fn replies_are_judged() {
    let refusal = json!({"message": {"content": null, "refusal": "No."}, "finish_reason": "stop"});
    let thoughts =
        json!({"message": {"content": "", "reasoning_content": "hm"}, "finish_reason": "length"});
    let spaces = format!("{{\"a\":{}", " ".repeat(250));
    let turns = format!("[{}", "\"ab\",".repeat(200));
    let cases: [(Value, u64, Expected, &str); 26] = [
        (said("hello", "stop"), 3, Expected::Text, "whole"),
        (said("hello", "length"), 16, Expected::Text, "cut"),
        (said("hello", "stop"), 16, Expected::Text, "whole"),
        (said("hello", ""), 16, Expected::Text, "cut"),
        (said("I'm sorry, but no.", "stop"), 5, Expected::Text, "whole"),
        (said("I'm sorry, but no.", "stop"), 5, Expected::Json, "refused"),
        (said("I\u{2019}m sorry, but no.", "stop"), 5, Expected::Json, "refused"),
        (said("Sorry about that: {\"a\": 1}", "stop"), 5, Expected::Json, "whole"),
        (refusal, 2, Expected::Text, "refused"),
        (said("", "refusal"), 0, Expected::Text, "refused"),
        (said("half", "content_filter"), 2, Expected::Text, "filtered"),
        (said("", "stop"), 0, Expected::Text, "empty"),
        (said(" \n", "stop"), 1, Expected::Json, "empty"),
        (thoughts, 16, Expected::Text, "empty"),
        (said("{\"a\": 1}", "stop"), 5, Expected::Json, "whole"),
        (said("{\"a\": 1}", "length"), 16, Expected::Json, "whole"),
        (said("{\"a\": [1, 2", "length"), 16, Expected::Json, "cut"),
        (said("{\"a\": [1, 2", "stop"), 5, Expected::Json, "cut"),
        (said("```json\n{\"a\": 1}\n```", "stop"), 5, Expected::Json, "whole"),
        (said(&spaces, "length"), 16, Expected::Json, "runaway"),
        (said(&turns, "length"), 16, Expected::Json, "runaway"),
        (said(&turns, "length"), 16, Expected::Text, "cut"),
        (called("{}", "tool_calls"), 5, Expected::Text, "whole"),
        (called("", "tool_calls"), 5, Expected::Text, "whole"),
        (called("{\"x\": ", "tool_calls"), 16, Expected::Text, "cut"),
        (said("half", "error"), 5, Expected::Text, "broken"),
    ];
    for (choice, tokens, expected, verdict) in &cases {
        check(choice, *tokens, *expected, verdict);
    }
}

#[test]
fn texts_that_run_away_are_found_where_they_begin_to() {
    let cases = [
        (format!("abc{}", " ".repeat(199)), None),
        (format!("abc{}", " \n\t".repeat(70)), Some(3)),
        (format!("{{\"k\": \"{}", "xyz ".repeat(200)), Some(7)),
        (format!("é{}", "ü".repeat(300)), Some(2)),
        ("The cat sat on the mat. ".repeat(22), Some(0)),
        ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ".to_owned(), None),
        ((0..400).map(|number| format!("{number}, ")).collect(), None),
    ];
    for (text, expected) in cases {
        assert_eq!(runaway(&text), expected, "{text:?}");
    }
}

#[test]
fn the_list_of_refusals_is_the_callers() {
    let reply = Reply::read(&json!({"choices": [said("Nein.", "stop")]})).expect("a reply");
    let nothing = Refusals { phrases: Vec::new(), longest: 100 };
    let german = Refusals { phrases: vec!["nein".into()], longest: 100 };
    assert_eq!(judge(&reply, Expected::Json, None, &nothing).name(), "whole");
    assert_eq!(judge(&reply, Expected::Json, None, &german).name(), "refused");
}
