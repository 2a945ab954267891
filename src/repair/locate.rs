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

use std::ops::Range;

use super::edit::TextEdit;
use crate::schema::json::escape;

/// Writes into each edit the pointer of the innermost value that it lies in, by the text that all of them
/// give, which is JSON. What lies outside, or on the bracket of the whole, has the empty pointer.
pub(super) fn locate(text: &str, edits: &mut [TextEdit]) {
    let mut walk = Walk { text, frames: Vec::new() };
    let bytes = text.as_bytes();
    let (mut put_in, mut taken) = (0, 0);
    // The sign or string that was come to last.
    let mut sign = 0..0;
    for edit in edits {
        let place = edit.span.start + put_in - taken;
        put_in += edit.now.len();
        taken += edit.was.len();
        while sign.end <= place {
            if !sign.is_empty() {
                walk.leave(bytes[sign.start]);
            }
            let start = sign.end;
            let Some(&byte) = bytes.get(start) else {
                sign = start..start;
                break;
            };
            sign = start..if byte == b'"' { string_end(bytes, start) } else { start + 1 };
            walk.enter(byte, &sign);
        }
        // Pointers are only put together where an edit is.
        edit.pointer = walk.pointer();
    }
}

/// An array or object that is open.
struct Frame {
    is_object: bool,
    /// The number of children before the place.
    count: usize,
    /// Whether a child stands next, or none.
    wants_child: bool,
    /// The name of the last child, in its quotes.
    name: Range<usize>,
}

/// A place in a text, and the values around it.
struct Walk<'t> {
    text: &'t str,
    frames: Vec<Frame>,
}

impl Walk<'_> {
    /// At a sign or string: where a child is wanted it begins here, as an item or a name.
    fn enter(&mut self, byte: u8, span: &Range<usize>) {
        match byte {
            b'}' | b']' => drop(self.frames.pop()),
            b' ' | b'\n' | b'\t' | b'\r' => {}
            _ => {
                if let Some(frame) = self.frames.last_mut().filter(|frame| frame.wants_child) {
                    frame.wants_child = false;
                    frame.name = span.clone();
                }
            }
        }
    }

    /// Behind a sign or string.
    fn leave(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.frames.push(Frame { is_object, count: 0, wants_child: true, name: 0..0 });
            }
            b',' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.count += 1;
                    frame.wants_child = true;
                }
            }
            _ => {}
        }
    }

    /// The pointer of the place.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for frame in self.frames.iter().filter(|frame| !frame.wants_child) {
            pointer.push('/');
            match (frame.is_object, &self.text[frame.name.clone()]) {
                (false, _) => pointer.push_str(&frame.count.to_string()),
                (true, name) if name.contains(['\\', '~', '/']) => {
                    let name: String = serde_json::from_str(name).unwrap_or_default();
                    pointer.push_str(&escape(&name));
                }
                (true, name) => pointer.push_str(name.trim_matches('"')),
            }
        }
        pointer
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
