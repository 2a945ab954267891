//! Matrix products with weights, and the row operations between them, fused: each reads and writes
//! its rows once. Devices other than the CPU have the same operations by tensors (`plain`).
//!
//! Written with candle's tensor operations, the row operations took 70 % of a pass (256 tokens, two cores:
//! 1.84 s, of which 0.5 s in matrix products); strided broadcasting is slow on a CPU.

mod plain;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, Device, InplaceOp2, InplaceOp3, Layout, Result, Shape,
    Tensor, bail,
};

use crate::model::local::families::Activation;

/// Below this many rows a product is quicker from the weight's side, which is then read in order:
/// 1.7 against 3.1 ms for 16 rows by 576 × 3,072 from memory; from 128 rows on it is slower.
const FEW: usize = 64;

/// `rows · weightᵀ` of a `[rows, in]` and an `[out, in]` matrix.
pub(super) fn project(rows: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if rows.dim(0)? <= FEW {
        weight.matmul(&rows.t()?)?.t()?.contiguous()
    } else {
        rows.matmul(&weight.t()?)
    }
}

/// Scales each row to a root-mean-square of 1, then each column by its weight.
pub(super) fn rms_norm(rows: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    match rows.device() {
        Device::Cpu => rows.apply_op2_no_bwd(weight, &RmsNorm { epsilon }),
        _ => plain::rms_norm(rows, weight, epsilon),
    }
}

/// Softmax over each row of scores, `[kv_heads, group · tokens, seen]`, where the mask, `[tokens, seen]`,
/// is not −∞.
pub(super) fn masked_softmax(scores: Tensor, mask: &Tensor) -> Result<Tensor> {
    match scores.device() {
        Device::Cpu => scores.inplace_op2(mask, &MaskedSoftmax).map(|()| scores),
        _ => plain::masked_softmax(&scores, mask),
    }
}

impl Gated {
    /// Takes `[tokens, 2 · feed_forward]` and gives `[tokens, feed_forward]`.
    pub(super) fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        match rows.device() {
            Device::Cpu => rows.apply_op1_no_bwd(self),
            _ => plain::gated(self.0, rows),
        }
    }
}

impl Rotate {
    /// Takes rows of heads, `[tokens, (queries + 2 · keys) · head_width]`, and gives such.
    pub(super) fn apply(&self, rows: Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
        match rows.device() {
            Device::Cpu => rows.inplace_op3(cos, sin, self).map(|()| rows),
            _ => plain::rotate(self, &rows, [cos, sin]),
        }
    }
}

/// The operation of [`rms_norm`].
#[derive(Debug)]
struct RmsNorm {
    epsilon: f64,
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let weight = contiguous(weight, weight_layout)?;
        let mut normed = contiguous(rows, layout)?.to_vec();
        for row in normed.chunks_exact_mut(weight.len()) {
            let sum: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            let scale = (sum / row.len() as f64 + self.epsilon).sqrt().recip() as f32;
            row.iter_mut().zip(weight).for_each(|(x, weight)| *x *= scale * weight);
        }
        Ok((CpuStorage::F32(normed), layout.shape().clone()))
    }
}

/// `activation(gate) · up` of rows that hold `gate` and then `up`.
#[derive(Debug)]
pub(super) struct Gated(pub(super) Activation);

impl CustomOp1 for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn cpu_fwd(&self, rows: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (count, width) = layout.shape().dims2()?;
        let half = width / 2;
        let mut gated = Vec::with_capacity(count * half);
        for row in contiguous(rows, layout)?.chunks_exact(width) {
            let (gate, up) = row.split_at(half);
            match self.0 {
                Activation::Silu => {
                    gated.extend(gate.iter().zip(up).map(|(&gate, up)| silu(gate) * up));
                }
                Activation::Gelu => {
                    gated.extend(gate.iter().zip(up).map(|(&gate, up)| gelu(gate) * up));
                }
            }
        }
        Ok((CpuStorage::F32(gated), Shape::from((count, half))))
    }
}

fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// In the approximation with tanh (Hendrycks and Gimpel 2016).
fn gelu(x: f32) -> f32 {
    let angle = std::f32::consts::FRAC_2_PI.sqrt() * (x + 0.044_715 * x * x * x);
    0.5 * x * (1.0 + angle.tanh())
}

/// Rotates the pairs `(x[i], x[i + half])` of the query and key heads in rows of heads (Su et al.
/// 2021), and scales the query heads for attention. Takes the rows' cosines and sines.
#[derive(Debug)]
pub(super) struct Rotate {
    /// The query heads, which come first in a row.
    pub(super) queries: usize,
    /// The key heads, which follow.
    pub(super) keys: usize,
    pub(super) head_width: usize,
    /// What queries are multiplied by.
    pub(super) scale: f32,
}

impl InplaceOp3 for Rotate {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(
        &self,
        rows: &mut CpuStorage,
        layout: &Layout,
        cos: &CpuStorage,
        cos_layout: &Layout,
        sin: &CpuStorage,
        sin_layout: &Layout,
    ) -> Result<()> {
        let (_, width) = layout.shape().dims2()?;
        let half = self.head_width / 2;
        let cos = contiguous(cos, cos_layout)?.chunks_exact(half);
        let sin = contiguous(sin, sin_layout)?.chunks_exact(half);
        let rows = contiguous_mut(rows, layout)?.chunks_exact_mut(width);
        for ((row, cos), sin) in rows.zip(cos).zip(sin) {
            let heads = row.chunks_exact_mut(self.head_width).take(self.queries + self.keys);
            for (index, head) in heads.enumerate() {
                let scale = if index < self.queries { self.scale } else { 1.0 };
                let (low, high) = head.split_at_mut(half);
                for (((low, high), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
                    let (x, y) = (*low * scale, *high * scale);
                    *low = x * cos - y * sin;
                    *high = x * sin + y * cos;
                }
            }
        }
        Ok(())
    }
}

/// The operation of [`masked_softmax`].
#[derive(Debug)]
struct MaskedSoftmax;

impl InplaceOp2 for MaskedSoftmax {
    fn name(&self) -> &'static str {
        "masked-softmax"
    }

    fn cpu_fwd(
        &self,
        scores: &mut CpuStorage,
        layout: &Layout,
        mask: &CpuStorage,
        mask_layout: &Layout,
    ) -> Result<()> {
        let (_, seen) = mask_layout.shape().dims2()?;
        let masks = contiguous(mask, mask_layout)?.chunks_exact(seen).cycle();
        for (row, mask) in contiguous_mut(scores, layout)?.chunks_exact_mut(seen).zip(masks) {
            row.iter_mut().zip(mask).for_each(|(score, mask)| *score += mask);
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for score in row.iter_mut() {
                // exp(−∞) is 0, but costs as much as any.
                *score = if *score == f32::NEG_INFINITY { 0.0 } else { (*score - max).exp() };
                sum += *score;
            }
            let scale = sum.recip();
            row.iter_mut().for_each(|score| *score *= scale);
        }
        Ok(())
    }
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the rows are not contiguous");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn contiguous_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
    else {
        bail!("the rows are not contiguous float32");
    };
    Ok(&mut values[start..end])
}
