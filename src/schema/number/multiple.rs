//! Multiples of a decimal, as languages.
//!
//! A divisor is `m · 10^k` with an integer `m`; a text has digits that make an integer `n`, and a
//! place of its point that says by what power of ten, `s`. It is a multiple where `m` divides
//! `n · 10^(s-k)`. Each power of ten takes a factor 2 and a factor 5 out of what is asked of `n`,
//! until a modulus is left that has neither and does not change any more. So for all the places that
//! a point may stand at, there are few moduli: see [`Divisor::level`].
//!
//! Law: of the texts for which it is decided, those of the language are exactly those whose value
//! is an integer times the divisor.

use super::decimal::Decimal;
use super::error::{NumberError, check_digits};
use super::range::{Bound, Orders};
use super::spelling::Texts;
use crate::regex::{Count, ExprId, Exprs};

/// A positive decimal to divide by.
#[derive(Debug, Clone)]
pub(super) struct Divisor {
    /// What must divide a number's digits when so many zeros come behind them: the last for all more.
    /// Each divides the one before.
    moduli: Vec<u64>,
    /// The power of ten.
    exponent: i64,
}

impl Divisor {
    /// 1, which divides the integers.
    pub(super) fn one() -> Self {
        Self { moduli: vec![1], exponent: 0 }
    }

    /// The divisor that a decimal is.
    ///
    /// The moduli are few: each step takes out a 2 or a 5, of which 64 bits hold no more than 63.
    ///
    /// # Errors
    /// When the decimal is not positive, or is too large or too long.
    pub(super) fn new(value: &Decimal) -> Result<Self, NumberError> {
        if *value <= Decimal::default() {
            return Err(NumberError::Divisor { value: value.clone() });
        }
        check_digits(value)?;
        let too_large = || NumberError::Modulus { value: value.clone() };
        let digits = std::str::from_utf8(value.digits()).map_err(|_| too_large())?;
        let mut moduli = vec![digits.parse::<u64>().map_err(|_| too_large())?];
        while let Some(next) = moduli.last().and_then(|&modulus| without_ten(modulus)) {
            moduli.push(next);
        }
        Ok(Self { moduli, exponent: value.exponent() })
    }

    /// What must divide the digits of a number with so many zeros behind them.
    fn level(&self, zeros: u32) -> u64 {
        self.moduli[(zeros as usize).min(self.moduli.len() - 1)]
    }

    /// The zeros behind which the modulus changes no more.
    fn settled(&self) -> u32 {
        self.moduli.len() as u32 - 1
    }
}

impl Texts {
    /// The numbers that a divisor divides, of those for which that is decided.
    ///
    /// 0 is a multiple of everything, and the sign makes no difference. A notation that is not
    /// normalised is a plain number by a power of ten, so it is a multiple where the plain one is
    /// of the divisor by the negative power.
    pub(super) fn multiples(&self, exprs: &mut Exprs, divisor: &Divisor) -> ExprId {
        let mut forms = vec![
            self.plain_multiples(exprs, divisor, divisor.exponent),
            self.scientific_multiples(exprs, divisor),
            self.scientific_zero,
        ];
        for shift in self.spelling.shifts() {
            let plain = self.plain_multiples(exprs, divisor, divisor.exponent - shift);
            let power = self.power_of(exprs, shift);
            forms.push(exprs.concat([plain, power]));
        }
        let multiples = exprs.or(forms);
        self.signed(exprs, multiples, multiples)
    }

    /// Magnitudes without an exponent, of the divisor's digits by another power of ten.
    ///
    /// With `k` the power of ten: from 0 on, the digits are a multiple and then `k` zeros; below,
    /// each number of digits behind the point asks for its own modulus, until more zeros change it
    /// no more.
    fn plain_multiples(&self, exprs: &mut Exprs, divisor: &Divisor, exponent: i64) -> ExprId {
        let places = exponent.unsigned_abs() as u32;
        if exponent >= 0 {
            let positive = exprs.concat([self.nonzero, self.digits]);
            let positive = divisible(exprs, positive, divisor.level(0));
            let zeros = exprs.repeat(self.zero, Count { min: places, max: Some(places) });
            let positive = exprs.concat([positive, zeros]);
            let whole = exprs.or([self.zero, positive]);
            return exprs.concat([whole, self.zero_fraction]);
        }
        let whole = divisible(exprs, self.whole, divisor.level(places));
        let mut forms = vec![exprs.concat([whole, self.zero_fraction])];
        // Fractions so short that the modulus is settled are of one form.
        let alike = places.saturating_sub(divisor.settled());
        let short = Count { min: 1, max: Some(alike) };
        let runs = (alike > 0).then_some((short, divisor.level(divisor.settled())));
        let exact =
            |length| (Count { min: length, max: Some(length) }, divisor.level(places - length));
        let runs = runs.into_iter().chain((alike + 1..places).map(exact));
        for (count, modulus) in runs {
            let text = self.with_fraction(exprs, self.whole, count);
            forms.push(divisible(exprs, text, modulus));
        }
        let (all, modulus) = exact(places);
        let text = self.with_fraction(exprs, self.whole, all);
        let text = divisible(exprs, text, modulus);
        forms.push(exprs.concat([text, self.zeros]));
        exprs.or(forms)
    }

    /// Magnitudes in normalised scientific notation. With `g` digits behind the point, zeros at the
    /// end not counted, and `j` zeros that the exponent puts behind those, the exponent is at least
    /// `k + g + j`.
    ///
    /// So the forms are finitely many: one for each least exponent, up to where neither the length
    /// of fractions nor the modulus has a say.
    fn scientific_multiples(&self, exprs: &mut Exprs, divisor: &Divisor) -> ExprId {
        let lengths = self.fraction_lengths();
        let mut forms = Vec::new();
        for least in 0..=lengths.end() + divisor.settled() {
            let fitting = least.saturating_sub(divisor.settled())..=least.min(*lengths.end());
            let mut mantissas = Vec::new();
            for length in fitting {
                let modulus = divisor.level(least - length);
                // A mantissa is not 0, so of fewer digits than the modulus it is no multiple.
                if u128::from(modulus) >= 10_u128.pow(length + 1) {
                    continue;
                }
                let count = Count { min: length, max: Some(length) };
                let rest = if length == 0 { self.zero_fraction } else { self.zeros };
                let text = self.with_fraction(exprs, self.nonzero, count);
                let text = divisible(exprs, text, modulus);
                mantissas.push(exprs.concat([text, rest]));
            }
            let mantissa = exprs.or(mantissas);
            let exponent = divisor.exponent + i64::from(least);
            let power = self.powers(exprs, exponent, Orders::at_least(Bound::Inclusive));
            forms.push(exprs.concat([mantissa, power]));
        }
        exprs.or(forms)
    }

    /// Digits with so many more behind a point; no point where those are none.
    fn with_fraction(&self, exprs: &mut Exprs, whole: ExprId, count: Count) -> ExprId {
        if count.max == Some(0) {
            return whole;
        }
        let digits = exprs.repeat(self.digit, count);
        exprs.concat([whole, self.point, digits])
    }
}

/// The texts whose digits, all together, are a multiple.
///
/// An intersection with a machine of remainders (`regex/remainder.rs`), in which points are passed
/// over.
fn divisible(exprs: &mut Exprs, texts: ExprId, modulus: u64) -> ExprId {
    if modulus == 1 {
        return texts;
    }
    let multiples = exprs.multiples(modulus, 0);
    exprs.and([texts, multiples])
}

/// What is left of a modulus when one zero comes behind the digits; `None` where all of it is.
///
/// A zero more multiplies the number by 10, so what the modulus has in common with 10 need not
/// divide the rest.
fn without_ten(modulus: u64) -> Option<u64> {
    let by_two = if modulus.is_multiple_of(2) { modulus / 2 } else { modulus };
    let left = if modulus.is_multiple_of(5) { by_two / 5 } else { by_two };
    (left != modulus).then_some(left)
}
