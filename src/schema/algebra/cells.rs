//! The keys that a shape does not know by name, split by what their values must be.
//!
//! Rules of `patternProperties` overlap, and a key is under every rule whose language has it. The
//! cells are the parts of that diagram: each key is of exactly one, and a cell's node is the meet
//! of all rules that its keys are under.

use std::sync::Arc;

use super::{Algebra, NodeId, ObjectId};
use crate::regex::ExprId;
use crate::schema::SchemaError;

/// Keys whose values are all of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) language: ExprId,
    pub(crate) node: NodeId,
}

/// Cells of one shape: rules that overlap in every way make twice as many each.
const MOST_CELLS: usize = 1 << 8;

impl Algebra {
    /// The cells of a shape: disjoint, with keys and without those that may have no value.
    ///
    /// # Errors
    /// [`SchemaError::Limit`].
    pub(crate) fn cells(&mut self, shape: ObjectId) -> Result<Arc<[Cell]>, SchemaError> {
        if let Some(cells) = self.cells.get(&shape) {
            return Ok(Arc::clone(cells));
        }
        let rules = self.object(shape).rules.clone();
        // Each rule cuts every cell in two. Empty parts are dropped at once, so that there are as
        // many cells as kinds of keys, and not one for each subset of the rules.
        let mut cells = vec![Cell { language: self.any_text, node: NodeId::ANY }];
        for (language, node) in rules {
            let mut next = Vec::with_capacity(cells.len() * 2);
            for cell in cells {
                if next.len() > MOST_CELLS {
                    return Err(self.over("overlaps of patternProperties", MOST_CELLS));
                }
                let inside = self.both_texts(cell.language, language);
                let outside = self.minus(cell.language, language);
                let node = self.and([cell.node, node]);
                if node != NodeId::NONE && self.is_inhabited(inside)? {
                    next.push(Cell { language: inside, node });
                }
                if self.is_inhabited(outside)? {
                    next.push(Cell { language: outside, node: cell.node });
                }
            }
            cells = next;
        }
        let cells: Arc<[Cell]> = cells.into();
        self.cells.insert(shape, Arc::clone(&cells));
        Ok(cells)
    }
}
