//! What constraints promise, judged by trying every token, by other engines and by brute force.

#![allow(clippy::print_stdout, reason = "it says which shared cases are absent, and which differ")]

mod budgets;
mod cases;
mod masks;
#[path = "../tiny/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;
mod tags;
mod vocabularies;

use regex_automata::nfa::thompson::pikevm::PikeVM;
use tokenrail::constraint::{Constraint, Matcher, Stop};
use tokenrail::grammar::Grammar;
use tokenrail::vocab::{TokenId, Vocabulary};

use random::Random;
use vocabularies::{bytes, small};

fn constraint(grammar: &Grammar, vocabulary: &Vocabulary) -> Constraint {
    Constraint::new(grammar, vocabulary).expect("it compiles")
}

/// Every token of the vocabulary: in the mask exactly if `advance` takes it.
fn assert_mask_is_advance(matcher: &mut Matcher, vocabulary: &Vocabulary, what: &str) {
    let mask = matcher.mask().expect("a mask");
    for id in (0..vocabulary.len() as u32).map(TokenId) {
        let is_taken = matcher.fork().advance(id).expect("within limits");
        let piece = vocabulary.piece(id);
        assert_eq!(mask.contains(id), is_taken, "{what}: token {id} {piece:?}");
    }
}

/// Walks at random under the mask, judging every mask, until the text ends.
fn walk(grammar: &Grammar, vocabulary: &Vocabulary, seed: u64, budget: usize) -> Vec<u8> {
    let constraint = constraint(grammar, vocabulary);
    let mut random = Random::from_seed(seed);
    let mut matcher = constraint.matcher();
    let mut text = Vec::new();
    for left in (0..=budget).rev() {
        let what = format!("seed {seed}, after {:?}", String::from_utf8_lossy(&text));
        assert_mask_is_advance(&mut matcher, vocabulary, &what);
        let before = matcher.mask().expect("a mask");
        let within = matcher.mask_within(left).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(within.iter().all(|id| before.contains(id)), "{what}: a budget only removes");
        assert_eq!(*before, *matcher.mask().expect("a mask"), "{what}: masks change nothing");
        let legal: Vec<TokenId> = within.iter().collect();
        assert!(!legal.is_empty(), "{what}: a dead end");
        let token = legal[random.below(legal.len())];
        assert!(matcher.advance(token).expect("within limits"), "{what}: {token} is in the mask");
        text.extend_from_slice(vocabulary.bytes(token));
        if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
            return text;
        }
    }
    assert!(matcher.is_accepting().expect("within limits"), "seed {seed}: out of budget");
    text
}

#[test]
fn choices_are_exact() {
    let vocabulary = small();
    let grammar = Grammar::choices(&["list", "listen", "lid", ""]).expect("it compiles");
    for seed in 0..20 {
        let text = walk(&grammar, &vocabulary, seed, 12);
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(["list", "listen", "lid", ""].contains(&text.as_str()), "{text:?}");
    }
}

#[test]
fn regular_walks_match() {
    let vocabulary = small();
    for pattern in ["(a|b)*c{2,3}", "[^a]{1,5}", "(?i)li(st|d)+", "é{2}|[a-e]*", "(ab?){3,7}x"] {
        let grammar = Grammar::regex(pattern).expect("it compiles");
        let judge = PikeVM::new(&format!(r"\A(?:{pattern})\z"));
        let judge = judge.expect("it compiles there too");
        for seed in 0..10 {
            let text = walk(&grammar, &vocabulary, seed, 20);
            let is_match = judge.is_match(&mut judge.create_cache(), &text);
            assert!(is_match, "{pattern}: {:?}", String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn bytes_are_followed_to_the_first_illegal_one() {
    let grammar = Grammar::regex("ab*c").expect("it compiles");
    for (text, legal, whole) in
        [("abbc", 4, true), ("ac", 2, true), ("abx", 2, false), ("", 0, false), ("acc", 2, false)]
    {
        let mut matcher = constraint(&grammar, &bytes()).matcher();
        let count = matcher.advance_bytes(text.as_bytes()).expect("within limits");
        assert_eq!(count, legal, "{text:?}");
        let is_whole = count == text.len() && matcher.is_accepting().expect("within limits");
        assert_eq!(is_whole, whole, "{text:?}");
    }
}

#[test]
fn going_back_and_forking_equal_beginning_anew() {
    let grammar = Grammar::gbnf("root ::= item*\nitem ::= \"[\" root \"]\" | \"list\" \"en\"?");
    let vocabulary = small();
    let constraint = constraint(&grammar.expect("it compiles"), &vocabulary);
    for seed in 0..20 {
        let mut random = Random::from_seed(seed);
        let mut matcher = constraint.matcher();
        let mut path: Vec<TokenId> = Vec::new();
        for step in 0..30 {
            let legal: Vec<TokenId> = matcher.mask().expect("a mask").iter().collect();
            match random.below(4) {
                0 => {
                    let count = random.below(path.len() + 2);
                    matcher.rollback(count);
                    path.truncate(path.len().saturating_sub(count));
                }
                1 => {
                    matcher.fork().rollback(1);
                    matcher = matcher.fork();
                    let id = TokenId(random.below(vocabulary.len()) as u32);
                    let is_taken = matcher.advance_all(&[id, TokenId(u32::MAX)]);
                    assert!(!is_taken.expect("within limits"), "no such token");
                }
                _ if legal.is_empty() => {}
                _ => {
                    path.push(legal[random.below(legal.len())]);
                    assert!(matcher.advance(path[path.len() - 1]).expect("within limits"));
                }
            }
            let mut anew = constraint.matcher();
            let what = format!("seed {seed}, step {step}: {path:?}");
            assert!(anew.advance_all(&path).expect("within limits"), "{what}");
            assert_eq!(matcher.len(), path.len(), "{what}");
            assert_eq!(matcher.mask().expect("a mask"), anew.mask().expect("a mask"), "{what}");
            assert_eq!(matcher.is_accepting(), anew.is_accepting(), "{what}");
        }
    }
}

#[test]
fn any_tokenization_of_a_legal_text_is_legal() {
    let vocabulary = small();
    let grammar = Grammar::regex("(list(en)? |[abc]{2} |é|日本)*").expect("it compiles");
    let constraint = constraint(&grammar, &vocabulary);
    let text = "listen ab cc list éé日本bb ".as_bytes();
    for seed in 0..100 {
        let mut random = Random::from_seed(seed);
        let (mut matcher, mut at) = (constraint.matcher(), 0);
        while at < text.len() {
            let ids = (0..vocabulary.len() as u32).map(TokenId);
            let begins = |id: &TokenId| {
                let bytes = vocabulary.bytes(*id);
                !bytes.is_empty() && text[at..].starts_with(bytes)
            };
            let next: Vec<TokenId> = ids.filter(begins).collect();
            let token = next[random.below(next.len())];
            assert!(matcher.advance(token).expect("within limits"), "seed {seed}, byte {at}");
            at += vocabulary.bytes(token).len();
        }
        assert!(matcher.is_accepting().expect("within limits"), "seed {seed}");
    }
}
