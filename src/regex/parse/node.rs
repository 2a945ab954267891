//! Patterns as trees: what is read of the notation, before it is known what stands around it.
//!
//! What has no assertion is an expression already; [`lower`](super::lower) does the rest.

use crate::regex::expr::{Count, ExprId, Exprs};
use crate::regex::length::Unit;

/// A part of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A text, byte for byte.
    Text(Vec<u8>),
    /// An expression that has no assertion in it.
    Plain(ExprId),
    /// An assertion, with the byte at which it stands.
    Assert(Assertion, usize),
    /// Parts one after the other, of which one has an assertion at least.
    Concat(Vec<Node>),
    /// Alternatives, of which one has an assertion at least.
    Or(Vec<Node>),
    /// A part with assertions, so many times, with the byte at which the count stands.
    Repeat(Box<Node>, Count, usize),
}

/// What matches no text, but is there or not.
#[derive(Debug, Clone)]
pub(super) enum Assertion {
    /// The ends of the text, and those of lines.
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Ahead(Box<Node>),
    NotAhead(Box<Node>),
    Behind(Box<Node>),
    NotBehind(Box<Node>),
    /// A word character of ASCII on one side alone.
    Boundary,
    NotBoundary,
}

impl Node {
    /// The parts, one after the other; those without assertions joined where they touch.
    ///
    /// Texts are joined before they become expressions: a text is one chain of bytes, whatever
    /// pieces it was read in.
    pub(super) fn concat(parts: Vec<Self>, exprs: &mut Exprs) -> Self {
        let mut joined: Vec<Self> = Vec::with_capacity(parts.len());
        let mut run: Vec<ExprId> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Self::Text(before)), Self::Text(text)) => before.extend(text),
                (_, part) => joined.push(part),
            }
        }
        if joined.len() == 1 {
            return joined.swap_remove(0);
        }
        if joined.is_empty() {
            return Self::Text(Vec::new());
        }
        let mut whole = Vec::new();
        for part in joined {
            match part.plain(exprs) {
                Some(expr) => run.push(expr),
                None => {
                    whole.extend(Self::of_run(&mut run, exprs));
                    whole.push(part);
                }
            }
        }
        whole.extend(Self::of_run(&mut run, exprs));
        if whole.len() == 1 { whole.swap_remove(0) } else { Self::Concat(whole) }
    }

    /// Any of the parts; the plain ones together, and texts as one trie.
    ///
    /// Plain alternatives need no order, as every reading of a text is followed.
    pub(super) fn or(mut parts: Vec<Self>, exprs: &mut Exprs) -> Self {
        if parts.len() == 1 {
            return parts.swap_remove(0);
        }
        let texts = parts.iter().filter_map(|part| match part {
            Self::Text(text) => Some(text.as_slice()),
            _ => None,
        });
        let texts = exprs.literals(&texts.collect::<Vec<_>>());
        let plain = parts.iter().filter_map(|part| match part {
            Self::Plain(expr) => Some(*expr),
            _ => None,
        });
        let plain = exprs.or(plain.chain([texts]).collect::<Vec<_>>());
        parts.retain(|part| !matches!(part, Self::Text(_) | Self::Plain(_)));
        if parts.is_empty() {
            return Self::Plain(plain);
        }
        parts.push(Self::Plain(plain));
        Self::Or(parts)
    }

    /// The part so many times; `offset` is where that is said.
    pub(super) fn repeat(self, count: Count, offset: usize, exprs: &mut Exprs) -> Self {
        match self.plain(exprs) {
            Some(expr) => Self::Plain(exprs.repeat(expr, count)),
            None => Self::Repeat(Box::new(self), count, offset),
        }
    }

    /// The most that the part's texts can be long: assertions are of no length, though they may look
    /// further; `None` where there is no bound.
    pub(super) fn longest(&self, unit: Unit, exprs: &Exprs) -> Option<u32> {
        match self {
            Self::Text(text) => u32::try_from(unit.of(text)).ok(),
            Self::Plain(expr) => exprs.lengths_in(unit, *expr).most,
            Self::Assert(..) => Some(0),
            Self::Concat(parts) => parts
                .iter()
                .try_fold(0_u32, |sum, part| sum.checked_add(part.longest(unit, exprs)?)),
            Self::Or(parts) => {
                parts.iter().try_fold(0, |most, part| Some(part.longest(unit, exprs)?.max(most)))
            }
            Self::Repeat(part, count, _) => part.longest(unit, exprs)?.checked_mul(count.max?),
        }
    }

    /// The expressions of a run, one after the other; none where it is empty.
    fn of_run(run: &mut Vec<ExprId>, exprs: &mut Exprs) -> Option<Self> {
        (!run.is_empty()).then(|| Self::Plain(exprs.concat(run.drain(..))))
    }

    /// The expression, where the part has no assertion.
    pub(super) fn plain(&self, exprs: &mut Exprs) -> Option<ExprId> {
        match self {
            Self::Text(text) => Some(exprs.literal(text)),
            Self::Plain(expr) => Some(*expr),
            _ => None,
        }
    }
}
