//! What one limit allows: so much in any minute.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::signals::ServerBucket;

/// Follows one limit.
///
/// Three things have to allow an amount: the exact sum over the window, so that no window holds more
/// than the limit; a bucket that holds a tenth of the limit, so that what a minute allows is not sent at
/// its begin; and what the endpoint says is left.
#[derive(Debug)]
pub(super) struct Meter {
    /// In any window; `None` where only the endpoint's word counts.
    limit: Option<u64>,
    window: Duration,
    /// What was admitted within the window, the oldest first.
    spent: VecDeque<(Duration, u64)>,
    /// The number of the first of `spent`, counted from the first ever.
    first: u64,
    /// The sum of `spent`.
    sum: u64,
    pace: Option<Bucket>,
    server: Option<Bucket>,
}

/// Something that is filled at a steady rate.
#[derive(Debug, Clone)]
struct Bucket {
    /// Below 0 after an amount that it could not hold.
    level: f64,
    capacity: f64,
    /// A second.
    rate: f64,
    at: Duration,
}

/// A minute's limit is not sent at its begin: so much of it at once, as a part.
const BURST: f64 = 0.1;
/// Rounding must not keep an amount out that fits.
const TOLERANCE: f64 = 1e-6;

impl Meter {
    /// A limit that holds within `window` and is spread over `period`.
    pub(super) fn new(limit: Option<u64>, window: Duration, period: Duration) -> Self {
        let pace = limit.map(|limit| {
            let capacity = (limit as f64 * BURST).max(1.0);
            let rate = limit as f64 / period.as_secs_f64();
            Bucket { level: capacity, capacity, rate, at: Duration::ZERO }
        });
        let spent = VecDeque::new();
        Self { limit, window, spent, first: 0, sum: 0, pace, server: None }
    }

    /// How long from `now` until an amount is allowed, if nothing else is sent; zero for at once.
    pub(super) fn wait(&mut self, amount: u64, now: Duration) -> Duration {
        self.forget(now);
        let by_window = self.window_wait(amount, now);
        let buckets = [&mut self.pace, &mut self.server].into_iter().flatten();
        let waits = buckets.map(|bucket| bucket.wait(amount as f64, now));
        waits.fold(by_window, Duration::max)
    }

    /// Takes an amount; gives the number by which it is settled.
    pub(super) fn spend(&mut self, amount: u64, now: Duration) -> u64 {
        for bucket in [&mut self.pace, &mut self.server].into_iter().flatten() {
            bucket.fill(now);
            // What is larger than the bucket empties it, and does not borrow from all who come later:
            // what it is over the limit the window knows.
            bucket.level -= (amount as f64).min(bucket.capacity.max(bucket.level));
        }
        self.spent.push_back((now, amount));
        self.sum = self.sum.saturating_add(amount);
        self.first + self.spent.len() as u64 - 1
    }

    /// Puts right what was taken, when it is known.
    pub(super) fn settle(&mut self, number: u64, amount: u64) {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let Some((_, taken)) = place.and_then(|place| self.spent.get_mut(place)) else { return };
        let refund = *taken as f64 - amount as f64;
        self.sum = self.sum.saturating_sub(*taken).saturating_add(amount);
        *taken = amount;
        // What the endpoint says next knows what it took.
        if let Some(pace) = &mut self.pace {
            pace.level = (pace.level + refund).min(pace.capacity);
        }
    }

    /// Hears what the endpoint says is left, `unseen` of which is on its way there.
    pub(super) fn hear(&mut self, told: &ServerBucket, unseen: u64, now: Duration) {
        let Some(remaining) = told.remaining else { return };
        let capacity = told.limit.unwrap_or(remaining.max(1)) as f64;
        let by_period = |period: Duration| capacity / period.as_secs_f64();
        // A limit of which nothing is used tells no rate; then that of its period holds, or a minute's.
        let rate = told.rate().unwrap_or_else(|| by_period(told.period.unwrap_or(self.window)));
        let level = (remaining as f64 - unseen as f64).min(capacity);
        self.server = Some(Bucket { level, capacity, rate, at: now });
    }

    fn window_wait(&self, amount: u64, now: Duration) -> Duration {
        let Some(limit) = self.limit else { return Duration::ZERO };
        // What is larger than the limit goes alone.
        let room = limit.saturating_sub(amount);
        let mut left = self.sum;
        for (at, spent) in &self.spent {
            if left <= room {
                break;
            }
            left -= spent;
            if left <= room {
                return (*at + self.window).saturating_sub(now);
            }
        }
        Duration::ZERO
    }

    fn forget(&mut self, now: Duration) {
        while let Some((at, amount)) = self.spent.front()
            && *at + self.window <= now
        {
            self.sum -= amount;
            self.first += 1;
            self.spent.pop_front();
        }
    }
}

impl Bucket {
    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.level = (self.level + passed * self.rate).min(self.capacity);
        self.at = self.at.max(now);
    }

    fn wait(&mut self, amount: f64, now: Duration) -> Duration {
        self.fill(now);
        // What is larger than the bucket waits until it is full.
        let missing = amount.min(self.capacity) - self.level;
        if missing <= TOLERANCE {
            return Duration::ZERO;
        }
        // Rounded up, so that whoever waits so long is admitted then.
        let wait = missing / self.rate + 1e-6;
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
    }
}
