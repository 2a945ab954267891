//! Numbers of 16 bits as single precision, which is exact, and back.
//!
//! For weights, and for instruction sets that have no instruction for them.

/// A number of half precision (IEEE 754 binary16).
#[inline(always)]
pub(super) fn from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // Scaling moves the exponent's bias and makes subnormal numbers normal in one exact step.
    let scaled = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000);
    let unsigned = match bits & 0x7c00 {
        // Infinities stay, and so do the payloads of what is no number.
        0x7c00 => magnitude | 0x7f80_0000,
        _ => scaled.to_bits(),
    };
    f32::from_bits(sign | unsigned)
}

/// A number of bfloat16, the upper half of a single one.
#[inline(always)]
pub(super) fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The float16 nearest to a number of at most 65504, ties to even.
///
/// Small ones are rounded by the processor, in a sum with a number of which the last bit has the
/// value of a subnormal's last bit; the others by adding to what is cut off, which carries into the
/// exponent where it must.
#[inline(always)]
pub(super) fn to_f16(value: f32) -> u16 {
    /// The least normal float16 is 2⁻¹⁴.
    const NORMAL: u32 = (127 - 14) << 23;
    /// Added to what is below, its last bit is the last of a subnormal float16.
    const MAGIC: f32 = 0.5;
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude < NORMAL {
        (f32::from_bits(magnitude) + MAGIC).to_bits() - MAGIC.to_bits()
    } else {
        // Rounds up by a half less one, and by one more where the last kept bit is odd.
        (magnitude - (112 << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13
    };
    (half | (bits >> 16 & 0x8000)) as u16
}
