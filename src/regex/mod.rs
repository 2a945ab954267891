//! Regular languages over bytes: expressions with `and`, `not` and counted repetition, and the
//! automata that they are.
//!
//! An [`Exprs`] stores expressions; its constructors combine them. An [`Automaton`] steps through
//! them byte by byte, and knows how far from a match a state is. [`parse()`] reads the notations of
//! the world.
//!
//! Nothing here searches: a text matches from end to end or not at all, and there are no captures,
//! no greed and no leftmost match. What finds a pattern within a text is an expression like others,
//! anything before and anything behind.
//!
//! Laws, held by `parse/tests.rs`: an expression matches what the automata of `regex-automata` match;
//! `and`, `not` and `or` are those of sets of texts; an assertion says what it says of the text
//! around it. No pattern makes a panic, and one that would take long ends in a limit.

mod alternatives;
mod automaton;
mod byte_set;
mod chars;
mod expr;
mod length;
mod parse;
mod remainder;
mod shortest;
mod witness;

pub(crate) use automaton::Automaton;
pub(crate) use byte_set::ByteSet;
pub(crate) use chars::utf8_sequences;
pub(crate) use expr::{Count, ExprId, Exprs};
pub(crate) use parse::{
    PatternError, PatternErrorKind, PatternLimits, Syntax, parse, parse_search,
};
pub(crate) use shortest::{Costs, Shortest};
