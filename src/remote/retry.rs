//! What to do behind a failure: wait and try again, or give up.

use std::time::Duration;

use super::backoff::{Jitter, RetryBudget, RetryPolicy, Wait};
use super::class::{Class, Remedy, Trouble};
use super::signals::Signals;

/// The tries of one call at one endpoint. It sends nothing and reads no clock.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::{Body, GaveUp, Jitter, Retry, RetryBudget, RetryPolicy, Signals, Trouble};
///
/// let policy = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
/// let mut retry = Retry::new(&policy);
/// let (mut budget, mut jitter) = (RetryBudget::default(), Jitter::new(1));
/// let trouble = Trouble::of_response(503, &Body::Empty).expect("it failed");
/// let mut fail = |at| {
///     retry.fail(&trouble, &Signals::default(), Duration::from_secs(at), (&mut budget, &mut jitter))
/// };
/// assert!(fail(1).is_ok_and(|wait| wait.time < Duration::from_secs(1)));
/// assert_eq!(fail(2), Err(GaveUp::Attempts));
/// ```
#[derive(Debug)]
pub struct Retry<'p> {
    policy: &'p RetryPolicy,
    /// The classes of the failures that counted.
    failures: Vec<Class>,
    /// How often the model was being loaded, and since when.
    loading: Option<Duration>,
    has_fallback: bool,
}

/// Why there is no further try.
///
/// ```
/// use tokenrail::remote::GaveUp;
///
/// assert_eq!(GaveUp::Attempts.to_string(), "all tries are used up");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GaveUp {
    /// The same request would fail again.
    #[error("the same request would fail again")]
    Fatal,
    /// The policy allows no more tries.
    #[error("all tries are used up")]
    Attempts,
    /// Failures like this are tried again once.
    #[error("it failed again")]
    Again,
    /// The callers of the endpoint have tried again too often together.
    #[error("the endpoint's callers have tried again too often")]
    Budget,
    /// The endpoint asks for a longer wait than the policy allows.
    #[error("the endpoint asks to wait {} s, over the limit of {} s", .wait.as_secs(), .limit.as_secs())]
    LongWait {
        /// The wait.
        wait: Duration,
        /// The policy's limit.
        limit: Duration,
    },
    /// The time for the call would be over before the next try.
    #[error("the time for the call is over")]
    Deadline,
    /// The endpoint has failed so often that it is left alone for now.
    #[error("the endpoint keeps failing and is left alone for {} s", .wait.as_secs())]
    Open {
        /// For how long.
        wait: Duration,
    },
}

impl<'p> Retry<'p> {
    /// Before the first try.
    #[must_use]
    pub fn new(policy: &'p RetryPolicy) -> Self {
        Self { policy, failures: Vec::new(), loading: None, has_fallback: false }
    }

    /// Where there is someone else to ask: then little is waited for.
    #[must_use]
    pub fn with_fallback(self) -> Self {
        Self { has_fallback: true, ..self }
    }

    /// A try failed, at a time since the begin of the call.
    ///
    /// # Errors
    ///
    /// When there is none to follow.
    pub fn fail(
        &mut self,
        trouble: &Trouble,
        signals: &Signals,
        now: Duration,
        (budget, jitter): (&mut RetryBudget, &mut Jitter),
    ) -> Result<Wait, GaveUp> {
        let class = match (signals.should_retry, trouble.class.retries()) {
            (Some(false), _) | (None, Some(0)) => return Err(GaveUp::Fatal),
            (Some(true), Some(0)) => Class::Transient,
            _ => trouble.class,
        };
        // Only what the last response says counts: what an earlier one said is over.
        let wait = self.policy.wait(class, signals.hint, self.failures.len(), jitter);
        if class == Class::Loading {
            let since = *self.loading.get_or_insert(now);
            let is_over = now.saturating_sub(since) >= self.policy.loading;
            return if is_over { Err(GaveUp::Attempts) } else { self.in_time(wait, now) };
        }
        self.failures.push(class);
        let same = self.failures.iter().filter(|known| **known == class).count();
        let is_busy = self.has_fallback && class == Class::Overloaded;
        let most = if is_busy { Some(1) } else { class.retries() };
        if most.is_some_and(|most| same > most) {
            return Err(GaveUp::Again);
        }
        if self.failures.len() >= self.policy.attempts {
            return Err(GaveUp::Attempts);
        }
        let asked = signals.hint.map_or(Duration::ZERO, |hint| hint.wait);
        let limit = self.longest_wait();
        if asked > limit {
            return Err(GaveUp::LongWait { wait: asked, limit });
        }
        self.in_time(wait, now)?;
        if budget.spend() { Ok(wait) } else { Err(GaveUp::Budget) }
    }

    /// The longest wait that an endpoint may ask for.
    pub(super) fn longest_wait(&self) -> Duration {
        let RetryPolicy { max_wait, fallback_wait, .. } = *self.policy;
        if self.has_fallback { max_wait.min(fallback_wait) } else { max_wait }
    }

    fn in_time(&self, wait: Wait, now: Duration) -> Result<Wait, GaveUp> {
        let next = now.saturating_add(wait.time);
        if next < self.policy.deadline { Ok(wait) } else { Err(GaveUp::Deadline) }
    }
}

/// What lets a call go on with another endpoint or model.
///
/// ```
/// use tokenrail::remote::{Body, GaveUp, Trigger, Trouble};
///
/// let busy = Trouble::of_response(529, &Body::Empty).expect("it failed");
/// assert_eq!(Trigger::of(&busy, &GaveUp::Attempts), Some(Trigger::Capacity));
/// let denied = Trouble::of_response(401, &Body::Empty).expect("it failed");
/// assert_eq!(Trigger::of(&denied, &GaveUp::Fatal), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// It has no room for the request now, or cannot be reached.
    Capacity,
    /// The model's context is too small.
    Context,
    /// The quota is used up.
    Quota,
    /// There is no such model.
    Model,
    /// The model refused.
    Refusal,
}

impl Trigger {
    /// Those that are nobody's choice: all but [`Trigger::Refusal`].
    pub const DEFAULT: [Self; 4] = [Self::Capacity, Self::Context, Self::Quota, Self::Model];

    /// What a failure lets a call do, if anything.
    #[must_use]
    pub fn of(trouble: &Trouble, gave_up: &GaveUp) -> Option<Self> {
        match (trouble.class, trouble.remedy) {
            _ if *gave_up == GaveUp::Deadline => None,
            (Class::FatalForModel, _) => Some(Self::Context),
            (Class::Fatal, Remedy::Quota) => Some(Self::Quota),
            (Class::Fatal, Remedy::ModelOrUrl) => {
                let fault = trouble.fault.as_deref()?;
                let says = fault.message.to_lowercase();
                (fault.is_one_of(&["model_not_found"]) || says.contains("model"))
                    .then_some(Self::Model)
            }
            (Class::RateLimited | Class::Loading, _) => Some(Self::Capacity),
            (class, _) => class.is_of_endpoint().then_some(Self::Capacity),
        }
    }
}
