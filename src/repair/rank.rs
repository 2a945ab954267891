//! A model's choice between the readings of a reply: the one that it finds the likeliest, by far.

use super::edit::{Rule, TextEdit};
use super::outcome::{Repaired, Status};
use crate::model::{LanguageModel, ModelError, Rows};
use crate::vocab::TokenId;

/// How much likelier than any other a reading must be, in nats: ten times.
const MARGIN: f64 = std::f64::consts::LN_10;

/// The reading of a reply that a model finds ten times as likely behind a prompt as any other; the result as it
/// is where there is none.
///
/// The logprobs of all readings are in the result either way. A reading that is chosen so is a guess: the edit
/// that gives it says that a model chose it, and the result is [`Status::Lossy`]. Readings that do not conform
/// to the schema are for who asks to leave out before: those of [`repair_for`](super::repair_for) that came of a
/// search conform.
///
/// # Errors
/// [`ModelError`] where a reading is longer than the model's context, or the model fails.
///
/// ```
/// use tokenrail::model::{LanguageModel, ModelError};
/// use tokenrail::repair::{Options, Repaired, choose_reading, repair};
///
/// fn read(model: &dyn LanguageModel, reply: &str) -> Result<Repaired, ModelError> {
///     let repaired = repair(reply, &Options::default());
///     choose_reading(reply, repaired, model, "Two names in JSON: ")
/// }
/// ```
pub fn choose_reading(
    text: &str,
    repaired: Repaired,
    model: &dyn LanguageModel,
    prompt: &str,
) -> Result<Repaired, ModelError> {
    if repaired.status != Status::Ambiguous || repaired.alternatives.len() < 2 {
        return Ok(repaired);
    }
    let logprobs = logprobs(model, prompt, &repaired.alternatives)?;
    let best = (0..logprobs.len()).max_by(|&a, &b| logprobs[a].total_cmp(&logprobs[b]));
    let Some(best) = best else { return Ok(repaired) };
    let is_far =
        |(index, logprob): (usize, &f64)| index == best || logprobs[best] - logprob >= MARGIN;
    if !logprobs.iter().enumerate().all(is_far) {
        return Ok(Repaired { logprobs, ..repaired });
    }
    let chosen = repaired.alternatives[best].clone();
    let edits = vec![difference(text, &chosen)];
    let Repaired { alternatives, costs, .. } = repaired;
    Ok(Repaired { alternatives, costs, logprobs, ..Repaired::made(chosen, edits, Vec::new()) })
}

/// The logprob of each text behind a prompt, from the first token on that differs between them.
fn logprobs(
    model: &dyn LanguageModel,
    prompt: &str,
    texts: &[String],
) -> Result<Vec<f64>, ModelError> {
    let encode = |text: &String| -> Result<Vec<TokenId>, ModelError> {
        let begin = begin(model, prompt);
        let tokens = model.tokenizer().encode(&format!("{prompt}{text}"))?;
        Ok(begin.into_iter().chain(tokens).collect())
    };
    let tokens = texts.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    let is_same = |&at: &usize| tokens.iter().all(|other| other.get(at) == tokens[0].get(at));
    let shortest = tokens.iter().map(Vec::len).min().unwrap_or(0);
    let shared = (0..shortest).take_while(is_same).count();
    // A token needs one before it.
    let shared = shared.min(shortest.saturating_sub(1)).max(1);
    let mut session = model.session();
    session.feed(&tokens[0][..shared - 1], Rows::At(&[]))?;
    let logprob = |tokens: &Vec<TokenId>| {
        let logits = session.fork().feed(&tokens[shared - 1..tokens.len() - 1], Rows::All)?;
        let rows = logits.distributions()?;
        let scores = rows.iter().zip(&tokens[shared..]).map(|(row, &token)| row.logprob(token));
        Ok(scores.sum())
    };
    tokens.iter().map(logprob).collect()
}

/// The token that a model expects before any text, or that stands in where there is no prompt.
fn begin(model: &dyn LanguageModel, prompt: &str) -> Option<TokenId> {
    let vocabulary = model.tokenizer().vocabulary();
    let is_wanted = model.tokenizer().adds_bos() || prompt.is_empty();
    vocabulary.bos().or(vocabulary.eos().first().copied()).filter(|_| is_wanted)
}

/// The edit that makes one text another: what differs between their common begin and end.
fn difference(text: &str, now: &str) -> TextEdit {
    let chars = text.char_indices().zip(now.chars());
    let start = chars.take_while(|((_, left), right)| left == right).last();
    let start = start.map_or(0, |((at, char), _)| at + char.len_utf8());
    let (was, made) = (&text[start..], &now[start..]);
    let both = was.chars().rev().zip(made.chars().rev());
    let end: usize =
        both.take_while(|(left, right)| left == right).map(|(char, _)| char.len_utf8()).sum();
    let span = start..text.len() - end;
    TextEdit::new(text, Rule::ChooseReading, span, &made[..made.len() - end])
}
