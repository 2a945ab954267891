//! Asks a small model without a constraint, repairs what it says, and has it mend what cannot be repaired.
//!
//! With a file of lines `{"prompt", "schema"}` it answers all of them and counts what helped:
//! `cargo run --release --example repair_loop -- tests/data/repair/prompts.jsonl`.

#![allow(clippy::print_stdout, reason = "it prints its results")]

mod local;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokenrail::model::local::LocalModel;
use tokenrail::repair::retry::{Attempt, Policy, Rung};
use tokenrail::store::{Access, ModelSource, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let policy = Policy { ask_tokens: 160, ..Policy::default() };
    let lines = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => json!({
            "prompt": "Who was Ada Lovelace? Answer as JSON: \"name\" and \"born\" (a year).",
            "schema": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
                "required": ["name", "born"],
            },
        })
        .to_string(),
    };
    let (mut all, mut valid, mut helped) = (0, 0, BTreeMap::<&str, usize>::new());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line)?;
        let prompt = line["prompt"].as_str().ok_or("a line has no \"prompt\"")?;
        let outcome = local::answered(&model, prompt, &line["schema"], &policy)?;
        println!("{}", outcome.repaired.text.as_deref().unwrap_or("no value"));
        let last = outcome.ledger.last().and_then(|attempt: &Attempt| attempt.rung);
        let by = last.map_or(outcome.status().name(), Rung::name);
        (all, valid) = (all + 1, valid + usize::from(outcome.repaired.text.is_some()));
        *helped.entry(by).or_insert(0) += 1;
    }
    println!("{valid} of {all} conform");
    for (by, count) in helped {
        println!("{count:5}  {by}");
    }
    Ok(())
}
