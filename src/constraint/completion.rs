//! How far a rule's end is: the fewest bytes and tokens that finish it from each of its states.
//!
//! Bytes are counted as tokens of one byte each, so the number is an upper bound of the tokens
//! needed, and one that can always be met. A state that cannot finish has none: nothing leads
//! there, which is why no mask ends in a dead end.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;

use super::ConstraintError;
use super::language::Language;
use super::program::{Program, StateId};
use crate::grammar::Ends;

/// The distance of what cannot finish.
pub(super) const NEVER: u32 = u32::MAX;
/// Distances saturate here.
const FARTHEST: u32 = 1 << 30;

/// What a node takes, in parts of a grammar: 400 bytes.
const NODE_PARTS: usize = 8;

/// A state with the parameter of its rule.
type Node = (StateId, u64);

/// The distances found so far.
#[derive(Debug)]
pub(super) struct Completions {
    /// Of states whose rule has parameter 0; `None` where not looked at yet.
    plain: Vec<Option<u32>>,
    /// Of the others.
    parametric: HashMap<Node, u32>,
}

/// A way on from a node: what it costs by itself, and the nodes it goes through.
struct Way {
    cost: u32,
    through: [Option<Node>; 2],
}

impl Completions {
    pub(super) fn new(program: &Program) -> Self {
        Self { plain: vec![None; program.state_count()], parametric: HashMap::new() }
    }

    /// The distance from a state to the end of its rule; [`NEVER`] where there is no end.
    pub(super) fn of(
        &mut self,
        node: Node,
        language: &mut Language,
    ) -> Result<u32, ConstraintError> {
        match self.known(node) {
            Some(distance) => Ok(distance),
            None => self.find(node, language),
        }
    }

    fn known(&self, node: Node) -> Option<u32> {
        match node {
            (state, 0) => self.plain[state.index()],
            _ => self.parametric.get(&node).copied(),
        }
    }

    fn learn(&mut self, node: Node, distance: u32) {
        match node {
            (state, 0) => self.plain[state.index()] = Some(distance),
            _ => {
                self.parametric.insert(node, distance);
            }
        }
    }

    /// Finds the distances of all that a node goes through: the least fixed point, from above.
    fn find(&mut self, node: Node, language: &mut Language) -> Result<u32, ConstraintError> {
        let mut index: HashMap<Node, usize> = HashMap::from([(node, 0)]);
        let mut nodes = vec![node];
        let mut ways: Vec<Vec<Way>> = Vec::new();
        let mut users: Vec<Vec<usize>> = vec![Vec::new()];
        while let Some(&at) = nodes.get(ways.len()) {
            let found = ways_from(at, language)?;
            for through in found.iter().flat_map(|way| way.through).flatten() {
                if self.known(through).is_none() && !index.contains_key(&through) {
                    language.check(
                        "states of rules with parameters",
                        nodes.len() + 1,
                        language.limits.parts / NODE_PARTS,
                    )?;
                    index.insert(through, nodes.len());
                    nodes.push(through);
                    users.push(Vec::new());
                }
                if let Some(&used) = index.get(&through) {
                    users[used].push(ways.len());
                }
            }
            ways.push(found);
        }
        let mut distances = vec![NEVER; nodes.len()];
        // Later nodes are mostly used by earlier ones.
        let mut open: VecDeque<usize> = (0..nodes.len()).rev().collect();
        let mut is_open = vec![true; nodes.len()];
        while let Some(at) = open.pop_front() {
            is_open[at] = false;
            let of = |node: Node| match index.get(&node) {
                Some(&at) => distances[at],
                None => self.known(node).unwrap_or(NEVER),
            };
            let length = |way: &Way| {
                let through = way.through.into_iter().flatten().map(of);
                through.fold(way.cost, plus)
            };
            let best = ways[at].iter().map(length).min().unwrap_or(NEVER);
            if best < distances[at] {
                distances[at] = best;
                for &user in &users[at] {
                    if !std::mem::replace(&mut is_open[user], true) {
                        open.push_back(user);
                    }
                }
            }
        }
        for (&node, &distance) in nodes.iter().zip(&distances) {
            self.learn(node, distance);
        }
        Ok(distances[0])
    }
}

fn ways_from(
    (state, parameter): Node,
    language: &mut Language,
) -> Result<Vec<Way>, ConstraintError> {
    let program = Arc::clone(&language.program);
    let state = program.state(state);
    let mut ways = Vec::new();
    if state.is_final {
        ways.push(Way { cost: 0, through: [None; 2] });
    }
    for &(terminal, to) in &state.terminals {
        // A budget may be left over, so nothing can count on its end.
        let cost = match terminal.ends {
            Ends::OutOfBudget => NEVER,
            Ends::Anywhere | Ends::AtFirst => match language.begin(terminal.text) {
                Some(state) => language.shortest(state)?,
                None => NEVER,
            },
        };
        ways.push(Way { cost, through: [Some((to, parameter)), None] });
    }
    for &(pattern, to) in &state.tokens {
        let cost = if language.has_token(pattern) { 1 } else { NEVER };
        ways.push(Way { cost, through: [Some((to, parameter)), None] });
    }
    for &(rule, argument, to) in &state.calls {
        let callee = (program.rule(rule).start, argument.apply(parameter));
        ways.push(Way { cost: 0, through: [Some(callee), Some((to, parameter))] });
    }
    for (condition, to) in &state.guards {
        if condition.holds(parameter) {
            ways.push(Way { cost: 0, through: [Some((*to, parameter)), None] });
        }
    }
    Ok(ways)
}

/// One distance after another.
pub(super) fn plus(a: u32, b: u32) -> u32 {
    match (a, b) {
        (NEVER, _) | (_, NEVER) => NEVER,
        _ => a.saturating_add(b).min(FARTHEST),
    }
}
