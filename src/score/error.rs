//! What can be wrong with a scoring request.

use crate::model::ModelError;
use crate::vocab::VocabError;

/// A request that cannot be scored.
///
/// ```
/// use tokenrail::score::ScoreError;
///
/// let error = ScoreError::TextTooLong { tokens: 9000, limit: 8192 };
/// assert_eq!(error.to_string(), "the text has 9000 tokens, but the model's context holds 8192");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// There is nothing to rank.
    #[error("there are no candidates: give at least one")]
    NoCandidates,
    /// A candidate without text.
    #[error("candidate {index} is empty: every candidate needs at least one character")]
    EmptyCandidate {
        /// Its index, from 0.
        index: usize,
    },
    /// Candidates with the same tokens.
    #[error("candidates {} are the same: each must be given once", list(indices))]
    DuplicateCandidates {
        /// Their indices, from 0.
        indices: Vec<usize>,
    },
    /// The prompt and the longest candidate do not fit.
    #[error(
        "the prompt has {prompt} tokens and the longest candidate {candidate}, \
         but the model's context holds {limit}: shorten the prompt or allow truncation"
    )]
    PromptTooLong {
        /// The prompt's tokens.
        prompt: usize,
        /// The longest candidate's tokens.
        candidate: usize,
        /// The tokens that the context holds.
        limit: usize,
    },
    /// A candidate does not fit even behind a single token.
    #[error(
        "candidate {index} has {tokens} tokens, but the model's context of {limit} \
         leaves room for {}", limit.saturating_sub(1)
    )]
    CandidateTooLong {
        /// Its index, from 0.
        index: usize,
        /// Its tokens.
        tokens: usize,
        /// The tokens that the context holds.
        limit: usize,
    },
    /// The text to inspect does not fit.
    #[error("the text has {tokens} tokens, but the model's context holds {limit}")]
    TextTooLong {
        /// Its tokens.
        tokens: usize,
        /// The tokens that the context holds.
        limit: usize,
    },
    /// The prompt is empty and nothing can stand in for it.
    #[error(
        "the prompt is empty, and the model has no begin- or end-of-sequence token to stand in for it"
    )]
    NoContext,
    /// The prompt ends in spaces, which the caller refuses.
    #[error("the prompt ends in {count} space(s): move them to the candidates")]
    TrailingSpace {
        /// How many.
        count: usize,
    },
    /// Candidates should end in the end-of-sequence token, but there is none.
    #[error("the model has no end-of-sequence token to end candidates with")]
    NoEos,
    /// A chat was asked of a model without a template.
    #[error(
        "the model has no chat template: score without chat, or use an instruction-tuned model"
    )]
    NoChatTemplate,
    /// The template or the prefill leaves the assistant in the middle of its reasoning.
    #[error(
        "the assistant's turn begins inside a reasoning section, behind {opener:?}: close it in the prefill"
    )]
    OpenReasoning {
        /// The text that opens it.
        opener: &'static str,
    },
    /// A candidate that would be scored by none of its tokens.
    #[error(
        "candidate {index} is the token that stands in for the empty prompt, and nothing else: \
         give a prompt"
    )]
    OnlyStandIn {
        /// Its index, from 0.
        index: usize,
    },
    /// What is wrong when the unconditional context is the prompt.
    #[error("with the unconditional context as the prompt: {0}")]
    Unconditional(#[source] Box<ScoreError>),
    /// Ranking by `pmi` without a context to compare with.
    #[error("ranking by pmi needs an unconditional context, such as \"Answer:\" or the empty text")]
    NoUnconditional,
    /// Ranking the best none.
    #[error("top is 0: ask for at least 1")]
    TopZero,
    /// Every candidate is impossible.
    #[error("every candidate has probability 0 under the model")]
    ZeroProbability,
    /// A text has no tokens.
    #[error(transparent)]
    Vocab(#[from] VocabError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Spells indices for a message: `0, 3`.
fn list(indices: &[usize]) -> String {
    let indices: Vec<String> = indices.iter().map(usize::to_string).collect();
    indices.join(", ")
}
