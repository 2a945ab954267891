//! Exact decimals of any size.
//!
//! RFC 8259, section 6, sets no bound to numbers, and a schema compares values and not what 64 bits
//! make of them: so `maximum` of forty digits is what it says, and `0.1` is a tenth.
//!
//! Laws: equal numbers are equal decimals, however they are written; the order is that of numbers;
//! what is printed reads back as the same decimal.

use std::cmp::Ordering;
use std::fmt;

/// A number as JSON writes them, exactly: `1`, `1.0` and `10e-1` are one decimal, `-0` is `0`.
///
/// Nothing is ever written out by its exponent, so `1e1000000000` takes no more room than `1`.
///
/// Invariant: the digits have no zero at either end; zero has none, no sign and exponent 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Decimal {
    is_negative: bool,
    /// ASCII digits.
    digits: Vec<u8>,
    /// The power of ten that the digits, as an integer, are multiplied with.
    exponent: i64,
}

/// The zeros that are written out at most where a decimal is printed.
const PADDING: i64 = 20;
/// The least power of ten of a first digit with no more zeros between the point and it.
const PADDED: i64 = -1 - PADDING;
/// The digits that an exponent may have: sums of such stay far from overflow.
const EXPONENT_DIGITS: usize = 17;

impl Decimal {
    /// Reads the text of a JSON number; `None` where it is none, or where its exponent has more than
    /// 17 digits and the number is not zero all the same.
    ///
    /// The grammar is that of RFC 8259, section 6: no leading zeros, no sign before it but `-`, a
    /// digit on either side of a point.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, magnitude) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (magnitude, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        let is_exponent = |text: &str| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
        if !is_digits(whole)
            || has_leading_zero
            || !fraction.is_none_or(is_digits)
            || !exponent.is_none_or(is_exponent)
        {
            return None;
        }
        let fraction = fraction.unwrap_or_default();
        let digits = [whole, fraction].concat().into_bytes();
        if digits.iter().all(|&digit| digit == b'0') {
            return Some(Self::default());
        }
        let written = exponent.map_or(Some(0), parse_exponent)?;
        let exponent = written.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        Some(Self { is_negative, ..Self::new(&digits, exponent) })
    }

    /// The digits, as an integer, by so many powers of ten.
    ///
    /// Zeros at either end are cut, and those at the right end become powers of ten.
    fn new(digits: &[u8], exponent: i64) -> Self {
        let Some(first) = digits.iter().position(|&digit| digit != b'0') else {
            return Self::default();
        };
        let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
        // A text is shorter than an i64 counts.
        let exponent = exponent.saturating_add((digits.len() - 1 - last) as i64);
        Self { is_negative: false, digits: digits[first..=last].to_vec(), exponent }
    }

    /// Whether it is 0, which has no sign: `-0` is 0 too.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it is below 0.
    pub(crate) fn is_negative(&self) -> bool {
        self.is_negative
    }

    #[cfg(test)]
    /// Whether it has no fraction: `1.0` and `1e3` have none.
    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// The same number without its sign.
    pub(crate) fn magnitude(&self) -> Self {
        Self { is_negative: false, ..self.clone() }
    }

    /// The number by so many more powers of ten.
    pub(super) fn shifted(&self, powers: i64) -> Self {
        let exponent = if self.is_zero() { 0 } else { self.exponent.saturating_add(powers) };
        Self { exponent, ..self.clone() }
    }

    /// The digits from the first that is not 0 to the last; none of zero.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// The power of ten of the last digit.
    pub(super) fn exponent(&self) -> i64 {
        self.exponent
    }

    /// The power of ten of the first digit: the exponent in normalised notation.
    pub(super) fn leading_exponent(&self) -> i64 {
        self.exponent.saturating_add(self.digits.len() as i64 - 1)
    }

    /// The order without signs, by the power of ten of the first digit and then digit by digit.
    fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            // Without zeros at the ends, digits are in the order of the fractions they are.
            (false, false) => self
                .leading_exponent()
                .cmp(&other.leading_exponent())
                .then_with(|| self.digits.cmp(&other.digits)),
            (is_zero, is_other_zero) => is_other_zero.cmp(&is_zero),
        }
    }
}

impl Ord for Decimal {
    /// Of two negative numbers the one of greater magnitude is less.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
            (is_negative, is_other_negative) => is_other_negative.cmp(&is_negative),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The shortest plain text where that has at most twenty zeros for padding, else the scientific one.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = String::from_utf8_lossy(&self.digits);
        if self.is_negative {
            f.write_str("-")?;
        }
        let leading = self.leading_exponent();
        match (self.exponent, leading) {
            _ if self.is_zero() => f.write_str("0"),
            (0..=PADDING, _) => write!(f, "{digits}{}", zeros(self.exponent)),
            (..0, 0..) => {
                let (whole, fraction) = digits.split_at(leading as usize + 1);
                write!(f, "{whole}.{fraction}")
            }
            (..0, PADDED..0) => write!(f, "0.{}{digits}", zeros(-1 - leading)),
            _ => {
                let (first, fraction) = digits.split_at(1);
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "{first}{point}{fraction}e{leading}")
            }
        }
    }
}

/// So many zeros; none for a negative count.
fn zeros(count: i64) -> String {
    "0".repeat(usize::try_from(count).unwrap_or_default())
}

/// Whether it is one digit or more, and nothing else.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The exponent behind the `e`, where it has few enough digits.
fn parse_exponent(text: &str) -> Option<i64> {
    let significant = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let size: i64 = (significant.len() <= EXPONENT_DIGITS).then(|| significant.parse().ok())??;
    Some(if text.starts_with('-') { -size } else { size })
}
