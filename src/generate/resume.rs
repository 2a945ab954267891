//! Texts that go on behind one that was begun.

use super::{GenerateError, Generator, Options, Started};

impl Generator<'_> {
    /// Runs a prompt and the begin of a text, to generate what stands behind it.
    ///
    /// The model reads the prefix behind the prompt, and the constraint is where the prefix leads. What
    /// is generated is the rest alone; prefix and rest together are a legal text.
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
        let mut options = options.clone();
        let Some(chat) = &mut options.chat else {
            return self.start_at(matcher, &format!("{prompt}{prefix}"), &options);
        };
        chat.prefill.push_str(prefix);
        self.start_at(matcher, prompt, &options)
    }
}
