//! The products of a tile, in the order of operations that the contract of the kernels is.
//!
//! Written once for all instruction sets with vectors of floats, as a macro: functions for one
//! set have to be compiled for its features, and generic ones cannot be.

/// Writes `integers`, `expanded` and `plain` for a module of one instruction set.
///
/// A group is `PARTS` vectors wide. The module has, for its features:
/// - `splat(number)`, `mul(left, right)`, `add(left, right)`, `fused(left, right, sum)` of floats;
/// - `factors::<S>(block, part)`: the scales, and the minimums or the scales of the second half;
/// - `quants::<S>(block, part)`: the quants, four of a lane together, as the next two want them;
/// - `dots::<S>(set, quants, row)`: their products with a row, as floats, one for each scale;
/// - `expand::<S>(quants, input)`: those of one input with their sign, as floats;
/// - `float_weights::<S>(weights, part)`: 16 weights that are floats in the file;
/// - `prefetch::<S>(block)`: asks for memory that will be read soon;
/// - `store(out, part, vector)`.
macro_rules! tiles {
    ($features:literal, $set:ty) => {
        /// A group of a quantized store by rounded rows. A block is unpacked once for all rows.
        #[target_feature(enable = $features)]
        fn integers<S: Quantized, const R: usize>(
            set: &$set,
            tile: &IntegerTile<'_>,
            out: &mut [[f32; LANES]],
        ) {
            let mut sums = [[splat(0.0); R]; PARTS];
            let rows = tile.blocks.as_chunks::<R>().0;
            for (block, rows) in tile.group.chunks_exact(S::BYTES).zip(rows) {
                prefetch::<S>(block);
                for (part, sums) in sums.iter_mut().enumerate() {
                    let [first, second] = factors::<S>(block, part);
                    let quants = quants::<S>(block, part);
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        let [dot, dot_of_second] = dots::<S>(set, &quants, row);
                        *sum = fused(dot, mul(first, splat(row.scale)), *sum);
                        if S::MINIMUM {
                            *sum = fused(second, splat(row.sum), *sum);
                        }
                        if S::HALVES {
                            *sum = fused(dot_of_second, mul(second, splat(row.scale)), *sum);
                        }
                    }
                }
            }
            for (part, sums) in sums.iter().enumerate() {
                for (sum, out) in sums.iter().zip(&mut *out) {
                    store(out, part, *sum);
                }
            }
        }

        /// A part of a group of a quantized store by floats. Weights are expanded with a rounding
        /// after each step, as candle and ggml do, so not fused.
        #[target_feature(enable = $features)]
        fn expanded<S: Quantized, const R: usize>(
            tile: &FloatTile<'_>,
            part: usize,
            out: &mut [[f32; LANES]],
        ) {
            let mut sums = [[splat(0.0); 2]; R];
            for (number, block) in tile.group.chunks_exact(S::BYTES).enumerate() {
                prefetch::<S>(block);
                let [first, second] = factors::<S>(block, part);
                let quants = quants::<S>(block, part);
                let rows = values::<R, BLOCK>(tile, number * BLOCK);
                for pair in 0..BLOCK / 2 {
                    let scale = if S::HALVES && pair >= BLOCK / 4 { second } else { first };
                    let mut weights = [splat(0.0); 2];
                    for (odd, weights) in weights.iter_mut().enumerate() {
                        *weights = mul(expand::<S>(&quants, pair * 2 + odd), scale);
                        if S::MINIMUM {
                            *weights = add(*weights, second);
                        }
                    }
                    for ([even, odd], row) in sums.iter_mut().zip(rows) {
                        *even = fused(weights[0], splat(row[pair * 2]), *even);
                        *odd = fused(weights[1], splat(row[pair * 2 + 1]), *odd);
                    }
                }
            }
            finish(&sums, part, out);
        }

        /// A part of a group of floats by floats.
        #[target_feature(enable = $features)]
        fn plain<S: Float, const R: usize>(
            tile: &FloatTile<'_>,
            part: usize,
            out: &mut [[f32; LANES]],
        ) {
            let mut sums = [[splat(0.0); 2]; R];
            let (blocks, pairs) = (tile.inputs / BLOCK * BLOCK, tile.inputs / 2 * 2);
            for from in (0..blocks).step_by(BLOCK) {
                accumulate::<S, R, BLOCK>(&mut sums, tile, from, part);
            }
            for from in (blocks..pairs).step_by(2) {
                accumulate::<S, R, 2>(&mut sums, tile, from, part);
            }
            if pairs < tile.inputs {
                accumulate::<S, R, 1>(&mut sums, tile, pairs, part);
            }
            finish(&sums, part, out);
        }

        /// Adds the products with `N` inputs, of which the first is even.
        #[inline]
        #[target_feature(enable = $features)]
        fn accumulate<S: Float, const R: usize, const N: usize>(
            sums: &mut [[Vector; 2]; R],
            tile: &FloatTile<'_>,
            from: usize,
            part: usize,
        ) {
            let rows = values::<R, N>(tile, from);
            for input in (0..N).step_by(2) {
                let group = &tile.group[(from + input) * LANES * S::BYTES..];
                let weights = float_weights::<S>(group, part);
                for ([even, _], row) in sums.iter_mut().zip(rows) {
                    *even = fused(weights, splat(row[input]), *even);
                }
                if input + 1 < N {
                    let weights = float_weights::<S>(&group[LANES * S::BYTES..], part);
                    for ([_, odd], row) in sums.iter_mut().zip(rows) {
                        *odd = fused(weights, splat(row[input + 1]), *odd);
                    }
                }
            }
        }

        /// The sums of even and odd inputs together.
        #[inline]
        #[target_feature(enable = $features)]
        fn finish<const R: usize>(sums: &[[Vector; 2]; R], part: usize, out: &mut [[f32; LANES]]) {
            for ([even, odd], out) in sums.iter().zip(out) {
                store(out, part, add(*even, *odd));
            }
        }
    };
}
pub(super) use tiles;

/// `N` values of each of the `R` rows of a tile. Arrays, so that no index into them is checked
/// in the innermost loops.
#[inline(always)]
pub(super) fn values<'a, const R: usize, const N: usize>(
    tile: &super::FloatTile<'a>,
    from: usize,
) -> [&'a [f32; N]; R] {
    std::array::from_fn(|row| {
        let values = tile.floats[row * tile.inputs + from..].first_chunk();
        values.expect("rows are as long as the inputs of the group")
    })
}
