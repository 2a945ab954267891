//! Masks that keep the text within a number of tokens.
//!
//! What counts is an upper bound that can always be met: the tokens of the text that is shortest in
//! bytes, each taken as long as there is one. So a budget never leads into a dead end, though it may
//! refuse a text that fewer, longer tokens could still have finished.

use std::sync::Arc;

use super::completion::plus;
use super::engine::Engine;
use super::language::TerminalState;
use super::sets::SetId;
use super::{ConstraintError, Matcher, walk};
use crate::vocab::{TokenId, TokenMask, Vocabulary};

impl Engine {
    /// The largest distance behind any token that may come next, or an upper bound of it.
    fn farthest(&mut self, at: SetId, vocabulary: &Vocabulary) -> Result<u32, ConstraintError> {
        let mut allowed = self.allowed(at, vocabulary)?;
        if !allowed.is_measured {
            let trie = vocabulary.trie();
            for item in self.set(at).items.clone() {
                if let TerminalState::Json(index, state) = item.state {
                    let (machine, _) = &mut self.language.machines[index];
                    let farthest = machine.farthest(trie, state)?;
                    let tail = self.distance_from(item.behind, at)?;
                    allowed.farthest = allowed.farthest.max(plus(farthest, tail));
                }
            }
            allowed.is_measured = true;
            self.remember(at, allowed.clone());
        }
        Ok(allowed.farthest)
    }
}

impl Matcher {
    /// The tokens that may come next when `budget` tokens are left, this one included and an end of
    /// sequence not: those after which the text can still be finished.
    ///
    /// # Errors
    /// [`ConstraintError::OverBudget`] when the text cannot be finished with so few, as far as is
    /// known; [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"(".as_slice(), b")", b"x"], ["<end>"]);
    /// let grammar = Grammar::gbnf("root ::= \"(\" root \")\" | \"x\"")?;
    /// let mut matcher = Constraint::new(&grammar, &vocabulary)?.matcher();
    /// assert!(matcher.mask_within(3)?.contains(TokenId(0)), "(x) has three tokens");
    /// assert!(!matcher.mask_within(2)?.contains(TokenId(0)));
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn mask_within(&mut self, budget: usize) -> Result<Arc<TokenMask>, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let Some(at) = self.set(&mut engine)? else {
            return Ok(Arc::new(TokenMask::new(constraint.vocabulary().len())));
        };
        let trie = &constraint.shared.trie;
        let mask = engine.allowed(at, constraint.vocabulary())?.mask;
        let farthest = engine.farthest(at, constraint.vocabulary())?;
        if budget.checked_sub(1).is_some_and(|left| farthest as usize <= left) {
            return Ok(mask);
        }
        let needed = engine.tokens_to_accept(at, trie)?.min(farthest.saturating_add(1));
        if needed as usize > budget {
            return Err(ConstraintError::OverBudget { needed: needed as usize, budget });
        }
        let mut within = TokenMask::new(mask.len());
        let mut add = |ids: &mut dyn Iterator<Item = TokenId>| ids.for_each(|id| within.insert(id));
        if engine.set(at).is_accepting {
            add(&mut constraint.vocabulary().eos().iter().copied());
        }
        if let Some(left) = budget.checked_sub(1) {
            walk::walk(&mut engine, trie, at, |engine, node, set| {
                let set = engine.end_token(set)?;
                if engine.tokens_to_accept(set, trie)? as usize <= left {
                    add(&mut trie.tokens(node).iter().copied());
                }
                Ok(())
            })?;
            for token in engine.set(at).tokens.clone() {
                if let Some(set) = engine.set_behind(token.behind, at)? {
                    let set = engine.end_token(set)?;
                    if engine.tokens_to_accept(set, trie)? as usize <= left {
                        within.union_with(&engine.language.tokens[token.pattern]);
                    }
                }
            }
        }
        Ok(Arc::new(within))
    }

    /// An upper bound of the tokens that finish the text, which can always be met; an end of
    /// sequence not counted.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn tokens_to_accept(&mut self) -> Result<usize, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        match self.set(&mut engine)? {
            None => Ok(0),
            Some(at) => Ok(engine.tokens_to_accept(at, &constraint.shared.trie)? as usize),
        }
    }
}
