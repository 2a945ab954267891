//! What stands between tags: JSON, what was meant as JSON, or a string.
//!
//! Nothing in a value tells which; the schema does.
//!
//! | between tags | is |
//! |---|---|
//! | JSON that is no string | that, where the schema allows it |
//! | what the schema allows as a string | a string, as it stands |
//! | JSON with its syntax broken, `True`, or a string in quotes, where no string is allowed | that |
//! | the first two of these, where a string is allowed as well | a refusal |
//! | what stands in brackets and cannot be read, where no string alone is allowed | a refusal |

use std::ops::Range;

use serde_json::json;

use super::super::judge::Faults;
use super::super::parse::{Doubt, Region};
use super::super::patch::child;
use super::super::reading::read;
use super::super::reason::Reason;
use super::super::{Finish, Rule, TextEdit};
use super::assemble::written;
use super::{Kind, Pair};
use crate::schema::json::Json;
use crate::schema::{Validator, Wanted};

/// How deep a value between tags may be nested.
const MOST_DEPTH: usize = 250;

/// How a value is read.
#[derive(Debug, Clone)]
enum Reading {
    String,
    /// As JSON, with these edits.
    Json(Vec<TextEdit>),
}

/// The edits that make an object of arguments between tags.
///
/// # Errors
/// [`Doubt`] where a value can be a string or something else.
pub(super) fn lowered(
    text: &str,
    span: &Range<usize>,
    pairs: &[Pair],
    validator: &Validator,
) -> Result<Vec<TextEdit>, Doubt> {
    let faults = |readings: &[Reading]| {
        let edits = object(text, span, (pairs, readings));
        let json = Json::parse(&written(text, span, &edits)?, usize::MAX).ok()?;
        Some(Faults::of(&json, validator))
    };
    let mut readings: Vec<Reading> = pairs.iter().map(|pair| strict(text, pair)).collect();
    let Some(found) = faults(&readings) else { return Ok(object(text, span, (pairs, &readings))) };
    let has_fault = |faults: &Faults, pair: &Pair| faults.holds(&child("", &pair.name));
    for (pair, reading) in pairs.iter().zip(&mut readings) {
        if pair.kind == Kind::Either && has_fault(&found, pair) {
            *reading = Reading::String;
        }
    }
    let other = |(pair, reading): (&Pair, &Reading)| match (pair.kind, reading) {
        (Kind::Either, Reading::String) => meant(text, pair),
        _ => None,
    };
    let others: Vec<Option<Meant>> = pairs.iter().zip(&readings).map(other).collect();
    let changed = |(other, reading): (&Option<Meant>, &Reading)| match other {
        Some(other) => Reading::Json(other.edits.clone()),
        None => reading.clone(),
    };
    let changed: Vec<Reading> = others.iter().zip(&readings).map(changed).collect();
    if others.iter().any(Option::is_some)
        && let (Some(strings), Some(meant)) = (faults(&readings), faults(&changed))
    {
        for ((pair, other), reading) in pairs.iter().zip(others).zip(&mut readings) {
            let Some(other) = other else { continue };
            let doubt = |reason| Err(Doubt { reason, span: pair.value.clone() });
            let is_free = other.sort == Sort::Quoted && strings.list.is_empty();
            match (has_fault(&strings, pair), has_fault(&meant, pair)) {
                (true, _) if other.sort == Sort::Unclear => return doubt(Reason::Structure),
                (true, _) => *reading = Reading::Json(other.edits),
                (false, false) if !is_free => return doubt(Reason::Coercion),
                // Another object or array may be allowed, if not an empty one.
                (false, true) if other.sort == Sort::Unclear && !is_of_other_type(&meant, pair) => {
                    return doubt(Reason::Coercion);
                }
                (false, _) => {}
            }
        }
    }
    Ok(object(text, span, (pairs, &readings)))
}

/// Whether all that is wrong with a value is its type.
fn is_of_other_type(faults: &Faults, pair: &Pair) -> bool {
    let pointer = child("", &pair.name);
    let mut at = faults.list.iter().filter(|fault| fault.instance == pointer);
    at.all(|fault| matches!(fault.wanted, Wanted::Types(_)))
}

/// What is JSON as it stands, and no string.
fn strict(text: &str, pair: &Pair) -> Reading {
    let value = Json::parse(&text[pair.value.clone()], MOST_DEPTH);
    let is_bare = value.is_ok_and(|json| !matches!(json, Json::String(_)));
    match pair.kind {
        Kind::Json => Reading::Json(Vec::new()),
        Kind::Either if is_bare => Reading::Json(Vec::new()),
        _ => Reading::String,
    }
}

/// What else than a string a value can have been meant as.
#[derive(Debug)]
struct Meant {
    /// What makes JSON of it.
    edits: Vec<TextEdit>,
    sort: Sort,
}

/// How sure it is that something else was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// JSON with its syntax broken, in which nothing is in doubt, or a literal of Python.
    Clear,
    /// A string in quotes, which may be a part of it.
    Quoted,
    /// What stands in brackets and cannot be read; the edits make it empty.
    Unclear,
}

/// What else than a string a value can have been meant as; `None` where nothing tells of that.
fn meant(text: &str, pair: &Pair) -> Option<Meant> {
    let Range { start, end } = pair.value.clone();
    let start = start + text[start..end].len() - text[start..end].trim_start().len();
    let value = text[start..end].trim_end();
    let literal = [("True", "true"), ("False", "false"), ("None", "null")];
    if let Some((was, now)) = literal.into_iter().find(|(was, _)| value == *was) {
        let edits = vec![TextEdit::new(text, Rule::Literal, start..start + was.len(), now)];
        return Some(Meant { edits, sort: Sort::Clear });
    }
    let is_quoted = value.starts_with('"');
    let region = Region { text: &text[..end], start, finish: Finish::Stop, depth: MOST_DEPTH };
    let best = match value.starts_with(['{', '[']) || is_quoted {
        true => read(region).ok().map(|readings| readings.best),
        false => None,
    };
    let clear = best.filter(|best| {
        let is_whole = text[best.end..end].trim().is_empty();
        best.doubts.is_empty() && best.words.is_empty() && is_whole
    });
    let empty = [("{", "}", "{}"), ("[", "]", "[]")];
    let empty =
        empty.iter().find(|(open, close, _)| value.starts_with(open) && value.ends_with(close));
    Some(match (clear, empty) {
        (Some(best), _) if is_quoted => Meant { edits: best.edits, sort: Sort::Quoted },
        (Some(best), _) => Meant { edits: best.edits, sort: Sort::Clear },
        (None, Some((_, _, empty))) => {
            let span = start..start + value.len();
            let edits = vec![TextEdit::new(text, Rule::StripEnvelope, span, empty)];
            Meant { edits, sort: Sort::Unclear }
        }
        (None, None) => return None,
    })
}

/// The edits that make an object of values between tags, each as it is read.
fn object(
    text: &str,
    span: &Range<usize>,
    (pairs, readings): (&[Pair], &[Reading]),
) -> Vec<TextEdit> {
    let mut edits = Vec::with_capacity(2 * pairs.len() + 1);
    let put = |edits: &mut Vec<TextEdit>, span: Range<usize>, now: &str| {
        edits.push(TextEdit::new(text, Rule::StripEnvelope, span, now));
    };
    let mut cursor = span.start;
    for (index, (pair, reading)) in pairs.iter().zip(readings).enumerate() {
        let sign = if index == 0 { "{" } else { "," };
        let open = format!("{sign}{}:", json!(pair.name));
        put(&mut edits, cursor..pair.value.start, &open);
        match reading {
            Reading::Json(mends) => edits.extend(mends.iter().cloned()),
            Reading::String => {
                let string = json!(text[pair.value.clone()]).to_string();
                put(&mut edits, pair.value.clone(), &string);
            }
        }
        cursor = pair.value.end;
    }
    put(&mut edits, cursor..span.end, if pairs.is_empty() { "{}" } else { "}" });
    edits
}
