//! Lanes in two registers of AVX2, with FMA and F16C.
//!
//! `max`, `min` and the comparison of `zero_below` are those of x86: where a number is missing they
//! take the second, which is how [`Lanes`] defines them.
//!
//! Invariant: a value of [`Avx2`] is made by [`Avx2::detect`] alone, so who holds one runs on a
//! machine with AVX2, FMA and F16C. Arrays become registers and back as values, without pointers.
#![allow(unsafe_code, reason = "instructions that not every machine has")]

use std::arch::x86_64::*;
use std::mem::transmute;

use super::{LANES, Lanes, Work};

/// Proof that the machine has AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        all.then_some(Self(()))
    }

    /// Does the work, compiled for this set.
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,fma,f16c")]
        fn enabled<W: Work>(lanes: Avx2, work: W) -> W::Output {
            work.run(lanes)
        }
        // SAFETY: `self` proves that the machine has these features.
        unsafe { enabled(self, work) }
    }
}

/// Runs instructions of AVX2, FMA and F16C on registers.
macro_rules! avx2 {
    ($instructions:expr) => {
        // SAFETY: the `self` of the function around proves that the machine has the features; what
        // is transmuted is an array of 16 lanes and the registers of the same size, of which any bits
        // are a value; what is prefetched may be at any address.
        unsafe { $instructions }
    };
}

impl Lanes for Avx2 {
    type Vector = [__m256; 2];

    const WIDE: bool = false;

    #[inline(always)]
    fn prefetch<T>(self, soon: &T) {
        avx2!(_mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(soon).cast()));
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Vector {
        avx2!([_mm256_set1_ps(value); 2])
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Vector {
        avx2!(transmute::<[f32; LANES], [__m256; 2]>(*from))
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [f32; LANES]) {
        *to = avx2!(transmute::<[__m256; 2], [f32; LANES]>(vector));
    }

    #[inline(always)]
    fn load_half(self, from: &[u16; LANES]) -> Self::Vector {
        let [low, high] = avx2!(transmute::<[u16; LANES], [__m128i; 2]>(*from));
        avx2!([_mm256_cvtph_ps(low), _mm256_cvtph_ps(high)])
    }

    #[inline(always)]
    fn round_half(self, vector: Self::Vector, to: &mut [u16; LANES]) {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT;
        let [low, high] = vector;
        *to = avx2!(transmute::<[__m128i; 2], [u16; LANES]>([
            _mm256_cvtps_ph::<NEAREST>(low),
            _mm256_cvtps_ph::<NEAREST>(high),
        ]));
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        avx2!([_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])])
    }

    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        avx2!([_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn zero_below(
        self,
        value: Self::Vector,
        key: Self::Vector,
        bound: Self::Vector,
    ) -> Self::Vector {
        avx2!([
            _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(key[0], bound[0]), value[0]),
            _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(key[1], bound[1]), value[1]),
        ])
    }

    #[inline(always)]
    fn round(self, vector: Self::Vector) -> Self::Vector {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        avx2!([_mm256_round_ps::<NEAREST>(vector[0]), _mm256_round_ps::<NEAREST>(vector[1])])
    }

    #[inline(always)]
    fn power2(self, whole: Self::Vector) -> Self::Vector {
        avx2!({
            let bias = _mm256_set1_epi32(127);
            let low = _mm256_add_epi32(_mm256_cvtps_epi32(whole[0]), bias);
            let high = _mm256_add_epi32(_mm256_cvtps_epi32(whole[1]), bias);
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(low)),
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high)),
            ]
        })
    }
}
