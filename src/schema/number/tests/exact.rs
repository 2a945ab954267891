//! The judge: values of number texts by big integers, read and compared without the code under test.

use std::cmp::Ordering;

use num_bigint::BigInt;

use crate::schema::number::Spelling;

/// An integer by a power of ten.
#[derive(Debug, Clone)]
pub(super) struct Exact {
    pub(super) digits: BigInt,
    pub(super) exponent: i64,
}

/// The parts of a text: the digits before the point, those behind it, and the exponent.
struct Parts<'t> {
    whole: &'t str,
    fraction: &'t str,
    exponent: Option<&'t str>,
}

/// Exponents are cut off here. All bounds and divisors are far from it, so that nothing is changed
/// by that, neither an order nor a divisibility.
const FARTHEST: i64 = 2_000;

impl Exact {
    /// The value of a JSON number; `None` where the text is none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let Parts { whole, fraction, exponent } = parts(text)?;
        let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
        let exponent = exponent.map_or(0, |exponent| {
            let far = if exponent.starts_with('-') { -FARTHEST } else { FARTHEST };
            exponent.parse::<i64>().map_or(far, |exponent| exponent.clamp(-FARTHEST, FARTHEST))
        });
        let digits = if text.starts_with('-') { -digits } else { digits };
        Some(Self { digits, exponent: exponent - fraction.len() as i64 })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (own, other) = self.on_one_scale(other);
        own.cmp(&other)
    }

    pub(super) fn is_multiple_of(&self, divisor: &Self) -> bool {
        let (own, divisor) = self.on_one_scale(divisor);
        own % divisor == BigInt::ZERO
    }

    fn on_one_scale(&self, other: &Self) -> (BigInt, BigInt) {
        let least = self.exponent.min(other.exponent);
        let scaled = |value: &Self| &value.digits * power_of_ten(value.exponent - least);
        (scaled(self), scaled(other))
    }
}

pub(super) fn power_of_ten(power: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(power).unwrap())
}

/// Whether a text is in the universe, said with strings.
pub(super) fn is_considered(text: &str, spelling: Spelling) -> bool {
    let Some(Parts { whole, fraction, exponent: Some(exponent) }) = parts(text) else {
        return parts(text).is_some();
    };
    let is_zero = whole == "0" && fraction.bytes().all(|digit| digit == b'0');
    let is_normalised = whole.len() == 1 && whole != "0";
    is_zero || is_normalised || (spelling == Spelling::Any && is_shift(exponent))
}

/// Whether a text is in the universe of multiples.
pub(super) fn is_decided(text: &str, spelling: Spelling) -> bool {
    let is_long = match parts(text) {
        Some(Parts { whole, fraction, exponent: Some(exponent) }) => {
            let is_shifted = spelling == Spelling::Any && is_shift(exponent);
            whole != "0" && fraction.trim_end_matches('0').len() > 16 && !is_shifted
        }
        _ => false,
    };
    is_considered(text, spelling) && !is_long
}

/// Whether a text may become a number with more bytes.
pub(super) fn may_go_on(text: &str) -> bool {
    ["", "0", "e0"].iter().any(|rest| parts(&format!("{text}{rest}")).is_some())
}

fn is_shift(exponent: &str) -> bool {
    exponent.parse::<i64>().is_ok_and(|exponent| exponent.abs() <= 16)
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    let marker = magnitude.find(['e', 'E']);
    let (mantissa, exponent) =
        marker.map_or((magnitude, None), |at| (&magnitude[..at], Some(&magnitude[at + 1..])));
    let point = mantissa.find('.');
    let (whole, fraction) =
        point.map_or((mantissa, None), |at| (&mantissa[..at], Some(&mantissa[at + 1..])));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = is_digits(whole) && (whole.len() == 1 || !whole.starts_with('0'));
    let is_fraction = fraction.is_none_or(is_digits);
    let is_exponent =
        exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    let fraction = fraction.unwrap_or_default();
    (is_whole && is_fraction && is_exponent).then_some(Parts { whole, fraction, exponent })
}
