//! A session that has read further than the text is decided.
//!
//! Tokens are taken one by one, and the logits behind them are asked for. Where a pass is needed, tokens
//! that may come next are fed with it. If they do come, their logits are there already; if others come, the
//! session forgets them. So drafts change what a text costs, and never what it says: the rows of
//! one pass have the logits that they would have had one by one (`tests/model.rs`).

use super::GenerateError;
use crate::model::{Distribution, Logits, Rows, Session};
use crate::vocab::{TokenId, TokenMask};

/// Repeated tokens of a first draft, of which nothing is known yet.
const FIRST_TRUST: usize = 4;

/// A sequence of tokens that are taken, in a session that may hold others behind them.
#[derive(Debug)]
pub(super) struct Ahead {
    session: Box<dyn Session>,
    /// Of the session's tokens, those that were taken.
    taken: usize,
    /// Taken too, and not fed yet.
    waiting: Vec<TokenId>,
    /// What follows the session's tokens from `first` on.
    rows: Logits,
    first: usize,
    /// Of the session's tokens, those from here on were guessed.
    guessed: usize,
    /// How many repeated tokens the next draft may have: more after a draft that came whole, and where
    /// one did not, one more than came of it.
    trust: usize,
    /// What became of drafts.
    pub(super) drafts: Drafts,
}

/// How many tokens were fed before they were decided, and how many of these came.
///
/// ```
/// use tokenrail::generate::Drafts;
///
/// /// The share of drafted tokens that saved a pass.
/// fn rate(drafts: Drafts) -> f64 {
///     drafts.accepted as f64 / drafts.drafted.max(1) as f64
/// }
/// assert_eq!(rate(Drafts::default()), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drafts {
    /// Passes through the model behind the prompt's.
    pub passes: usize,
    /// Tokens that were fed along with those that were decided.
    pub drafted: usize,
    /// Those among them that then came, each of which saved a pass.
    pub accepted: usize,
}

impl Ahead {
    /// A session whose tokens are taken, with the logits behind the last of them.
    pub(super) fn new(session: Box<dyn Session>, logits: Logits) -> Self {
        let taken = session.tokens().len();
        Self {
            session,
            taken,
            waiting: Vec::new(),
            rows: logits,
            first: taken.saturating_sub(1),
            guessed: taken,
            trust: FIRST_TRUST,
            drafts: Drafts::default(),
        }
    }

    /// Takes a token.
    pub(super) fn take(&mut self, id: TokenId) {
        if self.waiting.is_empty() && self.session.tokens().get(self.taken) == Some(&id) {
            self.drafts.accepted += usize::from(self.taken >= self.guessed);
            self.taken += 1;
        } else {
            self.waiting.push(id);
        }
    }

    /// The distribution behind all that was taken. Where it is not there it comes by a pass, with which
    /// are fed `certain`, the tokens that come next, and what `draft` says behind all of these, in which so
    /// many tokens may be repeated ones. Where nothing else is fed and `wanted` names tokens, it is the
    /// distribution among these.
    ///
    /// # Errors
    /// [`GenerateError::NotFinite`] and those of the model.
    pub(super) fn next(
        &mut self,
        certain: &[TokenId],
        wanted: Option<&TokenMask>,
        draft: impl FnOnce(&[TokenId], usize) -> Vec<TokenId>,
    ) -> Result<Distribution<'_>, GenerateError> {
        if !self.waiting.is_empty() {
            self.learn();
            self.session.truncate(self.taken);
            let all = [self.session.tokens(), &self.waiting, certain].concat();
            let drafted = draft(&all, self.trust);
            let decided = self.waiting.len();
            self.waiting.extend(certain.iter().chain(&drafted));
            let rows: Vec<usize> = (decided - 1..self.waiting.len()).collect();
            // One more row of the head costs little, and each would have to know its own legal tokens.
            let wanted = wanted.filter(|_| rows.len() == 1);
            self.rows = match wanted {
                Some(wanted) => self.session.feed_masked(&self.waiting, Rows::Last, wanted)?,
                None => self.session.feed(&self.waiting, Rows::At(&rows))?,
            };
            self.waiting.clear();
            self.taken += decided;
            self.first = self.taken - 1;
            self.guessed = all.len();
            self.drafts.passes += 1;
            self.drafts.drafted += drafted.len();
        }
        let row = self.rows.rows().nth(self.taken.saturating_sub(1) - self.first);
        row.and_then(Distribution::new).ok_or(GenerateError::NotFinite)
    }

    /// Learns from what came of the last draft.
    fn learn(&mut self) {
        let fed = self.session.tokens().len().saturating_sub(self.guessed);
        let came = self.taken.saturating_sub(self.guessed);
        self.trust = match fed {
            0 => self.trust,
            _ if came == fed => self.trust.max(came).saturating_mul(2),
            _ => came + 1,
        };
    }
}
