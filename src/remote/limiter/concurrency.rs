//! How many requests may be out at once.

use std::time::Duration;

/// Follows what the endpoint stands: half as many behind a sign that it is too much, one more behind
/// twenty that went well (AIMD; Chiu and Jain 1989).
#[derive(Debug)]
pub(super) struct Concurrency {
    allowed: usize,
    most: usize,
    successes: usize,
    /// When it was last halved. What was sent before tells nothing about what is allowed since.
    halved: Option<Duration>,
}

const SUCCESSES: usize = 20;

impl Concurrency {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { allowed: most, most, successes: 0, halved: None }
    }

    pub(super) fn allowed(&self) -> usize {
        self.allowed
    }

    pub(super) fn succeed(&mut self) {
        self.successes += 1;
        if self.successes == SUCCESSES {
            self.successes = 0;
            self.allowed = (self.allowed + 1).min(self.most);
        }
    }

    /// A request that was sent at `sent` was too much.
    pub(super) fn fail(&mut self, sent: Duration, now: Duration) {
        if self.halved.is_none_or(|halved| sent >= halved) {
            self.allowed = (self.allowed / 2).max(1);
            self.successes = 0;
            self.halved = Some(now);
        }
    }
}
