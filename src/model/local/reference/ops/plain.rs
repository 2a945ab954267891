//! The operations between products by candle's tensors, for devices that have kernels for these.
//!
//! Law, held by the test here: on the CPU they give what the fused ones give.

use candle_core::{D, Result, Tensor};

use super::Rotate;
use crate::model::local::families::Activation;

pub(super) fn rms_norm(rows: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    let mean = rows.sqr()?.mean_keepdim(D::Minus1)?;
    rows.broadcast_div(&(mean + epsilon)?.sqrt()?)?.broadcast_mul(weight)
}

pub(super) fn gated(activation: Activation, rows: &Tensor) -> Result<Tensor> {
    let half = rows.dim(1)? / 2;
    let [gate, up] = [rows.narrow(1, 0, half)?, rows.narrow(1, half, half)?];
    match activation {
        Activation::Silu => gate.silu()? * up,
        // The approximation with tanh; the exact one is called `gelu_erf`.
        Activation::Gelu => gate.gelu()? * up,
    }
}

pub(super) fn rotate(
    &Rotate { queries, keys, head_width, scale }: &Rotate,
    rows: &Tensor,
    [cos, sin]: [&Tensor; 2],
) -> Result<Tensor> {
    let (tokens, width) = rows.dims2()?;
    let half = head_width / 2;
    let turn = |from: usize, heads: usize| {
        let part = rows.narrow(1, from * head_width, heads * head_width)?.contiguous()?;
        let pairs = part.reshape((tokens, heads, 2, half))?;
        let [low, high] = [pairs.narrow(2, 0, 1)?, pairs.narrow(2, 1, 1)?];
        let [cos, sin] = [cos.reshape((tokens, 1, 1, half))?, sin.reshape((tokens, 1, 1, half))?];
        let turned_low = (low.broadcast_mul(&cos)? - high.broadcast_mul(&sin)?)?;
        let turned_high = (low.broadcast_mul(&sin)? + high.broadcast_mul(&cos)?)?;
        Tensor::cat(&[turned_low, turned_high], 2)?.reshape((tokens, heads * head_width))
    };
    let turned = (queries + keys) * head_width;
    let values = rows.narrow(1, turned, width - turned)?;
    let query = (turn(0, queries)? * f64::from(scale))?;
    Tensor::cat(&[query, turn(queries, keys)?, values.contiguous()?], 1)
}

pub(super) fn masked_softmax(scores: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (tokens, seen) = mask.dims2()?;
    let rows = scores.elem_count() / (tokens * seen);
    let masked = scores.reshape((rows, tokens, seen))?.broadcast_add(mask)?;
    let weights = masked.broadcast_sub(&masked.max_keepdim(D::Minus1)?)?.exp()?;
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
    weights.reshape(scores.shape())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::model::local::reference::ops;

    fn tensor<const N: usize>(shape: [usize; N], seed: usize) -> Tensor {
        let count = shape.iter().product::<usize>();
        let number = |at: usize| ((at * 7_919 + seed * 104_729) % 2_003) as f32 / 500.0 - 2.0;
        let numbers: Vec<f32> = (0..count).map(number).collect();
        Tensor::from_vec(numbers, shape.to_vec(), &Device::Cpu).expect("a tensor")
    }

    /// All numbers of two tensors are within some millionths of each other.
    fn check(plain: Result<Tensor>, fused: Result<Tensor>, what: &str) {
        let [plain, fused] = [plain, fused].map(|it| it.expect("it is computed"));
        assert_eq!(plain.dims(), fused.dims(), "{what}");
        let numbers = |it: &Tensor| it.flatten_all().and_then(|all| all.to_vec1::<f32>());
        let [plain, fused] = [&plain, &fused].map(|it| numbers(it).expect("its numbers"));
        for (at, (plain, fused)) in plain.iter().zip(&fused).enumerate() {
            assert!((plain - fused).abs() <= 4e-6, "{what} at {at}: {plain}, fused {fused}");
        }
    }

    #[test]
    fn tensors_give_what_fused_operations_give() {
        let (rows, weight) = (tensor([5, 24], 1), tensor([24], 2));
        check(rms_norm(&rows, &weight, 1e-5), ops::rms_norm(&rows, &weight, 1e-5), "norm");
        for activation in [Activation::Silu, Activation::Gelu] {
            let fused = ops::Gated(activation).apply(&rows);
            check(gated(activation, &rows), fused, "gate");
        }
        // Three heads of queries, two of keys and of values, 8 wide.
        let (heads, [cos, sin]) = (tensor([5, 56], 3), [tensor([5, 4], 4), tensor([5, 4], 5)]);
        let turn = Rotate { queries: 3, keys: 2, head_width: 8, scale: 0.35 };
        let plain = rotate(&turn, &heads, [&cos, &sin]);
        check(plain, turn.apply(heads.copy().expect("a copy"), &cos, &sin), "rotation");
        let mut mask = vec![0.0; 5 * 9];
        (0..5).for_each(|row| mask[row * 9 + 5 + row..(row + 1) * 9].fill(f32::NEG_INFINITY));
        let mask = Tensor::from_vec(mask, (5, 9), &Device::Cpu).expect("a mask");
        let scores = tensor([2, 15, 9], 6);
        let plain = masked_softmax(&scores, &mask);
        check(plain, ops::masked_softmax(scores, &mask), "softmax");
    }
}
