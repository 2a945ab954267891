//! Patterns with their assertions, and what they match once the text behind them is known.
//!
//! An assertion speaks of the text around it, and matches none itself. So a pattern is lowered from
//! its end: each part is given the expression of all that follows it, and an assertion constrains
//! that expression. What may stand before is told apart only as far as anchors can see it; see
//! [`Rest`].

use super::{PatternError, PatternErrorKind};
use crate::regex::expr::{Count, ExprId, Exprs};

/// A part of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A text, byte for byte.
    Text(Vec<u8>),
    /// An expression that has no assertion in it.
    Plain(ExprId),
    /// An assertion, with the byte at which it stands.
    Assert(Assertion, usize),
    Concat(Vec<Node>),
    Or(Vec<Node>),
    /// A part with assertions, so many times, with the byte at which the count stands.
    Repeat(Box<Node>, Count, usize),
}

/// What matches no text, but is there or not.
#[derive(Debug, Clone)]
pub(super) enum Assertion {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Ahead(Box<Node>),
    NotAhead(Box<Node>),
}

/// What follows a part, by what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rest {
    /// Where nothing stands before.
    pub(super) at_start: ExprId,
    /// Where a newline does.
    after_newline: ExprId,
    /// Where anything else does.
    within: ExprId,
}

impl Rest {
    /// Nothing follows.
    pub(super) const END: Self = Self::same(ExprId::EMPTY);

    /// The same follows wherever it is.
    pub(super) const fn same(expr: ExprId) -> Self {
        Self { at_start: expr, after_newline: expr, within: expr }
    }

    /// What follows, changed alike in each case.
    fn map(self, mut change: impl FnMut(ExprId) -> ExprId) -> Self {
        Self {
            at_start: change(self.at_start),
            after_newline: change(self.after_newline),
            within: change(self.within),
        }
    }

    /// Either of two, case by case.
    fn or(self, other: Self, exprs: &mut Exprs) -> Self {
        Self {
            at_start: exprs.or([self.at_start, other.at_start]),
            after_newline: exprs.or([self.after_newline, other.after_newline]),
            within: exprs.or([self.within, other.within]),
        }
    }

    /// What both allow, case by case.
    fn and(self, other: Self, exprs: &mut Exprs) -> Self {
        Self {
            at_start: exprs.and([self.at_start, other.at_start]),
            after_newline: exprs.and([self.after_newline, other.after_newline]),
            within: exprs.and([self.within, other.within]),
        }
    }
}

impl Node {
    /// The parts, one after the other; those without assertions joined where they touch.
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

    /// The expressions of a run, one after the other; none where it is empty.
    fn of_run(run: &mut Vec<ExprId>, exprs: &mut Exprs) -> Option<Self> {
        (!run.is_empty()).then(|| Self::Plain(exprs.concat(run.drain(..))))
    }

    /// The expression, where the part has no assertion.
    fn plain(&self, exprs: &mut Exprs) -> Option<ExprId> {
        match self {
            Self::Text(text) => Some(exprs.literal(text)),
            Self::Plain(expr) => Some(*expr),
            _ => None,
        }
    }
}

/// The texts of a part and what follows it, by what stands before the part.
///
/// Law: with [`Rest::END`], what is found at the start are the texts of which the part, assertions
/// asked of the text, matches all. `assertions_are_what_the_text_says` holds it.
///
/// # Errors
/// [`PatternErrorKind::Unsupported`] where an assertion is repeated and not decided within.
pub(super) fn lower(node: &Node, rest: Rest, exprs: &mut Exprs) -> Result<Rest, PatternError> {
    Ok(match node {
        Node::Text(text) => {
            let text = exprs.literal(text);
            before(text, rest, exprs)
        }
        Node::Plain(expr) => before(*expr, rest, exprs),
        Node::Assert(Assertion::Ahead(_) | Assertion::NotAhead(_), offset) if rest == Rest::END => {
            let what =
                "nothing follows this look-ahead, as the whole text is matched: leave it out";
            let kind = PatternErrorKind::Unsupported(what.to_owned());
            return Err(PatternError { offset: *offset, kind });
        }
        Node::Assert(assertion, _) => lower_assertion(assertion, rest, exprs)?,
        Node::Concat(parts) => {
            let mut rest = rest;
            for part in parts.iter().rev() {
                rest = lower(part, rest, exprs)?;
            }
            rest
        }
        Node::Or(parts) => {
            let mut any = Rest::same(ExprId::NOTHING);
            for part in parts {
                any = lower(part, rest, exprs)?.or(any, exprs);
            }
            any
        }
        Node::Repeat(part, count, offset) => lower_repeat(part, *count, *offset, rest, exprs)?,
    })
}

/// What follows where the assertion holds. Anchors differ by what stands before; a look-ahead is an
/// intersection with what it asks for and anything behind, or with all else.
fn lower_assertion(
    assertion: &Assertion,
    rest: Rest,
    exprs: &mut Exprs,
) -> Result<Rest, PatternError> {
    const NEVER: ExprId = ExprId::NOTHING;
    Ok(match assertion {
        Assertion::TextStart => Rest { after_newline: NEVER, within: NEVER, ..rest },
        Assertion::LineStart => Rest { within: NEVER, ..rest },
        Assertion::TextEnd => rest.map(|rest| exprs.and([rest, ExprId::EMPTY])),
        Assertion::LineEnd => {
            let newline = exprs.literal(b"\n");
            let line = exprs.concat([newline, ExprId::ANYTHING]);
            let end = exprs.or([ExprId::EMPTY, line]);
            rest.map(|rest| exprs.and([rest, end]))
        }
        Assertion::Ahead(part) => {
            let ahead = lower(part, Rest::same(ExprId::ANYTHING), exprs)?;
            rest.and(ahead, exprs)
        }
        Assertion::NotAhead(part) => {
            let ahead = lower(part, Rest::same(ExprId::ANYTHING), exprs)?;
            let other = ahead.map(|ahead| exprs.not(ahead));
            rest.and(other, exprs)
        }
    })
}

/// An expression and what follows it, which may depend on how the expression's text ends.
fn before(expr: ExprId, rest: Rest, exprs: &mut Exprs) -> Rest {
    if rest == Rest::same(rest.within) {
        return Rest::same(exprs.concat([expr, rest.within]));
    }
    let not_empty = exprs.not(ExprId::EMPTY);
    let text = exprs.and([expr, not_empty]);
    let moved = if rest.after_newline == rest.within {
        exprs.concat([text, rest.within])
    } else {
        let newline = exprs.literal(b"\n");
        let line = exprs.concat([ExprId::ANYTHING, newline]);
        let not_line = exprs.not(line);
        let (line, other) = (exprs.and([text, line]), exprs.and([text, not_line]));
        let line = exprs.concat([line, rest.after_newline]);
        let other = exprs.concat([other, rest.within]);
        exprs.or([line, other])
    };
    match exprs.is_nullable(expr) {
        true => Rest::same(moved).or(rest, exprs),
        false => Rest::same(moved),
    }
}

/// A part that has assertions, so many times: as an expression of its own where it decides them, at
/// most once by cases, else as [a run](lower_run).
fn lower_repeat(
    part: &Node,
    count: Count,
    offset: usize,
    rest: Rest,
    exprs: &mut Exprs,
) -> Result<Rest, PatternError> {
    if decided(part, 0, exprs).is_some() {
        let part = lower(part, Rest::END, exprs)?.within;
        let run = exprs.repeat(part, count);
        return Ok(before(run, rest, exprs));
    }
    match (count.min, count.max) {
        (_, Some(0)) => Ok(rest),
        // An assertion that holds once holds as often as asked for.
        (0, _) if matches!(part, Node::Assert(..)) => Ok(lower(part, rest, exprs)?.or(rest, exprs)),
        (_, _) if matches!(part, Node::Assert(..)) => lower(part, rest, exprs),
        (1, Some(1)) => lower(part, rest, exprs),
        (0, Some(1)) => Ok(lower(part, rest, exprs)?.or(rest, exprs)),
        (0, max) => lower_run(part, max, offset, rest, exprs),
        (1, max) => {
            let more = lower_run(part, max.map(|max| max - 1), offset, rest, exprs)?;
            lower(part, more, exprs)
        }
        _ => {
            let what = "an anchor or look-ahead cannot be repeated a counted number of times: \
                        write it outside the repetition";
            Err(unsupported(offset, what))
        }
    }
}

/// The fewest bytes of a part and the `behind` that follow it, if those decide each assertion of
/// the part: a look-ahead is decided by text that is no shorter than the longest that it asks for.
fn decided(node: &Node, behind: u32, exprs: &mut Exprs) -> Option<u32> {
    match node {
        Node::Text(text) => Some(behind.saturating_add(u32::try_from(text.len()).ok()?)),
        Node::Plain(expr) => Some(behind.saturating_add(exprs.lengths(*expr).least)),
        Node::Assert(Assertion::Ahead(part) | Assertion::NotAhead(part), _) => {
            let ahead = part.plain(exprs)?;
            exprs.lengths(ahead).most.filter(|&most| most <= behind).and(Some(behind))
        }
        Node::Assert(..) => None,
        Node::Concat(parts) => {
            parts.iter().rev().try_fold(behind, |behind, part| decided(part, behind, exprs))
        }
        Node::Or(parts) => parts.iter().try_fold(u32::MAX, |least, part| {
            decided(part, behind, exprs).map(|length| length.min(least))
        }),
        Node::Repeat(part, count, _) => {
            let length = decided(part, 0, exprs)?;
            Some(behind.saturating_add(length.saturating_mul(count.min)))
        }
    }
}

/// Up to `max` runs of a part whose assertions are anchors of the text.
///
/// Past the first byte, `^` cannot hold and `$` holds in the last run alone. So all runs but the
/// first and the last are free of anchors, which makes them a repetition again.
fn lower_run(
    part: &Node,
    max: Option<u32>,
    offset: usize,
    rest: Rest,
    exprs: &mut Exprs,
) -> Result<Rest, PatternError> {
    check_runs(part)?;
    if rest.after_newline != rest.within {
        let what = "a line anchor cannot follow a repetition that has anchors: write it first";
        return Err(unsupported(offset, what));
    }
    let (free, last) = (without_anchors(part, exprs), lower(part, Rest::END, exprs)?.within);
    let mut moved = |max: Option<u32>| {
        let all = exprs.repeat(free, Count { min: 0, max });
        let all = exprs.concat([all, rest.within]);
        if max == Some(0) || !exprs.is_nullable(rest.within) {
            return all;
        }
        let but_last = exprs.repeat(free, Count { min: 0, max: max.map(|max| max - 1) });
        let to_end = exprs.concat([but_last, last]);
        exprs.or([all, to_end])
    };
    let (later, within) = (moved(max.map(|max| max.saturating_sub(1))), moved(max));
    let later = Rest { at_start: rest.at_start, ..Rest::same(later) };
    let first = lower(part, later, exprs)?.at_start;
    let at_start = exprs.or([rest.at_start, first]);
    Ok(Rest { at_start, ..Rest::same(within) })
}

/// Refuses what a run cannot hold exactly.
fn check_runs(node: &Node) -> Result<(), PatternError> {
    match node {
        Node::Text(_) | Node::Plain(_) => Ok(()),
        Node::Assert(Assertion::TextStart | Assertion::TextEnd, _) => Ok(()),
        Node::Assert(_, offset) => {
            let what = "a look-ahead or line anchor cannot be repeated, unless what follows it in \
                        the repetition decides it: write it outside";
            Err(unsupported(*offset, what))
        }
        Node::Concat(parts) | Node::Or(parts) => parts.iter().try_for_each(check_runs),
        Node::Repeat(part, ..) => check_runs(part),
    }
}

/// What a part matches where no anchor of it can hold.
fn without_anchors(node: &Node, exprs: &mut Exprs) -> ExprId {
    match node {
        Node::Text(text) => exprs.literal(text),
        Node::Plain(expr) => *expr,
        Node::Assert(..) => ExprId::NOTHING,
        Node::Concat(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| without_anchors(part, exprs)).collect();
            exprs.concat(parts)
        }
        Node::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| without_anchors(part, exprs)).collect();
            exprs.or(parts)
        }
        Node::Repeat(part, count, _) => {
            let part = without_anchors(part, exprs);
            exprs.repeat(part, *count)
        }
    }
}

fn unsupported(offset: usize, what: &str) -> PatternError {
    PatternError { offset, kind: PatternErrorKind::Unsupported(what.to_owned()) }
}
