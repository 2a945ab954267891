//! The kinds of weights that GGML files keep, and the lengths of their rows.

use std::fmt;

use super::store::Store;

/// How a file keeps the weights of a matrix, as in `ggml.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
    /// Four bits with sign and a scale for 32 weights.
    Q4_0,
    /// Four bits, a scale and a minimum for 32 weights.
    Q4_1,
    /// Five bits with sign and a scale for 32 weights.
    Q5_0,
    /// Five bits, a scale and a minimum for 32 weights.
    Q5_1,
    /// Eight bits with sign and a scale for 32 weights.
    Q8_0,
    /// Four bits, a scale and a minimum of six bits for 32 weights, and two scales of these for 256.
    Q4K,
    /// Five bits, and else as [`Kind::Q4K`].
    Q5K,
    /// Six bits with sign, a scale of eight bits for 16 weights, and a scale of these for 256.
    Q6K,
}

/// Why a matrix cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PackError {
    /// A matrix without a weight.
    #[error("a matrix of {outputs} outputs and {inputs} inputs; it needs at least one of both")]
    Empty { outputs: usize, inputs: usize },
    /// Rows that end within a block.
    #[error("{inputs} inputs are no multiple of {block}, the block of {kind}")]
    Inputs { kind: Kind, inputs: usize, block: usize },
    /// A row of another length than its weights take.
    #[error("row {row} has {found} bytes, but {inputs} inputs of {kind} are {expected}")]
    Row { row: usize, found: usize, inputs: usize, kind: Kind, expected: usize },
    /// More or fewer bytes than the rows take.
    #[error("the weights have {found} bytes, but {outputs} × {inputs} of {kind} are {expected}")]
    Bytes { found: usize, outputs: usize, inputs: usize, kind: Kind, expected: usize },
    /// Lengths that overflow, which no file has that is whole.
    #[error("{outputs} × {inputs} of {kind} are more bytes than this machine can address")]
    TooLarge { outputs: usize, inputs: usize, kind: Kind },
}

impl Kind {
    /// Every kind, in the order of `ggml.h`.
    pub(crate) const ALL: [Self; 11] = [
        Self::F32,
        Self::F16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Bf16,
    ];

    /// The kind with a number of `enum ggml_type`; `None` for those that are not packed here.
    pub(crate) fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.facts().0 == number)
    }

    /// The bytes of a row.
    ///
    /// # Errors
    /// [`PackError::Inputs`] where the inputs are no whole number of blocks, [`PackError::Empty`]
    /// for none, [`PackError::TooLarge`].
    pub(crate) fn row_bytes(self, inputs: usize) -> Result<usize, PackError> {
        let (_, block, bytes, _) = self.facts();
        if inputs == 0 {
            return Err(PackError::Empty { outputs: 1, inputs });
        }
        if !inputs.is_multiple_of(block) {
            return Err(PackError::Inputs { kind: self, inputs, block });
        }
        let length = (inputs / block).checked_mul(bytes);
        length.ok_or(PackError::TooLarge { outputs: 1, inputs, kind: self })
    }

    /// Cuts the bytes of a matrix into its rows.
    ///
    /// # Errors
    /// [`PackError::Bytes`] where there are more or fewer, and those of [`Kind::row_bytes`].
    pub(crate) fn rows(
        self,
        bytes: &[u8],
        outputs: usize,
        inputs: usize,
    ) -> Result<Vec<&[u8]>, PackError> {
        let row = self.row_bytes(inputs)?;
        let too_large = PackError::TooLarge { outputs, inputs, kind: self };
        let expected = row.checked_mul(outputs).ok_or(too_large)?;
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(PackError::Bytes { found, outputs, inputs, kind: self, expected });
        }
        Ok(bytes.chunks_exact(row).collect())
    }

    /// The inputs and the bytes of a block in a file.
    pub(super) fn block(self) -> (usize, usize) {
        let (_, inputs, bytes, _) = self.facts();
        (inputs, bytes)
    }

    /// The store that keeps exactly what this kind keeps.
    pub(super) fn store(self) -> Store {
        match self {
            Self::F32 => Store::F32,
            Self::F16 => Store::F16,
            Self::Bf16 => Store::Bf16,
            Self::Q4_0 => Store::Nibbles,
            Self::Q4_1 => Store::NibblesMin,
            Self::Q4K => Store::NibblesWideMin,
            Self::Q5_0 | Self::Q8_0 => Store::Bytes,
            Self::Q5_1 => Store::BytesMin,
            Self::Q5K => Store::BytesWideMin,
            Self::Q6K => Store::BytesHalves,
        }
    }

    /// The number in `ggml.h`, the inputs and the bytes of a block, and the name.
    fn facts(self) -> (u32, usize, usize, &'static str) {
        match self {
            Self::F32 => (0, 1, 4, "F32"),
            Self::F16 => (1, 1, 2, "F16"),
            Self::Q4_0 => (2, 32, 18, "Q4_0"),
            Self::Q4_1 => (3, 32, 20, "Q4_1"),
            Self::Q5_0 => (6, 32, 22, "Q5_0"),
            Self::Q5_1 => (7, 32, 24, "Q5_1"),
            Self::Q8_0 => (8, 32, 34, "Q8_0"),
            Self::Q4K => (12, 256, 144, "Q4_K"),
            Self::Q5K => (13, 256, 176, "Q5_K"),
            Self::Q6K => (14, 256, 210, "Q6_K"),
            Self::Bf16 => (30, 1, 2, "BF16"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.facts().3)
    }
}
