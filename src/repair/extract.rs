//! Finds the values in a reply: what a model thought, fences and prose are not among them.
//!
//! Nothing is ever taken out of thoughts, not even where there is nothing else: they hold drafts. A block of
//! code in a language that is not JSON holds no value that is meant.
//!
//! A bracket begins a value only where it looks like one by what follows: `[docs]` in a sentence does
//! not. What begins like a value and has no reading is never passed over for another: a part of it
//! could be taken for the whole.

use std::ops::Range;

use super::Finish;
use super::edit::Rule;
use super::parse::{Doubt, Region};
use super::reading::{Readings, read_value};
use super::reason::Reason;

/// The values of a reply, and what stands around them.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) values: Vec<Found>,
    /// Byte order mark, thoughts and fences; the rest around values is prose.
    pub(super) strips: Vec<(Rule, Range<usize>)>,
}

/// A value in a reply.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) readings: Readings,
}

/// The most values of a reply that are compared.
const VALUES: usize = 64;

/// What ends the thoughts of a model, by what begins them.
pub(super) const THOUGHTS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<|channel|>analysis", "<|end|>"),
];

/// Finds the values of a reply.
///
/// # Errors
/// [`Doubt`] where what looks like a value has no reading, or there is none.
pub(super) fn extract(text: &str, finish: Finish, depth: usize) -> Result<Outline, Doubt> {
    let mut outline = Outline::default();
    let mut at = outline.begin(text)?;
    let begin = at;
    loop {
        let gap = at;
        let Some((start, is_fenced)) = outline.next_value(text, begin, at) else {
            outline.check_gap(text, gap, text.len())?;
            break;
        };
        outline.check_gap(text, gap, start)?;
        if outline.values.len() == VALUES {
            return Err(Doubt { reason: Reason::MultipleValues, span: begin..text.len() });
        }
        let readings = read_value(Region { text, start, finish, depth })?;
        at = readings.best.end;
        outline.values.push(Found { start, readings });
        if is_fenced {
            at = outline.close_fence(text, at);
        }
    }
    match outline.values.is_empty() {
        true => Err(Doubt { reason: Reason::NoJson, span: begin..text.len() }),
        false => Ok(outline),
    }
}

impl Outline {
    /// Passes a byte order mark and what the model thought.
    fn begin(&mut self, text: &str) -> Result<usize, Doubt> {
        let mut at = 0;
        if text.starts_with('\u{feff}') {
            at = '\u{feff}'.len_utf8();
            self.strips.push((Rule::StripBom, 0..at));
        }
        let start = text.len() - text[at..].trim_start().len();
        for (opener, closer) in THOUGHTS {
            if !text[start..].starts_with(opener) {
                continue;
            }
            let Some(end) = text[start..].find(closer).map(|end| start + end + closer.len()) else {
                return Err(Doubt { reason: Reason::NoJson, span: start..text.len() });
            };
            self.strips.push((Rule::StripThink, start..end));
            return Ok(end);
        }
        // Some templates begin the thoughts in the prompt.
        let is_value = text[start..].starts_with(['{', '[', '"', '`']);
        let closed =
            THOUGHTS.iter().find_map(|(_, closer)| Some(text.find(closer)? + closer.len()));
        if let Some(end) = closed.filter(|_| !is_value) {
            self.strips.push((Rule::StripThink, start..end));
            at = end;
        }
        Ok(at)
    }

    /// Where the next value begins, and whether a block of code holds it. `begin` is where the reply
    /// begins.
    fn next_value(&mut self, text: &str, begin: usize, mut at: usize) -> Option<(usize, bool)> {
        let first = text.len() - text[begin..].trim_start().len();
        let opened = text[first..].strip_prefix('(').unwrap_or(&text[first..]);
        if self.values.is_empty() && opened.starts_with(['"', '\'']) {
            // Brackets within a string are not looked for.
            return Some((first, false));
        }
        if let Some(length) = callback(&text[first..]).filter(|_| self.values.is_empty()) {
            let inside = first + length;
            return Some((text.len() - text[inside..].trim_start().len(), false));
        }
        while let Some(length) = text[at..].find(['{', '[', '`']) {
            let sign = at + length;
            if text[sign..].starts_with("```") {
                let (inside, is_json) = fence(text, sign);
                let solid = text.len() - text[inside..].trim_start().len();
                let is_value = text[solid..].starts_with(['{', '[', '(', '"', '/']);
                if is_json && is_value {
                    self.strips.push((Rule::StripFence, sign..inside));
                    return Some((solid, true));
                }
                at = match text[inside..].find("```") {
                    // A block in another language has no value that is meant.
                    Some(end) if !is_json => inside + end + 3,
                    _ => inside,
                };
                continue;
            }
            let is_alone = text[begin..sign].trim().is_empty();
            if is_alone || looks_like_value(&text[sign..]) {
                return Some((sign, false));
            }
            at = sign + 1;
        }
        let is_whole = self.values.is_empty() && is_scalar(&text[first..]);
        is_whole.then_some((first, false))
    }

    /// Passes the marks behind a value in a block of code.
    fn close_fence(&mut self, text: &str, at: usize) -> usize {
        let rest = &text[at..];
        let behind = rest.trim_start();
        let marks = behind.len() - behind.trim_start_matches('`').len();
        if marks < 3 {
            return at;
        }
        let end = text.len() - behind.len() + marks;
        self.strips.push((Rule::StripFence, at..end));
        end
    }

    /// Refuses parts of JSON in what stands before a value.
    fn check_gap(&self, text: &str, gap: usize, start: usize) -> Result<(), Doubt> {
        let before = text[gap..start].trim_end();
        // A name in quotes and its colon are no words around a value.
        let is_part = before.contains("\":")
            || before
                .strip_suffix([':', ','])
                .is_some_and(|rest| rest.trim_end().ends_with(['"', '\'']));
        match is_part {
            true => Err(Doubt { reason: Reason::Outside, span: gap..start }),
            false => Ok(()),
        }
    }
}

/// The length of the name and the parenthesis that a text begins with which hands a value to a function of a
/// script, as JSON with padding does: `callback(1);`.
fn callback(text: &str) -> Option<usize> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '$' | '.');
    let name = text.len() - text.trim_start_matches(is_part).len();
    let is_call = name > 0 && text[name..].starts_with('(') && text.trim_end().ends_with(");");
    is_call.then_some(name + 1)
}

/// Where the inside of a block of code begins, and whether its language is JSON or not named.
fn fence(text: &str, sign: usize) -> (usize, bool) {
    let rest = text[sign..].trim_start_matches('`');
    let marks = text.len() - rest.len();
    let name =
        rest.len() - rest.trim_start_matches(|char: char| char.is_ascii_alphanumeric()).len();
    let language = rest[..name].to_ascii_lowercase();
    let is_json = matches!(
        language.as_str(),
        "" | "json" | "json5" | "jsonc" | "javascript" | "js" | "python"
    );
    let behind = &rest[name..];
    let line = behind.trim_start_matches([' ', '\t', '\r']);
    let blank = behind.len() - line.len() + usize::from(line.starts_with('\n'));
    (marks + name + blank, is_json)
}

/// Whether a bracket within a text begins a value and not a remark, by what follows.
///
/// `[docs]` and `{placeholder}` are remarks; `[1]` and `{a: 1}` are values. What is taken for a value
/// wrongly ends in a refusal; what is passed over wrongly would be lost.
fn looks_like_value(text: &str) -> bool {
    let rest = text[1..].trim_start();
    let Some(char) = rest.chars().next() else { return false };
    if text.starts_with('[') {
        let literal = ["true", "false", "null", "True", "False", "None"];
        return matches!(char, '{' | '[' | '"' | '\'' | ']' | '-' | '0'..='9')
            || literal.iter().any(|literal| rest.starts_with(literal));
    }
    let name = rest.len()
        - rest
            .trim_start_matches(|char: char| {
                char.is_alphanumeric() || matches!(char, '_' | '-' | '$')
            })
            .len();
    matches!(char, '"' | '\'' | '“' | '}' | '\\')
        || rest.starts_with("//")
        || name > 0 && rest[name..].trim_start().starts_with(':')
}

/// Whether a text is one value that is no bracket.
fn is_scalar(text: &str) -> bool {
    let text = text.trim_end();
    let is_word = text.len() < 64 && !text.contains(char::is_whitespace) && !text.is_empty();
    text.starts_with(['"', '\'', '“', '‘', '`', '(']) || text.starts_with("/*") || is_word
}
