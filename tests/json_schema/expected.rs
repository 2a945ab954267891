//! Schemas of the sample that do not pass, and why.

/// A schema by its id, and why it does not pass. One that passes all the same fails the test.
pub(crate) const EXPECTED: &[(&str, &str)] = &[];
