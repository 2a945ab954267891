//! The reversible byte ↔ character map of GPT-2 style vocabularies.
//!
//! Printable Latin-1 bytes stand for themselves; the other 68 bytes are written as the characters
//! U+0100, U+0101, … in byte order (Radford et al. 2019, `bytes_to_unicode`).

/// Returns the bytes that a byte-level token text stands for, or `None` when a character of it is
/// outside the map.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte_of).collect()
}

/// The byte that a character of the alphabet stands for.
fn byte_of(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ 0..=0xFF => u8::try_from(code).ok().filter(|&b| stands_for_itself(b)),
        code => {
            let shifted = usize::try_from(code).ok()?.checked_sub(0x100)?;
            (0..=u8::MAX).filter(|&b| !stands_for_itself(b)).nth(shifted)
        }
    }
}

/// The bytes of printable Latin-1 characters; all others are moved behind U+0100.
fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_exactly_one_character() {
        let chars = (0..=0xFFu32).chain(0x100..0x200).filter_map(char::from_u32);
        let mut bytes: Vec<u8> = chars.filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
    }

    #[test]
    fn known_pieces() {
        for (text, expected) in [
            ("ĠParis", Some(b" Paris".as_slice())),
            ("Ċ", Some(b"\n")),
            ("Ã©", Some("é".as_bytes())),
            ("Ń", Some(b"\xad")),
            (" ", None),
            ("日", None),
        ] {
            assert_eq!(decode(text).as_deref(), expected, "{text:?}");
        }
    }
}
