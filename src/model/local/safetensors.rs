//! Reads safetensors files: a JSON table of tensors, then their bytes.
//!
//! Format: <https://github.com/huggingface/safetensors#format>. Tensors are read one at a time, so
//! that a file and its float32 copy are never in memory together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde_json::Value;

use super::gguf::raw_tensor;
use super::source::Raw;
use crate::model::ModelError;

/// A header of a 400-layer model is below 1 MB.
const MAX_HEADER: u64 = 64 << 20;

/// The tensors of one or more safetensors files.
#[derive(Debug)]
pub(super) struct SafeTensors {
    files: Vec<(PathBuf, File)>,
    tensors: BTreeMap<String, Entry>,
}

/// A tensor in the table; its shape, outermost first, is checked when it is read.
#[derive(Debug)]
struct Entry {
    /// The index of its file.
    file: usize,
    kind: String,
    shape: Vec<u64>,
    /// From the beginning of the file; the end is within the file.
    start: u64,
    end: u64,
}

impl SafeTensors {
    /// Opens the files and reads their tables.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, ModelError> {
        let mut all = Self { files: Vec::new(), tensors: BTreeMap::new() };
        for path in paths {
            all.add(path)?;
        }
        Ok(all)
    }

    /// A tensor's values as float32.
    ///
    /// # Errors
    /// [`ModelError::Broken`] where it is missing, has another shape, or has not that shape's bytes;
    /// [`ModelError::Unsupported`] for a type other than F32, F16 and BF16.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        raw_tensor(&self.raw(name, shape)?, shape)
    }

    /// A tensor's bytes as they are in the file; the kinds are numbered as in `ggml.h`.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub(super) fn raw(&mut self, name: &str, shape: &[usize]) -> Result<Raw, ModelError> {
        let path = self.path().to_owned();
        let Some(entry) = self.tensors.get(name) else {
            return Err(ModelError::Broken { path, what: format!("it has no tensor {name:?}") });
        };
        let (path, file) = &mut self.files[entry.file];
        let wanted: Vec<u64> = shape.iter().map(|&dim| dim as u64).collect();
        if entry.shape != wanted {
            let what = format!("tensor {name:?} has shape {:?}, not {wanted:?}", entry.shape);
            return Err(ModelError::Broken { path: path.clone(), what });
        }
        let (kind, size) = match entry.kind.as_str() {
            "F32" => (0, 4),
            "F16" => (1, 2),
            "BF16" => (30, 2),
            other => {
                return Err(ModelError::Unsupported {
                    what: "tensor type",
                    found: format!("{other} of tensor {name}"),
                    known: "F32, F16, BF16",
                });
            }
        };
        let length = shape.iter().try_fold(size, |all: usize, &dim| all.checked_mul(dim));
        let held = entry.end - entry.start;
        let Some(length) = length.filter(|&length| length as u64 == held) else {
            let what = format!("tensor {name:?} of shape {wanted:?} has {held} bytes");
            return Err(ModelError::Broken { path: path.clone(), what });
        };
        let mut bytes = vec![0; length];
        let read =
            file.seek(SeekFrom::Start(entry.start)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|source| ModelError::Io { path: path.clone(), source })?;
        Ok(Raw { kind, bytes })
    }

    /// The first file.
    pub(super) fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |(path, _)| path)
    }

    /// Reads a file's table. Of tensors with one name the last file's counts.
    fn add(&mut self, path: &Path) -> Result<(), ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        let broken =
            |what: &str| ModelError::Broken { path: path.to_owned(), what: what.to_owned() };
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        if size < 8 {
            return Err(broken(&format!("it ends at byte {size}, within its header's length")));
        }
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length > size - 8 {
            return Err(broken(&format!(
                "its header of {length} bytes is over the file or {MAX_HEADER}"
            )));
        }
        let mut header = Vec::new();
        (&mut file).take(length).read_to_end(&mut header).map_err(io)?;
        let header: Value = serde_json::from_slice(&header)
            .map_err(|error| broken(&format!("its header: {error}")))?;
        let Value::Object(header) = header else {
            return Err(broken("its header is not a JSON object"));
        };
        for (name, value) in header.iter().filter(|(name, _)| *name != "__metadata__") {
            let entry = Entry::read(value, self.files.len(), 8 + length, size);
            let entry =
                entry.ok_or_else(|| broken(&format!("the entry of tensor {name:?} is damaged")))?;
            self.tensors.insert(name.clone(), entry);
        }
        self.files.push((path.to_owned(), file));
        Ok(())
    }
}

impl Entry {
    /// Reads an entry of a table; `data` is where the tensors' bytes begin in a file of `size`.
    /// `None` where a part is missing or the bytes are not within the file.
    fn read(value: &Value, file: usize, data: u64, size: u64) -> Option<Self> {
        let shape = value["shape"].as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?;
        let [start, end] = value["data_offsets"].as_array()?.as_slice() else {
            return None;
        };
        let start = data.checked_add(start.as_u64()?)?;
        let end = data.checked_add(end.as_u64()?)?;
        let kind = value["dtype"].as_str()?.to_owned();
        (start <= end && end <= size).then_some(Self { file, kind, shape, start, end })
    }
}
