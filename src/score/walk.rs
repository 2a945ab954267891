//! The packed pass: the context once, then the trie, output rows only where candidates go on.
//!
//! A node is *expanded* when the model has run it and its children's logprobs are known. Last tokens
//! of candidates need no run of their own.

use super::ScoreError;
use super::normalize::{By, Lengths};
use super::ranked::Counters;
use super::trie::Trie;
use crate::model::{Distribution, Rows, Session, TreeNode};
use crate::vocab::TokenId;

/// Nodes expanded in one pass: bounds the memory of logits (25 MB at 49k tokens).
const PASS: usize = 128;
/// Nodes kept in the session at once: bounds the memory of its cache (24 MB for 30 layers of 192).
const KEPT: usize = 512;

/// One run over a context and a trie.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    session: &'a mut dyn Session,
    trie: &'a Trie,
    counters: &'a mut Counters,
    context: &'a [TokenId],
    /// Where the node stands in the session's tree.
    fed: Vec<Option<usize>>,
    /// How many nodes the session's tree has.
    fed_count: usize,
    /// What is known of each node.
    known: Vec<Option<KnownToken>>,
    argmax: TokenId,
}

/// A token of a candidate whose logprob is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownToken {
    pub(super) id: TokenId,
    pub(super) logprob: f64,
    /// Whether the model finds no token more likely here.
    pub(super) is_greedy: bool,
}

/// What a walk found.
#[derive(Debug)]
pub(super) struct Measured {
    /// The known tokens of each candidate, from the first; all of them unless it was stopped.
    pub(super) candidates: Vec<Vec<KnownToken>>,
    /// The token that the model finds most likely after the context.
    pub(super) argmax: TokenId,
}

/// The sum of logprobs in nats, left to right: one order, so that a candidate's sum has the same
/// bits whichever others were scored with it.
pub(super) fn sum(tokens: &[KnownToken]) -> f64 {
    tokens.iter().map(|token| token.logprob).sum()
}

impl<'a> Walk<'a> {
    /// Begins a run, and counts what scoring one by one would have cost.
    pub(super) fn new(
        session: &'a mut dyn Session,
        context: &'a [TokenId],
        trie: &'a Trie,
        counters: &'a mut Counters,
    ) -> Self {
        counters.context_tokens += context.len();
        counters.trie_nodes += trie.len();
        for path in trie.paths() {
            counters.candidate_tokens += path.len();
            // Alone, too, a candidate's last token would need no run.
            counters.one_by_one_tokens += context.len() + path.len() - 1;
        }
        Self {
            session,
            context,
            trie,
            counters,
            fed: vec![None; trie.len()],
            fed_count: 0,
            known: vec![None; trie.len()],
            argmax: TokenId(0),
        }
    }

    /// Learns every candidate's logprobs. Leaves are left out: nothing follows them.
    pub(super) fn run_all(&mut self) -> Result<(), ScoreError> {
        let inner: Vec<usize> = (0..self.trie.len())
            .filter(|&node| !self.trie.children(Some(node)).is_empty())
            .collect();
        // In preorder the ancestors of the first nodes are among them.
        let (first, rest) = inner.split_at(inner.len().min(PASS));
        self.begin(first)?;
        self.expand(rest)
    }

    /// Learns enough to know the best `top` candidates and their logprobs.
    ///
    /// Logprobs are at most 0, so what is known of a candidate bounds its score from above. The most
    /// promising candidates are finished first; then the others go on a token at a time while their
    /// bound reaches the worst of the best.
    pub(super) fn run_top(
        &mut self,
        top: usize,
        lengths: &[Lengths],
        by: By,
    ) -> Result<(), ScoreError> {
        self.begin(&[])?;
        loop {
            let (mut finished, mut live) = (Vec::new(), Vec::new());
            for (index, path) in self.trie.paths().iter().enumerate() {
                let known = self.known_tokens(index);
                let bound = lengths[index].score(by, sum(&known));
                if known.len() == path.len() {
                    finished.push(bound);
                } else {
                    live.push((index, bound));
                }
            }
            finished.sort_by(|a, b| b.total_cmp(a));
            live.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            let mut next = Vec::new();
            if let Some(missing) = top.checked_sub(finished.len()).filter(|&missing| missing > 0) {
                for &(index, _) in live.iter().take(missing) {
                    let path = &self.trie.paths()[index];
                    next.extend_from_slice(&path[..path.len() - 1]);
                }
            } else {
                let worst = finished[top - 1];
                let hopeful = live.iter().filter(|(_, bound)| *bound >= worst);
                next.extend(hopeful.map(|&(index, _)| self.frontier(index)));
            }
            // Children are learned together, so the first tells whether a node was expanded.
            next.retain(|&node| self.known[self.trie.children(Some(node))[0]].is_none());
            next.sort_unstable();
            next.dedup();
            if next.is_empty() {
                return Ok(());
            }
            self.expand(&next)?;
        }
    }

    /// Ends the walk; the session keeps the context.
    pub(super) fn finish(self) -> Measured {
        self.session.truncate(self.context.len());
        let candidates =
            (0..self.trie.paths().len()).map(|index| self.known_tokens(index)).collect();
        Measured { candidates, argmax: self.argmax }
    }

    /// The known tokens of a candidate, from its first.
    fn known_tokens(&self, index: usize) -> Vec<KnownToken> {
        self.trie.paths()[index].iter().map_while(|&node| self.known[node]).collect()
    }

    /// The last known node of an unfinished candidate.
    fn frontier(&self, index: usize) -> usize {
        let path = &self.trie.paths()[index];
        // The first node is always known: the context's row gives it.
        path[self.known_tokens(index).len().max(1) - 1]
    }

    /// Runs the context, as far as the session does not hold it already, and with it `nodes`, which
    /// include their ancestors.
    fn begin(&mut self, nodes: &[usize]) -> Result<(), ScoreError> {
        let held = self.session.tokens().iter().zip(self.context);
        let common = held.take_while(|(a, b)| a == b).count();
        // The session keeps no logits, so the last token runs again even when nothing changed.
        let reused = common.min(self.context.len().saturating_sub(1));
        self.session.truncate(reused);
        let new = &self.context[reused..];
        let tree = self.hang(nodes);
        let rows: Vec<usize> = (new.len() - 1..new.len() + tree.len()).collect();
        let logits = self.session.feed_with_tree(new, &tree, Rows::At(&rows))?;
        self.counters.reused_tokens += reused;
        self.counters.forward_tokens += new.len() + tree.len();
        self.counters.head_rows += rows.len();
        let after = std::iter::once(None).chain(nodes.iter().copied().map(Some));
        for (node, next) in after.zip(logits.distributions()?) {
            if node.is_none() {
                self.argmax = next.argmax();
            }
            self.learn(node, &next);
        }
        Ok(())
    }

    /// Runs nodes, given in preorder, and learns their children's logprobs.
    fn expand(&mut self, nodes: &[usize]) -> Result<(), ScoreError> {
        for wanted in nodes.chunks(PASS) {
            let mut run = self.with_unfed_ancestors(wanted);
            if self.fed_count + run.len() > KEPT {
                // The session cannot forget single nodes: all go, and ancestors are run again.
                self.session.truncate(self.context.len());
                self.fed.fill(None);
                self.fed_count = 0;
                run = self.with_unfed_ancestors(wanted);
            }
            let tree = self.hang(&run);
            let rows: Vec<usize> =
                (0..run.len()).filter(|&row| wanted.binary_search(&run[row]).is_ok()).collect();
            let logits = self.session.feed_tree(&tree, Rows::At(&rows))?;
            self.counters.forward_tokens += run.len();
            self.counters.head_rows += rows.len();
            for (row, next) in rows.iter().zip(logits.distributions()?) {
                self.learn(Some(run[*row]), &next);
            }
        }
        Ok(())
    }

    /// Gives nodes their places in the session's tree.
    fn hang(&mut self, nodes: &[usize]) -> Vec<TreeNode> {
        let place = |&node: &usize| {
            self.fed[node] = Some(self.fed_count);
            self.fed_count += 1;
            let parent = self.trie.parent(node).and_then(|parent| self.fed[parent]);
            TreeNode { token: self.trie.token(node), parent }
        };
        nodes.iter().map(place).collect()
    }

    /// The nodes and those of their ancestors that the session does not hold, in preorder.
    fn with_unfed_ancestors(&self, nodes: &[usize]) -> Vec<usize> {
        let mut run = Vec::new();
        for &node in nodes {
            let mut at = Some(node);
            while let Some(ancestor) = at.filter(|&ancestor| self.fed[ancestor].is_none()) {
                run.push(ancestor);
                at = self.trie.parent(ancestor);
            }
        }
        run.sort_unstable();
        run.dedup();
        run
    }

    /// Reads the children's logprobs off the distribution after `node`, or after the context. Of
    /// equally likely tokens only the one with the lowest id counts as greedy.
    fn learn(&mut self, node: Option<usize>, next: &Distribution<'_>) {
        let argmax = next.argmax();
        for &child in self.trie.children(node) {
            let id = self.trie.token(child);
            let is_greedy = id == argmax;
            self.known[child] = Some(KnownToken { id, logprob: next.logprob(id), is_greedy });
        }
    }
}
