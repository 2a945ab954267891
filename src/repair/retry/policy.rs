//! How far a loop may go.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::{Level, Options};

/// What a model is asked when repairing alone does not help, from what keeps most to what keeps least.
///
/// ```
/// use tokenrail::repair::retry::Rung;
///
/// assert!(Rung::Continue < Rung::Full);
/// assert_eq!(Rung::Redecode.name(), "redecode");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// Go on with a reply that was cut off.
    Continue,
    /// Write again from where the reply left the schema, under its constraint.
    Redecode,
    /// Write the part again that all faults are in.
    Subtree,
    /// Write the whole again.
    Full,
    /// Have another model write the whole.
    Other,
}

impl Rung {
    /// All of them, in their order.
    pub const ALL: [Self; 5] =
        [Self::Continue, Self::Redecode, Self::Subtree, Self::Full, Self::Other];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Redecode => "redecode",
            Self::Subtree => "subtree",
            Self::Full => "full",
            Self::Other => "other",
        }
    }
}

/// What a loop may ask, how often, and how replies are repaired.
///
/// ```
/// use tokenrail::repair::retry::{Policy, Rung};
///
/// // A server that cannot go on behind a text, and a bigger model to fall back to.
/// let rungs = [Rung::Subtree, Rung::Full, Rung::Other].into();
/// let policy = Policy { rungs, attempts: 3, ..Policy::default() };
/// assert!(!Policy::default().rungs.contains(&Rung::Other), "it takes another model");
/// assert_eq!(policy.attempts, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What the models at hand can do; without [`Rung::Other`] unless there is another one.
    pub rungs: BTreeSet<Rung>,
    /// The most asks behind the first reply.
    pub attempts: usize,
    /// The most tokens of all answers together, the first reply included.
    pub tokens: usize,
    /// The most tokens of one answer.
    pub ask_tokens: usize,
    /// Nothing is asked when so much time has passed.
    pub time: Duration,
    /// How replies are repaired. Rules of salvage are applied when nothing is left to ask, and never
    /// before.
    pub repair: Options,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rungs: [Rung::Continue, Rung::Redecode, Rung::Subtree, Rung::Full].into(),
            attempts: 4,
            tokens: 4096,
            ask_tokens: 512,
            time: Duration::from_secs(120),
            repair: Options::default(),
        }
    }
}

impl Policy {
    /// How each answer is repaired: nothing of it is lost.
    pub(super) fn lossless(&self) -> Options {
        let level = self.repair.level.min(Level::Coerce);
        Options { level, allow: BTreeSet::new(), ..self.repair.clone() }
    }

    /// How the last one is, where rules of salvage are allowed.
    pub(super) fn salvage(&self) -> Option<Options> {
        (self.repair.level == Level::Salvage).then(|| self.repair.clone())
    }
}
