//! Calls whose arguments stand between tags.
//!
//! Nothing in a value is escaped, so its end is the first closing tag behind which the next argument or the
//! end of the call stands. A closing tag may be missing before the next argument.
//!
//! | between tags | the value is |
//! |---|---|
//! | `</b> "x"`, with a closing tag and the next argument behind it | all of that, as a string |
//! | `12` where the schema wants a number, or says nothing | the number |
//! | `12` where the schema wants a string | the string |
//! | `True` where the schema wants a truth | the string, which is coerced |
//! | nothing | the empty string |
//!
//! Of an argument that is given twice none is taken. A call whose end is missing, or the tag before it, may be
//! cut off: it is not to be run.

use std::collections::BTreeSet;

use super::super::Rule;
use super::super::parse::Doubt;
use super::super::reason::Reason;
use super::formats::{Format, Tags};
use super::{Arguments, Ending, Found, Group, Kind, Pair, Piece, Source};
use crate::repair::Finish;

/// Reads a call; `None` where none begins here.
pub(super) fn call(
    source: Source<'_>,
    (format, tags): (&Format, &Tags),
    at: usize,
) -> Option<Result<Group, Doubt>> {
    let begin = at + format.open.len();
    let (name, named) = name(source, tags, begin)?;
    let mut pairs = Vec::new();
    let mut tag = Rule::StripEnvelope;
    let mut cursor = named;
    // A value without its tag may end in the mark that ends the call, or hold it and be cut off.
    let (mut is_open, mut is_whole) = (true, true);
    while let Some(key) = source.behind(cursor, tags.key[0]) {
        let Some(length) = source.text[key..].find(tags.key[1]) else { break };
        let start = key + length + tags.key[1].len();
        let (name, kind) = attribute(&source.text[key..key + length]);
        let (end, next, rule) = value_end(source, tags, start);
        is_whole = rule == Rule::StripEnvelope;
        if !is_whole {
            tag = rule;
        }
        let value = if tags.lines { source.line(start..end) } else { start..end };
        pairs.push(Pair { name, value, kind });
        cursor = next;
        if next == source.text.len() && rule != Rule::StripEnvelope {
            break;
        }
    }
    let mut end = cursor;
    if let Some(close) = source.behind(cursor, tags.close) {
        (is_open, end) = (false, close);
    }
    if is_open && !source.text[cursor..].trim().is_empty() {
        return Some(Err(Doubt { reason: Reason::Structure, span: at..cursor }));
    }
    let (opened, end) = source.around(tags, at, end);
    let mut names = BTreeSet::new();
    let is_twice = pairs.iter().any(|pair: &Pair| !names.insert(&pair.name));
    let is_cut = (is_open || !is_whole) && source.finish == Finish::Length;
    let doubt = match (is_cut, is_twice) {
        (true, _) => Some(Doubt { reason: Reason::Truncated, span: cursor..end }),
        (_, true) => Some(Doubt { reason: Reason::DuplicateKey, span: at..end }),
        _ => None,
    };
    let close = if is_open { Rule::Insert } else { tag };
    let call = Found {
        format: format.name,
        name,
        span: at..end,
        arguments: Arguments::Tagged(named..cursor, pairs),
        marks: [if opened { Rule::StripEnvelope } else { Rule::Insert }, close],
        end: if is_open || !is_whole { Ending::Open } else { Ending::Whole },
        doubt,
    };
    let mut pieces = vec![Piece::Strip(Rule::StripEnvelope, at..named), Piece::Call(call)];
    if cursor < end {
        pieces.push(Piece::Strip(Rule::StripEnvelope, cursor..end));
    }
    Some(Ok(Group { pieces, end }))
}

/// The tool's name, and where the first argument may begin.
fn name(source: Source<'_>, tags: &Tags, begin: usize) -> Option<(String, usize)> {
    let text = source.text;
    let quote = text[begin..].chars().next().filter(|char| matches!(char, '"' | '\''));
    let start = source.solid(begin + quote.map_or(0, char::len_utf8));
    let name = source.name(start);
    let mut behind = start + name.len();
    if let Some(quote) = quote {
        behind = source.behind(behind, quote.encode_utf8(&mut [0; 4]))?;
    }
    let behind = text.len() - text[behind..].trim_start_matches(' ').len();
    let is_end = behind == text.len() && source.finish == Finish::Length;
    let mark = tags.named.iter().find(|mark| text[behind..].starts_with(**mark));
    // Only a bracket is a part of the name's tag; other marks begin what follows.
    let length = match mark {
        Some(&">") => 1,
        Some(_) => 0,
        None if is_end => 0,
        None => return None,
    };
    (!name.is_empty()).then(|| (name.to_owned(), behind + length))
}

/// The name in a tag, and what else the tag says.
fn attribute(text: &str) -> (String, Kind) {
    let text = text.trim();
    let text = text.strip_suffix("</arg_key>").unwrap_or(text).trim();
    let (name, rest) = match text.chars().next().filter(|char| matches!(char, '"' | '\'')) {
        Some(quote) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        None => (text, ""),
    };
    let kind = match rest.trim() {
        "string=\"true\"" => Kind::String,
        "string=\"false\"" => Kind::Json,
        _ => Kind::Either,
    };
    (name.to_owned(), kind)
}

/// Where a value ends, where reading goes on behind it, and whether its tag is there.
fn value_end(source: Source<'_>, tags: &Tags, start: usize) -> (usize, usize, Rule) {
    let rest = &source.text[start..];
    // A tag that is missing before the next argument, which begins a line. Nothing behind it is looked at, so
    // that many arguments take linear time.
    let next = rest.find(&format!("\n{}", tags.key[0])).map(|at| at + 1);
    let near = &rest[..next.unwrap_or(rest.len())];
    let next = next.map(|at| start + at);
    let follows = |at: usize| {
        let solid = source.solid(at);
        let next = &source.text[solid..];
        next.is_empty() || next.starts_with(tags.key[0]) || next.starts_with(tags.close)
    };
    let mut ends = near.match_indices(tags.end).map(|(end, _)| start + end);
    let first = ends.find(|end| follows(end + tags.end.len()));
    let close = near.find(tags.close).map(|at| start + at);
    match (first, next, close) {
        (Some(end), ..) => (end, end + tags.end.len(), Rule::StripEnvelope),
        (None, _, Some(close)) => (close, close, Rule::MendEnvelope),
        (None, Some(next), None) => (next, next, Rule::MendEnvelope),
        _ => (source.text.len(), source.text.len(), Rule::Insert),
    }
}

impl Source<'_> {
    /// A value without the line breaks that belong to its tags.
    fn line(self, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let text = &self.text[span.clone()];
        let start = span.start + usize::from(text.starts_with('\n'));
        let end = span.end - usize::from(text.len() > 1 && text.ends_with('\n'));
        start..end.max(start)
    }

    /// Whether what stands around a call is opened before it, and where it ends.
    fn around(self, tags: &Tags, at: usize, end: usize) -> (bool, usize) {
        let before = self.text[..at].trim_end();
        let is_opened = tags.around.iter().any(|[open, _]| before.ends_with(open));
        let close = tags.around.iter().find_map(|[_, close]| self.behind(end, close));
        (tags.around.is_empty() || is_opened, close.unwrap_or(end))
    }
}
