//! Small schemas: what they are read as, and what is said where they are wrong.

use super::{check_report, load, place, value};
use crate::schema::keywords::{Assertions, Keywords};
use crate::schema::options::Options;
use crate::schema::{Draft, Enforcement};

/// What is wrong with texts.
const FAULTS: [(&str, &str); 27] = [
    (r#"[]"#, "a schema must be an object or a boolean, not an array (at the root)"),
    (r#"{"not": 1}"#, "a schema must be an object or a boolean, not 1 (at /not)"),
    (
        r#"{"items": {"minItems": "2"}}"#,
        "minItems must be a non-negative integer, not \"2\" (at /items/minItems)",
    ),
    (r#"{"maxLength": 2.5}"#, "maxLength must be a non-negative integer, not 2.5 (at /maxLength)"),
    (
        r#"{"type": "any"}"#,
        "type must be one of null, boolean, number, integer, string, array, object, or a list of \
         them, not \"any\" (at /type)",
    ),
    (r#"{"required": true}"#, "required must be a list of names, not true (at /required)"),
    (r#"{"enum": "a"}"#, "enum must be an array, not \"a\" (at /enum)"),
    (r#"{"allOf": []}"#, "allOf must be a list of at least one schema, not an array (at /allOf)"),
    (r#"{"anyOf": [{}, null]}"#, "a schema must be an object or a boolean, not null (at /anyOf/1)"),
    (r#"{"minimum": "1"}"#, "minimum must be a number, not \"1\" (at /minimum)"),
    (r#"{"multipleOf": 0}"#, "multipleOf must be a number above 0, not 0 (at /multipleOf)"),
    (r#"{"pattern": 1}"#, "pattern must be a regular expression, as a string, not 1 (at /pattern)"),
    (r#"{"uniqueItems": 1}"#, "uniqueItems must be a boolean, not 1 (at /uniqueItems)"),
    (
        r#"{"properties": []}"#,
        "properties must be an object whose members are schemas, not an array (at /properties)",
    ),
    (
        r##"{"$ref": "#/definitions/a"}"##,
        "reference \"#/definitions/a\" leads nowhere: there is nothing at /definitions/a (at /$ref)",
    ),
    (
        r##"{"enum": ["a"], "$ref": "#/enum/0"}"##,
        "reference \"#/enum/0\" leads nowhere: at /enum/0 is \"a\", not a schema (at /$ref)",
    ),
    (
        r#"{"$ref": "https://example.com/a"}"#,
        "reference \"https://example.com/a\" leads nowhere: nothing is known by the address \
         \"https://example.com/a\"; a resolver may know it (at /$ref)",
    ),
    (
        r##"{"$id": "https://example.com/a", "$ref": "#b"}"##,
        "reference \"#b\" leads nowhere: \"https://example.com/a\" has no anchor \"b\" (at /$ref)",
    ),
    (
        r#"{"$schema": "https://example.com/draft"}"#,
        "no draft is known by \"https://example.com/draft\": drafts 4, 6, 7, 2019-09 and 2020-12 are; \
         a resolver may know others (at /$schema)",
    ),
    (r#"{"$id": 1}"#, "$id must be an address, as a string, not 1 (at /$id)"),
    (
        r#"{"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": 1}"#,
        "exclusiveMinimum must be a boolean, in draft 4, not 1 (at /exclusiveMinimum)",
    ),
    (
        r#"{"$schema": "http://json-schema.org/draft-07/schema#", "exclusiveMinimum": true}"#,
        "exclusiveMinimum must be a number, not true (at /exclusiveMinimum)",
    ),
    (
        r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "items": [{}]}"#,
        "items must be a schema: lists are in prefixItems since 2020-12, not an array (at /items)",
    ),
    (
        r##"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "#a"}"##,
        "$id must be an address without a fragment, which is $anchor now, not \"#a\" (at /$id)",
    ),
    (
        r#"{"not": {"a": 1, "a": 2}}"#,
        "member \"a\" is given again, after line 1 (line 1, column 18)",
    ),
    (
        r#"{"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "a"}"#,
        "$recursiveRef must be \"#\", not \"a\" (at /$recursiveRef)",
    ),
    (
        r#"{"dependencies": {"a": 1}}"#,
        "a schema must be an object or a boolean, not 1 (at /dependencies/a)",
    ),
];

/// Schemas with the pointer of the schema that the reference of the root leads to.
const REFERENCES: [(&str, &str); 14] = [
    (r##"{"$ref": "#"}"##, ""),
    (r##"{"$ref": "#/$defs/a%25b~1c~0d", "$defs": {"a%b/c~d": {}}}"##, "/$defs/a%b~1c~0d"),
    (r##"{"$ref": "#/definitions/x/y", "definitions": {"x": {"y": {}}}}"##, "/definitions/x/y"),
    (
        r##"{"$ref": "#/components/schemas/x", "components": {"schemas": {"x": true}}}"##,
        "/components/schemas/x",
    ),
    (r##"{"$ref": "#/allOf/1", "allOf": [{}, {}]}"##, "/allOf/1"),
    (r##"{"$ref": "#a", "not": {"$anchor": "a"}}"##, "/not"),
    (r##"{"$ref": "#a", "not": {"$dynamicAnchor": "a"}}"##, "/not"),
    (r##"{"$ref": "#a", "not": {"$id": "#a"}}"##, "/not"),
    (r##"{"$ref": "b", "$defs": {"x": {"$id": "b"}}}"##, "/$defs/x"),
    (
        r##"{"$id": "https://e.com/x/y", "$ref": "../b#/not", "$defs": {"x": {"$id": "https://e.com/b", "not": {}}}}"##,
        "/$defs/x/not",
    ),
    (r##"{"$ref": "urn:a:b", "$defs": {"x": {"$id": "urn:a:b"}}}"##, "/$defs/x"),
    (
        r##"{"$ref": "#b", "const": {"$anchor": "b"}, "$defs": {"x": {"$anchor": "b"}}}"##,
        "/$defs/x",
    ),
    (
        r##"{"$id": "https://e.com/a", "$ref": "https://e.com/a#/$defs/x", "$defs": {"x": {}}}"##,
        "/$defs/x",
    ),
    (
        r##"{"$schema": "http://json-schema.org/draft-04/schema#", "$ref": "#a", "not": {"id": "#a"}}"##,
        "/not",
    ),
];

fn keywords(text: &str, pointer: &str) -> Keywords {
    let document =
        load(text, &Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    check_report(&document, &value(text));
    match &place(&document, pointer).assertions {
        Assertions::Keywords(keywords) => (**keywords).clone(),
        Assertions::Always(_) => panic!("{pointer} has no keywords"),
    }
}

#[test]
fn faults_say_where_and_what_would_be_right() {
    for (text, expected) in FAULTS {
        let error = load(text, &Options::default()).map(|document| document.root).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn references_lead_to_their_schemas() {
    for (text, expected) in REFERENCES {
        let document =
            load(text, &Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let reference = keywords(text, "").reference.expect("a reference");
        assert_eq!(document.places[reference.index()].pointer, expected, "{text}");
    }
}

#[test]
fn old_forms_are_read_as_new_ones() {
    let draft = |number: &str, rest: &str| {
        format!(r#"{{"$schema": "http://json-schema.org/draft-0{number}/schema#", {rest}}}"#)
    };
    for number in ["4", "7"] {
        let tuple = keywords(&draft(number, r#""items": [{}, {}], "additionalItems": {}"#), "");
        assert_eq!((tuple.prefix_items.len(), tuple.items.is_some()), (2, true));
        let plain = keywords(&draft(number, r#""items": {}, "additionalItems": {}"#), "");
        assert_eq!((plain.prefix_items.len(), plain.items.is_some()), (0, true));
        let both = keywords(&draft(number, r#""dependencies": {"a": ["b"], "c": {}}"#), "");
        assert_eq!(both.dependent_required, [("a".to_owned(), vec!["b".to_owned()])]);
        assert_eq!(both.dependent_schemas.len(), 1);
        let hidden = keywords(&draft(number, r##""$ref": "#/not", "not": {}, "minItems": 2"##), "");
        assert_eq!((hidden.min_items, hidden.not), (0, None));
    }
    let assumed = keywords(r#"{"items": [{}], "minimum": 1, "exclusiveMinimum": true}"#, "");
    assert_eq!((assumed.prefix_items.len(), assumed.number.is_some()), (1, true));
    let siblings = keywords(r##"{"$ref": "#/$defs/a", "minItems": 2, "$defs": {"a": {}}}"##, "");
    assert_eq!(siblings.min_items, 2);
}

#[test]
fn counts_beside_contains_are_those_of_the_draft() {
    let of = |draft: &str| {
        let text = format!(
            r#"{{"$schema": "{draft}", "contains": {{}}, "minContains": 0, "maxContains": 3.0}}"#
        );
        keywords(&text, "").contains.expect("it has contains")
    };
    let (seven, nine, twelve) =
        (Draft::Draft7.address(), Draft::Draft201909.address(), Draft::Draft202012.address());
    assert_eq!((of(seven).min, of(seven).max), (1, None));
    assert_eq!((of(nine).min, of(nine).max, of(nine).evaluates), (0, Some(3), false));
    assert!(of(twelve).evaluates);
}

#[test]
fn what_is_not_used_is_not_loaded() {
    let text = r##"{"$ref": "#/$defs/a", "then": {}, "additionalItems": {}, "contentSchema": {},
                    "$defs": {"a": {"x": {"type": 1}}, "b": {"type": 1}}}"##;
    let document = load(text, &Options::default()).unwrap();
    assert_eq!(document.places.len(), 2);
    check_report(&document, &value(text));
}

#[test]
fn dynamic_references_find_the_anchors_of_what_was_entered() {
    let text = r##"{"$id": "https://e.com/root", "$ref": "list",
        "$defs": {"item": {"$dynamicAnchor": "item", "type": "string"},
                  "list": {"$id": "list", "items": {"$dynamicRef": "#item"},
                           "$defs": {"any": {"$dynamicAnchor": "item"}}},
                  "other": {"$id": "other", "$dynamicAnchor": "item"}}}"##;
    let document = load(text, &Options::default()).unwrap();
    let anchors = document.resources.iter().flat_map(|resource| &resource.dynamic_anchors);
    let anchors: Vec<&str> =
        anchors.map(|(_, schema)| document.places[schema.index()].pointer.as_str()).collect();
    assert_eq!(anchors, ["/$defs/item", "/$defs/list/$defs/any"]);
    let items = keywords(text, "/$defs/list/items").dynamic_reference.expect("it is dynamic");
    assert_eq!(document.places[items.initial.index()].pointer, "/$defs/list/$defs/any");
}

#[test]
fn metaschemas_are_known_and_load() {
    for draft in Draft::ALL {
        let text = format!(r#"{{"$ref": "{}"}}"#, draft.address());
        let document =
            load(&text, &Options::default()).unwrap_or_else(|error| panic!("{draft}: {error}"));
        assert!(document.places.len() > 10, "{draft}");
        assert_eq!(document.report.count(Enforcement::Refused), 0, "{draft}");
    }
}
