//! Masks that keep the text within a number of tokens.
//!
//! What counts is an upper bound that can always be met: the tokens of the text that is shortest in
//! bytes, each taken as long as there is one. So a budget never leads into a dead end, though it may
//! refuse a text that fewer, longer tokens could still have finished.

use std::sync::Arc;

use super::engine::Engine;
use super::inside::Allowed;
use super::sets::SetId;
use super::{ConstraintError, Matcher, walk};
use crate::vocab::{TokenId, TokenMask, TokenTrie};

impl Engine {
    /// Whether the text can be finished with so many tokens.
    ///
    /// Each byte of the shortest rest is a token of its own, so mostly the bytes are few enough and
    /// the tokens need not be counted.
    fn ends_within(
        &mut self,
        at: SetId,
        trie: &TokenTrie,
        tokens: usize,
    ) -> Result<bool, ConstraintError> {
        // A distance may count on what a lazy terminal ends; the tokens are tried out.
        let is_sure = !self.language.program.has_interactions();
        if is_sure && self.distance(at)? as usize <= tokens {
            return Ok(true);
        }
        let most = u32::try_from(tokens).unwrap_or(u32::MAX);
        Ok(self.tokens_within(at, trie, most)?.is_some())
    }
}

impl Matcher {
    /// The tokens that may come next when `budget` tokens are left, this one included and an end of
    /// sequence not: those after which the text can still be finished.
    ///
    /// Where some may lead too far, each is tried. To write one text,
    /// [`advance_within`](Self::advance_within) tries those that are drawn, and no others.
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
        let Allowed { mask, farthest } = engine.allowed(at, constraint.vocabulary())?;
        if let Some(farthest) = farthest
            && budget.checked_sub(1).is_some_and(|left| farthest as usize <= left)
        {
            return Ok(mask);
        }
        if !engine.ends_within(at, trie, budget)? {
            let needed = engine.tokens_to_accept(at, trie)? as usize;
            return Err(ConstraintError::OverBudget { needed, budget });
        }
        let mut within = TokenMask::new(mask.len());
        let mut add = |ids: &mut dyn Iterator<Item = TokenId>| ids.for_each(|id| within.insert(id));
        if engine.set(at).is_accepting {
            add(&mut constraint.vocabulary().eos().iter().copied());
        }
        if let Some(left) = budget.checked_sub(1) {
            walk::walk(&mut engine, trie, at, |engine, node, set| {
                let set = engine.end_token(set)?;
                if engine.ends_within(set, trie, left)? {
                    add(&mut trie.tokens(node).iter().copied());
                }
                Ok(())
            })?;
            for token in engine.set(at).tokens.clone() {
                if let Some(set) = engine.set_behind(token.behind, at)? {
                    let set = engine.end_token(set)?;
                    if engine.ends_within(set, trie, left)? {
                        within.union_with(&engine.language.tokens[token.pattern]);
                    }
                }
            }
        }
        Ok(Arc::new(within))
    }

    /// Appends a token, if it may come next and the text can be finished with the budget, which counts
    /// this token too and an end of sequence not. `false` where nothing was appended.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"(".as_slice(), b")", b"x"], ["<end>"]);
    /// let grammar = Grammar::gbnf("root ::= \"(\" root \")\" | \"x\"")?;
    /// let mut matcher = Constraint::new(&grammar, &vocabulary)?.matcher();
    /// assert!(!matcher.advance_within(TokenId(0), 2)?, "(x) has three tokens");
    /// assert!(matcher.advance_within(TokenId(0), 3)?);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn advance_within(
        &mut self,
        token: TokenId,
        budget: usize,
    ) -> Result<bool, ConstraintError> {
        let mut next = self.clone();
        if !next.advance(token)? {
            return Ok(false);
        }
        let constraint = self.constraint.clone();
        // Locked once, so that the set's number means the same all along.
        let mut engine = constraint.engine();
        let fits = match (next.set(&mut engine)?, budget.checked_sub(1)) {
            // The text is over.
            (None, _) => true,
            (Some(_), None) => false,
            (Some(at), Some(left)) => engine.ends_within(at, &constraint.shared.trie, left)?,
        };
        if fits {
            *self = next;
        }
        Ok(fits)
    }

    /// An upper bound of the tokens that finish the text, which can always be met; an end of
    /// sequence not counted. Of texts of many thousand tokens it is the bytes.
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
