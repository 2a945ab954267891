//! Stands in for the languages of formats until they are joined.

pub(super) mod format {
    //! The languages of formats.

    use crate::regex::{ExprId, Exprs};

    /// A format's language, and how near it comes.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Format {
        pub(crate) language: ExprId,
        pub(crate) exactness: Exactness,
    }

    /// How near a language comes to what a format says.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Exactness {
        Exact,
        Over(&'static str),
        Under(&'static str),
    }

    const EXACT: [&str; 17] = [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "uuid",
        "hostname",
    ];

    /// The language of a format that is known.
    pub(crate) fn language(exprs: &mut Exprs, name: &str) -> Option<Format> {
        let exactness = match name {
            "regex" => Exactness::Under("groups are nested six deep at most"),
            "idn-hostname" => Exactness::Over("labels are not decoded"),
            _ if EXACT.contains(&name) => Exactness::Exact,
            _ => return None,
        };
        Some(Format { language: exprs.any_text(), exactness })
    }
}

