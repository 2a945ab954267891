//! Changes a value so that it conforms to its schema, where only one change does.
//!
//! The schema is asked, not read: what a validator finds wrong names the values to change and what
//! would be right. For each there are a few changes that keep what the value says; all are tried, the first of
//! every value together, then the second, so that it takes a few validations however much is wrong. A
//! change is made where it alone leaves nothing wrong.

mod candidates;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Options;
use super::judge::{Faults, violations};
use super::patch::{ValueEdit, patched};
use super::reason::Reason;
use crate::schema::json::Json;
use crate::schema::{Fault, Validator, Violation};
use candidates::{Candidate, Need, candidates};

/// A value that conforms, and how it was made.
#[derive(Debug)]
pub(super) struct Coerced {
    pub(super) json: Json,
    pub(super) patch: Vec<ValueEdit>,
}

/// Why a value cannot be made to conform.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) reason: Reason,
    /// Of the value, with what could be changed.
    pub(super) violations: Vec<Violation>,
    /// Values that would conform, where several do.
    pub(super) readings: Vec<Json>,
    /// What each of them costs.
    pub(super) cost: usize,
    /// The value, with what could be changed.
    pub(super) json: Json,
}

/// So often a change may make others possible: a string is an object, of which members are strings.
const PASSES: usize = 64;
/// Of so many values with faults the first ones are changed in a pass.
const AT_ONCE: usize = 2_000;

/// Changes a value until it conforms.
///
/// # Errors
/// [`Unfit`] where nothing is left to change, or where two changes conform.
pub(super) fn coerce(
    json: Json,
    validator: &Validator,
    options: &Options,
) -> Result<Coerced, Unfit> {
    let mut json = json;
    let mut patch: Vec<ValueEdit> = Vec::new();
    // Values that nothing could be made of. What is within them may be changed.
    let mut hopeless = BTreeSet::new();
    let mut inside = None;
    for _ in 0..PASSES {
        let faults = Faults::of(&json, validator);
        if faults.list.is_empty() {
            return alone(Coerced { json, patch }, inside, validator);
        }
        if patch.is_empty() {
            inside = enclosed(&json).cloned();
        }
        let needs = needs(&json, &faults, &hopeless, options);
        if needs.is_empty() {
            break;
        }
        let (edits, failed) = choose(&json, &needs, &faults, validator)?;
        hopeless.extend(failed);
        json = patched(&json, &edits);
        patch.extend(edits);
    }
    let faults = Faults::of(&json, validator);
    let several = faults.list.iter().any(|fault| names_several(&json, fault));
    let reason = if several { Reason::Enum } else { Reason::Schema };
    let violations = violations(&json, validator);
    Err(Unfit { reason, violations, readings: Vec::new(), cost: 0, json })
}

/// What an object is around, where it has one member.
fn enclosed(json: &Json) -> Option<&Json> {
    let Json::Object(members) = json else { return None };
    match members.as_slice() {
        [(_, inner @ (Json::Array(_) | Json::Object(_)))] => Some(inner),
        _ => None,
    }
}

/// A value that was made to conform, unless what stood within it conforms as it was: that may be what was meant.
fn alone(coerced: Coerced, inside: Option<Json>, validator: &Validator) -> Result<Coerced, Unfit> {
    let Some(inside) = inside.filter(|inside| *inside != coerced.json) else { return Ok(coerced) };
    if !Faults::of(&inside, validator).list.is_empty() {
        return Ok(coerced);
    }
    let Coerced { json, patch } = coerced;
    let (reason, cost, violations) = (Reason::Coercion, patch.len(), Vec::new());
    Err(Unfit { reason, violations, readings: vec![json.clone(), inside], cost, json })
}

/// The outermost values with faults that something can be tried with.
fn needs(
    json: &Json,
    faults: &Faults,
    hopeless: &BTreeSet<String>,
    options: &Options,
) -> Vec<Need> {
    let is_open = |fault: &&Fault| !hopeless.contains(&fault.instance);
    let first: Vec<&Fault> = faults.list.iter().filter(is_open).take(AT_ONCE).collect();
    let mut needs = candidates(json, &first, options);
    let taken: BTreeSet<String> = needs.iter().map(|need| need.pointer.clone()).collect();
    let is_within = |pointer: &str| {
        let mut above = pointer.rsplit_once('/');
        while let Some((parent, _)) = above {
            if taken.contains(parent) {
                return true;
            }
            above = parent.rsplit_once('/');
        }
        false
    };
    needs.retain(|need| !is_within(&need.pointer));
    needs
}

/// How far a candidate helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Help {
    /// Nothing is wrong any more.
    Whole,
    /// Only values within it are wrong.
    Outside,
}

/// Tries all candidates; gives the edits of those that alone help, and the pointers of values that none
/// helps.
///
/// The cheapest of those that help is made, and of two as cheap none.
fn choose(
    json: &Json,
    needs: &[Need],
    before: &Faults,
    validator: &Validator,
) -> Result<(Vec<ValueEdit>, Vec<String>), Unfit> {
    let rounds = needs.iter().map(|need| need.candidates.len()).max().unwrap_or(0);
    let mut helpful: Vec<Vec<(Help, &Candidate)>> = vec![Vec::new(); needs.len()];
    for round in 0..rounds {
        let tried = needs.iter().filter_map(|need| need.candidates.get(round));
        let edits: Vec<ValueEdit> = tried.flat_map(|candidate| candidate.edits.clone()).collect();
        let after = Faults::of(&patched(json, &edits), validator);
        for (need, helpful) in needs.iter().zip(&mut helpful) {
            let Some(candidate) = need.candidates.get(round) else { continue };
            helpful.extend(
                help(&need.pointer, candidate, before, &after).map(|help| (help, candidate)),
            );
        }
    }
    let (mut edits, mut failed) = (Vec::new(), Vec::new());
    for (need, mut helpful) in needs.iter().zip(helpful) {
        helpful.sort_by_key(|(help, candidate)| (candidate.cost, *help));
        let best = helpful.first().map(|(help, candidate)| (candidate.cost, *help));
        helpful.retain(|(help, candidate)| best == Some((candidate.cost, *help)));
        match helpful.as_slice() {
            [] => failed.push(need.pointer.clone()),
            [(_, only)] => edits.extend(only.edits.clone()),
            several => {
                let reading = |(_, candidate): &(Help, &Candidate)| patched(json, &candidate.edits);
                let readings = several.iter().map(reading).collect();
                let violations = violations(json, validator);
                let (reason, cost) = (Reason::Coercion, several[0].1.cost);
                return Err(Unfit { reason, violations, readings, cost, json: json.clone() });
            }
        }
    }
    sort(&mut edits);
    Ok((edits, failed))
}

/// Whether a candidate helped a value: it may not do so at the cost of what holds the value.
fn help(pointer: &str, candidate: &Candidate, before: &Faults, after: &Faults) -> Option<Help> {
    let parent = pointer.rsplit_once('/').map(|(parent, _)| parent);
    let is_dearer = parent.is_some_and(|parent| after.count(parent) > before.count(parent));
    // What is removed leaves another in its place where it was an item.
    match (is_dearer || after.count(pointer) > 0 && !candidate.removes, after.holds(pointer)) {
        (true, _) => None,
        (false, true) if candidate.must_be_whole => None,
        (false, true) => Some(Help::Outside),
        (false, false) => Some(Help::Whole),
    }
}

/// Whether a string names several of the values that are wanted in its place.
fn names_several(json: &Json, fault: &Fault) -> bool {
    match json.locate(&fault.instance) {
        Some((_, Json::String(text))) => candidates::named(text, &fault.wanted) > 1,
        _ => false,
    }
}

/// Puts later items before earlier ones: as the edits are made one by one, what is removed moves those
/// behind it.
fn sort(edits: &mut [ValueEdit]) {
    let key = |edit: &ValueEdit| -> Vec<(usize, String)> {
        edit.pointer.split('/').map(|token| (token.len(), token.to_owned())).collect()
    };
    edits.sort_by_cached_key(|edit| Reverse(key(edit)));
}
