//! Reads JSON texts, strictly by RFC 8259.
//!
//! Where the RFC leaves a choice, what is unclear is refused: two members of one name, and escapes
//! that are half a surrogate pair. Readers differ in what they make of these, and a schema should
//! mean one thing.
//!
//! Errors have their line and column, which are counted only when there is one.
//!
//! Who only asks whether a text is JSON has it read without keeping anything of it: what is [`Kept`] is
//! `()` then.

use std::borrow::Cow;

use super::{Json, JsonError};

/// What is kept of a value that is read.
pub(super) trait Kept: Sized {
    /// Of null, true, false.
    fn of_word(value: Json) -> Self;
    fn of_number(text: &str) -> Self;
    fn of_string(text: Cow<'_, str>) -> Self;
    fn of_array(items: Vec<Self>) -> Self;
    fn of_object<'n>(names: impl Iterator<Item = Cow<'n, str>>, values: Vec<Self>) -> Self;
}

/// The value itself.
impl Kept for Json {
    fn of_word(value: Json) -> Self {
        value
    }

    fn of_number(text: &str) -> Self {
        Self::Number(text.into())
    }

    fn of_string(text: Cow<'_, str>) -> Self {
        Self::String(text.into())
    }

    fn of_array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn of_object<'n>(names: impl Iterator<Item = Cow<'n, str>>, values: Vec<Self>) -> Self {
        Self::Object(names.map(Cow::into_owned).zip(values).collect())
    }
}

/// Nothing.
impl Kept for () {
    fn of_word(_: Json) {}
    fn of_number(_: &str) {}
    fn of_string(_: Cow<'_, str>) {}
    fn of_array(_: Vec<Self>) {}
    fn of_object<'n>(_: impl Iterator<Item = Cow<'n, str>>, _: Vec<Self>) {}
}

/// A text and how far it was read. Recursion is as deep as values are nested, which is limited.
pub(super) struct Parser<'t> {
    text: &'t str,
    /// On a character's boundary.
    at: usize,
    /// How many more levels may be opened.
    levels: usize,
    /// The names of the objects that are open, and where they stand.
    names: Vec<(Cow<'t, str>, usize)>,
}

/// The names of an object with more of them are sorted, not compared each with each.
const FEW: usize = 16;

impl<'t> Parser<'t> {
    /// A text of which nothing was read yet.
    pub(super) fn new(text: &'t str, depth: usize) -> Self {
        Self { text, at: 0, levels: depth, names: Vec::new() }
    }

    /// Reads the one value that the text is.
    pub(super) fn parse<K: Kept>(mut self) -> Result<K, JsonError> {
        let value = self.value()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected("nothing but white space may follow the value")),
        }
    }

    /// Reads a value behind white space.
    fn value<K: Kept>(&mut self) -> Result<K, JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(K::of_string),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z') => self.word(),
            _ => Err(self.unexpected("a value must stand here")),
        }
    }

    /// One level down, past the opening bracket. The level is given back behind the closing one.
    fn nested<K: Kept>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<K, JsonError>,
    ) -> Result<K, JsonError> {
        // The limit is on brackets, as only they nest.
        let Some(levels) = self.levels.checked_sub(1) else {
            let (line, column) = self.place(self.at);
            return Err(JsonError::Depth { line, column });
        };
        self.at += 1;
        self.levels = levels;
        let value = read(self);
        self.levels += 1;
        value
    }

    /// The items of an array behind its bracket.
    fn array<K: Kept>(&mut self) -> Result<K, JsonError> {
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(K::of_array(items));
        }
        loop {
            items.push(self.value()?);
            if self.eat(b']') {
                return Ok(K::of_array(items));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("a comma or the end of the array must stand here"));
            }
        }
    }

    /// The members of an object behind its bracket.
    fn object<K: Kept>(&mut self) -> Result<K, JsonError> {
        let (first, mut values) = (self.names.len(), Vec::new());
        if self.eat(b'}') {
            return Ok(K::of_object(std::iter::empty(), values));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a member's name in quotes must stand here"));
            }
            let offset = self.at;
            let name = self.string()?;
            self.names.push((name, offset));
            if !self.eat(b':') {
                return Err(self.unexpected("a colon must stand here"));
            }
            values.push(self.value()?);
            if self.eat(b'}') {
                self.refuse_duplicates(first)?;
                let names = self.names.drain(first..).map(|(name, _)| name);
                return Ok(K::of_object(names, values));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("a comma or the end of the object must stand here"));
            }
        }
    }

    /// Many members are sorted, not compared each with each. The sort is stable, so that of two of one
    /// name the later is refused.
    fn refuse_duplicates(&self, first: usize) -> Result<(), JsonError> {
        let names = &self.names[first..];
        let repeated = match names.len() > FEW {
            true => {
                let mut order: Vec<usize> = (0..names.len()).collect();
                order.sort_by_key(|&index| &names[index].0);
                order
                    .windows(2)
                    .map(|two| (two[0], two[1]))
                    .find(|two| names[two.0].0 == names[two.1].0)
            }
            false => (1..names.len()).find_map(|later| {
                let earlier = names[..later].iter().position(|(name, _)| *name == names[later].0);
                Some((earlier?, later))
            }),
        };
        let Some((earlier, later)) = repeated else { return Ok(()) };
        let ((_, place), (name, again)) = (&names[earlier], &names[later]);
        let (line, _) = self.place(*place);
        Err(self.error(format!("member {name:?} is given again, after line {line}"), *again))
    }

    /// A string from its opening quote past its closing one.
    fn string(&mut self) -> Result<Cow<'t, str>, JsonError> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            // Up to what needs a decision, the text is taken as it is.
            let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
            let Some(length) = rest.bytes().position(is_special) else {
                return Err(self.error("a quote must end the string", self.text.len()));
            };
            match text.is_empty() {
                true => text = Cow::Borrowed(&rest[..length]),
                false => text.to_mut().push_str(&rest[..length]),
            }
            self.at += length;
            // What was looked for is of one byte, and so at a character's boundary.
            match rest.as_bytes()[length] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                // An escape is read by itself, and the text goes on behind it.
                b'\\' => text.to_mut().push(self.escape()?),
                _ => return Err(self.unexpected("control characters must be escaped")),
            }
        }
    }

    /// An escape from its backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let begin = self.at;
        self.at += 2;
        Ok(match self.text.as_bytes().get(begin + 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => return self.code_point(begin),
            _ => {
                let what = "an escape must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u";
                return Err(self.error(what, begin));
            }
        })
    }

    /// The digits of `\u`, and those of the other half of a surrogate pair.
    fn code_point(&mut self, begin: usize) -> Result<char, JsonError> {
        let first = self.four_digits(begin)?;
        // A high half must have a low one behind it; a low one alone is caught as no character.
        let code = match first {
            0xD800..=0xDBFF if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                let second = self.four_digits(begin)?;
                let low = second.checked_sub(0xDC00).filter(|&low| low < 0x400);
                low.map(|low| 0x1_0000 + ((first - 0xD800) << 10) + low)
            }
            _ => Some(first),
        };
        code.and_then(char::from_u32)
            .ok_or_else(|| self.error("an escaped surrogate must be half of a pair", begin))
    }

    /// The value of four hexadecimal digits. `begin` is where the escape begins, for the error.
    fn four_digits(&mut self, begin: usize) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(digits) = digits else {
            return Err(self.error("four hexadecimal digits must follow \\u", begin));
        };
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).expect("hexadecimal digits"))
    }

    /// A number, kept as it is written.
    fn number<K: Kept>(&mut self) -> Result<K, JsonError> {
        let begin = self.at;
        self.skip(b"-");
        let whole = self.digits()?;
        // Some readers take `010` as eight.
        if self.text.as_bytes()[whole] == b'0' && self.at - whole > 1 {
            return Err(self.error("a number must have no leading zeros", whole));
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(K::of_number(&self.text[begin..self.at]))
    }

    /// One digit or more. Where they begin, for what is said about zeros.
    fn digits(&mut self) -> Result<usize, JsonError> {
        let begin = self.at;
        let rest = &self.text.as_bytes()[begin..];
        let length = rest.iter().position(|byte| !byte.is_ascii_digit());
        self.at += length.unwrap_or(rest.len());
        if begin == self.at { Err(self.unexpected("a digit must stand here")) } else { Ok(begin) }
    }

    /// One of the three words that are values.
    fn word<K: Kept>(&mut self) -> Result<K, JsonError> {
        // What follows a word is looked at by whoever reads on: `nullx` has no comma behind it.
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(K::of_word(value));
            }
        }
        Err(self.unexpected("a value must stand here"))
    }

    /// Takes one of these bytes, if one is next.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let is_next = self.text.as_bytes().get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes white space, and then this byte, if it is next.
    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next byte behind white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    /// That something else should stand where the reader is.
    fn unexpected(&self, expected: &str) -> JsonError {
        let found = match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some(char) => format!("{char:?}"),
        };
        self.error(format!("{expected}, not {found}"), self.at)
    }

    /// An error at an offset.
    fn error(&self, what: impl Into<String>, offset: usize) -> JsonError {
        let (line, column) = self.place(offset);
        JsonError::Syntax { what: what.into(), line, column }
    }

    /// The line and column of an offset, from 1.
    fn place(&self, offset: usize) -> (usize, usize) {
        // Columns count characters, as editors do.
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}
