//! The judge is attention in float64; the laws are about bits.

use super::super::cache::{Cache, Precision};
use super::super::lanes::{Lanes, Work, store_half};
use super::*;

/// Numbers between −1 and 1, drawn by a linear congruence.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let step = |state: &u64| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    let drawn = std::iter::successors(Some(seed * 2 + 1), step).skip(5);
    drawn
        .map(|bits| ((bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0) as f32)
        .take(count)
        .collect()
}

/// One layer of random keys and values, `[len][kv_heads · head_width]` each, and as many rows of
/// queries.
#[derive(Debug, Clone)]
struct Case {
    shape: Shape,
    group: usize,
    len: usize,
    precision: Precision,
    window: Option<usize>,
    keys: Vec<f32>,
    values: Vec<f32>,
    queries: Vec<f32>,
}

impl Case {
    fn new(shape: Shape, group: usize, len: usize, precision: Precision) -> Self {
        let width = shape.kv_heads * shape.head_width;
        let seed = (shape.head_width * 31 + shape.kv_heads * 7 + group + len * 1_000) as u64;
        Self {
            shape,
            group,
            len,
            precision,
            window: None,
            keys: numbers(seed, len * width),
            values: numbers(seed + 1, len * width),
            queries: numbers(seed + 2, len * width * group).iter().map(|x| x * 3.0).collect(),
        }
    }

    fn width(&self) -> usize {
        self.shape.kv_heads * self.shape.head_width
    }

    /// A cache in which the positions stand in the order of `order`.
    fn cache(&self, set: Set, order: impl IntoIterator<Item = usize>) -> Cache {
        let mut cache = Cache::new(1, self.shape, self.precision);
        for at in order {
            let range = at * self.width()..(at + 1) * self.width();
            cache.layer_mut(0).append(set, &self.keys[range.clone()], &self.values[range]);
        }
        cache
    }

    /// Attends from the given rows, of which each sees what is said beside it.
    fn attend(
        &self,
        machine: Machine<'_>,
        cache: &Cache,
        rows: &[(usize, Visible<'_>)],
    ) -> Vec<f32> {
        let width = self.width() * self.group;
        let queries: Vec<f32> = rows
            .iter()
            .flat_map(|(row, _)| &self.queries[row * width..][..width])
            .copied()
            .collect();
        let visible: Vec<Visible<'_>> = rows.iter().map(|(_, visible)| *visible).collect();
        let queries = Queries {
            rows: &queries,
            visible: &visible,
            window: self.window,
            scale: (self.shape.head_width as f32).powf(-0.5),
        };
        let mut out = vec![f32::NAN; rows.len() * width];
        // Threads are woken for anything.
        let mut attention = Attention { least: 1, ..Attention::default() };
        attention.attend(machine, cache.layer(0), queries, &mut out);
        out
    }

    /// What a row finds that sees all before `seen`, in float64.
    fn judge(&self, row: usize, seen: usize) -> Vec<f64> {
        let heads = self.shape.kv_heads * self.group;
        let head_width = self.shape.head_width;
        let first = seen.saturating_sub(self.window.unwrap_or(seen));
        let mut found = Vec::new();
        for head in 0..heads {
            let query = &self.queries[(row * heads + head) * head_width..][..head_width];
            let part = |of: &[f32], at: usize| {
                let from = at * self.width() + head / self.group * head_width;
                let kept = self.kept(&of[from..from + head_width]);
                kept.into_iter().map(f64::from).collect::<Vec<f64>>()
            };
            let score = |at: usize| {
                let products = part(&self.keys, at);
                let dot: f64 = products.iter().zip(query).map(|(k, q)| k * f64::from(*q)).sum();
                dot / (head_width as f64).sqrt()
            };
            let weights: Vec<f64> = (first..seen).map(|at| score(at).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let mut mean = vec![0.0; head_width];
            for (weight, at) in weights.iter().zip(first..) {
                let value = part(&self.values, at);
                mean.iter_mut().zip(value).for_each(|(mean, value)| *mean += weight / sum * value);
            }
            found.extend(mean);
        }
        found
    }

    /// Numbers as the cache keeps them.
    fn kept(&self, numbers: &[f32]) -> Vec<f32> {
        match self.precision {
            Precision::Float => numbers.to_vec(),
            Precision::Half => Set::detect().run(Round { numbers }),
        }
    }
}

struct Round<'a> {
    numbers: &'a [f32],
}

impl Work for Round<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Vec<f32> {
        let mut rounded = self.numbers.to_vec();
        for chunk in rounded.as_chunks_mut().0 {
            let mut half = [0; LANES];
            store_half(lanes, lanes.load(chunk), &mut half);
            lanes.store(lanes.load_half(&half), chunk);
        }
        rounded
    }
}

/// Sees all before `seen`.
fn before(seen: usize) -> Visible<'static> {
    Visible { seen, further: &[] }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Shapes with every head width, number of heads and group; contexts with every tail.
fn cases() -> impl Iterator<Item = Case> {
    let widths = [16, 64, 96, 128, 256].into_iter();
    let heads = (1..=4).flat_map(|kv_heads| (1..=4).map(move |group| (kv_heads, group)));
    let shapes = widths.flat_map(move |head_width| {
        heads.clone().map(move |(kv_heads, group)| (Shape { kv_heads, head_width }, group))
    });
    let shapes = shapes.enumerate().map(|(at, (shape, group))| {
        let precision = [Precision::Half, Precision::Float][at % 2];
        Case::new(shape, group, [37, 64, 70, 15, 300][at % 5], precision)
    });
    let small = Shape { kv_heads: 1, head_width: 32 };
    let lengths = (1..=70).chain([255, 256, 257, 530, 1_000]);
    let lengths = lengths.map(move |len| Case::new(small, 3, len, Precision::Half));
    let large = Case::new(Shape { kv_heads: 2, head_width: 64 }, 7, 140, Precision::Half);
    shapes.chain(lengths).chain([large])
}

/// Computes rows of a case together on two threads, compares each with the judge, and with itself
/// alone, for all sets and numbers of threads.
fn check(case: &Case, rows: &[usize]) {
    let pools = [1, 2, 3].map(Pool::new);
    let all: Vec<(usize, Visible<'_>)> = rows.iter().map(|&row| (row, before(row + 1))).collect();
    let machine = Machine { pool: &pools[1], set: Set::detect() };
    let cache = case.cache(machine.set, 0..case.len);
    let together = case.attend(machine, &cache, &all);
    let width = together.len() / rows.len();
    for (row, found) in rows.iter().zip(together.chunks_exact(width)) {
        let exact = case.judge(*row, row + 1);
        let error = found.iter().zip(exact).map(|(found, exact)| (f64::from(*found) - exact).abs());
        let error = error.fold(0.0, f64::max);
        assert!(error <= 4e-6, "row {row} is off by {error}: {:?} {:?}", case.shape, case.group);
    }
    for set in Set::available() {
        let cache = case.cache(set, 0..case.len);
        for pool in &pools {
            let machine = Machine { pool, set };
            let same = bits(&case.attend(machine, &cache, &all)) == bits(&together);
            assert!(same, "{} on {} threads: {:?}", set.name(), pool.threads(), case.shape);
        }
        for (at, one) in all.iter().enumerate() {
            let machine = Machine { pool: &pools[at % 2], set };
            let alone = case.attend(machine, &cache, &[*one]);
            let same = bits(&alone) == bits(&together[at * width..(at + 1) * width]);
            assert!(same, "row {} alone with {}: {:?}", one.0, set.name(), case.shape);
        }
    }
}

#[test]
fn rows_are_those_of_the_judge_and_the_same_alone() {
    for case in cases() {
        let last = case.len - 1;
        check(&case, &[last, last / 2, 0]);
    }
}

#[test]
fn many_rows_are_the_same_as_each_alone() {
    let shape = Shape { kv_heads: 3, head_width: 32 };
    for (len, group, precision) in
        [(30, 1, Precision::Half), (90, 3, Precision::Float), (290, 2, Precision::Half)]
    {
        let case = Case::new(shape, group, len, precision);
        check(&case, &(0..len).collect::<Vec<usize>>());
    }
}

#[test]
fn windows_show_only_what_is_last() {
    let shape = Shape { kv_heads: 2, head_width: 32 };
    for window in [1, 15, 16, 100, 256, 300, 1_000] {
        let mut case = Case::new(shape, 2, 600, Precision::Float);
        case.window = Some(window);
        check(&case, &[0, 14, 99, 255, 256, 300, 301, 302, 303, 598, 599]);
    }
}

#[test]
fn forks_and_truncated_caches_give_the_same() {
    let case = Case::new(Shape { kv_heads: 2, head_width: 64 }, 3, 200, Precision::Half);
    let pool = Pool::new(2);
    for set in Set::available() {
        let machine = Machine { pool: &pool, set };
        let expected = case.attend(machine, &case.cache(set, 0..200), &[(7, before(200))]);
        for kept in [0, 1, 63, 64, 100, 130] {
            let mut fork = case.cache(set, (0..kept).chain((0..60).rev())).clone();
            fork.truncate(kept);
            let width = case.width();
            let rest = kept * width..200 * width;
            fork.layer_mut(0).append(set, &case.keys[rest.clone()], &case.values[rest]);
            let found = case.attend(machine, &fork, &[(7, before(200))]);
            assert_eq!(bits(&found), bits(&expected), "{kept} with {}", set.name());
        }
    }
}

/// A tree behind a prefix: nodes as their parents, of those before; each is a row of its own.
/// Every node must have the bits of its path fed alone.
fn check_tree(case: &Case, prefix: usize, parents: &[Option<usize>]) {
    let paths: Vec<Vec<usize>> = (0..parents.len())
        .map(|node| {
            let up = std::iter::successors(Some(node), |&node| parents[node]);
            let mut path: Vec<usize> = up.map(|node| prefix + node).collect();
            path.reverse();
            path
        })
        .collect();
    let nodes: Vec<(usize, Visible<'_>)> = (prefix..)
        .zip(&paths)
        .map(|(row, path)| (row, Visible { seen: prefix, further: path }))
        .collect();
    let pools = [1, 2].map(Pool::new);
    for set in Set::available() {
        let cache = case.cache(set, 0..prefix + parents.len());
        let found = pools.each_ref().map(|pool| case.attend(Machine { pool, set }, &cache, &nodes));
        assert_eq!(bits(&found[0]), bits(&found[1]));
        for (at, path) in paths.iter().enumerate() {
            let alone = case.cache(set, (0..prefix).chain(path.iter().copied()));
            let row = [(prefix + at, before(prefix + path.len()))];
            let expected = case.attend(Machine { pool: &pools[0], set }, &alone, &row);
            let found = &found[0][at * expected.len()..][..expected.len()];
            assert_eq!(bits(found), bits(&expected), "node {at} behind {prefix}, {}", set.name());
        }
    }
}

#[test]
fn nodes_of_trees_are_as_their_paths() {
    let parents: Vec<Option<usize>> =
        (0..40).map(|node| (node > 2).then(|| node * 7 % 11 % node)).collect();
    let chain: Vec<Option<usize>> = (0..30).map(|node: usize| node.checked_sub(1)).collect();
    for (prefix, parents) in
        [0, 1, 16, 60, 250, 256].into_iter().flat_map(|at| [(at, &parents), (at, &chain)])
    {
        let shape = Shape { kv_heads: 2, head_width: 32 };
        let mut case = Case::new(shape, 3, prefix + parents.len(), Precision::Half);
        check_tree(&case, prefix, parents);
        case.window = Some(20);
        check_tree(&case, prefix, parents);
        case.window = Some(3);
        check_tree(&case, prefix, parents);
    }
}
