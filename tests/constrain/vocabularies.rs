//! Vocabularies to test with.

use tokenrail::vocab::Vocabulary;

/// Every byte, and an end of sequence.
pub(crate) fn bytes() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

/// Every byte, some longer tokens that overlap, equal tokens and parts of characters.
pub(crate) fn small() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    let longer: [&[u8]; 16] = [
        b"li",
        b"lis",
        b"list",
        b"listen",
        b"en",
        b"st",
        b"ab",
        b"abab",
        b"cc",
        b"ab",
        b"bb",
        b"  ",
        "é".as_bytes(),
        b"\xa9\xc3",
        "日本".as_bytes(),
        b"\xe6\x97",
    ];
    Vocabulary::new(bytes.chunks(1).chain(longer), ["<begin>", "<end>"])
}
