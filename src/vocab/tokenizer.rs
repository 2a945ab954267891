//! Text to token ids, by the tokenizer a model was trained with.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::tokenizer::AddedToken;

use super::{PreTokenizer, ScoredPieces, TokenId, VocabError, Vocabulary};
use super::{byte_level, screen, sentence_piece};

/// Maps text to token ids and knows the [`Vocabulary`].
///
/// Special tokens that are spelled out in a text become their ids, as the models' own tokenizers
/// do; nothing is added in front or behind. Law: for a byte-level tokenizer without a normalizer,
/// the bytes of the ids (special tokens by name) are the text's bytes, or `encode` fails.
///
/// ```
/// # use tokenrail::vocab::{TokenId, TokenKind, BytePairs, PreTokenizer, Tokenizer, TokenizerConfig};
/// let pairs = BytePairs {
///     tokens: ["h", "i", "hi", "<|end|>"].map(str::to_owned).to_vec(),
///     kinds: vec![TokenKind::Text, TokenKind::Text, TokenKind::Text, TokenKind::Special],
///     merges: vec![("h".to_owned(), "i".to_owned())],
///     pre_tokenizer: PreTokenizer::Gpt2,
/// };
/// let tokenizer = Tokenizer::from_byte_pairs(pairs, &TokenizerConfig::default())?;
/// assert_eq!(tokenizer.encode("hih<|end|>")?, [TokenId(2), TokenId(0), TokenId(3)]);
/// assert!(tokenizer.encode("ho").is_err(), "no token has the byte 'o'");
/// # Ok::<(), tokenrail::vocab::VocabError>(())
/// ```
pub struct Tokenizer {
    encoder: tokenizers::Tokenizer,
    vocabulary: Vocabulary,
    adds_bos: bool,
    /// Whether the law above can be checked: byte level, and nothing rewrites the text.
    is_exact: bool,
}

/// What a tokenizer definition says beside its vocabulary.
///
/// ```
/// use tokenrail::vocab::TokenizerConfig;
///
/// let config = TokenizerConfig { bos: Some("<s>".into()), rows: 49_152, ..Default::default() };
/// assert_eq!(config.adds_bos, None, "the definition decides");
/// ```
#[derive(Debug, Clone, Default)]
pub struct TokenizerConfig {
    /// The token that begins a text, by its spelling.
    pub bos: Option<String>,
    /// The tokens that end a text, by their spelling, most usual first.
    pub eos: Vec<String>,
    /// Whether `bos` belongs in front of every text; `None` asks the definition.
    pub adds_bos: Option<bool>,
    /// The number of rows of the model's logits: ids up to it are padded.
    pub rows: usize,
}

/// A byte-level byte-pair vocabulary as a GGUF file lists it.
///
/// ```
/// use tokenrail::vocab::{BytePairs, PreTokenizer, TokenKind};
///
/// let pairs = BytePairs {
///     tokens: ["h", "i", "hi"].map(str::to_owned).to_vec(),
///     kinds: vec![TokenKind::Text; 3],
///     merges: vec![("h".to_owned(), "i".to_owned())],
///     pre_tokenizer: PreTokenizer::Gpt2,
/// };
/// assert_eq!(pairs.tokens.len(), pairs.kinds.len());
/// ```
#[derive(Debug, Clone)]
pub struct BytePairs {
    /// The token texts in byte-level characters, by id.
    pub tokens: Vec<String>,
    /// What each token is, by id.
    pub kinds: Vec<TokenKind>,
    /// The merges, first to last.
    pub merges: Vec<(String, String)>,
    /// How text is cut before merging.
    pub pre_tokenizer: PreTokenizer,
}

/// What a token of a GGUF vocabulary is.
///
/// ```
/// use tokenrail::vocab::TokenKind;
///
/// /// A token's kind from its number in `tokenizer.ggml.token_type`.
/// fn kind(number: i32) -> TokenKind {
///     match number {
///         2 | 3 => TokenKind::Special,
///         4 => TokenKind::Literal,
///         5 => TokenKind::Unused,
///         6 => TokenKind::Byte,
///         _ => TokenKind::Text,
///     }
/// }
/// assert_eq!(kind(1), TokenKind::Text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Ordinary text, written in byte-level characters, or in SentencePiece vocabularies as it is.
    Text,
    /// A special token: matched by name, adds nothing to the output.
    Special,
    /// Text matched whole before merging, written literally.
    Literal,
    /// An id that is never used.
    Unused,
    /// A single byte, written as `<0x0A>`, in a SentencePiece vocabulary.
    Byte,
}

impl Tokenizer {
    /// Builds a tokenizer from a GGUF file's vocabulary.
    ///
    /// # Errors
    /// When the lists disagree in length, a merge names no token, or a text token is not written
    /// in byte-level characters.
    ///
    /// ```
    /// use tokenrail::vocab::{BytePairs, PreTokenizer, TokenKind, Tokenizer, TokenizerConfig};
    ///
    /// let pairs = BytePairs {
    ///     tokens: ["h", "i", "hi"].map(str::to_owned).to_vec(),
    ///     kinds: vec![TokenKind::Text; 3],
    ///     merges: vec![("h".to_owned(), "i".to_owned())],
    ///     pre_tokenizer: PreTokenizer::Gpt2,
    /// };
    /// let tokenizer = Tokenizer::from_byte_pairs(pairs, &TokenizerConfig::default())?;
    /// assert_eq!(tokenizer.encode("hi")?.len(), 1);
    /// # Ok::<(), tokenrail::vocab::VocabError>(())
    /// ```
    pub fn from_byte_pairs(pairs: BytePairs, config: &TokenizerConfig) -> Result<Self, VocabError> {
        let BytePairs { tokens, kinds, merges, pre_tokenizer } = pairs;
        if tokens.len() != kinds.len() {
            return Err(VocabError::Broken(format!(
                "{} tokens but {} token types",
                tokens.len(),
                kinds.len()
            )));
        }
        let mut vocabulary = Vocabulary::default();
        let mut added = Vec::new();
        for (token, kind) in tokens.iter().zip(&kinds) {
            match kind {
                TokenKind::Text => vocabulary.push(&byte_level_bytes(token)?),
                TokenKind::Unused => vocabulary.push(b""),
                TokenKind::Special => {
                    vocabulary.push_special(token);
                    added.push(AddedToken::from(token.as_str(), true));
                }
                TokenKind::Byte => {
                    return Err(VocabError::Broken(format!(
                        "token {token:?} is a byte token, which byte-level vocabularies have not"
                    )));
                }
                TokenKind::Literal => {
                    vocabulary.push(token.as_bytes());
                    added.push(AddedToken::from(token.as_str(), false).normalized(false));
                }
            }
        }
        let ids = tokens.into_iter().zip(0u32..).collect::<Vocab>();
        for (left, right) in &merges {
            screen::merge(left, right, |token| ids.contains_key(token))?;
        }
        let model = BPE::builder()
            .vocab_and_merges(ids, merges)
            .ignore_merges(pre_tokenizer.ignores_merges())
            .build()
            .map_err(VocabError::Tokenizer)?;
        let mut encoder = tokenizers::Tokenizer::new(model);
        encoder.with_pre_tokenizer(Some(pre_tokenizer.build()?));
        encoder.with_decoder(Some(ByteLevel::default()));
        encoder.add_tokens(added).map_err(VocabError::Tokenizer)?;
        Self::new(encoder, vocabulary, config)
    }

    /// Builds a tokenizer from a GGUF file's SentencePiece vocabulary.
    ///
    /// # Errors
    /// When the lists disagree in length, or a byte has no token.
    ///
    /// ```
    /// use tokenrail::vocab::{ScoredPieces, Tokenizer, TokenizerConfig};
    ///
    /// let (tokens, scores, kinds) = (vec![], vec![], vec![]);
    /// let empty = ScoredPieces { tokens, scores, kinds, adds_space: false };
    /// assert!(Tokenizer::from_pieces(empty, &TokenizerConfig::default()).is_err());
    /// ```
    pub fn from_pieces(pieces: ScoredPieces, config: &TokenizerConfig) -> Result<Self, VocabError> {
        let vocabulary = pieces.vocabulary()?;
        Self::new(pieces.encoder()?, vocabulary, config)
    }

    /// Builds a tokenizer from the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is not such a file, or its decoder is neither byte level nor SentencePiece-like
    /// (Metaspace or byte fallback).
    ///
    /// ```no_run
    /// use tokenrail::vocab::{Tokenizer, TokenizerConfig};
    ///
    /// let json = std::fs::read("model/tokenizer.json").expect("a readable file");
    /// let config = TokenizerConfig { eos: vec!["</s>".to_owned()], ..TokenizerConfig::default() };
    /// let tokenizer = Tokenizer::from_json(&json, &config)?;
    /// # Ok::<(), tokenrail::vocab::VocabError>(())
    /// ```
    pub fn from_json(json: &[u8], config: &TokenizerConfig) -> Result<Self, VocabError> {
        let json = screen::definition(json)?;
        let mut encoder = tokenizers::Tokenizer::from_bytes(json).map_err(VocabError::Tokenizer)?;
        // Settings of a training run, which would cut or fill every text.
        encoder.with_truncation(None).map_err(VocabError::Tokenizer)?.with_padding(None);
        let spelling = Spelling::of(encoder.get_decoder())?;
        let added = encoder.get_added_tokens_decoder();
        let tokens: BTreeMap<u32, String> =
            encoder.get_vocab(true).into_iter().map(|(token, id)| (id, token)).collect();
        let mut vocabulary = Vocabulary::default();
        for (&id, token) in &tokens {
            if (id as usize) > tokens.len().saturating_mul(4) {
                return Err(VocabError::Broken(format!(
                    "token id {id} for {} tokens",
                    tokens.len()
                )));
            }
            while vocabulary.len() < id as usize {
                vocabulary.push(b"");
            }
            match added.get(&id) {
                Some(added) if added.special => vocabulary.push_special(token),
                Some(_) => vocabulary.push(token.as_bytes()),
                None => vocabulary.push(&spelling.bytes(token)?),
            }
        }
        Self::new(encoder, vocabulary, config)
    }

    fn new(
        encoder: tokenizers::Tokenizer,
        mut vocabulary: Vocabulary,
        config: &TokenizerConfig,
    ) -> Result<Self, VocabError> {
        while vocabulary.len() < config.rows {
            vocabulary.push(b"");
        }
        let id_of = |name: &String| {
            let id = encoder.token_to_id(name).map(TokenId);
            id.ok_or_else(|| {
                let what = "is to begin or end texts, and is not in the vocabulary";
                VocabError::Broken(format!("token {name:?} {what}"))
            })
        };
        // A definition that adds tokens says so by encoding the empty text (Llama 3's template).
        let prefix = encoder.encode_fast("", true).map_err(VocabError::Tokenizer)?;
        let prefix = prefix.get_ids().first().copied().map(TokenId);
        let bos = config.bos.as_ref().map(id_of).transpose()?.or(prefix);
        let adds_bos = config.adds_bos.unwrap_or(prefix.is_some() && prefix == bos);
        if adds_bos && bos.is_none() {
            let what = "a begin-of-sequence token is to be added, and none is named";
            return Err(VocabError::Broken(what.to_owned()));
        }
        vocabulary.set_ends(bos, config.eos.iter().map(id_of).collect::<Result<_, _>>()?);
        let is_exact = encoder.get_normalizer().is_none()
            && matches!(encoder.get_decoder(), Some(DecoderWrapper::ByteLevel(_)))
            && encoder
                .get_added_tokens_decoder()
                .values()
                .all(|token| !token.lstrip && !token.rstrip);
        Ok(Self { encoder, vocabulary, adds_bos, is_exact })
    }

    /// Splits `text` into token ids.
    ///
    /// # Errors
    /// When a byte of the text has no token, so that the ids could not give the text back.
    ///
    /// ```
    /// use tokenrail::vocab::{Tokenizer, VocabError};
    ///
    /// /// What a text costs in a context, before any begin-of-sequence token.
    /// fn tokens(tokenizer: &Tokenizer, text: &str) -> Result<usize, VocabError> {
    ///     Ok(tokenizer.encode(text)?.len())
    /// }
    /// ```
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>, VocabError> {
        let encoding = self.encoder.encode_fast(text, false).map_err(VocabError::Tokenizer)?;
        let ids: Vec<TokenId> = encoding.get_ids().iter().copied().map(TokenId).collect();
        if self.is_exact {
            self.refuse_lost_text(text, &ids)?;
        }
        Ok(ids)
    }

    /// Splits `text` as [`encode`](Self::encode) does, and says of which of its bytes each token is.
    ///
    /// The spans of a byte-level tokenizer that rewrites nothing follow one another. Where the
    /// tokenizer changes the text, a span is that of the characters that the token was made from:
    /// tokens of one character have the same, and one that was put in has none.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    ///
    /// ```
    /// use tokenrail::vocab::{Tokenizer, VocabError};
    ///
    /// /// The text up to which the first `count` tokens reach.
    /// fn head<'t>(tokenizer: &Tokenizer, text: &'t str, count: usize) -> Result<&'t [u8], VocabError> {
    ///     let spans = tokenizer.encode_with_spans(text)?;
    ///     let end = spans.iter().take(count).map(|(_, span)| span.end).max().unwrap_or(0);
    ///     Ok(&text.as_bytes()[..end])
    /// }
    /// ```
    pub fn encode_with_spans(
        &self,
        text: &str,
    ) -> Result<Vec<(TokenId, Range<usize>)>, VocabError> {
        if !self.is_exact {
            let encoding = self.encoder.encode(text, false).map_err(VocabError::Tokenizer)?;
            let spans = encoding.get_offsets().iter().map(|&(start, end)| start..end);
            return Ok(encoding.get_ids().iter().copied().map(TokenId).zip(spans).collect());
        }
        let mut end = 0;
        let span = |id| {
            let start = end;
            end += self.spelling(id).len();
            (id, start..end)
        };
        Ok(self.encode(text)?.into_iter().map(span).collect())
    }

    /// The token table.
    ///
    /// ```
    /// use tokenrail::vocab::{Tokenizer, VocabError};
    ///
    /// /// What comes back of a text: the same, without special tokens' names.
    /// fn round_trip(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u8>, VocabError> {
    ///     Ok(tokenizer.vocabulary().concat(&tokenizer.encode(text)?))
    /// }
    /// ```
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Whether the model expects its begin-of-sequence token in front of every text.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Tokenizer, VocabError};
    ///
    /// fn encode_whole(tokenizer: &Tokenizer, text: &str) -> Result<Vec<TokenId>, VocabError> {
    ///     let bos = tokenizer.vocabulary().bos().filter(|_| tokenizer.adds_bos());
    ///     Ok(bos.into_iter().chain(tokenizer.encode(text)?).collect())
    /// }
    /// ```
    #[must_use]
    pub fn adds_bos(&self) -> bool {
        self.adds_bos
    }

    /// What a token is in a text: the name of a special one, the bytes of another.
    fn spelling(&self, id: TokenId) -> &[u8] {
        let name = self.vocabulary.special_name(id).map(str::as_bytes);
        name.unwrap_or_else(|| self.vocabulary.bytes(id))
    }

    /// Refuses texts of which the tokenizer left something out, as unknown characters of small
    /// vocabularies.
    fn refuse_lost_text(&self, text: &str, ids: &[TokenId]) -> Result<(), VocabError> {
        let mut rest = text.as_bytes();
        for &id in ids {
            match rest.strip_prefix(self.spelling(id)) {
                Some(after) => rest = after,
                None => break,
            }
        }
        let Some(byte) = rest.first() else {
            return Ok(());
        };
        let at = text.len() - rest.len();
        Err(VocabError::Broken(format!(
            "no token has the byte 0x{byte:02x} (byte {at} of the text)"
        )))
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("tokens", &self.vocabulary.len())
            .field("adds_bos", &self.adds_bos)
            .finish_non_exhaustive()
    }
}

/// How a vocabulary writes bytes as token text.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    ByteLevel,
    SentencePiece,
}

impl Spelling {
    fn of(decoder: Option<&DecoderWrapper>) -> Result<Self, VocabError> {
        let is_sentence_piece = |step: &DecoderWrapper| {
            matches!(step, DecoderWrapper::ByteFallback(_) | DecoderWrapper::Metaspace(_))
        };
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Ok(Self::ByteLevel),
            Some(DecoderWrapper::Sequence(steps))
                if steps.get_decoders().iter().any(is_sentence_piece) =>
            {
                Ok(Self::SentencePiece)
            }
            Some(step) if is_sentence_piece(step) => Ok(Self::SentencePiece),
            other => Err(VocabError::Unsupported {
                what: "tokenizer decoder",
                found: format!("{other:?}").chars().take(80).collect(),
                known: "ByteLevel, Metaspace, ByteFallback".to_owned(),
            }),
        }
    }

    /// The bytes that a token writes.
    fn bytes(self, token: &str) -> Result<Vec<u8>, VocabError> {
        match self {
            Self::ByteLevel => byte_level_bytes(token),
            Self::SentencePiece => Ok(sentence_piece::bytes(token)),
        }
    }
}

fn byte_level_bytes(token: &str) -> Result<Vec<u8>, VocabError> {
    byte_level::decode(token).ok_or_else(|| {
        VocabError::Broken(format!("token {token:?} is not in byte-level characters"))
    })
}
