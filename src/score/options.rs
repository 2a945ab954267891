//! What a caller can choose about scoring.

use super::By;

/// How candidates are joined to the prompt, scored and ranked.
///
/// ```
/// use tokenrail::score::{By, End, Options};
///
/// let options = Options { by: By::MeanToken, end: End::Eos, ..Options::default() };
/// assert_eq!(options.top, None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The normalization that decides the ranking.
    pub by: By,
    /// How prompt and candidate become tokens.
    pub boundary: Boundary,
    /// What happens to spaces at the end of the prompt.
    pub trailing_space: TrailingSpace,
    /// What ends every candidate.
    pub end: End,
    /// What happens to candidates with the same tokens.
    pub duplicates: Duplicates,
    /// What happens to a prompt that is too long.
    pub truncation: Truncation,
    /// The context whose logprobs [`By::Pmi`] subtracts; empty means the begin of a text.
    pub unconditional: Option<String>,
    /// Rank only this many, and stop candidates that cannot be among them.
    pub top: Option<usize>,
    /// Make the prompt a user's turn through the model's chat template.
    pub chat: Option<Chat>,
}

/// The rest of a conversation around the prompt.
#[derive(Debug, Clone, Default)]
pub struct Chat {
    /// The system's instructions, where the template's own are not wanted.
    pub system: Option<String>,
    /// What the assistant's turn begins with, before the candidate.
    pub prefill: String,
}

/// How prompt and candidate become tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boundary {
    /// As one text; where a candidate merges with the prompt's end, all candidates are scored
    /// from the same earlier token on.
    #[default]
    Joint,
    /// Each on its own, so that the tokens meet exactly between them.
    Separate,
}

/// What happens to spaces at the end of the prompt.
///
/// Most vocabularies write a space at the beginning of a word's token, so a space left at the end of
/// the prompt makes every candidate an unlikely text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrailingSpace {
    /// They move to the front of every candidate.
    #[default]
    Move,
    /// They stay.
    Keep,
    /// They are an error.
    Refuse,
}

/// What ends every candidate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum End {
    /// Nothing: a candidate that begins another always has the higher sum.
    #[default]
    None,
    /// The model's end-of-sequence token.
    Eos,
    /// A text.
    Text(String),
}

/// What happens to candidates with the same tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// They are an error.
    #[default]
    Refuse,
    /// They are scored and tie; a warning lists them. Data sets have such items.
    Keep,
}

/// What happens to a prompt that is too long for the model's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncation {
    /// It is an error.
    #[default]
    Refuse,
    /// Its beginning is cut, once, so that the longest candidate fits.
    Left,
}
