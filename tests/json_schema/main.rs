//! Schemas decide what an independent validator decides: on real schemas, on walks under the mask, on
//! instances written in other ways, and on the schemas that the repository ships.

#![allow(clippy::print_stderr, reason = "it says which shared cases are absent")]

mod combined;
mod corpus;
mod differing;
mod expected;
mod hostile;
mod judge;
#[path = "../tiny/random.rs"]
mod random;
mod respelled;
#[path = "../support/schemas/mod.rs"]
mod schemas;
mod shipped;
mod walks;

use std::sync::OnceLock;

use schemas::corpus::{Case, own_file, read, shared_file};
use schemas::engine::STANDS_IN;
use schemas::vocabularies;
use tokenrail::vocab::Vocabulary;

/// The schemas that are tried of the file beside the checkout, evenly spaced.
const SAMPLE: usize = 250;

/// Our own cases, and a sample of those beside the checkout.
fn cases(sample: usize) -> Vec<Case> {
    let mut cases = read(&own_file(), None).unwrap_or_else(|fault| panic!("{fault}"));
    let shared = shared_file();
    if shared.exists() {
        cases.extend(read(&shared, Some(sample)).unwrap_or_else(|fault| panic!("{fault}")));
    } else {
        eprintln!("{} is absent: only our own cases are tried", shared.display());
    }
    cases
}

/// The 49k tokens of the default model.
fn of_the_model() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    VOCABULARY.get_or_init(|| {
        vocabularies::of_the_model().unwrap_or_else(|fault| panic!("the default model: {fault}"))
    })
}

/// Fails with all that is wrong, one a line; where the grammar of JSON stands in for schemas, what is
/// asserted of them cannot hold, and is only counted.
fn verdict(what: &str, tried: usize, wrong: &[String]) {
    eprintln!("{what}: {tried} tried, {} wrong", wrong.len());
    if STANDS_IN {
        eprintln!("{what}: not judged, as the grammar of JSON stands in for schemas");
        return;
    }
    assert!(tried > 0, "{what}: nothing was tried");
    assert!(wrong.is_empty(), "{what}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
