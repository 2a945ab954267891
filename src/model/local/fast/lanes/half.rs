//! Float16 numbers as bits, for sets that have no instruction for them.

/// The float32 of a finite float16. Infinities would come out as 65536, but none is ever stored.
#[inline(always)]
pub(super) fn widen(half: u16) -> f32 {
    // The exponent's bias differs by 112; the product is exact and makes subnormal numbers normal.
    const BIAS: f32 = f32::from_bits((127 + 112) << 23);
    let bits = u32::from(half);
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * BIAS;
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

/// The float16 nearest to a number of at most 65504, ties to even.
///
/// Small ones are rounded by the processor, in a sum with a number of which the last bit has the
/// value of a subnormal's last bit; the others by adding to what is cut off, which carries into the
/// exponent where it must.
#[inline(always)]
pub(super) fn narrow(value: f32) -> u16 {
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
