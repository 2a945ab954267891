//! The items that finish an array: every way to meet what is demanded, and the shortest of them.
//!
//! An item to come is of the node at its place and counts for some demands, and the ways to choose
//! are searched as for a shortest path (Dijkstra 1959), over what [`Items`] keeps. Where items must
//! differ, a way is also what its items were chosen of, as it decides whether there are values enough.
//!
//! Law: there is a way exactly if an array of the shape begins with the items read. Only where more
//! demands overlap, or larger numbers are counted, than [`MOST_KINDS`] and [`MOST_STATES`] allow, ways
//! are looked for and not all tried.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashSet;

use super::array::Counted;
use super::extent::{Estimate, NEVER, plus, times};
use super::{Algebra, ArrayId, ArrayShape, Items, NodeId};
use crate::schema::SchemaError;

/// Items that could come next, by what they count for.
const MOST_KINDS: usize = 64;
/// Counts that are gone through one by one.
const MOST_STATES: u64 = 1 << 12;
/// Ways that are looked at for one array.
const MOST_WAYS: usize = 1 << 14;

/// Items that may come to finish an array, cheaper ones first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// The bytes of the items with their commas, and the bracket.
    bytes: u32,
    /// Whether the bytes are those of items that differ, and not only a bound below.
    is_settled: bool,
    /// What was read, and what was chosen behind it.
    items: Items,
    /// What was chosen, ascending, and how many of each; kept where items must differ.
    chosen: Vec<(NodeId, u64)>,
}

/// What a next item may be, and the demands that it counts for.
type Kind = (NodeId, Vec<usize>);

impl Algebra {
    /// The fewest bytes that finish an array. White space is not counted.
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
        let mut items = items.clone();
        items.counted.resize(shape.counted.len(), 0);
        let mut open = BinaryHeap::from([Reverse(Way {
            bytes: 1,
            is_settled: !shape.is_unique,
            items,
            chosen: Vec::new(),
        })]);
        let mut seen = HashSet::new();
        while let Some(Reverse(way)) = open.pop() {
            if is_met(&shape, &way.items) && !self.is_excluded_array(&shape, &way.items) {
                if way.is_settled {
                    return Ok(way.bytes);
                }
                let bytes = self.distinct_bytes(&way.chosen, &way.items.values, estimate)?;
                let bytes = plus(bytes, commas(&shape, &way));
                if bytes != NEVER {
                    open.push(Reverse(Way { bytes, is_settled: true, ..way }));
                }
                continue;
            }
            if !seen.insert((way.items.clone(), way.chosen.clone())) {
                continue;
            }
            if seen.len() > MOST_WAYS {
                return Err(self.over("ways to finish an array", MOST_WAYS));
            }
            if shape.max.is_some_and(|max| way.items.count >= max) {
                continue;
            }
            let kinds = self.kinds(&shape, &way.items, estimate);
            let partings = self.item_partings(&shape, &way.items);
            let is_stepwise = kinds.len() > 1 && states(&shape, &way.items) <= MOST_STATES;
            let pairs = kinds.iter().flat_map(|kind| partings.iter().map(move |part| (kind, part)));
            for ((node, served), parting) in pairs {
                let run = match run(&shape, &way.items, served) {
                    _ if !shape.agreeing(&way.items).is_empty() => 1,
                    0 => continue,
                    _ if is_stepwise => 1,
                    run => run,
                };
                let node = self.and([*node, parting.node]);
                let one = self.estimated(node, estimate);
                if one == NEVER {
                    continue;
                }
                let mut next = way.with(&shape, (node, one), served, run);
                next.items.unlike.clone_from(&parting.unlike);
                for (twin, items) in self.twins(&shape, &way.items, (node, &next.items))? {
                    let known = way.items.twin;
                    // The first of two equal items was chosen to be of all that the second is.
                    if known.is_none_or(|known| twin == node || twin == known) {
                        let one = self.estimated(twin, estimate);
                        let way = way.with(&shape, (twin, one), served, run);
                        open.push(Reverse(Way { items, ..way }));
                    }
                }
                open.push(Reverse(next));
            }
        }
        Ok(NEVER)
    }

    /// The ways in which an item of a node takes part in the equality of two, where that is demanded:
    /// what it is then, and the items behind it.
    ///
    /// It is equal to one that was read, or to the one that is to have an equal, or it is itself to
    /// have one at a place behind.
    pub(crate) fn twins(
        &mut self,
        shape: &ArrayShape,
        items: &Items,
        (node, behind): (NodeId, &Items),
    ) -> Result<Vec<(NodeId, Items)>, SchemaError> {
        let mut ways = Vec::new();
        if !shape.has_equal || items.has_equal {
            return Ok(ways);
        }
        let met = Items { has_equal: true, values: Vec::new(), twin: None, ..behind.clone() };
        if !items.values.is_empty() {
            let read = self.any_of_values(&items.values);
            ways.push((self.and([node, read]), met.clone()));
        }
        if let Some(twin) = items.twin {
            ways.push((self.and([node, twin]), met));
            return Ok(ways);
        }
        let place = usize::try_from(items.count).unwrap_or(usize::MAX);
        let mut others: Vec<NodeId> =
            shape.prefix.iter().skip(place.saturating_add(1)).copied().collect();
        others.push(shape.rest);
        others.sort_unstable();
        others.dedup();
        for other in others {
            let twin = self.and([node, other]);
            ways.push((twin, Items { twin: Some(twin), ..behind.clone() }));
        }
        Ok(ways)
    }

    /// Everything that the next item may be, by the demands it counts for. Where a maximum is
    /// counted, what does not count must be no such item.
    pub(super) fn kinds(
        &mut self,
        shape: &ArrayShape,
        items: &Items,
        estimate: &mut Estimate,
    ) -> Vec<Kind> {
        let mut item = shape.item(items.count);
        if shape.is_unique {
            item = self.unlike(item, &items.values);
        }
        let mut kinds: Vec<Kind> = vec![(item, Vec::new())];
        for (at, of) in shape.counted.iter().enumerate() {
            let so_far = items.counted(at);
            if items.count < of.from || of.max.is_none() && so_far >= of.min {
                continue;
            }
            let not = self.not(of.node);
            let mut split = Vec::with_capacity(kinds.len() * 2);
            // Those that count for most come first, and stay when there are too many.
            for (node, served) in &kinds {
                let both = self.and([*node, of.node]);
                if of.max.is_none_or(|max| so_far < max) && self.estimated(both, estimate) != NEVER
                {
                    split.push((both, [&served[..], &[at]].concat()));
                }
            }
            for (node, served) in kinds {
                let other = if of.max.is_some() { self.and([node, not]) } else { node };
                split.push((other, served));
            }
            split.truncate(MOST_KINDS);
            kinds = split;
        }
        kinds.retain(|&(node, _)| self.estimated(node, estimate) != NEVER);
        kinds
    }
}

impl Way {
    /// The way with some items more, of so many bytes each.
    fn with(
        &self,
        shape: &ArrayShape,
        (node, bytes): (NodeId, u32),
        served: &[usize],
        run: u64,
    ) -> Self {
        let mut way = self.clone();
        let comma = u32::from(self.items.count > 0);
        // Of the first item's comma there is none.
        way.bytes = plus(way.bytes, plus(plus(bytes, comma), times(plus(bytes, 1), run - 1)));
        way.items.count = way.items.count.saturating_add(run);
        for &at in served {
            let counted = way.items.counted[at].saturating_add(run);
            way.items.counted[at] = match shape.counted[at] {
                Counted { min, max: None, .. } => counted.min(min),
                _ => counted,
            };
        }
        if shape.is_unique {
            match way.chosen.binary_search_by_key(&node, |&(node, _)| node) {
                Ok(at) => way.chosen[at].1 += run,
                Err(at) => way.chosen.insert(at, (node, run)),
            }
        }
        way
    }
}

/// Whether all that is counted, and the length, are as demanded. What is too much is never chosen.
pub(super) fn is_met(shape: &ArrayShape, items: &Items) -> bool {
    let is_counted = |(at, of): (usize, &Counted)| items.counted(at) >= of.min;
    let is_equal = items.has_equal || !shape.has_equal;
    is_equal && items.count >= shape.min && shape.counted.iter().enumerate().all(is_counted)
}

/// The commas of the items chosen, and the bracket.
fn commas(shape: &ArrayShape, way: &Way) -> u32 {
    let chosen = way.chosen.iter().map(|&(_, count)| count).fold(0, u64::saturating_add);
    debug_assert!(shape.is_unique, "else nothing is noted");
    let has_first = way.items.count == chosen && chosen > 0;
    plus(1, times(1, chosen - u64::from(has_first)))
}

/// How many items of a kind to take at once: up to where what they are asked for changes; 0 where
/// they are good for nothing.
fn run(shape: &ArrayShape, items: &Items, served: &[usize]) -> u64 {
    let count = items.count;
    let missing = |at: &usize| shape.counted[*at].min.saturating_sub(items.counted(*at));
    let serving = served.iter().map(missing).filter(|&missing| missing > 0).min();
    let next_place =
        places_of(shape).filter(|&place| place > count).min().map(|place| place - count);
    let run = match serving {
        Some(missing) => missing,
        None if count < shape.min => shape.min - count,
        None => next_place.unwrap_or(0),
    };
    // Two items behind all that the shape tells apart are enough to be equal.
    let is_near = |place: u64| count < place.max(shape.min).saturating_add(2);
    let last = places_of(shape).max().unwrap_or(0);
    let run = match shape.has_equal && !items.has_equal && is_near(last) {
        true => 1,
        false => run,
    };
    let room = |at: &usize| shape.counted[*at].max.map(|max| max - items.counted(*at));
    let rooms = served.iter().filter_map(room).chain(shape.max.map(|max| max - count));
    let in_prefix = (count < shape.prefix.len() as u64).then_some(1);
    rooms.chain(in_prefix).chain(next_place).fold(run, u64::min)
}

/// The places from which on items are of another kind.
fn places_of(shape: &ArrayShape) -> impl Iterator<Item = u64> {
    shape.counted.iter().map(|of| of.from).chain([shape.prefix.len() as u64])
}

/// How many counts there may be on the way, all told apart.
fn states(shape: &ArrayShape, items: &Items) -> u64 {
    let counts = shape.counted.iter().enumerate().map(|(at, of)| {
        of.max.unwrap_or(of.min).max(of.min).saturating_sub(items.counted(at)).saturating_add(1)
    });
    let length = shape.min.saturating_sub(items.count).saturating_add(1);
    counts.fold(length, u64::saturating_mul)
}
