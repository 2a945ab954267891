//! What is told to the caller while a model is fetched.

/// How far one file has come; enough for a progress bar.
///
/// Within one stage of one file `done` never falls, unless a broken download starts again, and
/// never passes `total`.
///
/// ```
/// use tokenrail::store::{Progress, Stage};
///
/// fn percent(progress: Progress<'_>) -> Option<u64> {
///     progress.total.map(|total| 100 * progress.done / total.max(1))
/// }
/// let progress = Progress { stage: Stage::Verifying, name: "a.gguf", done: 5, total: Some(20) };
/// assert_eq!(percent(progress), Some(25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub stage: Stage,
    /// The file, or while waiting the model.
    pub name: &'a str,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// The steps of fetching, in their usual order.
///
/// ```
/// use tokenrail::store::Stage;
///
/// /// Whether the network is busy, or this machine alone.
/// fn is_remote(stage: Stage) -> bool {
///     stage == Stage::Downloading
/// }
/// assert!(!is_remote(Stage::Verifying));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Another process or thread is fetching or removing the same model.
    Waiting,
    /// Bytes come over the network.
    Downloading,
    /// A file is taken from its archive, and hashed on the way.
    Unpacking,
    /// A downloaded file is hashed.
    Verifying,
}

/// Where progress goes inside this module.
pub(super) type Report<'r> = dyn FnMut(Progress<'_>) + 'r;
