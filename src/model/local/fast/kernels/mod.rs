//! Products of packed weights with rows of activations, by the widest instructions at hand.
//!
//! A [`Matrix`] is packed once. [`Activations`] are rows, as floats or rounded to eight bits.
//! [`Kernels`] multiply one by the other, for any range of groups, so that threads share the work
//! by groups and write to parts of the result that do not overlap.
//!
//! Laws, held by `tests.rs`: a row gives the same bits alone as among others, whatever range
//! of groups is asked for, and on every machine. So the order of operations is part of the
//! contract. With rounded rows, for each block of 32 inputs in order,
//! `sum = fma(dot, scale × row scale, sum)`, then `sum = fma(minimum, row sum, sum)`, where the
//! dot of quants is exact. With floats, even and odd inputs have a sum each,
//! `sum = fma(weight, value, sum)`, and the two are added at the end.
//!
//! What an engine does at each place: fill activations, multiply, and read the products:
//!
//! ```text
//! let rows = Kind::Q8_0.rows(bytes, outputs, inputs)?;
//! let matrix = Matrix::pack(Kind::Q8_0, inputs, &rows, threads)?;
//! let mut activations = Activations::new(inputs, Precision::Quantized);
//! activations.set(&hidden, kernels);
//! let mut out = vec![0.0; matrix.groups() * activations.rows() * LANES];
//! kernels.multiply(&matrix, 0..matrix.groups(), &activations, &mut out);
//! ```
//!
//! Not here: threads, and what a transformer does between products.

mod activations;
mod kind;
mod matrix;
mod pack;
mod portable;
mod store;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tiles;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::ops::Range;
use std::sync::OnceLock;

use activations::ActivationBlock;
pub(crate) use activations::{ActivationTile, Activations, Precision};
pub(crate) use kind::{Kind, PackError};
pub(crate) use matrix::Matrix;
pub(crate) use store::LANES;
use store::Store;

/// Products by one instruction set.
#[derive(Debug)]
pub(crate) struct Kernels {
    set: Box<dyn InstructionSet>,
}

/// What is written for each instruction set. `out` has a vector for each row of the tile.
trait InstructionSet: Debug + Send + Sync {
    /// As [`Kernels::name`].
    fn name(&self) -> &'static str;

    /// A group of a quantized store by rounded rows.
    fn integers(&self, tile: &IntegerTile<'_>, out: &mut [[f32; LANES]]);

    /// A group of any store by floats.
    fn floats(&self, tile: &FloatTile<'_>, out: &mut [[f32; LANES]]);

    /// [`activations::quantize`].
    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]);
}

/// A group and the rounded rows of a tile.
struct IntegerTile<'a> {
    store: Store,
    /// Packed weights.
    group: &'a [u8],
    /// Block after block, in a block row after row.
    blocks: &'a [ActivationBlock],
}

/// A group and the rows of a tile.
struct FloatTile<'a> {
    store: Store,
    /// Packed weights.
    group: &'a [u8],
    /// Values of a row.
    inputs: usize,
    /// Row after row.
    floats: &'a [f32],
}

impl Kernels {
    /// The fastest that this machine has.
    pub(crate) fn detect() -> &'static Self {
        let last = Self::available().last();
        last.expect("the portable ones are always there")
    }

    /// All that this machine has, the portable ones first, faster ones later.
    pub(crate) fn available() -> &'static [Self] {
        static AVAILABLE: OnceLock<Vec<Kernels>> = OnceLock::new();
        AVAILABLE.get_or_init(|| {
            let mut sets: Vec<Box<dyn InstructionSet>> = vec![Box::new(portable::Portable)];
            sets.extend(native());
            sets.into_iter().map(|set| Self { set }).collect()
        })
    }

    /// The instruction set, such as `avx512-vnni`.
    pub(crate) fn name(&self) -> &'static str {
        self.set.name()
    }

    /// Multiplies a range of groups by all rows. `out` is `[groups][rows][16]`.
    ///
    /// # Panics
    /// Where the groups are not in the matrix, the rows have another width, or `out` has another
    /// length.
    pub(crate) fn multiply(
        &self,
        matrix: &Matrix,
        groups: Range<usize>,
        activations: &Activations,
        out: &mut [f32],
    ) {
        let rows = activations.rows();
        assert!(groups.end <= matrix.groups(), "{groups:?} of {} groups", matrix.groups());
        assert_eq!(activations.inputs(), matrix.inputs(), "rows are as wide as the matrix");
        assert_eq!(out.len(), groups.len() * rows * LANES, "16 products a group and row");
        if rows == 0 {
            return;
        }
        let out = out.as_chunks_mut::<LANES>().0;
        for (group, out) in groups.zip(out.chunks_exact_mut(rows)) {
            self.multiply_group(matrix, group, activations, out);
        }
    }

    fn quantize(&self, floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
        self.set.quantize(floats, inputs, blocks);
    }

    /// `out` has a vector for each row.
    fn multiply_group(
        &self,
        matrix: &Matrix,
        group: usize,
        activations: &Activations,
        out: &mut [[f32; LANES]],
    ) {
        for tile in activations.tiles() {
            self.multiply_tile(matrix, group, &tile, &mut out[tile.row..][..tile.rows]);
        }
    }

    /// Integers by integers where both are, floats else.
    fn multiply_tile(
        &self,
        matrix: &Matrix,
        group: usize,
        tile: &activations::Tile<'_>,
        out: &mut [[f32; LANES]],
    ) {
        let (store, group) = (matrix.store(), matrix.group(group));
        if store.is_quantized() && !tile.blocks.is_empty() {
            self.set.integers(&IntegerTile { store, group, blocks: tile.blocks }, out);
        } else {
            let (inputs, floats) = (matrix.inputs(), tile.floats);
            self.set.floats(&FloatTile { store, group, inputs, floats }, out);
        }
    }
}

/// The instruction sets of this machine, faster ones later.
fn native() -> Vec<Box<dyn InstructionSet>> {
    let mut sets: Vec<Box<dyn InstructionSet>> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(avx2::Avx2::detect().map(|set| Box::new(set) as Box<dyn InstructionSet>));
        sets.extend(avx512::Avx512::detect().map(|set| Box::new(set) as Box<dyn InstructionSet>));
    }
    #[cfg(target_arch = "aarch64")]
    sets.extend(neon::available());
    sets
}
