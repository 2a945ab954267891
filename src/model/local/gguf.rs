//! Reads GGUF files: metadata, tensor table, tensor data.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3. candle
//! has a reader too; this one names the place of damage, keeps arrays in their own width (candle
//! spends 32 bytes an element) and cannot divide by an alignment of zero.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::quantized::GgmlDType;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::{Device, Tensor};

use super::super::ModelError;
use super::source::Raw;

/// No file in use has as many metadata entries or tensors.
const MAX_ENTRIES: u64 = 1 << 20;
const MAX_DIMENSIONS: u32 = 4;
const KNOWN_KINDS: &str = "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K";

/// An open GGUF file.
#[derive(Debug)]
pub(super) struct Gguf {
    path: PathBuf,
    file: BufReader<File>,
    /// The file's length in bytes.
    size: u64,
    /// How far the header has been read.
    position: u64,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorEntry>,
    /// Where the tensor data begins.
    data: u64,
}

/// A metadata value; integers of every width are kept as 64 bits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
    Floats(Vec<f32>),
    /// An array of a kind that no model property here uses.
    Other,
}

#[derive(Debug)]
struct TensorEntry {
    /// Outermost first, as candle has it.
    shape: Vec<u64>,
    kind: u32,
    /// From the beginning of the tensor data.
    offset: u64,
}

/// Where a tensor's bytes are.
struct Place {
    /// From the beginning of the file.
    start: u64,
    length: usize,
}

impl Gguf {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut gguf = Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            size,
            position: 0,
            metadata: BTreeMap::new(),
            tensors: BTreeMap::new(),
            data: 0,
        };
        gguf.read_header()?;
        Ok(gguf)
    }

    /// A tensor's values as float32, whatever the file keeps them as. `shape` is outermost first.
    ///
    /// # Errors
    /// [`ModelError::Broken`] where it is missing, has another shape or is not within the file,
    /// [`ModelError::Unsupported`] for a type that candle does not read.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        raw_tensor(&self.raw(name, shape)?, shape)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file has a tensor of this name.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The outermost dimension of a tensor, all of whose bytes are in the file.
    pub(super) fn tensor_rows(&self, name: &str) -> Result<usize, ModelError> {
        let entry = self.entry(name)?;
        self.place(name, entry)?;
        let rows = entry.shape.first().and_then(|&rows| usize::try_from(rows).ok());
        rows.ok_or_else(|| self.broken(format!("tensor {name:?} has no dimension")))
    }

    /// A metadata value, of whatever kind.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A metadata value that has to be a text.
    pub(super) fn text(&self, key: &str) -> Result<&str, ModelError> {
        match self.get(key) {
            Some(Value::Text(text)) => Ok(text),
            other => Err(self.mismatch(key, "a string", other)),
        }
    }

    /// An array of strings, which is taken out of the metadata: vocabularies are large.
    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<String>, ModelError> {
        match self.metadata.remove(key) {
            Some(Value::Texts(texts)) => Ok(texts),
            other => Err(self.mismatch(key, "an array of strings", other.as_ref())),
        }
    }

    /// A metadata value that has to be an array of integers.
    pub(super) fn numbers(&self, key: &str) -> Result<&[i64], ModelError> {
        match self.get(key) {
            Some(Value::Numbers(numbers)) => Ok(numbers),
            other => Err(self.mismatch(key, "an array of integers", other)),
        }
    }

    pub(super) fn floats(&self, key: &str) -> Result<&[f32], ModelError> {
        match self.get(key) {
            Some(Value::Floats(floats)) => Ok(floats),
            other => Err(self.mismatch(key, "an array of floats", other)),
        }
    }

    pub(super) fn count(&self, key: &str) -> Result<usize, ModelError> {
        let value = match self.get(key) {
            Some(&Value::Unsigned(value)) => usize::try_from(value).ok(),
            Some(&Value::Signed(value)) => usize::try_from(value).ok(),
            _ => None,
        };
        value.ok_or_else(|| self.mismatch(key, "a count", self.get(key)))
    }

    /// A metadata value that has to be a number; integers count.
    pub(super) fn float(&self, key: &str) -> Result<f64, ModelError> {
        match self.get(key) {
            Some(&Value::Float(value)) => Ok(value),
            other => Err(self.mismatch(key, "a float", other)),
        }
    }

    /// An error about this file.
    pub(super) fn broken(&self, what: impl Into<String>) -> ModelError {
        ModelError::Broken { path: self.path.clone(), what: what.into() }
    }

    /// The error for metadata that is missing or of another kind, with a glimpse of what is there.
    fn mismatch(&self, key: &str, expected: &str, found: Option<&Value>) -> ModelError {
        match found {
            None => self.broken(format!("metadata has no {key}")),
            Some(value) => {
                let mut found = format!("{value:?}");
                found.truncate(found.floor_char_boundary(60));
                self.broken(format!("metadata {key} is {found}, not {expected}"))
            }
        }
    }

    /// A tensor's bytes as they are in the file, and their kind by its number there.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub(super) fn raw(&mut self, name: &str, shape: &[usize]) -> Result<Raw, ModelError> {
        let entry = self.entry(name)?;
        let number = entry.kind;
        let wanted: Vec<u64> = shape.iter().map(|&dim| dim as u64).collect();
        if entry.shape != wanted {
            let what = format!("tensor {name:?} has shape {:?}, not {wanted:?}", entry.shape);
            return Err(self.broken(what));
        }
        let Place { start, length } = self.place(name, entry)?;
        let mut bytes = vec![0; length];
        let read =
            self.file.seek(SeekFrom::Start(start)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|source| ModelError::Io { path: self.path.clone(), source })?;
        Ok(Raw { kind: number, bytes })
    }

    /// The table entry of a tensor that has to be there.
    fn entry(&self, name: &str) -> Result<&TensorEntry, ModelError> {
        let entry = self.tensors.get(name);
        entry.ok_or_else(|| self.broken(format!("it has no tensor {name:?}")))
    }

    /// Where a tensor's bytes are, all within the file.
    fn place(&self, name: &str, entry: &TensorEntry) -> Result<Place, ModelError> {
        let kind = element_kind(entry.kind).ok_or_else(|| ModelError::Unsupported {
            what: "tensor type",
            found: format!("{} of tensor {name}", entry.kind),
            known: KNOWN_KINDS,
        })?;
        let block = kind.block_size() as u64;
        if !entry.shape.last().is_some_and(|row| row.is_multiple_of(block)) {
            let what = format!("rows of tensor {name:?} are no multiple of its block of {block}");
            return Err(self.broken(what));
        }
        let elements = entry.shape.iter().try_fold(1u64, |all, &dim| all.checked_mul(dim));
        let length = elements.and_then(|all| (all / block).checked_mul(kind.type_size() as u64));
        let start = self.data.checked_add(entry.offset);
        let end = start.zip(length).and_then(|(start, length)| start.checked_add(length));
        let (Some(start), Some(length), true) =
            (start, length, end.is_some_and(|end| end <= self.size))
        else {
            return Err(self.broken(format!(
                "tensor {name:?} of shape {:?} at {}+{} is not within the {} bytes of the file",
                entry.shape, self.data, entry.offset, self.size
            )));
        };
        // `end` has shown that the length is at most the file's.
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(Place { start, length })
    }

    /// Reads metadata and the table of tensors; nothing of the tensors themselves.
    fn read_header(&mut self) -> Result<(), ModelError> {
        if &self.bytes::<4>()? != b"GGUF" {
            return Err(self.broken("it does not begin with \"GGUF\""));
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(ModelError::Unsupported {
                what: "GGUF version",
                found: version.to_string(),
                known: "2, 3",
            });
        }
        let tensors = self.entry_count("tensors")?;
        let entries = self.entry_count("metadata entries")?;
        for _ in 0..entries {
            let key = self.string()?;
            let kind = self.u32()?;
            let value = self.value(kind, &key)?;
            self.metadata.insert(key, value);
        }
        for _ in 0..tensors {
            let name = self.string()?;
            let entry = self.tensor_entry(&name)?;
            self.tensors.insert(name, entry);
        }
        let alignment = match self.get("general.alignment") {
            None => 32,
            Some(_) => self.count("general.alignment")? as u64,
        };
        if !alignment.is_power_of_two() || alignment > 1 << 20 {
            return Err(self.broken(format!(
                "general.alignment is {alignment}, not a power of two up to 2^20"
            )));
        }
        self.data = self.position.next_multiple_of(alignment);
        Ok(())
    }

    /// Reads a table entry. Shapes are innermost first in the file.
    fn tensor_entry(&mut self, name: &str) -> Result<TensorEntry, ModelError> {
        let dimensions = self.u32()?;
        if dimensions > MAX_DIMENSIONS {
            let what =
                format!("tensor {name:?} has {dimensions} dimensions, over {MAX_DIMENSIONS}");
            return Err(self.broken(what));
        }
        let mut shape = (0..dimensions).map(|_| self.u64()).collect::<Result<Vec<_>, _>>()?;
        shape.reverse();
        Ok(TensorEntry { shape, kind: self.u32()?, offset: self.u64()? })
    }

    /// Reads a metadata value of a kind by its number in the format.
    fn value(&mut self, kind: u32, key: &str) -> Result<Value, ModelError> {
        Ok(match kind {
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()? != [0]),
            8 => Value::Text(self.string()?),
            9 => self.array(key)?,
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            10 => Value::Unsigned(self.u64()?),
            _ => match self.integer(kind)? {
                Some(value) => Value::Signed(value),
                None => {
                    return Err(self.broken(format!("metadata {key} has the unknown type {kind}")));
                }
            },
        })
    }

    /// Reads an array. Its length is checked against what is left of the file before anything is
    /// allocated.
    fn array(&mut self, key: &str) -> Result<Value, ModelError> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => {
                return Err(
                    self.broken(format!("metadata {key} is an array of the unknown type {kind}"))
                );
            }
        };
        let needed = count.saturating_mul(width);
        self.claim(needed, &format!("metadata {key}"))?;
        match kind {
            8 => {
                let texts = (0..count).map(|_| self.string());
                Ok(Value::Texts(texts.collect::<Result<_, _>>()?))
            }
            0..=5 | 11 => {
                let numbers =
                    (0..count).map(|_| self.integer(kind).map(|number| number.unwrap_or(0)));
                Ok(Value::Numbers(numbers.collect::<Result<_, _>>()?))
            }
            6 => {
                let floats = (0..count).map(|_| Ok(f32::from_le_bytes(self.bytes()?)));
                Ok(Value::Floats(floats.collect::<Result<_, ModelError>>()?))
            }
            _ => {
                self.position += needed;
                let skipped = self.file.seek(SeekFrom::Start(self.position));
                skipped.map_err(|source| ModelError::Io { path: self.path.clone(), source })?;
                Ok(Value::Other)
            }
        }
    }

    /// An integer of a GGUF type that fits 64 signed bits; `None` for other types.
    fn integer(&mut self, kind: u32) -> Result<Option<i64>, ModelError> {
        Ok(Some(match kind {
            0 => i64::from(u8::from_le_bytes(self.bytes()?)),
            1 => i64::from(i8::from_le_bytes(self.bytes()?)),
            2 => i64::from(u16::from_le_bytes(self.bytes()?)),
            3 => i64::from(i16::from_le_bytes(self.bytes()?)),
            4 => i64::from(u32::from_le_bytes(self.bytes()?)),
            5 => i64::from(i32::from_le_bytes(self.bytes()?)),
            11 => i64::from_le_bytes(self.bytes()?),
            _ => return Ok(None),
        }))
    }

    /// Reads a number of entries, which a damaged file may have beyond all sense.
    fn entry_count(&mut self, what: &str) -> Result<u64, ModelError> {
        let count = self.u64()?;
        if count > MAX_ENTRIES {
            return Err(
                self.broken(format!("it declares {count} {what}, over the limit of {MAX_ENTRIES}"))
            );
        }
        Ok(count)
    }

    fn string(&mut self) -> Result<String, ModelError> {
        let at = self.position;
        let length = self.u64()?;
        self.claim(length, "a string")?;
        // `claim` has shown that the length is at most the file's.
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes)
            .map_err(|_| self.broken(format!("the string at byte {at} is not UTF-8")))
    }

    fn u32(&mut self) -> Result<u32, ModelError> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ModelError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads so many bytes of the header, or names where the file ends.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ModelError> {
        self.claim(bytes.len() as u64, "the header")?;
        self.file
            .read_exact(bytes)
            .map_err(|source| ModelError::Io { path: self.path.clone(), source })?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Refuses to read, or to make room for, more than the file still has.
    fn claim(&self, bytes: u64, what: &str) -> Result<(), ModelError> {
        if bytes > self.size - self.position {
            return Err(self.broken(format!(
                "{what} needs {bytes} bytes at byte {}, but the file ends at byte {}",
                self.position, self.size
            )));
        }
        Ok(())
    }
}

/// candle's word for a kind of tensor, by its number in `ggml.h`.
fn element_kind(kind: u32) -> Option<GgmlDType> {
    Some(match kind {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// The values of a matrix in float32.
pub(super) fn raw_tensor(raw: &Raw, shape: &[usize]) -> Result<Tensor, ModelError> {
    let Some(kind) = element_kind(raw.kind) else {
        return Err(ModelError::Unsupported {
            what: "tensor type",
            found: raw.kind.to_string(),
            known: KNOWN_KINDS,
        });
    };
    let tensor = qtensor_from_ggml(kind, &raw.bytes, shape.to_vec(), &Device::Cpu)?;
    Ok(tensor.dequantize(&Device::Cpu)?)
}
