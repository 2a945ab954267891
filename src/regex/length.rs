//! How long the texts of an expression are: whether text that follows is long enough to decide a
//! look-ahead.

use super::expr::{Expr, ExprId, Exprs};

/// Bounds of the lengths of an expression's texts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) least: u32,
    /// `None` where there is no bound, or none is known.
    pub(crate) most: Option<u32>,
}

impl Exprs {
    /// Bounds that no text of the expression is outside of; they may be wider than need be.
    pub(crate) fn lengths(&self, id: ExprId) -> Lengths {
        // Parts come before wholes, so that no recursion is needed.
        let mut known: Vec<Lengths> = Vec::with_capacity(id.index() + 1);
        for expr in &self.nodes()[..=id.index()] {
            let of = |part: &ExprId| known[part.index()];
            known.push(match expr {
                Expr::Nothing | Expr::Empty => Lengths { least: 0, most: Some(0) },
                Expr::Byte(_) => Lengths { least: 1, most: Some(1) },
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
