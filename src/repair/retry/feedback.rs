//! What a model is told about a reply that was not accepted.
//!
//! A message names places, keywords and what is wrong, as JSON, and nothing else. It is about the last reply
//! alone and of bounded length, so a prompt does not grow with the number of attempts.

use serde_json::{Value, json};

use super::super::{Reason, Refusal, Repaired};
use crate::schema::Violation;

/// So many faults are told. A model that mends these is told of others next.
const TOLD: usize = 5;
/// So many characters of each.
const LENGTH: usize = 200;

/// The message for the part at a pointer, or for the whole where that is empty.
pub(super) fn message(repaired: Option<&Repaired>, pointer: &str) -> String {
    let faults: Vec<Value> = match repaired {
        Some(repaired) if !repaired.violations.is_empty() => {
            repaired.violations.iter().take(TOLD).map(violation).collect()
        }
        // Where in its answer a fault is tells a model nothing, and small ones copy it.
        Some(repaired) => repaired.refusal.iter().map(|it| json!({"fault": why(it)})).collect(),
        None => Vec::new(),
    };
    let faults = Value::from(faults);
    match pointer {
        "" => format!(
            "The last answer was not accepted: {faults}. Answer with the whole JSON value again, and \
             nothing else."
        ),
        _ => format!(
            "The last answer was not accepted at {pointer}: {faults}. Answer with a new JSON value for \
             that place, and nothing else."
        ),
    }
}

/// What is wrong with a reply, in a line; empty where nothing is.
pub(super) fn fault(repaired: &Repaired) -> String {
    if let Some(Violation { instance, message, .. }) = repaired.violations.first() {
        let more = match repaired.violations.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let place = if instance.is_empty() { "the value" } else { instance };
        return format!("{place}: {}{more}", cut(message));
    }
    let Some(refusal) = &repaired.refusal else { return String::new() };
    format!("{} (byte {})", why(refusal), refusal.span.start)
}

/// Why a reply is refused.
fn why(refusal: &Refusal) -> &'static str {
    match refusal.reason {
        Reason::NoJson => "there is no JSON in it",
        Reason::Truncated => "it was cut off",
        Reason::MultipleValues => "there are several values",
        Reason::DuplicateKey => "a name is given twice in an object",
        reason => reason.name(),
    }
}

/// A violation for a model.
fn violation(violation: &Violation) -> Value {
    let Violation { instance, schema, message } = violation;
    let keyword = schema.rsplit('/').next().unwrap_or_default();
    json!({"pointer": instance, "keyword": keyword, "fault": cut(message)})
}

/// The begin of a text that may quote a whole value.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
