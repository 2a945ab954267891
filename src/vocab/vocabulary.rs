//! The token table: what each id adds to the output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use super::TokenTrie;

/// A token's number in its model's vocabulary.
///
/// ```
/// use tokenrail::vocab::TokenId;
///
/// let logits = [0.5, 2.0, -1.0];
/// assert_eq!(logits[TokenId(1).index()], 2.0);
/// assert_eq!(TokenId(1).to_string(), "1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

impl TokenId {
    /// The id as an index into rows of logits.
    ///
    /// ```
    /// use tokenrail::vocab::TokenId;
    ///
    /// assert_eq!(TokenId(7).index(), 7);
    /// ```
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
///
/// ```
/// # use tokenrail::vocab::{BytePairs, PreTokenizer, TokenId, TokenKind};
/// # use tokenrail::vocab::{Tokenizer, TokenizerConfig};
/// # let tokenizer = Tokenizer::from_byte_pairs(
/// #     BytePairs {
/// #         tokens: ["h", "i", "Ã", "<|end|>"].map(str::to_owned).to_vec(),
/// #         kinds: vec![TokenKind::Text, TokenKind::Text, TokenKind::Text, TokenKind::Special],
/// #         merges: vec![],
/// #         pre_tokenizer: PreTokenizer::Gpt2,
/// #     },
/// #     &TokenizerConfig::default(),
/// # )?;
/// # let vocabulary = tokenizer.vocabulary();
/// // Of a tokenizer with "h", "i", the byte 0xc3 and "<|end|>":
/// assert_eq!(vocabulary.bytes(TokenId(2)), b"\xc3");
/// assert_eq!(vocabulary.piece(TokenId(2)), r"\xc3");
/// assert_eq!(vocabulary.special_id("<|end|>"), Some(TokenId(3)));
/// # Ok::<(), tokenrail::vocab::VocabError>(())
/// ```
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
    trie: OnceLock<Arc<TokenTrie>>,
}

impl Vocabulary {
    /// Makes a vocabulary of tokens by their bytes, in the order of their ids, and of special
    /// tokens by their names behind them. The last special token, if there is one, ends a text.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"yes".as_slice(), b"no"], ["<end>"]);
    /// assert_eq!(vocabulary.eos(), [TokenId(2)]);
    /// ```
    #[must_use]
    pub fn new<'a>(
        tokens: impl IntoIterator<Item = &'a [u8]>,
        special: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut vocabulary = Self::default();
        tokens.into_iter().for_each(|bytes| vocabulary.push(bytes));
        special.into_iter().for_each(|name| vocabulary.push_special(name));
        vocabulary.eos = vocabulary.special.keys().next_back().copied().into_iter().collect();
        vocabulary
    }

    /// Adds the next id with its bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.trie.take();
        self.bytes.extend_from_slice(bytes);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// Adds the next id as a special token.
    pub(super) fn push_special(&mut self, name: &str) {
        let id = TokenId(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.special.insert(id, name.to_owned());
        self.push(b"");
    }

    /// Names the tokens around a text; ids past the table are dropped, so that none is unknown.
    pub(super) fn set_ends(&mut self, bos: Option<TokenId>, eos: Vec<TokenId>) {
        self.bos = bos.filter(|id| id.index() < self.len());
        self.eos = eos.into_iter().filter(|id| id.index() < self.len()).collect();
    }

    /// The number of ids, padded ones included.
    ///
    /// ```
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// fn has_room(vocabulary: &Vocabulary, row: &[f32]) -> bool {
    ///     row.len() >= vocabulary.len()
    /// }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no token at all.
    ///
    /// ```
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// assert!(Vocabulary::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes that `id` adds to the output: none for special tokens, padded and unknown ids.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn adds_newline(vocabulary: &Vocabulary, id: TokenId) -> bool {
    ///     vocabulary.bytes(id).contains(&b'\n')
    /// }
    /// assert!(!adds_newline(&Vocabulary::default(), TokenId(0)), "an unknown id adds nothing");
    /// ```
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
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn is_text(vocabulary: &Vocabulary, id: TokenId) -> bool {
    ///     vocabulary.special_name(id).is_none() && !vocabulary.bytes(id).is_empty()
    /// }
    /// assert!(!is_text(&Vocabulary::default(), TokenId(0)));
    /// ```
    #[must_use]
    pub fn special_name(&self, id: TokenId) -> Option<&str> {
        self.special.get(&id).map(String::as_str)
    }

    /// The id of the special token with this name.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn end_of_turn(vocabulary: &Vocabulary) -> Option<TokenId> {
    ///     ["<|im_end|>", "<|eot_id|>"].into_iter().find_map(|name| vocabulary.special_id(name))
    /// }
    /// assert_eq!(end_of_turn(&Vocabulary::default()), None);
    /// ```
    #[must_use]
    pub fn special_id(&self, name: &str) -> Option<TokenId> {
        let found = self.special.iter().find(|(_, known)| *known == name);
        found.map(|(&id, _)| id)
    }

    /// The token that begins a text, where the model has one.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn with_bos(vocabulary: &Vocabulary, ids: &[TokenId]) -> Vec<TokenId> {
    ///     vocabulary.bos().into_iter().chain(ids.iter().copied()).collect()
    /// }
    /// assert!(with_bos(&Vocabulary::default(), &[]).is_empty());
    /// ```
    #[must_use]
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// The tokens that end a text, most usual first.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn is_end(vocabulary: &Vocabulary, id: TokenId) -> bool {
    ///     vocabulary.eos().contains(&id)
    /// }
    /// assert!(!is_end(&Vocabulary::default(), TokenId(0)));
    /// ```
    #[must_use]
    pub fn eos(&self) -> &[TokenId] {
        &self.eos
    }

    /// The tokens as a trie over their bytes, built at the first call and shared with clones.
    ///
    /// ```
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"ab"], []);
    /// assert_eq!(vocabulary.trie().longest(), 2);
    /// ```
    #[must_use]
    pub fn trie(&self) -> &Arc<TokenTrie> {
        self.trie.get_or_init(|| Arc::new(TokenTrie::new(self)))
    }

    /// A readable form of one token: a special token's name, else its bytes as text with bytes
    /// that are no UTF-8 on their own written as `\xNN`.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// fn pieces(vocabulary: &Vocabulary, ids: &[TokenId]) -> String {
    ///     ids.iter().map(|&id| vocabulary.piece(id)).collect::<Vec<_>>().join("|")
    /// }
    /// assert_eq!(pieces(&Vocabulary::default(), &[TokenId(0), TokenId(1)]), "|");
    /// ```
    #[must_use]
    pub fn piece(&self, id: TokenId) -> Cow<'_, str> {
        match self.special_name(id) {
            Some(name) => Cow::Borrowed(name),
            None => escape_invalid(self.bytes(id)),
        }
    }

    /// The bytes that a run of tokens adds to the output.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// /// Text from whole tokens: joining pieces would break characters that two tokens share.
    /// fn text(vocabulary: &Vocabulary, ids: &[TokenId]) -> String {
    ///     String::from_utf8_lossy(&vocabulary.concat(ids)).into_owned()
    /// }
    /// assert_eq!(text(&Vocabulary::default(), &[TokenId(0)]), "");
    /// ```
    #[must_use]
    pub fn concat(&self, ids: &[TokenId]) -> Vec<u8> {
        ids.iter().flat_map(|&id| self.bytes(id)).copied().collect()
    }
}

/// Borrows in the usual case: nearly every token of a vocabulary is UTF-8 on its own.
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
