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
    let mut state = 0;
    for path in paths {
        let path = path.as_ref();
        let added = add_file(state, path);
        state = added.map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    }
    Ok(format!("{state:016x}"))
}

/// Adds a file's bytes, the last word filled up with zeros, and their number.
fn add_file(mut state: u64, path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut block = Vec::with_capacity(BLOCK);
    let mut length = 0;
    loop {
        block.clear();
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        length += read as u64;
        block.resize(read.next_multiple_of(WORD), 0);
        let (words, _) = block.as_chunks::<WORD>();
        state = words.iter().fold(state, |state, &word| add(state, u64::from_le_bytes(word)));
        if read < BLOCK {
            return Ok(add(state, length));
        }
    }
}

/// The rotation brings the upper bits, on which little depends after a multiplication, down.
fn add(state: u64, word: u64) -> u64 {
    (state.rotate_left(23) ^ word).wrapping_mul(FACTOR)
}
