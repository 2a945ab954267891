//! Escapes and classes of ECMA-262 with the flag `u`, and what its Annex B lets stand without.
//!
//! Half a surrogate pair is a code point there that no well-formed text has: it matches nothing, and a
//! range from or to one is cut. Letters after `\` that mean nothing are refused, as other notations
//! give them meanings that would be lost: `\A` is a letter to engines that do not read the flag `u`, and
//! the begin of the text to whoever wrote it.
//!
//! Properties are read by `regex-syntax`, which is more lenient with their names than the standard:
//! `\p{greek}` is understood as `\p{Script=Greek}`.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::PatternError;
use super::class::{self, Mode, Set, wrong};

/// `\s` is all white space and all line terminators (ECMA-262, section 22.2.2.9).
pub(super) const WHITE_SPACE: &[(char, char)] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{A0}', '\u{A0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200A}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202F}', '\u{202F}'),
    ('\u{205F}', '\u{205F}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{FEFF}', '\u{FEFF}'),
];

/// What an escape, or a place in a class, stands for.
enum Item {
    /// A code point, half a surrogate pair perhaps.
    Point(u32),
    Chars(ClassUnicode),
}

/// Anything but a line terminator.
pub(super) fn dot() -> Set {
    let ends = [('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')];
    let mut class = ClassUnicode::new(ends.map(|(low, high)| ClassUnicodeRange::new(low, high)));
    class.negate();
    Set::Chars(class)
}

/// The set of an escape, from its `\`.
///
/// A code point that is half a surrogate pair makes an empty set.
pub(super) fn escape(text: &str, mode: Mode<'_>) -> Result<Set, PatternError> {
    let mut class = match item(text, mode)? {
        Item::Point(point) => points(point, point),
        Item::Chars(class) => class,
    };
    if mode.flags.ignores_case {
        class::fold(&mut class, mode);
    }
    Ok(Set::Chars(class))
}

/// The set of a class, from its `[` to its `]`.
///
/// Folded before it is negated, so that `[^k]` with the flag `i` leaves out both cases.
pub(super) fn class(text: &str, mode: Mode<'_>) -> Result<Set, PatternError> {
    let is_negated = text.starts_with("[^");
    let end = text.len() - 1;
    let mut at = 1 + usize::from(is_negated);
    let mut class = ClassUnicode::empty();
    while at < end {
        let start = at;
        let low = class_item(text, &mut at, mode)?;
        // At the end of a class a hyphen is a character.
        let is_range = text[at..].starts_with('-') && at + 1 < end;
        let high = match is_range {
            true => {
                at += 1;
                Some(class_item(text, &mut at, mode)?)
            }
            false => None,
        };
        match (low, high) {
            (Item::Point(low), Some(Item::Point(high))) if low > high => {
                let what = format!("[{}] is no range: write the lower end first", &text[start..at]);
                return Err(wrong(start, what));
            }
            (Item::Point(low), Some(Item::Point(high))) => class.union(&points(low, high)),
            (low, high) => {
                // A set is no end of a range, so the `-` stands for itself (Annex B.1.2).
                let hyphen = high.is_some().then_some(Item::Point(u32::from('-')));
                for item in [Some(low), hyphen, high].into_iter().flatten() {
                    class.union(&match item {
                        Item::Point(point) => points(point, point),
                        Item::Chars(chars) => chars,
                    });
                }
            }
        }
    }
    if mode.flags.ignores_case {
        class::fold(&mut class, mode);
    }
    if is_negated {
        class.negate();
    }
    Ok(Set::Chars(class))
}

/// One character or escape of a class.
///
/// `\b` is a backspace here (section 22.2.1, ClassEscape), and a boundary elsewhere.
fn class_item(text: &str, at: &mut usize, mode: Mode<'_>) -> Result<Item, PatternError> {
    let start = *at;
    let rest = &text[start..text.len() - 1];
    let char = rest.chars().next().unwrap_or('\\');
    if char != '\\' {
        *at += char.len_utf8();
        return Ok(Item::Point(u32::from(char)));
    }
    let length = class::escape_length(rest).min(rest.len());
    *at += length;
    if rest.starts_with("\\b") {
        return Ok(Item::Point(8));
    }
    item(&rest[..length], mode)
        .map_err(|error| PatternError { offset: start + error.offset, ..error })
}

/// What an escape stands for: a set where it names one, else a code point.
///
/// # Errors
/// The escape by its name, and what the standard has instead.
fn item(text: &str, mode: Mode<'_>) -> Result<Item, PatternError> {
    let letter = text.chars().nth(1).unwrap_or('\\');
    match letter {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
            if let Some(Set::Chars(class)) = class::shorthand(letter, mode) {
                return Ok(Item::Chars(class));
            }
        }
        'p' | 'P' if text[2..].starts_with('{') && text.ends_with('}') => {
            if let Set::Chars(class) = class::delegated(text, mode.flags)? {
                return Ok(Item::Chars(class));
            }
        }
        _ => {}
    }
    code_point(text, letter).map(Item::Point).ok_or_else(|| unknown(text, letter))
}

/// The code point that an escape names; `None` for one that names none.
///
/// Two escapes of surrogates in a row are one character (section 22.2.1,
/// RegExpUnicodeEscapeSequence).
fn code_point(text: &str, letter: char) -> Option<u32> {
    let hex = |digits: &str| {
        let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|&point| is_hex && point <= 0x10_FFFF)
    };
    let rest = &text[1 + letter.len_utf8()..];
    Some(match letter {
        // ControlEscape, by its letters.
        't' => 9,
        'n' => 10,
        'v' => 11,
        'f' => 12,
        'r' => 13,
        '0' => 0,
        'c' => {
            let control = rest.bytes().next().filter(u8::is_ascii_alphabetic)?;
            u32::from(control & 31)
        }
        'x' => hex(rest).filter(|_| rest.len() == 2)?,
        'u' => match (class::surrogates(text), rest.strip_prefix('{')) {
            (Some(char), _) => u32::from(char),
            (None, Some(braced)) => hex(braced.strip_suffix('}')?)?,
            (None, None) => hex(rest).filter(|_| rest.len() == 4)?,
        },
        // IdentityEscape: any character but those that may come to mean something.
        _ if letter.is_ascii_alphanumeric() => return None,
        _ => u32::from(letter),
    })
}

/// An escape that ECMA-262 does not have, and what it has instead.
fn unknown(text: &str, letter: char) -> PatternError {
    let instead = match letter {
        'A' => "write ^ for the start of the text",
        'z' | 'Z' => "write $ for the end of the text",
        'x' => "write \\x and two hexadecimal digits",
        'u' => "write \\u and four hexadecimal digits, or \\u{…}",
        'c' => "write \\c and a letter",
        'p' | 'P' => "write \\p{…} with the name of a property",
        _ => "write the character without \\",
    };
    wrong(0, format!("{text} is no escape of ECMA-262: {instead}"))
}

/// The characters among the code points from `low` to `high`.
fn points(low: u32, high: u32) -> ClassUnicode {
    // What is left of a range that begins or ends between the halves of surrogate pairs.
    let parts = [(low, high.min(0xD7FF)), (low.max(0xE000), high)];
    let chars = parts.into_iter().filter(|(low, high)| low <= high).filter_map(|(low, high)| {
        Some(ClassUnicodeRange::new(char::from_u32(low)?, char::from_u32(high)?))
    });
    ClassUnicode::new(chars)
}
