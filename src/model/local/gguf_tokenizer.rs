//! The tokenizer in a GGUF file's metadata.
//!
//! The keys are those that llama.cpp writes; where one is missing, its default here is llama.cpp's.
//!
//! Two kinds are read: pairs of bytes with merges (`gpt2`), and SentencePiece's pieces with scores
//! (`llama`). Both become the same [`Tokenizer`], and ids are compared with llama.cpp's.

use super::config::Config;
use super::gguf::{Gguf, Value};
use super::tokenizer_error;
use crate::model::ModelError;
use crate::vocab::{
    BytePairs, PreTokenizer, ScoredPieces, TokenKind, Tokenizer, TokenizerConfig, VocabError,
};

/// Builds the tokenizer.
///
/// # Errors
/// [`ModelError::Broken`] or [`ModelError::Unsupported`] with the key at fault.
pub(super) fn tokenizer(
    file: &mut Gguf,
    config: &Config,
    spelled: &SpecialNames,
) -> Result<Tokenizer, ModelError> {
    let mut names = TokenizerConfig {
        bos: spelled.bos.clone(),
        eos: spelled.eos.iter().cloned().collect(),
        adds_bos: None,
        rows: config.vocabulary,
    };
    let built = match file.text("tokenizer.ggml.model")? {
        "gpt2" => {
            let pairs = byte_pairs(file)?;
            // Files older than the key: what the family's own tokenizer does.
            let default = pairs.pre_tokenizer == PreTokenizer::Llama3;
            names.adds_bos = Some(flag(file, "tokenizer.ggml.add_bos_token")?.unwrap_or(default));
            check_count(file, &pairs.tokens, config)?;
            Tokenizer::from_byte_pairs(pairs, &names)
        }
        "llama" => {
            let pieces = scored_pieces(file)?;
            names.adds_bos = Some(flag(file, "tokenizer.ggml.add_bos_token")?.unwrap_or(true));
            check_count(file, &pieces.tokens, config)?;
            Tokenizer::from_pieces(pieces, &names)
        }
        other => {
            return Err(ModelError::Unsupported {
                what: "tokenizer model",
                found: other.to_owned(),
                known: "gpt2, llama; others by a folder with tokenizer.json",
            });
        }
    };
    built.map_err(|error: VocabError| tokenizer_error(file.path(), error))
}

/// A byte-level vocabulary with its merges.
fn byte_pairs(file: &mut Gguf) -> Result<BytePairs, ModelError> {
    let pre_tokenizer = PreTokenizer::from_gguf_name(file.text("tokenizer.ggml.pre")?)?;
    let kinds = kinds(file, 5)?;
    let merges = file.texts("tokenizer.ggml.merges")?;
    let merges = merges.iter().map(|merge| {
        let pair = merge.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned()));
        pair.ok_or_else(|| file.broken(format!("merge {merge:?} is not two pieces")))
    });
    let merges = merges.collect::<Result<_, _>>()?;
    Ok(BytePairs { tokens: file.texts("tokenizer.ggml.tokens")?, kinds, merges, pre_tokenizer })
}

/// A SentencePiece vocabulary; its merges follow from the scores.
fn scored_pieces(file: &mut Gguf) -> Result<ScoredPieces, ModelError> {
    Ok(ScoredPieces {
        kinds: kinds(file, 6)?,
        scores: file.floats("tokenizer.ggml.scores")?.to_vec(),
        adds_space: flag(file, "tokenizer.ggml.add_space_prefix")?.unwrap_or(true),
        tokens: file.texts("tokenizer.ggml.tokens")?,
    })
}

/// Ids beyond the rows of logits could never be generated.
fn check_count(file: &Gguf, tokens: &[String], config: &Config) -> Result<(), ModelError> {
    if tokens.len() <= config.vocabulary {
        return Ok(());
    }
    Err(file.broken(format!(
        "{} tokens for {} rows of token_embd.weight",
        tokens.len(),
        config.vocabulary
    )))
}

/// A setting that is there or not.
fn flag(file: &Gguf, key: &str) -> Result<Option<bool>, ModelError> {
    match file.get(key) {
        Some(&Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(file.broken(format!("{key} is not a bool"))),
        None => Ok(None),
    }
}

/// The kinds of all tokens, by the numbers of llama.cpp's `llama_token_type` up to `last`.
fn kinds(file: &Gguf, last: i64) -> Result<Vec<TokenKind>, ModelError> {
    let kind = |&kind: &i64| match kind {
        1 => Some(TokenKind::Text),
        2 | 3 => Some(TokenKind::Special),
        4 => Some(TokenKind::Literal),
        5 => Some(TokenKind::Unused),
        6 if last >= 6 => Some(TokenKind::Byte),
        _ => None,
    };
    let key = "tokenizer.ggml.token_type";
    let kinds = file.numbers(key)?.iter().map(kind).collect::<Option<_>>();
    kinds.ok_or_else(|| file.broken(format!("{key} has a number outside 1..={last}")))
}

/// The spelling of the tokens that begin and end a text.
pub(super) struct SpecialNames {
    pub(super) bos: Option<String>,
    pub(super) eos: Option<String>,
}

/// Looks up the spelling of the ids in the metadata; an id outside the vocabulary is refused.
pub(super) fn special_names(file: &Gguf) -> Result<SpecialNames, ModelError> {
    let Some(Value::Texts(tokens)) = file.get("tokenizer.ggml.tokens") else {
        return Err(file.broken("metadata has no tokenizer.ggml.tokens"));
    };
    let spelled = |key: &str| match file.get(key) {
        None => Ok(None),
        Some(_) => {
            let id = file.count(key)?;
            let token = tokens.get(id).cloned();
            token.map(Some).ok_or_else(|| {
                file.broken(format!(
                    "metadata {key} is {id}, but there are {} tokens",
                    tokens.len()
                ))
            })
        }
    };
    Ok(SpecialNames {
        bos: spelled("tokenizer.ggml.bos_token_id")?,
        eos: spelled("tokenizer.ggml.eos_token_id")?,
    })
}
