//! A whole file of JSON Schemas: what is decided, and what each mask takes.
//!
//! `cargo bench --bench maskbench -- [--vocab 49k|128k] [--file F] [--limit N] [--order any|declared]
//! [--compact] [--json]`. The file is in the form of MaskBench, `{"id","schema","tests":[{"valid",
//! "data"}]}` a line, by default the one beside the checkout. Every instance is written with a space
//! behind each separator (`--compact`: without), cut into the longest tokens, and fed with a mask
//! before every token. Progress goes to standard error, the results to standard output.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its results")]

#[path = "../tests/support/schemas/mod.rs"]
mod schemas;

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use schemas::corpus::{self, Case};
use schemas::engine::{Order, STANDS_IN, Tokenrail};
use schemas::figures::{self, Figures};
use schemas::json_text::Separators;
use schemas::trial::{Failure, Kind, Trial, tokenized};
use schemas::vocabularies;

/// What was asked for.
struct Request {
    file: PathBuf,
    limit: Option<usize>,
    vocabulary: String,
    order: Order,
    separators: Separators,
    is_json: bool,
}

/// What came of a file.
#[derive(Default)]
struct Outcome {
    schemas: usize,
    instances: usize,
    /// Times in nanoseconds.
    first_masks: Vec<u32>,
    masks: Vec<u32>,
    commits: Vec<u32>,
    failures: Vec<(String, Failure)>,
    base_mb: f64,
    peak_mb: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::read(std::env::args().skip(1))?;
    if !request.file.exists() {
        println!("{} is absent: name another with --file", request.file.display());
        return Ok(());
    }
    if STANDS_IN {
        eprintln!("the grammar of JSON stands in for schemas: only the times mean anything");
    }
    let outcome = measure(&request)?;
    if request.is_json {
        println!("{}", outcome.json(&request));
    } else {
        outcome.print(&request);
    }
    Ok(())
}

fn measure(request: &Request) -> Result<Outcome, Box<dyn Error>> {
    let vocabulary = match request.vocabulary.as_str() {
        "49k" => vocabularies::of_the_model()?,
        _ => vocabularies::large()?.ok_or("no 128k vocabulary beside the checkout")?,
    };
    let cases = corpus::read(&request.file, request.limit)?;
    let _built_once = vocabulary.trie();
    let engine = Tokenrail { vocabulary, order: request.order };
    figures::forget_peak();
    let mut outcome = Outcome { base_mb: figures::memory_mb().0, ..Outcome::default() };
    for (index, case) in cases.iter().enumerate() {
        let start = Instant::now();
        outcome.add(&engine, case, request.separators);
        let taken = start.elapsed();
        if (index + 1) % 500 == 0 || taken > Duration::from_secs(1) {
            let (_, peak) = figures::memory_mb();
            let done = index + 1;
            eprintln!("{done} of {}, {peak:.0} MB, {} took {taken:.1?}", cases.len(), case.id);
        }
    }
    outcome.peak_mb = figures::memory_mb().1;
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, engine: &Tokenrail, case: &Case, separators: Separators) {
        let instances = tokenized(case, &engine.vocabulary, separators);
        let trial = Trial::run(engine, &case.schema, &instances);
        self.schemas += 1;
        self.instances += instances.len();
        let missing = case.instances.len() - instances.len();
        if missing > 0 {
            eprintln!("{}: {missing} instances need bytes that have no token", case.id);
        }
        self.failures.extend(trial.worst().map(|failure| (case.id.clone(), failure.clone())));
        self.first_masks.extend(trial.first_mask);
        for steps in trial.steps {
            self.masks.extend(steps.masks);
            self.commits.extend(steps.commits);
        }
    }

    fn count(&self, kind: Kind) -> usize {
        self.failures.iter().filter(|(_, failure)| failure.kind == kind).count()
    }

    fn times(&self) -> [(&'static str, Figures); 3] {
        [("ttfm", &self.first_masks), ("mask", &self.masks), ("commit", &self.commits)]
            .map(|(name, times)| (name, Figures::new(times)))
    }

    fn json(&self, request: &Request) -> Value {
        let failures = self.failures.iter().map(|(id, failure)| {
            json!({"id": id, "kind": failure.kind.name(), "detail": failure.detail})
        });
        let mut object = json!({
            "vocabulary": request.vocabulary, "order": request.order(),
            "schemas": self.schemas, "instances": self.instances,
            "passed": self.schemas - self.failures.len(),
        });
        for kind in KINDS {
            object[kind.name()] = json!(self.count(kind));
        }
        for (name, figures) in self.times() {
            object[format!("{name}_us")] = figures.json();
        }
        object["base_rss_mb"] = json!(self.base_mb.round());
        object["peak_rss_mb"] = json!(self.peak_mb.round());
        object["failures"] = failures.collect();
        object
    }

    fn print(&self, request: &Request) {
        println!(
            "{} at {}, keys in {} order: {} schemas, {} instances",
            request.file.display(),
            request.vocabulary,
            request.order(),
            self.schemas,
            self.instances
        );
        let counts = KINDS.map(|kind| format!("{} {}", kind.name(), self.count(kind)));
        println!("passed {}, {}", self.schemas - self.failures.len(), counts.join(", "));
        println!("{:10}{:>10}{}", "µs", "count", figures::header());
        for (name, figures) in self.times() {
            println!("{name:10}{:>10}{}", figures.count, figures::row(&figures.named));
        }
        println!("peak memory {:.0} MB, of it {:.0} MB before", self.peak_mb, self.base_mb);
        for (id, failure) in &self.failures {
            println!("{:16}{id}: {}", failure.kind.name(), failure.detail);
        }
    }
}

const KINDS: [Kind; 5] =
    [Kind::CompileRefused, Kind::WrongAccept, Kind::WrongRefuse, Kind::Limit, Kind::Panic];

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
                "--limit" => request.limit = Some(number(&value()?)?),
                "--vocab" => request.vocabulary = one_of(&value()?, &["49k", "128k"])?,
                "--order" => {
                    let order = one_of(&value()?, &["any", "declared"])?;
                    request.order = if order == "any" { Order::Any } else { Order::Declared };
                }
                "--compact" => request.separators = Separators::COMPACT,
                "--json" => request.is_json = true,
                // cargo adds it.
                "--bench" => {}
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        Ok(request)
    }

    fn order(&self) -> &'static str {
        match self.order {
            Order::Any => "any",
            Order::Declared => "declared",
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text:?} is no count"))
}

fn one_of(text: &str, known: &[&str]) -> Result<String, String> {
    let found = known.iter().find(|known| **known == text);
    found.map(|found| (*found).to_owned()).ok_or(format!("{text:?} is none of {known:?}"))
}
