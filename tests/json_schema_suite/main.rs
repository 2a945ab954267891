//! The official suite of JSON Schema: every row of every draft, decided byte by byte.
//!
//! A row is right if its text is accepted to its end exactly when the suite calls it valid. What comes
//! out otherwise is listed in `expected.rs` with the reason, and summed up in `SCOREBOARD.md`, which
//! is written anew with `UPDATE_SCOREBOARD=1`. Without the suite beside the checkout a few rows of our
//! own are decided.

#![allow(clippy::print_stderr, reason = "it says what is absent, and what is wrong")]

mod expected;
#[path = "../support/schemas/mod.rs"]
mod schemas;
mod scoreboard;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::schema::Spelling;
use tokenrail::vocab::Vocabulary;

use expected::{EXPECTED, Expected};
use schemas::corpus::root;
use schemas::engine::{self, Dialect, Order, STANDS_IN};
use schemas::suite::{self, Group, Row};
use schemas::vocabularies::bytes;
use scoreboard::Score;

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    WrongAccept,
    WrongRefusal,
    /// The schema is refused, or a limit was met.
    Refused,
}

#[test]
fn rows_are_decided_as_the_suite_says() {
    let groups = suite::groups();
    let vocabulary = bytes();
    let mut scores: BTreeMap<(String, String), Score> = BTreeMap::new();
    let (mut wrong, mut used) = (Vec::new(), vec![false; EXPECTED.len()]);
    for group in &groups {
        let score = scores.entry((group.draft.clone(), group.file.clone())).or_default();
        let constraint = compile(group, &vocabulary);
        score.groups += 1;
        score.refused += usize::from(constraint.is_err());
        for row in &group.rows {
            let (verdict, why) = decide(&constraint, row);
            score.add(verdict);
            let listed = EXPECTED.iter().position(|known| known.matches(group, row));
            match (verdict, listed) {
                (Verdict::Right, _) => {}
                (_, Some(index)) => used[index] = true,
                (_, None) => wrong.push(format!("{verdict:?}: {}: {why}", group.name(row))),
            }
        }
    }
    let unused = EXPECTED.iter().zip(used).filter(|(_, used)| !used);
    wrong.extend(unused.map(|(known, _)| format!("listed, but nothing is wrong: {known:?}")));
    eprintln!("{} groups, {} wrong", groups.len(), wrong.len());
    if STANDS_IN {
        eprintln!("not judged, as the grammar of JSON stands in for schemas");
        return;
    }
    let is_whole = suite::folder().is_dir();
    let wrong: Vec<_> =
        wrong.into_iter().filter(|what| is_whole || !what.starts_with("listed")).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    if is_whole {
        compare(&scoreboard::markdown(&scores, EXPECTED));
    }
}

/// The constraint of a group's schema; none where it allows no value, which is refused and right for
/// rows that are all invalid.
fn compile(group: &Group, vocabulary: &Vocabulary) -> Result<Option<Constraint>, String> {
    let draft = Some(suite::draft(&group.draft));
    let remotes = Some(suite::remotes());
    let dialect = Dialect { order: Order::Any, draft, remotes, numbers: Spelling::Any };
    let grammar = engine::grammar_of(&group.schema, &dialect)?;
    match Constraint::new(&grammar, vocabulary) {
        Ok(constraint) => Ok(Some(constraint)),
        Err(ConstraintError::EmptySchema { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn decide(constraint: &Result<Option<Constraint>, String>, row: &Row) -> (Verdict, String) {
    let constraint = match constraint {
        Ok(Some(constraint)) => constraint,
        Ok(None) if row.is_valid => return (Verdict::WrongRefusal, "no value at all".to_owned()),
        Ok(None) => return (Verdict::Right, String::new()),
        Err(fault) => return (Verdict::Refused, fault.clone()),
    };
    match constraint.matcher().explain_bytes(row.text.as_bytes()) {
        Err(error) => (Verdict::Refused, error.to_string()),
        Ok(None) if row.is_valid => (Verdict::Right, String::new()),
        Ok(None) => (Verdict::WrongAccept, "accepted".to_owned()),
        Ok(Some(why)) if row.is_valid => (Verdict::WrongRefusal, why.to_string()),
        Ok(Some(_)) => (Verdict::Right, String::new()),
    }
}

/// Fails unless the file says what was found; writes it where that is asked for.
fn compare(found: &str) {
    let path = root().join("tests/json_schema_suite/SCOREBOARD.md");
    if std::env::var_os("UPDATE_SCOREBOARD").is_some() {
        fs::write(&path, found).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == found,
        "{} is not what is found; UPDATE_SCOREBOARD=1 writes it:\n{found}",
        path.display()
    );
}

#[test]
fn every_row_has_another_name() {
    // What is listed as expected is found by name.
    let mut names = BTreeSet::new();
    let groups = suite::groups();
    let count: usize = groups.iter().map(|group| group.rows.len()).sum();
    for group in &groups {
        names.extend(group.rows.iter().map(|row| group.name(row)));
    }
    assert_eq!(names.len(), count);
    assert!(EXPECTED.iter().all(|Expected { reason, .. }| !reason.is_empty()));
}
