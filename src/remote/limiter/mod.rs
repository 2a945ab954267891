//! Sends no more than an endpoint allows, and little less.
//!
//! Laws, held by `tests/remote/limiter.rs` in virtual time against simulated endpoints: in no window of a minute
//! there is more than the limit; at least 95 % of it is used where there is enough to do; everyone who
//! waits is admitted at some time; after a 429 one request goes, and the others when that went well.

mod concurrency;
mod lanes;
mod meter;

use std::collections::HashMap;
use std::time::Duration;

use super::signals::ServerLimits;
use concurrency::Concurrency;
use lanes::{Lanes, Waiting};
use meter::Meter;

/// What an endpoint allows with one key. What is not known stays `None`; what the endpoint says in its
/// headers counts besides.
///
/// ```
/// use tokenrail::remote::Limits;
///
/// let limits = Limits { requests: Some(500), tokens: Some(200_000), ..Limits::default() };
/// assert_eq!(limits.concurrency, 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub requests: Option<u64>,
    /// Tokens a minute, in and out together.
    pub tokens: Option<u64>,
    /// Tokens a minute that are sent.
    pub input_tokens: Option<u64>,
    /// Tokens a minute that are written.
    pub output_tokens: Option<u64>,
    /// The most requests at once. Fewer are, while the endpoint has too much to do.
    pub concurrency: usize,
    /// What the endpoint counts of tokens.
    pub counting: Counting,
    /// By how much the ways to the endpoint may differ in time. Windows are longer by it: else two
    /// requests that were sent a minute apart could arrive within one.
    pub slack: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: None,
            tokens: None,
            input_tokens: None,
            output_tokens: None,
            concurrency: 64,
            counting: Counting::default(),
            slack: Duration::from_secs(1),
        }
    }
}

/// What an endpoint counts of a request's tokens.
///
/// ```
/// use tokenrail::remote::{Counting, Endpoint};
///
/// let endpoint = Endpoint::new("https://api.openai.com/v1", None)?;
/// assert_eq!(endpoint.limits.counting, Counting::Reserved);
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Counting {
    /// What it took, so that the rest of what was reserved is free again.
    #[default]
    Spent,
    /// What it might have taken.
    Reserved,
}

/// What a request will need at most, in tokens.
///
/// ```
/// use tokenrail::remote::Need;
///
/// assert_eq!(Need { input: 100, output: 28 }.total(), 128);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// Sent.
    pub input: u64,
    /// Written.
    pub output: u64,
}

impl Need {
    /// Both together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// What it takes of each limit.
    fn amounts(&self) -> [u64; 4] {
        [1, self.total(), self.input, self.output]
    }
}

/// How urgent a request is.
///
/// ```
/// use tokenrail::remote::Lane;
///
/// assert!(Lane::Urgent < Lane::Batch);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Someone waits for it.
    Urgent,
    /// Neither of the others.
    #[default]
    Normal,
    /// Nobody waits for it.
    Batch,
}

/// Where someone joins a lane.
///
/// ```
/// use tokenrail::remote::Turn;
///
/// assert_ne!(Turn::New, Turn::Again);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// At its end.
    New,
    /// At its begin, as their turn had come before.
    Again,
}

/// A request that waits or is out.
///
/// ```
/// use tokenrail::remote::{Lane, Limiter, Limits, Need, Turn};
///
/// let mut limiter = Limiter::new(&Limits::default());
/// let first = limiter.join(Need::default(), Lane::Normal, Turn::New);
/// assert!(first < limiter.join(Need::default(), Lane::Urgent, Turn::New));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What came of a request.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::Ended;
///
/// let pause = Ended::Limited { until: Duration::from_secs(90) };
/// assert_ne!(pause, Ended::Failed);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was answered, for so many tokens.
    Went {
        /// Sent.
        input: u64,
        /// Written.
        output: u64,
    },
    /// It was answered, for nobody knows how many tokens.
    WentUncounted,
    /// It was over a limit: nobody goes before this time.
    Limited {
        /// The time.
        until: Duration,
    },
    /// The endpoint has too much to do.
    Overloaded,
    /// It failed otherwise, or was given up.
    Failed,
}

/// Who may go when. It does nothing itself: requests [`join`](Self::join) it and are told when they may go
/// ([`admit`](Self::admit)); what came of them is told to it ([`done`](Self::done)). Times are on any clock that
/// does not go back.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::{Ended, Lane, Limiter, Limits, Need, Turn};
///
/// let mut limiter = Limiter::new(&Limits { requests: Some(60), ..Limits::default() });
/// let tickets: Vec<_> = (0..8)
///     .map(|_| limiter.join(Need { input: 10, output: 10 }, Lane::Normal, Turn::New))
///     .collect();
/// // A tenth of a minute's requests at once, then one a second.
/// assert_eq!(limiter.admit(Duration::ZERO), tickets[..6]);
/// let wait = limiter.wait(Duration::ZERO).expect("time alone is missing");
/// assert_eq!(wait.as_secs_f64().round(), 1.0);
/// limiter.done(tickets[0], &Ended::Went { input: 10, output: 3 }, Duration::from_secs(1));
/// assert_eq!(limiter.admit(Duration::from_secs(2)), tickets[6..]);
/// ```
#[derive(Debug)]
pub struct Limiter {
    /// Of requests, of all tokens, of those sent and of those written.
    meters: [Meter; 4],
    concurrency: Concurrency,
    lanes: Lanes,
    running: HashMap<Ticket, Running>,
    joined: u64,
    counting: Counting,
    pause: Pause,
    /// When the response was sent for that the endpoint's word is known from.
    heard: Option<Duration>,
}

/// A request that is out.
#[derive(Debug, Clone)]
struct Running {
    sent: Duration,
    need: Need,
    /// What it was noted as in each meter.
    numbers: [u64; 4],
}

/// Whether all have to wait behind a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    None,
    /// Until this time; then one goes.
    Until(Duration),
    /// One is out, and what becomes of it decides.
    Trial(Ticket),
}

/// Limits are by the minute.
const PERIOD: Duration = Duration::from_secs(60);

impl Limiter {
    /// A limiter of one endpoint and key.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let all = [limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens];
        Self {
            meters: all.map(|limit| Meter::new(limit, PERIOD + limits.slack, PERIOD)),
            concurrency: Concurrency::new(limits.concurrency),
            lanes: Lanes::default(),
            running: HashMap::new(),
            joined: 0,
            counting: limits.counting,
            pause: Pause::None,
            heard: None,
        }
    }

    /// Gets in line.
    pub fn join(&mut self, need: Need, lane: Lane, turn: Turn) -> Ticket {
        let ticket = Ticket(self.joined);
        self.joined += 1;
        self.lanes.join(Waiting { ticket, need }, lane, turn);
        ticket
    }

    /// Those who may go now, in their order. They are out from now on.
    pub fn admit(&mut self, now: Duration) -> Vec<Ticket> {
        let mut admitted = Vec::new();
        while self.wait(now) == Some(Duration::ZERO) {
            let Some(waiting) = self.lanes.take() else { break };
            let mut amounts = waiting.need.amounts().into_iter();
            let numbers = self
                .meters
                .each_mut()
                .map(|meter| amounts.next().map_or(0, |amount| meter.spend(amount, now)));
            if matches!(self.pause, Pause::Until(_)) {
                self.pause = Pause::Trial(waiting.ticket);
            }
            self.running.insert(waiting.ticket, Running { sent: now, need: waiting.need, numbers });
            admitted.push(waiting.ticket);
        }
        admitted
    }

    /// How long until the next one may go; `None` while that is not a matter of time: nobody waits, or
    /// one that is out has to end first.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        let next = self.lanes.next()?;
        if self.running.len() >= self.concurrency.allowed() {
            return None;
        }
        let pause = match self.pause {
            Pause::None => Duration::ZERO,
            Pause::Until(until) => until.saturating_sub(now),
            Pause::Trial(_) => return None,
        };
        let amounts = next.need.amounts();
        let waits =
            self.meters.iter_mut().zip(amounts).map(|(meter, amount)| meter.wait(amount, now));
        Some(waits.fold(pause, Duration::max))
    }

    /// Hears what came of one that was out.
    pub fn done(&mut self, ticket: Ticket, ended: &Ended, now: Duration) {
        let Some(running) = self.running.remove(&ticket) else { return };
        if self.pause == Pause::Trial(ticket) {
            self.pause = Pause::None;
        }
        match *ended {
            Ended::Went { input, output } => {
                if self.counting == Counting::Spent {
                    self.settle(&running, Need { input, output });
                }
                self.concurrency.succeed();
            }
            Ended::WentUncounted => self.concurrency.succeed(),
            Ended::Limited { until } => {
                self.settle(&running, Need::default());
                self.concurrency.fail(running.sent, now);
                self.pause_until(until);
            }
            Ended::Overloaded => self.concurrency.fail(running.sent, now),
            Ended::Failed => {}
        }
    }

    /// Goes away while waiting.
    pub fn leave(&mut self, ticket: Ticket) {
        self.lanes.leave(ticket);
    }

    /// Hears what the endpoint said is left, in the response to a request that is out.
    ///
    /// Responses overtake each other; of one that was sent for earlier than what is known nothing is
    /// taken.
    pub fn hear(&mut self, ticket: Ticket, told: &ServerLimits, now: Duration) {
        let Some(sent) = self.running.get(&ticket).map(|running| running.sent) else { return };
        let all = [&told.requests, &told.tokens, &told.input_tokens, &told.output_tokens];
        if self.heard.is_some_and(|heard| sent < heard) || all.iter().all(|told| told.is_none()) {
            return;
        }
        self.heard = Some(sent);
        // What was sent later may not have been counted yet.
        let later = self.running.values().filter(|running| running.sent > sent);
        let unseen =
            later.map(|running| running.need.amounts()).fold([0; 4], |mut sums, amounts| {
                sums.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
                sums
            });
        for ((meter, told), unseen) in self.meters.iter_mut().zip(all).zip(unseen) {
            if let Some(told) = told {
                meter.hear(told, unseen, now);
            }
        }
    }

    /// How long nobody goes, behind a request that was over a limit; zero where that is over.
    #[must_use]
    pub fn pause(&self, now: Duration) -> Duration {
        match self.pause {
            Pause::Until(until) => until.saturating_sub(now),
            Pause::None | Pause::Trial(_) => Duration::ZERO,
        }
    }

    /// Whose turn it is.
    #[must_use]
    pub fn next(&self) -> Option<Ticket> {
        self.lanes.next().map(|waiting| waiting.ticket)
    }

    /// How many are out.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes.count()
    }

    fn settle(&mut self, running: &Running, spent: Need) {
        let parts = self.meters.iter_mut().zip(running.numbers).zip(spent.amounts());
        parts.for_each(|((meter, number), amount)| meter.settle(number, amount));
    }

    fn pause_until(&mut self, until: Duration) {
        self.pause = match self.pause {
            // While one is out on trial, those that were sent before it tell nothing new.
            Pause::Trial(ticket) => Pause::Trial(ticket),
            Pause::Until(known) => Pause::Until(known.max(until)),
            Pause::None => Pause::Until(until),
        };
    }
}
