//! The products in plain Rust: what every instruction set has to equal, bit by bit.

use super::activations::{self, ActivationBlock};
use super::store::*;
use super::{FloatTile, InstructionSet, IntegerTile};
use crate::model::local::fast::half::{from_bf16, from_f16};

/// No instruction set in particular.
#[derive(Debug)]
pub(super) struct Portable;

/// A number for each output of a group.
type Lanes = [f32; LANES];

impl InstructionSet for Portable {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn integers(&self, tile: &IntegerTile<'_>, out: &mut [Lanes]) {
        call!(integers, tile.store, out.len(), integers, (tile, out));
    }

    fn floats(&self, tile: &FloatTile<'_>, out: &mut [Lanes]) {
        call!(integers, tile.store, out.len(), expanded, (tile, out));
        call!(floats, tile.store, out.len(), plain, (tile, out));
    }

    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
        activations::quantize(floats, inputs, blocks);
    }
}

/// The weights of one lane of a group.
pub(super) fn row(store: Store, group: &[u8], lane: usize, values: &mut [f32]) {
    call!(integers, store, 1, quantized_row, (group, lane, values));
    call!(floats, store, 1, float_row, (group, lane, values));
}

/// Lane by lane, as a look-up of an embedding wants one row.
fn quantized_row<S: Quantized, const R: usize>(group: &[u8], lane: usize, values: &mut [f32]) {
    for (block, values) in group.chunks_exact(S::BYTES).zip(values.as_chunks_mut::<BLOCK>().0) {
        for (input, value) in values.iter_mut().enumerate() {
            *value = weights::<S>(block, input)[lane];
        }
    }
}

/// As [`quantized_row`], of floats.
fn float_row<S: Float, const R: usize>(group: &[u8], lane: usize, values: &mut [f32]) {
    for (weights, value) in group.chunks_exact(LANES * S::BYTES).zip(values) {
        *value = float::<S>(weights, lane);
    }
}

/// A group of a quantized store by rounded rows, in the order that [`super`] states.
fn integers<S: Quantized, const R: usize>(tile: &IntegerTile<'_>, out: &mut [Lanes]) {
    let mut sums = [[0.0; LANES]; R];
    let rows = tile.blocks.as_chunks::<R>().0;
    for (block, rows) in tile.group.chunks_exact(S::BYTES).zip(rows) {
        let quants: [[i32; LANES]; BLOCK] = std::array::from_fn(|input| quants::<S>(block, input));
        let [first, second] = factors::<S>(block);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let [dots, dots_of_second] = dots::<S>(&quants, row);
            for lane in 0..LANES {
                let sum = &mut sums[lane];
                *sum = (dots[lane] as f32).mul_add(first[lane] * row.scale, *sum);
                if S::MINIMUM {
                    *sum = second[lane].mul_add(row.sum, *sum);
                }
                if S::HALVES {
                    let dot = dots_of_second[lane] as f32;
                    *sum = dot.mul_add(second[lane] * row.scale, *sum);
                }
            }
        }
    }
    out.copy_from_slice(&sums);
}

/// The products of the quants, one for each scale of a block.
fn dots<S: Quantized>(quants: &[[i32; LANES]; BLOCK], row: &ActivationBlock) -> [[i32; LANES]; 2] {
    let mut dots = [[0; LANES]; 2];
    for (input, (weights, &quant)) in quants.iter().zip(row.quants.as_flattened()).enumerate() {
        let half = if S::HALVES { input / (BLOCK / 2) } else { 0 };
        for (dot, weight) in dots[half].iter_mut().zip(weights) {
            *dot += weight * i32::from(quant);
        }
    }
    dots
}

/// A group of a quantized store by floats.
fn expanded<S: Quantized, const R: usize>(tile: &FloatTile<'_>, out: &mut [Lanes]) {
    let mut sums = [[[0.0; LANES]; 2]; R];
    for (at, block) in tile.group.chunks_exact(S::BYTES).enumerate() {
        for input in 0..BLOCK {
            add(&mut sums, at * BLOCK + input, &weights::<S>(block, input), tile);
        }
    }
    finish(&sums, out);
}

/// A group of floats by floats.
fn plain<S: Float, const R: usize>(tile: &FloatTile<'_>, out: &mut [Lanes]) {
    let mut sums = [[[0.0; LANES]; 2]; R];
    for (input, weights) in tile.group.chunks_exact(LANES * S::BYTES).enumerate() {
        let weights = std::array::from_fn(|lane| float::<S>(weights, lane));
        add(&mut sums, input, &weights, tile);
    }
    finish(&sums, out);
}

/// Adds the products with one input to the sum of even or odd inputs.
fn add<const R: usize>(
    sums: &mut [[Lanes; 2]; R],
    input: usize,
    weights: &Lanes,
    tile: &FloatTile<'_>,
) {
    for (sums, row) in sums.iter_mut().zip(tile.floats.chunks_exact(tile.inputs)) {
        for (sum, weight) in sums[input % 2].iter_mut().zip(weights) {
            *sum = weight.mul_add(row[input], *sum);
        }
    }
}

/// The sums of even and odd inputs together.
fn finish<const R: usize>(sums: &[[Lanes; 2]; R], out: &mut [Lanes]) {
    for ([even, odd], out) in sums.iter().zip(out) {
        *out = std::array::from_fn(|lane| even[lane] + odd[lane]);
    }
}

/// The weights of one input. Rounded twice, as candle and ggml do, so not fused.
fn weights<S: Quantized>(block: &[u8], input: usize) -> Lanes {
    let [first, second] = factors::<S>(block);
    let scales = if S::HALVES && input >= BLOCK / 2 { &second } else { &first };
    let quants = quants::<S>(block, input);
    std::array::from_fn(|lane| {
        let scaled = quants[lane] as f32 * scales[lane];
        if S::MINIMUM { scaled + second[lane] } else { scaled }
    })
}

/// The quants of one input, with their sign.
#[inline(always)]
fn quants<S: Quantized>(block: &[u8], input: usize) -> [i32; LANES] {
    let (dword, byte) = (input / 4, input % 4);
    let vector = if S::NIBBLES { dword % (DWORDS / 2) } else { dword };
    let vector: &[u8; VECTOR] = at(block, S::QUANTS + vector * VECTOR);
    std::array::from_fn(|lane| match vector[lane * 4 + byte] {
        quant if !S::NIBBLES => i32::from(quant as i8),
        pair if dword < DWORDS / 2 => i32::from(pair & 0x0f) - S::OFFSET,
        pair => i32::from(pair >> 4) - S::OFFSET,
    })
}

/// The scales, and the minimums or the scales of the second half.
fn factors<S: Quantized>(block: &[u8]) -> [Lanes; 2] {
    let of = |sort: usize, lane: usize| {
        let from = sort * S::FACTOR;
        match S::WIDE {
            true => f32::from_le_bytes(*at(block, from + lane * 4)),
            false => from_f16(u16::from_le_bytes(*at(block, from + lane * 2))),
        }
    };
    let second = S::MINIMUM || S::HALVES;
    [
        std::array::from_fn(|lane| of(0, lane)),
        std::array::from_fn(|lane| if second { of(1, lane) } else { 0.0 }),
    ]
}

/// The weight of a lane.
fn float<S: Float>(weights: &[u8], lane: usize) -> f32 {
    match S::BYTES {
        4 => f32::from_le_bytes(*at(weights, lane * 4)),
        _ if S::HALF => from_f16(u16::from_le_bytes(*at(weights, lane * 2))),
        _ => from_bf16(u16::from_le_bytes(*at(weights, lane * 2))),
    }
}
