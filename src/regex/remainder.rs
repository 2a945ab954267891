//! Divisibility of digit strings, as a machine in place of an expression.
//!
//! The decimal texts that a number divides are regular, but their expressions grow without measure:
//! already for 7 they fill pages. The machine is two numbers and steps by arithmetic, so a modulus of
//! twenty digits costs what one of two costs, and only the states that texts come to are made.
//!
//! Law: a text continues a remainder `r` to a multiple of `m` exactly if `r · 10^n + t` is a
//! multiple of `m`, for its `n` digits and their number `t`. The tests judge by division.

/// The texts of digits that continue a number of a known remainder to a multiple. Points are passed
/// over wherever they stand, so that a fraction's digits count with those before it.
///
/// Invariant: `remainder < modulus`, and of the remainders that no text tells apart it is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Remainder {
    modulus: u64,
    remainder: u64,
}

impl Remainder {
    /// The continuations of a number that leaves `remainder`. A modulus of 0 divides like 1.
    pub(super) fn new(modulus: u64, remainder: u64) -> Self {
        let modulus = modulus.max(1);
        Self { modulus, remainder: least_alike(modulus, remainder % modulus) }
    }

    /// The machine behind one more byte; `None` where no text goes on with it.
    ///
    /// Long division by one digit, in 128 bits, as ten times a remainder may need more than 64.
    pub(super) fn step(self, byte: u8) -> Option<Self> {
        match byte {
            b'.' => Some(self),
            b'0'..=b'9' => {
                let read = u128::from(self.remainder) * 10 + u128::from(byte - b'0');
                Some(Self::new(self.modulus, narrow(read % u128::from(self.modulus))))
            }
            _ => None,
        }
    }

    /// Whether what was read is a multiple already.
    pub(super) fn is_multiple(self) -> bool {
        self.remainder == 0
    }

    /// The number of digits to the nearest multiple: the least `n` for which one of the `10^n`
    /// numbers that `n` digits make out of the remainder is a multiple.
    ///
    /// Ends within twenty steps or so: as soon as `10^n` is no less than the modulus, one of the
    /// numbers is a multiple.
    pub(super) fn shortest(self) -> u32 {
        let modulus = u128::from(self.modulus);
        let (mut at, mut room) = (u128::from(self.remainder), 1_u128);
        let mut digits = 0;
        while (modulus - at) % modulus >= room {
            at = at * 10 % modulus;
            room *= 10;
            digits += 1;
        }
        digits
    }

    /// The bytes that it tells apart: the point and the ten digits.
    pub(super) fn bytes() -> impl Iterator<Item = u8> {
        (b'0'..=b'9').chain([b'.'])
    }
}

/// The least remainder with the same continuations. But for 0, which matches at once, a remainder
/// counts by its tenfold alone: of 5 all are alike that are not 0.
///
/// The continuations of a remainder with at least one digit depend on ten times it, modulo the
/// modulus. So remainders a period apart are alike, and states are fewer by what the modulus has in
/// common with 10.
fn least_alike(modulus: u64, remainder: u64) -> u64 {
    if remainder == 0 {
        return 0;
    }
    let by_two = if modulus.is_multiple_of(2) { 2 } else { 1 };
    let by_five = if modulus.is_multiple_of(5) { 5 } else { 1 };
    let period = modulus / (by_two * by_five);
    match remainder % period {
        0 => period,
        rest => rest,
    }
}

/// The remainder in 64 bits, which hold it as they hold the modulus.
fn narrow(below_modulus: u128) -> u64 {
    u64::try_from(below_modulus).expect("a remainder is below its modulus, a u64")
}

#[cfg(test)]
mod tests {
    use crate::regex::{Automaton, ByteSet, Exprs, Shortest};

    /// The texts of `digits` up to three long behind a remainder, told apart by division, and the
    /// shortest of them.
    fn check(modulus: u64, remainder: u64, digits: &str) {
        let mut other = Exprs::default();
        let there = other.multiples(modulus, remainder);
        let mut exprs = Exprs::default();
        let language = exprs.absorb(&other)[there.index()];
        let alphabet: ByteSet = digits.bytes().chain([b'.']).collect();
        let mut automaton = Automaton::new(exprs, alphabet);
        let mut shortest = None;
        let mut texts = vec![String::new()];
        for length in 0..4 {
            for text in &texts {
                let number = format!("{remainder}{}", text.replace('.', ""));
                let is_multiple = number.parse::<u64>().unwrap() % modulus == 0;
                let end = text.bytes().fold(language, |state, byte| {
                    let class = automaton.class_of(byte);
                    automaton.step(state, class)
                });
                let case = format!("{text:?} behind {remainder}, modulo {modulus}");
                assert_eq!(automaton.is_nullable(end), is_multiple, "{case}");
                shortest = shortest.or(is_multiple.then_some(length));
            }
            let all = digits.chars().chain(['.']);
            texts = all
                .flat_map(|digit| texts.iter().map(move |text| format!("{digit}{text}")))
                .collect();
        }
        let found = automaton.shortest(language, &mut 100_000).unwrap();
        let case = format!("behind {remainder}, modulo {modulus}, of {digits}");
        match shortest {
            Some(length) => assert_eq!(found, Shortest::Bytes(length), "{case}"),
            None => assert!(found > Shortest::Bytes(3), "{case}: {found:?}"),
        }
    }

    #[test]
    fn remainders_are_those_of_division() {
        for modulus in (1..=16).chain([25, 64, 97, 100]) {
            for remainder in 0..modulus {
                check(modulus, remainder, "0123456789");
                check(modulus, remainder, "025");
            }
        }
        check(u64::MAX, 1, "0123456789");
    }

    #[test]
    fn other_bytes_have_classes_of_their_own() {
        let mut exprs = Exprs::default();
        let language = exprs.multiples(7, 0);
        let mut automaton = Automaton::new(exprs, ByteSet::ALL);
        let classes: Vec<u8> =
            b"0123456789.".iter().map(|&byte| automaton.class_of(byte)).collect();
        let other = automaton.class_of(b'e');
        assert!(!classes.contains(&other), "{classes:?}");
        let end = automaton.step(language, other);
        assert_eq!(automaton.shortest(end, &mut 0), Ok(Shortest::None));
    }
}
