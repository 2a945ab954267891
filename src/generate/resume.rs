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
    /// tokens of the result, with those bytes alone that stand behind the prefix, and are not counted
    /// by [`Options::max_tokens`].
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
        let needed = self.within_budget(&mut matcher, options)?;
        let mut context = match &options.chat {
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
        if count == 0 {
            return self.start_at(
                Begin { matcher, healing: Healing::default() },
                &context,
                options,
            );
        }
        let bytes = vocabulary.concat(&context.split_off(context.len() - count));
        let mut matcher = self.constraint.matcher();
        matcher.advance_bytes(&prefix.as_bytes()[..prefix.len() - bytes.len()])?;
        let healing = Healing::new(bytes, vocabulary, needed);
        let max_tokens = options.max_tokens + count;
        let options = Options { max_tokens, ..options.clone() };
        self.start_at(Begin { matcher, healing }, &context, &options)
    }
}
