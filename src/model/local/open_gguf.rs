//! Opens a GGUF file as a model.
//!
//! The keys are those that llama.cpp writes; where one is missing, its default here is llama.cpp's.
//! The weights, which take longest, are read last.

use std::path::Path;

use super::config::Config;
use super::gguf::{Gguf, Value};
use super::gguf_config::{config, family};
use super::source::Source;
use super::{Loaded, LocalModel, LocalOptions, file_name, fingerprint, tokenizer_error};
use crate::model::{ChatTemplate, ModelError};
use crate::vocab::{BytePairs, PreTokenizer, TokenKind, Tokenizer, TokenizerConfig};

/// Reads the header, then the weights.
///
/// # Errors
/// As [`LocalModel::open`], with the metadata key or the tensor at fault.
pub(super) fn open(path: &Path, options: &LocalOptions) -> Result<LocalModel, ModelError> {
    let mut file = Gguf::open(path)?;
    let family = family(&file)?;
    let config = config(family, &mut file)?;
    let spelled = special_names(&file)?;
    let tokenizer = tokenizer(path, &mut file, &config, &spelled)?;
    let chat_template = match file.get("tokenizer.chat_template") {
        None => None,
        Some(_) => Some(ChatTemplate::compile(
            file.text("tokenizer.chat_template")?,
            spelled.bos.as_deref().unwrap_or(""),
            spelled.eos.as_deref().unwrap_or(""),
        )?),
    };
    let engine = Loaded::load(config, &mut Source::Gguf { file, pairs: family.gguf_pairs }, options)?;
    Ok(LocalModel {
        name: file_name(path),
        fingerprint: fingerprint::of_files(&[path])?,
        tokenizer,
        chat_template,
        engine,
    })
}

/// The spelling of the tokens that begin and end a text.
struct SpecialNames {
    bos: Option<String>,
    eos: Option<String>,
}

/// Looks up the spelling of the ids in the metadata; an id outside the vocabulary is refused.
fn special_names(file: &Gguf) -> Result<SpecialNames, ModelError> {
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

/// The tokenizer that the metadata describes. An id beyond the embedding has no row, and is refused.
fn tokenizer(
    path: &Path,
    file: &mut Gguf,
    config: &Config,
    spelled: &SpecialNames,
) -> Result<Tokenizer, ModelError> {
    let family = file.text("tokenizer.ggml.model")?;
    if family != "gpt2" {
        return Err(ModelError::Unsupported {
            what: "tokenizer model",
            found: family.to_owned(),
            known: "gpt2; others by a folder with tokenizer.json",
        });
    }
    let pre_tokenizer = PreTokenizer::from_gguf_name(file.text("tokenizer.ggml.pre")?)?;
    let adds_bos = match file.get("tokenizer.ggml.add_bos_token") {
        Some(&Value::Bool(adds_bos)) => adds_bos,
        Some(_) => return Err(file.broken("tokenizer.ggml.add_bos_token is not a bool")),
        // Files older than the key: what the family's own tokenizer does.
        None => pre_tokenizer == PreTokenizer::Llama3,
    };
    let kinds = file.numbers("tokenizer.ggml.token_type")?.iter().map(|&kind| token_kind(kind));
    let kinds: Option<Vec<TokenKind>> = kinds.collect();
    let Some(kinds) = kinds else {
        return Err(file.broken("tokenizer.ggml.token_type has a number outside 1..=5"));
    };
    let merges = file.texts("tokenizer.ggml.merges")?;
    let merges = merges.iter().map(|merge| {
        let pair = merge.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned()));
        pair.ok_or_else(|| file.broken(format!("merge {merge:?} is not two pieces")))
    });
    let merges = merges.collect::<Result<_, _>>()?;
    let pairs =
        BytePairs { tokens: file.texts("tokenizer.ggml.tokens")?, kinds, merges, pre_tokenizer };
    if pairs.tokens.len() > config.vocabulary {
        return Err(file.broken(format!(
            "{} tokens for {} rows of token_embd.weight",
            pairs.tokens.len(),
            config.vocabulary
        )));
    }
    let names = TokenizerConfig {
        bos: spelled.bos.clone(),
        eos: spelled.eos.iter().cloned().collect(),
        adds_bos: Some(adds_bos),
        rows: config.vocabulary,
    };
    Tokenizer::from_byte_pairs(pairs, &names).map_err(|error| tokenizer_error(path, error))
}

/// The numbers of llama.cpp's `llama_token_type`; byte tokens (6) belong to SentencePiece.
fn token_kind(kind: i64) -> Option<TokenKind> {
    Some(match kind {
        1 => TokenKind::Text,
        2 | 3 => TokenKind::Special,
        4 => TokenKind::Literal,
        5 => TokenKind::Unused,
        _ => return None,
    })
}
