//! What can go wrong with a model: opening it, templating for it, feeding it.

use std::error::Error;
use std::path::PathBuf;

use crate::vocab::{TokenId, VocabError};

/// A model that cannot be opened, or a request it cannot serve.
///
/// ```
/// use tokenrail::model::ModelError;
///
/// let error = ModelError::ContextFull { needed: 9000, limit: 8192 };
/// assert_eq!(error.to_string(), "9000 tokens do not fit the model's context of 8192");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A model file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A model file is not what it should be.
    #[error("{} is not a usable model: {what}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what would be right.
        what: String,
    },
    /// A saved session that is not whole, or not of this model.
    #[error("the saved session is of no use here: {0}")]
    BrokenSession(String),
    /// A model uses something that this crate does not implement.
    #[error("{what} {found:?} is not supported (known: {known})")]
    Unsupported {
        /// The part of the model, such as `architecture`.
        what: &'static str,
        /// The value that was found.
        found: String,
        /// The values that are implemented, separated by commas.
        known: &'static str,
    },
    /// The model's tokenizer is unusable, or cannot express a text.
    #[error(transparent)]
    Vocab(#[from] VocabError),
    /// More tokens than the context holds.
    #[error("{needed} tokens do not fit the model's context of {limit}")]
    ContextFull {
        /// The tokens that the call would make.
        needed: usize,
        /// The tokens that a session can hold.
        limit: usize,
    },
    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {size}")]
    UnknownToken {
        /// The id.
        id: TokenId,
        /// The number of ids.
        size: usize,
    },
    /// A tree node whose parent is not an earlier node.
    #[error("tree node {node} names parent {parent}, which is not an earlier node")]
    BadTree {
        /// The node's index.
        node: usize,
        /// The index it names.
        parent: usize,
    },
    /// Logits were asked after a token that the call does not feed.
    #[error("row {row} was asked of {count} tokens")]
    NoSuchRow {
        /// The index asked for.
        row: usize,
        /// The number of tokens in the call.
        count: usize,
    },
    /// The model computed something that is no number.
    #[error("the logits in row {row} are not finite: the weights are broken")]
    NotFinite {
        /// The row of the result.
        row: usize,
    },
    /// The chat template failed.
    #[error("chat template: {0}")]
    Template(String),
    /// The tensor library failed.
    #[error("tensor computation failed: {0}")]
    Backend(#[source] Box<dyn Error + Send + Sync>),
}
