//! AVX-512 with its byte products (VNNI): a group is as wide as a vector.
//!
//! Invariants: [`Avx512`] exists only where [`Avx512::detect`] found the features that every
//! function here is compiled for, so whoever has one may call them. Memory is read and written
//! through references to arrays that are as long as the vectors.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::activations::{self, ActivationBlock};
use super::store::*;
use super::tiles::{tiles, values};
use super::{FloatTile, InstructionSet, IntegerTile};

/// Proof that this machine has the instructions.
#[derive(Debug)]
pub(super) struct Avx512(());

/// 16 lanes.
type Vector = __m512;
/// Vectors of a group.
const PARTS: usize = 1;
/// Bytes between what is read and what is asked for: with 512 one row is a quarter slower, with
/// 8192 as fast.
const AHEAD: usize = 4096;

tiles!("avx512f,avx512bw,avx512vnni", Avx512);

impl Avx512 {
    /// `None` where the machine lacks any of the instructions.
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }
}

impl InstructionSet for Avx512 {
    fn name(&self) -> &'static str {
        "avx512-vnni"
    }

    fn integers(&self, tile: &IntegerTile<'_>, out: &mut [[f32; LANES]]) {
        // SAFETY: `self` shows that the machine has the features.
        unsafe { call!(integers, tile.store, out.len(), integers, (self, tile, out)) }
    }

    fn floats(&self, tile: &FloatTile<'_>, out: &mut [[f32; LANES]]) {
        // SAFETY: `self` shows that the machine has the features.
        unsafe {
            call!(integers, tile.store, out.len(), expanded, (tile, 0, out));
            call!(floats, tile.store, out.len(), plain, (tile, 0, out));
        }
    }

    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
        // SAFETY: `self` shows that the machine has the features.
        unsafe { quantize(floats, inputs, blocks) }
    }
}

/// Plain code, compiled for these features.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn quantize(floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
    activations::quantize(floats, inputs, blocks);
}

/// Quants without sign, as the byte products want one side: bytes have 128 more than they stand
/// for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn quants<S: Quantized>(block: &[u8], _: usize) -> [__m512i; DWORDS] {
    let mut quants = [_mm512_setzero_si512(); DWORDS];
    if S::NIBBLES {
        let low = _mm512_set1_epi8(0x0f);
        for vector in 0..DWORDS / 2 {
            let pairs = load(at(block, S::QUANTS + vector * VECTOR));
            quants[vector] = _mm512_and_si512(pairs, low);
            quants[vector + DWORDS / 2] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), low);
        }
    } else {
        let sign = _mm512_set1_epi8(-128);
        for (vector, quants) in quants.iter_mut().enumerate() {
            *quants = _mm512_xor_si512(load(at(block, S::QUANTS + vector * VECTOR)), sign);
        }
    }
    quants
}

/// The sums begin with what the products will have too much: 128 or 8 times the sum of the row's
/// quants, of which −128 times is at hand.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots<S: Quantized>(
    _: &Avx512,
    quants: &[__m512i; DWORDS],
    row: &ActivationBlock,
) -> [Vector; 2] {
    let excess = _mm512_set1_epi32(row.excess);
    let excess_of_first = _mm512_set1_epi32(row.excess_of_first);
    let mut dots = match (S::NIBBLES, S::OFFSET) {
        (true, 0) => [_mm512_setzero_si512(); 2],
        (true, _) => [_mm512_srai_epi32(excess, 4), _mm512_setzero_si512()],
        _ if S::HALVES => [excess_of_first, _mm512_sub_epi32(excess, excess_of_first)],
        _ => [excess, _mm512_setzero_si512()],
    };
    for (dword, (quants, values)) in quants.iter().zip(row.quants).enumerate() {
        let half = if S::HALVES { dword / (DWORDS / 2) } else { 0 };
        let values = _mm512_set1_epi32(i32::from_le_bytes(values.map(|value| value as u8)));
        dots[half] = _mm512_dpbusd_epi32(dots[half], *quants, values);
    }
    [_mm512_cvtepi32_ps(dots[0]), _mm512_cvtepi32_ps(dots[1])]
}

/// The byte of one input alone in each lane, and less what quants have too much.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn expand<S: Quantized>(quants: &[__m512i; DWORDS], input: usize) -> Vector {
    let shift = _mm_cvtsi32_si128((input % 4 * 8) as i32);
    let quants = _mm512_srl_epi32(quants[input / 4], shift);
    let quants = _mm512_and_si512(quants, _mm512_set1_epi32(0xff));
    let offset = if S::NIBBLES { S::OFFSET } else { 128 };
    _mm512_cvtepi32_ps(_mm512_sub_epi32(quants, _mm512_set1_epi32(offset)))
}

/// The scales, and the minimums or the scales of the second half. Those of 16 bits are exact
/// as 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn factors<S: Quantized>(block: &[u8], _: usize) -> [Vector; 2] {
    let mut factors = [_mm512_setzero_ps(); 2];
    let count = if S::MINIMUM || S::HALVES { 2 } else { 1 };
    for (sort, factors) in factors.iter_mut().enumerate().take(count) {
        *factors = match S::WIDE {
            true => _mm512_castsi512_ps(load(at(block, sort * S::FACTOR))),
            false => _mm512_cvtph_ps(load_half(at(block, sort * S::FACTOR))),
        };
    }
    factors
}

/// The weights of one input: the lanes of a part.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn float_weights<S: Float>(weights: &[u8], _: usize) -> Vector {
    match S::BYTES {
        4 => _mm512_castsi512_ps(load(at(weights, 0))),
        _ if S::HALF => _mm512_cvtph_ps(load_half(at(weights, 0))),
        _ => {
            let wide = _mm512_cvtepu16_epi32(load_half(at(weights, 0)));
            _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))
        }
    }
}

/// Asks for the cache lines of a block further on, which the machine fetches late where a page
/// ends. An address may be anything here.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn prefetch<S: Quantized>(block: &[u8]) {
    for line in (0..S::BYTES).step_by(64) {
        _mm_prefetch(block.as_ptr().wrapping_add(AHEAD + line).cast(), _MM_HINT_T0);
    }
}

/// The number in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn splat(number: f32) -> Vector {
    _mm512_set1_ps(number)
}

/// A product, rounded.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn mul(left: Vector, right: Vector) -> Vector {
    _mm512_mul_ps(left, right)
}

/// A sum, rounded.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add(left: Vector, right: Vector) -> Vector {
    _mm512_add_ps(left, right)
}

/// `left × right + sum`, rounded once.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn fused(left: Vector, right: Vector, sum: Vector) -> Vector {
    _mm512_fmadd_ps(left, right, sum)
}

/// A vector of bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the reference is to the 64 bytes that are read, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Half a vector of bytes: numbers of 16 bits, one for each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn load_half(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the reference is to the 32 bytes that are read, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Writes the lanes of a part.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn store(out: &mut [f32; LANES], _: usize, values: Vector) {
    // SAFETY: the reference is to the 16 floats that are written, at any alignment.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), values) }
}
