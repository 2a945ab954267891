//! The characters of a source: white space, names, strings, classes, numbers.
//!
//! Escapes in strings and classes are `\n \r \t \b \f \a \v \e \0`, `\xHH`, `\uHHHH` and `\UHHHHHHHH` for
//! the character with that number, and any sign that means something in strings, classes or patterns
//! for itself.

use std::ops::Range;

use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;

/// A source while it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'s> {
    source: &'s str,
    /// The byte that is next.
    pub(super) at: usize,
}

/// A string of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// What it stands for.
    pub(super) value: String,
    /// The byte of its opening quote.
    pub(super) offset: usize,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    /// The same source, from byte `at`.
    pub(super) fn moved_to(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let space = rest.len() - rest.trim_start().len();
            self.at += space;
            if !self.rest().starts_with('#') {
                return;
            }
            let rest = self.rest();
            self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        }
    }

    /// The source from here on.
    pub(super) fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// The source in a range of bytes.
    pub(super) fn slice(&self, range: Range<usize>) -> &'s str {
        &self.source[range]
    }

    /// The character that is next.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `text` where it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// The name that is next, without dots.
    pub(super) fn name(&mut self) -> Option<&'s str> {
        let length = name_length(self.rest(), is_name_char);
        let name = &self.rest()[..length];
        self.at += length;
        (length > 0).then_some(name)
    }

    /// The name that is next, dots included where a rule is called so.
    pub(super) fn reference(&mut self, is_rule: impl Fn(&str) -> bool) -> Option<&'s str> {
        let length = name_length(self.rest(), is_dotted_name_char);
        let dotted = &self.rest()[..length];
        if dotted.contains('.') && !dotted.starts_with('.') && is_rule(dotted) {
            self.at += length;
            return Some(dotted);
        }
        self.name()
    }

    /// Whether nothing but blanks stands before byte `offset` on its line.
    pub(super) fn begins_line(&self, offset: usize) -> bool {
        let is_break = |char| matches!(char, '\n' | '\r');
        let is_blank = |char: char| char.is_whitespace() && !is_break(char);
        let before = self.source[..offset].trim_end_matches(is_blank);
        before.is_empty() || before.ends_with(is_break)
    }

    /// Whether a rule's definition is next.
    pub(super) fn is_definition(mut self) -> bool {
        self.definition().is_some()
    }

    /// The name and options of the rule whose definition is next, up to behind its `::=`.
    pub(super) fn definition(&mut self) -> Option<Definition<'s>> {
        let name = &self.rest()[..name_length(self.rest(), is_dotted_name_char)];
        if name.is_empty() || name.starts_with('.') {
            return None;
        }
        let mut ahead = self.moved_to(self.at + name.len());
        let options = ahead.skip_options();
        ahead.skip_space();
        if !ahead.eat("::=") {
            return None;
        }
        let offset = self.at;
        self.at = ahead.at;
        Some(Definition { name, offset, options })
    }

    /// Steps over the brackets that are next, if they end on this line and hold no others; gives
    /// the byte behind the first.
    fn skip_options(&mut self) -> Option<usize> {
        let start = self.at + 1;
        let inner = self.rest().strip_prefix('[')?;
        let mut is_quoted = false;
        let mut chars = inner.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\n' | '\r' => return None,
                '"' => is_quoted = !is_quoted,
                '\\' if is_quoted => drop(chars.next()),
                '[' if !is_quoted => return None,
                ']' if !is_quoted => {
                    self.at += at + 2;
                    return Some(start);
                }
                _ => {}
            }
        }
        None
    }

    /// The string that is next. A newline may stand in it, as in llama.cpp.
    ///
    /// # Errors
    /// [`GrammarError::Syntax`] at its quote where it is not closed, and at what is no escape.
    pub(super) fn text(&mut self, draft: &Draft<'_>) -> Result<Text, GrammarError> {
        let offset = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            match self.peek() {
                None => {
                    return Err(
                        draft.syntax(offset, "this string is not closed: write \" behind it")
                    );
                }
                Some('"') => break,
                Some(_) => value.push(self.character(draft)?),
            }
        }
        self.at += 1;
        Ok(Text { value, offset })
    }

    /// The byte of the source that stands for byte `offset` of a string's value.
    pub(super) fn offset_in(mut self, text: &Text, offset: usize, draft: &Draft<'_>) -> usize {
        self.at = text.offset + 1;
        let mut length = 0;
        while length < offset
            && let Ok(char) = self.character(draft)
        {
            length += char.len_utf8();
        }
        self.at
    }

    /// The ranges of the class that is next, and whether it is what they leave out.
    pub(super) fn class(
        &mut self,
        draft: &Draft<'_>,
    ) -> Result<(Vec<(char, char)>, ClassKind), GrammarError> {
        let offset = self.at;
        self.at += 1;
        let kind = if self.eat("^") { ClassKind::Negated } else { ClassKind::Plain };
        let mut ranges = Vec::new();
        loop {
            let start = self.at;
            match self.peek() {
                None => {
                    return Err(draft.syntax(offset, "this class is not closed: write ] behind it"));
                }
                Some(']') => break,
                Some(_) => {}
            }
            let low = self.character(draft)?;
            let is_range = self.rest().starts_with('-') && !self.rest().starts_with("-]");
            self.at += usize::from(is_range);
            if is_range && self.peek().is_none() {
                return Err(draft.syntax(offset, "this class is not closed: write ] behind it"));
            }
            let high = if is_range { self.character(draft)? } else { low };
            if low > high {
                let what = format!("a range from {low:?} to {high:?}: write the lower end first");
                return Err(draft.syntax(start, what));
            }
            ranges.push((low, high));
        }
        self.at += 1;
        if ranges.is_empty() && kind == ClassKind::Plain {
            return Err(
                draft.syntax(offset, "an empty class matches nothing: write [^] for anything")
            );
        }
        Ok((ranges, kind))
    }

    /// The number that is next.
    ///
    /// # Errors
    /// [`GrammarError::Syntax`] where there is none, or none that fits.
    pub(super) fn number(&mut self, draft: &Draft<'_>) -> Result<u32, GrammarError> {
        let (offset, rest) = (self.at, self.rest());
        let digits = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
        if digits.is_empty() {
            return Err(draft.syntax(offset, "a number is missing: write digits"));
        }
        self.at += digits.len();
        digits.parse().map_err(|_| {
            let what = format!("{digits:.20} is too large a number: {} is the most", u32::MAX);
            draft.syntax(offset, what)
        })
    }

    /// One character of a string or class, which may be escaped.
    fn character(&mut self, draft: &Draft<'_>) -> Result<char, GrammarError> {
        let offset = self.at;
        let mut chars = self.rest().chars();
        let first = chars.next().expect("the caller has seen a character");
        if first != '\\' {
            self.at += first.len_utf8();
            return Ok(first);
        }
        let Some(letter) = chars.next() else {
            return Err(
                draft.syntax(offset, "nothing is behind this \\: write \\\\ for the character")
            );
        };
        self.at += 1 + letter.len_utf8();
        match letter {
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'b' => Ok('\u{8}'),
            'f' => Ok('\u{C}'),
            'a' => Ok('\u{7}'),
            'v' => Ok('\u{B}'),
            'e' => Ok('\u{1B}'),
            '0' => Ok('\0'),
            'x' => self.hexadecimal(2, offset, draft),
            'u' => self.hexadecimal(4, offset, draft),
            'U' => self.hexadecimal(8, offset, draft),
            '"' | '\'' | '\\' | '/' | '?' | '^' | '$' | '.' | '*' | '+' | '(' | ')' | '[' | ']'
            | '{' | '}' | '|' | '-' => Ok(letter),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                let what = format!("\\{letter} is not read here: write the ranges, as [0-9]");
                Err(draft.unsupported(offset, what))
            }
            _ => {
                let what =
                    format!("\\{letter} is no escape: write \\\\{letter} for both characters");
                Err(draft.syntax(offset, what))
            }
        }
    }

    /// The character whose number has so many hexadecimal digits.
    fn hexadecimal(
        &mut self,
        digits: usize,
        offset: usize,
        draft: &Draft<'_>,
    ) -> Result<char, GrammarError> {
        let text = self.rest().get(..digits).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let what = format!("an escape misses digits: write {digits} hexadecimal ones");
            return Err(draft.syntax(offset, what));
        }
        self.at += digits;
        let number = u32::from_str_radix(text, 16).expect("eight hexadecimal digits fit");
        char::from_u32(number).ok_or_else(|| {
            let what = format!(
                "U+{number:04X} is no character: write one up to U+10FFFF that is no surrogate"
            );
            draft.syntax(offset, what)
        })
    }
}

/// The beginning of a rule.
#[derive(Debug)]
pub(super) struct Definition<'s> {
    pub(super) name: &'s str,
    pub(super) offset: usize,
    /// The byte behind the bracket that opens the options, if there are any.
    pub(super) options: Option<usize>,
}

/// Whether a class is its ranges or what they leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassKind {
    Plain,
    Negated,
}

/// The names that stand before a `::=`: a first look, which takes strings for rules too.
pub(super) fn defined_names(source: &str) -> impl Iterator<Item = &str> {
    source.split("::=").filter_map(|before| {
        let mut name = before.trim_end();
        if name.ends_with(']') {
            name = &name[..name.rfind('[')?];
        }
        let length = name.bytes().rev().take_while(|&byte| is_dotted_name_char(byte)).count();
        Some(&name[name.len() - length..]).filter(|name| !name.is_empty())
    })
}

/// How many bytes a text begins with that are in a name.
fn name_length(text: &str, is_in: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&byte| is_in(byte)).count()
}

fn is_name_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_dotted_name_char(byte: u8) -> bool {
    is_name_char(byte) || byte == b'.'
}
