//! Counts such as `minLength`: JSON numbers that are non-negative integers, in any spelling.
//!
//! Every draft says that `2.0` is an integer, or leaves it open; real schemas have it.

/// The value of a number's text; `None` where it is negative or no integer. Values beyond 64 bits
/// are [`u64::MAX`], as nothing is longer than that.
///
/// The digits are never written out, so that `1e999999999` costs nothing.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    if is_negative {
        return None;
    }
    // Only the sign matters of an exponent with too many digits: no text has as many digits as that.
    let exponent: i64 = exponent.parse().unwrap_or(match exponent.starts_with('-') {
        true => i64::MIN / 2,
        false => i64::MAX / 2,
    });
    let zeros = exponent.saturating_sub(i64::try_from(fraction.len()).ok()?);
    if zeros < 0 {
        // The digits that the exponent moves behind the point must be zeros.
        let moved = usize::try_from(zeros.unsigned_abs()).ok()?;
        let kept = digits.len().checked_sub(moved).filter(|&kept| kept > 0)?;
        let is_integer = digits[kept..].bytes().all(|digit| digit == b'0');
        return is_integer.then(|| digits[..kept].parse().unwrap_or(u64::MAX));
    }
    // What is beyond the range is [`u64::MAX`] at once, or times a power of ten.
    let value: u64 = digits.parse().unwrap_or(u64::MAX);
    let power = u32::try_from(zeros).ok().and_then(|zeros| 10_u64.checked_pow(zeros));
    Some(value.saturating_mul(power.unwrap_or(u64::MAX)))
}

/// Numbers, and the counts that they are.
#[cfg(test)]
const CASES: [(&str, Option<u64>); 18] = [
    ("0", Some(0)),
    ("-0", Some(0)),
    ("-0.0e5", Some(0)),
    ("2", Some(2)),
    ("2.0", Some(2)),
    ("2.5", None),
    ("-1", None),
    ("25e-1", None),
    ("250e-1", Some(25)),
    ("2.5e1", Some(25)),
    ("0.02E+2", Some(2)),
    ("0.02E+1", None),
    ("1e3", Some(1000)),
    ("1e-400", None),
    ("1e400", Some(u64::MAX)),
    ("1e99999999999999999999", Some(u64::MAX)),
    ("18446744073709551615", Some(u64::MAX)),
    ("99999999999999999999999", Some(u64::MAX)),
];

#[test]
fn counts_are_integers_in_any_spelling() {
    for (text, expected) in CASES {
        assert_eq!(parse(text), expected, "{text}");
    }
}
