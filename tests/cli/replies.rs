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
