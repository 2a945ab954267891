//! Rows through all layers of a transformer.
//!
//! Root-mean-square norm, grouped-query attention with rotary positions, gated feed-forward with
//! SiLU (Touvron et al. 2023). Each half of a layer adds to the hidden states what it finds.
//!
//! For each layer, `x` the hidden states of a row:
//!
//! ```text
//! q, k, v = projections · norm(x)      rotated by the row's position; k and v go to the cache
//! x += attention_output · attend(q)    over the positions that the row sees
//! x += down · (silu(gate · y) ⊙ up · y) where y = norm(x)
//! ```
//!
//! A pass of one token is five products a layer, each divided among the threads; what stands between
//! them is done by the caller alone, as waking others would take longer. With many rows it is divided
//! by rows.
//!
//! Products leave tiles, `[groups of 16 outputs][rows][16]`, so that threads write apart from each
//! other; whoever reads them next gathers its row from them.

use super::FastEngine;
use super::attention::{Attention, Machine, Queries, Visible};
use super::cache;
use super::kernels::{self, ActivationTile, LANES, Matrix, Precision};
use super::pool::split_mut;
use super::rows::{self, RmsNorm, Rotation};
use super::weights::{Joined, Layer};
use crate::model::local::Activations;
use crate::model::local::config::Config;
use crate::model::local::engine::{Head, Pass};
use crate::model::local::families::Activation;
use crate::vocab::{TokenId, TokenMask};

/// Rows of which the logits are computed at once: bounds what stands in tiles.
const HEAD_ROWS: usize = 32;

/// Groups of a product that are worth waking a thread for.
const LEAST_GROUPS: usize = 4;

/// Rows that are worth waking a thread for, between products.
const LEAST_ROWS: usize = 8;

/// What a pass writes to, kept for the next.
#[derive(Debug)]
pub(super) struct Workspace {
    /// `[rows, width]`
    hidden: Vec<f32>,
    /// Rows of `width`, before products.
    normed: kernels::Activations,
    /// What attention found, `[rows, heads · head_width]`, and the same before a product.
    found: Vec<f32>,
    heads: kernels::Activations,
    /// Rows of the feed-forward's width.
    gated: kernels::Activations,
    /// What products left.
    tiles: Vec<f32>,
    /// Groups of the head's outputs that have a wanted token.
    groups: Vec<usize>,
    /// Rows of `width` that are normalized before they are added.
    found_rows: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    /// `[rotations][rows, head_width / 2]` each.
    cos: Vec<f32>,
    sin: Vec<f32>,
    attention: Attention,
}

impl Workspace {
    pub(super) fn new(config: &Config, activations: Activations) -> Self {
        let precision = match activations {
            Activations::EightBit => Precision::Quantized,
            Activations::Float32 => Precision::Float32,
        };
        let rows_of = |inputs| kernels::Activations::new(inputs, precision);
        Self {
            hidden: Vec::new(),
            normed: rows_of(config.width),
            found: Vec::new(),
            heads: rows_of(config.heads * config.head_width),
            gated: rows_of(config.feed_forward),
            tiles: Vec::new(),
            groups: Vec::new(),
            found_rows: Vec::new(),
            queries: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            cos: Vec::new(),
            sin: Vec::new(),
            attention: Attention::default(),
        }
    }
}

/// What the rows of a pass see in a layer.
#[derive(Debug, Clone, Copy)]
struct Window<'a> {
    visible: &'a [Visible<'a>],
    /// So many last positions, or all.
    last: Option<usize>,
}

impl FastEngine {
    /// Runs a pass, appends to the cache, and gives the logits behind the chosen rows.
    pub(super) fn run(
        &self,
        pass: &Pass<'_>,
        cache: &mut cache::Cache,
        head: Head<'_>,
        work: &mut Workspace,
    ) -> Vec<f32> {
        self.embed(pass, work);
        let sights = pass.sights.iter();
        let visible: Vec<Visible<'_>> =
            sights.map(|sight| Visible { seen: sight.seen, further: &sight.further }).collect();
        for (index, layer) in self.weights.layers.iter().enumerate() {
            let sight = Window { visible: &visible, last: self.config.window(index) };
            let rotation = self.config.rotation(index);
            self.project(layer, rotation, visible.len(), work);
            self.attend(layer, cache.layer_mut(index), sight, work);
            self.feed_forward(layer, work);
        }
        self.logits(head, work)
    }

    /// Looks up the rows of the tokens, and works out their rotations. The angles are taken in 64
    /// bits, and only their cosines and sines are rounded.
    fn embed(&self, pass: &Pass<'_>, work: &mut Workspace) {
        let width = self.config.width;
        work.hidden.resize(pass.tokens.len() * width, 0.0);
        for (token, row) in pass.tokens.iter().zip(work.hidden.chunks_exact_mut(width)) {
            self.weights.embedding.row(token.index(), row);
        }
        if self.config.embedding_scale != 1.0 {
            rows::scale(self.set, &mut work.hidden, self.config.embedding_scale as f32);
        }
        work.cos.clear();
        work.sin.clear();
        for frequencies in &self.rotations {
            for &position in pass.positions {
                for frequency in frequencies {
                    let (sin, cos) = (position as f64 * frequency).sin_cos();
                    work.sin.push(sin as f32);
                    work.cos.push(cos as f32);
                }
            }
        }
    }

    /// The first half of a layer begins: the queries, keys and values of the rows.
    fn project(&self, layer: &Layer, rotation: usize, count: usize, work: &mut Workspace) {
        self.normalize(&work.hidden, &layer.attention_norm, &mut work.normed);
        self.multiply(&layer.projections, &work.normed, &mut work.tiles);
        self.rotate(layer, rotation, count, work);
    }

    /// The first half goes on: what the rows find in what came before.
    fn attend(
        &self,
        layer: &Layer,
        cache: &mut cache::Layer,
        Window { visible, last }: Window<'_>,
        work: &mut Workspace,
    ) {
        let Config { heads, head_width, .. } = self.config;
        cache.append(self.set, &work.keys, &work.values);
        let scale = self.config.attention_scale as f32;
        let queries = Queries { rows: &work.queries, visible, window: last, scale };
        work.found.resize(work.queries.len(), 0.0);
        let machine = Machine { pool: &self.pool, set: self.set };
        work.attention.attend(machine, cache, queries, &mut work.found);
        self.fill(&mut work.heads, visible.len(), |row, values| {
            values.copy_from_slice(&work.found[row * heads * head_width..][..values.len()]);
        });
        self.multiply(&layer.attention_output, &work.heads, &mut work.tiles);
        self.add(layer.post_norms.as_ref().map(|[norm, _]| norm), work);
    }

    /// The second half of a layer: `down(activation(gate) · up)`.
    fn feed_forward(&self, layer: &Layer, work: &mut Workspace) {
        self.normalize(&work.hidden, &layer.feed_forward_norm, &mut work.normed);
        self.multiply(&layer.gate_up, &work.normed, &mut work.tiles);
        let rows = work.normed.rows();
        let (gate, up) = work.tiles.split_at_mut(rows * self.config.feed_forward);
        let ranges = self.pool.split(self.config.feed_forward / LANES, LEAST_GROUPS * LEAST_ROWS);
        let width = rows * LANES;
        let gates = split_mut(gate, width, ranges);
        self.pool.scatter(gates, |(range, gate)| {
            let up = &up[range.start * width..range.end * width];
            match self.config.build.activation {
                Activation::Silu => rows::silu(self.set, gate, up),
                Activation::Gelu => rows::gelu(self.set, gate, up),
            }
        });
        let gate = &*gate;
        self.fill(&mut work.gated, rows, |row, values| gather((gate, rows), row, values));
        self.multiply(&layer.down, &work.gated, &mut work.tiles);
        self.add(layer.post_norms.as_ref().map(|[_, norm]| norm), work);
    }

    /// The logits that are asked for: only their rows go through the head, which in a small model has a
    /// fifth of the weights, and of the head only the groups that have a wanted token.
    fn logits(&self, Head { rows, wanted }: Head<'_>, work: &mut Workspace) -> Vec<f32> {
        let Config { width, vocabulary, norm_epsilon, .. } = self.config;
        let norm = RmsNorm { weight: &self.weights.norm, epsilon: norm_epsilon as f32 };
        let unknown = if wanted.is_some() { f32::NEG_INFINITY } else { 0.0 };
        let mut logits = vec![unknown; rows.len() * vocabulary];
        for (rows, logits) in rows.chunks(HEAD_ROWS).zip(logits.chunks_mut(HEAD_ROWS * vocabulary))
        {
            let hidden = &work.hidden;
            self.fill(&mut work.normed, rows.len(), |row, values| {
                rows::rms_norm(self.set, norm, &hidden[rows[row] * width..][..width], values);
            });
            match wanted {
                Some(wanted) => self.some_logits(wanted, logits, work),
                None => self.all_logits(logits, work),
            }
        }
        logits
    }

    /// The logits of all tokens behind the rows that were normalized.
    fn all_logits(&self, logits: &mut [f32], work: &mut Workspace) {
        let (vocabulary, count) = (self.config.vocabulary, work.normed.rows());
        self.multiply_one(self.weights.head(), &work.normed, &mut work.tiles);
        let tiles = &work.tiles[..];
        let ranges = self.pool.split(count, 1);
        self.pool.scatter(split_mut(logits, vocabulary, ranges), |(range, logits)| {
            for (row, logits) in range.zip(logits.chunks_exact_mut(vocabulary)) {
                gather((tiles, count), row, logits);
            }
        });
    }

    /// The logits of wanted tokens behind the rows that were normalized.
    fn some_logits(&self, wanted: &TokenMask, logits: &mut [f32], work: &mut Workspace) {
        let (vocabulary, count) = (self.config.vocabulary, work.normed.rows());
        let ids = || wanted.iter().map(TokenId::index).take_while(|&id| id < vocabulary);
        work.groups.clear();
        work.groups.extend(ids().map(|id| id / LANES));
        work.groups.dedup();
        let width = count * LANES;
        work.tiles.resize(work.groups.len() * width, 0.0);
        let (groups, rows) = (&work.groups[..], &work.normed);
        let ranges = self.pool.split(groups.len(), LEAST_GROUPS);
        self.pool.scatter(split_mut(&mut work.tiles, width, ranges), |(range, tiles)| {
            for (&group, tile) in groups[range].iter().zip(tiles.chunks_exact_mut(width)) {
                self.kernels.multiply(self.weights.head(), group..group + 1, rows, tile);
            }
        });
        for (row, logits) in logits.chunks_exact_mut(vocabulary).enumerate() {
            let mut tiles = groups.iter().zip(work.tiles.chunks_exact(width)).peekable();
            for id in ids() {
                while tiles.next_if(|&(&group, _)| group < id / LANES).is_some() {}
                if let Some((_, tile)) = tiles.peek() {
                    logits[id] = tile[row * LANES + id % LANES];
                }
            }
        }
    }

    /// Takes queries, keys and values from the tiles; normalizes and rotates the first two.
    fn rotate(&self, layer: &Layer, rotation: usize, count: usize, work: &mut Workspace) {
        let Config { heads, kv_heads, head_width, .. } = self.config;
        let (queries, keys) = (heads * head_width, kv_heads * head_width);
        work.queries.resize(count * queries, 0.0);
        work.keys.resize(count * keys, 0.0);
        work.values.resize(count * keys, 0.0);
        let (query_tiles, rest) = work.tiles.split_at(count * queries);
        let (key_tiles, value_tiles) = rest.split_at(count * keys);
        let ranges = self.pool.split(count, LEAST_ROWS);
        let parts = split_mut(&mut work.queries, queries, ranges.clone())
            .zip(split_mut(&mut work.keys, keys, ranges.clone()))
            .zip(split_mut(&mut work.values, keys, ranges));
        let half = head_width / 2;
        let [cos, sin] = [&work.cos, &work.sin].map(|all| &all[rotation * count * half..]);
        let bias = |row: &mut [f32], begin: usize| {
            if let Some(biases) = &layer.biases {
                rows::add(self.set, row, &biases[begin..begin + row.len()]);
            }
        };
        self.pool.scatter(parts, |(((range, query), (_, key)), (_, value))| {
            for (at, row) in range.enumerate() {
                let rotation =
                    Rotation { cos: &cos[row * half..][..half], sin: &sin[row * half..][..half] };
                let query = &mut query[at * queries..][..queries];
                gather((query_tiles, count), row, query);
                bias(query, 0);
                self.turn(query, layer.head_norms.as_ref().map(|[norm, _]| norm), rotation);
                let key = &mut key[at * keys..][..keys];
                gather((key_tiles, count), row, key);
                bias(key, queries);
                self.turn(key, layer.head_norms.as_ref().map(|[_, norm]| norm), rotation);
                let value = &mut value[at * keys..][..keys];
                gather((value_tiles, count), row, value);
                bias(value, queries + keys);
            }
        });
    }

    /// Normalizes each head of a row, if there is something to do it with, and rotates it.
    fn turn(&self, row: &mut [f32], norm: Option<&Vec<f32>>, rotation: Rotation<'_>) {
        let Config { head_width, norm_epsilon, .. } = self.config;
        if let Some(weight) = norm {
            let norm = RmsNorm { weight, epsilon: norm_epsilon as f32 };
            row.chunks_exact_mut(head_width)
                .for_each(|head| rows::rms_norm_in_place(self.set, norm, head));
        }
        rows::rotate(self.set, row, head_width, rotation);
    }

    /// Normalizes rows for a product.
    fn normalize(&self, hidden: &[f32], weight: &[f32], normed: &mut kernels::Activations) {
        let width = self.config.width;
        let norm = RmsNorm { weight, epsilon: self.config.norm_epsilon as f32 };
        self.fill(normed, hidden.len() / width, |row, values| {
            rows::rms_norm(self.set, norm, &hidden[row * width..][..width], values);
        });
    }

    /// Fills rows for a product, and rounds them if they are to be.
    ///
    /// `write` is given the number of a row and where its values go. Rows are filled in tiles of up to
    /// eight, which threads take in turn; which of them takes which makes no difference to a bit.
    fn fill(
        &self,
        activations: &mut kernels::Activations,
        count: usize,
        write: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let width = activations.inputs();
        let fill = |(first, tile): (usize, ActivationTile<'_>)| {
            tile.fill(self.kernels, |values| {
                for (at, values) in values.chunks_exact_mut(width).enumerate() {
                    write(first + at, values);
                }
            });
        };
        let tiles = activations.tiles_mut(count).scan(0, |next, tile| {
            let first = *next;
            *next += tile.rows();
            Some((first, tile))
        });
        match count {
            1 => tiles.for_each(fill),
            _ => self.pool.scatter(tiles, fill),
        }
    }

    /// Multiplies matrices by the same rows; their tiles stand one behind the other.
    fn multiply(&self, matrices: &Joined, rows: &kernels::Activations, tiles: &mut Vec<f32>) {
        let groups: usize = matrices.0.iter().map(Matrix::groups).sum();
        tiles.resize(groups * rows.rows() * LANES, 0.0);
        let mut rest = &mut tiles[..];
        for matrix in &matrices.0 {
            let own = matrix.groups() * rows.rows() * LANES;
            let (own, behind) = std::mem::take(&mut rest).split_at_mut(own);
            rest = behind;
            self.multiply_into(matrix, rows, own);
        }
    }

    /// Multiplies one matrix by rows.
    fn multiply_one(&self, matrix: &Matrix, rows: &kernels::Activations, tiles: &mut Vec<f32>) {
        tiles.resize(matrix.groups() * rows.rows() * LANES, 0.0);
        self.multiply_into(matrix, rows, tiles);
    }

    /// Divides the groups of a matrix among the threads, each of which writes its own tiles.
    fn multiply_into(&self, matrix: &Matrix, rows: &kernels::Activations, tiles: &mut [f32]) {
        let ranges = self.pool.split(matrix.groups(), LEAST_GROUPS);
        self.pool.scatter(split_mut(tiles, rows.rows() * LANES, ranges), |(range, tiles)| {
            self.kernels.multiply(matrix, range, rows, tiles);
        });
    }

    /// Adds what a product left to the hidden states, normalized if there is something to do it with.
    fn add(&self, norm: Option<&Vec<f32>>, work: &mut Workspace) {
        let width = self.config.width;
        if let Some(weight) = norm {
            return self.add_normalized(weight, work);
        }
        let Workspace { tiles, hidden, .. } = work;
        let count = hidden.len() / width;
        if count == 1 {
            // The tiles of one row are that row.
            return rows::add(self.set, hidden, &tiles[..width]);
        }
        let ranges = self.pool.split(count, LEAST_ROWS);
        self.pool.scatter(split_mut(hidden, width, ranges), |(range, hidden)| {
            for (row, hidden) in range.zip(hidden.chunks_exact_mut(width)) {
                for (group, values) in hidden.chunks_mut(LANES).enumerate() {
                    let found = &tiles[(group * count + row) * LANES..];
                    values.iter_mut().zip(found).for_each(|(value, found)| *value += found);
                }
            }
        });
    }

    /// Adds what a product left, normalized: where a family has norms behind its halves.
    fn add_normalized(&self, weight: &[f32], work: &mut Workspace) {
        let width = self.config.width;
        let Workspace { tiles, hidden, found_rows, .. } = work;
        found_rows.resize(hidden.len(), 0.0);
        let (tiles, count) = (&tiles[..], hidden.len() / width);
        let norm = RmsNorm { weight, epsilon: self.config.norm_epsilon as f32 };
        let ranges = self.pool.split(count, LEAST_ROWS);
        let parts =
            split_mut(hidden, width, ranges.clone()).zip(split_mut(found_rows, width, ranges));
        self.pool.scatter(parts, |((range, hidden), (_, found))| {
            let rows = hidden.chunks_exact_mut(width).zip(found.chunks_exact_mut(width));
            for (row, (hidden, found)) in range.zip(rows) {
                gather((tiles, count), row, found);
                rows::rms_norm_in_place(self.set, norm, found);
                rows::add(self.set, hidden, found);
            }
        });
    }
}

/// Copies a row from tiles of so many rows.
fn gather((tiles, count): (&[f32], usize), row: usize, values: &mut [f32]) {
    for (group, values) in values.chunks_mut(LANES).enumerate() {
        values.copy_from_slice(&tiles[(group * count + row) * LANES..][..values.len()]);
    }
}
