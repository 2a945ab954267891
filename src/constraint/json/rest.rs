//! How many bytes finish a text: a way that can always be taken.
//!
//! The count is of bytes without white space that need not be. A constraint under a budget of
//! tokens ends in time by it: at each byte of this way the rest is less by one, so whoever follows
//! it comes to an end.

use super::escape::Escape;
use super::level::{LevelId, Thread};
use super::{Cursor, CursorsId, Machine, Place, ReadingId, StateId, TextId, WantsId};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::algebra::{NEVER, plus, written, written_byte};

impl Machine {
    /// The bytes of a way to the end.
    ///
    /// White space that must stand is counted; a number ends with what comes behind it, and a
    /// string with its quote.
    ///
    /// # Errors
    /// [`ConstraintError`] for limits.
    pub(in crate::constraint) fn rest(&mut self, state: StateId) -> Result<u32, ConstraintError> {
        let state = *self.states.get(state.0);
        let space = self.algebra.shortest(state.space)?;
        Ok(match state.place {
            Place::Done => 0,
            Place::Value(wants) => plus(space, self.wants_rest(wants)?),
            Place::Colon(wants) => plus(plus(space, 1), self.wants_rest(wants)?),
            Place::FirstItem(level) | Place::FirstKey(level) | Place::After(level) => {
                plus(space, self.level_rest(level)?)
            }
            Place::NextKey(level) => {
                let key = self.begin_key(state, level)?;
                let key = key.map(|key| self.state_id(key));
                let rest = key.map_or(Ok(NEVER), |key| self.rest(key))?;
                plus(space, plus(rest, 1))
            }
            Place::Literal(word, at, level) => {
                let left = word.text().len() - usize::from(at);
                plus(left as u32, self.level_rest(level)?)
            }
            Place::Number(reading) => self.reading_rest(reading, 0)?,
            Place::String(reading, Escape::None) => self.reading_rest(reading, 1)?,
            Place::String(reading, escape) => self.escape_rest(reading, escape)?,
            Place::Key(cursors, text, escape) => self.key_rest(cursors, text, escape)?,
        })
    }

    /// Bytes to try first for a way to the end: those that mostly are on it.
    pub(in crate::constraint) fn likely(
        &mut self,
        state: StateId,
    ) -> Result<Vec<u8>, ConstraintError> {
        let mut bytes = vec![b'"'];
        match self.states.get(state.0).place {
            Place::String(reading, Escape::None) => {
                for (language, _) in self.reading(reading).to_vec() {
                    let nearest = self.algebra.nearest(language)?;
                    bytes.extend(nearest.map(|(byte, _)| written_as(byte)));
                }
            }
            Place::Key(cursors, text, Escape::None) => {
                for cursor in self.cursors.get(cursors.0).to_vec() {
                    let ends = self.key_ends(&cursor, text, Escape::None)?;
                    bytes.extend(
                        ends.iter().filter_map(|(_, end)| end.first().copied()).map(written_as),
                    );
                }
            }
            Place::String(..) | Place::Key(..) => bytes.extend(b"\"\\nrtbfu0123456789abcdef"),
            _ => bytes.extend(b"}],:{[0tfn-123456789"),
        }
        bytes.dedup();
        Ok(bytes)
    }

    /// The least over the values that are waited for, each with what closes the levels above it.
    fn wants_rest(&mut self, wants: WantsId) -> Result<u32, ConstraintError> {
        let mut least = NEVER;
        for (node, level) in self.wants.get(wants.0).to_vec() {
            least = least.min(plus(self.algebra.extent(node)?, self.level_rest(level)?));
        }
        Ok(least)
    }

    /// The least over the languages, with so many bytes of an end behind each.
    fn reading_rest(&mut self, reading: ReadingId, end: u32) -> Result<u32, ConstraintError> {
        let mut least = NEVER;
        for (language, level) in self.reading(reading).to_vec() {
            let own = plus(self.algebra.shortest(language)?, end);
            least = least.min(plus(own, self.level_rest(level)?));
        }
        Ok(least)
    }

    /// The least over the languages and the characters that an escape can become.
    fn escape_rest(&mut self, reading: ReadingId, escape: Escape) -> Result<u32, ConstraintError> {
        let mut least = NEVER;
        for (language, level) in self.reading(reading).to_vec() {
            for escapable in self.escapes_of(language, escape)?.iter() {
                // A quote behind it.
                let own = plus(escapable.rest, 1);
                least = least.min(plus(own, self.level_rest(level)?));
            }
        }
        Ok(least)
    }

    /// The bytes that close everything that is open at a level, what is missing included.
    ///
    /// Kept for each level, and computed without recursion.
    fn level_rest(&mut self, level: LevelId) -> Result<u32, ConstraintError> {
        // Innermost last: an open value may be as deep as the text is long.
        let mut open = vec![level];
        while let Some(&level) = open.last() {
            if self.level_rests.contains_key(&level) {
                open.pop();
                continue;
            }
            let mut least = if level == LevelId::OVER { 0 } else { NEVER };
            let mut is_known = true;
            for thread in self.level(level).to_vec() {
                let (own, above) = match self.thread(thread).clone() {
                    Thread::Array(array) => {
                        (self.algebra.array_rest(array.shape, &array.items)?, array.above)
                    }
                    Thread::Object(object) => {
                        (self.algebra.object_rest(object.shape, &object.members)?, object.above)
                    }
                };
                match self.level_rests.get(&above) {
                    Some(&rest) => least = least.min(plus(own, rest)),
                    None => {
                        open.push(above);
                        is_known = false;
                    }
                }
            }
            if is_known {
                self.level_rests.insert(level, least);
                open.pop();
            }
        }
        Ok(self.level_rests[&level])
    }

    /// The bytes behind the nearest end of a key.
    ///
    /// Every end of the key is tried, as a longer key may lead to a shorter value.
    fn key_rest(
        &mut self,
        cursors: CursorsId,
        text: TextId,
        escape: Escape,
    ) -> Result<u32, ConstraintError> {
        let cursors = self.cursors.get(cursors.0).to_vec();
        let mut least = NEVER;
        for cursor in &cursors {
            for (own, rest) in self.key_ends(cursor, text, escape)? {
                let (mut key, mut ended) = (text, *cursor);
                for &byte in &rest {
                    key = self.text_id(key, byte);
                    ended.unnamed = self.algebra.step(ended.unnamed, byte)?;
                }
                if let Some(wants) = self.key_wants(&[ended], key)? {
                    // A quote and a colon behind it.
                    least = least.min(plus(plus(own, 2), self.wants_rest(wants)?));
                }
            }
        }
        Ok(least)
    }

    /// What keys may go on with, each with the bytes that write it: names, and the shortest text
    /// that is none of them.
    fn key_ends(
        &mut self,
        cursor: &Cursor,
        text: TextId,
        escape: Escape,
    ) -> Result<Vec<(u32, Vec<u8>)>, ConstraintError> {
        let begin = self.text(text).len();
        let candidates = self.candidates(cursor.thread)?;
        let names = &candidates.names[cursor.low as usize..cursor.high as usize];
        let mut ends = Vec::with_capacity(names.len() + 1);
        for (name, _) in names {
            let rest = &name.as_bytes()[begin..];
            let own = match escape {
                Escape::None => Some(written(rest)),
                _ => self
                    .missing_of(escape, rest)
                    .map(|(missing, length)| plus(missing, written(&rest[length..]))),
            };
            ends.extend(own.map(|own| (own, rest.to_vec())));
        }
        if cursor.unnamed == ExprId::NOTHING {
            return Ok(ends);
        }
        if escape == Escape::None {
            let known = self.known_behind(cursor.thread, text);
            ends.extend(known.iter().map(|rest| (written(rest), rest.to_vec())));
            let taken = [self.taken_behind(cursor.thread, text), known].concat();
            let rest = self.other_text(cursor.unnamed, &taken)?;
            ends.extend(rest.map(|rest| (written(&rest), rest)));
            return Ok(ends);
        }
        for escapable in self.escapes_of(cursor.unnamed, escape)?.iter() {
            let (mut key, mut language) = (text, cursor.unnamed);
            let mut rest = escapable.char.to_string().into_bytes();
            for &byte in &rest {
                key = self.text_id(key, byte);
                language = self.algebra.step(language, byte)?;
            }
            let taken = self.taken_behind(cursor.thread, key);
            if let Some(more) = self.other_text(language, &taken)? {
                let own = plus(escapable.missing, written(&more));
                rest.extend(more);
                ends.push((own, rest));
            }
        }
        Ok(ends)
    }
}

/// The first byte that a byte of a string's value is written with.
fn written_as(byte: u8) -> u8 {
    if written_byte(byte) > 1 { b'\\' } else { byte }
}
