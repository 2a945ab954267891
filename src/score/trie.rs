//! Candidates' tokens with common beginnings stored once.

use crate::vocab::TokenId;

/// A trie over candidates. Nodes are numbered in preorder: parents before children, each subtree
/// in one run.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// The children of the root, which stands for the context.
    roots: Vec<usize>,
    /// The nodes of each candidate, first to last.
    paths: Vec<Vec<usize>>,
}

/// A token after a given beginning. Children are in ascending order of their tokens.
#[derive(Debug)]
struct Node {
    token: TokenId,
    parent: Option<usize>,
    children: Vec<usize>,
}

impl Trie {
    /// Builds the trie of non-empty candidates.
    pub(super) fn new(candidates: &[Vec<TokenId>]) -> Self {
        let mut trie = Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            paths: vec![Vec::new(); candidates.len()],
        };
        // In this order, appending new nodes numbers them in preorder.
        let mut sorted: Vec<usize> = (0..candidates.len()).collect();
        sorted.sort_by_key(|&index| &candidates[index]);
        for index in sorted {
            let mut parent = None;
            for &token in &candidates[index] {
                let node = trie.child(parent, token);
                trie.paths[index].push(node);
                parent = Some(node);
            }
        }
        trie
    }

    /// The number of nodes; the root, which stands for the context, is none.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The token at a node; nodes come from [`paths`](Self::paths) and are in range.
    pub(super) fn token(&self, node: usize) -> TokenId {
        self.nodes[node].token
    }

    /// The node before a node; `None` where that is the context.
    pub(super) fn parent(&self, node: usize) -> Option<usize> {
        self.nodes[node].parent
    }

    /// The nodes after `node`, or after the context.
    pub(super) fn children(&self, node: Option<usize>) -> &[usize] {
        match node {
            Some(node) => &self.nodes[node].children,
            None => &self.roots,
        }
    }

    /// The nodes of each candidate, first to last.
    pub(super) fn paths(&self) -> &[Vec<usize>] {
        &self.paths
    }

    /// Whether no candidate begins another: only then are candidates exclusive events, whose
    /// probabilities add up. Equal candidates share a path and are not told apart.
    pub(super) fn is_prefix_free(&self) -> bool {
        self.paths
            .iter()
            .all(|path| path.last().is_none_or(|&end| self.nodes[end].children.is_empty()))
    }

    /// The child with this token; sorted insertion makes it the last child or a new one.
    fn child(&mut self, parent: Option<usize>, token: TokenId) -> usize {
        let last = self.children(parent).last().copied();
        if let Some(last) = last.filter(|&last| self.nodes[last].token == token) {
            return last;
        }
        let node = self.nodes.len();
        self.nodes.push(Node { token, parent, children: Vec::new() });
        match parent {
            Some(parent) => self.nodes[parent].children.push(node),
            None => self.roots.push(node),
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_beginnings_in_preorder() {
        let candidates = [vec![3, 1, 4], vec![2], vec![3, 1, 5], vec![3]];
        let candidates = candidates.map(|ids| ids.into_iter().map(TokenId).collect());
        let trie = Trie::new(&candidates);
        assert_eq!(trie.len(), 5);
        assert_eq!(trie.paths(), [vec![1, 2, 3], vec![0], vec![1, 2, 4], vec![1]]);
        assert_eq!(trie.children(None), [0, 1]);
        assert_eq!((trie.children(Some(2)), trie.parent(3)), ([3, 4].as_slice(), Some(2)));
        assert!(!trie.is_prefix_free());
    }
}
