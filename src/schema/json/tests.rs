//! Texts that are JSON and texts that are none, with `serde_json` as the judge.

use serde_json::Value;

use super::{Json, JsonError, TooDeep, escape, unescape};

const DEPTH: usize = 100;

/// Pieces of JSON that are put together to texts, most of which are none.
const PIECES: [&str; 29] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"b\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\udbff\\udfff\"",
    "\"\\x\"",
    "\"é",
    "\"",
    "0",
    "-1.5e+3",
    "01",
    "1.",
    "-",
    "1e",
    "true",
    "false",
    "null",
    "nul",
    " ",
    "\n",
    "\t",
    "\u{1}",
];

/// Texts with what is said about them.
const FAULTS: [(&str, &str); 14] = [
    ("", "a value must stand here, not the end of the text (1:1)"),
    ("[1,\n 2,,3]", "a value must stand here, not ',' (2:4)"),
    ("{\"a\": 1, \"b\": 2,\n \"a\": 3}", "member \"a\" is given again, after line 1 (2:2)"),
    ("{\"é\": 1 2}", "a comma or the end of the object must stand here, not '2' (1:9)"),
    ("{a: 1}", "a member's name in quotes must stand here, not 'a' (1:2)"),
    ("{\"a\" 1}", "a colon must stand here, not '1' (1:6)"),
    ("[1", "a comma or the end of the array must stand here, not the end of the text (1:3)"),
    ("1 2", "nothing but white space may follow the value, not '2' (1:3)"),
    ("\"a", "a quote must end the string (1:3)"),
    ("\"a\n\"", "control characters must be escaped, not '\\n' (1:3)"),
    ("\"\\ud800\"", "an escaped surrogate must be half of a pair (1:2)"),
    ("\"\\ud800\\u0041\"", "an escaped surrogate must be half of a pair (1:2)"),
    ("\"\\u12é\"", "four hexadecimal digits must follow \\u (1:2)"),
    ("-01", "a number must have no leading zeros (1:2)"),
];

/// Holds the reader against `serde_json`, which takes all but repeated members.
fn check(text: &str) {
    let judge: Option<Value> = serde_json::from_str(text).ok();
    assert_eq!(Json::is_one(text, DEPTH), Json::parse(text, DEPTH).is_ok(), "{text}");
    match (Json::parse(text, DEPTH), judge) {
        (Ok(json), Some(value)) => {
            assert_eq!(json.to_value().as_ref(), Some(&value), "{text}");
        }
        (Err(JsonError::Syntax { what, .. }), _) if what.contains("is given again") => {}
        (Err(_), None) => {}
        (found, judge) => panic!("{text:?}: {found:?}, but the judge says {judge:?}"),
    }
}

#[test]
fn texts_are_read_as_the_judge_reads_them() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..60_000 {
        let mut text = String::new();
        for _ in 0..1 + round % 9 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(PIECES[(seed >> 33) as usize % PIECES.len()]);
        }
        check(&text);
    }
}

#[test]
fn faults_have_their_place() {
    for (text, expected) in FAULTS {
        let Err(JsonError::Syntax { what, line, column }) = Json::parse(text, DEPTH) else {
            panic!("{text:?} was read");
        };
        assert_eq!(format!("{what} ({line}:{column})"), expected, "{text:?}");
    }
}

#[test]
fn depth_is_limited_and_never_overflows() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let text = open.repeat(100_000);
        assert!(matches!(Json::parse(&text, 500), Err(JsonError::Depth { line: 1, .. })), "{open}");
    }
    let text = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(Json::parse(&text, 500).is_ok() && Json::parse(&text, 499).is_err());
    let value = serde_json::json!([[[1]]]);
    assert!(Json::from_value(&value, 3).is_ok());
    assert_eq!(Json::from_value(&value, 2), Err(TooDeep));
}

#[test]
fn numbers_stay_as_they_are_written() {
    for text in ["1.0", "1E400", "-0", "123456789012345678901234567890.10"] {
        assert_eq!(Json::parse(text, 0), Ok(Json::Number(text.into())));
    }
    assert_eq!(Json::Number("1E400".into()).to_value(), None);
}

#[test]
fn pointers_lead_to_values() {
    let json = Json::parse(r#"{"a/b": [0, {"~": "x"}], "": 1, "01": 2}"#, DEPTH).unwrap();
    let cases = [
        ("/a~1b/1/~0", Some("\"x\"")),
        ("/", Some("1")),
        ("/01", Some("2")),
        ("/a~1b/01", None),
        ("/a~1b/2", None),
        ("/a~1b/-1", None),
        ("/a~2b", None),
        ("a", None),
    ];
    for (pointer, expected) in cases {
        let found = json.locate(pointer).map(|(_, value)| value.describe());
        assert_eq!(found.as_deref(), expected, "{pointer}");
        let followed = json.locate(pointer).map(|(path, value)| json.follow(&path) == Some(value));
        assert_ne!(followed, Some(false), "{pointer}");
    }
    for key in ["", "~", "/", "~1", "a~0/b"] {
        assert_eq!(unescape(&escape(key)).as_deref(), Some(key));
    }
}
