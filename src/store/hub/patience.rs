//! Calls of the hub client that are given up when nothing comes of them.
//!
//! The client waits for a server without end, writes whatever comes, and cannot be told to stop. So a
//! call runs in a thread of its own, which ends at its next step once nobody waits for it.

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

/// How far a call is, or what it came to.
enum Word<T> {
    Done(u64),
    Ended(T),
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) enum Unfinished<E> {
    /// Nothing was heard of it for as long as one waits.
    Silent,
    /// The client panicked.
    Broken,
    /// A step was refused.
    Refused(E),
}

/// Counts the bytes that came, for who waits.
pub(super) struct Meter<T> {
    words: SyncSender<Word<T>>,
    done: u64,
}

/// Waits for a call, but no longer than `patience` for its next bytes; `step` is told how many there
/// are and may refuse to go on.
pub(super) fn wait<T: Send + 'static, E>(
    patience: Duration,
    call: impl FnOnce(Meter<T>) -> T + Send + 'static,
    mut step: impl FnMut(u64) -> Result<(), E>,
) -> Result<T, Unfinished<E>> {
    // Few words fit, so that a call is never far ahead of who may refuse its next step.
    let (words, heard) = mpsc::sync_channel(8);
    let ending = words.clone();
    thread::spawn(move || {
        // Where nobody waits any more, nobody has to know.
        let _ = ending.send(Word::Ended(call(Meter { words, done: 0 })));
    });
    loop {
        match heard.recv_timeout(patience) {
            Ok(Word::Done(done)) => step(done).map_err(Unfinished::Refused)?,
            Ok(Word::Ended(result)) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => return Err(Unfinished::Silent),
            Err(RecvTimeoutError::Disconnected) => return Err(Unfinished::Broken),
        }
    }
}

impl<T> hf_hub::api::Progress for Meter<T> {
    fn init(&mut self, _size: usize, _filename: &str) {
        self.done = 0;
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        if self.words.send(Word::Done(self.done)).is_err() {
            // The only way out of the client's loop; unlike a panic it is not reported.
            panic::resume_unwind(Box::new("nobody waits for this download"));
        }
    }

    fn finish(&mut self) {}
}
