//! Open arrays and objects: what each was read as, and what goes on when it closes.
//!
//! Levels are sets of threads and threads point to the level above, so all readings of a text form
//! a graph-structured stack (Tomita 1985): what several readings have in common above them is there
//! once. Both are interned, so equal stacks are equal numbers.

use super::{Machine, State};
use crate::constraint::ConstraintError;
use crate::schema::algebra::{ArrayId, Items, Members, NEVER, ObjectId};

/// A thread, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ThreadId(pub(super) u32);

/// Threads at one place, by the number of their list. All are arrays, or all are objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LevelId(pub(super) u32);

impl LevelId {
    /// Behind the whole text.
    pub(super) const OVER: Self = Self(0);
    /// Around a value that is looked at by itself. Nothing is known of it, and no step leads there.
    pub(super) const OPEN: Self = Self(1);
}

impl ThreadId {
    /// The thread of [`LevelId::OPEN`], which is none.
    pub(super) const OPEN: Self = Self(u32::MAX);
}

/// An open array or object under one shape. Invariant: it can be finished.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Thread {
    /// Read as an array of one shape.
    Array(OpenArray),
    /// Read as an object of one shape.
    Object(OpenObject),
}

/// An open array: what its shape asks to be remembered of the items read, and no more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OpenArray {
    pub(super) shape: ArrayId,
    pub(super) items: Items,
    /// Whether of the item at hand all is known that must be: it can be one value alone, or is equal
    /// to an item before it.
    pub(super) is_noted: bool,
    /// Where in the item's text that is kept the item at hand begins.
    pub(super) start: u32,
    pub(super) above: LevelId,
}

/// An open object: what its shape asks to be remembered of the members read, and no more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OpenObject {
    pub(super) shape: ObjectId,
    pub(super) members: Members,
    pub(super) above: LevelId,
}

impl Machine {
    /// A thread by its number.
    pub(super) fn thread(&self, thread: ThreadId) -> &Thread {
        self.threads.get(thread.0)
    }

    /// The threads of a level, ascending.
    pub(super) fn level(&self, level: LevelId) -> &[ThreadId] {
        self.levels.get(level.0)
    }

    /// The number of a set of threads, in whatever order they come.
    pub(super) fn level_id(&mut self, mut threads: Vec<ThreadId>) -> LevelId {
        threads.sort_unstable();
        threads.dedup();
        LevelId(self.levels.intern(threads.into()))
    }

    /// All threads of some levels, of which there is at least one.
    pub(super) fn united(&mut self, mut levels: Vec<LevelId>) -> LevelId {
        levels.sort_unstable();
        levels.dedup();
        if let [only] = levels[..] {
            return only;
        }
        let threads = levels.iter().flat_map(|&level| self.level(level).to_vec()).collect();
        self.level_id(threads)
    }

    /// Whether the threads of a level are arrays.
    ///
    /// One byte opened them all, so the first tells; of the level behind the whole text it is none.
    pub(super) fn is_array(&self, level: LevelId) -> bool {
        let first = self.level(level).first().filter(|_| level != LevelId::OPEN);
        first.is_some_and(|&thread| matches!(self.thread(thread), Thread::Array(_)))
    }

    /// The thread of an array, unless it cannot be finished.
    pub(super) fn array_thread(
        &mut self,
        array: OpenArray,
    ) -> Result<Option<ThreadId>, ConstraintError> {
        let rest = self.algebra.array_rest(array.shape, &array.items)?;
        Ok((rest != NEVER).then(|| ThreadId(self.threads.intern(Thread::Array(array)))))
    }

    /// The thread of an object, unless it cannot be finished.
    pub(super) fn object_thread(
        &mut self,
        object: OpenObject,
    ) -> Result<Option<ThreadId>, ConstraintError> {
        let may_finish = self.algebra.may_finish(object.shape, &object.members)?;
        Ok(may_finish.then(|| ThreadId(self.threads.intern(Thread::Object(object)))))
    }

    /// The state behind the bracket or brace that closes a level's threads, as many as may close.
    ///
    /// Threads that may not close yet are dropped: of their readings the text has none any more.
    pub(super) fn close(
        &mut self,
        state: State,
        level: LevelId,
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let mut above = Vec::new();
        for thread in self.level(level).to_vec() {
            let (may_close, up) = match self.thread(thread).clone() {
                Thread::Array(array) => (self.may_close_array(&array), array.above),
                Thread::Object(object) => (self.may_close_object(&object)?, object.above),
            };
            above.extend(may_close.then_some(up));
        }
        let state = self.noted(state, byte);
        self.end_value(state, above)
    }
}
