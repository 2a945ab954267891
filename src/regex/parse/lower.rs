//! What a pattern matches, its assertions decided by the text around them.
//!
//! An assertion speaks of the text around it, and matches none itself. So a pattern is lowered from
//! its end: each part is given [`Cases`] of all that follows it. A look-ahead is an intersection with
//! what follows, an anchor or a look-behind a case of what stands before.
//!
//! | part | with the cases R behind it |
//! |---|---|
//! | text or expression p | p before each of R |
//! | `(?=X)` | R, each also X and anything |
//! | `(?!X)` | R, each not X and anything |
//! | `(?<=X)`, `(?<!X)` | R, where what stands before ends with X, or does not |
//! | `^` | R, where nothing stands before |
//! | `$` | what of R is empty |
//! | `\b` | both of: R behind a word character and not before one, and the other way round |
//!
//! Recursion is as deep as the pattern's groups are nested, which the parser limits.

use super::cases::{Before, Cases, Entangled};
use super::node::{Assertion, Node};
use super::repeat::lower_repeat;
use super::{PatternError, PatternErrorKind};
use crate::regex::byte_set::ByteSet;
use crate::regex::expr::{ExprId, Exprs};
use crate::regex::length::Unit;

/// Cases are gone through for each part; patterns that are written by people need less than ten.
const MOST_CASES: usize = 256;
/// A negative look-ahead that itself asks so many things of what stands before is one of 2 to that
/// power cases.
const MOST_NEGATED: usize = 6;

/// The texts of a part and what follows it.
///
/// Law: with the empty text behind, what is found at the start are the texts of which the part,
/// assertions asked of the text, matches all. `assertions_are_what_the_text_says` holds it.
///
/// From right to left, as what follows is known then and what stands before becomes cases.
///
/// # Errors
/// [`PatternErrorKind::Unsupported`] where assertions overlap in a way that is not told apart.
pub(super) fn lower(node: &Node, rest: Cases, exprs: &mut Exprs) -> Result<Cases, PatternError> {
    Ok(match node {
        Node::Text(text) => {
            let text = exprs.literal(text);
            rest.behind(text, exprs)
        }
        Node::Plain(expr) => rest.behind(*expr, exprs),
        Node::Assert(assertion, offset) => lower_assertion(assertion, *offset, rest, exprs)?,
        Node::Concat(parts) => {
            let mut rest = rest;
            for part in parts.iter().rev() {
                rest = lower(part, rest, exprs)?;
            }
            rest
        }
        Node::Or(parts) => {
            let mut any = Cases::of(ExprId::NOTHING);
            for part in parts {
                any = lower(part, rest.clone(), exprs)?.or(any, exprs);
                check_cases(&any)?;
            }
            any
        }
        Node::Repeat(part, count, offset) => lower_repeat(part, *count, *offset, rest, exprs)?,
    })
}

/// Refuses a look-ahead with nothing behind it, which a pattern for a whole text cannot mean.
pub(super) fn check_end(node: &Node) -> Result<(), PatternError> {
    match node {
        Node::Text(_) | Node::Plain(_) => Ok(()),
        Node::Assert(Assertion::Ahead(_) | Assertion::NotAhead(_), offset) => {
            let what =
                "nothing follows this look-ahead, as the whole text is matched: leave it out";
            Err(unsupported(*offset, what))
        }
        Node::Assert(..) => Ok(()),
        Node::Concat(parts) => {
            let last = parts.iter().rposition(|part| !matches!(part, Node::Assert(..)));
            parts[last.unwrap_or(0)..].iter().try_for_each(check_end)
        }
        Node::Or(parts) => parts.iter().try_for_each(check_end),
        Node::Repeat(part, ..) => check_end(part),
    }
}

/// What follows where the assertion at byte `offset` holds.
///
/// Those that look ahead change what follows, those that look behind the condition under which it
/// follows.
fn lower_assertion(
    assertion: &Assertion,
    offset: usize,
    rest: Cases,
    exprs: &mut Exprs,
) -> Result<Cases, PatternError> {
    let is_met = match assertion {
        Assertion::TextStart => {
            Ok(rest.after(Before { language: ExprId::EMPTY, reach: Some(1) }, exprs))
        }
        Assertion::LineStart => {
            let newline = exprs.literal(b"\n");
            let line = exprs.concat([ExprId::ANYTHING, newline]);
            let language = exprs.or([ExprId::EMPTY, line]);
            Ok(rest.after(Before { language, reach: Some(1) }, exprs))
        }
        Assertion::TextEnd => Ok(rest.at_end(exprs)),
        Assertion::LineEnd => {
            let newline = exprs.literal(b"\n");
            let line = exprs.concat([newline, ExprId::ANYTHING]);
            let end = exprs.or([ExprId::EMPTY, line]);
            rest.ahead(end, Some(1), exprs)
        }
        Assertion::Ahead(part) => return lower_ahead(part, offset, rest, exprs),
        Assertion::NotAhead(part) => return lower_not_ahead(part, offset, rest, exprs),
        Assertion::Behind(part) => {
            let before = before(part, offset, exprs)?;
            Ok(rest.after(before, exprs))
        }
        Assertion::NotBehind(part) => {
            let before = before(part, offset, exprs)?.negated(exprs);
            Ok(rest.after(before, exprs))
        }
        Assertion::Boundary => lower_boundary(rest, exprs, |before, ahead| before != ahead),
        Assertion::NotBoundary => lower_boundary(rest, exprs, |before, ahead| before == ahead),
    };
    is_met.map_err(|Entangled| entangled(offset))
}

/// A look-ahead: what follows is also what it asks for and anything behind. It may itself ask for
/// something before, as in `(?=^a)`.
fn lower_ahead(
    part: &Node,
    offset: usize,
    rest: Cases,
    exprs: &mut Exprs,
) -> Result<Cases, PatternError> {
    let reach = reach_ahead(part, exprs);
    let mut any = Cases::of(ExprId::NOTHING);
    for (before, ahead) in asked(part, offset, exprs)? {
        let mut met =
            rest.clone().ahead(ahead, reach, exprs).map_err(|Entangled| entangled(offset))?;
        if let Some(before) = before {
            met = met.after(before, exprs);
        }
        any = any.or(met, exprs);
        check_cases(&any)?;
    }
    Ok(any)
}

/// A negative look-ahead. For each way in which its part might match, what stands before or what
/// follows must be other: that are as many cases as there are choices.
fn lower_not_ahead(
    part: &Node,
    offset: usize,
    rest: Cases,
    exprs: &mut Exprs,
) -> Result<Cases, PatternError> {
    let reach = reach_ahead(part, exprs);
    let mut cases = rest;
    let ways = asked(part, offset, exprs)?;
    if ways.iter().filter(|(before, _)| before.is_some()).count() > MOST_NEGATED {
        return Err(entangled(offset));
    }
    for (before, ahead) in ways {
        let other = exprs.not(ahead);
        let otherwise = before.map(|before| {
            let before = before.negated(exprs);
            cases.clone().after(before, exprs)
        });
        cases = cases.ahead(other, reach, exprs).map_err(|Entangled| entangled(offset))?;
        if let Some(otherwise) = otherwise {
            cases = cases.or(otherwise, exprs);
        }
        check_cases(&cases)?;
    }
    Ok(cases)
}

/// The ways in which the part of a look-ahead matches: what it asks before, and what follows.
///
/// It may ask for something before only at its own begin, as `(?=^a)` does: text between what is asked
/// and what follows would have to be in two expressions at once.
fn asked(
    part: &Node,
    offset: usize,
    exprs: &mut Exprs,
) -> Result<Vec<(Option<Before>, ExprId)>, PatternError> {
    let ways = lower(part, Cases::of(ExprId::ANYTHING), exprs)?;
    ways.pairs().ok_or_else(|| entangled(offset))
}

/// What a look-behind asks of the text before it: that it ends with its part.
fn before(part: &Node, offset: usize, exprs: &mut Exprs) -> Result<Before, PatternError> {
    if decided(part, 0, exprs).is_none() {
        let what = "a look-behind cannot look at what follows it: write that behind it instead";
        return Err(unsupported(offset, what));
    }
    let cases = lower(part, Cases::of(ExprId::EMPTY), exprs)?;
    let text = exprs.any_text();
    let language = cases.behind(text, exprs).at_start(exprs);
    // An anchor, or a look-behind of its own, sees past what it matches.
    let own = part.longest(Unit::Chars, exprs);
    let reach = own.filter(|_| !looks_behind(part)).map(|longest| longest.max(1));
    Ok(Before { language, reach })
}

/// Cases by whether a word character stands before: `is_right` says of which sides that is asked.
///
/// Word characters are those of ASCII in ECMA-262, without the flag `i` (section 22.2.2.9.3), so that
/// one byte on each side tells.
fn lower_boundary(
    rest: Cases,
    exprs: &mut Exprs,
    is_right: fn(bool, bool) -> bool,
) -> Result<Cases, Entangled> {
    let letters = [ByteSet::range(b'a', b'z'), ByteSet::range(b'A', b'Z')];
    let others = [ByteSet::range(b'0', b'9'), ByteSet::range(b'_', b'_')];
    let word = letters.into_iter().chain(others).fold(ByteSet::NONE, ByteSet::union);
    let word = exprs.byte(word);
    let ahead = exprs.concat([word, ExprId::ANYTHING]);
    let language = exprs.concat([ExprId::ANYTHING, word]);
    let before = Before { language, reach: Some(1) };
    let (not_ahead, not_before) = (exprs.not(ahead), before.negated(exprs));
    let mut any = Cases::of(ExprId::NOTHING);
    for (is_before, before) in [(true, before), (false, not_before)] {
        for (is_ahead, ahead) in [(true, ahead), (false, not_ahead)] {
            if is_right(is_before, is_ahead) {
                let met = rest.clone().ahead(ahead, Some(1), exprs)?.after(before, exprs);
                any = any.or(met, exprs);
            }
        }
    }
    Ok(any)
}

/// The fewest bytes of a part and the `behind` that follow it, if those decide each assertion of
/// the part that looks ahead: one is decided by text that is no shorter than the longest that it
/// asks for.
pub(super) fn decided(node: &Node, behind: u32, exprs: &mut Exprs) -> Option<u32> {
    match node {
        Node::Text(text) => Some(behind.saturating_add(u32::try_from(text.len()).ok()?)),
        Node::Plain(expr) => Some(behind.saturating_add(exprs.lengths(*expr).least)),
        Node::Assert(assertion, _) => match assertion {
            Assertion::Ahead(part) | Assertion::NotAhead(part) => {
                reach_ahead(part, exprs).filter(|&most| most <= behind).and(Some(behind))
            }
            Assertion::Boundary | Assertion::NotBoundary => (behind > 0).then_some(behind),
            Assertion::TextEnd | Assertion::LineEnd => None,
            _ => Some(behind),
        },
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

/// The bytes that decide a look-ahead for a part; `None` where it takes all that follows.
fn reach_ahead(part: &Node, exprs: &mut Exprs) -> Option<u32> {
    decided(part, 0, exprs)?;
    part.longest(Unit::Bytes, exprs)
}

/// Whether a part has an assertion about what stands before it.
///
/// Then its texts are not all that decides where it matches, and their length tells nothing.
fn looks_behind(node: &Node) -> bool {
    match node {
        Node::Text(_) | Node::Plain(_) => false,
        Node::Assert(assertion, _) => match assertion {
            Assertion::Ahead(part) | Assertion::NotAhead(part) => looks_behind(part),
            Assertion::TextEnd | Assertion::LineEnd => false,
            _ => true,
        },
        Node::Concat(parts) | Node::Or(parts) => parts.iter().any(looks_behind),
        Node::Repeat(part, ..) => looks_behind(part),
    }
}

/// Refuses a pattern whose look-behinds multiply, as in `(?:(?<=a)|(?<=b))` a hundred times.
fn check_cases(cases: &Cases) -> Result<(), PatternError> {
    let (value, limit) = (cases.len(), MOST_CASES);
    if value <= limit {
        return Ok(());
    }
    let kind = PatternErrorKind::Limit { what: "look-behinds told apart", value, limit };
    Err(PatternError { offset: 0, kind })
}

/// The refusal of what [`Entangled`] says, with its place.
fn entangled(offset: usize) -> PatternError {
    let what = "this assertion overlaps with a look-behind that reaches past it: write out the \
                texts that are meant";
    unsupported(offset, what)
}

/// The refusal of what some engines have, with its place.
pub(super) fn unsupported(offset: usize, what: &str) -> PatternError {
    PatternError { offset, kind: PatternErrorKind::Unsupported(what.to_owned()) }
}
