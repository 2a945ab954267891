//! AVX2 with fused multiply-add and half precision: a group is two vectors wide.
//!
//! Invariants: [`Avx2`] exists only where [`Avx2::detect`] found the features that every function
//! here is compiled for, so whoever has one may call them. Memory is read and written through
//! references to arrays that are as long as the vectors.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::activations::{self, ActivationBlock};
use super::store::*;
use super::tiles::{tiles, values};
use super::{FloatTile, InstructionSet, IntegerTile};

/// Proof that this machine has the instructions.
#[derive(Debug)]
pub(super) struct Avx2(());

/// 8 lanes.
type Vector = __m256;
/// Vectors of a group.
const PARTS: usize = 2;
/// Lanes of a vector.
const WIDTH: usize = LANES / PARTS;
/// Bytes between what is read and what is asked for.
const AHEAD: usize = 4096;

tiles!("avx2,fma,f16c", Avx2);

impl Avx2 {
    /// `None` where the machine lacks any of the instructions.
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        found.then_some(Self(()))
    }
}

impl InstructionSet for Avx2 {
    fn name(&self) -> &'static str {
        "avx2"
    }

    fn integers(&self, tile: &IntegerTile<'_>, out: &mut [[f32; LANES]]) {
        // SAFETY: `self` shows that the machine has the features.
        unsafe { call!(integers, tile.store, out.len(), integers, (self, tile, out)) }
    }

    fn floats(&self, tile: &FloatTile<'_>, out: &mut [[f32; LANES]]) {
        // Sums of more rows would not fit the 16 registers.
        let rows = 4;
        for (floats, out) in tile.floats.chunks(rows * tile.inputs).zip(out.chunks_mut(rows)) {
            let tile = &FloatTile { floats, ..*tile };
            for part in 0..PARTS {
                // SAFETY: `self` shows that the machine has the features.
                unsafe {
                    call!(integers, tile.store, out.len(), expanded, (tile, part, out));
                    call!(floats, tile.store, out.len(), plain, (tile, part, out));
                }
            }
        }
    }

    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
        // SAFETY: `self` shows that the machine has the features.
        unsafe { quantize(floats, inputs, blocks) }
    }
}

/// Plain code, compiled for these features.
#[target_feature(enable = "avx2,fma,f16c")]
fn quantize(floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
    activations::quantize(floats, inputs, blocks);
}

/// Sums of 16 bits as far as they hold them, which depends on the largest quants.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dots<S: Quantized>(_: &Avx2, quants: &[__m256i; DWORDS], row: &ActivationBlock) -> [Vector; 2] {
    let ones = _mm256_set1_epi16(1);
    let mut dots = [_mm256_setzero_si256(); 2];
    if S::NIBBLES {
        // Eight sums of two products of 15 and 127 fit 16 bits with sign.
        let mut pairs = _mm256_setzero_si256();
        for (quants, values) in quants.iter().zip(row.quants) {
            pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(*quants, broadcast(values)));
        }
        dots[0] = _mm256_madd_epi16(pairs, ones);
        if S::OFFSET != 0 {
            // −8 times the sum of −128 times the sum.
            let excess = _mm256_set1_epi32(row.excess >> 4);
            dots[0] = _mm256_add_epi32(dots[0], excess);
        }
        return [_mm256_cvtepi32_ps(dots[0]), _mm256_setzero_ps()];
    }
    for (dword, (quants, values)) in quants.iter().zip(row.quants).enumerate() {
        let half = if S::HALVES { dword / (DWORDS / 2) } else { 0 };
        // The first factor has to be without sign, so it gives its sign away. Two products of 128
        // and 127 fit 16 bits with sign, four do not.
        let values = _mm256_sign_epi8(broadcast(values), *quants);
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(*quants), values);
        dots[half] = _mm256_add_epi32(dots[half], _mm256_madd_epi16(pairs, ones));
    }
    [_mm256_cvtepi32_ps(dots[0]), _mm256_cvtepi32_ps(dots[1])]
}

/// The quants of a block in half of the lanes: nibbles without sign, bytes with it.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn quants<S: Quantized>(block: &[u8], part: usize) -> [__m256i; DWORDS] {
    let mut quants = [_mm256_setzero_si256(); DWORDS];
    if S::NIBBLES {
        let low = _mm256_set1_epi8(0x0f);
        for vector in 0..DWORDS / 2 {
            let pairs = load(at(block, S::QUANTS + vector * VECTOR + part * VECTOR / 2));
            quants[vector] = _mm256_and_si256(pairs, low);
            quants[vector + DWORDS / 2] = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), low);
        }
    } else {
        for (vector, quants) in quants.iter_mut().enumerate() {
            *quants = load(at(block, S::QUANTS + vector * VECTOR + part * VECTOR / 2));
        }
    }
    quants
}

/// The bytes of one input are moved to the top of each lane and back, which extends their sign.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn expand<S: Quantized>(quants: &[__m256i; DWORDS], input: usize) -> Vector {
    let up = _mm_cvtsi32_si128(24 - (input % 4 * 8) as i32);
    let quants = _mm256_srai_epi32::<24>(_mm256_sll_epi32(quants[input / 4], up));
    _mm256_cvtepi32_ps(_mm256_sub_epi32(quants, _mm256_set1_epi32(S::OFFSET)))
}

/// The scales, and the minimums or the scales of the second half. Those of 16 bits are exact
/// as 32.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn factors<S: Quantized>(block: &[u8], part: usize) -> [__m256; 2] {
    let mut factors = [_mm256_setzero_ps(); 2];
    let count = if S::MINIMUM || S::HALVES { 2 } else { 1 };
    for (sort, factors) in factors.iter_mut().enumerate().take(count) {
        let from = sort * S::FACTOR + part * S::FACTOR / 2;
        *factors = match S::WIDE {
            true => _mm256_castsi256_ps(load(at(block, from))),
            false => _mm256_cvtph_ps(load_half(at(block, from))),
        };
    }
    factors
}

/// The weights of one input: the lanes of a part.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn float_weights<S: Float>(weights: &[u8], part: usize) -> Vector {
    let from = part * WIDTH * S::BYTES;
    match S::BYTES {
        4 => _mm256_castsi256_ps(load(at(weights, from))),
        _ if S::HALF => _mm256_cvtph_ps(load_half(at(weights, from))),
        _ => {
            let wide = _mm256_cvtepu16_epi32(load_half(at(weights, from)));
            _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))
        }
    }
}

/// As for AVX-512.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn prefetch<S: Quantized>(block: &[u8]) {
    for line in (0..S::BYTES).step_by(64) {
        let ahead = block.as_ptr().wrapping_add(AHEAD + line);
        _mm_prefetch(ahead.cast(), _MM_HINT_T0);
    }
}

/// The number in every lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn splat(number: f32) -> Vector {
    _mm256_set1_ps(number)
}

/// A product, rounded.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn mul(left: Vector, right: Vector) -> Vector {
    _mm256_mul_ps(left, right)
}

/// A sum, rounded.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn add(left: Vector, right: Vector) -> Vector {
    _mm256_add_ps(left, right)
}

/// `left × right + sum`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn fused(left: Vector, right: Vector, sum: Vector) -> Vector {
    _mm256_fmadd_ps(left, right, sum)
}

/// The same four bytes in every lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn broadcast(quants: [i8; 4]) -> __m256i {
    _mm256_set1_epi32(i32::from_le_bytes(quants.map(|quant| quant as u8)))
}

/// A vector of bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the reference is to the 32 bytes that are read, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Half a vector of bytes: numbers of 16 bits, one for each lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load_half(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference is to the 16 bytes that are read, at any alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Writes the lanes of a part.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn store(out: &mut [f32; LANES], part: usize, values: Vector) {
    let out = &mut out.as_chunks_mut::<WIDTH>().0[part];
    // SAFETY: the reference is to the 8 floats that are written, at any alignment.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), values) }
}
