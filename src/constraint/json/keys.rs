//! Keys of objects: which may come next, and what stands behind each.
//!
//! A key is read for all threads of a level at once: each has a cursor, which is a range of the
//! names that begin as the text does, and a language of other keys behind it. At the closing quote
//! every thread says what its value must be; several that say the same share it.
//!
//! A name that the shape knows is never read as another key, and no key comes twice: RFC 8259,
//! section 4, leaves open what a second one means, and readers differ in it. So all keys that were
//! read are kept, if not as bits then as texts.
//!
//! Law: a cursor is kept only where its thread can be finished behind some key that it may still
//! become.

use super::escape::{Escape, Escaped, SHORT};
use super::level::{LevelId, OpenObject, Thread, ThreadId};
use super::{Cursor, CursorsId, Machine, Place, State, TextId, WantsId};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::Order;
use crate::schema::algebra::{NEVER, NodeId, ObjectShape, plus, written_byte};

impl Machine {
    /// The threads of a level in which a key may come next.
    ///
    /// Behind a comma a key must come, so threads in which none may are dropped there; a comma
    /// after which nothing could stand is not allowed.
    pub(super) fn continuing(
        &mut self,
        level: LevelId,
    ) -> Result<Option<LevelId>, ConstraintError> {
        let mut threads = Vec::new();
        for thread in self.level(level).to_vec() {
            let candidates = self.candidates(thread)?;
            if !candidates.names.is_empty() || candidates.unnamed != ExprId::NOTHING {
                threads.push(thread);
            }
        }
        Ok((!threads.is_empty()).then(|| self.level_id(threads)))
    }

    /// The state behind a key's first quote, with a cursor for each thread in which a key may come.
    pub(super) fn begin_key(
        &mut self,
        state: State,
        level: LevelId,
    ) -> Result<Option<State>, ConstraintError> {
        let mut cursors = Vec::new();
        for thread in self.level(level).to_vec() {
            let candidates = self.candidates(thread)?;
            let high = u32::try_from(candidates.names.len()).expect("a document has fewer names");
            let cursor = Cursor { thread, low: 0, high, unnamed: candidates.unnamed };
            cursors.extend((high > 0 || cursor.unnamed != ExprId::NOTHING).then_some(cursor));
        }
        Ok(self.in_key(state, (cursors, TextId::EMPTY, Escape::None), b'"'))
    }

    /// The keys that may not come as unnamed ones.
    ///
    /// Names of the shape, and other keys that were read already.
    pub(super) fn taken<'a>(
        &'a self,
        shape: &'a ObjectShape,
        object: &'a OpenObject,
    ) -> impl Iterator<Item = &'a [u8]> {
        let names = shape.names.iter().map(|name| &name.name);
        names.chain(&object.members.unnamed).map(|&name| self.algebra.name_text(name).as_bytes())
    }

    /// Whether a language has a text that is none of a list.
    pub(super) fn has_other_text(
        &mut self,
        language: ExprId,
        taken: &[Box<[u8]>],
    ) -> Result<bool, ConstraintError> {
        // Of all texts a list leaves some.
        Ok(language == self.algebra.any_text() || self.other_text(language, taken)?.is_some())
    }

    /// A short text of a language that is none of a list. Looks at beginnings of the list's texts
    /// and one byte more, as every other beginning is that of another text.
    ///
    /// A list of finitely many texts has finitely many beginnings, so the search ends; what it
    /// finds is one of the shortest behind the place where the texts part.
    pub(super) fn other_text(
        &mut self,
        language: ExprId,
        taken: &[Box<[u8]>],
    ) -> Result<Option<Vec<u8>>, ConstraintError> {
        let mut open = vec![(language, Vec::new())];
        let mut at = 0;
        while let Some((language, text)) = open.get(at).cloned() {
            at += 1;
            let behind: Vec<&[u8]> =
                taken.iter().filter_map(|key| key.strip_prefix(&text[..])).collect();
            if behind.is_empty() {
                return Ok(Some(self.algebra.shortest_text(language, text)?));
            }
            if !behind.contains(&&[][..]) && self.algebra.automaton.is_nullable(language) {
                return Ok(Some(text));
            }
            let mut best: Option<(u32, u8, ExprId)> = None;
            for byte in 0..=255_u8 {
                let next = self.algebra.step(language, byte)?;
                if next == ExprId::NOTHING {
                    continue;
                }
                if behind.iter().any(|rest| rest.first() == Some(&byte)) {
                    open.push((next, [&text[..], &[byte]].concat()));
                    continue;
                }
                let rest = plus(self.algebra.shortest(next)?, written_byte(byte).into());
                if best.is_none_or(|(least, ..)| rest < least) {
                    best = Some((rest, byte, next));
                }
            }
            if let Some((_, byte, next)) = best {
                let text = [&text[..], &[byte]].concat();
                return Ok(Some(self.algebra.shortest_text(next, text)?));
            }
        }
        Ok(None)
    }

    /// The state behind a byte of a key. Escapes are followed as in strings: the cursors step when
    /// the character is known.
    pub(super) fn step_key(
        &mut self,
        state: State,
        (cursors, text, escape): (CursorsId, TextId, Escape),
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let known = self.cursors.get(cursors.0).to_vec();
        if escape != Escape::None {
            return match escape.step(byte) {
                Escaped::Wrong => Ok(None),
                Escaped::Char(char) if !self.escapes.has(escape, char) => Ok(None),
                Escaped::Char(char) => {
                    let (next, text) =
                        self.narrowed(known, text, char.encode_utf8(&mut [0; 4]).as_bytes())?;
                    Ok(self.in_key(state, (next, text, Escape::None), byte))
                }
                Escaped::Open(escape) => {
                    let next = self.escapable(known, text, escape)?;
                    Ok(self.in_key(state, (next, text, escape), byte))
                }
            };
        }
        match byte {
            b'"' => self.end_key(state, &known, text),
            b'\\' => {
                let next = self.escapable(known, text, Escape::Begun)?;
                Ok(self.in_key(state, (next, text, Escape::Begun), byte))
            }
            0..0x20 => Ok(None),
            _ => {
                let mut next = Vec::with_capacity(known.len());
                let depth = self.text(text).len();
                for cursor in known {
                    next.extend(self.narrow(cursor, depth, byte)?);
                }
                let text = self.text_id(text, byte);
                let next = self.with_other_text(next, text)?;
                Ok(self.in_key(state, (next, text, Escape::None), byte))
            }
        }
    }

    /// The state within a key with what is left of its cursors; `None` where nothing is. Cursors
    /// are put in order, so equal ways to come here are one state.
    fn in_key(
        &mut self,
        state: State,
        (mut cursors, text, escape): (Vec<Cursor>, TextId, Escape),
        byte: u8,
    ) -> Option<State> {
        if cursors.is_empty() {
            return None;
        }
        cursors.sort_unstable();
        let cursors = CursorsId(self.cursors.intern(cursors.into()));
        let place = Place::Key(cursors, text, escape);
        Some(self.noted(State { place, space: ExprId::NOTHING, ..state }, byte))
    }

    /// The cursors behind some bytes.
    pub(super) fn narrowed(
        &mut self,
        mut cursors: Vec<Cursor>,
        mut text: TextId,
        bytes: &[u8],
    ) -> Result<(Vec<Cursor>, TextId), ConstraintError> {
        let begin = self.text(text).len();
        for (depth, &byte) in (begin..).zip(bytes) {
            let mut next = Vec::with_capacity(cursors.len());
            for cursor in cursors {
                next.extend(self.narrow(cursor, depth, byte)?);
            }
            text = self.text_id(text, byte);
            cursors = next;
        }
        Ok((self.with_other_text(cursors, text)?, text))
    }

    /// A cursor behind a byte of the key, which has `depth` bytes already.
    fn narrow(
        &mut self,
        cursor: Cursor,
        depth: usize,
        byte: u8,
    ) -> Result<Option<Cursor>, ConstraintError> {
        let candidates = self.candidates(cursor.thread)?;
        let names = &candidates.names[cursor.low as usize..cursor.high as usize];
        let at = |&name: &u32| self.algebra.name_text(name).as_bytes().get(depth).copied();
        // The names are ascending and alike up to here, so those that go on with the byte are a
        // range.
        let below = names.partition_point(|name| at(name) < Some(byte));
        let through = names.partition_point(|name| at(name) <= Some(byte));
        let mut unnamed = ExprId::NOTHING;
        if cursor.unnamed != ExprId::NOTHING {
            let class = self.algebra.automaton.class_of(byte);
            unnamed = self.algebra.automaton.step(cursor.unnamed, class);
            if self.algebra.shortest(unnamed)? == NEVER {
                unnamed = ExprId::NOTHING;
            }
        }
        let (low, high) = (cursor.low + below as u32, cursor.low + through as u32);
        let is_alive = low < high || unnamed != ExprId::NOTHING;
        Ok(is_alive.then_some(Cursor { low, high, unnamed, ..cursor }))
    }

    /// The cursors without languages all of whose texts are taken by keys that begin as this one.
    ///
    /// The language of all texts is left as it is: a finite list never takes all of it.
    fn with_other_text(
        &mut self,
        cursors: Vec<Cursor>,
        text: TextId,
    ) -> Result<Vec<Cursor>, ConstraintError> {
        let mut left = Vec::with_capacity(cursors.len());
        for mut cursor in cursors {
            if cursor.unnamed != ExprId::NOTHING && cursor.unnamed != self.algebra.any_text() {
                let taken = self.taken_behind(cursor.thread, text);
                if !taken.is_empty() && !self.has_other_text(cursor.unnamed, &taken)? {
                    cursor.unnamed = ExprId::NOTHING;
                }
            }
            if cursor.low < cursor.high || cursor.unnamed != ExprId::NOTHING {
                left.push(cursor);
            }
        }
        Ok(left)
    }

    /// What taken keys that begin with a text go on with.
    ///
    /// These are what a mask has to look at one by one; see `key_mask`.
    pub(super) fn taken_behind(&self, thread: ThreadId, text: TextId) -> Vec<Box<[u8]>> {
        let Thread::Object(object) = self.thread(thread) else { return Vec::new() };
        let begin = self.text(text);
        let taken = self.taken(self.algebra.object(object.shape), object);
        let closed = self.candidates.get(&thread).map_or(&[][..], |of| &of.closed);
        let taken = taken.chain(closed.iter().map(|key| key.as_bytes()));
        taken.filter_map(|key| key.strip_prefix(&begin[..])).map(Box::from).collect()
    }

    /// The cursors for which an escape can become a character that goes on.
    ///
    /// An escape that no candidate needs, and that no other key may have, is not begun.
    fn escapable(
        &mut self,
        cursors: Vec<Cursor>,
        text: TextId,
        escape: Escape,
    ) -> Result<Vec<Cursor>, ConstraintError> {
        let depth = self.text(text).len();
        let mut left = Vec::with_capacity(cursors.len());
        for mut cursor in cursors {
            let names = self.names_of(&cursor)?;
            let has_name = names
                .iter()
                .any(|name| self.missing_of(escape, &name.as_bytes()[depth..]).is_some());
            if !self.has_other_escaped(&cursor, text, escape)? {
                cursor.unnamed = ExprId::NOTHING;
            }
            if has_name || cursor.unnamed != ExprId::NOTHING {
                left.push(cursor);
            }
        }
        Ok(left)
    }

    /// Whether an escape can become a character with which a key goes on that is none of the names, and
    /// of which not all texts are taken.
    fn has_other_escaped(
        &mut self,
        cursor: &Cursor,
        text: TextId,
        escape: Escape,
    ) -> Result<bool, ConstraintError> {
        if cursor.unnamed == ExprId::NOTHING {
            return Ok(false);
        }
        let escapes = self.escapes_of(cursor.unnamed, escape)?;
        let taken = self.taken_behind(cursor.thread, text);
        if taken.is_empty() || cursor.unnamed == self.algebra.any_text() {
            return Ok(!escapes.is_empty());
        }
        if escapes.is_empty() {
            return Ok(false);
        }
        // Those known stand for all, unless they are taken; then the others are looked at.
        let known: Vec<char> = escapes.iter().map(|escapable| escapable.char).collect();
        let others = escape.reach().into_iter().flat_map(|(first, last)| first..=last);
        for char in known.into_iter().chain(others) {
            let mut bytes = [0; 4];
            let char = char.encode_utf8(&mut bytes).as_bytes();
            if self.missing_of(escape, char).is_none() {
                continue;
            }
            let mut language = cursor.unnamed;
            for &byte in char {
                language = self.algebra.step(language, byte)?;
            }
            let behind = taken.iter().filter_map(|key| key.strip_prefix(char));
            let behind: Vec<Box<[u8]>> = behind.map(Box::from).collect();
            if language != ExprId::NOTHING && self.has_other_text(language, &behind)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The bytes that are missing of an escape that becomes the first character of a text, and the
    /// bytes of that character; `None` where it cannot.
    pub(super) fn missing_of(&self, escape: Escape, text: &[u8]) -> Option<(u32, usize)> {
        let char = std::str::from_utf8(text).ok()?.chars().next()?;
        let mut reach = escape.reach().into_iter();
        let is_in = reach.any(|(first, last)| (first..=last).contains(&char));
        let missing = if escape == Escape::Begun && SHORT.contains(char) {
            self.escapes.has(escape, char).then_some(1)
        } else {
            self.escapes.has(Escape::None, char).then(|| escape.missing(char))
        };
        Some((missing.filter(|_| is_in)?, char.len_utf8()))
    }

    /// The state behind a key's closing quote, where white space may stand before the colon.
    fn end_key(
        &mut self,
        state: State,
        cursors: &[Cursor],
        text: TextId,
    ) -> Result<Option<State>, ConstraintError> {
        let wants = self.key_wants(cursors, text)?;
        Ok(wants.map(|wants| self.spaced(state, Place::Colon(wants), b'"')))
    }

    /// What stands behind a key.
    ///
    /// Nodes without values and threads that cannot be finished are left out; `None` where nothing
    /// is left, and then the key may not end here.
    pub(super) fn key_wants(
        &mut self,
        cursors: &[Cursor],
        text: TextId,
    ) -> Result<Option<WantsId>, ConstraintError> {
        let bytes = self.text(text);
        let Ok(key) = String::from_utf8(bytes) else { return Ok(None) };
        let mut wants = Vec::new();
        for cursor in cursors {
            let Thread::Object(object) = self.thread(cursor.thread).clone() else { continue };
            let shape = self.algebra.object(object.shape).clone();
            for (node, next) in self.members_behind(cursor, &shape, &object, &key)? {
                if self.algebra.extent(node)? != NEVER
                    && let Some(next) = self.object_thread(next)?
                {
                    wants.push((node, next));
                }
            }
        }
        Ok(self.grouped(wants))
    }

    /// Every way to read a key in a thread.
    ///
    /// A name that the shape knows is read as that; any other key is under the rules, is noted so
    /// that it comes once, and may count for demands.
    fn members_behind(
        &mut self,
        cursor: &Cursor,
        shape: &ObjectShape,
        object: &OpenObject,
        key: &str,
    ) -> Result<Vec<(NodeId, OpenObject)>, ConstraintError> {
        let candidates = self.candidates(cursor.thread)?;
        let names = &candidates.names[cursor.low as usize..cursor.high as usize];
        let found = names.binary_search_by(|&name| (**self.algebra.name_text(name)).cmp(key));
        if let Ok(at) = found {
            let name = names[at];
            let index = shape.names.iter().position(|of| of.name == name);
            let index = index.expect("candidates are of the thread's shape");
            let ways = self.members_of(shape, object, Some(index), shape.names[index].node);
            return Ok(self.parted(shape, object, name, ways));
        }
        let is_open =
            cursor.unnamed != ExprId::NOTHING && self.algebra.automaton.is_nullable(cursor.unnamed);
        if !is_open || self.taken(shape, object).any(|taken| taken == key.as_bytes()) {
            return Ok(Vec::new());
        }
        Ok(self.unnamed_members(shape, object, key))
    }

    /// Every way to read a key that a shape does not know by name.
    pub(super) fn unnamed_members(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
        key: &str,
    ) -> Vec<(NodeId, OpenObject)> {
        let node = self.algebra.unnamed(&shape.rules, key);
        let mut ways = self.members_of(shape, object, None, node);
        ways.retain(|_| node != NodeId::NONE);
        let name = self.algebra.name(key);
        for (_, next) in &mut ways {
            let unnamed = &mut next.members.unnamed;
            let place = unnamed.partition_point(|&known| known < name);
            unnamed.insert(place, name);
        }
        // A demand is met by a key that counts for it.
        let demanded = shape.demands.clone();
        let mut counting = Vec::with_capacity(ways.len());
        for (node, next) in ways {
            let met = next.members.met & !object.members.met;
            let mut counts = true;
            for (index, demand) in demanded.iter().enumerate() {
                counts &= met >> index & 1 == 0 || self.algebra.counts(demand, name);
            }
            counting.extend(counts.then_some((node, next)));
        }
        self.parted(shape, object, name, counting)
    }

    /// Every way to count a property: what its value must be, and the object behind it.
    ///
    /// Each demand that is not met doubles the ways: the property counts for it, and then its value
    /// must be of the demand's node, or it does not. The count of properties stops where the shape
    /// does not tell more of them apart, so that equal states are found equal.
    pub(super) fn members_of(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
        index: Option<usize>,
        node: NodeId,
    ) -> Vec<(NodeId, OpenObject)> {
        let mut next = object.clone();
        next.members.unlike.clear();
        if let Some(index) = index {
            next.members.seen[index / 64] |= 1 << (index % 64);
        }
        if self.order == Order::Declared {
            let behind = index.map_or(shape.names.len(), |index| index + 1);
            next.members.next = u32::try_from(behind).expect("a document has fewer names");
        }
        next.members.count = match (shape.max, shape.min) {
            (None, 0) => 1,
            (None, min) => (next.members.count + 1).min(min),
            _ => next.members.count + 1,
        };
        let mut ways = vec![(node, next)];
        for (demand_index, demand) in shape.demands.iter().enumerate() {
            if object.members.meets(demand_index) {
                continue;
            }
            if let Some(index) = index
                && !self.algebra.counts(demand, shape.names[index].name)
            {
                continue;
            }
            for (node, next) in ways.clone() {
                let mut next = next;
                next.members.met |= 1 << demand_index;
                ways.push((self.algebra.and([node, demand.node]), next));
            }
        }
        ways
    }

    /// Whether required names, implications, demands and the least number are all met.
    pub(super) fn may_close_object(
        &mut self,
        object: &OpenObject,
    ) -> Result<bool, ConstraintError> {
        Ok(self.algebra.may_close(object.shape, &object.members)?)
    }
}
