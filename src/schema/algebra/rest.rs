//! What arrays and objects that have begun need to be finished.
//!
//! A way to the end is looked for and its bytes are counted; where none is found, there is none.
//!
//! The way that is counted is one that the automaton takes, so the count is never too low to finish
//! within. It may be too high where demands could be met together in a way that is not looked for:
//! then a budget of tokens is judged more strictly than it had to be, and no text is wrong.

use std::sync::Arc;

use hashbrown::HashMap;

use super::extent::{Estimate, NEVER, plus, times};
use super::object::Demand;
use super::{Algebra, ArrayId, ArrayShape, Name, NodeId, ObjectId, ObjectShape, written};
use crate::regex::ExprId;
use crate::schema::SchemaError;

/// What of an array was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Items {
    /// How many there are.
    pub(crate) count: u64,
    /// How many were counted, for each demand of the shape that counts.
    pub(crate) counted: Vec<u64>,
}

/// What of an object was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Members {
    /// A bit for each name that was seen.
    pub(crate) seen: Vec<u64>,
    /// Names before this one may not come any more.
    pub(crate) next: u32,
    /// A bit for each demand of one property that is met.
    pub(crate) met: u64,
    /// How many properties there are.
    pub(crate) count: u64,
}

impl Items {
    /// An array that has just begun.
    pub(crate) const NONE: Self = Self { count: 0, counted: Vec::new() };

    /// How many were counted for a demand.
    pub(crate) fn counted(&self, demand: usize) -> u64 {
        self.counted.get(demand).copied().unwrap_or(0)
    }
}

impl Members {
    /// An object that has just begun.
    pub(crate) const NONE: Self = Self { seen: Vec::new(), next: 0, met: 0, count: 0 };

    /// Whether the name at an index was seen.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.seen.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }

    /// Whether a demand of one property is met.
    pub(crate) fn meets(&self, demand: usize) -> bool {
        self.met >> demand & 1 == 1
    }
}

/// A property to come: how it is spelled, and what its value must be of.
#[derive(Debug, Clone, Copy)]
struct Coming {
    /// The place of its name among the shape's; `None` for other keys.
    index: Option<usize>,
    /// The language of its key, where that is no name.
    keys: ExprId,
    /// The bytes of the key, without its quotes.
    key: u32,
    node: NodeId,
}

impl Algebra {
    /// The fewest bytes that finish an array, its bracket included; [`NEVER`] where it cannot be.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn array_rest(&mut self, shape: ArrayId, items: &Items) -> Result<u32, SchemaError> {
        self.settled(|algebra, estimate| algebra.array_rest_by(shape, items, estimate))
    }

    /// The fewest bytes that finish an object, its brace included; [`NEVER`] where it cannot be.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn object_rest(
        &mut self,
        shape: ObjectId,
        members: &Members,
    ) -> Result<u32, SchemaError> {
        match self.required_rest(shape, members)? {
            Some(rest) => Ok(rest),
            None => {
                self.settled(|algebra, estimate| algebra.object_rest_by(shape, members, estimate))
            }
        }
    }

    /// The same where the required names alone decide; `None` elsewhere.
    ///
    /// Most shapes are such, and have many names: what each takes is looked up and not computed.
    fn required_rest(
        &mut self,
        id: ObjectId,
        members: &Members,
    ) -> Result<Option<u32>, SchemaError> {
        let shape = self.object(id).clone();
        if !shape.demands.is_empty() || !shape.implied.is_empty() {
            return Ok(None);
        }
        let (mut rest, mut count) = (0, members.count);
        for &(index, takes) in self.required(id)?.iter() {
            if !members.has(index) {
                let is_open = index >= members.next as usize;
                rest = plus(rest, if is_open { takes } else { NEVER });
                count += 1;
            }
        }
        let is_over = shape.max.is_some_and(|max| max < count);
        // The first property has no comma before it.
        let rest = plus(rest, u32::from(members.count > 0 || count == 0));
        Ok((count >= shape.min).then_some(if is_over { NEVER } else { rest }))
    }

    /// The places of a shape's required names, with the bytes that each takes with its value.
    fn required(&mut self, id: ObjectId) -> Result<Arc<[(usize, u32)]>, SchemaError> {
        if let Some(known) = self.required.get(&id) {
            return Ok(Arc::clone(known));
        }
        let shape = self.object(id).clone();
        let mut required = Vec::new();
        for (index, name) in shape.names.iter().enumerate().filter(|(_, name)| name.is_required) {
            let key = written(self.name_text(name.name).as_bytes());
            // A quote on either side, a colon and a comma.
            required.push((index, plus(plus(key, 4), self.extent(name.node)?)));
        }
        let required: Arc<[_]> = required.into();
        self.required.insert(id, Arc::clone(&required));
        Ok(required)
    }

    /// Computes with extents that are all known: those that were not are computed first.
    ///
    /// Each round computes what the last came across, so there are as many as new nodes lie behind
    /// each other.
    fn settled(
        &mut self,
        compute: impl Fn(&mut Self, &mut Estimate) -> Result<u32, SchemaError>,
    ) -> Result<u32, SchemaError> {
        loop {
            let mut estimate = Estimate::default();
            let rest = compute(self, &mut estimate)?;
            if estimate.is_empty() {
                return Ok(rest);
            }
            for node in estimate.into_nodes() {
                self.extent(node)?;
            }
        }
    }

    /// Items are taken in order, each the one that serves the most demands that are open. Commas
    /// and the bracket are counted, white space is not.
    pub(super) fn array_rest_by(
        &mut self,
        id: ArrayId,
        items: &Items,
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.array(id).clone();
        if shape.max.is_some_and(|max| max < items.count) {
            return Ok(NEVER);
        }
        let mut missing: Vec<u64> = Vec::with_capacity(shape.counted.len());
        for (index, of) in shape.counted.iter().enumerate() {
            missing.push(of.min.saturating_sub(items.counted(index)));
        }
        let mut rest = 1;
        let mut count = items.count;
        while count < shape.prefix.len() as u64
            && (count < shape.min || missing.iter().any(|&of| of > 0))
        {
            let (node, served) = self.cheapest_item(&shape, count, &missing, estimate);
            rest = plus(rest, plus(self.estimated(node, estimate), u32::from(count > 0)));
            served.iter().for_each(|&of| missing[of] -= 1);
            count += 1;
        }
        // Behind the prefix all places are alike, so they are counted and not gone through.
        while let Some(&most) = missing.iter().max().filter(|&&most| most > 0) {
            let (node, served) = self.cheapest_item(&shape, count, &missing, estimate);
            let run = served.iter().map(|&of| missing[of]).min().unwrap_or(most);
            let one = plus(self.estimated(node, estimate), 1);
            rest = plus(rest, times(one, run));
            if served.is_empty() {
                return Ok(NEVER);
            }
            served.iter().for_each(|&of| missing[of] -= run);
            count = count.saturating_add(run);
        }
        if count < shape.min {
            let (node, _) = self.cheapest_item(&shape, count, &missing, estimate);
            let one = plus(self.estimated(node, estimate), 1);
            rest = plus(rest, times(one, shape.min - count));
            count = shape.min;
        }
        Ok(if shape.max.is_some_and(|max| max < count) { NEVER } else { rest })
    }

    /// What the item at an index is best made of, and the demands that it serves.
    ///
    /// Demands are added one by one as long as the item still has a value; not every subset is
    /// tried.
    fn cheapest_item(
        &mut self,
        shape: &ArrayShape,
        index: u64,
        missing: &[u64],
        estimate: &mut Estimate,
    ) -> (NodeId, Vec<usize>) {
        let mut node = shape.item(index);
        let mut served = Vec::new();
        for (at, of) in shape.counted.iter().enumerate() {
            if missing[at] == 0 || index < of.from {
                continue;
            }
            let both = self.and([node, of.node]);
            if self.estimated(both, estimate) != NEVER {
                node = both;
                served.push(at);
            }
        }
        for (at, of) in shape.counted.iter().enumerate() {
            // Where no more may be counted, the item must be another.
            if of.max.is_some() && missing[at] == 0 && !served.contains(&at) && index >= of.from {
                let not = self.not(of.node);
                let other = self.and([node, not]);
                if self.estimated(other, estimate) != NEVER {
                    node = other;
                }
            }
        }
        (node, served)
    }

    /// The names that must come, then every way to meet the open demands, then as many more as the
    /// least number asks for; the shortest of all.
    pub(super) fn object_rest_by(
        &mut self,
        id: ObjectId,
        members: &Members,
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.object(id).clone();
        let Some(coming) = self.required_members(&shape, members) else {
            return Ok(NEVER);
        };
        let mut rest = NEVER;
        for coming in self.meet_demands(id, members, coming, estimate)? {
            rest = rest.min(self.finished(id, members, coming, estimate)?);
        }
        Ok(rest)
    }

    /// The names that must still come; `None` where one may not.
    fn required_members(&mut self, shape: &ObjectShape, members: &Members) -> Option<Vec<Coming>> {
        let is_open = |index: usize| index >= members.next as usize && !members.has(index);
        let mut coming = Vec::new();
        let mut present: Vec<bool> = (0..shape.names.len()).map(|at| members.has(at)).collect();
        let mut require = |index: usize, present: &mut Vec<bool>| {
            if present[index] {
                return true;
            }
            present[index] = true;
            let Name { name, node, .. } = shape.names[index];
            let key = written(self.name_text(name).as_bytes());
            coming.push(Coming { index: Some(index), keys: ExprId::NOTHING, key, node });
            is_open(index) && node != NodeId::NONE
        };
        for (index, name) in shape.names.iter().enumerate() {
            if name.is_required && !require(index, &mut present) {
                return None;
            }
        }
        // Implications are followed as long as something new is required: a circle of them comes to
        // rest as every name is required at most once.
        let places: HashMap<u32, usize> = match shape.implied.is_empty() {
            true => HashMap::new(),
            false => (0..).zip(&shape.names).map(|(at, name)| (name.name, at)).collect(),
        };
        let mut open: Vec<usize> = (0..present.len()).filter(|&at| present[at]).collect();
        while let Some(at) = open.pop() {
            let first = shape.names[at].name;
            let start = shape.implied.partition_point(|of| of.0 < first);
            for &(_, second) in shape.implied[start..].iter().take_while(|of| of.0 == first) {
                let second = *places.get(&second)?;
                if !present[second] {
                    open.push(second);
                    if !require(second, &mut present) {
                        return None;
                    }
                }
            }
        }
        Some(coming)
    }

    /// Every way to meet the demands of one property that are open.
    ///
    /// A demand may be met by a property that comes anyway, so the ways are tried and not only the
    /// cheapest key of each.
    fn meet_demands(
        &mut self,
        id: ObjectId,
        members: &Members,
        coming: Vec<Coming>,
        estimate: &mut Estimate,
    ) -> Result<Vec<Vec<Coming>>, SchemaError> {
        /// Ways that are looked at: more demands than these make are met one by one.
        const MOST_WAYS: usize = 64;
        let shape = self.object(id).clone();
        let mut ways = vec![coming];
        for (index, demand) in shape.demands.iter().enumerate() {
            if members.meets(index) {
                continue;
            }
            let mut next = Vec::new();
            for way in &ways {
                for (replaced, coming) in self.serving(id, members, (demand, way), estimate)? {
                    let mut way = way.clone();
                    match replaced {
                        Some(at) => way[at] = coming,
                        None => way.push(coming),
                    }
                    next.push(way);
                }
            }
            next.truncate(MOST_WAYS);
            ways = next;
        }
        Ok(ways)
    }

    /// The properties that can meet a demand: those that come anyway, by their index, and others.
    fn serving(
        &mut self,
        id: ObjectId,
        members: &Members,
        (demand, way): (&Demand, &[Coming]),
        estimate: &mut Estimate,
    ) -> Result<Vec<(Option<usize>, Coming)>, SchemaError> {
        let shape = self.object(id).clone();
        let mut serving = Vec::new();
        for (at, coming) in way.iter().enumerate() {
            let node = self.and([coming.node, demand.node]);
            let (keys, key) = match coming.index {
                Some(index) if !self.counts(demand, shape.names[index].name) => continue,
                Some(_) => (coming.keys, coming.key),
                None => {
                    let keys = self.both_texts(coming.keys, demand.language);
                    (keys, self.shortest(keys)?)
                }
            };
            if key != NEVER && self.estimated(node, estimate) != NEVER {
                serving.push((Some(at), Coming { keys, key, node, ..*coming }));
            }
        }
        for (index, name) in shape.names.iter().enumerate() {
            let is_open = index >= members.next as usize && !members.has(index);
            if !is_open || way.iter().any(|coming| coming.index == Some(index)) {
                continue;
            }
            let node = self.and([name.node, demand.node]);
            if self.counts(demand, name.name) && self.estimated(node, estimate) != NEVER {
                let key = written(self.name_text(name.name).as_bytes());
                serving
                    .push((None, Coming { index: Some(index), keys: ExprId::NOTHING, key, node }));
            }
        }
        for cell in self.cells(id)?.iter() {
            let language = self.both_texts(cell.language, demand.language);
            let node = self.and([cell.node, demand.node]);
            let key = self.shortest(language)?;
            if key != NEVER && self.estimated(node, estimate) != NEVER {
                serving.push((None, Coming { index: None, keys: language, key, node }));
            }
        }
        Ok(serving)
    }

    /// The bytes of a way to the end, with as many properties more as there must be.
    ///
    /// Names that may still come fill up first, then keys that are not known, at the price of the
    /// cheapest kind.
    fn finished(
        &mut self,
        id: ObjectId,
        members: &Members,
        mut coming: Vec<Coming>,
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.object(id).clone();
        let mut count = members.count + coming.len() as u64;
        let mut unnamed = 0;
        let mut fill = NEVER;
        if count < shape.min {
            for (index, name) in shape.names.iter().enumerate() {
                let is_open = index >= members.next as usize && !members.has(index);
                let comes = coming.iter().any(|coming| coming.index == Some(index));
                if count < shape.min
                    && is_open
                    && !comes
                    && self.estimated(name.node, estimate) != NEVER
                    && !self.implies(&shape, members, index)
                {
                    let key = written(self.name_text(name.name).as_bytes());
                    coming.push(Coming {
                        index: Some(index),
                        keys: ExprId::NOTHING,
                        key,
                        node: name.node,
                    });
                    count += 1;
                }
            }
            for cell in self.cells(id)?.iter() {
                let value = self.estimated(cell.node, estimate);
                fill = fill.min(plus(self.shortest(cell.language)?, value));
            }
            unnamed = shape.min.saturating_sub(count);
            count += unnamed;
        }
        if shape.max.is_some_and(|max| max < count) {
            return Ok(NEVER);
        }
        // A quote on either side, a colon and a comma; the first property has no comma.
        let mut rest = if members.count == 0 && count > 0 { 0 } else { 1 };
        for Coming { key, node, .. } in coming {
            rest = plus(rest, plus(plus(key, 4), self.estimated(node, estimate)));
        }
        // A shortest key may be that of another property; with a character more it is a new one.
        let alike = unnamed.saturating_sub(u64::from(count == unnamed && shape.names.is_empty()));
        Ok(plus(rest, plus(times(plus(fill, 4), unnamed), times(1, alike))))
    }

    /// Whether a name's presence asks for another that is not there.
    ///
    /// Such a name is no cheap way to fill up, as it brings others along.
    fn implies(&mut self, shape: &ObjectShape, members: &Members, index: usize) -> bool {
        let name = shape.names[index].name;
        let is_there = |other: u32| {
            let place = shape.names.iter().position(|known| known.name == other);
            place.is_some_and(|at| members.has(at))
        };
        shape.implied.iter().any(|&(first, second)| first == name && !is_there(second))
    }
}
