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
//! Nobody waits for a worker that has not begun. Where other programs have the processors, a worker may get
//! one only after milliseconds; the caller then does its parts too. A pass has some 150 pieces of work, and on
//! two processors with six busy threads those that waited for their workers took 300 ms.
//!
//! Why not a pool that others keep: those that share tasks among all their threads (rayon) take some
//! 10 µs for what a step of a small model's pass does in 20.
//!
//! Invariant: between two calls of [`Pool::run`], no worker holds the closure of the first. A worker
//! comes in through the door of a round while it is open; `run` shuts it, and returns, or goes on with a
//! panic, only after all who came in have left.
#![allow(unsafe_code, reason = "workers outlive the closures that they are lent")]

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
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
    /// A [`Door`].
    door: Aligned<AtomicU64>,
    /// A `Closure` on the stack of the call whose door is open.
    closure: AtomicPtr<()>,
    /// For each worker whether it sleeps, or is about to.
    asleep: Vec<Aligned<AtomicBool>>,
    /// What a worker's closure panicked with, until the caller takes it.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The number of a round, whether workers may still come in, and how many are within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Door(u64);

impl Door {
    /// One worker.
    const WORKER: u64 = 1;
    const WORKERS: u64 = (1 << 16) - 1;
    const OPEN: u64 = 1 << 16;
    /// The pool ends. No round has it but the last.
    const END: u64 = 1 << 17;
    /// The number of the round stands above.
    const ROUND: u64 = 1 << 18;

    fn round(self) -> u64 {
        self.0 / Self::ROUND
    }

    fn is_open(self) -> bool {
        self.0 & Self::OPEN != 0
    }

    fn is_end(self) -> bool {
        self.0 & Self::END != 0
    }

    fn is_empty(self) -> bool {
        self.0 & Self::WORKERS == 0
    }

    /// The door of the round behind this one, empty.
    fn next(self, flag: u64) -> u64 {
        ((self.round() + 1) * Self::ROUND) | flag
    }
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Aligned<T>(T);

impl Pool {
    /// Starts `threads - 1` workers, or as many as the system gives.
    pub(super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            door: Aligned::default(),
            closure: AtomicPtr::default(),
            asleep: (1..threads).map(|_| Aligned::default()).collect(),
            panic: Mutex::default(),
        });
        let start = |thread: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().spawn(move || shared.work(thread)).ok()
        };
        let workers = (1..threads).take(Door::WORKERS as usize).map_while(start).collect();
        Self { shared, workers, running: Mutex::default() }
    }

    /// The threads, the caller's among them.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does `work` on each part, and returns when all are done. Each thread begins with a part of its own,
    /// the caller with the first, and then takes those that nobody has.
    ///
    /// Calls from within `work`, or while another thread's call is running, are done by the caller alone.
    ///
    /// # Panics
    /// When `work` does; of several panics, with one of them. Of the other parts some may not be done.
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
        self.run(|thread| {
            let threads = self.threads();
            for own in (thread..thread + threads).map(|thread| thread % threads) {
                parts.iter().skip(own).step_by(threads).for_each(take);
            }
        });
    }

    /// Calls `work` with 0, and meanwhile on workers that are awake in time, with the number of each at most
    /// once. The call with 0 has to do all that nobody else does.
    fn run(&self, work: impl Fn(usize) + Sync) {
        let running = self.running.try_lock();
        if self.workers.is_empty() || running.is_err() {
            return work(0);
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
        self.shared.closure.store(closure, Ordering::Relaxed);
        self.open(Door::OPEN);
    }

    /// Begins a round, which nobody is in.
    fn open(&self, flag: u64) {
        let shared = &*self.shared;
        // Only who begins rounds writes to a door that is shut and empty.
        let door = Door(shared.door.0.load(Ordering::Relaxed));
        // Before a worker sleeps it says so and then looks at the door again; here the door
        // changes first and then is looked who sleeps. Both exchange the door's value, so one of the two
        // comes first there, and the other one sees what was done before.
        shared.door.0.swap(door.next(flag), Ordering::AcqRel);
        for (worker, asleep) in self.workers.iter().zip(&shared.asleep) {
            if asleep.0.load(Ordering::Relaxed) {
                worker.thread().unpark();
            }
        }
    }

    /// Shuts the door and waits for the workers within. Where there are more threads than processors, one
    /// may have to be given the processor first.
    fn join(&self) {
        let door = &self.shared.door.0;
        door.fetch_and(!Door::OPEN, Ordering::Relaxed);
        let mut spin = Spin::default();
        while !Door(door.load(Ordering::Acquire)).is_empty() {
            spin.again();
        }
    }
}

/// Ends the workers, and waits for them.
impl Drop for Pool {
    fn drop(&mut self) {
        self.open(Door::END);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
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
            let door = self.wait(thread, seen);
            if door.is_end() {
                return;
            }
            seen = door.round();
            if !self.enter(door) {
                continue;
            }
            let closure = self.closure.load(Ordering::Relaxed);
            // SAFETY: this worker is within the round whose door `enter` came through with an acquiring
            // exchange. `run` published the pointer before it opened that door, and it points to a
            // `Closure` on the stack of that call. The call does not leave its frame before it has shut the
            // door and seen nobody within, which is not before this worker's decrement below, the
            // last that it does with the closure; and it begins no other round before that. The
            // closure is `Sync`.
            let work = unsafe { *closure.cast_const().cast::<Closure<'_>>() };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(thread))) {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            self.door.0.fetch_sub(Door::WORKER, Ordering::Release);
        }
    }

    /// Comes in through a door, unless it is shut or of a round that is over.
    fn enter(&self, mut door: Door) -> bool {
        let round = door.round();
        while door.is_open() && door.round() == round {
            let within = door.0 + Door::WORKER;
            let order = (Ordering::Acquire, Ordering::Relaxed);
            match self.door.0.compare_exchange_weak(door.0, within, order.0, order.1) {
                Ok(_) => return true,
                Err(now) => door = Door(now),
            }
        }
        false
    }

    /// Returns the door when it is of another round than `seen`.
    fn wait(&self, thread: usize, seen: u64) -> Door {
        let asleep = &self.asleep[thread - 1].0;
        let mut spin = Spin::default();
        loop {
            let now = Door(self.door.0.load(Ordering::Relaxed));
            if now.round() != seen {
                return now;
            }
            if spin.again() < AWAKE {
                continue;
            }
            asleep.store(true, Ordering::Relaxed);
            // An exchange that changes nothing: see `open`.
            while Door(self.door.0.fetch_or(0, Ordering::AcqRel)).round() == seen {
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
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Rounds of a test; fewer where each instruction is checked.
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };

    /// Does so many parts, and counts how often each was done.
    fn done(pool: &Pool, parts: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
        pool.scatter(0..parts, |part| {
            counts[part].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn each_part_is_done_once() {
        for threads in 1..=4 {
            let pool = Pool::new(threads);
            for round in 0..ROUNDS {
                let parts = round % 9;
                assert_eq!(done(&pool, parts), vec![1; parts], "round {round}, {threads} threads");
            }
        }
    }

    /// Each part waits until as many threads are at work as there are parts.
    fn meet(pool: &Pool, threads: usize) {
        let barrier = Barrier::new(threads);
        pool.scatter(0..threads, |_| {
            barrier.wait();
        });
    }

    #[test]
    fn sleeping_workers_wake() {
        let pool = Pool::new(3);
        for _ in 0..5 {
            let asleep =
                || pool.shared.asleep.iter().all(|asleep| asleep.0.load(Ordering::Relaxed));
            while !asleep() {
                thread::yield_now();
            }
            meet(&pool, 3);
        }
    }

    #[test]
    fn nobody_waits_for_who_has_not_begun() {
        let mut pool = Pool::new(2);
        // A worker that sleeps and is not woken: its handle is that of another thread.
        while !pool.shared.asleep[0].0.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let worker = std::mem::replace(&mut pool.workers[0], thread::spawn(|| {}));
        for _ in 0..ROUNDS {
            assert_eq!(done(&pool, 4), [1; 4]);
        }
        pool.workers[0] = worker;
        meet(&pool, 2);
    }

    #[test]
    fn panics_reach_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        for bad in 0..3 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.scatter(0..3, |part| assert!(part != bad, "part {part}"));
            }));
            let message = *caught.unwrap_err().downcast::<String>().unwrap();
            assert_eq!(message, format!("part {bad}"));
        }
        assert_eq!(done(&pool, 7), [1; 7]);
    }

    #[test]
    fn calls_within_calls_and_beside_them_are_done() {
        let pool = Pool::new(2);
        let count = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS / 10 {
                        pool.scatter(0..2, |_| {
                            pool.scatter(0..2, |_| {
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
