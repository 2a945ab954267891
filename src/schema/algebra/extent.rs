//! How many bytes a value takes at least, and whether there is one at all.
//!
//! The extent of a node is the least fixed point of what its shapes need, so that a schema that
//! needs itself for ever has none.
//!
//! Computed as Knuth (1977) generalizes shortest paths to grammars, but by iteration: extents begin
//! at [`NEVER`] and only become less, until a round changes nothing. What never becomes less has no
//! value, however the recursion is written.

use std::sync::Arc;

use hashbrown::HashMap;

use super::rest::{Items, Members};
use super::{Algebra, Form, Node, NodeId};
use crate::schema::SchemaError;

/// The extent of what has no value.
pub(crate) const NEVER: u32 = u32::MAX;
/// Extents saturate here.
const LONGEST: u32 = 1 << 30;
/// How often nodes are looked at to find one extent.
const LOOKS: usize = 1 << 16;
/// How deep to look for contradictions when shapes are made: what is deeper shows in the extent.
const LOOK: usize = 3;

/// Extents that are being computed.
#[derive(Debug, Default)]
pub(super) struct Estimate {
    /// Upper bounds, which are exact when nothing changes any more.
    known: HashMap<NodeId, u32>,
    /// In the order they were come across.
    nodes: Vec<NodeId>,
}

impl Estimate {
    /// Whether every extent that was asked for is known for good.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes whose extents are not known for good.
    pub(super) fn into_nodes(self) -> Vec<NodeId> {
        self.nodes
    }
}

impl Algebra {
    /// The fewest bytes of a value of a node, written without white space; [`NEVER`] where it has no
    /// value.
    ///
    /// All nodes that are come across on the way are settled with it and kept, so each is computed
    /// once.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn extent(&mut self, node: NodeId) -> Result<u32, SchemaError> {
        let mut estimate = Estimate::default();
        let known = self.estimated(node, &mut estimate);
        if estimate.is_empty() {
            return Ok(known);
        }
        let mut fuel = LOOKS;
        loop {
            let mut is_settled = true;
            let mut at = estimate.nodes.len();
            while at > 0 {
                at -= 1;
                fuel = fuel
                    .checked_sub(1)
                    .ok_or_else(|| self.over("steps to the shortest value", LOOKS))?;
                let before = estimate.nodes.len();
                let node = estimate.nodes[at];
                let extent = self.node_extent(node, &mut estimate)?;
                if estimate.nodes.len() > before {
                    // What was come across is looked at first.
                    (at, is_settled) = (estimate.nodes.len(), false);
                }
                let known = estimate.known.get_mut(&node).expect("it was come across");
                // Extents only become less: were they to rise again, a circle could go on for ever.
                is_settled &= *known <= extent;
                *known = extent.min(*known);
            }
            if is_settled {
                break;
            }
        }
        self.extents.extend(estimate.known);
        Ok(self.extents[&node])
    }

    /// What is known of a node's extent so far.
    ///
    /// A node that is not known yet is noted to be computed, and has no value until then: to begin
    /// with a number would not be safe, as nodes in a circle could hold each other up by it.
    pub(super) fn estimated(&mut self, node: NodeId, estimate: &mut Estimate) -> u32 {
        match node {
            NodeId::NONE => return NEVER,
            NodeId::ANY => return 1,
            _ => {}
        }
        if let Some(&known) = self.extents.get(&node).or_else(|| estimate.known.get(&node)) {
            return known;
        }
        estimate.known.insert(node, NEVER);
        estimate.nodes.push(node);
        NEVER
    }

    /// The least over all types: `null` and `true` have four bytes, `false` five, strings two
    /// quotes. Arrays and objects are counted by what finishes them behind their bracket.
    fn node_extent(&mut self, node: NodeId, estimate: &mut Estimate) -> Result<u32, SchemaError> {
        let form = self.form(node)?;
        let mut least = if form.null || form.booleans[1] { 4 } else { NEVER };
        if form.booleans[0] {
            least = least.min(5);
        }
        let numbers = self.written_numbers(&form)?;
        least = least.min(self.shortest(numbers)?);
        least = least.min(plus(self.shortest(form.strings)?, 2));
        for &shape in &form.arrays {
            least = least.min(plus(self.array_rest_by(shape, &Items::NONE, estimate)?, 1));
        }
        for &shape in &form.objects {
            least = least.min(plus(self.object_rest_by(shape, &Members::NONE, estimate)?, 1));
        }
        Ok(least)
    }

    /// Whether a node has no value for reasons near at hand. `false` says nothing.
    ///
    /// Conjunctions and complements alone are looked into, as the rest was looked into when it was
    /// made or is a schema that may lead anywhere. A conjunction of arrays or objects counts as
    /// possible, and is settled by its extent.
    pub(super) fn is_surely_empty(&mut self, node: NodeId) -> Result<bool, SchemaError> {
        match self.nodes.get(node.0) {
            Node::None => return Ok(true),
            Node::And(_) | Node::Not(_) => {}
            Node::Any | Node::Schema(..) | Node::Constants(_) | Node::Values(_) | Node::Or(_) => {
                return Ok(false);
            }
        }
        if let Some(&known) = self.extents.get(&node) {
            return Ok(known == NEVER);
        }
        if self.looking.len() >= LOOK || self.looking.contains(&node) {
            return Ok(false);
        }
        // What is outside of a schema mostly shows in the schema: a literal that it does not allow.
        let outside = match *self.nodes.get(node.0) {
            Node::Not(inner) => Some(inner),
            _ => None,
        };
        if let Some(inner) = outside {
            match self.looked_at(node, inner)? {
                Some(form) if form.null && form.booleans == [true; 2] => {}
                _ => return Ok(false),
            }
        }
        let Some(form) = self.looked_at(node, node)? else { return Ok(false) };
        let has_more = form.null
            || form.booleans != [false; 2]
            || !form.arrays.is_empty()
            || !form.objects.is_empty();
        Ok(!has_more && !self.is_inhabited(form.strings)? && !self.is_inhabited(form.numbers)?)
    }

    /// The form of a node, for a look at another one; `None` where it is being read, and so is not known
    /// yet. A schema that only loops shows without a look.
    fn looked_at(&mut self, at: NodeId, node: NodeId) -> Result<Option<Arc<Form>>, SchemaError> {
        self.looking.push(at);
        let form = self.form(node);
        self.looking.pop();
        match form {
            Err(_) if std::mem::take(&mut self.is_loop) => Ok(None),
            form => Ok(Some(form?)),
        }
    }
}

/// The sum of two extents.
///
/// [`NEVER`] absorbs: what needs a value that there is not can never be finished.
pub(crate) fn plus(a: u32, b: u32) -> u32 {
    if a == NEVER || b == NEVER { NEVER } else { a.saturating_add(b).min(LONGEST) }
}

/// An extent so many times.
///
/// None of what has no value is 0, as nothing of it is needed.
pub(super) fn times(extent: u32, count: u64) -> u32 {
    match (extent, count) {
        (_, 0) => 0,
        (NEVER, _) => NEVER,
        _ => {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            extent.saturating_mul(count).min(LONGEST)
        }
    }
}
