//! What errors say, and what becomes of options.

use crate::grammar::rules::{Attributes, Body, Ends, Marker};
use crate::grammar::{Grammar, Limits};

#[test]
fn errors_say_where_what_and_what_would_be_right() {
    let cases = [
        ("root ::= \"a", "this string is not closed: write \" behind it (line 1, column 10)"),
        ("root ::= [a", "this class is not closed: write ] behind it (line 1, column 10)"),
        (
            "root ::= (\"a\"\nb ::= x",
            "this group is not closed: write ) behind it (line 1, column 10)",
        ),
        ("root ::= \"a\" )", "this ) closes no group (line 1, column 14)"),
        (
            "root ::= []",
            "an empty class matches nothing: write [^] for anything (line 1, column 10)",
        ),
        (
            "root ::= [z-a]",
            "a range from 'z' to 'a': write the lower end first (line 1, column 11)",
        ),
        (
            "root ::= \"\\@\"",
            "\\@ is no escape: write \\\\@ for both characters (line 1, column 11)",
        ),
        (
            "root ::= \"\\uFF\"",
            "an escape misses digits: write 4 hexadecimal ones (line 1, column 11)",
        ),
        ("root ::= [\\d]", "\\d is not read here: write the ranges, as [0-9] (line 1, column 11)"),
        ("root ::= \"a\"{,3}", "a repetition is {m}, {m,} or {m,n} (line 1, column 14)"),
        (
            "root ::= \"a\"{3,2}",
            "a repetition of 3 to 2: write the lower number first (line 1, column 13)",
        ),
        (
            "root ::= \"a\" + +",
            "a quantifier cannot follow another: put \"a\" and the first in ( ) (line 1, column 16)",
        ),
        (
            "root ::= \"a\" b ::= \"c\"",
            "rule \"b\" begins behind another: write it on a line of its own (line 1, column 14)",
        ),
        (
            "root ::= b\nb ::= \"a\" (=\"b\")\tc[lazy] ::= \"c\"",
            "rule \"c\" begins behind another: write it on a line of its own (line 2, column 18)",
        ),
        ("root ::= *", "* has nothing to repeat (line 1, column 10)"),
        ("root ::= a b\na ::= \"x\"", "rule \"b\" is not defined (line 1, column 12)"),
        ("root ::= foo", "rule \"foo\" is not defined (line 1, column 10)"),
        (
            "root ::= itme\nitem ::= \"x\"",
            "rule \"itme\" is not defined: did you mean \"item\"? (line 1, column 10)",
        ),
        ("a ::= \"x\"", "rule \"root\" is not defined (line 1, column 1)"),
        (
            "a ::= \"x\"\na ::= \"y\"",
            "rule \"a\" is defined again (line 2, column 1), after line 1",
        ),
        (
            "root ::= Regex(\"\\\\w(\")",
            "this group is not closed: write ) behind it (line 1, column 20)",
        ),
        (
            "root[lazi] ::= \"a\"",
            "\"lazi\" is no option of a rule: write lazy, max_tokens=n, max_chars=n, temperature=t, \
             capture, capture=\"name\", suffix=\"text\", stop=\"text\" or stop_capture=\"name\" \
             (line 1, column 6)",
        ),
        (
            "root[lazy] ::= \"a\" root | \"b\"",
            "rule \"root\" with lazy, max_chars, suffix or stop cannot hold rule \"root\", which has \
             options or a look-ahead: write a regular body (line 1, column 1)",
        ),
        (
            "root ::= r \"b\"\nr[lazy] ::= s\ns ::= s \"a\" | \"a\"",
            "rule \"r\" with lazy, max_chars, suffix or stop cannot hold the recursive rule \"s\": \
             write a regular body (line 2, column 1)",
        ),
        (
            "root ::= r [a-z]\nr ::= \"a\" (=\"bc\")",
            "this look-ahead is not decided by what follows the rule: write what may follow behind \
             each call (line 2, column 11)",
        ),
        (
            "root ::= x \"b\"\nx ::= \"x\" r\nr ::= \"a\" (=\"b\")",
            "this look-ahead is not decided by what follows the rule: write what may follow behind \
             each call (line 3, column 11)",
        ),
        (
            "root ::= \"(\" root \")\" | r\nr ::= \"a\" (=\"b\")",
            "this look-ahead is not decided by what follows the rule: write what may follow behind \
             each call (line 2, column 11)",
        ),
        (
            "root ::= \"a\" (=Substring(\"b\"))",
            "Substring cannot stand in a look-ahead: write what may follow (line 1, column 16)",
        ),
        (
            "root ::= TagDispatch((\"\", root))",
            "a tag is a string that is not empty (line 1, column 23)",
        ),
        (
            "root ::= TagDispatch((\"a\", root), stop_str=true)",
            "TagDispatch has no argument stop_str (line 1, column 44)",
        ),
    ];
    for (source, expected) in cases {
        let error = Grammar::gbnf(source).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err(expected.to_owned()), "{source:?}");
    }
}

#[test]
fn options_reach_the_rules() {
    let source = "root ::= r\nr[max_tokens=3, temperature=0.5, capture, stop=\"!\", stop_capture=\"end\"] ::= [a-z]*";
    let grammar = Grammar::gbnf(source).unwrap();
    let rule = grammar.rules().iter().find(|rule| rule.name == "r").unwrap();
    let expected = Attributes {
        capture: Some("r".to_owned()),
        marker: Some(Marker {
            expr: grammar.exprs().clone().literal(b"!"),
            capture: Some("end".to_owned()),
            is_hidden: true,
        }),
        max_tokens: Some(3),
        temperature: Some(0.5),
    };
    assert_eq!(rule.attributes, expected);
    let ends = match &rule.body {
        Body::Choice(parts) => parts.iter().map(|part| match part {
            Body::Terminal(terminal) => terminal.ends,
            other => panic!("no terminal: {other:?}"),
        }),
        other => panic!("no choice: {other:?}"),
    };
    assert_eq!(ends.collect::<Vec<_>>(), [Ends::AtFirst, Ends::OutOfBudget]);
}

#[test]
fn limits_hold() {
    let source = "root ::= ((\"a\"))";
    let limits = Limits { nesting: 1, ..Limits::default() };
    let error = Grammar::gbnf_within(source, &limits).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "nesting depth 2 is over the limit of 1 (line 1, column 11)");
}
