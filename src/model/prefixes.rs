//! Sessions kept for prompts that begin alike, within one process.
//!
//! Many requests share a beginning: instructions, examples, a conversation so far. What a model computed
//! for it is kept under the tokens that it was computed for, and a later session begins behind as many of
//! them as it shares. Which logits come then does not depend on what was kept: a fork goes on as
//! if it had been fed all of it (`tests/model.rs`).

use std::sync::{Mutex, PoisonError};

use super::{LanguageModel, Session};
use crate::vocab::TokenId;

/// Sessions of one model by the tokens that they hold, within a number of bytes. Threads may share it.
///
/// ```
/// use tokenrail::model::{Logits, ModelError, Prefixes, Rows};
/// use tokenrail::vocab::TokenId;
///
/// /// Feeds a prompt, of which only what is new is computed.
/// fn read(prefixes: &Prefixes<'_>, prompt: &[TokenId]) -> Result<Logits, ModelError> {
///     let mut session = prefixes.session(prompt);
///     let held = session.tokens().len();
///     let logits = session.feed(&prompt[held..], Rows::Last)?;
///     prefixes.keep(session);
///     Ok(logits)
/// }
/// ```
#[derive(Debug)]
pub struct Prefixes<'m> {
    model: &'m dyn LanguageModel,
    /// The most bytes to keep.
    limit: usize,
    /// Least recently used first. Together within the limit.
    kept: Mutex<Vec<Box<dyn Session>>>,
}

impl<'m> Prefixes<'m> {
    /// Keeps nothing yet, and at most so many bytes of keys and values. Pages that sessions share count
    /// for each of them.
    #[must_use]
    pub fn new(model: &'m dyn LanguageModel, bytes: usize) -> Self {
        Self { model, limit: bytes, kept: Mutex::default() }
    }

    /// A session that has been fed the beginning of `tokens`, as much of it as any that is kept has, but
    /// for the last token: its logits are to be asked for.
    #[must_use]
    pub fn session(&self, tokens: &[TokenId]) -> Box<dyn Session> {
        let most = tokens.len().saturating_sub(1);
        let common = |session: &dyn Session| {
            let pairs = session.tokens().iter().zip(&tokens[..most]);
            pairs.take_while(|(a, b)| a == b).count()
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let lengths = kept.iter().map(|session| common(&**session)).zip(0..);
        let Some((length, index)) = lengths.max().filter(|&(length, _)| length > 0) else {
            return self.model.session();
        };
        let used = kept.remove(index);
        let mut session = used.fork();
        kept.push(used);
        session.truncate(length);
        session
    }

    /// Keeps a session, in place of those that hold a beginning of its tokens. Those not used for longest
    /// go where it is too much; a session that is too much alone is not kept.
    pub fn keep(&self, mut session: Box<dyn Session>) {
        session.truncate(session.tokens().len());
        if session.bytes() > self.limit {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| !session.tokens().starts_with(other.tokens()));
        kept.push(session);
        let mut bytes: usize = kept.iter().map(|session| session.bytes()).sum();
        while bytes > self.limit {
            bytes -= kept.remove(0).bytes();
        }
    }

    /// Forgets all that is kept.
    pub fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A fork of the session that was used or kept last; none where nothing is kept.
    #[must_use]
    pub fn latest(&self) -> Option<Box<dyn Session>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last().map(|session| session.fork())
    }

    /// The model whose sessions these are.
    #[must_use]
    pub fn model(&self) -> &'m dyn LanguageModel {
        self.model
    }

    /// The bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|session| session.bytes()).sum()
    }
}
