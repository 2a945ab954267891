//! Operations that each number of a row has by itself.
//!
//! Each is a type and no closure: a closure would be a function of its own, and not be compiled for
//! the instruction set around it.

use super::super::lanes::{Lanes, Work, exp};
use super::padded;

/// An operation on a number, and on one that stands at the same place of another row.
pub(super) trait Each: Copy {
    /// Whether there is another row. It is then as long as the first.
    const TWO: bool;

    /// What 16 numbers become. Without another row, `other` is 0.
    fn apply<L: Lanes>(self, lanes: L, x: L::Vector, other: L::Vector) -> L::Vector;
}

/// Applies an operation to a row, in place.
pub(super) struct Rows<'a, E> {
    pub(super) operation: E,
    pub(super) row: &'a mut [f32],
    pub(super) other: &'a [f32],
}

impl<E: Each> Work for Rows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { operation, row, other } = self;
        assert!(!E::TWO || row.len() == other.len(), "{} and {}", row.len(), other.len());
        let (chunks, rest) = row.as_chunks_mut();
        let mut last = padded(rest, 0.0);
        if E::TWO {
            let (others, other_rest) = other.as_chunks();
            for (chunk, other) in chunks.iter_mut().zip(others) {
                let other = lanes.load(other);
                lanes.store(operation.apply(lanes, lanes.load(chunk), other), chunk);
            }
            let other = lanes.load(&padded(other_rest, 0.0));
            lanes.store(operation.apply(lanes, lanes.load(&last), other), &mut last);
        } else {
            let none = lanes.splat(0.0);
            for chunk in chunks.iter_mut().chain([&mut last]) {
                lanes.store(operation.apply(lanes, lanes.load(chunk), none), chunk);
            }
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// `x / (1 + e⁻ˣ) · other`
#[derive(Clone, Copy)]
pub(super) struct Silu;

impl Each for Silu {
    const TWO: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(self, lanes: L, gate: L::Vector, up: L::Vector) -> L::Vector {
        lanes.mul(gated(lanes, gate, gate), up)
    }
}

/// `x · Φ(x) · other`, with the approximation of Φ by tanh.
#[derive(Clone, Copy)]
pub(super) struct Gelu;

impl Each for Gelu {
    const TWO: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(self, lanes: L, gate: L::Vector, up: L::Vector) -> L::Vector {
        // x · (1 + tanh u) / 2 = x / (1 + e^-2u), where u = √(2/π) · (x + 0.044715 · x³).
        const TWICE: f32 = 1.595_769;
        const CUBIC: f32 = 0.071_354_814;
        let square = lanes.mul(gate, gate);
        let factor = lanes.mul_add(square, lanes.splat(CUBIC), lanes.splat(TWICE));
        lanes.mul(gated(lanes, gate, lanes.mul(gate, factor)), up)
    }
}

/// `x / (1 + e⁻ᵇ)`. The power ends at e⁸⁸, where the quotient is nearly 0 and still a number.
#[inline(always)]
fn gated<L: Lanes>(lanes: L, x: L::Vector, by: L::Vector) -> L::Vector {
    let power = exp(lanes, lanes.sub(lanes.splat(0.0), by));
    lanes.div(x, lanes.add(lanes.splat(1.0), power))
}

/// `x + other`
#[derive(Clone, Copy)]
pub(super) struct Sum;

impl Each for Sum {
    const TWO: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(self, lanes: L, x: L::Vector, other: L::Vector) -> L::Vector {
        lanes.add(x, other)
    }
}

/// `x` times a factor.
#[derive(Clone, Copy)]
pub(super) struct Scale(pub(super) f32);

impl Each for Scale {
    const TWO: bool = false;

    #[inline(always)]
    fn apply<L: Lanes>(self, lanes: L, x: L::Vector, _: L::Vector) -> L::Vector {
        lanes.mul(x, lanes.splat(self.0))
    }
}
