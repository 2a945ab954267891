//! Repetitions of parts that have assertions.
//!
//! What is asked of the text around one run of a part may reach into the next run, and an expression
//! cannot refer to itself. So each repetition here is one of the forms in which it need not.
//!
//! | form | example | why it is exact |
//! |---|---|---|
//! | decided within | `((?!-)[a-z-]{1,9}(?<!-)\.)*` | a run is an expression of its own |
//! | tempered | `((?!ab).)*$` | each run is one character, so their begins are all places |
//! | at most once | `(a(?=b))?` | with it or without it |
//! | anchored | `(^\|a)*` | past the first run, `^` never holds, and before the last, `$` does not |
//!
//! Of the patterns in the schemas of MaskBench, none needs another.

use super::PatternError;
use super::cases::Cases;
use super::lower::{decided, lower, unsupported};
use super::node::{Assertion, Node};
use crate::regex::expr::{Count, ExprId, Exprs};
use crate::regex::length::{Lengths, Unit};

/// Runs that must be there are written out up to so many: each costs the whole part again, and parts
/// with assertions are long enough as they are.
const WRITTEN_OUT: u32 = 16;

/// A part that has assertions, so many times: as an expression of its own where it decides them,
/// [character by character](tempered), at most once by cases, else as [a run](lower_run).
///
/// # Errors
/// `Unsupported` where an assertion is repeated in another way.
pub(super) fn lower_repeat(
    part: &Node,
    count: Count,
    offset: usize,
    rest: Cases,
    exprs: &mut Exprs,
) -> Result<Cases, PatternError> {
    if count.max == Some(0) {
        return Ok(rest);
    }
    if decided(part, 0, exprs).is_some()
        && let Some(part) = lower(part, Cases::of(ExprId::EMPTY), exprs)?.only_rest()
    {
        let run = exprs.repeat(part, count);
        return Ok(rest.behind(run, exprs));
    }
    if rest == Cases::of(ExprId::EMPTY)
        && let Some(run) = tempered(part, count, exprs)?
    {
        return Ok(Cases::of(run));
    }
    match (count.min, count.max) {
        // An assertion that holds once holds as often as asked for.
        (0, _) if matches!(part, Node::Assert(..)) => {
            Ok(lower(part, rest.clone(), exprs)?.or(rest, exprs))
        }
        (_, _) if matches!(part, Node::Assert(..)) => lower(part, rest, exprs),
        (0, Some(1)) => Ok(lower(part, rest.clone(), exprs)?.or(rest, exprs)),
        (min, max) if min <= WRITTEN_OUT => {
            let more = max.map(|max| max.saturating_sub(min));
            let mut rest = match more {
                Some(0) => rest,
                _ => lower_run(part, more, offset, rest, exprs)?,
            };
            for _ in 0..min {
                rest = lower(part, rest, exprs)?;
            }
            Ok(rest)
        }
        _ => {
            let what = "an anchor or look-ahead cannot be repeated a counted number of times: \
                        write it outside the repetition";
            Err(unsupported(offset, what))
        }
    }
}

/// Runs, up to the end of the text, of one character each behind look-aheads, as in `((?!ab).)*$`:
/// such characters, and nowhere before the end what a look-ahead forbids. `None` for other parts.
fn tempered(part: &Node, count: Count, exprs: &mut Exprs) -> Result<Option<ExprId>, PatternError> {
    let Node::Concat(parts) = part else {
        return Ok(None);
    };
    let Some((Node::Plain(char), asked)) = parts.split_last() else {
        return Ok(None);
    };
    if exprs.lengths_in(Unit::Chars, *char) != (Lengths { least: 1, most: Some(1) }) {
        return Ok(None);
    }
    // What may not follow at the begin of a run: what is forbidden, or all but what is asked for.
    let mut wrong = Vec::new();
    for assertion in asked {
        let Node::Assert(Assertion::Ahead(part) | Assertion::NotAhead(part), _) = assertion else {
            return Ok(None);
        };
        let ahead = lower(part, Cases::of(ExprId::ANYTHING), exprs)?;
        let Some(ahead) = ahead.only_rest() else {
            return Ok(None);
        };
        let is_positive = matches!(assertion, Node::Assert(Assertion::Ahead(_), _));
        wrong.push(if is_positive { exprs.not(ahead) } else { ahead });
    }
    let (wrong, not_empty) = (exprs.or(wrong), exprs.not(ExprId::EMPTY));
    let wrong_before_end = exprs.and([wrong, not_empty]);
    let run = exprs.repeat(*char, count);
    let anywhere = exprs.repeat(*char, Count::ANY);
    let wrong_somewhere = exprs.concat([anywhere, wrong_before_end]);
    let right = exprs.not(wrong_somewhere);
    Ok(Some(exprs.and([run, right])))
}

/// Up to `max` runs of a part whose assertions are anchors of the text.
///
/// Past the first byte, `^` cannot hold and `$` holds in the last run alone. So all runs but the
/// first and the last are free of anchors, which makes them a repetition again. A first run that is
/// empty is as none.
fn lower_run(
    part: &Node,
    max: Option<u32>,
    offset: usize,
    rest: Cases,
    exprs: &mut Exprs,
) -> Result<Cases, PatternError> {
    check_runs(part)?;
    let free = without_anchors(part, exprs);
    let up_to = |max: Option<u32>, fewer: u32| Count {
        min: 0,
        max: max.map(|max| max.saturating_sub(fewer)),
    };
    // The first run is read by its cases below; here are those behind it.
    let run = exprs.repeat(free, up_to(max, 1));
    let mut later = rest.clone().behind(run, exprs);
    if rest.may_end_asking(exprs) {
        let what = "a look-behind cannot follow a repetition that has anchors: write it first";
        return Err(unsupported(offset, what));
    }
    if max != Some(1) && exprs.is_nullable(rest.unasked()) {
        let last = lower(part, Cases::of(ExprId::EMPTY), exprs)?.unasked();
        let but_last = exprs.repeat(free, up_to(max, 2));
        let to_end = exprs.concat([but_last, last]);
        later = later.or(Cases::of(to_end), exprs);
    }
    Ok(lower(part, later, exprs)?.or(rest, exprs))
}

/// Refuses what a run cannot hold exactly.
fn check_runs(node: &Node) -> Result<(), PatternError> {
    match node {
        Node::Text(_) | Node::Plain(_) => Ok(()),
        Node::Assert(Assertion::TextStart | Assertion::TextEnd, _) => Ok(()),
        Node::Assert(_, offset) => {
            let what = "a look-ahead, look-behind or line anchor cannot be repeated, unless what \
                        stands around it in the repetition decides it: write it outside";
            Err(unsupported(*offset, what))
        }
        Node::Concat(parts) | Node::Or(parts) => parts.iter().try_for_each(check_runs),
        Node::Repeat(part, ..) => check_runs(part),
    }
}

/// What a part matches where no anchor of it can hold.
///
/// An anchor that cannot hold is the empty language, which takes what it stands in with it, but not
/// the alternatives beside it.
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
