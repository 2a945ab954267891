//! One bit a token: what masks are to those who apply them.
//!
//! Engines that run models elsewhere take these words as they are, so their layout is part of the
//! contract: 32 bits a word, the lowest bit first, and no bit set past the last id.

use std::fmt;

use super::TokenId;

/// A set of token ids, one bit each: bit `id % 32` of word `id / 32`, as inference engines read it.
///
/// ```
/// use tokenrail::vocab::{TokenId, TokenMask};
///
/// let mut mask = TokenMask::new(40);
/// mask.insert(TokenId(33));
/// assert_eq!(mask.words(), [0, 2]);
/// assert_eq!(mask.iter().collect::<Vec<_>>(), [TokenId(33)]);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TokenMask {
    words: Vec<u32>,
    /// The number of ids; bits past it are 0.
    len: usize,
}

impl TokenMask {
    /// Makes a mask of `len` ids that allows none.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(32)], len }
    }

    /// Allows no id.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Allows an id; one past the mask's ids is ignored.
    pub fn insert(&mut self, id: TokenId) {
        if id.index() < self.len {
            self.words[id.index() / 32] |= 1 << (id.index() % 32);
        }
    }

    /// Allows an id no more; one past the mask's ids is ignored.
    pub fn remove(&mut self, id: TokenId) {
        if id.index() < self.len {
            self.words[id.index() / 32] &= !(1 << (id.index() % 32));
        }
    }

    /// Makes this mask equal to another of as many ids.
    pub fn copy_from(&mut self, other: &Self) {
        self.words.clone_from(&other.words);
        self.len = other.len;
    }

    /// Allows what the other mask, of as many ids, allows too.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, TokenMask};
    ///
    /// let (mut mask, mut other) = (TokenMask::new(8), TokenMask::new(8));
    /// mask.insert(TokenId(1));
    /// other.insert(TokenId(6));
    /// mask.union_with(&other);
    /// assert!(mask.contains(TokenId(1)) && mask.contains(TokenId(6)));
    /// ```
    pub fn union_with(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// The number of ids that it has a bit for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no id is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The number of allowed ids.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether an id is allowed.
    #[must_use]
    pub fn contains(&self, id: TokenId) -> bool {
        self.words.get(id.index() / 32).is_some_and(|word| word >> (id.index() % 32) & 1 == 1)
    }

    /// The words, `len().div_ceil(32)` of them.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The allowed ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TokenId> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let is_some = |rest: &u32| *rest != 0;
            let next = move |rest: &u32| Some(rest & (rest - 1)).filter(is_some);
            std::iter::successors(Some(word).filter(is_some), next)
                .map(move |rest| TokenId(index as u32 * 32 + rest.trailing_zeros()))
        })
    }
}

impl fmt::Debug for TokenMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenMask({} of {})", self.count(), self.len)
    }
}
