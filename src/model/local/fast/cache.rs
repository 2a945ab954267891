//! The keys and values of one sequence, in pages that forks share.
//!
//! A fork shares all pages; who appends to a shared page copies that page alone. Each layer has
//! its own pages and its own length, so a pass that fails halfway is undone by truncating.
//!
//! ```text
//! let mut cache = Cache::new(layers, Shape { kv_heads: 3, head_width: 64 }, Precision::Half);
//! cache.layer_mut(0).append(set, &keys, &values);
//! let fork = cache.clone();
//! cache.truncate(100);
//! ```
//!
//! Pages are made as they are needed, and a page is neither moved nor grown. Appending to a sequence
//! of any length takes as long, and the memory that is not used is less than a page a layer.

mod saved;

use std::sync::Arc;

use super::lanes::{LANES, Lanes, Set, Work, store_half};

/// Positions of a page. Fewer would make more streams that memory has to follow; of more, a fork
/// would copy more for its first token.
pub(super) const PAGE: usize = 64;

/// What a layer's keys and values look like. Layers of one model are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kv_heads: usize,
    /// A multiple of 16.
    pub(super) head_width: usize,
}

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Float16, rounded to even: half the memory, of which a pass reads all. Numbers beyond ±65504
    /// become these.
    Half,
    /// As they come, in float32.
    Float,
}

/// The cache of one sequence. A clone is a fork: both go on by themselves.
#[derive(Debug, Clone)]
pub(in crate::model::local) struct Cache {
    layers: Vec<Layer>,
}

/// The keys and values of one layer.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) shape: Shape,
    len: usize,
    pub(super) pages: Pages,
}

/// The pages of one layer, all but the last of them full.
#[derive(Debug, Clone)]
pub(super) enum Pages {
    Half(Vec<Arc<Page<Half>>>),
    Float(Vec<Arc<Page<Float>>>),
}

/// 64 positions of one layer.
#[derive(Debug, Clone)]
pub(super) struct Page<S> {
    /// `[kv_heads][4 blocks][head_width]`, in each the 16 positions of the block: scores of 16
    /// positions are summed side by side.
    pub(super) keys: Box<[S]>,
    /// `[kv_heads][64 positions][head_width / 16]`, in each 16 neighbours of the value.
    pub(super) values: Box<[S]>,
}

/// 16 numbers of float16.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(super) struct Half([u16; LANES]);

/// 16 numbers of float32.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Float(pub(super) [f32; LANES]);

/// 16 numbers as they are kept in pages.
pub(super) trait Store: Copy + Send + Sync {
    const ZERO: Self;
    type Number: Copy;

    /// Widens to float32, which is exact.
    fn load<L: Lanes>(&self, lanes: L) -> L::Vector;
    /// Rounds to what is kept.
    fn store<L: Lanes>(&mut self, lanes: L, vector: L::Vector);
    /// The numbers as they are kept.
    fn numbers(&mut self) -> &mut [Self::Number; LANES];
}

impl Cache {
    /// An empty cache, which holds no page yet.
    pub(super) fn new(layers: usize, shape: Shape, precision: Precision) -> Self {
        let pages = match precision {
            Precision::Half => Pages::Half(Vec::new()),
            Precision::Float => Pages::Float(Vec::new()),
        };
        Self { layers: vec![Layer { shape, len: 0, pages }; layers] }
    }

    /// Forgets all positions from `len` on, in every layer.
    pub(super) fn truncate(&mut self, len: usize) {
        self.layers.iter_mut().for_each(|layer| layer.truncate(len));
    }

    /// The bytes of all pages, those that forks share among them.
    pub(super) fn bytes(&self) -> usize {
        self.layers.iter().map(Layer::bytes).sum()
    }

    /// A layer to append to.
    pub(super) fn layer_mut(&mut self, index: usize) -> &mut Layer {
        &mut self.layers[index]
    }

    /// A layer to attend to.
    #[cfg(test)]
    pub(super) fn layer(&self, index: usize) -> &Layer {
        &self.layers[index]
    }

    /// The positions that all layers have. During a pass, and after one that failed, some may have
    /// more; `truncate(len())` makes them even.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.layers.iter().map(Layer::len).min().unwrap_or(0)
    }
}

impl Layer {
    /// Appends rows of keys and of values, `[rows][kv_heads · head_width]` each, as further
    /// positions. Keys are rotated before.
    ///
    /// # Panics
    /// When the two are not of one length, or not whole rows.
    pub(super) fn append(&mut self, set: Set, keys: &[f32], values: &[f32]) {
        let width = self.shape.kv_heads * self.shape.head_width;
        assert!(keys.len() == values.len() && keys.len().is_multiple_of(width));
        let rows = Rows { shape: self.shape, from: self.len, keys, values };
        match &mut self.pages {
            Pages::Half(pages) => set.run(Append { rows, pages }),
            Pages::Float(pages) => set.run(Append { rows, pages }),
        }
        self.len += keys.len() / width;
    }

    /// Forgets all positions from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        let pages = self.len.div_ceil(PAGE);
        match &mut self.pages {
            Pages::Half(all) => all.truncate(pages),
            Pages::Float(all) => all.truncate(pages),
        }
    }

    fn bytes(&self) -> usize {
        match &self.pages {
            Pages::Half(pages) => pages.iter().map(|page| page.bytes()).sum(),
            Pages::Float(pages) => pages.iter().map(|page| page.bytes()).sum(),
        }
    }

    /// The positions of this layer.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Rows of keys and values that become the positions from `from` on.
#[derive(Debug, Clone, Copy)]
struct Rows<'a> {
    shape: Shape,
    from: usize,
    keys: &'a [f32],
    values: &'a [f32],
}

/// Writes rows block by block, each into a page that no fork shares.
struct Append<'a, S> {
    rows: Rows<'a>,
    pages: &'a mut Vec<Arc<Page<S>>>,
}

impl<S: Store> Work for Append<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Rows { shape, mut from, mut keys, mut values } = self.rows;
        let width = shape.kv_heads * shape.head_width;
        while !keys.is_empty() {
            if from / PAGE == self.pages.len() {
                self.pages.push(Arc::new(Page::new(shape)));
            }
            let page = Arc::make_mut(&mut self.pages[from / PAGE]);
            // Up to the end of a block of 16.
            let count = (LANES - from % LANES).min(keys.len() / width);
            let (now, later) = keys.split_at(count * width);
            page.write_keys(lanes, shape, from % PAGE, now);
            keys = later;
            let (now, later) = values.split_at(count * width);
            page.write_values(lanes, shape, from % PAGE, now);
            values = later;
            from += count;
        }
    }
}

impl<S: Store> Page<S> {
    /// A page of zeros: what is read beyond the last position must be numbers.
    fn new(shape: Shape) -> Self {
        let size = PAGE * shape.kv_heads * shape.head_width / LANES;
        let zeros = vec![S::ZERO; size].into_boxed_slice();
        Self { keys: zeros.clone(), values: zeros }
    }

    fn bytes(&self) -> usize {
        size_of_val(&self.keys[..]) + size_of_val(&self.values[..])
    }

    /// Writes keys of positions that lie within one block, a column of each line. 16 numbers of a
    /// row become one lane of 16 lines.
    #[inline(always)]
    fn write_keys<L: Lanes>(&mut self, lanes: L, shape: Shape, at: usize, rows: &[f32]) {
        let width = shape.kv_heads * shape.head_width;
        let (block, first) = (at / LANES, at % LANES);
        for (head, column) in (0..shape.kv_heads)
            .flat_map(|head| (0..shape.head_width).step_by(LANES).map(move |c| (head, c)))
        {
            let begin = (head * (PAGE / LANES) + block) * shape.head_width + column;
            let lines: &mut [S; LANES] =
                (&mut self.keys[begin..begin + LANES]).try_into().expect("16 lines are cut out");
            let from = head * shape.head_width + column;
            for (row, lane) in rows.chunks_exact(width).zip(first..LANES) {
                let mut rounded = S::ZERO;
                rounded.store(lanes, lanes.load(sixteen(row, from)));
                for (line, number) in lines.iter_mut().zip(*rounded.numbers()) {
                    line.numbers()[lane] = number;
                }
            }
        }
    }

    /// Writes values of positions of this page, each in a row.
    #[inline(always)]
    fn write_values<L: Lanes>(&mut self, lanes: L, shape: Shape, at: usize, rows: &[f32]) {
        let vectors = shape.head_width / LANES;
        let width = shape.kv_heads * shape.head_width;
        for (row, position) in rows.chunks_exact(width).zip(at..) {
            for (head, values) in row.chunks_exact(shape.head_width).enumerate() {
                let begin = (head * PAGE + position) * vectors;
                let lines = &mut self.values[begin..begin + vectors];
                for (line, numbers) in lines.iter_mut().zip(values.as_chunks().0) {
                    line.store(lanes, lanes.load(numbers));
                }
            }
        }
    }
}

impl Store for Half {
    const ZERO: Self = Self([0; LANES]);
    type Number = u16;

    #[inline(always)]
    fn load<L: Lanes>(&self, lanes: L) -> L::Vector {
        lanes.load_half(&self.0)
    }

    #[inline(always)]
    fn store<L: Lanes>(&mut self, lanes: L, vector: L::Vector) {
        store_half(lanes, vector, &mut self.0);
    }

    #[inline(always)]
    fn numbers(&mut self) -> &mut [u16; LANES] {
        &mut self.0
    }
}

impl Store for Float {
    const ZERO: Self = Self([0.0; LANES]);
    type Number = f32;

    #[inline(always)]
    fn load<L: Lanes>(&self, lanes: L) -> L::Vector {
        lanes.load(&self.0)
    }

    #[inline(always)]
    fn store<L: Lanes>(&mut self, lanes: L, vector: L::Vector) {
        lanes.store(vector, &mut self.0);
    }

    #[inline(always)]
    fn numbers(&mut self) -> &mut [f32; LANES] {
        &mut self.0
    }
}

/// The 16 numbers of a row from `from` on.
#[inline(always)]
fn sixteen(row: &[f32], from: usize) -> &[f32; LANES] {
    row[from..from + LANES].try_into().expect("16 numbers are cut out")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { kv_heads: 2, head_width: 32 };
    const WIDTH: usize = 64;

    /// Rows of which each number says where it belongs; all are exact in float16.
    fn rows(positions: std::ops::Range<usize>, salt: usize) -> Vec<f32> {
        let number = |at: usize| ((at * 7 + salt) % 2_048) as f32 / 8.0;
        (positions.start * WIDTH..positions.end * WIDTH).map(number).collect()
    }

    /// All keys and values in the order in which they were appended.
    fn read<S: Store>(pages: &[Arc<Page<S>>], len: usize) -> [Vec<f32>; 2]
    where
        f32: From<Read<S::Number>>,
    {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for position in 0..len {
            let page = &pages[position / PAGE];
            let at = position % PAGE;
            for (head, d) in (0..WIDTH).map(|column| (column / 32, column % 32)) {
                let mut line = page.keys[(head * 4 + at / LANES) * 32 + d];
                keys.push(f32::from(Read(line.numbers()[at % LANES])));
                let mut line = page.values[(head * PAGE + at) * 2 + d / LANES];
                values.push(f32::from(Read(line.numbers()[d % LANES])));
            }
        }
        [keys, values]
    }

    struct Read<N>(N);

    impl From<Read<f32>> for f32 {
        fn from(number: Read<f32>) -> f32 {
            number.0
        }
    }

    impl From<Read<u16>> for f32 {
        fn from(number: Read<u16>) -> f32 {
            // 2^-24 units below 2^-14, and an exponent above.
            let (exponent, digits) = (i32::from(number.0 >> 10), f32::from(number.0 & 0x3ff));
            if exponent == 0 {
                digits * 2.0_f32.powi(-24)
            } else {
                (digits + 1024.0) * 2.0_f32.powi(exponent - 25)
            }
        }
    }

    fn contents(layer: &Layer) -> [Vec<f32>; 2] {
        match &layer.pages {
            Pages::Half(pages) => read(pages, layer.len()),
            Pages::Float(pages) => read(pages, layer.len()),
        }
    }

    #[test]
    fn appended_rows_are_found_whatever_the_steps() {
        for (precision, step) in [Precision::Half, Precision::Float]
            .into_iter()
            .flat_map(|precision| [1, 5, 16, 63, 64, 65, 150].map(|step| (precision, step)))
        {
            for set in Set::available() {
                let mut cache = Cache::new(1, SHAPE, precision);
                while cache.len() < 150 {
                    let range = cache.len()..(cache.len() + step).min(150);
                    let (keys, values) = (rows(range.clone(), 0), rows(range, 99));
                    cache.layer_mut(0).append(set, &keys, &values);
                }
                let expected = [rows(0..150, 0), rows(0..150, 99)];
                assert!(contents(cache.layer(0)) == expected, "{precision:?} by {step}");
            }
        }
    }

    #[test]
    fn forks_go_on_by_themselves_and_share_full_pages() {
        let set = Set::detect();
        for kept in [0, 1, 63, 64, 65, 100, 128, 130] {
            let mut cache = Cache::new(2, SHAPE, Precision::Half);
            for index in 0..2 {
                cache.layer_mut(index).append(set, &rows(0..130, 0), &rows(0..130, 1));
            }
            let mut fork = cache.clone();
            fork.truncate(kept);
            for index in 0..2 {
                fork.layer_mut(index).append(set, &rows(0..10, 5), &rows(0..10, 6));
            }
            assert_eq!((cache.len(), fork.len()), (130, kept + 10));
            assert!(contents(cache.layer(1)) == [rows(0..130, 0), rows(0..130, 1)], "{kept}");
            let expected = [[rows(0..kept, 0), rows(0..10, 5)], [rows(0..kept, 1), rows(0..10, 6)]];
            assert!(contents(fork.layer(1)) == expected.map(|parts| parts.concat()), "{kept}");
            let (Pages::Half(own), Pages::Half(forked)) =
                (&cache.layer(0).pages, &fork.layer(0).pages)
            else {
                panic!("the cache was made with float16");
            };
            let shared = own.iter().zip(forked).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
            assert_eq!(shared, kept / PAGE, "{kept}");
        }
    }

    #[test]
    fn a_pass_that_ends_halfway_is_truncated_away() {
        let mut cache = Cache::new(2, SHAPE, Precision::Float);
        cache.layer_mut(0).append(Set::detect(), &rows(0..3, 0), &rows(0..3, 0));
        assert_eq!((cache.len(), cache.layer(0).len()), (0, 3));
        cache.truncate(cache.len());
        assert_eq!(cache.layer(0).len(), 0);
    }
}
