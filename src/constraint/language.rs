//! What a constraint is compiled to: rules, terminals and the tokens that are meant by their ids.

use std::sync::Arc;

use super::ConstraintError;
use super::completion::NEVER;
use super::json::{self, Machine};
use super::program::{Program, Text};
use crate::grammar::Limits;
use crate::regex::{Automaton, ExprId, Shortest};
use crate::vocab::TokenMask;

/// A state of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum TerminalState {
    Regular(ExprId),
    /// A state of a schema's automaton, by the number of the schema.
    Json(usize, json::StateId),
}

/// A compiled grammar, fitted to a vocabulary.
#[derive(Debug, Clone)]
pub(super) struct Language {
    pub(super) program: Arc<Program>,
    /// Grows as texts lead into it.
    pub(super) automaton: Automaton,
    /// The automata of the schemas, with the state that each begins in, where it allows a text.
    pub(super) machines: Vec<(Machine, Option<json::StateId>)>,
    /// The tokens of each pattern of the program.
    pub(super) tokens: Arc<[TokenMask]>,
    pub(super) limits: Limits,
}

impl Language {
    /// The state in which a terminal begins; `None` where it matches nothing.
    pub(super) fn begin(&self, text: Text) -> Option<TerminalState> {
        match text {
            Text::Regular(expr) => Some(TerminalState::Regular(expr)),
            Text::Schema(index) => {
                self.machines[index].1.map(|start| TerminalState::Json(index, start))
            }
        }
    }

    /// The state behind a byte; `None` where no match goes on so.
    pub(super) fn step(
        &mut self,
        state: TerminalState,
        byte: u8,
    ) -> Result<Option<TerminalState>, ConstraintError> {
        Ok(match state {
            TerminalState::Regular(expr) => {
                let class = self.automaton.class_of(byte);
                let next = self.automaton.step(expr, class);
                let (open, limit) = (self.automaton.exprs().widest(), self.limits.alternatives);
                self.check("alternatives open within a terminal", open, limit)?;
                (next != ExprId::NOTHING).then_some(TerminalState::Regular(next))
            }
            TerminalState::Json(index, state) => {
                let next = self.machines[index].0.step(state, byte)?;
                next.map(|next| TerminalState::Json(index, next))
            }
        })
    }

    /// Whether a terminal may end in a state.
    pub(super) fn is_nullable(&self, state: TerminalState) -> bool {
        match state {
            TerminalState::Regular(expr) => self.automaton.is_nullable(expr),
            TerminalState::Json(index, state) => self.machines[index].0.is_accepting(state),
        }
    }

    /// Whether a terminal can only end in a state.
    pub(super) fn is_end(&self, state: TerminalState) -> bool {
        match state {
            TerminalState::Regular(expr) => expr == ExprId::EMPTY,
            TerminalState::Json(index, state) => self.machines[index].0.is_over(state),
        }
    }

    /// The fewest bytes that a terminal's rest can be finished with; [`NEVER`] where it cannot.
    pub(super) fn shortest(&mut self, state: TerminalState) -> Result<u32, ConstraintError> {
        let expr = match state {
            TerminalState::Regular(expr) => expr,
            TerminalState::Json(index, state) => return self.machines[index].0.rest(state),
        };
        let mut fuel = self.limits.fuel;
        match self.automaton.shortest(expr, &mut fuel) {
            Ok(Shortest::Bytes(length)) => Ok(length),
            Ok(Shortest::None) => Ok(NEVER),
            Err(_) => Err(ConstraintError::Limit {
                what: "automaton states of an intersection or complement",
                value: self.limits.fuel as usize + 1,
                limit: self.limits.fuel as usize,
            }),
        }
    }

    /// Whether a terminal's rest can be finished.
    pub(super) fn is_alive(&mut self, state: TerminalState) -> Result<bool, ConstraintError> {
        match state {
            TerminalState::Regular(_) => Ok(self.shortest(state)? != NEVER),
            // Its states are made only where they can.
            TerminalState::Json(..) => Ok(true),
        }
    }

    /// The class of a byte: bytes of one class lead to the same states, always.
    pub(super) fn class_of(&self, byte: u8) -> u8 {
        if self.machines.is_empty() { self.automaton.class_of(byte) } else { byte }
    }

    /// A byte of each class.
    pub(super) fn representatives(&self) -> Vec<u8> {
        match self.machines.is_empty() {
            true => self.automaton.representatives().to_vec(),
            false => (0..=255).collect(),
        }
    }

    /// A state that stands for all from which a terminal ends in the same ways as from this one.
    pub(super) fn alike(&mut self, state: TerminalState) -> TerminalState {
        match state {
            TerminalState::Regular(_) => state,
            TerminalState::Json(index, at) => {
                TerminalState::Json(index, self.machines[index].0.alike(at))
            }
        }
    }

    /// Bytes to try first for a way to the end of a terminal.
    pub(super) fn likely(&mut self, state: TerminalState) -> Result<Vec<u8>, ConstraintError> {
        match state {
            TerminalState::Regular(_) => Ok(Vec::new()),
            TerminalState::Json(index, state) => self.machines[index].0.likely(state),
        }
    }

    /// The bytes it holds, roughly.
    pub(super) fn memory(&self) -> usize {
        self.automaton.memory() + self.machines_memory()
    }

    /// Those of the schemas.
    pub(super) fn machines_memory(&self) -> usize {
        self.machines.iter().map(|(machine, _)| machine.memory()).sum()
    }

    /// Whether the vocabulary has a token of a pattern.
    pub(super) fn has_token(&self, pattern: usize) -> bool {
        !self.tokens[pattern].is_empty()
    }

    /// Refuses more of something than its limit.
    pub(super) fn check(
        &self,
        what: &'static str,
        value: usize,
        limit: usize,
    ) -> Result<(), ConstraintError> {
        if value > limit {
            return Err(ConstraintError::Limit { what, value, limit });
        }
        Ok(())
    }
}
