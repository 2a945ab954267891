//! Ctrl-C while a model works: the run ends within a step, with what it printed.

use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{BOUND, finish, folder, program, signal, start};

/// A step takes some milliseconds, on a machine that is busy with other tests many more; what is
/// interrupted here takes minutes.
const STEP: Duration = Duration::from_secs(10);

const FREE: [&str; 5] = ["generate", "--regex", "([a-z]{3} ){2000}", "--max-tokens", "8000"];

/// Interrupts a run, and gives what it has printed behind `printed`.
fn interrupted(child: Child) -> String {
    let begun = Instant::now();
    signal(child.id(), "-INT");
    let output = finish(child);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(begun.elapsed() < STEP, "it took {:?}", begun.elapsed());
    assert!(!err.contains("panicked"), "{err}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_text_on_its_way_is_interrupted() {
    let folder = folder(&[]);
    let args = [&FREE[..], &["--stream", "Once upon a time"]].concat();
    let mut child = program(folder.path(), &args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = [0; 16];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("it writes");
    interrupted(child);
}

/// Its threads tell what it does: one listens to Ctrl-C, and two work while weights are packed; then one
/// waits to show a spinner, and two read the prompt, for much longer.
#[cfg(target_os = "linux")]
#[test]
fn a_prompt_that_is_read_is_interrupted() {
    let folder = folder(&[]);
    let prompt = "word ".repeat(7_000);
    let args = ["generate", "--regex", "a", "--max-tokens", "1", "--threads", "2", &prompt];
    let child = start(&mut program(folder.path(), &args), b"");
    let begun = Instant::now();
    let tasks = format!("/proc/{}/task", child.id());
    let mut looks = 0;
    while looks < 200 {
        assert!(begun.elapsed() < BOUND, "it does not begin to read");
        thread::sleep(Duration::from_millis(5));
        let is_busy = std::fs::read_dir(&tasks).map_or(0, Iterator::count) >= 4;
        looks = if is_busy { looks + 1 } else { 0 };
    }
    assert_eq!(interrupted(child), "", "nothing was written yet");
}
