//! Tokens as they stand within quoted strings.
//!
//! Within a string almost every token goes on with it, whatever the string is for. What those are is
//! a fact of the vocabulary, found once, so that masks need only look at the others.

use super::{TokenId, TokenMask, TokenTrie};

/// The tokens that stay within a string, and what the others end it with.
///
/// A token is plain up to its first quote, backslash, control character or byte that is no UTF-8.
#[derive(Debug)]
pub(crate) struct Plain {
    /// The tokens that are plain to their end.
    pub(crate) mask: TokenMask,
    /// For each node of the trie, the depth of the last byte that is not plain; 0 where all are.
    last_special: Vec<u16>,
    /// The tokens that are not plain, by their bytes.
    pub(crate) others: TokenTrie,
    /// What stands behind the first quote of tokens that are plain up to it.
    pub(crate) behind_quote: Behind,
    /// What stands behind the first backslash of tokens that are plain up to it.
    pub(crate) behind_backslash: Behind,
    /// Tokens with so many quotes that they may end a string, and another, and more.
    pub(crate) many_quotes: Vec<(Box<[u8]>, TokenId)>,
}

/// Tokens by what stands behind one of their bytes.
#[derive(Debug)]
pub(crate) struct Behind {
    /// Tokens of which the byte is the last.
    pub(crate) ended: Vec<TokenId>,
    pub(crate) trie: TokenTrie,
}

impl Plain {
    pub(super) fn new(trie: &TokenTrie, size: usize) -> Self {
        let (mut mask, mut last_special) = (TokenMask::new(size), Vec::new());
        let mut bytes: Vec<u8> = Vec::new();
        let mut specials: Vec<u16> = Vec::new();
        let (mut others, mut quoted, mut escaped) = (Vec::new(), Vec::new(), Vec::new());
        let mut many_quotes = Vec::new();
        for (index, node) in trie.nodes().iter().enumerate() {
            bytes.truncate(node.depth() - 1);
            specials.truncate(node.depth() - 1);
            let before = specials.last().copied().unwrap_or(0);
            bytes.push(node.byte());
            let is_plain = goes_on(&bytes[usize::from(before)..]);
            specials.push(if is_plain { before } else { node.depth() as u16 });
            last_special.push(specials[node.depth() - 1]);
            for &id in trie.tokens(index) {
                let Some(first) = specials.iter().position(|&depth| depth > 0) else {
                    mask.insert(id);
                    continue;
                };
                others.push((bytes.clone(), id));
                let behind = bytes[first + 1..].to_vec();
                match bytes[first] {
                    b'"' => quoted.push((behind, id)),
                    b'\\' => escaped.push((behind, id)),
                    _ => {}
                }
                if bytes.iter().filter(|&&byte| byte == b'"').count() > 2 {
                    many_quotes.push((bytes.as_slice().into(), id));
                }
            }
        }
        let others = TokenTrie::of(others);
        let (behind_quote, behind_backslash) = (Behind::new(quoted), Behind::new(escaped));
        Self { mask, last_special, others, behind_quote, behind_backslash, many_quotes }
    }

    /// Whether the bytes behind depth `from` up to a node of the trie are plain, where those before
    /// end with a whole character.
    pub(crate) fn is_plain_from(&self, from: usize, node: usize) -> bool {
        usize::from(self.last_special[node]) <= from
    }
}

impl Behind {
    fn new(tokens: Vec<(Vec<u8>, TokenId)>) -> Self {
        let (ended, others): (Vec<_>, Vec<_>) =
            tokens.into_iter().partition(|(behind, _)| behind.is_empty());
        let ended = ended.into_iter().map(|(_, id)| id).collect();
        Self { ended, trie: TokenTrie::of(others) }
    }
}

/// Whether bytes are within a string, the last character perhaps unfinished.
fn goes_on(bytes: &[u8]) -> bool {
    let is_special = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if bytes.last().is_some_and(is_special) {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}
