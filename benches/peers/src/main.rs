//! Masks of JSON Schemas by tokenrail and by llguidance, side by side in one process.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- [--file F] [--limit N]
//! [--vocab 49k|128k|both] [--order any|declared] [--compact] [--json]`
//!
//! Both get the same schemas, the same vocabulary, and the same tokens: each instance as text with a
//! space behind each separator, as Python writes it (`--compact`: without), cut into the longest
//! tokens. They take turns, schema by schema, and who is first changes with each. Times are compared
//! over the schemas that both compile, and over the tokens that both got to.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its results")]

mod llguidance_engine;
mod report;
#[path = "../../../tests/support/schemas/mod.rs"]
mod schemas;
mod tally;

use std::error::Error;
use std::path::PathBuf;

use serde_json::{Map, Value};
use tokenrail::vocab::Vocabulary;

use llguidance_engine::Llguidance;
use schemas::corpus::{self, Case};
use schemas::engine::{Engine, Order, STANDS_IN, Tokenrail};
use schemas::json_text::Separators;
use schemas::trial::{Trial, tokenized};
use schemas::vocabularies;
use tally::Tally;

/// What was asked for.
struct Request {
    file: PathBuf,
    limit: Option<usize>,
    vocabulary: String,
    order: Order,
    separators: Separators,
    is_json: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::read(std::env::args().skip(1))?;
    if !request.file.exists() {
        println!("{} is absent: name another with --file", request.file.display());
        return Ok(());
    }
    if STANDS_IN {
        eprintln!("the grammar of JSON stands in for tokenrail's schemas: counts mean nothing");
    }
    let cases = corpus::read(&request.file, request.limit)?;
    let mut objects = Map::new();
    for (name, vocabulary) in request.vocabularies()? {
        let tally = compare(&request, &cases, &vocabulary)?;
        if request.is_json {
            objects.insert(name.to_owned(), report::json(&tally));
        } else {
            report::print(name, &tally);
        }
    }
    match objects.len() {
        0 => {}
        1 => println!("{}", objects.into_values().next().unwrap_or_default()),
        _ => println!("{}", Value::Object(objects)),
    }
    Ok(())
}

fn compare(request: &Request, cases: &[Case], vocabulary: &Vocabulary) -> Result<Tally, String> {
    let _built_once = vocabulary.trie();
    let ours = Tokenrail { vocabulary: vocabulary.clone(), order: request.order };
    let theirs = Llguidance::new(vocabulary)?;
    let mut tally = Tally::default();
    for (index, case) in cases.iter().enumerate() {
        let instances = tokenized(case, vocabulary, request.separators);
        let run = |engine: &dyn Engine| Trial::run(engine, &case.schema, &instances);
        // What runs second finds the schema's text in the processor's caches.
        let (our_trial, their_trial) = if index % 2 == 0 {
            let first = run(&ours);
            (first, run(&theirs))
        } else {
            let first = run(&theirs);
            (run(&ours), first)
        };
        tally.add(our_trial, their_trial);
        if (index + 1) % 500 == 0 {
            eprintln!("{} of {}", index + 1, cases.len());
        }
    }
    Ok(tally)
}

impl Request {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self {
            file: corpus::shared_file(),
            limit: None,
            vocabulary: "128k".to_owned(),
            order: Order::Any,
            separators: Separators::SPACED,
            is_json: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--file" => request.file = value()?.into(),
                "--limit" => {
                    let text = value()?;
                    let limit = text.parse().map_err(|_| format!("{text:?} is no count"))?;
                    request.limit = Some(limit);
                }
                "--vocab" => request.vocabulary = one_of(&value()?, &["49k", "128k", "both"])?,
                "--order" => {
                    let order = one_of(&value()?, &["any", "declared"])?;
                    request.order = if order == "any" { Order::Any } else { Order::Declared };
                }
                "--compact" => request.separators = Separators::COMPACT,
                "--spaced" => request.separators = Separators::SPACED,
                "--json" => request.is_json = true,
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        Ok(request)
    }

    fn vocabularies(&self) -> Result<Vec<(&'static str, Vocabulary)>, String> {
        let mut found = Vec::new();
        if self.vocabulary != "128k" {
            found.push(("49k", vocabularies::of_the_model()?));
        }
        if self.vocabulary != "49k" {
            match vocabularies::large()? {
                Some(vocabulary) => found.push(("128k", vocabulary)),
                None => eprintln!("no 128k vocabulary beside the checkout"),
            }
        }
        Ok(found)
    }
}

fn one_of(text: &str, known: &[&str]) -> Result<String, String> {
    let found = known.iter().find(|known| **known == text);
    found.map(|found| (*found).to_owned()).ok_or(format!("{text:?} is none of {known:?}"))
}
