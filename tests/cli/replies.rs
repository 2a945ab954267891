//! Replies repaired on the command line.

use super::*;

/// Replies and schemas, by the file's name.
const FILES: [(&str, &[u8]); 11] = [
    ("valid.txt", b" {\"a\": 1.50}\n"),
    ("reply.txt", b"Sure: {a: '7',}"),
    ("unclear.txt", b"{\"a\": 1,299}"),
    ("cut.txt", b"{\"a\": 1, \"b\": 2"),
    ("prose.txt", b"I cannot help with that."),
    ("call.txt", b"Wait.<tool_call>{'name': 'ping', 'arguments': {\"host\": \"a\"}}</tool_call>"),
    ("stranger.txt", b"[TOOL_CALLS]pong[ARGS]{}"),
    (
        "tools.json",
        br#"[{"name": "ping", "parameters": {"properties": {"host": {"type": "string"}}}}]"#,
    ),
    (
        "strict.json",
        br#"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
             "required": ["a"], "additionalProperties": false}"#,
    ),
    ("schema.json", br#"{"properties": {"a": {"type": "integer"}}}"#),
    (
        "lines.jsonl",
        b"{\"id\": \"x\", \"text\": \"[1,]\"}\n\n{\"text\": \"[1\", \"finish\": \"length\"}\n",
    ),
];

fn check_all(cases: &[Ended<'_>]) {
    let folder = folder(&FILES);
    for &(args, code, out, err) in cases {
        let args: Vec<&str> = std::iter::once("repair").chain(args.iter().copied()).collect();
        let case = Case { args: &args, code, out, err, ..Case::default() };
        let (out, err) = check(folder.path(), &case);
        assert!(!case.out.is_empty() || out.is_empty(), "{args:?} prints\n{out}");
        assert!(!case.err.is_empty() || err.is_empty(), "{args:?} says\n{err}");
    }
}

#[test]
fn replies_end_with_their_status() {
    check_all(&[
        (&["valid.txt"], 0, &[" {\"a\": 1.50}\n"], &[]),
        (
            &["reply.txt"],
            10,
            &["{\"a\": \"7\"}\n"],
            &["repaired at level syntax", "strip_prose", "quote_key"],
        ),
        (
            &["reply.txt", "--schema", "schema.json"],
            10,
            &["{\"a\":7}\n"],
            &["level coerce", "coerce at /a: \"7\" -> 7 (normalising)"],
        ),
        (&["reply.txt", "--level", "L1"], 13, &[], &["failed: level at byte 0"]),
        (&["unclear.txt"], 12, &[], &["ambiguous: ambiguous_thousands at byte 8"]),
        (&["cut.txt", "--finish", "length"], 13, &[], &["failed: truncated at byte 7"]),
        (
            &["cut.txt", "--finish", "length", "--allow", "incomplete", "--explain"],
            11,
            &["{\"a\": 1}\n"],
            &["lossy at level salvage", "drop_incomplete", "dropped at byte 7: \", \\\"b\\\": 2\""],
        ),
        (&["prose.txt"], 13, &[], &["no_json_refusal_suspected"]),
    ]);
}

#[test]
fn calls_are_read() {
    check_all(&[
        (
            &["call.txt", "--tools", "tools.json"],
            10,
            &["{\"tool_calls\":[{\"name\":\"ping\",\"arguments\":{\"host\":\"a\"}}]}\n"],
            &["repaired at level syntax", "strip_prose", "mend_envelope", "content: \"Wait.\""],
        ),
        (
            &["call.txt", "--tools", "tools.json", "--json"],
            10,
            &[
                r#""value":{"tool_calls":[{"name":"ping","arguments":{"host":"a"}}]},"#,
                r#""content":"Wait.","calls":[{"name":"ping","arguments":{"host":"a"},"#,
                r#""executable":true"#,
            ],
            &[],
        ),
        (
            &["stranger.txt", "--tools", "tools.json"],
            13,
            &[],
            &["failed: unknown_tool at byte 0", "tools that are called like it: ping"],
        ),
        (&["prose.txt", "--tools", "tools.json"], 0, &["{\"tool_calls\":[]}"], &["content: "]),
        (&["call.txt", "--tools", "reply.txt"], 2, &[], &["reply.txt: it is not JSON"]),
        (
            &["call.txt", "--tools", "tools.json", "--schema", "schema.json"],
            2,
            &[],
            &["cannot be used with"],
        ),
    ]);
}

#[test]
fn reports_are_json() {
    check_all(&[
        (
            &["reply.txt", "--json"],
            10,
            &[
                r#"{"status":"repaired","level":"syntax","value":{"a":"7"},"edits":[{"#,
                r#""refusal":null}"#,
            ],
            &[],
        ),
        (
            &["--lines", "lines.jsonl"],
            13,
            &[
                r#"{"id":"x","status":"repaired","level":"syntax","value":[1],"#,
                r#"{"id":3,"status":"failed","level":"salvage","value":null,"#,
            ],
            &["2 replies: 1 repaired, 1 failed"],
        ),
    ]);
}

#[test]
fn wrong_flags_and_files_are_refused() {
    check_all(&[
        (&[], 2, &[], &["required"]),
        (&["valid.txt", "--level", "L9"], 2, &[], &["it must be strict, extract"]),
        (&["valid.txt", "--allow", "guessing"], 2, &[], &["it must be one of inner_quotes, "]),
        (&["valid.txt", "--schema", "reply.txt"], 2, &[], &["reply.txt: it is not JSON"]),
        (&["--lines", "valid.txt"], 2, &[], &["valid.txt line 1: \"text\" is null, not a string"]),
        (&["absent.txt"], 7, &[], &["absent.txt: "]),
    ]);
}

/// A reply that was cut off is continued by the model; one that is repaired without it opens none.
#[test]
fn models_complete_replies() {
    let model = ["--model", "smollm2-135m", "--offline", "--schema", "strict.json"];
    let run = |more: &'static [&'static str]| [more, &model].concat();
    let (cut, whole) = (run(&["cut.txt", "--finish", "length", "--json"]), run(&["reply.txt"]));
    let asked = run(&["--prompt", "Count: ", "--max-tokens", "12"]);
    let none = run(&["cut.txt", "--finish", "length", "--max-attempts", "0"]);
    check_all(&[
        (
            &cut,
            10,
            &[
                r#"{"status":"repaired","level":"model","value":{"a":1,"b":2"#,
                r#""ended":"valid","attempts":[{"rung":null,"status":"failed","fault":"it was cut off"#,
                r#"{"rung":"continue","status":"valid""#,
            ],
            &[],
        ),
        (
            &whole,
            10,
            &["{\"a\":7}\n"],
            &["attempt 1, the reply, 0 tokens: repaired", "level coerce"],
        ),
        (&asked, 10, &["{"], &["attempt 1, the reply, ", "attempt 2, "]),
        (&none, 13, &[], &["attempt 1, the reply, 0 tokens: failed: it was cut off", "truncated"]),
        (&["cut.txt", "--chat"], 2, &[], &["--model <MODEL>"]),
    ]);
}

/// Of two readings that conform the model tells which is meant, and the report says that it did.
#[test]
fn models_tell_readings_apart() {
    let folder = folder(&[
        ("open.txt", b"[\"hello, world]"),
        ("texts.json", br#"{"type": "array", "items": {"type": "string"}}"#),
    ]);
    let alone = ["repair", "--schema", "texts.json", "--json", "open.txt"];
    let out = &[r#""status":"ambiguous""#, r#""alternatives":["["#][..];
    check(folder.path(), &Case { args: &alone, code: 12, out, ..Case::default() });
    let asked =
        [&alone[..], &["--model", "smollm2-135m", "--prompt", "Two greetings in JSON: "]].concat();
    let out = &[
        r#""status":"lossy""#,
        r#""value":["hello, world"]"#,
        r#""rule":"choose_reading""#,
        r#""logprobs":[-"#,
        r#""attempts":[{"rung":null"#,
    ][..];
    check(folder.path(), &Case { args: &asked, code: 11, out, ..Case::default() });
}

/// A line each, every one with a loop of its own: continued, repaired alone, asked first, with a schema of
/// its own.
const ASKED: &str = r#"{"id": "cut", "text": "{\"a\": 1, \"b\": 2", "finish": "length"}
{"text": "Sure: {a: '7',}"}

{"id": "asked", "prompt": "Count: "}
{"id": "own", "text": "{\"c\": \"x\", \"d\": 3}", "schema": {"properties": {"c": {"type": "integer"}}}}
"#;

const ASKING: [&str; 11] = [
    "repair",
    "--model",
    "smollm2-135m",
    "--offline",
    "--schema",
    "strict.json",
    "--max-tokens",
    "12",
    "--lines",
    "asked.jsonl",
    "--out",
];

/// The results without the time that they took.
fn results(bytes: &[u8]) -> Vec<Value> {
    let mut results = support::lines(std::str::from_utf8(bytes).expect("UTF-8"));
    for attempt in
        results.iter_mut().flat_map(|result| result["attempts"].as_array_mut().expect("a ledger"))
    {
        attempt["milliseconds"] = Value::Null;
    }
    results
}

#[test]
fn models_complete_the_replies_of_lines() {
    let folder = folder(&[FILES[8], ("asked.jsonl", ASKED.as_bytes())]);
    let place = |name: &str| folder.path().join(name);
    let run = |more: &[&str], code, err: &[&str]| {
        let args = [&ASKING[..], more].concat();
        check(folder.path(), &Case { args: &args, code, err, ..Case::default() });
    };
    run(&["out.jsonl"], 10, &["4 replies: 4 repaired; ", " continue", " redecode"]);
    let bytes = fs::read(place("out.jsonl")).expect("results");
    let whole = results(&bytes);
    let ids: Vec<&Value> = whole.iter().map(|result| &result["id"]).collect();
    assert_eq!(ids, [&json!("cut"), &json!(2), &json!("asked"), &json!("own")]);
    assert_eq!(whole[0]["attempts"][1]["rung"], "continue");
    assert_eq!(whole[1]["attempts"].as_array().map(Vec::len), Some(1));
    // What stood behind the wrong member stays.
    assert_eq!(
        (&whole[3]["value"]["d"], &whole[3]["attempts"][1]["kept"]),
        (&json!(3), &json!(", \"d\": 3}"))
    );

    let cut = bytes.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
    fs::write(place("out.jsonl"), &bytes[..cut]).expect("the output is cut");
    run(&["out.jsonl"], 10, &["1 of 4 items are in out.jsonl already", "4 replies: 4 repaired; "]);
    assert_eq!(results(&fs::read(place("out.jsonl")).expect("results")), whole);
    run(&["out.jsonl", "--chat"], 2, &["line 1: its chat is false, where this run's is true"]);
    fs::write(place("asked.jsonl"), "{\"id\": 1}").expect("a file");
    run(&["other.jsonl"], 2, &["asked.jsonl line 1: it has neither \"text\" nor \"prompt\""]);
}

/// What a first model does not come to another one is asked for.
#[test]
fn another_model_is_asked_last() {
    let model =
        ["--model", "smollm2-135m", "--offline", "--schema", "deep.json", "--max-tokens", "9"];
    let more = ["--prompt", "Count: ", "--fallback-model", "smollm2-135m", "--json"];
    let args = [&["repair"][..], &model, &more].concat();
    // No value fits nine tokens, so that every rung fails.
    let deep = br#"{"type": "string", "minLength": 400, "pattern": "^[a-z]{400,}$"}"#;
    let folder = folder(&[("deep.json", deep)]);
    let case = Case { args: &args, code: 13, ..Case::default() };
    let (out, _) =
        check(folder.path(), &Case { out: &["\"rung\":\"full\"", "\"rung\":\"other\""], ..case });
    assert!(out.contains("\"ended\":\"rungs\""), "{out}");
    check_all(&[(&["cut.txt", "--fallback-model", "smollm2-135m"], 2, &[], &["--model <MODEL>"])]);
}

/// Without a model the results of lines are gone on with, and those of other replies are refused.
#[test]
fn results_of_lines_are_gone_on_with() {
    let folder = folder(&FILES);
    let args = ["repair", "--lines", "lines.jsonl", "--out", "out.jsonl"];
    let case = Case { args: &args, code: 13, ..Case::default() };
    check(folder.path(), &case);
    let place = folder.path().join("out.jsonl");
    let whole = fs::read(&place).expect("results");
    for cut in [10, whole.len() / 2, whole.len()] {
        fs::write(&place, &whole[..cut]).expect("the output is cut");
        check(folder.path(), &case);
        assert_eq!(fs::read(&place).expect("results"), whole, "behind {cut} bytes");
    }
    fs::write(folder.path().join("lines.jsonl"), "{\"id\": \"x\", \"text\": \"[2,]\"}\n")
        .expect("a file");
    let err = &["out.jsonl line 1: it is not what comes of the line's reply; give another --out"];
    check(folder.path(), &Case { code: 2, err, ..case });
}
