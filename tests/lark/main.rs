//! Lark grammars, judged by the strings that two engines take and refuse.

mod corpus;
mod own;

use std::collections::BTreeMap;

use corpus::{Case, Faulty};
use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;

/// Cases that are decided otherwise than listed, with the choice that was made.
const DIFFERENCES: &[(&str, &str)] = &[];

/// Sources that are not refused, with the choice that was made.
const TAKEN: &[(&str, &str)] = &[];

/// The names of what failed are those listed: nothing else fails, and nothing listed passes.
fn verdict(failed: BTreeMap<String, String>, listed: &[(&str, &str)], present: &[&str]) {
    let mut offences = Vec::new();
    for (name, what) in &failed {
        if !listed.iter().any(|(known, _)| known == name) {
            offences.push(format!("{name}: {what}"));
        }
    }
    for (name, reason) in listed.iter().filter(|(name, _)| present.contains(name)) {
        if !failed.contains_key(*name) {
            offences.push(format!("{name} is decided as listed, and was not to be: {reason}"));
        }
    }
    assert!(offences.is_empty(), "{} offences\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn texts_are_taken_and_refused() {
    let cases = corpus::cases();
    let failed = cases.iter().filter_map(|case| Some((case.name.clone(), case.judge().err()?)));
    let present: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
    verdict(failed.collect(), DIFFERENCES, &present);
}

#[test]
fn wrong_sources_are_refused_with_a_place() {
    let sources = corpus::faulty();
    let mut failed = BTreeMap::new();
    for Faulty { name, grammar } in &sources {
        match Grammar::lark(grammar) {
            Err(error) => assert!(error.place().is_some(), "{name}: {error} has no place"),
            Ok(compiled) => {
                if Constraint::new(&compiled, &corpus::bytes()).is_ok() {
                    failed.insert(name.clone(), "it compiles".to_owned());
                }
            }
        }
    }
    let present: Vec<&str> = sources.iter().map(|source| &*source.name).collect();
    verdict(failed, TAKEN, &present);
}
