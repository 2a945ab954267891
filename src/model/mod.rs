//! Language models: tokens in, logits out.
//!
//! A [`LanguageModel`] holds the weights, which are shared; a [`Session`] holds what has been fed
//! to it. Laws, held by `tests/model.rs`: feeding `ab` equals feeding `a` then `b`; truncating
//! equals never having fed; a tree's rows equal those of each path fed alone; a fork changes
//! nothing in the session it came from.
//!
//! Nothing here reads a file but [`local`], which opens models on disk.

mod chat;
mod error;
pub mod local;
mod logits;

use std::fmt::Debug;

pub use chat::{ChatTemplate, Message};
pub use error::ModelError;
pub use logits::{Distribution, Logits};

use crate::vocab::{TokenId, Tokenizer};

/// A causal language model with shared weights.
pub trait LanguageModel: Debug + Send + Sync {
    /// What the model is called in results: enough to find it again.
    fn name(&self) -> &str;

    /// How its numbers are made, such as `float32`.
    fn precision(&self) -> &str;

    /// The tokenizer the model was trained with.
    fn tokenizer(&self) -> &Tokenizer;

    /// The template that turns a conversation into a prompt, where the model has one.
    fn chat_template(&self) -> Option<&ChatTemplate>;

    /// The number of tokens a session can hold.
    fn context_length(&self) -> usize;

    /// Starts a session that has been fed nothing.
    fn session(&self) -> Box<dyn Session>;
}

/// One sequence fed to a model, with an optional tree of continuations hanging off its end.
///
/// Any order of calls is legal. A failed call leaves the session as it was.
pub trait Session: Debug + Send {
    /// The tokens fed so far, without the tree.
    fn tokens(&self) -> &[TokenId];

    /// Appends `tokens` and returns the logits that follow the chosen ones, a row for each in the
    /// order of the tokens. Drops the tree first.
    ///
    /// # Errors
    /// [`ModelError::ContextFull`], [`ModelError::UnknownToken`], or a failure of the backend.
    fn feed(&mut self, tokens: &[TokenId], rows: Rows<'_>) -> Result<Logits, ModelError>;

    /// Appends nodes to the tree that hangs off the end of the fed tokens and returns the logits
    /// that follow the chosen ones. A node sees the fed tokens, its ancestors and itself.
    ///
    /// # Errors
    /// As [`feed`](Self::feed), and [`ModelError::BadTree`] for a parent that is not an earlier
    /// node.
    fn feed_tree(&mut self, nodes: &[TreeNode], rows: Rows<'_>) -> Result<Logits, ModelError>;

    /// Forgets the tree and all but the first `len` tokens; nothing when fewer were fed.
    fn truncate(&mut self, len: usize);

    /// Starts a second session in the same state, sharing what was computed.
    fn fork(&self) -> Box<dyn Session>;
}

/// A node of the tree that [`Session::feed_tree`] hangs off a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeNode {
    /// The token at this node.
    pub token: TokenId,
    /// The index of the node before it, counted over all nodes since the tree was begun; `None`
    /// hangs off the end of the fed tokens.
    pub parent: Option<usize>,
}

/// The tokens of one call whose following logits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows<'a> {
    /// None: the tokens only become context.
    None,
    /// The last token's.
    Last,
    /// Every token's.
    All,
    /// Those of the tokens at these indices of the call, each below the number of tokens. The
    /// result has them in ascending order, each once.
    At(&'a [usize]),
}

impl Rows<'_> {
    /// The chosen indices among `count` tokens, ascending.
    ///
    /// # Errors
    /// [`ModelError::NoSuchRow`] for an index that is out of range.
    pub fn indices(self, count: usize) -> Result<Vec<usize>, ModelError> {
        match self {
            Rows::None => Ok(Vec::new()),
            Rows::Last => Ok(count.checked_sub(1).into_iter().collect()),
            Rows::All => Ok((0..count).collect()),
            Rows::At(rows) => match rows.iter().find(|&&row| row >= count) {
                Some(&row) => Err(ModelError::NoSuchRow { row, count }),
                None => {
                    let mut rows = rows.to_vec();
                    rows.sort_unstable();
                    rows.dedup();
                    Ok(rows)
                }
            },
        }
    }
}
