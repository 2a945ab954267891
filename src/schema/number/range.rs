//! Comparison with a bound, as languages: the texts whose value is below it, at it, above it.
//!
//! Digits are compared from the left. As long as a text has those of the bound it may still go
//! either way; at the first other digit it is decided, and any digits may follow. So a language is a
//! chain as long as the bound, each link with one way out of it.
//!
//! Plain numbers and scientific ones are compared apart. Of normalised scientific notation the
//! exponent decides first, as the first digit is not 0; a plain number is compared with the bound
//! written out.
//!
//! Law: a text of the universe is of exactly one of the languages of less, equal and greater, the
//! one that the order of decimals says.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::spelling::Texts;
use crate::regex::{ByteSet, Count, ExprId, Exprs};

/// Whether a bound itself is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Inclusive,
    Exclusive,
}

/// The orders that a value may stand in to the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orders {
    /// Whether values below the bound are wanted, those equal to it, and those above.
    less: bool,
    equal: bool,
    greater: bool,
}

impl Orders {
    /// The bound alone.
    pub(super) const EQUAL: Self = Self { less: false, equal: true, greater: false };

    /// The bound, if it is allowed itself, and all above: `minimum` and `exclusiveMinimum`.
    pub(super) fn at_least(bound: Bound) -> Self {
        Self { less: false, equal: bound == Bound::Inclusive, greater: true }
    }

    /// The bound, if it is allowed itself, and all below: `maximum` and `exclusiveMaximum`.
    pub(super) fn at_most(bound: Bound) -> Self {
        Self::at_least(bound).reversed()
    }

    /// Of negated values with the negated bound.
    fn reversed(self) -> Self {
        Self { less: self.greater, equal: self.equal, greater: self.less }
    }

    /// What may follow texts that are in some order to the bound whatever follows.
    fn then(self, order: Ordering, rest: ExprId) -> ExprId {
        let is_wanted = match order {
            Ordering::Less => self.less,
            Ordering::Equal => self.equal,
            Ordering::Greater => self.greater,
        };
        if is_wanted { rest } else { ExprId::NOTHING }
    }

    /// The digits from `least` on that are in a wanted order to `digit`, other than equal.
    fn beyond(self, digit: u8, least: u8) -> ByteSet {
        let below = if self.less { ByteSet::range(least, digit - 1) } else { ByteSet::NONE };
        let above = if self.greater { ByteSet::range(digit + 1, b'9') } else { ByteSet::NONE };
        below.union(above)
    }
}

impl Texts {
    /// The numbers in one of the orders to a bound.
    ///
    /// By signs first: of numbers with different signs they alone decide, and of two negative ones
    /// the order turns round. With 0 both signs are compared, as `-0` is 0.
    pub(super) fn compared(&self, exprs: &mut Exprs, bound: &Decimal, orders: Orders) -> ExprId {
        let all = self.all(exprs);
        let magnitude = bound.magnitude();
        let positive = if bound.is_negative() {
            orders.then(Ordering::Greater, all)
        } else {
            self.magnitudes(exprs, &magnitude, orders)
        };
        let negative = if *bound > Decimal::default() {
            orders.then(Ordering::Less, all)
        } else {
            self.magnitudes(exprs, &magnitude, orders.reversed())
        };
        self.signed(exprs, positive, negative)
    }

    /// The exponent of scientific notation that is exactly this one, with its marker.
    pub(super) fn power_of(&self, exprs: &mut Exprs, exponent: i64) -> ExprId {
        self.powers(exprs, exponent, Orders::EQUAL)
    }

    /// The exponents of scientific notation in one of the orders to another, with their marker.
    ///
    /// Zeros may lead an exponent (RFC 8259, section 6), so its value is compared behind them.
    pub(super) fn powers(&self, exprs: &mut Exprs, exponent: i64, orders: Orders) -> ExprId {
        let digits = exponent.unsigned_abs().to_string();
        let mut unsigned = |orders: Orders| {
            let equal = orders.then(Ordering::Equal, ExprId::EMPTY);
            let value = self.integers_to(exprs, digits.as_bytes(), orders, [ExprId::EMPTY, equal]);
            exprs.concat([self.zeros, value])
        };
        // Of 0 both are compared, as -0 is 0.
        let compared = (exponent >= 0).then(|| unsigned(orders));
        let negated = (exponent <= 0).then(|| unsigned(orders.reversed()));
        let any = exprs.concat([self.digit, self.digits]);
        let positive = compared.unwrap_or(orders.then(Ordering::Greater, any));
        let negative = negated.unwrap_or(orders.then(Ordering::Less, any));
        let plus = exprs.repeat(self.plus, Count::OPTIONAL);
        let positive = exprs.concat([plus, positive]);
        let negative = exprs.concat([self.minus, negative]);
        let signed = exprs.or([positive, negative]);
        exprs.concat([self.marker, signed])
    }

    /// The magnitudes in one of the orders to another.
    ///
    /// Those of a notation that is not normalised are plain ones by a power of ten, and compare as
    /// the plain one does with the bound by the negative power.
    fn magnitudes(&self, exprs: &mut Exprs, bound: &Decimal, orders: Orders) -> ExprId {
        let mut forms =
            vec![self.plain(exprs, bound, orders), self.scientific(exprs, bound, orders)];
        for shift in self.spelling.shifts() {
            let plain = self.plain(exprs, &bound.shifted(-shift), orders);
            let power = self.power_of(exprs, shift);
            forms.push(exprs.concat([plain, power]));
        }
        exprs.or(forms)
    }

    /// Those without an exponent. The bound is written out, which callers limit.
    ///
    /// Whole parts decide; where they are equal, fractions do.
    fn plain(&self, exprs: &mut Exprs, bound: &Decimal, orders: Orders) -> ExprId {
        let (digits, exponent) = (bound.digits(), bound.exponent());
        let zeros = |count: i64| vec![b'0'; usize::try_from(count).unwrap_or_default()];
        let (whole, fraction) = if bound.is_zero() {
            (zeros(1), Vec::new())
        } else if exponent >= 0 {
            ([digits, &zeros(exponent)].concat(), Vec::new())
        } else if bound.leading_exponent() >= 0 {
            let (whole, fraction) = digits.split_at(bound.leading_exponent() as usize + 1);
            (whole.to_vec(), fraction.to_vec())
        } else {
            (zeros(1), [&zeros(-1 - bound.leading_exponent()), digits].concat())
        };
        let equal = self.fractions(exprs, &fraction, orders);
        self.integers_to(exprs, &whole, orders, [self.fraction, equal])
    }

    /// Those in normalised scientific notation: the exponent decides first, then the mantissa.
    fn scientific(&self, exprs: &mut Exprs, bound: &Decimal, orders: Orders) -> ExprId {
        let Some((&first, rest)) = bound.digits().split_first() else {
            let zero = orders.then(Ordering::Equal, self.scientific_zero);
            let others = exprs.concat([self.mantissa, self.power]);
            return exprs.or([zero, orders.then(Ordering::Greater, others)]);
        };
        let exponent = bound.leading_exponent();
        let beyond = self.powers(exprs, exponent, Orders { equal: false, ..orders });
        let beyond = exprs.concat([self.mantissa, beyond]);
        let digit = exprs.byte(orders.beyond(first, b'1'));
        let different = exprs.concat([digit, self.fraction]);
        let same = exprs.literal(&[first]);
        let fraction = self.fractions(exprs, rest, orders);
        let same = exprs.concat([same, fraction]);
        let mantissa = exprs.or([different, same]);
        let power = self.power_of(exprs, exponent);
        let beside = exprs.concat([mantissa, power]);
        exprs.or([beyond, beside, orders.then(Ordering::Less, self.scientific_zero)])
    }

    /// Integers without leading zeros in one of the orders to `digits`, with what may follow those
    /// that are not equal, and those that are.
    ///
    /// Built from the last digit to the first: `rest` is what may follow digits that were all equal
    /// so far. Fewer digits are less and more are greater, as none leads with 0; runs in which
    /// every digit leads to the same are joined into one repetition.
    fn integers_to(
        &self,
        exprs: &mut Exprs,
        digits: &[u8],
        orders: Orders,
        [unequal, equal]: [ExprId; 2],
    ) -> ExprId {
        let length = digits.len() as u32;
        let mut rest = equal;
        for (behind, (at, &digit)) in (0_u32..).zip(digits.iter().enumerate().rev()) {
            let least = if at == 0 && length > 1 { b'1' } else { b'0' };
            let run = self.digits_of(exprs, behind);
            let free = exprs.concat([run, unequal]);
            let mut set = orders.beyond(digit, least);
            if rest == free {
                set.insert(digit);
            }
            rest = if set == ByteSet::range(b'0', b'9') {
                let run = self.digits_of(exprs, behind + 1);
                exprs.concat([run, unequal])
            } else {
                let different = exprs.byte(set);
                let different = exprs.concat([different, free]);
                let same = if rest == free { ExprId::NOTHING } else { exprs.literal(&[digit]) };
                let same = exprs.concat([same, rest]);
                exprs.or([different, same])
            };
        }
        let longer = exprs.repeat(self.digit, Count { min: length, max: None });
        let longer = exprs.concat([self.nonzero, longer, unequal]);
        let mut forms = vec![rest, orders.then(Ordering::Greater, longer)];
        if length > 1 {
            let run = exprs.repeat(self.digit, Count { min: 0, max: Some(length - 2) });
            let run = exprs.concat([self.nonzero, run]);
            let shorter = exprs.or([self.zero, run]);
            let shorter = exprs.concat([shorter, unequal]);
            forms.push(orders.then(Ordering::Less, shorter));
        }
        exprs.or(forms)
    }

    /// Fractions with their point, or none, in one of the orders to that of these digits, which do
    /// not end in 0.
    ///
    /// A text that has all digits of the bound and more is greater, unless those are zeros; one
    /// that ends before is less, as the bound's last digit is not 0.
    fn fractions(&self, exprs: &mut Exprs, digits: &[u8], orders: Orders) -> ExprId {
        if digits.is_empty() {
            let nonzero = exprs.concat([self.point, self.some_nonzero]);
            return match (orders.equal, orders.greater) {
                (true, true) => self.fraction,
                (true, false) => self.zero_fraction,
                (false, true) => nonzero,
                (false, false) => ExprId::NOTHING,
            };
        }
        let mut rest = match (orders.equal, orders.greater) {
            (true, true) => self.digits,
            (true, false) => self.zeros,
            (false, true) => self.some_nonzero,
            (false, false) => ExprId::NOTHING,
        };
        // A text that ends within the bound's digits is less.
        let ended = orders.then(Ordering::Less, ExprId::EMPTY);
        for (at, &digit) in digits.iter().enumerate().rev() {
            let different = exprs.byte(orders.beyond(digit, b'0'));
            let different = exprs.concat([different, self.digits]);
            let same = exprs.literal(&[digit]);
            let same = exprs.concat([same, rest]);
            let end = if at > 0 { ended } else { ExprId::NOTHING };
            rest = exprs.or([different, same, end]);
        }
        let fraction = exprs.concat([self.point, rest]);
        exprs.or([fraction, ended])
    }
}
