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
    /// read where what follows is at hand: `(a(?=b)|c)b?`. Look-behind, word boundaries and
    /// back-references are refused; so is a quantifier behind another.
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

    /// Makes a grammar of the texts that all of some patterns match and none of others do: their
    /// intersection, and the complement of the others among well-formed texts. Of no pattern at
    /// all, every text.
    ///
    /// # Errors
    /// As [`regex`](Self::regex), with the place in the pattern that is wrong.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let names = Grammar::regex_all(&["[a-z_]+", ".{2,8}"], &["if|else", "_.*"])?;
    /// let bytes: Vec<u8> = (0..=255).collect();
    /// let constraint = Constraint::new(&names, &Vocabulary::new(bytes.chunks(1), ["<end>"]))?;
    /// for (text, is_name) in [("size", true), ("iff", true), ("if", false), ("_x", false), ("x", false)] {
    ///     let refusal = constraint.matcher().explain_bytes(text.as_bytes())?;
    ///     assert_eq!(refusal.is_none(), is_name, "{text}");
    /// }
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn regex_all(matched: &[&str], excluded: &[&str]) -> Result<Self, GrammarError> {
        let limits = Limits::default();
        let mut draft = Draft::new("", &limits)?;
        let mut all = vec![draft.exprs.any_text()];
        for pattern in matched {
            all.push(self::pattern(pattern, &limits, &mut draft)?);
        }
        for pattern in excluded {
            let excluded = self::pattern(pattern, &limits, &mut draft)?;
            all.push(draft.exprs.not(excluded));
        }
        let expr = draft.exprs.and(all);
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
