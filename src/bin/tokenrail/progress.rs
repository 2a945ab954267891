//! Progress bars on standard error; hidden when that is not a terminal.

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

    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar over items, `done` of which were there before.
pub(crate) fn items(total: usize, done: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30}  {pos} of {len} items  {per_sec}  {eta}");
    let bar = ProgressBar::new(total as u64).with_style(style.expect("the template is valid"));
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}
