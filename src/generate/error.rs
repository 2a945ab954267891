//! What can be wrong with a request to generate.

use crate::constraint::ConstraintError;
use crate::model::ModelError;
use crate::vocab::VocabError;

/// A text that cannot be generated.
///
/// ```
/// use tokenrail::generate::GenerateError;
///
/// let error = GenerateError::PromptTooLong { prompt: 8000, max_tokens: 256, limit: 8192 };
/// assert_eq!(
///     error.to_string(),
///     "the prompt has 8000 tokens and 256 may be written, but the model's context holds 8192: \
///      shorten the prompt or allow fewer tokens"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The prompt and the budget do not fit the context.
    #[error(
        "the prompt has {prompt} tokens and {max_tokens} may be written, but the model's context \
         holds {limit}: shorten the prompt or allow fewer tokens"
    )]
    PromptTooLong {
        /// The prompt's tokens.
        prompt: usize,
        /// The tokens that may be written.
        max_tokens: usize,
        /// The tokens that the context holds.
        limit: usize,
    },
    /// A text is valid by a type's schema, and `Deserialize` does not take it all the same.
    #[error("the text is no {type_name}: {what}, in {text:?}")]
    NotOfType {
        /// The Rust type.
        type_name: &'static str,
        /// What is wrong.
        what: String,
        /// The text.
        text: String,
    },
    /// No legal text is sure to be whole within the budget.
    #[error(
        "the budget is {max_tokens} token(s), but a legal text that is sure to be whole needs \
         {needed}: allow at least {needed}"
    )]
    BudgetTooSmall {
        /// The tokens that may be written.
        max_tokens: usize,
        /// The tokens that are always enough.
        needed: usize,
    },
    /// What a text is to begin with is no begin of a legal text.
    #[error(
        "the prefix is not legal from byte {accepted} on, of {bytes}: keep that many bytes of it at \
         most"
    )]
    Prefix {
        /// The bytes that are legal.
        accepted: usize,
        /// The bytes of the prefix.
        bytes: usize,
    },
    /// The constraint was compiled for another vocabulary.
    #[error("the constraint is for {constraint_has} tokens, but the model has {model_has}")]
    OtherVocabulary {
        /// The model's tokens.
        model_has: usize,
        /// The tokens that the constraint knows.
        constraint_has: usize,
    },
    /// A conversation was asked for.
    #[error("the model has no chat template: leave --chat out, or use a model that has one")]
    NoChatTemplate,
    /// An empty prompt, and no token to begin a text with.
    #[error("the prompt is empty, and the model has no token that begins or ends a text")]
    NoContext,
    /// The model's numbers are no distribution over the legal tokens.
    #[error("the model gives no legal token a finite logit")]
    NotFinite,
    /// Of the constraint.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    /// Of the tokenizer.
    #[error(transparent)]
    Vocab(#[from] VocabError),
    /// Of the model.
    #[error(transparent)]
    Model(#[from] ModelError),
}
