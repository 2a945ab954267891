//! The end of a prefix, written anew: a token may begin within a prefix and end behind it.
//!
//! A text is split into tokens anew when more comes: `Ada Love` ends in a token that a model which goes on
//! with `lace` would not have written. So the last tokens of a prefix are taken back, and what is drawn has to
//! agree with their bytes until these are written again ("token healing", Lundberg 2023). The text stays what
//! it was, byte for byte.
//!
//! Law, held by `tests/healing.rs`: the tokens that agree are those with which, and with others behind them,
//! the bytes can be written and something behind them.

use crate::vocab::{TokenId, TokenMask, TokenTrie, Vocabulary};

/// Bytes of a prefix that are to be written anew, and how far that is.
#[derive(Debug, Clone, Default)]
pub(super) struct Healing {
    bytes: Vec<u8>,
    /// So many of them are written.
    at: usize,
    /// The tokens that wrote them and nothing behind them.
    count: usize,
    /// Whether what stands behind each place can be written.
    can_end: Vec<bool>,
}

/// How many of the last tokens of a context are taken back: those that a token may have begun in which ends
/// behind the prefix. All of them are of the prefix, and one token is left.
pub(super) fn taken_back(vocabulary: &Vocabulary, context: &[TokenId], prefix: &str) -> usize {
    let (bytes, trie) = (prefix.as_bytes(), vocabulary.trie());
    let lengths = 1..=bytes.len().min(trie.longest());
    let begun = |length: &usize| trie.is_beginning(&bytes[bytes.len() - length..]);
    let Some(begun) = lengths.rev().find(begun) else { return 0 };
    let (mut count, mut left) = (0, bytes);
    for &id in context.iter().skip(1).rev() {
        let token = vocabulary.bytes(id);
        // What begins before the prefix, or is no part of it, stays.
        let before = left.strip_suffix(token).filter(|_| !token.is_empty());
        let Some(before) = before.filter(|_| bytes.len() - left.len() < begun) else { break };
        (count, left) = (count + 1, before);
    }
    count
}

impl Healing {
    /// Bytes that are to be written anew.
    pub(super) fn new(bytes: Vec<u8>, vocabulary: &Vocabulary) -> Self {
        let mut can_end = vec![true; bytes.len() + 1];
        for at in (0..bytes.len()).rev() {
            let mut ends = path(vocabulary.trie(), &bytes[at..]);
            can_end[at] = ends.any(|(node, length)| {
                can_end[at + length] && !vocabulary.trie().tokens(node).is_empty()
            });
        }
        Self { bytes, at: 0, count: 0, can_end }
    }

    /// Takes a token that agrees; gives what of it stands behind the prefix.
    pub(super) fn take<'t>(&mut self, token: &'t [u8]) -> &'t [u8] {
        let within = token.len().min(self.bytes.len() - self.at);
        self.count += usize::from(self.is_open() && self.is_within(token));
        self.at += within;
        &token[within..]
    }

    /// Whether something is still to be written.
    pub(super) fn is_open(&self) -> bool {
        self.at < self.bytes.len()
    }

    /// Whether a token writes nothing behind the prefix.
    pub(super) fn is_within(&self, token: &[u8]) -> bool {
        self.at + token.len() <= self.bytes.len()
    }

    /// The tokens that were taken and wrote nothing behind the prefix.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Those of some tokens that agree with what is still to be written.
    pub(super) fn agreeing(&self, legal: &TokenMask, vocabulary: &Vocabulary) -> TokenMask {
        let (rest, trie) = (&self.bytes[self.at..], vocabulary.trie());
        let mut agreeing = TokenMask::new(legal.len());
        for (node, length) in path(trie, rest) {
            let tokens = match length == rest.len() {
                true => trie.subtree_tokens(node),
                false if self.can_end[self.at + length] => trie.tokens(node),
                false => &[],
            };
            let tokens = tokens.iter().filter(|&&id| legal.contains(id));
            tokens.for_each(|&id| agreeing.insert(id));
        }
        agreeing
    }
}

/// The nodes along some bytes, and their depths.
fn path(trie: &TokenTrie, bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut node = None;
    bytes.iter().enumerate().map_while(move |(at, &byte)| {
        node = trie.child(node, byte);
        Some((node?, at + 1))
    })
}
