//! What stands behind `::` and behind `%if`: parameters of rules, and conditions on them.
//!
//! A rule `name::_` has a parameter of 64 bits. `_` is the parameter, `[x:y]` the number that its bits
//! x to y-1 make.
//!
//! | call | passes |
//! |---|---|
//! | `name::5`, `name::0xff` | the number |
//! | `name::_` | the parameter |
//! | `set_bit(k)`, `clear_bit(k)` | it with that bit set, or not |
//! | `bit_and(v)`, `bit_or(v)` | it and, or, a number |
//! | `incr([x:y])`, `decr([x:y])` | it with those bits one more, or less, unless they are at their end |
//!
//! | condition | holds where |
//! |---|---|
//! | `true` | always |
//! | `bit_set(k)`, `bit_clear(k)` | that bit is set, or not |
//! | `is_ones([x:y])`, `is_zeros([x:y])` | all those bits are set, or none |
//! | `eq ne lt le gt ge` of `([x:y], v)` | those bits compare so with a number |
//! | `bit_count_eq` … `bit_count_ge` of `([x:y], v)` | as many of those bits are set |
//! | `and(c, c)`, `or(c, c)`, `not(c)` | as they say |
//!
//! In place of `[x:y]` may stand `_`, which is all 64.

use super::lexer::Kind as Word;
use super::parser::{Parser, shown};
use super::syntax::Name;
use crate::grammar::draft::most_like;
use crate::grammar::{Bits, Comparison, Condition, GrammarError, Parameter};

/// The functions that a call may pass.
const PARAMETERS: [&str; 6] = ["set_bit", "clear_bit", "bit_and", "bit_or", "incr", "decr"];

/// Comparisons by their names, also behind `bit_count_`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
    ("lt", Comparison::Less),
    ("le", Comparison::LessOrEqual),
    ("gt", Comparison::Greater),
    ("ge", Comparison::GreaterOrEqual),
];

/// The functions that a condition may be.
const CONDITIONS: [&str; 20] = [
    "true",
    "bit_clear",
    "bit_set",
    "is_ones",
    "is_zeros",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "bit_count_eq",
    "bit_count_ne",
    "bit_count_lt",
    "bit_count_le",
    "bit_count_gt",
    "bit_count_ge",
    "and",
    "or",
    "not",
];

impl Parser<'_, '_> {
    /// What a call passes: a number, `_`, or a function of `_`.
    pub(super) fn parameter(&mut self) -> Result<Parameter, GrammarError> {
        if self.take_sign("_") {
            return Ok(Parameter::Same);
        }
        if matches!(self.peek(), Word::Number(_)) {
            return Ok(Parameter::Constant(self.number_up_to(u64::MAX)?));
        }
        let name = self.name("a number, _ or a function of _")?;
        if !PARAMETERS.contains(&&*name.text) {
            return Err(self.unknown(&name, "parameter", &PARAMETERS));
        }
        self.arguments(|parser| {
            Ok(match &*name.text {
                "set_bit" => Parameter::Set(1 << parser.bit()?),
                "clear_bit" => Parameter::Clear(1 << parser.bit()?),
                "bit_and" => Parameter::Clear(!parser.number_up_to(u64::MAX)?),
                "bit_or" => Parameter::Set(parser.number_up_to(u64::MAX)?),
                "incr" => Parameter::Increment(parser.bits()?),
                _ => Parameter::Decrement(parser.bits()?),
            })
        })
    }

    /// What the parameter must meet.
    pub(super) fn condition(&mut self) -> Result<Condition, GrammarError> {
        let name = self.name("a condition behind %if")?;
        if !CONDITIONS.contains(&&*name.text) {
            return Err(self.unknown(&name, "condition", &CONDITIONS));
        }
        if name.text == "true" && *self.peek() != Word::Sign("(") {
            return Ok(Condition::Always);
        }
        self.arguments(|parser| parser.condition_within(&name.text))
    }

    /// The condition of a known name, from the bracket behind it on.
    fn condition_within(&mut self, name: &str) -> Result<Condition, GrammarError> {
        let of_one_bit = |bit: u8| Bits::new(bit, bit + 1).unwrap_or(Bits::ALL);
        let count = name.strip_prefix("bit_count_");
        let comparison = count.unwrap_or(name);
        let compared = COMPARISONS.iter().find(|(other, _)| *other == comparison);
        if let Some(&(_, comparison)) = compared {
            let bits = self.bits()?;
            self.comma()?;
            let number = self.number_up_to(u64::MAX)?;
            return Ok(match count {
                Some(_) => Condition::Ones(bits, comparison, number),
                None => Condition::Value(bits, comparison, number),
            });
        }
        Ok(match name {
            "true" => Condition::Always,
            "bit_clear" => Condition::Value(of_one_bit(self.bit()?), Comparison::Equal, 0),
            "bit_set" => Condition::Value(of_one_bit(self.bit()?), Comparison::Equal, 1),
            "is_ones" => {
                let bits = self.bits()?;
                Condition::Value(bits, Comparison::Equal, bits.most())
            }
            "is_zeros" => Condition::Value(self.bits()?, Comparison::Equal, 0),
            "not" => Condition::Not(Box::new(self.condition()?)),
            _ => {
                let first = self.condition()?;
                self.comma()?;
                let (first, second) = (Box::new(first), Box::new(self.condition()?));
                match name {
                    "and" => Condition::Both(first, second),
                    _ => Condition::Either(first, second),
                }
            }
        })
    }

    /// What stands in the brackets behind a function's name.
    fn arguments<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, GrammarError>,
    ) -> Result<T, GrammarError> {
        if !self.take_sign("(") {
            return Err(self.expected("a ( behind the function's name"));
        }
        self.group(|parser| {
            let arguments = read(parser)?;
            match parser.take_sign(")") {
                true => Ok(arguments),
                false => Err(parser.expected("a ) behind the arguments")),
            }
        })
    }

    /// `_` or `[from:to]`.
    fn bits(&mut self) -> Result<Bits, GrammarError> {
        if self.take_sign("_") {
            return Ok(Bits::ALL);
        }
        let offset = self.offset();
        if !self.take_sign("[") {
            return Err(self.expected("_ or a range of bits, as [0:3]"));
        }
        let from = self.bit()?;
        if !self.take_sign(":") {
            return Err(self.expected("a : between the bits"));
        }
        let to = self.number_up_to(64)?;
        if !self.take_sign("]") {
            return Err(self.expected("a ] behind the bits"));
        }
        Bits::new(from, u8::try_from(to).unwrap_or(64)).ok_or_else(|| {
            let what = format!(
                "bits {from} to {to}: the second is not in the range and must be over the first"
            );
            self.draft.syntax(offset, what)
        })
    }

    /// The number of a bit, from 0.
    fn bit(&mut self) -> Result<u8, GrammarError> {
        let bit = self.number_up_to(63)?;
        Ok(u8::try_from(bit).expect("63 is the most"))
    }

    /// A number, decimal or hexadecimal.
    fn number_up_to(&mut self, most: u64) -> Result<u64, GrammarError> {
        let offset = self.offset();
        let Some(number) = self.number() else { return Err(self.expected("a number")) };
        let value = match number.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        };
        value.filter(|value| *value <= most).ok_or_else(|| {
            let what = format!("{} is no number here: those go from 0 to {most}", shown(number));
            self.draft.syntax(offset, what)
        })
    }

    fn comma(&mut self) -> Result<(), GrammarError> {
        if self.take_sign(",") { Ok(()) } else { Err(self.expected("a , between the arguments")) }
    }

    /// The error that there is no such function.
    fn unknown(&self, name: &Name, what: &str, known: &[&str]) -> GrammarError {
        let like = most_like(&name.text, known.iter().copied());
        let advice = match like {
            Some(like) => format!("did you mean {like}?"),
            None => format!("there are {}", known.join(", ")),
        };
        let what = format!("{} is no function for a {what}: {advice}", shown(&name.text));
        self.draft.syntax(name.offset, what)
    }
}
