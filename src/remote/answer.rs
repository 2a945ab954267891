//! What came of a call.

use std::time::Duration;

use serde_json::Value;

use super::adapt::Adaptation;
use super::class::Trouble;
use super::ledger::Attempt;
use super::verdict::Verdict;
use crate::openai::{Reply, Usage, Warning};

/// A reply with what it is worth and how it came about.
///
/// ```
/// use tokenrail::remote::{Answer, Verdict};
///
/// /// The text, where all of it is there.
/// fn whole(answer: &Answer) -> Option<&str> {
///     (answer.verdict == Verdict::Whole).then(|| answer.reply.text())
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was answered.
    pub reply: Reply,
    /// The body that the reply was read from, with what servers add to it; null where it was streamed.
    pub body: Value,
    /// What it is worth. Only [`Verdict::Whole`] is all that the model meant to say.
    pub verdict: Verdict,
    /// What broke it off, where the verdict is [`Verdict::Broken`].
    pub broken: Option<Trouble>,
    /// The address that answered.
    pub endpoint: String,
    /// The model that was asked there; the one that answered is in the reply.
    pub asked: String,
    /// What the endpoint wanted otherwise than it was asked for.
    pub adaptations: Vec<Adaptation>,
    /// What was not as it should be in the stream.
    pub warnings: Vec<Warning>,
    /// How long it took, with all tries.
    pub took: Duration,
    /// Every request that was sent, the one that was answered last.
    pub ledger: Vec<Attempt>,
}

impl Answer {
    /// The endpoint's id of the request that was answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.ledger.last()?.request_id.as_deref()
    }

    /// What all requests cost together, as far as it is known.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let usages = self.ledger.iter().filter_map(|attempt| attempt.usage.as_ref());
        usages.fold(Usage::default(), |sum, usage| sum.plus(usage))
    }
}

/// What stood at a path, or what a server answered in a format of its own.
///
/// ```
/// use tokenrail::remote::Fetched;
///
/// /// The names of the models, from `Request::get("models")`.
/// fn names(models: &Fetched) -> Vec<&str> {
///     let models = models.body["data"].as_array().into_iter().flatten();
///     models.filter_map(|model| model["id"].as_str()).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// The body.
    pub body: Value,
    /// Every request that was sent, the one that was answered last.
    pub ledger: Vec<Attempt>,
}
