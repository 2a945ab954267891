//! What judges the engine of JSON Schema: corpora, instances as texts, and the run of one schema.
//!
//! Shared by the tests, by `benches/maskbench.rs` and by the crate `benches/peers`, which runs another
//! engine through the same code.
#![allow(dead_code, reason = "each target uses its own part")]

pub(crate) mod corpus;
pub(crate) mod engine;
pub(crate) mod figures;
pub(crate) mod json_text;
pub(crate) mod suite;
pub(crate) mod trial;
pub(crate) mod vocabularies;
