//! A grammar's rules as one automaton each, whose edges are terminals, tokens and calls of rules.

use crate::grammar::{
    Body, Condition, Ends, Grammar, GrammarError, Marker, Parameter, RuleId, TokenPattern,
};
use crate::regex::{Count, ExprId};
use crate::schema::Schema;

/// A state of a rule's automaton.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct StateId(u32);

impl StateId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a terminal matches, and where it may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Terminal {
    pub(super) text: Text,
    pub(super) ends: Ends,
}

/// What a terminal matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Text {
    Regular(ExprId),
    /// A JSON text, by the number of its schema.
    Schema(usize),
}

/// All rules' automata.
#[derive(Debug)]
pub(super) struct Program {
    states: Vec<State>,
    rules: Vec<ProgramRule>,
    start: RuleId,
    /// What token edges stand for.
    patterns: Vec<TokenPattern>,
    /// What schema edges stand for.
    schemas: Vec<Schema>,
    has_lazy: bool,
}

/// What of a rule is needed at run time.
#[derive(Debug)]
pub(super) struct ProgramRule {
    pub(super) name: String,
    pub(super) start: StateId,
    pub(super) max_tokens: Option<u32>,
    pub(super) temperature: Option<f32>,
    pub(super) capture: Option<String>,
    pub(super) marker: Option<Marker>,
}

/// What a rule can go on with.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The index of its rule.
    rule: u32,
    /// Whether the rule may end here.
    pub(super) is_final: bool,
    pub(super) terminals: Vec<(Terminal, StateId)>,
    /// By the index of the token pattern.
    pub(super) tokens: Vec<(usize, StateId)>,
    pub(super) calls: Vec<(RuleId, Parameter, StateId)>,
    /// Where the parameter meets a condition, what another state can go on with.
    pub(super) guards: Vec<(Condition, StateId)>,
    /// Other states that this one includes. Empty once the program is built.
    includes: Vec<StateId>,
}

impl State {
    pub(super) fn rule(&self) -> RuleId {
        RuleId(self.rule)
    }

    /// Whether the rule can only end here.
    pub(super) fn is_end(&self) -> bool {
        self.is_final
            && self.terminals.is_empty()
            && self.tokens.is_empty()
            && self.calls.is_empty()
            && self.guards.is_empty()
    }
}

impl Program {
    /// Writes a grammar's rules as automata.
    pub(super) fn new(grammar: &Grammar) -> Result<Self, GrammarError> {
        let mut builder = Builder {
            states: Vec::new(),
            patterns: Vec::new(),
            schemas: Vec::new(),
            rule: 0,
            limit: grammar.limits().parts,
        };
        let mut rules = Vec::with_capacity(grammar.rules().len());
        for (index, rule) in grammar.rules().iter().enumerate() {
            builder.rule = index as u32;
            let (start, end) = (builder.state()?, builder.state()?);
            builder.states[end.index()].is_final = true;
            builder.build(&rule.body, start, end)?;
            rules.push(ProgramRule {
                name: rule.name.clone(),
                start,
                max_tokens: rule.attributes.max_tokens,
                temperature: rule.attributes.temperature,
                capture: rule.attributes.capture.clone(),
                marker: rule.attributes.marker.clone(),
            });
        }
        let Builder { states, patterns, schemas, .. } = builder;
        let starts: Vec<StateId> = rules.iter().map(|rule| rule.start).collect();
        let (states, starts) = without_inclusions(&states, &starts, grammar.limits().parts)?;
        rules.iter_mut().zip(starts).for_each(|(rule, start)| rule.start = start);
        let is_lazy = |(terminal, _): &(Terminal, StateId)| terminal.ends == Ends::AtFirst;
        let has_lazy = states.iter().any(|state| state.terminals.iter().any(is_lazy));
        Ok(Self { states, rules, start: grammar.start(), patterns, schemas, has_lazy })
    }

    pub(super) fn state(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    pub(super) fn state_count(&self) -> usize {
        self.states.len()
    }

    pub(super) fn rule(&self, id: RuleId) -> &ProgramRule {
        &self.rules[id.index()]
    }

    /// Whether some rule has a temperature of its own.
    pub(super) fn has_temperatures(&self) -> bool {
        self.rules.iter().any(|rule| rule.temperature.is_some())
    }

    pub(super) fn start(&self) -> RuleId {
        self.start
    }

    pub(super) fn patterns(&self) -> &[TokenPattern] {
        &self.patterns
    }

    pub(super) fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// Whether terminals end others that began with them, or budgets end them: then what a set of
    /// items accepts is not the union of what each accepts.
    pub(super) fn has_interactions(&self) -> bool {
        self.has_lazy() || self.has_budgets()
    }

    /// Whether terminals end others that began with them.
    pub(super) fn has_lazy(&self) -> bool {
        self.has_lazy
    }

    /// Whether some rule may only use so many tokens.
    pub(super) fn has_budgets(&self) -> bool {
        self.rules.iter().any(|rule| rule.max_tokens.is_some())
    }
}

struct Builder {
    states: Vec<State>,
    patterns: Vec<TokenPattern>,
    schemas: Vec<Schema>,
    /// The rule at hand.
    rule: u32,
    limit: usize,
}

impl Builder {
    fn state(&mut self) -> Result<StateId, GrammarError> {
        check_parts(self.states.len() + 1, self.limit)?;
        self.states.push(State { rule: self.rule, ..State::default() });
        Ok(StateId((self.states.len() - 1) as u32))
    }

    /// Gives a state all edges of another as well.
    fn include(&mut self, at: StateId, other: StateId) {
        self.states[at.index()].includes.push(other);
    }

    /// Writes a body between two states (Thompson 1968). Recursion is as deep as groups are nested.
    fn build(&mut self, body: &Body, from: StateId, to: StateId) -> Result<(), GrammarError> {
        match body {
            Body::Terminal(terminal) => {
                let terminal = Terminal { text: Text::Regular(terminal.expr), ends: terminal.ends };
                self.states[from.index()].terminals.push((terminal, to));
            }
            Body::Schema(schema) => {
                let index = self.schemas.iter().position(|known| known == schema);
                let index = index.unwrap_or_else(|| {
                    self.schemas.push(schema.clone());
                    self.schemas.len() - 1
                });
                let terminal = Terminal { text: Text::Schema(index), ends: Ends::Anywhere };
                self.states[from.index()].terminals.push((terminal, to));
            }
            Body::Token(pattern) => {
                let index = self.patterns.iter().position(|known| known == pattern);
                let index = index.unwrap_or_else(|| {
                    self.patterns.push(pattern.clone());
                    self.patterns.len() - 1
                });
                self.states[from.index()].tokens.push((index, to));
            }
            Body::Call(rule, parameter) => {
                self.states[from.index()].calls.push((*rule, *parameter, to));
            }
            Body::Sequence(parts) => {
                let mut at = from;
                for part in parts {
                    let next = self.state()?;
                    self.build(part, at, next)?;
                    at = next;
                }
                self.include(at, to);
            }
            Body::Choice(parts) => {
                for part in parts {
                    self.build(part, from, to)?;
                }
            }
            Body::Repeat(part, count) => self.build_repeat(part, *count, from, to)?,
            Body::When(condition, part) => {
                let inside = self.state()?;
                self.states[from.index()].guards.push((condition.clone(), inside));
                self.build(part, inside, to)?;
            }
        }
        Ok(())
    }

    /// Copies of a part: as many as must come, and as many more as may, each of which can be left out.
    /// Without a most, the last leads back to itself.
    fn build_repeat(
        &mut self,
        part: &Body,
        count: Count,
        from: StateId,
        to: StateId,
    ) -> Result<(), GrammarError> {
        let mut at = from;
        for _ in 0..count.min {
            let next = self.state()?;
            self.build(part, at, next)?;
            at = next;
        }
        let Some(max) = count.max else {
            let turn = self.state()?;
            self.include(at, turn);
            let behind = self.state()?;
            self.build(part, turn, behind)?;
            self.include(behind, turn);
            self.include(turn, to);
            return Ok(());
        };
        for _ in count.min..max {
            self.include(at, to);
            let next = self.state()?;
            self.build(part, at, next)?;
            at = next;
        }
        self.include(at, to);
        Ok(())
    }
}

/// Refuses programs that would outgrow their limit, before they do.
fn check_parts(value: usize, limit: usize) -> Result<(), GrammarError> {
    if value > limit {
        return Err(GrammarError::Limit { what: "parts", value, limit, place: None });
    }
    Ok(())
}

/// Copies what included states can go on with into those that include them, and keeps the states
/// that something leads to.
fn without_inclusions(
    states: &[State],
    starts: &[StateId],
    limit: usize,
) -> Result<(Vec<State>, Vec<StateId>), GrammarError> {
    let mut renumbered: Vec<Option<StateId>> = vec![None; states.len()];
    let mut order: Vec<StateId> = Vec::new();
    let mut number = |id: StateId, order: &mut Vec<StateId>| {
        *renumbered[id.index()].get_or_insert_with(|| {
            order.push(id);
            StateId((order.len() - 1) as u32)
        })
    };
    let starts = starts.iter().map(|&start| number(start, &mut order)).collect();
    let mut kept = Vec::new();
    let mut seen = vec![u32::MAX; states.len()];
    let mut parts = 0;
    while let Some(&id) = order.get(kept.len()) {
        let mut whole = State { rule: states[id.index()].rule, ..State::default() };
        let mut open = vec![id];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut seen[at.index()], kept.len() as u32) == kept.len() as u32 {
                continue;
            }
            let part = &states[at.index()];
            open.extend_from_slice(&part.includes);
            whole.is_final |= part.is_final;
            for (edge, to) in &part.terminals {
                whole.terminals.push((*edge, number(*to, &mut order)));
            }
            for (edge, to) in &part.tokens {
                whole.tokens.push((*edge, number(*to, &mut order)));
            }
            for (rule, parameter, to) in &part.calls {
                whole.calls.push((*rule, *parameter, number(*to, &mut order)));
            }
            for (condition, to) in &part.guards {
                whole.guards.push((condition.clone(), number(*to, &mut order)));
            }
        }
        parts += 1 + whole.terminals.len() + whole.calls.len() + whole.tokens.len();
        check_parts(parts, limit)?;
        kept.push(whole);
    }
    Ok((kept, starts))
}
