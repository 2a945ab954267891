//! Free text with governed parts.

use tokenrail::constraint::Constraint;
use tokenrail::grammar::{Grammar, Parts, Reasoning, Tag, Tags, Trigger};
use tokenrail::vocab::{TokenId, Vocabulary};

use super::vocabularies::bytes;

fn text_tag(trigger: &str, part: &str) -> Tag {
    let part = Grammar::regex(part).expect("it compiles");
    Tag { trigger: Trigger::Text(trigger.to_owned()), part }
}

fn check(tags: &Tags, accepted: &[&str], refused: &[&str]) {
    let grammar = Grammar::tags(tags).expect("it compiles");
    let constraint = Constraint::new(&grammar, &bytes()).expect("it compiles");
    for (texts, expected) in [(accepted, true), (refused, false)] {
        for text in texts {
            let refusal = constraint.matcher().explain_bytes(text.as_bytes()).expect("in limits");
            assert_eq!(refusal.is_none(), expected, "{text:?}: {refusal:?}");
        }
    }
}

#[test]
fn parts_follow_their_triggers_alone() {
    let tags = Tags {
        tags: vec![text_tag("<tool", r"=[0-9]+>"), text_tag("<tool_b", r"=[a-z]+>")],
        excluded: vec!["bad".to_owned()],
        ..Tags::default()
    };
    check(
        &tags,
        &["", "plain < text <too", "<tool=1>", "a<tool_b=x>b<tool=22>", "<<tool=1>", "ba d"],
        &["<tool", "<tool=x>", "<tool_b=1>", "a bad word", "<tool=1>bad", "<tool_=1>", "x<tool y"],
    );
    check(&Tags { parts: Parts::Some, ..tags.clone() }, &["a<tool=1>b"], &["", "a"]);
    check(
        &Tags { parts: Parts::One, ..tags },
        &["a<tool=1>"],
        &["", "a<tool=1>b", "<tool=1><tool=1>"],
    );
}

#[test]
fn a_pattern_opens_its_part_where_it_first_matches() {
    let part = Grammar::regex("x").expect("it compiles");
    let trigger = Trigger::Regex("ab+|c".to_owned());
    let tags = Tags { tags: vec![Tag { trigger, part }], ..Tags::default() };
    check(&tags, &["", "a a", "abx", "zcxcxb"], &["ab", "abbx", "c", "abxc"]);
}

#[test]
fn reasoning_comes_first_and_knows_no_tags() {
    let reasoning =
        Reasoning { open: "<think>".into(), close: "</think>".into(), max_tokens: None };
    let tags =
        Tags { tags: vec![text_tag("<tool", ">")], reasoning: Some(reasoning), ..Tags::default() };
    check(
        &tags,
        &["<think></think>", "<think>a <tool b</think>c<tool>d"],
        &["", "a<think></think>", "<think>a", "<think></think><tool"],
    );
}

#[test]
fn a_section_of_reasoning_ends_with_its_budget() {
    let letters: Vec<u8> = (b'a'..=b'z').chain(*b"<>/").collect();
    let close: [&[u8]; 2] = [b"</think>", b"aa"];
    let vocabulary = Vocabulary::new(letters.chunks(1).chain(close), ["<end>"]);
    let id = |text: &[u8]| {
        (0..vocabulary.len() as u32).map(TokenId).find(|&id| vocabulary.bytes(id) == text)
    };
    let (a, aa, close) = (id(b"a").unwrap(), id(b"aa").unwrap(), id(b"</think>").unwrap());
    let reasoning =
        Reasoning { open: String::new(), close: "</think>".into(), max_tokens: Some(3) };
    let tags = Tags { reasoning: Some(reasoning), ..Tags::default() };
    let grammar = Grammar::tags(&tags).expect("it compiles");
    let constraint = Constraint::new(&grammar, &vocabulary).expect("it compiles");
    for (tokens, legal) in [
        (vec![a, aa, a, close, a], 5),
        (vec![a, close, a, a, a, a], 6),
        (vec![a, a, a, a, close], 3),
        (vec![aa, aa, aa, aa], 3),
    ] {
        let count = constraint.matcher().validate(&tokens).expect("in limits");
        assert_eq!(count, legal, "{tokens:?}");
    }
}
