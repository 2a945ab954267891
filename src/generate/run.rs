//! One text on its way: what must come, what is drawn, and why it ends.

use std::sync::Arc;

use super::ahead::Ahead;
use super::draft::{Lengths, draft};
use super::healing::Healing;
use super::{Finish, GenerateError, GeneratedToken, Probabilities, Sampler};
use crate::constraint::{Matcher, Stop};
use crate::model::{Distribution, LanguageModel};
use crate::vocab::{TokenId, TokenMask};

/// The tokens of one draw that may turn out to lead beyond the budget before all of them are looked at.
const MOST_REFUSED: usize = 16;

/// The part of the vocabulary below which legal tokens have the head to themselves. Their rows lie in groups of
/// 16 others, so that of tokens here and there many more are computed.
const FEW: usize = 32;

/// One text on its way.
pub(super) struct Run<'m> {
    pub(super) model: &'m dyn LanguageModel,
    pub(super) matcher: Matcher,
    /// What of a prefix is written anew, before all else.
    pub(super) healing: Healing,
    pub(super) sampler: Sampler,
    pub(super) tokens: Vec<GeneratedToken>,
    /// The end of sequence that was drawn.
    pub(super) end: Option<GeneratedToken>,
    pub(super) max_tokens: usize,
    /// The most tokens of a draft.
    pub(super) look_ahead: usize,
    pub(super) probabilities: Probabilities,
}

impl Run<'_> {
    /// Writes tokens until the text ends, behind those that `ahead` has taken.
    pub(super) fn finish(
        &mut self,
        ahead: &mut Ahead,
        show: &mut dyn FnMut(&GeneratedToken),
    ) -> Result<Finish, GenerateError> {
        loop {
            match self.matcher.stop()? {
                Some(Stop::EndOfSequence) => return Ok(Finish::EndOfSequence),
                Some(_) => return Ok(Finish::Complete),
                None => {}
            }
            let left = self.left();
            if left == 0 && self.matcher.is_accepting()? {
                return Ok(Finish::Budget);
            }
            let begin = self.tokens.len();
            // The end of a prefix is written as the model would write it, and not by the tokenizer.
            let forced = if self.healing.is_open() { Vec::new() } else { self.forced(left)? };
            if forced.is_empty() {
                self.draw(ahead, left)?;
            } else {
                self.take_forced(ahead, &forced)?;
            }
            self.tokens[begin..].iter().for_each(&mut *show);
        }
    }

    /// Draws a token and takes it.
    fn draw(&mut self, ahead: &mut Ahead, left: usize) -> Result<(), GenerateError> {
        let legal = self.matcher.mask()?;
        let mut mask = self.agreeing(legal);
        let row = self.next(ahead, &[], self.wanted(&mask))?;
        let temperature = self.matcher.temperature()?.map(f64::from);
        let mut id = self.sampler.sample(&row, &mask, temperature);
        let mut refused = 0;
        while !self.advance(id, left)? {
            refused += 1;
            // One more draw is cheap; that many say that most tokens lead too far.
            if refused == MOST_REFUSED && !self.healing.is_open() {
                mask = self.matcher.mask_within(left)?;
            } else {
                Arc::make_mut(&mut mask).remove(id);
            }
            if mask.is_empty() {
                return Err(GenerateError::NotFinite);
            }
            id = self.sampler.sample(&row, &mask, temperature);
        }
        let token = self.token(id, &row, Some(&mask));
        if self.matcher.stop()? == Some(Stop::EndOfSequence) {
            self.end = Some(token);
        } else {
            self.tokens.push(token);
            ahead.take(id);
        }
        Ok(())
    }

    /// Those of some tokens that agree with what of a prefix is still to be written.
    fn agreeing(&self, legal: Arc<TokenMask>) -> Arc<TokenMask> {
        match self.healing.is_open() {
            true => Arc::new(self.healing.agreeing(&legal, self.model.tokenizer().vocabulary())),
            false => legal,
        }
    }

    /// Takes a token if the text can be finished within the tokens that are left. One that writes nothing
    /// behind a prefix is none of them.
    fn advance(&mut self, id: TokenId, left: usize) -> Result<bool, GenerateError> {
        let token = self.model.tokenizer().vocabulary().bytes(id);
        Ok(match self.healing.is_open() && self.healing.is_within(token) {
            true => self.matcher.advance(id)?,
            false => self.matcher.advance_within(id, left)?,
        })
    }

    /// The tokens that may still be written.
    fn left(&self) -> usize {
        self.max_tokens - (self.tokens.len() - self.healing.count())
    }

    /// Takes tokens that must come, all of them with one pass.
    fn take_forced(&mut self, ahead: &mut Ahead, forced: &[TokenId]) -> Result<(), GenerateError> {
        self.matcher.advance_all(forced)?;
        for (at, &id) in forced.iter().enumerate() {
            let token = match self.probabilities {
                Probabilities::All => {
                    let row = self.next(ahead, &forced[at..], None)?;
                    self.token(id, &row, None)
                }
                // They are fed with the next token that is drawn.
                Probabilities::Legal => self.forced_token(id),
            };
            self.tokens.push(token);
            ahead.take(id);
        }
        Ok(())
    }

    /// The tokens whose logits are enough, where it is worth it to compute no others.
    fn wanted<'a>(&self, mask: &'a TokenMask) -> Option<&'a TokenMask> {
        let is_small = || mask.count() < mask.len() / FEW;
        (self.probabilities == Probabilities::Legal && is_small()).then_some(mask)
    }

    /// The distribution behind what was taken, or that among the tokens `wanted`; `certain` are the tokens
    /// that come next, and the matcher stands behind them.
    fn next<'a>(
        &self,
        ahead: &'a mut Ahead,
        certain: &[TokenId],
        wanted: Option<&TokenMask>,
    ) -> Result<Distribution<'a>, GenerateError> {
        let left = self.left().saturating_sub(certain.len());
        let tokenizer = self.model.tokenizer();
        let most = self.look_ahead.min(left);
        ahead.next(certain, wanted, |all, trust| {
            draft(&self.matcher, tokenizer, all, Lengths { most, repeated: trust.min(most) })
        })
    }

    /// The tokens that must come next, if the text can be finished within what is left behind them.
    fn forced(&mut self, left: usize) -> Result<Vec<TokenId>, GenerateError> {
        let forced = self.matcher.forced_tokens(self.model.tokenizer())?;
        let Some((last, first)) = forced.split_last().filter(|_| forced.len() <= left) else {
            return Ok(Vec::new());
        };
        let mut ahead = self.matcher.fork();
        let fits = ahead.advance_all(first)? && ahead.advance_within(*last, left - first.len())?;
        Ok(if fits { forced } else { Vec::new() })
    }

    /// A token with what the model gave it; no mask is a token that was forced.
    fn token(
        &mut self,
        id: TokenId,
        row: &Distribution<'_>,
        mask: Option<&TokenMask>,
    ) -> GeneratedToken {
        let logprob = row.logprob(id);
        let kept = mask.map_or(logprob, |mask| row.log_mass(mask.iter()));
        let masked_logprob = (logprob - kept).min(0.0);
        let is_forced = mask.is_none();
        let token = GeneratedToken { masked_logprob, is_forced, ..self.forced_token(id) };
        match self.probabilities {
            Probabilities::Legal => token,
            Probabilities::All => GeneratedToken {
                logprob: Some(logprob),
                removed: Some((1.0 - kept.exp()).clamp(0.0, 1.0)),
                ..token
            },
        }
    }

    /// A token of which the model was not asked.
    fn forced_token(&mut self, id: TokenId) -> GeneratedToken {
        GeneratedToken {
            id,
            bytes: self.healing.take(self.model.tokenizer().vocabulary().bytes(id)).to_vec(),
            logprob: None,
            masked_logprob: 0.0,
            removed: None,
            is_forced: true,
        }
    }
}
