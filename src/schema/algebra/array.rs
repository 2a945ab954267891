//! Shapes of arrays.
//!
//! A shape is a conjunction: the prefix and the rest of its items, counts of items of a kind, a
//! length, and whether all differ or two are equal. Shapes are interned, and what no array could tell apart is
//! brought into one form first, so that equal shapes are mostly found equal.
//!
//! Law: the meet of two shapes is one shape; the difference of two is several, one for each demand
//! that can be broken.

use std::sync::Arc;

use super::distinct::ValueId;
use super::evaluated::EvaluatedItems;
use super::{Algebra, NodeId};
use crate::schema::SchemaError;
use crate::schema::json::Json;

/// A shape of arrays, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ArrayId(pub(super) u32);

/// Arrays that meet every one of these demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ArrayShape {
    /// The first items, as far as there are any.
    pub(crate) prefix: Vec<NodeId>,
    /// The items behind.
    pub(crate) rest: NodeId,
    /// Demands on how many items are of a kind.
    pub(crate) counted: Vec<Counted>,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    /// Whether no two items are equal.
    pub(crate) is_unique: bool,
    /// Whether some two items are equal.
    pub(crate) has_equal: bool,
    /// Values that it must not be, ascending.
    pub(crate) unlike: Vec<ValueId>,
    /// What `unevaluatedItems` would not look at.
    pub(super) evaluated: EvaluatedItems,
}

/// How many of the items from an index on are of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Counted {
    /// The first index that counts: 0 for `contains`, the length of the prefix for what a broken
    /// `items` leaves.
    pub(crate) from: u64,
    pub(crate) node: NodeId,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
}

impl ArrayShape {
    /// Every array.
    pub(super) const ANY: Self = Self {
        prefix: Vec::new(),
        rest: NodeId::ANY,
        counted: Vec::new(),
        min: 0,
        max: None,
        is_unique: false,
        has_equal: false,
        unlike: Vec::new(),
        evaluated: EvaluatedItems::NONE,
    };

    /// The bytes it takes, roughly.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + (self.prefix.len() + 4 * self.counted.len() + self.unlike.len()) * 8
    }

    /// What an item must be of, whatever is counted.
    pub(crate) fn item(&self, index: u64) -> NodeId {
        let prefixed = usize::try_from(index).ok().and_then(|index| self.prefix.get(index));
        prefixed.copied().unwrap_or(self.rest)
    }
}

impl Algebra {
    /// The number of a shape. A prefix that ends as the rest goes on is shortened, and counts are
    /// put in order, as a matcher notes by their places how far each has come.
    pub(super) fn array_id(&mut self, mut shape: ArrayShape) -> ArrayId {
        while shape.prefix.last() == Some(&shape.rest) {
            shape.prefix.pop();
        }
        shape.counted.sort_unstable();
        shape.counted.dedup();
        self.made += shape.size();
        ArrayId(self.arrays.intern(Arc::new(shape)))
    }

    /// The arrays of both shapes; `None` where there can be none.
    ///
    /// Kept for each pair, as readings of nested schemas ask for the same pairs again and again.
    pub(super) fn meet_arrays(
        &mut self,
        a: ArrayId,
        b: ArrayId,
    ) -> Result<Option<ArrayId>, SchemaError> {
        if a == b {
            return Ok(Some(a));
        }
        if let Some(&known) = self.array_meets.get(&(a, b)) {
            return Ok(known);
        }
        let (one, other) = (self.array(a).clone(), self.array(b).clone());
        let length = one.prefix.len().max(other.prefix.len()) as u64;
        let prefix = (0..length).map(|at| self.and([one.item(at), other.item(at)])).collect();
        let shape = ArrayShape {
            prefix,
            rest: self.and([one.rest, other.rest]),
            counted: [&one.counted[..], &other.counted].concat(),
            min: one.min.max(other.min),
            max: least(one.max, other.max),
            is_unique: one.is_unique || other.is_unique,
            has_equal: one.has_equal || other.has_equal,
            unlike: united(&one.unlike, &other.unlike),
            evaluated: one.evaluated.union(&other.evaluated),
        };
        let met = self.possible_array(shape)?;
        self.array_meets.insert((a, b), met);
        Ok(met)
    }

    /// The arrays of `a` that are not of `b`: one alternative for each demand of `b` that may be
    /// broken.
    ///
    /// Where nothing of `a` is in `b`, or one broken demand leaves all of `a`, the answer is `a`
    /// itself: without that, taking away what is not there would split it for nothing.
    pub(super) fn array_without(
        &mut self,
        a: ArrayId,
        b: ArrayId,
    ) -> Result<Vec<ArrayId>, SchemaError> {
        if self.meet_arrays(a, b)?.is_none() {
            return Ok(vec![a]);
        }
        let taken = self.array(b).clone();
        let mut left = Vec::new();
        for broken in self.broken_arrays(&taken) {
            let Some(broken) = self.possible_array(broken)? else { continue };
            match self.meet_arrays(a, broken)? {
                Some(whole) if whole == a => return Ok(vec![a]),
                met => left.extend(met),
            }
        }
        Ok(left)
    }

    /// The arrays of a shape that are none of some values.
    pub(super) fn array_unlike(
        &mut self,
        id: ArrayId,
        values: &[ValueId],
    ) -> Result<Option<ArrayId>, SchemaError> {
        let mut shape = ArrayShape::clone(self.array(id));
        shape.unlike = united(&shape.unlike, values);
        self.possible_array(shape)
    }

    /// A shape for each way to break a demand of a shape.
    ///
    /// Item `i` is wrong, or there is a wrong item behind the prefix, or there are too few or too
    /// many of a kind or in all. An array that breaks several demands is of several of the shapes,
    /// so they may overlap.
    fn broken_arrays(&mut self, shape: &ArrayShape) -> Vec<ArrayShape> {
        let mut broken = Vec::new();
        for (index, &node) in shape.prefix.iter().enumerate() {
            let mut prefix = vec![NodeId::ANY; index];
            prefix.push(self.not(node));
            broken.push(ArrayShape { prefix, min: index as u64 + 1, ..ArrayShape::ANY });
        }
        let mut counted = |counted| {
            broken.push(ArrayShape { counted: vec![counted], ..ArrayShape::ANY });
        };
        if shape.rest != NodeId::ANY {
            let node = self.not(shape.rest);
            counted(Counted { from: shape.prefix.len() as u64, node, min: 1, max: None });
        }
        for of in &shape.counted {
            if let Some(fewer) = of.min.checked_sub(1) {
                counted(Counted { min: 0, max: Some(fewer), ..of.clone() });
            }
            if let Some(more) = of.max.and_then(|max| max.checked_add(1)) {
                counted(Counted { min: more, max: None, ..of.clone() });
            }
        }
        if shape.is_unique {
            broken.push(ArrayShape { has_equal: true, ..ArrayShape::ANY });
        }
        if shape.has_equal {
            broken.push(ArrayShape { is_unique: true, ..ArrayShape::ANY });
        }
        for items in self.read_values(&shape.unlike) {
            if let Json::Array(items) = items {
                broken.push(self.constant_array(&items));
            }
        }
        if let Some(fewer) = shape.min.checked_sub(1) {
            broken.push(ArrayShape { max: Some(fewer), ..ArrayShape::ANY });
        }
        if let Some(more) = shape.max.and_then(|max| max.checked_add(1)) {
            broken.push(ArrayShape { min: more, ..ArrayShape::ANY });
        }
        broken
    }

    /// The shape in its plainest form; `None` where it clearly has no array.
    ///
    /// What one demand says of others is drawn out: an item that has no value ends the array before
    /// it, a count asks for a length, a length cuts the prefix. Only contradictions near at hand
    /// are seen; deeper ones show when the extent is computed, and no thread is made of such a
    /// shape.
    pub(super) fn possible_array(
        &mut self,
        mut shape: ArrayShape,
    ) -> Result<Option<ArrayId>, SchemaError> {
        if shape.has_equal {
            shape.min = shape.min.max(2);
        }
        if shape.has_equal && shape.is_unique {
            return Ok(None);
        }
        // "Not a single one" is a demand on every item.
        for of in std::mem::take(&mut shape.counted) {
            match of {
                Counted { min: 0, max: None, .. } => {}
                Counted { from, node, min: 0, max: Some(0) } => {
                    let not = self.not(node);
                    self.demand_from(&mut shape, from, not);
                }
                Counted { node: NodeId::ANY, from, min, max } => {
                    if min > 0 {
                        shape.min = shape.min.max(from.saturating_add(min));
                    }
                    shape.max = least(shape.max, max.map(|max| from.saturating_add(max)));
                }
                of => shape.counted.push(of),
            }
        }
        for index in 0..shape.prefix.len() {
            if self.is_surely_empty(shape.prefix[index])? {
                shape.max = least(shape.max, Some(index as u64));
                break;
            }
        }
        if self.is_surely_empty(shape.rest)? {
            shape.rest = NodeId::NONE;
            shape.max = least(shape.max, Some(shape.prefix.len() as u64));
        }
        if let Some(max) = shape.max {
            shape.prefix.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        }
        for of in &shape.counted {
            let most = shape.max.map(|max| max.saturating_sub(of.from));
            let is_short = most.is_some_and(|most| most < of.min);
            if is_short || of.max.is_some_and(|max| max < of.min) {
                return Ok(None);
            }
            if of.min > 0 {
                shape.min = shape.min.max(of.from.saturating_add(of.min));
            }
        }
        if shape.max.is_some_and(|max| max < shape.min) {
            return Ok(None);
        }
        if shape.max.is_some_and(|max| max <= shape.prefix.len() as u64) {
            shape.rest = NodeId::NONE;
        }
        for value in std::mem::take(&mut shape.unlike) {
            if self.may_be_array(value, &shape) {
                shape.unlike.push(value);
            }
        }
        Ok(Some(self.array_id(shape)))
    }

    /// Demands a node of every item from an index on.
    ///
    /// The prefix is made as long as needed, up to 65536 places, as it is written out; what is
    /// demanded further on is demanded from there already.
    fn demand_from(&mut self, shape: &mut ArrayShape, from: u64, node: NodeId) {
        let length = usize::try_from(from).unwrap_or(usize::MAX).min(1 << 16);
        while shape.prefix.len() < length {
            shape.prefix.push(shape.rest);
        }
        for at in length..shape.prefix.len() {
            shape.prefix[at] = self.and([shape.prefix[at], node]);
        }
        shape.rest = self.and([shape.rest, node]);
    }
}

/// The smaller of two bounds.
pub(super) fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (bound, None) | (None, bound) => bound,
    }
}

/// The values of two ascending lists, each once.
pub(super) fn united(a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
    let mut united = [a, b].concat();
    united.sort_unstable();
    united.dedup();
    united
}
