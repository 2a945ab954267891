//! One sequence through the transformer, with a tree of continuations at its end.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::attention::Cache;
use super::transformer::Transformer;
use crate::model::{Logits, ModelError, Rows, Session, TreeNode};
use crate::vocab::TokenId;

/// The most tokens in one pass: bounds the memory of attention scores and logits.
const CHUNK: usize = 256;

/// A sequence fed to a [`Transformer`].
#[derive(Debug, Clone)]
pub(super) struct LocalSession {
    transformer: Arc<Transformer>,
    tokens: Vec<TokenId>,
    tree: Vec<Branch>,
    /// One a layer; each holds `tokens`, then `tree`.
    caches: Vec<Cache>,
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

impl LocalSession {
    pub(super) fn new(transformer: Arc<Transformer>) -> Self {
        let caches = transformer.empty_caches();
        Self { transformer, tokens: Vec::new(), tree: Vec::new(), caches }
    }

    /// Appends tokens, behind which no tree hangs yet, or nodes, and returns the logits after the
    /// chosen ones. A failure may leave half of them: callers work on a copy.
    fn append(
        &mut self,
        tokens: &[TokenId],
        nodes: &[TreeNode],
        rows: Rows<'_>,
    ) -> Result<Logits, ModelError> {
        let inputs: Vec<Input> = (tokens.iter().copied().map(Input::Token))
            .chain(nodes.iter().copied().map(Input::Node))
            .collect();
        self.check_tokens(&inputs)?;
        self.check_nodes(self.tokens.len() + tokens.len(), nodes)?;
        let rows = rows.indices(inputs.len())?;
        let mut logits = Vec::new();
        for (index, chunk) in inputs.chunks(CHUNK).enumerate() {
            let start = index * CHUNK;
            let chosen: Vec<usize> = rows
                .iter()
                .filter(|&&row| (start..start + chunk.len()).contains(&row))
                .map(|row| row - start)
                .collect();
            logits.extend(self.pass(chunk, &chosen)?);
        }
        Ok(Logits::new(logits, self.transformer.config().vocabulary))
    }

    /// Runs a chunk of inputs through the transformer, and returns the logits after the chosen rows.
    ///
    /// A token looks at the tokens up to itself; a node at all tokens, its ancestors and itself, and
    /// its position is what it would be if its path had been fed.
    fn pass(&mut self, inputs: &[Input], rows: &[usize]) -> Result<Vec<f32>, ModelError> {
        let earlier = self.tokens.len() + self.tree.len();
        for input in inputs {
            match *input {
                Input::Token(token) => self.tokens.push(token),
                Input::Node(TreeNode { parent, .. }) => {
                    let depth = parent.map_or(0, |parent| self.tree[parent].depth + 1);
                    self.tree.push(Branch { parent, depth });
                }
            }
        }
        let tokens: Vec<TokenId> = inputs.iter().map(|input| input.token()).collect();
        let sequence = self.tokens.len();
        let seen = sequence + self.tree.len();
        let positions: Vec<usize> = (earlier..seen)
            .map(|at| at.checked_sub(sequence).map_or(at, |node| sequence + self.tree[node].depth))
            .collect();
        let mut mask = vec![f32::NEG_INFINITY; tokens.len() * seen];
        for (at, mask) in (earlier..).zip(mask.chunks_exact_mut(seen)) {
            mask[..sequence.min(at + 1)].fill(0.0);
            let mut node = at.checked_sub(sequence);
            while let Some(ancestor) = node {
                mask[sequence + ancestor] = 0.0;
                node = self.tree[ancestor].parent;
            }
        }
        let mask = Tensor::from_vec(mask, (tokens.len(), seen), &Device::Cpu)?;
        let hidden = self.transformer.forward(&tokens, &positions, &mask, &mut self.caches)?;
        self.transformer.logits(&hidden, rows)
    }

    fn check_tokens(&self, inputs: &[Input]) -> Result<(), ModelError> {
        let size = self.transformer.config().vocabulary;
        match inputs.iter().map(|input| input.token()).find(|id| id.index() >= size) {
            Some(id) => Err(ModelError::UnknownToken { id, size }),
            None => Ok(()),
        }
    }

    /// Checks `nodes` behind the tree, and that the deepest fits the context behind `tokens`.
    fn check_nodes(&self, tokens: usize, nodes: &[TreeNode]) -> Result<(), ModelError> {
        let mut depths: Vec<usize> = self.tree.iter().map(|branch| branch.depth).collect();
        for node in nodes {
            let depth = match node.parent {
                None => 0,
                Some(parent) => match depths.get(parent) {
                    Some(depth) => depth + 1,
                    None => return Err(ModelError::BadTree { node: depths.len(), parent }),
                },
            };
            depths.push(depth);
        }
        let needed = tokens + depths.iter().max().map_or(0, |depth| depth + 1);
        let limit = self.transformer.config().context;
        if needed > limit { Err(ModelError::ContextFull { needed, limit }) } else { Ok(()) }
    }
}

impl Input {
    fn token(self) -> TokenId {
        match self {
            Self::Token(token) | Self::Node(TreeNode { token, .. }) => token,
        }
    }
}

impl Session for LocalSession {
    fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    fn feed_with_tree(
        &mut self,
        tokens: &[TokenId],
        nodes: &[TreeNode],
        rows: Rows<'_>,
    ) -> Result<Logits, ModelError> {
        // A copy shares the caches; it takes the session's place once nothing can fail.
        let mut grown = self.clone();
        grown.truncate(self.tokens.len());
        let logits = grown.append(tokens, nodes, rows)?;
        *self = grown;
        Ok(logits)
    }

    fn feed_tree(&mut self, nodes: &[TreeNode], rows: Rows<'_>) -> Result<Logits, ModelError> {
        let mut grown = self.clone();
        let logits = grown.append(&[], nodes, rows)?;
        *self = grown;
        Ok(logits)
    }

    fn truncate(&mut self, len: usize) {
        let len = len.min(self.tokens.len());
        if len == self.tokens.len() && self.tree.is_empty() {
            return;
        }
        self.tokens.truncate(len);
        self.tree.clear();
        for cache in &mut self.caches {
            cache.truncate(len).expect("the cache holds at least the tokens that were fed");
        }
    }

    fn fork(&self) -> Box<dyn Session> {
        Box::new(self.clone())
    }
}
