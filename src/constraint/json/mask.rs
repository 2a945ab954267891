//! The tokens that may follow a state, found with as few steps as can be.
//!
//! Within a string nearly all tokens go on, and which ones is a fact of the vocabulary ([`Plain`]) or
//! of the string's language alone; see `text_mask` and `key_mask`. What stands between strings is
//! little, and walked byte by byte.
//!
//! Law: a token is found exactly if its bytes, stepped one by one, lead to a state. All ways to
//! find them quicker rest on this, and the walks in `tests/json_schema` compare them with it.

use super::escape::Escape;
use super::{Machine, Place, StateId};
use crate::constraint::ConstraintError;
use crate::regex::{ByteSet, ExprId};
use crate::vocab::{Plain, TokenMask, TokenTrie};

/// What is found of the tokens that may follow.
#[derive(Debug)]
pub(in crate::constraint) struct Found<'m> {
    pub(in crate::constraint) mask: &'m mut TokenMask,
    /// Nodes of the trie behind which the text may be over.
    pub(in crate::constraint) ends: Vec<u32>,
}

/// Nodes of a trie, with what is known of its tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes<'t> {
    pub(super) trie: &'t TokenTrie,
    /// None where the trie is one of remainders.
    pub(super) plain: Option<&'t Plain>,
    /// The first node, and the one behind the last. Nodes are in the order of a walk, so those
    /// below one stand behind it in a row.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'t> Nodes<'t> {
    /// All nodes of a trie of remainders.
    pub(super) fn behind(trie: &'t TokenTrie) -> Self {
        Self { trie, plain: None, start: 0, end: trie.nodes().len() }
    }

    /// The nodes below one.
    pub(super) fn below(self, node: usize) -> Self {
        Self { start: node + 1, end: self.trie.nodes()[node].end(), ..self }
    }

    /// The depth of the text before the nodes.
    pub(super) fn depth(self) -> usize {
        self.trie.nodes().get(self.start).map_or(0, |node| node.depth() - 1)
    }
}

impl Machine {
    /// Finds the tokens that may follow a state.
    ///
    /// Within strings and keys the facts of the vocabulary say most; elsewhere JSON allows few
    /// bytes, and few nodes of the trie are on their way.
    ///
    /// # Errors
    /// [`ConstraintError`] for limits.
    pub(in crate::constraint) fn allow(
        &mut self,
        trie: &TokenTrie,
        state: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let plain = trie.plain();
        match self.states.get(state.0).place {
            Place::String(reading, Escape::None) => {
                self.allow_string((plain, trie), (state, reading), found)
            }
            Place::Key(cursors, text, Escape::None) => {
                let nodes = Nodes { plain: Some(plain), ..Nodes::behind(trie) };
                self.walk_key(nodes, (state, cursors, text), found)?;
                self.correct(plain, state, found.mask)
            }
            _ => {
                let nodes = Nodes { plain: Some(plain), ..Nodes::behind(trie) };
                self.walk(nodes, state, found)
            }
        }
    }

    /// Walks nodes that a state leads on to.
    ///
    /// Where a string or a key begins below a node, its nodes are given to the walk that knows
    /// strings, and are not looked at one by one.
    pub(super) fn walk(
        &mut self,
        nodes: Nodes<'_>,
        from: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let base = nodes.depth();
        let mut path = vec![(from, self.likely_bytes(from))];
        let mut at = nodes.start;
        while at < nodes.end {
            let node = nodes.trie.nodes()[at];
            path.truncate(node.depth() - base);
            let (before, bytes) = path[path.len() - 1];
            let next = match bytes.contains(node.byte()) {
                true => self.step(before, node.byte())?,
                false => None,
            };
            let Some(next) = next else {
                at = node.end();
                continue;
            };
            nodes.trie.tokens(at).iter().for_each(|&id| found.mask.insert(id));
            if node.end() > at + 1 && nodes.plain.is_some() {
                match self.states.get(next.0).place {
                    Place::String(reading, Escape::None) => {
                        self.walk_string(nodes.below(at), (next, reading), found)?;
                        at = node.end();
                        continue;
                    }
                    Place::Key(cursors, text, Escape::None) => {
                        self.walk_key(nodes.below(at), (next, cursors, text), found)?;
                        at = node.end();
                        continue;
                    }
                    _ => {}
                }
            }
            // Behind such a node a constraint around this text may go on.
            if self.is_accepting(next) {
                found.ends.push(at as u32);
            }
            let has_more = node.end() > at + 1;
            path.push((next, if has_more { self.likely_bytes(next) } else { ByteSet::NONE }));
            at += 1;
        }
        Ok(())
    }

    /// The bytes that may lead on from a state: all, but within a key that can only become one of
    /// some names. There nearly no byte does, and looking at the names once tells which.
    fn likely_bytes(&self, state: StateId) -> ByteSet {
        let Place::Key(cursors, text, Escape::None) = self.states.get(state.0).place else {
            return ByteSet::ALL;
        };
        let cursors = self.cursors.get(cursors.0);
        if cursors.iter().any(|cursor| cursor.unnamed != ExprId::NOTHING) {
            return ByteSet::ALL;
        }
        let depth = self.text(text).len();
        let mut bytes: ByteSet = [b'\\'].into_iter().collect();
        for cursor in cursors {
            let Some(candidates) = self.candidates.get(&cursor.thread) else {
                return ByteSet::ALL;
            };
            for (name, _) in &candidates.names[cursor.low as usize..cursor.high as usize] {
                bytes.insert(name.as_bytes().get(depth).copied().unwrap_or(b'"'));
            }
        }
        bytes
    }
}
