//! Threads that are made once and share each piece of work, fork and join in about a microsecond.
//!
//! A worker that has nothing to do looks for work for [`AWAKE`], then sleeps: between the steps of a
//! pass it is awake, and an idle program takes no processor time. What threads write is divided
//! before: [`Pool::scatter`] gives each part of a list to one thread, [`split_mut`] cuts a slice.
//!
//! ```text
//! let pool = Pool::new(4);
//! let ranges = pool.split(rows, 16);
//! pool.scatter(split_mut(&mut out, width, ranges), |(range, out)| compute(range, out));
//! ```
//!
//! Why not a pool that others keep: those that share tasks among all their threads (rayon) take some
//! 10 µs for what a step of a small model's pass does in 20.
//!
//! Invariant: between two calls of [`Pool::run`], no worker holds the closure of the first. `run`
//! returns, or goes on with a panic, only after every worker has said that it is done.
#![allow(unsafe_code, reason = "workers outlive the closures that they are lent")]

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a worker looks for work before it sleeps: some ten times what lies between two steps of
/// a small model's pass.
const AWAKE: Duration = Duration::from_micros(50);

/// How long a thread waits before it offers its processor to others. Where processors are busy with
/// other programs, what it waits for may need this very one: without, a fork and join took 57 µs.
const SPIN: Duration = Duration::from_micros(10);

/// What workers are lent: a reference to a closure, behind a thin pointer.
type Closure<'a> = &'a (dyn Fn(usize) + Sync);

/// A fixed number of threads, of which the caller of [`Pool::run`] is the first.
#[derive(Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the call that has the workers.
    running: Mutex<()>,
}

/// What the caller and the workers know of each other.
#[derive(Debug)]
struct Shared {
    /// How many pieces of work there were. Workers wait for it to change.
    round: Aligned<AtomicUsize>,
    /// A `Closure` on the stack of the call that is running; null tells workers to end.
    closure: AtomicPtr<()>,
    /// Workers that are not done.
    pending: Aligned<AtomicUsize>,
    /// For each worker whether it sleeps, or is about to.
    asleep: Vec<Aligned<AtomicBool>>,
    /// What a worker's closure panicked with, until the caller takes it.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Aligned<T>(T);

impl Pool {
    /// Starts `threads - 1` workers, or as many as the system gives.
    pub(super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            round: Aligned::default(),
            closure: AtomicPtr::default(),
            pending: Aligned::default(),
            asleep: (1..threads).map(|_| Aligned::default()).collect(),
            panic: Mutex::default(),
        });
        let start = |thread: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().spawn(move || shared.work(thread)).ok()
        };
        let workers = (1..threads).map_while(start).collect();
        Self { shared, workers, running: Mutex::default() }
    }

    /// The threads, the caller's among them.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work` once with each thread's number, and returns when all are done.
    ///
    /// Calls from within `work`, or while another thread's call is running, are done by the caller
    /// alone, one number after the other.
    ///
    /// # Panics
    /// When `work` does; of several panics, with one of them.
    pub(super) fn run(&self, work: impl Fn(usize) + Sync) {
        let running = self.running.try_lock();
        if self.workers.is_empty() || running.is_err() {
            return (0..self.threads()).for_each(work);
        }
        let closure: Closure<'_> = &work;
        self.fork(&raw const closure as *mut ());
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        self.join();
        let other = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(running);
        if let Some(panic) = own.err().or(other) {
            resume_unwind(panic);
        }
    }

    /// Gives each part to a thread: to the first thread the first, then one part each in turn.
    pub(super) fn scatter<T: Send>(
        &self,
        parts: impl IntoIterator<Item = T>,
        work: impl Fn(T) + Sync,
    ) {
        let parts: Vec<Mutex<Option<T>>> =
            parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        let take = |part: &Mutex<Option<T>>| {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner).take();
            part.into_iter().for_each(&work);
        };
        if parts.len() < 2 {
            return parts.iter().for_each(take);
        }
        self.run(|thread| parts.iter().skip(thread).step_by(self.threads()).for_each(take));
    }

    /// Divides the items evenly: a contiguous range for each thread, fewer where a range would
    /// have less than `least` items.
    pub(super) fn split(
        &self,
        items: usize,
        least: usize,
    ) -> impl ExactSizeIterator<Item = Range<usize>> + Clone + use<> {
        let ranges = self.threads().min(items / least.max(1)).max(1);
        (0..ranges).map(move |at| items * at / ranges..items * (at + 1) / ranges)
    }

    /// Publishes a closure and wakes who sleeps.
    fn fork(&self, closure: *mut ()) {
        let shared = &*self.shared;
        shared.pending.0.store(self.workers.len(), Ordering::Relaxed);
        shared.closure.store(closure, Ordering::Relaxed);
        // Before a worker sleeps it says so and then looks at the round again; here the round
        // changes first and then is looked who sleeps. In one order of all, one of the two sees
        // the other.
        shared.round.0.fetch_add(1, Ordering::SeqCst);
        for (worker, asleep) in self.workers.iter().zip(&shared.asleep) {
            if asleep.0.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
    }

    /// Waits for all workers. Where there are more threads than processors, a worker may have to be
    /// given the processor first.
    fn join(&self) {
        let mut spin = Spin::default();
        while self.shared.pending.0.load(Ordering::Acquire) > 0 {
            spin.again();
        }
    }
}

/// Ends the workers, and waits for them.
impl Drop for Pool {
    fn drop(&mut self) {
        self.fork(std::ptr::null_mut());
        for worker in self.workers.drain(..) {
            // A worker catches panics of what it is lent, so it ends without one.
            worker.join().ok();
        }
    }
}

impl Shared {
    /// What a worker does until it is told to end.
    fn work(&self, thread: usize) {
        let mut seen = 0;
        loop {
            self.wait(thread, seen);
            seen += 1;
            let closure = self.closure.load(Ordering::Relaxed);
            if closure.is_null() {
                return;
            }
            // SAFETY: the pointer was published by `run` before the round changed, which `wait`
            // acquired, and points to a `Closure` on the stack of that call. The call does not
            // leave its frame before `pending` is 0, which is not before this worker's decrement
            // below, the last that it does with the closure. The closure is `Sync`.
            let work = unsafe { *closure.cast_const().cast::<Closure<'_>>() };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(thread))) {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            self.pending.0.fetch_sub(1, Ordering::Release);
        }
    }

    /// Returns when the round is no longer `seen`. It is then the next: no round begins before all
    /// workers are done with the one before.
    fn wait(&self, thread: usize, seen: usize) {
        let asleep = &self.asleep[thread - 1].0;
        let mut spin = Spin::default();
        while self.round.0.load(Ordering::Acquire) == seen {
            if spin.again() < AWAKE {
                continue;
            }
            asleep.store(true, Ordering::SeqCst);
            while self.round.0.load(Ordering::SeqCst) == seen {
                thread::park();
            }
            asleep.store(false, Ordering::Relaxed);
        }
    }
}

/// A pause that is taken again and again. The processor is told so, which lets another thread of
/// the same core go on, and saves power; after [`SPIN`] the system is told so too.
#[derive(Debug, Default)]
struct Spin {
    turns: u32,
    begin: Option<Instant>,
}

impl Spin {
    /// Pauses, and says for how long by now.
    fn again(&mut self) -> Duration {
        /// Looks at the clock are some 20 ns each.
        const TURNS_A_LOOK: u32 = 16;
        std::hint::spin_loop();
        self.turns += 1;
        if !self.turns.is_multiple_of(TURNS_A_LOOK) {
            return Duration::ZERO;
        }
        let time = self.begin.get_or_insert_with(Instant::now).elapsed();
        if time > SPIN {
            thread::yield_now();
        }
        time
    }
}

/// Cuts a slice of items of `width` values each into the parts of contiguous ranges of items, of
/// which the first begins at 0.
///
/// So each thread can be given what it writes, without a lock, and the compiler sees that no two
/// write the same.
///
/// # Panics
/// When the ranges have more items than the slice.
pub(super) fn split_mut<T>(
    mut slice: &mut [T],
    width: usize,
    ranges: impl IntoIterator<Item = Range<usize>>,
) -> impl Iterator<Item = (Range<usize>, &mut [T])> {
    ranges.into_iter().map(move |range| {
        let (part, rest) = std::mem::take(&mut slice).split_at_mut(range.len() * width);
        slice = rest;
        (range, part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of a test; fewer where each instruction is checked.
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };

    #[test]
    fn each_thread_is_called_once_a_round() {
        for threads in 1..=4 {
            let pool = Pool::new(threads);
            let counts: Vec<AtomicUsize> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
            for round in 0..ROUNDS {
                pool.run(|thread| {
                    counts[thread].fetch_add(1, Ordering::Relaxed);
                });
                let all = counts.iter().all(|count| count.load(Ordering::Relaxed) == round + 1);
                assert!(all, "{counts:?} after round {round} on {threads} threads");
            }
        }
    }

    #[test]
    fn sleeping_workers_wake() {
        let pool = Pool::new(3);
        for _ in 0..5 {
            let asleep = || pool.shared.asleep.iter().all(|asleep| asleep.0.load(Ordering::SeqCst));
            while !asleep() {
                thread::yield_now();
            }
            let count = AtomicUsize::new(0);
            pool.run(|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.into_inner(), 3);
        }
    }

    #[test]
    fn panics_reach_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        for bad in 0..3 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.run(|thread| assert!(thread != bad, "thread {thread}"));
            }));
            let message = *caught.unwrap_err().downcast::<String>().unwrap();
            assert_eq!(message, format!("thread {bad}"));
        }
        let count = AtomicUsize::new(0);
        pool.run(|_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 3);
    }

    #[test]
    fn calls_within_calls_and_beside_them_are_done() {
        let pool = Pool::new(2);
        let count = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS / 10 {
                        pool.run(|_| {
                            pool.run(|_| {
                                count.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(count.into_inner(), 2 * (ROUNDS / 10) * 4);
    }

    #[test]
    fn parts_are_divided_without_gaps() {
        for (threads, items, least) in [(1, 7, 1), (3, 7, 1), (3, 2, 1), (4, 100, 30), (2, 0, 5)] {
            let pool = Pool::new(threads);
            let ranges: Vec<Range<usize>> = pool.split(items, least).collect();
            assert!(ranges.len() <= threads && !ranges.is_empty(), "{ranges:?}");
            assert!(ranges.len() == 1 || ranges.iter().all(|range| range.len() >= least));
            let mut values = vec![0; items * 2];
            pool.scatter(split_mut(&mut values, 2, ranges), |(range, part)| {
                for (item, pair) in range.zip(part.chunks_exact_mut(2)) {
                    pair.fill(item);
                }
            });
            let expected: Vec<usize> = (0..items).flat_map(|item| [item; 2]).collect();
            assert_eq!(values, expected);
        }
    }
}
