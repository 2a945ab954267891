//! A streamed reply, from bytes to what came of it.

use std::fmt;

use serde_json::Value;

use super::delta::Growing;
use super::fault::Fault;
use super::finish::FinishReason;
use super::reply::Reply;
use super::sse::{Event, SseReader, TooLong};

/// Reads a streamed reply from bytes in any pieces.
///
/// ```
/// use tokenrail::openai::{StreamEnd, StreamReader};
///
/// let mut reader = StreamReader::new(1 << 20);
/// let pieces = reader.push(b"data: {\"choices\":[{\"delta\":{\"content\":\"hel\"}}]}\n\n");
/// assert_eq!(pieces[0].text, "hel");
/// // The connection ended here, with no word of why.
/// let streamed = reader.finish();
/// assert_eq!((streamed.reply.text(), streamed.end), ("hel", StreamEnd::Incomplete));
/// ```
#[derive(Debug)]
pub struct StreamReader {
    events: SseReader,
    growing: Growing,
    warnings: Vec<Warning>,
    /// What ended it, once something did. What comes behind is passed over.
    end: Option<StreamEnd>,
    has_events: bool,
}

/// A piece of text that came.
///
/// ```
/// use tokenrail::openai::Piece;
///
/// let first = |pieces: &[Piece]| {
///     pieces.iter().filter(|piece| piece.choice == 0).map(|piece| &*piece.text).collect::<String>()
/// };
/// assert_eq!(first(&[]), "");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The index of the choice that it belongs to.
    pub choice: usize,
    /// The text.
    pub text: String,
}

/// What came of a stream.
///
/// ```
/// use tokenrail::openai::{StreamEnd, Streamed};
///
/// let is_whole = |streamed: &Streamed| streamed.end == StreamEnd::Complete;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Streamed {
    /// What was said until the end.
    pub reply: Reply,
    /// How it ended.
    pub end: StreamEnd,
    /// What was not as it should be and did no harm.
    pub warnings: Vec<Warning>,
}

/// How a stream ended.
///
/// ```
/// use tokenrail::openai::{StreamEnd, StreamReader};
///
/// let mut reader = StreamReader::new(1 << 20);
/// reader.push(b"<html>Please log in</html>");
/// assert_eq!(reader.finish().end, StreamEnd::NoEvents);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEnd {
    /// It is whole: every answer has said why it stopped.
    Complete,
    /// It was cut off, or an event of it was damaged.
    Incomplete,
    /// The endpoint reported an error.
    Fault(Fault),
    /// There were no events but something else, such as a page.
    NoEvents,
    /// There was nothing at all.
    Empty,
    /// An event of it was too long.
    TooLong(TooLong),
}

/// What was not as it should be in a stream and did no harm.
///
/// ```
/// use tokenrail::openai::Warning;
///
/// assert_eq!(Warning::NoDone.to_string(), "the stream ended without [DONE]");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// A comment was sent as data.
    CommentAsData,
    /// The last event was not ended by an empty line.
    OpenEvent,
    /// The end was not marked, but every answer had ended.
    NoDone,
    /// The reply came as a whole.
    NotStreamed,
    /// It said that it stopped of itself, but it calls tools.
    StopWithCalls,
}

impl StreamReader {
    /// A reader of a stream with events of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            events: SseReader::new(limit),
            growing: Growing::default(),
            warnings: Vec::new(),
            end: None,
            has_events: false,
        }
    }

    /// Takes the next bytes and gives the texts that came with them.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        if self.end.is_some() {
            return Vec::new();
        }
        match self.events.push(bytes) {
            Ok(events) => events.into_iter().flat_map(|event| self.take(&event)).collect(),
            Err(too_long) => {
                self.end = Some(StreamEnd::TooLong(too_long));
                Vec::new()
            }
        }
    }

    /// What the reply is so far.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        &self.growing.reply
    }

    /// Whether nothing of interest can come any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// What came of it, when there are no more bytes.
    #[must_use]
    pub fn finish(mut self) -> Streamed {
        if self.end.is_none()
            && let Some(event) = self.events.finish()
        {
            // The standard drops it; but what can be read was sent.
            if event.data == DONE || serde_json::from_str::<Value>(&event.data).is_ok() {
                self.warnings.push(Warning::OpenEvent);
            }
            self.take(&event);
        }
        if !self.has_events && self.end.is_none() {
            self.read_body();
        }
        let end = self.end.take().unwrap_or_else(|| self.unmarked_end());
        self.settle_finish();
        Streamed { reply: self.growing.reply, end, warnings: self.warnings }
    }

    fn take(&mut self, event: &Event) -> Vec<Piece> {
        let data = event.data.trim();
        if self.end.is_some() || data.is_empty() || event.name == "ping" {
            return Vec::new();
        }
        self.has_events = true;
        if data == DONE {
            self.end =
                Some(if self.is_answered() { StreamEnd::Complete } else { StreamEnd::Incomplete });
            return Vec::new();
        }
        let chunk = match serde_json::from_str::<Value>(data) {
            Ok(chunk) => chunk,
            Err(_) => {
                self.take_unreadable(event, data);
                return Vec::new();
            }
        };
        if let Some(fault) = fault_of(&chunk, &event.name) {
            self.end = Some(StreamEnd::Fault(fault));
            return Vec::new();
        }
        let texts = self.growing.add(&chunk).into_iter();
        texts.map(|(choice, text)| Piece { choice, text }).collect()
    }

    fn take_unreadable(&mut self, event: &Event, data: &str) {
        if data.starts_with(':') {
            self.warnings.push(Warning::CommentAsData);
        } else if event.name == "error" {
            self.end = Some(StreamEnd::Fault(Fault::of_message(data)));
        } else {
            // To go on would leave out a part of the text, and nobody would see it.
            self.end = Some(StreamEnd::Incomplete);
        }
    }

    /// Reads what came as one body and not as events.
    fn read_body(&mut self) {
        let stray = self.events.stray().trim();
        if stray.is_empty() {
            self.end = Some(StreamEnd::Empty);
            return;
        }
        let body = serde_json::from_str::<Value>(stray).unwrap_or_default();
        self.end = Some(match (fault_of(&body, ""), Reply::read(&body)) {
            (Some(fault), _) => StreamEnd::Fault(fault),
            (None, Ok(reply)) => {
                self.growing.reply = reply;
                self.warnings.push(Warning::NotStreamed);
                StreamEnd::Complete
            }
            (None, Err(_)) if stray.starts_with(['{', '[']) && body.is_null() => {
                StreamEnd::Incomplete
            }
            (None, Err(_)) => StreamEnd::NoEvents,
        });
    }

    /// The end of a stream that does not mark it.
    fn unmarked_end(&mut self) -> StreamEnd {
        if !self.is_answered() {
            return StreamEnd::Incomplete;
        }
        if !self.warnings.contains(&Warning::OpenEvent) {
            self.warnings.push(Warning::NoDone);
        }
        StreamEnd::Complete
    }

    fn is_answered(&self) -> bool {
        let choices = &self.growing.reply.choices;
        !choices.is_empty() && choices.iter().all(|choice| choice.finish.is_some())
    }

    /// An answer that calls tools did not stop of itself, whatever the server says.
    fn settle_finish(&mut self) {
        for choice in &mut self.growing.reply.choices {
            if choice.finish == Some(FinishReason::Stop) && !choice.calls.is_empty() {
                choice.finish = Some(FinishReason::ToolCalls);
                self.warnings.push(Warning::StopWithCalls);
            }
        }
    }
}

const DONE: &str = "[DONE]";

fn fault_of(chunk: &Value, name: &str) -> Option<Fault> {
    let fault = Fault::read(chunk);
    if name == "error" { fault.or_else(|| Fault::read_failed(chunk)) } else { fault }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CommentAsData => "a comment was sent as data",
            Self::OpenEvent => "the last event was not ended by an empty line",
            Self::NoDone => "the stream ended without [DONE]",
            Self::NotStreamed => "the reply came as a whole, not as a stream",
            Self::StopWithCalls => "it says `stop`, but it calls tools",
        })
    }
}
