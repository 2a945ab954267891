//! What a constraint is compiled to: rules, terminals and the tokens that are meant by their ids.

use std::sync::Arc;

use super::ConstraintError;
use super::completion::NEVER;
use super::program::Program;
use crate::grammar::Limits;
use crate::regex::{Automaton, ExprId, Shortest};
use crate::vocab::TokenMask;

/// A compiled grammar, fitted to a vocabulary.
#[derive(Debug, Clone)]
pub(super) struct Language {
    pub(super) program: Arc<Program>,
    /// Grows as texts lead into it.
    pub(super) automaton: Automaton,
    /// The tokens of each pattern of the program.
    pub(super) tokens: Arc<[TokenMask]>,
    pub(super) limits: Limits,
}

impl Language {
    /// The fewest bytes that a terminal's rest can be finished with; [`NEVER`] where it cannot.
    pub(super) fn shortest(&mut self, expr: ExprId) -> Result<u32, ConstraintError> {
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
    pub(super) fn is_alive(&mut self, expr: ExprId) -> Result<bool, ConstraintError> {
        Ok(self.shortest(expr)? != NEVER)
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
