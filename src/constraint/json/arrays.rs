//! Items of arrays: what each may be, how many there are, and whether it is new.
//!
//! An item may be counted for a demand or not, and each way is a thread. A thread that cannot be
//! finished is not made, so the ways that remain are those a text can take.
//!
//! Of arrays whose items must differ the items are kept as values in a canonical text: JSON's
//! equality is of values (JSON Schema 2020-12, core, section 4.2.2), so `1` and `1.0` are the same
//! item, and so are objects with members in another order.

use super::level::{LevelId, OpenArray, Thread, ThreadId};
use super::{Machine, State, TextId, WantsId};
use crate::constraint::ConstraintError;
use crate::schema::algebra::{ArrayShape, Items, NEVER, NodeId, ValueId};

impl Machine {
    /// The state at the begin of an item: its text is kept where a thread must know it.
    ///
    /// The outermost such array begins the text, and those within it note where in it their items
    /// begin.
    pub(super) fn in_item(&self, state: State, level: LevelId) -> State {
        let item = state.item.or_else(|| self.is_unique(level).then_some(TextId::EMPTY));
        State { item, ..state }
    }

    /// Where in the text that is kept the next item begins.
    pub(super) fn item_start(&self, state: State) -> u32 {
        let length = state.item.map_or(0, |text| self.text(text).len());
        u32::try_from(length).expect("texts are shorter than memory")
    }

    /// What the next item of a level may be, with the level behind it.
    ///
    /// Kept by level, and by the begin where threads must know their items. `None` where no further
    /// item can come.
    pub(super) fn item_wants(
        &mut self,
        level: LevelId,
        start: u32,
    ) -> Result<Option<WantsId>, ConstraintError> {
        let start = if self.is_unique(level) { start } else { 0 };
        if let Some(&known) = self.item_wants.get(&(level, start)) {
            return Ok(known);
        }
        let mut wants: Vec<(NodeId, ThreadId)> = Vec::new();
        for thread in self.level(level).to_vec() {
            let Thread::Array(array) = self.thread(thread).clone() else { continue };
            for (node, next) in self.items_of(&array, start)? {
                if self.algebra.extent(node)? != NEVER
                    && let Some(next) = self.array_thread(next)?
                {
                    wants.push((node, next));
                }
            }
        }
        let wants = self.grouped(wants);
        self.item_wants.insert((level, start), wants);
        Ok(wants)
    }

    /// The values that are waited for, each once, with all threads that wait for it.
    ///
    /// Threads that wait for the same value become one level: that is where alternatives are
    /// shared, and why they add up.
    pub(super) fn grouped(&mut self, mut wants: Vec<(NodeId, ThreadId)>) -> Option<WantsId> {
        wants.sort_unstable();
        wants.dedup();
        let mut grouped = Vec::new();
        for group in wants.chunk_by(|a, b| a.0 == b.0) {
            let threads = group.iter().map(|&(_, thread)| thread).collect();
            grouped.push((group[0].0, self.level_id(threads)));
        }
        (!grouped.is_empty()).then(|| self.wants_id(grouped))
    }

    /// Every way to read the next item: what it must be, and the array behind it.
    ///
    /// Each demand that counts and is not settled splits the ways in two; with a maximum the other
    /// half must surely be no such item, without one it may be any.
    fn items_of(
        &mut self,
        array: &OpenArray,
        start: u32,
    ) -> Result<Vec<(NodeId, OpenArray)>, ConstraintError> {
        let shape = self.algebra.array(array.shape).clone();
        let count = array.items.count;
        if shape.max.is_some_and(|max| count >= max) {
            return Ok(Vec::new());
        }
        let mut next = array.clone();
        next.start = if self.knows_items(array) { start } else { 0 };
        let mut item = shape.item(count);
        if shape.is_unique {
            item = self.algebra.unlike(item, &array.items.values);
        }
        let mut ways = Vec::new();
        for parting in self.algebra.item_partings(&shape, &array.items) {
            let node = parting.node;
            let mut next = next.clone();
            if let (true, Some(part)) = (shape.is_unique, parting.part) {
                next.note(part);
            }
            next.items.unlike = parting.unlike;
            next.items.count = counted_up(&shape, &next.items, count);
            ways.push((self.algebra.and([item, node]), next));
        }
        for (index, of) in shape.counted.iter().enumerate() {
            let so_far = array.items.counted(index);
            let is_settled = of.max.is_none() && so_far >= of.min;
            if count < of.from || is_settled {
                continue;
            }
            let not = self.algebra.not(of.node);
            let mut split = Vec::with_capacity(ways.len() * 2);
            for (node, next) in ways {
                if of.max.is_none_or(|max| so_far < max) {
                    let mut next = next.clone();
                    next.items.counted[index] += 1;
                    split.push((self.algebra.and([node, of.node]), next));
                }
                // Only where a maximum is counted must others be told apart.
                let other = if of.max.is_some() { self.algebra.and([node, not]) } else { node };
                split.push((other, next));
            }
            ways = split;
        }
        self.valued(array, ways)
    }

    /// The ways to read an item with what must be known of its value: where items are to differ, each
    /// value that those behind it may need is a way of its own; where two are to be equal, so is each
    /// part in that.
    fn valued(
        &mut self,
        array: &OpenArray,
        ways: Vec<(NodeId, OpenArray)>,
    ) -> Result<Vec<(NodeId, OpenArray)>, ConstraintError> {
        let shape = self.algebra.array(array.shape).clone();
        let mut valued = Vec::with_capacity(ways.len());
        let needed = self.algebra.needed_values(array.shape, &array.items)?;
        for (node, next) in ways {
            for (twin, items) in self.algebra.twins(&shape, &array.items, (node, &next.items))? {
                let is_noted = items.has_equal;
                valued.push((twin, OpenArray { items, is_noted, ..next.clone() }));
            }
            if next.is_noted {
                valued.push((node, next));
                continue;
            }
            for &value in &needed {
                let only = self.algebra.any_of_values(&[value]);
                let mut next = next.clone();
                next.note(value);
                valued.push((self.algebra.and([node, only]), next));
            }
            valued.push((self.algebra.unlike(node, &needed), next));
        }
        Ok(valued)
    }

    /// Whether an array must know the values of its items.
    pub(super) fn knows_items(&self, array: &OpenArray) -> bool {
        let shape = self.algebra.array(array.shape);
        shape.is_unique || shape.has_equal && !array.items.has_equal
    }

    /// The level with an item noted in the threads that must know it, without those that have it
    /// already, and the text that is still kept.
    pub(super) fn with_item(
        &mut self,
        level: LevelId,
        text: TextId,
    ) -> Result<Option<(LevelId, Option<TextId>)>, ConstraintError> {
        if !self.is_unique(level) {
            return Ok(Some((level, Some(text))));
        }
        let bytes = self.text(text);
        let mut threads = Vec::new();
        let mut is_outermost = false;
        for thread in self.level(level).to_vec() {
            let Thread::Array(mut array) = self.thread(thread).clone() else { continue };
            if !self.knows_items(&array) && !array.is_noted {
                threads.push(thread);
                continue;
            }
            is_outermost |= array.start == 0;
            let text = String::from_utf8_lossy(&bytes[array.start as usize..]);
            let value = self.algebra.value_id(&text);
            let is_unique = self.algebra.array(array.shape).is_unique;
            match array.items.values.binary_search(&value) {
                // A thread that has this value among its items already is dropped.
                Ok(_) if is_unique && !array.is_noted => continue,
                Ok(_) => {}
                Err(_) if !self.knows_items(&array) => {}
                Err(place) => array.items.values.insert(place, value),
            }
            (array.is_noted, array.items.twin) = (false, None);
            array.start = 0;
            threads.push(ThreadId(self.threads.intern(Thread::Array(array))));
        }
        if threads.is_empty() {
            return Ok(None);
        }
        let level = self.level_id(threads);
        Ok(Some((level, (!is_outermost).then_some(text))))
    }

    /// Whether all that is counted, and the length, are as demanded. What is too much was never
    /// read.
    pub(super) fn may_close_array(&mut self, array: &OpenArray) -> bool {
        let shape = self.algebra.array(array.shape).clone();
        if self.algebra.is_excluded_array(&shape, &array.items) {
            return false;
        }
        let is_counted = shape.counted.iter().enumerate().all(|(index, of)| {
            let counted = array.items.counted(index);
            counted >= of.min && of.max.is_none_or(|max| counted <= max)
        });
        let is_equal = array.items.has_equal || !shape.has_equal;
        is_counted && is_equal && array.items.count >= shape.min
    }
}

impl OpenArray {
    /// Notes the value of the item at hand before it is read.
    ///
    /// Where the item can be one value alone, what may follow it depends on that value from its first
    /// byte on.
    fn note(&mut self, value: ValueId) {
        let values = &mut self.items.values;
        values.insert(values.partition_point(|&of| of < value), value);
        self.is_noted = true;
    }
}

/// One item more. Past all that a shape tells apart, counts are the same; as long as an excluded value
/// agrees, that tells them apart, and that there is an item at all.
fn counted_up(shape: &ArrayShape, items: &Items, count: u64) -> u64 {
    let next = count.saturating_add(1);
    if shape.max.is_some() || !items.unlike.is_empty() {
        return next;
    }
    let from = shape.counted.iter().map(|of| of.from).max().unwrap_or(0);
    let first = u64::from(!shape.unlike.is_empty());
    next.min((shape.prefix.len() as u64).max(shape.min).max(from).max(first))
}
