//! How packed weights lie in memory.
//!
//! A group is 16 outputs; whatever belongs to the 16 stands side by side, one lane each. Quantized
//! weights are blocks of 32 inputs: first the factors (16 scales, then 16 minimums or 16 scales of
//! the second half), then the quants. Four inputs of a lane are a dword, 16 lanes are a vector of
//! 64 bytes. Bytes are signed and fill eight vectors. Nibbles are unsigned and fill four: vector
//! `v` has inputs `4v..4v+4` in its low nibbles and inputs `16+4v..` in its high ones, which is
//! how Q4_0 and Q4_1 have them in files. Floats are 16 lanes for each input.
//!
//! A block of Q4_1, 320 bytes:
//!
//! ```text
//!    0  scale of lane 0, scale of lane 1, … scale of lane 15           16 × 2 bytes
//!   32  minimum of lane 0, …                                           16 × 2 bytes
//!   64  lane 0: inputs 0|16, 1|17, 2|18, 3|19; lane 1: the same; …     16 × 4 bytes
//!  128  lane 0: inputs 4|20, 5|21, 6|22, 7|23; …                       16 × 4 bytes
//!  192  lane 0: inputs 8|24, …                                         16 × 4 bytes
//!  256  lane 0: inputs 12|28, …                                        16 × 4 bytes
//! ```
//!
//! So one instruction multiplies four inputs of 16 outputs, sums need no shuffle between lanes,
//! and memory is read once from begin to end.

/// Outputs that are packed together.
pub(crate) const LANES: usize = 16;
/// Inputs that share a scale.
pub(crate) const BLOCK: usize = 32;
/// Dwords of quants in a lane of a block.
pub(super) const DWORDS: usize = BLOCK / 4;
/// Bytes of a dword of all lanes.
pub(super) const VECTOR: usize = LANES * 4;

/// The ways in which weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// Four bits less 8, scales of 16 bits.
    Nibbles,
    /// Four bits, scales and minimums of 16 bits.
    NibblesMin,
    /// Four bits, scales and minimums of 32 bits.
    NibblesWideMin,
    /// Bytes with sign, scales of 16 bits.
    Bytes,
    /// Bytes with sign, scales and minimums of 16 bits.
    BytesMin,
    /// Bytes with sign, scales and minimums of 32 bits.
    BytesWideMin,
    /// Bytes with sign, two scales of 32 bits.
    BytesHalves,
    /// Floats of half precision.
    F16,
    /// Floats that are the upper half of single precision.
    Bf16,
    /// Floats of single precision.
    F32,
}

impl Store {
    /// Whether integers can be multiplied by quantized activations.
    pub(super) fn is_quantized(self) -> bool {
        !matches!(self, Self::F16 | Self::Bf16 | Self::F32)
    }

    /// The bytes that a group takes for so many inputs, a whole number of blocks where quantized.
    pub(super) fn group_bytes(self, inputs: usize) -> Option<usize> {
        let blocks = inputs / BLOCK;
        match self {
            Self::Nibbles => blocks.checked_mul(Nibbles::BYTES),
            Self::NibblesMin => blocks.checked_mul(NibblesMin::BYTES),
            Self::NibblesWideMin => blocks.checked_mul(NibblesWideMin::BYTES),
            Self::Bytes => blocks.checked_mul(Bytes::BYTES),
            Self::BytesMin => blocks.checked_mul(BytesMin::BYTES),
            Self::BytesWideMin => blocks.checked_mul(BytesWideMin::BYTES),
            Self::BytesHalves => blocks.checked_mul(BytesHalves::BYTES),
            Self::F16 | Self::Bf16 => inputs.checked_mul(LANES * 2),
            Self::F32 => inputs.checked_mul(LANES * 4),
        }
    }
}

/// A store of integers. A weight is `(quant − OFFSET) × scale + minimum`.
pub(super) trait Quantized {
    /// Two unsigned quants a byte, or else one signed.
    const NIBBLES: bool;
    /// What is taken from each quant; only nibbles have it.
    const OFFSET: i32 = 0;
    /// Factors of 32 bits, or else of 16.
    const WIDE: bool = false;
    /// A minimum for each scale.
    const MINIMUM: bool = false;
    /// A scale for each half of a block, and no minimum.
    const HALVES: bool = false;

    /// Bytes of the 16 factors of one sort.
    const FACTOR: usize = LANES * if Self::WIDE { 4 } else { 2 };
    /// Where the quants of a block begin.
    const QUANTS: usize = Self::FACTOR * if Self::MINIMUM || Self::HALVES { 2 } else { 1 };
    /// Bytes of a block.
    const BYTES: usize = Self::QUANTS + DWORDS * VECTOR / if Self::NIBBLES { 2 } else { 1 };
}

/// [`Store::Nibbles`].
pub(super) struct Nibbles;
/// [`Store::NibblesMin`].
pub(super) struct NibblesMin;
/// [`Store::NibblesWideMin`].
pub(super) struct NibblesWideMin;
/// [`Store::Bytes`].
pub(super) struct Bytes;
/// [`Store::BytesMin`].
pub(super) struct BytesMin;
/// [`Store::BytesWideMin`].
pub(super) struct BytesWideMin;
/// [`Store::BytesHalves`].
pub(super) struct BytesHalves;

impl Quantized for Nibbles {
    const NIBBLES: bool = true;
    const OFFSET: i32 = 8;
}

impl Quantized for NibblesMin {
    const NIBBLES: bool = true;
    const MINIMUM: bool = true;
}

impl Quantized for NibblesWideMin {
    const NIBBLES: bool = true;
    const WIDE: bool = true;
    const MINIMUM: bool = true;
}

impl Quantized for Bytes {
    const NIBBLES: bool = false;
}

impl Quantized for BytesMin {
    const NIBBLES: bool = false;
    const MINIMUM: bool = true;
}

impl Quantized for BytesWideMin {
    const NIBBLES: bool = false;
    const WIDE: bool = true;
    const MINIMUM: bool = true;
}

impl Quantized for BytesHalves {
    const NIBBLES: bool = false;
    const WIDE: bool = true;
    const HALVES: bool = true;
}

/// A store of floats, 16 lanes for each input.
pub(super) trait Float {
    /// Bytes of a weight.
    const BYTES: usize;
    /// Whether 16 bits are those of half precision, or else the upper half of 32.
    const HALF: bool = false;
}

/// Half precision.
pub(super) struct F16;
/// The upper half of single precision.
pub(super) struct Bf16;
/// Single precision.
pub(super) struct F32;

impl Float for F16 {
    const BYTES: usize = 2;
    const HALF: bool = true;
}

impl Float for Bf16 {
    const BYTES: usize = 2;
}

impl Float for F32 {
    const BYTES: usize = 4;
}

/// `N` bytes of a slice that has them.
#[inline(always)]
pub(super) fn at<const N: usize>(bytes: &[u8], from: usize) -> &[u8; N] {
    bytes[from..].first_chunk().expect("a block has all its parts, by the lengths of its store")
}

/// Calls a function that is generic over a store and the rows of a tile: `call!(store, rows,
/// integers or floats, function, arguments)`. Tiles have 8, 4, 2 or 1 rows.
macro_rules! call {
    (integers, $store:expr, $rows:expr, $function:ident, $arguments:tt) => {
        match $store {
            Store::Nibbles => call!(@rows Nibbles, $rows, $function, $arguments),
            Store::NibblesMin => call!(@rows NibblesMin, $rows, $function, $arguments),
            Store::NibblesWideMin => call!(@rows NibblesWideMin, $rows, $function, $arguments),
            Store::Bytes => call!(@rows Bytes, $rows, $function, $arguments),
            Store::BytesMin => call!(@rows BytesMin, $rows, $function, $arguments),
            Store::BytesWideMin => call!(@rows BytesWideMin, $rows, $function, $arguments),
            Store::BytesHalves => call!(@rows BytesHalves, $rows, $function, $arguments),
            Store::F16 | Store::Bf16 | Store::F32 => {}
        }
    };
    (floats, $store:expr, $rows:expr, $function:ident, $arguments:tt) => {
        match $store {
            Store::F16 => call!(@rows F16, $rows, $function, $arguments),
            Store::Bf16 => call!(@rows Bf16, $rows, $function, $arguments),
            Store::F32 => call!(@rows F32, $rows, $function, $arguments),
            _ => {}
        }
    };
    (@rows $type:ident, $rows:expr, $function:ident, ($($argument:expr),*)) => {
        match $rows {
            8 => $function::<$type, 8>($($argument),*),
            4 => $function::<$type, 4>($($argument),*),
            2 => $function::<$type, 2>($($argument),*),
            _ => $function::<$type, 1>($($argument),*),
        }
    };
}
pub(super) use call;
