//! Look-ahead behind rules: what follows each call is constrained, where that decides it.
//!
//! `r ::= body (=X)` says that the text behind `r` begins with a text of X. XGrammar takes the word
//! of the grammar for it. Here each call of `r` must be followed, in the same sequence, by a regular
//! part that is no shorter than the longest text of X; that part is then intersected with X and
//! anything behind. Where nothing such follows, the rule is refused.

use std::collections::BTreeMap;

use super::inline::{Asking, Inliner};
use super::parser::RuleSource;
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Body, RuleId};
use crate::regex::ExprId;

/// The rules that have a look-ahead.
type Ahead<'r> = BTreeMap<RuleId, &'r RuleSource>;

/// The bodies of the rules, in their order, with what follows the calls of rules with a look-ahead
/// constrained.
///
/// # Errors
/// [`GrammarError::Unsupported`] where a call is not followed by a regular part, or that part may
/// end before the look-ahead is decided.
pub(super) fn constrained_bodies(
    rules: &[RuleSource],
    start: RuleId,
    draft: &mut Draft<'_>,
) -> Result<Vec<Body>, GrammarError> {
    let with = rules.iter().filter(|rule| rule.lookahead.is_some());
    let ahead: Ahead<'_> = with.map(|rule| (rule.id, rule)).collect();
    if ahead.is_empty() {
        return Ok(rules.iter().map(|rule| rule.body.clone()).collect());
    }
    if let Some(rule) = ahead.get(&start) {
        return Err(undecided(rule, draft));
    }
    let mut inliner = Inliner::new(rules);
    rules.iter().map(|rule| with_lookahead(&rule.body, &ahead, &mut inliner, draft)).collect()
}

/// The body with what follows its calls constrained.
fn with_lookahead(
    body: &Body,
    ahead: &Ahead<'_>,
    inliner: &mut Inliner<'_>,
    draft: &mut Draft<'_>,
) -> Result<Body, GrammarError> {
    match body {
        Body::Call(id, _) => match ahead.get(id) {
            Some(rule) => Err(undecided(rule, draft)),
            None => Ok(body.clone()),
        },
        Body::Choice(parts) => {
            let parts = parts.iter().map(|part| with_lookahead(part, ahead, inliner, draft));
            Ok(Body::Choice(parts.collect::<Result<_, _>>()?))
        }
        Body::Repeat(part, count) => {
            let part = with_lookahead(part, ahead, inliner, draft)?;
            Ok(Body::Repeat(Box::new(part), *count))
        }
        Body::Sequence(parts) => sequence(parts, ahead, inliner, draft),
        Body::Terminal(_) | Body::Schema(_) | Body::Token(_) | Body::When(..) => Ok(body.clone()),
    }
}

/// A sequence in which each call of a rule with a look-ahead is followed by what decides it.
fn sequence(
    parts: &[Body],
    ahead: &Ahead<'_>,
    inliner: &mut Inliner<'_>,
    draft: &mut Draft<'_>,
) -> Result<Body, GrammarError> {
    let mut done: Vec<Body> = Vec::with_capacity(parts.len());
    let mut before: Option<&RuleSource> = None;
    for part in parts {
        let rule = match part {
            Body::Call(id, _) => ahead.get(id).copied(),
            _ => None,
        };
        let next = match (before, rule) {
            (Some(before), None) => constrained(part, before, inliner, draft)?,
            (Some(before), Some(_)) => return Err(undecided(before, draft)),
            (None, Some(_)) => part.clone(),
            (None, None) => with_lookahead(part, ahead, inliner, draft)?,
        };
        done.push(next);
        before = rule;
    }
    match before {
        Some(rule) => Err(undecided(rule, draft)),
        None => Ok(Body::Sequence(done)),
    }
}

/// What follows a rule with a look-ahead, so that the look-ahead holds.
fn constrained(
    part: &Body,
    rule: &RuleSource,
    inliner: &mut Inliner<'_>,
    draft: &mut Draft<'_>,
) -> Result<Body, GrammarError> {
    let Some(lookahead) = &rule.lookahead else {
        return Ok(part.clone());
    };
    let asking = Asking { what: "a look-ahead and what follows it", offset: lookahead.offset };
    let ahead = inliner.expr(&lookahead.body, asking, draft)?;
    let text = inliner.expr(part, asking, draft)?;
    let beginning = draft.exprs.concat([ahead, ExprId::ANYTHING]);
    // A text decides once it is no beginning of a longer look-ahead: here, by its length.
    let (least, most) = (draft.exprs.lengths(text).least, draft.exprs.lengths(ahead).most);
    if most.is_none_or(|most| least < most) {
        return Err(undecided(rule, draft));
    }
    Ok(Body::terminal(draft.exprs.and([text, beginning])))
}

fn undecided(rule: &RuleSource, draft: &Draft<'_>) -> GrammarError {
    let offset = rule.lookahead.as_ref().map_or(rule.offset, |lookahead| lookahead.offset);
    let what = "this look-ahead is not decided by what follows the rule: write what may follow \
                behind each call";
    draft.unsupported(offset, what)
}
