//! What was sent and what came of it, one entry for each request.

use std::time::Duration;

use super::backoff::Wait;
use super::class::Class;
use crate::openai::Usage;

/// One request that was sent. It holds nothing of what was asked or answered.
///
/// ```
/// use tokenrail::remote::{Attempt, Outcome};
///
/// let failed = |ledger: &[Attempt]| {
///     ledger.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Failed(_))).count()
/// };
/// assert_eq!(failed(&[]), 0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The address without what follows a question mark.
    pub endpoint: String,
    /// The model that was asked.
    pub asked: String,
    /// The model that says that it answered.
    pub served: Option<String>,
    /// The endpoint's id of the request.
    pub request_id: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// The status of the response, where there was one.
    pub status: Option<u16>,
    /// The endpoint's name for what went wrong.
    pub code: Option<String>,
    /// What was waited behind it, before the next one.
    pub wait: Option<Wait>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// The bytes of the response.
    pub bytes: u64,
    /// How long the limiter held it back.
    pub queued: Duration,
    /// How long until the head of the response came.
    pub first_byte: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

/// What came of a request.
///
/// ```
/// use tokenrail::remote::{Class, Outcome};
///
/// assert_eq!(Outcome::Failed(Class::RateLimited).name(), "rate_limited");
/// assert_eq!(Outcome::Answered("whole").name(), "whole");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A reply; the verdict's name says what it is worth.
    Answered(&'static str),
    /// None, for a failure of this class.
    Failed(Class),
}

impl Outcome {
    /// The name of the verdict or class.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered(verdict) => verdict,
            Self::Failed(class) => class.name(),
        }
    }
}
