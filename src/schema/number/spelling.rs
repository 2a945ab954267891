//! The texts of numbers: which are considered at all, and the pieces they are made of.
//!
//! The grammar is that of RFC 8259, section 6, but for those texts whose value takes counting
//! without bound: they are in no language and in no complement, so no text is written of which it
//! is not known what it is.

use crate::regex::{ByteSet, Count, ExprId, Exprs};

/// The texts that are considered to be numbers. Others are neither in a language nor in its
/// complement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Spelling {
    /// Plain decimals and normalised scientific notation, which has one digit before the point, and
    /// not 0 but where all digits are: `12.5`, `1.25e1`, `0.0e7`.
    #[default]
    Usual,
    /// Also scientific notation that is not normalised, `12.5e3` or `0.001e5`, with exponents from
    /// -16 to 16.
    Any,
}

/// The exponents of scientific notation that is not normalised: each is a shift of the point that is
/// written out.
const SHIFTS: i64 = 16;
/// The digits of a normalised mantissa's fraction that multiples are decided for: an `f64` is printed
/// with sixteen at most.
const FRACTION_DIGITS: u32 = 16;

impl Spelling {
    /// The exponents that may stand behind any mantissa.
    pub(super) fn shifts(self) -> impl Iterator<Item = i64> {
        let shifts = match self {
            Self::Usual => None,
            Self::Any => Some(-SHIFTS..=SHIFTS),
        };
        shifts.into_iter().flatten()
    }
}

/// Pieces of number texts, as expressions. A magnitude is a number without its sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    /// Which notations there are besides plain and normalised.
    pub(super) spelling: Spelling,
    /// `-`, which stands before numbers and exponents.
    pub(super) minus: ExprId,
    /// `+`, which stands before exponents alone.
    pub(super) plus: ExprId,
    pub(super) point: ExprId,
    /// `e` or `E`.
    pub(super) marker: ExprId,
    /// Any digit; the next two are those that are not 0, and 0.
    pub(super) digit: ExprId,
    pub(super) nonzero: ExprId,
    pub(super) zero: ExprId,
    /// Any number of digits.
    pub(super) digits: ExprId,
    /// Any number of zeros.
    pub(super) zeros: ExprId,
    /// Digits of which one is not 0.
    pub(super) some_nonzero: ExprId,
    /// An integer without leading zeros.
    pub(super) whole: ExprId,
    /// A point with digits behind it, or nothing.
    pub(super) fraction: ExprId,
    /// A fraction of zeros, or nothing.
    pub(super) zero_fraction: ExprId,
    /// The marker with its exponent.
    pub(super) power: ExprId,
    /// Zero in scientific notation.
    pub(super) scientific_zero: ExprId,
    /// A normalised mantissa.
    pub(super) mantissa: ExprId,
}

impl Texts {
    /// The pieces as nodes of one store. They are shared by all languages of numbers, so that equal
    /// parts of those are equal nodes.
    pub(super) fn new(exprs: &mut Exprs, spelling: Spelling) -> Self {
        let [minus, plus, point, zero] =
            ["-", "+", ".", "0"].map(|text| exprs.literal(text.as_bytes()));
        let marker = exprs.byte([b'e', b'E'].into_iter().collect());
        let digit = exprs.byte(ByteSet::range(b'0', b'9'));
        let nonzero = exprs.byte(ByteSet::range(b'1', b'9'));
        let digits = exprs.repeat(digit, Count::ANY);
        let zeros = exprs.repeat(zero, Count::ANY);
        let some_nonzero = exprs.concat([zeros, nonzero, digits]);
        let positive = exprs.concat([nonzero, digits]);
        let whole = exprs.or([zero, positive]);
        let fraction = fraction(exprs, point, digit);
        let zero_fraction = self::fraction(exprs, point, zero);
        let sign = exprs.or([minus, plus]);
        let sign = exprs.repeat(sign, Count::OPTIONAL);
        let power = exprs.concat([marker, sign, digit, digits]);
        let scientific_zero = exprs.concat([zero, zero_fraction, power]);
        let mantissa = exprs.concat([nonzero, fraction]);
        Self {
            spelling,
            minus,
            plus,
            point,
            marker,
            digit,
            nonzero,
            zero,
            digits,
            zeros,
            some_nonzero,
            whole,
            fraction,
            zero_fraction,
            power,
            scientific_zero,
            mantissa,
        }
    }

    /// Every magnitude of the universe.
    pub(super) fn all(&self, exprs: &mut Exprs) -> ExprId {
        self.with_mantissa(exprs, self.mantissa)
    }

    /// The magnitudes for which it is decided of what they are multiples: in normalised scientific
    /// notation those with at most sixteen digits behind the point, trailing zeros not counted.
    ///
    /// Whether `1.25e2` is an integer is a comparison of the number of digits with the exponent. That
    /// is no regular language unless one of them is bounded.
    pub(super) fn decided(&self, exprs: &mut Exprs) -> ExprId {
        let digits = exprs.repeat(self.digit, Count { min: 1, max: Some(FRACTION_DIGITS) });
        let fraction = exprs.concat([self.point, digits, self.zeros]);
        let fraction = exprs.repeat(fraction, Count::OPTIONAL);
        let mantissa = exprs.concat([self.nonzero, fraction]);
        self.with_mantissa(exprs, mantissa)
    }

    /// The lengths of normalised fractions for which multiples are decided.
    pub(super) fn fraction_lengths(&self) -> std::ops::RangeInclusive<u32> {
        0..=FRACTION_DIGITS
    }

    /// Exactly so many digits.
    pub(super) fn digits_of(&self, exprs: &mut Exprs, count: u32) -> ExprId {
        exprs.repeat(self.digit, Count { min: count, max: Some(count) })
    }

    /// The numbers of these magnitudes.
    ///
    /// With equal languages on both sides the sign is optional and the magnitude is one node, not
    /// two.
    pub(super) fn signed(&self, exprs: &mut Exprs, positive: ExprId, negative: ExprId) -> ExprId {
        if positive == negative {
            let sign = exprs.repeat(self.minus, Count::OPTIONAL);
            return exprs.concat([sign, positive]);
        }
        let negative = exprs.concat([self.minus, negative]);
        exprs.or([positive, negative])
    }

    /// Plain numbers, scientific ones with the mantissa given, 0 in scientific notation, and what
    /// the spelling adds.
    fn with_mantissa(&self, exprs: &mut Exprs, mantissa: ExprId) -> ExprId {
        let plain = exprs.concat([self.whole, self.fraction]);
        let scientific = exprs.concat([mantissa, self.power]);
        let mut forms = vec![plain, scientific, self.scientific_zero];
        for shift in self.spelling.shifts() {
            let power = self.power_of(exprs, shift);
            forms.push(exprs.concat([plain, power]));
        }
        exprs.or(forms)
    }
}

/// A point with one kind of digits behind it, or nothing.
fn fraction(exprs: &mut Exprs, point: ExprId, digit: ExprId) -> ExprId {
    let digits = exprs.repeat(digit, Count { min: 1, max: None });
    let fraction = exprs.concat([point, digits]);
    exprs.repeat(fraction, Count::OPTIONAL)
}
