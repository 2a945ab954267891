//! The grammar cases of three peers, and our own, through the engine.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenrail::constraint::{Constraint, ConstraintError, Matcher, Stop};
use tokenrail::grammar::{Grammar, GrammarError, Limits};
use tokenrail::vocab::{TokenId, Vocabulary};

#[path = "../../src/grammar/tests/differences.rs"]
mod differences;

use differences::DIFFERENCES;

/// What is known of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// Not whole, but it may go on to be.
    Open,
    Refused,
}

/// The cases of a file, in the shared folder where there is one and in our own.
fn cases(file: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/data/grammars");
    if !shared.is_dir() {
        println!("{} is absent: only the cases of tests/data are run", shared.display());
    }
    let files: Vec<PathBuf> = [shared, root.join("tests/data/grammars")]
        .iter()
        .map(|folder| folder.join(file))
        .filter(|path| path.is_file())
        .collect();
    assert!(!files.is_empty(), "no {file}");
    files.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("it is readable");
    let mut file: Value = serde_json::from_str(&text).expect("it is JSON");
    match file["cases"].take() {
        Value::Array(cases) => cases,
        _ => panic!("{}: no list of cases", path.display()),
    }
}

fn list<'a>(case: &'a Value, key: &str) -> &'a [Value] {
    case[key].as_array().map_or(&[], Vec::as_slice)
}

/// The case's tokens with their ids, then every byte. Where a case has ids but no tokens, they stand
/// for tokens that are no text.
fn vocabulary(case: &Value) -> Vocabulary {
    const IDS: usize = 20_000;
    let named: Vec<&str> = list(case, "vocab").iter().filter_map(Value::as_str).collect();
    let bytes: Vec<u8> = (0..=255).collect();
    let blanks = vec![b"".as_slice(); if named.is_empty() { IDS } else { 0 }];
    let texts = blanks.into_iter().chain(named.into_iter().map(str::as_bytes));
    // Names that the grammar uses for tokens which the case does not list.
    let source = case["grammar"].as_str().unwrap_or("");
    let names = source.match_indices('<').filter_map(|(start, _)| {
        let end = source[start..].find('>')? + start + 1;
        let name = &source[start..end];
        let is_name = !name.contains(['[', ' ', '\n', '"', '/']) && name.len() > 2;
        is_name.then_some(name)
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !list(case, "vocab").iter().any(|token| token == name));
    Vocabulary::new(texts.chain(bytes.chunks(1)), names.into_iter().chain(["<end>"]))
}

/// Feeds a string, or a list of strings and ids.
fn verdict(constraint: &Constraint, input: &Value) -> Result<Verdict, ConstraintError> {
    let mut matcher = constraint.matcher();
    let parts = input.as_array().map_or(std::slice::from_ref(input), Vec::as_slice);
    for part in parts {
        let is_legal = match part.as_u64() {
            Some(id) => matcher.advance(TokenId(id as u32))?,
            None => feed_text(&mut matcher, part.as_str().expect("a string or an id"))?,
        };
        if !is_legal {
            return Ok(Verdict::Refused);
        }
    }
    assert_ne!(matcher.stop()?, Some(Stop::EndOfSequence));
    Ok(if matcher.is_accepting()? { Verdict::Accepted } else { Verdict::Open })
}

fn feed_text(matcher: &mut Matcher, text: &str) -> Result<bool, ConstraintError> {
    Ok(matcher.advance_bytes(text.as_bytes())? == text.len())
}

fn decide(case: &Value, grammar: Result<Grammar, GrammarError>) -> Result<(), String> {
    let grammar = grammar.map_err(|error| format!("refused: {error}"))?;
    let constraint = Constraint::new(&grammar, &vocabulary(case));
    let constraint = constraint.map_err(|error| format!("refused: {error}"))?;
    let expectations: [(&str, &[Verdict]); 4] = [
        ("accept", &[Verdict::Accepted]),
        ("reject", &[Verdict::Refused]),
        ("reject_only_at_end", &[Verdict::Open]),
        ("viable_prefix", &[Verdict::Accepted, Verdict::Open]),
    ];
    for (key, expected) in expectations {
        for input in list(case, key) {
            let found = verdict(&constraint, input).map_err(|error| error.to_string())?;
            if !expected.contains(&found) {
                return Err(format!("{input:.80} is {found:?}, not {key}"));
            }
        }
    }
    Ok(())
}

fn regex(case: &Value) -> Result<Grammar, GrammarError> {
    let pattern = case["grammar"].as_str().expect("a pattern");
    match case["flags"].as_str() {
        Some(flags) => Grammar::regex(&format!("(?{flags}){pattern}")),
        None => Grammar::regex(pattern),
    }
}

fn gbnf(case: &Value) -> Result<Grammar, GrammarError> {
    let root = case["root"].as_str().unwrap_or("root");
    let source = case["grammar"].as_str().expect("a source");
    Grammar::gbnf_from(root, source, &Limits::default())
}

/// Decides each, and compares what comes out otherwise with the list of differences.
fn check(file: &str, mut found: impl FnMut(&Value) -> Option<Result<(), String>>) {
    let (mut right, mut different, mut wrong) = (0, Vec::new(), Vec::new());
    for case in cases(file) {
        let name = case["name"].as_str().expect("a name");
        let listed = DIFFERENCES.iter().find(|known| (known.file, known.name) == (file, name));
        match (found(&case), listed) {
            (None, _) => {}
            (Some(Ok(())), None) => right += 1,
            (Some(Err(_)), Some(_)) => different.push(name.to_owned()),
            (Some(Err(what)), None) => wrong.push(format!("{name}: {what}")),
            (Some(Ok(())), Some(known)) => {
                wrong.push(format!("{name}: listed as different, but is not: {}", known.why));
            }
        }
    }
    println!("{file}: {right} right, {} different: {different:?}", different.len());
    assert!(wrong.is_empty(), "{file}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn patterns() {
    check("regex.json", |case| Some(decide(case, regex(case))));
}

#[test]
fn gbnf_grammars() {
    check("gbnf.json", |case| Some(decide(case, gbnf(case))));
}

#[test]
fn ebnf_grammars() {
    check("ebnf.json", |case| Some(decide(case, gbnf(case))));
}

#[test]
fn faulty_sources() {
    check("errors.json", |case| {
        let grammar = match case["dialect"].as_str().expect("a dialect") {
            "regex" => regex(case),
            "gbnf" | "ebnf" => gbnf(case),
            _ => return None,
        };
        let compiled = grammar
            .map_err(ConstraintError::from)
            .and_then(|grammar| Constraint::new(&grammar, &vocabulary(case)));
        Some(match compiled {
            Err(_) => Ok(()),
            Ok(_) => Err("it compiles".to_owned()),
        })
    });
}
