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

pub(crate) const EXPECTED: &[Expected] = &[
    Expected {
        draft: "",
        file: "format",
        group: "",
        row: "is only an annotation by default",
        reason: "known formats are asserted in every draft",
    },
    Expected {
        draft: "draft7",
        file: "optional/content",
        group: "",
        row: "invalid",
        reason: "contentEncoding and contentMediaType are annotations, as in all other drafts",
    },
    Expected {
        draft: "",
        file: "optional/format/ecmascript-regex",
        group: "",
        row: "named backreference",
        reason: "the format regex is reported as under: back-references are left out",
    },
    Expected {
        draft: "",
        file: "optional/format/hostname",
        group: "",
        row: "",
        reason: "the format hostname is reported as under: labels with Punycode are left out",
    },
    Expected {
        draft: "",
        file: "optional/format/idn-hostname",
        group: "",
        row: "",
        reason: "the shortest text takes more automaton states than the limit",
    },
];

impl Expected {
    /// Whether it is about a row.
    pub(crate) fn matches(&self, group: &Group, row: &Row) -> bool {
        (self.draft.is_empty() || self.draft == group.draft)
            && self.file == group.file
            && (self.group.is_empty() || self.group == group.description)
            && row.description.contains(self.row)
    }
}
