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
                    let firsts = ends.iter().filter_map(|end| end.rest.first().copied());
                    bytes.extend(firsts.map(written_as));
                }
            }
            Place::String(..) | Place::Key(..) => bytes.extend(b"\"\\nrtbfu0123456789abcdef"),
            _ => bytes.extend(b"}],:{[0tfn-123456789"),
        }
        bytes.dedup();
        Ok(bytes)
    }

    /// A state from which the same ways lead to the end: within a key that is compared with no other,
    /// where one stands for all, it is that of the one.
    pub(in crate::constraint) fn alike(&mut self, id: StateId) -> StateId {
        let state = *self.states.get(id.0);
        let Place::Key(cursors, text, Escape::None) = state.place else { return id };
        let cursors = self.cursors.get(cursors.0).to_vec();
        let is_other = |cursor: &Cursor| cursor.low == cursor.high && self.is_one_for_all(cursor);
        if !cursors.iter().all(is_other) || !self.compared(&cursors, text).is_empty() {
            return id;
        }
        self.other_key(id, cursors)
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
            let is_one = self.is_one_for_all(cursor);
            for end in self.key_ends(cursor, text, escape)? {
                let behind = match is_one && end.is_other {
                    true => self.other_rest(cursor)?,
                    false => self.behind_rest(cursor, text, &end.rest)?,
                };
                // A quote and a colon behind it.
                least = least.min(plus(plus(end.bytes, 2), behind));
            }
        }
        Ok(least)
    }

    /// The bytes behind the colon of a key that goes on with a text and ends there.
    fn behind_rest(
        &mut self,
        cursor: &Cursor,
        mut text: TextId,
        rest: &[u8],
    ) -> Result<u32, ConstraintError> {
        let mut ended = *cursor;
        for &byte in rest {
            text = self.text_id(text, byte);
            ended.unnamed = self.algebra.step(ended.unnamed, byte)?;
        }
        match self.key_wants(&[ended], text)? {
            Some(wants) => self.wants_rest(wants),
            None => Ok(NEVER),
        }
    }

    /// Whether what is behind keys that are compared with no other is the same for all of them, so
    /// that one stands for them: a mask under a budget asks for as many as there are tokens.
    fn is_one_for_all(&self, cursor: &Cursor) -> bool {
        let Thread::Object(object) = self.thread(cursor.thread) else { return false };
        // How short keys can still be is told by those that came, where so many must come.
        let is_counted = self.algebra.object(object.shape).min > 0;
        !is_counted && cursor.unnamed == self.algebra.any_text() && self.has_one_rule(cursor)
    }

    /// The bytes behind the colon of such a key, kept for each thread.
    fn other_rest(&mut self, cursor: &Cursor) -> Result<u32, ConstraintError> {
        if let Some(&known) = self.other_rests.get(&cursor.thread) {
            return Ok(known);
        }
        let other = Cursor { low: 0, high: 0, ..*cursor };
        let text = self.other_key_text(&[other]);
        let rest = self.behind_rest(&other, text, &[])?;
        self.other_rests.insert(cursor.thread, rest);
        Ok(rest)
    }

    /// What keys may go on with: names, and the shortest text that is none of them.
    fn key_ends(
        &mut self,
        cursor: &Cursor,
        text: TextId,
        escape: Escape,
    ) -> Result<Vec<KeyEnd>, ConstraintError> {
        let begin = self.text(text).len();
        let names = self.names_of(cursor)?;
        let mut ends = Vec::with_capacity(names.len() + 1);
        for name in &names {
            let rest = &name.as_bytes()[begin..];
            let bytes = match escape {
                Escape::None => Some(written(rest)),
                _ => self
                    .missing_of(escape, rest)
                    .map(|(missing, length)| plus(missing, written(&rest[length..]))),
            };
            ends.extend(bytes.map(|bytes| KeyEnd { bytes, rest: rest.into(), is_other: false }));
        }
        if cursor.unnamed == ExprId::NOTHING {
            return Ok(ends);
        }
        if escape == Escape::None {
            let known = self.known_behind(cursor.thread, text);
            let known_ends = known.iter().cloned();
            ends.extend(known_ends.map(KeyEnd::plain));
            let taken = [self.taken_behind(cursor.thread, text), known].concat();
            let rest = self.other_text(cursor.unnamed, &taken)?;
            let other = rest.map(|rest| KeyEnd::plain(rest.into()));
            ends.extend(other.map(|end| KeyEnd { is_other: true, ..end }));
            return Ok(ends);
        }
        for escapable in self.escapes_of(cursor.unnamed, escape)?.iter() {
            let (mut key, mut language) = (text, cursor.unnamed);
            let mut rest = escapable.char.to_string().into_bytes();
            for &byte in &rest {
                key = self.text_id(key, byte);
                language = self.algebra.step(language, byte)?;
            }
            let known = self.known_behind(cursor.thread, key);
            let taken = [self.taken_behind(cursor.thread, key), known].concat();
            if let Some(more) = self.other_text(language, &taken)? {
                let bytes = plus(escapable.missing, written(&more));
                rest.extend(more);
                ends.push(KeyEnd { bytes, rest: rest.into(), is_other: true });
            }
        }
        Ok(ends)
    }
}

/// A way for a key to end.
#[derive(Debug)]
struct KeyEnd {
    /// The bytes that write what is missing.
    bytes: u32,
    /// What is missing.
    rest: Box<[u8]>,
    /// Whether the key is compared with no other.
    is_other: bool,
}

impl KeyEnd {
    /// An end of a key that is compared with others, where no escape was begun before.
    fn plain(rest: Box<[u8]>) -> Self {
        Self { bytes: written(&rest), rest, is_other: false }
    }
}

/// The first byte that a byte of a string's value is written with.
fn written_as(byte: u8) -> u8 {
    if written_byte(byte) > 1 { b'\\' } else { byte }
}
