//! What all calls to one endpoint with one key share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::adapt::Adaptation;
use super::backoff::{Jitter, RetryBudget};
use super::breaker::Breaker;
use super::clock::Clock;
use super::limiter::{Ended, Lane, Limiter, Limits, Need, Ticket, Turn};
use super::signals::ServerLimits;

/// The limiter, breaker and budget of an endpoint and key, and those who wait there.
#[derive(Debug)]
pub(super) struct Gate {
    shared: Mutex<Shared>,
    clock: Clock,
}

#[derive(Debug)]
pub(super) struct Shared {
    limiter: Limiter,
    pub(super) breaker: Breaker,
    pub(super) budget: RetryBudget,
    pub(super) jitter: Jitter,
    /// What the endpoint wants otherwise.
    pub(super) adaptations: Vec<Adaptation>,
    /// How many tokens the last replies had.
    outputs: VecDeque<u64>,
    /// Those who wait, and what they are woken by.
    bells: HashMap<Ticket, Arc<Notify>>,
    /// Those who may go and have not noticed yet.
    admitted: HashSet<Ticket>,
}

/// Leave to send a request. Whoever drops it without a word has given up.
#[derive(Debug)]
pub(super) struct Permit<'g> {
    gate: &'g Gate,
    ticket: Ticket,
    ended: bool,
}

/// Replies whose lengths are remembered, and what is assumed before there are any.
const OUTPUTS: usize = 64;
const FIRST_OUTPUT: u64 = 512;

impl Gate {
    pub(super) fn new(limits: &Limits, clock: Clock, seed: u64) -> Self {
        let shared = Shared {
            limiter: Limiter::new(limits),
            breaker: Breaker::default(),
            budget: RetryBudget::default(),
            jitter: Jitter::new(seed),
            adaptations: Vec::new(),
            outputs: VecDeque::new(),
            bells: HashMap::new(),
            admitted: HashSet::new(),
        };
        Self { shared: Mutex::new(shared), clock }
    }

    /// Waits for leave to send.
    pub(super) async fn enter(&self, need: Need, lane: Lane, turn: Turn) -> Permit<'_> {
        let bell = Arc::new(Notify::new());
        let ticket = {
            let mut shared = self.lock();
            let ticket = shared.limiter.join(need, lane, turn);
            shared.bells.insert(ticket, Arc::clone(&bell));
            ticket
        };
        // From here on, dropping this future leaves the line, or gives the leave back.
        let permit = Permit { gate: self, ticket, ended: false };
        loop {
            let wait = {
                let mut shared = self.lock();
                let now = self.clock.now();
                shared.admit(now);
                let is_admitted = shared.admitted.remove(&ticket);
                let is_next = shared.limiter.next() == Some(ticket);
                if !is_next {
                    shared.ring_next();
                }
                if is_admitted {
                    return permit;
                }
                if is_next { shared.limiter.wait(now) } else { None }
            };
            self.clock.sleep_or(wait, bell.notified()).await;
        }
    }

    /// What is shared, to look at and change. Nothing waits while it is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // Whoever panicked while holding it left numbers, none of which can be half written.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// How long the endpoint wants to be left in peace by everyone.
    pub(super) fn pause(&self, now: Duration) -> Duration {
        self.limiter.pause(now)
    }

    /// How many tokens a reply may have that nobody bounds: more than 95 of 100 of the last ones had.
    pub(super) fn usual_output(&self) -> u64 {
        let mut outputs: Vec<u64> = self.outputs.iter().copied().collect();
        outputs.sort_unstable();
        outputs.get(outputs.len() * 95 / 100).copied().unwrap_or(FIRST_OUTPUT)
    }

    /// Wakes those who may go.
    fn admit(&mut self, now: Duration) {
        for ticket in self.limiter.admit(now) {
            self.admitted.insert(ticket);
            if let Some(bell) = self.bells.remove(&ticket) {
                bell.notify_one();
            }
        }
    }

    /// Wakes the one whose turn it is, to see when it is time.
    fn ring_next(&self) {
        if let Some(bell) = self.limiter.next().and_then(|ticket| self.bells.get(&ticket)) {
            bell.notify_one();
        }
    }
}

impl Permit<'_> {
    /// Hears what the endpoint says is left.
    pub(super) fn hear(&self, told: &ServerLimits) {
        let now = self.gate.clock.now();
        self.gate.lock().limiter.hear(self.ticket, told, now);
    }

    /// Gives the leave back, with what came of it.
    pub(super) fn end(mut self, ended: &Ended) {
        self.ended = true;
        if let Ended::Went { output, .. } = ended {
            let mut shared = self.gate.lock();
            shared.outputs.push_back(*output);
            if shared.outputs.len() > OUTPUTS {
                shared.outputs.pop_front();
            }
        }
        self.give_back(ended);
    }

    fn give_back(&self, ended: &Ended) {
        let now = self.gate.clock.now();
        let mut shared = self.gate.lock();
        shared.bells.remove(&self.ticket);
        shared.admitted.remove(&self.ticket);
        shared.limiter.leave(self.ticket);
        shared.limiter.done(self.ticket, ended, now);
        shared.admit(now);
        shared.ring_next();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.give_back(&Ended::Failed);
        }
    }
}
