//! The Llama transformer: weights, and one pass of tokens through them.
//!
//! Root-mean-square norm, grouped-query attention with rotary positions, gated feed-forward with
//! SiLU (Touvron et al. 2023). Weights are `[out, in]`; activations are `[tokens, width]`.

use candle_core::{Device, Tensor};

use super::attention::{Attention, Cache, Step};
use super::config::Config;
use super::gguf::Gguf;
use super::ops::{GatedSilu, RmsNorm, project};
use super::safetensors::SafeTensors;
use crate::model::ModelError;
use crate::vocab::TokenId;

/// A Llama-architecture model's weights in float32.
#[derive(Debug)]
pub(super) struct Transformer {
    config: Config,
    /// Those of `config`, worked out once.
    frequencies: Vec<f64>,
    /// `[vocabulary, width]`
    embedding: Tensor,
    layers: Vec<Layer>,
    /// `[width]`
    norm: Tensor,
    /// `[vocabulary, width]`; shares the embedding's memory when the model ties them.
    output: Tensor,
}

/// One layer's weights. Projections that read the same rows are joined into one matrix, so that the
/// rows are read once.
#[derive(Debug)]
struct Layer {
    /// `[width]`
    attention_norm: Tensor,
    attention: Attention,
    /// `[width]`
    feed_forward_norm: Tensor,
    /// Gate above up, `[2 · feed_forward, width]`.
    gate_up: Tensor,
    /// `[width, feed_forward]`
    down: Tensor,
}

/// Where weights come from.
#[derive(Debug)]
pub(super) enum Source {
    Gguf(Gguf),
    SafeTensors { tensors: SafeTensors, is_tied: bool },
}

impl Source {
    /// A tensor that both formats have, by its name in each, without `.weight`.
    fn tensor(&mut self, names: [&str; 2], shape: &[usize]) -> Result<Tensor, ModelError> {
        let [gguf_name, hub_name] = names;
        match self {
            Self::Gguf(file) => file.tensor(&format!("{gguf_name}.weight"), shape),
            Self::SafeTensors { tensors, .. } => {
                tensors.tensor(&format!("{hub_name}.weight"), shape)
            }
        }
    }

    /// As [`tensor`](Self::tensor), by the names within a layer.
    fn layer(
        &mut self,
        layer: usize,
        names: [&str; 2],
        shape: &[usize],
    ) -> Result<Tensor, ModelError> {
        let [gguf_name, hub_name] = names;
        let names =
            [format!("blk.{layer}.{gguf_name}"), format!("model.layers.{layer}.{hub_name}")];
        self.tensor(names.each_ref().map(String::as_str), shape)
    }

    /// A projection whose rows are rotated. GGUF keeps the two values of a rotated pair side by
    /// side; the rotation here expects them half a head apart, as safetensors have them.
    fn rotated(
        &mut self,
        layer: usize,
        names: [&str; 2],
        [heads, head_width, width]: [usize; 3],
    ) -> Result<Tensor, ModelError> {
        let shape = [heads * head_width, width];
        let weight = self.layer(layer, names, &shape)?;
        match self {
            Self::SafeTensors { .. } => Ok(weight),
            Self::Gguf(_) => {
                let pairs = weight.reshape((heads, head_width / 2, 2, width))?;
                Ok(pairs.transpose(1, 2)?.contiguous()?.reshape(&shape)?)
            }
        }
    }

    /// Whether the output head has weights of its own: a GGUF file has the tensor or has not, a
    /// folder's `config.json` says so.
    fn has_own_output(&self) -> bool {
        match self {
            Self::Gguf(file) => file.has_tensor("output.weight"),
            Self::SafeTensors { is_tied, .. } => !is_tied,
        }
    }
}

impl Transformer {
    /// Loads all weights.
    ///
    /// # Errors
    /// [`ModelError::Broken`] for a tensor that is missing or has another shape than `config` says,
    /// [`ModelError::Unsupported`] for one of an unknown type.
    pub(super) fn load(config: Config, source: &mut Source) -> Result<Self, ModelError> {
        let Config { width, vocabulary, .. } = config;
        let embedding =
            source.tensor(["token_embd", "model.embed_tokens"], &[vocabulary, width])?;
        let output = if source.has_own_output() {
            source.tensor(["output", "lm_head"], &[vocabulary, width])?
        } else {
            embedding.clone()
        };
        let layers = (0..config.layers)
            .map(|layer| Layer::load(layer, &config, source))
            .collect::<Result<_, _>>()?;
        let norm = source.tensor(["output_norm", "model.norm"], &[width])?;
        Ok(Self { frequencies: config.frequencies(), config, embedding, layers, norm, output })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The caches of a session that has been fed nothing.
    pub(super) fn empty_caches(&self) -> Vec<Cache> {
        vec![Cache::default(); self.layers.len()]
    }

    /// Runs tokens at `positions` through all layers, appending to the caches.
    ///
    /// `mask` is `[tokens, cached + tokens]`, 0 where a token may look and −∞ elsewhere. Returns
    /// the hidden states, `[tokens, width]`.
    pub(super) fn forward(
        &self,
        tokens: &[TokenId],
        positions: &[usize],
        mask: &Tensor,
        caches: &mut [Cache],
    ) -> Result<Tensor, ModelError> {
        let ids: Vec<u32> = tokens.iter().map(|id| id.0).collect();
        let ids = Tensor::new(ids, &Device::Cpu)?;
        let mut hidden = self.embedding.index_select(&ids, 0)?;
        let step = Step::new(positions, &self.frequencies, mask)?;
        for (layer, cache) in self.layers.iter().zip(caches) {
            hidden = layer.forward(&hidden, &step, cache, self.config.norm_epsilon)?;
        }
        Ok(hidden)
    }

    /// The logits that follow the hidden states of the chosen rows, one row of `vocabulary` behind
    /// the other. Only these go through the head: in the default model it has a fifth of the weights.
    pub(super) fn logits(&self, hidden: &Tensor, rows: &[usize]) -> Result<Vec<f32>, ModelError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<u32> = rows.iter().filter_map(|&row| u32::try_from(row).ok()).collect();
        let chosen = hidden.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
        let normed = rms_norm(&chosen, &self.norm, self.config.norm_epsilon)?;
        Ok(project(&normed, &self.output)?.flatten_all()?.to_vec1()?)
    }
}

impl Layer {
    fn load(layer: usize, config: &Config, source: &mut Source) -> Result<Self, ModelError> {
        let &Config { width, heads, kv_heads, head_width, feed_forward, .. } = config;
        let shape = |heads| [heads, head_width, width];
        let query = source.rotated(layer, ["attn_q", "self_attn.q_proj"], shape(heads))?;
        let key = source.rotated(layer, ["attn_k", "self_attn.k_proj"], shape(kv_heads))?;
        let value =
            source.layer(layer, ["attn_v", "self_attn.v_proj"], &[kv_heads * head_width, width])?;
        let output = source.layer(
            layer,
            ["attn_output", "self_attn.o_proj"],
            &[width, heads * head_width],
        )?;
        let gate = source.layer(layer, ["ffn_gate", "mlp.gate_proj"], &[feed_forward, width])?;
        let up = source.layer(layer, ["ffn_up", "mlp.up_proj"], &[feed_forward, width])?;
        Ok(Self {
            attention_norm: source.layer(layer, ["attn_norm", "input_layernorm"], &[width])?,
            attention: Attention {
                heads,
                kv_heads,
                head_width,
                projections: Tensor::cat(&[query, key, value], 0)?,
                output,
            },
            feed_forward_norm: source.layer(
                layer,
                ["ffn_norm", "post_attention_layernorm"],
                &[width],
            )?,
            gate_up: Tensor::cat(&[gate, up], 0)?,
            down: source.layer(layer, ["ffn_down", "mlp.down_proj"], &[width, feed_forward])?,
        })
    }

    /// Hidden states in and out, `[tokens, width]`; each half adds to what it was given.
    fn forward(
        &self,
        hidden: &Tensor,
        step: &Step,
        cache: &mut Cache,
        epsilon: f64,
    ) -> Result<Tensor, ModelError> {
        let normed = rms_norm(hidden, &self.attention_norm, epsilon)?;
        let hidden = (hidden + self.attention.forward(&normed, step, cache)?)?;
        let normed = rms_norm(&hidden, &self.feed_forward_norm, epsilon)?;
        let gated = project(&normed, &self.gate_up)?.apply_op1_no_bwd(&GatedSilu)?;
        Ok((hidden + project(&gated, &self.down)?)?)
    }
}

fn rms_norm(rows: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor, ModelError> {
    Ok(rows.apply_op2_no_bwd(weight, &RmsNorm { epsilon })?)
}
