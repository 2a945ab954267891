//! Grouped-query attention with rotary positions over a growing cache.

use std::io;

use candle_core::{Device, Tensor};

use super::ops::{Rotate, masked_softmax, project, rms_norm};
use crate::model::ModelError;
use crate::model::local::saved::{Reader, Writer};

/// The attention weights of one layer.
#[derive(Debug)]
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_width: usize,
    /// What scores are multiplied by.
    pub(super) scale: f32,
    /// Query above key above value, `[(heads + 2 · kv_heads) · head_width, width]`.
    pub(super) projections: Tensor,
    /// What is added to them, `[(heads + 2 · kv_heads) · head_width]`.
    pub(super) biases: Option<Tensor>,
    pub(super) head_norms: Option<HeadNorms>,
    /// `[width, heads · head_width]`
    pub(super) output: Tensor,
}

/// What each head of queries and of keys is normalized with (Henry et al. 2020), `[head_width]` each.
#[derive(Debug)]
pub(super) struct HeadNorms {
    pub(super) query: Tensor,
    pub(super) key: Tensor,
    pub(super) epsilon: f64,
}

/// The rotated keys and the values of one layer, `[tokens, kv_heads · head_width]` each.
///
/// Tensors are immutable, so a clone shares them until either side is appended to.
#[derive(Debug, Clone, Default)]
pub(in crate::model::local) struct Cache(Option<[Tensor; 2]>);

/// What the layers of one pass share that see as far and rotate alike.
#[derive(Debug)]
pub(super) struct Step {
    /// `[tokens, head_width / 2]`
    cos: Tensor,
    sin: Tensor,
    /// `[tokens, cached + tokens]`, 0 or −∞.
    mask: Tensor,
}

impl Step {
    /// Works out the rotations of tokens at `positions`; nodes of a tree may share one. The angles
    /// are taken in 64 bits, and only their cosines and sines are rounded.
    pub(super) fn new(
        positions: &[usize],
        frequencies: &[f64],
        mask: Tensor,
    ) -> Result<Self, ModelError> {
        let device = mask.device().clone();
        let angles = positions.iter().flat_map(|&position| {
            frequencies.iter().map(move |frequency| position as f64 * frequency)
        });
        let (sin, cos): (Vec<f32>, Vec<f32>) =
            angles.map(|angle| (angle.sin() as f32, angle.cos() as f32)).unzip();
        let shape = (positions.len(), frequencies.len());
        Ok(Self {
            cos: Tensor::from_vec(cos, shape, &device)?,
            sin: Tensor::from_vec(sin, shape, &device)?,
            mask,
        })
    }
}

impl Cache {
    /// What `save` wrote of `[tokens, kv_heads · head_width]` keys and values.
    pub(super) fn restore(
        shape: [usize; 2],
        device: &Device,
        from: &mut Reader<'_>,
    ) -> Result<Self, ModelError> {
        if shape[0] == 0 {
            return Ok(Self::default());
        }
        let mut tensor = || {
            let mut block = vec![0; shape[0] * shape[1] * size_of::<f32>()];
            from.block(&mut block)?;
            let numbers = block.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number));
            let numbers: Vec<f32> = numbers.collect();
            Ok::<_, ModelError>(Tensor::from_vec(numbers, (shape[0], shape[1]), device)?)
        };
        Ok(Self(Some([tensor()?, tensor()?])))
    }

    /// Writes keys, then values, a block each.
    pub(super) fn save(&self, to: &mut Writer<'_>) -> io::Result<()> {
        self.0.iter().flatten().try_for_each(|tensor| {
            let numbers = tensor.flatten_all().and_then(|all| all.to_vec1::<f32>());
            let numbers = numbers.map_err(io::Error::other)?;
            to.block(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
        })
    }

    /// Keeps the first `len` tokens.
    pub(super) fn truncate(&mut self, len: usize) {
        if len == 0 {
            self.0 = None;
        } else if len < self.len()
            && let Some(pair) = &mut self.0
        {
            for tensor in pair {
                *tensor = tensor.narrow(0, 0, len).expect("it has at least so many rows");
            }
        }
    }

    /// The tokens that it holds.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |[keys, _]| keys.dims()[0])
    }

    /// The bytes of both.
    pub(super) fn bytes(&self) -> usize {
        let tensors = self.0.iter().flatten();
        tensors.map(|tensor| tensor.elem_count() * size_of::<f32>()).sum()
    }

    /// Adds `[tokens, kv_heads · head_width]` of each, and returns all keys and all values.
    fn append(&mut self, key: Tensor, value: Tensor) -> Result<[Tensor; 2], ModelError> {
        let pair = match self.0.take() {
            None => [key, value],
            Some([keys, values]) => {
                [Tensor::cat(&[keys, key], 0)?, Tensor::cat(&[values, value], 0)?]
            }
        };
        self.0 = Some(pair.clone());
        Ok(pair)
    }
}

impl Attention {
    /// The same weights on a device.
    pub(super) fn on(self, device: &Device) -> Result<Self, ModelError> {
        let norms = |HeadNorms { query, key, epsilon }: HeadNorms| {
            let [query, key] = [query.to_device(device)?, key.to_device(device)?];
            Ok::<_, ModelError>(HeadNorms { query, key, epsilon })
        };
        Ok(Self {
            projections: self.projections.to_device(device)?,
            biases: self.biases.map(|biases| biases.to_device(device)).transpose()?,
            head_norms: self.head_norms.map(norms).transpose()?,
            output: self.output.to_device(device)?,
            ..self
        })
    }

    /// Attends from `hidden`, `[tokens, width]`, to the cache and itself; appends to the cache.
    /// Returns what is to be added to the hidden states, of the same shape.
    pub(super) fn forward(
        &self,
        hidden: &Tensor,
        step: &Step,
        cache: &mut Cache,
    ) -> Result<Tensor, ModelError> {
        let &Self { heads, kv_heads, head_width, .. } = self;
        let group = heads / kv_heads;
        let tokens = hidden.dim(0)?;
        let mut projected = project(hidden, &self.projections)?;
        if let Some(biases) = &self.biases {
            projected = projected.broadcast_add(biases)?;
        }
        if let Some(norms) = &self.head_norms {
            projected = self.normalize(&projected, norms)?;
        }
        let rotate = Rotate { queries: heads, keys: kv_heads, head_width, scale: self.scale };
        let projected = rotate.apply(projected, &step.cos, &step.sin)?;
        let part =
            |from: usize, count: usize| projected.narrow(1, from * head_width, count * head_width);
        let query = part(0, heads)?;
        let key = part(heads, kv_heads)?.contiguous()?;
        let value = part(heads + kv_heads, kv_heads)?.contiguous()?;
        let [keys, values] = cache.append(key, value)?;
        let seen = keys.dim(0)?;

        // The query heads of a group share a key head: [kv_heads, group · tokens, head_width].
        let query = query
            .reshape((tokens, kv_heads, group, head_width))?
            .permute((1, 2, 0, 3))?
            .contiguous()?
            .reshape((kv_heads, group * tokens, head_width))?;
        let keys = keys.reshape((seen, kv_heads, head_width))?.permute((1, 2, 0))?;
        let weights = masked_softmax(query.matmul(&keys)?, &step.mask)?;
        let values = values.reshape((seen, kv_heads, head_width))?.transpose(0, 1)?;
        let mixed = weights
            .matmul(&values)?
            .reshape((heads, tokens, head_width))?
            .transpose(0, 1)?
            .contiguous()?
            .reshape((tokens, heads * head_width))?;
        Ok(project(&mixed, &self.output)?)
    }

    /// Normalizes each head of queries and keys in rows of heads.
    fn normalize(&self, projected: &Tensor, norms: &HeadNorms) -> Result<Tensor, ModelError> {
        let &Self { heads, kv_heads, head_width, .. } = self;
        let tokens = projected.dim(0)?;
        let normed = |from: usize, count: usize, weight: &Tensor| {
            let part = projected.narrow(1, from * head_width, count * head_width)?.contiguous()?;
            let part = part.reshape((tokens * count, head_width))?;
            rms_norm(&part, weight, norms.epsilon)?.reshape((tokens, count * head_width))
        };
        let values = projected.narrow(1, (heads + kv_heads) * head_width, kv_heads * head_width)?;
        let query = normed(0, heads, &norms.query)?;
        let key = normed(heads, kv_heads, &norms.key)?;
        Ok(Tensor::cat(&[query, key, values], 1)?)
    }
}
