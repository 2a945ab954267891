//! Opens a GGUF file as a model.
//!
//! The keys are those that llama.cpp writes; where one is missing, its default here is llama.cpp's.
//! The weights, which take longest, are read last.

use std::path::Path;

use super::gguf::Gguf;
use super::gguf_config::{config, family};
use super::gguf_tokenizer::{special_names, tokenizer};
use super::source::Source;
use super::{Loaded, LocalModel, LocalOptions, file_name, fingerprint};
use crate::model::{ChatTemplate, ModelError};

/// Reads the header, then the weights.
///
/// # Errors
/// As [`LocalModel::open`], with the metadata key or the tensor at fault.
pub(super) fn open(path: &Path, options: &LocalOptions) -> Result<LocalModel, ModelError> {
    let mut file = Gguf::open(path)?;
    let family = family(&file)?;
    let config = config(family, &mut file)?;
    let spelled = special_names(&file)?;
    let tokenizer = tokenizer(&mut file, &config, &spelled)?;
    let chat_template = match file.get("tokenizer.chat_template") {
        None => None,
        Some(_) => Some(ChatTemplate::compile(
            file.text("tokenizer.chat_template")?,
            spelled.bos.as_deref().unwrap_or(""),
            spelled.eos.as_deref().unwrap_or(""),
        )?),
    };
    let engine =
        Loaded::load(config, &mut Source::Gguf { file, pairs: family.gguf_pairs }, options)?;
    Ok(LocalModel {
        name: file_name(path),
        fingerprint: fingerprint::of_files(&[path])?,
        tokenizer,
        chat_template,
        engine,
    })
}
