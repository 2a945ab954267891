//! What the `config.json` of a folder says of its model.
//!
//! The names are those of the `transformers` library; where a setting is missing, its default here
//! is that library's. Rotations are said in two ways, by settings beside the others or by an object
//! for each kind of layer; both are read.
//!
//! A setting that would change what the model computes and that is not done here is refused with its
//! name: a model that runs nearly as it was trained is worse than one that does not run.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config::{Config, Local, LocalLayers, RopeScaling};
use super::families::{Activation, Family, Windows};
use crate::model::ModelError;

/// The largest JSON file read; the largest tokenizer in use is about 35 MB.
const MAX_JSON: u64 = 256 << 20;

/// The family that the model is of; Llama where the file does not say.
///
/// # Errors
/// [`ModelError::Unsupported`] for an unknown one.
pub(super) fn family(json: &Json) -> Result<&'static Family, ModelError> {
    Family::of_hub(json.value["model_type"].as_str().unwrap_or("llama"))
}

/// Reads what describes the model.
///
/// # Errors
/// [`ModelError::Broken`] or [`ModelError::Unsupported`] with the setting at fault.
pub(super) fn config(family: &Family, json: &Json) -> Result<Config, ModelError> {
    match family.build.activation {
        Activation::Silu => json.require("hidden_act", "silu")?,
        Activation::Gelu => json.require("hidden_activation", "gelu_pytorch_tanh")?,
    }
    for key in ["attention_bias", "mlp_bias", "use_bidirectional_attention"] {
        json.require(key, "false")?;
    }
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
        json.require(key, "null")?;
    }
    let rotated = &json.value["partial_rotary_factor"];
    if !rotated.is_null() && json.number(rotated, "partial_rotary_factor")? != 1.0 {
        let (what, found) = ("partial_rotary_factor", rotated.to_string());
        return Err(ModelError::Unsupported { what, found, known: "1" });
    }
    let width = json.count("hidden_size")?;
    let heads = json.count("num_attention_heads")?;
    let head_width = json.count_or("head_dim", width.checked_div(heads).unwrap_or(0))?;
    let scaled = match &json.value["query_pre_attn_scalar"] {
        Value::Null => head_width as f64,
        value => json.number(value, "query_pre_attn_scalar")?,
    };
    let rope = Rope::of(json, "full_attention");
    let config = Config {
        layers: json.count("num_hidden_layers")?,
        width,
        heads,
        kv_heads: json.count_or("num_key_value_heads", heads)?,
        head_width,
        feed_forward: json.count("intermediate_size")?,
        vocabulary: json.count("vocab_size")?,
        context: json.count("max_position_embeddings")?,
        norm_epsilon: json.number(&json.value["rms_norm_eps"], "rms_norm_eps")?,
        rope_base: rope.base()?,
        rope_scaling: rope.scaling()?,
        embedding_scale: if family.scales_embedding { (width as f64).sqrt() } else { 1.0 },
        attention_scale: scaled.sqrt().recip(),
        local: local(family, json)?,
        build: family.build,
    };
    config.check().map_err(|what| json.broken(what))
}

/// The layers with a window: by the family's rule, unless each layer's kind is listed.
fn local(family: &Family, json: &Json) -> Result<Option<Local>, ModelError> {
    let listed = listed_layers(json)?;
    let layers = match family.windows {
        Windows::All(_) => LocalLayers::All,
        Windows::Upper if json.value["use_sliding_window"] == true => {
            LocalLayers::From(json.count("max_window_layers")?)
        }
        Windows::Upper => return Ok(None),
        Windows::AllBut(period) => {
            LocalLayers::AllBut(json.count_or("sliding_window_pattern", period)?)
        }
    };
    let window = match (json.value.get("sliding_window"), family.windows) {
        (Some(Value::Null), _) => None,
        (None, Windows::All(default)) => default,
        _ => Some(json.count("sliding_window")?),
    };
    let rope_base = local_rope_base(family, json)?;
    Ok(window.map(|window| Local { window, layers: listed.unwrap_or(layers), rope_base }))
}

/// The base by which layers with a window rotate, where it is one of their own.
fn local_rope_base(family: &Family, json: &Json) -> Result<Option<f64>, ModelError> {
    let own = &json.value["rope_local_base_freq"];
    let newer = &json.value["rope_parameters"]["sliding_attention"]["rope_theta"];
    match [own, newer].into_iter().find(|value| !value.is_null()) {
        Some(value) if family.local_rope_base.is_some() => {
            json.number(value, "rope_local_base_freq").map(Some)
        }
        _ => Ok(family.local_rope_base),
    }
}

/// The kinds of all layers, as newer files list them.
fn listed_layers(json: &Json) -> Result<Option<LocalLayers>, ModelError> {
    let Some(kinds) = json.value["layer_types"].as_array() else { return Ok(None) };
    let is_local = |kind: &Value| match kind.as_str() {
        Some("sliding_attention") => Ok(true),
        Some("full_attention") => Ok(false),
        _ => Err(ModelError::Unsupported {
            what: "layer type",
            found: kind.to_string(),
            known: "sliding_attention, full_attention",
        }),
    };
    Ok(Some(LocalLayers::Listed(kinds.iter().map(is_local).collect::<Result<_, _>>()?)))
}

/// The settings of rotation: `rope_theta` and `rope_scaling`, or in newer files both together in
/// `rope_parameters`, which has those of each kind of layers apart where they differ.
struct Rope<'a> {
    json: &'a Json,
    base: &'a Value,
    scaling: &'a Value,
}

impl<'a> Rope<'a> {
    fn of(json: &'a Json, layers: &str) -> Self {
        let newer = &json.value["rope_parameters"];
        let own = &newer[layers];
        match if own.is_null() { newer } else { own } {
            Value::Null => {
                let (base, scaling) = (&json.value["rope_theta"], &json.value["rope_scaling"]);
                Self { json, base, scaling }
            }
            both => Self { json, base: &both["rope_theta"], scaling: both },
        }
    }

    fn base(&self) -> Result<f64, ModelError> {
        match self.base {
            Value::Null => Ok(10_000.0),
            value => self.json.number(value, "rope_theta"),
        }
    }

    fn scaling(&self) -> Result<RopeScaling, ModelError> {
        let scaling = self.scaling;
        let kind = scaling["rope_type"].as_str().or_else(|| scaling["type"].as_str());
        let number = |key: &str| self.json.number(&scaling[key], &format!("rope_scaling.{key}"));
        match kind {
            None if scaling.is_null() => Ok(RopeScaling::None),
            Some("default") => Ok(RopeScaling::None),
            Some("linear") => Ok(RopeScaling::Linear(number("factor")?)),
            Some("llama3") => Ok(RopeScaling::Llama3 {
                factor: number("factor")?,
                low_frequency: number("low_freq_factor")?,
                high_frequency: number("high_freq_factor")?,
                original_context: number("original_max_position_embeddings")?,
            }),
            _ => Err(ModelError::Unsupported {
                what: "rope scaling",
                found: scaling.to_string(),
                known: "none, default, linear, llama3",
            }),
        }
    }
}

/// A JSON file and its place, for errors.
pub(super) struct Json {
    pub(super) path: PathBuf,
    pub(super) value: Value,
}

impl Json {
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self, ModelError> {
        let path = folder.join(name);
        let value = serde_json::from_slice(&read(&path)?);
        let value = value
            .map_err(|error| ModelError::Broken { path: path.clone(), what: error.to_string() })?;
        Ok(Self { path, value })
    }

    pub(super) fn broken(&self, what: impl Into<String>) -> ModelError {
        ModelError::Broken { path: self.path.clone(), what: what.into() }
    }

    /// A setting that has to be there.
    fn count(&self, key: &str) -> Result<usize, ModelError> {
        let value = &self.value[key];
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| self.broken(format!("{key} is {value}, not a count")))
    }

    /// A setting that has a default.
    fn count_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        if self.value[key].is_null() { Ok(default) } else { self.count(key) }
    }

    /// A value as a number, or an error that names the setting.
    fn number(&self, value: &Value, key: &str) -> Result<f64, ModelError> {
        value.as_f64().ok_or_else(|| self.broken(format!("{key} is {value}, not a number")))
    }

    /// Refuses a setting that the engines do not implement.
    fn require(&self, key: &'static str, known: &'static str) -> Result<(), ModelError> {
        let value = &self.value[key];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if value.is_null() || text == known {
            return Ok(());
        }
        Err(ModelError::Unsupported { what: key, found: text, known })
    }
}

/// Reads a whole file of settings, unless it is too large to be one.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(io)?.len();
    if size > MAX_JSON {
        let what = format!("it has {size} bytes, over the limit of {MAX_JSON}");
        return Err(ModelError::Broken { path: path.to_owned(), what });
    }
    fs::read(path).map_err(io)
}
