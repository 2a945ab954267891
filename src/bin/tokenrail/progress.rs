//! Progress bars on standard error; hidden when that is not a terminal.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokenrail::store::{Progress, Stage};

use crate::output;

/// The bar of a model that is being obtained.
#[derive(Debug, Default)]
pub(crate) struct Fetching {
    bar: Option<ProgressBar>,
    said: Option<String>,
}

impl Fetching {
    /// Shows how far a fetch is; the bar begins with the first bytes.
    pub(crate) fn show(&mut self, progress: &Progress<'_>) {
        let verb = match progress.stage {
            Stage::Waiting => "waiting for another process that fetches",
            Stage::Downloading => "fetching",
            Stage::Unpacking => "unpacking",
            Stage::Verifying => "verifying",
            _ => "preparing",
        };
        let message = format!("{verb} {}", progress.name);
        let bar = self.bar.get_or_insert_with(|| {
            let style =
                ProgressStyle::with_template("{msg}  {bar:30}  {bytes} of {total_bytes}  {eta}");
            ProgressBar::new(0).with_style(style.expect("the template is valid"))
        });
        bar.set_length(progress.total.unwrap_or(progress.done));
        bar.set_position(progress.done);
        bar.set_message(message.clone());
        if bar.is_hidden() && self.said.as_ref() != Some(&message) {
            output::say(&message);
        }
        self.said = Some(message);
    }

    /// Takes the bar away, as what it showed is over.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What is done sooner is shown no spinner.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does some work, beside which a spinner counts the seconds once it takes long.
pub(crate) fn spinner<T>(work: impl FnOnce() -> T) -> T {
    let (working, ended) = mpsc::channel::<()>();
    // Nothing is ever sent: the channel closes when the work ends, by a panic too.
    let goes_on = move |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    thread::scope(|scope| {
        scope.spawn(move || {
            if goes_on(PATIENCE) {
                let style = ProgressStyle::with_template("{spinner} the model reads  {elapsed}");
                let bar = ProgressBar::new_spinner().with_elapsed(PATIENCE);
                bar.set_style(style.expect("the template is valid"));
                while goes_on(Duration::from_millis(100)) {
                    bar.tick();
                }
                bar.finish_and_clear();
            }
        });
        let _working = working;
        work()
    })
}

/// A bar over items, `done` of which were there before.
pub(crate) fn items(total: usize, done: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30}  {pos} of {len} items  {per_sec}  {eta}");
    let bar = ProgressBar::new(total as u64).with_style(style.expect("the template is valid"));
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}
