//! How far a rule's end is: the fewest bytes and tokens that finish it from each of its states.
//!
//! Bytes are counted as tokens of one byte each, so the number is an upper bound of the tokens
//! needed, and one that can always be met. A state that cannot finish has none: nothing leads
//! there, which is why no mask ends in a dead end.
//!
//! Parameters may make more states than could ever be looked at: the orders of 20 parts have a
//! million. Then ways to the end are searched for as they are asked for, along the newest state and
//! along the oldest in turn: the one soon comes to the end of what gets on with every step, the
//! other to an end that is near. A distance is that of a way that was found then, which can be met
//! as well, and is not always the least.

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
/// The most nodes, beside one for each state, of which all distances are found at once.
const MOST_AT_ONCE: usize = 1 << 14;

/// A state with the parameter of its rule.
type Node = (StateId, u64);

/// The distances found so far.
#[derive(Debug)]
pub(super) struct Completions {
    /// Of states whose rule has parameter 0; `None` where not looked at yet.
    plain: Vec<Option<u32>>,
    /// Of the others.
    parametric: HashMap<Node, u32>,
    /// Whether there are too many of the others to find all.
    are_many: bool,
}

/// Nodes on the way to the end of a first one.
#[derive(Default)]
struct Search {
    nodes: Vec<Node>,
    index: HashMap<Node, usize>,
    /// Empty where not looked at yet.
    ways: Vec<Vec<Way>>,
    /// The nodes whose ways go through one.
    users: Vec<Vec<usize>>,
    /// By the ways found so far.
    distances: Vec<u32>,
    is_looked_at: Vec<bool>,
    /// The nodes, oldest first; those that were looked at are passed over.
    open: VecDeque<usize>,
    /// Nodes on the way down along the newest.
    deep: Vec<usize>,
    /// Nodes whose distances may have changed.
    changed: VecDeque<usize>,
    is_changed: Vec<bool>,
}

/// A way on from a node: what it costs by itself, and the nodes it goes through.
struct Way {
    cost: u32,
    through: [Option<Node>; 2],
}

impl Completions {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            plain: vec![None; program.state_count()],
            parametric: HashMap::new(),
            are_many: false,
        }
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

    /// The distance of a node, where it was found.
    fn known(&self, node: Node) -> Option<u32> {
        match node {
            (state, 0) => self.plain[state.index()],
            _ => self.parametric.get(&node).copied(),
        }
    }

    /// Keeps a distance that can not become less any more.
    fn learn(&mut self, node: Node, distance: u32) {
        match node {
            (state, 0) => self.plain[state.index()] = Some(distance),
            _ => {
                self.parametric.insert(node, distance);
            }
        }
    }

    /// Finds the distances of all that a node goes through: the least fixed point, from above. Of
    /// too many, those on a way to the end.
    fn find(&mut self, node: Node, language: &mut Language) -> Result<u32, ConstraintError> {
        let mut search = Search::default();
        search.add(node);
        let most = language.program.state_count() + MOST_AT_ONCE;
        while !self.are_many
            && let Some(at) = search.oldest()
        {
            search.look_at(at, self, language)?;
            self.are_many = search.nodes.len() > most;
        }
        // Later nodes are mostly used by earlier ones.
        (0..search.nodes.len()).rev().for_each(|at| search.change(at));
        search.settle(self);
        let limit = language.limits.parts / NODE_PARTS;
        let mut is_deep = false;
        while search.distances[0] == NEVER {
            is_deep = !is_deep;
            let next = if is_deep { search.newest() } else { search.oldest() };
            let Some(at) = next else {
                break;
            };
            search.look_at(at, self, language)?;
            if is_deep {
                search.go_deeper(at);
            }
            search.change(at);
            search.settle(self);
            language.check("states of rules with parameters", search.nodes.len(), limit)?;
        }
        // That there is no way is known where all was looked at.
        let is_whole = search.oldest().is_none();
        for (&node, &distance) in search.nodes.iter().zip(&search.distances) {
            if is_whole || distance != NEVER {
                self.learn(node, distance);
            }
        }
        Ok(search.distances[0])
    }
}

impl Search {
    /// Opens a node for the search.
    fn add(&mut self, node: Node) {
        self.index.insert(node, self.nodes.len());
        self.open.push_back(self.nodes.len());
        self.nodes.push(node);
        self.ways.push(Vec::new());
        self.users.push(Vec::new());
        self.distances.push(NEVER);
        self.is_changed.push(false);
        self.is_looked_at.push(false);
    }

    /// The oldest node to look at.
    fn oldest(&mut self) -> Option<usize> {
        while let Some(&at) = self.open.front() {
            if !self.is_looked_at[at] {
                return Some(at);
            }
            self.open.pop_front();
        }
        None
    }

    /// The newest node to look at on the way down; where that has ended, the oldest begins another.
    fn newest(&mut self) -> Option<usize> {
        while let Some(at) = self.deep.pop() {
            if !self.is_looked_at[at] {
                return Some(at);
            }
        }
        self.oldest()
    }

    /// What a node goes through comes next on the way down.
    fn go_deeper(&mut self, at: usize) {
        let through = self.ways[at].iter().flat_map(|way| way.through).flatten();
        self.deep.extend(through.filter_map(|node| self.index.get(&node)));
    }

    /// Finds the ways on from a node, and the nodes that these go through.
    fn look_at(
        &mut self,
        at: usize,
        known: &Completions,
        language: &mut Language,
    ) -> Result<(), ConstraintError> {
        self.is_looked_at[at] = true;
        let ways = ways_from(self.nodes[at], language)?;
        for through in ways.iter().flat_map(|way| way.through).flatten() {
            if known.known(through).is_none() && !self.index.contains_key(&through) {
                self.add(through);
            }
            if let Some(&used) = self.index.get(&through) {
                self.users[used].push(at);
            }
        }
        self.ways[at] = ways;
        Ok(())
    }

    /// Looks at a node again, as one that it leads to has come nearer to the end.
    fn change(&mut self, at: usize) {
        if !std::mem::replace(&mut self.is_changed[at], true) {
            self.changed.push_back(at);
        }
    }

    /// Brings the distances of nodes up to date, and of those that use them.
    fn settle(&mut self, known: &Completions) {
        while let Some(at) = self.changed.pop_front() {
            self.is_changed[at] = false;
            let of = |node: Node| match self.index.get(&node) {
                Some(&at) => self.distances[at],
                None => known.known(node).unwrap_or(NEVER),
            };
            let length = |way: &Way| {
                let through = way.through.into_iter().flatten().map(of);
                through.fold(way.cost, plus)
            };
            let best = self.ways[at].iter().map(length).min().unwrap_or(NEVER);
            if best < self.distances[at] {
                self.distances[at] = best;
                for user in self.users[at].clone() {
                    self.change(user);
                }
            }
        }
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
