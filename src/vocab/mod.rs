//! Token ids, the bytes they stand for, and the tokenizer that maps text to them.
//!
//! Everything above this module works on [`TokenId`]s and bytes; text is only a view of bytes that
//! happen to be UTF-8. A token may hold part of a character, so a token's bytes are exact while its
//! text may need escapes.
//!
//! Invariants: a special token adds no bytes to the output; every id below [`Vocabulary::len`] is
//! legal, padded ids included; nothing here reads a file, a clock or the environment.
//!
//! ```
//! use tokenrail::vocab::{TokenId, TokenizerConfig, Tokenizer};
//!
//! let json = br#"{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]},
//!     "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
//!     "decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
//!     "added_tokens":[]}"#;
//! let tokenizer = Tokenizer::from_json(json, &TokenizerConfig::default())?;
//! assert_eq!(tokenizer.encode("abb")?, [TokenId(2), TokenId(1)]);
//! assert_eq!(tokenizer.vocabulary().bytes(TokenId(2)), b"ab");
//! # Ok::<(), tokenrail::vocab::VocabError>(())
//! ```

mod byte_level;
mod error;
mod mask;
mod plain;
mod pre_tokenizer;
mod screen;
mod sentence_piece;
mod tiktoken;
mod tokenizer;
mod trie;
mod vocabulary;

pub use error::VocabError;
pub use mask::TokenMask;
pub(crate) use plain::{ByteGroups, Plain};
pub use pre_tokenizer::PreTokenizer;
pub use sentence_piece::ScoredPieces;
pub use tokenizer::{BytePairs, TokenKind, Tokenizer, TokenizerConfig};
pub use trie::{TokenTrie, TrieNode};
pub use vocabulary::{TokenId, Vocabulary};
