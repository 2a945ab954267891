//! The drafts of JSON Schema.

use std::fmt;

/// A draft of JSON Schema, oldest first.
///
/// ```
/// use tokenrail::schema::Draft;
///
/// assert_eq!(Draft::from_address("http://json-schema.org/draft-07/schema#"), Some(Draft::Draft7));
/// assert!(Draft::Draft4 < Draft::Draft202012);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Draft {
    /// Draft 4, of 2013.
    Draft4,
    /// Draft 6, of 2017.
    Draft6,
    /// Draft 7, of 2018.
    Draft7,
    /// Draft 2019-09.
    Draft201909,
    /// Draft 2020-12, the newest.
    Draft202012,
}

impl Draft {
    /// Every draft, oldest first.
    pub const ALL: [Self; 5] =
        [Self::Draft4, Self::Draft6, Self::Draft7, Self::Draft201909, Self::Draft202012];

    /// The draft that an address in `$schema` names, with `http` or `https`, with or without the `#`
    /// at its end; `None` for any other address.
    #[must_use]
    pub fn from_address(address: &str) -> Option<Self> {
        let address = address.strip_suffix('#').unwrap_or(address);
        let rest = address.strip_prefix("https:").or_else(|| address.strip_prefix("http:"))?;
        Self::ALL
            .into_iter()
            .find(|draft| draft.address().split_once(':').expect("a scheme").1 == rest)
    }

    /// The address of its metaschema, without a `#` at its end.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::Draft4 => "http://json-schema.org/draft-04/schema",
            Self::Draft6 => "http://json-schema.org/draft-06/schema",
            Self::Draft7 => "http://json-schema.org/draft-07/schema",
            Self::Draft201909 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft202012 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The keyword that gives a schema its address.
    pub(crate) fn id_keyword(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }

    /// Whether `$ref` hides what stands beside it.
    pub(crate) fn hides_siblings_of_references(self) -> bool {
        self <= Self::Draft7
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft4 => "draft 4",
            Self::Draft6 => "draft 6",
            Self::Draft7 => "draft 7",
            Self::Draft201909 => "draft 2019-09",
            Self::Draft202012 => "draft 2020-12",
        })
    }
}
