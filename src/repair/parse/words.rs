//! Values without quotes: numbers, literals, and what should have been a string.
//!
//! | text | it is |
//! |---|---|
//! | `1.50`, `true` | JSON as it stands |
//! | `.5`, `True` | written otherwise in JSON, and nothing else |
//! | `hello there`, `2024-10-18` | a string, and nothing else |
//! | `007`, `50%`, `1_000`, `NaN`, `undefined` | in doubt: the schema decides, or nothing does |
//!
//! A text ends at a comma, so what has commas of its own is refused where the next name should stand.

use super::super::Finish;
use super::super::edit::Rule;
use super::super::reason::Reason;
use super::{Doubt, Kind, Parser, Part, Word};

/// What a text without quotes is.
enum Bare {
    /// JSON as it stands.
    Json,
    /// Written otherwise in JSON.
    Other(Rule, String),
    /// Nothing but a string.
    Text,
    /// A string, or perhaps a number.
    Doubtful(Reason, Option<String>),
}

/// The most words in doubt: each has a pointer, and they are tried out together.
const WORDS: usize = 1_000;

impl Parser<'_> {
    /// A value without quotes.
    pub(super) fn word(&mut self) -> Result<Part, Doubt> {
        let start = self.at;
        let token = self.token(start);
        if token.is_empty() {
            return Err(self.doubt(Reason::Structure));
        }
        let bare = classify(token);
        let end = match bare {
            Bare::Text => start + self.phrase(start).len(),
            _ => start + token.len(),
        };
        self.at = end;
        if end == self.text.len() && self.finish == Finish::Length {
            return Ok(Part::Cut);
        }
        // What goes on without a space is no word, whatever it is.
        if self.peek().is_some_and(|char| matches!(char, '{' | '[' | '(' | '\'' | '`'))
            && !self.is_bracketed(end)
        {
            return Err(self.doubt(Reason::Structure));
        }
        match bare {
            Bare::Json => {}
            Bare::Other(rule, now) => self.edit(rule, start..end, &now),
            Bare::Doubtful(reason, number) => self.doubtful(start..end, reason, number)?,
            Bare::Text => self.quote(start..end)?,
        }
        self.completed();
        Ok(Part::Whole)
    }

    /// Whether the next value may begin right behind a number: `1{` is two items.
    fn is_bracketed(&self, end: usize) -> bool {
        let number = self.text[..end].ends_with(|char: char| char.is_ascii_digit());
        number && self.text[end..].starts_with(['{', '['])
    }

    /// Up to white space or a sign of JSON.
    fn token(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        let is_end = |char: char| {
            char.is_whitespace()
                || matches!(char, ',' | '}' | ']' | ')' | '{' | '[' | '(' | '\'' | '`' | ';')
        };
        let length = rest.find(is_end).unwrap_or(rest.len());
        let token = &rest[..length];
        match token.contains('/') {
            true => &token[..token.find("/*").unwrap_or(length)],
            false => token,
        }
    }

    /// Up to a comma, a closing bracket, the end of the line, or a quote that begins something.
    fn phrase(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        let bytes = rest.as_bytes();
        let is_end = |(at, char): &(usize, char)| match char {
            ',' | '}' | ']' | ')' | '\n' | '{' | '[' | '(' => true,
            '"' | '/' | '#' => at.checked_sub(1).is_some_and(|before| bytes[before] == b' '),
            _ => false,
        };
        let length = rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at);
        rest[..length].trim_end()
    }

    /// Puts quotes around a phrase, or the one that is missing before it.
    ///
    /// A phrase with a colon and a space is likely a member that lost its bracket, and one with a
    /// backslash may be escaped or not: these have no reading.
    fn quote(&mut self, span: std::ops::Range<usize>) -> Result<(), Doubt> {
        let phrase = &self.text[span.clone()];
        let doubt = |reason| Err(Doubt { reason, span: span.clone() });
        if self.frames.is_empty() {
            return doubt(Reason::NoJson);
        }
        if phrase.contains(": ") || phrase.ends_with(':') || phrase.contains(['\\', '\t']) {
            return doubt(Reason::Structure);
        }
        let is_array = self.frames.last().is_some_and(|frame| frame.kind != Kind::Object);
        let is_cut = span.end == self.text.trim_end().len();
        let is_begun = ["true", "false", "null"].iter().any(|literal| literal.starts_with(phrase));
        if is_array && phrase.contains(' ') || is_cut && is_begun {
            self.note(Reason::Words, span.clone());
        }
        if is_array && self.frames.last().is_some_and(|frame| frame.kind == Kind::Tuple) {
            return doubt(Reason::Group);
        }
        match phrase.strip_suffix('"') {
            Some(inner) if !inner.contains('"') => {
                if !matches!(classify(inner), Bare::Text) {
                    self.note(Reason::Quote, span.clone());
                }
                if self.last_bare.is_some_and(|bare| bare > self.frame_open()) {
                    // The quote may be missing before that one.
                    self.note(Reason::UnquotedComma, span.clone());
                }
                self.edit(Rule::InsertQuote, span.start..span.start, "\"");
            }
            _ if phrase.contains('"') => return doubt(Reason::Quote),
            _ => {
                let quoted = format!("\"{phrase}\"");
                self.last_bare = Some(span.start);
                self.edit(Rule::QuoteValue, span, &quoted);
            }
        }
        Ok(())
    }

    /// Notes a word that the schema may decide.
    fn doubtful(
        &mut self,
        span: std::ops::Range<usize>,
        reason: Reason,
        number: Option<String>,
    ) -> Result<(), Doubt> {
        if self.parsed.words.len() == WORDS {
            return Err(Doubt { reason, span });
        }
        self.parsed.cost += 2;
        self.parsed.words.push(Word { span, reason, number, pointer: self.pointer() });
        Ok(())
    }
}

/// What a text without quotes and spaces is.
fn classify(token: &str) -> Bare {
    if is_number(token) {
        return Bare::Json;
    }
    match token {
        "true" | "false" | "null" => return Bare::Json,
        "True" | "TRUE" | "False" | "FALSE" | "Null" | "NULL" => {
            return Bare::Other(Rule::Literal, token.to_ascii_lowercase());
        }
        "None" => return Bare::Other(Rule::Literal, "null".to_owned()),
        "undefined" | "nil" | "NIL" | "NONE" | "none" => {
            return Bare::Doubtful(Reason::Undefined, None);
        }
        _ => {}
    }
    if is_nonfinite(token) {
        return Bare::Doubtful(Reason::NonFinite, None);
    }
    if let Some(number) = completed(token) {
        return Bare::Other(Rule::Number, number);
    }
    if let Some(number) = without_zeros(token) {
        return Bare::Doubtful(Reason::LeadingZero, Some(number));
    }
    let grouped = token.replace('_', "");
    if grouped != token && is_number(&grouped) {
        return Bare::Doubtful(Reason::NumberLike, Some(grouped));
    }
    match is_numeric(token) {
        true => Bare::Doubtful(Reason::NumberLike, None),
        false => Bare::Text,
    }
}

/// Whether a text is a number by RFC 8259, section 6.
pub(in super::super) fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || whole > 1 && rest[0] == b'0' {
        return false;
    }
    let mut rest = &rest[whole..];
    if let [b'.', fraction @ ..] = rest {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] = rest {
        return digits(exponent) == exponent.len() && !exponent.is_empty();
    }
    rest.is_empty()
}

/// Infinities, and what is no number.
fn is_nonfinite(token: &str) -> bool {
    let name = token.strip_prefix(['-', '+']).unwrap_or(token);
    matches!(name, "NaN" | "nan" | "NAN" | "Infinity" | "infinity" | "inf" | "Inf")
}

/// A number without its sign plus, or with the digit before or behind its point that JSON wants.
fn completed(token: &str) -> Option<String> {
    let (sign, rest) = match token.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", token.strip_prefix('+').unwrap_or(token)),
    };
    let mut number = rest.to_owned();
    if number.starts_with('.') {
        number.insert(0, '0');
    }
    if number.ends_with('.') {
        number.push('0');
    }
    let number = format!("{sign}{number}");
    (rest != "." && number != token && is_number(&number)).then_some(number)
}

/// The number without the zeros before it.
fn without_zeros(token: &str) -> Option<String> {
    let (sign, rest) = match token.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", token),
    };
    let trimmed = rest.trim_start_matches('0');
    let zero = if trimmed.starts_with(|char: char| char.is_ascii_digit()) { "" } else { "0" };
    let number = format!("{sign}{zero}{trimmed}");
    (rest.starts_with('0') && number != token && is_number(&number)).then_some(number)
}

/// What may be meant as a number though JSON has no such: `50%`, `1/3`, `$5`, `0x1F`, `2e-`, `12k`.
fn is_numeric(token: &str) -> bool {
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let is_sign = |char: char| {
        matches!(char, '-' | '+' | '.' | ',' | '%' | '/' | '$' | '€' | '£' | '_' | '\'' | '²' | '½')
    };
    let is_hex = token
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // Two points or two dashes are no number: versions, dates.
    let is_plain = token.matches('.').count() < 2 && token.matches('-').count() < 2;
    // An exponent that has no digits.
    let rest = token.trim_end_matches(['e', 'E', '+', '-']);
    let is_cut = rest.len() < token.len()
        && rest.starts_with(|char: char| char.is_ascii_digit() || char == '-')
        && rest.chars().all(|char| char.is_ascii_digit() || matches!(char, '-' | '.'));
    let is_sum =
        has_digit && is_plain && token.chars().all(|char| char.is_ascii_digit() || is_sign(char));
    is_hex || is_cut || is_sum || token == "-" || token == "+"
}
