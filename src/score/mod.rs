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
    Bos, Candidate, ContextDecisions, Counters, Decisions, Disagreement, Outcome, Ranked,
    ScoredToken, Scores,
};

use crate::model::{LanguageModel, Prefixes, Session};
use crate::vocab::TokenId;
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
    prefixes: Option<&'m Prefixes<'m>>,
}

impl<'m> Scorer<'m> {
    /// Starts scoring with a model.
    ///
    /// Prompts that begin alike are best scored one after the other with one scorer: what they share is
    /// run once, and shows in [`Counters::reused_tokens`].
    #[must_use]
    pub fn new(model: &'m dyn LanguageModel) -> Self {
        Self { model, session: model.session(), prefixes: None }
    }

    /// Starts scoring with the model of some prefixes: a prompt begins behind what of it was read before,
    /// also when others came between, and is kept in its turn.
    ///
    /// ```
    /// use tokenrail::model::Prefixes;
    /// use tokenrail::score::{Options, ScoreError, Scorer};
    ///
    /// /// Two sets of instructions in turn: of both, only what is new is read.
    /// fn both(prefixes: &Prefixes<'_>, prompts: [&str; 2], answers: &[String]) -> Result<(), ScoreError> {
    ///     let mut scorer = Scorer::with_prefixes(prefixes);
    ///     for prompt in prompts {
    ///         println!("{}", scorer.score(prompt, answers, &Options::default())?.winner());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn with_prefixes(prefixes: &'m Prefixes<'m>) -> Self {
        Self { prefixes: Some(prefixes), ..Self::new(prefixes.model()) }
    }

    /// Ranks `candidates` as continuations of `prompt`.
    ///
    /// # Errors
    /// [`ScoreError`]: candidates that are missing, empty or equal, a text that does not fit the
    /// context, options that the model cannot serve, or a failure of the model. The scorer can be
    /// used again after any of them.
    ///
    /// ```
    /// use tokenrail::model::LanguageModel;
    /// use tokenrail::score::{Options, ScoreError, Scorer};
    ///
    /// /// How sure the model is of "yes", where it can only say "yes" or "no".
    /// fn agreement(model: &dyn LanguageModel, question: &str) -> Result<Option<f64>, ScoreError> {
    ///     let prompt = format!("Question: {question} Yes or no?\nAnswer:");
    ///     let answers = [" yes", " no"].map(str::to_owned);
    ///     let ranked = Scorer::new(model).score(&prompt, &answers, &Options::default())?;
    ///     let yes = ranked.candidates.iter().find(|candidate| candidate.index == 0);
    ///     Ok(yes.and_then(|yes| yes.scores()?.probability))
    /// }
    /// ```
    pub fn score(
        &mut self,
        prompt: &str,
        candidates: &[String],
        options: &Options,
    ) -> Result<Ranked, ScoreError> {
        options.check()?;
        let mut encoded = encode::encode(self.model, prompt, candidates, options)?;
        let mut counters = Counters::default();
        let spaces = encoded.decisions.moved_spaces;
        let unconditional = self.unconditional(candidates, options, spaces, &mut counters);
        let (unconditional, decisions) =
            unconditional.map_err(|error| ScoreError::Unconditional(Box::new(error)))?.unzip();
        encoded.decisions.unconditional = decisions;
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

    /// The candidates' sums under the context that `pmi` compares with, and what was decided about
    /// it. `spaces` were moved to the candidates from the prompt's end: the context gets as many, so
    /// that the same texts are scored behind both.
    fn unconditional(
        &mut self,
        candidates: &[String],
        options: &Options,
        spaces: usize,
        counters: &mut Counters,
    ) -> Result<Option<(Vec<f64>, ContextDecisions)>, ScoreError> {
        let Some(context) = &options.unconditional else {
            return Ok(None);
        };
        let own = context.len() - context.trim_end_matches(' ').len();
        let context = format!("{context}{}", " ".repeat(spaces.saturating_sub(own)));
        let options = Options { chat: None, ..options.clone() };
        let encoded = encode::encode(self.model, &context, candidates, &options)?;
        let trie = Trie::new(&encoded.candidates);
        let measured = self.measure(&encoded, &trie, None, counters)?;
        let sums = measured.candidates.iter().map(|tokens| walk::sum(tokens)).collect();
        Ok(Some((sums, ContextDecisions::of(encoded.decisions))))
    }

    /// Runs the context and the trie, as far as the bounds of `top` ask where they are given.
    fn measure(
        &mut self,
        encoded: &Encoded,
        trie: &Trie,
        bounds: Option<(&[Lengths], &Options)>,
        counters: &mut Counters,
    ) -> Result<Measured, ScoreError> {
        self.go_back_to(&encoded.context);
        let mut walk = Walk::new(self.session.as_mut(), &encoded.context, trie, counters);
        match bounds {
            Some((lengths, &Options { by, top: Some(top), .. })) => {
                walk.run_top(top, lengths, by)?
            }
            _ => walk.run_all()?,
        }
        let measured = walk.finish();
        if let Some(prefixes) = self.prefixes {
            prefixes.keep(self.session.fork());
        }
        Ok(measured)
    }

    /// Takes a kept session where it holds more of a context than the one of before.
    fn go_back_to(&mut self, context: &[TokenId]) {
        let held = self.session.tokens().iter().zip(context);
        let common = held.take_while(|(a, b)| a == b).count();
        if let Some(kept) = self.prefixes.map(|prefixes| prefixes.session(context))
            && kept.tokens().len() > common
        {
            self.session = kept;
        }
    }
}
