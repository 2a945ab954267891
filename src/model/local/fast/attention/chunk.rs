//! One chunk of the positions that some queries see: scores, their softmax, the sum of values.
//!
//! Queries of a tile mostly see the same, but for the last positions of a prompt's rows, the
//! beginnings of windows, and further positions. What all see is computed for all at once. For the
//! rest, scores are computed for all too, whole blocks at a time, and those that a query does not
//! see are then replaced; values are added to each query by itself. A weight of 0 would not do
//! in place of that: it turns a sum of −0 into 0, and an infinite value into no number.

use std::ops::Range;
use std::sync::Arc;

use super::super::cache::{Float, PAGE, Page, Shape, Store};
use super::super::lanes::{self, LANES, Lanes, Work, exp};
use super::kernel::{Weighted, add_values, score};
use super::state::{begin, lines};

/// Positions of a chunk, whole pages. The scores of a tile stay in the nearest cache, and already
/// at 512 positions two threads can share the work of three heads evenly. With chunks half as
/// long, merging the parts would cost as much as it brings.
pub(super) const CHUNK: usize = 256;

const PAGE_BLOCKS: usize = PAGE / LANES;

/// Blocks of further keys whose scores are kept.
const KEPT: usize = 4;

/// What a query sees, as a sequence of its own. The numbers below count along it:
///
/// ```text
/// 0 ……… first ……………………… seen ……………………… count
///       the window's begin  │                │
/// └── in the cache at the same places ──┘└── at `further` ──┘
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) row: usize,
    /// Where the window begins.
    pub(super) first: usize,
    /// Up to here it is the cache's own sequence; what follows is at the further positions.
    pub(super) seen: usize,
    pub(super) further: &'a [usize],
}

impl Sight<'_> {
    /// How long the sequence is, what lies before the window included.
    pub(super) fn count(&self) -> usize {
        self.seen + self.further.len()
    }

    /// What is seen of a chunk.
    #[inline(always)]
    fn within(&self, base: usize) -> Range<usize> {
        self.first.max(base)..self.count().min(base + CHUNK)
    }

    /// What of this is in the cache's own sequence.
    #[inline(always)]
    fn prefix(&self, base: usize) -> Range<usize> {
        self.first.max(base)..self.seen.min(base + CHUNK)
    }

    /// The others.
    #[inline(always)]
    fn further(&self, base: usize) -> Range<usize> {
        self.first.max(base).max(self.seen)..self.count().min(base + CHUNK)
    }

    /// Where in the cache one of the others is.
    #[inline(always)]
    fn position(&self, base: usize, at: usize) -> Option<usize> {
        self.further(base).contains(&at).then(|| self.further[at - self.seen])
    }
}

/// The keys and values of one head.
#[derive(Debug)]
pub(super) struct Source<'a, S> {
    pub(super) pages: &'a [Arc<Page<S>>],
    pub(super) shape: Shape,
    pub(super) kv_head: usize,
}

impl<'a, S> Source<'a, S> {
    /// Keys of a block and of those that follow it in its page. Blocks are counted over all pages.
    #[inline(always)]
    fn keys(&self, block: usize) -> &'a [S] {
        let width = self.shape.head_width;
        let page = &self.pages[block / PAGE_BLOCKS];
        let end = (self.kv_head + 1) * PAGE_BLOCKS * width;
        &page.keys[end - (PAGE_BLOCKS - block % PAGE_BLOCKS) * width..end]
    }

    /// Values of a page.
    #[inline(always)]
    fn values(&self, page: usize) -> &'a [S] {
        let size = PAGE * self.vectors();
        &self.pages[page].values[self.kv_head * size..(self.kv_head + 1) * size]
    }

    /// Vectors of a value.
    #[inline(always)]
    fn vectors(&self) -> usize {
        self.shape.head_width / LANES
    }
}

/// Computes the states of a tile's queries for one chunk.
pub(super) struct Chunk<'a, S> {
    pub(super) source: Source<'a, S>,
    pub(super) chunk: usize,
    /// One for each query: 1, 2, 3, 4 or 8.
    pub(super) sights: &'a [Sight<'a>],
    /// `[head_width][queries]`
    pub(super) queries: &'a [f32],
    /// `[blocks of a chunk][queries]`
    pub(super) scores: &'a mut [Float],
    pub(super) state: &'a mut [Float],
}

impl<S: Store> Work for Chunk<'_, S> {
    type Output = ();

    /// Takes as many blocks of keys and vectors of values at a time as there are registers for.
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        match (L::WIDE, self.sights.len()) {
            (true, 8) => self.compute::<L, 8, 2>(lanes),
            (true, 4) => self.compute::<L, 4, 4>(lanes),
            (true, 3) => self.compute::<L, 3, 4>(lanes),
            (true, 2) => self.compute::<L, 2, 4>(lanes),
            (true, _) => self.compute::<L, 1, 4>(lanes),
            (false, 4) => self.compute::<L, 4, 1>(lanes),
            (false, 3) => self.compute::<L, 3, 1>(lanes),
            (false, 2) => self.compute::<L, 2, 2>(lanes),
            (false, _) => self.compute::<L, 1, 4>(lanes),
        }
    }
}

impl<S: Store> Chunk<'_, S> {
    #[inline(always)]
    fn compute<L: Lanes, const Q: usize, const B: usize>(mut self, lanes: L) {
        self.score_prefix::<L, Q, B>(lanes);
        self.score_further::<L, Q>(lanes);
        for query in 0..Q {
            self.weigh::<L, Q>(lanes, query);
        }
        self.add_prefix::<L, Q, B>(lanes);
        for query in 0..Q {
            self.add_further::<L, Q>(lanes, query);
        }
    }

    /// The first position of the chunk.
    #[inline(always)]
    fn base(&self) -> usize {
        self.chunk * CHUNK
    }

    /// The lines of one query's state.
    #[inline(always)]
    fn lines_of(&self, query: usize) -> Range<usize> {
        let lines = lines(self.source.shape);
        query * lines..(query + 1) * lines
    }

    /// Scores of whole blocks, also where only some of the queries see them. Blocks are taken from
    /// multiples of `B` on, so that they do not leave a page; behind the last position there may be
    /// keys of what was truncated, or zeros.
    #[inline(always)]
    fn score_prefix<L: Lanes, const Q: usize, const B: usize>(&mut self, lanes: L) {
        let base = self.base();
        let ranges = self.sights.iter().map(|sight| sight.prefix(base));
        let begin = ranges.clone().map(|range| range.start).min().unwrap_or(base);
        let end = ranges.map(|range| range.end).max().unwrap_or(base);
        let (queries, _) = self.queries.as_chunks::<Q>();
        let mut block = (begin - base) / LANES / B * B;
        while base + block * LANES < end {
            let keys = self.source.keys(base / LANES + block);
            // The values lie in the same order as the keys, and are read after all keys.
            let values = self.source.values((base + block * LANES) / PAGE);
            let values = &values[values.len() - keys.len()..];
            let scores = &mut self.scores[block * Q..][..B * Q];
            score::<L, S, Q, B>(lanes, queries, [keys, values], scores);
            block += B;
        }
    }

    /// Scores of further positions, over those that the row does not see.
    ///
    /// A block costs as much as one of its positions. Branches that grew side by side share blocks step by
    /// step, and those that were fed one behind the other have their own; so all rows go ahead together, and a
    /// few blocks are kept for all queries.
    #[inline(always)]
    fn score_further<L: Lanes, const Q: usize>(&mut self, lanes: L) {
        let base = self.base();
        let (queries, _) = self.queries.as_chunks::<Q>();
        let ranges = self.sights.iter().map(|sight| sight.further(base));
        let ranges = ranges.filter(|range| !range.is_empty());
        let begin = ranges.clone().map(|range| range.start).min().unwrap_or(base);
        let end = ranges.map(|range| range.end).max().unwrap_or(base);
        let mut kept = [(usize::MAX, [Float([0.0; LANES]); Q]); KEPT];
        for at in begin..end {
            let mut query = 0;
            for row in self.sights.chunk_by(|a, b| a.row == b.row) {
                let first = query;
                query += row.len();
                let Some(position) = row[0].position(base, at) else {
                    continue;
                };
                let block = position / LANES;
                let (scored, scores) = &mut kept[block % KEPT];
                if *scored != block {
                    let keys = self.source.keys(block);
                    score::<L, S, Q, 1>(lanes, queries, [keys, &[]], scores);
                    *scored = block;
                }
                let to = &mut self.scores[(at - base) / LANES * Q..][..Q];
                for (to, score) in to[first..query].iter_mut().zip(&scores[first..query]) {
                    to.0[at % LANES] = score.0[position % LANES];
                }
            }
        }
    }

    /// Makes weights of a query's scores, and begins its state.
    ///
    /// Weights are e^(score − largest score), not yet divided by their sum. Their sum is taken in
    /// 16 lanes, in which a position's lane is its number along the row's own sequence modulo 16;
    /// lanes that the row does not see add exactly nothing.
    #[inline(always)]
    fn weigh<L: Lanes, const Q: usize>(&mut self, lanes: L, query: usize) {
        let base = self.base();
        let within = self.sights[query].within(base);
        let state = self.lines_of(query);
        if within.is_empty() {
            begin(&mut self.state[state], f32::NEG_INFINITY, 0.0);
            return;
        }
        let (first, end) = (within.start - base, within.end - base);
        let blocks = first / LANES..end.div_ceil(LANES);
        let line = |block: usize| block * Q + query;
        for lane in 0..first % LANES {
            self.scores[line(blocks.start)].0[lane] = f32::NEG_INFINITY;
        }
        for lane in end - (blocks.end - 1) * LANES..LANES {
            self.scores[line(blocks.end - 1)].0[lane] = f32::NEG_INFINITY;
        }
        let mut largest = lanes.splat(f32::NEG_INFINITY);
        for block in blocks.clone() {
            largest = lanes.max(lanes.load(&self.scores[line(block)].0), largest);
        }
        let largest = lanes::largest(lanes, largest);
        let mut sum = lanes.splat(0.0);
        for block in blocks {
            let scores = &mut self.scores[line(block)].0;
            let weights = exp(lanes, lanes.sub(lanes.load(scores), lanes.splat(largest)));
            sum = lanes.add(sum, weights);
            lanes.store(weights, scores);
        }
        begin(&mut self.state[state], largest, lanes::sum(lanes, sum));
    }

    /// Adds the values before `seen`: those that all queries see for all at once, and what some of
    /// them see before and after for each.
    #[inline(always)]
    fn add_prefix<L: Lanes, const Q: usize, const W: usize>(&mut self, lanes: L) {
        let base = self.base();
        let ranges = self.sights.iter().map(|sight| sight.prefix(base));
        let begin = ranges.clone().map(|range| range.start).max().unwrap_or(base);
        let end = ranges.map(|range| range.end).min().unwrap_or(base);
        // Nothing is common: each adds all its own before.
        let (begin, end) = if begin < end { (begin, end) } else { (base + CHUNK, base + CHUNK) };
        for query in 0..Q {
            let own = self.sights[query].prefix(base);
            self.add_range::<L, 1, 4>(lanes, own.start..own.end.min(begin), query);
        }
        self.add_range::<L, Q, W>(lanes, begin..end, 0);
        for query in 0..Q {
            let own = self.sights[query].prefix(base);
            self.add_range::<L, 1, 4>(lanes, own.start.max(end)..own.end, query);
        }
    }

    /// Adds values of a range to the states of `N` queries from `first` on, page by page. The keys
    /// of the next chunk are asked for meanwhile, as they come next.
    #[inline(always)]
    fn add_range<L: Lanes, const N: usize, const W: usize>(
        &mut self,
        lanes: L,
        range: Range<usize>,
        first: usize,
    ) {
        let queries = self.sights.len();
        let mut begin = range.start;
        while begin < range.end {
            let page = begin / PAGE;
            let end = range.end.min((page + 1) * PAGE);
            let block = (page * PAGE - self.base()) / LANES;
            let next = page + CHUNK / PAGE;
            let more = next < self.source.pages.len();
            let weighted = Weighted {
                soon: if more { self.source.keys(next * PAGE_BLOCKS) } else { &[] },
                values: self.source.values(page),
                vectors: self.source.vectors(),
                weights: &self.scores[block * queries..],
                queries,
                positions: begin - page * PAGE..end - page * PAGE,
            };
            add_values::<L, S, N, W>(lanes, &weighted, first, self.state);
            begin = end;
        }
    }

    /// Adds the values of further positions, one by one, where the sum of the prefix ended.
    #[inline(always)]
    fn add_further<L: Lanes, const Q: usize>(&mut self, lanes: L, query: usize) {
        let base = self.base();
        let vectors = self.source.vectors();
        let sight = self.sights[query];
        let lines = self.lines_of(query);
        for at in sight.further(base) {
            let position = sight.further[at - sight.seen];
            let weight = self.scores[(at - base) / LANES * Q + query].0[at % LANES];
            let begin = position % PAGE * vectors;
            let value = &self.source.values(position / PAGE)[begin..begin + vectors];
            for (line, value) in self.state[lines.clone()][1..].iter_mut().zip(value) {
                let sum =
                    lanes.mul_add(lanes.splat(weight), value.load(lanes), lanes.load(&line.0));
                lanes.store(sum, &mut line.0);
            }
        }
    }
}
