//! What is said of wrong grammars: where, what, and what would be right.

use tokenrail::grammar::Grammar;

/// Sources with their messages.
const MESSAGES: [(&str, &str); 48] = [
    (
        "start: itm\nitem: \"a\"",
        r#"rule "itm" is not defined: did you mean "item"? (line 1, column 8)"#,
    ),
    (
        "start: A\nA: NUMBR\nNUMBER: /1/",
        r#"rule "NUMBR" is not defined: did you mean "NUMBER"? (line 2, column 4)"#,
    ),
    ("begin: \"a\"", r#"rule "start" is not defined (line 1, column 1)"#),
    (
        "start: \"a\"\nx: \"b\"\nstart: \"c\"",
        r#"rule "start" is defined again (line 3, column 1), after line 1"#,
    ),
    ("start: \"a", "this string is not closed by a \" (line 1, column 8)"),
    ("start: /a", "this regular expression is not closed by a / (line 1, column 8)"),
    ("start: /a\nfoo: /b/", "this regular expression is not closed by a / (line 1, column 8)"),
    ("start: 'a'", "texts are written in double quotes, not in ' (line 1, column 8)"),
    (
        r#"start: "\q""#,
        r#"\q is no escape: there are \" \\ \/ \b \f \n \r \t \xHH \uHHHH (line 1, column 9)"#,
    ),
    ("start: \"a\"x", "\"x\" behind a string: its one flag is i (line 1, column 11)"),
    ("start \"a\"", "expected a : behind the name \"start\", found a string (line 1, column 7)"),
    ("start: (\"a\"", "expected a ) behind the group, found the end (line 1, column 12)"),
    ("start: \"a\" )", "expected | or a new line, found ) (line 1, column 12)"),
    (
        "start: \"a\"+*",
        "a repetition of a repetition: put the inner one in ( ) (line 1, column 12)",
    ),
    (
        "start: \"a\"{3,2}",
        "repetition 3 to 2: the first must not be over the second (line 1, column 12)",
    ),
    (
        "start: \"a\"{-1,}",
        "-1 is no number of times: those go from 0 to 4294967295 (line 1, column 12)",
    ),
    (
        "start: \"b\"..\"a\"",
        "range 'b' to 'a': the first must not be over the second (line 1, column 8)",
    ),
    ("start: /(a/", "this group is not closed: write ) behind it (line 1, column 9)"),
    (
        "start: /a/l",
        "flag l of a regular expression is not supported: imsxu are (line 1, column 8)",
    ),
    (
        "start.2: \"a\"",
        "priorities are not supported: all ways to read a text are followed at once (line 1, column 6)",
    ),
    (
        "start{x}: x",
        "templates are not supported: write the rule out for each use (line 1, column 6)",
    ),
    (
        "start: a{b}",
        "templates are not supported: write the rule out for each use (line 1, column 10)",
    ),
    (
        "start: @other",
        "named grammars are not supported: write the grammar here, as %lark {…} (line 1, column 8)",
    ),
    (
        "A[lazy]: /a/",
        "terminals have no attributes: put them on a rule around the terminal (line 1, column 2)",
    ),
    ("start[lasy]: /a/", "lasy is no attribute: did you mean lazy? (line 1, column 7)"),
    ("start[lazy, lazy]: /a/", "attribute \"lazy\" is given twice (line 1, column 13)"),
    (
        "start: A\nA: b\nb: \"x\"",
        "rule \"b\" in terminal \"A\", which is made of terminals alone: write B as one (line 2, column 4)",
    ),
    (
        "start: A\nA: B\nB: A",
        "terminal \"A\" is made of itself: only rules can be (line 3, column 4)",
    ),
    (
        "start[max_chars=1]: start?",
        "max_chars on rule \"start\", which is not made of text alone: it may hold no recursion, token, condition, inner grammar, or rule with attributes but max_chars (line 1, column 1)",
    ),
    (
        "start: a::1\na: \"x\"",
        "rule \"a\" has no parameter: define it as a::_ to give it one (line 1, column 8)",
    ),
    ("start: a\na::_: \"x\"", "rule \"a\" has a parameter: pass one, as a::0 (line 1, column 8)"),
    (
        "start: a::set_bits(1)\na::_: \"x\"",
        "set_bits is no function for a parameter: did you mean set_bit? (line 1, column 11)",
    ),
    (
        "start: a::0\na::_: \"x\" %if lt([3:3], 1)",
        "bits 3 to 3: the second is not in the range and must be over the first (line 2, column 18)",
    ),
    (
        "%import common.NUMBR",
        "the library common has no NUMBR: did you mean NUMBER? (line 1, column 16)",
    ),
    (
        r#"start: %json {"x-guidance": {"foo": 1}}"#,
        "\"foo\" is no option of x-guidance: there are whitespace_flexible, whitespace_pattern, \
         coerce_one_of, lenient, json_allow_general_unicode_escapes, item_separator, key_separator \
         (line 1, column 30)",
    ),
    (
        "start: %json {\n \"x-guidance\": {\"coerce_oneof\": true}}",
        "\"coerce_oneof\" is no option of x-guidance: did you mean coerce_one_of? (line 2, column 17)",
    ),
    (
        r#"start: %json {"x-guidance": {"item_separator": ", "}}"#,
        "item_separator can only be \",\" here: set whitespace_pattern for white space \
         (line 1, column 30)",
    ),
    (
        r#"start: %json {"x-guidance": {"lenient": 1}}"#,
        "lenient is true or false (line 1, column 30)",
    ),
    (
        r#"start: %json {"x-guidance": true}"#,
        "x-guidance is an object, as {\"lenient\": true} (line 1, column 15)",
    ),
    (
        "start: \"a\"\n%ignore\n",
        "nothing is ignored: write a terminal behind %ignore (line 2, column 1)",
    ),
    ("%ignor \"a\"", "%ignor is no directive: did you mean %ignore? (line 1, column 1)"),
    (
        "%llguidance {\"x\": 1}",
        "x is no option: there are allow_initial_skip, ignore_once, skip_repetition, no_forcing, allow_invalid_utf8 (line 1, column 1)",
    ),
    ("start: <[3-1]>", "range 3-1: the first must not be over the second (line 1, column 8)"),
    (
        "start: %json {\n  \"a\": x}",
        "the JSON value behind %json is broken: expected value (line 2, column 8)",
    ),
    (
        "start: x\nx: %json {\n  \"type\": 1,\n  \"type\": 2}",
        "member \"type\" is given again, after line 3 (line 4, column 3)",
    ),
    (
        "start: %json {\"minLength\": -1}",
        "minLength must be a non-negative integer, not -1 (at /minLength) (line 1, column 14)",
    ),
    (
        "start: \"x\" %json {\"pattern\": \"(a)\\\\1\"}",
        "pattern cannot be enforced: a back-reference is not supported: write the group again, at byte 3 of \"(a)\\\\1\" (at /pattern) (line 1, column 18)",
    ),
    (
        "start: %regex {\"substring_chunks\": [1]}",
        "substring_chunks is an array of strings (line 1, column 8)",
    ),
];

#[test]
fn messages_say_where_and_what() {
    let mut wrong = Vec::new();
    for (source, expected) in MESSAGES {
        let found = match Grammar::lark(source) {
            Ok(_) => "it compiles".to_owned(),
            Err(error) => error.to_string(),
        };
        if found != expected {
            wrong.push(format!("{source}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
