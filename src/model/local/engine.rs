//! What runs the layers: the face that the engines of this machine have in common.
//!
//! An engine holds weights and is shared; what changes with a sequence is its cache. A pass is a list of
//! rows, of which each says where it stands and what it sees of the cache, so that tokens and the nodes of
//! trees are the same to an engine. Checks are made before it is called: rows are within the vocabulary
//! and the context, and what they see is there.

use std::fmt::Debug;
use std::io;
use std::ops::Range;

use super::config::Config;
use super::saved::{Reader, Writer};
use crate::model::ModelError;
use crate::vocab::{TokenId, TokenMask};

/// Weights, and how tokens are run through them.
///
/// Two are here: [`super::reference`], float32 by tensors, and [`super::fast`], by kernels of its own.
pub(super) trait Engine: Debug + Send + Sync + 'static {
    /// The keys and values of one sequence. A clone is a fork that shares what there is.
    /// Law: a fork and its original go on as if each were alone.
    type Cache: Debug + Clone + Send;

    /// The numbers that describe the model.
    fn config(&self) -> &Config;

    /// How numbers are made, as results say it.
    fn precision(&self) -> &'static str;

    /// The cache of a sequence that has been fed nothing.
    fn empty_cache(&self) -> Self::Cache;

    /// Forgets all positions of a cache from `len` on.
    fn truncate(&self, cache: &mut Self::Cache, len: usize);

    /// The bytes of a cache, of which others may share parts.
    fn bytes(&self, cache: &Self::Cache) -> usize;

    /// Writes a cache, blocks that `restore` knows the lengths of.
    fn save(&self, cache: &Self::Cache, to: &mut Writer<'_>) -> io::Result<()>;

    /// Reads what `save` wrote of a cache of `len` positions.
    ///
    /// # Errors
    /// [`ModelError::BrokenSession`], before much more is allocated than was read.
    fn restore(&self, len: usize, from: &mut Reader<'_>) -> Result<Self::Cache, ModelError>;

    /// Runs a pass and appends to the cache. Gives the logits that follow the chosen rows, one row of
    /// `vocabulary` behind the other.
    ///
    /// # Errors
    /// Those of the backend. The cache may then be longer by some of the rows.
    fn forward(
        &self,
        pass: &Pass<'_>,
        cache: &mut Self::Cache,
        head: Head<'_>,
    ) -> Result<Vec<f32>, ModelError>;
}

/// The logits that are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// Behind these rows of the pass, ascending.
    pub(super) rows: &'a [usize],
    /// Of these tokens; the others get −∞. All where there is none.
    pub(super) wanted: Option<&'a TokenMask>,
}

/// The rows of one pass: tokens of a sequence, or of a tree behind it.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) tokens: &'a [TokenId],
    /// Where each stands in its own sequence, from 0; nodes of a tree may share one.
    pub(super) positions: &'a [usize],
    /// The positions of the cache that each row sees, itself among them.
    pub(super) sights: &'a [Sight],
}

/// What a row sees of the cache.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// All positions before this.
    pub(super) seen: usize,
    /// Further ones behind, in the order of the row's own sequence: of a tree, its ancestors and
    /// itself.
    pub(super) further: Vec<usize>,
}

impl Sight {
    /// What is seen through a window on the last positions of the row's own sequence: a range of the
    /// cache, and further positions.
    pub(super) fn within(&self, window: Option<usize>) -> (Range<usize>, &[usize]) {
        let count = self.seen + self.further.len();
        let first = count.saturating_sub(window.unwrap_or(count));
        (first.min(self.seen)..self.seen, &self.further[first.saturating_sub(self.seen)..])
    }
}
