//! Schemas of the sample that do not pass, and why.

/// A schema by its id, and why it does not pass. One that passes all the same fails the test.
pub(crate) const EXPECTED: &[(&str, &str)] = &[
    ("Handwritten---allOfPProp10", "no value is valid: what is required may not be there"),
    ("Handwritten---object7", "no value is valid: more members are required than may come"),
];
