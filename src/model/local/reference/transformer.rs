//! A transformer of the Llama kind: weights, and one pass of tokens through them.
//!
//! Root-mean-square norm, grouped-query attention with rotary positions, gated feed-forward with
//! SiLU (Touvron et al. 2023). Weights are `[out, in]`; activations are `[tokens, width]`.

use std::io;

use candle_core::{Device, Tensor};

use super::attention::{Attention, Cache, HeadNorms, Step};
use super::ops::{Gated, project, rms_norm};
use crate::model::ModelError;
use crate::model::local::config::Config;
use crate::model::local::engine::{Engine, Head, Pass, Sight};
use crate::model::local::saved::{Reader, Writer};
use crate::model::local::source::{self, Name, Pairs, Source};
use crate::vocab::{TokenId, TokenMask};

/// A model's weights in float32.
#[derive(Debug)]
pub(in crate::model::local) struct Transformer {
    config: Config,
    /// Those of `config`, worked out once.
    rotations: Vec<Vec<f64>>,
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
    /// Of what attention found, and of what the feed-forward found, `[width]` each.
    post_norms: Option<[Tensor; 2]>,
}

impl Transformer {
    /// Loads all weights.
    ///
    /// # Errors
    /// [`ModelError::Broken`] for a tensor that is missing or has another shape than `config` says,
    /// [`ModelError::Unsupported`] for one of an unknown type.
    pub(in crate::model::local) fn load(
        config: Config,
        source: &mut Source,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let Config { width, vocabulary, .. } = config;
        let embedding = source.tensor(&Name::of(source::EMBEDDING), &[vocabulary, width])?;
        let embedding = embedding.to_device(device)?;
        let output = if source.has_own_output() {
            source.tensor(&Name::of(source::OUTPUT), &[vocabulary, width])?.to_device(device)?
        } else {
            embedding.clone()
        };
        let layers = (0..config.layers)
            .map(|layer| Layer::load(layer, &config, source)?.on(device))
            .collect::<Result<_, _>>()?;
        let norm = source.norm(&Name::of(source::NORM), width)?.to_device(device)?;
        Ok(Self { rotations: config.rotations(), config, embedding, layers, norm, output })
    }

    /// Runs a pass through all layers, appending to the caches. Returns the hidden states,
    /// `[tokens, width]`.
    fn hidden(&self, pass: &Pass<'_>, caches: &mut [Cache]) -> Result<Tensor, ModelError> {
        let ids: Vec<u32> = pass.tokens.iter().map(|id| id.0).collect();
        let device = self.embedding.device();
        let ids = Tensor::new(ids, device)?;
        let mut hidden = self.embedding.index_select(&ids, 0)?;
        let seen = caches.first().map_or(0, Cache::len) + pass.tokens.len();
        if self.config.embedding_scale != 1.0 {
            hidden = (hidden * self.config.embedding_scale)?;
        }
        let step = |frequencies: Option<&Vec<f64>>, window| {
            let frequencies = frequencies.expect("there is always one way to rotate");
            Step::new(
                pass.positions,
                frequencies,
                mask(pass.sights, seen, window)?.to_device(device)?,
            )
        };
        let global = step(self.rotations.first(), None)?;
        let local = self.config.local.as_ref();
        let local = local.map(|local| step(self.rotations.last(), Some(local.window)));
        let local = local.transpose()?;
        for (index, (layer, cache)) in self.layers.iter().zip(caches).enumerate() {
            let is_local = self.config.window(index).is_some();
            let step = local.as_ref().filter(|_| is_local).unwrap_or(&global);
            hidden = layer.forward(&hidden, step, cache, &self.config)?;
        }
        Ok(hidden)
    }

    /// The logits that follow the hidden states of the chosen rows, one row of `vocabulary` behind
    /// the other. Only these go through the head: in the default model it has a fifth of the weights.
    fn logits(&self, hidden: &Tensor, rows: &[usize]) -> Result<Vec<f32>, ModelError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<u32> = rows.iter().filter_map(|&row| u32::try_from(row).ok()).collect();
        let chosen = hidden.index_select(&Tensor::new(rows, self.embedding.device())?, 0)?;
        let normed = rms_norm(&chosen, &self.norm, self.config.norm_epsilon)?;
        Ok(project(&normed, &self.output)?.flatten_all()?.to_vec1()?)
    }
}

impl Engine for Transformer {
    type Cache = Vec<Cache>;

    fn config(&self) -> &Config {
        &self.config
    }

    fn precision(&self) -> &'static str {
        "float32"
    }

    fn empty_cache(&self) -> Vec<Cache> {
        vec![Cache::default(); self.layers.len()]
    }

    fn truncate(&self, cache: &mut Vec<Cache>, len: usize) {
        cache.iter_mut().for_each(|layer| layer.truncate(len));
    }

    fn bytes(&self, cache: &Vec<Cache>) -> usize {
        cache.iter().map(Cache::bytes).sum()
    }

    fn save(&self, cache: &Vec<Cache>, to: &mut Writer<'_>) -> io::Result<()> {
        cache.iter().try_for_each(|layer| layer.save(to))
    }

    fn restore(&self, len: usize, from: &mut Reader<'_>) -> Result<Vec<Cache>, ModelError> {
        let width = self.config.kv_heads * self.config.head_width;
        self.layers
            .iter()
            .map(|_| Cache::restore([len, width], self.embedding.device(), from))
            .collect()
    }

    fn forward(
        &self,
        pass: &Pass<'_>,
        cache: &mut Vec<Cache>,
        head: Head<'_>,
    ) -> Result<Vec<f32>, ModelError> {
        let hidden = self.hidden(pass, cache)?;
        let mut logits = self.logits(&hidden, head.rows)?;
        if let Some(wanted) = head.wanted {
            logits.chunks_exact_mut(self.config.vocabulary).for_each(|row| keep_only(row, wanted));
        }
        Ok(logits)
    }
}

impl Layer {
    /// Reads the weights of one layer.
    fn load(layer: usize, config: &Config, source: &mut Source) -> Result<Self, ModelError> {
        let &Config { width, feed_forward, .. } = config;
        let of = |name| Name::of_layer(layer, name);
        let attention = Self::attention(layer, config, source)?;
        let gate_up = if config.build.is_fused {
            source.tensor(&of(source::GATE_UP), &[2 * feed_forward, width])?
        } else {
            let gate = source.tensor(&of(source::GATE), &[feed_forward, width])?;
            let up = source.tensor(&of(source::UP), &[feed_forward, width])?;
            Tensor::cat(&[gate, up], 0)?
        };
        Ok(Self {
            attention_norm: source.norm(&of(source::ATTENTION_NORM), width)?,
            attention,
            feed_forward_norm: source.norm(&of(source::feed_forward_norm(config)), width)?,
            gate_up,
            down: source.tensor(&of(source::DOWN), &[width, feed_forward])?,
            post_norms: match config.build.has_post_norms {
                true => Some([
                    source.norm(&of(source::POST_ATTENTION_NORM), width)?,
                    source.norm(&of(source::POST_FEED_FORWARD_NORM), width)?,
                ]),
                false => None,
            },
        })
    }

    fn attention(
        layer: usize,
        config: &Config,
        source: &mut Source,
    ) -> Result<Attention, ModelError> {
        let &Config { width, heads, kv_heads, head_width, norm_epsilon, .. } = config;
        let all_heads = heads * head_width;
        let of = |name| Name::of_layer(layer, name);
        let shape = |heads| [heads, head_width, width];
        let projections = if config.build.is_fused {
            let rows = (heads + 2 * kv_heads) * head_width;
            source.tensor(&of(source::QUERY_KEY_VALUE), &[rows, width])?
        } else {
            let query = rotated(source, &of(source::QUERY), shape(heads))?;
            let key = rotated(source, &of(source::KEY), shape(kv_heads))?;
            let value = source.tensor(&of(source::VALUE), &[kv_heads * head_width, width])?;
            Tensor::cat(&[query, key, value], 0)?
        };
        let output = source.tensor(&of(source::ATTENTION_OUTPUT), &[width, all_heads])?;
        let mut biases = None;
        if config.build.has_biases {
            let mut bias =
                |name, heads| source.tensor(&Name::of_bias(layer, name), &[heads * head_width]);
            let query = bias(source::QUERY, heads)?;
            let [key, value] = [bias(source::KEY, kv_heads)?, bias(source::VALUE, kv_heads)?];
            biases = Some(Tensor::cat(&[query, key, value], 0)?);
        }
        let mut head_norms = None;
        if config.build.has_head_norms {
            head_norms = Some(HeadNorms {
                query: source.norm(&of(source::QUERY_NORM), head_width)?,
                key: source.norm(&of(source::KEY_NORM), head_width)?,
                epsilon: norm_epsilon,
            });
        }
        let scale = config.attention_scale as f32;
        Ok(Attention {
            heads,
            kv_heads,
            head_width,
            scale,
            projections,
            biases,
            head_norms,
            output,
        })
    }

    /// The same weights on a device.
    fn on(self, device: &Device) -> Result<Self, ModelError> {
        let post_norms = match self.post_norms {
            Some([found, fed]) => Some([found.to_device(device)?, fed.to_device(device)?]),
            None => None,
        };
        Ok(Self {
            attention_norm: self.attention_norm.to_device(device)?,
            attention: self.attention.on(device)?,
            feed_forward_norm: self.feed_forward_norm.to_device(device)?,
            gate_up: self.gate_up.to_device(device)?,
            down: self.down.to_device(device)?,
            post_norms,
        })
    }

    /// Hidden states in and out, `[tokens, width]`; each half adds to what it was given.
    fn forward(
        &self,
        hidden: &Tensor,
        step: &Step,
        cache: &mut Cache,
        config: &Config,
    ) -> Result<Tensor, ModelError> {
        let epsilon = config.norm_epsilon;
        let normed = rms_norm(hidden, &self.attention_norm, epsilon)?;
        let mut found = self.attention.forward(&normed, step, cache)?;
        if let Some([norm, _]) = &self.post_norms {
            found = rms_norm(&found, norm, epsilon)?;
        }
        let hidden = (hidden + found)?;
        let normed = rms_norm(&hidden, &self.feed_forward_norm, epsilon)?;
        let gated = Gated(config.build.activation).apply(&project(&normed, &self.gate_up)?)?;
        let mut found = project(&gated, &self.down)?;
        if let Some([_, norm]) = &self.post_norms {
            found = rms_norm(&found, norm, epsilon)?;
        }
        Ok((hidden + found)?)
    }
}

/// Makes all logits −∞ but those that are wanted.
fn keep_only(logits: &mut [f32], wanted: &TokenMask) {
    for (logit, id) in logits.iter_mut().zip(0..) {
        if !wanted.contains(TokenId(id)) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// `[tokens, seen]`, 0 where a row may look and −∞ elsewhere.
fn mask(sights: &[Sight], seen: usize, window: Option<usize>) -> Result<Tensor, ModelError> {
    let mut mask = vec![f32::NEG_INFINITY; sights.len() * seen];
    for (sight, mask) in sights.iter().zip(mask.chunks_exact_mut(seen)) {
        let (range, further) = sight.within(window);
        mask[range].fill(0.0);
        further.iter().for_each(|&at| mask[at] = 0.0);
    }
    Ok(Tensor::from_vec(mask, (sights.len(), seen), &Device::Cpu)?)
}

/// A projection whose rows are rotated, in the order that the rotation here expects.
fn rotated(
    source: &mut Source,
    name: &Name,
    [heads, head_width, width]: [usize; 3],
) -> Result<Tensor, ModelError> {
    let shape = [heads * head_width, width];
    let weight = source.tensor(name, &shape)?;
    match source.pairs() {
        Pairs::Halves => Ok(weight),
        Pairs::Neighbours => {
            let pairs = weight.reshape((heads, head_width / 2, 2, width))?;
            Ok(pairs.transpose(1, 2)?.contiguous()?.reshape(&shape)?)
        }
    }
}
