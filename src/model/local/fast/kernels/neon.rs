//! NEON, with and without the byte products of ARMv8.2 (`dotprod`): a group is four vectors wide.
//!
//! Invariants: `Neon<true>` exists only where [`available`] found `dotprod`, so it alone may
//! run `sdot`; NEON itself is part of every 64-bit target. Memory is read and written through
//! references to arrays that are as long as the vectors.

#![allow(unsafe_code)]

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::activations::{self, ActivationBlock};
use super::store::*;
use super::tiles::{tiles, values};
use super::{FloatTile, InstructionSet, IntegerTile};

/// Proof that this machine has the instructions: with `DOT`, those of `dotprod` too.
#[derive(Debug)]
pub(super) struct Neon<const DOT: bool>(());

/// 4 lanes.
type Vector = float32x4_t;
/// Vectors of a group.
const PARTS: usize = 4;
/// Lanes of a vector.
const WIDTH: usize = LANES / PARTS;

tiles!("neon", impl Dots);

/// The sets that this machine has, faster ones later.
pub(super) fn available() -> Vec<Box<dyn InstructionSet>> {
    let mut sets: Vec<Box<dyn InstructionSet>> = vec![Box::new(Neon::<false>(()))];
    if is_aarch64_feature_detected!("dotprod") {
        sets.push(Box::new(Neon::<true>(())));
    }
    sets
}

impl<const DOT: bool> InstructionSet for Neon<DOT> {
    fn name(&self) -> &'static str {
        if DOT { "neon-dotprod" } else { "neon" }
    }

    fn integers(&self, tile: &IntegerTile<'_>, out: &mut [[f32; LANES]]) {
        // SAFETY: every 64-bit target has NEON.
        unsafe { call!(integers, tile.store, out.len(), integers, (self, tile, out)) }
    }

    fn floats(&self, tile: &FloatTile<'_>, out: &mut [[f32; LANES]]) {
        for part in 0..PARTS {
            // SAFETY: every 64-bit target has NEON.
            unsafe {
                call!(integers, tile.store, out.len(), expanded, (tile, part, out));
                call!(floats, tile.store, out.len(), plain, (tile, part, out));
            }
        }
    }

    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
        activations::quantize(floats, inputs, blocks);
    }
}

/// Whether the byte products of `dotprod` may be used.
trait Dots {
    const DOT: bool;
}

impl<const DOT: bool> Dots for Neon<DOT> {
    const DOT: bool = DOT;
}

/// The exact products of dwords of quants and one row's dwords.
#[inline]
#[target_feature(enable = "neon")]
fn products<D: Dots>(set: &D, quants: &[int8x16_t], values: &[[i8; 4]]) -> int32x4_t {
    let mut sums = [vdupq_n_s32(0); 2];
    for (quants, values) in quants.iter().zip(values) {
        let values = vdupq_n_s32(i32::from_le_bytes(values.map(|value| value as u8)));
        let values = vreinterpretq_s8_s32(values);
        if D::DOT {
            sums[0] = sdot(set, sums[0], *quants, values);
        } else {
            // A product of 128 and 127 fits 16 bits with sign, and pairs go to 32 at once.
            let low = vmull_s8(vget_low_s8(*quants), vget_low_s8(values));
            sums[0] = vpadalq_s16(sums[0], low);
            sums[1] = vpadalq_s16(sums[1], vmull_high_s8(*quants, values));
        }
    }
    if D::DOT { sums[0] } else { vpaddq_s32(sums[0], sums[1]) }
}

/// The products of the halves where each has its scale, or else of all.
#[inline]
#[target_feature(enable = "neon")]
fn dots<S: Quantized>(
    set: &impl Dots,
    quants: &[int8x16_t; DWORDS],
    row: &ActivationBlock,
) -> [Vector; 2] {
    if !S::HALVES {
        return [vcvtq_f32_s32(products(set, quants, &row.quants)), vdupq_n_f32(0.0)];
    }
    let (first, second) = (..DWORDS / 2, DWORDS / 2..);
    let first = products(set, &quants[first], &row.quants[first]);
    let second = products(set, &quants[second.clone()], &row.quants[second]);
    [vcvtq_f32_s32(first), vcvtq_f32_s32(second)]
}

/// Adds the products of four bytes a lane. The intrinsic is not stable yet.
#[inline]
#[target_feature(enable = "neon")]
fn sdot<D: Dots>(_: &D, mut sum: int32x4_t, quants: int8x16_t, values: int8x16_t) -> int32x4_t {
    assert!(D::DOT, "only `Neon<true>` shows that the machine has the instruction");
    // SAFETY: it computes from registers to a register, and the machine has it.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sum:v}.4s, {quants:v}.16b, {values:v}.16b",
            sum = inout(vreg) sum,
            quants = in(vreg) quants,
            values = in(vreg) values,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sum
}

/// Quants with sign, nibbles too.
#[inline]
#[target_feature(enable = "neon")]
fn quants<S: Quantized>(block: &[u8], part: usize) -> [int8x16_t; DWORDS] {
    let mut quants = [vdupq_n_s8(0); DWORDS];
    if S::NIBBLES {
        let offset = vdupq_n_s8(S::OFFSET as i8);
        for vector in 0..DWORDS / 2 {
            let pairs = load(at(block, S::QUANTS + vector * VECTOR + part * 16));
            let low = vreinterpretq_s8_u8(vandq_u8(pairs, vdupq_n_u8(0x0f)));
            let high = vreinterpretq_s8_u8(vshrq_n_u8::<4>(pairs));
            quants[vector] = vsubq_s8(low, offset);
            quants[vector + DWORDS / 2] = vsubq_s8(high, offset);
        }
    } else {
        for (vector, quants) in quants.iter_mut().enumerate() {
            let bytes = load(at(block, S::QUANTS + vector * VECTOR + part * 16));
            *quants = vreinterpretq_s8_u8(bytes);
        }
    }
    quants
}

/// The bytes of one input are moved to the top of each lane and back, which extends their sign.
#[inline]
#[target_feature(enable = "neon")]
fn expand<S: Quantized>(quants: &[int8x16_t; DWORDS], input: usize) -> Vector {
    let quants = vreinterpretq_s32_s8(quants[input / 4]);
    let up = match input % 4 {
        0 => vshlq_n_s32::<24>(quants),
        1 => vshlq_n_s32::<16>(quants),
        2 => vshlq_n_s32::<8>(quants),
        _ => quants,
    };
    vcvtq_f32_s32(vshrq_n_s32::<24>(up))
}

/// The scales, and the minimums or the scales of the second half. Those of 16 bits are exact
/// as 32.
#[inline]
#[target_feature(enable = "neon")]
fn factors<S: Quantized>(block: &[u8], part: usize) -> [Vector; 2] {
    let mut factors = [vdupq_n_f32(0.0); 2];
    let count = if S::MINIMUM || S::HALVES { 2 } else { 1 };
    for (sort, factors) in factors.iter_mut().enumerate().take(count) {
        let from = sort * S::FACTOR + part * S::FACTOR / PARTS;
        *factors = match S::WIDE {
            true => vreinterpretq_f32_u8(load(at(block, from))),
            false => from_f16(load_half(at(block, from))),
        };
    }
    factors
}

/// The weights of one input: the lanes of a part.
#[inline]
#[target_feature(enable = "neon")]
fn float_weights<S: Float>(weights: &[u8], part: usize) -> Vector {
    let from = part * WIDTH * S::BYTES;
    match S::BYTES {
        4 => vreinterpretq_f32_u8(load(at(weights, from))),
        _ if S::HALF => from_f16(load_half(at(weights, from))),
        _ => vreinterpretq_f32_u32(vshll_n_u16::<16>(load_half(at(weights, from)))),
    }
}

/// `half::from_f16` in each lane; the intrinsic is not stable yet.
#[inline]
#[target_feature(enable = "neon")]
fn from_f16(bits: uint16x4_t) -> Vector {
    let wide = vmovl_u16(bits);
    let sign = vshlq_n_u32::<16>(vandq_u32(wide, vdupq_n_u32(0x8000)));
    let magnitude = vshlq_n_u32::<13>(vandq_u32(wide, vdupq_n_u32(0x7fff)));
    let bias = vreinterpretq_f32_u32(vdupq_n_u32(0x7780_0000));
    let scaled = vreinterpretq_u32_f32(vmulq_f32(vreinterpretq_f32_u32(magnitude), bias));
    let infinite = vcgeq_u32(magnitude, vdupq_n_u32(0x7c00 << 13));
    let highest = vorrq_u32(magnitude, vdupq_n_u32(0x7f80_0000));
    vreinterpretq_f32_u32(vorrq_u32(vbslq_u32(infinite, highest, scaled), sign))
}

/// Machines with NEON fetch ahead by themselves, and there is no stable intrinsic.
#[inline(always)]
fn prefetch<S: Quantized>(_: &[u8]) {}

/// The number in every lane.
#[inline]
#[target_feature(enable = "neon")]
fn splat(number: f32) -> Vector {
    vdupq_n_f32(number)
}

/// A product, rounded.
#[inline]
#[target_feature(enable = "neon")]
fn mul(left: Vector, right: Vector) -> Vector {
    vmulq_f32(left, right)
}

/// A sum, rounded.
#[inline]
#[target_feature(enable = "neon")]
fn add(left: Vector, right: Vector) -> Vector {
    vaddq_f32(left, right)
}

/// `left × right + sum`, rounded once.
#[inline]
#[target_feature(enable = "neon")]
fn fused(left: Vector, right: Vector, sum: Vector) -> Vector {
    vfmaq_f32(sum, left, right)
}

/// A vector of bytes.
#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the reference is to the 16 bytes that are read, at any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Four numbers of 16 bits.
#[inline]
#[target_feature(enable = "neon")]
fn load_half(bytes: &[u8; 8]) -> uint16x4_t {
    // SAFETY: the reference is to the 8 bytes that are read, at any alignment.
    vreinterpret_u16_u8(unsafe { vld1_u8(bytes.as_ptr()) })
}

/// Writes the lanes of a part.
#[inline]
#[target_feature(enable = "neon")]
fn store(out: &mut [f32; LANES], part: usize, values: Vector) {
    let out = &mut out.as_chunks_mut::<WIDTH>().0[part];
    // SAFETY: the reference is to the 4 floats that are written, at any alignment.
    unsafe { vst1q_f32(out.as_mut_ptr(), values) }
}
