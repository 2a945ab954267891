//! Lanes in four registers of NEON.
//!
//! Invariant: a value of [`Neon`] is made by [`Neon::detect`] alone, so who holds one runs on a
//! machine with NEON. Arrays become registers and back as values, without pointers.
//!
//! `max` and `min` are comparisons and choices, as the instructions of these names treat what is no
//! number in another way than those of x86.
#![allow(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::aarch64::*;
use std::mem::transmute;

use super::super::half;
use super::{LANES, Lanes, Work};

/// Registers of a vector, and lanes of a register.
const QUARTERS: usize = 4;

/// Proof that the machine has NEON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// Does the work, compiled for this set.
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "neon")]
        fn enabled<W: Work>(lanes: Neon, work: W) -> W::Output {
            work.run(lanes)
        }
        // SAFETY: `self` proves that the machine has NEON.
        unsafe { enabled(self, work) }
    }
}

/// Runs instructions of NEON for each of the four registers of a vector. No closure, as that
/// would be compiled by itself.
macro_rules! neon {
    ($at:ident => $instructions:expr) => {
        [
            neon!(0, $at, $instructions),
            neon!(1, $at, $instructions),
            neon!(2, $at, $instructions),
            neon!(3, $at, $instructions),
        ]
    };
    ($number:literal, $at:ident, $instructions:expr) => {{
        let $at = $number;
        // SAFETY: the `self` of the function around proves that the machine has NEON; all are
        // instructions on registers.
        unsafe { $instructions }
    }};
}

impl Lanes for Neon {
    type Vector = [float32x4_t; QUARTERS];

    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Vector {
        neon!(_at => vdupq_n_f32(value))
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Vector {
        // SAFETY: both are 64 bytes, of which any are a value.
        unsafe { transmute::<[f32; LANES], [float32x4_t; QUARTERS]>(*from) }
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [f32; LANES]) {
        // SAFETY: both are 64 bytes, of which any are a value.
        *to = unsafe { transmute::<[float32x4_t; QUARTERS], [f32; LANES]>(vector) };
    }

    /// As `half::from_f16`.
    #[inline(always)]
    fn load_half(self, from: &[u16; LANES]) -> Self::Vector {
        // SAFETY: both are 32 bytes, of which any are a value.
        let halves = unsafe { transmute::<[u16; LANES], [uint16x4_t; QUARTERS]>(*from) };
        neon!(at => {
            let bits = vmovl_u16(halves[at]);
            let magnitude = vshlq_n_u32::<13>(vandq_u32(bits, vdupq_n_u32(0x7fff)));
            let bias = vdupq_n_f32(f32::from_bits((127 + 112) << 23));
            let value = vmulq_f32(vreinterpretq_f32_u32(magnitude), bias);
            let sign = vshlq_n_u32::<16>(vandq_u32(bits, vdupq_n_u32(0x8000)));
            vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(value), sign))
        })
    }

    /// Lane by lane: the instruction for it is not in every NEON, and rounding is rare beside
    /// reading.
    #[inline(always)]
    fn round_half(self, vector: Self::Vector, to: &mut [u16; LANES]) {
        let mut values = [0.0; LANES];
        self.store(vector, &mut values);
        *to = values.map(half::to_f16);
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vaddq_f32(a[at], b[at]))
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vsubq_f32(a[at], b[at]))
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vmulq_f32(a[at], b[at]))
    }

    #[inline(always)]
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vdivq_f32(a[at], b[at]))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        neon!(at => vfmaq_f32(c[at], a[at], b[at]))
    }

    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vbslq_f32(vcgtq_f32(a[at], b[at]), a[at], b[at]))
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        neon!(at => vbslq_f32(vcltq_f32(a[at], b[at]), a[at], b[at]))
    }

    #[inline(always)]
    fn zero_below(
        self,
        value: Self::Vector,
        key: Self::Vector,
        bound: Self::Vector,
    ) -> Self::Vector {
        neon!(at => vbslq_f32(vcltq_f32(key[at], bound[at]), vdupq_n_f32(0.0), value[at]))
    }

    #[inline(always)]
    fn round(self, vector: Self::Vector) -> Self::Vector {
        neon!(at => vrndnq_f32(vector[at]))
    }

    #[inline(always)]
    fn power2(self, whole: Self::Vector) -> Self::Vector {
        neon!(at => {
            let exponent = vaddq_s32(vcvtq_s32_f32(whole[at]), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
        })
    }
}
