//! How many bytes finish a text: a way that can always be taken.
//!
//! The count is of bytes without white space that need not be. A constraint under a budget of
//! tokens ends in time by it: at each byte of this way the rest is less by one, so whoever follows
//! it comes to an end.

use super::level::{LevelId, Thread};
use super::{Cursor, CursorsId, Machine, Place, ReadingId, StateId, TextId, WantsId};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::algebra::{NEVER, plus};

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
            Place::String(reading, escape) => plus(self.reading_rest(reading, 1)?, escape.rest()),
            Place::Key(cursors, text, escape) => plus(self.key_rest(cursors, text)?, escape.rest()),
        })
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
    fn key_rest(&mut self, cursors: CursorsId, text: TextId) -> Result<u32, ConstraintError> {
        let begin = self.text(text).len();
        let cursors = self.cursors.get(cursors.0).to_vec();
        let mut least = NEVER;
        for cursor in &cursors {
            for rest in self.key_ends(cursor, begin, text)? {
                let (mut key, mut ended) = (text, *cursor);
                for &byte in &rest {
                    key = self.text_id(key, byte);
                    ended.unnamed = self.algebra.step(ended.unnamed, byte)?;
                }
                if let Some(wants) = self.key_wants(&[ended], key)? {
                    let own = u32::try_from(rest.len()).unwrap_or(NEVER - 1);
                    // A quote and a colon behind it.
                    least = least.min(plus(plus(own, 2), self.wants_rest(wants)?));
                }
            }
        }
        Ok(least)
    }

    /// What keys may go on with: names, and the shortest text that is none of them.
    fn key_ends(
        &mut self,
        cursor: &Cursor,
        begin: usize,
        text: TextId,
    ) -> Result<Vec<Vec<u8>>, ConstraintError> {
        let candidates = self.candidates(cursor.thread)?;
        let names = &candidates.names[cursor.low as usize..cursor.high as usize];
        let mut ends: Vec<Vec<u8>> =
            names.iter().map(|(name, _)| name.as_bytes()[begin..].to_vec()).collect();
        if cursor.unnamed != ExprId::NOTHING {
            let taken = self.taken_behind(cursor.thread, text);
            ends.extend(self.other_text(cursor.unnamed, &taken)?);
        }
        Ok(ends)
    }
}
