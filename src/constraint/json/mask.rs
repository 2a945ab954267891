//! The tokens that may follow a state, found with as few steps as can be.
//!
//! Within a text that may be anything nearly all tokens go on, and which ones is a fact of the
//! vocabulary ([`Plain`]). The others end the text; behind a quote they have few distinct ends, and
//! those are followed once.

use super::escape::Escape;
use super::level::{Thread, ThreadId};
use super::{Machine, Place, StateId};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::vocab::{Plain, TokenMask, TokenTrie};

/// What is found of the tokens that may follow.
#[derive(Debug)]
pub(in crate::constraint) struct Found<'m> {
    pub(in crate::constraint) mask: &'m mut TokenMask,
    /// Nodes of the trie behind which the text may be over.
    pub(in crate::constraint) ends: Vec<u32>,
}

impl Machine {
    /// Finds the tokens that may follow a state.
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
        if !self.is_free(trie, state) {
            return self.walk(trie, Some(plain), state, found);
        }
        found.mask.union_with(&plain.mask);
        for (byte, behind) in [(b'"', &plain.behind_quote), (b'\\', &plain.behind_backslash)] {
            if let Some(next) = self.step(state, byte)? {
                behind.ended.iter().for_each(|&id| found.mask.insert(id));
                // Ends of the text behind a quote are at the same nodes of no trie: the text of a
                // string alone has no more tokens behind it.
                let mut inside = Found { mask: found.mask, ends: Vec::new() };
                self.walk(&behind.trie, None, next, &mut inside)?;
            }
        }
        self.correct(plain, state, found.mask)
    }

    /// The most bytes that finish the text behind any token that may follow.
    ///
    /// # Errors
    /// [`ConstraintError`] for limits.
    pub(in crate::constraint) fn farthest(
        &mut self,
        trie: &TokenTrie,
        state: StateId,
    ) -> Result<u32, ConstraintError> {
        let mut farthest = self.rest(state)?;
        self.visit(trie, Some(trie.plain()), state, |machine, _, next| {
            farthest = farthest.max(machine.rest(next)?);
            Ok(())
        })?;
        Ok(farthest)
    }

    /// Whether a state is within a text that goes on with all plain tokens and may end behind any.
    fn is_free(&self, trie: &TokenTrie, state: StateId) -> bool {
        match self.states.get(state.0).place {
            Place::String(reading, Escape::None) => {
                let mut languages = self.reading(reading).iter();
                languages.all(|&(language, _)| self.is_free_language(trie, language))
            }
            Place::Key(cursors, text, Escape::None) => {
                self.cursors.get(cursors.0).iter().all(|cursor| {
                    cursor.low == cursor.high
                        && cursor.unnamed == self.algebra.any_text()
                        && self.has_one_rule(cursor.thread)
                        && self.taken_behind(cursor.thread, text).is_empty()
                })
            }
            _ => false,
        }
    }

    fn is_free_language(&self, trie: &TokenTrie, language: ExprId) -> bool {
        language == self.algebra.any_text() || self.algebra.most_chars(language) >= trie.longest()
    }

    /// Whether all keys that a thread does not know by name have values of one kind.
    fn has_one_rule(&self, thread: ThreadId) -> bool {
        let Thread::Object(object) = self.thread(thread) else { return false };
        let shape = self.algebra.object(object.shape);
        let is_any = |rule: &(ExprId, _)| rule.0 == self.algebra.any_text();
        shape.rules.iter().all(is_any) && shape.demands.is_empty()
    }

    /// Looks at the tokens one by one that may end a text and another, as there it counts what the
    /// first one was.
    fn correct(
        &mut self,
        plain: &Plain,
        state: StateId,
        mask: &mut TokenMask,
    ) -> Result<(), ConstraintError> {
        let of = self.states.get(state.0);
        if of.item.is_none() && !matches!(of.place, Place::Key(..)) {
            return Ok(());
        }
        for (bytes, id) in &plain.many_quotes {
            let mut at = Some(state);
            for &byte in bytes {
                let Some(from) = at else { break };
                at = self.step(from, byte)?;
            }
            match at {
                Some(_) => mask.insert(*id),
                None => mask.remove(*id),
            }
        }
        Ok(())
    }

    /// Allows the tokens at the nodes of a trie that states lead on to.
    fn walk(
        &mut self,
        trie: &TokenTrie,
        plain: Option<&Plain>,
        from: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        self.visit(trie, plain, from, |machine, node, next| {
            trie.tokens(node).iter().for_each(|&id| found.mask.insert(id));
            if machine.is_accepting(next) {
                found.ends.push(node as u32);
            }
            Ok(())
        })
    }

    /// Visits the nodes of a trie that states lead on to, with the state. Within a free text, where
    /// the trie's tokens are known to be plain or not, no step is taken for those that are: they have
    /// the state in which the free text began.
    fn visit(
        &mut self,
        trie: &TokenTrie,
        plain: Option<&Plain>,
        from: StateId,
        mut visit: impl FnMut(&mut Self, usize, StateId) -> Result<(), ConstraintError>,
    ) -> Result<(), ConstraintError> {
        let nodes = trie.nodes();
        let mut path = vec![from; trie.longest() + 1];
        // The depth at which the free text began that the walk is in, and where its subtree ends.
        let mut free = match plain {
            Some(_) if self.is_free(trie, from) => (0, nodes.len()),
            _ => (0, 0),
        };
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let depth = node.depth();
            if at < free.1 && plain.is_some_and(|plain| plain.is_plain_from(free.0, at)) {
                path[depth] = path[free.0];
                visit(self, at, path[depth])?;
                at += 1;
                continue;
            }
            let Some(next) = self.step(path[depth - 1], node.byte())? else {
                at = node.end();
                continue;
            };
            path[depth] = next;
            visit(self, at, next)?;
            if at >= free.1 && plain.is_some() && self.is_free(trie, next) {
                free = (depth, node.end());
            }
            at += 1;
        }
        Ok(())
    }
}
