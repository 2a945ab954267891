//! Rules that end as soon as they can: `lazy`, and `stop=` or `suffix=` with a marker.
//!
//! `head[lazy]: TEXT "<tool>"` and `head[suffix="<tool>"]: TEXT` match the same texts: all that end
//! with the first `<tool>` in them.

use super::lower::Lowering;
use super::parser::shown;
use super::syntax::{Definition, Kind, Node};
use crate::grammar::rules::{Body, Ends, Terminal};
use crate::grammar::{GrammarError, TokenPattern};
use crate::regex::{Count, ExprId};

/// The body of a rule that ends early, and the marker it ends with.
///
/// Such a rule is one terminal: the texts of the body with the marker, none of whose beginnings is
/// one too. When its characters or tokens are used up, a rule with a marker
/// also ends where its body may.
pub(super) fn body(
    definition: &Definition,
    lowering: &mut Lowering,
) -> Result<(Body, Option<ExprId>), GrammarError> {
    let name = shown(&definition.name.text);
    let within = format!("rule {name:?}, which ends early");
    let attributes = &definition.attributes;
    let marker = attributes.marker.as_ref().and_then(|marker| marker.node.as_ref());
    if let Some((before, token)) = ending_token(&definition.body)
        && marker.is_none()
    {
        return at_token(before, token, &within, lowering).map(|body| (body, None));
    }
    let text = lowering.terminals.expression(&definition.body, &within, lowering.draft)?;
    let marker = match marker {
        Some(node) => Some(lowering.terminals.expression(node, &within, lowering.draft)?),
        None => None,
    };
    lowering.draft.spend(&[text, marker.unwrap_or(ExprId::EMPTY)], definition.name.offset)?;
    let exprs = &mut lowering.draft.exprs;
    let whole = exprs.concat([text, marker.unwrap_or(ExprId::EMPTY)]);
    let mut expr = exprs.shortest_matches(whole);
    if let Some(max) = attributes.max_chars.filter(|_| marker.is_some()) {
        let char = exprs.any_char();
        let used_up = exprs.repeat(char, Count { min: max, max: None });
        let unmarked = exprs.and([text, used_up]);
        let any = exprs.or([expr, unmarked]);
        expr = exprs.shortest_matches(any);
    }
    if exprs.is_nullable(expr) {
        return Ok((Body::terminal(ExprId::EMPTY), marker));
    }
    let ended = Body::Terminal(Terminal { expr, ends: Ends::AtFirst });
    let unmarked = match (attributes.max_tokens, marker) {
        (None, _) => None,
        (Some(_), Some(_)) => Some(text),
        (Some(_), None) => before_last(&definition.body, &within, lowering)?,
    };
    let body = match unmarked {
        None => ended,
        Some(expr) => {
            let used_up = Body::Terminal(Terminal { expr, ends: Ends::OutOfBudget });
            Body::Choice(vec![ended, used_up])
        }
    };
    Ok((body, marker))
}

/// What stands before the last part of a body in several parts: the part that it is to end with.
fn before_last(
    body: &Node,
    within: &str,
    lowering: &mut Lowering,
) -> Result<Option<ExprId>, GrammarError> {
    let Kind::Sequence(parts) = &body.bare().kind else {
        return Ok(None);
    };
    let (_, before) = parts.split_last().unwrap_or((body, &[]));
    let mut exprs = Vec::with_capacity(before.len());
    for part in before {
        exprs.push(lowering.terminals.expression(part, within, lowering.draft)?);
    }
    Ok(Some(lowering.draft.exprs.concat(exprs)))
}

/// A body that a token ends: what stands before it, and the token.
fn ending_token(body: &Node) -> Option<(&[Node], &Node)> {
    match &body.bare().kind {
        Kind::Token(_) => Some((&[], body.bare())),
        Kind::Sequence(parts) => {
            let (last, before) = parts.split_last()?;
            matches!(last.kind, Kind::Token(_)).then_some((before, last))
        }
        _ => None,
    }
}

/// No text holds a token, so that the text before it needs no haste to end there.
fn at_token(
    before: &[Node],
    token: &Node,
    within: &str,
    lowering: &mut Lowering,
) -> Result<Body, GrammarError> {
    let Kind::Token(pattern) = &token.kind else { return Ok(Body::EMPTY) };
    if matches!(pattern, TokenPattern::Not(_)) {
        let what = format!("all tokens but some in {within}: name those that end it");
        return Err(lowering.draft.unsupported(token.offset, what));
    }
    let mut parts = Vec::new();
    for part in before {
        let expr = lowering.terminals.expression(part, within, lowering.draft)?;
        parts.push(Body::terminal(expr));
    }
    let exprs: Vec<ExprId> = parts.iter().filter_map(Body::expr).collect();
    lowering.draft.spend(&exprs, token.offset)?;
    parts.push(lowering.draft.token(pattern.clone(), token.offset));
    Ok(lowering.draft.sequence(parts))
}
