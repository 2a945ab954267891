//! Parameters of rules: 64 bits that a call computes from its caller's, and conditions on them.
//!
//! All arithmetic is unsigned, and counting stops at its ends instead of wrapping around.

/// How a call computes its rule's parameter from the calling rule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Parameter {
    Constant(u64),
    /// The caller's.
    Same,
    /// The caller's and these bits.
    Set(u64),
    /// The caller's without these bits.
    Clear(u64),
    /// One more in a range of bits; the most it can hold stays.
    Increment(Bits),
    /// One less in a range of bits; 0 stays.
    Decrement(Bits),
}

/// A range of bits, read as a number. Invariant: `from < to <= 64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bits {
    from: u8,
    to: u8,
}

/// What a parameter must meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    Always,
    /// A range of bits as a number, against another number.
    Value(Bits, Comparison, u64),
    /// How many bits of a range are set, against a number.
    Ones(Bits, Comparison, u64),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Parameter {
    /// The called rule's parameter.
    pub(crate) fn apply(self, of_caller: u64) -> u64 {
        match self {
            Self::Constant(value) => value,
            Self::Same => of_caller,
            Self::Set(bits) => of_caller | bits,
            Self::Clear(bits) => of_caller & !bits,
            Self::Increment(bits) if bits.value(of_caller) < bits.most() => {
                of_caller + bits.lowest()
            }
            Self::Decrement(bits) if bits.value(of_caller) > 0 => of_caller - bits.lowest(),
            Self::Increment(_) | Self::Decrement(_) => of_caller,
        }
    }
}

impl Bits {
    /// All of a parameter.
    pub(crate) const ALL: Self = Self { from: 0, to: 64 };

    /// The bits from `from` up to but without `to`; `None` where there are none, or no such.
    pub(crate) fn new(from: u8, to: u8) -> Option<Self> {
        (from < to && to <= 64).then_some(Self { from, to })
    }

    /// The most that the bits can hold: all of them set.
    pub(crate) fn most(self) -> u64 {
        u64::MAX >> (64 - (self.to - self.from))
    }

    /// What the expression is for a parameter.
    fn value(self, parameter: u64) -> u64 {
        (parameter >> self.from) & self.most()
    }

    /// The least that it can be, whatever the parameter.
    fn lowest(self) -> u64 {
        1 << self.from
    }
}

impl Condition {
    /// Whether a parameter meets it. Recursion is as deep as the notation nests, which is limited.
    pub(crate) fn holds(&self, parameter: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Value(bits, comparison, number) => {
                comparison.holds(bits.value(parameter), *number)
            }
            Self::Ones(bits, comparison, number) => {
                comparison.holds(u64::from(bits.value(parameter).count_ones()), *number)
            }
            Self::Both(one, other) => one.holds(parameter) && other.holds(parameter),
            Self::Either(one, other) => one.holds(parameter) || other.holds(parameter),
            Self::Not(condition) => !condition.holds(parameter),
        }
    }
}

impl Comparison {
    /// Whether the comparison is true of two numbers.
    fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(from: u8, to: u8) -> Bits {
        Bits::new(from, to).unwrap()
    }

    #[test]
    fn parameters_are_computed() {
        let cases = [
            (Parameter::Constant(7), 9, 7),
            (Parameter::Same, 9, 9),
            (Parameter::Set(1 << 63), 1, (1 << 63) | 1),
            (Parameter::Clear(0b10), 0b111, 0b101),
            (Parameter::Increment(Bits::ALL), 5, 6),
            (Parameter::Increment(Bits::ALL), u64::MAX, u64::MAX),
            (Parameter::Increment(bits(3, 6)), 0b110_111, 0b111_111),
            (Parameter::Increment(bits(3, 6)), 0b111_000, 0b111_000),
            (Parameter::Increment(bits(63, 64)), 0, 1 << 63),
            (Parameter::Decrement(bits(3, 6)), 0b001_101, 0b000_101),
            (Parameter::Decrement(bits(3, 6)), 0b000_101, 0b000_101),
            (Parameter::Decrement(Bits::ALL), 0, 0),
        ];
        for (parameter, of_caller, expected) in cases {
            assert_eq!(parameter.apply(of_caller), expected, "{parameter:?} of {of_caller:#b}");
        }
    }

    #[test]
    fn conditions_are_decided() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let value =
            |from, to, comparison, number| Condition::Value(bits(from, to), comparison, number);
        let ones = |comparison, number| Condition::Ones(Bits::ALL, comparison, number);
        let both = |one, other| Condition::Both(Box::new(one), Box::new(other));
        let cases = [
            (Condition::Always, 0, true),
            (value(0, 64, Equal, u64::MAX), u64::MAX, true),
            (value(1, 3, Equal, 0b10), 0b101, true),
            (value(1, 3, NotEqual, 0b10), 0b101, false),
            (value(0, 3, Less, 5), 0b1101, false),
            (value(0, 3, LessOrEqual, 5), 0b1101, true),
            (value(0, 64, Greater, u64::MAX - 1), u64::MAX, true),
            (value(0, 64, GreaterOrEqual, 6), 5, false),
            (ones(Equal, 64), u64::MAX, true),
            (ones(Less, 2), 0b1010, false),
            (both(ones(Equal, 1), value(0, 1, Equal, 1)), 1, true),
            (both(ones(Equal, 1), value(0, 1, Equal, 1)), 2, false),
            (Condition::Either(Box::new(ones(Equal, 9)), Box::new(Condition::Always)), 0, true),
            (Condition::Not(Box::new(Condition::Always)), 0, false),
        ];
        for (condition, parameter, expected) in cases {
            assert_eq!(condition.holds(parameter), expected, "{condition:?} of {parameter:#b}");
        }
    }

    #[test]
    fn ranges_of_bits_are_within_64() {
        assert_eq!((Bits::new(3, 3), Bits::new(4, 3), Bits::new(0, 65)), (None, None, None));
        assert_eq!(Bits::new(0, 64), Some(Bits::ALL));
    }
}
