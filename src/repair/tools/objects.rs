//! Calls whose arguments are JSON: objects that name the tool, and objects behind a name.
//!
//! Where the JSON ends, its reader says and not the mark behind it, which may stand in a string. Only where
//! the JSON is broken the marks are tried as its ends, and the nearest reading is taken.
//!
//! | what stands there | becomes |
//! |---|---|
//! | the name of the tool without arguments, alone or with an id | `{}`, which its schema may refuse |
//! | the same with other members, which may be meant as arguments | a refusal |
//! | `"parameters"` where the notation has `"arguments"` | the arguments, with an edit that says so |
//! | both, or beside them a member that the tool has an argument for | a refusal |
//! | other members, as an id | nothing: the edits have them |
//! | null or an empty string in their place | as without arguments |
//! | a block of code around the object | the object |
//! | several objects behind one mark | as many calls |
//!
//! The arguments are repaired by themselves, as the slice of the reply that they are: what is wrong around
//! them is a fault of the call, and not theirs.

use super::super::parse::{Doubt, Member, Object, Parsed, Region};
use super::super::reading::read;
use super::super::reason::Reason;
use super::super::{Finish, Rule, TextEdit};
use super::find::unread;
use super::formats::{Format, Keys};
use super::{Arguments, Ending, Found, Group, Piece, Source};

/// So many closing marks are tried as the end of broken JSON.
const ENDS: usize = 8;
/// Members beside a name that only say which call it is.
const LABELS: [&str; 5] = ["id", "type", "index", "call_id", "tool_call_id"];
/// So far from a name its arguments may begin.
const HEADER: usize = 200;

/// JSON in a reply.
struct Extent {
    parsed: Parsed,
    ending: Ending,
    /// What cuts it off, or cannot be decided within it.
    doubt: Option<Doubt>,
}

/// Objects that name tools, or an array of them.
pub(super) fn list(
    source: Source<'_>,
    format: &Format,
    keys: Keys,
    at: usize,
) -> Result<Group, Doubt> {
    let (mut pieces, mut cursor) = (Vec::new(), at);
    let begin = source.solid(at + format.open.len());
    let mut start = source.unfenced(begin);
    let is_fenced = begin < start;
    loop {
        let extent = extent(source, format, start)?;
        let end = extent.parsed.end;
        if extent.parsed.objects.is_empty() {
            return Err(extent.doubt.unwrap_or_else(|| unread(start..end)));
        }
        for object in &extent.parsed.objects {
            cursor = call(source, (format, keys), (&extent, object), (&mut pieces, cursor));
        }
        let last = extent.parsed.objects.last().map_or(end, |object| object.span.end);
        if extent.parsed.edits.iter().any(|edit| edit.span.start >= last) {
            close_last(&mut pieces);
        }
        // Behind one object another may follow, with a sign between or none.
        let next = source.text[end..].trim_start_matches([';', ',', ' ', '\n', '\t', '\r']);
        start = source.text.len() - next.len();
        if next.starts_with('{') {
            continue;
        }
        let fence = source.behind(end, "```").filter(|_| is_fenced);
        let end = fence.unwrap_or(end);
        let close = source.behind(end, format.close);
        let end = close.unwrap_or(end);
        if close.is_none() && !format.close.is_empty() {
            close_last(&mut pieces);
        }
        if cursor < end {
            pieces.push(Piece::Strip(Rule::StripEnvelope, cursor..end));
        }
        return Ok(Group { pieces, end });
    }
}

/// The mark behind the last call is missing.
fn close_last(pieces: &mut [Piece]) {
    let last = pieces.iter_mut().rev().find_map(|piece| match piece {
        Piece::Call(found) => Some(found),
        Piece::Strip(..) => None,
    });
    if let Some(found) = last {
        found.marks[1] = Rule::Insert;
    }
}

/// One object; gives where its arguments end.
fn call(
    source: Source<'_>,
    (format, keys): (&Format, Keys),
    (extent, object): (&Extent, &Object),
    (pieces, cursor): (&mut Vec<Piece>, usize),
) -> usize {
    let Named { name, arguments, native, is_unclear } = named(source, keys, &object.members);
    let span = object.span.clone();
    let inside = arguments.map_or(span.start..span.start, |member| {
        let is_cut = extent.doubt.as_ref().is_some_and(|doubt| doubt.reason == Reason::Truncated);
        let end =
            if is_cut && member.span.end <= member.value { span.end } else { member.span.end };
        member.value..end
    });
    let mut edits = extent
        .parsed
        .edits
        .iter()
        .filter(|edit| span.start <= edit.span.start && edit.span.end <= span.end);
    // What is put in right behind the arguments may be a part of them.
    let is_outside = |edit: &TextEdit| edit.span.end <= inside.start || edit.span.end > inside.end;
    let rule = if edits.any(is_outside) { Rule::MendEnvelope } else { Rule::StripEnvelope };
    match arguments.filter(|member| !native.is_empty() && !native.contains(&&*member.name)) {
        Some(member) => {
            pieces.push(Piece::Strip(rule, cursor..member.span.start));
            pieces.push(Piece::Strip(Rule::RenameKey, member.span.start..member.value));
        }
        None if cursor < inside.start => pieces.push(Piece::Strip(rule, cursor..inside.start)),
        None => {}
    }
    let outer = extent
        .parsed
        .doubts
        .iter()
        .find(|doubt| doubt.span.end <= inside.start && doubt.span.start >= span.start);
    let doubt = is_unclear.then(|| unread(span.clone())).or(outer.cloned());
    let is_last = span.end >= extent.parsed.end.min(source.text.trim_end().len());
    let doubt =
        doubt.or(extent.doubt.clone().filter(|doubt| doubt.reason == Reason::Truncated && is_last));
    pieces.push(Piece::Call(Found {
        format: format.name,
        name,
        span: cursor..span.end,
        arguments: match arguments {
            Some(_) => Arguments::Json(inside.clone()),
            None => Arguments::Absent(inside.start),
        },
        // Without a sign of its own behind the arguments, the object's bracket was put in.
        marks: [
            Rule::StripEnvelope,
            if inside.end == span.end { Rule::Insert } else { Rule::StripEnvelope },
        ],
        end: extent.ending,
        doubt,
    }));
    inside.end
}

/// What the members of an object say of a call.
struct Named<'o> {
    name: String,
    arguments: Option<&'o Member>,
    /// The names of arguments in this notation; none where they have no name.
    native: &'static [&'static str],
    /// Whether others of them may be arguments too.
    is_unclear: bool,
}

/// Tells which members say what is called.
fn named<'o>(source: Source<'_>, keys: Keys, members: &'o [Member]) -> Named<'o> {
    let Keys::Named(key, native) = keys else {
        let arguments = members.first().filter(|_| members.len() == 1);
        let name = arguments.map(|only| only.name.clone()).unwrap_or_default();
        return Named { name, arguments, native: &[], is_unclear: false };
    };
    let value = |member: &Member| source.text[member.value..member.span.end].trim();
    let is_name = |member: &&Member| member.name == key || member.name == "name";
    let is_arguments = |member: &&Member| matches!(&*member.name, "arguments" | "parameters");
    let name = members.iter().find(is_name).map(|name| unquoted(value(name)));
    let name = name.unwrap_or_default();
    let is_there = |member: &&Member| !matches!(value(member), "null" | "None" | "\"\"");
    let arguments = members.iter().find(is_arguments).filter(is_there);
    // What the tool would take as an argument is not left out as an id is.
    let tool = source.tools.tools().iter().find(|tool| tool.name() == name);
    let properties = tool.and_then(|tool| tool.parameters()["properties"].as_object());
    let is_stray = |member: &&Member| {
        let is_property = properties.is_some_and(|all| all.contains_key(&member.name));
        let is_known = is_name(member) || is_arguments(member);
        !is_known && (is_property || arguments.is_none() && !LABELS.contains(&&*member.name))
    };
    let is_unclear =
        members.iter().filter(is_arguments).count() > 1 || members.iter().any(|it| is_stray(&it));
    Named { name, arguments, native, is_unclear }
}

/// A name, and its arguments behind it.
pub(super) fn headed(
    source: Source<'_>,
    format: &Format,
    between: &str,
    at: usize,
) -> Option<Result<Group, Doubt>> {
    let text = source.text;
    let header = at + format.open.len();
    let name = source.name(source.solid(header));
    let behind = source.solid(header) + name.len();
    let window = &text[behind..text.floor_char_boundary(behind + HEADER)];
    let mark = window.find(between).filter(|_| !name.is_empty())?;
    let start = source.unfenced(behind + mark + between.len());
    let is_list =
        text[start..].starts_with('[') && text[source.solid(start + 1)..].starts_with('{');
    if !text[start..].starts_with('{') && !is_list && start < text.len() {
        return None;
    }
    let whole = extent(source, format, start);
    Some(whole.map(|extent| {
        let mut end = extent.parsed.end;
        let span = start..end;
        end = source.behind(end, "```").unwrap_or(end);
        let close = source.behind(end, format.close);
        end = close.unwrap_or(end);
        let is_missing = close.is_none() && !format.close.is_empty();
        let mark = if is_missing { Rule::Insert } else { Rule::StripEnvelope };
        let call = Found {
            format: format.name,
            name: name.to_owned(),
            span: at..end,
            arguments: Arguments::Json(span.clone()),
            marks: [Rule::StripEnvelope, mark],
            end: extent.ending,
            doubt: extent.doubt.filter(|doubt| doubt.reason == Reason::Truncated),
        };
        let mut pieces = vec![Piece::Strip(Rule::StripEnvelope, at..span.start), Piece::Call(call)];
        if span.end < end {
            pieces.push(Piece::Strip(Rule::StripEnvelope, span.end..end));
        }
        Group { pieces, end }
    }))
}

/// The JSON that begins at a place, in its nearest reading.
fn extent(source: Source<'_>, format: &Format, start: usize) -> Result<Extent, Doubt> {
    let Source { text, finish, depth, .. } = source;
    let solid_end = text.trim_end().len();
    let attempt = |end: usize| {
        let is_end = end == text.len();
        let finish = if is_end { finish } else { Finish::Stop };
        read(Region { text: &text[..end], start, finish, depth }).map(|readings| readings.best)
    };
    let whole = attempt(text.len());
    let mut found: Vec<Parsed> = Vec::new();
    let is_sound = whole.as_ref().is_ok_and(|best| best.cost == 0 && best.doubts.is_empty());
    if !is_sound && !format.close.is_empty() {
        let ends = text[start..].match_indices(format.close).take(ENDS);
        for end in ends.map(|(end, _)| start + end) {
            let solid = text[..end].trim_end().len();
            // A mark within a string does not end the string.
            let ends_string = |parsed: &Parsed| {
                let mut edits = parsed.edits.iter();
                edits.any(|edit| edit.rule == Rule::InsertQuote && edit.span.start >= solid)
            };
            found.extend(attempt(end).ok().filter(|parsed| !ends_string(parsed)));
        }
    }
    let refusal = match whole {
        Ok(best) => {
            found.push(best);
            None
        }
        Err(doubt) => Some(doubt),
    };
    let nearest = found.into_iter().min_by_key(|parsed| (!parsed.doubts.is_empty(), parsed.cost));
    let Some(parsed) = nearest else { return Err(refusal.unwrap_or_else(|| unread(start..start))) };
    // What goes on as JSON does was a part of it: the end was read where it is not.
    let goes_on = text[parsed.end..].trim_start().starts_with([',', ':', '}', ']', '"']);
    if goes_on && (parsed.cost > 0 || !parsed.doubts.is_empty()) {
        return Err(unread(start..parsed.end));
    }
    let closes = |edit: &TextEdit| {
        matches!(edit.rule, Rule::Insert | Rule::InsertQuote | Rule::DropIncomplete)
            && edit.span.end >= solid_end
    };
    let ending = if parsed.edits.iter().any(closes) { Ending::Open } else { Ending::Whole };
    let doubt = parsed.doubts.first().cloned();
    Ok(Extent { parsed, ending, doubt })
}

/// What a name says that may stand in quotes.
fn unquoted(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches(['"', '\'']).to_owned())
}

impl Found {
    /// Whether its arguments stand behind a name.
    pub(super) fn is_named(&self, source: Source<'_>, name: &str) -> bool {
        let Arguments::Json(span) = &self.arguments else { return false };
        let before = source.text[..span.start].trim_end();
        let before = before.strip_suffix(':').unwrap_or(before).trim_end();
        before.trim_end_matches(['"', '\'']).ends_with(name)
    }
}
