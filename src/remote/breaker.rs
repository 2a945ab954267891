//! Endpoints that keep failing are left alone for a while.

use std::collections::VecDeque;
use std::time::Duration;

/// Tells whether an endpoint may be asked (Nygard, *Release It!*, 2007).
///
/// After 5 failures within 30 seconds it may not, for 30 seconds; then one request goes out, and what
/// becomes of it decides. Times are on any clock that does not go back.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::Breaker;
///
/// let second = Duration::from_secs;
/// let mut breaker = Breaker::default();
/// (0..5).for_each(|at| breaker.fail(second(at)));
/// assert_eq!(breaker.admit(second(5)), Err(second(34)));
/// assert_eq!(breaker.admit(second(34)), Ok(()));
/// assert!(breaker.admit(second(34)).is_err(), "one is out already");
/// breaker.succeed();
/// assert_eq!(breaker.admit(second(35)), Ok(()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    /// When the last failures were, at most [`FAILURES`] of them.
    failures: VecDeque<Duration>,
    /// When it may be asked again, while it is open.
    open_until: Option<Duration>,
}

const FAILURES: usize = 5;
const WITHIN: Duration = Duration::from_secs(30);
const OPEN: Duration = Duration::from_secs(30);

impl Breaker {
    /// Asks to send a request.
    ///
    /// # Errors
    ///
    /// When it may not be sent; the error is the time from which one may.
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        match self.open_until {
            Some(until) if now < until => Err(until),
            Some(_) => {
                // The one that goes now is a trial: others wait as long again, or for its success.
                self.open_until = Some(now + OPEN);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A request failed, and that was the endpoint's fault.
    pub fn fail(&mut self, now: Duration) {
        self.failures.push_back(now);
        if self.failures.len() > FAILURES {
            self.failures.pop_front();
        }
        let is_often = self.failures.len() == FAILURES
            && self.failures.front().is_some_and(|first| now.saturating_sub(*first) < WITHIN);
        if self.open_until.is_some() || is_often {
            self.open_until = Some(now + OPEN);
        }
    }

    /// A request went well.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }
}
