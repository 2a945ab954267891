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

mod ahead;
mod draft;
mod error;
mod healing;
mod json;
mod resume;
mod run;
mod sampler;
#[cfg(feature = "schemars")]
mod typed;

pub use ahead::Drafts;
pub use error::GenerateError;
pub use sampler::{Sampler, Sampling};
#[cfg(feature = "schemars")]
pub use typed::TypedGenerator;

use crate::constraint::{Constraint, Matcher};
use crate::model::{Chat, LanguageModel, Logits, Prefixes, Rows, Session};
use crate::vocab::TokenId;
use ahead::Ahead;
use healing::Healing;
use run::Run;

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
    prefixes: Option<&'m Prefixes<'m>>,
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
    /// The most tokens that are guessed and fed with those that are decided; 0 guesses none. They make a
    /// text cheaper where they are right, and change nothing of it.
    pub look_ahead: usize,
    /// Which probabilities of tokens are wanted.
    pub probabilities: Probabilities,
}

/// Which probabilities a generated token comes with. The text is the same.
///
/// ```
/// use tokenrail::generate::{Options, Probabilities};
///
/// // Only the text is of interest.
/// let options = Options { probabilities: Probabilities::Legal, ..Options::default() };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Probabilities {
    /// Those that the model gave before the mask, too. Logits of all tokens are computed for them, also
    /// where one token is forced.
    #[default]
    All,
    /// Those among the legal tokens alone: where few are legal, the logits of these are computed, and
    /// where one is forced, none.
    Legal,
}

/// A generated text, whole and legal, with what the model thought of each token.
///
/// ```
/// use tokenrail::generate::Generated;
///
/// /// What the model gives the whole text, in nats; forced tokens count as it would have said them.
/// fn logprob(generated: &Generated) -> f64 {
///     generated.tokens.iter().filter_map(|token| token.logprob).sum()
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
    /// What it cost, and what drafts saved.
    pub drafts: Drafts,
}

/// A token of a generated text. Logprobs are in nats.
///
/// ```
/// use tokenrail::generate::GeneratedToken;
///
/// /// Whether the constraint overruled the model here.
/// fn is_overruled(token: &GeneratedToken) -> bool {
///     !token.is_forced && token.removed.is_some_and(|removed| removed > 0.5)
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedToken {
    /// The token.
    pub id: TokenId,
    /// Its bytes. Behind a prefix, those that stand behind it: a token may begin within one.
    pub bytes: Vec<u8>,
    /// What the model gave it, before any mask; `None` under [`Probabilities::Legal`].
    pub logprob: Option<f64>,
    /// What it had among the legal tokens; 0 for a forced one.
    pub masked_logprob: f64,
    /// The probability that the model gave to illegal tokens here, 0 to 1; before a forced one, to
    /// all others. Tokens that lead beyond the budget count with the illegal ones as far as they
    /// were tried. `None` under [`Probabilities::Legal`].
    pub removed: Option<f64>,
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
        Self {
            max_tokens: 256,
            sampling: Sampling::default(),
            chat: None,
            look_ahead: 8,
            probabilities: Probabilities::All,
        }
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
        Ok(Self { model, constraint, prefixes: None })
    }

    /// Joins the model of some prefixes and a constraint: a prompt begins behind what of it was read
    /// before, and is kept in its turn. Texts are the same as without.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::generate::{GenerateError, Generator, Options};
    /// use tokenrail::model::Prefixes;
    ///
    /// fn answer(
    ///     prefixes: &Prefixes<'_>,
    ///     constraint: &Constraint,
    ///     prompt: &str,
    /// ) -> Result<String, GenerateError> {
    ///     let generator = Generator::with_prefixes(prefixes, constraint)?;
    ///     Ok(generator.generate(prompt, &Options::default())?.text)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_prefixes(
        prefixes: &'m Prefixes<'m>,
        constraint: &'m Constraint,
    ) -> Result<Self, GenerateError> {
        Ok(Self { prefixes: Some(prefixes), ..Self::new(prefixes.model(), constraint)? })
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
        let mut matcher = self.constraint.matcher();
        self.within_budget(&mut matcher, options)?;
        let context = self.encode(prompt, options.chat.as_ref())?;
        self.within_context(&context, options)?;
        self.start_at(Begin { matcher, healing: Healing::default() }, &context, options)
    }

    /// Refuses a budget within which no legal text is sure to be whole.
    fn within_budget(&self, matcher: &mut Matcher, options: &Options) -> Result<(), GenerateError> {
        let (needed, max_tokens) = (matcher.tokens_to_accept()?, options.max_tokens);
        match needed > max_tokens {
            true => Err(GenerateError::BudgetTooSmall { max_tokens, needed }),
            false => Ok(()),
        }
    }

    /// Refuses a prompt and a budget that the model's context does not hold.
    fn within_context(&self, context: &[TokenId], options: &Options) -> Result<(), GenerateError> {
        let (prompt, max_tokens) = (context.len(), options.max_tokens);
        let limit = self.model.context_length();
        match prompt.saturating_add(max_tokens) > limit {
            true => Err(GenerateError::PromptTooLong { prompt, max_tokens, limit }),
            false => Ok(()),
        }
    }

    /// Runs a context, to generate texts that begin in some way.
    fn start_at(
        &self,
        begin: Begin,
        context: &[TokenId],
        options: &Options,
    ) -> Result<Started<'_>, GenerateError> {
        let mut session = match self.prefixes {
            Some(prefixes) => prefixes.session(context),
            None => self.model.session(),
        };
        let held = session.tokens().len();
        let logits = session.feed(&context[held..], Rows::Last)?;
        if let Some(prefixes) = self.prefixes {
            prefixes.keep(session.fork());
        }
        Ok(Started {
            begin,
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

/// Where texts begin: what the constraint allows there, and what of a prefix is written anew.
#[derive(Debug)]
struct Begin {
    matcher: Matcher,
    healing: Healing,
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
    begin: Begin,
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
            matcher: self.begin.matcher.fork(),
            healing: self.begin.healing.clone(),
            sampler: Sampler::new(sampling),
            tokens: Vec::new(),
            end: None,
            max_tokens: self.options.max_tokens,
            look_ahead: self.options.look_ahead,
            probabilities: self.options.probabilities,
        };
        let mut ahead = Ahead::new(self.session.fork(), self.logits.clone());
        let finish = run.finish(&mut ahead, show)?;
        let bytes: Vec<u8> = run.tokens.iter().flat_map(|token| token.bytes.clone()).collect();
        Ok(Generated {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            tokens: run.tokens,
            end: run.end,
            finish,
            prompt_tokens: self.prompt_tokens,
            drafts: ahead.drafts,
        })
    }
}
