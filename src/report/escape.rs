//! Makes a stranger's text fit to be shown: what a terminal would obey is written out instead.
//!
//! What [`escape`] makes is for reading. It cannot be parsed back, as a backslash stays a single
//! one; what [`json_line`] makes can.

use std::fmt::Write;

use serde_json::Value;
use unicode_width::UnicodeWidthChar;

/// Accents and the like on one character before the rest are written out.
///
/// The longest sequence in use is a flag's six tags; stacks without end paint over other lines.
const MARKS: usize = 8;

/// Writes out what is not a visible character or an accent on one, so that a text is one line which
/// a terminal shows and does not obey.
///
/// Tables and heat maps do this to all they are given; for other lines it is up to the caller.
///
/// ```
/// use tokenrail::report::escape;
///
/// let name = "notes\n\x1b[2J\u{202e}txt.exe";
/// assert_eq!(escape(name), "notes\\n\\x1b[2J\\u{202e}txt.exe");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for char in text.chars() {
        let visible = char.width() != Some(0);
        marks = if visible { 0 } else { marks + 1 };
        if obeyed(char) || marks > MARKS {
            push_escape(&mut shown, char);
            marks = 0;
        } else {
            shown.push(char);
        }
    }
    shown
}

/// A JSON value as one line without its line feed, where what a terminal would obey is written as
/// `\uXXXX`: a parser reads the same value.
///
/// ```
/// use serde_json::json;
/// use tokenrail::report::json_line;
///
/// let value = json!({"text": "\u{9b}2J\u{202e}é"});
/// let line = json_line(&value);
/// assert_eq!(line, r#"{"text":"\u009b2J\u202eé"}"#);
/// assert_eq!(serde_json::from_str::<serde_json::Value>(&line)?, value);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn json_line(value: &Value) -> String {
    let mut line = String::new();
    for char in value.to_string().chars() {
        match obeyed(char) {
            true => {
                write!(line, "\\u{:04x}", u32::from(char)).expect("writing to a String cannot fail")
            }
            false => line.push(char),
        }
    }
    line
}

/// Characters that move the cursor, switch a terminal's mode, or reorder and hide what is beside.
fn obeyed(char: char) -> bool {
    let directions = ['\u{061c}', '\u{200e}', '\u{200f}'];
    char.is_control()
        || directions.contains(&char)
        || ('\u{2028}'..='\u{202e}').contains(&char)
        || ('\u{2066}'..='\u{206f}').contains(&char)
        || ('\u{fff9}'..='\u{fffb}').contains(&char)
        || char == '\u{feff}'
}

fn push_escape(shown: &mut String, char: char) {
    let written = match (char, u32::from(char)) {
        ('\n', _) => shown.write_str("\\n"),
        ('\r', _) => shown.write_str("\\r"),
        ('\t', _) => shown.write_str("\\t"),
        (_, code @ ..=0xff) => write!(shown, "\\x{code:02x}"),
        (_, code) => write!(shown, "\\u{{{code:x}}}"),
    };
    written.expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected, "{text:?}");
    }

    #[test]
    fn visible_text_stays() {
        for text in ["", "plain \\n text", "né 日本 ½", "👩\u{200d}🚀", "e\u{301}"] {
            check(text, text);
        }
        let scotland = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        check(scotland, scotland);
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        check("a\nb\tc\rd", "a\\nb\\tc\\rd");
        check("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07");
        check("\0\x7f\u{9b}31m", "\\x00\\x7f\\x9b31m");
        check("a\u{202e}b\u{2066}c\u{feff}", "a\\u{202e}b\\u{2066}c\\u{feff}");
        check("a\u{2028}b\u{85}", "a\\u{2028}b\\x85");
    }

    #[test]
    fn endless_accents_are_written_out() {
        let accents = "\u{301}".repeat(MARKS);
        check(&format!("e{accents}x{accents}"), &format!("e{accents}x{accents}"));
        check(&format!("e{accents}\u{301}x"), &format!("e{accents}\\u{{301}}x"));
    }
}
