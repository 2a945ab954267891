//! Arithmetic on 16 float32 lanes, once for each instruction set.
//!
//! A computation is a [`Work`], written once over [`Lanes`]; [`Set::run`] does it with the
//! instructions of one set. Each operation is that of IEEE 754 in each lane, rounded once, so all
//! sets give the same bits. Of what is no number (NaN) the bits may differ.
//!
//! ```text
//! struct Sum<'a> { row: &'a mut [[f32; LANES]], other: &'a [[f32; LANES]] }
//!
//! impl Work for Sum<'_> {
//!     type Output = ();
//!
//!     #[inline(always)]
//!     fn run<L: Lanes>(self, lanes: L) {
//!         for (x, y) in self.row.iter_mut().zip(self.other) {
//!             lanes.store(lanes.add(lanes.load(x), lanes.load(y)), x);
//!         }
//!     }
//! }
//!
//! Set::detect().run(Sum { row, other });
//! ```
//!
//! Explicit lanes rather than loops that the compiler may vectorize: it does so only in optimized
//! builds, has no conversion from float16, and tells nobody when it gives up.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;

/// Lanes in a vector: those of the widest registers, so that sums have one order in all sets.
pub(super) const LANES: usize = 16;

/// The largest finite float16.
const HALF_MAX: f32 = 65504.0;

/// An instruction set, as proof that this machine has it.
///
/// Implementations are `inline(always)`, and so must be all that is written over them: only then
/// is it compiled for the set. Closures that use lanes are out of place, those given to functions
/// of arrays above all: they are functions of their own, to which each instruction is a call.
pub(super) trait Lanes: Copy {
    /// 16 float32 numbers, in as many registers as the set needs.
    type Vector: Copy;

    /// As [`Set::is_wide`] says.
    const WIDE: bool;

    /// Asks for the memory of a value that is read soon. It does nothing where the set cannot.
    fn prefetch<T>(self, _soon: &T) {}

    /// The same number in all lanes.
    fn splat(self, value: f32) -> Self::Vector;
    /// Reads the lanes, from any address.
    fn load(self, from: &[f32; LANES]) -> Self::Vector;
    /// Writes the lanes, to any address.
    fn store(self, vector: Self::Vector, to: &mut [f32; LANES]);
    /// Reads finite float16 numbers.
    fn load_half(self, from: &[u16; LANES]) -> Self::Vector;
    /// Rounds to float16, ties to even. Use [`store_half`], which stays finite.
    fn round_half(self, vector: Self::Vector, to: &mut [u16; LANES]);

    /// `a + b`
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a − b`
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b`
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a / b`
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b + c`, rounded once.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a` where it is larger, or else `b`, also where one of them is no number.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a` where it is smaller, or else `b`, also where one of them is no number.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `value` where `key` is not below `bound`, or else 0.
    fn zero_below(
        self,
        value: Self::Vector,
        key: Self::Vector,
        bound: Self::Vector,
    ) -> Self::Vector;
    /// The nearest whole number, ties to even.
    fn round(self, vector: Self::Vector) -> Self::Vector;
    /// 2ⁿ of whole numbers in −126..=127.
    fn power2(self, whole: Self::Vector) -> Self::Vector;
}

/// A computation that is written once for all sets. `run` must be `inline(always)`.
pub(super) trait Work {
    /// What comes of it.
    type Output;

    /// Does it with the instructions that `lanes` proves to be there.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// An instruction set of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set(Kind);

/// Each holds the proof that the machine has it, so a set that it lacks cannot be named.
#[derive(Debug, Clone, Copy)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    Portable(portable::Portable),
}

impl Set {
    /// The fastest set of this machine.
    pub(super) fn detect() -> Self {
        Self::available().next().expect("the portable set is always there")
    }

    /// All sets of this machine, the fastest first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        let kinds = [
            #[cfg(target_arch = "x86_64")]
            avx512::Avx512::detect().map(Kind::Avx512),
            #[cfg(target_arch = "x86_64")]
            avx2::Avx2::detect().map(Kind::Avx2),
            #[cfg(target_arch = "aarch64")]
            neon::Neon::detect().map(Kind::Neon),
            Some(Kind::Portable(portable::Portable)),
        ];
        kinds.into_iter().flatten().map(Self)
    }

    /// The name in reports and failures of tests.
    #[cfg(test)]
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Portable(_) => "portable",
        }
    }

    /// Whether there are registers for some 20 vectors, and not only for some 7.
    pub(super) fn is_wide(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => avx512::Avx512::WIDE,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => avx2::Avx2::WIDE,
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => neon::Neon::WIDE,
            Kind::Portable(_) => portable::Portable::WIDE,
        }
    }

    /// Does the work with this set.
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(set) => set.run(work),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(set) => set.run(work),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(set) => set.run(work),
            Kind::Portable(set) => work.run(set),
        }
    }
}

/// eˣ to within 2 units in the last place; 0 below −87.33, and above 88 as at 88.
///
/// The range is reduced to ±ln 2 / 2; coefficients of Cephes (Moshier 1989), `expf`.
#[inline(always)]
pub(super) fn exp<L: Lanes>(lanes: L, x: L::Vector) -> L::Vector {
    const LOWEST: f32 = -87.33;
    const COEFFICIENTS: [f32; 5] =
        [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let lowest = lanes.splat(LOWEST);
    let inside = lanes.min(lanes.max(x, lowest), lanes.splat(88.0));
    let whole = lanes.round(lanes.mul(inside, lanes.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, of which the first is exact in every product.
    let rest = lanes.mul_add(whole, lanes.splat(-0.693_359_4), inside);
    let rest = lanes.mul_add(whole, lanes.splat(2.121_944_4e-4), rest);
    let mut sum = lanes.splat(1.987_569_1e-4);
    for coefficient in COEFFICIENTS {
        sum = lanes.mul_add(sum, rest, lanes.splat(coefficient));
    }
    let sum = lanes.mul_add(sum, lanes.mul(rest, rest), rest);
    let power = lanes.mul(lanes.add(sum, lanes.splat(1.0)), lanes.power2(whole));
    lanes.zero_below(power, x, lowest)
}

/// Stores as float16; what is larger than any becomes the largest.
#[inline(always)]
pub(super) fn store_half<L: Lanes>(lanes: L, vector: L::Vector, to: &mut [u16; LANES]) {
    let bounded = lanes.max(vector, lanes.splat(-HALF_MAX));
    lanes.round_half(lanes.min(bounded, lanes.splat(HALF_MAX)), to);
}

/// The sum of the lanes, in halves: of 8 and 8, 4 and 4, 2 and 2, 1 and 1.
#[inline(always)]
pub(super) fn sum<L: Lanes>(lanes: L, vector: L::Vector) -> f32 {
    let mut values = [0.0; LANES];
    lanes.store(vector, &mut values);
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            values[lane] += values[lane + half];
        }
        half /= 2;
    }
    values[0]
}

/// The largest lane.
#[inline(always)]
pub(super) fn largest<L: Lanes>(lanes: L, vector: L::Vector) -> f32 {
    let mut values = [0.0; LANES];
    lanes.store(vector, &mut values);
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let (a, b) = (values[lane], values[lane + half]);
            values[lane] = if a > b { a } else { b };
        }
        half /= 2;
    }
    values[0]
}
