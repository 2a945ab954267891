//! Reads a text as JSON where it is nearly so, and notes what has to be edited.
//!
//! It goes from left to right over the text with a stack of its own, so that nesting costs no stack
//! of the machine and reading can stop and go on at any byte. It looks ahead over blanks and
//! [`WINDOW`] bytes at most, so it takes linear time. Nothing is decoded: numbers and strings stay as they
//! are written, and only what is wrong is noted.
//!
//! Where a sign can be meant in two ways, [`Choices`] say which is taken, and [`Parsed`] tells that it
//! happened. What is in doubt whatever is chosen is a [`Doubt`].

mod blank;
mod closers;
mod members;
mod strings;
mod words;

pub(super) use words::is_number;

use std::ops::Range;

use super::Finish;
use super::edit::{Class, Rule, TextEdit};
use super::outcome::State;
use super::reason::Reason;

/// How far the reader looks ahead.
const WINDOW: usize = 256;

/// A text with more doubts is none that was meant as JSON.
const DOUBTS: usize = 200;

/// How signs are taken that can be meant in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) quotes: Quotes,
    pub(super) closers: Closers,
    pub(super) missing: Missing,
    pub(super) objects: Objects,
}

/// What becomes of a name without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The text has no reading.
    Refused,
    /// It is dropped.
    Dropped,
}

/// Whether the outermost objects are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objects {
    /// They are.
    Told,
    /// Nobody asks for them.
    Untold,
}

/// What a quote is that ends no string where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// A character of its string.
    Inner,
    /// The begin of the next string: the end of the last is missing.
    Missing,
}

/// What a closing bracket is that does not fit the last opening one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closers {
    /// It is right, and others are missing before it.
    Insert,
    /// It is wrong.
    Replace,
}

/// Where a text begins and how it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region<'t> {
    /// Up to where the value may reach.
    pub(super) text: &'t str,
    /// Where the value begins.
    pub(super) start: usize,
    pub(super) finish: Finish,
    /// How deep brackets may be nested.
    pub(super) depth: usize,
}

/// What has to be done to make a value of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    /// In the order of their spans.
    pub(super) edits: Vec<TextEdit>,
    pub(super) doubts: Vec<Doubt>,
    /// Values without quotes that may be strings or something else.
    pub(super) words: Vec<Word>,
    /// Where the value ends.
    pub(super) end: usize,
    /// How far the text is from JSON.
    pub(super) cost: usize,
    /// Whether [`Choices::quotes`] was asked.
    pub(super) chose_quotes: bool,
    /// Whether [`Choices::closers`] was asked.
    pub(super) chose_closers: bool,
    /// What the end of the text cut off.
    pub(super) states: Vec<(String, State)>,
    /// Whether a bracket was put in at the end that may be missing further ahead.
    pub(super) closes_late: bool,
    /// The outermost objects, if they are told: the value itself, or the items of the array that it is.
    pub(super) objects: Vec<Object>,
}

/// An object and where its members stand.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) span: Range<usize>,
    pub(super) members: Vec<Member>,
}

/// Something that can be read in several ways, or in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) reason: Reason,
    pub(super) span: Range<usize>,
}

/// A value without quotes that may be a string or something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) span: Range<usize>,
    /// Why it is in doubt.
    pub(super) reason: Reason,
    /// The number that it may be, as JSON writes it.
    pub(super) number: Option<String>,
    /// The JSON pointer of the value.
    pub(super) pointer: String,
}

/// Reads the value that begins a region.
///
/// # Errors
/// [`Doubt`] where reading cannot go on.
pub(super) fn parse(region: Region<'_>, choices: Choices) -> Result<Parsed, Doubt> {
    let Region { text, start, finish, depth } = region;
    let mut parser = Parser {
        text,
        at: start,
        finish,
        depth,
        choices,
        frames: Vec::new(),
        members: Vec::new(),
        last_nested: None,
        last_bare: None,
        parsed: Parsed::default(),
    };
    parser.run()?;
    let mut parsed = parser.parsed;
    parsed.edits.sort_by_key(|edit| edit.span.start);
    Ok(parsed)
}

/// A text and how far it was read.
struct Parser<'t> {
    text: &'t str,
    /// On a character's boundary.
    at: usize,
    finish: Finish,
    depth: usize,
    choices: Choices,
    frames: Vec<Frame>,
    /// The members so far of all objects that are open.
    members: Vec<Spot>,
    /// Where the last bracket with several children was closed that stands in one of its kind.
    last_nested: Option<usize>,
    /// Where the last value begins that took quotes on both sides.
    last_bare: Option<usize>,
    parsed: Parsed,
}

/// A bracket that is open.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    open: usize,
    after: After,
    /// Where the last child that is whole ends; behind the bracket where there is none.
    last_end: usize,
    /// The number of edits at that place.
    edits: usize,
    /// The number of edits before the bracket.
    first_edit: usize,
    /// The number of children.
    count: usize,
    /// The number of members before its own ([`Parser::members`]).
    first_member: usize,
}

/// A member of an object that is open.
#[derive(Debug)]
struct Spot {
    name: Name,
    /// From its name to the end of its value.
    span: Range<usize>,
    /// Where its value begins.
    value: usize,
}

/// The name of a member.
#[derive(Debug)]
enum Name {
    /// It says what stands there.
    Plain(Range<usize>),
    /// It is written otherwise.
    Other(String),
}

impl Name {
    /// What it says.
    fn of<'n>(&'n self, text: &'n str) -> &'n str {
        match self {
            Self::Plain(span) => &text[span.clone()],
            Self::Other(name) => name,
        }
    }
}

/// A member of an object.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// From its name to the end of its value.
    pub(super) span: Range<usize>,
    /// Where its value begins.
    pub(super) value: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Object,
    /// An array in parentheses.
    Tuple,
    /// Braces around an object.
    Wrapper,
}

/// What stands before the place within a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Open,
    Value,
    /// A comma, and where.
    Comma(usize),
}

/// Whether a part of a text is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The text ends within it, and was cut off there.
    Cut,
}

impl Kind {
    /// The bracket that closes it.
    fn closer(self) -> char {
        match self {
            Self::Array => ']',
            Self::Object | Self::Wrapper => '}',
            Self::Tuple => ')',
        }
    }

    /// Whether members are wanted, not items.
    fn is_object(self) -> bool {
        self == Self::Object
    }
}

impl Parser<'_> {
    /// Reads until the value is whole, or the text ends.
    fn run(&mut self) -> Result<(), Doubt> {
        self.blank()?;
        if self.value()? == Part::Cut {
            return self.cut_off();
        }
        while let Some(frame) = self.frames.last() {
            let kind = frame.kind;
            self.blank()?;
            let part = match (self.peek(), kind) {
                (None, _) => return self.end_of_text(),
                (Some(char @ (']' | '}' | ')')), _) => self.closer(char)?,
                (Some(','), _) => self.comma()?,
                (Some('.' | '…'), _) if self.ellipsis() => Part::Whole,
                (Some('+'), _) if self.concatenation()? => Part::Whole,
                (Some(_), Kind::Array | Kind::Tuple) => self.item()?,
                (Some(_), Kind::Object) => self.member()?,
                (Some(_), Kind::Wrapper) => return Err(self.doubt(Reason::Structure)),
            };
            if part == Part::Cut {
                return self.cut_off();
            }
            if self.parsed.doubts.len() > DOUBTS {
                return Err(self.doubt(Reason::Structure));
            }
        }
        self.parsed.end = self.at;
        Ok(())
    }

    /// Reads a value, or opens a bracket.
    fn value(&mut self) -> Result<Part, Doubt> {
        match self.peek() {
            Some('{') => self.open(Kind::Object),
            Some('[') => self.open(Kind::Array),
            Some('(') => {
                self.edit(Rule::TupleToArray, self.at..self.at + 1, "[");
                self.open(Kind::Tuple)
            }
            Some(char) if strings::is_quote(char) => self.string(strings::Role::Value),
            Some(_) => self.word(),
            None => Ok(Part::Cut),
        }
    }

    /// Begins an array or object; deeper ones than the limit are refused.
    fn open(&mut self, kind: Kind) -> Result<Part, Doubt> {
        if self.frames.len() == self.depth {
            return Err(self.doubt(Reason::Depth));
        }
        let (open, edits) = (self.at, self.parsed.edits.len());
        self.at += 1;
        let (last_end, first_member) = (self.at, self.members.len());
        let (after, first_edit, count) = (After::Open, edits, 0);
        self.frames.push(Frame {
            kind,
            open,
            after,
            last_end,
            edits,
            first_edit,
            count,
            first_member,
        });
        Ok(Part::Whole)
    }

    /// An item of an array, with the comma before it where that is missing.
    fn item(&mut self) -> Result<Part, Doubt> {
        if self.peek() == Some(':') {
            return Err(self.doubt(Reason::Structure));
        }
        self.separate();
        self.value()
    }

    /// A comma between children; one too many says nothing among members, and perhaps something among
    /// items.
    fn comma(&mut self) -> Result<Part, Doubt> {
        let at = self.at;
        self.at += 1;
        let frame = self.frame();
        match (frame.after, frame.kind) {
            (After::Value, _) => frame.after = After::Comma(at),
            (_, Kind::Object) => self.edit(Rule::DeleteComma, at..at + 1, ""),
            _ => {
                self.edit(Rule::DeleteComma, at..at + 1, "");
                self.note(Reason::EmptyItem, at..at + 1);
            }
        }
        Ok(Part::Whole)
    }

    /// Takes dots that stand for what was left out, with a comma that stood for them too.
    fn ellipsis(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(dots) = ["...", "…"].into_iter().find(|dots| rest.starts_with(dots)) else {
            return false;
        };
        let start = self.at;
        self.at += dots.len();
        self.edit(Rule::StripEllipsis, start..self.at, "");
        self.note(Reason::Elision, start..self.at);
        let behind = self.text[self.at..].trim_start();
        if behind.starts_with(',') && !matches!(self.frame().after, After::Value) {
            let comma = self.text.len() - behind.len();
            self.edit(Rule::DeleteComma, comma..comma + 1, "");
            self.at = comma + 1;
        }
        true
    }

    /// Puts in the comma before another child where it is missing.
    fn separate(&mut self) {
        let frame = self.frame();
        let (after, end) = (frame.after, frame.last_end);
        if after == After::Value {
            self.edit(Rule::InsertComma, end..end, ",");
        }
    }

    /// The child of the innermost bracket, or the whole, ends here.
    fn completed(&mut self) {
        let (at, edits) = (self.at, self.parsed.edits.len());
        if let Some(frame) = self.frames.last_mut() {
            frame.after = After::Value;
            (frame.last_end, frame.edits) = (at, edits);
            frame.count += 1;
            if let Some(member) = self.members.last_mut().filter(|_| frame.kind.is_object()) {
                member.span.end = at;
            }
        }
    }

    /// Closes what the text left open.
    fn end_of_text(&mut self) -> Result<(), Doubt> {
        if self.finish == Finish::Length {
            return self.cut_off();
        }
        let at = self.at;
        let solid = self.text[..at].trim_end();
        let closed = solid.trim_end_matches([']', '}', ' ', '\n', '\t', '\r']).len();
        // The last closing bracket may be that of the outer one, and some of the children too.
        self.parsed.closes_late = self.last_nested.is_some_and(|nested| nested > closed);
        while let Some(frame) = self.frames.last() {
            let (kind, after) = (frame.kind, frame.after);
            if kind == Kind::Wrapper {
                return Err(self.doubt(Reason::Structure));
            }
            if let After::Comma(comma) = after {
                self.edit(Rule::DeleteComma, comma..comma + 1, "");
            }
            self.edit(Rule::Insert, at..at, if kind.is_object() { "}" } else { "]" });
            self.close_frame();
        }
        self.parsed.end = at;
        Ok(())
    }

    /// Drops what is not whole where the text was cut off, and closes the rest.
    ///
    /// A bracket that has no whole child is dropped itself, but for the outermost: it says as little as a
    /// name without a value.
    fn cut_off(&mut self) -> Result<(), Doubt> {
        let end = self.text.trim_end().len().max(self.at);
        let kept = self.frames.iter().rposition(|frame| frame.after != After::Open).unwrap_or(0);
        let Some(frame) = self.frames.get(kept) else {
            return Err(Doubt { reason: Reason::Truncated, span: self.at..end });
        };
        let (cut, edits) = (frame.last_end, frame.edits);
        self.parsed.states = self.states(kept, &self.text[cut..end]);
        self.parsed.edits.truncate(edits);
        self.parsed.words.retain(|word| word.span.start < cut);
        self.parsed.doubts.retain(|doubt| doubt.span.start < cut);
        self.note(Reason::Truncated, cut..end);
        if cut < end {
            self.edit(Rule::DropIncomplete, cut..end, "");
        }
        if let Some(dropped) = self.frames.get(kept + 1) {
            self.members.truncate(dropped.first_member);
        }
        self.frames.truncate(kept + 1);
        while let Some(frame) = self.frames.last() {
            self.edit(Rule::Insert, end..end, if frame.kind.is_object() { "}" } else { "]" });
            self.close_frame();
        }
        self.parsed.end = end;
        Ok(())
    }

    /// The brackets that stay and are not whole, and the child of the last one that is `dropped`.
    fn states(&self, kept: usize, dropped: &str) -> Vec<(String, State)> {
        let mut states: Vec<(String, State)> =
            (0..=kept).map(|depth| (self.pointer_of(depth), State::Partial)).collect();
        let frame = &self.frames[kept];
        let is_begun = match frame.kind.is_object() {
            true => self.member_of(kept).is_some_and(|member| member.value > frame.last_end),
            false => !dropped
                .trim_start_matches(|char: char| char == ',' || char.is_whitespace())
                .is_empty(),
        };
        if is_begun {
            states.push((self.pointer_of(kept + 1), State::Absent));
        }
        states
    }

    /// Where the innermost bracket begins.
    fn frame_open(&self) -> usize {
        self.frames.last().map_or(self.at, |frame| frame.open)
    }

    /// The innermost open array or object.
    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("only called within a bracket")
    }

    /// Notes an edit of the text. Edits come in the order of the text, and do not overlap.
    fn edit(&mut self, rule: Rule, span: Range<usize>, now: &str) {
        self.parsed.cost += 1;
        self.parsed.edits.push(TextEdit::new(self.text, rule, span, now));
    }

    /// An edit that is one of two readings.
    fn guess(&mut self, rule: Rule, span: Range<usize>, now: &str) {
        self.edit(rule, span, now);
        if let Some(edit) = self.parsed.edits.last_mut() {
            edit.class = Class::Guess;
        }
    }

    /// Takes back the last edits, which stand at or behind a place.
    fn take_back(&mut self, place: usize) {
        let edits = &mut self.parsed.edits;
        while edits.last().is_some_and(|edit| edit.span.start >= place) {
            edits.pop();
        }
    }

    /// Notes a doubt that does not end the reading; whether it ends the repair is decided later.
    fn note(&mut self, reason: Reason, span: Range<usize>) {
        self.parsed.doubts.push(Doubt { reason, span });
    }

    /// That reading cannot go on from here.
    fn doubt(&self, reason: Reason) -> Doubt {
        let char = self.peek().map_or(0, char::len_utf8);
        Doubt { reason, span: self.at..self.at + char }
    }

    /// The character that comes next; none at the end.
    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at)? {
            byte if byte.is_ascii() => Some(char::from(*byte)),
            _ => self.text[self.at..].chars().next(),
        }
    }

    /// The JSON pointer of the child that is being read.
    fn pointer(&self) -> String {
        self.pointer_of(self.frames.len())
    }

    /// The JSON pointer of the child that is being read of the innermost of so many brackets.
    fn pointer_of(&self, depth: usize) -> String {
        let token = |depth: usize| match (self.member_of(depth), &self.frames[depth]) {
            (Some(member), _) => {
                format!("/{}", crate::schema::json::escape(member.name.of(self.text)))
            }
            (None, frame) if frame.kind == Kind::Wrapper => String::new(),
            (None, frame) => format!("/{}", frame.count),
        };
        (0..depth).map(token).collect()
    }

    /// The last member of the bracket at a depth, where that is an object.
    fn member_of(&self, depth: usize) -> Option<&Spot> {
        let frame = &self.frames[depth];
        let next = self.frames.get(depth + 1);
        let end = next.map_or(self.members.len(), |next| next.first_member);
        let own = &self.members[frame.first_member..end];
        own.last().filter(|_| frame.kind.is_object())
    }
}
