//! Tells thoughts, marks and calls in a reply apart from its text.
//!
//! Thoughts are passed wherever they stand, and what stands before the end of thoughts that the prompt began
//! is one too: drafts of calls are none. That end is looked for outside calls, whose arguments may hold it.
//!
//! | part of a reply | becomes |
//! |---|---|
//! | thoughts, closed or not | nothing |
//! | a call that can be read | a call |
//! | what begins as a call and cannot be read | a call that is refused: what was meant as one is no text |
//! | marks around calls, and at the ends of messages | nothing |
//! | JSON without marks | text, unless it is the whole reply as Llama 3 writes a call |
//! | a list of calls in Python that is the whole reply, perhaps as a block of code | calls |
//! | all the rest | text, which is kept as content |
//!
//! So a reply that only speaks of `<tool_call>` is text, as no end of a call follows.

use super::super::Rule;
use super::super::parse::Doubt;
use super::super::reason::Reason;
use super::formats::{Body, ENDS, FORMATS, Format, Keys, MARKS, THOUGHTS};
use super::{Arguments, Ending, Found, Group, Piece, Source, objects, spelled, tagged};

/// What the marks of [`FORMATS`], [`THOUGHTS`], [`MARKS`] and [`ENDS`] begin with.
const SIGNS: [char; 5] = ['<', '[', '>', 'f', 't'];

/// So many marks of calls are read: each may look at all that is behind it.
const CALLS: usize = 1_000;

/// The parts of a reply that are no plain text, in their order.
pub(super) fn pieces(source: Source<'_>) -> Vec<Piece> {
    let text = source.text;
    let (mut pieces, mut at) = (Vec::new(), 0);
    if text.starts_with('\u{feff}') {
        at = '\u{feff}'.len_utf8();
        pieces.push(Piece::Strip(Rule::StripBom, 0..at));
    }
    let (mut is_begin, mut tried) = (true, 0);
    while at < text.len() {
        let solid = source.solid(at);
        if std::mem::take(&mut is_begin)
            && let Some(group) = unmarked(source, solid).or_else(|| fenced(source, solid))
        {
            at = group.end;
            pieces.extend(group.pieces);
            continue;
        }
        let Some(sign) = text[at..].find(SIGNS).map(|length| at + length) else { break };
        if let Some((group, is_orphan)) = thought(source, sign) {
            if is_orphan {
                pieces.clear();
            }
            is_begin = true;
            at = group.end;
            pieces.extend(group.pieces);
        } else if let Some(group) = marked(source, sign, &mut tried).or_else(|| mark(source, sign))
        {
            at = group.end;
            pieces.extend(group.pieces);
        } else {
            at = sign + 1;
        }
    }
    pieces
}

/// A thought that begins at a place, or one that ends there and began in the prompt.
fn thought(source: Source<'_>, at: usize) -> Option<(Group, bool)> {
    let rest = &source.text[at..];
    let strip = |span: std::ops::Range<usize>| {
        let end = span.end;
        Group { pieces: vec![Piece::Strip(Rule::StripThink, span)], end }
    };
    for [open, close] in THOUGHTS {
        if let Some(inside) = rest.strip_prefix(open) {
            let begin = at + open.len();
            let end = match close {
                "<|end|>" => begin + message(inside),
                _ => inside.find(close).map_or(source.text.len(), |end| begin + end + close.len()),
            };
            return Some((strip(at..end), false));
        }
        if close != "<|end|>" && rest.starts_with(close) {
            return Some((strip(0..at + close.len()), true));
        }
    }
    None
}

/// The length of a message in a reply of several: up to its end, or to where the next one begins.
///
/// All marks are looked for at once, so that many messages take linear time.
fn message(text: &str) -> usize {
    let mut marks = text.match_indices("<|");
    let end = marks.find_map(|(at, _)| match &text[at..] {
        rest if rest.starts_with("<|end|>") => Some(at + "<|end|>".len()),
        rest if rest.starts_with("<|start|>") || rest.starts_with("<|channel|>") => Some(at),
        _ => None,
    });
    end.unwrap_or(text.len())
}

/// A call, or a list of them, that a mark begins.
fn marked(source: Source<'_>, at: usize, tried: &mut usize) -> Option<Group> {
    let rest = &source.text[at..];
    let is_there = |format: &&Format| !format.open.is_empty() && rest.starts_with(format.open);
    let mut rows: Vec<&Format> = FORMATS.iter().filter(is_there).collect();
    rows.sort_by_key(|format| std::cmp::Reverse(format.open.len()));
    let first = rows.first()?;
    *tried += 1;
    if *tried > CALLS {
        let rest = at..source.text.len();
        let doubt = Doubt { reason: Reason::Size, span: rest };
        return Some(unreadable(source, first, (at, doubt)));
    }
    let mut broken = None;
    for &format in &rows {
        match read(source, format, at) {
            Some(Ok(group)) => return Some(group),
            Some(Err(doubt)) => broken = broken.or(Some((format, doubt))),
            None => {}
        }
    }
    // A mark that stands around others is none of a call; with its end behind it, it was meant as one.
    let closed = rows.iter().find(|format| {
        let inside = &rest[format.open.len()..];
        !format.close.is_empty()
            && !inside.trim_start().starts_with('<')
            && inside.contains(format.close)
    });
    let closed = closed.map(|format| (*format, unread(at..at + format.open.len())));
    let (format, doubt) = broken.or(closed)?;
    Some(unreadable(source, format, (at, doubt)))
}

/// A call that a notation begins and cannot be read: it is no text.
fn unreadable(source: Source<'_>, format: &Format, (at, doubt): (usize, Doubt)) -> Group {
    let end = match doubt.reason {
        Reason::Size => source.text.len(),
        _ => close_of(source, format, at),
    };
    let call = Found {
        format: format.name,
        name: String::new(),
        span: at..end,
        arguments: Arguments::Absent(at),
        marks: [Rule::StripEnvelope; 2],
        end: Ending::Whole,
        doubt: Some(doubt),
    };
    let pieces = vec![Piece::Call(call), Piece::Strip(Rule::StripEnvelope, at..end)];
    Group { pieces, end }
}

/// Behind the next mark that closes a call which cannot be read.
fn close_of(source: Source<'_>, format: &Format, at: usize) -> usize {
    let close = match format.body {
        Body::Tagged(tags) => tags.close,
        _ => format.close,
    };
    let end = source.text[at..].find(close).filter(|_| !close.is_empty());
    end.map_or(source.text.len(), |end| at + end + close.len())
}

/// Reads a body; `None` where it cannot begin here.
fn read(source: Source<'_>, format: &Format, at: usize) -> Option<Result<Group, Doubt>> {
    let inside = at + format.open.len();
    let solid = source.unfenced(inside);
    let first = source.text[solid..].chars().next();
    match format.body {
        Body::Objects(keys) => {
            matches!(first, Some('{' | '[')).then(|| objects::list(source, format, keys, at))
        }
        Body::List(keys) => (first == Some('[')).then(|| objects::list(source, format, keys, at)),
        Body::Headed(between) => objects::headed(source, format, between, at),
        Body::Tagged(tags) => tagged::call(source, (format, tags), at),
        Body::Python => spelled::python(source, format, at),
        Body::Delimited(quote) => spelled::delimited(source, format, quote, at),
    }
}

/// Calls without a mark, which only a whole reply may be: a list as Python writes it, or an object of
/// Llama 3 with the name of a tool.
fn unmarked(source: Source<'_>, at: usize) -> Option<Group> {
    let rest = &source.text[at..];
    let name = |at: usize| source.name(at);
    let is_list = rest.starts_with('[') && {
        let first = source.solid(at + 1);
        let name = name(first);
        !name.is_empty() && source.text[first + name.len()..].starts_with('(')
    };
    let is_object = rest.starts_with('{');
    let is_body = |format: &&Format| match format.body {
        Body::Python => is_list,
        Body::Objects(Keys::Named(..)) => is_object,
        _ => false,
    };
    let format = FORMATS.iter().find(|format| format.open.is_empty() && is_body(format))?;
    let is_tool = |name: &str| source.tools.tools().iter().any(|tool| tool.name() == name);
    let group = match read(source, format, at)? {
        Ok(group) => group,
        Err(doubt) if is_list && is_tool(name(source.solid(at + 1))) => {
            return Some(unreadable(source, format, (at, doubt)));
        }
        Err(_) => return None,
    };
    let is_known = |found: &Found| is_tool(&found.name);
    let is_alone = source.text[group.end..].trim().is_empty();
    let is_meant = group.pieces.iter().all(|piece| match piece {
        Piece::Call(found) if is_object => is_known(found) && found.is_named(source, "parameters"),
        Piece::Call(found) => is_known(found) || is_alone,
        Piece::Strip(..) => true,
    });
    (is_meant && (is_alone || is_list)).then_some(group)
}

/// A list as Python writes it, in a block of code that is the whole reply.
fn fenced(source: Source<'_>, at: usize) -> Option<Group> {
    let line = source.text[at..].strip_prefix("```")?.split_once('\n')?.0;
    let begin = at + "```".len() + line.len();
    let is_label = line.trim_end().chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    let start = source.solid(begin);
    if !is_label || !source.text[start..].starts_with('[') {
        return None;
    }
    let Group { mut pieces, end } = unmarked(source, start)?;
    let fence = source.behind(end, "```")?;
    if !source.text[fence..].trim().is_empty() {
        return None;
    }
    pieces.insert(0, Piece::Strip(Rule::StripFence, at..start));
    pieces.push(Piece::Strip(Rule::StripFence, end..fence));
    Some(Group { pieces, end: fence })
}

/// A mark that says nothing itself.
fn mark(source: Source<'_>, at: usize) -> Option<Group> {
    let rest = &source.text[at..];
    let mark = MARKS
        .into_iter()
        .chain(ENDS)
        .filter(|mark| rest.starts_with(mark))
        .max_by_key(|mark| mark.len())?;
    let end = at + mark.len();
    Some(Group { pieces: vec![Piece::Strip(Rule::StripEnvelope, at..end)], end })
}

/// That a call cannot be read from a place on.
pub(super) fn unread(span: std::ops::Range<usize>) -> Doubt {
    Doubt { reason: Reason::Structure, span }
}
