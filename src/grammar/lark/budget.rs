//! `max_chars=`: a rule ends when so many characters are used up, or where it next may.
//!
//! `r[max_chars=3]: /([a-z]+ )+/` matches `ab ` and `a bc `, as it cannot end with `a b`; it does not
//! match `ab c `, as it ended before. Characters are counted by an expression, so that the rule has
//! to be one: the rules it calls are written into it.

use std::collections::BTreeMap;

use super::lower::Lowered;
use super::parser::shown;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Attributes, Body, RuleId};
use crate::grammar::{GrammarError, Parameter};
use crate::regex::{Count, ExprId, Exprs};

/// Bounds the rules that have a budget. Those that end early have theirs already.
pub(super) fn apply(rules: &mut [Lowered], draft: &mut Draft) -> Result<(), GrammarError> {
    let index = rules.iter().enumerate().map(|(index, rule)| (rule.id, index)).collect();
    let mut known = vec![Known::Unseen; rules.len()];
    for rule in 0..rules.len() {
        let Some(max) = max_chars(&rules[rule]) else { continue };
        let offset = rules[rule].definition.name.offset;
        let mut regular = Regular { rules, index: &index, known: &mut known, draft, offset };
        let found = regular.body(&rules[rule].body, 1)?;
        let Some((expr, _)) = found else {
            let name = &rules[rule].definition.name;
            let what = format!(
                "max_chars on rule {:?}, which is not made of text alone: it may hold no recursion, \
                 token, condition, inner grammar, or rule with attributes but max_chars",
                shown(&name.text)
            );
            return Err(draft.unsupported(offset, what));
        };
        let expr = bounded(expr, max, &mut draft.exprs);
        known[rule] = Known::Regular(expr, 1);
        rules[rule].body = Body::terminal(expr);
    }
    Ok(())
}

/// The budget of a rule that is not bounded yet.
fn max_chars(rule: &Lowered) -> Option<u32> {
    let attributes = &rule.definition.attributes;
    attributes.max_chars.filter(|_| !attributes.ends_early())
}

/// The texts of at most `max` characters; of the longer ones, those that end where they first may.
fn bounded(expr: ExprId, max: u32, exprs: &mut Exprs) -> ExprId {
    let char = exprs.any_char();
    let within = exprs.repeat(char, Count { min: 0, max: Some(max) });
    let within = exprs.and([expr, within]);
    let used_up = exprs.repeat(char, Count { min: max, max: None });
    let used_up = exprs.and([expr, used_up]);
    let first_end = exprs.shortest_matches(used_up);
    exprs.or([within, first_end])
}

/// What is known of whether a rule is regular.
#[derive(Debug, Clone, Copy)]
enum Known {
    Unseen,
    /// It is being looked at: it would be made of itself.
    Open,
    /// With how deep it is nested.
    Regular(ExprId, usize),
    Irregular,
}

/// Rules as expressions, where they are regular.
#[derive(Debug)]
struct Regular<'r, 'g, 's> {
    rules: &'r [Lowered<'g>],
    index: &'r BTreeMap<RuleId, usize>,
    known: &'r mut [Known],
    draft: &'r mut Draft<'s>,
    /// Where the rule with the budget is defined.
    offset: usize,
}

impl Regular<'_, '_, '_> {
    /// The expression of a body and how deep it is nested, at a depth of the work itself.
    fn body(&mut self, body: &Body, depth: usize) -> Result<Option<(ExprId, usize)>, GrammarError> {
        self.draft.check_depth(depth, self.offset)?;
        let parts = match body {
            Body::Terminal(_) => return Ok(body.expr().map(|expr| (expr, 0))),
            Body::Schema(_) => return Ok(None),
            Body::Call(rule, Parameter::Constant(0)) => return self.rule(*rule, depth),
            Body::Repeat(part, count) => {
                let part = self.body(part, depth + 1)?;
                return Ok(
                    part.map(|(expr, height)| (self.draft.exprs.repeat(expr, *count), height + 1))
                );
            }
            Body::Sequence(parts) | Body::Choice(parts) => parts,
            Body::Token(_) | Body::Call(..) | Body::When(..) => return Ok(None),
        };
        let mut exprs = Vec::new();
        let mut height = 0;
        for part in parts {
            let Some((expr, of_part)) = self.body(part, depth + 1)? else { return Ok(None) };
            exprs.push(expr);
            height = height.max(of_part + 1);
        }
        self.draft.spend(&exprs, self.offset)?;
        let expr = match body {
            Body::Choice(_) => self.draft.exprs.or(exprs),
            _ => self.draft.exprs.concat(exprs),
        };
        Ok(Some((expr, height)))
    }

    /// The same of a rule without parameter, of this grammar, and without attributes that would be
    /// lost in the rule around.
    fn rule(&mut self, id: RuleId, depth: usize) -> Result<Option<(ExprId, usize)>, GrammarError> {
        let Some(&index) = self.index.get(&id) else { return Ok(None) };
        let rules = self.rules;
        let rule = &rules[index];
        match self.known[index] {
            Known::Unseen => {}
            Known::Regular(expr, height) => return Ok(Some((expr, height))),
            Known::Open | Known::Irregular => return Ok(None),
        }
        self.known[index] = Known::Open;
        let is_plain = rule.attributes == Attributes::default();
        let found = if is_plain { self.body(&rule.body, depth + 1)? } else { None };
        let found = match (found, max_chars(rule)) {
            (Some((expr, height)), Some(max)) => {
                Some((bounded(expr, max, &mut self.draft.exprs), height + 2))
            }
            (found, _) => found,
        };
        self.known[index] = match found {
            Some((expr, height)) => {
                self.draft.check_depth(height, rule.definition.name.offset)?;
                Known::Regular(expr, height)
            }
            None => Known::Irregular,
        };
        Ok(found)
    }
}
