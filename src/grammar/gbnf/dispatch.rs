//! `TagDispatch` and `TokenTagDispatch`: free text until a trigger, then the trigger's rule.
//!
//! Free text is what holds no trigger and nothing excluded, so a trigger is seen as soon as it is
//! complete. The text up to a trigger and the trigger are one terminal; so is the free text behind
//! the last rule. Of triggers that end at one byte, either may be meant.

use super::arguments::{Arguments, Value};
use super::macros::of_ids;
use super::parser::Parser;
use crate::grammar::GrammarError;
use crate::grammar::rules::{Body, TokenPattern};
use crate::regex::{Count, ExprId};

/// The arguments that both macros have.
struct Dispatch<'s> {
    /// What begins a rule, and the rule.
    triggers: Vec<(Value<'s>, &'s str, usize)>,
    excludes: Vec<Value<'s>>,
    rounds: Rounds,
}

/// How often a trigger may be seen.
#[derive(Debug, Clone, Copy)]
enum Rounds {
    /// Any number of times, with free text behind the last.
    Any,
    /// At most once: behind its rule nothing follows.
    One,
}

impl<'s> Parser<'s, '_> {
    /// `TagDispatch(("tag", rule), …, excludes=("text", …), loop_after_dispatch=true)`.
    pub(super) fn tag_dispatch(
        &mut self,
        arguments: &mut Arguments<'s>,
    ) -> Result<Body, GrammarError> {
        let dispatch = self.dispatch(arguments)?;
        let mut excludes = Vec::new();
        for exclude in dispatch.excludes {
            excludes.push(self.tag(exclude)?);
        }
        let mut triggers = Vec::new();
        for (trigger, rule, offset) in dispatch.triggers {
            let at = trigger.offset;
            let trigger = self.tag(trigger)?;
            if let Some(exclude) = excludes.iter().find(|exclude| trigger.starts_with(*exclude)) {
                let what = format!("tag {trigger:?} begins with {exclude:?}, which is excluded");
                return Err(self.wrong(at, what));
            }
            triggers.push((trigger, rule, offset));
        }
        let tags = triggers.iter().map(|(trigger, ..)| trigger).chain(&excludes);
        let tags: Vec<&[u8]> = tags.map(String::as_bytes).collect();
        let free = self.text_without(&tags);
        let first = self.text_to_first(&tags);
        let not_excluded = {
            let excludes: Vec<&[u8]> = excludes.iter().map(String::as_bytes).collect();
            let ending = self.text_ending_in(&excludes);
            self.draft.exprs.not(ending)
        };
        let mut branches = Vec::new();
        for (trigger, rule, offset) in &triggers {
            let ending = self.text_ending_in(&[trigger.as_bytes()]);
            let text = self.draft.exprs.and([first, ending, not_excluded]);
            branches.push((Body::terminal(text), *rule, *offset));
        }
        Ok(self.dispatched(Body::terminal(free), branches, dispatch.rounds))
    }

    /// `TokenTagDispatch((id, rule), …, excludes=(id, …), loop_after_dispatch=true)`.
    pub(super) fn token_tag_dispatch(
        &mut self,
        arguments: &mut Arguments<'s>,
    ) -> Result<Body, GrammarError> {
        let dispatch = self.dispatch(arguments)?;
        let mut taken = Vec::new();
        for exclude in dispatch.excludes {
            taken.push(exclude.into_number(self)?);
        }
        let excluded = taken.len();
        let mut triggers = Vec::new();
        for (trigger, rule, offset) in dispatch.triggers {
            let at = trigger.offset;
            let id = trigger.into_number(self)?;
            if taken[..excluded].contains(&id) {
                return Err(self.wrong(at, format!("token {id} is a trigger and excluded")));
            }
            taken.push(id);
            triggers.push((self.draft.token(of_ids(vec![id]), at), rule, offset));
        }
        let free = TokenPattern::Not(Box::new(of_ids(taken)));
        let free = self.draft.token(free, arguments.offset);
        let free = self.draft.repeat(free, Count::ANY);
        let branches = triggers.into_iter().map(|(token, rule, offset)| {
            let text = self.draft.sequence(vec![free.clone(), token]);
            (text, rule, offset)
        });
        let branches = branches.collect();
        Ok(self.dispatched(free, branches, dispatch.rounds))
    }

    /// The triggers and the named arguments, not yet told apart by what triggers are.
    fn dispatch(&mut self, arguments: &mut Arguments<'s>) -> Result<Dispatch<'s>, GrammarError> {
        let mut triggers = Vec::new();
        for pair in arguments.positional.drain(..) {
            let offset = pair.offset;
            let mut pair = pair.into_tuple(self)?.into_iter();
            let (Some(trigger), Some(rule), None) = (pair.next(), pair.next(), pair.next()) else {
                return Err(
                    self.wrong(offset, "a trigger and its rule are a pair: write (…, rule)")
                );
            };
            let offset = rule.offset;
            triggers.push((trigger, rule.into_name(self)?, offset));
        }
        let excludes = arguments.take("excludes").map(|excludes| excludes.into_tuple(self));
        let is_loop = arguments.take("loop_after_dispatch").map(|flag| flag.into_flag(self));
        let is_loop = is_loop.transpose()?.unwrap_or(true);
        Ok(Dispatch {
            triggers,
            excludes: excludes.transpose()?.unwrap_or_default(),
            rounds: if is_loop { Rounds::Any } else { Rounds::One },
        })
    }

    /// Free text with branches in it, so often.
    fn dispatched(
        &mut self,
        free: Body,
        branches: Vec<(Body, &str, usize)>,
        rounds: Rounds,
    ) -> Body {
        let branches: Vec<Body> = branches
            .into_iter()
            .map(|(text, rule, offset)| {
                let rule = Body::call(self.draft.rule(rule, offset));
                self.draft.sequence(vec![text, rule])
            })
            .collect();
        if branches.is_empty() {
            return free;
        }
        let branch = self.draft.choice(branches);
        match rounds {
            Rounds::One => self.draft.choice(vec![free, branch]),
            Rounds::Any => {
                let branches = self.draft.repeat(branch, Count::ANY);
                self.draft.sequence(vec![branches, free])
            }
        }
    }

    /// A string that is not empty.
    fn tag(&self, value: Value<'s>) -> Result<String, GrammarError> {
        let offset = value.offset;
        let text = value.into_text(self)?.value;
        if text.is_empty() {
            return Err(self.wrong(offset, "a tag is a string that is not empty"));
        }
        Ok(text)
    }

    /// Text that ends in one of the tags.
    fn text_ending_in(&mut self, tags: &[&[u8]]) -> ExprId {
        let exprs = &mut self.draft.exprs;
        let (text, tag) = (exprs.any_text(), exprs.literals(tags));
        exprs.concat([text, tag])
    }

    /// Text up to and with the first of the tags that is complete: of tags of which one begins the
    /// other, the shorter is seen, and the longer never.
    fn text_to_first(&mut self, tags: &[&[u8]]) -> ExprId {
        let ending = self.text_ending_in(tags);
        self.draft.exprs.shortest_matches(ending)
    }

    /// Text that none of the tags is in.
    fn text_without(&mut self, tags: &[&[u8]]) -> ExprId {
        let ending = self.text_ending_in(tags);
        let exprs = &mut self.draft.exprs;
        let holding = exprs.concat([ending, ExprId::ANYTHING]);
        exprs.not_text(holding)
    }
}
