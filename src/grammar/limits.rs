//! How much a grammar may ask for.

use super::{GrammarError, Place};

/// What a grammar may need. Each has a default that real grammars stay far below.
///
/// ```
/// use tokenrail::grammar::{Grammar, Limits};
///
/// let limits = Limits { nesting: 2, ..Limits::default() };
/// let error = Grammar::regex_within("(((a)))", &limits).unwrap_err();
/// assert_eq!(error.to_string(), "nesting depth 3 is over the limit of 2 (line 1, column 3)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a source: 16 MiB.
    pub source_bytes: usize,
    /// How deep groups are nested: 200.
    pub nesting: usize,
    /// The parts of rules, after repetitions of rules were written out, and of terminals: 2 million.
    pub parts: usize,
    /// The bytes of the shortest text that matches: 1 MiB.
    pub shortest_text: usize,
    /// The automaton states looked at to decide whether an intersection or complement is empty:
    /// 1 million.
    pub fuel: u32,
    /// The alternatives that a text keeps open within one terminal, where the source does not have
    /// half as many itself: 32768. Counted runs within counted runs can make them grow with every
    /// byte.
    pub alternatives: usize,
    /// The bytes of automaton and parser states kept: 256 MiB. When it is reached, all of them go and
    /// are made again as texts come to them; one step that needs twice as many is an error.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 16 << 20,
            nesting: 200,
            parts: 2_000_000,
            shortest_text: 1 << 20,
            fuel: 1_000_000,
            alternatives: 1 << 15,
            memory: 256 << 20,
        }
    }
}

impl Limits {
    /// Refuses a value over its limit.
    pub(super) fn check(
        &self,
        what: &'static str,
        value: usize,
        limit: usize,
        place: Option<Place>,
    ) -> Result<(), GrammarError> {
        if value > limit {
            return Err(GrammarError::Limit { what, value, limit, place });
        }
        Ok(())
    }
}
