//! Each operation against float64, and the bits of all sets against each other.

use super::*;

/// Numbers between −`size` and `size`, drawn by a linear congruence.
fn numbers(seed: u64, size: f64, count: usize) -> Vec<f32> {
    let step = |state: &u64| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    let drawn = std::iter::successors(Some(seed + 1), step).skip(3);
    let number = |bits: u64| (((bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0) * size) as f32;
    drawn.map(number).take(count).collect()
}

/// Runs an operation with every set on two rows of every length, and compares bits with each other
/// and numbers with those of a judge in float64.
fn check(
    name: &str,
    run: impl Fn(Set, &mut [f32], &[f32]),
    judge: impl Fn(&[f64], &[f64]) -> Vec<f64>,
) {
    for (len, size) in (1..=70).chain([576, 1_000]).flat_map(|len| [(len, 1.0), (len, 30.0)]) {
        let (row, other) = (numbers(len as u64, size, len), numbers(!len as u64 >> 1, size, len));
        let wide = |row: &[f32]| row.iter().copied().map(f64::from).collect::<Vec<f64>>();
        let exact = judge(&wide(&row), &wide(&other));
        let mut all = Vec::new();
        for set in Set::available() {
            let mut found = row.clone();
            run(set, &mut found, &other);
            for (found, exact) in found.iter().zip(&exact) {
                let error = (f64::from(*found) - exact).abs();
                assert!(
                    error <= 3e-6 * exact.abs().max(0.1 * size),
                    "{name} of {len} with {}: {found} for {exact}",
                    set.name()
                );
            }
            all.push(found.into_iter().map(f32::to_bits).collect::<Vec<u32>>());
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{name} of {len}: bits differ");
    }
}

fn zip(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect()
}

#[test]
fn rows_are_normalized() {
    let run = |set: Set, row: &mut [f32], weight: &[f32]| {
        let before = row.to_vec();
        rms_norm(set, RmsNorm { weight, epsilon: 1e-5 }, &before, row);
    };
    check("norm", run, |row, weight| {
        let mean = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
        zip(row, weight, |x, weight| x / (mean + 1e-5).sqrt() * weight)
    });
}

#[test]
fn gates_are_applied() {
    check("silu", silu, |gate, up| zip(gate, up, |x, up| x / (1.0 + (-x).exp()) * up));
    check("gelu", gelu, |gate, up| {
        let inner = |x: f64| (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
        zip(gate, up, |x, up| 0.5 * x * (1.0 + inner(x).tanh()) * up)
    });
    let mut far = [-1e4, -100.0, 100.0, 1e4];
    silu(Set::detect(), &mut far, &[1.0; 4]);
    assert!(far[0].abs() < 1e-30 && far[1].abs() < 1e-30 && far[2..] == [100.0, 1e4], "{far:?}");
}

#[test]
fn rows_are_added_and_scaled() {
    check("add", add, |a, b| zip(a, b, |a, b| a + b));
    check("scale", |set, row, _| scale(set, row, 0.3), |a, b| zip(a, b, |a, _| a * 0.3_f32 as f64));
}

#[test]
fn heads_are_rotated() {
    // A row of one head, of which the last number is beyond the halves where the length is odd.
    let run = |set: Set, row: &mut [f32], angles: &[f32]| {
        let angles = &angles[..row.len() / 2];
        let cos: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
        let sin: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
        rotate(set, row, row.len(), Rotation { cos: &cos, sin: &sin });
    };
    check("rotate", run, |row, angles| {
        let half = row.len() / 2;
        let mut rotated = row.to_vec();
        for at in 0..half {
            let (x, y, angle) = (row[at], row[at + half], angles[at]);
            rotated[at] = x * angle.cos() - y * angle.sin();
            rotated[at + half] = x * angle.sin() + y * angle.cos();
        }
        rotated
    });
    let mut heads = [1.0, 0.0, 5.0, 0.0, 1.0, 6.0];
    rotate(Set::detect(), &mut heads, 3, Rotation { cos: &[0.0], sin: &[1.0] });
    assert_eq!(heads, [0.0, 1.0, 5.0, -1.0, 0.0, 6.0]);
}
