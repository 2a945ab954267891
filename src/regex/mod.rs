//! Regular languages over bytes: expressions with `and`, `not` and counted repetition, and the
//! automata that they are.
//!
//! An [`Exprs`] stores expressions; its constructors combine them. An [`Automaton`] steps through
//! them byte by byte, and knows how far from a match a state is. [`parse()`] reads the notations of
//! the world.

mod automaton;
mod byte_set;
mod chars;
mod expr;
mod parse;

pub(crate) use automaton::{Automaton, Shortest};
pub(crate) use byte_set::ByteSet;
pub(crate) use expr::{Count, ExprId, Exprs};
pub(crate) use parse::{PatternError, PatternErrorKind, PatternLimits, Syntax, parse};
