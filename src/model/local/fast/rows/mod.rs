//! Operations on rows of hidden states, between the products with weights.
//!
//! Every function takes the instruction set, and gives the same bits with each. Lengths need not be
//! multiples of 16: what is missing counts as zeros.
//!
//! ```text
//! rms_norm(set, RmsNorm { weight: &weight, epsilon: 1e-5 }, &hidden, &mut normed);
//! rotate(set, &mut query, 64, Rotation { cos: &cos, sin: &sin });
//! silu(set, &mut gate, &up);
//! add(set, &mut hidden, &found);
//! ```
//!
//! Gates, sums and factors take any slices of one length, so also many rows at once, or parts of
//! rows in the order in which products leave them.

mod each;
#[cfg(test)]
mod tests;

use super::lanes::{self, LANES, Lanes, Set, Work};
use each::{Each, Gelu, Scale, Silu, Sum};

/// Scales a row to a root-mean-square of 1, and each column by its weight (Zhang and Sennrich
/// 2019): `x / √(mean of x² + ε) · weight`.
///
/// Squares are summed in twice 16 lanes, so that a sum of n numbers is rounded only about n / 32
/// times.
///
/// # Panics
/// When the three slices differ in length.
pub(super) fn rms_norm(set: Set, norm: RmsNorm<'_>, row: &[f32], out: &mut [f32]) {
    out.copy_from_slice(row);
    rms_norm_in_place(set, norm, out);
}

/// As [`rms_norm`], written over the row.
///
/// # Panics
/// When the row is not as long as the weights.
pub(super) fn rms_norm_in_place(set: Set, norm: RmsNorm<'_>, row: &mut [f32]) {
    assert!(row.len() == norm.weight.len());
    set.run(Norm { norm, row });
}

/// What a normalization has beside the row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RmsNorm<'a> {
    pub(super) weight: &'a [f32],
    /// Added to the mean of the squares.
    pub(super) epsilon: f32,
}

/// `silu(gate) · up`, written over `gate`: silu(x) = x / (1 + e⁻ˣ).
pub(super) fn silu(set: Set, gate: &mut [f32], up: &[f32]) {
    each(set, Silu, gate, up);
}

/// `gelu(gate) · up`, written over `gate`, in the approximation with tanh (Hendrycks and Gimpel
/// 2016).
pub(super) fn gelu(set: Set, gate: &mut [f32], up: &[f32]) {
    each(set, Gelu, gate, up);
}

/// Adds `other` to `row`.
pub(super) fn add(set: Set, row: &mut [f32], other: &[f32]) {
    each(set, Sum, row, other);
}

/// Multiplies a row by a factor.
pub(super) fn scale(set: Set, row: &mut [f32], factor: f32) {
    each(set, Scale(factor), row, &[]);
}

/// Rotates the pairs `(x[i], x[i + half])` of each head of a row (Su et al. 2021), where `half` is
/// the number of cosines. What a head has beyond two halves stays as it is.
///
/// # Panics
/// When cosines and sines differ in number, a head has less than two halves, or the row is not of
/// whole heads.
pub(super) fn rotate(set: Set, row: &mut [f32], head_width: usize, rotation: Rotation<'_>) {
    let half = rotation.cos.len();
    assert!(half == rotation.sin.len() && 2 * half <= head_width);
    assert!(row.len().is_multiple_of(head_width));
    set.run(Rotate { row, head_width, rotation });
}

/// The angles of a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotation<'a> {
    pub(super) cos: &'a [f32],
    pub(super) sin: &'a [f32],
}

/// Applies one of the operations of `each` in place.
fn each<E: Each>(set: Set, operation: E, row: &mut [f32], other: &[f32]) {
    set.run(each::Rows { operation, row, other });
}

/// The work of [`rms_norm_in_place`].
struct Norm<'a> {
    norm: RmsNorm<'a>,
    row: &'a mut [f32],
}

impl Work for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { norm: RmsNorm { weight, epsilon }, row } = self;
        let length = row.len() as f32;
        let (chunks, rest) = row.as_chunks_mut();
        // Two sums, as one would wait for itself.
        let mut sums = [lanes.splat(0.0); 2];
        let (pairs, odd) = chunks.as_chunks::<2>();
        for pair in pairs {
            for at in 0..2 {
                let x = lanes.load(&pair[at]);
                sums[at] = lanes.mul_add(x, x, sums[at]);
            }
        }
        for chunk in odd.iter().chain([&padded(rest, 0.0)]) {
            let x = lanes.load(chunk);
            sums[0] = lanes.mul_add(x, x, sums[0]);
        }
        let sum = lanes::sum(lanes, lanes.add(sums[0], sums[1]));
        let scale = lanes.splat((sum / length + epsilon).sqrt().recip());

        let (weights, weight_rest) = weight.as_chunks();
        for (chunk, weight) in chunks.iter_mut().zip(weights) {
            let scaled = lanes.mul(lanes.load(chunk), scale);
            lanes.store(lanes.mul(scaled, lanes.load(weight)), chunk);
        }
        let scaled = lanes.mul(lanes.load(&padded(rest, 0.0)), scale);
        let mut last = [0.0; LANES];
        lanes.store(lanes.mul(scaled, lanes.load(&padded(weight_rest, 0.0))), &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The work of [`rotate`].
struct Rotate<'a> {
    row: &'a mut [f32],
    head_width: usize,
    rotation: Rotation<'a>,
}

impl Work for Rotate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Rotation { cos, sin } = self.rotation;
        let half = cos.len();
        for head in self.row.chunks_exact_mut(self.head_width) {
            let (low, high) = head[..2 * half].split_at_mut(half);
            let (lows, low_rest) = low.as_chunks_mut();
            let (highs, high_rest) = high.as_chunks_mut();
            let ((cosines, cos_rest), (sines, sin_rest)) = (cos.as_chunks(), sin.as_chunks());
            for ((low, high), angle) in lows.iter_mut().zip(highs).zip(cosines.iter().zip(sines)) {
                turn(lanes, low, high, angle);
            }
            if low_rest.is_empty() {
                continue;
            }
            let (mut low, mut high) = (padded(low_rest, 0.0), padded(high_rest, 0.0));
            turn(lanes, &mut low, &mut high, (&padded(cos_rest, 0.0), &padded(sin_rest, 0.0)));
            low_rest.copy_from_slice(&low[..low_rest.len()]);
            high_rest.copy_from_slice(&high[..high_rest.len()]);
        }
    }
}

/// Rotates 16 pairs by their angles.
#[inline(always)]
fn turn<L: Lanes>(
    lanes: L,
    low: &mut [f32; LANES],
    high: &mut [f32; LANES],
    (cos, sin): (&[f32; LANES], &[f32; LANES]),
) {
    let (x, y) = (lanes.load(low), lanes.load(high));
    let (cos, sin) = (lanes.load(cos), lanes.load(sin));
    let minus = lanes.sub(lanes.splat(0.0), lanes.mul(y, sin));
    lanes.store(lanes.mul_add(x, cos, minus), low);
    lanes.store(lanes.mul_add(x, sin, lanes.mul(y, cos)), high);
}

/// The rest of a row, filled up.
#[inline(always)]
fn padded(rest: &[f32], with: f32) -> [f32; LANES] {
    let mut chunk = [with; LANES];
    chunk[..rest.len()].copy_from_slice(rest);
    chunk
}
