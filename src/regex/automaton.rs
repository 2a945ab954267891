//! Expressions as automata: the state is an expression, a step is its derivative (Brzozowski 1964).
//!
//! States are made when they are first stepped into, so that an expression costs what is used of
//! it. Bytes that no expression tells apart share a class and a column.
//!
//! Whether a state can still match is another question than whether it steps: an intersection may
//! step for long and never match. [`Automaton::shortest`] answers it, exactly, by looking ahead.

use super::byte_set::ByteSet;
use super::expr::{Expr, ExprId, Exprs};
use super::remainder::Remainder;
use super::shortest::{Costs, Distances};

/// Expressions that can be stepped through byte by byte.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    pub(super) exprs: Exprs,
    /// What the bytes count in the length of [`Shortest`] matches.
    costs: Costs,
    classes: [u8; 256],
    /// A byte of each class.
    representatives: Vec<u8>,
    /// `rows[state * classes + class]`; [`UNKNOWN`] where no step was taken yet.
    rows: Vec<u32>,
    /// Where an expression's row is; [`UNKNOWN`] where it has none.
    row_of: Vec<u32>,
    pub(super) distances: Distances,
}

const UNKNOWN: u32 = u32::MAX;

impl Automaton {
    /// Makes the expressions' automaton, in which each byte counts so much for
    /// [`shortest`](Self::shortest); of an alphabet each byte counts one, and no other is used.
    pub(crate) fn new(exprs: Exprs, costs: impl Into<Costs>) -> Self {
        let costs = costs.into();
        let (classes, representatives) = classes(&exprs, &costs);
        Self {
            exprs,
            costs,
            classes,
            representatives,
            rows: Vec::new(),
            row_of: Vec::new(),
            distances: Distances::new(costs),
        }
    }

    /// The class of a byte: bytes of one class lead to the same states, always.
    pub(crate) fn class_of(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }

    /// A byte of each class.
    pub(crate) fn representatives(&self) -> &[u8] {
        &self.representatives
    }

    /// Whether texts may be finished with a byte.
    pub(crate) fn is_usable(&self, byte: u8) -> bool {
        self.costs.of(byte) > 0
    }

    /// The classes that matches are made of, with what a byte of each counts.
    pub(super) fn usable_classes(&self) -> Vec<(u8, u32)> {
        let costs = self.representatives.iter().map(|&byte| u32::from(self.costs.of(byte)));
        (0..=u8::MAX).zip(costs).filter(|&(_, cost)| cost > 0).collect()
    }

    /// Whether the text may end at a state.
    pub(crate) fn is_nullable(&self, state: ExprId) -> bool {
        self.exprs.is_nullable(state)
    }

    /// The expressions.
    pub(crate) fn exprs(&self) -> &Exprs {
        &self.exprs
    }

    /// To combine expressions; a new byte set would have no class.
    pub(crate) fn exprs_mut(&mut self) -> &mut Exprs {
        &mut self.exprs
    }

    /// The bytes it holds, roughly.
    pub(crate) fn memory(&self) -> usize {
        let rows = (self.rows.len() + self.row_of.len()) * size_of::<u32>();
        self.exprs.memory() + rows + self.distances.memory()
    }

    /// The state after a byte of `class`: [`ExprId::NOTHING`] where none may follow. The state may be
    /// one from which no match is reachable: see [`shortest`](Self::shortest).
    pub(crate) fn step(&mut self, state: ExprId, class: u8) -> ExprId {
        let cell = self.row(state) + usize::from(class);
        if self.rows[cell] == UNKNOWN {
            let next = self.derive(state, class);
            self.rows[cell] = u32::try_from(next.index()).expect("ids are u32");
        }
        ExprId::from_raw(self.rows[cell])
    }

    /// Where a state's row begins, made where there is none yet.
    fn row(&mut self, state: ExprId) -> usize {
        if self.row_of.len() <= state.index() {
            self.row_of.resize(self.exprs.len(), UNKNOWN);
        }
        if self.row_of[state.index()] == UNKNOWN {
            self.row_of[state.index()] =
                u32::try_from(self.rows.len()).expect("limits keep the table small");
            self.rows.resize(self.rows.len() + self.representatives.len(), UNKNOWN);
        }
        self.row_of[state.index()] as usize
    }

    /// The derivative. Recursion is as deep as groups are nested, which front ends limit.
    fn derive(&mut self, state: ExprId, class: u8) -> ExprId {
        match self.exprs.node(state).clone() {
            Expr::Nothing | Expr::Empty => ExprId::NOTHING,
            Expr::Byte(set) => {
                let is_in = set.contains(self.representatives[usize::from(class)]);
                if is_in { ExprId::EMPTY } else { ExprId::NOTHING }
            }
            Expr::Concat(..) => self.derive_concat(state, class),
            Expr::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|&part| self.step(part, class)).collect();
                self.exprs.or(parts)
            }
            Expr::And(parts) => {
                let mut next = Vec::with_capacity(parts.len());
                for &part in &parts {
                    next.push(self.step(part, class));
                    if next.last() == Some(&ExprId::NOTHING) {
                        return ExprId::NOTHING;
                    }
                }
                self.exprs.and(next)
            }
            Expr::Not(part) => {
                let next = self.step(part, class);
                self.exprs.not(next)
            }
            Expr::Repeat(part, count) => {
                let first = self.step(part, class);
                let rest = self.exprs.repeat(part, count.decremented());
                self.exprs.concat([first, rest])
            }
            Expr::Remainder(remainder) => {
                let byte = self.representatives[usize::from(class)];
                remainder.step(byte).map_or(ExprId::NOTHING, |next| self.exprs.remainder(next))
            }
        }
    }

    /// Walks the spine in a loop, as it may be as long as a pattern.
    fn derive_concat(&mut self, state: ExprId, class: u8) -> ExprId {
        let mut alternatives = Vec::new();
        let mut at = state;
        loop {
            let Expr::Concat(head, tail) = *self.exprs.node(at) else {
                alternatives.push(self.step(at, class));
                break;
            };
            let first = self.step(head, class);
            alternatives.push(self.exprs.concat([first, tail]));
            if !self.exprs.is_nullable(head) {
                break;
            }
            at = tail;
        }
        self.exprs.or(alternatives)
    }
}

/// Splits the bytes into classes that every set holds wholly or not at all.
fn classes(exprs: &Exprs, costs: &Costs) -> ([u8; 256], Vec<u8>) {
    let mut sets: Vec<ByteSet> = costs.sets().collect();
    for expr in exprs.nodes() {
        match expr {
            Expr::Byte(set) => sets.push(*set),
            Expr::Remainder(_) => {
                sets.extend(Remainder::bytes().map(|byte| ByteSet::range(byte, byte)));
            }
            _ => {}
        }
    }
    sets.sort_unstable();
    sets.dedup();
    let mut classes = [0_u8; 256];
    let mut count = 1;
    for set in sets {
        // A class that the set cuts keeps its number outside the set and gets a new one inside.
        let mut inside: [Option<u8>; 256] = [None; 256];
        let mut outside = [false; 256];
        for byte in 0..=255_u8 {
            outside[usize::from(classes[usize::from(byte)])] |= !set.contains(byte);
        }
        for byte in set.iter() {
            let class = &mut classes[usize::from(byte)];
            if outside[usize::from(*class)] {
                *class = *inside[usize::from(*class)].get_or_insert_with(|| {
                    count += 1;
                    u8::try_from(count - 1).expect("there are at most 256 classes of 256 bytes")
                });
            }
        }
    }
    let representative = |class: usize| {
        let byte = classes.iter().position(|&of| usize::from(of) == class);
        byte.expect("every class has a byte") as u8
    };
    let representatives = (0..count).map(representative).collect();
    (classes, representatives)
}
