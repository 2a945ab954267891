//! Numbers as languages of their texts: what bounds and divisors allow, byte by byte.
//!
//! Each language holds exactly the texts of a universe, [`Spelling`], whose *value* meets the
//! assertion, however they are written: `1`, `1.0` and `1e0` are one value, `-0` is 0. So the
//! complement of an assertion is the universe without its language. Values are exact decimals;
//! nothing is rounded, and no exponent is written out before it is known to be small.
//!
//! Comparisons are regular whatever the bound ([`range`]). Being a multiple is regular but for
//! scientific texts with ever longer fractions ([`multiple`]); those with more than sixteen digits
//! there are in no such language. [`Numbers::decided_by_multiples`] is the universe without them, to
//! be intersected with a language of multiples and with its complement alike.
//!
//! Law, held by the tests beside: a text of the universe is in a language exactly if arithmetic with
//! big integers says so.

mod decimal;
mod error;
mod multiple;
mod range;
mod spelling;

#[cfg(test)]
mod tests;

pub(crate) use decimal::Decimal;
pub(crate) use error::NumberError;
pub(crate) use range::Bound;
pub use spelling::Spelling;

use self::error::check_digits;
use self::multiple::Divisor;
use self::range::Orders;
use self::spelling::Texts;
use crate::regex::{ExprId, Exprs};

/// The languages of numbers in one store of expressions: every call is given that one.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    texts: Texts,
    any: ExprId,
    decided: ExprId,
    /// Made when they are first asked for.
    integers: Option<ExprId>,
}

impl Numbers {
    pub(crate) fn new(exprs: &mut Exprs, spelling: Spelling) -> Self {
        let texts = Texts::new(exprs, spelling);
        let all = texts.all(exprs);
        let any = texts.signed(exprs, all, all);
        let decided = texts.decided(exprs);
        let decided = texts.signed(exprs, decided, decided);
        Self { texts, any, decided, integers: None }
    }

    /// The texts of the universe whose value is an integer, `1.0` and `1.5e1` too: multiples of 1.
    pub(crate) fn integers(&mut self, exprs: &mut Exprs) -> ExprId {
        let texts = &self.texts;
        *self.integers.get_or_insert_with(|| texts.multiples(exprs, &Divisor::one()))
    }

    /// The universe: every text that is considered.
    pub(crate) fn any(&self) -> ExprId {
        self.any
    }

    /// The texts of the universe for which it is decided of what they are multiples. Intersect both
    /// a language of multiples, integers among them, and its complement with it.
    pub(crate) fn decided_by_multiples(&self) -> ExprId {
        self.decided
    }

    /// Integers as most people write them: digits, perhaps behind a minus.
    pub(crate) fn digits_only(&self, exprs: &mut Exprs) -> ExprId {
        self.texts.signed(exprs, self.texts.whole, self.texts.whole)
    }

    /// The texts whose value is above a bound, or at it where that is inclusive.
    ///
    /// # Errors
    /// [`NumberError::Digits`] when the bound is too long to be written out.
    pub(crate) fn at_least(
        &self,
        exprs: &mut Exprs,
        value: &Decimal,
        bound: Bound,
    ) -> Result<ExprId, NumberError> {
        self.compared(exprs, value, Orders::at_least(bound))
    }

    /// The texts whose value is below a bound, or at it where that is inclusive.
    ///
    /// # Errors
    /// [`NumberError::Digits`] when the bound is too long to be written out.
    pub(crate) fn at_most(
        &self,
        exprs: &mut Exprs,
        value: &Decimal,
        bound: Bound,
    ) -> Result<ExprId, NumberError> {
        self.compared(exprs, value, Orders::at_most(bound))
    }

    /// The ways to write one number.
    ///
    /// # Errors
    /// [`NumberError::Digits`] when the number is too long to be written out.
    pub(crate) fn equal_to(
        &self,
        exprs: &mut Exprs,
        value: &Decimal,
    ) -> Result<ExprId, NumberError> {
        self.compared(exprs, value, Orders::EQUAL)
    }

    /// The texts of [`decided_by_multiples`](Self::decided_by_multiples) whose value is a multiple of
    /// a divisor: an integer of times.
    ///
    /// # Errors
    /// When the divisor is not positive, its digits are over 64 bits, or it is too long to be written
    /// out.
    pub(crate) fn multiple_of(
        &self,
        exprs: &mut Exprs,
        divisor: &Decimal,
    ) -> Result<ExprId, NumberError> {
        Ok(self.texts.multiples(exprs, &Divisor::new(divisor)?))
    }

    fn compared(
        &self,
        exprs: &mut Exprs,
        value: &Decimal,
        orders: Orders,
    ) -> Result<ExprId, NumberError> {
        check_digits(value)?;
        Ok(self.texts.compared(exprs, value, orders))
    }
}
