//! Where weights come from: a GGUF file or safetensors, under the names that each has for them.
//!
//! Engines ask for a weight by its [`Name`], as float32 or as the bytes that the file has, and need
//! not know which kind of file it is. What differs between the two beside names is said here as
//! well: the order of rotated rows, and whether the output head is the embedding.

use std::fmt;
use std::path::Path;

use candle_core::Tensor;

use super::config::Config;
use super::gguf::Gguf;
use super::safetensors::SafeTensors;
use crate::model::ModelError;

/// The weights of a model and of its layers, as [GGUF, safetensors] name them.
pub(super) const EMBEDDING: [&str; 2] = ["token_embd", "model.embed_tokens"];
pub(super) const NORM: [&str; 2] = ["output_norm", "model.norm"];
pub(super) const OUTPUT: [&str; 2] = ["output", "lm_head"];
pub(super) const ATTENTION_NORM: [&str; 2] = ["attn_norm", "input_layernorm"];
pub(super) const QUERY: [&str; 2] = ["attn_q", "self_attn.q_proj"];
pub(super) const KEY: [&str; 2] = ["attn_k", "self_attn.k_proj"];
pub(super) const VALUE: [&str; 2] = ["attn_v", "self_attn.v_proj"];
/// The three above as one tensor, and the two of the feed-forward.
pub(super) const QUERY_KEY_VALUE: [&str; 2] = ["attn_qkv", "self_attn.qkv_proj"];
pub(super) const GATE_UP: [&str; 2] = ["ffn_up", "mlp.gate_up_proj"];
pub(super) const QUERY_NORM: [&str; 2] = ["attn_q_norm", "self_attn.q_norm"];
pub(super) const KEY_NORM: [&str; 2] = ["attn_k_norm", "self_attn.k_norm"];
pub(super) const ATTENTION_OUTPUT: [&str; 2] = ["attn_output", "self_attn.o_proj"];
const FEED_FORWARD_NORM: [&str; 2] = ["ffn_norm", "post_attention_layernorm"];
/// These three where what each half of a layer found is normalized: safetensors then mean another
/// norm by the name of the one above.
pub(super) const POST_ATTENTION_NORM: [&str; 2] =
    ["post_attention_norm", "post_attention_layernorm"];
const PRE_FEED_FORWARD_NORM: [&str; 2] = ["ffn_norm", "pre_feedforward_layernorm"];
pub(super) const POST_FEED_FORWARD_NORM: [&str; 2] =
    ["post_ffw_norm", "post_feedforward_layernorm"];
pub(super) const GATE: [&str; 2] = ["ffn_gate", "mlp.gate_proj"];
pub(super) const UP: [&str; 2] = ["ffn_up", "mlp.up_proj"];
pub(super) const DOWN: [&str; 2] = ["ffn_down", "mlp.down_proj"];

/// The norm before the feed-forward.
pub(super) fn feed_forward_norm(config: &Config) -> [&'static str; 2] {
    if config.build.has_post_norms { PRE_FEED_FORWARD_NORM } else { FEED_FORWARD_NORM }
}

/// An open file of weights.
#[derive(Debug)]
pub(super) enum Source {
    Gguf {
        file: Gguf,
        pairs: Pairs,
    },
    SafeTensors {
        tensors: SafeTensors,
        is_tied: bool,
        /// What the weights of norms lack.
        norm_offset: f32,
    },
}

/// A weight by its name in GGUF files and its name in safetensors.
#[derive(Debug, Clone)]
pub(super) struct Name {
    gguf: String,
    hub: String,
}

/// A matrix's bytes as the file has them.
#[derive(Debug)]
pub(super) struct Raw {
    /// The number of its kind in `ggml.h`.
    pub(super) kind: u32,
    pub(super) bytes: Vec<u8>,
}

/// The order of the values that are rotated in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    /// The two of a pair stand half a head apart, as the rotations here expect them.
    Halves,
    /// They stand side by side.
    Neighbours,
}

impl Name {
    /// A weight of the whole model.
    pub(super) fn of([gguf, hub]: [&str; 2]) -> Self {
        Self { gguf: format!("{gguf}.weight"), hub: format!("{hub}.weight") }
    }

    /// A weight of one layer.
    pub(super) fn of_layer(layer: usize, [gguf, hub]: [&str; 2]) -> Self {
        Self::in_layer(layer, [gguf, hub], "weight")
    }

    /// The bias beside a weight of one layer.
    pub(super) fn of_bias(layer: usize, names: [&str; 2]) -> Self {
        Self::in_layer(layer, names, "bias")
    }

    fn in_layer(layer: usize, [gguf, hub]: [&str; 2], what: &str) -> Self {
        Self {
            gguf: format!("blk.{layer}.{gguf}.{what}"),
            hub: format!("model.layers.{layer}.{hub}.{what}"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}, or {:?}", self.gguf, self.hub)
    }
}

impl Source {
    /// A tensor's values as float32, whatever the file keeps them as. `shape` is outermost first.
    ///
    /// # Errors
    /// [`ModelError::Broken`] where it is missing, has another shape or is not within the file,
    /// [`ModelError::Unsupported`] for an unknown type.
    pub(super) fn tensor(&mut self, name: &Name, shape: &[usize]) -> Result<Tensor, ModelError> {
        match self {
            Self::Gguf { file, .. } => file.tensor(&name.gguf, shape),
            Self::SafeTensors { tensors, .. } => tensors.tensor(&name.hub, shape),
        }
    }

    /// The weights of a norm, as what rows are multiplied by.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub(super) fn norm(&mut self, name: &Name, width: usize) -> Result<Tensor, ModelError> {
        let weights = self.tensor(name, &[width])?;
        match self {
            Self::Gguf { .. } => Ok(weights),
            Self::SafeTensors { norm_offset, .. } => {
                Ok(weights.affine(1.0, f64::from(*norm_offset))?)
            }
        }
    }

    /// A tensor's bytes as the file has them, and what kind they are.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub(super) fn raw(&mut self, name: &Name, shape: &[usize]) -> Result<Raw, ModelError> {
        match self {
            Self::Gguf { file, .. } => file.raw(&name.gguf, shape),
            Self::SafeTensors { tensors, .. } => tensors.raw(&name.hub, shape),
        }
    }

    /// How the rows of queries and keys are ordered. llama.cpp's converter reorders them for the
    /// Llama family alone; safetensors have them in halves.
    pub(super) fn pairs(&self) -> Pairs {
        match self {
            &Self::Gguf { pairs, .. } => pairs,
            Self::SafeTensors { .. } => Pairs::Halves,
        }
    }

    /// Whether the output head has weights of its own: a GGUF file has the tensor or has not, a
    /// folder's `config.json` says so.
    pub(super) fn has_own_output(&self) -> bool {
        match self {
            Self::Gguf { file, .. } => file.has_tensor("output.weight"),
            Self::SafeTensors { is_tied, .. } => !is_tied,
        }
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Gguf { file, .. } => file.path(),
            Self::SafeTensors { tensors, .. } => tensors.path(),
        }
    }
}
