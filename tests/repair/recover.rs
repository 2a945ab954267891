//! A real model that is asked without a constraint: with the loop every reply comes to conform.
//!
//! Here are some of the prompts; the example `repair_loop` runs all of them.

use std::fs;
use std::num::NonZero;

use serde_json::Value;
use tokenrail::model::local::LocalOptions;
use tokenrail::repair::retry::{Policy, Rung};
use tokenrail::schema::Validator;

#[path = "../../examples/repair_loop/local.rs"]
mod local;
#[path = "../support/mod.rs"]
mod support;

/// Every so manieth prompt is answered.
const EVERY: usize = 9;

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
