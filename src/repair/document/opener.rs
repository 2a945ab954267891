//! A list in a list that lacks its opening bracket.

use super::super::Level;
use super::super::coerce::{Coerced, coerce};
use super::super::edit::{Class, Rule, TextEdit, apply};
use super::super::outcome::Repaired;
use super::super::parse::Doubt;
use super::super::reason::{Reason, Salvage};
use super::{Edited, Reply};
use crate::schema::json::Json;

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
    let mut readings = Vec::new();
    for place in places {
        let edit = TextEdit::new(reply.text, Rule::Insert, place..place, "[");
        let text = apply(reply.text, std::slice::from_ref(&edit))?;
        if let Ok(json) = Json::parse(&text, reply.options.depth) {
            readings.push((edit, json));
        }
    }
    if let Some(validator) = reply.validator {
        let fits = |json: &Json| {
            let coerced = coerce(json.clone(), validator, reply.options);
            coerced.is_ok_and(|Coerced { patch, .. }| patch.is_empty())
        };
        readings.retain(|(_, json)| fits(json));
        if readings.len() == 1 {
            let (edit, json) = readings.pop()?;
            return Some(reply.conform(Edited { json, edits: vec![edit] }));
        }
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
    let (mut edit, json) = readings.into_iter().find(|(edit, _)| begins(edit))?;
    edit.class = Class::Guess;
    Some(reply.conform(Edited { json, edits: vec![edit] }))
}

/// Where items begin before a place: behind commas and opening brackets.
fn items_before(text: &str, end: usize) -> Vec<usize> {
    let signs = text[..end].rmatch_indices([',', '[']).take(PLACES);
    let solid = |(at, _): (usize, &str)| end - text[at + 1..end].trim_start().len();
    let mut places: Vec<usize> = signs.map(solid).filter(|&place| place < end).collect();
    places.reverse();
    places
}
