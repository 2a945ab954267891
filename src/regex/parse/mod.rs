//! The notation of regular expressions: pattern text to expressions, matched as whole texts.
//!
//! [`Syntax`] says which of the world's dialects is read. Classes, properties and case folding are
//! those of `regex-syntax`; counted repetition stays a count and is never written out. Anchors and
//! look-ahead are exact wherever the rest of the pattern is at hand: outside of repetitions; within
//! one whose part decides its assertions itself, such as `((?!ab)..)*`; and, of anchors of the text,
//! within one of at least none or one. Otherwise, and for look-behind, word boundaries and
//! back-references, the pattern is refused with its place.

mod class;
mod node;
mod parser;
mod syntax;

pub(crate) use syntax::Syntax;

use std::fmt;

use super::expr::{ExprId, Exprs};
use parser::Parser;

/// What a pattern may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PatternLimits {
    /// How deep groups are nested, and how many look-aheads there are.
    pub(crate) nesting: usize,
    /// The expressions that the store may come to hold.
    pub(crate) exprs: usize,
}

/// A pattern that cannot be read, with the byte at which it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) offset: usize,
    pub(crate) kind: PatternErrorKind,
}

/// How a pattern is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternErrorKind {
    /// It breaks the notation's rules.
    Syntax(String),
    /// The notation has it, this module does not.
    Unsupported(String),
    Limit {
        what: &'static str,
        value: usize,
        limit: usize,
    },
}

impl fmt::Display for PatternErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) | Self::Unsupported(what) => f.write_str(what),
            Self::Limit { what, value, limit } => {
                write!(f, "{what} {value} is over the limit of {limit}")
            }
        }
    }
}

/// The texts that a pattern matches from end to end.
///
/// # Errors
/// [`PatternError`] where the pattern is wrong, not supported, or over a limit.
pub(crate) fn parse(
    pattern: &str,
    syntax: &Syntax,
    limits: &PatternLimits,
    exprs: &mut Exprs,
) -> Result<ExprId, PatternError> {
    let node = Parser::new(pattern, syntax, limits, exprs).parse()?;
    let rest = node::lower(&node, node::Rest::END, exprs)?;
    Ok(rest.at_start)
}

#[cfg(test)]
mod tests;
