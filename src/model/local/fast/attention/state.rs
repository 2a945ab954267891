//! What a query has found so far: the largest score, the sum of e^(score − largest), and the sum of
//! values with these weights.
//!
//! Laid out in lines of 16: one of the two numbers, then the values. With m for the largest score, w
//! for the sum of weights and v for the sum of values, two chunks make
//!
//! ```text
//! m = max(m₁, m₂)    w = w₁ · e^(m₁ − m) + w₂ · e^(m₂ − m)    v likewise
//! ```
//!
//! and the result is v / w (Milakov and Gimelshein 2018, "Online normalizer calculation for
//! softmax"). A row's chunks are always merged in their order, so it matters to no bit whether one
//! thread had them all.

use super::super::cache::{Float, Shape};
use super::super::lanes::{LANES, Lanes, Set, Work, exp};

/// Where the largest score and the sum of weights are in the first line.
const LARGEST: usize = 0;
const WEIGHT: usize = 1;

/// Lines of one query.
pub(super) fn lines(shape: Shape) -> usize {
    1 + shape.head_width / LANES
}

/// Begins a state; its values are 0. A chunk of which the query sees nothing has −∞ and 0.
#[inline(always)]
pub(super) fn begin(state: &mut [Float], largest: f32, weight: f32) {
    state.fill(Float([0.0; LANES]));
    state[0].0[LARGEST] = largest;
    state[0].0[WEIGHT] = weight;
}

/// Adds the states of a later chunk, of the same queries.
pub(super) struct Merge<'a> {
    pub(super) state: &'a mut [Float],
    pub(super) part: &'a [Float],
    /// Of each query.
    pub(super) lines: usize,
}

impl Work for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let states = self.state.chunks_exact_mut(self.lines);
        for (state, part) in states.zip(self.part.chunks_exact(self.lines)) {
            // Only what a query sees may change its bits.
            if part[0].0[WEIGHT] == 0.0 {
                continue;
            }
            if state[0].0[WEIGHT] == 0.0 {
                state.copy_from_slice(part);
                continue;
            }
            merge(lanes, state, part);
        }
    }
}

/// Merges one query's states, of which neither is of nothing.
#[inline(always)]
fn merge<L: Lanes>(lanes: L, state: &mut [Float], part: &[Float]) {
    let (old, new) = (state[0].0[LARGEST], part[0].0[LARGEST]);
    let largest = if old > new { old } else { new };
    let mut powers = [0.0; LANES];
    powers[0] = old - largest;
    powers[1] = new - largest;
    lanes.store(exp(lanes, lanes.load(&powers)), &mut powers);
    let (keep, add) = (lanes.splat(powers[0]), lanes.splat(powers[1]));
    // The first line's two numbers go the way of the others, and the largest is then set.
    for (line, part) in state.iter_mut().zip(part) {
        let kept = lanes.mul(lanes.load(&line.0), keep);
        lanes.store(lanes.mul_add(lanes.load(&part.0), add, kept), &mut line.0);
    }
    state[0].0[LARGEST] = largest;
}

/// Writes the weighted mean of the values.
pub(super) fn finish(set: Set, state: &[Float], out: &mut [f32]) {
    set.run(Finish { state, out });
}

struct Finish<'a> {
    state: &'a [Float],
    out: &'a mut [f32],
}

impl Work for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let scale = lanes.splat(self.state[0].0[WEIGHT].recip());
        for (out, line) in self.out.as_chunks_mut().0.iter_mut().zip(&self.state[1..]) {
            lanes.store(lanes.mul(lanes.load(&line.0), scale), out);
        }
    }
}
