//! What must come next, whatever a model says.
//!
//! A model need not be asked for it: forced tokens can be fed together in one pass. They are those
//! that the tokenizer would write, since a model continues best what looks like what it has read.

use super::{ConstraintError, Matcher, Stop};
use crate::vocab::{TokenId, Tokenizer};

impl Matcher {
    /// The bytes that must come next, whatever the tokens: none where there is a choice, or where
    /// the text may end. At most 4096 at once.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let bytes: Vec<u8> = (0..=255).collect();
    /// let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    /// let grammar = Grammar::regex(r#"\{"age": [0-9]+\}"#)?;
    /// let mut matcher = Constraint::new(&grammar, &vocabulary)?.matcher();
    /// assert_eq!(matcher.forced_bytes()?, br#"{"age": "#);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn forced_bytes(&mut self) -> Result<Vec<u8>, ConstraintError> {
        const MOST: usize = 4096;
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let mut bytes = Vec::new();
        let Some(mut at) = self.set(&mut engine)? else {
            return Ok(bytes);
        };
        while bytes.len() < MOST
            && let Some((byte, next)) = engine.only_step(at)?
        {
            bytes.push(byte);
            at = next;
        }
        Ok(bytes)
    }

    /// The tokens that must come next if the text is written as its tokenizer would: those of
    /// [`forced_bytes`](Self::forced_bytes) but for the last ones, which might be part of a longer
    /// token with what follows. Appends none, and may give none though bytes are forced.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn forced_tokens(
        &mut self,
        tokenizer: &Tokenizer,
    ) -> Result<Vec<TokenId>, ConstraintError> {
        let bytes = self.forced_bytes()?;
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let valid = error.utf8_error().valid_up_to();
            String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned()
        });
        let Ok(mut tokens) = tokenizer.encode(&text) else {
            return Ok(Vec::new());
        };
        let mut ahead = self.clone();
        ahead.advance_bytes(text.as_bytes())?;
        let is_whole = ahead.stop()? == Some(Stop::Complete);
        let trie = &self.constraint.shared.trie;
        let open = (0..text.len()).find(|&start| trie.is_beginning(&text.as_bytes()[start..]));
        let settled = if is_whole { text.len() } else { open.unwrap_or(text.len()) };
        let vocabulary = self.constraint.vocabulary();
        let mut end = 0;
        let count = tokens.iter().take_while(|&&id| {
            end += vocabulary.bytes(id).len();
            end <= settled && text.is_char_boundary(end)
        });
        let count = count.count();
        tokens.truncate(count);
        let legal = self.validate(&tokens)?;
        tokens.truncate(legal);
        Ok(tokens)
    }
}
