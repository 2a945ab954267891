//! What cannot be said about numbers.

use super::decimal::Decimal;

/// A bound or divisor that has no language. Callers add the keyword and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    /// A number is compared with by its digits, so those must be few.
    #[error("{value} has {digits} digits when it is written out, over the limit of {MOST_DIGITS}")]
    Digits { value: Decimal, digits: u64 },
    /// Only positive numbers divide.
    #[error("{value} is not above 0, as a divisor must be")]
    Divisor { value: Decimal },
    /// Remainders are 64 bits wide.
    #[error("{value} has the digits of an integer over the limit of {}, for a divisor", u64::MAX)]
    Modulus { value: Decimal },
}

/// The digits of a number, written out without an exponent: every `f64`, in the fewest digits that
/// tell it from others, has 325 at most.
pub(super) const MOST_DIGITS: u64 = 1_000;

/// Refuses numbers that are too long when they are written out, before anything is.
pub(super) fn check_digits(value: &Decimal) -> Result<(), NumberError> {
    let whole = u64::try_from(value.leading_exponent()).unwrap_or_default();
    let fraction = u64::try_from(value.exponent().saturating_neg()).unwrap_or_default();
    let digits = whole.saturating_add(fraction).saturating_add(1);
    if digits > MOST_DIGITS {
        return Err(NumberError::Digits { value: value.clone(), digits });
    }
    Ok(())
}
