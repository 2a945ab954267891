//! Strings: decoded as they are read, so that languages are of characters and not of spellings.
//!
//! RFC 8259, section 7. Bytes that are no escape are steps of the languages as they are; an escape
//! is a step when its character is known. Until then the languages wait, and only escapes that can
//! become a character with which one of them goes on are followed: so no escape leads into a dead
//! end.

use super::escape::{Escape, Escaped};
use super::level::LevelId;
use super::{Machine, Place, ReadingId, State};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::Escapes;
use crate::schema::algebra::NEVER;

impl Machine {
    /// A quote ends those readings whose language has the text; control characters are never
    /// written as they are.
    pub(super) fn step_string(
        &mut self,
        state: State,
        (reading, escape): (ReadingId, Escape),
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let languages = self.reading(reading).to_vec();
        if escape != Escape::None {
            return self.step_escape(state, (reading, escape), byte);
        }
        match byte {
            b'"' => {
                let ended = languages
                    .iter()
                    .filter(|&&(language, _)| self.algebra.automaton.is_nullable(language));
                let levels: Vec<LevelId> = ended.map(|&(_, level)| level).collect();
                let state = self.noted(state, byte);
                self.end_value(state, levels)
            }
            b'\\' => {
                let may = self.may_escape(&languages, Escape::Begun)?;
                let place = Place::String(reading, Escape::Begun);
                Ok(may.then(|| self.noted(State { place, ..state }, byte)))
            }
            0..0x20 => Ok(None),
            _ => {
                let next = self.advanced(languages, &[byte])?;
                Ok(self.in_string(state, next, byte))
            }
        }
    }

    /// The state behind a byte of an escape. The character counts as its UTF-8 bytes, all at once.
    fn step_escape(
        &mut self,
        state: State,
        (reading, escape): (ReadingId, Escape),
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let languages = self.reading(reading).to_vec();
        match escape.step(byte) {
            Escaped::Wrong => Ok(None),
            Escaped::Open(escape) => {
                let may = self.may_escape(&languages, escape)?;
                let place = Place::String(reading, escape);
                Ok(may.then(|| self.noted(State { place, ..state }, byte)))
            }
            Escaped::Char(char) if !self.is_escaped(escape, char) => Ok(None),
            Escaped::Char(char) => {
                let next = self.advanced(languages, char.encode_utf8(&mut [0; 4]).as_bytes())?;
                Ok(self.in_string(state, next, byte))
            }
        }
    }

    /// The state within a string with what is left of its readings; `None` where nothing is.
    fn in_string(
        &mut self,
        state: State,
        reading: Vec<(ExprId, LevelId)>,
        byte: u8,
    ) -> Option<State> {
        if reading.is_empty() {
            return None;
        }
        let place = Place::String(self.reading_id(reading), Escape::None);
        Some(self.noted(State { place, ..state }, byte))
    }

    /// Whether a character may be written by an escape of this kind.
    ///
    /// With the fewest escapes, characters that have a short escape are written by it, other
    /// control characters by `\u`, and nothing else is escaped: so a text has one spelling, but for
    /// the case of hexadecimal digits.
    pub(super) fn is_escaped(&self, escape: Escape, char: char) -> bool {
        match self.escapes {
            Escapes::Any => true,
            Escapes::Minimal if escape == Escape::Begun => "\"\\\u{8}\u{c}\n\r\t".contains(char),
            Escapes::Minimal => char < ' ' && !"\u{8}\u{c}\n\r\t".contains(char),
        }
    }

    /// Whether an escape can become a character with which one of the languages goes on.
    fn may_escape(
        &mut self,
        languages: &[(ExprId, LevelId)],
        escape: Escape,
    ) -> Result<bool, ConstraintError> {
        for &(language, _) in languages {
            if self.reaches(language, escape)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same of one language.
    ///
    /// Kept for each language and escape, as the search goes through the characters that the escape
    /// can still become.
    pub(super) fn reaches(
        &mut self,
        language: ExprId,
        escape: Escape,
    ) -> Result<bool, ConstraintError> {
        if let Some(&known) = self.reached.get(&(language, escape)) {
            return Ok(known);
        }
        let (first, last) = escape.reach();
        let is_reached = self.goes_on_between(language, first, last, escape)?;
        self.reached.insert((language, escape), is_reached);
        Ok(is_reached)
    }

    /// Whether a character from `first` to `last` that may be written by an escape leads on in a
    /// language. Languages with no text beyond this one are told at once, before any character is
    /// tried.
    fn goes_on_between(
        &mut self,
        language: ExprId,
        first: u32,
        last: u32,
        escape: Escape,
    ) -> Result<bool, ConstraintError> {
        let mut bytes = 0..=255_u8;
        if !bytes.any(|byte| self.goes_on(language, &[byte]).unwrap_or(true)) {
            return Ok(false);
        }
        for char in (first..=last).filter_map(char::from_u32) {
            let is_written = match escape {
                Escape::Begun => {
                    self.is_escaped(escape, char) || self.is_escaped(Escape::None, char)
                }
                _ => self.is_escaped(Escape::None, char),
            };
            if is_written && self.goes_on(language, char.encode_utf8(&mut [0; 4]).as_bytes())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a language has texts behind some bytes.
    fn goes_on(&mut self, mut language: ExprId, bytes: &[u8]) -> Result<bool, ConstraintError> {
        for &byte in bytes {
            let class = self.algebra.automaton.class_of(byte);
            language = self.algebra.automaton.step(language, class);
            if language == ExprId::NOTHING {
                return Ok(false);
            }
        }
        Ok(self.algebra.shortest(language)? != NEVER)
    }
}
