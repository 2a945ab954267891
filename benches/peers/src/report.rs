//! The comparison as a table and as JSON.

use serde_json::{Value, json};

use crate::schemas::figures::{self, Figures};
use crate::schemas::trial::Kind;
use crate::tally::{Side, Tally, Times};

const KINDS: [Kind; 5] =
    [Kind::CompileRefused, Kind::WrongAccept, Kind::WrongRefuse, Kind::Limit, Kind::Panic];

/// `{"tokenrail", "llguidance", "ratio", …}`, where a ratio is ours as a part of theirs.
pub(crate) fn json(tally: &Tally) -> Value {
    let mut ratios = json!({});
    for (name, ours, theirs) in compared(tally) {
        ratios[format!("{name}_us")] = figures::json(&ours.ratio(&theirs));
    }
    json!({
        "schemas": tally.schemas,
        "compiled_by_both": tally.shared,
        "tokenrail": side(&tally.ours),
        "llguidance": side(&tally.theirs),
        "ratio": ratios,
    })
}

/// Prints a table for people.
pub(crate) fn print(vocabulary: &str, tally: &Tally) {
    println!("{vocabulary}: {} schemas, {} compiled by both", tally.schemas, tally.shared);
    for (name, side) in [("tokenrail", &tally.ours), ("llguidance", &tally.theirs)] {
        let counts = KINDS.map(|kind| format!("{} {}", kind.name(), side.failures(kind)));
        println!("{name:12}passed {}, {}", side.passed, counts.join(", "));
    }
    println!("{:24}{:>10}{}", "µs, where both compile", "count", figures::header());
    for (name, ours, theirs) in compared(tally) {
        println!("{name:8}{:16}{:>10}{}", "tokenrail", ours.count, figures::row(&ours.named));
        println!("{name:8}{:16}{:>10}{}", "llguidance", theirs.count, figures::row(&theirs.named));
        println!("{name:8}{:16}{:>10}{}", "ratio", "", figures::row(&ours.ratio(&theirs)));
    }
    println!("{:24}{:>10}{}", "µs, all that each did", "count", figures::header());
    for (engine, side) in [("tokenrail", &tally.ours), ("llguidance", &tally.theirs)] {
        for (name, times) in side.own.sorts() {
            let figures = Figures::new(times);
            println!("{name:8}{engine:16}{:>10}{}", figures.count, figures::row(&figures.named));
        }
    }
}

/// Each sort of work with both engines' figures over what both did.
fn compared(tally: &Tally) -> Vec<(&'static str, Figures, Figures)> {
    let both = tally.ours.shared.sorts().into_iter().zip(tally.theirs.shared.sorts());
    both.map(|((name, ours), (_, theirs))| (name, Figures::new(ours), Figures::new(theirs)))
        .collect()
}

fn side(side: &Side) -> Value {
    let mut object = times(&side.shared);
    object["passed"] = json!(side.passed);
    for kind in KINDS {
        object[kind.name()] = json!(side.failures(kind));
    }
    object["own"] = times(&side.own);
    object
}

fn times(times: &Times) -> Value {
    let mut object = json!({});
    for (name, sort) in times.sorts() {
        object[format!("{name}_us")] = Figures::new(sort).json();
    }
    object
}
