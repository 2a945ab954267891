//! JSON Schema: what the values of a document must be.

mod format;
mod text;
