//! Alternatives that others contain.
//!
//! A difference is several alternatives, and differences of differences would be their products, though
//! mostly what one step leaves is within what another leaves: where a property is missing, it no longer
//! matters what else would be wrong with it. What is within another alternative is left out, so that
//! `oneOf` of many branches that differ in a few properties stays small.
//!
//! Take the two branches `{"kind": string, "place": array}` and `{"kind": "point", "place": [number]}`,
//! both with all properties required. The first without the second has another kind, or no place, or a
//! place with something else in it. With a third branch taken away as well, "no place and another kind
//! than the second's" would be an alternative of its own, though "no place" is one already.
//!
//! Law: an alternative that is found within another allows no value and no order of properties that the
//! other does not allow, and is looked at alike by `unevaluated…`. Not all that are within are found.

use super::array::{ArrayId, ArrayShape, Counted};
use super::object::{ObjectId, ObjectShape};
use super::{Algebra, Node, NodeId};
use crate::regex::ExprId;
use crate::schema::SchemaError;

/// More alternatives are not compared with one another, as each is with each.
const MOST_COMPARED: usize = 256;
/// The bytes that are put together in the time that one comparison takes.
const COMPARISON: usize = 64;

impl Algebra {
    /// The alternatives that are not within another, ascending.
    ///
    /// # Errors
    /// [`SchemaError::Limit`] where too much was made already.
    pub(super) fn outermost<T: Copy + Ord>(
        &mut self,
        mut all: Vec<T>,
        is_within: impl Fn(&Self, T, T) -> bool,
    ) -> Result<Vec<T>, SchemaError> {
        all = self.distinct(all)?;
        if all.len() > MOST_COMPARED {
            return Ok(all);
        }
        self.made += all.len() * all.len() * COMPARISON;
        let mut outermost: Vec<T> = Vec::with_capacity(all.len());
        for one in all {
            if !outermost.iter().any(|&other| is_within(self, one, other)) {
                outermost.retain(|&other| !is_within(self, other, one));
                outermost.push(one);
            }
        }
        outermost.sort_unstable();
        Ok(outermost)
    }

    /// Whether all arrays of the first shape are surely of the second.
    ///
    /// Each demand of the second is looked for among those of the first, as it stands or stricter. What
    /// follows from several demands of the first together is not seen.
    pub(super) fn is_array_within(&self, a: ArrayId, b: ArrayId) -> bool {
        let (one, other) = (&**self.array(a), &**self.array(b));
        let prefix = one.prefix.len().max(other.prefix.len()) as u64;
        one.evaluated == other.evaluated
            && (one.is_unique || !other.is_unique)
            && (one.has_equal || !other.has_equal)
            && is_range_within((one.min, one.max), (other.min, other.max))
            && other.unlike.iter().all(|value| one.unlike.binary_search(value).is_ok())
            && other.counted.iter().all(|count| is_counted(one, count))
            && (0..=prefix).all(|at| self.is_node_within(one.item(at), other.item(at)))
    }

    /// Whether all objects of the first shape are surely of the second, in the same orders of
    /// properties.
    ///
    /// The order matters where properties come as declared: a name that one shape knows and the other
    /// does not would stand at another place.
    pub(super) fn is_object_within(&self, a: ObjectId, b: ObjectId) -> bool {
        let (one, other) = (&**self.object(a), &**self.object(b));
        let required = one.names.iter().filter(|name| name.is_required).count() as u64;
        let counts = (one.min.max(required), one.max);
        one.evaluated == other.evaluated
            && is_range_within(counts, (other.min, other.max))
            && other.unlike.iter().all(|value| one.unlike.binary_search(value).is_ok())
            && other.demands.iter().all(|demand| one.demands.binary_search(demand).is_ok())
            && other.implied.iter().all(|pair| one.implied.binary_search(pair).is_ok())
            && other.rules.iter().all(|rule| self.is_ruled(one, *rule))
            && self.are_names_within(one, other)
    }

    /// Whether the second shape knows the names of the first, in the same order, and no name that the
    /// first does not know; and what it says of each holds in the first.
    fn are_names_within(&self, one: &ObjectShape, other: &ObjectShape) -> bool {
        let mut behind = other.names.iter();
        let mut known = 0;
        for name in &one.names {
            let place = match name.node {
                // A key that never comes has no place.
                NodeId::NONE => other.names.iter().find(|of| of.name == name.name),
                _ => match behind.find(|of| of.name == name.name) {
                    None => return false,
                    place => place,
                },
            };
            let Some(of) = place else { continue };
            known += 1;
            if of.is_required && !name.is_required || !self.is_node_within(name.node, of.node) {
                return false;
            }
        }
        known == other.names.len()
    }

    /// Whether a shape says of all keys of a language that it does not know by name what a rule says.
    fn is_ruled(&self, shape: &ObjectShape, (language, node): (ExprId, NodeId)) -> bool {
        let is_for_all = |of: ExprId| of == language || of == self.any_text;
        shape.rules.iter().any(|rule| is_for_all(rule.0) && self.is_node_within(rule.1, node))
    }

    /// Whether all values of the first node are surely of the second: it demands all that the second
    /// demands.
    fn is_node_within(&self, a: NodeId, b: NodeId) -> bool {
        let parts = |node: NodeId| -> Box<[NodeId]> {
            match self.nodes.get(node.0) {
                Node::And(parts) => parts.clone(),
                _ => [node].into(),
            }
        };
        if a == b || a == NodeId::NONE || b == NodeId::ANY {
            return true;
        }
        let demanded = parts(a);
        parts(b).iter().all(|part| demanded.binary_search(part).is_ok())
    }
}

/// Whether a shape counts what is counted, as strictly.
fn is_counted(shape: &ArrayShape, count: &Counted) -> bool {
    let is_same = |of: &Counted| (of.from, of.node) == (count.from, count.node);
    let mut same = shape.counted.iter().filter(|of| is_same(of));
    same.any(|of| is_range_within((of.min, of.max), (count.min, count.max)))
}

/// Whether all numbers of the first range are in the second.
fn is_range_within(one: (u64, Option<u64>), other: (u64, Option<u64>)) -> bool {
    let is_below = other.1.is_none_or(|most| one.1.is_some_and(|max| max <= most));
    one.0 >= other.0 && is_below
}
