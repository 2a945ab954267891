//! What characters take within a string of JSON.
//!
//! RFC 8259, section 7: a quote, a backslash and control characters are written by escapes, of two
//! bytes where there is a short one and of six where there is none. All others stand for themselves.

use crate::regex::{ByteSet, Costs};

/// The bytes that a byte of a string's value is written with.
pub(crate) fn written_byte(byte: u8) -> u8 {
    match byte {
        b'"' | b'\\' | 0x08 | 0x09 | 0x0A | 0x0C | 0x0D => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// The bytes that a text is written with, its quotes not counted.
pub(crate) fn written(text: &[u8]) -> u32 {
    let bytes = text.iter().map(|&byte| u32::from(written_byte(byte)));
    bytes.fold(0, u32::saturating_add)
}

/// What bytes count that are written with those of an alphabet; none where one of those is missing.
pub(super) fn costs(alphabet: ByteSet) -> Costs {
    let has_all = |bytes: &[u8]| bytes.iter().all(|&byte| alphabet.contains(byte));
    let (escapes, digits) = (has_all(b"\\\"nrtbf"), has_all(b"\\u0123456789abcdef"));
    Costs::new(|byte| match written_byte(byte) {
        1 => u8::from(alphabet.contains(byte)),
        2 if escapes => 2,
        6 if digits => 6,
        // White space between tokens stands for itself.
        _ => u8::from(alphabet.contains(byte) && matches!(byte, b'\t' | b'\n' | b'\r')),
    })
}
