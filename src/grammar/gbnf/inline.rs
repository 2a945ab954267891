//! Rules as one expression, where they are regular.
//!
//! A lazy rule is one terminal, and so is one with `max_chars`, `suffix` or `stop`: such a rule's body
//! must be one expression, with the rules that it calls put in. Rules that call themselves have none,
//! and tokens are no text.

use std::collections::BTreeMap;

use super::parser::RuleSource;
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Body, RuleId};
use crate::regex::ExprId;

/// Rules that are put into others in place of their names.
#[derive(Debug)]
pub(super) struct Inliner<'r> {
    rules: BTreeMap<RuleId, &'r RuleSource>,
    /// What was found before: a rule may be called from many places.
    done: BTreeMap<RuleId, ExprId>,
    /// The rules that are being put in, outermost first.
    open: Vec<RuleId>,
}

/// What asks for an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    /// How messages call it.
    pub(super) what: &'a str,
    pub(super) offset: usize,
}

impl<'r> Inliner<'r> {
    pub(super) fn new(rules: &'r [RuleSource]) -> Self {
        let rules = rules.iter().map(|rule| (rule.id, rule)).collect();
        Self { rules, done: BTreeMap::new(), open: Vec::new() }
    }

    /// The texts of a body, if it is regular.
    ///
    /// # Errors
    /// [`GrammarError::Unsupported`] at the one who asks, where the body is recursive, has tokens,
    /// or calls rules with options.
    pub(super) fn expr(
        &mut self,
        body: &Body,
        asking: Asking<'_>,
        draft: &mut Draft<'_>,
    ) -> Result<ExprId, GrammarError> {
        let expr = match body {
            Body::Terminal(terminal) => terminal.expr,
            Body::Call(rule, _) => self.rule(*rule, asking, draft)?,
            Body::Sequence(parts) => {
                let parts = self.all(parts, asking, draft)?;
                draft.exprs.concat(parts)
            }
            Body::Choice(parts) => {
                let parts = self.all(parts, asking, draft)?;
                draft.exprs.or(parts)
            }
            Body::Repeat(part, count) => {
                let part = self.expr(part, asking, draft)?;
                draft.exprs.repeat(part, *count)
            }
            Body::Schema(_) => return Err(refused(asking, "schemas", draft)),
            Body::Token(_) => return Err(refused(asking, "tokens", draft)),
            Body::When(..) => return Err(refused(asking, "conditions", draft)),
        };
        draft.check_parts(0, asking.offset)?;
        Ok(expr)
    }

    /// The texts of each part.
    fn all(
        &mut self,
        parts: &[Body],
        asking: Asking<'_>,
        draft: &mut Draft<'_>,
    ) -> Result<Vec<ExprId>, GrammarError> {
        parts.iter().map(|part| self.expr(part, asking, draft)).collect()
    }

    /// The texts of a rule. Recursion is as deep as rules call each other, which is limited.
    fn rule(
        &mut self,
        id: RuleId,
        asking: Asking<'_>,
        draft: &mut Draft<'_>,
    ) -> Result<ExprId, GrammarError> {
        if let Some(&expr) = self.done.get(&id) {
            return Ok(expr);
        }
        // A name without a rule is refused when the draft is finished.
        let Some(&rule) = self.rules.get(&id) else {
            return Ok(ExprId::NOTHING);
        };
        if self.open.contains(&id) {
            return Err(refused(asking, &format!("the recursive rule {:?}", rule.name), draft));
        }
        if rule.options.is_given || rule.lookahead.is_some() {
            let what = format!("rule {:?}, which has options or a look-ahead", rule.name);
            return Err(refused(asking, &what, draft));
        }
        draft.check_depth(self.open.len() + 1, asking.offset)?;
        self.open.push(id);
        let expr = self.expr(&rule.body, asking, draft)?;
        self.open.pop();
        self.done.insert(id, expr);
        Ok(expr)
    }
}

/// The refusal of a rule within a terminal that is more than a pattern.
fn refused(asking: Asking<'_>, what: &str, draft: &Draft<'_>) -> GrammarError {
    let what = format!("{} cannot hold {what}: write a regular body", asking.what);
    draft.unsupported(asking.offset, what)
}
