//! A model's fingerprint: 64 bits that tell files with one name apart.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::model::ModelError;

/// What a state is multiplied by after each word: odd, so that no two states become one.
/// The fraction of the golden ratio, as Fibonacci hashing has it (Knuth, TAOCP 6.4).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const WORD: usize = size_of::<u64>();
/// Bytes read at once: a multiple of a word.
const BLOCK: usize = 1 << 16;

/// Of the contents of files, in this order, as 16 hexadecimal digits; their names do not count.
///
/// Law: two lists of files that differ within a single word of 8 bytes differ in it, since each step
/// is a bijection. It holds against mistakes, not against an adversary.
pub(super) fn of_files(paths: &[impl AsRef<Path>]) -> Result<String, ModelError> {
    let mut state = Fingerprint::default();
    for path in paths {
        let path = path.as_ref();
        let added = state.add_file(path);
        added.map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    }
    Ok(format!("{:016x}", state.value()))
}

/// The bytes that were added so far, as 64 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// Adds bytes, the last word filled up with zeros. Their number is not added.
    pub(super) fn add_block(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<WORD>();
        words.iter().for_each(|&word| self.add(u64::from_le_bytes(word)));
        if !rest.is_empty() {
            let mut word = [0; WORD];
            word[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(word));
        }
    }

    pub(super) fn value(self) -> u64 {
        self.0
    }

    /// Adds a file's bytes and their number.
    fn add_file(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut block = Vec::with_capacity(BLOCK);
        let mut length = 0;
        loop {
            block.clear();
            let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            length += read as u64;
            self.add_block(&block);
            if read < BLOCK {
                self.add(length);
                return Ok(());
            }
        }
    }

    /// The rotation brings the upper bits, on which little depends after a multiplication, down.
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}
