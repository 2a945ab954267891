//! Cases of our own, and those of other engines where they lie beside the repository.
#![expect(clippy::print_stderr, reason = "a run says what it did not judge")]

use std::path::Path;

use serde_json::Value;
use tokenrail::constraint::{Constraint, Matcher};
use tokenrail::grammar::Grammar;
use tokenrail::vocab::{TokenId, Vocabulary};

/// A grammar and what it takes.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    grammar: String,
    /// The tokens that ids count, where the case speaks of ids.
    vocab: Option<Vec<String>>,
    accept: Vec<Value>,
    reject: Vec<Value>,
    reject_only_at_end: Vec<Value>,
    viable_prefix: Vec<Value>,
}

/// A source that must not compile.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) name: String,
    pub(crate) grammar: String,
}

/// All cases, ours too.
pub(crate) fn cases() -> Vec<Case> {
    let cases = shared("lark.json").into_iter().chain(own("lark.json"));
    cases.map(|case| Case::new(&case)).collect()
}

/// All sources in this notation.
pub(crate) fn faulty() -> Vec<Faulty> {
    let all: Vec<Value> = shared("errors.json").into_iter().chain(own("errors.json")).collect();
    let ours = all.iter().filter(|case| case["dialect"] == "lark");
    ours.map(|case| Faulty { name: text(case, "name"), grammar: text(case, "grammar") }).collect()
}

/// The sources of all cases, right and wrong ones.
pub(crate) fn sources() -> Vec<String> {
    let right = cases().into_iter().map(|case| case.grammar);
    right.chain(faulty().into_iter().map(|source| source.grammar)).collect()
}

/// Every byte, and an end of sequence.
pub(crate) fn bytes() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

impl Case {
    fn new(case: &Value) -> Self {
        let vocab = case["vocab"].as_array().map(|pieces| {
            pieces.iter().map(|piece| piece.as_str().expect("a token's text").to_owned()).collect()
        });
        Self {
            name: text(case, "name"),
            grammar: text(case, "grammar"),
            vocab,
            accept: list(case, "accept"),
            reject: list(case, "reject"),
            reject_only_at_end: list(case, "reject_only_at_end"),
            viable_prefix: list(case, "viable_prefix"),
        }
    }

    /// The first thing that is not as listed.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let grammar = Grammar::lark(&self.grammar).map_err(|error| format!("refused: {error}"))?;
        let texts = [&self.accept, &self.reject, &self.reject_only_at_end, &self.viable_prefix];
        if texts.iter().all(|texts| texts.is_empty()) {
            return Ok(());
        }
        let tokens = Tokens::new(self);
        let constraint = Constraint::new(&grammar, &tokens.vocabulary)
            .map_err(|error| format!("no constraint: {error}"))?;
        let judge = |inputs: &[Value], is_viable: bool, is_match: Option<bool>| {
            inputs.iter().try_for_each(|input| {
                let mut matcher = constraint.matcher();
                let found = tokens.feed(&mut matcher, input);
                let matches = found && matcher.is_accepting().expect("within limits");
                let as_listed = found == is_viable && is_match.is_none_or(|it| it == matches);
                let what = match (found, matches) {
                    (_, true) => "taken",
                    (true, _) => "a beginning",
                    _ => "refused",
                };
                as_listed.then_some(()).ok_or_else(|| format!("{input} is {what}"))
            })
        };
        judge(&self.accept, true, Some(true))?;
        judge(&self.reject, false, Some(false))?;
        judge(&self.reject_only_at_end, true, Some(false))?;
        judge(&self.viable_prefix, true, None)
    }
}

/// A case's vocabulary, with every byte besides, and the ids that the case's stand for.
#[derive(Debug)]
struct Tokens {
    vocabulary: Vocabulary,
    ids: Vec<TokenId>,
}

impl Tokens {
    /// Tokens that the grammar names are special ones, which no text holds; those stand at the end.
    /// Where the grammar speaks of ids, they have to stay what they are.
    fn new(case: &Case) -> Self {
        let pieces = case.vocab.clone().unwrap_or_default();
        let has_ids = case.grammar.contains("<[");
        let is_special = |piece: &&String| {
            !has_ids && piece.starts_with("<|") && case.grammar.contains(&**piece)
        };
        let (special, plain): (Vec<&String>, Vec<&String>) = pieces.iter().partition(is_special);
        let every_byte: Vec<u8> = (0..=255).collect();
        let texts = plain.iter().map(|piece| piece.as_bytes()).chain(every_byte.chunks(1));
        let names = special.iter().map(|piece| piece.as_str()).chain(["<end>"]);
        let id = |piece: &String| {
            let special_at = special.iter().position(|other| std::ptr::eq(*other, piece));
            let plain_at = plain.iter().position(|other| std::ptr::eq(*other, piece));
            let behind = special_at.map(|at| plain.len() + every_byte.len() + at);
            TokenId(u32::try_from(plain_at.or(behind).expect("one of both")).expect("few"))
        };
        let ids = pieces.iter().map(id).collect();
        Self { vocabulary: Vocabulary::new(texts, names), ids }
    }

    /// Whether all of an input may be fed: a text, or a list of ids and texts.
    fn feed(&self, matcher: &mut Matcher, input: &Value) -> bool {
        match input {
            Value::String(text) => {
                let fed = matcher.advance_bytes(text.as_bytes()).expect("within limits");
                fed == text.len()
            }
            Value::Number(id) => {
                // As generation does, and where budgets of tokens are looked at.
                matcher.mask().expect("within limits");
                let id = id.as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id");
                matcher.advance(self.ids[id]).expect("within limits")
            }
            Value::Array(parts) => parts.iter().all(|part| self.feed(matcher, part)),
            other => panic!("{other} is no input"),
        }
    }
}

/// The cases of other engines; none where they do not lie beside the repository.
fn shared(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/grammars");
    if !folder.is_dir() {
        eprintln!("no {}: our own cases of {file} alone are judged", folder.display());
        return Vec::new();
    }
    read(&folder.join(file))
}

fn own(file: &str) -> Vec<Value> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/grammars/lark").join(file))
}

fn read(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
    match value["cases"].take() {
        Value::Array(cases) => cases,
        other => panic!("{}: {other} is no list of cases", path.display()),
    }
}

fn text(case: &Value, field: &str) -> String {
    case[field].as_str().unwrap_or_else(|| panic!("{field} of {case}")).to_owned()
}

fn list(case: &Value, field: &str) -> Vec<Value> {
    case[field].as_array().cloned().unwrap_or_default()
}
