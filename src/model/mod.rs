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
mod prefixes;

use std::fmt::Debug;
use std::io::{self, Read, Write};

pub use chat::{Chat, ChatTemplate, Message};
pub use error::ModelError;
pub use logits::{Distribution, Logits};
pub use prefixes::Prefixes;

use crate::vocab::{TokenId, TokenMask, Tokenizer};

/// A causal language model with shared weights.
///
/// ```
/// use tokenrail::model::{LanguageModel, ModelError, Rows};
///
/// /// The model's most likely next token, as text.
/// fn complete(model: &dyn LanguageModel, prompt: &str) -> Result<Option<String>, ModelError> {
///     let logits = model.session().feed(&model.tokenizer().encode(prompt)?, Rows::Last)?;
///     let next = logits.distributions()?.first().map(|next| next.argmax());
///     Ok(next.map(|id| model.tokenizer().vocabulary().piece(id).into_owned()))
/// }
/// ```
pub trait LanguageModel: Debug + Send + Sync {
    /// What the model is called in results: enough to find it again.
    /// Another may have the same name; see `fingerprint`.
    fn name(&self) -> &str;

    /// Which model of its name it is: differs where weights, tokenizer or template do.
    /// A cache of results has to have this in its key, and `precision` with it.
    fn fingerprint(&self) -> &str;

    /// How its numbers are made, such as `float32`.
    fn precision(&self) -> &str;

    /// The tokenizer the model was trained with.
    fn tokenizer(&self) -> &Tokenizer;

    /// The template that turns a conversation into a prompt, where the model has one.
    ///
    /// ```
    /// # use tokenrail::model::{LanguageModel, Message, ModelError};
    /// /// A question as the model was trained to be asked it, up to where its answer begins.
    /// fn asked(model: &dyn LanguageModel, question: &str) -> Result<String, ModelError> {
    ///     match model.chat_template() {
    ///         Some(template) => template.render(&[Message::user(question)]),
    ///         None => Ok(format!("Question: {question}\nAnswer:")),
    ///     }
    /// }
    /// ```
    fn chat_template(&self) -> Option<&ChatTemplate>;

    /// The number of tokens a session can hold.
    /// What is fed beyond it is refused with [`ModelError::ContextFull`]; a tree counts with its depth.
    fn context_length(&self) -> usize;

    /// Starts a session that has been fed nothing.
    /// Sessions share the weights and nothing else; each may go to a thread of its own.
    fn session(&self) -> Box<dyn Session>;

    /// Starts a session in the state that [`Session::save`] wrote, in this process or another.
    ///
    /// # Errors
    /// [`ModelError::BrokenSession`] for bytes that are cut off or changed, and for the state of another
    /// model, or of this one in another precision.
    ///
    /// ```
    /// use tokenrail::model::{LanguageModel, ModelError, Session};
    ///
    /// /// A second process would read what was saved from a file.
    /// fn moved(model: &dyn LanguageModel, session: &dyn Session) -> Result<Box<dyn Session>, ModelError> {
    ///     let mut saved = Vec::new();
    ///     session.save(&mut saved).expect("memory takes all that is written");
    ///     model.restore(&mut saved.as_slice())
    /// }
    /// ```
    fn restore(&self, from: &mut dyn Read) -> Result<Box<dyn Session>, ModelError>;
}

/// One sequence fed to a model, with an optional tree of continuations hanging off its end.
///
/// Any order of calls is legal. A failed call leaves the session as it was.
///
/// ```
/// use tokenrail::model::{Logits, ModelError, Rows, Session};
/// use tokenrail::vocab::TokenId;
///
/// /// Feeds a context, keeping what it has in common with the one before.
/// fn switch(session: &mut dyn Session, context: &[TokenId]) -> Result<Logits, ModelError> {
///     let common = session.tokens().iter().zip(context).take_while(|(a, b)| a == b).count();
///     session.truncate(common);
///     session.feed(&context[common..], Rows::Last)
/// }
/// ```
pub trait Session: Debug + Send {
    /// The tokens fed so far, without the tree.
    /// Its length is the place of the next token, from 0.
    fn tokens(&self) -> &[TokenId];

    /// Appends `tokens` and returns the logits that follow the chosen ones, a row for each in the
    /// order of the tokens. Drops the tree first.
    ///
    /// # Errors
    /// [`ModelError::ContextFull`], [`ModelError::UnknownToken`], or a failure of the backend.
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session};
    /// # use tokenrail::vocab::TokenId;
    /// # fn example(session: &mut dyn Session, ids: &[TokenId]) -> Result<(), ModelError> {
    /// let logits = session.feed(ids, Rows::All)?;
    /// assert_eq!(logits.len(), ids.len());
    /// # Ok(())
    /// # }
    /// ```
    fn feed(&mut self, tokens: &[TokenId], rows: Rows<'_>) -> Result<Logits, ModelError> {
        self.feed_with_tree(tokens, &[], rows)
    }

    /// Appends `tokens` and returns, behind the chosen ones, the logits of the tokens in `wanted` alone:
    /// all others are −∞. Where few are wanted it is the cheaper way.
    ///
    /// Law: those that are wanted have the bits that [`feed`](Self::feed) gives them.
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session};
    /// # use tokenrail::vocab::{TokenId, TokenMask};
    /// # fn example(session: &mut dyn Session, ids: &[TokenId], [yes, no]: [TokenId; 2]) -> Result<(), ModelError> {
    /// let mut wanted = TokenMask::new(no.index().max(yes.index()) + 1);
    /// wanted.insert(yes);
    /// wanted.insert(no);
    /// let logits = session.feed_masked(ids, Rows::Last, &wanted)?;
    /// let says_yes = logits.distributions()?[0].argmax() == yes;
    /// # Ok(())
    /// # }
    /// ```
    fn feed_masked(
        &mut self,
        tokens: &[TokenId],
        rows: Rows<'_>,
        wanted: &TokenMask,
    ) -> Result<Logits, ModelError>;

    /// Appends nodes to the tree that hangs off the end of the fed tokens and returns the logits
    /// that follow the chosen ones. A node sees the fed tokens, its ancestors and itself.
    ///
    /// # Errors
    /// As [`feed`](Self::feed), and [`ModelError::BadTree`] for a parent that is not an earlier
    /// node.
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session, TreeNode};
    /// # use tokenrail::vocab::TokenId;
    /// # fn example(session: &mut dyn Session, [a, b, c]: [TokenId; 3]) -> Result<(), ModelError> {
    /// // The continuations `ab` and `ac` in one pass: `a` is run once.
    /// let node = |token, parent| TreeNode { token, parent };
    /// let nodes = [node(a, None), node(b, Some(0)), node(c, Some(0))];
    /// let after_b_and_c = session.feed_tree(&nodes, Rows::At(&[1, 2]))?;
    /// # Ok(())
    /// # }
    /// ```
    fn feed_tree(&mut self, nodes: &[TreeNode], rows: Rows<'_>) -> Result<Logits, ModelError>;

    /// Drops the tree, appends `tokens`, and hangs `nodes` off their end, all in one pass: what
    /// [`feed`](Self::feed) and [`feed_tree`](Self::feed_tree) do in two. Rows count the tokens
    /// first, then the nodes.
    ///
    /// # Errors
    /// As [`feed_tree`](Self::feed_tree).
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session, TreeNode};
    /// # use tokenrail::vocab::TokenId;
    /// # fn example(session: &mut dyn Session, prompt: &[TokenId], a: TokenId) -> Result<(), ModelError> {
    /// let node = TreeNode { token: a, parent: None };
    /// let rows = [prompt.len() - 1, prompt.len()];
    /// let after_prompt_and_a = session.feed_with_tree(prompt, &[node], Rows::At(&rows))?;
    /// # Ok(())
    /// # }
    /// ```
    fn feed_with_tree(
        &mut self,
        tokens: &[TokenId],
        nodes: &[TreeNode],
        rows: Rows<'_>,
    ) -> Result<Logits, ModelError>;

    /// The bytes of what was computed for the tokens and the tree. What forks share counts for each.
    ///
    /// ```
    /// # use tokenrail::model::Session;
    /// fn fits(session: &dyn Session, megabytes: usize) -> bool {
    ///     session.bytes() <= megabytes << 20
    /// }
    /// ```
    fn bytes(&self) -> usize;

    /// Forgets the tree and all but the first `len` tokens; nothing when fewer were fed.
    ///
    /// Law: what is fed next has the logits it would have had if the rest had never been there.
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session};
    /// # use tokenrail::vocab::TokenId;
    /// # fn example(session: &mut dyn Session, ids: &[TokenId]) -> Result<(), ModelError> {
    /// session.feed(ids, Rows::None)?;
    /// session.truncate(1);
    /// assert_eq!(session.tokens(), &ids[..1]);
    /// # Ok(())
    /// # }
    /// ```
    fn truncate(&mut self, len: usize);

    /// Writes the tokens and what was computed for them, not the tree, with a checksum behind it, for
    /// [`LanguageModel::restore`]. Who wants it written in large pieces passes a buffered writer.
    ///
    /// # Errors
    /// Those of `to`.
    fn save(&self, to: &mut dyn Write) -> io::Result<()>;

    /// Starts a second session in the same state, sharing what was computed.
    ///
    /// ```
    /// # use tokenrail::model::{ModelError, Rows, Session};
    /// # use tokenrail::vocab::TokenId;
    /// # fn example(session: &dyn Session, ids: &[TokenId]) -> Result<(), ModelError> {
    /// let mut other = session.fork();
    /// other.feed(ids, Rows::None)?;
    /// assert_eq!(other.tokens().len(), session.tokens().len() + ids.len());
    /// # Ok(())
    /// # }
    /// ```
    fn fork(&self) -> Box<dyn Session>;
}

/// A node of the tree that [`Session::feed_tree`] hangs off a sequence.
///
/// ```
/// use tokenrail::model::TreeNode;
/// use tokenrail::vocab::TokenId;
///
/// // A chain: each node hangs off the one before.
/// let ids = [TokenId(7), TokenId(8), TokenId(9)].into_iter().enumerate();
/// let chain: Vec<_> =
///     ids.map(|(at, token)| TreeNode { token, parent: at.checked_sub(1) }).collect();
/// assert_eq!((chain[0].parent, chain[2].parent), (None, Some(1)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeNode {
    /// The token at this node.
    pub token: TokenId,
    /// The index of the node before it, counted over all nodes since the tree was begun; `None`
    /// hangs off the end of the fed tokens.
    pub parent: Option<usize>,
}

/// The tokens of one call whose following logits are wanted.
///
/// ```
/// use tokenrail::model::Rows;
///
/// // Of four tokens, the logits after the second and the last:
/// let rows = Rows::At(&[3, 1, 3]);
/// assert_eq!(rows.indices(4)?, [1, 3]);
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
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
    ///
    /// ```
    /// use tokenrail::model::Rows;
    ///
    /// assert_eq!(Rows::All.indices(3)?, [0, 1, 2]);
    /// assert!(Rows::Last.indices(0)?.is_empty());
    /// assert!(Rows::At(&[3]).indices(3).is_err());
    /// # Ok::<(), tokenrail::model::ModelError>(())
    /// ```
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
