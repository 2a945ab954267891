//! Sessions as bytes, for another process to go on with.
//!
//! Blocks, each of a length that the reader knows before it reads: a mark, the model, the tokens, then
//! what the engine computed for them. A checksum of all blocks ends it. Numbers are little-endian.
//!
//! Only the model that computed a state takes it back, with the same weights, tokenizer and precision:
//! with others it would be legal numbers and wrong ones.

use std::io::{self, Read, Write};

use super::fingerprint::Fingerprint;
use crate::model::ModelError;
use crate::vocab::TokenId;

/// What such bytes begin with; the digit is the version.
const MARK: [u8; 8] = *b"tkrlses1";
/// Ids that are read at once: an even number.
const IDS: usize = 4_096;
/// The most bytes of a name.
const LONGEST_NAME: usize = 256;

/// Writes blocks, and what ends them.
pub(super) struct Writer<'a> {
    to: &'a mut dyn Write,
    sum: Fingerprint,
}

/// Reads blocks, and checks what ends them.
pub(super) struct Reader<'a> {
    from: &'a mut dyn Read,
    sum: Fingerprint,
}

impl<'a> Writer<'a> {
    /// Writes the mark, the model and the tokens.
    pub(super) fn begin(
        to: &'a mut dyn Write,
        origin: &str,
        tokens: &[TokenId],
    ) -> io::Result<Self> {
        let mut writer = Self { to, sum: Fingerprint::default() };
        writer.block(&MARK)?;
        writer.number(origin.len())?;
        writer.block(origin.as_bytes())?;
        writer.number(tokens.len())?;
        let ids: Vec<u8> = tokens.iter().flat_map(|id| id.0.to_le_bytes()).collect();
        writer.block(&ids)?;
        Ok(writer)
    }

    /// Writes a block. Its length is not written.
    pub(super) fn block(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.add_block(bytes);
        self.to.write_all(bytes)
    }

    /// Writes the checksum.
    pub(super) fn end(self) -> io::Result<()> {
        self.to.write_all(&self.sum.value().to_le_bytes())
    }

    fn number(&mut self, number: usize) -> io::Result<()> {
        self.block(&(number as u64).to_le_bytes())
    }
}

impl<'a> Reader<'a> {
    /// Reads the mark, the model, which must be `origin`, and the tokens, at most `most`.
    pub(super) fn begin(
        from: &'a mut dyn Read,
        origin: &str,
        most: usize,
    ) -> Result<(Self, Vec<TokenId>), ModelError> {
        let mut reader = Self { from, sum: Fingerprint::default() };
        let mut mark = [0; MARK.len()];
        reader.block(&mut mark)?;
        if mark != MARK {
            return Err(broken("it does not begin as a saved session does"));
        }
        let mut found = vec![0; reader.number("bytes of a name", LONGEST_NAME)?];
        reader.block(&mut found)?;
        if found != origin.as_bytes() {
            let found = String::from_utf8_lossy(&found);
            return Err(broken(&format!("it is of model {found}, and this one is {origin}")));
        }
        let count = reader.number("tokens", most)?;
        let mut tokens = Vec::new();
        // In parts, as a count may say what does not come. Parts of whole words have the checksum of the whole.
        while tokens.len() < count {
            let mut ids = vec![0; (count - tokens.len()).min(IDS) * size_of::<u32>()];
            reader.block(&mut ids)?;
            let ids = ids.as_chunks().0.iter();
            tokens.extend(ids.map(|id| TokenId(u32::from_le_bytes(*id))));
        }
        Ok((reader, tokens))
    }

    /// Reads a block of as many bytes as `bytes` has.
    pub(super) fn block(&mut self, bytes: &mut [u8]) -> Result<(), ModelError> {
        read(self.from, bytes)?;
        self.sum.add_block(bytes);
        Ok(())
    }

    /// Reads the checksum, behind which nothing may stand.
    pub(super) fn end(self) -> Result<(), ModelError> {
        let mut sum = [0; size_of::<u64>()];
        read(self.from, &mut sum)?;
        if u64::from_le_bytes(sum) != self.sum.value() {
            return Err(broken("its checksum is not that of its contents"));
        }
        match read(self.from, &mut [0]) {
            Ok(()) => Err(broken("it goes on behind its end")),
            Err(_) => Ok(()),
        }
    }

    fn number(&mut self, what: &str, most: usize) -> Result<usize, ModelError> {
        let mut number = [0; size_of::<u64>()];
        self.block(&mut number)?;
        let number = u64::from_le_bytes(number);
        match usize::try_from(number).ok().filter(|&number| number <= most) {
            Some(number) => Ok(number),
            None => {
                Err(broken(&format!("it has {number} {what}, of which there are at most {most}")))
            }
        }
    }
}

fn read(from: &mut dyn Read, bytes: &mut [u8]) -> Result<(), ModelError> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => broken("it is cut off"),
        _ => broken(&format!("it cannot be read: {error}")),
    })
}

fn broken(what: &str) -> ModelError {
    ModelError::BrokenSession(what.to_owned())
}
