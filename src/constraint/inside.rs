//! Masks put together from those of terminals, without a walk of all tokens for each state.
//!
//! What a parser state allows is the union of what each of its items allows. An item in the middle
//! of a terminal allows the tokens that stay inside the terminal, whatever stands around it: one mask
//! for each state of a terminal. Other tokens leave it where it may end, and their rest has to follow
//! behind the item: few ways on, so only a few nodes of the trie are visited.
//!
//! Terminals that end others, and budgets, make a state more than the union of its items; then
//! [`walk`](super::walk) is taken instead.

use std::sync::Arc;

use super::ConstraintError;
use super::completion::{NEVER, plus};
use super::engine::Engine;
use super::json::Found;
use super::language::TerminalState;
use super::sets::{Item, SetId};
use super::walk::walk_below;
use crate::vocab::{TokenMask, TokenTrie};

/// Some tokens, and how far from an end they lead at most.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) mask: Arc<TokenMask>,
    /// The largest distance behind any of them, in bytes: up to the end of the terminal for those
    /// that stay inside, up to the end of the text for others. `None` where finding it takes longer
    /// than the tokens.
    pub(super) farthest: Option<u32>,
}

/// Adds the tokens of one mask to another, which is the first itself where there was none.
pub(super) fn unite(mask: &mut Option<Arc<TokenMask>>, other: &Arc<TokenMask>) {
    match mask {
        Some(mask) => Arc::make_mut(mask).union_with(other),
        None => *mask = Some(Arc::clone(other)),
    }
}

/// The nodes of the trie behind which a terminal may have ended, by the byte that leads to each.
#[derive(Debug, Default)]
pub(super) struct Exits {
    by_byte: Vec<(u8, u32)>,
}

impl Engine {
    /// Adds what an item allows, and gives the largest distance behind any of those tokens.
    ///
    /// The mask of the only item is shared, not copied: `None` is one of no token yet.
    pub(super) fn add_item(
        &mut self,
        trie: &TokenTrie,
        item: Item,
        at: SetId,
        (mask, size): (&mut Option<Arc<TokenMask>>, usize),
    ) -> Result<Option<u32>, ConstraintError> {
        let inside = self.inside(trie, item.state, size)?;
        unite(mask, &inside.mask);
        let tail = self.distance_from(item.behind, at)?;
        let behind = self.set_behind(item.behind, at)?;
        let Some(behind) = behind.filter(|&set| !self.set(set).items.is_empty()) else {
            return Ok(inside.farthest.map(|farthest| plus(farthest, tail)));
        };
        let outside = self.outside(trie, item.state, behind, size)?;
        unite(mask, &outside.mask);
        let both = inside.farthest.zip(outside.farthest);
        Ok(both.map(|(inside, outside)| plus(inside, tail).max(outside)))
    }

    /// The tokens that stay inside a terminal in a state.
    fn inside(
        &mut self,
        trie: &TokenTrie,
        state: TerminalState,
        size: usize,
    ) -> Result<Allowed, ConstraintError> {
        if let Some(known) = self.insides.get(&state) {
            return Ok(known.clone());
        }
        if let TerminalState::Json(index, at) = state {
            let inside = self.inside_json(trie, (index, at), size)?;
            self.insides.insert(state, inside.clone());
            return Ok(inside);
        }
        let mut mask = TokenMask::new(size);
        let mut farthest = 0;
        self.walk_terminal(trie, state, |engine, node, state| {
            let distance = engine.language.shortest(state)?;
            if distance != NEVER {
                trie.tokens(node).iter().for_each(|&id| mask.insert(id));
                farthest = farthest.max(distance);
            }
            Ok(())
        })?;
        let inside = Allowed { mask: Arc::new(mask), farthest: Some(farthest) };
        self.insides.insert(state, inside.clone());
        Ok(inside)
    }

    /// The same of a schema's automaton. Its ends are noted for those who ask for [`Exits`].
    fn inside_json(
        &mut self,
        trie: &TokenTrie,
        (index, state): (usize, super::json::StateId),
        size: usize,
    ) -> Result<Allowed, ConstraintError> {
        let mut mask = TokenMask::new(size);
        let mut found = Found::new(&mut mask);
        self.language.machines[index].0.allow(trie, state, &mut found)?;
        let children = found.ends.into_iter().flat_map(|end| children(trie, end as usize));
        let mut by_byte: Vec<(u8, u32)> = children.collect();
        by_byte.sort_unstable();
        self.note_exits(TerminalState::Json(index, state), by_byte);
        Ok(Allowed { mask: Arc::new(mask), farthest: None })
    }

    /// The tokens that leave a terminal in a state and go on with what may stand behind it.
    fn outside(
        &mut self,
        trie: &TokenTrie,
        state: TerminalState,
        behind: SetId,
        size: usize,
    ) -> Result<Allowed, ConstraintError> {
        if let Some(known) = self.outsides.get(&(state, behind)) {
            return Ok(known.clone());
        }
        let exits = self.exits(trie, state)?;
        let mut mask = TokenMask::new(size);
        let mut farthest = 0;
        let mut path = vec![behind; trie.longest() + 1];
        for nodes in exits.by_byte.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(next) = self.step(behind, nodes[0].0)? else {
                continue;
            };
            for &(_, node) in nodes {
                let from = (node as usize, next);
                walk_below(self, trie, from, &mut path, |engine, node, set| {
                    trie.tokens(node).iter().for_each(|&id| mask.insert(id));
                    farthest = farthest.max(engine.distance(set)?);
                    Ok(())
                })?;
            }
        }
        let outside = Allowed { mask: Arc::new(mask), farthest: Some(farthest) };
        self.outsides.insert((state, behind), outside.clone());
        Ok(outside)
    }

    /// Where tokens may leave a terminal in a state.
    fn exits(
        &mut self,
        trie: &TokenTrie,
        state: TerminalState,
    ) -> Result<Arc<Exits>, ConstraintError> {
        if let Some(known) = self.exits.get(&state) {
            return Ok(Arc::clone(known));
        }
        let mut by_byte = Vec::new();
        self.walk_terminal(trie, state, |engine, node, state| {
            if engine.language.is_nullable(state) {
                by_byte.extend(children(trie, node));
            }
            Ok(())
        })?;
        by_byte.sort_unstable();
        Ok(self.note_exits(state, by_byte))
    }

    /// Keeps where tokens may leave a terminal, and counts what that takes.
    fn note_exits(&mut self, state: TerminalState, by_byte: Vec<(u8, u32)>) -> Arc<Exits> {
        self.exit_bytes += size_of::<Exits>() + size_of_val(&by_byte[..]);
        let exits = Arc::new(Exits { by_byte });
        self.exits.insert(state, Arc::clone(&exits));
        exits
    }

    /// Visits every node of the trie that leads to a state of a terminal.
    fn walk_terminal(
        &mut self,
        trie: &TokenTrie,
        from: TerminalState,
        mut visit: impl FnMut(&mut Self, usize, TerminalState) -> Result<(), ConstraintError>,
    ) -> Result<(), ConstraintError> {
        let mut path = vec![from; trie.longest() + 1];
        let mut at = 0;
        while let Some(node) = trie.nodes().get(at) {
            let Some(state) = self.language.step(path[node.depth() - 1], node.byte())? else {
                at = node.end();
                continue;
            };
            path[node.depth()] = state;
            visit(self, at, state)?;
            at += 1;
        }
        Ok(())
    }
}

/// The nodes below a node of the trie, with the byte that leads to each.
fn children(trie: &TokenTrie, node: usize) -> impl Iterator<Item = (u8, u32)> {
    let nodes = trie.nodes();
    let end = nodes[node].end();
    let below = move |child: usize| (child < end).then_some(child);
    std::iter::successors(below(node + 1), move |&child| below(nodes[child].end()))
        .map(|child| (nodes[child].byte(), child as u32))
}
