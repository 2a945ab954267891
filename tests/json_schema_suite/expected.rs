//! The rows that come out otherwise than the suite says, and why.

use super::schemas::suite::{Group, Row};

/// Rows that are expected to be decided otherwise. One that nothing is wrong with fails the test.
#[derive(Debug)]
pub(crate) struct Expected {
    /// The folder of a draft; empty for all.
    pub(crate) draft: &'static str,
    pub(crate) file: &'static str,
    /// The description of the group; empty for all.
    pub(crate) group: &'static str,
    /// What the description of the row holds.
    pub(crate) row: &'static str,
    pub(crate) reason: &'static str,
}

pub(crate) const EXPECTED: &[Expected] = &[Expected {
    draft: "",
    file: "format",
    group: "",
    row: "is only an annotation by default",
    reason: "known formats are asserted in every draft",
}];

impl Expected {
    /// Whether it is about a row.
    pub(crate) fn matches(&self, group: &Group, row: &Row) -> bool {
        (self.draft.is_empty() || self.draft == group.draft)
            && self.file == group.file
            && (self.group.is_empty() || self.group == group.description)
            && row.description.contains(self.row)
    }
}
