//! Members of objects: names, colons, and what stands where a name should.
//!
//! A name is told by the colon behind it. Without one it is no name but the rest of the value before, of
//! which the comma was a part: that has no reading here, and the reason says what it was likely.
//!
//! A missing value is never filled in: `{"a":}` may say null, an empty string, or nothing.

use std::ops::Range;

use super::super::edit::{Rule, TextEdit};
use super::super::reason::Reason;
use super::blank::cut;
use super::strings::{Role, is_quote};
use super::words::is_number;
use super::{After, Doubt, Kind, Missing, Name, Parser, Part, Spot, WINDOW};

impl Parser<'_> {
    /// A member up to its value, which may be a bracket that is opened.
    pub(super) fn member(&mut self) -> Result<Part, Doubt> {
        match self.peek() {
            Some('{') => return self.brace_for_name(),
            Some('[' | '(' | ':') => return Err(self.doubt(Reason::Structure)),
            _ => {}
        }
        let start = self.at;
        let edits = self.parsed.edits.len();
        self.separate();
        let name = match self.peek() {
            Some(char) if is_quote(char) => {
                let made = self.parsed.edits.len();
                match self.string(Role::Name) {
                    Ok(Part::Whole) => self.quoted_name(start, made),
                    Ok(Part::Cut) => {
                        self.parsed.edits.truncate(edits);
                        return Ok(Part::Cut);
                    }
                    Err(doubt) => return self.valueless(doubt, (start..self.text.len(), edits)),
                }
            }
            _ => self.bare_name()?,
        };
        if self.at == self.text.len() && self.finish == super::Finish::Length {
            return Ok(Part::Cut);
        }
        if let Err(doubt) = self.colon() {
            return self.valueless(doubt, (start..self.at, edits));
        }
        let value = self.at;
        self.members.push(Spot { name, span: start..value, value });
        match self.peek() {
            None if self.finish == super::Finish::Length => Ok(Part::Cut),
            None | Some(',' | '}' | ']' | ')' | ':') => {
                self.members.pop();
                let doubt = self.doubt(Reason::MissingValue);
                self.valueless(doubt, (start..value, edits))
            }
            Some(_) => self.value(),
        }
    }

    /// A name without a value, with what is left of it; `edits` stand before it. What has no colon and does
    /// not end the text is no name: `{"a", "b"}` may be a list.
    fn valueless(
        &mut self,
        doubt: Doubt,
        (span, edits): (Range<usize>, usize),
    ) -> Result<Part, Doubt> {
        let name = self.text[span.clone()].trim_end();
        let (is_ended, name) = (name.ends_with(':'), name.trim_end_matches(':'));
        let is_name = is_ended && self.text[span.end..].starts_with([',', '}'])
            || span.end == self.text.len();
        let is_name = is_name && !name.contains([':', ',', '{', '}', '[', ']']);
        let is_dropped = self.choices.missing == Missing::Dropped && is_name;
        if doubt.reason != Reason::MissingValue || !is_dropped {
            return Err(doubt);
        }
        self.parsed.edits.truncate(edits);
        self.edit(Rule::DropName, span.clone(), "");
        self.at = span.end;
        self.note(Reason::MissingValue, span);
        Ok(Part::Whole)
    }

    /// What the name says that was read from `start` with the edits from `made` on.
    fn quoted_name(&self, start: usize, made: usize) -> Name {
        let is_plain = |edit: &TextEdit| edit.rule == Rule::Requote;
        let inside = self.text[start..self.at].strip_prefix(['"', '\'']);
        let inside = inside.and_then(|rest| rest.strip_suffix(['"', '\'']));
        match inside.filter(|_| self.parsed.edits[made..].iter().all(is_plain)) {
            Some(inside) if !inside.contains('\\') => Name::Plain(start + 1..self.at - 1),
            _ => Name::Other(self.decoded(start, made)),
        }
    }

    /// The same where it is not written as JSON writes it.
    fn decoded(&self, start: usize, made: usize) -> String {
        let mut name = String::new();
        let mut at = start;
        for edit in &self.parsed.edits[made..] {
            name.push_str(&self.text[at..edit.span.start]);
            name.push_str(&edit.now);
            at = edit.span.end;
        }
        name.push_str(&self.text[at..self.at]);
        let inside = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inside.filter(|inside| !inside.contains('\\')) {
            Some(inside) => inside.to_owned(),
            None => serde_json::from_str(&name).unwrap_or(name),
        }
    }

    /// A name without quotes, or with one at its end alone.
    fn bare_name(&mut self) -> Result<Name, Doubt> {
        let window = cut(&self.text[self.at..], WINDOW);
        let stop = |char| matches!(char, ':' | ',' | '{' | '}' | '[' | ']' | '(' | ')' | '\n');
        let length = window.find(stop).unwrap_or(window.len());
        let end = self.at + length;
        if end == self.text.len() && self.finish == super::Finish::Length {
            self.at = end;
            return Ok(Name::Plain(end..end));
        }
        let name = window[..length].trim_end();
        let is_ended = self.text[end..].starts_with(':');
        if !is_ended || name.is_empty() {
            return Err(self.nameless(name));
        }
        let span = self.at..self.at + name.len();
        self.at = span.end;
        match name.strip_suffix('"') {
            Some(inner) if !inner.contains(['"', '\\']) => {
                self.edit(Rule::InsertQuote, span.start..span.start, "\"");
                Ok(Name::Plain(span.start..span.start + inner.len()))
            }
            _ if name.contains(['"', '\'', '\\', '`']) => {
                Err(Doubt { reason: Reason::Structure, span })
            }
            _ => {
                let quoted = format!("\"{name}\"");
                self.edit(Rule::QuoteKey, span.clone(), &quoted);
                Ok(Name::Plain(span))
            }
        }
    }

    /// Why a text without a colon is no name: mostly it is the rest of the value before the comma.
    fn nameless(&self, name: &str) -> Doubt {
        let reason = match self.frames.last() {
            Some(frame) if matches!(frame.after, After::Comma(_)) => {
                let before = &self.text[frame.open..frame.last_end];
                let digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
                let between = digit(before.chars().next_back()) && digit(name.chars().next());
                match between
                    && (is_number(name) || name.starts_with(|char: char| char.is_ascii_digit()))
                {
                    true => Reason::Thousands,
                    false => Reason::UnquotedComma,
                }
            }
            _ => Reason::Structure,
        };
        self.doubt(reason)
    }

    /// The sign between a name and its value.
    fn colon(&mut self) -> Result<(), Doubt> {
        let end = self.at;
        self.blank()?;
        let rest = &self.text[self.at..];
        let wrong = ["=>", ":=", ";", "="].into_iter().find(|sign| rest.starts_with(sign));
        match (rest.chars().next(), wrong) {
            (_, Some(sign)) => {
                self.edit(Rule::Replace, self.at..self.at + sign.len(), ":");
                self.at += sign.len();
            }
            (Some(':'), _) => self.at += 1,
            (None | Some(',' | '}' | ']' | ')'), _) => return Err(self.doubt(Reason::MissingValue)),
            (Some(_), _) => self.edit(Rule::InsertColon, end..end, ":"),
        }
        self.blank()
    }

    /// A brace where a name should stand: around an object, or of the next item, before which the last
    /// was not closed.
    fn brace_for_name(&mut self) -> Result<Part, Doubt> {
        let frame = self.frame();
        match frame.after {
            After::Open => {
                frame.kind = Kind::Wrapper;
                self.open(Kind::Object)
            }
            after => {
                let end = frame.last_end;
                let above = self.frames.len().checked_sub(2).map(|index| self.frames[index].kind);
                if above != Some(Kind::Array) {
                    return Err(self.doubt(Reason::Structure));
                }
                self.edit(Rule::Insert, end..end, "}");
                let at = std::mem::replace(&mut self.at, end);
                self.close_frame();
                self.at = at;
                self.frame().after = after;
                Ok(Part::Whole)
            }
        }
    }
}
