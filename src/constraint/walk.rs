//! From a parser state to the mask of the tokens that may come next.

use super::ConstraintError;
use super::engine::Engine;
use super::sets::SetId;
use crate::vocab::{TokenMask, TokenTrie};

/// Visits every node of the trie that a text may go on with, with the state behind it. A subtree
/// whose first byte may not come is left out by one jump.
pub(super) fn walk(
    engine: &mut Engine,
    trie: &TokenTrie,
    from: SetId,
    mut visit: impl FnMut(&mut Engine, usize, SetId) -> Result<(), ConstraintError>,
) -> Result<(), ConstraintError> {
    let mut path = vec![from; trie.longest() + 1];
    let nodes = trie.nodes();
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
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

/// Adds the tokens whose text may come next.
pub(super) fn add_texts(
    engine: &mut Engine,
    trie: &TokenTrie,
    from: SetId,
    mask: &mut TokenMask,
) -> Result<(), ConstraintError> {
    walk(engine, trie, from, |_, node, _| {
        trie.tokens(node).iter().for_each(|&id| mask.insert(id));
        Ok(())
    })
}
