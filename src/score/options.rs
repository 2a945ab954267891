//! What a caller can choose about scoring, and what is refused of any model.

use super::{By, ScoreError};
use crate::model::Chat;

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
    /// What happens to spaces at the end of the prompt, and of the unconditional context.
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

impl Options {
    /// Refuses options that contradict each other.
    ///
    /// [`Scorer::score`](super::Scorer::score) does so too; this needs no model.
    ///
    /// # Errors
    /// [`ScoreError::TopZero`] and [`ScoreError::NoUnconditional`].
    ///
    /// ```
    /// use tokenrail::score::{By, Options};
    ///
    /// let options = Options { by: By::Pmi, ..Options::default() };
    /// assert!(options.check().is_err(), "pmi compares with an unconditional context");
    /// ```
    pub fn check(&self) -> Result<(), ScoreError> {
        if self.top == Some(0) {
            return Err(ScoreError::TopZero);
        }
        match (self.by, &self.unconditional) {
            (By::Pmi, None) => Err(ScoreError::NoUnconditional),
            _ => Ok(()),
        }
    }

    /// Refuses candidates that no model can rank: none, empty ones, and, unless they are kept, texts
    /// given twice.
    ///
    /// [`Scorer::score`](super::Scorer::score) does so too, and refuses different texts with the same
    /// tokens as well; this needs no model.
    ///
    /// # Errors
    /// [`ScoreError::NoCandidates`], [`ScoreError::EmptyCandidate`] and
    /// [`ScoreError::DuplicateCandidates`].
    ///
    /// ```
    /// use tokenrail::score::Options;
    ///
    /// let twice = ["yes", "no", "yes"].map(str::to_owned);
    /// let error = Options::default().check_candidates(&twice).unwrap_err();
    /// assert_eq!(error.to_string(), "candidates 0, 2 are the same: each must be given once");
    /// ```
    pub fn check_candidates(&self, candidates: &[String]) -> Result<(), ScoreError> {
        if candidates.is_empty() {
            return Err(ScoreError::NoCandidates);
        }
        if let Some(index) = candidates.iter().position(String::is_empty) {
            return Err(ScoreError::EmptyCandidate { index });
        }
        let indices = repeated(candidates);
        if self.duplicates == Duplicates::Refuse && !indices.is_empty() {
            return Err(ScoreError::DuplicateCandidates { indices });
        }
        Ok(())
    }
}

/// How prompt and candidate become tokens.
///
/// ```
/// use tokenrail::score::{Boundary, Options};
///
/// // Scores exactly the candidates' own tokens, as harnesses that encode the parts apart do.
/// let options = Options { boundary: Boundary::Separate, ..Options::default() };
/// assert_ne!(options.boundary, Boundary::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boundary {
    /// As one text; where a candidate merges with the prompt's end, all candidates are scored
    /// from the same earlier token on.
    #[default]
    Joint,
    /// Each on its own, so that the tokens meet exactly between them.
    Separate,
}

/// What happens to spaces at the end of the prompt, and of the unconditional context.
///
/// Most vocabularies write a space at the beginning of a word's token, so a space left at the end of
/// the prompt makes every candidate an unlikely text.
///
/// ```
/// use tokenrail::score::{Options, TrailingSpace};
///
/// // "Answer: " with "yes" is scored as "Answer:" with " yes", unless told otherwise:
/// assert_eq!(Options::default().trailing_space, TrailingSpace::Move);
/// let strict = Options { trailing_space: TrailingSpace::Refuse, ..Options::default() };
/// # assert_ne!(strict.trailing_space, TrailingSpace::Keep);
/// ```
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
///
/// ```
/// use tokenrail::score::{End, Options};
///
/// // With an end, " New" no longer beats " New York" by being shorter.
/// let options = Options { end: End::Text("\n".to_owned()), ..Options::default() };
/// assert_ne!(options.end, End::None);
/// ```
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
///
/// ```
/// use tokenrail::score::{Duplicates, Options};
///
/// let data_set = Options { duplicates: Duplicates::Keep, ..Options::default() };
/// assert_ne!(data_set.duplicates, Options::default().duplicates);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// They are an error.
    #[default]
    Refuse,
    /// They are scored and tie; a warning lists them. Data sets have such items.
    Keep,
}

/// What happens to a prompt that is too long for the model's context.
///
/// ```
/// use tokenrail::score::{Options, Truncation};
///
/// // Few-shot prompts lose their oldest examples first.
/// let few_shot = Options { truncation: Truncation::Left, ..Options::default() };
/// assert_eq!(Options::default().truncation, Truncation::Refuse);
/// # assert_ne!(few_shot.truncation, Truncation::Refuse);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncation {
    /// It is an error.
    #[default]
    Refuse,
    /// Its beginning is cut, once, so that the longest candidate fits.
    Left,
}

/// The indices of the least item that is there several times; empty when all differ.
pub(super) fn repeated<T: Ord>(items: &[T]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..items.len()).collect();
    sorted.sort_by_key(|&index| &items[index]);
    let same = sorted.windows(2).find(|pair| items[pair[0]] == items[pair[1]]);
    let Some(&[first, _]) = same else {
        return Vec::new();
    };
    (0..items.len()).filter(|&index| items[index] == items[first]).collect()
}
