//! The tokens that may follow a state, found with as few steps as can be.
//!
//! Within a string nearly all tokens go on, and which ones is a fact of the vocabulary ([`Plain`]) or
//! of the string's language alone; see `text_mask` and `key_mask`. What stands between strings is
//! little, and walked byte by byte.
//!
//! Law: a token is found exactly if its bytes, stepped one by one, lead to a state. All ways to
//! find them quicker rest on this, and the walks in `tests/json_schema` compare them with it.

use super::escape::Escape;
use super::level::LevelId;
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
    /// Nodes behind which a value is over whose surroundings are left open.
    pub(super) exits: Vec<u32>,
}

impl<'m> Found<'m> {
    /// Nothing found yet; the tokens go to `mask`.
    pub(in crate::constraint) fn new(mask: &'m mut TokenMask) -> Self {
        Self { mask, ends: Vec::new(), exits: Vec::new() }
    }
}

/// Deeper in a token masks are found byte by byte alone, as what is known of values is looked up by
/// recursion. Real tokens are not so long.
const DEEPEST: usize = 256;

/// Which trie nodes are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// That of the vocabulary.
    Whole,
    /// Those of [`Plain`], by their names there.
    Special,
    BehindQuote,
    BehindBackslash,
    ManyQuotes,
    KeyQuotes,
}

/// Nodes of a trie, with what is known of its tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes<'t> {
    pub(super) trie: &'t TokenTrie,
    pub(super) part: Part,
    /// None where the trie is one of remainders.
    pub(super) plain: Option<&'t Plain>,
    /// The first node, and the one behind the last. Nodes are in the order of a walk, so those
    /// below one stand behind it in a row.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'t> Nodes<'t> {
    /// All nodes of a trie of remainders.
    pub(super) fn of(trie: &'t TokenTrie, part: Part) -> Self {
        Self { trie, part, plain: None, start: 0, end: trie.nodes().len() }
    }

    /// All nodes of a vocabulary's trie.
    pub(super) fn whole(trie: &'t TokenTrie) -> Self {
        Self { plain: Some(trie.plain()), ..Self::of(trie, Part::Whole) }
    }

    /// The nodes below one.
    pub(super) fn below(self, node: usize) -> Self {
        Self { start: node + 1, end: self.trie.nodes()[node].end(), ..self }
    }

    /// The depth of the text before the nodes.
    pub(super) fn depth(self) -> usize {
        self.trie.nodes().get(self.start).map_or(0, |node| node.depth() - 1)
    }

    /// The node that all are below; none for all nodes of a trie.
    pub(super) fn parent(self) -> Option<usize> {
        self.start.checked_sub(1).filter(|_| self.depth() > 0)
    }

    /// Whether there are none.
    pub(super) fn are_none(self) -> bool {
        self.start == self.end
    }

    /// The first nodes that a walk comes to, as far as they have one of these bytes.
    ///
    /// Behind the root of a trie they are looked up: it has some two hundred, far from each other in
    /// memory, and JSON's syntax wants a few.
    pub(super) fn children(self, bytes: ByteSet) -> impl Iterator<Item = usize> {
        let is_root = self.end - self.start == self.trie.nodes().len();
        let root = is_root.then(|| bytes.iter()).into_iter().flatten();
        let root = root.filter_map(move |byte| self.trie.child(None, byte));
        let mut at = if is_root { self.end } else { self.start };
        let siblings = std::iter::from_fn(move || {
            while at < self.end {
                let (here, node) = (at, self.trie.nodes()[at]);
                at = node.end();
                if bytes.contains(node.byte()) {
                    return Some(here);
                }
            }
            None
        });
        root.chain(siblings)
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
                self.walk_key(Nodes::whole(trie), (state, cursors, text), found)?;
                self.correct(plain, state, found.mask)
            }
            _ => self.walk(Nodes::whole(trie), state, found),
        }
    }

    /// Walks nodes that a state leads on to.
    ///
    /// What a value may be does not depend on what stands around it, nor white space on what stands
    /// behind it: both are walked once, and only what follows them is walked from here.
    pub(super) fn walk(
        &mut self,
        nodes: Nodes<'_>,
        from: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        if nodes.are_none() {
            return Ok(());
        }
        if nodes.depth() <= DEEPEST {
            if let Some(open) = self.opened(from) {
                return self.walk_opened(nodes, open, found);
            }
            if self.has_space(from) {
                return self.walk_spaced(nodes, from, found);
            }
        }
        self.walk_bytes(nodes, from, found)
    }

    /// Walks nodes byte by byte, as long as nothing is known that saves it.
    pub(super) fn walk_bytes(
        &mut self,
        nodes: Nodes<'_>,
        from: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let base = nodes.depth();
        let mut path = vec![(from, self.likely_bytes(from))];
        for mut at in nodes.children(path[0].1) {
            let end = nodes.trie.nodes()[at].end();
            while at < end {
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
                let below = nodes.below(at);
                if self.is_known(below, next) {
                    self.walk_from(nodes, at, next, found)?;
                    at = node.end();
                    continue;
                }
                self.take(nodes, at, next, found);
                path.push((next, self.likely_bytes(next)));
                at += 1;
            }
        }
        Ok(())
    }

    /// Allows the tokens of a node that a state has come to, and walks those below it.
    pub(super) fn walk_from(
        &mut self,
        nodes: Nodes<'_>,
        at: usize,
        state: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        self.take(nodes, at, state, found);
        let below = nodes.below(at);
        match self.states.get(state.0).place {
            Place::After(LevelId::OPEN) => Ok(()),
            _ if below.are_none() => Ok(()),
            Place::String(reading, Escape::None) if nodes.plain.is_some() => {
                self.walk_string(below, (state, reading), found)
            }
            Place::Key(cursors, text, Escape::None) if nodes.plain.is_some() => {
                self.walk_key(below, (state, cursors, text), found)
            }
            _ => self.walk(below, state, found),
        }
    }

    /// Allows the tokens of a node that a state has come to, and notes what may end there.
    fn take(&self, nodes: Nodes<'_>, at: usize, state: StateId, found: &mut Found<'_>) {
        nodes.trie.tokens(at).iter().for_each(|&id| found.mask.insert(id));
        // Behind such a node a constraint around this text may go on.
        if self.is_accepting(state) {
            found.ends.push(at as u32);
        }
        if self.is_open_end(state) {
            found.exits.push(at as u32);
        }
    }

    /// Whether the nodes that follow a state are found in a quicker way than byte by byte.
    fn is_known(&self, nodes: Nodes<'_>, state: StateId) -> bool {
        match self.states.get(state.0).place {
            // However deep: nothing steps on from surroundings that are left open.
            Place::After(LevelId::OPEN) => true,
            _ if nodes.are_none() => true,
            _ if nodes.depth() > DEEPEST => false,
            Place::String(_, Escape::None) | Place::Key(_, _, Escape::None) => {
                nodes.plain.is_some()
            }
            _ => self.has_space(state) || self.has_open_form(state),
        }
    }

    /// The bytes that may lead on from a state: those that JSON's syntax has there, and within a key
    /// that can only become one of some names those with which one of them goes on.
    fn likely_bytes(&self, state: StateId) -> ByteSet {
        let place = self.states.get(state.0).place;
        let Place::Key(cursors, text, Escape::None) = place else { return place.bytes() };
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
            for &name in &candidates.names[cursor.low as usize..cursor.high as usize] {
                let name = self.algebra.name_text(name).as_bytes();
                bytes.insert(name.get(depth).copied().unwrap_or(b'"'));
            }
        }
        bytes
    }
}
