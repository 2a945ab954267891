//! The nearest reading of a text, and the others that are as near.
//!
//! Where a sign can be meant in two ways, the text is read in each, and each reading has a cost: the
//! number of its edits, and much for parts of JSON that it leaves outside the value. So a reading is
//! chosen by all that follows, not by what stands next to the sign.

use super::edit::{Rule, TextEdit, apply};
use super::parse::{Choices, Closers, Doubt, Missing, Objects, Parsed, Quotes, Region, parse};
use super::reason::Reason;

/// What it costs to leave parts of JSON outside the value.
const OUTSIDE: usize = 10;

/// The readings of a region.
#[derive(Debug, Clone)]
pub(super) struct Readings {
    /// The nearest.
    pub(super) best: Parsed,
    /// Others that come into question, with other results.
    pub(super) others: Vec<Parsed>,
}

/// Reads a region.
///
/// # Errors
/// [`Doubt`] where it has no reading.
pub(super) fn read_value(region: Region<'_>) -> Result<Readings, Doubt> {
    readings(region, Objects::Untold)
}

/// Reads a region, and tells its outermost objects.
///
/// # Errors
/// [`Doubt`] where it has no reading.
pub(super) fn read(region: Region<'_>) -> Result<Readings, Doubt> {
    readings(region, Objects::Told)
}

/// The readings of a region.
fn readings(region: Region<'_>, objects: Objects) -> Result<Readings, Doubt> {
    let (quotes, closers, missing) = (Quotes::Inner, Closers::Insert, Missing::Refused);
    let first = Choices { quotes, closers, missing, objects };
    let (mut found, error) = match attempt(region, first) {
        Ok(parsed) if !parsed.chose_quotes && !parsed.chose_closers => {
            return Ok(Readings { best: parsed, others: Vec::new() });
        }
        Ok(parsed) => (vec![parsed], None),
        // Deeper than the limit it is in every reading.
        Err(doubt) if doubt.reason == Reason::Depth => return Err(doubt),
        Err(doubt) => (Vec::new(), Some(doubt)),
    };
    for quotes in [Quotes::Inner, Quotes::Missing] {
        for closers in [Closers::Insert, Closers::Replace] {
            let choices = Choices { quotes, closers, ..first };
            if choices != first
                && let Ok(parsed) = attempt(region, choices)
            {
                found.push(parsed);
            }
        }
    }
    found.sort_by_key(|parsed| parsed.cost);
    let mut found = distinct(region, found).into_iter();
    let Some(mut best) = found.next() else {
        let nowhere = Doubt { reason: Reason::Structure, span: region.start..region.start };
        return valueless(region, first, error.unwrap_or(nowhere));
    };
    let is_doubtful = best.chose_quotes;
    // Readings that differ in brackets alone are told apart by their cost.
    let others: Vec<Parsed> = found
        .filter(|other| other.cost == best.cost || is_doubtful && other.chose_quotes)
        .collect();
    if best.doubts.is_empty() && !others.is_empty() {
        best.doubts.push(Doubt { reason: Reason::Closer, span: region.start..best.end });
    }
    Ok(Readings { best, others })
}

/// The reading without the names that have no value, where their absence is why there is no other.
fn valueless(region: Region<'_>, first: Choices, error: Doubt) -> Result<Readings, Doubt> {
    let choices = Choices { missing: Missing::Dropped, ..first };
    let dropped = (error.reason == Reason::MissingValue).then(|| attempt(region, choices));
    match dropped {
        Some(Ok(mut best)) => {
            best.doubts.insert(0, error);
            Ok(Readings { best, others: Vec::new() })
        }
        _ => Err(error),
    }
}

/// Those with different results, the nearest of each.
fn distinct(region: Region<'_>, found: Vec<Parsed>) -> Vec<Parsed> {
    let mut texts = Vec::new();
    let mut kept = Vec::new();
    for parsed in found {
        let text = value_text(region, &parsed);
        if !texts.contains(&text) {
            texts.push(text);
            kept.push(parsed);
        }
    }
    kept
}

/// The value as a reading writes it; `None` where its edits contradict each other.
pub(super) fn value_text(region: Region<'_>, parsed: &Parsed) -> Option<String> {
    let mut text = apply(&region.text[..parsed.end], &parsed.edits)?;
    text.drain(..region.start);
    Some(text)
}

/// One reading, with what is left behind the value.
fn attempt(region: Region<'_>, choices: Choices) -> Result<Parsed, Doubt> {
    let mut parsed = parse(region, choices)?;
    tail(region.text, &mut parsed);
    Ok(parsed)
}

/// Takes closing brackets and commas behind the value that close and separate nothing.
fn tail(text: &str, parsed: &mut Parsed) {
    let start = parsed.end;
    let mut edits = Vec::new();
    let (mut end, mut comma) = (start, false);
    for (at, char) in text[start..].char_indices() {
        let at = start + at;
        let rule = match char {
            '}' | ']' | ')' => Rule::DeleteCloser,
            ',' | ';' => Rule::DeleteComma,
            _ if char.is_whitespace() => continue,
            _ => break,
        };
        comma |= char == ',';
        edits.push(TextEdit::new(text, rule, at..at + 1, ""));
        end = at + 1;
    }
    let behind = text[end..].trim_start();
    let is_end = behind.is_empty() || behind.starts_with("```");
    let has_closer = edits.iter().any(|edit| edit.rule == Rule::DeleteCloser);
    if is_end || has_closer && !comma && !behind.starts_with(['"', '\'', ':', '{', '[']) {
        parsed.cost += edits.len();
        parsed.edits.append(&mut edits);
        parsed.end = end;
        return;
    }
    let is_value = behind.starts_with(['{', '[']);
    let is_part = behind.starts_with(['"', '\'', ':'])
        || behind.starts_with(|char: char| char.is_ascii_digit());
    if has_closer || comma && is_part || behind.starts_with(':') && !is_value {
        parsed.cost += OUTSIDE;
        parsed.doubts.push(Doubt { reason: Reason::Outside, span: start..end });
    }
}
