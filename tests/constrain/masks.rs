//! Masks against `advance`, on the shipped grammars and two real vocabularies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tokenrail::constraint::{Constraint, Matcher, Stop};
use tokenrail::grammar::{Grammar, Limits};
use tokenrail::model::LanguageModel;
use tokenrail::vocab::{TokenId, TokenMask, Vocabulary};

use super::random::Random;
use super::support;
use super::vocabularies::{bytes, small};

/// The grammars that the repository ships, by name.
fn shipped() -> Vec<(String, Grammar)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
    let entries = fs::read_dir(folder).expect("the grammars are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gbnf"));
    paths.sort();
    assert!(!paths.is_empty());
    let read = |path: &PathBuf| {
        let source = fs::read_to_string(path).expect("it is text");
        let grammar = Grammar::gbnf(&source).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        (path.display().to_string(), grammar)
    };
    paths.iter().map(read).collect()
}

/// The 49k tokens of the default model.
fn of_the_model() -> &'static Vocabulary {
    support::model().tokenizer().vocabulary()
}

/// The 128k tokens beside the checkout, where they are.
fn large() -> Option<&'static Vocabulary> {
    static LARGE: OnceLock<Option<Vocabulary>> = OnceLock::new();
    let read = || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/tokenizers");
        let Ok(ranks) = fs::read_to_string(folder.join("llama3.tiktoken")) else {
            println!("{} is absent: masks of 128k tokens are not tried", folder.display());
            return None;
        };
        let special = fs::read_to_string(folder.join("llama3_special.json")).expect("beside it");
        let special: Value = serde_json::from_str(&special).expect("JSON");
        let special = special.as_object().expect("an object").iter();
        let special: Vec<(&str, TokenId)> = special
            .map(|(name, id)| (name.as_str(), TokenId(id.as_u64().expect("an id") as u32)))
            .collect();
        let ends = ["<|end_of_text|>", "<|eot_id|>"];
        Some(Vocabulary::from_tiktoken(&ranks, &special, &ends).expect("it is whole"))
    };
    LARGE.get_or_init(read).as_ref()
}

/// Every token: in the mask exactly if `advance` takes it.
fn assert_mask_is_advance(matcher: &mut Matcher, vocabulary: &Vocabulary, what: &str) {
    let mask = matcher.mask().expect("a mask");
    for id in (0..vocabulary.len() as u32).map(TokenId) {
        let is_taken = matcher.fork().advance(id).expect("within limits");
        assert_eq!(mask.contains(id), is_taken, "{what}: {id} {:?}", vocabulary.piece(id));
    }
    let may_end = matcher.is_accepting().expect("within limits");
    for &eos in vocabulary.eos() {
        assert_eq!(mask.contains(eos), may_end, "{what}: an end of sequence where it may end");
    }
    assert!(!mask.is_empty(), "{what}: a dead end");
}

/// A few random steps, every mask of which is judged.
fn walk(grammar: &Grammar, vocabulary: &Vocabulary, seed: u64, steps: usize, name: &str) {
    let constraint = Constraint::new(grammar, vocabulary).expect("it compiles");
    let mut random = Random::from_seed(seed);
    let mut matcher = constraint.matcher();
    let mut tokens = Vec::new();
    for _ in 0..steps {
        let what = format!("{name}, seed {seed}, after {tokens:?}");
        assert_mask_is_advance(&mut matcher, vocabulary, &what);
        let mask = matcher.mask().expect("a mask");
        // A long token now and then, else one of the legal ones whatever its length.
        let legal: Vec<TokenId> = mask.iter().collect();
        let mut token = legal[random.below(legal.len())];
        for _ in 0..random.below(4) {
            let other = legal[random.below(legal.len())];
            if vocabulary.bytes(other).len() > vocabulary.bytes(token).len() {
                token = other;
            }
        }
        assert!(matcher.advance(token).expect("within limits"), "{what}: {token}");
        tokens.push(token);
        if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
            break;
        }
    }
}

#[test]
fn masks_are_what_advance_takes_at_49k() {
    for (name, grammar) in shipped() {
        for seed in 0..3 {
            walk(&grammar, of_the_model(), seed, 10, &name);
        }
    }
}

#[test]
fn masks_are_what_advance_takes_at_128k() {
    let Some(vocabulary) = large() else { return };
    for (name, grammar) in shipped() {
        walk(&grammar, vocabulary, 7, 10, &name);
    }
}

/// The masks along a text, by one matcher.
fn masks(matcher: &mut Matcher, tokens: &[TokenId]) -> Vec<TokenMask> {
    let mut masks = vec![TokenMask::clone(&matcher.mask().expect("a mask"))];
    for &token in tokens {
        assert!(matcher.advance(token).expect("within limits"));
        masks.push(TokenMask::clone(&matcher.mask().expect("a mask")));
    }
    masks
}

/// Some legal tokens from the begin, without an end of sequence.
fn legal_tokens(constraint: &Constraint, seed: u64, count: usize) -> Vec<TokenId> {
    let vocabulary = constraint.vocabulary();
    let mut random = Random::from_seed(seed);
    let mut matcher = constraint.matcher();
    let mut tokens = Vec::new();
    while tokens.len() < count {
        let mask = matcher.mask().expect("a mask");
        let legal: Vec<TokenId> = mask.iter().filter(|id| !vocabulary.eos().contains(id)).collect();
        if legal.is_empty() {
            break;
        }
        let token = legal[random.below(legal.len())];
        assert!(matcher.advance(token).expect("within limits"));
        tokens.push(token);
    }
    tokens
}

#[test]
fn going_back_and_forking_equal_beginning_anew() {
    let vocabulary = small();
    for (name, grammar) in shipped() {
        for seed in 0..4 {
            let constraint = Constraint::new(&grammar, &vocabulary).expect("it compiles");
            let tokens = legal_tokens(&constraint, seed, 30);
            let expected = masks(&mut constraint.matcher(), &tokens);
            let mut random = Random::from_seed(seed);
            let mut matcher = constraint.matcher();
            assert!(matcher.advance_all(&tokens).expect("within limits"));
            for _ in 0..10 {
                let kept = random.below(tokens.len() + 1);
                let mut fork = matcher.fork();
                fork.rollback(tokens.len() - kept);
                assert_eq!(fork.len(), kept);
                let found = masks(&mut fork, &tokens[kept..]);
                assert_eq!(found, expected[kept..], "{name}, seed {seed}: back to {kept}");
            }
            matcher.rollback(usize::MAX);
            assert_eq!(masks(&mut matcher, &[])[0], expected[0], "{name}: back to the begin");
        }
    }
}

#[test]
fn draft_masks_equal_those_of_each_path() {
    let vocabulary = small();
    for (name, grammar) in shipped() {
        let constraint = Constraint::new(&grammar, &vocabulary).expect("it compiles");
        let tokens = legal_tokens(&constraint, 3, 6);
        let mut random = Random::from_seed(3);
        let mut nodes: Vec<(TokenId, Option<usize>)> = Vec::new();
        for _ in 0..30 {
            let parent = random.below(nodes.len() + 1).checked_sub(1);
            let some = [tokens[random.below(tokens.len())], TokenId(random.below(300) as u32)];
            nodes.push((some[random.below(2)], parent));
        }
        let found = constraint.matcher().draft_masks(&nodes).expect("within limits");
        for (node, mask) in found.iter().enumerate() {
            let up = std::iter::successors(Some(node), |&node| nodes[node].1);
            let mut path: Vec<TokenId> = up.map(|node| nodes[node].0).collect();
            path.reverse();
            let mut matcher = constraint.matcher();
            let is_legal = matcher.advance_all(&path).expect("within limits");
            let expected = is_legal.then(|| matcher.mask().expect("a mask"));
            assert_eq!(mask, &expected, "{name}: node {node}, {path:?}");
        }
    }
}

#[test]
fn forgetting_states_changes_no_mask() {
    let source = "root ::= x{40,}\nx ::= \"(\" x* \")\" | [a-c]{1,3}";
    let grammar =
        |limits: &Limits| Grammar::gbnf_from("root", source, limits).expect("it compiles");
    let vocabulary = bytes();
    let roomy = Constraint::new(&grammar(&Limits::default()), &vocabulary).expect("it compiles");
    for seed in 0..10 {
        masks(&mut roomy.matcher(), &legal_tokens(&roomy, seed, 60));
    }
    // So little that all states go again and again.
    let limits = Limits { memory: roomy.memory() / 4, ..Limits::default() };
    let tight = Constraint::new(&grammar(&limits), &vocabulary).expect("it compiles");
    let mut forgotten = 0;
    for seed in 0..10 {
        let tokens = legal_tokens(&roomy, seed, 60);
        let expected = masks(&mut roomy.matcher(), &tokens);
        let mut matcher = tight.matcher();
        let mut found = vec![TokenMask::clone(&matcher.mask().expect("a mask"))];
        for &token in &tokens {
            let before = tight.memory();
            assert!(matcher.advance(token).expect("within limits"), "seed {seed}");
            found.push(TokenMask::clone(&matcher.mask().expect("a mask")));
            forgotten += usize::from(tight.memory() < before);
        }
        assert_eq!(found, expected, "seed {seed}");
    }
    assert!(
        forgotten > 3,
        "states were forgotten {forgotten} times, {} bytes without",
        roomy.memory()
    );
}

#[test]
fn hostile_sources_are_refused_in_time() {
    let nested = format!("root ::= {}\"a\"{}", "(".repeat(60_000), ")".repeat(60_000));
    let cases: [(&str, &str); 5] = [
        (&nested, "nesting depth"),
        ("root ::= root \"a\"", "matches no text at all"),
        ("root ::= x y\nx ::= \"a\"", "rule \"y\" is not defined"),
        ("root ::= x{4000}\nx ::= \"a\" x? y{1000}\ny ::= \"b\" y | \"b\"", "over the limit"),
        ("root ::= Regex(\"a\", \"b\")", "line 1"),
    ];
    for (source, expected) in cases {
        check_refused(Grammar::gbnf(source), expected);
    }
    check_refused(Grammar::regex("((a{1000}){1000}){1000}"), "over the limit of 1048576");
    check_refused(Grammar::regex("[a&&b]"), "matches no text at all");
    check_refused(Grammar::choices::<&str>(&[]), "there are no choices");
}

fn check_refused(grammar: Result<Grammar, tokenrail::grammar::GrammarError>, expected: &str) {
    let start = std::time::Instant::now();
    let refusal = grammar
        .map_err(|error| error.to_string())
        .and_then(|grammar| Constraint::new(&grammar, &bytes()).map_err(|error| error.to_string()));
    let refusal = refusal.err().unwrap_or_else(|| panic!("no refusal: {expected}"));
    assert!(refusal.contains(expected), "{refusal:.200}");
    assert!(start.elapsed().as_secs() < 3, "{expected}: {:?}", start.elapsed());
}

#[test]
fn right_recursion_takes_linear_room() {
    // The second one's rule may end at every byte, with every rule around it. Items are kept, so
    // what takes no room took no time.
    for source in [
        "root ::= bang\nbang ::= \"!\" bang | \"a\"",
        "root ::= bang \"a\"\nbang ::= (\"!\" bang)?",
    ] {
        let grammar = Grammar::gbnf(source).expect("it compiles");
        let room = |count: usize| {
            let constraint = Constraint::new(&grammar, &bytes()).expect("it compiles");
            let text = format!("{}a", "!".repeat(count));
            let legal = constraint.matcher().advance_bytes(text.as_bytes()).expect("in limits");
            assert_eq!(legal, text.len());
            constraint.memory()
        };
        let (short, long) = (room(2_000), room(40_000));
        assert!(long < 25 * short, "{source}: {short} bytes and {long} bytes");
    }
}
