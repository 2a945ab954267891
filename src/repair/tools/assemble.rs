//! Makes one report of the parts of a reply: arguments are repaired under their tools' schemas, and all
//! edits together make JSON of the reply.
//!
//! Edits come from three places: what is taken away around calls, what a notation writes otherwise than JSON,
//! and what is wrong in arguments. The last are made on what the second give, and are moved back to the
//! reply ([`composed`]), so that one list of edits does all.
//!
//! Each call is judged by itself: one that is refused refuses the report, and leaves the others in the list
//! of calls as they are. None of a reply that takes a level that is not allowed is to be run.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::json;

use super::super::document;
use super::super::edit::{TextEdit, apply};
use super::super::locate::locate;
use super::super::outcome::{Refusal, Repaired, Status};
use super::super::parse::Doubt;
use super::super::patch::{Change, ValueEdit};
use super::super::reason::{Reason, Salvage};
use super::super::{Finish, Level, Options, Rule};
use super::{Arguments, Ending, Found, Piece, RepairedCall, RepairedCalls, Source, pairs};
use crate::schema::Validator;
use crate::schema::json::Json;

/// Puts all calls of a reply together.
pub(super) fn assemble(source: Source<'_>, options: &Options, pieces: &[Piece]) -> RepairedCalls {
    let mut whole =
        Assembly { source, options, validators: BTreeMap::new(), made: Vec::new(), is_open: false };
    let count = pieces.iter().filter(|piece| matches!(piece, Piece::Call(_))).count();
    let (mut edits, mut patch) = (Vec::new(), Vec::new());
    let (mut content, mut cursor) = (String::new(), 0);
    for piece in pieces {
        let span = match piece {
            Piece::Strip(_, span) => span.clone(),
            Piece::Call(found) => found.arguments.span(),
        };
        whole.text(cursor..span.start, (&mut edits, &mut content));
        match piece {
            Piece::Strip(rule, _) => {
                edits.push(TextEdit::new(source.text, *rule, span.clone(), ""))
            }
            Piece::Call(found) => {
                let (inner, values) = whole.call(found);
                whole.bracket(found, inner, (&mut edits, count));
                patch.extend(values);
            }
        }
        cursor = span.end;
    }
    whole.text(cursor..source.text.len(), (&mut edits, &mut content));
    let report = match count {
        // Nothing has to be done, and nothing is.
        0 => Repaired::made("{\"tool_calls\":[]}".to_owned(), Vec::new(), Vec::new()),
        _ => whole.report(edits, patch),
    };
    let is_beyond = matches!(&report.refusal, Some(refusal) if refusal.reason == Reason::Level);
    let call = |(call, _): (RepairedCall, Level)| {
        let executable = call.executable && !is_beyond;
        RepairedCall { executable, ..call }
    };
    let calls = whole.made.into_iter().map(call).collect();
    RepairedCalls { report, calls, content: content.trim().to_owned() }
}

/// The calls so far.
struct Assembly<'t> {
    source: Source<'t>,
    options: &'t Options,
    /// By the names of tools that were called.
    validators: BTreeMap<&'t str, Validator>,
    /// With the level that each took, or would take.
    made: Vec<(RepairedCall, Level)>,
    /// Whether one of them was not closed: what stands behind it may be a part of its arguments.
    is_open: bool,
}

impl Assembly<'_> {
    /// Text beside calls, which is kept as content.
    fn text(&self, span: Range<usize>, (edits, content): (&mut Vec<TextEdit>, &mut String)) {
        let text = &self.source.text[span.clone()];
        content.push_str(text);
        if !text.trim().is_empty() {
            edits.push(TextEdit::new(self.source.text, Rule::StripProse, span, ""));
        }
    }

    /// The edits of a call, with those that put JSON around its arguments.
    fn bracket(
        &self,
        found: &Found,
        inner: Vec<TextEdit>,
        (edits, count): (&mut Vec<TextEdit>, usize),
    ) {
        let index = self.made.len() - 1;
        let before = if index == 0 { "{\"tool_calls\":[" } else { "," };
        let behind = if index + 1 == count { "}]}" } else { "}" };
        let name = json!(found.name);
        let span = found.arguments.span();
        let mut put = |rule, at: usize, now: &str| {
            edits.push(TextEdit::new(self.source.text, rule, at..at, now));
        };
        put(found.marks[0], span.start, &format!("{before}{{\"name\":{name},\"arguments\":"));
        edits.extend(inner);
        edits.push(TextEdit::new(self.source.text, found.marks[1], span.end..span.end, behind));
    }

    /// Repairs a call, and gives the edits of its arguments.
    fn call(&mut self, found: &Found) -> (Vec<TextEdit>, Vec<ValueEdit>) {
        let refused = |reason, span| Repaired::refused(Level::Extract, reason, span);
        let repaired = match &found.doubt {
            Some(doubt) if doubt.reason == Reason::Truncated => self.truncated(found),
            Some(doubt) => refused(doubt.reason, doubt.span.clone()),
            None => self.arguments(found, Finish::Stop),
        };
        self.is_open |= found.end == Ending::Open;
        let is_whole = !self.is_open && repaired.status < Status::Lossy;
        let names = self.source.tools.nearest(&found.name);
        let is_unknown =
            repaired.refusal.as_ref().is_some_and(|refusal| refusal.reason == Reason::UnknownTool);
        let json = repaired.text.as_deref().and_then(|text| Json::parse(text, usize::MAX).ok());
        let call = RepairedCall {
            name: found.name.clone(),
            format: found.format,
            span: found.span.clone(),
            arguments: json.map(|json| json.written()),
            executable: is_whole && repaired.refusal.is_none(),
            refusal: repaired.refusal,
            violations: repaired.violations,
            alternatives: repaired.alternatives,
            suggestions: names.into_iter().filter(|_| is_unknown).map(str::to_owned).collect(),
        };
        let index = self.made.len();
        self.made.push((call, repaired.level));
        let patch = repaired.patch.into_iter().map(|edit| moved(edit, index)).collect();
        (repaired.edits, patch)
    }

    /// A call that was cut off: refused, with what is whole of its arguments where that is allowed.
    fn truncated(&mut self, found: &Found) -> Repaired {
        let span = found.arguments.span().start..self.source.text.len();
        let refusal = Refusal { reason: Reason::TruncatedCall, span };
        let is_allowed = self.options.level == Level::Salvage
            && self.options.allow.contains(&Salvage::Incomplete);
        let partial = match is_allowed {
            true => self.arguments(found, Finish::Length),
            false => Repaired::refused(Level::Salvage, Reason::TruncatedCall, 0..0),
        };
        let (edits, patch) = (Vec::new(), Vec::new());
        Repaired { status: Status::Failed, refusal: Some(refusal), edits, patch, ..partial }
    }

    /// Repairs the arguments of a call under the schema of its tool; edits and spans are those of the
    /// whole reply.
    fn arguments(&mut self, found: &Found, finish: Finish) -> Repaired {
        let span = found.arguments.span();
        let source = self.source;
        let tool = source.tools.tools().iter().find(|tool| tool.name() == found.name);
        let Some(tool) = tool else {
            return Repaired::refused(Level::Extract, Reason::UnknownTool, found.span.clone());
        };
        if !self.validators.contains_key(tool.name()) {
            let Ok(validator) = Validator::new(tool.parameters(), tool.schema().options()) else {
                return Repaired::refused(Level::Extract, Reason::Schema, span);
            };
            self.validators.insert(tool.name(), validator);
        }
        let validator = &self.validators[tool.name()];
        let lowered = match found.arguments.lowered(source.text, validator) {
            Ok(lowered) => lowered,
            Err(doubt) => return Repaired::refused(Level::Coerce, doubt.reason, doubt.span),
        };
        let structure = || Repaired::refused(Level::Syntax, Reason::Structure, span.clone());
        let Some(json) = written(source.text, &span, &lowered) else { return structure() };
        let mut options = Options { finish, ..self.options.clone() };
        if let Arguments::Spelled(..) = found.arguments {
            // What is the notation's own takes no level; the rest is found at the end.
            options.level = options.level.max(Level::Syntax);
        }
        let mut repaired = document::repair(&json, Some(validator), &options);
        if let Arguments::Spelled(..) = found.arguments {
            // A word that is no literal is a name in Python, of which the value is not known.
            let is_python = source.text[span.clone()].starts_with('(');
            if is_python && repaired.edits.iter().any(|edit| edit.rule == Rule::QuoteValue) {
                return structure();
            }
            repaired.edits.iter_mut().for_each(spelled);
        }
        let Some(edits) = composed(&lowered, span.start, &repaired.edits) else {
            return structure();
        };
        if let Some(refusal) = &mut repaired.refusal {
            let is_plain = lowered.is_empty();
            let at = |at: usize| (span.start + at).min(span.end);
            let plain = at(refusal.span.start)..at(refusal.span.end);
            refusal.span = if is_plain { plain } else { span.clone() };
        }
        for dropped in &mut repaired.dropped {
            dropped.span = dropped.span.start + span.start..dropped.span.end + span.start;
        }
        Repaired { edits, ..repaired }
    }

    /// The report of all calls.
    fn report(&self, mut edits: Vec<TextEdit>, patch: Vec<ValueEdit>) -> Repaired {
        let refused =
            self.made.iter().find_map(|(call, level)| Some((call, level, call.refusal.as_ref()?)));
        if let Some((call, level, refusal)) = refused {
            let report = Repaired::refused(*level, refusal.reason, refusal.span.clone());
            let (violations, alternatives) = (call.violations.clone(), call.alternatives.clone());
            return Repaired { violations, alternatives, ..report };
        }
        let applied = apply(self.source.text, &edits);
        let applied = applied.filter(|text| Json::parse(text, usize::MAX).is_ok());
        let Some(applied) = applied else {
            let all = 0..self.source.text.len();
            return Repaired::refused(Level::Syntax, Reason::Structure, all);
        };
        locate(&applied, &mut edits);
        let text = match patch.is_empty() {
            true => applied,
            false => self.written(),
        };
        let made = Repaired::made(text, edits, patch);
        match made.level > self.options.level {
            true => Repaired::refused(made.level, Reason::Level, 0..self.source.text.len()),
            false => made,
        }
    }

    /// All calls as JSON on one line.
    fn written(&self) -> String {
        let call = |(call, _): &(RepairedCall, Level)| {
            let arguments = call.arguments.as_deref().unwrap_or("null");
            format!("{{\"name\":{},\"arguments\":{arguments}}}", json!(call.name))
        };
        let calls: Vec<String> = self.made.iter().map(call).collect();
        format!("{{\"tool_calls\":[{}]}}", calls.join(","))
    }
}

/// The edit of arguments as one of the value that holds all calls.
fn moved(edit: ValueEdit, index: usize) -> ValueEdit {
    let at = |pointer: &str| format!("/tool_calls/{index}/arguments{pointer}");
    let change = match edit.change {
        Change::Move(to) => Change::Move(at(&to)),
        change => change,
    };
    ValueEdit { pointer: at(&edit.pointer), change, ..edit }
}

/// What the notation writes otherwise than JSON is no fault of the reply.
fn spelled(edit: &mut TextEdit) {
    if matches!(
        edit.rule,
        Rule::QuoteKey
            | Rule::Requote
            | Rule::Literal
            | Rule::TupleToArray
            | Rule::EscapeQuote
            | Rule::UnescapeQuote
    ) {
        edit.rule = Rule::StripEnvelope;
    }
}

/// The arguments with the edits of their notation.
pub(super) fn written(text: &str, span: &Range<usize>, edits: &[TextEdit]) -> Option<String> {
    let inside = |edit: &TextEdit| {
        let span = edit.span.start - span.start..edit.span.end - span.start;
        TextEdit { span, ..edit.clone() }
    };
    let edits: Vec<TextEdit> = edits.iter().map(inside).collect();
    apply(&text[span.clone()], &edits)
}

/// Edits of a text from `start` on, and edits of what they give, as edits of that text; `None` where one
/// of the second changes what one of the first put in.
fn composed(first: &[TextEdit], start: usize, second: &[TextEdit]) -> Option<Vec<TextEdit>> {
    let mut all = Vec::with_capacity(first.len() + second.len());
    let mut first = first.iter().peekable();
    let (mut put_in, mut taken) = (0, 0);
    for edit in second {
        while let Some(before) = first.peek() {
            let begin = before.span.start + put_in - taken - start;
            let end = begin + before.now.len();
            if end > edit.span.start {
                if begin < edit.span.end.max(edit.span.start) {
                    return None;
                }
                break;
            }
            put_in += before.now.len();
            taken += before.was.len();
            all.extend(first.next().cloned());
        }
        let at = |at: usize| at + start + taken - put_in;
        all.push(TextEdit { span: at(edit.span.start)..at(edit.span.end), ..edit.clone() });
    }
    all.extend(first.cloned());
    Some(all)
}

impl Arguments {
    /// Where they stand.
    fn span(&self) -> Range<usize> {
        match self {
            Self::Json(span) | Self::Spelled(span, _) | Self::Tagged(span, _) => span.clone(),
            Self::Absent(at) => *at..*at,
        }
    }

    /// The edits that make JSON of their notation.
    ///
    /// # Errors
    /// [`Doubt`] where it can be JSON in two ways.
    fn lowered(&self, text: &str, validator: &Validator) -> Result<Vec<TextEdit>, Doubt> {
        Ok(match self {
            Self::Json(_) => Vec::new(),
            Self::Absent(at) => vec![TextEdit::new(text, Rule::StripEnvelope, *at..*at, "{}")],
            Self::Spelled(_, edits) => edits.clone(),
            Self::Tagged(span, pairs) => return pairs::lowered(text, span, pairs, validator),
        })
    }
}
