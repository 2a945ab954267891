//! What arrays and objects that have begun need to be finished.
//!
//! A way to the end is looked for and its bytes are counted; where none is found, there is none.
//!
//! The way that is counted is one that the automaton takes, so the count is never too low to finish
//! within. It may be too high where demands could be met together in a way that is not looked for:
//! then a budget of tokens is judged more strictly than it had to be, and no text is wrong.

use std::sync::Arc;

use hashbrown::HashMap;

use super::distinct::ValueId;
use super::extent::{Estimate, NEVER, plus, times};
use super::object::Demand;
use super::{Algebra, ArrayId, Name, NodeId, ObjectId, ObjectShape, written};
use crate::regex::ExprId;
use crate::schema::SchemaError;

/// What of an array was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Items {
    /// How many there are.
    pub(crate) count: u64,
    /// How many were counted, for each demand of the shape that counts.
    pub(crate) counted: Vec<u64>,
    /// The items, by the numbers of their values, ascending; kept where they must differ, or until
    /// two are equal where that is demanded.
    pub(crate) values: Vec<ValueId>,
    /// The values that the array must not be and that agree with the items read, ascending.
    pub(crate) unlike: Vec<ValueId>,
    /// Whether two of them are equal, where that is demanded.
    pub(crate) has_equal: bool,
    /// What the last item is of, if another is to be equal to it and its value is not known yet.
    pub(crate) twin: Option<NodeId>,
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
    /// The keys that the shape does not know by name, by their numbers, ascending.
    pub(crate) unnamed: Vec<u32>,
    /// The values that the object must not be and that agree with the properties read, ascending.
    pub(crate) unlike: Vec<ValueId>,
}

impl Items {
    /// An array that has just begun.
    pub(crate) const NONE: Self = Self {
        count: 0,
        counted: Vec::new(),
        values: Vec::new(),
        unlike: Vec::new(),
        has_equal: false,
        twin: None,
    };

    /// How many were counted for a demand.
    pub(crate) fn counted(&self, demand: usize) -> u64 {
        self.counted.get(demand).copied().unwrap_or(0)
    }
}

impl Members {
    /// An object that has just begun.
    pub(crate) const NONE: Self = Self {
        seen: Vec::new(),
        next: 0,
        met: 0,
        count: 0,
        unnamed: Vec::new(),
        unlike: Vec::new(),
    };

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
pub(super) struct Coming {
    /// The place of its name among the shape's; `None` for other keys.
    pub(super) index: Option<usize>,
    /// The language of its key, where that is no name.
    pub(super) keys: ExprId,
    /// The bytes of the key, without its quotes.
    pub(super) key: u32,
    pub(super) node: NodeId,
}

/// The required ones of 64 names in a row.
#[derive(Debug, Clone)]
pub(super) struct Required {
    /// A bit for each.
    names: u64,
    /// The bit of each, with the bytes that it takes with its value.
    takes: Vec<(u64, u32)>,
    /// The bytes of all of them.
    all: u32,
}

impl Required {
    /// The bytes that some of the names take.
    fn bytes(&self, names: u64) -> u32 {
        if names == self.names {
            return self.all;
        }
        let taken = self.takes.iter().filter(|(name, _)| names & name != 0);
        taken.fold(0, |sum, &(_, bytes)| plus(sum, bytes))
    }
}

/// Keys that are looked at: more are as long as the last.
const MOST_KEYS: usize = 1 << 10;

impl Algebra {
    /// The fewest bytes that finish an array, its bracket included; [`NEVER`] where it cannot be.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn array_rest(&mut self, shape: ArrayId, items: &Items) -> Result<u32, SchemaError> {
        let array = self.array(shape);
        if !array.is_unique && array.agreeing(items).is_empty() {
            return self.settled(|algebra, estimate| algebra.array_rest_by(shape, items, estimate));
        }
        let key = (shape, items.clone());
        if let Some(&known) = self.array_rests.get(&key) {
            return Ok(known);
        }
        let rest =
            self.settled(|algebra, estimate| algebra.array_rest_by(shape, items, estimate))?;
        self.array_rests.insert(key, rest);
        Ok(rest)
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
        if let Some(rest) = self.required_rest(shape, members)? {
            return Ok(rest);
        }
        let key = (shape, members.clone());
        if let Some(&known) = self.object_rests.get(&key) {
            return Ok(known);
        }
        let rest =
            self.settled(|algebra, estimate| algebra.object_rest_by(shape, members, estimate))?;
        self.object_rests.insert(key, rest);
        Ok(rest)
    }

    /// The same where the required names alone decide; `None` elsewhere.
    ///
    /// Most shapes are such, and have many names: what each takes is looked up and not computed, and
    /// names of which none was read are added up by the word.
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
        for (word, required) in self.required(id)?.iter().enumerate() {
            let seen = members.seen.get(word).copied().unwrap_or(0);
            let missing = required.names & !seen;
            if missing == 0 {
                continue;
            }
            let first = word * 64 + missing.trailing_zeros() as usize;
            let is_open = first >= members.next as usize;
            rest = plus(rest, if is_open { required.bytes(missing) } else { NEVER });
            count += u64::from(missing.count_ones());
        }
        if rest != NEVER && !shape.agreeing(members).is_empty() {
            let names = shape.names.iter().enumerate();
            let coming = names.filter(|&(at, name)| name.is_required && !members.has(at));
            let coming: Vec<u32> = coming.map(|(_, name)| name.name).collect();
            if !self.excluded_objects(&shape, members, &coming).is_empty() {
                return Ok(None);
            }
        }
        let is_over = shape.max.is_some_and(|max| max < count);
        // The first property has no comma before it.
        let rest = plus(rest, u32::from(members.count > 0 || count == 0));
        Ok((count >= shape.min).then_some(if is_over { NEVER } else { rest }))
    }

    /// The required names of a shape, with the bytes that each takes with its value.
    fn required(&mut self, id: ObjectId) -> Result<Arc<[Required]>, SchemaError> {
        if let Some(known) = self.required.get(&id) {
            return Ok(Arc::clone(known));
        }
        let shape = self.object(id).clone();
        let mut required = Vec::new();
        for names in shape.names.chunks(64) {
            let mut word = Required { names: 0, takes: Vec::new(), all: 0 };
            for (at, name) in names.iter().enumerate().filter(|(_, name)| name.is_required) {
                let key = written(self.name_text(name.name).as_bytes());
                // A quote on either side, a colon and a comma.
                let takes = plus(plus(key, 4), self.extent(name.node)?);
                word.names |= 1 << at;
                word.takes.push((1 << at, takes));
                word.all = plus(word.all, takes);
            }
            required.push(word);
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

    /// The names that must come, then every way to meet the open demands, then as many more as the
    /// least number asks for; the shortest of all.
    pub(super) fn object_rest_by(
        &mut self,
        id: ObjectId,
        members: &Members,
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.object(id).clone();
        if !shape.agreeing(members).is_empty() {
            return self.unlike_rest_by(id, members, estimate);
        }
        let Some(coming) = self.required_members(&shape, members, &[]) else {
            return Ok(NEVER);
        };
        let mut rest = NEVER;
        for coming in self.meet_demands(id, members, coming, estimate)? {
            if let Some((coming, fill)) = self.filled_up(id, members, coming, estimate)? {
                let bytes = plus(comma(members, &coming, fill), fill);
                rest = rest.min(plus(bytes, self.coming_bytes(&coming, estimate)));
            }
        }
        Ok(rest)
    }

    /// The names that must still come, where some more do; `None` where one may not.
    pub(super) fn required_members(
        &mut self,
        shape: &ObjectShape,
        members: &Members,
        more: &[usize],
    ) -> Option<Vec<Coming>> {
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
            let comes = name.is_required || more.binary_search(&index).is_ok();
            if comes && !require(index, &mut present) {
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
    pub(super) fn meet_demands(
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
            let key = self.free_keys(language, (&shape, members), 1)?.first().copied();
            let key = key.unwrap_or(NEVER);
            if key != NEVER && self.estimated(node, estimate) != NEVER {
                serving.push((None, Coming { index: None, keys: language, key, node }));
            }
        }
        Ok(serving)
    }

    /// The properties of a way to the end with as many more as there must be, and the bytes of those
    /// that are not known by name; `None` where they are too many.
    ///
    /// Names that may still come fill up first, then keys that are not known, at the price of the
    /// cheapest kind.
    pub(super) fn filled_up(
        &mut self,
        id: ObjectId,
        members: &Members,
        mut coming: Vec<Coming>,
        estimate: &mut Estimate,
    ) -> Result<Option<(Vec<Coming>, u32)>, SchemaError> {
        let shape = self.object(id).clone();
        let mut count = members.count + coming.len() as u64;
        let mut fill = 0;
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
            let unnamed = shape.min.saturating_sub(count);
            count += unnamed;
            let known = coming.iter().filter(|coming| coming.index.is_none()).count();
            fill = self.filled(id, members, (known, unnamed), estimate)?;
        }
        let is_over = shape.max.is_some_and(|max| max < count);
        Ok((!is_over).then_some((coming, fill)))
    }

    /// The bytes of so many properties more whose keys are not known by name, without the shortest
    /// ones that others have; each with its quotes, colon and comma.
    fn filled(
        &mut self,
        id: ObjectId,
        members: &Members,
        (known, unnamed): (usize, u64),
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.object(id).clone();
        let most = usize::try_from(unnamed).unwrap_or(MOST_KEYS).min(MOST_KEYS) + known;
        let mut properties = Vec::new();
        for cell in self.cells(id)?.iter() {
            let value = self.estimated(cell.node, estimate);
            if unnamed > 0 && value != NEVER {
                let keys = self.free_keys(cell.language, (&shape, members), most)?;
                properties.extend(keys.into_iter().map(|key| plus(plus(key, 4), value)));
            }
        }
        properties.sort_unstable();
        let properties = properties.get(known..).unwrap_or_default();
        let listed = &properties[..properties.len().min(most - known)];
        let further = if listed.len() == MOST_KEYS { listed[MOST_KEYS - 1] } else { NEVER };
        let sum = listed.iter().fold(0, |sum, &bytes| plus(sum, bytes));
        Ok(plus(sum, times(further, unnamed - listed.len() as u64)))
    }

    /// The bytes of the shortest keys of a language that are not taken by names or by keys read, so
    /// many or all there are.
    pub(super) fn free_keys(
        &mut self,
        language: ExprId,
        (shape, members): (&ObjectShape, &Members),
        most: usize,
    ) -> Result<Vec<u32>, SchemaError> {
        let read = members.unnamed.iter();
        let mut taken: Vec<Arc<str>> = read.map(|&key| Arc::clone(self.name_text(key))).collect();
        for name in &shape.names {
            let text = Arc::clone(self.name_text(name.name));
            if self.matches(language, &text) {
                taken.push(text);
            }
        }
        taken.sort_unstable();
        let looked_at = most.saturating_add(taken.len()).min(2 * MOST_KEYS);
        let Some(texts) = self.texts(language, looked_at)? else {
            // Such long keys are many; with a byte more, each is another.
            return Ok(vec![plus(self.shortest(language)?, 1); most]);
        };
        let free =
            texts.iter().filter(|text| taken.binary_search_by(|of| (**of).cmp(text)).is_err());
        let mut keys: Vec<u32> = free.map(|text| written(text.as_bytes())).take(most).collect();
        if keys.is_empty() && texts.len() == looked_at {
            keys.extend(texts.last().map(|text| plus(written(text.as_bytes()), 1)));
        }
        Ok(keys)
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

/// The brace that closes an object, less the comma that its first property does not have.
pub(super) fn comma(members: &Members, coming: &[Coming], fill: u32) -> u32 {
    u32::from(members.count > 0 || coming.is_empty() && fill == 0)
}
