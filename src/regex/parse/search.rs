//! Patterns that may occur anywhere in a text, as those of JSON Schema do.
//!
//! The text in front of the first part and behind the last is any text, and the pattern is lowered as if
//! that were written in it. Where the pattern is anchored, the anchor leaves nothing of it.
//!
//! Law: `patterns_occur_where_regress_finds_them`, which compares with an engine of the standard, and
//! `assertions_are_what_the_text_says`, which asks each assertion of the text.

use super::cases::Cases;
use super::lower::lower;
use super::node::Node;
use super::parser::Parser;
use super::{PatternError, PatternLimits, Syntax};
use crate::regex::expr::{Count, Expr, ExprId, Exprs};

/// The well-formed texts in which a pattern occurs.
///
/// Anchors and look-arounds are those of the whole text. A pattern anchored at both ends is the
/// expression of what stands between; where one is open, [`Exprs::any_text`] stands there.
///
/// # Errors
/// [`PatternError`] where the pattern is wrong, not supported, or over a limit.
pub(crate) fn parse_search(
    exprs: &mut Exprs,
    pattern: &str,
    syntax: &Syntax,
    limits: &PatternLimits,
) -> Result<ExprId, PatternError> {
    let node = Parser::new(pattern, syntax, limits, exprs).parse()?;
    let node = trimmed(node, exprs);
    let any = exprs.any_text();
    let found = lower(&node, Cases::of(any), exprs)?;
    Ok(found.behind(any, exprs).at_start(exprs))
}

/// The pattern without what it may match at its ends, or not, beside any text: there it asks for
/// nothing. `^a.*` is `^a`, and `a{2,9}` is `a{2}`.
///
/// Only parts without assertions are cut: what those ask for may be in what is beside them. What is cut
/// is well-formed, as ECMA-262 has no bytes, so that any text takes its place.
fn trimmed(node: Node, exprs: &mut Exprs) -> Node {
    match node {
        Node::Plain(expr) => {
            let end = trimmed_end(expr, exprs);
            Node::Plain(trimmed_start(end, exprs))
        }
        Node::Concat(mut parts) => {
            if let Some(Node::Plain(last)) = parts.last_mut() {
                *last = trimmed_end(*last, exprs);
            }
            if let Some(Node::Plain(first)) = parts.first_mut() {
                *first = trimmed_start(*first, exprs);
            }
            Node::Concat(parts)
        }
        Node::Or(parts) => {
            let parts: Vec<Node> = parts.into_iter().map(|part| trimmed(part, exprs)).collect();
            // Where the empty text will do, the other alternatives add nothing.
            let is_anything = |part: &Node| matches!(part, Node::Plain(ExprId::EMPTY));
            match parts.iter().any(is_anything) {
                true => Node::Plain(ExprId::EMPTY),
                false => Node::Or(parts),
            }
        }
        other => other,
    }
}

/// The least of an expression's end that any text behind completes.
fn trimmed_end(expr: ExprId, exprs: &mut Exprs) -> ExprId {
    let mut parts = spine(expr, exprs);
    while let Some(last) = parts.pop() {
        if exprs.is_nullable(last) {
            continue;
        }
        // What repeats may itself end with what need not be: it is looked at again.
        let least = least_runs(last, exprs);
        if least == last {
            parts.push(last);
            break;
        }
        parts.extend(spine(least, exprs));
    }
    exprs.concat(parts)
}

/// The least of an expression's start that any text before completes.
fn trimmed_start(expr: ExprId, exprs: &mut Exprs) -> ExprId {
    let mut parts = spine(expr, exprs);
    parts.reverse();
    while let Some(first) = parts.pop() {
        if exprs.is_nullable(first) {
            continue;
        }
        let least = least_runs(first, exprs);
        if least == first {
            parts.push(first);
            break;
        }
        parts.extend(spine(least, exprs).into_iter().rev());
    }
    parts.reverse();
    exprs.concat(parts)
}

/// The parts of an expression, one after the other.
fn spine(mut expr: ExprId, exprs: &Exprs) -> Vec<ExprId> {
    let mut parts = Vec::new();
    while let &Expr::Concat(head, tail) = exprs.node(expr) {
        parts.push(head);
        expr = tail;
    }
    parts.push(expr);
    parts
}

/// A repetition as often as it must be.
fn least_runs(expr: ExprId, exprs: &mut Exprs) -> ExprId {
    match *exprs.node(expr) {
        Expr::Repeat(part, Count { min, .. }) => exprs.repeat(part, Count { min, max: Some(min) }),
        _ => expr,
    }
}

#[cfg(test)]
mod tests;
