//! How long to wait before the next try, and how many tries there are.

use std::time::Duration;

use super::class::Class;
use super::signals::{Hint, HintSource};

/// How often a request is tried, and how long it may wait in between.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::RetryPolicy;
///
/// let patient = RetryPolicy { max_wait: Duration::from_secs(3600), ..RetryPolicy::default() };
/// assert!(patient.attempts == 4);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// The most requests that are sent to one endpoint for one call.
    pub attempts: usize,
    /// The ceiling of the first wait; that of each further one is twice as high.
    pub base: Duration,
    /// The highest ceiling.
    pub cap: Duration,
    /// The first ceiling where the endpoint has too much to do.
    pub overloaded_base: Duration,
    /// The highest ceiling where the endpoint has too much to do.
    pub overloaded_cap: Duration,
    /// When an endpoint asks for a longer wait than this, it is not waited for.
    pub max_wait: Duration,
    /// The same where there is another endpoint to ask.
    pub fallback_wait: Duration,
    /// The time for the whole call, with all its tries.
    pub deadline: Duration,
    /// How long a model may take to be loaded. Asking for that costs no try.
    pub loading: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            overloaded_base: Duration::from_secs(2),
            overloaded_cap: Duration::from_secs(60),
            max_wait: Duration::from_secs(120),
            fallback_wait: Duration::from_secs(10),
            deadline: Duration::from_secs(600),
            loading: Duration::from_secs(300),
        }
    }
}

/// A wait, and where its length comes from.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::{HintSource, Wait};
///
/// let wait = Wait { time: Duration::from_secs(1), source: HintSource::Backoff };
/// assert_eq!(wait.source.name(), "backoff");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long.
    pub time: Duration,
    /// What it follows from.
    pub source: HintSource,
}

/// Between two tries while a model is loaded.
const POLL: Duration = Duration::from_secs(1);

impl RetryPolicy {
    /// How long to wait behind a failure, when `failures` came before it.
    ///
    /// Without a hint a length is drawn from the whole range below the ceiling ("full jitter"; Brooker,
    /// AWS Architecture Blog 2015), so that callers that failed together do not come back together. With
    /// one it is never shorter than that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokenrail::remote::{Class, Jitter, RetryPolicy};
    ///
    /// let policy = RetryPolicy::default();
    /// let wait = policy.wait(Class::Transient, None, 3, &mut Jitter::new(1));
    /// assert!(wait.time <= Duration::from_secs(4));
    /// ```
    #[must_use]
    pub fn wait(
        &self,
        class: Class,
        hint: Option<Hint>,
        failures: usize,
        jitter: &mut Jitter,
    ) -> Wait {
        if let Some(hint) = hint {
            let spread = hint.wait.mul_f64(0.1).min(Duration::from_secs(1));
            let time = hint.wait.saturating_add(spread.mul_f64(jitter.draw()));
            return Wait { time, source: hint.source };
        }
        let (base, cap) = match class {
            Class::Loading => (POLL, POLL),
            Class::Overloaded => (self.overloaded_base, self.overloaded_cap),
            _ => (self.base, self.cap),
        };
        let doubled = 1_u32.checked_shl(u32::try_from(failures).unwrap_or(u32::MAX));
        let ceiling = base.saturating_mul(doubled.unwrap_or(u32::MAX)).min(cap);
        Wait { time: ceiling.mul_f64(jitter.draw()), source: HintSource::Backoff }
    }
}

/// Numbers that look drawn, from a seed (SplitMix64; Steele, Lea and Flood 2014).
///
/// ```
/// use tokenrail::remote::Jitter;
///
/// let (mut one, mut other) = (Jitter::new(7), Jitter::new(7));
/// assert_eq!(one.draw(), other.draw());
/// assert!((0.0..1.0).contains(&one.draw()));
/// ```
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// Numbers from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, at least 0 and below 1.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How many tries an endpoint's callers may make together behind failures: so a server that is down is
/// asked little more than one that is up, whoever asks.
///
/// ```
/// use tokenrail::remote::RetryBudget;
///
/// let mut budget = RetryBudget::default();
/// assert!((0..10).all(|_| budget.spend()));
/// assert!(!budget.spend());
/// (0..10).for_each(|_| budget.earn());
/// assert!(budget.spend());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget {
    /// In tenths of a try.
    tenths: u32,
}

/// Ten tries, and a tenth more for each success.
const FULL: u32 = 100;

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: FULL }
    }
}

impl RetryBudget {
    /// Takes a try, if there is one.
    pub fn spend(&mut self) -> bool {
        let left = self.tenths.checked_sub(10);
        self.tenths = left.unwrap_or(self.tenths);
        left.is_some()
    }

    /// A request went well.
    pub fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(FULL);
    }
}
