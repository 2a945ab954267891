//! JSON Schema: what values a document's schemas allow.

mod number;
