//! What the schema leaves of a text that the reader cannot read: the reading with the fewest edits, where no
//! other is nearly as near.
//!
//! A reading is taken where it conforms as it is, no other that does costs up to [`MARGIN`] more, and every
//! way to read the text within these costs was looked at. It is enough that no other is as near where the
//! schema leaves no room for a name or for a string more; and that must be so where the reader saw two
//! readings. Otherwise the readings are told with their costs.

use super::super::Level;
use super::super::edit::Class;
use super::super::judge::Faults;
use super::super::outcome::{Repaired, Status};
use super::super::patch::child;
use super::super::reason::Reason;
use super::super::search::{Nearby, Search};
use super::{Edited, Finish, Reply, is_closed};
use crate::schema::Validator;
use crate::schema::json::Json;

/// The most that a reading may cost.
const MOST: usize = 3;
/// So much more another reading must cost.
const MARGIN: usize = 1;

/// A reading that conforms.
struct Reading {
    cost: usize,
    edited: Edited,
    /// One text for each value.
    canonical: String,
}

/// The result itself, or the nearest reading where it is none.
pub(super) fn or_nearest(reply: &Reply<'_>, repaired: Repaired) -> Repaired {
    let Some(refusal) = repaired.refusal.as_ref().filter(|_| repaired.text.is_none()) else {
        return repaired;
    };
    let is_unread = matches!(refusal.reason, Reason::Structure | Reason::Outside | Reason::Closer);
    let is_doubt =
        matches!(refusal.reason, Reason::Quote | Reason::Unterminated | Reason::UnquotedComma);
    let is_whole = reply.options.finish == Finish::Stop && reply.options.level >= Level::Syntax;
    if !is_whole || !is_unread && !is_doubt {
        return repaired;
    }
    let guessed = || is_unread.then(|| guessed(reply)).flatten();
    let (Some(readings), Some(validator)) = (readings(reply), reply.validator) else {
        return guessed().unwrap_or(repaired);
    };
    match readings.as_slice() {
        [] => guessed().unwrap_or(repaired),
        [first, others @ ..] => {
            let json = first.edited.json.as_ref();
            let is_full = |json| is_closed(json, validator) && is_full(json, validator);
            let is_nearest = others.first().is_none_or(|other| other.cost > first.cost);
            if others.is_empty() && is_unread || is_nearest && json.is_some_and(is_full) {
                return reply.conform(first.edited.clone());
            }
            if others.is_empty() {
                return repaired;
            }
            let readings = readings.iter();
            let (alternatives, costs) =
                readings.map(|reading| (reading.edited.text.clone(), reading.cost)).unzip();
            Repaired { status: Status::Ambiguous, alternatives, costs, ..repaired }
        }
    }
}

/// What the fewest edits of signs make of a text, where a rule allows to choose: of several as near the one that
/// is nearest to the fault.
fn guessed(reply: &Reply<'_>) -> Option<Repaired> {
    if !reply.options.overrules(Reason::Closer) {
        return None;
    }
    let mut search = Search::new(reply.text)?;
    for cost in 1..MOST {
        let found = search.within(cost)?;
        let first = |nearby: &Nearby| nearby.edits.first().map(|edit| edit.span.start);
        let made = found
            .into_iter()
            .filter_map(|nearby| Some((first(&nearby), reply.made(nearby.edits)?)));
        let Some((_, mut edited)) = made.max_by_key(|(place, _)| *place) else { continue };
        edited.edits.iter_mut().for_each(|edit| edit.class = Class::Guess);
        return Some(reply.conform(edited)).filter(|repaired| repaired.text.is_some());
    }
    None
}

/// The readings that conform, the nearest first, up to a margin behind it; `None` where they are too many to be
/// looked at.
fn readings(reply: &Reply<'_>) -> Option<Vec<Reading>> {
    reply.validator?;
    let mut search = Search::new(reply.text)?;
    for cost in 1..=MOST {
        if conforming(reply, &mut search, cost)?.is_empty() {
            continue;
        }
        return conforming(reply, &mut search, cost + MARGIN);
    }
    Some(Vec::new())
}

/// The readings within a cost that conform, one for each value.
fn conforming(reply: &Reply<'_>, search: &mut Search<'_>, cost: usize) -> Option<Vec<Reading>> {
    let validator = reply.validator?;
    let mut found = search.within(cost)?;
    found.sort_by_key(|nearby| nearby.cost);
    let mut readings: Vec<Reading> = Vec::new();
    for nearby in found {
        let Some(edited) = reply.made(nearby.edits) else { continue };
        let Some(json) = &edited.json else { continue };
        let canonical = json.canonical();
        if readings.iter().any(|reading| reading.canonical == canonical) {
            continue;
        }
        if Faults::of(json, validator).list.is_empty() {
            readings.push(Reading { cost: nearby.cost, edited, canonical });
        }
    }
    Some(readings)
}

/// Whether no array of strings may have one more.
fn is_full(json: &Json, validator: &Validator) -> bool {
    let mut wider = json.clone();
    let mut places = Vec::new();
    lengthen(&mut wider, String::new(), &mut places);
    let faults = Faults::of(&wider, validator);
    places.iter().all(|place| faults.count(place) > 0)
}

/// Puts a second copy of the last string into every array that has one; gives their pointers.
fn lengthen(json: &mut Json, pointer: String, places: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                lengthen(value, child(&pointer, name), places);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                lengthen(item, format!("{pointer}/{index}"), places);
            }
            let last = items.iter().rev().find(|item| matches!(item, Json::String(_)));
            if let Some(last) = last.cloned() {
                items.push(last);
                places.push(pointer);
            }
        }
        _ => {}
    }
}
