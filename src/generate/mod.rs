//! Job 2: generate text that a constraint allows.
//!
//! The line: encode the prompt, run it once; then mask the logits, sample, advance, feed, until the
//! text is whole. Tokens that the constraint forces are fed in one pass and not sampled. The text
//! is whole within the token budget, or the request is refused.
//!
//! Laws: the text is legal, whatever is sampled; it is whole within [`Options::max_tokens`]; equal
//! seeds give equal texts. What the model would rather have said is not lost: each token has its
//! logprob before the mask and the probability that the mask removed.
//!
//! ```no_run
//! use tokenrail::constraint::Constraint;
//! use tokenrail::generate::{Generator, Options};
//! use tokenrail::grammar::Grammar;
//! use tokenrail::model::{LanguageModel, local::LocalModel};
//!
//! let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
//! let constraint = Constraint::new(&Grammar::regex("[0-9]{4}")?, model.tokenizer().vocabulary())?;
//! let generator = Generator::new(&model, &constraint)?;
//! let year = generator.generate("The French Revolution began in ", &Options::default())?;
//! assert_eq!(year.text.len(), 4);
//! # Ok::<(), tokenrail::Error>(())
//! ```

mod error;
mod json;
mod resume;
mod sampler;
#[cfg(feature = "schemars")]
mod typed;

pub use error::GenerateError;
pub use sampler::{Sampler, Sampling};
#[cfg(feature = "schemars")]
pub use typed::TypedGenerator;

use std::sync::Arc;

use crate::constraint::{Constraint, Matcher, Stop};
use crate::model::{Chat, Distribution, LanguageModel, Logits, Rows, Session};
use crate::vocab::{TokenId, TokenMask};

/// Generates with one model under one constraint, any number of texts after any number of prompts.
///
/// ```
/// use tokenrail::constraint::Constraint;
/// use tokenrail::generate::{GenerateError, Generator, Options};
/// use tokenrail::model::LanguageModel;
///
/// fn label(
///     model: &dyn LanguageModel,
///     labels: &Constraint,
///     review: &str,
/// ) -> Result<String, GenerateError> {
///     let prompt = format!("Review: {review}\nMood: ");
///     Ok(Generator::new(model, labels)?.generate(&prompt, &Options::default())?.text)
/// }
/// ```
#[derive(Debug)]
pub struct Generator<'m> {
    model: &'m dyn LanguageModel,
    constraint: &'m Constraint,
}

/// What a caller can choose about generating.
///
/// ```
/// use tokenrail::generate::{Options, Sampling};
///
/// let sampling = Sampling { temperature: 0.8, seed: 7, ..Sampling::default() };
/// let options = Options { max_tokens: 64, sampling, ..Options::default() };
/// assert!(options.chat.is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// The most tokens to write, the end of sequence not counted. The text is whole within them.
    pub max_tokens: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Make the prompt a user's turn through the model's chat template.
    pub chat: Option<Chat>,
}

/// A generated text, whole and legal, with what the model thought of each token.
///
/// ```
/// use tokenrail::generate::Generated;
///
/// /// What the model gives the whole text, in nats; forced tokens count as it would have said them.
/// fn logprob(generated: &Generated) -> f64 {
///     generated.tokens.iter().map(|token| token.logprob).sum()
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<GeneratedToken>,
    /// The end of sequence behind them, which is no part of the text; `None` where none was drawn,
    /// as nothing else might follow or the budget was used up.
    pub end: Option<GeneratedToken>,
    /// Why it ends where it does.
    pub finish: Finish,
    /// The tokens of the prompt.
    pub prompt_tokens: usize,
}

/// A token of a generated text. Logprobs are in nats.
///
/// ```
/// use tokenrail::generate::GeneratedToken;
///
/// /// Whether the constraint overruled the model here.
/// fn is_overruled(token: &GeneratedToken) -> bool {
///     !token.is_forced && token.removed > 0.5
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedToken {
    /// The token.
    pub id: TokenId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the model gave it, before any mask.
    pub logprob: f64,
    /// What it had among the legal tokens; 0 for a forced one.
    pub masked_logprob: f64,
    /// The probability that the model gave to illegal tokens here, 0 to 1; before a forced one, to
    /// all others. Tokens that lead beyond the budget count with the illegal ones as far as they
    /// were tried.
    pub removed: f64,
    /// Whether it was the only way to go on, and so was not sampled.
    pub is_forced: bool,
}

/// Why a generated text ends. It is whole in each case.
///
/// ```
/// use tokenrail::generate::Finish;
///
/// assert_eq!(Finish::EndOfSequence.name(), "end_of_sequence");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finish {
    /// The model ended it where it might.
    EndOfSequence,
    /// Nothing but the end might follow.
    Complete,
    /// The budget is used up, at a place where the text may end.
    Budget,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_tokens: 256, sampling: Sampling::default(), chat: None }
    }
}

impl<'m> Generator<'m> {
    /// Joins a model and a constraint.
    ///
    /// # Errors
    /// [`GenerateError::OtherVocabulary`] when the constraint was compiled for another vocabulary.
    pub fn new(
        model: &'m dyn LanguageModel,
        constraint: &'m Constraint,
    ) -> Result<Self, GenerateError> {
        let (model_has, constraint_has) =
            (model.tokenizer().vocabulary().len(), constraint.vocabulary().len());
        if model_has != constraint_has {
            return Err(GenerateError::OtherVocabulary { model_has, constraint_has });
        }
        Ok(Self { model, constraint })
    }

    /// Generates one text after a prompt.
    ///
    /// # Errors
    /// [`GenerateError`]: a prompt that does not fit, a budget that no legal text fits, or a
    /// failure of the model.
    pub fn generate(&self, prompt: &str, options: &Options) -> Result<Generated, GenerateError> {
        self.start(prompt, options)?.generate(&mut |_| {})
    }

    /// Runs a prompt, to generate any number of texts after it.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn start(&self, prompt: &str, options: &Options) -> Result<Started<'_>, GenerateError> {
        self.start_at(self.constraint.matcher(), prompt, options)
    }

    /// Runs a prompt, to generate texts that go on where a matcher is.
    fn start_at(
        &self,
        mut matcher: Matcher,
        prompt: &str,
        options: &Options,
    ) -> Result<Started<'_>, GenerateError> {
        let max_tokens = options.max_tokens;
        let needed = matcher.tokens_to_accept()?;
        if needed > max_tokens {
            return Err(GenerateError::BudgetTooSmall { max_tokens, needed });
        }
        let context = self.encode(prompt, options.chat.as_ref())?;
        let limit = self.model.context_length();
        if context.len().saturating_add(max_tokens) > limit {
            let prompt = context.len();
            return Err(GenerateError::PromptTooLong { prompt, max_tokens, limit });
        }
        let mut session = self.model.session();
        let logits = session.feed(&context, Rows::Last)?;
        Ok(Started {
            matcher,
            model: self.model,
            session,
            logits,
            options: options.clone(),
            prompt_tokens: context.len(),
            drawn: 0,
        })
    }

    /// The tokens of a prompt, at least one: a text has to begin with something.
    fn encode(&self, prompt: &str, chat: Option<&Chat>) -> Result<Vec<TokenId>, GenerateError> {
        let tokenizer = self.model.tokenizer();
        let render = |chat: &Chat| {
            let template = self.model.chat_template().ok_or(GenerateError::NoChatTemplate)?;
            Ok::<_, GenerateError>(chat.render(template, prompt)?)
        };
        let rendered = chat.map(render).transpose()?;
        let mut tokens = tokenizer.encode(rendered.as_deref().unwrap_or(prompt))?;
        let vocabulary = tokenizer.vocabulary();
        let bos = vocabulary.bos().filter(|_| tokenizer.adds_bos());
        if let Some(bos) = bos.filter(|&bos| tokens.first() != Some(&bos)) {
            tokens.insert(0, bos);
        }
        if tokens.is_empty() {
            let stand_in = vocabulary.bos().or(vocabulary.eos().first().copied());
            tokens.push(stand_in.ok_or(GenerateError::NoContext)?);
        }
        Ok(tokens)
    }
}

/// A prompt that the model has read, to generate any number of texts after it.
///
/// ```
/// use tokenrail::generate::{GenerateError, Generator, Options};
///
/// fn three(generator: &Generator<'_>, prompt: &str) -> Result<Vec<String>, GenerateError> {
///     let mut started = generator.start(prompt, &Options::default())?;
///     (0..3).map(|_| Ok(started.generate(&mut |_| {})?.text)).collect()
/// }
/// ```
#[derive(Debug)]
pub struct Started<'m> {
    /// Where each text begins.
    matcher: Matcher,
    model: &'m dyn LanguageModel,
    session: Box<dyn Session>,
    logits: Logits,
    options: Options,
    prompt_tokens: usize,
    /// The number of texts generated so far: each has a seed of its own.
    drawn: u64,
}

impl Started<'_> {
    /// Generates the next text, and shows each token as it comes. The first is drawn with the
    /// options' seed, each later one with the seed behind it.
    ///
    /// # Errors
    /// As [`Generator::generate`].
    pub fn generate(
        &mut self,
        show: &mut dyn FnMut(&GeneratedToken),
    ) -> Result<Generated, GenerateError> {
        let seed = self.options.sampling.seed.wrapping_add(self.drawn);
        self.drawn += 1;
        let sampling = Sampling { seed, ..self.options.sampling };
        let mut run = Run {
            model: self.model,
            matcher: self.matcher.fork(),
            session: self.session.fork(),
            sampler: Sampler::new(sampling),
            tokens: Vec::new(),
            end: None,
            max_tokens: self.options.max_tokens,
        };
        let finish = run.finish(self.logits.clone(), show)?;
        let bytes: Vec<u8> = run.tokens.iter().flat_map(|token| token.bytes.clone()).collect();
        Ok(Generated {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            tokens: run.tokens,
            end: run.end,
            finish,
            prompt_tokens: self.prompt_tokens,
        })
    }
}

/// The tokens of one draw that may turn out to lead beyond the budget before all of them are looked at.
const MOST_REFUSED: usize = 16;

/// One text on its way.
struct Run<'m> {
    model: &'m dyn LanguageModel,
    matcher: Matcher,
    session: Box<dyn Session>,
    sampler: Sampler,
    tokens: Vec<GeneratedToken>,
    /// The end of sequence that was drawn.
    end: Option<GeneratedToken>,
    max_tokens: usize,
}

impl Run<'_> {
    /// Writes tokens until the text ends; `logits` are those of its first token.
    fn finish(
        &mut self,
        mut logits: Logits,
        show: &mut dyn FnMut(&GeneratedToken),
    ) -> Result<Finish, GenerateError> {
        loop {
            match self.matcher.stop()? {
                Some(Stop::EndOfSequence) => return Ok(Finish::EndOfSequence),
                Some(_) => return Ok(Finish::Complete),
                None => {}
            }
            let left = self.max_tokens - self.tokens.len();
            if left == 0 && self.matcher.is_accepting()? {
                return Ok(Finish::Budget);
            }
            let begin = self.tokens.len();
            let forced = self.forced(left)?;
            logits = if !forced.is_empty() {
                self.feed_forced(&forced, &logits)?
            } else if let Some(next) = self.draw(&logits, left)? {
                next
            } else {
                return Ok(Finish::EndOfSequence);
            };
            self.tokens[begin..].iter().for_each(&mut *show);
        }
    }

    /// Samples a token and feeds it; `None` where it is an end of sequence.
    fn draw(&mut self, logits: &Logits, left: usize) -> Result<Option<Logits>, GenerateError> {
        let mut mask = self.matcher.mask()?;
        let row = last(logits)?;
        let temperature = self.matcher.temperature()?.map(f64::from);
        let mut id = self.sampler.sample(&row, &mask, temperature);
        let mut refused = 0;
        while !self.matcher.advance_within(id, left)? {
            refused += 1;
            // One more draw is cheap; that many say that most tokens lead too far.
            if refused == MOST_REFUSED {
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
            return Ok(None);
        }
        self.tokens.push(token);
        Ok(Some(self.session.feed(&[id], Rows::Last)?))
    }

    /// Feeds tokens that must come, in one pass; gives the logits behind the last.
    fn feed_forced(
        &mut self,
        forced: &[TokenId],
        logits: &Logits,
    ) -> Result<Logits, GenerateError> {
        self.matcher.advance_all(forced)?;
        let after = self.session.feed(forced, Rows::All)?;
        let first = last(logits)?;
        let rows = after.distributions()?;
        for (&id, row) in forced.iter().zip(std::iter::once(&first).chain(&rows)) {
            let token = self.token(id, row, None);
            self.tokens.push(token);
        }
        Ok(Logits::new(after.rows().last().unwrap_or(&[]).to_vec(), first.len()))
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
        &self,
        id: TokenId,
        row: &Distribution<'_>,
        mask: Option<&TokenMask>,
    ) -> GeneratedToken {
        let logprob = row.logprob(id);
        let kept = mask.map_or(logprob, |mask| row.log_mass(mask.iter()));
        GeneratedToken {
            id,
            bytes: self.model.tokenizer().vocabulary().bytes(id).to_vec(),
            logprob,
            masked_logprob: (logprob - kept).min(0.0),
            removed: (1.0 - kept.exp()).clamp(0.0, 1.0),
            is_forced: mask.is_none(),
        }
    }
}

/// The distribution behind the last token that was fed.
fn last(logits: &Logits) -> Result<Distribution<'_>, GenerateError> {
    let row = logits.rows().last().and_then(Distribution::new);
    row.ok_or(GenerateError::NotFinite)
}
