//! How long the texts of an expression are: whether text that follows is long enough to decide a
//! look-ahead, or text that precedes a look-behind.

use super::byte_set::ByteSet;
use super::expr::{Expr, ExprId, Exprs};

/// What lengths are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    /// Characters of well-formed UTF-8: the bytes that begin one.
    Chars,
}

/// Bounds of the lengths of an expression's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) least: u32,
    /// `None` where there is no bound, or none is known.
    pub(crate) most: Option<u32>,
}

impl Exprs {
    /// Bounds in bytes that no text of the expression is outside of; they may be wider than need be.
    pub(crate) fn lengths(&self, id: ExprId) -> Lengths {
        self.lengths_in(Unit::Bytes, id)
    }

    /// The same, counted in `unit`.
    pub(crate) fn lengths_in(&self, unit: Unit, id: ExprId) -> Lengths {
        // Parts come before wholes, so that no recursion is needed.
        let mut known: Vec<Lengths> = Vec::with_capacity(id.index() + 1);
        for expr in &self.nodes()[..=id.index()] {
            let of = |part: &ExprId| known[part.index()];
            known.push(match expr {
                Expr::Nothing | Expr::Empty => Lengths { least: 0, most: Some(0) },
                Expr::Byte(set) => unit.of_byte(*set),
                Expr::Concat(head, tail) => of(head).plus(of(tail)),
                Expr::Or(parts) => {
                    parts.iter().map(of).reduce(Lengths::union).unwrap_or(Lengths::ANY)
                }
                Expr::And(parts) => parts.iter().map(of).fold(Lengths::ANY, Lengths::intersection),
                Expr::Not(_) => Lengths::ANY,
                Expr::Repeat(part, count) => Lengths {
                    least: of(part).least.saturating_mul(count.min),
                    most: of(part).most.zip(count.max).and_then(|(a, b)| a.checked_mul(b)),
                },
                Expr::Remainder(remainder) => {
                    Lengths { least: u32::from(!remainder.is_multiple()), most: None }
                }
            });
        }
        known[id.index()]
    }
}

impl Unit {
    /// The length of a text.
    pub(crate) fn of(self, text: &[u8]) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Chars => text.iter().filter(|byte| !(0x80..0xC0).contains(*byte)).count(),
        }
    }

    /// The length of one byte of a set: of a character the first byte counts, and no other.
    fn of_byte(self, set: ByteSet) -> Lengths {
        let inner = ByteSet::range(0x80, 0xBF);
        match self {
            Self::Chars if set.intersection(inner) == set => Lengths { least: 0, most: Some(0) },
            Self::Chars if set.intersection(inner) != ByteSet::NONE => {
                Lengths { least: 0, most: Some(1) }
            }
            _ => Lengths { least: 1, most: Some(1) },
        }
    }
}

impl Lengths {
    /// Nothing is known.
    const ANY: Self = Self { least: 0, most: None };

    /// Of one text after the other.
    fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.zip(other.most).and_then(|(a, b)| a.checked_add(b)),
        }
    }

    /// Of either text.
    fn union(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.zip(other.most).map(|(a, b)| a.max(b)),
        }
    }

    /// Of a text that is within both.
    fn intersection(self, other: Self) -> Self {
        let most = match (self.most, other.most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { least: self.least.max(other.least), most }
    }
}
