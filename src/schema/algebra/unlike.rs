//! Arrays and objects that must not be some values: followed part by part.
//!
//! What a shape must not be is a list of values. Of these only those matter that agree with all that
//! was read: each part of an array or object is one of theirs, and then fewer of them are left, or is
//! none of theirs, and then no value is excluded any more. So a complement of many values is one shape,
//! and costs what a text comes near to it.
//!
//! Which values a text may become is a question of equality, and JSON's is of values (JSON Schema
//! 2020-12, core, section 4.2.2): objects are equal in whatever order their members stand, and numbers
//! and strings in whatever way they are spelled. So values have numbers, and parts are compared by these.
//!
//! Law: behind every part there is a way to the end exactly if there is a value of the shape that begins
//! so and is none of those excluded (`tests/json_schema/differing.rs`).

use std::sync::Arc;

use hashbrown::HashSet;

use super::distinct::ValueId;
use super::extent::{Estimate, NEVER, plus};
use super::rest::{Coming, Items, Members, comma};
use super::{Algebra, ArrayShape, Name, NodeId, ObjectId, ObjectShape};
use crate::regex::ExprId;
use crate::schema::SchemaError;
use crate::schema::json::Json;

/// What a value consists of, its parts by their numbers too: so that to follow a text along many
/// values compares numbers and reads no text again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// Neither of an array nor of an object.
    None,
    Items(Vec<ValueId>),
    /// Ascending by the names' numbers.
    Members(Vec<(u32, ValueId)>),
}

/// A way that a next part may take.
///
/// The ways exclude each other, and between them they are all there are: so each text is read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parting {
    /// What it must be of.
    pub(crate) node: NodeId,
    /// Its value, if that is one of an excluded value's parts.
    pub(crate) part: Option<ValueId>,
    /// The excluded values that the whole agrees with behind it, ascending.
    pub(crate) unlike: Vec<ValueId>,
}

/// Sets of names that are looked at for one object.
const MOST_SETS: usize = 1 << 12;
/// The same where a way to the end is known already, and may only become shorter.
const MOST_SHORTER: usize = 1 << 6;

impl Parts {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Items(items) => items.len(),
            Self::Members(members) => members.len(),
        }
    }

    /// The value of a member.
    fn member(&self, name: u32) -> Option<ValueId> {
        let Self::Members(members) = self else { return None };
        let at = members.binary_search_by_key(&name, |&(name, _)| name).ok()?;
        Some(members[at].1)
    }
}

impl ArrayShape {
    /// The excluded values that agree with the items read.
    pub(crate) fn agreeing<'a>(&'a self, items: &'a Items) -> &'a [ValueId] {
        if items.count == 0 { &self.unlike } else { &items.unlike }
    }
}

impl ObjectShape {
    /// The excluded values that agree with the members read.
    pub(crate) fn agreeing<'a>(&'a self, members: &'a Members) -> &'a [ValueId] {
        if members.count == 0 { &self.unlike } else { &members.unlike }
    }
}

impl Algebra {
    /// A node without some values.
    ///
    /// Of null, booleans, numbers and strings a language says so; arrays and objects are told their
    /// values, and what that leaves is found when a text is within them.
    pub(crate) fn unlike(&mut self, node: NodeId, values: &[ValueId]) -> NodeId {
        if values.is_empty() {
            return node;
        }
        let values = self.any_of_values(values);
        let others = self.not(values);
        self.and([node, others])
    }

    /// The parts of a value, kept: each value is excluded again behind every item.
    fn parts(&mut self, value: ValueId) -> Arc<Parts> {
        if let Some(known) = self.parts.get(&value) {
            return Arc::clone(known);
        }
        let parts = Arc::new(match self.read_value(value) {
            Some(Json::Array(items)) => {
                Parts::Items(items.iter().map(|item| self.json_id(item)).collect())
            }
            Some(Json::Object(members)) => {
                let of = |(key, value): &(String, Json)| (self.name(key), self.json_id(value));
                let mut members: Vec<_> = members.iter().map(of).collect();
                members.sort_unstable();
                Parts::Members(members)
            }
            _ => Parts::None,
        });
        self.parts.insert(value, Arc::clone(&parts));
        parts
    }

    /// Whether a value might be an array of a shape, as far as its length tells.
    ///
    /// Values that cannot be are dropped from what is excluded, so that shapes stay small. Those that
    /// stay and are none of the shape do no harm: a text parts from them when their first wrong part
    /// would come.
    pub(super) fn may_be_array(&mut self, value: ValueId, shape: &ArrayShape) -> bool {
        let count = self.parts(value).len() as u64;
        count >= shape.min && shape.max.is_none_or(|max| count <= max)
    }

    /// Whether a value might be an object of a shape, as far as its keys tell.
    ///
    /// A required name that it has not, or a forbidden one that it has, is found without a look at values.
    pub(super) fn may_be_object(&mut self, value: ValueId, shape: &ObjectShape) -> bool {
        let parts = self.parts(value);
        let count = parts.len() as u64;
        let is_kept = |name: &Name| match parts.member(name.name) {
            Some(_) => name.node != NodeId::NONE,
            None => !name.is_required,
        };
        count >= shape.min
            && shape.max.is_none_or(|max| count <= max)
            && shape.names.iter().all(is_kept)
    }

    /// Whether an array would be an excluded value if it ended here.
    ///
    /// Those that agree with the items read have as many or more, so the length tells.
    pub(crate) fn is_excluded_array(&mut self, shape: &ArrayShape, items: &Items) -> bool {
        let agreeing = shape.agreeing(items);
        agreeing.iter().any(|&value| self.parts(value).len() as u64 == items.count)
    }

    /// The ways that the next item may take.
    ///
    /// Excluded values that have no item there are shorter than the array will be, and excluded no more.
    pub(crate) fn item_partings(&mut self, shape: &ArrayShape, items: &Items) -> Vec<Parting> {
        let at = usize::try_from(items.count).unwrap_or(usize::MAX);
        let mut agreeing = Vec::new();
        for &value in shape.agreeing(items) {
            if let Parts::Items(items) = &*self.parts(value) {
                agreeing.extend(items.get(at).map(|&item| (item, value)));
            }
        }
        self.partings(agreeing)
    }

    /// The ways that the value of a member may take.
    ///
    /// Excluded values that have no such member are none that the object can become any more, in
    /// whatever order the members come.
    pub(crate) fn member_partings(
        &mut self,
        shape: &ObjectShape,
        members: &Members,
        name: u32,
    ) -> Vec<Parting> {
        let agreeing = shape.agreeing(members).to_vec();
        self.member_partings_of(&agreeing, name)
    }

    fn member_partings_of(&mut self, values: &[ValueId], name: u32) -> Vec<Parting> {
        let mut agreeing = Vec::new();
        for &value in values {
            agreeing.extend(self.parts(value).member(name).map(|member| (member, value)));
        }
        self.partings(agreeing)
    }

    /// The ways that a part may take, of which each excluded value has one of its own: none of theirs,
    /// or one of them with all those that have it.
    fn partings(&mut self, mut agreeing: Vec<(ValueId, ValueId)>) -> Vec<Parting> {
        agreeing.sort_unstable();
        let groups = agreeing.chunk_by(|a, b| a.0 == b.0);
        let parts: Vec<ValueId> = groups.clone().map(|group| group[0].0).collect();
        let node = self.unlike(NodeId::ANY, &parts);
        let mut partings = vec![Parting { node, part: None, unlike: Vec::new() }];
        for group in groups {
            let node = self.any_of_values(&[group[0].0]);
            let unlike = group.iter().map(|&(_, value)| value).collect();
            partings.push(Parting { node, part: Some(group[0].0), unlike });
        }
        partings
    }

    /// The keys of excluded values that an object may still come to have and does not know by name.
    ///
    /// Those alone are told from other keys: behind any other, nothing is excluded.
    pub(crate) fn agreeing_keys(
        &mut self,
        shape: &ObjectShape,
        members: &Members,
    ) -> Vec<Arc<str>> {
        let known: HashSet<u32> = shape.names.iter().map(|name| name.name).collect();
        let mut names = Vec::new();
        for &value in shape.agreeing(members) {
            if let Parts::Members(of) = &*self.parts(value) {
                names.extend(of.iter().map(|&(name, _)| name).filter(|name| !known.contains(name)));
            }
        }
        names.sort_unstable();
        names.dedup();
        names.retain(|name| members.unnamed.binary_search(name).is_err());
        names.into_iter().map(|name| Arc::clone(self.name_text(name))).collect()
    }

    /// The excluded values whose members are those read and those of some names more.
    ///
    /// All that agree have every member read, so they have the same keys if they have as many and all
    /// that are to come.
    pub(super) fn excluded_objects(
        &mut self,
        shape: &ObjectShape,
        members: &Members,
        coming: &[u32],
    ) -> Vec<ValueId> {
        let seen: u32 = members.seen.iter().map(|bits| bits.count_ones()).sum();
        let count = seen as usize + members.unnamed.len() + coming.len();
        let mut excluded = Vec::new();
        for &value in shape.agreeing(members) {
            let parts = self.parts(value);
            let has_all = || coming.iter().all(|&name| parts.member(name).is_some());
            if parts.len() == count && has_all() {
                excluded.push(value);
            }
        }
        excluded
    }

    /// The fewest bytes that finish an object as none of the excluded values.
    ///
    /// An object with other names than an excluded value has is none. So sets of names are looked at,
    /// each with a name more than one that will not do: there are few of these, as each is that of an
    /// excluded value.
    pub(super) fn unlike_rest_by(
        &mut self,
        id: ObjectId,
        members: &Members,
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let (id, shape) = self.with_agreeing_names(id, members);
        let mut least = NEVER;
        let mut seen: HashSet<Vec<usize>> = HashSet::from([Vec::new()]);
        let mut open = std::collections::VecDeque::from([Vec::new()]);
        while let Some(more) = open.pop_front() {
            if least != NEVER && seen.len() > MOST_SHORTER {
                break;
            }
            if seen.len() > MOST_SETS {
                return Err(self.over("names of objects that differ", MOST_SETS));
            }
            let Some(coming) = self.required_members(&shape, members, &more) else { continue };
            let mut is_enough = true;
            for coming in self.meet_demands(id, members, coming, estimate)? {
                let Some((coming, fill)) = self.filled_up(id, members, coming, estimate)? else {
                    continue;
                };
                let bytes = plus(comma(members, &coming, fill), fill);
                let plain = plus(bytes, self.coming_bytes(&coming, estimate));
                let rest = match self.excluded_by(&shape, members, (&coming, fill)) {
                    excluded if excluded.is_empty() => plain,
                    excluded => plus(bytes, self.apart_bytes(&shape, &coming, excluded, estimate)),
                };
                is_enough &= rest == plain;
                least = least.min(rest);
            }
            if !is_enough {
                for (index, name) in shape.names.iter().enumerate() {
                    let mut next = more.clone();
                    let at = next.partition_point(|&of| of < index);
                    next.insert(at, index);
                    let is_open = index >= members.next as usize && !members.has(index);
                    if is_open
                        && more.get(at) != Some(&index)
                        && self.estimated(name.node, estimate) != NEVER
                        && seen.insert(next.clone())
                    {
                        open.push_back(next);
                    }
                }
                least = least.min(self.other_rest(id, members, &more, estimate)?);
            }
        }
        Ok(least)
    }

    /// The excluded values that some properties to come might make; one with a key that no excluded
    /// value has makes none.
    fn excluded_by(
        &mut self,
        shape: &ObjectShape,
        members: &Members,
        (coming, fill): (&[Coming], u32),
    ) -> Vec<ValueId> {
        let names: Option<Vec<u32>> =
            coming.iter().map(|of| of.index.map(|index| shape.names[index].name)).collect();
        match names {
            Some(names) if fill == 0 => self.excluded_objects(shape, members, &names),
            _ => Vec::new(),
        }
    }

    /// The bytes of a way to the end with a key more that is none of those known.
    ///
    /// No excluded value has such a key, so whatever else comes, the object is none of them.
    fn other_rest(
        &mut self,
        id: ObjectId,
        members: &Members,
        more: &[usize],
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let shape = self.object(id).clone();
        let mut least = NEVER;
        let Some(coming) = self.required_members(&shape, members, more) else { return Ok(NEVER) };
        for mut coming in self.meet_demands(id, members, coming, estimate)? {
            for cell in self.cells(id)?.iter() {
                let known = coming.len() + 1;
                let keys = self.free_keys(cell.language, (&shape, members), known)?;
                // A key for each that comes and is not known by name, and one more.
                let unnamed = coming.iter().filter(|coming| coming.index.is_none()).count();
                let Some(&key) = keys.get(unnamed) else { continue };
                let other = Coming { index: None, keys: ExprId::NOTHING, key, node: cell.node };
                coming.push(other);
                if let Some((all, fill)) = self.filled_up(id, members, coming.clone(), estimate)? {
                    let bytes = plus(comma(members, &all, fill), fill);
                    least = least.min(plus(bytes, self.coming_bytes(&all, estimate)));
                }
                coming.pop();
            }
        }
        Ok(least)
    }

    /// The fewest bytes of properties to come that make none of the excluded values, all of which have
    /// the same names.
    ///
    /// Values are gone through property by property as in a trie: where a property is of none of them,
    /// those behind it are free, and else it is of some, which the next one has to part from. Ways that
    /// cannot be shorter than one found are not gone on with, so mostly the first property decides.
    fn apart_bytes(
        &mut self,
        shape: &ObjectShape,
        coming: &[Coming],
        excluded: Vec<ValueId>,
        estimate: &mut Estimate,
    ) -> u32 {
        let mut behind = vec![0; coming.len() + 1];
        for at in (0..coming.len()).rev() {
            behind[at] = plus(behind[at + 1], self.coming_bytes(&coming[at..=at], estimate));
        }
        let mut least = NEVER;
        let mut open = vec![(0, 0, excluded)];
        while let Some((at, before, excluded)) = open.pop() {
            let Some(one) = coming.get(at) else { continue };
            if plus(before, behind[at]) >= least {
                continue;
            }
            let name = one.index.map_or(u32::MAX, |index| shape.names[index].name);
            for Parting { node, unlike, .. } in self.member_partings_of(&excluded, name) {
                if least <= plus(before, behind[at]) {
                    break;
                }
                let node = self.and([one.node, node]);
                let own = self.coming_bytes(&[Coming { node, ..*one }], estimate);
                let before = plus(before, own);
                if unlike.is_empty() {
                    least = least.min(plus(before, behind[at + 1]));
                } else if plus(before, behind[at + 1]) < least {
                    open.push((at + 1, before, unlike));
                }
            }
        }
        least
    }

    /// The shape with the keys of excluded values as names of its own.
    ///
    /// For looking for ways to the end alone: in a text these keys stand in no order.
    fn with_agreeing_names(
        &mut self,
        id: ObjectId,
        members: &Members,
    ) -> (ObjectId, Arc<ObjectShape>) {
        let shape = self.object(id).clone();
        let keys = self.agreeing_keys(&shape, members);
        if keys.is_empty() {
            return (id, shape);
        }
        let mut with = ObjectShape::clone(&shape);
        for key in keys {
            let name = self.name(&key);
            let node = self.unnamed(&shape.rules, &key);
            with.names.push(Name { name, node, is_required: false });
        }
        let id = self.object_id(with);
        (id, self.object(id).clone())
    }

    /// The bytes of properties to come: of each its key with quotes, a colon and a comma, and its value.
    pub(super) fn coming_bytes(&mut self, coming: &[Coming], estimate: &mut Estimate) -> u32 {
        let mut bytes = 0;
        for Coming { key, node, .. } in coming {
            bytes = plus(bytes, plus(plus(*key, 4), self.estimated(*node, estimate)));
        }
        bytes
    }
}
