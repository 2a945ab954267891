//! Turns replies into JSON that conforms to a schema, or tells exactly why not.
//!
//! A reply is taken as JSON at the lowest [`Level`] at which it is some: as it stands, out of the prose
//! around it, with its syntax put right, with its values put into the types that the schema wants.
//! Each change is an edit that can be undone. Where two readings are as near, none is chosen: the
//! result is [`Status::Ambiguous`] and has the readings. What would lose something is done only where
//! a [`Salvage`] rule is allowed by name.
//!
//! Nothing is invented: no value that is required and missing is filled in, and what is cut off is
//! not completed. Numbers stay as they were written.
//!
//! Laws, held by `tests/repair`: the edits applied to the text give the repaired text, and inverted they
//! give the first one again; a repaired text is not changed again; what is valid stays byte for byte;
//! lossless edits keep every letter and digit; any text ends in a result, in linear time.
//!
//! ```
//! use serde_json::json;
//! use tokenrail::repair::{Options, Status, repair_for};
//! use tokenrail::schema::Validator;
//!
//! let schema = json!({"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
//! let validator = Validator::new(&schema, &Default::default())?;
//!
//! let reply = "Sure:\n```json\n{city: 'Oslo', \"days\": \"3\",}\n```";
//! let repaired = repair_for(reply, &validator, &Options::default());
//! assert_eq!(repaired.status, Status::Repaired);
//! assert_eq!(repaired.value(), Some(json!({"city": "Oslo", "days": 3})));
//!
//! let unclear = repair_for(r#"{"city": Oslo, Norway}"#, &validator, &Options::default());
//! assert_eq!(unclear.refusal.unwrap().reason.name(), "ambiguous_unquoted_comma");
//! # Ok::<(), tokenrail::schema::SchemaError>(())
//! ```

mod document;
mod extract;
mod parse;
mod reading;
mod search;

mod coerce;
mod judge;
mod patch;

mod edit;
mod locate;
mod outcome;
mod rank;
mod reason;

pub mod retry;
pub mod stream;
mod tools;

pub use edit::{Class, Rule, TextEdit, apply, invert};
pub use outcome::{Dropped, Refusal, Repaired, State, Status};
pub use patch::{Change, ValueEdit, ValueRule};
pub use rank::choose_reading;
pub use reason::{Reason, Salvage};
pub use tools::{RepairedCall, RepairedCalls, repair_tool_calls};

use std::collections::BTreeSet;

use crate::schema::Validator;
use crate::schema::json::Json;

/// How far a repair may go.
///
/// ```
/// use tokenrail::repair::{Level, Options, Status, repair};
///
/// let options = Options { level: Level::Extract, ..Options::default() };
/// assert_eq!(repair("Here: {\"a\": 1}", &options).status, Status::Repaired);
/// assert_eq!(repair("Here: {a: 1}", &options).status, Status::Failed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is changed: the text is JSON by RFC 8259, with no name given twice.
    Strict,
    /// The value is taken out of what stands around it, and stays as it is.
    Extract,
    /// Its syntax is put right where one reading is the nearest.
    Syntax,
    /// Its values are put into what the schema wants, where that keeps what they say.
    Coerce,
    /// Allowed rules lose something, or choose between readings.
    Salvage,
}

impl Level {
    /// All of them, from the least that is done to the most.
    pub const ALL: [Self; 5] =
        [Self::Strict, Self::Extract, Self::Syntax, Self::Coerce, Self::Salvage];

    /// Its name in reports and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Extract => "extract",
            Self::Syntax => "syntax",
            Self::Coerce => "coerce",
            Self::Salvage => "salvage",
        }
    }
}

/// How a reply ended.
///
/// ```
/// use tokenrail::repair::{Finish, Options, Status, repair};
///
/// let text = "{\"a\": [1, 2";
/// assert_eq!(repair(text, &Options::default()).status, Status::Repaired);
/// let cut = Options { finish: Finish::Length, ..Options::default() };
/// assert_eq!(repair(text, &cut).status, Status::Failed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Finish {
    /// The model came to an end: what is open may be closed.
    #[default]
    Stop,
    /// It was cut off: the last number may have more digits.
    Length,
}

/// How replies are repaired.
///
/// ```
/// use tokenrail::repair::{Level, Options, Salvage};
///
/// let options = Options::default().allowing([Salvage::Ellipsis]);
/// assert_eq!((Options::default().level, options.level), (Level::Coerce, Level::Salvage));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How far it may go.
    pub level: Level,
    /// What may be lost or chosen, at [`Level::Salvage`].
    pub allow: BTreeSet<Salvage>,
    /// How the reply ended.
    pub finish: Finish,
    /// How deep arrays and objects may be nested.
    pub depth: usize,
    /// How many bytes a reply may have.
    pub bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        let (level, finish) = (Level::Coerce, Finish::Stop);
        Self { level, allow: BTreeSet::new(), finish, depth: 250, bytes: 256 << 20 }
    }
}

impl Options {
    /// These options, with rules of [`Level::Salvage`] allowed.
    #[must_use]
    pub fn allowing(mut self, rules: impl IntoIterator<Item = Salvage>) -> Self {
        self.level = Level::Salvage;
        self.allow.extend(rules);
        self
    }

    /// Whether a doubt may be overruled.
    fn overrules(&self, reason: Reason) -> bool {
        let rule = reason.salvage().filter(|_| self.level == Level::Salvage);
        rule.is_some_and(|rule| self.allow.contains(&rule))
    }
}

/// Repairs a reply that is to be JSON of any kind.
///
/// ```
/// use tokenrail::repair::{Level, Options, repair};
///
/// let repaired = repair("{'a': [1, 2}", &Options::default());
/// assert_eq!(repaired.text.as_deref(), Some(r#"{"a": [1, 2]}"#));
/// assert_eq!(repaired.level, Level::Syntax);
/// ```
#[must_use]
pub fn repair(text: &str, options: &Options) -> Repaired {
    document::repair(text, None, options)
}

/// Repairs a reply that is to conform to a schema.
///
/// The schema also decides where syntax leaves a choice: `01234` is a string where it wants one.
///
/// ```
/// use serde_json::json;
/// use tokenrail::repair::{Options, repair_for};
/// use tokenrail::schema::Validator;
///
/// let schema = json!({"properties": {"zip": {"type": "string"}}});
/// let validator = Validator::new(&schema, &Default::default())?;
/// let repaired = repair_for(r#"{"zip": 01234}"#, &validator, &Options::default());
/// assert_eq!(repaired.text.as_deref(), Some(r#"{"zip": "01234"}"#));
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[must_use]
pub fn repair_for(text: &str, validator: &Validator, options: &Options) -> Repaired {
    document::repair(text, Some(validator), options)
}

/// The array or object that a string is the text of; its syntax may be put right where nothing is in
/// doubt.
fn stringified(text: &str, opener: char, options: &Options) -> Option<Json> {
    let start = text.len() - text.trim_start().len();
    if !text[start..].starts_with(opener) {
        return None;
    }
    if let Ok(json) = Json::parse(text, options.depth) {
        return Some(json);
    }
    // An array may be wanted whose item is the string, which is as near where it is no JSON.
    if opener == '[' {
        return None;
    }
    let region = parse::Region { text, start, finish: Finish::Stop, depth: options.depth };
    let best = reading::read_value(region).ok()?.best;
    let is_clear = best.doubts.is_empty() && best.words.is_empty();
    let is_whole = text[best.end..].trim().is_empty();
    let text = reading::value_text(region, &best).filter(|_| is_clear && is_whole)?;
    Json::parse(&text, options.depth).ok()
}
