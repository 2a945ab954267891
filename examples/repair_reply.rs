//! Turns a model's reply into what a schema wants, and shows every edit.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use serde_json::json;
use tokenrail::repair::{Options, apply, invert, repair_for};
use tokenrail::schema::{self, Validator};

const REPLY: &str =
    "Sure! Here is your trip:\n```json\n{city: 'Oslo', \"days\": \"3\", \"seats\": [1, 2,]}\n```";

fn main() -> Result<(), tokenrail::Error> {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    });
    let validator = Validator::new(&schema, &schema::Options::default())?;
    let repaired = repair_for(REPLY, &validator, &Options::default());
    println!("{} at level {}", repaired.status.name(), repaired.level.name());
    println!("{}", repaired.text.as_deref().unwrap_or("no value"));
    for edit in &repaired.edits {
        println!("  {} at {:?}: {:?} -> {:?}", edit.rule.name(), edit.span, edit.was, edit.now);
    }
    for edit in &repaired.patch {
        println!("  {} at {}", edit.rule.name(), edit.pointer);
    }
    // Nothing is lost: undone, the edits give the reply again.
    let edited = apply(REPLY, &repaired.edits).unwrap_or_default();
    println!("undone: {}", apply(&edited, &invert(&repaired.edits)).as_deref() == Some(REPLY));
    Ok(())
}
