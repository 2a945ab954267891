//! A real model that is asked without a constraint: with the loop every reply comes to conform.
//!
//! Here are some of the prompts; the example `repair_loop` runs all of them.

use std::fs;
use std::num::NonZero;

use serde_json::Value;
use tokenrail::model::local::LocalOptions;
use tokenrail::repair::retry::{Policy, Rung};
use tokenrail::repair::{Options, Status, apply, choose_reading, repair_for};
use tokenrail::schema::Validator;
use tokenrail::score::{self, Scorer};

#[path = "../../examples/repair_loop/local.rs"]
mod local;
#[path = "../support/mod.rs"]
mod support;

/// Every so manieth prompt is answered.
const EVERY: usize = 9;

/// A model chooses between readings where one is far likelier; how likely it finds them is what the scorer says.
#[test]
fn a_model_tells_readings_apart() {
    let model = support::open(&LocalOptions { threads: NonZero::new(1), ..Default::default() });
    let schema = serde_json::json!({"type": "object"});
    let validator = Validator::new(&schema, &Default::default()).expect("a schema");
    let (text, prompt) = (r#"{"first":"Ann,"last":"Lee"}"#, "The name Ann Lee as JSON: ");
    let found = repair_for(text, &validator, &Options::default());
    assert_eq!((found.status, found.alternatives.len()), (Status::Ambiguous, 2), "{found:#?}");
    let chosen = choose_reading(text, found, &model, prompt).expect("the model reads it");
    let ranked = Scorer::new(&model)
        .score(prompt, &chosen.alternatives, &score::Options::default())
        .expect("the scorer reads it");
    let sum = |index: usize| -> f64 {
        let mut scored = ranked.candidates.iter().filter(|candidate| candidate.index == index);
        let tokens = &scored.next().expect("it was scored").tokens;
        tokens.iter().map(|token| token.logprob).sum()
    };
    let apart = chosen.logprobs[0] - chosen.logprobs[1];
    assert!((apart - (sum(0) - sum(1))).abs() < 1e-3, "{chosen:#?} {ranked:#?}");
    assert_eq!(chosen.status, Status::Lossy, "{chosen:#?}");
    assert_eq!(chosen.text.as_deref(), Some(r#"{"first":"Ann","last":"Lee"}"#));
    assert_eq!(apply(text, &chosen.edits), chosen.text);
}

#[test]
fn every_reply_comes_to_conform() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repair/prompts.jsonl"));
    let lines = support::lines(&text.expect("the prompts are there"));
    // Tests run side by side, and threads that wait for each other would take longer.
    let model = support::open(&LocalOptions { threads: NonZero::new(1), ..Default::default() });
    let policy = Policy { ask_tokens: 100, ..Policy::default() };
    for line in lines.iter().step_by(EVERY) {
        let (prompt, schema) = (line["prompt"].as_str().expect("a prompt"), &line["schema"]);
        let outcome = local::answered(&model, prompt, schema, &policy).expect("the model answers");
        let rungs: Vec<&str> =
            outcome.ledger.iter().filter_map(|attempt| attempt.rung).map(Rung::name).collect();
        println!("{prompt}\n  {rungs:?} {:?}", outcome.repaired.text);
        let value: Value = outcome.repaired.value().unwrap_or_else(|| panic!("{outcome:#?}"));
        let validator = Validator::new(schema, &Default::default()).expect("a schema");
        assert_eq!(validator.validate(&value), [], "{prompt}");
    }
}
