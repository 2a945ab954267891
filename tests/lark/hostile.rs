//! Sources that mean harm: they end soon, in an error that says what is wrong.

use std::time::{Duration, Instant};

use tokenrail::constraint::Constraint;
use tokenrail::grammar::{Grammar, GrammarError, Limits};

use super::corpus;
use super::random::Random;

/// What a source may take: a second, and a debug build is slower.
const TIME: Duration = Duration::from_secs(5);

/// Compiles a source in time.
fn compile(what: &str, source: &str) -> Result<Grammar, GrammarError> {
    let begin = Instant::now();
    let result = Grammar::lark(source);
    let time = begin.elapsed();
    assert!(time < TIME, "{what} took {time:?}");
    result
}

fn check(what: &str, source: &str, expected: &str) {
    match compile(what, source) {
        Ok(_) => panic!("{what} compiles"),
        Err(error) => assert!(error.to_string().contains(expected), "{what}: {error}"),
    }
}

#[test]
fn deep_nesting_is_limited() {
    const MANY: usize = 100_000;
    let limit = "nesting depth 201 is over the limit of 200";
    check("groups", &format!("start: {}", "(".repeat(MANY)), limit);
    check("optional groups", &format!("start: {}", "[".repeat(MANY)), limit);
    check("complements", &format!("start: {}\"a\"", "~".repeat(MANY)), limit);
    check("patterns", &format!("start: /{}/", "(".repeat(MANY)), limit);
    check("inner grammars", &"start: %lark {".repeat(MANY), limit);
    check("conditions", &format!("start: a::0\na::_: \"\" %if {}", "not(".repeat(MANY)), limit);
    check("JSON", &format!("start: %json {}", "[".repeat(MANY)), "recursion limit exceeded");
    let chain = |upper: &str, end: &str| -> String {
        let links = (0..MANY).map(|at| format!("{upper}{at}: {upper}{} \"x\" | \"y\"\n", at + 1));
        links.collect::<String>() + &format!("{upper}{MANY}: {end}\n")
    };
    check("terminals", &format!("start: T0\n{}", chain("T", "\"a\"")), "over the limit of 200");
    check("a cycle of terminals", &format!("start: T0\n{}", chain("T", "T0")), "is made of itself");
    check("budgets", &format!("start[max_chars=9]: r0\n{}", chain("r", "\"a\"")), limit);
    let rules = compile("rules", &format!("start: r0\n{}", chain("r", "\"a\"")));
    assert!(rules.is_ok(), "rules may go as deep as they like");
}

#[test]
fn growth_is_limited() {
    let limit = "is over the limit of 2000000";
    let doubled: String = (1..60).map(|at| format!("T{at}: T{0} T{0}\n", at - 1)).collect();
    check("doubling", &format!("start: T59\nT0: \"ab\"\n{doubled}"), limit);
    let words: String = (0..20_000).map(|at| format!("|\"{at:x}\"")).collect();
    let sums: String = (0..20_000).map(|at| format!("T{at}: B | \"-{at}\"\n")).collect();
    check("many sums", &format!("start: T1\nB: \"\"{words}\n{sums}"), limit);
    let rules: String = (0..20_000).map(|at| format!("r{at}: B \"-{at}\"\n")).collect();
    let text = "x".repeat(20_000);
    check("many texts", &format!("start: r1\nB: \"{text}\"\n{rules}"), limit);
    let huge = "a".repeat(3_000_000);
    check("a huge substring", &format!("start: %regex {{\"substring_chars\": \"{huge}\"}}"), limit);
    check("a huge source", &" ".repeat(17 << 20), "source bytes 17825792 is over the limit of");
}

#[test]
fn large_sources_are_read_in_time() {
    const MANY: usize = 100_000;
    let parts = [
        ("a text", format!("start: \"{}\"", "a".repeat(MANY))),
        ("strings", format!("start: {}", "\"a\" ".repeat(MANY))),
        ("alternatives", format!("start: {}\"b\"", "\"a\" r | ".repeat(MANY) + "r\nr: ")),
        (
            "counts",
            (1..20_000).fold("start: \"\"".to_owned(), |s, n| s + &format!("|\"a\"{{{n}}}")),
        ),
        ("names", format!("start: {}\na: \"x\"", "a ".repeat(MANY))),
        ("groups", format!("start: {}", "(\"a\" r) ".repeat(MANY) + "\nr: \"b\"")),
        ("inner grammars", format!("start: {}", "%lark{start:\"a\"} ".repeat(20_000))),
        ("ignored text", format!("start: {}\n%ignore /[ ]+/", "\"a\" ".repeat(MANY))),
        ("rules", (0..MANY).fold("start: r1\n".to_owned(), |s, n| s + &format!("r{n}: \"a\"\n"))),
        ("repetitions", "start: \"a\"{0,4294967295} (\"b\" start?){1000}".to_owned()),
        ("comments", "#\n".repeat(MANY) + "start:"),
    ];
    for (what, source) in parts {
        if let Err(error) = compile(what, &source) {
            panic!("{what}: {error}");
        }
    }
    let name = "n".repeat(1_000_000);
    check("long names", &format!("start: {name}\n{name}x: \"a\""), "is not defined");
}

#[test]
fn thousands_of_chunks_are_a_small_constraint() {
    let words: Vec<String> = (0..5_000).map(|at| format!("\"w{} \"", at * at % 977)).collect();
    let source = format!("start: %regex {{\"substring_chunks\": [{}]}}", words.join(","));
    let grammar = compile("chunks", &source).expect("it compiles");
    let begin = Instant::now();
    let constraint = Constraint::new(&grammar, &corpus::bytes()).expect("a constraint");
    let run: String = (700..720).map(|at| format!("w{} ", at * at % 977)).collect();
    assert_eq!(constraint.matcher().advance_bytes(run.as_bytes()).expect("in limits"), run.len());
    let time = begin.elapsed();
    assert!(time < TIME, "it took {time:?}");
}

#[test]
fn limits_are_the_callers() {
    let limits = Limits { nesting: 2, ..Limits::default() };
    let error = Grammar::lark_within("start: (((\"a\")))", &limits).expect_err("too deep");
    assert_eq!(error.to_string(), "nesting depth 3 is over the limit of 2 (line 1, column 11)");
}

#[test]
fn mutations_end_in_a_grammar_or_an_error() {
    let sources = corpus::sources();
    for seed in 0..8_000_u64 {
        let mut random = Random::from_seed(seed);
        let source = mutated(&sources, &mut random);
        let begin = Instant::now();
        let result = std::panic::catch_unwind(|| Grammar::lark(&source));
        let time = begin.elapsed();
        assert!(result.is_ok(), "seed {seed} panics:\n{source}");
        assert!(time < TIME, "seed {seed} took {time:?}:\n{source}");
    }
}

/// A source with a few bytes or pieces changed.
fn mutated(sources: &[String], random: &mut Random) -> String {
    const PIECES: [&str; 24] = [
        "(", ")", "[", "]", "{", "}", "|", "&", "~", "\"", "/", "\\", "<[", "]>", "::", "%if ",
        "%lark {", "%json ", "%ignore ", "\n", "é", "_", "{9,}", "->",
    ];
    let mut source: Vec<char> = sources[random.below(sources.len())].chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(source.len() + 1);
        match random.below(4) {
            0 => source.truncate(at),
            1 if at < source.len() => drop(source.remove(at)),
            2 => {
                let other: Vec<char> = sources[random.below(sources.len())].chars().collect();
                let from = random.below(other.len() + 1);
                let length = random.below(20).min(other.len() - from);
                source.splice(at..at, other[from..from + length].iter().copied());
            }
            _ => drop(source.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
        }
    }
    source.into_iter().collect()
}
