//! Valid values that are damaged in one place: what comes of them is the value, or no value, never another.

use serde_json::{Value, json};
use tokenrail::repair::{Options, Status, repair};

/// Values with what repairers trip over in their strings.
fn values() -> Vec<Value> {
    vec![
        json!({"name": "Ann", "age": 41, "tags": ["a", "b"], "home": {"city": "Oslo", "zip": null}}),
        json!([{"id": 1, "ok": true}, {"id": 2, "ok": false}, {"id": 3, "ok": null}]),
        json!({"text": "He said: \"go, now\", and left.", "next": "it's 5'3\" {tall} [x]"}),
        json!({"code": "if (a) { return [1, 2]; } // done", "path": "C:\\temp\\new", "lines": "a\nb\tc"}),
        json!({"a": [[1, 2], [3, 4.50]], "b": {"c": {"d": [-1e5, 0]}}, "e": [], "f": {}}),
        json!({"url": "http://x/y?z=1#w", "note": "a, b: c", "empty": "", "k:ey": "v"}),
        json!(["one, two", "three", "```json", "<think>", "…", "x: {y}", "null", "12"]),
    ]
}

/// A sign of JSON that stands outside strings, or a quote that ends one.
fn signs(text: &str) -> Vec<(usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    let mut signs = Vec::new();
    for (at, char) in text.char_indices() {
        let is_quote = char == '"' && !escaped;
        if is_quote || !inside && matches!(char, '{' | '}' | '[' | ']' | ',' | ':') {
            signs.push((at, char));
        }
        inside ^= is_quote;
        escaped = inside && char == '\\' && !escaped;
    }
    signs
}

/// A text with the sign at a place taken away, doubled, or made another.
fn damaged(text: &str, at: usize, char: char) -> Vec<String> {
    let (before, behind) = (&text[..at], &text[at + 1..]);
    let mut texts = vec![format!("{before}{behind}")];
    let others: &[&str] = match char {
        ',' => &[",,", ";", ", /* note */", ", // note\n", "\n", ",\n"],
        ':' => &["=", " : ", ""],
        '{' | '[' => &["{", "[", "/* note */ {", "("],
        '}' | ']' => &["}", "]", ",}", ",]", "}}", "]]", ")"],
        _ => &["'", "“", "\\\"", "\"\""],
    };
    texts.extend(others.iter().map(|other| format!("{before}{other}{behind}")));
    texts
}

/// The value or none comes of a text.
fn check(value: &Value, text: &str, wrong: &mut Vec<String>) -> bool {
    let found = repair(text, &Options::default());
    let is_json = serde_json::from_str::<Value>(text).is_ok();
    match found.value() {
        None => false,
        Some(made) if made == *value => true,
        // The damage made other JSON of it, which nothing can tell.
        Some(_) if is_json && found.status == Status::Valid => false,
        // It made the begin of another value, of which a closing bracket is missing at the end: every
        // reader puts it in there.
        Some(made) if is_begin(text, &made) => false,
        Some(made) => {
            wrong.push(format!("{text}\n  {made}"));
            false
        }
    }
}

/// Whether a text is a value without the last of its closing brackets.
fn is_begin(text: &str, value: &Value) -> bool {
    let whole = [format!("{text}}}"), format!("{text}]")];
    whole
        .iter()
        .any(|whole| serde_json::from_str::<Value>(whole).is_ok_and(|whole| whole == *value))
}

#[test]
fn damaged_values_are_whole_or_refused() {
    let (mut all, mut whole, mut wrong) = (0, 0, Vec::new());
    for value in values() {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("it is JSON")] {
            for (at, char) in signs(&text) {
                for damaged in damaged(&text, at, char) {
                    all += 1;
                    whole += usize::from(check(&value, &damaged, &mut wrong));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(whole * 3 > all, "{whole} of {all} are whole");
}
