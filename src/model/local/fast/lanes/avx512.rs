//! Lanes in one register of AVX-512.
//!
//! `max`, `min` and the comparison of `zero_below` are those of x86: where a number is missing they
//! take the second, which is how [`Lanes`] defines them.
//!
//! Invariant: a value of [`Avx512`] is made by [`Avx512::detect`] alone, so who holds one runs on
//! a machine with AVX-512F. Arrays become registers and back as values, without pointers; the
//! instructions for unaligned loads and stores come of it in optimized builds, and no calls in others.
#![allow(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::x86_64::*;
use std::mem::transmute;

use super::{LANES, Lanes, Work};

/// Proof that the machine has AVX-512F.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    /// Does the work, compiled for this set.
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx512f,avx2,fma,f16c")]
        fn enabled<W: Work>(lanes: Avx512, work: W) -> W::Output {
            work.run(lanes)
        }
        // SAFETY: `self` proves that the machine has AVX-512F, which implies the others.
        unsafe { enabled(self, work) }
    }
}

/// Runs instructions of AVX-512F on registers.
macro_rules! avx512 {
    ($instructions:expr) => {
        // SAFETY: the `self` of the function around proves that the machine has AVX-512F; what is
        // transmuted is an array of 16 lanes and the register of the same size, of which any bits are
        // a value; what is prefetched may be at any address.
        unsafe { $instructions }
    };
}

impl Lanes for Avx512 {
    type Vector = __m512;

    const WIDE: bool = true;

    #[inline(always)]
    fn prefetch<T>(self, soon: &T) {
        avx512!(_mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(soon).cast()));
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Vector {
        avx512!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Vector {
        avx512!(transmute::<[f32; LANES], __m512>(*from))
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [f32; LANES]) {
        *to = avx512!(transmute::<__m512, [f32; LANES]>(vector));
    }

    #[inline(always)]
    fn load_half(self, from: &[u16; LANES]) -> Self::Vector {
        avx512!(_mm512_cvtph_ps(transmute::<[u16; LANES], __m256i>(*from)))
    }

    #[inline(always)]
    fn round_half(self, vector: Self::Vector, to: &mut [u16; LANES]) {
        *to = avx512!(transmute::<__m256i, [u16; LANES]>(_mm512_cvtps_ph::<
            { _MM_FROUND_TO_NEAREST_INT },
        >(vector)));
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        avx512!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx512!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn zero_below(
        self,
        value: Self::Vector,
        key: Self::Vector,
        bound: Self::Vector,
    ) -> Self::Vector {
        avx512!({
            let kept = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(key, bound);
            _mm512_maskz_mov_ps(kept, value)
        })
    }

    #[inline(always)]
    fn round(self, vector: Self::Vector) -> Self::Vector {
        avx512!(_mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(vector))
    }

    #[inline(always)]
    fn power2(self, whole: Self::Vector) -> Self::Vector {
        avx512!({
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(whole), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        })
    }
}
