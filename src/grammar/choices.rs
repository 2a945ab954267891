//! Exact strings.

use super::draft::Draft;
use super::rules::{Attributes, Body};
use super::{Grammar, GrammarError, Limits};

impl Grammar {
    /// Makes a grammar of exact texts: one of them, and nothing before or behind it.
    ///
    /// They become a trie, so that tens of thousands cost no more per step than the few that go on
    /// at one place.
    ///
    /// # Errors
    /// [`GrammarError::NoChoices`], [`GrammarError::Limit`].
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let grammar = Grammar::choices(&["yes", "no", "not sure"])?;
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    pub fn choices<T: AsRef<str>>(texts: &[T]) -> Result<Self, GrammarError> {
        if texts.is_empty() {
            return Err(GrammarError::NoChoices);
        }
        let mut draft = Draft::new("", &Limits::default())?;
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_ref().as_bytes()).collect();
        let body = Body::terminal(draft.exprs.literals(&texts));
        let start = draft.rule("choices", 0);
        draft.define(start, 0, body, Attributes::default())?;
        draft.finish(start)
    }
}
