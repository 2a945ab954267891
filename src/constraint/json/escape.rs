//! Escapes within strings: what has been read of one, and the characters it may still become.
//!
//! RFC 8259, section 7: two bytes for the short escapes, six for `\uXXXX`, and twelve for a
//! character beyond U+FFFF, which is written as two surrogates. A surrogate alone stands for no
//! character, so no text goes on behind one but with the second of its pair.

/// How far an escape has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Escape {
    /// Not within one.
    None,
    /// Behind a backslash.
    Begun,
    /// Behind `\u` and so many hexadecimal digits of this value.
    Digits(u8, u16),
    /// Behind the first of two surrogates.
    High(u16),
    /// Behind the first of two surrogates and a backslash.
    HighBegun(u16),
    /// Behind the first of two surrogates, `\u`, and so many digits of this value.
    HighDigits(u16, u8, u16),
}

/// The characters that have an escape of two bytes and are not a slash, which stands for itself.
pub(super) const SHORT: &str = "\"\\\u{8}\u{c}\n\r\t";

/// What a byte makes of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escaped {
    /// It is over, and this is the character.
    Char(char),
    /// It goes on.
    Open(Escape),
    /// There is no such escape.
    Wrong,
}

impl Escape {
    /// The escape behind a byte within one.
    ///
    /// At the fourth digit it is settled which it is: a first surrogate goes on, a second one is
    /// wrong here.
    pub(super) fn step(self, byte: u8) -> Escaped {
        match (self, byte) {
            (Self::Begun, b'u') => Escaped::Open(Self::Digits(0, 0)),
            (Self::Begun, _) => short(byte).map_or(Escaped::Wrong, Escaped::Char),
            (Self::Digits(count, value), _) => match hex(value, byte) {
                None => Escaped::Wrong,
                Some(value) if count < 3 => Escaped::Open(Self::Digits(count + 1, value)),
                Some(value @ 0xD800..0xDC00) => Escaped::Open(Self::High(value)),
                Some(value) => {
                    char::from_u32(u32::from(value)).map_or(Escaped::Wrong, Escaped::Char)
                }
            },
            (Self::High(high), b'\\') => Escaped::Open(Self::HighBegun(high)),
            (Self::HighBegun(high), b'u') => Escaped::Open(Self::HighDigits(high, 0, 0)),
            (Self::HighDigits(high, count, value), _) => match hex(value, byte) {
                None => Escaped::Wrong,
                Some(value) if count < 3 => Escaped::Open(Self::HighDigits(high, count + 1, value)),
                Some(low) => paired(high, low).map_or(Escaped::Wrong, Escaped::Char),
            },
            _ => Escaped::Wrong,
        }
    }

    /// The characters that it may become by hexadecimal digits, in ranges, both ends included: those
    /// of one unit of UTF-16 apart from those of two.
    ///
    /// As long as digits are missing, a range of values may come of those read; a pair's first half
    /// settles ten bits and leaves 1024 characters.
    pub(super) fn reach(self) -> Vec<(char, char)> {
        let (first, last) = match self {
            Self::None | Self::Begun => (0, 0xFFFF),
            Self::Digits(count, value) => spread(count, value),
            Self::High(high) | Self::HighBegun(high) => {
                return pairs((high.into(), high.into()), (0xDC00, 0xDFFF)).into_iter().collect();
            }
            Self::HighDigits(high, count, value) => {
                return pairs((high.into(), high.into()), spread(count, value))
                    .into_iter()
                    .collect();
            }
        };
        let below = range(first, last.min(0xD7FF));
        let above = range(first.max(0xE000), last);
        // A first surrogate stands for all that may follow it.
        let paired = pairs((first, last), (0xDC00, 0xDFFF));
        [below, above, paired].into_iter().flatten().collect()
    }

    /// The bytes that are missing when it becomes a character by hexadecimal digits.
    ///
    /// A character beyond U+FFFF takes six more for the second of its pair.
    pub(super) fn missing(self, char: char) -> u32 {
        let pair = if u32::from(char) > 0xFFFF { 6 } else { 0 };
        match self {
            Self::None => 6 + pair,
            Self::Begun => 5 + pair,
            Self::Digits(count, _) => u32::from(4 - count) + pair,
            Self::High(_) => 6,
            Self::HighBegun(_) => 5,
            Self::HighDigits(_, count, _) => u32::from(4 - count),
        }
    }
}

/// The values that so many digits may become with the digits that are missing.
fn spread(count: u8, value: u16) -> (u32, u32) {
    let missing = 4 * u32::from(4 - count);
    let first = u32::from(value) << missing;
    (first, first + ((1 << missing) - 1))
}

/// The characters of pairs whose halves are in these ranges; of first halves there is one, or all
/// second halves are among them. `None` where there is no such pair.
fn pairs(high: (u32, u32), low: (u32, u32)) -> Option<(char, char)> {
    let (first, last) = (high.0.max(0xD800), high.1.min(0xDBFF));
    let (low, top) = (low.0.max(0xDC00), low.1.min(0xDFFF));
    if first > last || low > top {
        return None;
    }
    let char = |high: u32, low: u32| 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    range(char(first, low), char(last, top))
}

/// The characters of a range that has no surrogates; `None` where it has none.
fn range(first: u32, last: u32) -> Option<(char, char)> {
    let (low, high) = (char::from_u32(first)?, char::from_u32(last)?);
    (low <= high).then_some((low, high))
}

/// The value with one digit more, in either case; `None` for other bytes.
fn hex(value: u16, byte: u8) -> Option<u16> {
    let digit = char::from(byte).to_digit(16)?;
    Some(value << 4 | u16::try_from(digit).expect("a digit is below 16"))
}

/// The character of two surrogates; `None` unless the second is a second one.
fn paired(high: u16, low: u16) -> Option<char> {
    char::decode_utf16([high, low]).next().and_then(Result::ok).filter(|_| low & 0xFC00 == 0xDC00)
}

/// The character of an escape of two bytes, by the second.
pub(super) fn short(byte: u8) -> Option<char> {
    Some(match byte {
        b'"' | b'\\' | b'/' => char::from(byte),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}
