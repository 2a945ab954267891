//! The README's transcripts are what the program prints.

use std::process::Command;

const README: &str = include_str!("../README.md");
/// Other processors round the last digit otherwise.
const ROUNDING: f64 = 0.0021;

/// A command of a transcript and what follows it.
struct Shown {
    command: String,
    /// A last line `...` stands for any further lines.
    output: Vec<String>,
}

fn transcripts() -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in README.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            shown.push(Shown { command: command.to_owned(), output: Vec::new() });
        } else if let Some(last) = shown.last_mut().filter(|_| inside) {
            last.output.push(line.to_owned());
        }
    }
    shown
}

/// Equal but for the last digits of numbers.
fn is_same(printed: &str, shown: &str) -> bool {
    let (printed, shown) = (printed.split_whitespace(), shown.split_whitespace());
    let same = |(a, b): (&str, &str)| match (number(a), number(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= ROUNDING,
        _ => a == b,
    };
    printed.clone().count() == shown.clone().count() && printed.zip(shown).all(same)
}

fn number(word: &str) -> Option<f64> {
    word.trim_end_matches(',').parse().ok()
}

#[test]
fn transcripts_are_what_the_program_prints() {
    let transcripts = transcripts();
    assert!(transcripts.len() >= 3, "the README has {} transcripts", transcripts.len());
    for Shown { command, mut output } in transcripts {
        let path = format!("{}:{}", bin_folder(), std::env::var("PATH").unwrap_or_default());
        let run = Command::new("bash").args(["-c", &command]).env("PATH", path).output();
        let run = run.expect("bash runs");
        // A text that `check` refuses is no failure of the program.
        let is_told = run.status.code() == Some(1) && command.starts_with("tokenrail check ");
        let err = String::from_utf8_lossy(&run.stderr);
        // Neither is one that `repair` changes, or does not.
        let is_repair = command.contains("tokenrail repair ");
        let is_told = is_told || is_repair && matches!(run.status.code(), Some(10..=13));
        assert!(run.status.success() || is_told && err.is_empty(), "{command}: {err}");
        let printed = String::from_utf8(run.stdout).expect("UTF-8");
        let mut printed: Vec<&str> = printed.lines().collect();
        if output.last().is_some_and(|last| last == "...") {
            output.pop();
            printed.truncate(output.len());
        }
        let same = printed.len() == output.len()
            && printed.iter().zip(&output).all(|(printed, shown)| is_same(printed, shown));
        assert!(
            same,
            "$ {command}\nprints:\n{}\n\nREADME:\n{}",
            printed.join("\n"),
            output.join("\n")
        );
    }
}

fn bin_folder() -> String {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_tokenrail"));
    bin.parent().expect("a program lies in a folder").to_string_lossy().into_owned()
}

#[test]
fn the_comparison_can_fail() {
    for (printed, shown, expected) in [
        ("1   Paris  -0.258", "1  Paris -0.257", true),
        ("1   Paris  -0.258", "1  Paris -0.268", false),
        ("1   Paris", "1  Lyon", false),
        ("1   Paris  2", "1  Paris", false),
    ] {
        assert_eq!(is_same(printed, shown), expected, "{printed} / {shown}");
    }
}
