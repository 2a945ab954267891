//! Where values begin and end.
//!
//! A value is waited for by nodes, each with the level that goes on behind it. Its first byte tells
//! the type, as in RFC 8259, section 3; of each node the form of that type is what is read from
//! then on.

use super::level::{LevelId, OpenArray, OpenObject, Thread};
use super::{Escape, Machine, Place, ReadingId, State, WantsId, Word};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::algebra::{Form, Items, Members, NEVER};

/// Each byte of an object is read for all of them.
const MOST_THREADS: usize = 1 << 11;

impl Word {
    /// The word as it is written, in lower case (RFC 8259, section 3).
    pub(super) fn text(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::True => b"true",
            Self::False => b"false",
        }
    }
}

impl Machine {
    /// The state behind the first byte of a value.
    ///
    /// `None` where no node allows a value of the type. White space may follow only a bracket or a
    /// brace.
    pub(super) fn begin_value(
        &mut self,
        state: State,
        wants: WantsId,
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let place = match byte {
            b'n' => self.begin_literal(wants, Word::Null, |form| form.null)?,
            b't' => self.begin_literal(wants, Word::True, |form| form.booleans[1])?,
            b'f' => self.begin_literal(wants, Word::False, |form| form.booleans[0])?,
            b'"' => self.begin_string(wants)?,
            b'[' => self.begin_array(wants)?,
            b'{' => self.begin_object(wants)?,
            b'-' | b'0'..=b'9' => self.begin_number(wants, byte)?,
            _ => None,
        };
        let space = match place {
            Some(Place::FirstItem(_) | Place::FirstKey(_)) => self.space,
            _ => ExprId::NOTHING,
        };
        Ok(place.map(|place| self.noted(State { place, space, ..state }, byte)))
    }

    /// All nodes that allow the word become one reading, as a word says nothing more about which it
    /// was.
    fn begin_literal(
        &mut self,
        wants: WantsId,
        word: Word,
        is_allowed: impl Fn(&Form) -> bool,
    ) -> Result<Option<Place>, ConstraintError> {
        let mut levels = Vec::new();
        for (node, level) in self.wants.get(wants.0).to_vec() {
            if is_allowed(&*self.algebra.form(node)?) {
                levels.push(level);
            }
        }
        let has_one = !levels.is_empty();
        Ok(has_one.then(|| Place::Literal(word, 1, self.united(levels))))
    }

    /// One reading for each node: its language of decoded strings, if that has a text at all.
    fn begin_string(&mut self, wants: WantsId) -> Result<Option<Place>, ConstraintError> {
        let mut reading = Vec::new();
        for (node, level) in self.wants.get(wants.0).to_vec() {
            let strings = self.algebra.form(node)?.strings;
            if self.algebra.shortest(strings)? != NEVER {
                reading.push((strings, level));
            }
        }
        let has_one = !reading.is_empty();
        Ok(has_one.then(|| Place::String(self.reading_id(reading), Escape::None)))
    }

    /// One reading for each node, behind the first byte already. Numbers are languages of the text
    /// as written.
    fn begin_number(&mut self, wants: WantsId, byte: u8) -> Result<Option<Place>, ConstraintError> {
        let mut reading = Vec::new();
        for (node, level) in self.wants.get(wants.0).to_vec() {
            let form = self.algebra.form(node)?;
            let numbers = self.algebra.written_numbers(&form)?;
            reading.push((numbers, level));
        }
        let next = self.advanced(reading, &[byte])?;
        Ok((!next.is_empty()).then(|| Place::Number(self.reading_id(next))))
    }

    /// A thread for each shape of each node. Shapes that cannot be finished make none.
    fn begin_array(&mut self, wants: WantsId) -> Result<Option<Place>, ConstraintError> {
        let mut threads = Vec::new();
        for (node, above) in self.wants.get(wants.0).to_vec() {
            for &shape in &self.algebra.form(node)?.arrays {
                let counted = vec![0; self.algebra.array(shape).counted.len()];
                let items = Items { counted, ..Items::NONE };
                let array = OpenArray { shape, items, is_noted: false, start: 0, above };
                threads.extend(self.array_thread(array)?);
            }
        }
        let has_one = !threads.is_empty();
        Ok(has_one.then(|| Place::FirstItem(self.level_id(threads))))
    }

    /// A thread for each shape of each node, with a bit for each name that the shape knows.
    fn begin_object(&mut self, wants: WantsId) -> Result<Option<Place>, ConstraintError> {
        let mut threads = Vec::new();
        for (node, above) in self.wants.get(wants.0).to_vec() {
            for &shape in &self.algebra.form(node)?.objects {
                let seen = vec![0; self.algebra.object(shape).names.len().div_ceil(64)];
                let members = Members { seen, ..Members::NONE };
                let object = OpenObject { shape, members, above };
                threads.extend(self.object_thread(object)?);
            }
        }
        let limit = MOST_THREADS;
        if threads.len() > limit {
            let what = "readings of one object";
            return Err(ConstraintError::Limit { what, value: threads.len(), limit });
        }
        let has_one = !threads.is_empty();
        Ok(has_one.then(|| Place::FirstKey(self.level_id(threads))))
    }

    /// The languages of a reading behind some bytes, as far as they go on.
    ///
    /// A language without texts is dropped, so every reading that is left can be finished.
    pub(super) fn advanced(
        &mut self,
        reading: Vec<(ExprId, LevelId)>,
        bytes: &[u8],
    ) -> Result<Vec<(ExprId, LevelId)>, ConstraintError> {
        let mut next = Vec::with_capacity(reading.len());
        for (mut language, level) in reading {
            for &byte in bytes {
                let class = self.algebra.automaton.class_of(byte);
                language = self.algebra.automaton.step(language, class);
            }
            if language != ExprId::NOTHING && self.algebra.shortest(language)? != NEVER {
                next.push((language, level));
            }
        }
        Ok(next)
    }

    /// The state behind one letter more, and behind the value at the last.
    pub(super) fn step_literal(
        &mut self,
        state: State,
        (word, at, level): (Word, u8, LevelId),
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        if word.text().get(usize::from(at)) != Some(&byte) {
            return Ok(None);
        }
        let state = self.noted(state, byte);
        if usize::from(at) + 1 == word.text().len() {
            return self.end_value(state, vec![level]);
        }
        Ok(Some(State { place: Place::Literal(word, at + 1, level), ..state }))
    }

    /// A number has no mark at its end: it goes on with every byte that may be of a number, and
    /// ends where any other byte comes, which then is a step of what stands around it. A number
    /// that is the whole text is accepted where its language has it.
    pub(super) fn step_number(
        &mut self,
        state: State,
        reading: ReadingId,
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        if matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            let next = self.advanced(self.reading(reading).to_vec(), &[byte])?;
            if next.is_empty() {
                return Ok(None);
            }
            let place = Place::Number(self.reading_id(next));
            return Ok(Some(self.noted(State { place, ..state }, byte)));
        }
        // A number ends where something else begins.
        let ended = self.reading(reading).iter().filter(|&&(language, level)| {
            level != LevelId::OVER
                && level != LevelId::OPEN
                && self.algebra.automaton.is_nullable(language)
        });
        let levels = ended.map(|&(_, level)| level).collect();
        match self.end_value(state, levels)? {
            Some(state) => self.step_structure(state, byte),
            None => Ok(None),
        }
    }

    /// The state behind a value that ends for some levels.
    ///
    /// Behind the outermost value the text is over, and no white space follows. In arrays whose
    /// items must differ the value is compared with those before it here, and readings in which it
    /// is not new end.
    pub(super) fn end_value(
        &mut self,
        state: State,
        levels: Vec<LevelId>,
    ) -> Result<Option<State>, ConstraintError> {
        if levels.is_empty() {
            return Ok(None);
        }
        let level = self.united(levels);
        if level == LevelId::OVER {
            let space = ExprId::EMPTY;
            return Ok(Some(State { place: Place::Done, space, item: None }));
        }
        let (level, item) = match state.item {
            Some(text) if self.is_array(level) => match self.with_item(level, text)? {
                Some(known) => known,
                None => return Ok(None),
            },
            item => (level, item),
        };
        Ok(Some(State { place: Place::After(level), space: self.space, item }))
    }

    /// Whether a thread of a level must know its items.
    pub(super) fn is_unique(&self, level: LevelId) -> bool {
        self.level(level).iter().any(|&thread| match self.thread(thread) {
            Thread::Array(array) => self.knows_items(array) || array.is_noted,
            Thread::Object(_) => false,
        })
    }
}
