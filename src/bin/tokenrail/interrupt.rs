//! Ctrl-C, and what else asks a program to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Failure;

/// The exit code of a run that was interrupted.
const INTERRUPTED: i32 = 130;

/// From here on the first Ctrl-C is told by the flag, for the run to end after the work at hand; a
/// second one ends it at once.
pub(crate) fn catch() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    set(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })?;
    Ok(interrupted)
}

/// From here on Ctrl-C ends the run at once; what it printed is there.
pub(crate) fn end_at_once() -> Result<(), Failure> {
    set(|| std::process::exit(INTERRUPTED))
}

/// Sets the handler. A second one in a process would be refused, and is a fault of the program.
fn set(handler: impl FnMut() + 'static + Send) -> Result<(), Failure> {
    let set = ctrlc::set_handler(handler);
    set.map_err(|error| Failure::Usage(format!("cannot catch Ctrl-C: {error}")))
}
