//! From the places that a byte or token leads to, to the set of what may come next.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::ConstraintError;
use super::completion::{Completions, NEVER};
use super::engine::Caller;
use super::language::{Language, TerminalState};
use super::program::{StateId, Terminal, Text};
use super::sets::{Call, Frame, Item, Place, Set, SetId, Sets, TokenItem};
use crate::grammar::{Ends, RuleId};
use crate::regex::ExprId;

/// The work of making one set.
pub(super) struct Closure<'a> {
    sets: &'a Sets,
    completions: &'a mut Completions,
    /// What [`outermost_end`](Self::outermost_end) found before.
    outermost: &'a mut HashMap<Caller, Caller>,
    pub(super) language: &'a mut Language,
    set: Set,
    /// Places to look at; each is looked at once.
    open: Vec<Place>,
    seen: HashSet<Place>,
    /// Terminals that may begin here.
    begun: Vec<(Terminal, Place)>,
    /// Rules called here that may end at once.
    ended: HashSet<(RuleId, Frame)>,
}

impl<'a> Closure<'a> {
    /// Begins a set at a position; what is looked at meanwhile is kept in the engine's tables.
    pub(super) fn new(
        sets: &'a Sets,
        (completions, outermost): (&'a mut Completions, &'a mut HashMap<Caller, Caller>),
        language: &'a mut Language,
        now: u32,
    ) -> Self {
        Self {
            sets,
            completions,
            outermost,
            language,
            set: Set { now, ..Set::default() },
            open: Vec::new(),
            seen: HashSet::new(),
            begun: Vec::new(),
            ended: HashSet::new(),
        }
    }

    /// Begins the start rule, if it can finish.
    pub(super) fn begin(&mut self, state: StateId) -> Result<(), ConstraintError> {
        let frame = Frame::START;
        if self.can_finish(state, frame.parameter)? {
            self.come_to(Place { state, origin: SetId::ROOT, frame });
        }
        Ok(())
    }

    /// Adds a terminal that a byte has led on.
    pub(super) fn go_on(&mut self, item: Item) -> Result<(), ConstraintError> {
        if self.language.is_end(item.state) && item.ends != Ends::OutOfBudget {
            self.come_to(item.behind);
            return Ok(());
        }
        self.end_terminal(item);
        if self.language.is_alive(item.state)? {
            self.set.items.push(item);
            if self.language.program.has_budgets() {
                self.set.running.push(item);
            }
        }
        Ok(())
    }

    /// Adds a place that the text has come to.
    pub(super) fn come_to(&mut self, place: Place) {
        if self.language.program.has_budgets() {
            self.set.arrived.push(place);
        }
        self.arrive(place);
    }

    /// Finds all that may come next. `None` when nothing may, not even the end.
    pub(super) fn finish(mut self) -> Result<Option<Set>, ConstraintError> {
        while let Some(place) = self.open.pop() {
            let limit = self.language.limits.parts;
            self.language.check("places of one parser state", self.seen.len(), limit)?;
            self.look_at(place)?;
        }
        self.begin_terminals()?;
        self.set.close_expired();
        let Set { items, tokens, is_accepting, .. } = &self.set;
        let is_dead = items.is_empty() && tokens.is_empty() && !is_accepting;
        Ok((!is_dead).then_some(self.set))
    }

    /// Takes the edges of a place: terminals become items, calls begin rules, and ends go on where the
    /// rule was called.
    fn look_at(&mut self, place: Place) -> Result<(), ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let state = program.state(place.state);
        let parameter = place.frame.parameter;
        if state.is_final {
            self.end_rule(state.rule(), place.origin, place.frame);
        }
        for &(terminal, to) in &state.terminals {
            if !self.can_finish(to, parameter)? {
                continue;
            }
            let behind = Place { state: to, ..place };
            let Some(state) = self.language.begin(terminal.text) else {
                continue;
            };
            self.end_terminal(Item { state, ends: terminal.ends, behind });
            self.begun.push((terminal, behind));
        }
        for &(pattern, to) in &state.tokens {
            if self.language.has_token(pattern) && self.can_finish(to, parameter)? {
                self.set.tokens.push(TokenItem { pattern, behind: Place { state: to, ..place } });
            }
        }
        for &(rule, argument, to) in &state.calls {
            let callee = program.rule(rule);
            let parameter = argument.apply(place.frame.parameter);
            if !self.can_finish(to, place.frame.parameter)?
                || !self.can_finish(callee.start, parameter)?
            {
                continue;
            }
            let frame = self.frame_of(rule, parameter, place.frame);
            self.call(rule, callee.start, frame, Place { state: to, ..place });
        }
        for (condition, to) in &state.guards {
            if condition.holds(parameter) {
                self.arrive(Place { state: *to, ..place });
            }
        }
        Ok(())
    }

    /// Goes on behind a terminal that may end here.
    fn end_terminal(&mut self, item: Item) {
        let may_end = item.ends != Ends::OutOfBudget || item.behind.frame.is_used_up(self.set.now);
        if may_end && self.language.is_nullable(item.state) {
            self.arrive(item.behind);
        }
    }

    /// Notes a place to be looked at, once.
    fn arrive(&mut self, place: Place) {
        if self.seen.insert(place) {
            self.open.push(place);
        }
    }

    /// What a rule called here carries.
    fn frame_of(&self, rule: RuleId, parameter: u64, caller: Frame) -> Frame {
        let Some(max) = self.language.program.rule(rule).max_tokens else {
            return Frame { parameter, ..caller };
        };
        let deadline = caller.deadline.min(self.set.now.saturating_add(max));
        // A rule called twice at one place is one rule with one budget: left recursion makes no more.
        let is_it = |call: &&Call| {
            call.rule == rule
                && (call.frame.parameter, call.frame.deadline) == (parameter, deadline)
        };
        match self.set.calls.iter().find(is_it) {
            Some(call) => call.frame,
            None => Frame { parameter, deadline, budgets: caller.budgets + 1 },
        }
    }

    /// Begins a rule at this position, and notes who waits for it.
    fn call(&mut self, rule: RuleId, start: StateId, frame: Frame, behind: Place) {
        self.set.calls.push(Call { rule, frame, behind });
        if self.ended.contains(&(rule, frame)) {
            self.arrive(behind);
        }
        self.arrive(Place { state: start, origin: SetId::SELF, frame });
    }

    /// Goes on behind the calls of a rule that ends here.
    fn end_rule(&mut self, rule: RuleId, origin: SetId, frame: Frame) {
        let (origin, rule, frame) = self.outermost_end((origin, rule, frame));
        if origin == SetId::ROOT {
            self.set.is_accepting = true;
        } else if origin == SetId::SELF {
            self.end_here(rule, frame);
        } else {
            for call in self.sets.get(origin).calls_of(rule, frame) {
                let origin = call.behind.origin.seen_from(origin);
                self.arrive(Place { origin, ..call.behind });
            }
        }
    }

    /// The outermost rule that ends where a rule does because its only call of it is at its end. The
    /// rules between need no place of their own, where right recursion would leave one for every
    /// level; and the way up is remembered, or every byte would walk it (Leo 1991).
    fn outermost_end(&mut self, rule: Caller) -> Caller {
        let program = Arc::clone(&self.language.program);
        let mut passed = Vec::new();
        let mut at = rule;
        loop {
            let (origin, rule, frame) = at;
            if program.rule(rule).max_tokens.is_some() {
                self.set.endings.push((frame.deadline, frame.budgets));
            }
            if origin == SetId::ROOT || origin == SetId::SELF {
                break;
            }
            if let Some(&outermost) = self.outermost.get(&at) {
                at = outermost;
                break;
            }
            let [call] = self.sets.get(origin).calls_of(rule, frame) else {
                break;
            };
            let caller = program.state(call.behind.state);
            if !caller.is_end() {
                break;
            }
            passed.push(at);
            at = (call.behind.origin.seen_from(origin), caller.rule(), call.behind.frame);
        }
        // Budgets end at every level, so each is to be passed again.
        if !program.has_budgets() {
            self.outermost.extend(passed.into_iter().map(|rule| (rule, at)));
        }
        at
    }

    /// Ends a rule without text, for the calls made here so far and those to come.
    fn end_here(&mut self, rule: RuleId, frame: Frame) {
        if !self.ended.insert((rule, frame)) {
            return;
        }
        let calls = self.set.calls.iter();
        let behind: Vec<Place> = calls
            .filter(|call| (call.rule, call.frame) == (rule, frame))
            .map(|call| call.behind)
            .collect();
        behind.into_iter().for_each(|place| self.arrive(place));
    }

    /// Makes items of the terminals that begin here, now that all lazy ones are known: these end others.
    fn begin_terminals(&mut self) -> Result<(), ConstraintError> {
        let begun = std::mem::take(&mut self.begun);
        let terminals: Vec<Terminal> = begun.iter().map(|(terminal, _)| *terminal).collect();
        let states = uncommitted(&terminals, self.language)?;
        for (state, (terminal, behind)) in states.into_iter().zip(begun) {
            if self.language.is_alive(state)? {
                self.set.items.push(Item { state, ends: terminal.ends, behind });
            }
        }
        Ok(())
    }

    /// Whether a way leads from a state to its rule's end under a parameter; others are never begun.
    fn can_finish(&mut self, state: StateId, parameter: u64) -> Result<bool, ConstraintError> {
        Ok(self.completions.of((state, parameter), self.language)? != NEVER)
    }
}

/// What terminals that begin together match. One that is committed to ends the others: they go on
/// only with texts that have no match of it at their begin. It may match itself at its end, together
/// with others that are committed to.
pub(super) fn uncommitted(
    terminals: &[Terminal],
    language: &mut Language,
) -> Result<Vec<TerminalState>, ConstraintError> {
    let regular = |terminal: &Terminal| match terminal.text {
        Text::Regular(expr) => Some(expr),
        Text::Schema(_) => None,
    };
    let is_lazy = |terminal: &&Terminal| terminal.ends == Ends::AtFirst;
    let mut lazy: Vec<ExprId> = terminals.iter().filter(is_lazy).filter_map(regular).collect();
    lazy.retain(|&expr| !language.automaton.is_nullable(expr));
    if lazy.is_empty() {
        let begin = |terminal: &Terminal| language.begin(terminal.text);
        return Ok(terminals.iter().filter_map(begin).collect());
    }
    lazy.sort_unstable();
    lazy.dedup();
    let exprs = language.automaton.exprs_mut();
    let any = exprs.or(lazy);
    let [not_any, not_longer] =
        [exprs.concat([any, ExprId::ANYTHING]), exprs.longer_than(any)].map(|expr| exprs.not(expr));
    let allowed = |terminal: &Terminal| {
        let free = if terminal.ends == Ends::AtFirst { not_longer } else { not_any };
        let expr = regular(terminal).ok_or(ConstraintError::LazyBesideSchema)?;
        Ok(TerminalState::Regular(exprs.and([expr, free])))
    };
    terminals.iter().map(allowed).collect()
}
