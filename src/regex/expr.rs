//! Regular expressions over bytes, each distinct one stored once.
//!
//! Constructors simplify, so that equal languages mostly get equal ids; that keeps the number of
//! derivatives small (Owens, Reppy and Turon 2009). Counted repetition is one node, not an unrolled
//! chain, and `and` and `not` are nodes like others.
//!
//! The store only grows, and parts come before wholes: a loop over the ids is a walk from the leaves
//! up, without recursion.

use hashbrown::HashMap;

use super::byte_set::ByteSet;
use super::remainder::Remainder;

/// An expression of an [`Exprs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ExprId(u32);

impl ExprId {
    /// The empty language: nothing matches.
    pub(crate) const NOTHING: Self = Self(0);
    /// The empty text alone.
    pub(crate) const EMPTY: Self = Self(1);
    /// Every text of bytes.
    pub(crate) const ANYTHING: Self = Self(2);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

/// An expression whose parts are ids. Invariant: as the constructors of [`Exprs`] make it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expr {
    Nothing,
    Empty,
    /// One byte of a set that is not empty.
    Byte(ByteSet),
    /// The first is no `Concat`.
    Concat(ExprId, ExprId),
    /// At least two, ascending, none an `Or`, at most one `Byte`.
    Or(Box<[ExprId]>),
    /// At least two, ascending, none an `And`.
    And(Box<[ExprId]>),
    Not(ExprId),
    Repeat(ExprId, Count),
    /// Digits by what they make divisible.
    Remainder(Remainder),
}

/// How often a part repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Count {
    pub(crate) min: u32,
    /// `None` is no bound.
    pub(crate) max: Option<u32>,
}

/// A store of expressions, each of them once. What is known of an expression is kept by its id.
#[derive(Debug, Clone)]
pub(crate) struct Exprs {
    nodes: Vec<Expr>,
    nullable: Vec<bool>,
    widths: Vec<u32>,
    /// The most parts that an `Or` has.
    widest: usize,
    /// The parts of every `Or` and `And`, which are kept beside the nodes.
    parts: usize,
    /// Any one character, once it was asked for.
    char: Option<ExprId>,
    ids: HashMap<Expr, ExprId>,
}

impl Count {
    /// Any number of times.
    pub(crate) const ANY: Self = Self { min: 0, max: None };
    /// Once or not at all.
    pub(crate) const OPTIONAL: Self = Self { min: 0, max: Some(1) };
    /// Exactly once.
    pub(super) const ONCE: Self = Self { min: 1, max: Some(1) };

    /// One repetition fewer.
    pub(super) fn decremented(self) -> Self {
        Self { min: self.min.saturating_sub(1), max: self.max.map(|max| max.saturating_sub(1)) }
    }

    /// The counts of two runs of the same part, one after the other.
    fn plus(self, other: Self) -> Self {
        let max = self.max.zip(other.max).map(|(a, b)| a.saturating_add(b));
        Self { min: self.min.saturating_add(other.min), max }
    }

    /// The counts of `outer` runs of so many, where they have no gap and fit.
    fn times(self, outer: Self) -> Option<Self> {
        // Runs of 0 or 1 and more make every number between; so does a fixed number of runs.
        let has_no_gap = self.min <= 1 || outer.max == Some(outer.min);
        let max = match self.max.zip(outer.max) {
            Some((inner, outer)) => Some(inner.checked_mul(outer)?),
            None => None,
        };
        let min = self.min.checked_mul(outer.min)?;
        has_no_gap.then_some(Self { min, max })
    }

    /// The counts that both allow.
    fn meet(self, other: Self) -> Self {
        let max = match (self.max, other.max) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (max, None) | (None, max) => max,
        };
        Self { min: self.min.max(other.min), max }
    }

    /// The counts that either allows, where there is no gap between them.
    pub(super) fn union(self, other: Self) -> Option<Self> {
        let (low, high) = if self.min <= other.min { (self, other) } else { (other, self) };
        let touches = low.max.is_none_or(|max| high.min <= max.saturating_add(1));
        let max = low.max.zip(high.max).map(|(a, b)| a.max(b));
        touches.then_some(Self { min: low.min, max })
    }
}

impl Default for Exprs {
    fn default() -> Self {
        let mut exprs = Self {
            nodes: Vec::new(),
            nullable: Vec::new(),
            widths: Vec::new(),
            widest: 0,
            parts: 0,
            char: None,
            ids: HashMap::new(),
        };
        exprs.intern(Expr::Nothing);
        exprs.intern(Expr::Empty);
        exprs.intern(Expr::Not(ExprId::NOTHING));
        exprs
    }
}

impl Exprs {
    /// The number of distinct expressions.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// One byte of a set.
    pub(crate) fn byte(&mut self, set: ByteSet) -> ExprId {
        if set.is_empty() { ExprId::NOTHING } else { self.intern(Expr::Byte(set)) }
    }

    /// Exactly these bytes.
    pub(crate) fn literal(&mut self, bytes: &[u8]) -> ExprId {
        let bytes: Vec<ExprId> =
            bytes.iter().map(|&byte| self.byte(ByteSet::range(byte, byte))).collect();
        self.concat(bytes)
    }

    /// One of the literals. A trie, so that a step looks at the literals that go on alone.
    pub(crate) fn literals(&mut self, literals: &[&[u8]]) -> ExprId {
        let mut sorted = literals.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        self.sorted_literals(&sorted)
    }

    /// The parts, one after the other. The last is taken as it is, so that putting a byte before a
    /// long text costs no more than before a short one.
    pub(crate) fn concat(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        let parts: Vec<ExprId> = parts.into_iter().collect();
        if parts.contains(&ExprId::NOTHING) {
            return ExprId::NOTHING;
        }
        let mut whole = ExprId::EMPTY;
        let mut spine = Vec::new();
        for mut part in parts.into_iter().rev() {
            if whole == ExprId::EMPTY {
                whole = part;
                continue;
            }
            while let &Expr::Concat(head, tail) = self.node(part) {
                spine.push(head);
                part = tail;
            }
            whole = self.prepend(part, whole);
            while let Some(part) = spine.pop() {
                whole = self.prepend(part, whole);
            }
        }
        whole
    }

    /// Any of the parts.
    pub(crate) fn or(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        let mut set = ByteSet::NONE;
        let mut rest = Vec::new();
        for part in parts {
            match self.node(part) {
                Expr::Nothing => {}
                Expr::Or(inner) => rest.extend_from_slice(inner),
                _ => rest.push(part),
            }
        }
        rest.retain(|&part| match self.node(part) {
            Expr::Byte(bytes) => {
                set = set.union(*bytes);
                false
            }
            _ => true,
        });
        if !set.is_empty() {
            let byte = self.byte(set);
            rest.push(byte);
        }
        rest.sort_unstable();
        rest.dedup();
        if rest.contains(&ExprId::ANYTHING) {
            return ExprId::ANYTHING;
        }
        self.merge_counts(&mut rest);
        self.drop_covered(&mut rest);
        let is_nullable = |part: &ExprId| *part != ExprId::EMPTY && self.is_nullable(*part);
        if rest.iter().any(is_nullable) {
            rest.retain(|&part| part != ExprId::EMPTY);
        }
        match rest[..] {
            [] => ExprId::NOTHING,
            [only] => only,
            _ => self.intern(Expr::Or(rest.into())),
        }
    }

    /// What all parts match.
    pub(crate) fn and(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        let mut rest = Vec::new();
        for part in parts {
            match self.node(part) {
                Expr::And(inner) => rest.extend_from_slice(inner),
                _ if part == ExprId::ANYTHING => {}
                _ => rest.push(part),
            }
        }
        rest.sort_unstable();
        rest.dedup();
        if rest.contains(&ExprId::NOTHING) {
            return ExprId::NOTHING;
        }
        if rest.contains(&ExprId::EMPTY) {
            let is_empty_allowed = rest.iter().all(|&part| self.is_nullable(part));
            return if is_empty_allowed { ExprId::EMPTY } else { ExprId::NOTHING };
        }
        let bytes = |part: &ExprId| match self.node(*part) {
            Expr::Byte(set) => Some(*set),
            _ => None,
        };
        let sets: Vec<ByteSet> = rest.iter().filter_map(bytes).collect();
        if sets.len() > 1 {
            let both = sets.into_iter().fold(ByteSet::ALL, ByteSet::intersection);
            rest.retain(|part| !matches!(self.node(*part), Expr::Byte(_)));
            let both = self.byte(both);
            rest.push(both);
            return self.and(rest);
        }
        if let Some(rest) = self.one_length(&rest) {
            return self.and(rest);
        }
        let is_contradiction = |part: &ExprId| match self.node(*part) {
            Expr::Not(inner) => rest.binary_search(inner).is_ok(),
            _ => false,
        };
        if rest.iter().any(is_contradiction) {
            return ExprId::NOTHING;
        }
        match rest[..] {
            [] => ExprId::ANYTHING,
            [only] => only,
            _ => self.intern(Expr::And(rest.into())),
        }
    }

    /// Every text of bytes that `part` does not match, ill-formed UTF-8 included.
    pub(crate) fn not(&mut self, part: ExprId) -> ExprId {
        match *self.node(part) {
            Expr::Not(inner) => inner,
            _ => self.intern(Expr::Not(part)),
        }
    }

    /// `part` so many times.
    pub(crate) fn repeat(&mut self, part: ExprId, count: Count) -> ExprId {
        let Count { min, max } = count;
        match self.node(part) {
            Expr::Nothing if min == 0 => return ExprId::EMPTY,
            Expr::Nothing => return ExprId::NOTHING,
            Expr::Empty => return ExprId::EMPTY,
            Expr::Byte(set) if *set == ByteSet::ALL && count == Count::ANY => {
                return ExprId::ANYTHING;
            }
            _ => {}
        }
        if part == ExprId::ANYTHING && max != Some(0) {
            return part;
        }
        // With a part that may be empty, fewer repetitions are among more.
        let min = if self.is_nullable(part) { 0 } else { min };
        match (min, max) {
            (_, Some(0)) => return ExprId::EMPTY,
            (1, Some(1)) => return part,
            (0, Some(1)) if self.is_nullable(part) => return part,
            _ => {}
        }
        let count = Count { min, max };
        if let &Expr::Repeat(inner, inner_count) = self.node(part)
            && let Some(count) = inner_count.times(count)
        {
            return self.intern(Expr::Repeat(inner, count));
        }
        self.intern(Expr::Repeat(part, count))
    }

    /// Digits, with points passed over anywhere between them, that make a multiple of `modulus` when
    /// they are read behind a number that leaves `remainder`. The empty text is among them where the
    /// remainder is 0.
    pub(crate) fn multiples(&mut self, modulus: u64, remainder: u64) -> ExprId {
        self.remainder(Remainder::new(modulus, remainder))
    }

    /// The digits of multiples, behind some that left a remainder.
    pub(super) fn remainder(&mut self, remainder: Remainder) -> ExprId {
        self.intern(Expr::Remainder(remainder))
    }

    /// The texts of `part` none of whose proper beginnings `part` matches: what is committed to as
    /// soon as it is seen.
    pub(crate) fn shortest_matches(&mut self, part: ExprId) -> ExprId {
        let longer = self.longer_than(part);
        let not_longer = self.not(longer);
        self.and([part, not_longer])
    }

    /// The texts that begin with one of `part` and are longer.
    pub(crate) fn longer_than(&mut self, part: ExprId) -> ExprId {
        let any = self.byte(ByteSet::ALL);
        self.concat([part, any, ExprId::ANYTHING])
    }

    /// Takes over the expressions of another store, and gives the id that each has here.
    pub(crate) fn absorb(&mut self, other: &Self) -> Vec<ExprId> {
        let mut ids: Vec<ExprId> = Vec::with_capacity(other.len());
        for node in &other.nodes {
            let of = |id: &ExprId| ids[id.index()];
            let id = match node {
                Expr::Nothing => ExprId::NOTHING,
                Expr::Empty => ExprId::EMPTY,
                Expr::Byte(set) => self.byte(*set),
                Expr::Concat(head, tail) => self.concat([of(head), of(tail)]),
                Expr::Or(parts) => self.or(parts.iter().map(of)),
                Expr::And(parts) => self.and(parts.iter().map(of)),
                Expr::Not(part) => self.not(of(part)),
                Expr::Repeat(part, count) => self.repeat(of(part), *count),
                Expr::Remainder(remainder) => self.remainder(*remainder),
            };
            ids.push(id);
        }
        ids
    }

    /// An expression of which no text has more characters than a number, as that number and what else
    /// it says.
    pub(crate) fn bounded(&mut self, id: ExprId) -> Option<(ExprId, u32)> {
        let char = self.char?;
        let Expr::And(parts) = self.node(id) else { return None };
        let mut rest = parts.to_vec();
        let bound = rest.iter().find_map(|part| match self.node(*part) {
            Expr::Repeat(of, Count { min: 0, max: Some(max) }) if *of == char => {
                Some((*part, *max))
            }
            _ => None,
        });
        let (bound, max) = bound?;
        rest.retain(|part| *part != bound);
        Some((self.and(rest), max))
    }

    /// What an expression repeats, and how often, where it is a repetition.
    pub(crate) fn repeated(&self, id: ExprId) -> Option<(ExprId, Count)> {
        match self.node(id) {
            Expr::Repeat(part, count) => Some((*part, *count)),
            _ => None,
        }
    }

    /// Whether the empty text matches.
    pub(crate) fn is_nullable(&self, id: ExprId) -> bool {
        self.nullable[id.index()]
    }

    /// How many parts an expression has in a row or side by side: those are gone through when it is
    /// put before others, or beside them.
    pub(crate) fn width(&self, id: ExprId) -> usize {
        self.widths[id.index()] as usize
    }

    /// How many parts all alternatives and intersections have together.
    pub(super) fn parts(&self) -> usize {
        self.parts
    }

    /// The most alternatives that an expression has side by side.
    pub(crate) fn widest(&self) -> usize {
        self.widest
    }

    /// The bytes it holds, roughly: each node and its parts are there twice, once to be found by.
    pub(super) fn memory(&self) -> usize {
        const NODE: usize = 96;
        self.nodes.len() * NODE + 2 * self.parts * size_of::<ExprId>()
    }

    pub(super) fn node(&self, id: ExprId) -> &Expr {
        &self.nodes[id.index()]
    }

    /// All expressions, parts before wholes.
    pub(super) fn nodes(&self) -> &[Expr] {
        &self.nodes
    }

    pub(super) fn known_char(&self) -> Option<ExprId> {
        self.char
    }

    pub(super) fn know_char(&mut self, char: ExprId) {
        self.char = Some(char);
    }

    /// The parts with several that count characters as one. A text has one number of characters, so
    /// they meet where their counts do.
    fn one_length(&mut self, parts: &[ExprId]) -> Option<Vec<ExprId>> {
        let char = self.char?;
        let count_of = |part: &ExprId| match self.node(*part) {
            Expr::Repeat(of, count) if *of == char => Some(*count),
            _ => None,
        };
        let counts: Vec<Count> = parts.iter().filter_map(count_of).collect();
        let [first, second, ..] = counts[..] else { return None };
        let both = counts.iter().skip(2).fold(first.meet(second), |all, next| all.meet(*next));
        let mut rest: Vec<ExprId> =
            parts.iter().copied().filter(|part| count_of(part).is_none()).collect();
        let is_possible = both.max.is_none_or(|max| max >= both.min);
        let length = if is_possible { self.repeat(char, both) } else { ExprId::NOTHING };
        rest.push(length);
        Some(rest)
    }

    /// Any of some texts, sharing what they begin with: a trie, so that a thousand words are no
    /// thousand alternatives at each byte.
    fn sorted_literals(&mut self, sorted: &[&[u8]]) -> ExprId {
        // The open branches from the root to the literal at hand: what stands before its next
        // byte, and the finished alternatives behind that byte.
        let mut open: Vec<(u8, Vec<ExprId>)> = vec![(0, Vec::new())];
        for (index, literal) in sorted.iter().enumerate() {
            let shared = index.checked_sub(1).map_or(0, |before| {
                sorted[before].iter().zip(*literal).take_while(|(a, b)| a == b).count()
            });
            self.close(&mut open, shared + 1);
            open.extend(literal[shared..].iter().map(|&byte| (byte, Vec::new())));
            if let Some((_, alternatives)) = open.last_mut() {
                alternatives.push(ExprId::EMPTY);
            }
        }
        self.close(&mut open, 1);
        let (_, alternatives) = open.swap_remove(0);
        self.or(alternatives)
    }

    /// Finishes the branches past the first `keep`.
    fn close(&mut self, open: &mut Vec<(u8, Vec<ExprId>)>, keep: usize) {
        while open.len() > keep
            && let Some((byte, alternatives)) = open.pop()
        {
            let rest = self.or(alternatives);
            let byte = self.byte(ByteSet::range(byte, byte));
            let branch = self.concat([byte, rest]);
            if let Some((_, alternatives)) = open.last_mut() {
                alternatives.push(branch);
            }
        }
    }

    /// `head`, which is no `Concat`, before `tail`. Runs of one part are counted together.
    fn prepend(&mut self, head: ExprId, tail: ExprId) -> ExprId {
        if head == ExprId::EMPTY {
            return tail;
        }
        if tail == ExprId::EMPTY {
            return head;
        }
        let (next, rest) = match *self.node(tail) {
            Expr::Concat(next, rest) => (next, rest),
            _ => (tail, ExprId::EMPTY),
        };
        if let (&Expr::Repeat(a, first), &Expr::Repeat(b, second)) =
            (self.node(head), self.node(next))
            && a == b
        {
            let both = self.repeat(a, first.plus(second));
            return self.prepend(both, rest);
        }
        self.intern(Expr::Concat(head, tail))
    }

    /// The number of an expression, the same for an equal one.
    fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(&id) = self.ids.get(&expr) {
            return id;
        }
        let id = ExprId(u32::try_from(self.nodes.len()).expect("limits keep the store small"));
        let nullable = match &expr {
            Expr::Nothing | Expr::Byte(_) => false,
            Expr::Empty => true,
            Expr::Concat(head, tail) => self.is_nullable(*head) && self.is_nullable(*tail),
            Expr::Or(parts) => parts.iter().any(|&part| self.is_nullable(part)),
            Expr::And(parts) => parts.iter().all(|&part| self.is_nullable(part)),
            Expr::Not(part) => !self.is_nullable(*part),
            Expr::Repeat(part, count) => count.min == 0 || self.is_nullable(*part),
            Expr::Remainder(remainder) => remainder.is_multiple(),
        };
        let width = match &expr {
            Expr::Concat(_, tail) => self.widths[tail.index()].saturating_add(1),
            Expr::Or(parts) | Expr::And(parts) => u32::try_from(parts.len()).unwrap_or(u32::MAX),
            _ => 1,
        };
        if let Expr::Or(parts) | Expr::And(parts) = &expr {
            self.parts += parts.len();
        }
        if let Expr::Or(parts) = &expr {
            self.widest = self.widest.max(parts.len());
        }
        self.nodes.push(expr.clone());
        self.nullable.push(nullable);
        self.widths.push(width);
        self.ids.insert(expr, id);
        id
    }
}
