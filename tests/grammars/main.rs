//! The grammars of `grammars/`: what their samples say, what independent judges say, and that no
//! sampler can keep them from an end.

mod arithmetic;
mod c;
mod judges;
#[path = "../tiny/random.rs"]
mod random;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokenrail::constraint::{Constraint, Matcher, Stop};
use tokenrail::grammar::Grammar;
use tokenrail::vocab::{TokenId, TokenMask, Vocabulary};

use judges::Judge;
use random::Random;

/// The tokens of a walk, if its grammar has an end so near.
const BUDGET: usize = 60;
/// Longer samples are not mutated: a change somewhere in them rarely shows anything new.
const LONGEST_MUTATED: usize = 160;

/// A shipped grammar with its samples.
struct Shipped {
    name: String,
    source: String,
    accepted: Vec<String>,
    refused: Vec<String>,
}

impl Shipped {
    fn all() -> Vec<Self> {
        names(".gbnf").into_iter().map(|name| Self::read(&name)).collect()
    }

    fn read(name: &str) -> Self {
        let read = |ending: &str| {
            let path = folder().join(format!("{name}{ending}"));
            fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
        };
        let samples: Value = serde_json::from_str(&read(".samples.json"))
            .unwrap_or_else(|fault| panic!("the samples of {name}: {fault}"));
        let texts = |key: &str| {
            let list = samples[key].as_array().unwrap_or_else(|| panic!("{name}: no {key}"));
            let text = |value: &Value| value.as_str().expect("a sample is a string").to_owned();
            list.iter().map(text).collect()
        };
        let (accepted, refused) = (texts("accepted"), texts("refused"));
        Self { name: name.to_owned(), source: read(".gbnf"), accepted, refused }
    }

    fn compile(&self, vocabulary: &Vocabulary) -> Constraint {
        let grammar = Grammar::gbnf(&self.source);
        let grammar = grammar.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        Constraint::new(&grammar, vocabulary)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars")
}

/// The names of the shipped files with such an ending.
fn names(ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder()).expect("the folder is there");
    let files = files.map(|file| file.expect("it can be listed").file_name());
    let names = files.map(|name| name.into_string().expect("names are ASCII"));
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

/// Every byte, and what a hostile sampler would like: runs, and tokens across the edges of parts.
fn hostile() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    let longer: [&[u8]; 22] = [
        b"  ",
        b"    ",
        b"                ",
        b"\n\n",
        b"\r\n",
        b" \n\t ",
        b"\", \"",
        b"\": ",
        b"((",
        b")))",
        b"[[[[",
        b"00",
        b"0000",
        b"aa",
        b"--",
        b"- ",
        b", ",
        b"SELECT ",
        b". N",
        "é".as_bytes(),
        "日本".as_bytes(),
        b"\xe6\x97",
    ];
    Vocabulary::new(bytes.chunks(1).chain(longer), ["<end>"])
}

/// Every byte, and an end of sequence.
fn bytes() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

/// Compares the grammar's verdict, and the judge's if there is one, with what is expected.
fn check(constraint: &Constraint, judge: Option<Judge>, text: &str, expected: bool) -> Vec<String> {
    let explanation = constraint.matcher().explain_bytes(text.as_bytes()).expect("within limits");
    let mut wrong = Vec::new();
    if explanation.is_none() != expected {
        let said = explanation.map_or("accepted".to_owned(), |why| format!("refused {why}"));
        wrong.push(format!("grammar: {said}, not {expected}: {text:?}"));
    }
    if let Some(judge) = judge.map(|judge| judge(text)).filter(|&judged| judged != expected) {
        wrong.push(format!("judge: {judge}, not {expected}: {text:?}"));
    }
    wrong
}

#[test]
fn grammars_and_samples_are_pairs() {
    // Those of schemas are judged in `tests/json_schema`.
    let sources: BTreeSet<String> = names(".gbnf").union(&names(".schema.json")).cloned().collect();
    assert_eq!(sources, names(".samples.json"));
    for shipped in Shipped::all() {
        let (accepted, refused) = (shipped.accepted.len(), shipped.refused.len());
        assert!(accepted >= 12 && refused >= 15, "{}: {accepted} and {refused}", shipped.name);
        assert!(shipped.source.starts_with("# "), "{}: no comment at its head", shipped.name);
    }
}

#[test]
fn samples_are_judged_right() {
    let mut wrong = Vec::new();
    for shipped in Shipped::all() {
        let constraint = shipped.compile(&bytes());
        let judge = judges::of(&shipped.name);
        for (texts, expected) in [(&shipped.accepted, true), (&shipped.refused, false)] {
            for text in texts {
                let faults = check(&constraint, judge, text, expected);
                wrong.extend(faults.into_iter().map(|fault| format!("{}: {fault}", shipped.name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn mutations_are_judged_alike() {
    let mut wrong = Vec::new();
    for shipped in Shipped::all() {
        let Some(judge) = judges::of(&shipped.name) else { continue };
        let constraint = shipped.compile(&bytes());
        let samples: Vec<&str> = shipped
            .accepted
            .iter()
            .chain(&shipped.refused)
            .map(String::as_str)
            .filter(|text| text.len() <= LONGEST_MUTATED)
            .collect();
        for seed in 0..600 {
            let text = mutation(&samples, &mut Random::from_seed(seed));
            let faults = check(&constraint, None, &text, judge(&text));
            let name = &shipped.name;
            wrong.extend(faults.into_iter().map(|fault| format!("{name}, seed {seed}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A sample with one to three changes: characters taken out, doubled, swapped, or put in from
/// another sample.
fn mutation(samples: &[&str], random: &mut Random) -> String {
    let mut text: Vec<char> = samples[random.below(samples.len())].chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        let other: Vec<char> = samples[random.below(samples.len())].chars().collect();
        let from = random.below(other.len() + 1);
        let piece = &other[from..other.len().min(from + 1 + random.below(3))];
        match random.below(5) {
            0 if at < text.len() => drop(text.remove(at)),
            1 if at < text.len() => text.insert(at, text[at]),
            2 if at + 1 < text.len() => text.swap(at, at + 1),
            3 if at < text.len() => drop(text.splice(at..=at, piece.iter().copied())),
            _ => drop(text.splice(at..at, piece.iter().copied())),
        }
    }
    text.into_iter().collect()
}

/// Walks within a budget until an end of sequence. `choose` is given the mask and the text so far.
fn walk(
    constraint: &Constraint,
    what: &str,
    mut choose: impl FnMut(&TokenMask, &[u8]) -> TokenId,
) -> String {
    let mut matcher = constraint.matcher();
    let mut text = Vec::new();
    let needed = matcher.tokens_to_accept().expect("within limits");
    for left in (0..=BUDGET.max(needed)).rev() {
        let so_far = || format!("{what}, after {:?}", String::from_utf8_lossy(&text));
        let mask = within(&mut matcher, left, so_far);
        let token = choose(&mask, &text);
        assert!(matcher.advance(token).expect("within limits"), "{}: {token}", so_far());
        text.extend_from_slice(constraint.vocabulary().bytes(token));
        if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
            return String::from_utf8(text).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        }
    }
    panic!("{what}: no end within the budget, after {:?}", String::from_utf8_lossy(&text));
}

fn within(matcher: &mut Matcher, left: usize, so_far: impl Fn() -> String) -> Arc<TokenMask> {
    let mask = matcher.mask_within(left);
    let mask = mask.unwrap_or_else(|error| panic!("{}, {left} left: {error}", so_far()));
    assert!(!mask.is_empty(), "{}, {left} left: a dead end", so_far());
    mask
}

fn any(mask: &TokenMask, random: &mut Random) -> TokenId {
    let legal: Vec<TokenId> = mask.iter().collect();
    legal[random.below(legal.len())]
}

/// The longest white space, else the longest run of the byte before, else the first.
fn worst(mask: &TokenMask, text: &[u8], vocabulary: &Vocabulary) -> TokenId {
    let run_of = |id: TokenId, is_in: &dyn Fn(u8) -> bool| {
        let bytes = vocabulary.bytes(id);
        if bytes.iter().all(|&byte| is_in(byte)) { bytes.len() } else { 0 }
    };
    let longest = |is_in: &dyn Fn(u8) -> bool| {
        mask.iter().max_by_key(|&id| run_of(id, is_in)).filter(|&id| run_of(id, is_in) > 0)
    };
    longest(&|byte| byte.is_ascii_whitespace())
        .or_else(|| longest(&|byte| text.last() == Some(&byte)))
        .or_else(|| mask.iter().next())
        .expect("a mask is not empty")
}

/// Fails unless the grammar, byte by byte, and its judge accept the text.
fn assert_accepted(judged: &Constraint, judge: Option<Judge>, text: &str, what: &str) {
    let wrong = check(judged, judge, text, true);
    assert!(wrong.is_empty(), "{what}: {}", wrong.join("\n"));
}

#[test]
fn hostile_walks_end() {
    let vocabulary = hostile();
    for shipped in Shipped::all() {
        let constraint = shipped.compile(&vocabulary);
        let (judged, judge) = (shipped.compile(&bytes()), judges::of(&shipped.name));
        for seed in 0..1_000 {
            let what = format!("{}, seed {seed}", shipped.name);
            let mut random = Random::from_seed(seed);
            // The first walk is hostile from the begin, others after some tokens at random.
            let mut peaceful = if seed == 0 { 0 } else { random.below(BUDGET / 2) };
            let text = walk(&constraint, &what, |mask, text| {
                let is_peaceful = peaceful > 0;
                peaceful = peaceful.saturating_sub(1);
                if is_peaceful { any(mask, &mut random) } else { worst(mask, text, &vocabulary) }
            });
            assert_accepted(&judged, judge, &text, &what);
        }
    }
}

#[test]
fn random_walks_are_judged_right() {
    let vocabulary = hostile();
    for shipped in Shipped::all() {
        let constraint = shipped.compile(&vocabulary);
        let (judged, judge) = (shipped.compile(&bytes()), judges::of(&shipped.name));
        for seed in 0..50 {
            let what = format!("{}, seed {seed}", shipped.name);
            let mut random = Random::from_seed(seed);
            let text = walk(&constraint, &what, |mask, _| any(mask, &mut random));
            assert_accepted(&judged, judge, &text, &what);
        }
    }
}
