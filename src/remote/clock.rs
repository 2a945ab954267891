//! What time it is, and waiting.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The clock of a client.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::Clock;
///
/// let clock = Clock::skipping();
/// let before = clock.now();
/// tokio::runtime::Builder::new_current_thread().build()?.block_on(clock.sleep(Duration::from_secs(3600)));
/// assert!(clock.now() - before >= Duration::from_secs(3600));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Clock {
    start: Instant,
    /// The nanoseconds that nobody waited for; `None` where sleeping takes time.
    skipped: Option<Arc<AtomicU64>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), skipped: None }
    }
}

impl Clock {
    /// A clock on which sleeping takes no time but passes time: for trying out long waits. Only sleeping
    /// does; what a server takes is as long as it is.
    #[must_use]
    pub fn skipping() -> Self {
        Self { start: Instant::now(), skipped: Some(Arc::default()) }
    }

    /// The time since the clock was made.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.skipped()
    }

    /// Waits.
    pub async fn sleep(&self, time: Duration) {
        match &self.skipped {
            Some(skipped) => drop(skipped.fetch_add(nanos(time), Ordering::Relaxed)),
            None => tokio::time::sleep(time).await,
        }
    }

    /// The time since 1970.
    pub(super) fn since_1970(&self) -> Duration {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default() + self.skipped()
    }

    /// Waits for something, or for a time, whichever comes first.
    pub(super) async fn sleep_or(&self, time: Option<Duration>, other: impl Future<Output = ()>) {
        match (time, &self.skipped) {
            (None, _) => other.await,
            (Some(time), Some(_)) => self.sleep(time).await,
            (Some(time), None) => drop(tokio::time::timeout(time, other).await),
        }
    }

    fn skipped(&self) -> Duration {
        let nanos = self.skipped.as_ref().map(|nanos| nanos.load(Ordering::Relaxed));
        Duration::from_nanos(nanos.unwrap_or_default())
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
