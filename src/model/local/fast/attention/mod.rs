//! Attention of query rows to the keys and values of one layer.
//!
//! The positions that a row sees make a sequence of their own: first those before `seen`, then the
//! further ones in their order. All sums go along this sequence, within chunks of 256 and then over
//! the chunks (as in Dao 2023, "Flash-Decoding"), so the node of a tree has the bits of the path to
//! it fed alone, wherever in the cache its ancestors are.
//!
//! Work is divided twice. Threads get whole rows where there are many, about as many positions each,
//! and write them in place. Where there are few, as when a text is generated, they get units: a
//! head of keys and a chunk of positions, with all queries that share them; the states that come of
//! it are merged afterwards, in the order in which one thread would have. Within a unit or a row,
//! the queries that share a head of keys are taken in tiles of up to 8, so that each key and value is
//! loaded once for all of them.
//!
//! ```text
//! let mut attention = Attention::default();
//! cache.layer_mut(0).append(set, &keys, &values);
//! let visible = [Visible { seen: 8, further: &[] }, Visible { seen: 8, further: &[8, 9] }];
//! let queries = Queries { rows: &rows, visible: &visible, window: None, scale: 0.125 };
//! attention.attend(Machine { pool: &pool, set }, cache.layer(0), queries, &mut out);
//! ```

mod chunk;
mod kernel;
mod state;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use super::cache::{Float, Layer, Page, Pages, Shape, Store};
use super::lanes::{LANES, Set};
use super::pool::{Pool, split_mut};
use chunk::{CHUNK, Chunk, Sight, Source};
use state::{Merge, finish, lines};

/// The most queries that are worked on together.
const TILE: usize = 8;

/// Below so many rows for each thread the work is divided by heads and chunks instead, and the
/// parts are then put together by one thread.
const FEW_ROWS: usize = 4;

/// A thread is woken for so many multiplications at least: some 3 µs of work, of which a fork and
/// join costs one.
const LEAST: usize = 1 << 18;

/// Rows of one pass that look for something in a layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queries<'a> {
    /// `[rows][heads · head_width]`, rotated. As many heads share a head of keys as there are
    /// more of them, neighbours with neighbours.
    pub(super) rows: &'a [f32],
    /// What each row sees.
    pub(super) visible: &'a [Visible<'a>],
    /// Rows see only so many of their last positions.
    pub(super) window: Option<usize>,
    /// What scores are multiplied by.
    pub(super) scale: f32,
}

/// The positions that a row sees: at least one, each before the layer's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visible<'a> {
    /// All before this.
    pub(super) seen: usize,
    /// Positions that come next in the row's own sequence: for the node of a tree, its ancestors
    /// in the tree and itself.
    pub(super) further: &'a [usize],
}

/// What computes, and with which instructions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine<'a> {
    pub(super) pool: &'a Pool,
    pub(super) set: Set,
}

/// Buffers for attention, kept from one call to the next.
#[derive(Debug)]
pub(super) struct Attention {
    /// Multiplications that a thread is woken for.
    least: usize,
    /// One for each thread.
    scratch: Vec<Scratch>,
    units: Vec<Unit>,
    /// The states of the units.
    parts: Vec<Float>,
}

/// What one thread works with.
#[derive(Debug, Default)]
struct Scratch {
    /// The queries of a tile, `[head_width][queries]`.
    queries: Vec<f32>,
    /// `[blocks of a chunk][queries]`
    scores: Vec<Float>,
    state: Vec<Float>,
    part: Vec<Float>,
}

/// Queries that share a head of keys and are worked on together.
#[derive(Debug, Clone, Copy)]
struct Tile {
    kv_head: usize,
    /// Counted over all rows, within the heads that share the head of keys.
    first: usize,
    queries: usize,
}

/// What is done at once where there are few rows.
#[derive(Debug, Clone, Copy)]
struct Unit {
    tile: Tile,
    chunk: usize,
}

/// What all threads read.
#[derive(Debug)]
struct Task<'a, S> {
    set: Set,
    shape: Shape,
    pages: &'a [Arc<Page<S>>],
    queries: Queries<'a>,
    /// Heads of queries for each head of keys.
    group: usize,
}

impl Default for Attention {
    fn default() -> Self {
        Self { least: LEAST, scratch: Vec::new(), units: Vec::new(), parts: Vec::new() }
    }
}

impl Attention {
    /// Writes what each row finds, `[rows][heads · head_width]`.
    ///
    /// # Panics
    /// When lengths do not fit each other, or a row sees nothing, or more than there is.
    pub(super) fn attend(
        &mut self,
        machine: Machine<'_>,
        layer: &Layer,
        queries: Queries<'_>,
        out: &mut [f32],
    ) {
        assert_eq!(queries.rows.len(), out.len());
        for visible in queries.visible {
            assert!(visible.seen + visible.further.len() > 0, "a row sees nothing");
            let last = visible.further.iter().map(|at| at + 1).fold(visible.seen, usize::max);
            assert!(last <= layer.len(), "a row sees {last} positions of {}", layer.len());
        }
        if out.is_empty() {
            return;
        }
        match &layer.pages {
            Pages::Half(pages) => {
                self.divide(machine.pool, &Task::new(machine.set, layer.shape, pages, queries), out)
            }
            Pages::Float(pages) => {
                self.divide(machine.pool, &Task::new(machine.set, layer.shape, pages, queries), out)
            }
        }
    }

    /// Divides the work among threads: whole rows where there are many, or else units.
    fn divide<S: Store>(&mut self, pool: &Pool, task: &Task<'_, S>, out: &mut [f32]) {
        let threads = pool.threads();
        self.scratch.resize_with(threads, Scratch::default);
        let rows = task.queries.visible.len();
        if threads > 1 && rows < FEW_ROWS * threads {
            self.by_units(pool, task, out);
            return;
        }
        let width = out.len() / rows;
        let parts = split_mut(out, width, task.split_rows(threads));
        pool.scatter(parts.zip(&mut self.scratch), |((rows, out), scratch)| {
            for tile in task.tiles(rows.clone()) {
                task.whole(tile, scratch);
                task.write(tile, rows.start, &scratch.state, out);
            }
        });
    }

    /// Computes the states of all units, then merges those of each tile, which are neighbours.
    fn by_units<S: Store>(&mut self, pool: &Pool, task: &Task<'_, S>, out: &mut [f32]) {
        let Self { least, scratch, units, parts } = self;
        units.clear();
        for tile in task.tiles(0..task.queries.visible.len()) {
            units.extend(task.chunks(tile).map(|chunk| Unit { tile, chunk }));
        }
        let size = TILE * lines(task.shape);
        parts.resize(units.len() * size, Float([0.0; LANES]));
        let queries = task.group * task.queries.visible.len();
        let unit = queries.min(TILE) * task.shape.head_width * CHUNK * 2;
        let divided = split_mut(parts, size, pool.split(units.len(), least.div_ceil(unit)));
        pool.scatter(divided.zip(scratch.iter_mut()), |((range, parts), scratch)| {
            for (unit, part) in units[range].iter().zip(parts.chunks_exact_mut(size)) {
                let used = unit.tile.queries * lines(task.shape);
                task.pack(unit.tile, &mut scratch.queries);
                task.chunk(unit.tile, unit.chunk, scratch, &mut part[..used]);
            }
        });
        let mut parts = parts.chunks_exact_mut(size).zip(units).peekable();
        while let Some((state, unit)) = parts.next() {
            let used = unit.tile.queries * lines(task.shape);
            let same = |next: &Unit| {
                (next.tile.kv_head, next.tile.first) == (unit.tile.kv_head, unit.tile.first)
            };
            while let Some((part, _)) = parts.next_if(|(_, next)| same(next)) {
                task.set.run(Merge {
                    state: &mut state[..used],
                    part: &part[..used],
                    lines: lines(task.shape),
                });
            }
            task.write(unit.tile, 0, &state[..used], out);
        }
    }
}

impl<'a, S: Store> Task<'a, S> {
    /// Works out how many heads share one of keys.
    fn new(set: Set, shape: Shape, pages: &'a [Arc<Page<S>>], queries: Queries<'a>) -> Self {
        let width = queries.rows.len() / queries.visible.len().max(1);
        let group = width / (shape.kv_heads * shape.head_width);
        let task = Self { set, shape, pages, queries, group };
        assert_eq!(queries.rows.len(), task.width() * queries.visible.len(), "rows are not whole");
        task
    }

    /// Numbers of a row.
    fn width(&self) -> usize {
        self.group * self.shape.kv_heads * self.shape.head_width
    }

    /// Divides the rows so that each part sees about as many positions.
    fn split_rows(&self, parts: usize) -> impl Iterator<Item = Range<usize>> {
        let cost = |row: usize| LANES + self.sight(row).count().min(self.window());
        let rows = self.queries.visible.len();
        let total: usize = (0..rows).map(cost).sum();
        let (mut begin, mut spent) = (0, 0);
        (1..=parts).map(move |part| {
            let from = begin;
            while begin < rows && (part == parts || spent * parts < total * part) {
                spent += cost(begin);
                begin += 1;
            }
            from..begin
        })
    }

    /// How many positions a row sees at most.
    fn window(&self) -> usize {
        self.queries.window.unwrap_or(usize::MAX)
    }

    /// What a row sees, the window applied.
    fn sight(&self, row: usize) -> Sight<'a> {
        let Visible { seen, further } = self.queries.visible[row];
        let first = (seen + further.len()).saturating_sub(self.window());
        Sight { row, first, seen, further }
    }

    /// The tiles of some rows, of one head of keys after the other. A tile may begin within a row
    /// and end within another: 8 queries are 2 rows and two thirds where 3 heads share one.
    fn tiles(&self, rows: Range<usize>) -> impl Iterator<Item = Tile> + use<S> {
        let most = if self.set.is_wide() { TILE } else { TILE / 2 };
        let (begin, end) = (rows.start * self.group, rows.end * self.group);
        (0..self.shape.kv_heads).flat_map(move |kv_head| {
            let mut first = begin;
            std::iter::from_fn(move || {
                let mut sizes = [8, 4, 3, 2, 1].into_iter();
                let queries = sizes.find(|&size| size <= most.min(end - first))?;
                first += queries;
                Some(Tile { kv_head, first: first - queries, queries })
            })
        })
    }

    /// The chunks that any query of a tile sees something of.
    fn chunks(&self, tile: Tile) -> Range<usize> {
        let sights = (0..tile.queries).map(|query| self.sight((tile.first + query) / self.group));
        let begin = sights.clone().map(|sight| sight.first).min().unwrap_or(0);
        let end = sights.map(|sight| sight.count()).max().unwrap_or(0);
        begin / CHUNK..end.div_ceil(CHUNK)
    }

    /// The state of a tile after all chunks.
    fn whole(&self, tile: Tile, scratch: &mut Scratch) {
        self.pack(tile, &mut scratch.queries);
        let lines = lines(self.shape);
        let mut state = std::mem::take(&mut scratch.state);
        let mut part = std::mem::take(&mut scratch.part);
        state.resize(tile.queries * lines, Float([0.0; LANES]));
        part.resize(tile.queries * lines, Float([0.0; LANES]));
        let mut chunks = self.chunks(tile);
        if let Some(first) = chunks.next() {
            self.chunk(tile, first, scratch, &mut state);
        }
        for chunk in chunks {
            self.chunk(tile, chunk, scratch, &mut part);
            self.set.run(Merge { state: &mut state, part: &part, lines });
        }
        (scratch.state, scratch.part) = (state, part);
    }

    /// The state of a tile, whose queries are packed, for one chunk.
    fn chunk(&self, tile: Tile, chunk: usize, scratch: &mut Scratch, state: &mut [Float]) {
        scratch.scores.resize(CHUNK / LANES * TILE, Float([0.0; LANES]));
        let sight =
            |query: usize| self.sight((tile.first + query.min(tile.queries - 1)) / self.group);
        self.set.run(Chunk {
            source: Source { pages: self.pages, shape: self.shape, kv_head: tile.kv_head },
            chunk,
            sights: &std::array::from_fn::<_, TILE, _>(sight)[..tile.queries],
            queries: &scratch.queries,
            scores: &mut scratch.scores,
            state,
        });
    }

    /// Brings the same number of all queries together, scaled: the loop over a key's numbers then
    /// reads them one after the other.
    fn pack(&self, tile: Tile, packed: &mut Vec<f32>) {
        let width = self.shape.head_width;
        packed.resize(width * tile.queries, 0.0);
        for query in 0..tile.queries {
            let from = self.place(tile, query);
            let numbers = &self.queries.rows[from..from + width];
            for (packed, number) in packed[query..].iter_mut().step_by(tile.queries).zip(numbers) {
                *packed = number * self.queries.scale;
            }
        }
    }

    /// Writes the results of a tile to rows of which the first is `row`.
    fn write(&self, tile: Tile, row: usize, state: &[Float], out: &mut [f32]) {
        for (query, state) in state.chunks_exact(lines(self.shape)).enumerate() {
            let to = self.place(tile, query) - row * self.width();
            finish(self.set, state, &mut out[to..to + self.shape.head_width]);
        }
    }

    /// Where the numbers of a tile's query begin in all rows.
    fn place(&self, tile: Tile, query: usize) -> usize {
        let (row, head) = ((tile.first + query) / self.group, (tile.first + query) % self.group);
        row * self.width() + (tile.kv_head * self.group + head) * self.shape.head_width
    }
}
