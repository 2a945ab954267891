//! The token table: what each id adds to the output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// A token's number in its model's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

impl TokenId {
    /// The id as an index into rows of logits.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Maps each token id to the bytes it adds to the output.
///
/// Special tokens and padded ids add none. Several tokens may have equal bytes.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// All tokens' bytes, one after the other.
    bytes: Vec<u8>,
    /// `ends[id]` is where the bytes of `id` end; they begin where those of `id - 1` end.
    ends: Vec<u32>,
    /// The special tokens' names.
    special: BTreeMap<TokenId, String>,
    /// The token that begins a text, where the model has one.
    bos: Option<TokenId>,
    /// The tokens that end a text, at least one where the model knows any.
    eos: Vec<TokenId>,
}

impl Vocabulary {
    /// Adds the next id with its bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// Adds the next id as a special token.
    pub(super) fn push_special(&mut self, name: &str) {
        let id = TokenId(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.special.insert(id, name.to_owned());
        self.push(b"");
    }

    pub(super) fn set_ends(&mut self, bos: Option<TokenId>, eos: Vec<TokenId>) {
        self.bos = bos.filter(|id| id.index() < self.len());
        self.eos = eos.into_iter().filter(|id| id.index() < self.len()).collect();
    }

    /// The number of ids, padded ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes that `id` adds to the output: none for special tokens, padded and unknown ids.
    #[must_use]
    pub fn bytes(&self, id: TokenId) -> &[u8] {
        let Some(&end) = self.ends.get(id.index()) else {
            return b"";
        };
        let start = match id.index() {
            0 => 0,
            index => self.ends[index - 1],
        };
        &self.bytes[start as usize..end as usize]
    }

    /// The name of a special token, such as `<|im_end|>`; `None` for other ids.
    #[must_use]
    pub fn special_name(&self, id: TokenId) -> Option<&str> {
        self.special.get(&id).map(String::as_str)
    }

    /// The id of the special token with this name.
    #[must_use]
    pub fn special_id(&self, name: &str) -> Option<TokenId> {
        let found = self.special.iter().find(|(_, known)| *known == name);
        found.map(|(&id, _)| id)
    }

    /// The token that begins a text, where the model has one.
    #[must_use]
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// The tokens that end a text, most usual first.
    #[must_use]
    pub fn eos(&self) -> &[TokenId] {
        &self.eos
    }

    /// A readable form of one token: a special token's name, else its bytes as text with bytes
    /// that are no UTF-8 on their own written as `\xNN`.
    #[must_use]
    pub fn piece(&self, id: TokenId) -> Cow<'_, str> {
        match self.special_name(id) {
            Some(name) => Cow::Borrowed(name),
            None => escape_invalid(self.bytes(id)),
        }
    }

    /// The bytes that a run of tokens adds to the output.
    #[must_use]
    pub fn concat(&self, ids: &[TokenId]) -> Vec<u8> {
        ids.iter().flat_map(|&id| self.bytes(id)).copied().collect()
    }
}

fn escape_invalid(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_readable_and_bytes_exact() {
        let mut vocabulary = Vocabulary::default();
        vocabulary.push("é".as_bytes());
        vocabulary.push_special("<|end|>");
        vocabulary.push(b"a\xc3");
        vocabulary.set_ends(Some(TokenId(9)), vec![TokenId(1), TokenId(9)]);

        let pieces: Vec<_> = (0..4).map(|id| vocabulary.piece(TokenId(id))).collect();
        assert_eq!(pieces, ["é", "<|end|>", "a\\xc3", ""]);
        assert_eq!(vocabulary.concat(&[TokenId(2), TokenId(1), TokenId(0)]), b"a\xc3\xc3\xa9");
        assert_eq!(vocabulary.special_id("<|end|>"), Some(TokenId(1)));
        assert_eq!((vocabulary.bos(), vocabulary.eos()), (None, [TokenId(1)].as_slice()));
    }
}
