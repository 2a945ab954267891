//! Where in a value its text was edited: JSON pointers of places in a text.
//!
//! The text is that which all edits give, so it is JSON, and is gone over once, from sign to sign. Nothing is
//! decoded but names. A sign between two values belongs to the first, and a closing bracket to what holds
//! the value that it closes: so an edit behind a value is told with the value's surroundings.
//!
//! | text | place | pointer |
//! |---|---|---|
//! | `{"a": [1, 2]}` | `"a"`, the colon, the bracket behind it | `/a` |
//! | | `2` | `/a/1` |
//! | | `]` | `/a` |
//! | | `}` | the empty one |

use std::iter::Peekable;
use std::slice::IterMut;

use super::edit::TextEdit;
use crate::schema::json::escape;

/// Writes into each edit the pointer of the innermost value that it lies in, by the text that all of them
/// give, which is JSON. What lies outside, or on the bracket of the whole, has the empty pointer.
pub(super) fn locate(text: &str, edits: &mut [TextEdit]) {
    let (mut put_in, mut taken) = (0, 0);
    let mut places: Vec<(usize, &mut TextEdit)> = Vec::with_capacity(edits.len());
    for edit in edits {
        let place = edit.span.start + put_in - taken;
        put_in += edit.now.len();
        taken += edit.was.len();
        places.push((place, edit));
    }
    let mut walk =
        Walk { frames: Vec::new(), pointer: String::new(), places: places.iter_mut().peekable() };
    walk.run(text);
}

/// An array or object that is open.
struct Frame {
    is_object: bool,
    /// The length of its own pointer.
    length: usize,
    /// The number of children before the place.
    count: usize,
    /// Whether a child stands next, or none.
    wants_child: bool,
}

/// A place in a text, and the pointer there.
struct Walk<'e, 'p> {
    frames: Vec<Frame>,
    pointer: String,
    places: Peekable<IterMut<'p, (usize, &'e mut TextEdit)>>,
}

impl Walk<'_, '_> {
    /// Goes over the text once.
    fn run(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() && self.places.peek().is_some() {
            let next = match bytes[at] {
                b'"' => string_end(bytes, at),
                _ => at + 1,
            };
            match bytes[at] {
                b'}' | b']' => self.close(),
                b' ' | b'\n' | b'\t' | b'\r' => {}
                _ => self.child(&text[at..next]),
            }
            self.note(next);
            match bytes[at] {
                b'{' | b'[' => self.open(bytes[at]),
                b',' => self.next(),
                _ => {}
            }
            at = next;
        }
        self.note(usize::MAX);
    }

    /// Writes the pointer into the edits before a place.
    fn note(&mut self, end: usize) {
        while let Some((_, edit)) = self.places.next_if(|(place, _)| *place < end) {
            edit.pointer.clone_from(&self.pointer);
        }
    }

    /// Behind an opening bracket.
    fn open(&mut self, bracket: u8) {
        let (length, is_object) = (self.pointer.len(), bracket == b'{');
        self.frames.push(Frame { is_object, length, count: 0, wants_child: true });
    }

    /// Where a child is wanted it begins here: an item, or a name.
    fn child(&mut self, text: &str) {
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.wants_child) else { return };
        frame.wants_child = false;
        self.pointer.push('/');
        match frame.is_object {
            true => {
                let name: String = serde_json::from_str(text).unwrap_or_default();
                self.pointer.push_str(&escape(&name));
            }
            false => self.pointer.push_str(&frame.count.to_string()),
        }
    }

    /// Behind a comma.
    fn next(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.count += 1;
        frame.wants_child = true;
        self.pointer.truncate(frame.length);
    }

    /// At a closing bracket.
    fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.pointer.truncate(frame.length);
        }
    }
}

/// Behind the string that begins at a place.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}
