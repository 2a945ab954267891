//! Opens a folder of `config.json`, `tokenizer.json` and safetensors as a model.
//!
//! The names are those that the `transformers` library gives to files and settings; where a setting
//! is missing, its default here is that library's.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config::{Config, RopeScaling};
use super::safetensors::SafeTensors;
use super::source::Source;
use super::{Loaded, LocalModel, LocalOptions, file_name, fingerprint, tokenizer_error};
use crate::model::{ChatTemplate, ModelError};
use crate::vocab::{Tokenizer, TokenizerConfig};

/// The largest JSON file read; the largest tokenizer in use is about 35 MB.
const MAX_JSON: u64 = 256 << 20;

/// Reads the settings, then the weights, then the tokenizer.
///
/// # Errors
/// As [`LocalModel::open`], with the file and the setting or tensor at fault.
pub(super) fn open(folder: &Path, options: &LocalOptions) -> Result<LocalModel, ModelError> {
    let json = Json::read(folder, "config.json")?;
    let config = config(&json)?;
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
    let is_tied = json.value["tie_word_embeddings"].as_bool().unwrap_or(false);
    let mut source = Source::SafeTensors { tensors, is_tied };
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

/// A JSON file and its place, for errors.
struct Json {
    path: PathBuf,
    value: Value,
}

impl Json {
    fn read(folder: &Path, name: &str) -> Result<Self, ModelError> {
        let path = folder.join(name);
        let value = serde_json::from_slice(&read(&path)?);
        let value = value
            .map_err(|error| ModelError::Broken { path: path.clone(), what: error.to_string() })?;
        Ok(Self { path, value })
    }

    fn broken(&self, what: impl Into<String>) -> ModelError {
        ModelError::Broken { path: self.path.clone(), what: what.into() }
    }

    /// A setting that has to be there.
    fn count(&self, key: &str) -> Result<usize, ModelError> {
        let value = &self.value[key];
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| self.broken(format!("{key} is {value}, not a count")))
    }

    fn count_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        if self.value[key].is_null() { Ok(default) } else { self.count(key) }
    }

    fn number(&self, value: &Value, key: &str) -> Result<f64, ModelError> {
        value.as_f64().ok_or_else(|| self.broken(format!("{key} is {value}, not a number")))
    }

    /// Refuses a setting that the transformer does not implement.
    fn require(
        &self,
        what: &'static str,
        key: &str,
        known: &'static str,
    ) -> Result<(), ModelError> {
        let value = &self.value[key];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if value.is_null() || text == known {
            return Ok(());
        }
        Err(ModelError::Unsupported { what, found: text, known })
    }
}

/// The model's numbers. A setting that would change what the transformer does, and is not known, is
/// refused.
fn config(json: &Json) -> Result<Config, ModelError> {
    json.require("model architecture", "model_type", "llama")?;
    json.require("hidden_act", "hidden_act", "silu")?;
    json.require("attention_bias", "attention_bias", "false")?;
    json.require("mlp_bias", "mlp_bias", "false")?;
    let width = json.count("hidden_size")?;
    let heads = json.count("num_attention_heads")?;
    let config = Config {
        layers: json.count("num_hidden_layers")?,
        width,
        heads,
        kv_heads: json.count_or("num_key_value_heads", heads)?,
        head_width: json.count_or("head_dim", width.checked_div(heads).unwrap_or(0))?,
        feed_forward: json.count("intermediate_size")?,
        vocabulary: json.count("vocab_size")?,
        context: json.count("max_position_embeddings")?,
        norm_epsilon: json.number(&json.value["rms_norm_eps"], "rms_norm_eps")?,
        rope_base: match &json.value["rope_theta"] {
            Value::Null => 10_000.0,
            value => json.number(value, "rope_theta")?,
        },
        rope_scaling: rope_scaling(json)?,
    };
    config.check().map_err(|what| json.broken(what))
}

/// How rotations are stretched; kinds that are not implemented are refused by name.
fn rope_scaling(json: &Json) -> Result<RopeScaling, ModelError> {
    let scaling = &json.value["rope_scaling"];
    let kind = scaling["rope_type"].as_str().or_else(|| scaling["type"].as_str());
    let number = |key: &str| json.number(&scaling[key], &format!("rope_scaling.{key}"));
    match kind {
        None if scaling.is_null() => Ok(RopeScaling::None),
        Some("default") => Ok(RopeScaling::None),
        Some("llama3") => Ok(RopeScaling::Llama3 {
            factor: number("factor")?,
            low_frequency: number("low_freq_factor")?,
            high_frequency: number("high_freq_factor")?,
            original_context: number("original_max_position_embeddings")?,
        }),
        _ => Err(ModelError::Unsupported {
            what: "rope scaling",
            found: scaling.to_string(),
            known: "none, default, llama3",
        }),
    }
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

/// Reads a whole file of settings, unless it is too large to be one.
fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(io)?.len();
    if size > MAX_JSON {
        let what = format!("it has {size} bytes, over the limit of {MAX_JSON}");
        return Err(ModelError::Broken { path: path.to_owned(), what });
    }
    fs::read(path).map_err(io)
}
