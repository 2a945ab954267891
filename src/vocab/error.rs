//! What can be wrong with a vocabulary or a tokenizer definition.

use std::error::Error;

/// A vocabulary or tokenizer definition that cannot be used.
///
/// ```
/// use tokenrail::vocab::{PreTokenizer, VocabError};
///
/// let error = PreTokenizer::from_gguf_name("klingon");
/// assert!(matches!(error, Err(VocabError::Unsupported { what: "pre-tokenizer", .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VocabError {
    /// The definition is of a kind that this crate does not read.
    #[error("{what} {found:?} is not supported (known: {known})")]
    Unsupported {
        /// The part of the definition, such as `pre-tokenizer`.
        what: &'static str,
        /// The value that was found.
        found: String,
        /// The values that are read, separated by commas.
        known: String,
    },
    /// The definition contradicts itself.
    #[error("tokenizer definition is broken: {0}")]
    Broken(String),
    /// The tokenizer library refused the definition or the text.
    #[error("tokenizer: {0}")]
    Tokenizer(#[source] Box<dyn Error + Send + Sync>),
}
