//! Replies that are repaired while they come.
//!
//! A [`RepairStream`] takes a reply in pieces of any size. At its end it gives what repairing the whole gives.
//! Until then it tells which values are there: those that a strict reader has come to the end of, in a
//! reply that begins with its value, or with a block of code or thoughts before it. Behind the first place that is no
//! JSON, or prose at the begin, it tells of no more values until the end: what they become depends on
//! what follows.
//!
//! Laws, held by `tests/repair/stream.rs`: however a reply is split, the results are the same; a value
//! that is complete never changes, and is part of the value at the end, before that is coerced, or there is
//! none; all pieces together take linear time.
//!
//! ```
//! use tokenrail::repair::stream::{RepairStream, State};
//! use tokenrail::repair::{Finish, Options};
//!
//! let mut stream = RepairStream::new(None, &Options::default());
//! stream.push(b"{\"city\": \"Oslo\", \"da");
//! assert_eq!(stream.state("/city"), State::Complete);
//! assert_eq!((stream.state(""), stream.state("/days")), (State::Partial, State::Absent));
//! assert_eq!(stream.so_far().as_deref(), Some("{\"city\": \"Oslo\"}"));
//! stream.push(b"ys\": 3,}");
//! let repaired = stream.finish(Finish::Stop);
//! assert_eq!(repaired.text.as_deref(), Some("{\"city\": \"Oslo\", \"days\": 3}"));
//! ```

mod prelude;
mod reader;

use std::collections::BTreeMap;
use std::ops::Range;

use super::edit::apply;
use super::{Finish, Options, Reason, Repaired, document};
use crate::schema::Validator;
use crate::schema::json::Json;
use reader::Reader;

/// A reply on its way. See the [module](self) for an example.
#[derive(Debug)]
pub struct RepairStream<'v> {
    validator: Option<&'v Validator>,
    options: Options,
    /// All that came, up to the limit of bytes.
    bytes: Vec<u8>,
    /// The number of bytes that came.
    count: usize,
    reader: Reader,
    /// Where each complete value stands, by its pointer.
    complete: BTreeMap<String, Range<usize>>,
}

/// How far a value has come.
///
/// ```
/// use tokenrail::repair::stream::State;
///
/// assert_ne!(State::Partial, State::Complete);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is whole and stays as it is.
    Complete,
    /// It has begun.
    Partial,
    /// Nothing of it is there, or nothing that is certain.
    Absent,
}

/// What a piece brought.
///
/// ```
/// use tokenrail::repair::Options;
/// use tokenrail::repair::stream::RepairStream;
///
/// let mut stream = RepairStream::new(None, &Options::default());
/// let progress = stream.push(b"[1, 2, {\"a\"");
/// assert_eq!(progress.completed, ["/0", "/1"]);
/// assert_eq!(progress.open.as_deref(), Some("/2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The pointers of the values that came to be complete, in their order; what holds others comes
    /// behind them.
    pub completed: Vec<String>,
    /// The pointer of the innermost array or object that is open; `None` where none is, or nothing
    /// more is certain.
    pub open: Option<String>,
}

impl<'v> RepairStream<'v> {
    /// Begins a reply that is to conform to a schema, or to be JSON of any kind. How it ends is told at
    /// its end, not by the options.
    #[must_use]
    pub fn new(validator: Option<&'v Validator>, options: &Options) -> Self {
        let (bytes, complete) = (Vec::new(), BTreeMap::new());
        let reader = Reader::new(options.depth);
        Self { validator, options: options.clone(), bytes, count: 0, reader, complete }
    }

    /// Takes the next piece, which may end within a character.
    pub fn push(&mut self, piece: &[u8]) -> Progress {
        self.count = self.count.saturating_add(piece.len());
        // What is over the limit is refused at the end, and not kept until then.
        let room = self.options.bytes.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        let mut completed = Vec::new();
        self.reader.read(&self.bytes, &mut |pointer, span| {
            self.complete.insert(pointer.clone(), span);
            completed.push(pointer);
        });
        Progress { completed, open: self.reader.open() }
    }

    /// How far the value at a JSON pointer has come.
    #[must_use]
    pub fn state(&self, pointer: &str) -> State {
        if self.complete.contains_key(pointer) {
            return State::Complete;
        }
        match self.reader.is_open(pointer) {
            true => State::Partial,
            false => State::Absent,
        }
    }

    /// A complete value as it is written in the reply; `None` of one that is not complete.
    #[must_use]
    pub fn value(&self, pointer: &str) -> Option<&str> {
        str::from_utf8(&self.bytes[self.complete.get(pointer)?.clone()]).ok()
    }

    /// All complete values, within the arrays and objects that are open; `None` where nothing is
    /// certain. It costs as much as the value is long.
    #[must_use]
    pub fn so_far(&self) -> Option<String> {
        if let Some(root) = self.value("") {
            return Some(root.to_owned());
        }
        let (span, closers) = self.reader.cut()?;
        let text = str::from_utf8(&self.bytes[span]).ok()?;
        Some(format!("{text}{closers}"))
    }

    /// What came of the whole reply. Bytes that are no UTF-8 are replaced.
    ///
    /// A reading that would change what was complete is refused.
    #[must_use]
    pub fn finish(self, finish: Finish) -> Repaired {
        let options = Options { finish, ..self.options.clone() };
        if self.count > options.bytes {
            let span = options.bytes..self.count;
            return Repaired::refused(super::Level::Strict, Reason::Size, span);
        }
        let text = String::from_utf8_lossy(&self.bytes);
        let repaired = document::repair(&text, self.validator, &options);
        if repaired.text.is_none() || repaired.edits.is_empty() || self.is_kept(&text, &repaired) {
            return repaired;
        }
        let refused = Repaired::refused(repaired.level, Reason::Structure, 0..text.len());
        Repaired { alternatives: repaired.text.into_iter().collect(), ..refused }
    }

    /// Whether all that was complete is in a value, before it was coerced.
    fn is_kept(&self, text: &str, repaired: &Repaired) -> bool {
        let depth = self.options.depth;
        let read = |text: &str| Json::parse(text, depth).ok();
        let Some(value) = apply(text, &repaired.edits).and_then(|text| read(&text)) else {
            return false;
        };
        self.complete.iter().all(|(pointer, span)| {
            let above = pointer.rsplit_once('/').map(|(above, _)| above);
            // What is within a complete value is compared with it.
            if above.is_some_and(|above| self.complete.contains_key(above)) {
                return true;
            }
            let was = str::from_utf8(&self.bytes[span.clone()]).ok().and_then(read);
            let now = value.locate(pointer).map(|(_, now)| now);
            was.is_some() && was.as_ref() == now
        })
    }
}
