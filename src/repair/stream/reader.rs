//! Reads JSON strictly, as it comes, and tells of each value when it is whole.
//!
//! It goes over each byte once and has a stack of its own, so it can stop anywhere. What is no JSON, or an
//! object with two members of one name, ends it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::parse::is_number;
use super::prelude::{Found, Prelude};
use crate::schema::json::{Json, escape};

/// A strict reader and how far it is.
#[derive(Debug)]
pub(super) struct Reader {
    at: usize,
    depth: usize,
    place: Place,
    frames: Vec<Frame>,
}

/// What is read at a place.
#[derive(Debug)]
enum Place {
    /// What stands before the value.
    Before(Prelude),
    /// A value.
    Value,
    /// A value, or the end of an array.
    First,
    /// A name.
    Name,
    /// A name, or the end of an object.
    FirstName,
    Colon,
    /// A comma, or the end of what is open.
    Behind,
    /// Within a string that is a name or a value.
    Text {
        start: usize,
        is_name: bool,
        is_escaped: bool,
    },
    /// Within a number or literal.
    Word {
        start: usize,
    },
    /// Behind the value, or where it is no JSON.
    End,
}

/// An array or object that is open.
#[derive(Debug)]
struct Frame {
    open: usize,
    /// Behind its last child that is whole, or its bracket.
    last_end: usize,
    /// Of an object, its names; the last is that of the member that is read.
    names: Option<BTreeSet<String>>,
    /// The pointer's token of the child that is read: the last name, or the number of items.
    name: String,
    count: usize,
}

/// Takes the pointer and the place of a value that is whole.
type Tell<'t> = dyn FnMut(String, Range<usize>) + 't;

impl Reader {
    pub(super) fn new(depth: usize) -> Self {
        Self { at: 0, depth, place: Place::Before(Prelude::Open), frames: Vec::new() }
    }

    /// Reads on to the end of what came.
    pub(super) fn read(&mut self, bytes: &[u8], tell: &mut Tell<'_>) {
        if let Place::Before(prelude) = &mut self.place {
            match prelude.read(bytes, &mut self.at) {
                Found::Value => self.place = Place::Value,
                Found::Unknown => return,
                Found::Other => self.place = Place::End,
            }
        }
        while self.at < bytes.len() {
            let read = match self.place {
                Place::End => {
                    self.at = bytes.len();
                    return;
                }
                Place::Text { .. } => self.text(bytes, tell),
                Place::Word { start } => self.word(bytes, start, tell),
                _ => self.sign(bytes[self.at], tell),
            };
            if read.is_none() {
                // Nothing more is certain; what was told stays.
                self.place = Place::End;
                self.frames.clear();
            }
        }
    }

    /// The pointer of the innermost array or object that is open.
    pub(super) fn open(&self) -> Option<String> {
        let (_, above) = self.frames.split_last()?;
        Some(above.iter().map(Frame::token).collect())
    }

    /// Whether a pointer leads to an array or object that is open, or to a child that has begun.
    pub(super) fn is_open(&self, pointer: &str) -> bool {
        let Some((_, above)) = self.frames.split_last() else { return false };
        let mut rest = pointer;
        for frame in above {
            if rest.is_empty() {
                return true;
            }
            match rest.strip_prefix(frame.token().as_str()) {
                Some(behind) if behind.is_empty() || behind.starts_with('/') => rest = behind,
                _ => return false,
            }
        }
        let is_begun = match self.place {
            Place::Text { is_name, .. } => !is_name,
            Place::Word { .. } => true,
            _ => false,
        };
        rest.is_empty() || is_begun && self.frames.last().is_some_and(|last| last.token() == rest)
    }

    /// Where all that is complete stands, and the brackets that close it.
    pub(super) fn cut(&self) -> Option<(Range<usize>, String)> {
        let (first, last) = (self.frames.first()?, self.frames.last()?);
        let closer = |frame: &Frame| if frame.names.is_some() { '}' } else { ']' };
        Some((first.open..last.last_end, self.frames.iter().rev().map(closer).collect()))
    }

    /// A sign of JSON, or the begin of a value; `None` where it may not stand.
    fn sign(&mut self, byte: u8, tell: &mut Tell<'_>) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let text = |is_name| Place::Text { start, is_name, is_escaped: false };
        self.place = match (byte, &self.place) {
            (b' ' | b'\n' | b'\t' | b'\r', _) => return Some(()),
            (b'{' | b'[', Place::Value | Place::First) => {
                if self.frames.len() == self.depth {
                    return None;
                }
                let names = (byte == b'{').then(BTreeSet::new);
                let place = if names.is_some() { Place::FirstName } else { Place::First };
                let (name, count) = (String::new(), 0);
                self.frames.push(Frame { open: start, last_end: self.at, names, name, count });
                place
            }
            (b'"', Place::Value | Place::First) => text(false),
            (b'"', Place::Name | Place::FirstName) => text(true),
            (b':', Place::Colon) => Place::Value,
            (b',', Place::Behind) => match self.frames.last()?.names {
                Some(_) => Place::Name,
                None => Place::Value,
            },
            (b'}', Place::FirstName | Place::Behind) | (b']', Place::First | Place::Behind) => {
                let frame = self.frames.last()?;
                if frame.names.is_some() != (byte == b'}') {
                    return None;
                }
                let open = frame.open;
                self.frames.pop();
                return self.whole(open, tell);
            }
            (b'-' | b'0'..=b'9' | b't' | b'f' | b'n', Place::Value | Place::First) => {
                Place::Word { start }
            }
            _ => return None,
        };
        Some(())
    }

    /// Goes on within a string.
    fn text(&mut self, bytes: &[u8], tell: &mut Tell<'_>) -> Option<()> {
        let Place::Text { start, is_name, is_escaped } = &mut self.place else { return None };
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                _ if *is_escaped => *is_escaped = false,
                b'\\' => *is_escaped = true,
                b'"' => {
                    let (start, is_name) = (*start, *is_name);
                    let text = str::from_utf8(&bytes[start..self.at]).ok()?;
                    // The strict reader knows what may stand in a string.
                    let Ok(Json::String(text)) = Json::parse(text, 0) else { return None };
                    if !is_name {
                        return self.whole(start, tell);
                    }
                    let frame = self.frames.last_mut()?;
                    frame.name = escape(&text);
                    let is_new = frame.names.as_mut()?.insert(text.into());
                    self.place = Place::Colon;
                    return is_new.then_some(());
                }
                _ => {}
            }
        }
        Some(())
    }

    /// Goes on within a number or literal, which is whole where something else follows.
    fn word(&mut self, bytes: &[u8], start: usize, tell: &mut Tell<'_>) -> Option<()> {
        let is_end = |byte: &u8| b" \n\t\r,]}".contains(byte);
        let Some(length) = bytes[self.at..].iter().position(is_end) else {
            self.at = bytes.len();
            return Some(());
        };
        self.at += length;
        let word = str::from_utf8(&bytes[start..self.at]).ok()?;
        let is_json = matches!(word, "true" | "false" | "null") || is_number(word);
        is_json.then_some(())?;
        self.whole(start, tell)
    }

    /// Tells of a value that ends here.
    fn whole(&mut self, start: usize, tell: &mut Tell<'_>) -> Option<()> {
        tell(self.frames.iter().map(Frame::token).collect(), start..self.at);
        self.place = match self.frames.last_mut() {
            None => Place::End,
            Some(frame) => {
                frame.last_end = self.at;
                frame.count += 1;
                Place::Behind
            }
        };
        Some(())
    }
}

impl Frame {
    /// The part of a pointer that leads to the child that is read.
    fn token(&self) -> String {
        match self.names {
            Some(_) => format!("/{}", self.name),
            None => format!("/{}", self.count),
        }
    }
}
