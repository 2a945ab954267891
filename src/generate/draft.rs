//! Guesses what a text says next, for a pass to read along with what is decided.
//!
//! First what the constraint leaves no choice about; then what followed the last tokens where they stood
//! before, in the prompt or in the text, as far as it is legal. A wrong guess costs a row of a pass, a
//! right one saves a pass.

use crate::constraint::{ConstraintError, Matcher, Stop};
use crate::vocab::{TokenId, Tokenizer};

/// The fewest last tokens that are looked for, and the most. Behind fewer, guesses are wrong more often
/// than they are worth.
const LEAST: usize = 2;
const MOST: usize = 4;

/// How long a draft may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// All its tokens.
    pub(super) most: usize,
    /// Those that only repeat what was said before.
    pub(super) repeated: usize,
}

/// What may come behind `all`, at most so many tokens, each legal behind those before it. The matcher
/// stands where `all` ends.
///
/// What the constraint cannot say within its limits is not drafted.
pub(super) fn draft(
    matcher: &Matcher,
    tokenizer: &Tokenizer,
    all: &[TokenId],
    Lengths { most, mut repeated }: Lengths,
) -> Vec<TokenId> {
    let mut matcher = matcher.fork();
    let mut text = all.to_vec();
    let end = all.len().saturating_add(most);
    while text.len() < end
        && let Ok(more) = further(&mut matcher, tokenizer, &text, &mut repeated)
        && !more.is_empty()
    {
        text.extend(more);
    }
    text.truncate(end);
    text.split_off(all.len())
}

/// The next tokens of a guess, which the matcher then stands behind; none where there is none. At most
/// `left` times one is taken that only repeats.
fn further(
    matcher: &mut Matcher,
    tokenizer: &Tokenizer,
    text: &[TokenId],
    left: &mut usize,
) -> Result<Vec<TokenId>, ConstraintError> {
    if matcher.stop()? == Some(Stop::EndOfSequence) {
        return Ok(Vec::new());
    }
    let forced = matcher.forced_bytes()?;
    let guess = match std::str::from_utf8(&forced) {
        Ok(forced) if !forced.is_empty() => tokenizer.encode(forced).unwrap_or_default(),
        _ if *left == 0 => Vec::new(),
        _ => {
            *left -= 1;
            repetition(text).into_iter().collect()
        }
    };
    let legal = matcher.validate(&guess)?;
    let guess = guess[..legal].to_vec();
    matcher.advance_all(&guess)?;
    Ok(guess)
}

/// What followed the longest end of a text where it stood before, the last time.
fn repetition(text: &[TokenId]) -> Option<TokenId> {
    let common = |at: usize| {
        let pairs = text[..at].iter().rev().zip(text.iter().rev());
        pairs.take(MOST).take_while(|(a, b)| a == b).count()
    };
    let places = (LEAST..text.len()).map(|at| (common(at), at));
    let (length, at) = places.max()?;
    (length >= LEAST).then(|| text[at])
}
