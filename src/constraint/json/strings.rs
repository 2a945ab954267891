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
            Escaped::Char(char) if !self.escapes.has(escape, char) => Ok(None),
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

    /// Whether an escape can become a character with which one of the languages goes on.
    fn may_escape(
        &mut self,
        languages: &[(ExprId, LevelId)],
        escape: Escape,
    ) -> Result<bool, ConstraintError> {
        for &(language, _) in languages {
            if !self.escapes_of(language, escape)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
