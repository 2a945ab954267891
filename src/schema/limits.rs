//! How much a schema may ask for.

/// What reading a schema may need. Each has a default that real schemas stay far below.
///
/// ```
/// use tokenrail::schema::{Limits, Options, Schema};
///
/// let options = Options { limits: Limits { depth: 2, ..Limits::default() }, ..Options::default() };
/// let error = Schema::parse(r#"{"not": {"not": {}}}"#, &options).unwrap_err();
/// assert_eq!(error.to_string(), "nesting depth 3 is over the limit of 2 (line 1, column 17)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a schema's text: 16 MiB.
    pub bytes: usize,
    /// How deep arrays and objects are nested, in the schema and in documents it refers to: 500.
    pub depth: usize,
    /// The schemas within a schema that are found, reachable or not: 200,000.
    pub places: usize,
    /// The documents that references lead to: 100.
    pub documents: usize,
    /// The bytes of all schemas' JSON pointers together, in all places where they are kept: 64 MiB. Long keys that are nested deep would
    /// take far more memory than the text does.
    pub pointer_bytes: usize,
    /// How deep the groups of a pattern are nested: 200.
    pub nesting: usize,
    /// The parts of patterns, formats and ranges: 2 million.
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 500,
            places: 200_000,
            documents: 100,
            pointer_bytes: 64 << 20,
            nesting: 200,
            parts: 2_000_000,
        }
    }
}
