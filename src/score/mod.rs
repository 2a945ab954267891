//! Job 1: rank candidate continuations of a prompt by their logprobs, with nothing generated.
//!
//! The line: encode the prompt with each candidate, find where all candidates part from the
//! prompt, gather their tokens in a trie, run the prompt and the trie in one packed pass,
//! sum the logprobs, normalize, rank. What was decided on the way (moved spaces, tokens backed off,
//! text cut) is in the result's [`Decisions`].
//!
//! Laws, held by `tests/score.rs`: a candidate's logprobs do not depend on which others are present
//! (unless they change [`Decisions::healed`]) nor on their order, and equal those of scoring it
//! alone; probabilities of candidates none of which begins another sum to at most 1; ranking the
//! top `k` by bounds gives the winners of ranking all.
//!
//! ```no_run
//! use tokenrail::model::local::LocalModel;
//! use tokenrail::score::{Options, Scorer};
//!
//! let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
//! let candidates = [" Paris", " Lyon", " Rome"].map(str::to_owned);
//! let ranked = Scorer::new(&model).score("The capital of France is", &candidates, &Options::default())?;
//! assert_eq!(ranked.candidates[0].text, " Paris");
//! # Ok::<(), tokenrail::score::ScoreError>(())
//! ```

mod encode;
mod error;
mod inspect;
mod json;
mod normalize;
mod options;
mod ranked;
mod trie;
mod walk;

pub use error::ScoreError;
pub use inspect::{InspectOptions, InspectedToken, Inspection, inspect};
pub use normalize::By;
pub use options::{Boundary, Duplicates, End, Options, TrailingSpace, Truncation};
pub use ranked::{
    Bos, Candidate, Counters, Decisions, Disagreement, Outcome, Ranked, ScoredToken, Scores,
};

use crate::model::{LanguageModel, Session};
use encode::Encoded;
use normalize::Lengths;
use trie::Trie;
use walk::{Measured, Walk};

/// Scores candidates with one model, reusing what consecutive prompts have in common.
///
/// ```
/// # use tokenrail::model::LanguageModel;
/// use tokenrail::score::{By, Options, ScoreError, Scorer};
///
/// fn most_likely(model: &dyn LanguageModel, prompt: &str, candidates: &[String]) -> Result<usize, ScoreError> {
///     let options = Options { by: By::PerByte, ..Options::default() };
///     Ok(Scorer::new(model).score(prompt, candidates, &options)?.winner())
/// }
/// ```
#[derive(Debug)]
pub struct Scorer<'m> {
    model: &'m dyn LanguageModel,
    session: Box<dyn Session>,
}

impl<'m> Scorer<'m> {
    /// Starts scoring with a model.
    #[must_use]
    pub fn new(model: &'m dyn LanguageModel) -> Self {
        Self { model, session: model.session() }
    }

    /// Ranks `candidates` as continuations of `prompt`.
    ///
    /// # Errors
    /// [`ScoreError`]: candidates that are missing, empty or equal, a text that does not fit the
    /// context, options that the model cannot serve, or a failure of the model.
    pub fn score(
        &mut self,
        prompt: &str,
        candidates: &[String],
        options: &Options,
    ) -> Result<Ranked, ScoreError> {
        options.check()?;
        let mut encoded = encode::encode(self.model, prompt, candidates, options)?;
        let mut counters = Counters::default();
        let unconditional = self.unconditional(&encoded, options, &mut counters)?;
        let trie = Trie::new(&encoded.candidates);
        let lengths = encoded.lengths(candidates, unconditional.as_deref());
        let measured = self.measure(&encoded, &trie, Some((&lengths, options)), &mut counters)?;
        encoded.warn(candidates, &trie, options);
        ranked::rank(
            self.model,
            prompt,
            candidates,
            options,
            (encoded, lengths, measured, counters),
        )
    }

    /// The candidates' sums under the context that `pmi` compares with.
    fn unconditional(
        &mut self,
        encoded: &Encoded,
        options: &Options,
        counters: &mut Counters,
    ) -> Result<Option<Vec<f64>>, ScoreError> {
        let Some(context) = &options.unconditional else {
            return Ok(None);
        };
        let options =
            Options { chat: None, trailing_space: TrailingSpace::Keep, ..options.clone() };
        let encoded = encode::encode(self.model, context, &encoded.texts, &options)?;
        let trie = Trie::new(&encoded.candidates);
        let measured = self.measure(&encoded, &trie, None, counters)?;
        Ok(Some(measured.candidates.iter().map(|tokens| walk::sum(tokens)).collect()))
    }

    /// Runs the context and the trie, as far as the bounds of `top` ask where they are given.
    fn measure(
        &mut self,
        encoded: &Encoded,
        trie: &Trie,
        bounds: Option<(&[Lengths], &Options)>,
        counters: &mut Counters,
    ) -> Result<Measured, ScoreError> {
        let mut walk = Walk::new(self.session.as_mut(), &encoded.context, trie, counters);
        match bounds {
            Some((lengths, &Options { by, top: Some(top), .. })) => {
                walk.run_top(top, lengths, by)?
            }
            _ => walk.run_all()?,
        }
        Ok(walk.finish())
    }
}
