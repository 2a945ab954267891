//! Server-sent events, from bytes as they come.

use std::mem;

/// One event.
///
/// ```
/// use tokenrail::openai::{Event, SseReader};
///
/// let mut reader = SseReader::new(1 << 20);
/// let events = reader.push(b"event: error\ndata: {\ndata: }\n\n")?;
/// assert_eq!(events, [Event { name: "error".into(), data: "{\n}".into() }]);
/// # Ok::<(), tokenrail::openai::TooLong>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name, which is mostly empty.
    pub name: String,
    /// Its data: the lines of it, with line feeds between.
    pub data: String,
}

/// Reads events from bytes in any pieces.
///
/// As the standard has it (WHATWG HTML, part 9.2.6): lines end in a line feed, a carriage return or both,
/// and in no other sign that Unicode calls a line end; a byte order mark at the begin is none; comments are
/// passed over. Lines that are no field are kept apart: they are what comes when a server answers with
/// something else than events.
///
/// ```
/// use tokenrail::openai::SseReader;
///
/// let mut reader = SseReader::new(1 << 20);
/// assert_eq!(reader.push(b": wait\r\n\r\nda")?.len(), 0);
/// assert_eq!(reader.push(b"ta:1\r\n\r\n")?[0].data, "1");
/// # Ok::<(), tokenrail::openai::TooLong>(())
/// ```
#[derive(Debug)]
pub struct SseReader {
    /// The bytes of a line that has not ended.
    line: Vec<u8>,
    /// A line ended in a carriage return, to which a line feed may belong.
    after_return: bool,
    is_first_line: bool,
    event: Event,
    has_data: bool,
    stray: String,
    limit: usize,
}

/// An event or line that is longer than it may be.
///
/// ```
/// use tokenrail::openai::{SseReader, TooLong};
///
/// assert_eq!(SseReader::new(4).push(b"data: 1"), Err(TooLong { limit: 4 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is over the limit of {limit} bytes")]
pub struct TooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

impl SseReader {
    /// A reader of events of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            after_return: false,
            is_first_line: true,
            event: Event::default(),
            has_data: false,
            stray: String::new(),
            limit,
        }
    }

    /// Takes the next bytes and gives the events that end in them.
    ///
    /// # Errors
    ///
    /// When an event is over the limit; what came before it is lost then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let end = part.last().copied().filter(|byte| matches!(byte, b'\n' | b'\r'));
            if mem::take(&mut self.after_return) && part == b"\n" {
                continue;
            }
            self.line.extend_from_slice(&part[..part.len() - usize::from(end.is_some())]);
            if self.line.len() + self.event.data.len() + self.stray.len() > self.limit {
                return Err(TooLong { limit: self.limit });
            }
            if let Some(end) = end {
                self.after_return = end == b'\r';
                let line = mem::take(&mut self.line);
                events.extend(self.end_line(&line));
            }
        }
        Ok(events)
    }

    /// The event that had not ended when the bytes did, where there is one.
    pub fn finish(&mut self) -> Option<Event> {
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.end_line(&line);
        }
        self.dispatch()
    }

    /// The lines that are no fields of events.
    #[must_use]
    pub fn stray(&self) -> &str {
        &self.stray
    }

    fn end_line(&mut self, line: &[u8]) -> Option<Event> {
        let text = String::from_utf8_lossy(line);
        let mut text = &*text;
        if mem::take(&mut self.is_first_line) {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if text.is_empty() {
            return self.dispatch();
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            "" | "id" | "retry" => {}
            _ => {
                self.stray.push_str(text);
                self.stray.push('\n');
            }
        }
        None
    }

    /// The event that an empty line ends; one without data is none.
    fn dispatch(&mut self) -> Option<Event> {
        let event = mem::take(&mut self.event);
        mem::take(&mut self.has_data).then_some(event)
    }
}
