//! The rows of the official test suite of JSON Schema that have numbers for instances.

use std::path::Path;

use serde_json::Value;

use crate::regex::{Automaton, ByteSet, ExprId, Exprs};
use crate::schema::number::{Bound, Decimal, Numbers, Spelling};

/// The files, and how many rows with numbers each has.
const FILES: [(&str, usize); 8] = [
    ("minimum", 9),
    ("maximum", 7),
    ("exclusiveMinimum", 3),
    ("exclusiveMaximum", 3),
    ("multipleOf", 10),
    ("type", 23),
    ("optional/bignum", 9),
    ("optional/float-overflow", 1),
];
/// Stands before the text of a number that was made a string, to keep it as it is written.
const MARK: char = '\u{1}';

/// JSON whose numbers are strings with a mark.
fn with_number_texts(source: &str) -> Value {
    let mut marked = String::new();
    let mut is_string = false;
    let mut is_escaped = false;
    let mut is_number = false;
    for c in source.chars() {
        let goes_on =
            !is_string && (c.is_ascii_digit() || "+-.eE".contains(c) && (is_number || c == '-'));
        if goes_on != is_number {
            marked.push_str(if goes_on { "\"\\u0001" } else { "\"" });
            is_number = goes_on;
        }
        is_string ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        marked.push(c);
    }
    serde_json::from_str(&marked).unwrap()
}

fn number_text(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(MARK)
}

/// The language of a schema of number keywords, in `any` of what multiples are decided for.
fn language(exprs: &mut Exprs, numbers: &mut Numbers, schema: &Value) -> ExprId {
    let mut parts = vec![numbers.any(), numbers.decided_by_multiples()];
    for (keyword, value) in schema.as_object().unwrap() {
        let decimal = || Decimal::parse(number_text(value).unwrap()).unwrap();
        let (inclusive, exclusive) = (Bound::Inclusive, Bound::Exclusive);
        let part = match keyword.as_str() {
            "$schema" => continue,
            "minimum" => numbers.at_least(exprs, &decimal(), inclusive),
            "maximum" => numbers.at_most(exprs, &decimal(), inclusive),
            "exclusiveMinimum" => numbers.at_least(exprs, &decimal(), exclusive),
            "exclusiveMaximum" => numbers.at_most(exprs, &decimal(), exclusive),
            "multipleOf" => numbers.multiple_of(exprs, &decimal()),
            "type" => Ok(types(exprs, numbers, value)),
            _ => panic!("{keyword} is unknown to this test"),
        };
        parts.push(part.unwrap());
    }
    exprs.and(parts)
}

fn types(exprs: &mut Exprs, numbers: &mut Numbers, value: &Value) -> ExprId {
    let names = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let of = |name: &Value| match name.as_str() {
        Some("number") => numbers.any(),
        Some("integer") => numbers.integers(exprs),
        _ => ExprId::NOTHING,
    };
    let parts: Vec<ExprId> = names.iter().map(of).collect();
    exprs.or(parts)
}

/// Checks a file's rows with numbers; how many those are.
fn check(groups: &Value) -> usize {
    let mut count = 0;
    for group in groups.as_array().unwrap() {
        let mut exprs = Exprs::default();
        let mut numbers = Numbers::new(&mut exprs, Spelling::Any);
        let start = language(&mut exprs, &mut numbers, &group["schema"]);
        let mut automaton = Automaton::new(exprs, ByteSet::ALL);
        for row in group["tests"].as_array().unwrap() {
            let Some(text) = number_text(&row["data"]) else { continue };
            let end = text.bytes().fold(start, |state, byte| {
                let class = automaton.class_of(byte);
                automaton.step(state, class)
            });
            assert_eq!(automaton.is_nullable(end), row["valid"], "{group}\n{text}");
            count += 1;
        }
    }
    count
}

#[test]
#[expect(clippy::print_stdout, reason = "an absent folder is said, not hidden")]
fn rows_of_the_suite_are_decided_as_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../shared/data/json-schema-test-suite/tests/draft2020-12");
    for (name, rows) in FILES {
        let path = folder.join(format!("{name}.json"));
        let Ok(source) = std::fs::read_to_string(&path) else {
            println!("{} is absent", path.display());
            continue;
        };
        let found = check(&with_number_texts(&source));
        assert_eq!(found, rows, "rows of {name}");
    }
}
