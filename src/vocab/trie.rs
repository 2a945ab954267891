//! The tokens of a vocabulary as a trie over their bytes.

use std::cmp::Ordering;
use std::sync::OnceLock;

use super::plain::Plain;
use super::{TokenId, Vocabulary};

/// A trie over the bytes of a vocabulary's tokens, in preorder: a walk reads it front to back, and
/// leaves a subtree out by one jump.
///
/// Tokens with equal bytes share a node. Special tokens and padded ids have no bytes and no node.
///
/// ```
/// use tokenrail::vocab::{TokenId, Vocabulary};
///
/// let vocabulary = Vocabulary::new([b"a".as_slice(), b"ab", b"b"], []);
/// let trie = vocabulary.trie();
/// let bytes: Vec<u8> = trie.nodes().iter().map(|node| node.byte()).collect();
/// assert_eq!(bytes, b"abb");
/// assert_eq!(trie.nodes()[0].end(), 2, "the node of a and that of ab below it");
/// assert_eq!(trie.tokens(1), [TokenId(1)]);
/// ```
#[derive(Debug, Default)]
pub struct TokenTrie {
    nodes: Vec<TrieNode>,
    /// The ids, in the order of the nodes that they end at.
    tokens: Vec<TokenId>,
    /// `token_ends[node]` is where the ids of `node` end; they begin where those of `node - 1` end.
    token_ends: Vec<u32>,
    /// The nodes behind the root by their bytes: there are many, and each walk begins with some.
    /// `u32::MAX` where no token begins so, and empty where there are no tokens.
    first: Vec<u32>,
    /// The length of the longest token, in bytes.
    longest: usize,
    /// The number of ids of the vocabulary.
    ids: usize,
    plain: OnceLock<Box<Plain>>,
}

/// A byte after a given beginning: eight bytes, so that a walk stays within the cache.
///
/// ```
/// use tokenrail::vocab::Vocabulary;
///
/// let vocabulary = Vocabulary::new([b"in".as_slice(), b"ink"], []);
/// let node = vocabulary.trie().nodes()[1];
/// assert_eq!((node.byte(), node.depth(), node.end()), (b'n', 2, 3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrieNode {
    /// The byte in the lowest 8 bits, above it the depth, from 1.
    byte_and_depth: u32,
    end: u32,
}

impl TrieNode {
    /// The byte that leads here.
    #[must_use]
    pub fn byte(self) -> u8 {
        self.byte_and_depth as u8
    }

    /// The number of bytes from the root to here, this one included.
    #[must_use]
    pub fn depth(self) -> usize {
        (self.byte_and_depth >> 8) as usize
    }

    /// The index of the first node behind this one's subtree: where a walk goes on that leaves the
    /// subtree out.
    #[must_use]
    pub fn end(self) -> usize {
        self.end as usize
    }
}

impl TokenTrie {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let ids = (0..).map(TokenId).take(vocabulary.len());
        let tokens = ids.map(|id| (vocabulary.bytes(id), id));
        let mut trie = Self::of(tokens.filter(|(bytes, _)| !bytes.is_empty()).collect());
        trie.ids = vocabulary.len();
        trie
    }

    /// The trie of some tokens, none of which is empty.
    pub(super) fn of<B: AsRef<[u8]> + Ord>(mut sorted: Vec<(B, TokenId)>) -> Self {
        sorted.sort_unstable();
        let mut trie = Self::default();
        let mut open: Vec<usize> = Vec::new();
        let mut before: &[u8] = b"";
        for (bytes, id) in &sorted {
            let (bytes, id) = (bytes.as_ref(), *id);
            let shared = bytes.iter().zip(before).take_while(|(a, b)| a == b).count();
            trie.close(&mut open, shared);
            for &byte in &bytes[shared..] {
                open.push(trie.nodes.len());
                let byte_and_depth = u32::from(byte) | (open.len() as u32) << 8;
                trie.nodes.push(TrieNode { byte_and_depth, end: 0 });
                trie.token_ends.push(trie.tokens.len() as u32);
            }
            trie.tokens.push(id);
            if let Some(end) = trie.token_ends.last_mut() {
                *end = trie.tokens.len() as u32;
            }
            trie.longest = trie.longest.max(bytes.len());
            before = bytes;
        }
        trie.close(&mut open, 0);
        trie.first = trie.by_first_byte();
        trie
    }

    /// Where the nodes behind the root are, by their bytes.
    fn by_first_byte(&self) -> Vec<u32> {
        let mut first = vec![u32::MAX; 256];
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            first[usize::from(node.byte())] = at as u32;
            at = node.end();
        }
        first
    }

    /// The nodes in preorder; the root, which stands for the empty text, is none.
    #[must_use]
    pub fn nodes(&self) -> &[TrieNode] {
        &self.nodes
    }

    /// The tokens whose bytes are those from the root to `node`, by ascending id.
    #[must_use]
    pub fn tokens(&self, node: usize) -> &[TokenId] {
        let start = node.checked_sub(1).map_or(0, |before| self.token_ends[before]);
        &self.tokens[start as usize..self.token_ends[node] as usize]
    }

    /// The tokens of a node and of all nodes below it: those that begin with its bytes.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"on".as_slice(), b"one", b"only", b"or"], []);
    /// let trie = vocabulary.trie();
    /// let on = trie.child(trie.child(None, b'o'), b'n').expect("tokens begin so");
    /// assert_eq!(trie.subtree_tokens(on), [TokenId(0), TokenId(1), TokenId(2)]);
    /// ```
    #[must_use]
    pub fn subtree_tokens(&self, node: usize) -> &[TokenId] {
        let start = node.checked_sub(1).map_or(0, |before| self.token_ends[before]);
        &self.tokens[start as usize..self.token_ends[self.nodes[node].end() - 1] as usize]
    }

    /// The node behind `node`, or behind the root where that is `None`, by this byte; `None` where no
    /// token goes on so.
    #[must_use]
    pub fn child(&self, node: Option<usize>, byte: u8) -> Option<usize> {
        let Some(node) = node else {
            let first = self.first.get(usize::from(byte)).filter(|&&at| at != u32::MAX);
            return first.map(|&at| at as usize);
        };
        let (mut at, end) = (node + 1, self.nodes[node].end());
        while at < end {
            match self.nodes[at].byte().cmp(&byte) {
                Ordering::Less => at = self.nodes[at].end(),
                Ordering::Equal => return Some(at),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// Whether some token begins with these bytes and is longer: more bytes may make another token of
    /// them.
    ///
    /// ```
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let vocabulary = Vocabulary::new([b"th".as_slice(), b"the"], []);
    /// let trie = vocabulary.trie();
    /// assert!(trie.is_beginning(b"th") && !trie.is_beginning(b"the"));
    /// ```
    #[must_use]
    pub fn is_beginning(&self, bytes: &[u8]) -> bool {
        let node = bytes.iter().try_fold(None, |node, &byte| self.child(node, byte).map(Some));
        node.is_some_and(|node| match node {
            Some(node) => self.nodes[node].end() > node + 1,
            None => !self.nodes.is_empty(),
        })
    }

    /// The tokens as they stand within strings. Found when first asked for.
    pub(crate) fn plain(&self) -> &Plain {
        self.plain.get_or_init(|| Box::new(Plain::new(self, self.ids)))
    }

    /// The length of the longest token, in bytes.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Ends the subtrees of the open nodes past the first `keep`.
    fn close(&mut self, open: &mut Vec<usize>, keep: usize) {
        let end = self.nodes.len() as u32;
        for node in open.drain(keep..) {
            self.nodes[node].end = end;
        }
    }
}
