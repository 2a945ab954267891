//! Expressions as automata: the state is an expression, a step is its derivative (Brzozowski 1964).
//!
//! States are made when they are first stepped into, so that an expression costs what is used of
//! it. Bytes that no expression tells apart share a class and a column.
//!
//! Whether a state can still match is another question than whether it steps: an intersection may
//! step for long and never match. [`Automaton::shortest`] answers it, exactly, by looking ahead; what
//! it finds is kept for every state on the way.

use hashbrown::HashMap;

use super::byte_set::ByteSet;
use super::expr::{Count, Expr, ExprId, Exprs};

/// The length of an expression's shortest match, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shortest {
    Bytes(u32),
    /// Nothing matches.
    None,
}

/// Too many states were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Expressions that can be stepped through byte by byte.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    exprs: Exprs,
    /// The bytes that texts may be finished with: those of [`Shortest`] matches.
    alphabet: ByteSet,
    classes: [u8; 256],
    /// A byte of each class.
    representatives: Vec<u8>,
    /// For each class, whether the alphabet has a byte of it.
    is_usable: Vec<bool>,
    /// `rows[state * classes + class]`; [`UNKNOWN`] where no step was taken yet.
    rows: Vec<u32>,
    /// Where an expression's row is; [`UNKNOWN`] where it has none.
    row_of: Vec<u32>,
    /// What is known of the shortest matches; [`UNKNOWN`] where nothing, [`NEVER`] where there is none.
    shortest: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;
const NEVER: u32 = u32::MAX - 1;
/// Lengths saturate here: 1 GiB is longer than any text.
const LONGEST: u32 = 1 << 30;

impl Automaton {
    /// Makes the expressions' automaton, in which [`shortest`](Self::shortest) counts the bytes of `alphabet`
    /// alone.
    pub(crate) fn new(exprs: Exprs, alphabet: ByteSet) -> Self {
        let (classes, representatives) = classes(&exprs, alphabet);
        let is_usable = representatives.iter().map(|&byte| alphabet.contains(byte)).collect();
        Self {
            exprs,
            alphabet,
            classes,
            representatives,
            is_usable,
            rows: Vec::new(),
            row_of: Vec::new(),
            shortest: Vec::new(),
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
        self.alphabet.contains(byte)
    }

    /// Whether the text may end at a state.
    pub(crate) fn is_nullable(&self, state: ExprId) -> bool {
        self.exprs.is_nullable(state)
    }

    /// To combine expressions; a new byte set would have no class.
    pub(crate) fn exprs_mut(&mut self) -> &mut Exprs {
        &mut self.exprs
    }

    /// The bytes it holds, roughly.
    pub(crate) fn memory(&self) -> usize {
        const NODE: usize = 96;
        self.exprs.len() * NODE + (self.rows.len() + self.row_of.len() + self.shortest.len()) * 4
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

    /// The length of the shortest match of a state, over the alphabet. Exact for every expression.
    ///
    /// # Errors
    /// [`Exhausted`] when `and` and `not` need more than `fuel` states to be looked at.
    pub(crate) fn shortest(
        &mut self,
        state: ExprId,
        fuel: &mut u32,
    ) -> Result<Shortest, Exhausted> {
        let known = self.known_shortest(state);
        let length = if known == UNKNOWN { self.find_shortest(state, fuel)? } else { known };
        Ok(if length == NEVER { Shortest::None } else { Shortest::Bytes(length) })
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

    /// Fills in what follows from the parts alone, for every expression made since the last call.
    fn known_shortest(&mut self, state: ExprId) -> u32 {
        for index in self.shortest.len()..self.exprs.len() {
            let of = |id: &ExprId| self.shortest[id.index()];
            let length = match &self.exprs.nodes()[index] {
                _ if self.exprs.is_nullable(ExprId::from_raw(index as u32)) => 0,
                Expr::Nothing => NEVER,
                Expr::Byte(set) if set.intersection(self.alphabet).is_empty() => NEVER,
                Expr::Byte(_) => 1,
                Expr::Concat(head, tail) => sum(of(head), of(tail)),
                Expr::Or(parts) => {
                    let lengths = parts.iter().map(of);
                    lengths.reduce(either).unwrap_or(NEVER)
                }
                Expr::Repeat(part, count) => times(of(part), *count),
                Expr::And(parts) if parts.iter().any(|part| of(part) == NEVER) => NEVER,
                Expr::Empty | Expr::And(_) | Expr::Not(_) => UNKNOWN,
            };
            self.shortest.push(length);
        }
        self.shortest[state.index()]
    }

    /// Breadth first from a state whose parts do not tell.
    fn find_shortest(&mut self, state: ExprId, fuel: &mut u32) -> Result<u32, Exhausted> {
        // Each state with the one it was reached from.
        let mut seen: HashMap<ExprId, ExprId> = HashMap::from([(state, state)]);
        let mut layer = vec![state];
        let mut best = (NEVER, state);
        let mut depth = 0;
        while !layer.is_empty() && depth < best.0 {
            let mut next_layer = Vec::new();
            for &from in &layer {
                match self.known_shortest(from) {
                    UNKNOWN => {}
                    NEVER => continue,
                    length => {
                        best = best.min((depth.saturating_add(length).min(LONGEST), from));
                        continue;
                    }
                }
                for class in 0..self.representatives.len() {
                    if !self.is_usable[class] {
                        continue;
                    }
                    let next = self.step(from, class as u8);
                    // A wide expression takes as long as many narrow ones.
                    let parts = u32::try_from(self.exprs.width(next)).unwrap_or(u32::MAX);
                    *fuel = fuel.checked_sub(parts.max(1)).ok_or(Exhausted)?;
                    if next != ExprId::NOTHING && !seen.contains_key(&next) {
                        seen.insert(next, from);
                        next_layer.push(next);
                    }
                }
            }
            layer = next_layer;
            depth += 1;
        }
        if best.0 == NEVER {
            for &dead in seen.keys() {
                self.shortest[dead.index()] = NEVER;
            }
            return Ok(NEVER);
        }
        // Along a shortest path each state's shortest match is the rest of it.
        let (length, mut at) = best;
        let mut rest = self.known_shortest(at);
        while at != state {
            at = seen[&at];
            rest = (rest + 1).min(LONGEST);
            self.shortest[at.index()] = rest;
        }
        Ok(length)
    }
}

/// The lengths of one thing after the other.
fn sum(a: u32, b: u32) -> u32 {
    match (a, b) {
        (NEVER, _) | (_, NEVER) => NEVER,
        (UNKNOWN, _) | (_, UNKNOWN) => UNKNOWN,
        _ => a.saturating_add(b).min(LONGEST),
    }
}

/// The shorter of two; unknown is unknown, as it may be shorter still.
fn either(a: u32, b: u32) -> u32 {
    match (a, b) {
        (UNKNOWN, _) | (_, UNKNOWN) => UNKNOWN,
        _ => a.min(b),
    }
}

/// The length of a part so many times, as few as are allowed.
fn times(part: u32, count: Count) -> u32 {
    match part {
        UNKNOWN | NEVER => part,
        _ => part.saturating_mul(count.min).min(LONGEST),
    }
}

/// Splits the bytes into classes that every set holds wholly or not at all.
fn classes(exprs: &Exprs, alphabet: ByteSet) -> ([u8; 256], Vec<u8>) {
    let sets = exprs.nodes().iter().filter_map(|expr| match expr {
        Expr::Byte(set) => Some(*set),
        _ => None,
    });
    let mut sets: Vec<ByteSet> = sets.chain([alphabet]).collect();
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
