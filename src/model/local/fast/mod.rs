//! The fast engine: a transformer's pass on a CPU by kernels of our own.
//!
//! Weights stay as the file has them and are read once a pass; activations are rounded to eight bits
//! where they meet quantized weights, or kept in float32 if asked for. What a layer does between its
//! products is fused into few walks over its rows, and buffers are kept from one pass to the next.
//!
//! The law of this module: what is computed for a row is the same, bit for bit, on every
//! instruction set, for any number of threads, alone or among other rows, and for the node of a
//! tree as for the path to it fed alone. Each sum has one order, which the row alone decides.
//!
//! - `kernels`: packed weights, and their products with rows.
//! - `half`: numbers of 16 bits.
//! - `lanes`: arithmetic on 16 numbers at once, by the instruction set of the machine.
//! - `pool`: threads that fork and join between the steps of a pass.
//! - `rows`: normalization, gates, rotation.
//! - `cache`: keys and values in pages, which forks share.
//! - `attention`: what rows find in a cache.
//! - `weights`: a model's weights, packed from its file.
//! - `pass`: rows through all layers.
//!
//! Between them a pass keeps its rows in plain slices of float32. What is divided among threads is
//! divided by rows, by heads, or by chunks of positions, and each thread writes its own slice.

mod attention;
mod cache;
mod half;
mod kernels;
mod lanes;
mod pass;
mod pool;
mod rows;
mod weights;

use std::io;
use std::sync::{Mutex, PoisonError};

use super::config::Config;
use super::engine::{Engine, Head, Pass};
use super::saved::{Reader, Writer};
use super::source::Source;
use super::{Activations, Footprint};
use crate::model::ModelError;
use cache::Cache;
use kernels::Kernels;
use lanes::Set;
use pass::Workspace;
use pool::Pool;
use weights::Weights;

/// A model's weights packed for this machine, and the threads that run them.
#[derive(Debug)]
pub(super) struct FastEngine {
    config: Config,
    rotations: Vec<Vec<f64>>,
    activations: Activations,
    weights: Weights,
    pool: Pool,
    kernels: &'static Kernels,
    set: Set,
    /// Buffers of passes that are over; a pass takes one, or makes the first.
    workspaces: Mutex<Vec<Workspace>>,
}

impl FastEngine {
    /// Loads all weights.
    ///
    /// # Errors
    /// As those of the reference; [`ModelError::Unsupported`] for what [`supports`] refuses.
    pub(super) fn load(
        config: Config,
        source: &mut Source,
        (activations, threads): (Activations, usize),
    ) -> Result<Self, ModelError> {
        supports(&config)?;
        let weights = Weights::load(&config, source, threads)?;
        Ok(Self {
            rotations: config.rotations(),
            config,
            activations,
            weights,
            pool: Pool::new(threads),
            kernels: Kernels::detect(),
            set: Set::detect(),
            workspaces: Mutex::default(),
        })
    }

    /// What a pass of one token reads, and what it runs on.
    pub(super) fn footprint(&self) -> Footprint {
        Footprint {
            weight_bytes: self.weights.bytes(),
            instructions: self.kernels.name(),
            threads: self.pool.threads(),
        }
    }
}

/// Whether this engine runs a model: heads and feed-forwards of whole vectors.
///
/// # Errors
/// [`ModelError::Unsupported`] with the number that does not fit.
pub(super) fn supports(config: &Config) -> Result<(), ModelError> {
    let numbers = [("head width", config.head_width), ("feed-forward width", config.feed_forward)];
    match numbers.into_iter().find(|(_, number)| !number.is_multiple_of(kernels::LANES)) {
        None => Ok(()),
        Some((what, number)) => Err(ModelError::Unsupported {
            what,
            found: format!("{number} by the fast backend"),
            known: "multiples of 16; any by the reference backend",
        }),
    }
}

impl Engine for FastEngine {
    type Cache = Cache;

    fn config(&self) -> &Config {
        &self.config
    }

    fn precision(&self) -> &'static str {
        match self.activations {
            Activations::EightBit => "8-bit activations",
            Activations::Float32 => "float32, fused",
        }
    }

    fn empty_cache(&self) -> Cache {
        let Config { layers, kv_heads, head_width, .. } = self.config;
        let precision = match self.activations {
            Activations::EightBit => cache::Precision::Half,
            Activations::Float32 => cache::Precision::Float,
        };
        Cache::new(layers, cache::Shape { kv_heads, head_width }, precision)
    }

    fn truncate(&self, cache: &mut Cache, len: usize) {
        cache.truncate(len);
    }

    fn bytes(&self, cache: &Cache) -> usize {
        cache.bytes()
    }

    fn save(&self, cache: &Cache, to: &mut Writer<'_>) -> io::Result<()> {
        cache.save(&mut |block| to.block(block))
    }

    fn restore(&self, len: usize, from: &mut Reader<'_>) -> Result<Cache, ModelError> {
        let mut cache = self.empty_cache();
        cache.restore(len, &mut |block| from.block(block))?;
        Ok(cache)
    }

    fn forward(
        &self,
        pass: &Pass<'_>,
        cache: &mut Cache,
        head: Head<'_>,
    ) -> Result<Vec<f32>, ModelError> {
        let known = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut work = known.unwrap_or_else(|| Workspace::new(&self.config, self.activations));
        let logits = self.run(pass, cache, head, &mut work);
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(work);
        Ok(logits)
    }
}
