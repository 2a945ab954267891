//! Opens a folder of `config.json`, `tokenizer.json` and safetensors as a model.
//!
//! The names are those that the `transformers` library gives to files and settings; where a setting
//! is missing, its default here is that library's.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder_config::{Json, config, family, read};
use super::safetensors::SafeTensors;
use super::source::Source;
use super::{Loaded, LocalModel, LocalOptions, file_name, fingerprint, tokenizer_error};
use crate::model::{ChatTemplate, ModelError};
use crate::vocab::{Tokenizer, TokenizerConfig};

/// Reads the settings, then the weights, then the tokenizer.
///
/// # Errors
/// As [`LocalModel::open`], with the file and the setting or tensor at fault.
pub(super) fn open(folder: &Path, options: &LocalOptions) -> Result<LocalModel, ModelError> {
    let json = Json::read(folder, "config.json")?;
    let family = family(&json)?;
    let config = config(family, &json)?;
    let settings = match folder.join("tokenizer_config.json").exists() {
        true => Json::read(folder, "tokenizer_config.json")?,
        false => Json { path: folder.join("tokenizer_config.json"), value: Value::Null },
    };
    let spelled = |key: &str| {
        let token = &settings.value[key];
        token.as_str().or_else(|| token["content"].as_str()).map(str::to_owned)
    };
    let names = TokenizerConfig {
        bos: spelled("bos_token"),
        eos: spelled("eos_token").into_iter().collect(),
        adds_bos: settings.value["add_bos_token"].as_bool(),
        rows: config.vocabulary,
    };
    let chat_template = chat_template(folder, &settings, &names)?;
    let tokenizer_path = folder.join("tokenizer.json");
    let tokenizer_bytes = read(&tokenizer_path)?;
    let weights = weight_files(folder)?;
    let tensors = SafeTensors::open(&weights)?;
    let is_tied = json.value["tie_word_embeddings"].as_bool().unwrap_or(family.is_tied);
    let norm_offset = family.norm_offset;
    let mut source = Source::SafeTensors { tensors, is_tied, norm_offset };
    let engine = Loaded::load(config, &mut source, options)?;
    // After the weights, which have shown that the vocabulary is not larger than the files.
    let tokenizer = Tokenizer::from_json(&tokenizer_bytes, &names)
        .map_err(|error| tokenizer_error(&tokenizer_path, error))?;
    if tokenizer.vocabulary().len() > names.rows {
        return Err(json.broken(format!(
            "vocab_size is {}, but tokenizer.json has {} ids",
            names.rows,
            tokenizer.vocabulary().len()
        )));
    }
    Ok(LocalModel {
        name: file_name(folder),
        fingerprint: fingerprint::of_files(&[settings_files(folder), weights].concat())?,
        tokenizer,
        chat_template,
        engine,
    })
}

/// The template in `chat_template.jinja`, else in `tokenizer_config.json`.
fn chat_template(
    folder: &Path,
    settings: &Json,
    names: &TokenizerConfig,
) -> Result<Option<ChatTemplate>, ModelError> {
    let file = folder.join("chat_template.jinja");
    let source =
        if file.exists() {
            let text = String::from_utf8(read(&file)?);
            Some(text.map_err(|_| ModelError::Broken {
                path: file,
                what: "it is not UTF-8".to_owned(),
            })?)
        } else {
            let template = &settings.value["chat_template"];
            let named = template.as_array().into_iter().flatten();
            let default =
                named.clone().find(|named| named["name"] == "default").or(named.clone().next());
            let source =
                template.as_str().or_else(|| default.and_then(|named| named["template"].as_str()));
            source.map(str::to_owned)
        };
    let bos = names.bos.as_deref().unwrap_or("");
    let eos = names.eos.first().map_or("", String::as_str);
    source.map(|source| ChatTemplate::compile(&source, bos, eos)).transpose()
}

/// The files beside the weights, of those that are there.
fn settings_files(folder: &Path) -> Vec<PathBuf> {
    let names = ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];
    names.map(|name| folder.join(name)).into_iter().filter(|path| path.exists()).collect()
}

/// `model.safetensors`, or the shards that `model.safetensors.index.json` names. A shard's name is
/// that of a file in the folder: a path would let a stranger's index read any file.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    if !folder.join("model.safetensors.index.json").exists() {
        return Ok(vec![folder.join("model.safetensors")]);
    }
    let index = Json::read(folder, "model.safetensors.index.json")?;
    let Some(map) = index.value["weight_map"].as_object() else {
        return Err(index.broken("weight_map is not an object"));
    };
    let mut names: Vec<&str> = map.values().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(index.broken("weight_map names no file"));
    }
    if let Some(name) =
        names.iter().find(|name| Path::new(name).file_name() != Some((**name).as_ref()))
    {
        return Err(
            index.broken(format!("weight_map names {name:?}, which is not a file beside it"))
        );
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
