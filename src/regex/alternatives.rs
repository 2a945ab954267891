//! Fewer alternatives for one language: runs that are joined, and alternatives that others cover.
//!
//! Behind `n` letters `((a{1,9}b?){1,9}c?){1,9}` may be in as many places as there are ways to write
//! `n` as nested runs. Nearly all of these places lead to nothing that the one with the most room left
//! does not lead to as well; without that being seen, states would grow as a power of the text.

use super::expr::{Count, Expr, ExprId, Exprs};

/// Runs one after the other, without a node of their own: a body, how often, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chain<'a> {
    run: (ExprId, Count),
    rest: Option<&'a Chain<'a>>,
}

/// The most comparisons that one alternative is worth: nested runs are as many deep as patterns are,
/// and those take some twenty for three.
const FUEL: u32 = 200;
/// The most alternatives with counted runs that are compared with each other.
const MOST: usize = 32;
/// How far into an alternative a counted run is looked for.
const AHEAD: usize = 16;

impl Exprs {
    /// Leaves out alternatives with counted runs all of whose texts another alternative has.
    pub(super) fn drop_covered(&self, parts: &mut Vec<ExprId>) {
        if parts.len() < 2 {
            return;
        }
        let mut counted: Vec<ExprId> =
            parts.iter().copied().filter(|&part| self.has_counted_run(part)).collect();
        if counted.len() < 2 || counted.len() > MOST {
            return;
        }
        let mut at = 0;
        while let Some(&part) = counted.get(at) {
            let is_covered = counted.iter().any(|&by| by != part && self.covers(by, part));
            if is_covered {
                counted.remove(at);
                parts.retain(|&other| other != part);
            } else {
                at += 1;
            }
        }
    }

    /// Joins alternatives that differ in how often their first part repeats.
    pub(super) fn merge_counts(&mut self, parts: &mut Vec<ExprId>) {
        let split = |exprs: &Self, id: ExprId| match *exprs.node(id) {
            Expr::Repeat(body, count) => Some(((body, ExprId::EMPTY), count)),
            Expr::Concat(head, rest) => match *exprs.node(head) {
                Expr::Repeat(body, count) => Some(((body, rest), count)),
                _ => None,
            },
            _ => None,
        };
        let mut counted: Vec<_> =
            parts.iter().filter_map(|&id| Some((split(self, id)?, id))).collect();
        counted.sort_unstable();
        let (mut gone, mut joined) = (Vec::new(), Vec::new());
        let mut rest = &counted[..];
        while let [((key, first), _), ..] = *rest {
            let mut count = first;
            let mut length = 1;
            while let Some(((_, next), _)) =
                rest.get(length).filter(|((other, _), _)| *other == key)
                && let Some(both) = count.union(*next)
            {
                (count, length) = (both, length + 1);
            }
            if length > 1 {
                gone.extend(rest[..length].iter().map(|(_, part)| *part));
                let run = self.repeat(key.0, count);
                joined.push(self.concat([run, key.1]));
            }
            rest = &rest[length..];
        }
        if !gone.is_empty() {
            gone.sort_unstable();
            parts.retain(|part| gone.binary_search(part).is_err());
            parts.extend(joined);
            parts.sort_unstable();
            parts.dedup();
        }
    }

    /// Whether a run that is counted, and not just optional, is near the begin of an expression.
    fn has_counted_run(&self, mut id: ExprId) -> bool {
        let is_counted = |id: ExprId| match self.node(id) {
            Expr::Repeat(_, count) => count.max.is_some_and(|max| max > 1),
            _ => false,
        };
        for _ in 0..AHEAD {
            match *self.node(id) {
                Expr::Concat(head, _) if is_counted(head) => return true,
                Expr::Concat(_, tail) => id = tail,
                _ => return is_counted(id),
            }
        }
        false
    }

    /// Whether every text of `part` is one of `whole`. Where it is told so, it is; that some texts
    /// are not need not be.
    fn covers(&self, whole: ExprId, part: ExprId) -> bool {
        let once = |id| Some(Chain { run: (id, Count::ONCE), rest: None });
        self.covers_chain(once(whole), once(part), &mut { FUEL })
    }

    /// [`covers`](Self::covers) of chains. By the law of each step, which is said at it, what it asks
    /// for is enough.
    fn covers_chain(
        &self,
        whole: Option<Chain<'_>>,
        part: Option<Chain<'_>>,
        fuel: &mut u32,
    ) -> bool {
        if whole == part {
            return true;
        }
        let Some(left) = fuel.checked_sub(1) else {
            return false;
        };
        *fuel = left;
        let Some(((body, count), rest)) = self.split(whole) else {
            return self.split(part).is_none();
        };
        let can_skip = count.min == 0 || self.is_nullable(body);
        let Some(((part_body, part_count), part_rest)) = self.split(part) else {
            return can_skip && self.covers_chain(rest, None, fuel);
        };
        if body == part_body {
            let part_run = (part_body, part_count);
            if self.covers_run((count, rest), (part_run, part_rest), fuel) {
                return true;
            }
        } else if matches!(self.node(body), Expr::Concat(..) | Expr::Repeat(..)) {
            // B{m,n} has the texts of B B{m-1,n-1}.
            let others = Chain { run: (body, count.decremented()), rest: rest.as_ref() };
            let unfolded = Chain { run: (body, Count::ONCE), rest: Some(&others) };
            if self.covers_chain(Some(unfolded), part, fuel) {
                return true;
            }
        }
        if can_skip && self.covers_chain(rest, part, fuel) {
            return true;
        }
        // B{0,n} is nothing or B{1,n}.
        let some = Count { min: 1, ..part_count };
        let some = Chain { run: (part_body, some), rest: part_rest.as_ref() };
        body != part_body
            && part_count.min == 0
            && self.covers_chain(whole, part_rest, fuel)
            && self.covers_chain(whole, Some(some), fuel)
    }

    /// Whether `B{count}` before a rest covers `B{part_count}` before another.
    fn covers_run(
        &self,
        (count, rest): (Count, Option<Chain<'_>>),
        ((body, part_count), part_rest): ((ExprId, Count), Option<Chain<'_>>),
        fuel: &mut u32,
    ) -> bool {
        if part_count.min < count.min {
            return false;
        }
        let Some(most) = count.max.filter(|&most| part_count.max.is_none_or(|max| max > most))
        else {
            return self.covers_chain(rest, part_rest, fuel);
        };
        // What is over the most runs is up to the rest: B{k,n} is B{k,most} or B{most} B{1,n-most}.
        let over = Count {
            min: part_count.min.saturating_sub(most).max(1),
            max: part_count.max.map(|max| max - most),
        };
        let over = Chain { run: (body, over), rest: part_rest.as_ref() };
        (part_count.min > most || self.covers_chain(rest, part_rest, fuel))
            && self.covers_chain(rest, Some(over), fuel)
    }

    /// The first run of a chain that is not nothing, and the chain behind it.
    fn split<'a>(
        &self,
        mut chain: Option<Chain<'a>>,
    ) -> Option<((ExprId, Count), Option<Chain<'a>>)> {
        loop {
            let Chain { run: (body, count), rest } = chain?;
            match *self.node(body) {
                _ if count.max == Some(0) => {}
                Expr::Empty => {}
                Expr::Concat(head, tail) if count == Count::ONCE => {
                    let run = match *self.node(head) {
                        Expr::Repeat(body, count) => (body, count),
                        _ => (head, Count::ONCE),
                    };
                    return Some((run, Some(Chain { run: (tail, Count::ONCE), rest })));
                }
                Expr::Repeat(body, inner) if count == Count::ONCE => {
                    return Some(((body, inner), rest.copied()));
                }
                _ => return Some(((body, count), rest.copied())),
            }
            chain = rest.copied();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::regex::{Automaton, ByteSet, Count, ExprId, Exprs};

    /// A pattern, to be matched as plainly as can be.
    #[derive(Debug)]
    enum Pattern {
        Letter(u8),
        Row(Vec<Pattern>),
        Either(Vec<Pattern>),
        Run(Box<Pattern>, u32, u32),
    }

    impl Pattern {
        /// A random one: runs in runs, with what may be left out between them.
        fn random(random: &mut u64, depth: u32) -> Self {
            let mut below = |end: u64| {
                *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (*random >> 33) % end
            };
            let letter = Self::Letter(b'a' + below(3) as u8);
            let (kind, min, more) = (below(5), below(3) as u32, below(4) as u32);
            if depth == 0 {
                return Self::Run(Box::new(letter), min, (min + more).max(1));
            }
            let parts =
                |random: &mut u64| (0..2).map(|_| Self::random(random, depth - 1)).collect();
            match kind {
                0 => Self::Either(parts(random)),
                1 => Self::Row(parts(random)),
                _ => {
                    let end = Self::Run(Box::new(letter), 0, 1);
                    let row = Self::Row(vec![Self::random(random, depth - 1), end]);
                    Self::Run(Box::new(row), min, (min + more).max(1))
                }
            }
        }

        /// Where matches end that begin at one of some places.
        fn ends(&self, text: &[u8], begins: &BTreeSet<usize>) -> BTreeSet<usize> {
            match self {
                Self::Letter(letter) => {
                    let is_here = |&&at: &&usize| text.get(at) == Some(letter);
                    begins.iter().filter(is_here).map(|at| at + 1).collect()
                }
                Self::Row(parts) => {
                    parts.iter().fold(begins.clone(), |ends, part| part.ends(text, &ends))
                }
                Self::Either(parts) => {
                    parts.iter().flat_map(|part| part.ends(text, begins)).collect()
                }
                Self::Run(part, min, max) => {
                    let mut all = BTreeSet::new();
                    let mut ends = begins.clone();
                    for count in 0..=*max {
                        if count >= *min {
                            all.extend(&ends);
                        }
                        ends = part.ends(text, &ends);
                    }
                    all
                }
            }
        }

        fn expr(&self, exprs: &mut Exprs) -> ExprId {
            match self {
                Self::Letter(letter) => exprs.byte(ByteSet::range(*letter, *letter)),
                Self::Row(parts) => {
                    let parts: Vec<_> = parts.iter().map(|part| part.expr(exprs)).collect();
                    exprs.concat(parts)
                }
                Self::Either(parts) => {
                    let parts: Vec<_> = parts.iter().map(|part| part.expr(exprs)).collect();
                    exprs.or(parts)
                }
                Self::Run(part, min, max) => {
                    let part = part.expr(exprs);
                    exprs.repeat(part, Count { min: *min, max: Some(*max) })
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_is_covered() {
        for seed in 0..300 {
            let pattern = Pattern::random(&mut { seed }, 3);
            let mut exprs = Exprs::default();
            let start = pattern.expr(&mut exprs);
            let mut automaton = Automaton::new(exprs, ByteSet::ALL);
            let mut texts = vec![(Vec::new(), start)];
            for length in 0..=6 {
                for (text, state) in &texts {
                    let ends = pattern.ends(text, &BTreeSet::from([0]));
                    let (found, expected) = (automaton.is_nullable(*state), ends.contains(&length));
                    assert_eq!(found, expected, "seed {seed}: {text:?} of {pattern:?}");
                }
                let longer = texts.iter().flat_map(|(text, state)| {
                    b"abc".map(|byte| {
                        let class = automaton.class_of(byte);
                        ([&text[..], &[byte]].concat(), automaton.step(*state, class))
                    })
                });
                texts = longer.collect();
            }
        }
    }

    /// The nodes that so many letters `a` make of `pattern` and the widest of them.
    fn grown(pattern: &str, letters: usize) -> (usize, usize) {
        let mut exprs = Exprs::default();
        let limits = crate::regex::PatternLimits { nesting: 200, exprs: 10_000 };
        let start = crate::regex::parse(pattern, &crate::regex::Syntax::RUST, &limits, &mut exprs);
        let mut automaton = Automaton::new(exprs, ByteSet::ALL);
        let mut state = start.unwrap_or_else(|_| panic!("{pattern} is read"));
        let before = automaton.exprs().len();
        for _ in 0..letters {
            let class = automaton.class_of(b'a');
            state = automaton.step(state, class);
        }
        assert!(state != ExprId::NOTHING, "{pattern}");
        (automaton.exprs().len() - before, automaton.exprs().widest())
    }

    #[test]
    fn nested_runs_grow_with_the_text_alone() {
        for pattern in [
            "((a{1,1000}b?){1,1000}c?){1,1000}",
            r"(?:\w{1,30}\s?){1,500}",
            "(((a{0,90}b?){0,90}c?){0,90}d?){0,90}",
            "(([a-z]{1,63}\\.?){1,127} ?){1,100}",
        ] {
            let (nodes, widest) = grown(pattern, 1000);
            assert!(nodes < 20_000 && widest < 200, "{pattern}: {nodes} nodes, {widest} wide");
        }
    }
}
