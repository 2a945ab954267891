//! What the named parts of a text are.
//!
//! Masks need no parse tree, so none is kept; here the text is parsed once more, as Earley (1970)
//! does, with the first way to each place noted. Of a text with several readings, one is given.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::ConstraintError;
use super::closure::uncommitted;
use super::language::{Language, TerminalState};
use super::program::{StateId, Terminal};
use crate::grammar::RuleId;
use crate::regex::ExprId;
use crate::vocab::TokenId;

/// A named part of a text.
///
/// ```
/// use tokenrail::constraint::Constraint;
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::Vocabulary;
///
/// let bytes: Vec<u8> = (0..=255).collect();
/// let grammar = Grammar::lark("start: name \"=\" value\nname[capture]: /[a-z]+/\nvalue[capture=\"v\"]: /[0-9]+/")?;
/// let mut matcher = Constraint::new(&grammar, &Vocabulary::new(bytes.chunks(1), ["<end>"]))?.matcher();
/// matcher.advance_bytes(b"size=42")?;
/// let captures = matcher.captures()?;
/// assert_eq!((captures[0].name.as_str(), captures[0].bytes.as_slice()), ("name", b"size".as_slice()));
/// assert_eq!((captures[1].name.as_str(), captures[1].start), ("v", 5));
/// # Ok::<(), tokenrail::constraint::ConstraintError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// What the grammar calls it.
    pub name: String,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// Its text, without the markers that are hidden.
    pub bytes: Vec<u8>,
}

/// A text with the tokens that it was written in, where it was.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// `None` is a token without text.
    pub(super) symbols: Vec<Option<u8>>,
    /// Each token that was: the symbols it begins and ends before, and its id.
    pub(super) tokens: Vec<(usize, usize, TokenId)>,
}

/// A place in a rule, with the first way to it.
#[derive(Debug, Clone, Copy)]
struct Node {
    key: Key,
    /// The position it is at.
    at: usize,
    /// The place before it in the same rule.
    before: Option<usize>,
    /// The end of the rule called between the two, if one was.
    child: Option<usize>,
}

/// A state with the position its rule began at, and the rule's parameter.
type Key = (StateId, usize, u64);

/// A place that calls a rule, and the state to go on at behind it.
type Caller = (usize, StateId);

struct Parser<'a> {
    language: &'a mut Language,
    text: &'a Written,
    nodes: Vec<Node>,
    /// For each position, the places reached.
    reached: Vec<HashMap<Key, usize>>,
    /// For each position, the callers of each rule called there.
    callers: Vec<HashMap<(RuleId, u64), Vec<Caller>>>,
    /// For each position, the terminals that are under way: the state of each and where it leads.
    running: Vec<HashSet<(TerminalState, usize, StateId)>>,
    /// For each position, the places to look at.
    open: Vec<VecDeque<usize>>,
}

/// Parses a whole text and lists its captures by where they begin, outer ones first.
pub(super) fn captures(
    language: &mut Language,
    text: &Written,
) -> Result<Vec<Captured>, ConstraintError> {
    let positions = text.symbols.len() + 1;
    let mut parser = Parser {
        language,
        text,
        nodes: Vec::new(),
        reached: vec![HashMap::new(); positions],
        callers: vec![HashMap::new(); positions],
        running: vec![HashSet::new(); positions],
        open: vec![VecDeque::new(); positions],
    };
    let Some(end) = parser.parse()? else {
        return Ok(Vec::new());
    };
    Ok(parser.collect(end))
}

impl Parser<'_> {
    /// The place at which the start rule ends with the text.
    fn parse(&mut self) -> Result<Option<usize>, ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let start = program.start();
        self.arrive((program.rule(start).start, 0, 0), 0, None, None)?;
        for at in 0..=self.text.symbols.len() {
            let mut begun = Vec::new();
            while let Some(node) = self.open[at].pop_front() {
                self.look_at(node, &mut begun)?;
            }
            self.begin(&begun, at)?;
            self.step(at)?;
        }
        let last = self.text.symbols.len();
        let is_whole = |node: &&usize| {
            let (state, origin, _) = self.nodes[**node].key;
            let state = program.state(state);
            state.is_final && state.rule() == start && origin == 0
        };
        Ok(self.reached[last].values().filter(is_whole).min().copied())
    }

    /// Notes a place, unless it was reached before: the first way to it is the one that counts.
    fn arrive(
        &mut self,
        key: Key,
        at: usize,
        before: Option<usize>,
        child: Option<usize>,
    ) -> Result<(), ConstraintError> {
        let next = self.nodes.len();
        self.language.check("places in the parse of captures", next, self.language.limits.parts)?;
        if *self.reached[at].entry(key).or_insert(next) == next {
            self.nodes.push(Node { key, at, before, child });
            self.open[at].push_back(next);
        }
        Ok(())
    }

    /// Goes on from a place without reading anything; `begun` collects the terminals that begin.
    fn look_at(
        &mut self,
        node: usize,
        begun: &mut Vec<(Terminal, usize, StateId)>,
    ) -> Result<(), ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let Node { key: (state, origin, parameter), at, .. } = self.nodes[node];
        let state = program.state(state);
        if state.is_final {
            let callers = self.callers[origin].get(&(state.rule(), parameter));
            for (caller, to) in callers.cloned().unwrap_or_default() {
                let (_, origin, parameter) = self.nodes[caller].key;
                self.arrive((to, origin, parameter), at, Some(caller), Some(node))?;
            }
        }
        for &(terminal, to) in &state.terminals {
            let Some(start) = self.language.begin(terminal.text) else { continue };
            begun.push((terminal, node, to));
            if self.language.is_nullable(start) {
                self.arrive((to, origin, parameter), at, Some(node), None)?;
            }
        }
        for &(rule, argument, to) in &state.calls {
            self.call((rule, argument.apply(parameter)), (node, to))?;
        }
        for (condition, to) in &state.guards {
            if condition.holds(parameter) {
                self.arrive((*to, origin, parameter), at, Some(node), None)?;
            }
        }
        Ok(())
    }

    /// Begins a rule with its parameter where a caller is.
    fn call(&mut self, called: (RuleId, u64), caller: Caller) -> Result<(), ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let (node, to) = caller;
        let Node { key: (_, origin, parameter), at, .. } = self.nodes[node];
        self.callers[at].entry(called).or_default().push(caller);
        let (rule, argument) = called;
        self.arrive((program.rule(rule).start, at, argument), at, None, None)?;
        // The rule may have ended here without text before this call of it was seen.
        let ended: Vec<usize> = self.reached[at]
            .iter()
            .filter(|((state, begun, of), _)| {
                let state = program.state(*state);
                state.is_final && state.rule() == rule && (*begun, *of) == (at, argument)
            })
            .map(|(_, &end)| end)
            .collect();
        for end in ended {
            self.arrive((to, origin, parameter), at, Some(node), Some(end))?;
        }
        Ok(())
    }

    /// Begins the terminals of a position, as [`Closure`](super::closure::Closure) does.
    fn begin(
        &mut self,
        begun: &[(Terminal, usize, StateId)],
        at: usize,
    ) -> Result<(), ConstraintError> {
        let terminals: Vec<Terminal> = begun.iter().map(|(terminal, ..)| *terminal).collect();
        for (state, (_, node, to)) in uncommitted(&terminals, self.language)?.into_iter().zip(begun)
        {
            self.running[at].insert((state, *node, *to));
        }
        Ok(())
    }

    /// Takes the byte or token at a position.
    fn step(&mut self, at: usize) -> Result<(), ConstraintError> {
        let mut running: Vec<_> = std::mem::take(&mut self.running[at]).into_iter().collect();
        running.sort_unstable_by_key(|&(_, node, to)| (node, to));
        if let Some(&Some(byte)) = self.text.symbols.get(at) {
            for (state, node, to) in running {
                let Some(next) = self.language.step(state, byte)? else { continue };
                if self.language.is_nullable(next) {
                    let (_, origin, parameter) = self.nodes[node].key;
                    self.arrive((to, origin, parameter), at + 1, Some(node), None)?;
                }
                if !self.language.is_end(next) {
                    self.running[at + 1].insert((next, node, to));
                }
            }
        }
        let tokens = self.text.tokens.iter().filter(|(start, ..)| *start == at);
        for &(_, end, id) in tokens {
            let mut places: Vec<usize> = self.reached[at].values().copied().collect();
            places.sort_unstable();
            for node in places {
                self.take_token(node, id, end)?;
            }
        }
        Ok(())
    }

    /// Goes on from a place by a token that is meant by its id.
    fn take_token(&mut self, node: usize, id: TokenId, end: usize) -> Result<(), ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let (state, origin, parameter) = self.nodes[node].key;
        for &(pattern, to) in &program.state(state).tokens {
            if self.language.tokens[pattern].contains(id) {
                self.arrive((to, origin, parameter), end, Some(node), None)?;
            }
        }
        Ok(())
    }

    /// The captures on the way to a place, in a loop: rules are nested as deep as texts are long.
    fn collect(&mut self, end: usize) -> Vec<Captured> {
        let program = Arc::clone(&self.language.program);
        let mut spans = Vec::new();
        let mut hidden = Vec::new();
        let mut open = vec![end];
        while let Some(end) = open.pop() {
            let (state, origin, _) = self.nodes[end].key;
            let rule = program.rule(program.state(state).rule());
            let mut until = self.nodes[end].at;
            if let Some(marker) = &rule.marker {
                let from = self.marker_start(marker.expr, origin, until);
                spans.extend(marker.capture.clone().map(|name| (name, from, until)));
                if marker.is_hidden {
                    hidden.push((from, until));
                }
                until = from;
            }
            spans.extend(rule.capture.clone().map(|name| (name, origin, until)));
            let mut at = Some(end);
            while let Some(node) = at {
                open.extend(self.nodes[node].child);
                at = self.nodes[node].before;
            }
        }
        spans.sort_by(|(_, start, end), (_, other, other_end)| {
            start.cmp(other).then(other_end.cmp(end))
        });
        let captured = |(name, start, end)| {
            let is_hidden = |at: &usize| hidden.iter().any(|(from, to)| (from..to).contains(&at));
            let shown = (start..end).filter(|at| !is_hidden(at));
            let bytes = shown.filter_map(|at| self.text.symbols[at]).collect();
            Captured { name, start, end, bytes }
        };
        spans.into_iter().map(captured).collect()
    }

    /// Where the marker that ends a rule's text begins: as early as it can.
    fn marker_start(&mut self, marker: ExprId, start: usize, end: usize) -> usize {
        let matches = |parser: &mut Self, from: usize| {
            let mut state = marker;
            for at in from..end {
                let Some(byte) = parser.text.symbols[at] else {
                    return false;
                };
                let class = parser.language.automaton.class_of(byte);
                state = parser.language.automaton.step(state, class);
            }
            parser.language.automaton.is_nullable(state)
        };
        (start..=end).find(|&from| matches(self, from)).unwrap_or(end)
    }
}
