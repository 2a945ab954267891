//! What matrices are multiplied by: rows of floats, and the same rows in eight bits.
//!
//! Rounding is a function of a row alone: of 32 values, the largest becomes 127 or −127 and sets
//! the step of all. Rows are kept in tiles, whose blocks alternate row by row, so that a block of
//! weights, once unpacked, finds what it is multiplied by side by side.

use super::Kernels;
use super::store::BLOCK;

/// Rows that are multiplied at once.
pub(super) const TILE: usize = 8;
/// Blocks whose largest value is below count as zeros: the inverse of their scale may be infinite.
const TINY: f32 = 1e-30;
/// Adding it rounds a number below 2^22 to an integer, ties to even, in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// How rows meet quantized weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// As they are: weights are expanded.
    Float32,
    /// Rounded to eight bits with one scale for 32 inputs, as llama.cpp does. Weights that are
    /// floats are multiplied by the rows as they are.
    Quantized,
}

/// Rows `[rows, inputs]` in single precision, and rounded to eight bits if asked for.
///
/// Memory is kept from one filling to the next.
#[derive(Debug)]
pub(crate) struct Activations {
    /// Values of a row.
    inputs: usize,
    precision: Precision,
    rows: usize,
    /// `[rows, inputs]`.
    floats: Vec<f32>,
    /// None where rows are not rounded, or `rows × inputs / 32`.
    /// Tile after tile; in a tile block after block, in a block row after row.
    blocks: Vec<ActivationBlock>,
}

/// 32 inputs of a row, each `quant × scale`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C, align(16))]
pub(super) struct ActivationBlock {
    /// −127 to 127; four a dword.
    pub(super) quants: [[i8; 4]; BLOCK / 4],
    /// The largest value is 127 of it.
    pub(super) scale: f32,
    /// The sum of the 32 values.
    pub(super) sum: f32,
    /// −128 times the sum of the quants: what a product has too much where weights were made
    /// unsigned by adding 128.
    pub(super) excess: i32,
    /// The same of the first 16.
    pub(super) excess_of_first: i32,
}

/// Up to eight rows of activations that are filled at once.
#[derive(Debug)]
pub(crate) struct ActivationTile<'a> {
    /// Values of a row.
    inputs: usize,
    /// Row after row.
    floats: &'a mut [f32],
    /// Block after block, or none.
    blocks: &'a mut [ActivationBlock],
}

/// Rows that stand side by side: 8, 4, 2 or 1.
pub(super) struct Tile<'a> {
    /// The first row.
    pub(super) row: usize,
    /// How many, which says how blocks of rows alternate.
    pub(super) rows: usize,
    /// Row after row.
    pub(super) floats: &'a [f32],
    /// Empty where rows are not rounded.
    pub(super) blocks: &'a [ActivationBlock],
}

impl Activations {
    /// Without a row, for matrices of so many inputs.
    pub(crate) fn new(inputs: usize, precision: Precision) -> Self {
        Self { inputs, precision, rows: 0, floats: Vec::new(), blocks: Vec::new() }
    }

    /// Takes over rows that stand one behind the other.
    ///
    /// # Panics
    /// Where they are no whole number of rows.
    #[cfg(test)]
    pub(crate) fn set(&mut self, rows: &[f32], kernels: &Kernels) {
        assert!(rows.len().is_multiple_of(self.inputs), "{} values in rows", rows.len());
        self.fill(rows.len() / self.inputs, kernels, |floats| floats.copy_from_slice(rows));
    }

    /// Lets rows be written in place, one behind the other, and then rounds them. What `write`
    /// is given holds rubbish.
    #[cfg(test)]
    pub(crate) fn fill(&mut self, rows: usize, kernels: &Kernels, write: impl FnOnce(&mut [f32])) {
        self.resize(rows);
        write(&mut self.floats);
        for tile in self.parts() {
            kernels.quantize(tile.floats, tile.inputs, tile.blocks);
        }
    }

    /// Makes room for rows and gives them out in tiles of up to eight, which threads may fill at
    /// the same time. Every tile has to be filled.
    pub(crate) fn tiles_mut(&mut self, rows: usize) -> impl Iterator<Item = ActivationTile<'_>> {
        self.resize(rows);
        self.parts()
    }

    /// Rows that it holds.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Values of a row.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The rows in the tiles that they were rounded in.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile<'_>> {
        let blocks = self.blocks_of_row();
        tile_sizes(self.rows).scan(0, move |next, rows| {
            let row = *next;
            *next += rows;
            Some(Tile {
                row,
                rows,
                floats: &self.floats[row * self.inputs..][..rows * self.inputs],
                blocks: &self.blocks[row * blocks..][..rows * blocks],
            })
        })
    }

    /// Makes room; what is there keeps or gets any values.
    fn resize(&mut self, rows: usize) {
        self.rows = rows;
        self.floats.resize(rows * self.inputs, 0.0);
        self.blocks.resize(rows * self.blocks_of_row(), ActivationBlock::default());
    }

    /// The rows in tiles, each with its own part of the memory.
    fn parts(&mut self) -> impl Iterator<Item = ActivationTile<'_>> {
        let (inputs, blocks) = (self.inputs, self.blocks_of_row());
        let mut rest = (self.floats.as_mut_slice(), self.blocks.as_mut_slice());
        tile_sizes(self.rows).map(move |rows| {
            let (floats, blocks_of_tile);
            (floats, rest.0) = std::mem::take(&mut rest.0).split_at_mut(rows * inputs);
            (blocks_of_tile, rest.1) = std::mem::take(&mut rest.1).split_at_mut(rows * blocks);
            ActivationTile { inputs, floats, blocks: blocks_of_tile }
        })
    }

    /// Quantized weights have whole blocks, so rows that end within one never meet them.
    fn blocks_of_row(&self) -> usize {
        match self.precision {
            Precision::Quantized if self.inputs.is_multiple_of(BLOCK) => self.inputs / BLOCK,
            _ => 0,
        }
    }
}

impl ActivationTile<'_> {
    /// Rows of the tile.
    pub(crate) fn rows(&self) -> usize {
        self.floats.len() / self.inputs
    }

    /// As [`Activations::fill`], for the rows of this tile.
    pub(crate) fn fill(self, kernels: &Kernels, write: impl FnOnce(&mut [f32])) {
        write(self.floats);
        kernels.quantize(self.floats, self.inputs, self.blocks);
    }
}

/// Eights, and at most one four, two and one behind them.
fn tile_sizes(rows: usize) -> impl Iterator<Item = usize> {
    let small = [4, 2, 1].into_iter().filter(move |size| rows & size != 0);
    std::iter::repeat_n(TILE, rows / TILE).chain(small)
}

/// Rounds the rows of a tile; `blocks` may be empty.
#[inline(always)]
pub(super) fn quantize(floats: &[f32], inputs: usize, blocks: &mut [ActivationBlock]) {
    let rows = floats.len() / inputs;
    for (row, floats) in floats.chunks_exact(inputs).enumerate() {
        let blocks = blocks.iter_mut().skip(row).step_by(rows);
        for (block, floats) in blocks.zip(floats.as_chunks::<BLOCK>().0) {
            quantize_block(floats, block);
        }
    }
}

/// Rounds to the nearest of 255 steps, ties to even. What is not finite gives a block that is no
/// number, so that a product shows it.
#[inline(always)]
fn quantize_block(values: &[f32; BLOCK], block: &mut ActivationBlock) {
    // Bits of numbers without sign are ordered as the numbers, with infinity and NaN above all.
    let bits = values.iter().fold(0, |most, value| (value.to_bits() & 0x7fff_ffff).max(most));
    let most = f32::from_bits(bits);
    if !most.is_finite() || most < TINY {
        let scale = if most.is_finite() { 0.0 } else { f32::NAN };
        *block = ActivationBlock { scale, sum: scale, ..ActivationBlock::default() };
        return;
    }
    let inverse = 127.0 / most;
    let mut sums = [0; 2];
    for ((sum, quants), values) in sums
        .iter_mut()
        .zip(block.quants.as_flattened_mut().as_chunks_mut::<{ BLOCK / 2 }>().0)
        .zip(values.as_chunks::<{ BLOCK / 2 }>().0)
    {
        for (quant, value) in quants.iter_mut().zip(values) {
            let rounded = (value * inverse + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits());
            *quant = rounded as i8;
            *sum += rounded as i32;
        }
    }
    block.scale = most / 127.0;
    block.sum = block.scale * (sums[0] + sums[1]) as f32;
    block.excess = -128 * (sums[0] + sums[1]);
    block.excess_of_first = -128 * sums[0];
}
