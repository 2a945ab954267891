//! Strings: where they end, and what within them must be written otherwise.
//!
//! A quote ends its string where what follows can follow a string there: behind a name a colon, behind a
//! value of an object the end of it or a comma with the next name, behind an item the end or a comma. A
//! quote that does not end its string is in doubt, with two readings:
//!
//! | text | inner | missing |
//! |---|---|---|
//! | `["a, "b"]` | `["a, \"b"]` | `["a", "b"]` |
//! | `{"a":"b,"c":"d"}` | `{"a":"b,\"c\":\"d"}` | `{"a":"b","c":"d"}` |
//!
//! Neither is taken unasked. Two cases have one reading: a name that lacks its quote before the colon, and
//! a quote that closes a low one within the string.

use super::super::Finish;
use super::super::edit::Rule;
use super::super::reason::Reason;
use super::blank::cut;
use super::{Doubt, Kind, Parser, Part, Quotes, WINDOW};

/// The first bytes of characters that may need something within a string.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        special[byte] = byte < 0x20;
        byte += 1;
    }
    let signs = [b'"', b'\\', b'\'', b'`', 0xc2, 0xe2];
    let mut sign = 0;
    while sign < signs.len() {
        special[signs[sign] as usize] = true;
        sign += 1;
    }
    special
};

/// What a string is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Value,
}

/// What was seen of a string so far.
struct Seen {
    start: usize,
    /// Which characters may end it.
    closers: &'static [char],
    role: Role,
    /// A quote at the bottom of the line is open within it.
    low_quote: bool,
    /// It has escapes that are letters: `\n`.
    letters: bool,
    /// It has backslashes that escape nothing.
    strays: bool,
    is_doubtful: bool,
    /// A quote within it stands before a comma.
    has_comma: bool,
}

/// How a string goes on behind a character.
enum Step {
    On,
    End,
}

/// Whether a character begins a string, in JSON or elsewhere.
pub(super) fn is_quote(char: char) -> bool {
    char == '"' || !closers(char).is_empty()
}

/// The characters that may end the string that one begins.
fn closers(opener: char) -> &'static [char] {
    match opener {
        '"' => &['"'],
        '\'' => &['\''],
        '`' | '´' => &['`', '´'],
        '“' | '”' | '„' => &['”', '“', '"'],
        '‘' | '’' => &['’', '‘', '\''],
        _ => &[],
    }
}

impl Parser<'_> {
    /// A string from its opening quote.
    pub(super) fn string(&mut self, role: Role) -> Result<Part, Doubt> {
        let start = self.at;
        let opener = self.peek().expect("a quote stands here");
        self.at += opener.len_utf8();
        if opener != '"' {
            self.edit(Rule::Requote, start..self.at, "\"");
        }
        let mut seen = Seen {
            start,
            closers: closers(opener),
            role,
            low_quote: false,
            letters: false,
            strays: false,
            is_doubtful: false,
            has_comma: false,
        };
        loop {
            let rest = &self.text[self.at..];
            // What may need something is told by its first byte; a few characters more are looked at.
            let Some(length) = rest.bytes().position(|byte| SPECIAL[usize::from(byte)]) else {
                self.at = self.text.len();
                return self.unterminated(&seen);
            };
            self.at += length;
            if matches!(self.special(&mut seen)?, Step::End) {
                break;
            }
        }
        if seen.letters && seen.strays {
            self.note(Reason::Backslash, start..self.at);
        }
        if role == Role::Value {
            self.completed();
        }
        Ok(Part::Whole)
    }

    /// A character that may need something.
    fn special(&mut self, seen: &mut Seen) -> Result<Step, Doubt> {
        let char = self.peek().expect("a character was found");
        let (at, end) = (self.at, self.at + char.len_utf8());
        match char {
            '\\' => {
                self.escape(seen);
                return Ok(Step::On);
            }
            _ if char < ' ' => {
                let escaped = serde_json::Value::from(char.to_string()).to_string();
                self.edit(Rule::EscapeControl, at..end, escaped.trim_matches('"'));
            }
            _ if seen.closers.contains(&char) => return Ok(self.quote_within(seen)),
            '"' => self.edit(Rule::EscapeQuote, at..at, "\\"),
            '„' => seen.low_quote = true,
            '“' | '”' => seen.low_quote = false,
            _ => {}
        }
        self.at = end;
        Ok(Step::On)
    }

    /// A quote that may end the string.
    fn quote_within(&mut self, seen: &mut Seen) -> Step {
        let char = self.peek().expect("a quote stands here");
        let (at, end) = (self.at, self.at + char.len_utf8());
        if seen.role == Role::Name && self.ends_before(seen, at..end) {
            return Step::End;
        }
        if self.ends(end, seen) {
            if char != '"' || self.text[seen.start..].starts_with(|opener| opener != '"') {
                self.close_quote(at..end);
            }
            self.at = end;
            return Step::End;
        }
        if char == '"' && seen.low_quote {
            seen.low_quote = false;
            self.edit(Rule::EscapeQuote, at..at, "\\");
            self.at = end;
            return Step::On;
        }
        self.doubt_quote(seen, at..end);
        if self.choices.quotes == Quotes::Missing
            && let Some(place) = self.missing_end(seen.start, at)
        {
            self.take_back(place);
            self.guess(Rule::InsertQuote, place..place, "\"");
            self.at = place;
            return Step::End;
        }
        if char == '"' {
            self.guess(Rule::EscapeQuote, at..at, "\\");
        }
        self.parsed.cost += 1;
        self.at = end;
        Step::On
    }

    /// Whether a name ended before the colon that stands before a quote: a name is followed by a colon,
    /// so its own quote is missing there.
    fn ends_before(&mut self, seen: &Seen, quote: std::ops::Range<usize>) -> bool {
        let before = self.text[seen.start..quote.start].trim_end();
        let Some(name) = before.strip_suffix(':').filter(|_| before.len() > quote.len()) else {
            return false;
        };
        if self.text[self.next_solid(quote.end)..].starts_with(':') {
            return false;
        }
        let place = seen.start + name.len();
        if name.trim_end().ends_with(is_quote) {
            self.note(Reason::Structure, seen.start..quote.end);
        }
        self.edit(Rule::InsertQuote, place..place, "\"");
        self.at = place;
        true
    }

    /// Notes a quote that does not end its string. No rule may make it a character of the string where
    /// that would swallow what is more likely the next string.
    fn doubt_quote(&mut self, seen: &mut Seen, span: std::ops::Range<usize>) {
        self.parsed.chose_quotes = true;
        let next = self.text[self.next_solid(span.end)..].chars().next();
        let opener = self.text[seen.start..].chars().next().map_or(0, char::len_utf8);
        let is_empty = span.start - seen.start <= opener;
        let swallows = seen.has_comma && seen.role == Role::Value && next == Some(':');
        let is_again = !seen.is_doubtful
            && self.frames.last().is_some_and(|frame| {
                let last = self.parsed.doubts.last();
                let is_inside = last.is_some_and(|doubt| doubt.span.start > frame.open);
                frame.kind != Kind::Object && is_inside
            });
        seen.has_comma |= next == Some(',');
        // Behind the whole nothing but its own last quote ends the text, and no other string is added.
        let is_last = self.text.trim_end().ends_with(is_quote) && next != Some('+');
        let is_open = self.frames.is_empty() && !is_last;
        if is_empty || swallows || is_again || is_open {
            self.note(Reason::Structure, seen.start..span.end);
        }
        if !std::mem::replace(&mut seen.is_doubtful, true) {
            self.note(Reason::Quote, seen.start..span.end);
        }
    }

    /// Makes the quote that ends a string one of JSON's.
    fn close_quote(&mut self, span: std::ops::Range<usize>) {
        if &self.text[span.clone()] != "\"" {
            self.edit(Rule::Requote, span, "\"");
        }
    }

    /// Where a string should have ended whose next quote begins another: before the comma, or at the end
    /// of the line, that stands before that quote.
    ///
    /// The place is unique where there is one: nothing but white space stands between it and the quote.
    fn missing_end(&self, start: usize, quote: usize) -> Option<usize> {
        let before = &self.text[start..quote];
        let trimmed = before.trim_end();
        let end = match trimmed.strip_suffix(',') {
            Some(rest) => rest.trim_end(),
            None if before[trimmed.len()..].contains('\n') => trimmed,
            None => return None,
        };
        (end.len() > 1).then(|| start + end.len())
    }

    /// The text ends within a string.
    ///
    /// Where it was cut off, the string is not whole. Where the model came to an end, the missing quote is
    /// put in at the end of the text, if nothing within looks like the end of something, or before the
    /// brackets that close all that is open: in `["a, b]` the comma may be the string's or the array's.
    fn unterminated(&mut self, seen: &Seen) -> Result<Part, Doubt> {
        if self.finish == Finish::Length {
            return Ok(Part::Cut);
        }
        let end = self.text.trim_end().len();
        let opener = self.text[seen.start..].chars().next().map_or(0, char::len_utf8);
        let content = &self.text[seen.start + opener..];
        if seen.role == Role::Name {
            return Err(Doubt { reason: Reason::MissingValue, span: seen.start..end });
        }
        let inside = content.trim_end();
        let is_plain = !inside.contains([',', ']', '}', '\n', '`'])
            && !inside.ends_with(is_quote)
            && !seen.is_doubtful;
        let mut place = self.text.len();
        if let Some(tail) = self.closed_tail(content).filter(|_| !seen.is_doubtful) {
            place -= content.len() - tail;
            self.take_back(place);
        } else if !is_plain {
            self.parsed.chose_quotes = true;
            // What else is in doubt, or is no part of it, may be why it has no end.
            let is_other = !self.parsed.doubts.is_empty() || inside.ends_with(is_quote);
            self.note(Reason::Unterminated, seen.start..end);
            if is_other || inside.contains("```") || inside.contains(['[', '{']) {
                self.note(Reason::Structure, seen.start..end);
            }
            if self.choices.quotes == Quotes::Missing {
                let tail = content.trim_end_matches(|char: char| {
                    char.is_whitespace() || matches!(char, ']' | '}')
                });
                place = self.text.len() - (content.len() - tail.len());
                self.take_back(place);
            }
        }
        self.edit(Rule::InsertQuote, place..place, "\"");
        self.at = place;
        self.completed();
        Ok(Part::Whole)
    }

    /// The length of a string without the brackets at its end, where these close exactly what is open and
    /// nothing else within looks like the end of something.
    ///
    /// With them in the string a quote and all those brackets would be missing, and not the quote alone.
    fn closed_tail(&self, content: &str) -> Option<usize> {
        let is_tail = |char: char| char.is_whitespace() || matches!(char, ']' | '}');
        let string = content.trim_end_matches(is_tail);
        let closing = content[string.len()..].chars().filter(|char| !char.is_whitespace());
        let open = self.frames.iter().rev().map(|frame| frame.kind.closer());
        let is_whole = closing.eq(open) && !self.frames.is_empty();
        let is_plain = !string.contains([',', ']', '}', '[', '{', '\n', '`', '"', '\'', '\\']);
        (is_whole && is_plain && !string.is_empty() && !string.ends_with(is_quote))
            .then_some(string.len())
    }

    /// A backslash and what it escapes.
    ///
    /// One before a letter that JSON knows no escape of is meant as itself: patterns and paths are
    /// written so. Where the same string has escapes too, these may be meant as themselves as well.
    fn escape(&mut self, seen: &mut Seen) {
        let at = self.at;
        let Some(char) = self.text[at + 1..].chars().next() else {
            // At the end of the text: whether the string is whole is asked there.
            self.edit(Rule::DropEscape, at..at + 1, "");
            self.note(Reason::UnicodeEscape, at..at + 1);
            self.at += 1;
            return;
        };
        self.at += 1 + char.len_utf8();
        match char {
            '"' | '\\' | '/' => {}
            'b' | 'f' | 'n' | 'r' | 't' => seen.letters = true,
            'u' => {
                seen.letters = true;
                self.code_point(at);
            }
            '\'' | '`' => self.edit(Rule::UnescapeQuote, at..at + 1, ""),
            _ => {
                seen.strays = true;
                // Before the end of a line it goes on with the line in some languages.
                seen.letters |= char < ' ';
                self.edit(Rule::EscapeBackslash, at..at, "\\");
                self.at = at + 1;
            }
        }
    }

    /// An escape of a number, or of two that are halves of a pair.
    fn code_point(&mut self, at: usize) {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        };
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => self.at = at + 12,
            (Some(unit), _) if !(0xd800..=0xdfff).contains(&unit) => self.at = at + 6,
            _ => {
                let digits = self.text[at + 2..].bytes().take(4);
                self.at += digits.take_while(u8::is_ascii_hexdigit).count();
                self.edit(Rule::DropEscape, at..self.at, "");
                let last = self.parsed.doubts.last();
                // One that is cut off with its text goes with its string.
                if last.is_none_or(|doubt| doubt.reason != Reason::UnicodeEscape) {
                    self.note(Reason::UnicodeEscape, at..self.at);
                }
            }
        }
    }

    /// Whether a string can end here, by what follows.
    ///
    /// What follows in its place is a sign of JSON, or the next value apart from it: `"a" "b"` are two
    /// items, and `"a"b"` is one string in doubt.
    fn ends(&self, at: usize, seen: &Seen) -> bool {
        let solid = self.next_solid(at);
        let is_apart = solid > at;
        let Some(next) = self.text[solid..].chars().next() else { return true };
        // A comment that has no end is told where it is read.
        let is_comment =
            || ["/*", "//", "#"].iter().any(|mark| self.text[solid..].starts_with(mark));
        if is_apart && is_comment() {
            return true;
        }
        if seen.role == Role::Name {
            return match next {
                ':' | ';' | '=' | ',' | '}' | '{' | '[' | '-' | '0'..='9' => true,
                _ if is_quote(next) => is_apart,
                _ => is_apart && self.is_literal(solid),
            };
        }
        let Some(frame) = self.frames.last() else { return self.text[solid..].starts_with("```") };
        let is_object = frame.kind == Kind::Object;
        match next {
            ',' if is_object => self.is_name_behind(solid + 1),
            ',' => true,
            '}' | ']' | ')' => self.closes(solid, seen),
            ':' => !is_object,
            '+' => is_quote(self.text[self.next_solid(solid + 1)..].chars().next().unwrap_or(' ')),
            _ if self.text[solid..].starts_with("```") => self.text[at..solid].contains('\n'),
            _ if !is_apart => false,
            _ if is_object => self.is_name(solid),
            '{' | '[' | '-' | '0'..='9' => true,
            _ => is_quote(next) || self.is_literal(solid),
        }
    }

    /// Whether a closing bracket can close something. Behind a string in doubt no more than brackets may
    /// follow, or the next child of what they leave open.
    fn closes(&self, at: usize, seen: &Seen) -> bool {
        let first = self.text[at..].chars().next();
        if !self.frames.iter().rev().any(|frame| Some(frame.kind.closer()) == first) {
            return false;
        }
        if !seen.is_doubtful {
            return true;
        }
        let mut open: Vec<Kind> = self.frames.iter().map(|frame| frame.kind).collect();
        let mut at = at;
        while let Some(char @ ('}' | ']' | ')')) = self.text[at..].chars().next() {
            if open.pop().is_none_or(|kind| kind.closer() != char) {
                return false;
            }
            at = self.next_solid(at + 1);
        }
        let rest = &self.text[at..];
        match (rest.chars().next(), open.last()) {
            (None, _) => true,
            (Some(','), Some(Kind::Object)) => self.is_name_behind(at + 1),
            (Some(','), Some(_)) => true,
            _ => rest.starts_with("```"),
        }
    }

    /// Whether a name, or the end of the object, stands behind a comma.
    fn is_name_behind(&self, at: usize) -> bool {
        let solid = self.next_solid(at);
        match self.text[solid..].chars().next() {
            None | Some('}' | ']' | ',' | '{' | '[' | '.') => true,
            Some(char) if is_quote(char) => true,
            Some(_) => self.is_name(solid),
        }
    }

    /// Whether a name and a colon stand here, in quotes or without.
    fn is_name(&self, at: usize) -> bool {
        let window = cut(&self.text[at..], WINDOW);
        let Some(char) = window.chars().next() else { return false };
        let name = &window[char.len_utf8()..];
        if is_quote(char) {
            let closers = closers(char);
            let behind =
                name.find(closers).map(|end| name[end..].trim_start_matches(closers).trim_start());
            return behind.is_some_and(|behind| behind.starts_with(':'));
        }
        let end = window.find([':', ',', '{', '}', '[', ']', '\n', ' ']);
        end.is_some_and(|end| end > 0 && window[end..].trim_start().starts_with(':'))
    }

    /// Whether a literal stands here.
    fn is_literal(&self, at: usize) -> bool {
        let literals = ["true", "false", "null", "True", "False", "None"];
        literals.iter().any(|literal| {
            let rest = self.text[at..].strip_prefix(literal);
            rest.is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric()))
        })
    }

    /// Takes a sign plus between two strings, which become one.
    ///
    /// A program adds strings up, and a model writes JSON as a program would.
    pub(super) fn concatenation(&mut self) -> Result<bool, Doubt> {
        let Some(frame) = self.frames.last() else { return Ok(false) };
        let (after, end, count) = (frame.after, frame.last_end, frame.count);
        let next = self.next_solid(self.at + 1);
        let first_end = self.text[..end].chars().next_back();
        let second = self.text[next..].chars().next();
        let (Some(first), Some(second)) = (first_end, second) else { return Ok(false) };
        if after != super::After::Value || !is_quote(first) || !is_quote(second) {
            return Ok(false);
        }
        let joint = end - first.len_utf8();
        self.take_back(joint);
        self.at = next;
        let made = self.parsed.edits.len();
        let part = self.string(Role::Value)?;
        // The second string began with an edit of its quote where that was another.
        if self.parsed.edits.get(made).is_some_and(|edit| edit.span.start == next) {
            self.parsed.edits.remove(made);
        }
        self.edit(Rule::Concatenate, joint..next + second.len_utf8(), "");
        self.frame().count = count;
        Ok(part == Part::Whole)
    }
}
