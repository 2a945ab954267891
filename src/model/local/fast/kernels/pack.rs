//! From the blocks of files to the lanes of groups.
//!
//! The formats are those of `ggml-quants.c`; what they multiply when they are read (a block's
//! scale with a sub-block's) is multiplied here in the same order and precision.

use super::kind::Kind;
use super::store::{
    BLOCK, Bytes, BytesHalves, BytesMin, BytesWideMin, Nibbles, NibblesMin, NibblesWideMin,
    Quantized, VECTOR, at,
};
use crate::model::local::fast::half::from_f16;

/// Packs up to 16 rows into a group that is all zeros.
pub(super) fn pack_group(kind: Kind, rows: &[&[u8]], group: &mut [u8]) {
    match kind {
        Kind::F32 => each::<4>(kind, rows, group, |block, packed, lane| {
            packed[lane * 4..][..4].copy_from_slice(block);
        }),
        Kind::F16 | Kind::Bf16 => each::<2>(kind, rows, group, |block, packed, lane| {
            packed[lane * 2..][..2].copy_from_slice(block);
        }),
        Kind::Q4_0 => each(kind, rows, group, q4_0),
        Kind::Q4_1 => each(kind, rows, group, q4_1),
        Kind::Q5_0 => each(kind, rows, group, q5_0),
        Kind::Q5_1 => each(kind, rows, group, q5_1),
        Kind::Q8_0 => each(kind, rows, group, q8_0),
        Kind::Q4K => each(kind, rows, group, q4_k),
        Kind::Q5K => each(kind, rows, group, q5_k),
        Kind::Q6K => each(kind, rows, group, q6_k),
    }
}

/// Packs every block, of `N` bytes in the file, into its lane.
#[inline(always)]
fn each<const N: usize>(
    kind: Kind,
    rows: &[&[u8]],
    group: &mut [u8],
    pack: impl Fn(&[u8; N], &mut [u8], usize),
) {
    let (inputs, _) = kind.block();
    // A block that is one float is no block of the store: its bytes are in each lane.
    let packed = kind.store().group_bytes(inputs).unwrap_or(usize::MAX);
    for (lane, row) in rows.iter().enumerate() {
        for (block, packed) in row.as_chunks::<N>().0.iter().zip(group.chunks_exact_mut(packed)) {
            pack(block, packed, lane);
        }
    }
}

/// Scale, then 16 bytes: the low nibbles are the first 16 weights, the high ones the others. They
/// stand as the store wants them.
fn q4_0(block: &[u8; 18], packed: &mut [u8], lane: usize) {
    narrow(packed, lane, at(block, 0));
    nibbles(&mut packed[Nibbles::QUANTS..], lane, at(block, 2));
}

/// Scale and minimum, then as Q4_0.
fn q4_1(block: &[u8; 20], packed: &mut [u8], lane: usize) {
    narrow(packed, lane, at(block, 0));
    narrow(&mut packed[NibblesMin::FACTOR..], lane, at(block, 2));
    nibbles(&mut packed[NibblesMin::QUANTS..], lane, at(block, 4));
}

/// Scale, 32 fifth bits, then nibbles as Q4_0. 16 is taken from each.
fn q5_0(block: &[u8; 22], packed: &mut [u8], lane: usize) {
    narrow(packed, lane, at(block, 0));
    let quants = fives(at(block, 2), at(block, 6)).map(|quant| quant.wrapping_sub(16));
    bytes(&mut packed[Bytes::QUANTS..], lane, &quants);
}

/// Scale and minimum, 32 fifth bits, then nibbles as Q4_0.
fn q5_1(block: &[u8; 24], packed: &mut [u8], lane: usize) {
    narrow(packed, lane, at(block, 0));
    narrow(&mut packed[BytesMin::FACTOR..], lane, at(block, 2));
    bytes(&mut packed[BytesMin::QUANTS..], lane, &fives(at(block, 4), at(block, 8)));
}

/// Scale, then 32 bytes with sign.
fn q8_0(block: &[u8; 34], packed: &mut [u8], lane: usize) {
    narrow(packed, lane, at(block, 0));
    bytes(&mut packed[Bytes::QUANTS..], lane, at(block, 2));
}

/// Factors, then 32 bytes for each two parts: the low nibbles are one, the high ones the next.
fn q4_k(block: &[u8; 144], packed: &mut [u8], lane: usize) {
    for (part, packed) in packed.chunks_exact_mut(NibblesWideMin::BYTES).enumerate() {
        k_factors::<NibblesWideMin>(at(block, 0), part, packed, lane);
        let quants: &[u8; 32] = at(block, 16 + part / 2 * 32);
        let pairs: [u8; 16] = std::array::from_fn(|at| match part % 2 {
            0 => quants[at] & 0x0f | quants[at + 16] << 4,
            _ => quants[at] >> 4 | quants[at + 16] & 0xf0,
        });
        nibbles(&mut packed[NibblesWideMin::QUANTS..], lane, &pairs);
    }
}

/// Factors, fifth bits, of which byte `i` has those of input `i` of all parts, then as Q4_K.
fn q5_k(block: &[u8; 176], packed: &mut [u8], lane: usize) {
    let highs: &[u8; 32] = at(block, 16);
    for (part, packed) in packed.chunks_exact_mut(BytesWideMin::BYTES).enumerate() {
        k_factors::<BytesWideMin>(at(block, 0), part, packed, lane);
        let lows: &[u8; 32] = at(block, 48 + part / 2 * 32);
        let quants = std::array::from_fn(|at| {
            (lows[at] >> (part % 2 * 4) & 0x0f) | (highs[at] >> part & 1) << 4
        });
        bytes(&mut packed[BytesWideMin::QUANTS..], lane, &quants);
    }
}

/// For each half of 128 weights 64 bytes of low nibbles, for each half 32 bytes of two upper bits
/// for four parts, then scales of 16 weights each, and their scale. 32 is taken from each quant.
fn q6_k(block: &[u8; 210], packed: &mut [u8], lane: usize) {
    let scale = from_f16(u16::from_le_bytes(*at(block, 208)));
    for (part, packed) in packed.chunks_exact_mut(BytesHalves::BYTES).enumerate() {
        let (upper, part_of_half) = (part / 4, part % 4);
        let lows: &[u8; 32] = at(block, upper * 64 + part_of_half % 2 * 32);
        let highs: &[u8; 32] = at(block, 128 + upper * 32);
        for half in 0..2 {
            let [of_half] = at::<1>(block, 192 + part * 2 + half).map(|byte| byte as i8);
            wide(&mut packed[half * BytesHalves::FACTOR..], lane, scale * f32::from(of_half));
        }
        let quants = std::array::from_fn(|at| {
            let low = lows[at] >> (part_of_half / 2 * 4) & 0x0f;
            let high = highs[at] >> (part_of_half * 2) & 3;
            (low | high << 4).wrapping_sub(32)
        });
        bytes(&mut packed[BytesHalves::QUANTS..], lane, &quants);
    }
}

/// The scale and minimum of one of the eight parts of a block of Q4_K or Q5_K. `head` is its
/// begin: scale, scale of the minimums, and six bits each of the parts' own.
#[inline(always)]
fn k_factors<S: Quantized>(head: &[u8; 16], part: usize, packed: &mut [u8], lane: usize) {
    let scale = from_f16(u16::from_le_bytes([head[0], head[1]]));
    let minimum = from_f16(u16::from_le_bytes([head[2], head[3]]));
    let six = &head[4..];
    let (of_scale, of_minimum) = match part {
        0..4 => (six[part] & 63, six[part + 4] & 63),
        _ => (
            six[part + 4] & 0x0f | six[part - 4] >> 6 << 4,
            six[part + 4] >> 4 | six[part] >> 6 << 4,
        ),
    };
    wide(packed, lane, scale * f32::from(of_scale));
    wide(&mut packed[S::FACTOR..], lane, -(minimum * f32::from(of_minimum)));
}

/// Quants of five bits, whose fifth bits stand apart.
#[inline(always)]
fn fives(highs: &[u8; 4], lows: &[u8; 16]) -> [u8; BLOCK] {
    let highs = u32::from_le_bytes(*highs);
    std::array::from_fn(|at| {
        let low = lows[at % 16] >> (at / 16 * 4) & 0x0f;
        low | ((highs >> at & 1) as u8) << 4
    })
}

/// Writes a factor of 16 bits.
#[inline(always)]
fn narrow(packed: &mut [u8], lane: usize, factor: &[u8; 2]) {
    packed[lane * 2..][..2].copy_from_slice(factor);
}

/// Writes a factor of 32 bits.
#[inline(always)]
fn wide(packed: &mut [u8], lane: usize, factor: f32) {
    packed[lane * 4..][..4].copy_from_slice(&factor.to_le_bytes());
}

/// Writes pairs of quants, four bytes a vector.
#[inline(always)]
fn nibbles(packed: &mut [u8], lane: usize, pairs: &[u8; BLOCK / 2]) {
    let vectors = packed.as_chunks_mut::<VECTOR>().0;
    for (vector, pairs) in vectors.iter_mut().zip(pairs.as_chunks::<4>().0) {
        vector[lane * 4..][..4].copy_from_slice(pairs);
    }
}

/// Writes quants, four a vector.
#[inline(always)]
fn bytes(packed: &mut [u8], lane: usize, quants: &[u8; BLOCK]) {
    let vectors = packed.as_chunks_mut::<VECTOR>().0;
    for (vector, quants) in vectors.iter_mut().zip(quants.as_chunks::<4>().0) {
        vector[lane * 4..][..4].copy_from_slice(quants);
    }
}
