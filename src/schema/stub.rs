//! Stands in for the languages of patterns, formats and numbers until they are joined.
//!
//! Shapes are the agreed ones; languages are the widest there are. Patterns that the notation of
//! `regex` has are read by it, and what it does not have is refused, so that errors can be tested.

use crate::regex::{ExprId, Exprs, PatternError, PatternErrorKind, PatternLimits, Syntax, parse};

/// The texts in which a pattern occurs.
pub(super) fn parse_search(
    exprs: &mut Exprs,
    pattern: &str,
    syntax: &Syntax,
    limits: &PatternLimits,
) -> Result<ExprId, PatternError> {
    match parse(pattern, syntax, limits, exprs) {
        Err(PatternError { offset, kind: PatternErrorKind::Unsupported(what) })
            if what.contains("back-reference") =>
        {
            Err(PatternError { offset, kind: PatternErrorKind::Unsupported(what) })
        }
        _ => Ok(exprs.any_text()),
    }
}

/// The texts of so many characters.
pub(super) fn length_between(exprs: &mut Exprs, _min: u64, _max: Option<u64>) -> ExprId {
    exprs.any_text()
}

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

pub(super) mod number {
    //! The languages of numbers.

    use std::fmt;

    use crate::regex::{ExprId, Exprs};

    /// How numbers may be written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Spelling {
        /// Plain, or in scientific notation with one digit before the point.
        #[default]
        Usual,
        /// In any notation that JSON has.
        Any,
    }

    /// Whether a bound is itself allowed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Bound {
        Inclusive,
        Exclusive,
    }

    /// An exact decimal.
    #[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
    pub(crate) struct Decimal(f64);

    impl Decimal {
        pub(crate) fn parse(text: &str) -> Option<Self> {
            text.parse().ok().map(Self)
        }
    }

    /// A number too large to decide.
    #[derive(Debug)]
    pub(crate) struct NumberError;

    impl fmt::Display for NumberError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("its divisor is too large")
        }
    }

    /// The languages of numbers in a spelling.
    #[derive(Debug, Clone)]
    pub(crate) struct Numbers(ExprId);

    impl Numbers {
        pub(crate) fn new(_exprs: &mut Exprs, _spelling: Spelling) -> Self {
            Self(ExprId::ANYTHING)
        }

        pub(crate) fn at_least(
            &mut self,
            _exprs: &mut Exprs,
            _limit: &Decimal,
            _bound: Bound,
        ) -> Result<ExprId, NumberError> {
            Ok(self.0)
        }

        pub(crate) fn at_most(
            &mut self,
            _exprs: &mut Exprs,
            _limit: &Decimal,
            _bound: Bound,
        ) -> Result<ExprId, NumberError> {
            Ok(self.0)
        }

        pub(crate) fn multiple_of(
            &mut self,
            _exprs: &mut Exprs,
            divisor: &Decimal,
        ) -> Result<ExprId, NumberError> {
            if divisor.0 > 1e300 { Err(NumberError) } else { Ok(self.0) }
        }
    }
}
