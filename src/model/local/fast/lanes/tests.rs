//! Each operation of each set against the portable one, bit by bit, and `exp` against float64.

use super::super::half;
use super::*;

/// Applies one operation to 16 lanes, twice the same lanes for those that take two or three.
struct Apply<'a> {
    name: &'a str,
    a: [f32; LANES],
    b: [f32; LANES],
}

const OPERATIONS: [&str; 12] = [
    "add",
    "sub",
    "mul",
    "div",
    "mul_add",
    "max",
    "min",
    "zero_below",
    "round",
    "exp",
    "half",
    "power2",
];

impl Work for Apply<'_> {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> [f32; LANES] {
        let (a, b) = (lanes.load(&self.a), lanes.load(&self.b));
        let result = match self.name {
            "add" => lanes.add(a, b),
            "sub" => lanes.sub(a, b),
            "mul" => lanes.mul(a, b),
            "div" => lanes.div(a, b),
            "mul_add" => lanes.mul_add(a, b, a),
            "max" => lanes.max(a, b),
            "min" => lanes.min(a, b),
            "zero_below" => lanes.zero_below(a, b, a),
            "round" => lanes.round(a),
            "exp" => exp(lanes, a),
            "power2" => {
                let bound = lanes.min(lanes.max(a, lanes.splat(-126.0)), lanes.splat(127.0));
                lanes.power2(lanes.round(bound))
            }
            _ => {
                let mut half = [0; LANES];
                store_half(lanes, a, &mut half);
                lanes.load_half(&half)
            }
        };
        let mut out = [0.0; LANES];
        lanes.store(result, &mut out);
        out
    }
}

/// Numbers of all sizes: bits drawn by a linear congruence, without infinities and NaN.
fn numbers(seed: u32) -> impl Iterator<Item = f32> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let drawn = std::iter::successors(Some(seed), step);
    drawn.map(|bits| f32::from_bits(bits ^ bits >> 15)).filter(|number| number.is_finite())
}

#[test]
fn all_sets_give_the_same_bits() {
    let edges = [0.0, -0.0, 0.5, 1.5, -2.5, 65504.0, 65520.0, -1e30, 1e30, 88.5, -87.33, -87.4];
    let tiny = [1e-45, -1e-40, 5.96e-8, 2.98e-8, 2.99e-8, 6.1e-5, 6.097e-5, 1e-7];
    let small = (0..400).map(|at| (at as f32 - 200.0) * 0.499);
    let all: Vec<f32> =
        edges.into_iter().chain(tiny).chain(small).chain(numbers(7).take(20_000)).collect();
    let (chunks, _) = all.as_chunks::<LANES>();
    for (name, pair) in OPERATIONS.iter().flat_map(|name| chunks.windows(2).map(move |w| (name, w)))
    {
        let expected = Apply { name, a: pair[0], b: pair[1] }.run(portable::Portable);
        for set in Set::available() {
            let found = set.run(Apply { name, a: pair[0], b: pair[1] });
            let same = found.map(f32::to_bits) == expected.map(f32::to_bits)
                || expected.iter().any(|value| value.is_nan());
            assert!(same, "{name} with {}: {pair:?}\n{found:?}\n{expected:?}", set.name());
        }
    }
}

#[test]
fn exp_is_within_two_units_in_the_last_place() {
    let steps = if cfg!(miri) { 160 } else { 1_000_000 };
    let mut worst = 0.0_f64;
    for at in 0..steps / LANES {
        let x = std::array::from_fn(|lane| {
            -87.33 + 175.33 * ((at * LANES + lane) as f32 / steps as f32)
        });
        let found = Set::detect().run(Apply { name: "exp", a: x, b: x });
        for (x, found) in x.into_iter().zip(found) {
            let exact = f64::from(x).exp();
            let unit =
                f64::from(f32::from_bits((exact as f32).to_bits() + 1)) - exact as f32 as f64;
            worst = worst.max((f64::from(found) - exact).abs() / unit);
        }
    }
    assert!(worst <= 2.0, "{worst}");
    let edges = [-1e9, -88.0, f32::NEG_INFINITY, 88.0, 0.0, f32::INFINITY];
    let x = std::array::from_fn(|lane| *edges.get(lane).unwrap_or(&0.0));
    let found = Set::detect().run(Apply { name: "exp", a: x, b: x });
    assert_eq!([found[0], found[1], found[2], found[4]], [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(found[3], found[5]);
}

#[test]
fn every_finite_float16_comes_back() {
    for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
        assert_eq!(half::to_f16(half::from_f16(bits)), bits);
    }
}
