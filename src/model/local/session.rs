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

/// Runs one chunk of items and returns the logits after the chosen rows.
type Feed<T> = fn(&mut LocalSession, &[T], &[usize]) -> Result<Vec<f32>, ModelError>;

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

    /// Runs new tokens through the transformer, and returns the logits after the chosen rows.
    fn pass(
        &mut self,
        tokens: &[TokenId],
        positions: &[usize],
        mask: Vec<f32>,
        rows: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        let seen = self.tokens.len() + self.tree.len() + tokens.len();
        let mask = Tensor::from_vec(mask, (tokens.len(), seen), &Device::Cpu)?;
        let mut caches = self.caches.clone();
        let hidden = self.transformer.forward(tokens, positions, &mask, &mut caches)?;
        let logits = self.transformer.logits(&hidden, rows)?;
        self.caches = caches;
        Ok(logits)
    }

    fn feed_chunk(&mut self, tokens: &[TokenId], rows: &[usize]) -> Result<Vec<f32>, ModelError> {
        let start = self.tokens.len();
        let seen = start + tokens.len();
        let positions: Vec<usize> = (start..seen).collect();
        let mut mask = vec![f32::NEG_INFINITY; tokens.len() * seen];
        for (row, mask) in mask.chunks_exact_mut(seen).enumerate() {
            mask[..=start + row].fill(0.0);
        }
        let logits = self.pass(tokens, &positions, mask, rows)?;
        self.tokens.extend_from_slice(tokens);
        Ok(logits)
    }

    fn feed_branches(
        &mut self,
        nodes: &[TreeNode],
        rows: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        let (start, earlier) = (self.tokens.len(), self.tree.len());
        let mut tree = self.tree.clone();
        for node in nodes {
            let depth = node.parent.map_or(0, |parent| tree[parent].depth + 1);
            tree.push(Branch { parent: node.parent, depth });
        }
        let seen = start + tree.len();
        let mut mask = vec![f32::NEG_INFINITY; nodes.len() * seen];
        for (row, mask) in mask.chunks_exact_mut(seen).enumerate() {
            mask[..start].fill(0.0);
            let mut at = Some(earlier + row);
            while let Some(node) = at {
                mask[start + node] = 0.0;
                at = tree[node].parent;
            }
        }
        let tokens: Vec<TokenId> = nodes.iter().map(|node| node.token).collect();
        let positions: Vec<usize> =
            tree[earlier..].iter().map(|branch| start + branch.depth).collect();
        let logits = self.pass(&tokens, &positions, mask, rows)?;
        self.tree = tree;
        Ok(logits)
    }

    /// Feeds in chunks. A failure leaves the session between two chunks.
    fn in_chunks<T>(
        &mut self,
        items: &[T],
        rows: &[usize],
        feed: Feed<T>,
    ) -> Result<Logits, ModelError> {
        let mut logits = Vec::new();
        for (index, chunk) in items.chunks(CHUNK).enumerate() {
            let start = index * CHUNK;
            let local: Vec<usize> = rows
                .iter()
                .filter(|&&row| (start..start + chunk.len()).contains(&row))
                .map(|row| row - start)
                .collect();
            logits.extend(feed(self, chunk, &local)?);
        }
        Ok(Logits::new(logits, self.transformer.config().vocabulary))
    }

    fn check_tokens(&self, mut tokens: impl Iterator<Item = TokenId>) -> Result<(), ModelError> {
        let size = self.transformer.config().vocabulary;
        match tokens.find(|id| id.index() >= size) {
            Some(id) => Err(ModelError::UnknownToken { id, size }),
            None => Ok(()),
        }
    }

    fn check_length(&self, needed: usize) -> Result<(), ModelError> {
        let limit = self.transformer.config().context;
        if needed > limit { Err(ModelError::ContextFull { needed, limit }) } else { Ok(()) }
    }
}

impl Session for LocalSession {
    fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    fn feed(&mut self, tokens: &[TokenId], rows: Rows<'_>) -> Result<Logits, ModelError> {
        self.check_tokens(tokens.iter().copied())?;
        self.check_length(self.tokens.len() + tokens.len())?;
        let rows = rows.indices(tokens.len())?;
        // A copy shares the caches; it takes the session's place once nothing can fail.
        let mut fed = self.clone();
        fed.truncate(self.tokens.len());
        let logits = fed.in_chunks(tokens, &rows, Self::feed_chunk)?;
        *self = fed;
        Ok(logits)
    }

    fn feed_tree(&mut self, nodes: &[TreeNode], rows: Rows<'_>) -> Result<Logits, ModelError> {
        self.check_tokens(nodes.iter().map(|node| node.token))?;
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
        let deepest = depths.iter().max().map_or(0, |depth| depth + 1);
        self.check_length(self.tokens.len() + deepest)?;
        let rows = rows.indices(nodes.len())?;
        let mut fed = self.clone();
        let logits = fed.in_chunks(nodes, &rows, Self::feed_branches)?;
        *self = fed;
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
