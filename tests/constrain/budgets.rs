//! Budgets of tokens of rules.

use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;
use tokenrail::vocab::{TokenId, Vocabulary};

/// A token a character, and an end of sequence.
fn letters() -> Vocabulary {
    let letters: Vec<u8> = (0..128).collect();
    Vocabulary::new(letters.chunks(1), ["<end>"])
}

/// How many characters of a text are legal, each as a token.
fn check(lark: &str, text: &str, legal: usize) {
    let grammar = Grammar::lark(lark).expect("it compiles");
    let constraint = Constraint::new(&grammar, &letters()).expect("it compiles");
    let tokens: Vec<TokenId> = text.bytes().map(|byte| TokenId(byte.into())).collect();
    let found = constraint.matcher().validate(&tokens).expect("in limits");
    assert_eq!(found, legal, "{text:?} of {lark}");
}

#[test]
fn a_budget_ends_its_rule_where_it_next_may() {
    let plain = "start: \"t\" r \"1\"\nr[max_tokens=2]: /a*/";
    for (text, legal) in [("taa1", 4), ("taaa", 3), ("t1", 2), ("ta1", 3)] {
        check(plain, text, legal);
    }
    let pairs = "start: r \"1\"\nr[max_tokens=1]: /(ab)+/";
    for (text, legal) in [("ab1", 3), ("abab", 2), ("aba", 2)] {
        check(pairs, text, legal);
    }
}

#[test]
fn a_budget_ends_no_rule_around() {
    let nested = "start: r \"1\"\nr[max_tokens=2]: \"(\" r \")\" | /x+/";
    for (text, legal) in [("(x)1", 4), ("((x))1", 6), ("(xx", 2), ("xxx", 2), ("(x1", 2)] {
        check(nested, text, legal);
    }
    let around = "start: o \"1\"\no[max_tokens=1]: i \"y\"\ni[max_tokens=1]: /x+/";
    for (text, legal) in [("xy1", 3), ("xx", 1), ("x1", 1)] {
        check(around, text, legal);
    }
}

#[test]
fn a_budget_stands_in_for_a_marker() {
    let marked = "start: r \"1\"\nr[max_tokens=3, stop=\"!\"]: /[a-z]*/";
    for (text, legal) in [("ab!1", 4), ("abc1", 4), ("ab1", 2), ("abcd", 3), ("abc!", 3)] {
        check(marked, text, legal);
    }
}
