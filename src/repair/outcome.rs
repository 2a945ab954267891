//! What came of a reply.

use std::fmt;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::Level;
use super::edit::{Class, TextEdit};
use super::patch::ValueEdit;
use super::reason::Reason;
use crate::schema::Violation;
use crate::schema::json::Json;

/// A repaired reply, or why it is none.
///
/// ```
/// use tokenrail::repair::{Options, Status, repair};
///
/// let repaired = repair(r#"{"a": 1}"#, &Options::default());
/// assert_eq!((repaired.status, repaired.text.as_deref()), (Status::Valid, Some(r#"{"a": 1}"#)));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// What kind of result it is.
    pub status: Status,
    /// The highest level that something was done at, or that would be needed.
    pub level: Level,
    /// The value as JSON; `None` where there is none.
    pub text: Option<String>,
    /// The edits of the reply, in the order of their spans. Without `patch` they give `text`.
    pub edits: Vec<TextEdit>,
    /// The edits of the value, in the order in which they were made. Where there are some, `text` is
    /// their result, written on one line.
    pub patch: Vec<ValueEdit>,
    /// What was taken away of the reply.
    pub dropped: Vec<Dropped>,
    /// The texts of the readings that come into question, the nearest first.
    pub alternatives: Vec<String>,
    /// How far each of them is from the reply: the number of its edits, of which some count more. Empty where
    /// that was not counted.
    pub costs: Vec<usize>,
    /// How likely a model finds each of them, in nats, where [`choose_reading`](super::choose_reading) asked one.
    pub logprobs: Vec<f64>,
    /// The value as it was understood, as JSON, where it is none because it does not conform to the schema.
    pub unfit: Option<String>,
    /// What does not conform to the schema in the value as it was understood.
    pub violations: Vec<Violation>,
    /// Why there is no value.
    pub refusal: Option<Refusal>,
    /// Of a reply that was cut off, the JSON pointers of the values that are not complete.
    pub states: Vec<(String, State)>,
}

/// How much of a value is there that the end of a reply cut off. All others are complete.
///
/// ```
/// use tokenrail::repair::{Finish, Options, Salvage, State, repair};
///
/// let cut = Options { finish: Finish::Length, ..Options::default() }.allowing([Salvage::Incomplete]);
/// let repaired = repair(r#"{"a": [1, 2], "b": [3, 4"#, &cut);
/// assert_eq!(repaired.text.as_deref(), Some(r#"{"a": [1, 2], "b": [3]}"#));
/// let states = [("", State::Partial), ("/b", State::Partial), ("/b/1", State::Absent)];
/// assert_eq!(repaired.states, states.map(|(pointer, state)| (pointer.to_owned(), state)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// All that was said of it is there.
    ///
    /// `{"a": 1, "b": 2`, cut off there, has `a`: behind its comma nothing of it can follow.
    Complete,
    /// It lacks children that were cut off or not written yet.
    ///
    /// The object itself: other members may follow.
    Partial,
    /// It was begun, and is left out.
    ///
    /// `b`: its number may have more digits.
    Absent,
}

impl State {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Absent => "absent",
        }
    }
}

/// What kind of result it is.
///
/// ```
/// assert_eq!(tokenrail::repair::Status::Lossy.name(), "lossy");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing was changed.
    Valid,
    /// The value is there, with all that was said.
    Repaired,
    /// The value is there; something was lost or chosen.
    Lossy,
    /// There are several readings.
    Ambiguous,
    /// There is none.
    Failed,
}

impl Status {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Repaired => "repaired",
            Self::Lossy => "lossy",
            Self::Ambiguous => "ambiguous",
            Self::Failed => "failed",
        }
    }
}

/// A piece of the reply that is not in the value.
///
/// ```
/// use tokenrail::repair::{Options, repair};
///
/// let repaired = repair("Here it is: [1]", &Options::default());
/// assert_eq!(repaired.dropped[0].text, "Here it is: ");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its bytes in the reply.
    pub span: Range<usize>,
    /// What it says.
    pub text: String,
}

/// Why there is no value.
///
/// ```
/// use tokenrail::repair::{Options, repair};
///
/// let refused = repair(r#"{"a": 1, "a": 2}"#, &Options::default());
/// assert_eq!(refused.refusal.unwrap().to_string(), "duplicate_key at byte 9");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub reason: Reason,
    /// The bytes of the reply that it is about.
    pub span: Range<usize>,
}

impl Refusal {
    /// The reason and its place, for programs.
    pub(super) fn to_json(&self) -> Value {
        json!({"reason": self.reason.name(), "span": [self.span.start, self.span.end]})
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason.name(), self.span.start)
    }
}

impl Repaired {
    /// No value, for a reason.
    pub(super) fn refused(level: Level, reason: Reason, span: Range<usize>) -> Self {
        let status = if reason.is_ambiguity() { Status::Ambiguous } else { Status::Failed };
        Self {
            status,
            level,
            text: None,
            edits: Vec::new(),
            patch: Vec::new(),
            dropped: Vec::new(),
            alternatives: Vec::new(),
            costs: Vec::new(),
            logprobs: Vec::new(),
            unfit: None,
            violations: Vec::new(),
            refusal: Some(Refusal { reason, span }),
            states: Vec::new(),
        }
    }

    /// A value that these edits give.
    pub(super) fn made(text: String, edits: Vec<TextEdit>, patch: Vec<ValueEdit>) -> Self {
        let classes =
            edits.iter().map(|edit| edit.class).chain(patch.iter().map(|edit| edit.class));
        let status = match classes.max() {
            None => Status::Valid,
            Some(Class::Lossless | Class::Normalising) => Status::Repaired,
            Some(Class::Guess | Class::Lossy) => Status::Lossy,
        };
        let highest = edits.iter().map(|edit| edit.rule.level()).max().unwrap_or(Level::Strict);
        let coerced = if patch.is_empty() { Level::Strict } else { Level::Coerce };
        let salvaged = if status == Status::Lossy { Level::Salvage } else { Level::Strict };
        let says =
            |edit: &&TextEdit| edit.now.is_empty() && edit.was.chars().any(char::is_alphanumeric);
        let dropped = edits.iter().filter(says);
        let dropped =
            dropped.map(|edit| Dropped { span: edit.span.clone(), text: edit.was.clone() });
        Self {
            status,
            level: highest.max(coerced).max(salvaged),
            text: Some(text),
            dropped: dropped.collect(),
            edits,
            patch,
            alternatives: Vec::new(),
            costs: Vec::new(),
            logprobs: Vec::new(),
            unfit: None,
            violations: Vec::new(),
            refusal: None,
            states: Vec::new(),
        }
    }

    /// The value; `None` also where a number in it is beyond the range of 64 bits.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        serde_json::from_str(self.text.as_deref()?).ok()
    }

    /// The report for programs, as one line of JSON in which the value's numbers are as they were
    /// written.
    ///
    /// ```
    /// use tokenrail::repair::{Options, repair};
    ///
    /// let line = repair("[1.50,]", &Options::default()).to_json_line();
    /// assert!(line.starts_with(r#"{"status":"repaired","level":"syntax","value":[1.50],"#), "{line}");
    /// ```
    #[must_use]
    pub fn to_json_line(&self) -> String {
        self.json_line(self.status, self.level.name())
    }

    /// The report, with the status and the level of what was done in all.
    pub(super) fn json_line(&self, status: Status, level: &str) -> String {
        // The value is read once more, not copied: it may have line breaks.
        let text = self.text.as_deref().and_then(|text| Json::parse(text, usize::MAX).ok());
        let value = text.map_or_else(|| "null".to_owned(), |json| json.written());
        self.line_with((status, level), &value)
    }

    /// The same with a value that is told so.
    pub(super) fn line_with(&self, (status, level): (Status, &str), value: &str) -> String {
        let edits: Vec<Value> = self.edits.iter().map(edit_json).collect();
        let patch: Vec<Value> = self.patch.iter().map(value_edit_json).collect();
        let dropped = self.dropped.iter().map(
            |dropped| json!({"span": [dropped.span.start, dropped.span.end], "text": dropped.text}),
        );
        let violations = self.violations.iter().map(Violation::to_json);
        let state = |(pointer, state): &(String, State)| (pointer.clone(), json!(state.name()));
        let states: Map<String, Value> = self.states.iter().map(state).collect();
        let rest = json!({
            "edits": edits,
            "patch": patch,
            "dropped": dropped.collect::<Vec<_>>(),
            "alternatives": self.alternatives,
            "costs": self.costs,
            "logprobs": self.logprobs,
            "violations": violations.collect::<Vec<_>>(),
            "states": states,
        });
        let (status, rest) = (status.name(), rest.to_string());
        let rest = &rest[1..rest.len() - 1];
        let unfit = self.unfit.as_deref().unwrap_or("null");
        let refusal = json!(self.refusal.as_ref().map(Refusal::to_json));
        format!(
            r#"{{"status":"{status}","level":"{level}","value":{value},{rest},"unfit":{unfit},"refusal":{refusal}}}"#
        )
    }
}

/// An edit of text as `--json` prints it: its span in bytes, both texts, rule, class and place.
fn edit_json(edit: &TextEdit) -> Value {
    json!({
        "rule": edit.rule.name(),
        "class": edit.class.name(),
        "span": [edit.span.start, edit.span.end],
        "was": edit.was,
        "now": edit.now,
        "pointer": edit.pointer,
    })
}

/// An edit of a value as a JSON Patch (RFC 6902) with its rule and class.
fn value_edit_json(edit: &ValueEdit) -> Value {
    json!({
        "rule": edit.rule.name(),
        "class": edit.class.name(),
        "pointer": edit.pointer,
        "operations": edit.to_json(),
    })
}
