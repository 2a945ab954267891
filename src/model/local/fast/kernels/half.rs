//! Numbers of 16 bits as single precision; every one is exact.

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
