//! How far from a match a state is: the length of its shortest one.
//!
//! Mostly an expression's parts tell. Of an intersection or a complement they tell no more than a
//! bound, and the automaton is searched from there, along the least bound first (Hart, Nilsson and
//! Raphael 1968): what is close by is found close by, however many states there are. What a search
//! finds is kept for every state on the way.
//!
//! Law: what is exact is the length of a shortest match, and what is a bound is no greater than it.
//! So a search that comes to an exact state first along the least sum has found the shortest.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use hashbrown::HashMap;

use super::automaton::Automaton;
use super::byte_set::ByteSet;
use super::expr::{Count, Expr, ExprId, Exprs};
use super::remainder::Remainder;

/// The length of an expression's shortest match, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shortest {
    Bytes(u32),
    /// Nothing matches.
    None,
}

/// What each byte counts in the length of a match.
///
/// Most count one. What is written by an escape counts the bytes of that; no match is made of what
/// counts none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs([u8; 256]);

impl Costs {
    pub(crate) fn new(of: impl FnMut(u8) -> u8) -> Self {
        let mut bytes = 0..=u8::MAX;
        Self([(); 256].map(|()| bytes.next().expect("there are 256")).map(of))
    }

    pub(crate) fn of(&self, byte: u8) -> u8 {
        self.0[usize::from(byte)]
    }

    /// The bytes that count the same, for each count.
    pub(super) fn sets(&self) -> impl Iterator<Item = ByteSet> {
        let counts: BTreeSet<u8> = self.0.iter().copied().collect();
        counts
            .into_iter()
            .map(|count| (0..=u8::MAX).filter(|&byte| self.of(byte) == count).collect())
    }
}

impl From<ByteSet> for Costs {
    /// One for each byte of an alphabet.
    fn from(alphabet: ByteSet) -> Self {
        Self::new(|byte| u8::from(alphabet.contains(byte)))
    }
}

/// Too many states were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// What is known of the shortest matches of an automaton's states.
#[derive(Debug, Clone)]
pub(super) struct Distances {
    costs: Costs,
    /// By expression, as far as was asked.
    known: Vec<Distance>,
}

/// What is known of one shortest match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distance {
    /// This many bytes.
    Exactly(u32),
    /// This many bytes or more, or there is none.
    AtLeast(u32),
    Never,
}

/// A state that a search came to: what the whole way takes at least, the bytes of the way so far, of
/// two equal ones the longer first, the state, and how many classes were tried from it.
type Place = Reverse<(u32, Reverse<u32>, ExprId, usize)>;

/// How a search came to a state.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The bytes to it.
    depth: u32,
    before: ExprId,
    /// The place of the class of the last byte among those usable.
    by: usize,
}

/// Lengths saturate here: 1 GiB is longer than any text.
const LONGEST: u32 = 1 << 30;

/// The parts of new expressions that take as long as a state.
const PARTS_A_STATE: usize = 4;
/// And those that an expression has in a row or side by side.
const WIDTH_A_STATE: usize = 16;

impl Automaton {
    /// The length of the shortest match of a state, by what each byte counts. Exact for every expression.
    ///
    /// # Errors
    /// [`Exhausted`] when `and` and `not` need more than `fuel` states to be looked at.
    pub(crate) fn shortest(
        &mut self,
        state: ExprId,
        fuel: &mut u32,
    ) -> Result<Shortest, Exhausted> {
        match self.distance(state) {
            Distance::Exactly(length) => Ok(Shortest::Bytes(length)),
            Distance::Never => Ok(Shortest::None),
            Distance::AtLeast(_) => match self.witnessed(state) {
                Some(length) => {
                    self.distances.known[state.index()] = Distance::Exactly(length);
                    Ok(Shortest::Bytes(length))
                }
                None => self.find_shortest(state, fuel),
            },
        }
    }

    /// What is known without a search.
    pub(super) fn distance(&mut self, state: ExprId) -> Distance {
        self.distances.of(state, &self.exprs)
    }

    /// Searches from a state whose parts do not tell.
    ///
    /// Bounds never promise too much, so the first exact state that is taken from the queue ends a
    /// shortest way. Where the queue runs empty no state that was seen has a match, and all of them
    /// are noted so.
    ///
    /// A step makes new states, so no more are taken than have to be: behind one that leads as
    /// straight on as was promised, the others wait (partial expansion; Yoshizumi, Miura and Ishida
    /// 2000). Runs go on with the class that they came with, which is tried first.
    fn find_shortest(&mut self, start: ExprId, fuel: &mut u32) -> Result<Shortest, Exhausted> {
        let classes = self.usable_classes();
        let mut seen: HashMap<ExprId, Seen> =
            HashMap::from([(start, Seen { depth: 0, before: start, by: 0 })]);
        let mut open: BinaryHeap<Place> = BinaryHeap::from([Reverse((0, Reverse(0), start, 0))]);
        while let Some(Reverse((promised, Reverse(depth), from, tried))) = open.pop() {
            let Seen { depth: known, by, .. } = seen[&from];
            if known < depth {
                continue;
            }
            if let Distance::Exactly(rest) = self.distance(from) {
                return Ok(self.keep_way(start, from, rest, &seen));
            }
            for turn in tried..classes.len() {
                let at = (by + turn) % classes.len();
                let (class, cost) = classes[at];
                let Some((next, rest)) = self.bounded_step(from, class, fuel)? else { continue };
                let depth = depth + cost;
                if seen.get(&next).is_none_or(|known| depth < known.depth) {
                    seen.insert(next, Seen { depth, before: from, by: at });
                    let whole = depth.saturating_add(rest);
                    open.push(Reverse((whole, Reverse(depth), next, 0)));
                    if whole <= promised {
                        open.push(Reverse((promised, Reverse(depth - cost), from, turn + 1)));
                        break;
                    }
                }
            }
        }
        for &dead in seen.keys() {
            self.distances.known[dead.index()] = Distance::Never;
        }
        Ok(Shortest::None)
    }

    /// The state behind a byte, with a bound of its shortest match; `None` where it has none.
    fn bounded_step(
        &mut self,
        from: ExprId,
        class: u8,
        fuel: &mut u32,
    ) -> Result<Option<(ExprId, u32)>, Exhausted> {
        let before = self.exprs.parts();
        let next = self.step(from, class);
        if next == ExprId::NOTHING {
            return Ok(None);
        }
        // A wide expression takes as long as many narrow ones, and so do its parts.
        let made = (self.exprs.parts() - before) / PARTS_A_STATE;
        let work = (self.exprs.width(next) / WIDTH_A_STATE).max(made).max(1);
        *fuel = fuel.checked_sub(u32::try_from(work).unwrap_or(u32::MAX)).ok_or(Exhausted)?;
        Ok(match self.distance(next) {
            Distance::Exactly(rest) | Distance::AtLeast(rest) => Some((next, rest)),
            Distance::Never => None,
        })
    }

    /// Along a shortest way each state's shortest match is the rest of it.
    fn keep_way(
        &mut self,
        start: ExprId,
        last: ExprId,
        rest: u32,
        seen: &HashMap<ExprId, Seen>,
    ) -> Shortest {
        let length = seen[&last].depth.saturating_add(rest).min(LONGEST);
        let mut at = last;
        while at != start {
            at = seen[&at].before;
            self.distances.known[at.index()] = Distance::Exactly(length - seen[&at].depth);
        }
        Shortest::Bytes(length)
    }
}

impl Distances {
    /// Nothing is known yet.
    pub(super) fn new(costs: Costs) -> Self {
        Self { costs, known: Vec::new() }
    }

    /// The bytes it holds, roughly.
    pub(super) fn memory(&self) -> usize {
        self.known.len() * size_of::<Distance>()
    }

    /// What is known of a state, filled in from the parts for every expression made since the last
    /// call: parts come before wholes.
    fn of(&mut self, state: ExprId, exprs: &Exprs) -> Distance {
        for (index, expr) in exprs.nodes().iter().enumerate().skip(self.known.len()) {
            let is_nullable = exprs.is_nullable(ExprId::from_raw(index as u32));
            let distance = if is_nullable { Distance::Exactly(0) } else { self.by_parts(expr) };
            self.known.push(distance);
        }
        self.known[state.index()]
    }

    /// What the parts of an expression tell, which does not match the empty text.
    ///
    /// Of an intersection the longest of its parts is a bound; of a complement nothing is known but
    /// that it does not match the empty text.
    fn by_parts(&self, expr: &Expr) -> Distance {
        let of = |id: &ExprId| self.known[id.index()];
        match expr {
            Expr::Nothing => Distance::Never,
            Expr::Empty => Distance::Exactly(0),
            Expr::Byte(set) => {
                let costs = set.iter().map(|byte| self.costs.of(byte)).filter(|&cost| cost > 0);
                costs.min().map_or(Distance::Never, |cost| Distance::Exactly(cost.into()))
            }
            Expr::Concat(head, tail) => of(head).plus(of(tail)),
            Expr::Or(parts) => parts.iter().map(of).fold(Distance::Never, Distance::or),
            Expr::And(parts) => parts.iter().map(of).fold(Distance::AtLeast(1), Distance::and),
            Expr::Not(_) => Distance::AtLeast(1),
            Expr::Repeat(part, count) => of(part).times(*count),
            Expr::Remainder(remainder) => {
                let has_all = Remainder::bytes().all(|byte| self.costs.of(byte) == 1);
                let length = remainder.shortest();
                if has_all { Distance::Exactly(length) } else { Distance::AtLeast(length) }
            }
        }
    }
}

impl Distance {
    /// Of one thing after the other.
    fn plus(self, other: Self) -> Self {
        let sum = |a: u32, b: u32| a.saturating_add(b).min(LONGEST);
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Exactly(a), Self::Exactly(b)) => Self::Exactly(sum(a, b)),
            (Self::Exactly(a) | Self::AtLeast(a), Self::Exactly(b) | Self::AtLeast(b)) => {
                Self::AtLeast(sum(a, b))
            }
        }
    }

    /// Of either: exact where what is only bounded is no shorter.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, known) | (known, Self::Never) => known,
            (Self::Exactly(a), Self::Exactly(b)) => Self::Exactly(a.min(b)),
            (Self::Exactly(exact), Self::AtLeast(bound))
            | (Self::AtLeast(bound), Self::Exactly(exact))
                if exact <= bound =>
            {
                Self::Exactly(exact)
            }
            (Self::Exactly(a) | Self::AtLeast(a), Self::Exactly(b) | Self::AtLeast(b)) => {
                Self::AtLeast(a.min(b))
            }
        }
    }

    /// Of what is both: no shorter than either.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Exactly(a) | Self::AtLeast(a), Self::Exactly(b) | Self::AtLeast(b)) => {
                Self::AtLeast(a.max(b))
            }
        }
    }

    /// Of as few repetitions as are allowed.
    ///
    /// The least count alone matters. With a least count of 0 it matches the empty text, and is not
    /// asked for here.
    fn times(self, count: Count) -> Self {
        let times = |length: u32| length.saturating_mul(count.min).min(LONGEST);
        match self {
            Self::Never => Self::Never,
            Self::Exactly(length) => Self::Exactly(times(length)),
            Self::AtLeast(length) => Self::AtLeast(times(length)),
        }
    }
}
