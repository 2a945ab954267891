//! The nearest edits of signs that make JSON of a text, all of them up to a cost.
//!
//! The reader goes from left to right and knows a few ways in which each sign can be meant. Here every way is
//! tried: signs are put in and taken away in every place near the fault where the grammar of JSON lets them
//! stand, and the schema judges what comes of it. So damage that no reading covers is undone where the
//! schema leaves one way; the others are told with their costs.
//!
//! | edit | cost |
//! |---|---|
//! | a comma, a colon, a bracket or a quote is put in | 1 |
//! | a comma, a closing bracket, or a quote outside strings is taken away | 1 |
//! | a quote within a string is escaped | 2 |
//!
//! No character that says something is taken away or put in: no empty string or list is made up, and no comma
//! between digits goes. The search is for short texts and has fuel, so it takes bounded time; what was
//! not searched to the end is not told. Held against trying all edits by brute force
//! (`tests` below).

use std::ops::Range;

use super::edit::{Rule, TextEdit};
use super::parse::is_number;

/// The longest text that is searched.
const BYTES: usize = 4_096;
/// Edits are tried so far before the fault, and half as far behind it.
const WINDOW: usize = 128;
/// The steps of all searches of a text.
const FUEL: usize = 400_000;

/// What a text may be, and how far it is from that.
#[derive(Debug, Clone)]
pub(super) struct Nearby {
    pub(super) cost: usize,
    pub(super) edits: Vec<TextEdit>,
}

/// Tries edits of one text.
#[derive(Debug)]
pub(super) struct Search<'t> {
    text: &'t str,
    /// Where edits are tried.
    window: Range<usize>,
    /// How many more steps may be taken.
    fuel: usize,
    /// How far some text came.
    reached: usize,
    found: Vec<Nearby>,
}

/// What may stand next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of the array.
    FirstItem,
    Name,
    /// A name, or the end of the object.
    FirstName,
    Colon,
    /// A comma or the end of what holds the value; the end of the text.
    Behind,
    /// The rest of a string; `is_name` tells what it is there for.
    Text {
        is_name: bool,
        quote: Quote,
    },
}

/// The quote that a string begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    Own,
    /// It was put in, and nothing stands behind it yet.
    Made,
    /// It was put in before a word.
    Word,
    /// It was put in before more than a word: signs of JSON.
    Signs,
}

/// A bracket that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    is_object: bool,
    /// It was put in.
    is_made: bool,
}

/// One way to read a text, so far.
#[derive(Debug, Clone)]
struct Way {
    at: usize,
    next: Next,
    open: Vec<Open>,
    /// What may still be spent.
    left: usize,
    edits: Vec<(usize, Act)>,
}

/// An edit at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Put(&'static str),
    Take,
    Escape,
}

impl<'t> Search<'t> {
    /// A search around the place where a text stops being JSON; `None` where it does not, or is too long.
    pub(super) fn new(text: &'t str) -> Option<Self> {
        let mut search = Self { text, window: 0..0, fuel: FUEL, reached: 0, found: Vec::new() };
        if text.len() > BYTES || !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        search
            .run(Way { at: 0, next: Next::Value, open: Vec::new(), left: 0, edits: Vec::new() }, 0);
        let fault = search.reached;
        search.window = fault.saturating_sub(WINDOW)..fault + WINDOW / 2;
        search.found.is_empty().then_some(search)
    }

    /// All texts within a cost, in no order; `None` where that takes too many steps.
    pub(super) fn within(&mut self, cost: usize) -> Option<Vec<Nearby>> {
        let way = Way { at: 0, next: Next::Value, open: Vec::new(), left: cost, edits: Vec::new() };
        self.run(way, cost);
        let found = std::mem::take(&mut self.found);
        (self.fuel > 0).then_some(found)
    }

    /// Goes on with one way until it ends, and with all that branch off.
    fn run(&mut self, mut way: Way, cost: usize) {
        loop {
            self.fuel = self.fuel.saturating_sub(1);
            if self.fuel == 0 {
                return;
            }
            self.reached = self.reached.max(way.at);
            if way.left > 0 && (self.window.contains(&way.at) || way.at == self.text.len()) {
                self.branch(&way, cost);
            }
            if way.at == self.text.len() {
                if way.next == Next::Behind && way.open.is_empty() {
                    let edits = way.edits.iter().map(|&edit| text_edit(self.text, edit)).collect();
                    self.found.push(Nearby { cost: cost - way.left, edits });
                }
                return;
            }
            if !self.copy(&mut way) {
                return;
            }
        }
    }

    /// Takes what stands here as it stands; `false` where it cannot stand here.
    fn copy(&self, way: &mut Way) -> bool {
        let rest = &self.text[way.at..];
        let Some(char) = rest.chars().next() else { return false };
        if let Next::Text { is_name, quote } = way.next {
            let quote = quote.before(char);
            way.at += char.len_utf8();
            way.next = match char {
                '"' if is_name => Next::Colon,
                '"' => Next::Behind,
                '\\' => match rest.chars().nth(1) {
                    Some(escaped) => {
                        way.at += escaped.len_utf8();
                        Next::Text { is_name, quote }
                    }
                    None => return false,
                },
                _ if char < ' ' => return false,
                _ => Next::Text { is_name, quote },
            };
            return true;
        }
        if matches!(char, ' ' | '\n' | '\t' | '\r') {
            way.at += 1;
            return true;
        }
        self.sign(way, char)
    }

    /// The same outside of strings.
    fn sign(&self, way: &mut Way, char: char) -> bool {
        let is_value = matches!(way.next, Next::Value | Next::FirstItem);
        let is_name = matches!(way.next, Next::Name | Next::FirstName);
        match char {
            '{' | '[' if is_value => way.enter(Open { is_object: char == '{', is_made: false }),
            '"' if is_value || is_name => way.next = Next::Text { is_name, quote: Quote::Own },
            '}' | ']' if way.closes(char) => way.close(),
            ',' if way.next == Next::Behind && !way.open.is_empty() => way.separate(),
            ':' if way.next == Next::Colon => way.next = Next::Value,
            _ if is_value => {
                let rest = &self.text[way.at..];
                let is_end = |char: char| !char.is_ascii_alphanumeric() && !"+-.".contains(char);
                let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
                if !matches!(word, "true" | "false" | "null") && !is_number(word) {
                    return false;
                }
                way.next = Next::Behind;
                way.at += word.len();
                return true;
            }
            _ => return false,
        }
        way.at += 1;
        true
    }

    /// Goes all ways that an edit at this place opens.
    fn branch(&mut self, way: &Way, cost: usize) {
        let next = self.text[way.at..].chars().next();
        let is_blank = matches!(next, Some(' ' | '\n' | '\t' | '\r'));
        let branches = match way.next {
            Next::Text { .. } => way.within_text(next),
            // What is put in before white space is as well put in behind it.
            _ if is_blank => Vec::new(),
            _ => {
                let mut branches = way.with_signs(next);
                let taken = self.is_taken(way, next).then(|| way.with(Act::Take, |_| {}));
                branches.extend(taken);
                branches
            }
        };
        for branch in branches {
            self.run(branch, cost);
        }
    }

    /// Whether what stands next outside of strings may be taken away.
    fn is_taken(&self, way: &Way, next: Option<char>) -> bool {
        let taken = way.edits.last().filter(|(_, act)| *act == Act::Take);
        match next {
            Some(',') => !self.joins(way.at),
            Some('}' | ']') => true,
            // Both quotes of an empty string are not: it is a value.
            Some('"') => taken.is_none_or(|(at, _)| at + 1 != way.at),
            _ => false,
        }
    }

    /// Whether the comma at a place stands between digits, as in a number of thousands.
    fn joins(&self, at: usize) -> bool {
        let is_digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
        is_digit(self.text[..at].chars().next_back())
            && is_digit(self.text[at + 1..].chars().next())
    }
}

impl Quote {
    /// The same with a character behind it.
    fn before(self, char: char) -> Self {
        match self {
            Self::Made | Self::Word if "{}[],:\"".contains(char) => Self::Signs,
            Self::Made => Self::Word,
            other => other,
        }
    }
}

impl Way {
    /// This way with an edit at its place, and what follows of that.
    fn with(&self, act: Act, then: impl FnOnce(&mut Self)) -> Self {
        let mut way = self.clone();
        way.edits.push((way.at, act));
        way.left -= if act == Act::Escape { 2 } else { 1 };
        way.at += if matches!(act, Act::Put(_)) { 0 } else { 1 };
        then(&mut way);
        way
    }

    /// The ways that open within a string: it ends here, or a quote is a part of it.
    fn within_text(&self, next: Option<char>) -> Vec<Self> {
        let mut ways = Vec::new();
        let Next::Text { is_name, quote } = self.next else { return ways };
        // Two quotes that are put in make a word a string, and nothing else.
        if matches!(quote, Quote::Own | Quote::Word) {
            let next = if is_name { Next::Colon } else { Next::Behind };
            ways.push(self.with(Act::Put("\""), |way| way.next = next));
        }
        if next == Some('"') && self.left > 1 {
            let text = Next::Text { is_name, quote: quote.before('"') };
            ways.push(self.with(Act::Escape, |way| way.next = text));
        }
        ways
    }

    /// The ways that a sign opens which is put in here, outside of strings.
    fn with_signs(&self, next: Option<char>) -> Vec<Self> {
        let is_wanted = |sign: char| next != Some(sign);
        let mut ways = Vec::new();
        match self.next {
            Next::Value | Next::FirstItem | Next::Name | Next::FirstName => {
                let is_name = matches!(self.next, Next::Name | Next::FirstName);
                let text = Next::Text { is_name, quote: Quote::Made };
                // A bracket or a sign between values begins no text.
                if next.is_some_and(|char| !"{[]},:\"".contains(char)) {
                    ways.push(self.with(Act::Put("\""), |way| way.next = text));
                }
                if !is_name && next.is_some() {
                    ways.push(self.with(Act::Put("["), |way| {
                        way.enter(Open { is_object: false, is_made: true })
                    }));
                    ways.push(self.with(Act::Put("{"), |way| {
                        way.enter(Open { is_object: true, is_made: true })
                    }));
                }
            }
            Next::Colon if is_wanted(':') => {
                ways.push(self.with(Act::Put(":"), |way| way.next = Next::Value));
            }
            Next::Behind if !self.open.is_empty() && is_wanted(',') && next.is_some() => {
                ways.push(self.with(Act::Put(","), Self::separate));
            }
            _ => {}
        }
        let closer = self.open.last().map(|open| if open.is_object { '}' } else { ']' });
        if let Some(closer) = closer.filter(|&closer| is_wanted(closer) && self.closes(closer)) {
            let sign = if closer == '}' { "}" } else { "]" };
            ways.push(self.with(Act::Put(sign), Self::close));
        }
        ways
    }

    /// Opens a bracket.
    fn enter(&mut self, open: Open) {
        self.open.push(open);
        self.next = if open.is_object { Next::FirstName } else { Next::FirstItem };
    }

    /// Whether a closing bracket may stand here. One that was put in is not closed with nothing in it.
    fn closes(&self, closer: char) -> bool {
        let Some(open) = self.open.last() else { return false };
        let is_first = matches!(self.next, Next::FirstItem | Next::FirstName);
        let is_place = self.next == Next::Behind || is_first && !open.is_made;
        open.is_object == (closer == '}') && is_place
    }

    /// Closes the innermost bracket.
    fn close(&mut self) {
        self.open.pop();
        self.next = Next::Behind;
    }

    /// Behind a comma.
    fn separate(&mut self) {
        let is_object = self.open.last().is_some_and(|open| open.is_object);
        self.next = if is_object { Next::Name } else { Next::Value };
    }
}

/// An edit of the search as one of the text.
fn text_edit(text: &str, (at, act): (usize, Act)) -> TextEdit {
    let (rule, span, now) = match act {
        Act::Put("\"") => (Rule::InsertQuote, at..at, "\""),
        Act::Put(",") => (Rule::InsertComma, at..at, ","),
        Act::Put(":") => (Rule::InsertColon, at..at, ":"),
        Act::Put(bracket) => (Rule::Insert, at..at, bracket),
        Act::Escape => (Rule::EscapeQuote, at..at, "\\"),
        Act::Take => match text.as_bytes()[at] {
            b',' => (Rule::DeleteComma, at..at + 1, ""),
            b'"' => (Rule::DeleteQuote, at..at + 1, ""),
            _ => (Rule::DeleteCloser, at..at + 1, ""),
        },
    };
    TextEdit::new(text, rule, span, now)
}

#[cfg(test)]
mod tests;
