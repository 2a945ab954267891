//! Calls in notations of their own that are nearly JSON: Python's keyword arguments, and objects whose
//! strings have quotes of their own.
//!
//! The signs that differ are edited, and the result is read as any other nearly-JSON. Nothing is run:
//! what is no literal is refused.
//!
//! | notation | edited | read as |
//! |---|---|---|
//! | `f(a=1, b='x')` | the outer parentheses and their equal signs | `{a:1, b:'x'}` |
//! | `call:f{a:<escape>x<escape>}` | each string with its quotes | `{a:"x"}` |
//!
//! What JSON writes otherwise, as `True`, is told as a part of the notation. In Python a word without quotes
//! is the name of a variable, of which nobody knows the value, and so are calls within calls; an escape
//! that JSON does not know (`\x41`) is a character there and would be a backslash here.

use std::ops::Range;

use super::super::parse::Doubt;
use super::super::reason::Reason;
use super::super::{Finish, Rule, TextEdit};
use super::find::unread;
use super::formats::Format;
use super::{Arguments, Ending, Found, Group, Piece, Source};

/// Calls as Python writes them, in a list or in a row; `None` where none begins here.
pub(super) fn python(
    source: Source<'_>,
    format: &Format,
    at: usize,
) -> Option<Result<Group, Doubt>> {
    let text = source.text;
    let (mut pieces, mut cursor) = (Vec::new(), at);
    let mut start = source.solid(at + format.open.len());
    let is_list = text[start..].starts_with('[');
    start = source.solid(start + usize::from(is_list));
    if !is_call(source, start) {
        return None;
    }
    while is_call(source, start) {
        let name = source.name(start);
        let begin = start + name.len();
        let Keywords { end, edits, is_open } = match keywords(text, begin) {
            Ok(found) => found,
            Err(doubt) => return Some(Err(doubt)),
        };
        let is_cut = is_open && source.finish == Finish::Length;
        pieces.push(Piece::Strip(Rule::StripEnvelope, cursor..begin));
        pieces.push(Piece::Call(Found {
            format: format.name,
            name: name.strip_suffix(".call").unwrap_or(name).to_owned(),
            span: start..end,
            arguments: Arguments::Spelled(begin..end, edits),
            marks: [Rule::StripEnvelope; 2],
            end: if is_open { Ending::Open } else { Ending::Whole },
            doubt: is_cut.then_some(Doubt { reason: Reason::Truncated, span: begin..end }),
        }));
        cursor = end;
        let behind = text[end..].trim_start().trim_start_matches([',', ';']);
        start = text.len() - behind.trim_start().len();
    }
    let close = if is_list { source.behind(cursor, "]") } else { None };
    let mut end = close.unwrap_or(cursor);
    if is_list && close.is_none() {
        if !text[start..].is_empty() {
            return Some(Err(unread(start..text.len())));
        }
        if let Some(Piece::Call(found)) = pieces.last_mut() {
            found.marks[1] = Rule::Insert;
        }
    }
    end = source.behind(end, format.close).unwrap_or(end);
    if cursor < end {
        pieces.push(Piece::Strip(Rule::StripEnvelope, cursor..end));
    }
    Some(Ok(Group { pieces, end }))
}

/// Whether a name and a parenthesis stand here.
fn is_call(source: Source<'_>, at: usize) -> bool {
    let name = source.name(at);
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && source.text[at + name.len()..].starts_with('(')
}

/// The arguments of a call in parentheses.
struct Keywords {
    end: usize,
    /// What makes braces of the parentheses.
    edits: Vec<TextEdit>,
    is_open: bool,
}

/// Reads the parenthesis that begins at a place.
fn keywords(text: &str, begin: usize) -> Result<Keywords, Doubt> {
    let edit = |at: usize, now: &str| TextEdit::new(text, Rule::StripEnvelope, at..at + 1, now);
    let mut edits = vec![edit(begin, "{")];
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, char) in text[begin..].char_indices() {
        let at = begin + at;
        if escaped {
            escaped = false;
            // Python has escapes that JSON does not know.
            if matches!(char, 'x' | 'N' | 'U' | 'a' | 'v' | '0'..='7') {
                return Err(Doubt { reason: Reason::Backslash, span: at - 1..at + 1 });
            }
            continue;
        }
        match (quote, char) {
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == char => {
                quote = None;
                // Python makes one string of two beside each other; an empty one begins a string of lines.
                if text[at + 1..].trim_start().starts_with(['"', '\'']) {
                    return Err(unread(at..at + 1));
                }
            }
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, '=') if depth == 1 => edits.push(edit(at, ":")),
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    edits.extend((char == ')').then(|| edit(at, "}")));
                    return Ok(Keywords { end: at + 1, edits, is_open: char != ')' });
                }
            }
            _ => {}
        }
    }
    // Its last sign may be one of a string.
    Ok(Keywords { end: text.len(), edits, is_open: true })
}

/// A name and an object whose strings have quotes of their own; `None` where none begins here.
pub(super) fn delimited(
    source: Source<'_>,
    format: &Format,
    quote: &str,
    at: usize,
) -> Option<Result<Group, Doubt>> {
    let text = source.text;
    let name = source.name(at + format.open.len());
    let begin = at + format.open.len() + name.len();
    let is_there = text[begin..].starts_with(['{', '[']) || begin == text.len();
    if name.is_empty() || !is_there {
        return None;
    }
    let (end, edits) = strings(text, begin, [quote, format.close]);
    let close = source.behind(end, format.close);
    let is_open = close.is_none();
    let is_cut = is_open && source.finish == Finish::Length;
    let call = Found {
        format: format.name,
        name: name.to_owned(),
        span: at..close.unwrap_or(end),
        arguments: Arguments::Spelled(begin..end, edits),
        marks: [Rule::StripEnvelope, if is_open { Rule::Insert } else { Rule::StripEnvelope }],
        // Without its mark the object may be whole all the same.
        end: if is_open && !text[begin..end].trim_end().ends_with(['}', ']']) {
            Ending::Open
        } else {
            Ending::Whole
        },
        doubt: is_cut.then_some(Doubt { reason: Reason::Truncated, span: begin..end }),
    };
    let mut pieces = vec![Piece::Strip(Rule::StripEnvelope, at..begin), Piece::Call(call)];
    let behind = close.unwrap_or(end);
    if end < behind {
        pieces.push(Piece::Strip(Rule::StripEnvelope, end..behind));
    }
    Some(Ok(Group { pieces, end: behind }))
}

/// Up to the closing mark outside strings, the edits that give strings the quotes of JSON.
fn strings(text: &str, begin: usize, [quote, close]: [&str; 2]) -> (usize, Vec<TextEdit>) {
    let mut edits = Vec::new();
    let mut at = begin;
    loop {
        let rest = &text[at..];
        let end = rest.find(close).unwrap_or(rest.len());
        let Some(open) = rest[..end].find(quote) else { return (at + end, edits) };
        let inside = at + open + quote.len();
        let Some(length) = text[inside..].find(quote) else { return (text.len(), edits) };
        let span: Range<usize> = at + open..inside + length + quote.len();
        let string = serde_json::Value::from(&text[inside..inside + length]).to_string();
        at = span.end;
        edits.push(TextEdit::new(text, Rule::StripEnvelope, span, &string));
    }
}
