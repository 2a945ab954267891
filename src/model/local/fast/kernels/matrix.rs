//! A weight matrix, packed once for all instruction sets.

use std::thread;

use super::kind::{Kind, PackError};
use super::pack::pack_group;
use super::portable;
use super::store::{LANES, Store};

/// Cache lines, and the widest vectors, have so many bytes.
const ALIGNMENT: usize = 64;
/// Threads are worth their start from so many bytes each.
const BYTES_A_THREAD: usize = 1 << 20;

/// Weights `[outputs, inputs]` in groups of 16 outputs (see [`super::store`]).
///
/// What it keeps stands for exactly the weights of the file. The last group is filled up with
/// outputs of weight 0.
#[derive(Debug)]
pub(crate) struct Matrix {
    kind: Kind,
    /// Rows of the file, without those that fill up the last group.
    outputs: usize,
    inputs: usize,
    /// What 16 outputs take.
    group_bytes: usize,
    /// `groups × group_bytes` from `start` on.
    bytes: Vec<u8>,
    /// Where the first whole cache line begins. The memory never moves, nor is it copied.
    start: usize,
}

impl Matrix {
    /// Packs rows, each of `inputs` weights as the file has them, on up to `threads` threads.
    ///
    /// Rows may come from several tensors of one kind, and in any order.
    ///
    /// # Errors
    /// [`PackError`], before anything is allocated.
    pub(crate) fn pack(
        kind: Kind,
        inputs: usize,
        rows: &[&[u8]],
        threads: usize,
    ) -> Result<Self, PackError> {
        let outputs = rows.len();
        if outputs == 0 {
            return Err(PackError::Empty { outputs, inputs });
        }
        let expected = kind.row_bytes(inputs)?;
        if let Some(row) = rows.iter().position(|row| row.len() != expected) {
            let found = rows[row].len();
            return Err(PackError::Row { row, found, inputs, kind, expected });
        }
        let too_large = PackError::TooLarge { outputs, inputs, kind };
        let group_bytes = kind.store().group_bytes(inputs).ok_or(too_large.clone())?;
        let groups = outputs.div_ceil(LANES);
        let length = groups.checked_mul(group_bytes).ok_or(too_large.clone())?;
        let allocated = length.checked_add(ALIGNMENT).ok_or(too_large)?;
        let mut bytes = vec![0; allocated];
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let threads = threads.min(length / BYTES_A_THREAD).max(1);
        let share = groups.div_ceil(threads);
        let pack = |rows: &[&[u8]], packed: &mut [u8]| {
            for (rows, group) in rows.chunks(LANES).zip(packed.chunks_exact_mut(group_bytes)) {
                pack_group(kind, rows, group);
            }
        };
        let mut shares = rows
            .chunks(share * LANES)
            .zip(bytes[start..start + length].chunks_mut(share * group_bytes));
        thread::scope(|scope| {
            let own = shares.next();
            for (rows, packed) in shares {
                scope.spawn(move || pack(rows, packed));
            }
            if let Some((rows, packed)) = own {
                pack(rows, packed);
            }
        });
        Ok(Self { kind, outputs, inputs, group_bytes, bytes, start })
    }

    /// Weights of a row.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Groups of 16 outputs, of which the last may be filled up.
    pub(crate) fn groups(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// The memory that the weights take.
    pub(crate) fn bytes(&self) -> usize {
        self.groups() * self.group_bytes
    }

    /// The weights of one output, as the file's format defines them in single precision.
    ///
    /// # Panics
    /// Where there is no such output, or `values` has another length than a row.
    pub(crate) fn row(&self, output: usize, values: &mut [f32]) {
        assert!(output < self.outputs, "output {output} of {}", self.outputs);
        assert_eq!(values.len(), self.inputs, "a row has as many weights as the matrix inputs");
        portable::row(self.store(), self.group(output / LANES), output % LANES, values);
    }

    /// How they lie in memory.
    pub(super) fn store(&self) -> Store {
        self.kind.store()
    }

    /// The packed weights of a group.
    pub(super) fn group(&self, group: usize) -> &[u8] {
        &self.bytes[self.start + group * self.group_bytes..][..self.group_bytes]
    }
}
