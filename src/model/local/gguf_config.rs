//! What a GGUF file's metadata says of its model.
//!
//! The keys are those that llama.cpp writes; where one is missing, its default here is llama.cpp's.
//! All stand under the name of the architecture.
//!
//! What the file has that no engine does is refused: experts, soft caps, biases where the family has
//! none, rotations of a part of a head. Such a file would load and compute something else.

use super::config::{Config, Local, LocalLayers, RopeScaling};
use super::families::{Family, Windows};
use super::gguf::{Gguf, Value};
use crate::model::ModelError;

/// The family that the file's model is of.
///
/// # Errors
/// [`ModelError::Unsupported`] for an unknown one.
pub(super) fn family(file: &Gguf) -> Result<&'static Family, ModelError> {
    Family::of_gguf(file.text("general.architecture")?)
}

/// Reads what describes the model.
///
/// # Errors
/// [`ModelError::Broken`] or [`ModelError::Unsupported`] with the key at fault.
pub(super) fn config(family: &Family, file: &mut Gguf) -> Result<Config, ModelError> {
    let key = |name: &str| format!("{}.{name}", family.gguf);
    let count = |name: &str| file.count(&key(name));
    let count_or = |name: &str, default: usize| match file.get(&key(name)) {
        None => Ok(default),
        Some(_) => count(name),
    };
    if count_or("expert_count", 0)? > 0 {
        return Err(file.broken("it is a mixture of experts, which is not supported"));
    }
    let (heads, width) = (count("attention.head_count")?, count("embedding_length")?);
    let head_width = count_or("attention.key_length", width.checked_div(heads).unwrap_or(0))?;
    for name in ["attention.value_length", "rope.dimension_count"] {
        if count_or(name, head_width)? != head_width {
            let what = format!("{} is not the head width, which is not supported", key(name));
            return Err(file.broken(what));
        }
    }
    check_biases(family, file)?;
    check_caps(family, file)?;
    let config = Config {
        layers: count("block_count")?,
        width,
        heads,
        kv_heads: count_or("attention.head_count_kv", heads)?,
        head_width,
        feed_forward: count("feed_forward_length")?,
        vocabulary: file.tensor_rows("token_embd.weight")?,
        context: count("context_length")?,
        norm_epsilon: file.float(&key("attention.layer_norm_rms_epsilon"))?,
        rope_base: match file.get(&key("rope.freq_base")) {
            None => 10_000.0,
            Some(_) => file.float(&key("rope.freq_base"))?,
        },
        rope_scaling: RopeScaling::None,
        embedding_scale: if family.scales_embedding { (width as f64).sqrt() } else { 1.0 },
        attention_scale: attention_scale(family, [count("block_count")?, width, heads, head_width]),
        local: local(family, file)?,
        build: family.build,
    };
    let rope_scaling = rope_scaling(family, file, config.head_width)?;
    Config { rope_scaling, ..config }.check().map_err(|what| file.broken(what))
}

/// Refuses biases that the layers of the family have no place for: without them the model would be
/// another.
fn check_biases(family: &Family, file: &Gguf) -> Result<(), ModelError> {
    let known = ["attn_q", "attn_k", "attn_v"];
    let others = ["attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];
    let unread = known.into_iter().filter(|_| !family.build.has_biases).chain(others);
    let mut names = unread.map(|name| format!("blk.0.{name}.bias"));
    match names.find(|name| file.has_tensor(name)) {
        None => Ok(()),
        Some(found) => Err(ModelError::Unsupported {
            what: "bias",
            found: format!("{found} of architecture {}", family.gguf),
            known: "those of queries, keys and values in qwen2",
        }),
    }
}

/// Refuses caps on scores and logits, which the engines have not.
fn check_caps(family: &Family, file: &Gguf) -> Result<(), ModelError> {
    for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
        let key = format!("{}.{name}", family.gguf);
        if file.get(&key).is_some() {
            return Err(ModelError::Unsupported { what: "setting", found: key, known: "none" });
        }
    }
    Ok(())
}

/// Files do not say it; llama.cpp knows the one model of Gemma 3 that differs by its layers.
fn attention_scale(family: &Family, [layers, width, heads, head_width]: [usize; 4]) -> f64 {
    let scaled = match (family.gguf, layers) {
        ("gemma3", 62) => width / heads.max(1),
        _ => head_width,
    };
    (scaled as f64).sqrt().recip()
}

/// llama.cpp's converter does not write which layers of Qwen have windows, as models in use have none.
fn local(family: &Family, file: &Gguf) -> Result<Option<Local>, ModelError> {
    let key = format!("{}.attention.sliding_window", family.gguf);
    let layers = match family.windows {
        Windows::All(_) => LocalLayers::All,
        Windows::Upper => return Ok(None),
        Windows::AllBut(period) => LocalLayers::AllBut(period),
    };
    if file.get(&key).is_none() {
        return Ok(None);
    }
    let base = format!("{}.rope.freq_base_swa", family.gguf);
    let rope_base = match file.get(&base) {
        None => family.local_rope_base,
        Some(_) => Some(file.float(&base)?),
    };
    Ok(Some(Local { window: file.count(&key)?, layers, rope_base }))
}

/// llama.cpp's converter writes Llama 3.1's scaling as a tensor of factors and sets no type.
fn rope_scaling(
    family: &Family,
    file: &mut Gguf,
    head_width: usize,
) -> Result<RopeScaling, ModelError> {
    match file.get(&format!("{}.rope.scaling.type", family.gguf)) {
        None => {}
        Some(Value::Text(kind)) if kind == "none" => {}
        Some(Value::Text(kind)) if kind == "linear" => {
            let factor = file.float(&format!("{}.rope.scaling.factor", family.gguf))?;
            return Ok(RopeScaling::Linear(factor));
        }
        Some(kind) => {
            return Err(ModelError::Unsupported {
                what: "rope scaling",
                found: format!("{kind:?}"),
                known: "none, linear, llama3 by rope_freqs.weight",
            });
        }
    }
    let factors = ["rope_factors_long.weight", "rope_factors_short.weight"];
    if let Some(found) = factors.into_iter().find(|name| file.has_tensor(name)) {
        return Err(ModelError::Unsupported {
            what: "rope scaling",
            found: format!("longrope, by {found}"),
            known: "none, linear, llama3 by rope_freqs.weight",
        });
    }
    if !file.has_tensor("rope_freqs.weight") {
        return Ok(RopeScaling::None);
    }
    let factors = file.tensor("rope_freqs.weight", &[head_width / 2])?;
    Ok(RopeScaling::Factors(factors.to_vec1()?))
}
