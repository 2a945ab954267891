//! The shortest values of a node, listed.
//!
//! The shortest arrays are made of the shortest items, and so are objects of members: of each no more
//! are looked at than are listed of the whole.
//!
//! Law: what is listed is of the node, and a list that may have no others has all its values. Of others
//! the last may be longer than values that are not listed, where a node contains itself or its parts
//! must differ: then an array counts as longer than it could be, and can be finished all the same.

use std::sync::Arc;

use super::distinct::{LONGEST_LISTED, ValueId};
use super::extent::{NEVER, plus};
use super::rest::{Items, Members};
use super::{Algebra, ArrayId, ArrayShape, NodeId, ObjectId, ObjectShape, written};
use crate::schema::SchemaError;
use crate::schema::json::Json;

/// The most values that are listed of a node with arrays or objects: mostly, and where more are needed.
const MOST_LISTED: usize = 64;
pub(super) const MOST_NEEDED: usize = 1 << 10;
/// The least number of properties up to which objects are listed: below it, beginnings with fewer are
/// kept beside those with enough, as else the shortest would be all that were left.
const MOST_LEAST: u64 = 4;

/// The shortest values of a node, each with its bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Listed {
    pub(super) values: Vec<(u32, Json)>,
    /// Whether the node may have others.
    pub(super) has_more: bool,
}

/// A value that is put together of parts, with its bytes so far.
type Partial<T> = (u32, Vec<T>);

type Member = (String, Json);

/// Properties with their bytes, and whether there are others.
type Others = (Vec<(u32, Member)>, bool);

impl Algebra {
    /// The shortest values of a node, at least so many as are needed or all there are; `None` where it
    /// takes more than a list to say which they are.
    ///
    /// Lists are kept for lengths that are powers of two, so that an array that grows asks for few. A
    /// node that contains itself finds its plain and its empty values while it is listed: that ends the
    /// recursion, and costs but the values that are nested in each other.
    pub(super) fn listed(
        &mut self,
        node: NodeId,
        needed: usize,
    ) -> Result<Option<Arc<Listed>>, SchemaError> {
        if let Some((whole, values)) = self.excluded(node) {
            return self.listed_without(whole, &values, needed);
        }
        let most = needed.next_power_of_two().clamp(MOST_LISTED, MOST_NEEDED);
        if let Some(known) = self.listed.get(&(node, most)) {
            return Ok(known.clone());
        }
        let form = self.form(node)?;
        let Some(values) = self.plain_values(&form, most)? else {
            self.listed.insert((node, most), None);
            return Ok(None);
        };
        // Where a node contains itself, it has these at least.
        let mut listed = Listed { values, has_more: true };
        self.add_empty(&mut listed, (&form.arrays, &form.objects));
        self.listed.insert((node, most), Some(Arc::new(listed.clone())));
        let plain = |of: &(u32, Json)| !matches!(of.1, Json::Array(_) | Json::Object(_));
        listed.values.retain(plain);
        listed.has_more = false;
        let mut parts = Vec::new();
        for &shape in &form.arrays {
            parts.push(self.listed_arrays(shape, most)?);
        }
        for &shape in &form.objects {
            parts.push(self.listed_objects(shape, most)?);
        }
        let parts: Option<Vec<Listed>> = parts.into_iter().collect();
        let Some(parts) = parts else {
            self.listed.insert((node, most), None);
            return Ok(None);
        };
        for part in parts {
            listed.values.extend(part.values);
            listed.has_more |= part.has_more;
        }
        let mut known = hashbrown::HashSet::new();
        listed.values.sort_by_key(|&(bytes, _)| bytes);
        listed.values.retain(|(_, value)| known.insert(value.canonical()));
        listed.has_more |= listed.values.len() > most;
        listed.values.truncate(most);
        let is_known = !listed.values.is_empty() || !listed.has_more;
        let listed = is_known.then(|| Arc::new(listed));
        self.listed.insert((node, most), listed.clone());
        Ok(listed)
    }

    /// The shortest values of a node that are none of some: those of the node alone are listed once for
    /// all that are taken away.
    fn listed_without(
        &mut self,
        node: NodeId,
        values: &[ValueId],
        needed: usize,
    ) -> Result<Option<Arc<Listed>>, SchemaError> {
        let Some(whole) = self.listed(node, needed + values.len())? else { return Ok(None) };
        let taken = self.canonical(values);
        let mut left = Listed::clone(&whole);
        left.values.retain(|(_, value)| !taken.contains(&value.canonical()));
        let is_known = !left.values.is_empty() || !left.has_more;
        Ok(is_known.then(|| Arc::new(left)))
    }

    /// Adds the empty array and the empty object, where shapes have them.
    ///
    /// These are the values that need no look inside a shape.
    fn add_empty(&mut self, listed: &mut Listed, (arrays, objects): (&[ArrayId], &[ObjectId])) {
        for &id in arrays {
            let shape = self.array(id).clone();
            let is_free = shape.min == 0 && shape.counted.is_empty();
            if is_free && !self.is_excluded_array(&shape, &Items::NONE) {
                listed.values.push((2, Json::Array(Vec::new())));
            }
        }
        for &id in objects {
            let shape = self.object(id).clone();
            let is_free = shape.min == 0 && shape.demands.is_empty();
            let requires = shape.names.iter().any(|name| name.is_required);
            let excluded = self.excluded_objects(&shape, &Members::NONE, &[]);
            if is_free && !requires && excluded.is_empty() {
                listed.values.push((2, Json::Object(Vec::new())));
            }
        }
    }

    /// Of all values of a freer shape those that a shape has; `None` where these are too many to list.
    ///
    /// What is counted and demanded is about a value as a whole, so it is asked of whole values.
    fn listed_of<T: Copy>(
        &mut self,
        all: Option<Listed>,
        id: T,
        is_of: impl Fn(&mut Self, &Json, T) -> Result<bool, SchemaError>,
    ) -> Result<Option<Listed>, SchemaError> {
        let Some(all) = all.filter(|all| !all.has_more) else { return Ok(None) };
        let mut values = Vec::new();
        for (bytes, value) in all.values {
            if is_of(self, &value, id)? {
                values.push((bytes, value));
            }
        }
        Ok(Some(Listed { values, has_more: false }))
    }

    /// Whether a value is an array of a shape.
    fn is_array_of(&mut self, value: &Json, id: ArrayId) -> Result<bool, SchemaError> {
        let Json::Array(items) = value else { return Ok(false) };
        let one = self.constant_array(items);
        let one = self.array_id(one);
        let Some(both) = self.meet_arrays(one, id)? else { return Ok(false) };
        Ok(self.array_rest(both, &Items::NONE)? != NEVER)
    }

    /// Whether a value is an object of a shape.
    fn is_object_of(&mut self, value: &Json, id: ObjectId) -> Result<bool, SchemaError> {
        let Json::Object(members) = value else { return Ok(false) };
        let one = self.constant_object(members);
        let one = self.object_id(one);
        let Some(both) = self.meet_objects(one, id)? else { return Ok(false) };
        Ok(self.object_rest(both, &Members::NONE)? != NEVER)
    }

    /// The shortest arrays of a shape.
    ///
    /// Arrays grow item by item, and of each length the shortest are kept. The second best item of the
    /// best beginning is as good as the best of the second: so of a beginning at place `n` only an `n`th
    /// of the items is tried. It ends where longer arrays are no shorter than those found.
    fn listed_arrays(&mut self, id: ArrayId, listed: usize) -> Result<Option<Listed>, SchemaError> {
        let shape = self.array(id).clone();
        if !shape.counted.is_empty() || shape.has_equal {
            let free = ArrayShape { counted: Vec::new(), has_equal: false, ..(*shape).clone() };
            let free = self.array_id(free);
            let all = self.listed_arrays(free, listed)?;
            return self.listed_of(all, id, Self::is_array_of);
        }
        let most = listed + shape.unlike.len();
        let (mut found, mut has_more) = (Vec::new(), false);
        let mut open: Vec<Partial<Json>> = vec![(2, Vec::new())];
        for count in 0.. {
            if count >= shape.min {
                found.extend(open.iter().cloned());
                has_more |= cut(&mut found, most, |_| 0);
            }
            if open.is_empty() || shape.max.is_some_and(|max| count >= max) {
                break;
            }
            let is_full = found.len() == most && open[0].0 >= found[most - 1].0;
            if is_full || count as usize > listed {
                has_more = true;
                break;
            }
            let Some(items) = self.listed(shape.item(count), listed)? else { return Ok(None) };
            has_more |= items.has_more;
            let mut next = Vec::new();
            for (at, (bytes, before)) in open.iter().enumerate() {
                let known: Vec<String> = match shape.is_unique {
                    true => before.iter().map(Json::canonical).collect(),
                    false => Vec::new(),
                };
                let fitting = items.values.iter().filter(|of| !known.contains(&of.1.canonical()));
                let fitting: Vec<&(u32, Json)> = fitting.collect();
                let taken = most / (at + 1) + 1;
                has_more |= fitting.len() > taken;
                for (own, item) in fitting.into_iter().take(taken) {
                    let bytes = plus(plus(*bytes, *own), u32::from(count > 0));
                    next.push((bytes, [&before[..], std::slice::from_ref(item)].concat()));
                }
            }
            has_more |= cut(&mut next, most, |_| 0);
            if next.iter().any(|of| of.0 > LONGEST_LISTED) {
                return Ok(None);
            }
            open = next;
        }
        let unlike = self.canonical(&shape.unlike);
        let mut values: Vec<(u32, Json)> =
            found.into_iter().map(|(bytes, items)| (bytes, Json::Array(items))).collect();
        values.retain(|(_, value)| !unlike.contains(&value.canonical()));
        Ok(Some(Listed { values, has_more }))
    }

    /// The shortest objects of a shape.
    ///
    /// Names are gone through in their order, each with a value or left out where it may be; then come
    /// keys that the shape does not know, of which two are enough for as many objects as are listed.
    /// What implications and bounds forbid is dropped at the end.
    fn listed_objects(
        &mut self,
        id: ObjectId,
        listed: usize,
    ) -> Result<Option<Listed>, SchemaError> {
        let shape = self.object(id).clone();
        if !shape.demands.is_empty() || shape.min > MOST_LEAST {
            let free = ObjectShape { demands: Vec::new(), min: 0, ..(*shape).clone() };
            let free = self.object_id(free);
            let all = self.listed_objects(free, listed)?;
            return self.listed_of(all, id, Self::is_object_of);
        }
        let most = listed + shape.unlike.len();
        // Those with fewer properties than there must be are kept apart.
        let class = |of: &[Member]| of.len().min(shape.min as usize);
        let mut has_more = false;
        let mut open: Vec<Partial<Member>> = vec![(2, Vec::new())];
        for name in &shape.names {
            let Some(values) = self.listed(name.node, listed)? else { return Ok(None) };
            has_more |= values.has_more;
            let text = self.name_text(name.name).to_string();
            let key = plus(written(text.as_bytes()), 3);
            let mut next = if name.is_required { Vec::new() } else { open.clone() };
            let mut ranks = [0; MOST_LEAST as usize + 1];
            for (bytes, members) in &open {
                ranks[class(members)] += 1;
                let taken = most / ranks[class(members)] + 1;
                has_more |= values.values.len() > taken;
                for (own, value) in values.values.iter().take(taken) {
                    let comma = u32::from(!members.is_empty());
                    let bytes = plus(plus(*bytes, *own), plus(key, comma));
                    let member = (text.clone(), value.clone());
                    next.push((bytes, [&members[..], &[member]].concat()));
                }
            }
            has_more |= cut(&mut next, most, class);
            if next.iter().any(|of| of.0 > LONGEST_LISTED) {
                return Ok(None);
            }
            open = next;
        }
        let Some((others, has_others)) = self.other_members(id, &shape, most)? else {
            return Ok(None);
        };
        let mut found = open.clone();
        for _ in 0..shape.min.max(2) {
            let (next, is_cut) = with_others(&open, &others, (most, shape.max));
            open = next;
            found.extend(open.iter().cloned());
            has_more |= is_cut | cut(&mut found, most, class);
        }
        has_more |= has_others || !with_others(&open, &others, (most, shape.max)).0.is_empty();
        self.retain_of(&shape, &mut found);
        let values = found.into_iter().map(|(bytes, of)| (bytes, Json::Object(of))).collect();
        Ok(Some(Listed { values, has_more }))
    }

    /// The shortest properties whose keys a shape does not know by name, with quotes and colons, and
    /// whether there are others.
    fn other_members(
        &mut self,
        id: ObjectId,
        shape: &ObjectShape,
        most: usize,
    ) -> Result<Option<Others>, SchemaError> {
        let (mut others, mut has_more) = (Vec::new(), false);
        for cell in self.cells(id)?.iter() {
            let Some(values) = self.listed(cell.node, most)? else { return Ok(None) };
            let Some(keys) = self.texts(cell.language, most + shape.names.len())? else {
                return Ok(None);
            };
            has_more |= values.has_more || keys.len() == most + shape.names.len();
            let is_name =
                |key: &String| shape.names.iter().any(|name| **self.name_text(name.name) == **key);
            let keys: Vec<String> = keys.into_iter().filter(|key| !is_name(key)).collect();
            for (at, key) in keys.into_iter().enumerate() {
                let taken = most / (at + 1) + 1;
                has_more |= values.values.len() > taken;
                for (own, value) in values.values.iter().take(taken) {
                    let bytes = plus(plus(written(key.as_bytes()), 3), *own);
                    others.push((bytes, (key.clone(), value.clone())));
                }
            }
        }
        others.sort_by_key(|&(bytes, _)| bytes);
        has_more |= others.len() > most;
        others.truncate(most);
        Ok(Some((others, has_more)))
    }

    /// Keeps the objects that have what is implied, as many properties as they must, and are not
    /// excluded.
    ///
    /// Names were put together one by one, each without regard to the others.
    fn retain_of(&mut self, shape: &ObjectShape, found: &mut Vec<Partial<Member>>) {
        let implied = shape.implied.iter();
        let implied: Vec<[String; 2]> = implied
            .map(|&(first, second)| [first, second].map(|of| self.name_text(of).to_string()))
            .collect();
        let unlike = self.canonical(&shape.unlike);
        found.retain(|(_, members)| {
            let has = |key: &String| members.iter().any(|(name, _)| name == key);
            let count = members.len() as u64;
            implied.iter().all(|[first, second]| !has(first) || has(second))
                && count >= shape.min
                && shape.max.is_none_or(|max| count <= max)
                && !unlike.contains(&Json::Object(members.clone()).canonical())
        });
    }
}

/// The values with a property more, each key once and in one order, and whether there were more.
fn with_others(
    open: &[Partial<Member>],
    others: &[(u32, Member)],
    (most, max): (usize, Option<u64>),
) -> (Vec<Partial<Member>>, bool) {
    let mut next = Vec::new();
    let has_room = |of: &&Partial<Member>| max.is_none_or(|max| (of.1.len() as u64) < max);
    for (bytes, members) in open.iter().filter(has_room) {
        let last = members.last().and_then(|last| others.iter().position(|(_, of)| of == last));
        for (own, member) in &others[last.map_or(0, |last| last + 1)..] {
            if !members.iter().any(|(key, _)| *key == member.0) {
                let bytes = plus(plus(*bytes, *own), u32::from(!members.is_empty()));
                next.push((bytes, [&members[..], std::slice::from_ref(member)].concat()));
            }
        }
    }
    let is_cut = cut(&mut next, most, |_| 0);
    (next, is_cut)
}

/// Puts values in order, the shortest first, and keeps so many of each class; whether there were more.
///
/// What is dropped could only become longer than what is kept of its class.
fn cut<T>(values: &mut Vec<Partial<T>>, most: usize, class: impl Fn(&[T]) -> usize) -> bool {
    values.sort_by_key(|&(bytes, _)| bytes);
    let before = values.len();
    let mut counts = [0; MOST_LEAST as usize + 1];
    values.retain(|(_, parts)| {
        counts[class(parts)] += 1;
        counts[class(parts)] <= most
    });
    values.len() < before
}
