//! Teacher-forced inspection: what the model thinks of each token of a given text.

use std::ops::Range;

use super::ScoreError;
use crate::model::{Distribution, LanguageModel, Message, Rows};
use crate::vocab::TokenId;

/// Tokens in one pass: bounds the memory of logits (25 MB at 49k tokens).
const PASS: usize = 128;

/// What to inspect a text with.
///
/// ```
/// use tokenrail::score::InspectOptions;
///
/// let options = InspectOptions { alternatives: 0, ..InspectOptions::default() };
/// assert!(!options.is_chat, "the text is read as it stands");
/// ```
#[derive(Debug, Clone)]
pub struct InspectOptions {
    /// How many of the most likely tokens to list at each place.
    pub alternatives: usize,
    /// Whether the text is a user's turn, rendered by the model's chat template.
    pub is_chat: bool,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self { alternatives: 5, is_chat: false }
    }
}

/// A text as the model reads it, token by token.
///
/// ```
/// use tokenrail::score::Inspection;
///
/// /// exp of the mean surprise: the lower, the more the text is what the model would write.
/// fn perplexity(inspection: &Inspection) -> f64 {
///     let (sum, count) = inspection.sum();
///     (-sum / count as f64).exp()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The text that was read: rendered, when it is a chat.
    pub text: String,
    /// Its tokens; a begin-of-sequence token that the model expects comes first, with no bytes.
    pub tokens: Vec<InspectedToken>,
    /// The most likely tokens after the text, with their logprobs.
    pub next: Vec<(TokenId, f64)>,
    /// The entropy after the text, in nats.
    pub next_entropy: f64,
}

/// A token of an inspected text.
///
/// ```
/// use tokenrail::score::Inspection;
///
/// /// The parts of the text that the model would not have ranked among its first ten.
/// fn surprises(inspection: &Inspection) -> impl Iterator<Item = (usize, usize)> {
///     let tokens = inspection.tokens.iter();
///     let odd = tokens.filter(|token| token.reading.as_ref().is_some_and(|it| it.rank > 10));
///     odd.map(|token| (token.start, token.end))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct InspectedToken {
    /// The token.
    pub id: TokenId,
    /// Where it begins in the text, in bytes, as [`Tokenizer::encode_with_spans`] has it.
    ///
    /// [`Tokenizer::encode_with_spans`]: crate::vocab::Tokenizer::encode_with_spans
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What the model thought of it; `None` for the first token, which nothing precedes.
    pub reading: Option<Reading>,
}

/// What a model thought of a token before it saw it.
///
/// ```
/// use tokenrail::score::InspectedToken;
///
/// /// How much more surprising the token was than the model expected, in nats.
/// fn excess(token: &InspectedToken) -> Option<f64> {
///     token.reading.as_ref().map(|reading| -reading.logprob - reading.entropy)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Reading {
    /// The natural log of its probability.
    pub logprob: f64,
    /// One more than the number of tokens that were more likely.
    pub rank: usize,
    /// The entropy of the distribution it was drawn from, in nats.
    pub entropy: f64,
    /// The most likely tokens in its place, with their logprobs.
    pub alternatives: Vec<(TokenId, f64)>,
}

impl Inspection {
    /// The sum of the logprobs, in nats, and the number of tokens that have one.
    ///
    /// ```
    /// use tokenrail::score::Inspection;
    ///
    /// fn mean_logprob(inspection: &Inspection) -> Option<f64> {
    ///     let (sum, count) = inspection.sum();
    ///     (count > 0).then(|| sum / count as f64)
    /// }
    /// ```
    #[must_use]
    pub fn sum(&self) -> (f64, usize) {
        let readings = self.tokens.iter().filter_map(|token| token.reading.as_ref());
        readings.fold((0.0, 0), |(sum, count), reading| (sum + reading.logprob, count + 1))
    }
}

/// Reads a text with a model and reports every token's logprob, rank, entropy and alternatives.
///
/// # Errors
/// [`ScoreError::TextTooLong`] with both numbers, [`ScoreError::NoChatTemplate`], or a failure of
/// the model.
///
/// ```no_run
/// use tokenrail::model::local::LocalModel;
/// use tokenrail::score::{InspectOptions, inspect};
///
/// let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
/// let inspection = inspect(&model, "To be, or not to be", &InspectOptions::default())?;
/// assert_eq!(inspection.tokens.len(), 7);
/// # Ok::<(), tokenrail::score::ScoreError>(())
/// ```
pub fn inspect(
    model: &dyn LanguageModel,
    text: &str,
    options: &InspectOptions,
) -> Result<Inspection, ScoreError> {
    let text = match options.is_chat {
        false => text.to_owned(),
        true => {
            let template = model.chat_template().ok_or(ScoreError::NoChatTemplate)?;
            template.render(&[Message::user(text)])?
        }
    };
    let spans = spans(model, &text)?;
    let ids: Vec<TokenId> = spans.iter().map(|&(id, _)| id).collect();
    let mut session = model.session();
    let mut readings = vec![None];
    let (mut next, mut next_entropy) = (Vec::new(), 0.0);
    for (pass, chunk) in ids.chunks(PASS).enumerate() {
        let logits = session.feed(chunk, Rows::All)?;
        for (row, distribution) in logits.distributions()?.iter().enumerate() {
            match ids.get(pass * PASS + row + 1) {
                Some(&id) => readings.push(Some(reading(distribution, id, options.alternatives))),
                None => {
                    next = distribution.top(options.alternatives);
                    next_entropy = distribution.entropy();
                }
            }
        }
    }
    let tokens = spans.into_iter().zip(readings);
    let tokens = tokens.map(|((id, span), reading)| InspectedToken {
        id,
        start: span.start,
        end: span.end,
        reading,
    });
    Ok(Inspection { tokens: tokens.collect(), text, next, next_entropy })
}

/// The text's tokens and where they are in it; one that is added in front is nowhere.
fn spans(
    model: &dyn LanguageModel,
    text: &str,
) -> Result<Vec<(TokenId, Range<usize>)>, ScoreError> {
    let tokenizer = model.tokenizer();
    let mut spans = tokenizer.encode_with_spans(text)?;
    if tokenizer.adds_bos()
        && let Some(bos) = tokenizer.vocabulary().bos()
        && spans.first().is_none_or(|&(first, _)| first != bos)
    {
        spans.insert(0, (bos, 0..0));
    }
    let limit = model.context_length();
    if spans.len() > limit {
        return Err(ScoreError::TextTooLong { tokens: spans.len(), limit });
    }
    Ok(spans)
}

/// What a distribution says of one token, and the likeliest others.
fn reading(distribution: &Distribution<'_>, id: TokenId, alternatives: usize) -> Reading {
    Reading {
        logprob: distribution.logprob(id),
        rank: distribution.rank(id),
        entropy: distribution.entropy(),
        alternatives: distribution.top(alternatives),
    }
}
