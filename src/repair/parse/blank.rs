//! White space, comments, and the end of a block of code.

use super::super::edit::Rule;
use super::super::reason::Reason;
use super::{Doubt, Parser, WINDOW};

impl Parser<'_> {
    /// Takes white space and comments. White space that JSON does not know is taken away, and the marks
    /// behind a block of code are where the text ends.
    pub(super) fn blank(&mut self) -> Result<(), Doubt> {
        loop {
            self.at = self.next_unlike_blank(self.at);
            if self.is_sign(self.at) {
                return Ok(());
            }
            let rest = &self.text[self.at..];
            if rest.starts_with("```") && self.at > 0 {
                self.text = &self.text[..self.at];
                return Ok(());
            }
            let Some(char) = rest.chars().next() else { return Ok(()) };
            match char {
                // A byte order mark is no white space to Unicode.
                _ if char.is_whitespace() || char == '\u{feff}' => {
                    let end = self.at + char.len_utf8();
                    self.edit(Rule::Replace, self.at..end, " ");
                    self.at = end;
                }
                '/' | '#' => match comment(rest) {
                    None => return Ok(()),
                    Some(length) => self.comment(length)?,
                },
                _ => return Ok(()),
            }
        }
    }

    /// The next place at or behind `at` that is none of JSON's blanks.
    fn next_unlike_blank(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        let is_other = |byte: &u8| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        at + rest.iter().position(is_other).unwrap_or(rest.len())
    }

    /// Whether a character stands here that is no blank and begins no comment, for certain.
    ///
    /// Mostly it is so, and then nothing else has to be looked at.
    fn is_sign(&self, at: usize) -> bool {
        let byte = self.text.as_bytes().get(at);
        byte.is_some_and(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'#' | b'`'))
    }

    /// Takes a comment away. One that has no end within brackets may have swallowed the closing ones.
    fn comment(&mut self, length: usize) -> Result<(), Doubt> {
        let span = self.at..self.at + length;
        let text = &self.text[span.clone()];
        let is_ended = match text.starts_with("/*") {
            true => text.len() >= 4 && text.ends_with("*/"),
            false => span.end < self.text.len(),
        };
        let swallows = text.contains(['}', ']', '"', ':']);
        if !is_ended && swallows && !self.frames.is_empty() {
            return Err(Doubt { reason: Reason::Comment, span });
        }
        self.edit(Rule::StripComment, span.clone(), "");
        self.at = span.end;
        Ok(())
    }

    /// The next place at or behind `at` that is no blank; comments count while they are short.
    ///
    /// What is longer is read when the reader comes there: looking ahead costs a fixed number of bytes.
    pub(super) fn next_solid(&self, mut at: usize) -> usize {
        let begin = at;
        at = self.next_unlike_blank(at);
        if self.is_sign(at) {
            return at;
        }
        loop {
            let rest = &self.text[at..];
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let window = cut(trimmed, WINDOW);
            match comment(window).filter(|&length| length < window.len()) {
                Some(length) if at - begin < WINDOW => at += length,
                _ => return at,
            }
        }
    }
}

/// The length of the comment that a text begins with.
fn comment(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("/*") {
        return Some(rest.find("*/").map_or(text.len(), |end| end + 4));
    }
    let is_line = text.starts_with("//") || text.starts_with('#');
    is_line.then(|| text.find('\n').unwrap_or(text.len()))
}

/// The begin of a text, of so many bytes or a few less.
pub(super) fn cut(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}
