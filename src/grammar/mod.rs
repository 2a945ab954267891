//! Grammars: rules over terminals, from regular expressions, choices, GBNF, EBNF and Lark.
//!
//! A front end reads a notation into a `Draft`; [`Grammar`] is the checked result: every name is
//! defined, and every rule can finish.

mod choices;
mod draft;
mod error;
mod gbnf;
mod lark;
mod limits;
mod parameter;
mod places;
mod regex;
mod rules;
mod tags;

pub use error::{GrammarError, Place};
pub use limits::Limits;
pub(crate) use parameter::{Bits, Comparison, Condition, Parameter};
pub(crate) use rules::{Body, Ends, Marker, Rule, RuleId, Terminal, TokenPattern};
pub use tags::{Parts, Reasoning, Tag, Tags, Trigger};

use crate::regex::Exprs;

/// A checked grammar: the texts that a model may write.
#[derive(Debug, Clone)]
pub struct Grammar {
    rules: Vec<Rule>,
    start: RuleId,
    exprs: Exprs,
    limits: Limits,
}

impl Grammar {
    /// Checks rules whose names are all defined.
    fn new(
        rules: Vec<Rule>,
        start: RuleId,
        exprs: Exprs,
        limits: Limits,
    ) -> Result<Self, GrammarError> {
        limits.check("parts", exprs.len(), limits.parts, None)?;
        Ok(Self { rules, start, exprs, limits })
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that the whole text matches.
    pub(crate) fn start(&self) -> RuleId {
        self.start
    }

    /// The store of the terminals' expressions.
    pub(crate) fn exprs(&self) -> &Exprs {
        &self.exprs
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

#[cfg(test)]
pub(crate) mod tests;
