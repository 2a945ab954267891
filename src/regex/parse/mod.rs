//! The notation of regular expressions: pattern text to expressions, matched as whole texts.
//!
//! [`Syntax`] says which of the world's dialects is read. Classes, properties and case folding are
//! those of `regex-syntax`; counted repetition stays a count and is never written out.
//!
//! Assertions are exact wherever the rest of the pattern is at hand: outside of repetitions; within
//! one whose part decides its assertions itself, such as `((?!ab)..)*`; at the end of a text, within
//! one of single characters, such as `((?!ab).)*$`; and, of anchors of the text, within one of few
//! runs that must be there. Otherwise the pattern is refused with its place, as are back-references
//! everywhere, and look-behind and word boundaries in dialects that are parts of a greater text.

mod cases;
mod class;
mod ecma;
mod group;
mod lower;
mod node;
mod parser;
mod repeat;
mod search;
mod syntax;

pub(crate) use search::parse_search;

pub(crate) use syntax::Syntax;

use std::fmt;

use super::expr::{ExprId, Exprs};
use cases::Cases;
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
    lower::check_end(&node)?;
    let cases = lower::lower(&node, Cases::of(ExprId::EMPTY), exprs)?;
    Ok(cases.at_start(exprs))
}

#[cfg(test)]
mod tests;
