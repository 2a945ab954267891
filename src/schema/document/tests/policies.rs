//! What becomes of keywords that are not enforced, under each policy.

use super::{load, place};
use crate::schema::Enforcement::{Over, Refused, Under};
use crate::schema::keywords::Assertions;
use crate::schema::options::{Options, Policy, UnknownFormats};
use crate::schema::{Enforcement, SchemaError};

/// A pattern that no engine of languages has, within schemas. Behind each the pointer of the schema
/// that has it, and what becomes of that under `Sound` and `Complete`: it is `false`, it is left out,
/// or the whole is refused.
const PATTERNS: [(&str, &str, [Fate; 2]); 11] = [
    (r#"{"pattern": "(a)\\1"}"#, "", [Fate::False, Fate::LeftOut]),
    (r#"{"not": {"pattern": "(a)\\1"}}"#, "/not", [Fate::LeftOut, Fate::False]),
    (r#"{"not": {"items": {"pattern": "(a)\\1"}}}"#, "/not/items", [Fate::LeftOut, Fate::False]),
    (r#"{"not": {"not": {"pattern": "(a)\\1"}}}"#, "/not/not", [Fate::False, Fate::LeftOut]),
    (r#"{"if": {"pattern": "(a)\\1"}}"#, "/if", [Fate::Error, Fate::Error]),
    (r#"{"oneOf": [{"pattern": "(a)\\1"}]}"#, "/oneOf/0", [Fate::Error, Fate::Error]),
    (r#"{"contains": {"pattern": "(a)\\1"}}"#, "/contains", [Fate::False, Fate::LeftOut]),
    (
        r#"{"contains": {"pattern": "(a)\\1"}, "maxContains": 1}"#,
        "/contains",
        [Fate::Error, Fate::Error],
    ),
    (
        r##"{"items": {"$ref": "#/not"}, "not": {"pattern": "(a)\\1"}}"##,
        "/not",
        [Fate::Error, Fate::Error],
    ),
    (
        r#"{"anyOf": [{"items": {"pattern": "(a)\\1"}}]}"#,
        "/anyOf/0/items",
        [Fate::False, Fate::LeftOut],
    ),
    (
        r##"{"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a", "not": {"pattern": "(a)\\1"}}}}"##,
        "/$defs/a/not",
        [Fate::LeftOut, Fate::False],
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    False,
    LeftOut,
    Error,
}

fn fate(text: &str, pointer: &str, policy: Policy) -> (Fate, Option<Enforcement>) {
    match load(text, &Options { policy, ..Options::default() }) {
        Err(SchemaError::Refused { entries }) => (Fate::Error, Some(entries[0].enforcement)),
        Err(other) => panic!("{text}: {other}"),
        Ok(document) => {
            let is_false =
                matches!(place(&document, pointer).assertions, Assertions::Always(false));
            let fate = if is_false { Fate::False } else { Fate::LeftOut };
            (fate, Some(document.report.worst()))
        }
    }
}

#[test]
fn refused_keywords_are_settled_by_the_way_they_are_used() {
    for (text, pointer, [sound, complete]) in PATTERNS {
        assert_eq!(fate(text, pointer, Policy::Strict), (Fate::Error, Some(Refused)), "{text}");
        let said = |fate, enforcement| {
            (fate, Some(if fate == Fate::Error { Refused } else { enforcement }))
        };
        assert_eq!(fate(text, pointer, Policy::Sound), said(sound, Under), "{text}");
        assert_eq!(fate(text, pointer, Policy::Complete), said(complete, Over), "{text}");
    }
}

#[test]
fn every_refused_keyword_is_listed() {
    let text = r#"{"pattern": "(a)\\1", "items": {"format": "colour"}}"#;
    let options = Options { formats: UnknownFormats::Refuse, ..Options::default() };
    let error = load(text, &options).map(|document| document.root).unwrap_err().to_string();
    assert!(error.starts_with("2 keywords cannot be enforced:\n  pattern cannot"), "{error}");
    assert!(error.ends_with("format \"colour\" is not known (at /items/format)"), "{error}");
}

#[test]
fn members_without_a_readable_pattern_are_all_allowed() {
    let text = r#"{"patternProperties": {"(a)\\1": {}}, "additionalProperties": false}"#;
    let options = Options { policy: Policy::Complete, ..Options::default() };
    let document = load(text, &options).unwrap();
    let Assertions::Keywords(keywords) = &place(&document, "").assertions else { panic!() };
    let additional = keywords.additional_properties.unwrap();
    assert!(matches!(document.places[additional.index()].assertions, Assertions::Always(true)));
    assert!(keywords.pattern_properties.is_empty());
}
