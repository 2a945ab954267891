//! What a grammar matches, decided as plainly as can be: an independent judge of the engine.
//!
//! For every rule, parameter and position the set of ends is computed by rounds until nothing is
//! added, so that any recursion is fine. It knows no masks, and neither budgets of tokens nor the
//! commitment of lazy terminals to where they end first: a lazy expression has only its shortest
//! texts anyway.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::Grammar;
use crate::grammar::rules::{Body, Ends, RuleId, Terminal, TokenPattern};
use crate::regex::{Automaton, ByteSet, Count, ExprId, Shortest};
use crate::vocab::TokenId;

/// A text, in which some stretches are tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    /// `None` is a token that has no text.
    bytes: Vec<Option<u8>>,
    /// From where to where, and which.
    tokens: Vec<(usize, usize, TokenId)>,
    /// The names of tokens by their ids.
    names: Vec<String>,
}

/// What a grammar says of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    /// Not yet: it can still grow into a match.
    Open,
    Refused,
}

/// Where a part that began somewhere may end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Outcome {
    ends: BTreeSet<usize>,
    /// Whether the input may end within it.
    is_open: bool,
}

/// A grammar and an input while they are compared.
struct Recognizer<'g> {
    grammar: &'g Grammar,
    input: &'g Input,
    automaton: Automaton,
    outcomes: BTreeMap<(RuleId, u64, usize), Outcome>,
    /// What was looked at in this round.
    seen: BTreeSet<(RuleId, u64, usize)>,
    terminals: BTreeMap<(ExprId, usize), Outcome>,
    /// The rules and parameters that match anything at all.
    productive: BTreeSet<(RuleId, u64)>,
}

impl Input {
    pub(crate) fn of_text(text: &str) -> Self {
        let mut input = Self::default();
        input.push_text(text);
        input
    }

    /// Tokens are known by name in this input.
    pub(crate) fn with_names(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.bytes.extend(text.bytes().map(Some));
    }

    /// A token, with its text where it has one.
    pub(crate) fn push_token(&mut self, id: TokenId, text: Option<&str>) {
        let start = self.bytes.len();
        match text {
            Some(text) => self.push_text(text),
            None => self.bytes.push(None),
        }
        self.tokens.push((start, self.bytes.len(), id));
    }
}

/// Decides whether an input is a text of the grammar, or the beginning of one.
pub(crate) fn recognize(grammar: &Grammar, input: &Input) -> Verdict {
    let mut recognizer = Recognizer {
        grammar,
        input,
        automaton: Automaton::new(grammar.exprs().clone(), ByteSet::ALL),
        outcomes: BTreeMap::new(),
        seen: BTreeSet::new(),
        terminals: BTreeMap::new(),
        productive: BTreeSet::new(),
    };
    recognizer.find_productive();
    let outcome = recognizer.rounds(grammar.start());
    match outcome.ends.contains(&input.bytes.len()) {
        true => Verdict::Accepted,
        false if outcome.is_open => Verdict::Open,
        false => Verdict::Refused,
    }
}

impl Recognizer<'_> {
    /// Looks at the start rule until nothing is added.
    fn rounds(&mut self, start: RuleId) -> Outcome {
        loop {
            let before = self.outcomes.clone();
            self.seen.clear();
            let outcome = self.rule(start, 0, 0);
            if self.outcomes == before {
                return outcome;
            }
        }
    }

    /// Marks the rules that can finish, until none is added. Parameters are followed as far as calls
    /// from the start rule reach.
    fn find_productive(&mut self) {
        let mut reached = BTreeSet::from([(self.grammar.start(), 0)]);
        loop {
            let before = (reached.len(), self.productive.len());
            for (rule, parameter) in reached.clone() {
                let body = &self.grammar.rules()[rule.index()].body;
                calls(body, parameter, &mut reached);
                if self.can_finish(body, parameter) {
                    self.productive.insert((rule, parameter));
                }
            }
            if (reached.len(), self.productive.len()) == before {
                return;
            }
        }
    }

    fn can_finish(&mut self, body: &Body, parameter: u64) -> bool {
        match body {
            Body::Terminal(Terminal { ends: Ends::OutOfBudget, .. }) => false,
            Body::Terminal(terminal) => self.is_live(terminal.expr),
            Body::Token(_) => true,
            Body::Schema(_) => unreachable!("{NO_SCHEMAS}"),
            Body::Call(rule, change) => self.productive.contains(&(*rule, change.apply(parameter))),
            Body::Sequence(parts) => parts.iter().all(|part| self.can_finish(part, parameter)),
            Body::Choice(parts) => parts.iter().any(|part| self.can_finish(part, parameter)),
            Body::Repeat(part, count) => count.min == 0 || self.can_finish(part, parameter),
            Body::When(condition, part) => {
                condition.holds(parameter) && self.can_finish(part, parameter)
            }
        }
    }

    fn rule(&mut self, rule: RuleId, parameter: u64, start: usize) -> Outcome {
        let key = (rule, parameter, start);
        if !self.productive.contains(&(rule, parameter)) {
            return Outcome::default();
        }
        if self.seen.insert(key) {
            let outcome = self.body(&self.grammar.rules()[rule.index()].body, parameter, start);
            self.outcomes.entry(key).or_default().add(outcome);
        }
        self.outcomes.get(&key).cloned().unwrap_or_default()
    }

    fn body(&mut self, body: &Body, parameter: u64, start: usize) -> Outcome {
        match body {
            Body::Terminal(Terminal { ends: Ends::OutOfBudget, .. }) => Outcome::default(),
            Body::Terminal(terminal) => self.terminal(terminal.expr, start),
            Body::Token(pattern) => self.token(pattern, start),
            Body::Schema(_) => unreachable!("{NO_SCHEMAS}"),
            Body::Call(rule, change) => self.rule(*rule, change.apply(parameter), start),
            Body::Sequence(parts) => self.sequence(parts, parameter, start),
            Body::Choice(parts) => {
                let mut any = Outcome::default();
                for part in parts {
                    any.add(self.body(part, parameter, start));
                }
                any
            }
            Body::Repeat(part, count) => self.repeat(part, *count, parameter, start),
            Body::When(condition, part) if condition.holds(parameter) => {
                self.body(part, parameter, start)
            }
            Body::When(..) => Outcome::default(),
        }
    }

    fn sequence(&mut self, parts: &[Body], parameter: u64, start: usize) -> Outcome {
        let mut whole = Outcome { ends: BTreeSet::from([start]), is_open: false };
        if !parts.iter().all(|part| self.can_finish(part, parameter)) {
            return Outcome::default();
        }
        for part in parts {
            whole = self.then(&whole, part, parameter);
        }
        whole
    }

    fn repeat(&mut self, part: &Body, count: Count, parameter: u64, start: usize) -> Outcome {
        let mut last = Outcome { ends: BTreeSet::from([start]), is_open: false };
        let mut whole = Outcome::default();
        let mut times = 0;
        loop {
            if times >= count.min {
                whole.add(last.clone());
            }
            if count.max == Some(times) {
                return whole;
            }
            let next = self.then(&last, part, parameter);
            whole.is_open |= next.is_open;
            times += 1;
            // Past the least count, what was reached before brings nothing new.
            if next.ends.is_empty() || (times > count.min && next.ends.is_subset(&whole.ends)) {
                return whole;
            }
            // A part that may be empty fills up any count.
            if next.ends == last.ends {
                whole.add(next);
                return whole;
            }
            last = next;
        }
    }

    /// A part after what ended at some places.
    fn then(&mut self, before: &Outcome, part: &Body, parameter: u64) -> Outcome {
        let mut after = Outcome { ends: BTreeSet::new(), is_open: before.is_open };
        for &end in &before.ends {
            after.add(self.body(part, parameter, end));
        }
        after
    }

    fn terminal(&mut self, expr: ExprId, start: usize) -> Outcome {
        if let Some(outcome) = self.terminals.get(&(expr, start)) {
            return outcome.clone();
        }
        let mut outcome = Outcome::default();
        let mut state = expr;
        for at in start..=self.input.bytes.len() {
            if self.automaton.is_nullable(state) {
                outcome.ends.insert(at);
            }
            if !self.is_live(state) {
                break;
            }
            match self.input.bytes.get(at) {
                None => outcome.is_open = true,
                Some(None) => break,
                Some(&Some(byte)) => {
                    let class = self.automaton.class_of(byte);
                    state = self.automaton.step(state, class);
                }
            }
        }
        self.terminals.insert((expr, start), outcome.clone());
        outcome
    }

    fn token(&self, pattern: &TokenPattern, start: usize) -> Outcome {
        let tokens = self.input.tokens.iter();
        let ends = tokens
            .filter(|(from, _, id)| *from == start && self.is_of(pattern, *id))
            .map(|(_, end, _)| *end);
        Outcome { ends: ends.collect(), is_open: start == self.input.bytes.len() }
    }

    fn is_of(&self, pattern: &TokenPattern, id: TokenId) -> bool {
        match pattern {
            TokenPattern::Named(name) => self.input.names.get(id.index()) == Some(name),
            TokenPattern::Ids(ranges) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&id))
            }
            TokenPattern::Not(other) => !self.is_of(other, id),
        }
    }

    fn is_live(&mut self, state: ExprId) -> bool {
        let mut fuel = u32::MAX;
        let shortest = self.automaton.shortest(state, &mut fuel);
        shortest != Ok(Shortest::None)
    }
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.ends.extend(other.ends);
        self.is_open |= other.is_open;
    }
}

/// Schemas have judges of their own.
const NO_SCHEMAS: &str = "no case of the recognizer has a schema";

/// Adds the rules that a body calls, with their parameters.
fn calls(body: &Body, parameter: u64, reached: &mut BTreeSet<(RuleId, u64)>) {
    match body {
        Body::Terminal(_) | Body::Token(_) | Body::Schema(_) => {}
        Body::Call(rule, change) => {
            reached.insert((*rule, change.apply(parameter)));
        }
        Body::Sequence(parts) | Body::Choice(parts) => {
            parts.iter().for_each(|part| calls(part, parameter, reached));
        }
        Body::Repeat(part, _) | Body::When(_, part) => calls(part, parameter, reached),
    }
}
