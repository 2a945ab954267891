//! SentencePiece vocabularies: pieces of text with scores, and bytes for what has no piece.
//!
//! Of two neighbours that make a piece together, those of the highest score are joined first (Kudo and
//! Richardson 2018). So merges follow from scores, and byte-pair merging does the rest.
//!
//! A character without a piece is written by its bytes, of which each has a token; a vocabulary that
//! lacks one is refused, as a text with it would be lost. Spaces are `▁` within pieces, and a vocabulary
//! says whether one is put in front of a text.

use std::collections::HashSet;

use tokenizers::Tokenizer as Encoder;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace, Sequence};
use tokenizers::tokenizer::AddedToken;

use super::{TokenKind, VocabError, Vocabulary};

/// What pieces have for a space.
const SPACE: &str = "▁";

/// A SentencePiece vocabulary as a GGUF file lists it.
///
/// ```
/// use tokenrail::vocab::{ScoredPieces, TokenId, TokenKind, Tokenizer, TokenizerConfig};
///
/// let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
/// let tokens: Vec<String> = bytes.chain(["▁", "h", "i", "hi", "▁hi"].map(str::to_owned)).collect();
/// let mut kinds = vec![TokenKind::Byte; 256];
/// kinds.resize(tokens.len(), TokenKind::Text);
/// let scores = (0..tokens.len()).map(|id| -(id as f32)).collect();
/// let pieces = ScoredPieces { tokens, scores, kinds, adds_space: true };
/// let tokenizer = Tokenizer::from_pieces(pieces, &TokenizerConfig::default())?;
/// assert_eq!(tokenizer.encode("hi!")?, [TokenId(260), TokenId(u32::from(b'!'))]);
/// # Ok::<(), tokenrail::vocab::VocabError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScoredPieces {
    /// The token texts, `▁` for a space and `<0x0A>` for a byte, by id.
    pub tokens: Vec<String>,
    /// The highest are joined first; by id.
    pub scores: Vec<f32>,
    /// What each token is, by id.
    pub kinds: Vec<TokenKind>,
    /// Whether a space is put in front of every text.
    pub adds_space: bool,
}

impl ScoredPieces {
    /// What each token adds to the output.
    ///
    /// # Errors
    /// When the lists disagree in length, or a byte has no token: a text with it would be lost.
    pub(super) fn vocabulary(&self) -> Result<Vocabulary, VocabError> {
        let Self { tokens, scores, kinds, .. } = self;
        if tokens.len() != kinds.len() || tokens.len() != scores.len() {
            return Err(VocabError::Broken(format!(
                "{} tokens but {} token types and {} scores",
                tokens.len(),
                kinds.len(),
                scores.len()
            )));
        }
        let mut vocabulary = Vocabulary::default();
        let mut known = [false; 256];
        for (token, kind) in tokens.iter().zip(kinds) {
            match kind {
                TokenKind::Text => vocabulary.push(token.replace(SPACE, " ").as_bytes()),
                TokenKind::Literal => vocabulary.push(token.as_bytes()),
                TokenKind::Special => vocabulary.push_special(token),
                TokenKind::Unused => vocabulary.push(b""),
                TokenKind::Byte => {
                    let byte = byte(token).ok_or_else(|| {
                        VocabError::Broken(format!("byte token {token:?} is not as \"<0x0A>\""))
                    })?;
                    known[usize::from(byte)] = true;
                    vocabulary.push(&[byte]);
                }
            }
        }
        match known.iter().position(|known| !known) {
            None => Ok(vocabulary),
            Some(byte) => {
                Err(VocabError::Broken(format!("no token is the byte \"<0x{byte:02X}>\"")))
            }
        }
    }

    /// What splits texts.
    pub(super) fn encoder(self) -> Result<Encoder, VocabError> {
        let merges = self.merges();
        let added = self.tokens.iter().zip(&self.kinds).filter_map(|(token, kind)| match kind {
            TokenKind::Special => Some(AddedToken::from(token.as_str(), true)),
            TokenKind::Literal => Some(AddedToken::from(token.as_str(), false).normalized(false)),
            TokenKind::Text | TokenKind::Byte | TokenKind::Unused => None,
        });
        let added: Vec<AddedToken> = added.collect();
        let model = BPE::builder()
            .vocab_and_merges(self.tokens.into_iter().zip(0u32..).collect::<Vocab>(), merges)
            .byte_fallback(true)
            .build()
            .map_err(VocabError::Tokenizer)?;
        let mut encoder = Encoder::new(model);
        let space = Replace::new(" ", SPACE).map_err(VocabError::Tokenizer)?;
        let front = self.adds_space.then(|| Prepend::new(SPACE.to_owned()).into());
        let steps = front.into_iter().chain([NormalizerWrapper::from(space)]).collect();
        encoder.with_normalizer(Some(Sequence::new(steps))).map_err(VocabError::Tokenizer)?;
        encoder.add_tokens(added).map_err(VocabError::Tokenizer)?;
        Ok(encoder)
    }

    /// The pairs of pieces that make a piece, those of the highest score first, and for one piece those
    /// of which the left one is longest, as the `transformers` library orders them.
    fn merges(&self) -> Merges {
        let pieces = || {
            let all = self.tokens.iter().zip(&self.kinds).zip(&self.scores);
            all.filter(|((_, kind), _)| **kind == TokenKind::Text)
                .map(|((token, _), &score)| (token.as_str(), score))
        };
        let known: HashSet<&str> = pieces().map(|(token, _)| token).collect();
        let mut joined: Vec<(&str, f32)> = pieces().collect();
        joined.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        let mut merges = Vec::new();
        for (piece, _) in joined {
            let places = piece.char_indices().skip(1).map(|(at, _)| piece.split_at(at));
            let mut pairs: Vec<(String, String)> = places
                .filter(|(left, right)| known.contains(left) && known.contains(right))
                .map(|(left, right)| (left.to_owned(), right.to_owned()))
                .collect();
            pairs.reverse();
            merges.append(&mut pairs);
        }
        merges
    }
}

/// The byte that a token such as `<0x0A>` is.
pub(super) fn byte(token: &str) -> Option<u8> {
    let hex = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (hex.len() == 2).then(|| u8::from_str_radix(hex, 16).ok())?
}

/// `▁` is a space and `<0x0A>` a byte; anything else is itself.
pub(super) fn bytes(token: &str) -> Vec<u8> {
    match byte(token) {
        Some(byte) => vec![byte],
        None => token.replace(SPACE, " ").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{TokenId, Tokenizer, TokenizerConfig};

    /// A tokenizer of all bytes, then pieces with their scores, then a special and a literal token.
    fn tokenizer(pieces: &[(&str, f32)], adds_space: bool) -> Tokenizer {
        let mut tokens: Vec<String> = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")).collect();
        let mut scores = vec![0.0; tokens.len()];
        let mut kinds = vec![TokenKind::Byte; tokens.len()];
        for &(piece, score) in pieces {
            tokens.push(piece.to_owned());
            scores.push(score);
            kinds.push(TokenKind::Text);
        }
        for (token, kind) in [("<end>", TokenKind::Special), ("\n\n", TokenKind::Literal)] {
            tokens.push(token.to_owned());
            scores.push(-1000.0);
            kinds.push(kind);
        }
        let pieces = ScoredPieces { tokens, scores, kinds, adds_space };
        Tokenizer::from_pieces(pieces, &TokenizerConfig::default()).unwrap()
    }

    /// The spellings of the tokens of a text, special ones by their names.
    fn check(tokenizer: &Tokenizer, text: &str, expected: &[&str]) {
        let vocabulary = tokenizer.vocabulary();
        let spelled = |id: TokenId| match vocabulary.special_name(id) {
            Some(name) => name.to_owned(),
            None => vocabulary.piece(id).into_owned(),
        };
        let found: Vec<String> = tokenizer.encode(text).unwrap().into_iter().map(spelled).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn pieces_of_the_highest_score_are_joined_first() {
        let pieces = [("a", -9.0), ("b", -9.0), ("c", -9.0), ("▁", -9.0)];
        let first_bc = [&pieces[..], &[("ab", -2.0), ("bc", -1.0), ("▁a", -3.0)]].concat();
        let plain = tokenizer(&first_bc, false);
        check(&plain, "abc", &["a", "bc"]);
        check(&plain, " abab", &[" ", "ab", "ab"]);
        check(&plain, "a<end>\n\n\n", &["a", "<end>", "\n\n", "\n"]);
        check(&plain, "é", &["\\xc3", "\\xa9"]);
        let first_ab = [&pieces[..], &[("ab", -1.0), ("bc", -2.0), ("▁a", -3.0)]].concat();
        check(&tokenizer(&first_ab, false), "abc", &["ab", "c"]);
        check(&tokenizer(&first_ab, true), "c<end>ac", &[" ", "c", "<end>", " a", "c"]);
    }
}
