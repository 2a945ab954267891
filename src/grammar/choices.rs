//! Exact strings.

use super::draft::Draft;
use super::rules::{Attributes, Body};
use super::{Grammar, GrammarError, Limits};

impl Grammar {
    /// One of the texts, exactly. Tens of thousands are fine.
    ///
    /// # Errors
    /// [`GrammarError::EmptyLanguage`] when there is no text, [`GrammarError::Limit`].
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let grammar = Grammar::choices(&["yes", "no", "not sure"])?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn choices<T: AsRef<str>>(texts: &[T]) -> Result<Self, GrammarError> {
        let mut draft = Draft::new("", &Limits::default())?;
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_ref().as_bytes()).collect();
        let body = Body::terminal(draft.exprs.literals(&texts));
        let start = draft.rule("choices", 0);
        draft.define(start, 0, body, Attributes::default())?;
        draft.finish(start)
    }
}
