//! The cases of `shared/data/grammars`, and a few of our own of the same form.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::differences::{DIFFERENCES, Difference};
use super::recognizer::{Input, Verdict, recognize};
use crate::grammar::{Grammar, GrammarError, Limits};
use crate::vocab::TokenId;

/// How many cases of a file were decided in which way.
#[derive(Debug, Default)]
struct Tally {
    right: usize,
    different: Vec<String>,
    /// What went wrong, and what went right in spite of being listed as a difference.
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, file: &str, name: &str, found: Result<(), String>) {
        let listed: Option<&Difference> = DIFFERENCES
            .iter()
            .find(|difference| (difference.file, difference.name) == (file, name));
        match (found, listed) {
            (Ok(()), None) => self.right += 1,
            (Err(_), Some(_)) => self.different.push(name.to_owned()),
            (Err(what), None) => self.wrong.push(format!("{name}: {what}")),
            (Ok(()), Some(difference)) => {
                let why = difference.why;
                self.wrong.push(format!("{name}: listed as a difference ({why}), but none"));
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "counts are read by people")]
    fn close(self, file: &str) {
        println!(
            "{file}: {} right, {} different {:?}",
            self.right,
            self.different.len(),
            self.different
        );
        assert!(
            self.wrong.is_empty(),
            "{file}: {} wrong\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }
}

/// The folders that have cases: always our own.
#[expect(clippy::print_stdout, reason = "an absent folder is said, not hidden")]
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/data/grammars");
    let own = root.join("tests/data/grammars");
    if !shared.is_dir() {
        println!("{} is absent: only the cases of {} are run", shared.display(), own.display());
        return vec![own];
    }
    vec![shared, own]
}

/// The cases of a file, in all folders that have it.
fn cases(file: &str) -> Vec<Value> {
    let files = folders().into_iter().map(|folder| folder.join(file)).filter(|path| path.is_file());
    files
        .flat_map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut file: Value = serde_json::from_str(&text).unwrap();
            match file["cases"].take() {
                Value::Array(cases) => cases,
                other => panic!("{}: no list of cases but {other}", path.display()),
            }
        })
        .collect()
}

fn strings(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A string, or a list of strings and token ids.
fn input(value: &Value, vocabulary: &[String]) -> Input {
    let mut input = Input::with_names(vocabulary.to_vec());
    let parts = match value {
        Value::Array(parts) => parts.as_slice(),
        text => std::slice::from_ref(text),
    };
    for part in parts {
        match part.as_u64() {
            Some(id) => {
                let id = TokenId(u32::try_from(id).unwrap());
                input.push_token(id, vocabulary.get(id.index()).map(String::as_str));
            }
            None => input.push_text(part.as_str().unwrap()),
        }
    }
    input
}

/// Whether a grammar decides the strings of its case as the case says.
fn decide(case: &Value, grammar: Result<Grammar, GrammarError>) -> Result<(), String> {
    let grammar = grammar.map_err(|error| format!("refused: {error}"))?;
    let vocabulary: Vec<String> =
        strings(&case["vocab"]).map(|token| token.as_str().unwrap().to_owned()).collect();
    let expectations: [(&str, &[Verdict]); 4] = [
        ("accept", &[Verdict::Accepted]),
        ("reject", &[Verdict::Refused]),
        ("reject_only_at_end", &[Verdict::Open]),
        ("viable_prefix", &[Verdict::Accepted, Verdict::Open]),
    ];
    for (list, expected) in expectations {
        for text in strings(&case[list]) {
            let found = recognize(&grammar, &input(text, &vocabulary));
            if !expected.contains(&found) {
                return Err(format!("{text:.60} is {found:?}, not {list}"));
            }
        }
    }
    Ok(())
}

fn regex(case: &Value) -> Result<Grammar, GrammarError> {
    let pattern = case["grammar"].as_str().unwrap();
    match case["flags"].as_str() {
        Some(flags) => Grammar::regex(&format!("(?{flags}){pattern}")),
        None => Grammar::regex(pattern),
    }
}

fn gbnf(case: &Value) -> Result<Grammar, GrammarError> {
    let root = case["root"].as_str().unwrap_or("root");
    Grammar::gbnf_from(root, case["grammar"].as_str().unwrap(), &Limits::default())
}

/// Runs the cases of a file through a front end.
fn check(file: &str, compile: fn(&Value) -> Result<Grammar, GrammarError>) {
    let mut tally = Tally::default();
    for case in cases(file) {
        let name = case["name"].as_str().unwrap();
        tally.count(file, name, decide(&case, compile(&case)));
    }
    tally.close(file);
}

/// Runs on a stack for rules that recurse as deep as texts are long.
fn with_stack(run: fn()) {
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn patterns_match_as_the_cases_say() {
    check("regex.json", regex);
}

#[test]
fn gbnf_matches_as_the_cases_say() {
    with_stack(|| check("gbnf.json", gbnf));
}

#[test]
fn ebnf_matches_as_the_cases_say() {
    with_stack(|| check("ebnf.json", gbnf));
}

#[test]
fn wrong_sources_are_refused() {
    let mut tally = Tally::default();
    for case in cases("errors.json") {
        let name = case["name"].as_str().unwrap();
        let compiled = match case["dialect"].as_str().unwrap() {
            "regex" => regex(&case),
            "gbnf" | "ebnf" => gbnf(&case),
            _ => continue,
        };
        let found = match compiled {
            Err(_) => Ok(()),
            Ok(_) => Err("compiles".to_owned()),
        };
        tally.count("errors.json", name, found);
    }
    tally.close("errors.json");
}

#[test]
fn sample_files_compile() {
    for folder in folders() {
        let folder = folder.join("gbnf_files");
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            if let Err(error) = Grammar::gbnf(&source) {
                panic!("{}: {error}", path.display());
            }
        }
    }
}

#[test]
fn the_recognizer_knows_open_from_refused() {
    let grammar =
        Grammar::gbnf("root ::= \"(\" root \")\" | root \"+\" root | [0-9]{2,3}").unwrap();
    let cases = [
        ("12+(345)", Verdict::Accepted),
        ("12+(345", Verdict::Open),
        ("", Verdict::Open),
        ("12+(3456", Verdict::Refused),
        (")", Verdict::Refused),
    ];
    for (text, expected) in cases {
        assert_eq!(recognize(&grammar, &Input::of_text(text)), expected, "{text:?}");
    }
}
