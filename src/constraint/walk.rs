//! From a parser state to the tokens that may come next, by a walk of all tokens.

use std::ops::Range;

use super::ConstraintError;
use super::engine::Engine;
use super::sets::SetId;
use crate::vocab::TokenTrie;

/// Visits every node at which a token that may come next ends, with the state behind it.
pub(super) fn walk(
    engine: &mut Engine,
    trie: &TokenTrie,
    from: SetId,
    visit: impl FnMut(&mut Engine, usize, SetId) -> Result<(), ConstraintError>,
) -> Result<(), ConstraintError> {
    let mut path = vec![from; trie.longest() + 1];
    walk_nodes(engine, trie, 0..trie.nodes().len(), &mut path, visit)
}

/// The same of one node, to which a text has come in a state, and the nodes below. `path` is room
/// for as many states as the longest token has bytes, and one.
pub(super) fn walk_below(
    engine: &mut Engine,
    trie: &TokenTrie,
    (node, at): (usize, SetId),
    path: &mut [SetId],
    mut visit: impl FnMut(&mut Engine, usize, SetId) -> Result<(), ConstraintError>,
) -> Result<(), ConstraintError> {
    if !trie.tokens(node).is_empty() {
        visit(engine, node, at)?;
    }
    path[trie.nodes()[node].depth()] = at;
    walk_nodes(engine, trie, node + 1..trie.nodes()[node].end(), path, visit)
}

/// A subtree whose first byte may not come is left out by one jump.
fn walk_nodes(
    engine: &mut Engine,
    trie: &TokenTrie,
    nodes: Range<usize>,
    path: &mut [SetId],
    mut visit: impl FnMut(&mut Engine, usize, SetId) -> Result<(), ConstraintError>,
) -> Result<(), ConstraintError> {
    let mut at = nodes.start;
    while at < nodes.end {
        let node = trie.nodes()[at];
        match engine.step(path[node.depth() - 1], node.byte())? {
            None => at = node.end(),
            Some(set) => {
                path[node.depth()] = set;
                if !trie.tokens(at).is_empty() {
                    visit(engine, at, set)?;
                }
                at += 1;
            }
        }
    }
    Ok(())
}
