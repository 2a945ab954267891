//! Brackets that are missing further ahead than the place where it shows.

use super::super::Level;
use super::super::coerce::{Coerced, coerce};
use super::super::edit::{Class, Rule, TextEdit};
use super::super::outcome::Repaired;
use super::super::parse::Doubt;
use super::super::reason::{Reason, Salvage};
use super::{Edited, Reply};

/// So many places before the fault are tried.
const PLACES: usize = 64;

/// Puts in the bracket whose absence shows where a list stands and a name should.
///
/// All places before which an item begins are tried. With a schema the one is taken that alone conforms;
/// an allowed rule takes the first item behind a list that is no list itself.
pub(super) fn reopened(reply: &Reply<'_>, doubt: &Doubt) -> Option<Repaired> {
    let is_list = reply.text[doubt.span.start..].starts_with('[');
    if doubt.reason != Reason::Structure || !is_list || reply.options.level < Level::Syntax {
        return None;
    }
    let places = items_before(reply.text, doubt.span.start);
    let readings = readings(reply, places.iter().map(|&place| (place, "[")));
    if let Some(repaired) = only(reply, &readings) {
        return Some(repaired);
    }
    let is_allowed = reply.options.allow.contains(&Salvage::MissingOpener);
    if !is_allowed || reply.options.level < Level::Salvage {
        return None;
    }
    let begins = |edit: &TextEdit| {
        let (before, behind) = reply.text.split_at(edit.span.start);
        before.trim_end().trim_end_matches(',').trim_end().ends_with(']')
            && !behind.starts_with('[')
    };
    let mut edited = readings.into_iter().find(|edited| begins(&edited.edits[0]))?;
    edited.edits[0].class = Class::Guess;
    Some(reply.conform(edited))
}

/// Puts in the bracket whose absence shows at the end of the text, where the schema wants it further ahead.
///
/// `{"a": {"b": 1, "c": 2}` is read as if the last one were missing, as every reader does; where that does
/// not conform, the one may be missing behind any value.
pub(super) fn closed(reply: &Reply<'_>) -> Option<Repaired> {
    let commas = reply.text.rmatch_indices(',').take(PLACES);
    let places: Vec<usize> = commas.map(|(at, _)| reply.text[..at].trim_end().len()).collect();
    let signs = places.iter().flat_map(|&place| [(place, "}"), (place, "]")]);
    only(reply, &readings(reply, signs))
}

/// What a bracket at each of these places makes of the reply, where that is JSON.
fn readings<'b>(reply: &Reply<'_>, places: impl Iterator<Item = (usize, &'b str)>) -> Vec<Edited> {
    let reading = |(place, bracket): (usize, &str)| {
        reply.made(vec![TextEdit::new(reply.text, Rule::Insert, place..place, bracket)])
    };
    places.filter_map(reading).collect()
}

/// The reading that alone conforms to the schema as it is.
fn only(reply: &Reply<'_>, readings: &[Edited]) -> Option<Repaired> {
    let validator = reply.validator?;
    let fits = |edited: &&Edited| {
        let coerced = edited.json.clone().map(|json| coerce(json, validator, reply.options));
        coerced.is_some_and(|coerced| coerced.is_ok_and(|Coerced { patch, .. }| patch.is_empty()))
    };
    let mut fitting = readings.iter().filter(fits);
    let only = fitting.next()?;
    fitting.next().is_none().then(|| reply.conform(only.clone()))
}

/// Where items begin before a place: behind commas and opening brackets.
fn items_before(text: &str, end: usize) -> Vec<usize> {
    let signs = text[..end].rmatch_indices([',', '[']).take(PLACES);
    let solid = |(at, _): (usize, &str)| end - text[at + 1..end].trim_start().len();
    let mut places: Vec<usize> = signs.map(solid).filter(|&place| place < end).collect();
    places.reverse();
    places
}
