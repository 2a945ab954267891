//! The store, judged by what lies on disk, what a scripted pip was asked to do, and what a loopback
//! hub was asked for.
//!
//! `packages` runs the store with scripts in place of pip, and once with the machine's own pip;
//! `hub` runs it against `server`; `sources` is the table of texts that name models.

// The scripts are for `sh`, and processes are killed by signal.
#![cfg(unix)]

mod hub;
mod packages;
mod server;
mod sources;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tokenrail::store::{Access, CACHE_VARIABLE, Store};

/// The longest that any test waits for another process.
const PATIENCE: Duration = Duration::from_secs(60);

/// Set in a child process: the text of the model that it is to obtain.
const CHILD_MODEL: &str = "STORE_TEST_CHILD_MODEL";

/// A test of its own, and what a test runs in a child process: this file's `main`, so to speak.
#[test]
fn the_environment_says_where() {
    let store = Store::from_env().expect("a home folder");
    match std::env::var_os(CACHE_VARIABLE) {
        Some(folder) => assert_eq!(store.root(), PathBuf::from(folder)),
        None => assert!(store.root().ends_with("tokenrail"), "{store:?}"),
    }
    let Some(model) = std::env::var_os(CHILD_MODEL) else {
        return;
    };
    let source = model.to_str().expect("text").parse().expect("a model");
    let path = store.obtain(&source, Access::Online, &mut |_| {}).expect("obtained");
    let path = path.display();
    writeln!(std::io::stdout(), "obtained {path}\nstore {store:?}").expect("written");
}

/// The command that obtains `model` through `Store::from_env` in a process of its own.
fn child(model: &str, root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test has a path"));
    command
        .args(["--exact", "the_environment_says_where", "--nocapture"])
        .env(CHILD_MODEL, model)
        .env(CACHE_VARIABLE, root);
    command
}

/// Waits for something that another process does.
fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Bytes that do not compress, the same for the same seed (a xorshift generator).
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(step).collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
