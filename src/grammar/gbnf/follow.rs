//! Look-ahead behind rules: what follows each call is constrained, where that decides it.
//!
//! `r ::= body (=X)` says that the text behind `r` begins with a text of X. XGrammar takes the word
//! of the grammar for it. Here each call of `r` must be followed, in the same sequence, by a regular
//! part that is no shorter than the longest text of X; that part is then intersected with X and
//! anything behind. At the end of a rule with the same look-ahead, `r` may stand as well: the calls
//! of that rule decide it. Where nothing such follows, the rule is refused.
//!
//! Behind the whole text nothing follows, and no look-ahead asks for more, as in XGrammar.

use std::collections::BTreeMap;

use super::inline::{Asking, Inliner};
use super::parser::RuleSource;
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Body, RuleId};
use crate::regex::{Count, ExprId};

/// Constrains what follows the calls of rules that have a look-ahead.
struct Follower<'r, 'd, 's> {
    /// The rules that have a look-ahead.
    ahead: BTreeMap<RuleId, &'r RuleSource>,
    inliner: Inliner<'r>,
    draft: &'d mut Draft<'s>,
}

/// What is known of what follows a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing: the text ends.
    Text,
    /// What begins with a text of this.
    Ahead(ExprId),
    /// This or that.
    Unknown,
}

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
    let ahead: BTreeMap<RuleId, &RuleSource> = with.map(|rule| (rule.id, rule)).collect();
    if ahead.is_empty() {
        return Ok(rules.iter().map(|rule| rule.body.clone()).collect());
    }
    let is_start_called = rules.iter().any(|rule| calls(&rule.body, start));
    let mut follower = Follower { ahead, inliner: Inliner::new(rules), draft };
    let mut bodies = Vec::with_capacity(rules.len());
    for rule in rules {
        let end = match rule.lookahead {
            _ if rule.id == start && !is_start_called => End::Text,
            Some(_) => End::Ahead(follower.ahead_of(rule)?),
            None => End::Unknown,
        };
        bodies.push(follower.body(&rule.body, end)?);
    }
    Ok(bodies)
}

impl Follower<'_, '_, '_> {
    /// The body with what follows its calls constrained.
    fn body(&mut self, body: &Body, end: End) -> Result<Body, GrammarError> {
        match body {
            Body::Call(id, _) => match self.ahead.get(id).copied() {
                Some(rule) if end != End::Text && end != End::Ahead(self.ahead_of(rule)?) => {
                    Err(self.undecided(rule))
                }
                _ => Ok(body.clone()),
            },
            Body::Choice(parts) => {
                let parts = parts.iter().map(|part| self.body(part, end));
                Ok(Body::Choice(parts.collect::<Result<_, _>>()?))
            }
            Body::Repeat(part, count) => {
                // Behind one repetition the next may stand.
                let end = if *count == Count::OPTIONAL { end } else { End::Unknown };
                Ok(Body::Repeat(Box::new(self.body(part, end)?), *count))
            }
            Body::Sequence(parts) => self.sequence(parts, end),
            Body::Terminal(_) | Body::Schema(_) | Body::Token(_) | Body::When(..) => {
                Ok(body.clone())
            }
        }
    }

    /// A sequence in which each call of a rule with a look-ahead is followed by what decides it.
    fn sequence(&mut self, parts: &[Body], end: End) -> Result<Body, GrammarError> {
        let mut done: Vec<Body> = Vec::with_capacity(parts.len());
        let mut before: Option<&RuleSource> = None;
        for (index, part) in parts.iter().enumerate() {
            let is_last = index + 1 == parts.len();
            let rule = match part {
                Body::Call(id, _) if !is_last => self.ahead.get(id).copied(),
                _ => None,
            };
            let next = match (before, rule) {
                (Some(before), None) => self.constrained(part, before)?,
                (Some(before), Some(_)) => return Err(self.undecided(before)),
                (None, Some(_)) => part.clone(),
                (None, None) => self.body(part, if is_last { end } else { End::Unknown })?,
            };
            done.push(next);
            before = rule;
        }
        Ok(Body::Sequence(done))
    }

    /// What follows a rule with a look-ahead, so that the look-ahead holds.
    fn constrained(&mut self, part: &Body, rule: &RuleSource) -> Result<Body, GrammarError> {
        let ahead = self.ahead_of(rule)?;
        let text = self.inliner.expr(part, asking(rule), self.draft)?;
        let beginning = self.draft.exprs.concat([ahead, ExprId::ANYTHING]);
        // A text decides once it is no beginning of a longer look-ahead: here, by its length.
        let exprs = &mut self.draft.exprs;
        let (least, most) = (exprs.lengths(text).least, exprs.lengths(ahead).most);
        if most.is_none_or(|most| least < most) {
            return Err(self.undecided(rule));
        }
        Ok(Body::terminal(exprs.and([text, beginning])))
    }

    /// What a rule with a look-ahead asks for.
    fn ahead_of(&mut self, rule: &RuleSource) -> Result<ExprId, GrammarError> {
        match &rule.lookahead {
            Some(lookahead) => self.inliner.expr(&lookahead.body, asking(rule), self.draft),
            None => Ok(ExprId::EMPTY),
        }
    }

    /// The refusal of a rule that cannot tell by what follows where it ends.
    fn undecided(&self, rule: &RuleSource) -> GrammarError {
        let what = "this look-ahead is not decided by what follows the rule: write what may follow \
                    behind each call";
        self.draft.unsupported(asking(rule).offset, what)
    }
}

/// Who asks for an expression: the look-ahead of a rule.
fn asking(rule: &RuleSource) -> Asking<'static> {
    let offset = rule.lookahead.as_ref().map_or(rule.offset, |lookahead| lookahead.offset);
    Asking { what: "a look-ahead and what follows it", offset }
}

/// Whether a rule is called in a body. Recursion is as deep as groups are nested.
fn calls(body: &Body, rule: RuleId) -> bool {
    match body {
        Body::Call(callee, _) => *callee == rule,
        Body::Sequence(parts) | Body::Choice(parts) => parts.iter().any(|part| calls(part, rule)),
        Body::Repeat(part, _) | Body::When(_, part) => calls(part, rule),
        Body::Terminal(_) | Body::Schema(_) | Body::Token(_) => false,
    }
}
