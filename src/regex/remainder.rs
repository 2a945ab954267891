//! Divisibility of digit strings, as a machine in place of an expression.
//!
//! The decimal texts that a number divides are regular, but their expressions grow without measure:
//! already for 7 they fill pages. The machine is two numbers and steps by arithmetic, so a modulus of
//! twenty digits costs what one of two costs, and only the states that texts come to are made.

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

fn narrow(below_modulus: u128) -> u64 {
    u64::try_from(below_modulus).expect("a remainder is below its modulus, a u64")
}
