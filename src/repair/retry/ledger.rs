//! What was asked and what came of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Reason, Repaired, Status};
#[cfg(doc)]
use super::Policy;
use super::Rung;

/// What came of a loop, with every attempt.
///
/// ```
/// use tokenrail::repair::retry::{Ended, Outcome};
///
/// let is_there = |outcome: &Outcome| outcome.repaired.text.is_some();
/// let was_cut_short = |outcome: &Outcome| outcome.ended == Ended::Tokens;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The value with the edits of the last reply, or why there is none.
    pub repaired: Repaired,
    /// Why nothing more was asked.
    pub ended: Ended,
    /// Every answer, the first reply before all.
    pub ledger: Vec<Attempt>,
}

impl Outcome {
    /// That of a reply that nothing was asked about, as a model told its readings apart
    /// ([`choose_reading`](crate::repair::choose_reading)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokenrail::repair::retry::Outcome;
    /// use tokenrail::repair::{Options, repair};
    ///
    /// let repaired = repair("{a: 1}", &Options::default());
    /// let outcome = Outcome::of_reading("{a: 1}", repaired, Duration::ZERO);
    /// assert_eq!(outcome.ledger.len(), 1);
    /// ```
    #[must_use]
    pub fn of_reading(text: &str, repaired: Repaired, at: Duration) -> Self {
        let ledger = vec![Attempt::judged(None, (text.to_owned(), 0), &repaired, at)];
        Self { repaired, ended: Ended::Valid, ledger }
    }

    /// What kind of result it is, seen from the first reply: what a model wrote again is repaired.
    ///
    /// ```
    /// use tokenrail::repair::{Status, retry::Outcome};
    ///
    /// let is_untouched = |outcome: &Outcome| outcome.status() == Status::Valid;
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        let is_first = self.ledger.len() < 2;
        let least = if is_first { Status::Valid } else { Status::Repaired };
        self.repaired.status.max(least)
    }

    /// The report for programs: that of the last reply ([`Repaired::to_json_line`]), of level `model`
    /// where one was asked, with `ended` and the `attempts`.
    ///
    /// ```
    /// use tokenrail::repair::retry::Outcome;
    ///
    /// let write = |outcome: &Outcome| println!("{}", outcome.to_json_line());
    /// ```
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let is_asked = self.ledger.iter().any(|attempt| attempt.rung.is_some());
        let level = if is_asked { "model" } else { self.repaired.level.name() };
        let mut line = self.repaired.json_line(self.status(), level);
        let attempts: Vec<Value> = self.ledger.iter().map(Attempt::to_json).collect();
        line.pop();
        format!(r#"{line},"ended":"{}","attempts":{}}}"#, self.ended.name(), Value::from(attempts))
    }
}

/// Why a loop ended.
///
/// ```
/// assert_eq!(tokenrail::repair::retry::Ended::Attempts.name(), "attempts");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// The value is there.
    Valid,
    /// The value is there; allowed rules lost something of it when nothing was left to ask.
    Salvaged,
    /// As many asks were made as [`Policy::attempts`].
    Attempts,
    /// The tokens are used up.
    Tokens,
    /// The time is.
    Time,
    /// No rung is left that applies.
    Rungs,
}

impl Ended {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Salvaged => "salvaged",
            Self::Attempts => "attempts",
            Self::Tokens => "tokens",
            Self::Time => "time",
            Self::Rungs => "rungs",
        }
    }
}

/// An answer, and what came of it.
///
/// ```
/// use tokenrail::repair::retry::Attempt;
///
/// /// What the loop cost.
/// fn tokens(ledger: &[Attempt]) -> usize {
///     ledger.iter().map(|attempt| attempt.tokens).sum()
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// What was asked; `None` for the first reply, and for what rules of salvage made of the last.
    pub rung: Option<Rung>,
    /// What the model wrote.
    pub text: String,
    /// What of the reply before was kept behind it, in the place of what else the model wrote.
    pub kept: String,
    /// The tokens that it cost.
    pub tokens: usize,
    /// When it was told.
    pub at: Duration,
    /// What kind of result it was, with all that it continued or was put into.
    pub status: Status,
    /// The number of edits that made it one.
    pub edits: usize,
    /// What was wrong; empty where nothing was.
    pub fault: String,
}

impl Attempt {
    /// An answer that was repaired, or could not be.
    pub(super) fn judged(
        rung: Option<Rung>,
        (text, tokens): (String, usize),
        repaired: &Repaired,
        at: Duration,
    ) -> Self {
        let edits = repaired.edits.len() + repaired.patch.len();
        let fault = super::feedback::fault(repaired);
        let (status, kept) = (repaired.status, String::new());
        Self { rung, text, kept, tokens, at, status, edits, fault }
    }

    /// Nothing came that could be repaired.
    pub(super) fn failed(rung: Option<Rung>, fault: String, at: Duration) -> Self {
        let (text, kept) = (String::new(), String::new());
        Self { rung, text, kept, tokens: 0, at, status: Status::Failed, edits: 0, fault }
    }

    /// What rules of salvage made.
    pub(super) fn salvaged(repaired: &Repaired, at: Duration) -> Self {
        Self::judged(None, (String::new(), 0), repaired, at)
    }

    /// The attempt for programs.
    ///
    /// ```
    /// use tokenrail::repair::retry::Attempt;
    ///
    /// fn rungs(ledger: &[Attempt]) -> Vec<String> {
    ///     ledger.iter().map(|attempt| attempt.to_json()["rung"].to_string()).collect()
    /// }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "rung": self.rung.map(Rung::name),
            "status": self.status.name(),
            "fault": self.fault,
            "edits": self.edits,
            "tokens": self.tokens,
            "milliseconds": u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX),
            "text": self.text,
            "kept": self.kept,
        })
    }
}

/// What is wrong with a reply, as far as it decides what to ask next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fault {
    reason: Option<Reason>,
    /// Values and the keywords that they break.
    places: Vec<(String, String)>,
    /// Of a reply that was cut off, how far it came: one that came further is another fault.
    length: usize,
}

impl Fault {
    /// The fault of a reply that could not be repaired.
    pub(super) fn of(repaired: &Repaired, text: &str) -> Self {
        let reason = repaired.refusal.as_ref().map(|refusal| refusal.reason);
        let place = |violation: &crate::schema::Violation| {
            (violation.instance.clone(), violation.schema.clone())
        };
        let mut places: Vec<_> = repaired.violations.iter().map(place).collect();
        places.sort();
        let length = if reason == Some(Reason::Truncated) { text.trim_end().len() } else { 0 };
        Self { reason, places, length }
    }
}
