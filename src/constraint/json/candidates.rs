//! The keys that may come next in a thread, as names and as a language.
//!
//! Many threads are made where keys may come in any order, and each has nearly all names of its shape:
//! so names are kept as numbers, and the order of a shape's names by text is found once.
//!
//! Law: a key is a candidate only where its thread can be finished behind it.

use std::sync::Arc;

use super::level::{OpenObject, Thread, ThreadId};
use super::{Cursor, Machine};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::schema::Order;
use crate::schema::algebra::{NEVER, NodeId, ObjectId, ObjectShape};

/// The keys that may come next in a thread.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Names by their numbers in the algebra, ascending by text.
    ///
    /// There may be many threads, and all their names are those of few shapes.
    pub(super) names: Box<[u32]>,
    /// The language of the keys that the shape does not know by name.
    pub(super) unnamed: ExprId,
    /// Such keys that an object has which this one must not become, and that may come.
    pub(super) known: Vec<Box<str>>,
    /// The same that may not come, as it would become one of those.
    pub(super) closed: Vec<Box<str>>,
}

impl Candidates {
    /// The bytes it holds, roughly.
    fn memory(&self) -> usize {
        let keys = self.known.iter().chain(&self.closed);
        96 + size_of_val(&*self.names) + keys.map(|key| 16 + key.len()).sum::<usize>()
    }
}

impl Machine {
    /// The keys that may come next in a thread.
    ///
    /// Kept for each thread. A name is no candidate where its value has no extent, or where the
    /// object could not be finished behind it: so no key leads into a dead end.
    pub(super) fn candidates(
        &mut self,
        thread: ThreadId,
    ) -> Result<Arc<Candidates>, ConstraintError> {
        if let Some(known) = self.candidates.get(&thread) {
            return Ok(Arc::clone(known));
        }
        let Thread::Object(object) = self.thread(thread).clone() else {
            let (unnamed, none) = (ExprId::NOTHING, Vec::new());
            let known =
                Candidates { names: Box::default(), unnamed, known: none.clone(), closed: none };
            return Ok(Arc::new(known));
        };
        let shape = self.algebra.object(object.shape).clone();
        let mut places = Vec::new();
        let last = self.last_candidate(&shape, &object);
        for index in object.members.next as usize..last {
            if !object.members.has(index)
                && self.algebra.extent(shape.names[index].node)? != NEVER
                && self.can_take(&shape, &object, Some(index))?
            {
                places.push(index);
            }
        }
        let ranks = self.ranks(object.shape);
        places.sort_unstable_by_key(|&index| ranks[index]);
        let names = places.into_iter().map(|index| shape.names[index].name).collect();
        let (known, closed) = self.agreeing_candidates(&shape, &object)?;
        let unnamed = self.unnamed_candidates(&shape, &object, &closed)?;
        let candidates = Arc::new(Candidates { names, unnamed, known, closed });
        self.candidate_bytes += candidates.memory();
        self.candidates.insert(thread, Arc::clone(&candidates));
        Ok(candidates)
    }

    /// The places of a shape's names among them by text, kept for each shape.
    fn ranks(&mut self, shape: ObjectId) -> Arc<[u32]> {
        if let Some(known) = self.ranks.get(&shape) {
            return Arc::clone(known);
        }
        let names = &self.algebra.object(shape).names;
        let mut places: Vec<usize> = (0..names.len()).collect();
        places.sort_unstable_by_key(|&at| self.algebra.name_text(names[at].name));
        let mut ranks = vec![0; names.len()];
        for (rank, at) in (0..).zip(places) {
            ranks[at] = rank;
        }
        let ranks: Arc<[u32]> = ranks.into();
        self.ranks.insert(shape, Arc::clone(&ranks));
        ranks
    }

    /// The texts of a cursor's names, ascending.
    ///
    /// # Errors
    /// [`ConstraintError`], for limits, where the thread's candidates were not asked for before.
    pub(super) fn names_of(&mut self, cursor: &Cursor) -> Result<Vec<Arc<str>>, ConstraintError> {
        let candidates = self.candidates(cursor.thread)?;
        let names = &candidates.names[cursor.low as usize..cursor.high as usize];
        Ok(names.iter().map(|&name| Arc::clone(self.algebra.name_text(name))).collect())
    }

    /// Names from here on cannot come: one that is required would be left out.
    ///
    /// In any other order than the declared one all names may come until the end.
    fn last_candidate(&self, shape: &ObjectShape, object: &OpenObject) -> usize {
        let mut last = shape.names.len();
        if self.order == Order::Declared {
            let open = object.members.next as usize..last;
            let mut missing =
                open.filter(|&at| shape.names[at].is_required && !object.members.has(at));
            last = missing.next().map_or(last, |at| at + 1);
        }
        last
    }

    /// Whether the object can be finished behind a key: a known name, or one that is not.
    ///
    /// Mostly no demand depends on which key it is, and nothing has to be tried; else every way to
    /// count the key is made and asked whether it can be finished.
    fn can_take(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
        index: Option<usize>,
    ) -> Result<bool, ConstraintError> {
        let is_plain = shape.demands.is_empty() && shape.implied.is_empty() && shape.max.is_none();
        if is_plain && shape.min == 0 && shape.agreeing(&object.members).is_empty() {
            let requires = |name: usize| shape.names[name].is_required && !object.members.has(name);
            let is_behind = self.order == Order::Declared && index.is_none();
            let open = object.members.next as usize..shape.names.len();
            return Ok(!is_behind || !open.into_iter().any(requires));
        }
        let name = index.map(|index| shape.names[index]);
        let node = name.map_or(NodeId::ANY, |name| name.node);
        let mut ways = self.members_of(shape, object, index, node);
        if let Some(name) = name {
            ways = self.parted(shape, object, name.name, ways);
        }
        for (node, next) in ways {
            if self.algebra.extent(node)? != NEVER && self.object_thread(next)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The language of the other keys that may come: those of the cells that have values, if one of
    /// their texts is not taken. Taken keys are not taken out of it here, as that would make a
    /// language for every key read.
    fn unnamed_candidates(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
        closed: &[Box<str>],
    ) -> Result<ExprId, ConstraintError> {
        let mut languages = Vec::new();
        let cells = self.algebra.cells(object.shape)?;
        let count = cells.len();
        if cells.is_empty() || !self.can_take(shape, object, None)? {
            return Ok(ExprId::NOTHING);
        }
        for cell in cells.iter() {
            if self.algebra.extent(cell.node)? != NEVER {
                languages.push(cell.language);
            }
        }
        // All keys but those that no value may stand behind, said in the fewest words.
        let union = match languages.len() == count {
            true => self.algebra.unnamed_keys(&shape.rules),
            false => self.algebra.automaton.exprs_mut().or(languages),
        };
        let taken = self.taken(shape, object).chain(closed.iter().map(|key| key.as_bytes()));
        let taken: Vec<Box<[u8]>> = taken.map(Box::from).collect();
        let has_other = self.has_other_text(union, &taken)?;
        Ok(if has_other { union } else { ExprId::NOTHING })
    }
}
