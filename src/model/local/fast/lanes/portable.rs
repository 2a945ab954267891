//! Lanes in plain Rust: the definition that the others must equal.
//!
//! For machines that have none of the others, and for tests. It is slow where the machine has no
//! fused multiplication, which is then a function of the system's library; rounding twice instead
//! would give other bits than everywhere else.

use super::super::half;
use super::{LANES, Lanes};

/// Always there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

/// Applies a function to each pair of lanes.
#[inline(always)]
fn map2(a: [f32; LANES], b: [f32; LANES], mut of: impl FnMut(f32, f32) -> f32) -> [f32; LANES] {
    let mut result = a;
    for lane in 0..LANES {
        result[lane] = of(a[lane], b[lane]);
    }
    result
}

impl Lanes for Portable {
    type Vector = [f32; LANES];

    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Vector {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Vector {
        *from
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [f32; LANES]) {
        *to = vector;
    }

    #[inline(always)]
    fn load_half(self, from: &[u16; LANES]) -> Self::Vector {
        from.map(half::from_f16)
    }

    #[inline(always)]
    fn round_half(self, vector: Self::Vector, to: &mut [u16; LANES]) {
        *to = vector.map(half::to_f16);
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        let mut result = c;
        for lane in 0..LANES {
            result[lane] = a[lane].mul_add(b[lane], c[lane]);
        }
        result
    }

    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn zero_below(
        self,
        value: Self::Vector,
        key: Self::Vector,
        bound: Self::Vector,
    ) -> Self::Vector {
        let kept = map2(key, bound, |key, bound| if key < bound { 0.0 } else { 1.0 });
        map2(value, kept, |value, kept| if kept == 0.0 { 0.0 } else { value })
    }

    #[inline(always)]
    fn round(self, vector: Self::Vector) -> Self::Vector {
        vector.map(f32::round_ties_even)
    }

    #[inline(always)]
    fn power2(self, whole: Self::Vector) -> Self::Vector {
        whole.map(|whole| f32::from_bits(((whole as i32 + 127) << 23) as u32))
    }
}
