//! Tokenrail makes language models decide and obey.
pub mod model;
pub mod store;
pub mod vocab;
