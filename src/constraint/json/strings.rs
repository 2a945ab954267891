//! Strings: decoded as they are read, so that languages are of characters and not of spellings.
//!
//! RFC 8259, section 7. Bytes that are no escape are steps of the languages as they are; an escape
//! is a step when its character is known. Until then the languages wait, and only escapes that can
//! become a character with which one of them goes on are followed: so no escape leads into a dead
//! end.

use std::sync::Arc;

use super::escape::{Escape, Escaped, SHORT};
use super::level::LevelId;
use super::{Machine, Place, ReadingId, State};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::Escapes;
use crate::schema::algebra::{NEVER, plus, written_byte};

/// The last of the control characters, which are never written as they are.
const LAST_CONTROL: u32 = 0x1F;

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

    /// Characters with which a language goes on and that an escape can become: one by a short escape
    /// and one by digits, where there are such, each on a short way to the language's end.
    ///
    /// Kept for each language and escape. A character whose way is no longer than if it had stood
    /// for itself ends the search, so that mostly few are tried. What is found for an escape is
    /// found again behind each further byte of it, as fewer characters are tried in the same order.
    pub(super) fn escapes_of(
        &mut self,
        language: ExprId,
        escape: Escape,
    ) -> Result<Arc<[Escapable]>, ConstraintError> {
        if let Some(known) = self.escapables.get(&(language, escape)) {
            return Ok(Arc::clone(known));
        }
        let mut found = Vec::new();
        if let Some(shortest) = self.shortest_beyond(language)? {
            let escapes = self.escapes;
            if escape == Escape::Begun {
                let chars = SHORT.chars().chain(['/']).filter(|&char| escapes.has(escape, char));
                found.extend(self.nearest(language, shortest, chars.map(|char| (char, 1)))?);
            }
            let (first, mut last) = escape.reach();
            if escapes == Escapes::Minimal {
                last = last.min(LAST_CONTROL);
            }
            let chars = (first..=last).filter_map(char::from_u32);
            let chars = chars.filter(|&char| escapes.has(Escape::None, char));
            let chars = chars.map(|char| (char, escape.missing(char)));
            found.extend(self.nearest(language, shortest, chars)?);
        }
        let found: Arc<[Escapable]> = found.into();
        self.escapables.insert((language, escape), Arc::clone(&found));
        Ok(found)
    }

    /// Of some characters, each with what is missing of it, the first that lies on a shortest way;
    /// if none does, the one whose way is shortest.
    fn nearest(
        &mut self,
        language: ExprId,
        shortest: u32,
        chars: impl Iterator<Item = (char, u32)>,
    ) -> Result<Option<Escapable>, ConstraintError> {
        let mut best = None;
        let mut least = NEVER;
        for (char, missing) in chars {
            let next = self.behind(language, char.encode_utf8(&mut [0; 4]).as_bytes())?;
            let rest = plus(missing, self.algebra.shortest(next)?);
            if rest < least {
                least = rest;
                best = Some(Escapable { char, missing, rest });
            }
            // Standing for itself it would take one byte or more.
            if rest < missing.saturating_add(shortest) {
                break;
            }
        }
        Ok(best)
    }

    /// The shortest text of a language beyond the empty one; `None` where there is none.
    fn shortest_beyond(&mut self, language: ExprId) -> Result<Option<u32>, ConstraintError> {
        let mut least = NEVER;
        for byte in self.algebra.automaton.representatives().to_vec() {
            let next = self.algebra.step(language, byte)?;
            least = least.min(plus(self.algebra.shortest(next)?, written_byte(byte).into()));
        }
        Ok((least != NEVER).then_some(least))
    }

    /// A language behind some bytes.
    fn behind(&mut self, mut language: ExprId, bytes: &[u8]) -> Result<ExprId, ConstraintError> {
        for &byte in bytes {
            let class = self.algebra.automaton.class_of(byte);
            language = self.algebra.automaton.step(language, class);
            if language == ExprId::NOTHING {
                break;
            }
        }
        Ok(language)
    }
}

impl Escapes {
    /// Whether a character may be written by an escape: behind a backslash by a short one, else by
    /// digits.
    ///
    /// With the fewest escapes, characters that have a short escape are written by it, other
    /// control characters by digits, and nothing else is escaped: so a text has one spelling, but
    /// for the case of hexadecimal digits.
    pub(super) fn has(self, escape: Escape, char: char) -> bool {
        let is_short = SHORT.contains(char);
        match self {
            Self::Any => true,
            Self::Minimal if escape == Escape::Begun => is_short,
            Self::Minimal => u32::from(char) <= LAST_CONTROL && !is_short,
        }
    }
}

/// A character that an escape can become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escapable {
    pub(super) char: char,
    /// The bytes of the escape that are missing.
    pub(super) missing: u32,
    /// The bytes to the end of the shortest text by it.
    pub(super) rest: u32,
}
