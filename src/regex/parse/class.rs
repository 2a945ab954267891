//! Sets of characters: classes, escapes and the dot.
//!
//! What Rust writes is read by `regex-syntax`, a class or an escape at a time. JavaScript's classes
//! are read here, as `[` and `&&` mean themselves in them; their escapes and properties are again
//! those of `regex-syntax`. Sets are of characters, but of bytes where the flag `u` is off.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, HirKind,
};

use super::syntax::{Classes, Flags, Folding, Shorthands, Standard, Syntax};
use super::{PatternError, PatternErrorKind, ecma};
use crate::regex::byte_set::ByteSet;
use crate::regex::expr::{ExprId, Exprs};

/// How a set is read where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mode<'s> {
    /// Those that hold where the set stands.
    pub(super) flags: Flags,
    /// The dialect.
    pub(super) syntax: &'s Syntax,
}

/// What matches one character, or one byte where the flag `u` is off.
#[derive(Debug, Clone)]
pub(super) enum Set {
    /// Characters, which match as their UTF-8 bytes.
    Chars(ClassUnicode),
    /// Single bytes, of which some are no text by themselves.
    Bytes(ClassBytes),
}

impl Set {
    /// All characters from one to another, both included.
    pub(super) fn range(low: char, high: char) -> Self {
        Self::Chars(ClassUnicode::new([ClassUnicodeRange::new(low, high)]))
    }

    /// The bytes of the only member, where there is one.
    pub(super) fn single(&self) -> Option<Vec<u8>> {
        match self {
            Self::Chars(class) => class.literal(),
            Self::Bytes(class) => class.literal(),
        }
    }

    /// One member of the set.
    pub(super) fn expr(&self, exprs: &mut Exprs) -> ExprId {
        match self {
            Self::Chars(class) => {
                exprs.chars(class.iter().map(|range| (range.start(), range.end())))
            }
            Self::Bytes(class) => {
                let ranges = class.iter().map(|range| ByteSet::range(range.start(), range.end()));
                let set = ranges.fold(ByteSet::NONE, ByteSet::union);
                exprs.byte(set)
            }
        }
    }

    /// The only character, where there is one.
    fn char(&self) -> Option<char> {
        let Self::Chars(class) = self else {
            return None;
        };
        match class.ranges() {
            [range] if range.start() == range.end() => Some(range.start()),
            _ => None,
        }
    }
}

/// Anything but a newline, or anything.
///
/// ECMA-262 takes four line terminators out (section 22.2.2.7), other dialects the newline alone.
pub(super) fn dot(mode: Mode<'_>) -> Set {
    let flags = mode.flags;
    if mode.syntax.standard == Standard::Ecma262 && !flags.dot_is_all {
        return ecma::dot();
    }
    let newline = if flags.dot_is_all { None } else { Some('\n') };
    if flags.is_unicode {
        let mut class: ClassUnicode =
            ClassUnicode::new(newline.map(|newline| ClassUnicodeRange::new(newline, newline)));
        class.negate();
        return Set::Chars(class);
    }
    let newline = newline.map(|_| ClassBytesRange::new(b'\n', b'\n'));
    let mut class = ClassBytes::new(newline);
    class.negate();
    Set::Bytes(class)
}

/// A character in either case.
pub(super) fn folded(char: char, mode: Mode<'_>) -> Set {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
    fold(&mut class, mode);
    Set::Chars(class)
}

/// The length of the class that `rest` begins with; `None` where it does not end.
///
/// Classes nest in Rust's dialect alone; elsewhere a `[` within one is a character.
pub(super) fn length(rest: &str, classes: Classes) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 0;
    let mut depth = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'[' if depth == 0 || classes == Classes::Rust => {
                depth += 1;
                at += usize::from(bytes.get(at) == Some(&b'^'));
                let is_literal = classes == Classes::Rust && bytes.get(at) == Some(&b']');
                at += usize::from(is_literal);
            }
            b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The set of a class, from its `[` to its `]`.
pub(super) fn class(text: &str, mode: Mode<'_>) -> Result<Set, PatternError> {
    match (mode.syntax.standard, mode.syntax.classes) {
        (Standard::Ecma262, _) => ecma::class(text, mode),
        (_, Classes::Rust) => delegated(text, mode.flags),
        (_, Classes::EcmaScript) => ecma_script(text, mode),
    }
}

/// The length of the escape that `rest` begins with, as far as there is text: whether it has the
/// digits that it needs is found when it is read.
pub(super) fn escape_length(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    let Some(letter) = chars.next() else {
        return rest.len();
    };
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'p' | 'P' => 1,
        'c' => 1,
        _ => 0,
    };
    let head = 1 + letter.len_utf8();
    if digits > 0 && letter != 'c' && rest[head..].starts_with('{') {
        return rest.find('}').map_or(rest.len(), |end| end + 1);
    }
    let length = head + rest[head..].chars().take(digits).map(char::len_utf8).sum::<usize>();
    let pair = rest.get(..length + 6).filter(|_| letter == 'u');
    let is_pair = pair.and_then(surrogates).is_some();
    if is_pair { length + 6 } else { length }
}

/// The set of an escape, from its `\`.
///
/// Escapes that Rust does not know are read here, and the others are handed on.
pub(super) fn escape(text: &str, mode: Mode<'_>) -> Result<Set, PatternError> {
    if mode.syntax.standard == Standard::Ecma262 {
        return ecma::escape(text, mode);
    }
    let letter = text.chars().nth(1).unwrap_or('\\');
    if let Some(char) = java_script(text) {
        return Ok(Set::range(char, char));
    }
    if let Some(set) = shorthand(letter, mode) {
        return Ok(set);
    }
    delegated(text, mode.flags)
}

/// The escapes that mean nothing in Rust.
fn java_script(text: &str) -> Option<char> {
    match text.as_bytes() {
        b"\\0" => Some('\0'),
        b"\\e" => Some('\u{1B}'),
        [b'\\', b'c', letter] if letter.is_ascii_alphabetic() => Some(char::from(letter & 31)),
        _ => surrogates(text),
    }
}

/// A character written as two surrogates, `\uD83D\uDE00`, as JSON and JavaScript have it (RFC 8259,
/// section 7).
pub(super) fn surrogates(text: &str) -> Option<char> {
    let (high, low) = text.strip_prefix("\\u")?.split_once("\\u")?;
    let is_unit = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = |text: &str| u16::from_str_radix(text, 16).ok().filter(|_| is_unit(text));
    let mut chars = char::decode_utf16([unit(high)?, unit(low)?]);
    let char = chars.next()?.ok()?;
    chars.next().is_none().then_some(char)
}

/// `\d`, `\s`, `\w` and their complements, where they are ASCII.
pub(super) fn shorthand(letter: char, mode: Mode<'_>) -> Option<Set> {
    if mode.syntax.shorthands == Shorthands::Unicode || !mode.flags.is_unicode {
        return None;
    }
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' if mode.syntax.shorthands == Shorthands::EcmaScript => ecma::WHITE_SPACE,
        's' => &[('\t', '\r'), (' ', ' '), ('\u{A0}', '\u{A0}')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    let ranges = ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high));
    let mut class = ClassUnicode::new(ranges);
    if letter.is_ascii_uppercase() {
        class.negate();
    }
    Some(Set::Chars(class))
}

/// Has `regex-syntax` read a class or an escape, case folding included.
///
/// # Errors
/// What `regex-syntax` finds wrong, with its place in `text`.
pub(super) fn delegated(text: &str, flags: Flags) -> Result<Set, PatternError> {
    let mut parser = ParserBuilder::new()
        .utf8(false)
        .unicode(flags.is_unicode)
        .case_insensitive(flags.ignores_case)
        .ignore_whitespace(flags.is_verbose && text.starts_with('['))
        .build();
    let hir = parser.parse(text).map_err(|error| refused(text, &error))?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(Set::Chars(class)),
        HirKind::Class(Class::Bytes(class)) => Ok(Set::Bytes(class)),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => {
                let ranges = text.chars().map(|char| ClassUnicodeRange::new(char, char));
                Ok(Set::Chars(ClassUnicode::new(ranges)))
            }
            Err(_) => {
                let ranges = literal.0.iter();
                let range = |&byte| ClassBytesRange::new(byte, byte);
                Ok(Set::Bytes(ClassBytes::new(ranges.map(range))))
            }
        },
        _ => {
            let what = format!("{} is no set of characters: write a class [...]", shown(text));
            Err(wrong(0, what))
        }
    }
}

/// The fault that `regex-syntax` found in a class or an escape.
fn refused(text: &str, error: &regex_syntax::Error) -> PatternError {
    let (offset, what) = match error {
        regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => {
            (error.span().start.offset, error.kind().to_string())
        }
        _ => (0, "it is not understood".to_owned()),
    };
    let kind = if text.starts_with('[') { "class" } else { "escape" };
    wrong(offset, format!("{} is no {kind} of characters: {what}", shown(text)))
}

/// The begin of what may be as long as a pattern.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Reads a class of JavaScript: `[^…]` is what is left of the characters in either case, so that
/// `[^k]` with the flag `i` leaves out both `k` and `K`.
fn ecma_script(text: &str, mode: Mode<'_>) -> Result<Set, PatternError> {
    let mut at = 1 + usize::from(text.starts_with("[^"));
    let is_negated = at == 2;
    let end = text.len() - 1;
    let mut class = ClassUnicode::empty();
    while at < end {
        let start = at;
        let low = item(text, &mut at, mode)?;
        let Some((first, high)) = range(text, &mut at, &low, mode)? else {
            match low {
                Set::Chars(chars) => class.union(&chars),
                Set::Bytes(_) => {
                    return Err(wrong(
                        start,
                        "a class of bytes is not supported: write characters",
                    ));
                }
            }
            continue;
        };
        if first > high {
            let what = format!("a range from {first:?} to {high:?}: write the lower end first");
            return Err(wrong(start, what));
        }
        class.push(ClassUnicodeRange::new(first, high));
    }
    if mode.flags.ignores_case {
        fold(&mut class, mode);
    }
    if is_negated {
        class.negate();
    }
    Ok(Set::Chars(class))
}

/// The ends of the range whose low end was just read, where `-` and a character follow.
fn range(
    text: &str,
    at: &mut usize,
    low: &Set,
    mode: Mode<'_>,
) -> Result<Option<(char, char)>, PatternError> {
    let is_range = text[*at..].starts_with('-') && *at + 2 < text.len();
    let (Some(low), true) = (low.char(), is_range) else {
        return Ok(None);
    };
    let mut after = *at + 1;
    let high = item(text, &mut after, mode)?;
    let Some(high) = high.char() else {
        return Ok(None);
    };
    *at = after;
    Ok(Some((low, high)))
}

/// One character or escape of a class of JavaScript, where `\b` is a backspace. Its case is left as it
/// is: the class is folded as a whole.
fn item(text: &str, at: &mut usize, mode: Mode<'_>) -> Result<Set, PatternError> {
    let start = *at;
    let rest = &text[start..];
    let Some(char) = rest.chars().next().filter(|&char| char != '\\') else {
        let length = escape_length(rest).min(text.len() - 1 - start);
        *at += length;
        if rest.starts_with("\\b") {
            return Ok(Set::range('\u{8}', '\u{8}'));
        }
        let flags = Flags { ignores_case: false, ..mode.flags };
        return escape(&rest[..length], Mode { flags, ..mode })
            .map_err(|error| PatternError { offset: start + error.offset, ..error });
    };
    *at += char.len_utf8();
    Ok(Set::range(char, char))
}

/// Adds the other case of each character, as far as the dialect folds.
pub(super) fn fold(class: &mut ClassUnicode, mode: Mode<'_>) {
    if mode.syntax.folding == Folding::Unicode && mode.flags.is_unicode {
        class.case_fold_simple();
        return;
    }
    let ascii = |low, high| ClassUnicode::new([ClassUnicodeRange::new(low, high)]);
    for (letters, shift) in [(ascii('A', 'Z'), 32), (ascii('a', 'z'), -32_i8)] {
        let mut cased = class.clone();
        cased.intersect(&letters);
        let other = |char: char| char::from((char as u8).wrapping_add_signed(shift));
        for range in cased.iter() {
            class.push(ClassUnicodeRange::new(other(range.start()), other(range.end())));
        }
    }
}

/// A fault of the notation, at a byte of the set's own text.
pub(super) fn wrong(offset: usize, what: impl Into<String>) -> PatternError {
    PatternError { offset, kind: PatternErrorKind::Syntax(what.into()) }
}
