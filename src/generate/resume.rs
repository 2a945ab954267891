//! Texts that go on behind one that was begun.

use super::healing::{Healing, taken_back};
use super::{Begin, GenerateError, Generator, Options, Started};

impl Generator<'_> {
    /// Runs a prompt and the begin of a text, to generate what stands behind it.
    ///
    /// The model reads the prefix behind the prompt, and the constraint is where the prefix leads. What
    /// is generated is the rest alone; prefix and rest together are a legal text.
    ///
    /// A prefix may end where a token of the whole text would not: the last tokens of it are written anew,
    /// with the same bytes, so that a token may reach from the prefix into the rest. They are among the
    /// tokens of the result, with those bytes alone that stand behind the prefix; those that have none
    /// are not counted by [`Options::max_tokens`].
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`GenerateError::Prefix`] where no legal text begins so.
    ///
    /// ```
    /// use tokenrail::generate::{GenerateError, Generator, Options};
    ///
    /// /// The whole text, of which a begin is known.
    /// fn completed(generator: &Generator<'_>, begin: &str) -> Result<String, GenerateError> {
    ///     let mut started = generator.resume("An address as JSON: ", begin, &Options::default())?;
    ///     Ok(format!("{begin}{}", started.generate(&mut |_| {})?.text))
    /// }
    /// ```
    pub fn resume(
        &self,
        prompt: &str,
        prefix: &str,
        options: &Options,
    ) -> Result<Started<'_>, GenerateError> {
        let mut matcher = self.constraint.matcher();
        let accepted = matcher.advance_bytes(prefix.as_bytes())?;
        if accepted < prefix.len() {
            return Err(GenerateError::Prefix { accepted, bytes: prefix.len() });
        }
        self.within_budget(&mut matcher, options)?;
        let context = match &options.chat {
            None => self.encode(&format!("{prompt}{prefix}"), None)?,
            Some(chat) => {
                let mut chat = chat.clone();
                chat.prefill.push_str(prefix);
                self.encode(prompt, Some(&chat))?
            }
        };
        self.within_context(&context, options)?;
        let vocabulary = self.constraint.vocabulary();
        let count = taken_back(vocabulary, &context, prefix);
        let (kept, end) = context.split_at(context.len() - count);
        let bytes = vocabulary.concat(end);
        // Bytes may take as many tokens as they are.
        let most = options.max_tokens.saturating_add(bytes.len());
        let is_room = kept.len().saturating_add(most) <= self.model.context_length();
        if count == 0 || !is_room {
            let begin = Begin { matcher, healing: Healing::default() };
            return self.start_at(begin, &context, options);
        }
        let mut matcher = self.constraint.matcher();
        matcher.advance_bytes(&prefix.as_bytes()[..prefix.len() - bytes.len()])?;
        let healing = Healing::new(bytes, vocabulary);
        self.start_at(Begin { matcher, healing }, kept, options)
    }
}
