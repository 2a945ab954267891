//! Every instruction set against the portable one, that against 64 bits, and packing against
//! candle's reading of the same bytes.

use candle_core::Device;
use candle_core::quantized::{GgmlDType, ggml_file::qtensor_from_ggml};

use super::*;

/// A generator of numbers (Steele et al. 2014, SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Between −1 and 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// What the numbers of a case are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Numbers {
    /// Factors like those of real models.
    Usual,
    /// Any bytes: factors and values that are huge, tiny, infinite or no number.
    Any,
    /// The largest quants and values of either sign.
    Largest,
}

const NUMBERS: [Numbers; 3] = [Numbers::Usual, Numbers::Any, Numbers::Largest];

#[derive(Debug, Clone, Copy)]
struct Case {
    kind: Kind,
    numbers: Numbers,
    outputs: usize,
    inputs: usize,
    rows: usize,
    seed: u64,
}

impl Case {
    fn weights(&self) -> Vec<u8> {
        let length = self.kind.row_bytes(self.inputs).unwrap() * self.outputs;
        let mut random = Random(self.seed);
        let mut bytes: Vec<u8> = match self.numbers {
            Numbers::Largest => {
                (0..length).map(|_| [0x00, 0x7f, 0x80, 0xff][random.below(4)]).collect()
            }
            _ => (0..length).map(|_| random.next() as u8).collect(),
        };
        if self.numbers != Numbers::Any {
            self.make_usual(&mut bytes, &mut random);
        }
        bytes
    }

    /// Writes usual numbers wherever a block has floats.
    fn make_usual(&self, bytes: &mut [u8], random: &mut Random) {
        let (_, length) = self.kind.block();
        let halves: &[usize] = match self.kind {
            Kind::Q4_0 | Kind::Q5_0 | Kind::Q8_0 | Kind::F16 | Kind::Bf16 => &[0],
            Kind::Q4_1 | Kind::Q5_1 | Kind::Q4K | Kind::Q5K => &[0, 2],
            Kind::Q6K => &[208],
            Kind::F32 => &[2],
        };
        for block in bytes.chunks_exact_mut(length) {
            for &from in halves {
                // Sign, mantissa, and an exponent near that of 0.02 of half or single precision.
                let exponent = match self.kind {
                    Kind::Bf16 | Kind::F32 => (119 + random.below(3)) << 7,
                    _ => (8 + random.below(3)) << 10,
                };
                let bits = random.next() as u16 & 0x807f | exponent as u16;
                block[from..from + 2].copy_from_slice(&bits.to_le_bytes());
            }
        }
    }

    fn matrix(&self) -> Matrix {
        let bytes = self.weights();
        let rows = self.kind.rows(&bytes, self.outputs, self.inputs).unwrap();
        Matrix::pack(self.kind, self.inputs, &rows, 1).unwrap()
    }

    fn values(&self) -> Vec<f32> {
        let mut random = Random(!self.seed);
        let count = self.rows * self.inputs;
        let value = |random: &mut Random| match self.numbers {
            Numbers::Usual => random.unit() * 3.0,
            Numbers::Largest => [1.0, -1.0][random.below(2)],
            Numbers::Any => match random.below(8) {
                0 => f32::from_bits(random.next() as u32),
                1 => 0.0,
                2 => -f32::MIN_POSITIVE / 2.0,
                _ => random.unit(),
            },
        };
        (0..count).map(|_| value(&mut random)).collect()
    }

    fn activations(&self, precision: Precision, kernels: &Kernels) -> Activations {
        let mut activations = Activations::new(self.inputs, precision);
        activations.set(&self.values(), kernels);
        activations
    }

    fn products(&self, precision: Precision, kernels: &Kernels) -> Vec<f32> {
        let matrix = self.matrix();
        let activations = self.activations(precision, kernels);
        let mut out = vec![f32::NAN; matrix.groups() * self.rows * LANES];
        kernels.multiply(&matrix, 0..matrix.groups(), &activations, &mut out);
        out
    }
}

fn portable() -> &'static Kernels {
    &Kernels::available()[0]
}

/// Every kind with every sort of numbers, sizes drawn so that each tail is met.
fn cases(count: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in Kind::ALL {
        for numbers in NUMBERS {
            for _ in 0..count {
                let seed = cases.len() as u64;
                let random = &mut Random(seed ^ 0x5eed);
                let inputs = match kind.block() {
                    (1, _) => 1 + random.below(70),
                    (32, _) => 32 * (1 + random.below(8)),
                    (block, _) => block * (1 + random.below(2)),
                };
                let (outputs, rows) = (1 + random.below(33), 1 + random.below(17));
                cases.push(Case { kind, numbers, outputs, inputs, rows, seed });
            }
        }
    }
    cases
}

/// Bits, with one for all that is no number: which of two a sum keeps is not defined.
fn bits(values: &[f32]) -> Vec<u32> {
    let bits = |value: &f32| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() };
    values.iter().map(bits).collect()
}

#[track_caller]
fn assert_same(found: &[f32], expected: &[f32], what: &dyn Debug) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    let differs = bits(found).iter().zip(bits(expected)).position(|(left, right)| *left != right);
    if let Some(at) = differs {
        panic!("{what:?}: value {at} is {:e}, not {:e}", found[at], expected[at]);
    }
}

#[test]
fn instruction_sets_equal_the_portable_one() {
    for case in cases(12) {
        for precision in [Precision::Float32, Precision::Quantized] {
            let expected = case.products(precision, portable());
            for kernels in &Kernels::available()[1..] {
                let found = case.products(precision, kernels);
                assert_same(&found, &expected, &(kernels.name(), precision, case));
            }
        }
    }
}

#[test]
fn rounded_rows_equal_the_portable_ones() {
    for case in cases(4) {
        let expected = case.activations(Precision::Quantized, portable());
        for kernels in &Kernels::available()[1..] {
            let found = case.activations(Precision::Quantized, kernels);
            for (found, expected) in found.tiles().zip(expected.tiles()) {
                for (found, expected) in found.blocks.iter().zip(expected.blocks) {
                    assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{case:?}");
                }
            }
        }
    }
}

#[test]
fn a_row_alone_equals_a_row_among_others() {
    for case in cases(3) {
        let matrix = case.matrix();
        for kernels in Kernels::available() {
            for precision in [Precision::Float32, Precision::Quantized] {
                let all = case.products(precision, kernels);
                let mut alone = Activations::new(case.inputs, precision);
                for (row, values) in case.values().chunks_exact(case.inputs).enumerate() {
                    alone.set(values, kernels);
                    for group in 0..matrix.groups() {
                        let mut out = [0.0; LANES];
                        kernels.multiply(&matrix, group..group + 1, &alone, &mut out);
                        let expected = &all[(group * case.rows + row) * LANES..][..LANES];
                        assert_same(&out, expected, &(kernels.name(), row, group, case));
                    }
                }
            }
        }
    }
}

#[test]
fn tiles_that_are_filled_apart_equal_rows_that_are_set() {
    for case in cases(1) {
        let expected = case.activations(Precision::Quantized, portable());
        let mut found = Activations::new(case.inputs, Precision::Quantized);
        let values = case.values();
        let mut rest = values.as_slice();
        for tile in found.tiles_mut(case.rows) {
            let (rows, behind) = rest.split_at(tile.rows() * case.inputs);
            rest = behind;
            tile.fill(portable(), |floats| floats.copy_from_slice(rows));
        }
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{case:?}");
    }
}

/// The products in 64 bits, and what may be lost in each.
#[test]
fn products_are_near_those_of_64_bits() {
    for case in cases(6).into_iter().filter(|case| case.numbers != Numbers::Any) {
        let matrix = case.matrix();
        let values = case.values();
        for precision in [Precision::Float32, Precision::Quantized] {
            let products = case.products(precision, portable());
            let rounded = precision == Precision::Quantized && matrix.store().is_quantized();
            let mut weights = vec![0.0; case.inputs];
            for output in 0..case.outputs {
                matrix.row(output, &mut weights);
                for (row, values) in values.chunks_exact(case.inputs).enumerate() {
                    let (expected, bound) = exact(&weights, values, rounded);
                    let at = (output / LANES * case.rows + row) * LANES + output % LANES;
                    let error = (f64::from(products[at]) - expected).abs();
                    assert!(error <= bound, "{error} over {bound} of {expected}, {case:?}");
                }
            }
        }
    }
}

/// A product, and a bound of its error: half a step for each value where rows are rounded, and in
/// each of the steps to the sum the precision of 32 bits.
fn exact(weights: &[f32], values: &[f32], rounded: bool) -> (f64, f64) {
    let (mut sum, mut bound) = (0.0, 0.0);
    for (weights, values) in weights.chunks(32).zip(values.chunks(32)) {
        let most = values.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        let step = if rounded { f64::from(most) / 127.0 } else { 0.0 };
        for (&weight, &value) in weights.iter().zip(values) {
            let (weight, value) = (f64::from(weight), f64::from(value));
            sum += weight * value;
            // Products of quants and of minimums may cancel each other: 40 times a weight.
            let lost = f64::from(f32::EPSILON) * (8 + values.len()) as f64 * 40.0;
            bound += weight.abs() * (step * 0.501 + value.abs() * lost) + step * 1e-3;
        }
    }
    (sum, bound + 1e-5)
}

#[test]
fn weights_are_those_that_candle_reads() {
    for case in cases(4).into_iter().filter(|case| case.numbers != Numbers::Any) {
        check_weights(case);
    }
    // Every number of 16 bits is the same in both.
    for kind in [Kind::F16, Kind::Bf16] {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        check_bytes(kind, &all, 256, 256);
    }
}

fn check_weights(case: Case) {
    check_bytes(case.kind, &case.weights(), case.outputs, case.inputs);
}

fn check_bytes(kind: Kind, bytes: &[u8], outputs: usize, inputs: usize) {
    let dtype = match kind {
        Kind::F32 => GgmlDType::F32,
        Kind::F16 => GgmlDType::F16,
        Kind::Bf16 => GgmlDType::BF16,
        Kind::Q4_0 => GgmlDType::Q4_0,
        Kind::Q4_1 => GgmlDType::Q4_1,
        Kind::Q5_0 => GgmlDType::Q5_0,
        Kind::Q5_1 => GgmlDType::Q5_1,
        Kind::Q8_0 => GgmlDType::Q8_0,
        Kind::Q4K => GgmlDType::Q4K,
        Kind::Q5K => GgmlDType::Q5K,
        Kind::Q6K => GgmlDType::Q6K,
    };
    let shape = vec![outputs, inputs];
    let tensor = qtensor_from_ggml(dtype, bytes, shape, &Device::Cpu).unwrap();
    let expected = tensor.dequantize(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
    let rows = kind.rows(bytes, outputs, inputs).unwrap();
    for threads in [1, 3] {
        let matrix = Matrix::pack(kind, inputs, &rows, threads).unwrap();
        for (output, expected) in expected.iter().enumerate() {
            let mut found = vec![0.0; inputs];
            matrix.row(output, &mut found);
            assert_same(&found, expected, &(kind, outputs, inputs, output));
        }
    }
}

#[test]
fn rows_are_rounded_to_the_nearest_step() {
    let check = |values: &[(usize, f32)], expected: &[(usize, i8)], scale: f32| {
        let mut row = [0.0; 32];
        values.iter().for_each(|&(at, value)| row[at] = value);
        let mut activations = Activations::new(32, Precision::Quantized);
        activations.set(&row, portable());
        let block = activations.tiles().next().unwrap().blocks[0];
        let mut quants = [0; 32];
        expected.iter().for_each(|&(at, quant)| quants[at] = quant);
        assert_eq!(block.quants.as_flattened(), quants, "{values:?}");
        let first: i32 = quants[..16].iter().map(|&quant| i32::from(quant)).sum();
        let all: i32 = quants.iter().map(|&quant| i32::from(quant)).sum();
        assert_eq!((block.excess_of_first, block.excess), (-128 * first, -128 * all));
        assert_same(&[block.scale, block.sum], &[scale, scale * all as f32], &values);
    };
    check(&[], &[], 0.0);
    check(&[(0, 127.0), (15, -3.0), (16, 5.0)], &[(0, 127), (15, -3), (16, 5)], 1.0);
    check(&[(31, -254.0), (0, 5.0), (1, 7.0), (2, -1.0)], &[(31, -127), (0, 2), (1, 4)], 2.0);
    check(&[(0, 1e-31), (1, f32::MIN_POSITIVE / 4.0)], &[], 0.0);
    check(&[(0, f32::INFINITY), (1, 1.0)], &[], f32::NAN);
    check(&[(3, f32::NAN), (1, 1.0)], &[], f32::NAN);
    check(&[(3, f32::MAX), (4, f32::MIN)], &[(3, 127), (4, -127)], f32::MAX / 127.0);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let check = |kind: Kind, inputs: usize, rows: &[&[u8]], expected: &str| {
        let error = Matrix::pack(kind, inputs, rows, 1).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check(Kind::F32, 4, &[], "a matrix of 0 outputs and 4 inputs; it needs at least one of both");
    check(
        Kind::F32,
        0,
        &[&[]],
        "a matrix of 1 outputs and 0 inputs; it needs at least one of both",
    );
    check(Kind::Q8_0, 33, &[&[0; 34]], "33 inputs are no multiple of 32, the block of Q8_0");
    check(Kind::Q6K, 32, &[&[0; 34]], "32 inputs are no multiple of 256, the block of Q6_K");
    check(
        Kind::Q4_1,
        64,
        &[&[0; 40], &[0; 39]],
        "row 1 has 39 bytes, but 64 inputs of Q4_1 are 40",
    );
    check(
        Kind::F32,
        usize::MAX,
        &[&[0; 40]],
        &format!("1 × {} of F32 are more bytes than this machine can address", usize::MAX),
    );
    let error = Kind::Q4_0.rows(&[0; 20], 1, 32).expect_err("two bytes too many");
    assert_eq!(error.to_string(), "the weights have 20 bytes, but 1 × 32 of Q4_0 are 18");
}

#[test]
fn kinds_are_found_by_their_numbers() {
    for (number, expected) in
        [(0, Some(Kind::F32)), (3, Some(Kind::Q4_1)), (10, None), (30, Some(Kind::Bf16))]
    {
        assert_eq!(Kind::from_ggml(number), expected, "{number}");
    }
}
