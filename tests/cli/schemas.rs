//! JSON Schemas on the command line.

use serde_json::json;

use super::*;

/// Schemas, by the file's name.
const SCHEMAS: [(&str, &[u8]); 13] = [
    ("port.json", br#"{"title": "A port", "type": "integer", "minimum": 80, "maximum": 65535}"#),
    ("pair.json", br#"{"properties": {"a": {"minimum": 1}, "b": {"type": "null"}}, "required": ["a"], "type": "object"}"#),
    ("host.json", br#"{"type": "string", "format": "hostname"}"#),
    ("echo.json", br#"{"const": "ab", "pattern": "^(a)\\1$"}"#),
    ("twin.json", br#"{"const": "aa", "pattern": "^(a)\\1$"}"#),
    ("none.json", br#"{"title": "", "type": "array", "minItems": 3, "items": {"maximum": 1}, "maxItems": 2}"#),
    ("false.json", b"false"),
    ("open.json", "{\"title\": \"日本\", 1}".as_bytes()),
    ("wrong.json", br#"{"properties": {"a": {"minLength": -1}}}"#),
    ("faulty.json", br#"{"properties": {"a/b": {"pattern": "a(b"}}}"#),
    ("closed.json", br#"{"required": ["a"], "properties": {"a": {"type": "null", "enum": [1]}}, "additionalProperties": false, "type": "object"}"#),
    ("costly.json", COSTLY.as_bytes()),
    ("costly-member.json", COSTLY_MEMBER.as_bytes()),
];

/// To tell that the one language has no text that the other has not takes more states than there may be.
macro_rules! costly {
    () => {
        r#"{"type": "string", "pattern": "^[ab]*a[ab]{60}$", "not": {"pattern": "^[ab]*(a[ab]{60}|b[ab]{61})$"}}"#
    };
}

const COSTLY: &str = costly!();
const COSTLY_MEMBER: &str = concat!(r#"{"properties": {"a": "#, costly!(), "}}");

fn check_all(cases: &[Ended<'_>]) {
    let folder = folder(&SCHEMAS);
    for &(args, code, out, err) in cases {
        let case = Case { args, code, env: &NO_MODEL, out, err, ..Case::default() };
        let (out, _) = check(folder.path(), &case);
        assert!(!case.out.is_empty() || out.is_empty(), "{args:?} prints\n{out}");
    }
    assert!(!folder.path().join("empty").exists(), "no model is needed");
}

#[test]
fn schema_check_tells_what_is_enforced() {
    check_all(&[
        (
            &["schema", "check", "port.json"],
            0,
            &[
                "draft 2020-12, schemas: 1, keywords: 4: 3 exact, 1 annotation\nshortest value: 80\nsize: ",
                " shapes, ",
                " expressions, ",
                " kB\n",
            ],
            &[],
        ),
        (
            &["schema", "check", "port.json", "--all", "--draft", "7"],
            0,
            &["draft 7, ", "\nannotation /title", "\nexact /type\nexact /minimum\n"],
            &[],
        ),
        (
            &["schema", "check", "host.json"],
            1,
            &["1 exact, 1 under\nunder /format: ", "xn--", "\nshortest value: \"A\"\n"],
            &[],
        ),
        (
            &["schema", "check", "echo.json", "--policy", "complete"],
            1,
            &[
                "1 exact, 1 over\nover /pattern: a back-reference",
                "\nshortest value: \"ab\", which does not conform\n",
            ],
            &[],
        ),
        (
            &["schema", "check", "echo.json"],
            3,
            &[],
            &["echo.json: pattern cannot be enforced: a back-reference", "(at /pattern)\n"],
        ),
        (
            &["schema", "check", "none.json"],
            2,
            &[
                "no value conforms, for these contradict each other:\n  /type\n  /minItems\n  /maxItems\n",
            ],
            &["none.json: the schema allows no value\n"],
        ),
        (
            &["schema", "check", "false.json"],
            2,
            &["keywords: 0\nno value conforms\n"],
            &["the schema allows no value\n"],
        ),
        (
            &["schema", "check", "open.json"],
            2,
            &[],
            &[
                "open.json: ",
                "(line 1, column 17)\n{\"title\": \"日本\", 1}\n                  ^\n",
            ],
        ),
        (
            &["schema", "check", "wrong.json"],
            2,
            &[],
            &["minLength must be ", "(at /properties/a/minLength)"],
        ),
        (
            &["schema", "check", "faulty.json"],
            2,
            &[],
            &["pattern \"a(b\" is wrong at its byte ", " (at /properties/a~1b/pattern)\n"],
        ),
        (
            &["schema", "check", "closed.json"],
            2,
            &["each other:\n  /required\n  /type\n  /properties/a/type\n  /properties/a/enum\n"],
            &["closed.json: the schema allows no value\n"],
        ),
        (
            &["schema", "check", "costly.json"],
            4,
            &[],
            &["costly.json: automaton states of an intersection ", " is over the limit of "],
        ),
        (&["schema", "check", "absent.json"], 7, &[], &["absent.json: No such file"]),
    ]);
}

#[test]
fn schema_check_answers_programs() {
    let folder = folder(&SCHEMAS);
    let answer = |file, code| {
        let args = ["schema", "check", "--json", file];
        let case = Case { args: &args, code, env: &NO_MODEL, ..Case::default() };
        parse(&check(folder.path(), &case).0)
    };
    let exact = answer("port.json", 0);
    let first = ["draft", "worst", "entries", "counts", "schemas", "satisfiable"];
    assert_eq!(keys(&exact), [&first[..], &["size", "example"]].concat());
    assert_eq!(keys(&exact["size"]), ["shapes", "expressions", "states", "bytes"]);
    assert_eq!(
        exact["counts"],
        json!({"exact": 3, "annotation": 1, "under": 0, "over": 0, "refused": 0})
    );
    let maximum = json!({"pointer": "/maximum", "keyword": "maximum", "enforcement": "exact"});
    assert_eq!((&exact["entries"][3], &exact["example"]), (&maximum, &json!("80")));
    let none = answer("none.json", 2);
    assert_eq!(keys(&none), [&first[..], &["conflict"]].concat());
    assert_eq!(none["conflict"], json!(["/type", "/minItems", "/maxItems"]));
    assert_eq!(none["satisfiable"], json!(false));
}

#[test]
fn values_are_checked_and_judged() {
    let pair = ["check", "--schema", "pair.json"];
    check_all(&[
        (&[&pair[..], &["{\"a\": 1, \"b\": null}"]].concat(), 0, &["accepted\n"], &[]),
        (
            &[&pair[..], &["{\"a\": 0}"]].concat(),
            1,
            &[
                "refused at byte 6, \"0\": ",
                "\n{\"a\": 0}\n      ^\n/a does not conform: 0 is less than the minimum of 1 (/properties/a/minimum)\n",
            ],
            &[],
        ),
        (
            &[&pair[..], &["{\"b\":null,\"a\":1}"]].concat(),
            1,
            &["refused at byte 2, \"b\": ", "\nthe value conforms: its order, "],
            &[],
        ),
        (
            &[&pair[..], &["--order", "any", "{\"b\":null,\"a\":1}"]].concat(),
            0,
            &["accepted\n"],
            &[],
        ),
        (
            &[&pair[..], &["--white-space", "compact", "{\"a\": 1}"]].concat(),
            1,
            &["refused at byte 5, \" \": ", "\nthe value conforms: "],
            &[],
        ),
        (&[&pair[..], &["--white-space", " ?", "{ \"a\" : 1 }"]].concat(), 0, &["accepted\n"], &[]),
        (&[&pair[..], &["{\"a\":1"]].concat(), 1, &["refused at byte 6, the end: "], &[]),
        (
            &["check", "--schema", "echo.json", "--policy", "complete", "\"ab\""],
            0,
            &["accepted\nthe value does not conform: \"ab\" does not match ", " (/pattern)\n"],
            &["note: not enforced exactly: /pattern (over); "],
        ),
        (&["check", "--type", "json", "[1, {\"a\": null}]"], 0, &["accepted\n"], &[]),
        (&["check", "--type", "json-object", "[1]"], 1, &["refused at byte 0, \"[\": "], &[]),
        (
            &["check", "--schema", "port.json", "--json", "7"],
            1,
            &[
                "\"accepted\":false,\"offset\":1,",
                "\"violations\":[{\"instance\":\"\",\"schema\":\"/minimum\",\"message\":\"7 is ",
            ],
            &[],
        ),
    ]);
    let folder = folder(&SCHEMAS);
    let args = ["check", "--schema", "port.json", "--lines", "-"];
    let stdin = "\"80\"\n\"79\"\n\"8080.\"\n";
    let case = Case { args: &args, stdin, code: 1, env: &NO_MODEL, ..Case::default() };
    let lines = support::lines(&check(folder.path(), &case).0);
    assert_eq!(lines[0], json!({"accepted": true, "violations": []}));
    assert_eq!(lines[1]["violations"][0]["schema"], json!("/minimum"));
    assert_eq!(keys(&lines[2]), ["accepted", "offset", "reason"], "it is no JSON");
    let args = ["check", "--schema", "costly-member.json", "--lines", "-"];
    let stdin = "\"{\\\"a\\\":\\\"b\\\"}\"\n\"{}\"\n";
    let case = Case { args: &args, stdin, code: 1, env: &NO_MODEL, ..Case::default() };
    let lines = support::lines(&check(folder.path(), &case).0);
    let reason = lines[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains(" is over the limit of "), "{reason}");
    assert_eq!(keys(&lines[0]), ["accepted", "reason"], "it is not known where");
    assert_eq!(lines[1]["accepted"], json!(true), "the lines behind it are checked");
}

#[test]
fn schemas_are_refused_before_the_model_opens() {
    for command in ["generate", "check"] {
        let offline = [command, "text", "--offline"];
        let with = |args: &[&'static str]| [&offline[..], args].concat();
        check_all(&[
            (&with(&["--schema", "wrong.json"]), 2, &[], &["wrong.json: minLength must be "]),
            (&with(&["--schema", "echo.json"]), 3, &[], &["pattern cannot be enforced"]),
            (
                &with(&["--schema", "none.json"]),
                2,
                &[],
                &["none.json: the schema allows no value\n"],
            ),
            (&with(&["--schema", "port.json", "--regex", "a"]), 2, &[], &["cannot be used with"]),
            (
                &with(&["--regex", "a", "--order", "any"]),
                2,
                &[],
                &["--schema <FILE>|--type <TYPE>"],
            ),
            (&with(&["--type", "json", "--policy", "sound"]), 2, &[], &["--schema <FILE>"]),
            (&with(&["--schema", "port.json", "--white-space", "("]), 2, &[], &["port.json: "]),
        ]);
    }
}

#[test]
fn generated_values_are_judged() {
    let folder = folder(&SCHEMAS);
    for (file, code, valid) in [("twin.json", 0, true), ("echo.json", 1, false)] {
        let args =
            ["generate", "--schema", file, "--policy", "complete", "--json", "Two letters: "];
        let err = &["note: not enforced exactly: /pattern (over)"];
        let (out, _) = check(folder.path(), &Case { args: &args, code, err, ..Case::default() });
        let result = parse(&out);
        assert_eq!(result["valid"], json!(valid), "{result}");
        let found = result["violations"].as_array().map(Vec::len);
        assert_eq!(found, Some(usize::from(!valid)), "{result}");
    }
    let args = ["generate", "--schema", "echo.json", "--policy", "complete", "Two letters: "];
    let err = ["note: the value does not conform: "];
    let case = Case { args: &args, code: 1, err: &err, ..Case::default() };
    check(folder.path(), &case);
    let args = ["generate", "--schema", "port.json", "--json", "The port of HTTPS is "];
    let (out, err) = check(folder.path(), &Case { args: &args, ..Case::default() });
    assert_eq!(
        (keys(&parse(&out)), err.as_str()),
        (
            vec![
                "text",
                "finish",
                "tokens",
                "end",
                "prompt_tokens",
                "passes",
                "drafted",
                "accepted"
            ],
            ""
        )
    );
}
