//! One sequence through an engine, with a tree of continuations at its end.
//!
//! Everything that a session promises is kept here, once for all engines: what is checked before a
//! pass, where tokens and nodes stand, what each of them sees, and that a failed call changes nothing.
//! An engine is given rows and what they see, and knows of no tree.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::config::Config;
use super::engine::{Engine, Head, Pass, Sight};
use super::saved::{Reader, Writer};
use crate::model::{Logits, ModelError, Rows, Session, TreeNode};
use crate::vocab::{TokenId, TokenMask};

/// The most tokens in one pass: bounds the memory of attention scores and logits.
const CHUNK: usize = 256;

/// A sequence fed to an [`Engine`].
#[derive(Debug)]
pub(super) struct LocalSession<E: Engine> {
    engine: Arc<E>,
    /// Names the model and its precision.
    origin: Arc<str>,
    tokens: Vec<TokenId>,
    tree: Vec<Branch>,
    /// Holds `tokens`, then `tree`.
    cache: E::Cache,
}

/// One input of a pass.
#[derive(Debug, Clone, Copy)]
enum Input {
    Token(TokenId),
    Node(TreeNode),
}

/// Where a tree node hangs.
#[derive(Debug, Clone, Copy)]
struct Branch {
    parent: Option<usize>,
    /// 0 for a node that hangs off the sequence.
    depth: usize,
}

impl<E: Engine> LocalSession<E> {
    /// A sequence that was fed nothing.
    pub(super) fn new(engine: Arc<E>, origin: Arc<str>) -> Self {
        let cache = engine.empty_cache();
        Self { engine, origin, tokens: Vec::new(), tree: Vec::new(), cache }
    }

    /// A sequence as [`Session::save`] wrote it.
    pub(super) fn restore(
        engine: Arc<E>,
        origin: Arc<str>,
        from: &mut dyn Read,
    ) -> Result<Self, ModelError> {
        let &Config { context, vocabulary: size, .. } = engine.config();
        let (mut reader, tokens) = Reader::begin(from, &origin, context)?;
        if let Some(&id) = tokens.iter().find(|id| id.index() >= size) {
            return Err(ModelError::UnknownToken { id, size });
        }
        let cache = engine.restore(tokens.len(), &mut reader)?;
        reader.end()?;
        Ok(Self { engine, origin, tokens, tree: Vec::new(), cache })
    }

    /// Drops the tree, and appends tokens, then nodes. Nothing changes when it fails.
    fn extend(
        &mut self,
        inputs: &[Input],
        rows: Rows<'_>,
        wanted: Option<&TokenMask>,
    ) -> Result<Logits, ModelError> {
        let rows = self.check((self.tokens.len(), &[]), inputs, rows)?;
        let head = Head { rows: &rows, wanted };
        if self.tree.is_empty() {
            return self.append(inputs, head);
        }
        // A copy, as the tree would be lost if the pass failed; where none hangs here, nothing
        // would.
        let mut grown = self.clone();
        grown.truncate(self.tokens.len());
        let logits = grown.append(inputs, head)?;
        *self = grown;
        Ok(logits)
    }

    /// Appends tokens, behind which no tree hangs yet, or nodes, and returns the logits after the
    /// chosen ones. Nothing changes when it fails.
    fn append(&mut self, inputs: &[Input], head: Head<'_>) -> Result<Logits, ModelError> {
        let (tokens, tree) = (self.tokens.len(), self.tree.len());
        let mut logits = Vec::new();
        for (index, chunk) in inputs.chunks(CHUNK).enumerate() {
            let start = index * CHUNK;
            let range = start..start + chunk.len();
            let chosen = head.rows.iter().filter(|row| range.contains(row)).map(|row| row - start);
            let rows: Vec<usize> = chosen.collect();
            match self.pass(chunk, Head { rows: &rows, ..head }) {
                Ok(more) if logits.is_empty() => logits = more,
                Ok(more) => logits.extend(more),
                Err(error) => {
                    self.tokens.truncate(tokens);
                    self.tree.truncate(tree);
                    self.engine.truncate(&mut self.cache, tokens + tree);
                    return Err(error);
                }
            }
        }
        Ok(Logits::new(logits, self.engine.config().vocabulary))
    }

    /// Runs a chunk of inputs through the engine, and returns the logits after the chosen rows.
    ///
    /// A token looks at the tokens up to itself; a node at all tokens, its ancestors and itself, and
    /// its position is what it would be if its path had been fed.
    fn pass(&mut self, inputs: &[Input], head: Head<'_>) -> Result<Vec<f32>, ModelError> {
        let mut tokens = Vec::with_capacity(inputs.len());
        let mut positions = Vec::with_capacity(inputs.len());
        let mut sights = Vec::with_capacity(inputs.len());
        for input in inputs {
            tokens.push(input.token());
            match *input {
                Input::Token(token) => {
                    positions.push(self.tokens.len());
                    self.tokens.push(token);
                    sights.push(Sight { seen: self.tokens.len(), further: Vec::new() });
                }
                Input::Node(TreeNode { parent, .. }) => {
                    let depth = parent.map_or(0, |parent| self.tree[parent].depth + 1);
                    positions.push(self.tokens.len() + depth);
                    self.tree.push(Branch { parent, depth });
                    let further = self.path_to(self.tree.len() - 1);
                    sights.push(Sight { seen: self.tokens.len(), further });
                }
            }
        }
        let pass = Pass { tokens: &tokens, positions: &positions, sights: &sights };
        self.engine.forward(&pass, &mut self.cache, head)
    }

    /// The positions in the cache of a node's ancestors and of itself, from the root on.
    fn path_to(&self, node: usize) -> Vec<usize> {
        let ancestors = std::iter::successors(Some(node), |&node| self.tree[node].parent);
        let mut path: Vec<usize> = ancestors.map(|node| self.tokens.len() + node).collect();
        path.reverse();
        path
    }

    /// Checks inputs that come behind `tokens` fed ones and `tree`, and gives the chosen rows.
    fn check(
        &self,
        (tokens, tree): (usize, &[Branch]),
        inputs: &[Input],
        rows: Rows<'_>,
    ) -> Result<Vec<usize>, ModelError> {
        let size = self.engine.config().vocabulary;
        if let Some(id) = inputs.iter().map(|input| input.token()).find(|id| id.index() >= size) {
            return Err(ModelError::UnknownToken { id, size });
        }
        let mut length = tokens;
        let mut depths: Vec<usize> = tree.iter().map(|branch| branch.depth).collect();
        for input in inputs {
            let Input::Node(TreeNode { parent, .. }) = *input else {
                length += 1;
                continue;
            };
            let depth = match parent {
                None => 0,
                Some(parent) => match depths.get(parent) {
                    Some(depth) => depth + 1,
                    None => return Err(ModelError::BadTree { node: depths.len(), parent }),
                },
            };
            depths.push(depth);
        }
        let needed = length + depths.iter().max().map_or(0, |depth| depth + 1);
        let limit = self.engine.config().context;
        if needed > limit {
            return Err(ModelError::ContextFull { needed, limit });
        }
        rows.indices(inputs.len())
    }
}

impl Input {
    /// The token, wherever it stands.
    fn token(self) -> TokenId {
        match self {
            Self::Token(token) | Self::Node(TreeNode { token, .. }) => token,
        }
    }
}

impl<E: Engine> Clone for LocalSession<E> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            origin: Arc::clone(&self.origin),
            tokens: self.tokens.clone(),
            tree: self.tree.clone(),
            cache: self.cache.clone(),
        }
    }
}

impl<E: Engine> Session for LocalSession<E> {
    fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    fn feed_with_tree(
        &mut self,
        tokens: &[TokenId],
        nodes: &[TreeNode],
        rows: Rows<'_>,
    ) -> Result<Logits, ModelError> {
        let inputs: Vec<Input> = (tokens.iter().copied().map(Input::Token))
            .chain(nodes.iter().copied().map(Input::Node))
            .collect();
        self.extend(&inputs, rows, None)
    }

    fn feed_masked(
        &mut self,
        tokens: &[TokenId],
        rows: Rows<'_>,
        wanted: &TokenMask,
    ) -> Result<Logits, ModelError> {
        let inputs: Vec<Input> = tokens.iter().copied().map(Input::Token).collect();
        self.extend(&inputs, rows, Some(wanted))
    }

    fn feed_tree(&mut self, nodes: &[TreeNode], rows: Rows<'_>) -> Result<Logits, ModelError> {
        let inputs: Vec<Input> = nodes.iter().copied().map(Input::Node).collect();
        let rows = self.check((self.tokens.len(), &self.tree), &inputs, rows)?;
        self.append(&inputs, Head { rows: &rows, wanted: None })
    }

    fn bytes(&self) -> usize {
        self.engine.bytes(&self.cache)
    }

    fn truncate(&mut self, len: usize) {
        let len = len.min(self.tokens.len());
        if len == self.tokens.len() && self.tree.is_empty() {
            return;
        }
        self.tokens.truncate(len);
        self.tree.clear();
        self.engine.truncate(&mut self.cache, len);
    }

    fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut writer = Writer::begin(to, &self.origin, &self.tokens)?;
        let mut cache = self.cache.clone();
        self.engine.truncate(&mut cache, self.tokens.len());
        self.engine.save(&cache, &mut writer)?;
        writer.end()
    }

    fn fork(&self) -> Box<dyn Session> {
        Box::new(self.clone())
    }
}
