//! From a schema's text to what it asserts: references resolved, drafts read, keywords checked.
//!
//! `registry` and `scan` find the schemas of all documents and what names them; `loader` walks from
//! the root through what is used; `table` has the keywords, and the other files read one family
//! each. `policy` decides about what is not enforced.
//!
//! Nothing is loaded that the root does not lead to, so that a large `$defs` costs only the search
//! for names in it.

mod address;
mod arrays;
mod branches;
mod count;
mod dialect;
mod loader;
mod notes;
mod numbers;
mod objects;
mod policy;
mod reader;
mod references;
mod registry;
mod same;
mod scan;
mod table;
mod texts;
mod types;

pub(super) use loader::white_space;

use super::error::SchemaError;
use super::json::Json;
use super::keywords::{Assertions, Keywords, Place, SchemaId};
use super::number::Numbers;
use super::options::Options;
use super::report::Report;
use crate::regex::{ExprId, Exprs};

/// What all schemas assert that a root leads to.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// By [`SchemaId`].
    pub(crate) places: Vec<Place>,
    pub(crate) root: SchemaId,
    /// By [`ResourceId`](super::keywords::ResourceId).
    pub(crate) resources: Vec<Resource>,
    /// The languages that the places name.
    pub(crate) exprs: Exprs,
    pub(crate) numbers: Numbers,
    /// The language of the white space between tokens.
    pub(crate) white_space: ExprId,
    pub(crate) report: Report,
}

/// A resource: what dynamic references find in it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Names that dynamic references have; empty where `$recursiveAnchor` is set.
    pub(crate) dynamic_anchors: Vec<(String, SchemaId)>,
}

impl Document {
    /// What a schema says of every value alike, if that is all it says.
    pub(crate) fn always(&self, schema: SchemaId) -> Option<bool> {
        match &self.places[schema.index()].assertions {
            Assertions::Always(value) => Some(*value),
            Assertions::Keywords(_) => None,
        }
    }

    /// The keywords of all schemas.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = &Keywords> {
        self.places.iter().filter_map(|place| match &place.assertions {
            Assertions::Keywords(keywords) => Some(&**keywords),
            Assertions::Always(_) => None,
        })
    }

    /// Names the first of all schemas that say the same wherever one of them is named.
    pub(crate) fn unite(&mut self) {
        self.root = same::unite(&mut self.places, self.root, &self.resources);
    }

    /// Loads the document of a root.
    ///
    /// # Errors
    /// [`SchemaError`] where a keyword is wrong, a reference leads nowhere, a limit is passed, or the
    /// policy refuses a keyword.
    pub(crate) fn load(json: Json, options: &Options) -> Result<Self, SchemaError> {
        loader::load(json, options)
    }
}

#[cfg(test)]
mod tests;
