//! Regular expressions.

use super::draft::Draft;
use super::rules::{Attributes, Body};
use super::{Grammar, GrammarError, Limits, Place};
use crate::regex::{self, ExprId, PatternError, PatternErrorKind, PatternLimits, Syntax};

impl Grammar {
    /// The texts that a pattern matches from end to end.
    ///
    /// The syntax is that of the crate `regex`, with the escapes `\cX`, `\0` and `\e` besides:
    /// classes are Unicode's, the dot matches no newline unless `(?s)` says so. Look-ahead is
    /// read where what follows is at hand: `(a(?=b)|c)b?`. Look-behind, word boundaries and back-references are refused; so is a quantifier behind another.
    ///
    /// # Errors
    /// [`GrammarError::Syntax`] and [`GrammarError::Unsupported`] with the place in the pattern,
    /// [`GrammarError::Limit`].
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let grammar = Grammar::regex(r"\d{4}-\d{2}-\d{2}")?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn regex(pattern: &str) -> Result<Self, GrammarError> {
        Self::regex_within(pattern, &Limits::default())
    }

    /// As [`regex`](Self::regex), within limits.
    ///
    /// # Errors
    /// As [`regex`](Self::regex).
    pub fn regex_within(pattern: &str, limits: &Limits) -> Result<Self, GrammarError> {
        let mut draft = Draft::new(pattern, limits)?;
        let expr = self::pattern(pattern, limits, &mut draft)?;
        let start = draft.rule("regex", 0);
        draft.define(start, 0, Body::terminal(expr), Attributes::default())?;
        draft.finish(start)
    }
}

/// The expression of a pattern in the syntax of [`Grammar::regex`].
pub(super) fn pattern(
    pattern: &str,
    limits: &Limits,
    draft: &mut Draft<'_>,
) -> Result<ExprId, GrammarError> {
    regex::parse(pattern, &Syntax::RUST, &limits.of_pattern(), &mut draft.exprs)
        .map_err(|error| GrammarError::of_pattern(error, |offset| Place::at(pattern, offset)))
}

impl Limits {
    /// The limits of one pattern.
    pub(super) fn of_pattern(&self) -> PatternLimits {
        PatternLimits { nesting: self.nesting, exprs: self.parts }
    }
}

impl GrammarError {
    /// The error of a pattern whose bytes are at `place`s.
    pub(super) fn of_pattern(error: PatternError, place: impl Fn(usize) -> Place) -> Self {
        let place = place(error.offset);
        match error.kind {
            PatternErrorKind::Syntax(what) => Self::Syntax { what, place },
            PatternErrorKind::Unsupported(what) => Self::Unsupported { what, place },
            PatternErrorKind::Limit { what, value, limit } => {
                Self::Limit { what, value, limit, place: Some(place) }
            }
        }
    }
}
