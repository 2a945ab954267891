//! Times of repairing whole files, in this process: `cargo bench --bench repair -- FILE…` prints a JSON object
//! a line with the `file`, the best of some rounds in `milliseconds`, and the `status`.
//!
//! `benches/repair_peers.py` runs it beside other repairers.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tokenrail::repair::{Options, repair};

/// The best of so many counts.
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let files = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    for file in files {
        let text = fs::read_to_string(&file)?;
        let mut best = Duration::MAX;
        let mut status = "";
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let repaired = repair(&text, &Options::default());
            best = best.min(start.elapsed());
            status = repaired.status.name();
        }
        let milliseconds = best.as_secs_f64() * 1e3;
        println!("{}", json!({"file": file, "milliseconds": milliseconds, "status": status}));
    }
    Ok(())
}
