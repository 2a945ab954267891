//! Budgets of tokens of rules.

use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;
use tokenrail::vocab::{TokenId, Vocabulary};

use super::random::Random;

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

#[test]
fn texts_with_lazy_rules_end_within_their_budget() {
    // The free text of the tail is ended by the lazy rules that begin with it, wherever one matches.
    let sources = [
        "start: (call | other)* tail\ntail: /[a-z<>]*/\nhead[lazy]: /[a-z<>]*/ \"<f>\"\ncall: head /[0-9]{3}/ \"x\"\nother[lazy]: /[a-z<>]*/ \"<g>\"",
        "start: (a | b)\na[lazy]: /[a-z]+/ \"!\"\nb: /[a-z!]{5}/ \"?\"",
        "start: r \"z\"\nr[lazy, max_tokens=4]: /[a-z]*/ \"!!\"",
    ];
    let vocabulary = letters();
    for source in sources {
        let grammar = Grammar::lark(source).expect("it compiles");
        let constraint = Constraint::new(&grammar, &vocabulary).expect("it compiles");
        for seed in 0..200 {
            let mut random = Random::from_seed(seed);
            let mut matcher = constraint.matcher();
            let mut left = 20;
            while matcher.stop().expect("in limits").is_none() {
                let mask = matcher.mask_within(left);
                let mask = mask.unwrap_or_else(|error| panic!("seed {seed}: {error}: {source}"));
                let legal: Vec<TokenId> = mask.iter().collect();
                assert!(!legal.is_empty(), "seed {seed}: a dead end: {source}");
                let token = legal[random.below(legal.len())];
                assert!(matcher.advance(token).expect("in limits"), "seed {seed}: {source}");
                left = left.saturating_sub(1);
            }
        }
    }
}

#[test]
fn what_a_lazy_rule_ends_is_not_counted_on() {
    // After q, abz would be short, but ab is committed to and needs ten more.
    let source = "start: \"q\" (a | b)\na: l /c{10}/\nl[lazy]: \"ab\"\nb: /abz/";
    let grammar = Grammar::lark(source).expect("it compiles");
    let mut matcher = Constraint::new(&grammar, &letters()).expect("it compiles").matcher();
    assert_eq!(matcher.mask_within(13).expect("it fits").count(), 1);
    let refusal = matcher.mask_within(12).expect_err("it does not fit");
    assert_eq!(refusal.to_string(), "the text needs 13 tokens more, but the budget leaves 12");
}

#[test]
fn recursion_at_one_place_is_one_budget() {
    for source in [
        "start: r\nr[max_tokens=2]: r \"a\" | \"a\"",
        "start: x\nx[max_tokens=2]: y \"a\" | \"a\"\ny: x",
        "start: r\nr[max_tokens=2]: \"aa\" | \"a\" | x\nx: r",
    ] {
        check(source, "aa", 2);
        check(source, "aaa", 2);
    }
}

#[test]
fn what_a_budget_may_cut_is_not_forced() {
    let source = "start: l\nl[stop=\"c\", max_tokens=1]: \"b\"";
    let grammar = Grammar::lark(source).expect("it compiles");
    let mut matcher = Constraint::new(&grammar, &letters()).expect("it compiles").matcher();
    assert_eq!(matcher.forced_bytes().expect("in limits"), b"");
}

#[test]
fn a_lazy_rule_leads_into_no_dead_end() {
    // The a is committed to, so that ab is never whole, and what begins anew meets the same.
    let trap = "start: \"z\" | s\ns: l s | \"ab\"\nl[lazy]: \"a\"";
    check(trap, "z", 1);
    check(trap, "ab", 0);
    let only = Grammar::lark("start: s\ns: l s | \"ab\"\nl[lazy]: \"a\"").expect("it is read");
    let refusal = Constraint::new(&only, &letters()).expect_err("no text is whole").to_string();
    assert!(refusal.contains("matches no text at all"), "{refusal}");
    let ways = [
        "start: \"z\" s\ns: \"ab\" | l \"ccccc\"\nl[stop=\"a\"]: /[a-z]*/",
        "start: s\ns: /[ab]*c/ l0 | l0 s | /ab/\nl0[lazy]: /[abc]{2}/\n%ignore \"c\"",
    ];
    for source in ways {
        let grammar = Grammar::lark(source).expect("it compiles");
        let constraint = Constraint::new(&grammar, &letters()).expect("it compiles");
        for seed in 0..50 {
            let mut random = Random::from_seed(seed);
            let mut matcher = constraint.matcher();
            let mut left = 30;
            while left > 0 && matcher.stop().expect("in limits").is_none() {
                let mask = matcher.mask_within(left);
                let mask = mask.unwrap_or_else(|error| panic!("seed {seed}: {error}: {source}"));
                let legal: Vec<TokenId> = mask.iter().collect();
                assert!(!legal.is_empty(), "seed {seed}: a dead end: {source}");
                let token = legal[random.below(legal.len())];
                assert!(matcher.advance(token).expect("in limits"), "seed {seed}: {source}");
                left -= 1;
            }
            assert!(matcher.is_accepting().expect("in limits"), "seed {seed}: {source}");
        }
    }
}
