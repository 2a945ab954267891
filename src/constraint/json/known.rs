//! What is known of tokens wherever they stand: within a value, and within white space.
//!
//! What may follow within a value depends on the value alone, until it is over. So values are walked
//! with their surroundings left open, under [`LevelId::OPEN`]: the tokens that stay within are the
//! same in all places, and from the nodes at which the value is over the walk goes on with what
//! stands around it there. White space is the same again: the tokens within it depend on how much
//! may come, and behind it JSON's syntax goes on as if there were none.
//!
//! Law: what is found so is what a walk byte by byte finds; the walks in `tests/json_schema` hold it.

use std::sync::Arc;

use super::escape::Escape;
use super::level::LevelId;
use super::mask::{Found, Nodes, Part};
use super::{Machine, Place, State, StateId};
use crate::constraint::ConstraintError;
use crate::regex::{ByteSet, ExprId};
use crate::schema::algebra::NEVER;
use crate::vocab::{TokenId, TokenMask};

/// The bytes that may stand behind a value in an array or object.
const BEHIND_VALUES: ByteSet = ByteSet::of(b",]} \t\n\r");

/// As RFC 8259, section 2, has it.
const WHITE_SPACE: ByteSet = ByteSet::of(b" \t\n\r");

/// What is known at some nodes: by the state within an open value, and by the first node.
pub(super) type ValueKey = (StateId, Part, u32);

/// The same of white space, by what of it may come.
pub(super) type SpaceKey = (ExprId, Part, u32);

/// What a walk with open surroundings found: tokens that stay within, and the nodes below which a walk goes on behind it.
#[derive(Debug, Default)]
pub(super) struct Known {
    tokens: Vec<TokenId>,
    exits: Vec<u32>,
}

impl Known {
    /// The bytes that it takes.
    fn memory(&self) -> usize {
        size_of::<Self>() + 4 * (self.tokens.len() + self.exits.len())
    }
}

impl Machine {
    /// Whether a state is within a value that may be walked with its surroundings left open.
    pub(super) fn has_open_form(&self, state: StateId) -> bool {
        self.level_around(self.states.get(state.0)).is_some()
    }

    /// A state within a value with its surroundings left open, and the level that they are; `None`
    /// for other states, and where several readings have different ones.
    pub(super) fn opened(&mut self, state: StateId) -> Option<(StateId, LevelId)> {
        let state = *self.states.get(state.0);
        let level = self.level_around(&state)?;
        let open = LevelId::OPEN;
        let place = match state.place {
            Place::Value(wants) => {
                let nodes = self.wants.get(wants.0).iter().map(|&(node, _)| (node, open)).collect();
                Place::Value(self.wants_id(nodes))
            }
            Place::Colon(wants) => {
                let nodes = self.wants.get(wants.0).iter().map(|&(node, _)| (node, open)).collect();
                Place::Colon(self.wants_id(nodes))
            }
            Place::Number(reading) => {
                let of = self.reading(reading).iter().map(|&(language, _)| (language, open));
                let of = of.collect();
                Place::Number(self.reading_id(of))
            }
            Place::String(reading, escape) => {
                let of = self.reading(reading).iter().map(|&(language, _)| (language, open));
                let of = of.collect();
                Place::String(self.reading_id(of), escape)
            }
            Place::Literal(word, at, _) => Place::Literal(word, at, open),
            _ => return None,
        };
        Some((self.state_id(State { place, ..state }), level))
    }

    /// The one level around a value that a state is within.
    ///
    /// Of items whose text is kept the surroundings do depend on the value. A string is left to its
    /// own walk but for its escapes.
    fn level_around(&self, state: &State) -> Option<LevelId> {
        if state.item.is_some() {
            return None;
        }
        let level = match state.place {
            Place::Value(wants) | Place::Colon(wants) => {
                only(self.wants.get(wants.0).iter().map(|of| of.1))
            }
            Place::String(_, Escape::None) => None,
            Place::Number(reading) | Place::String(reading, _) => {
                only(self.reading(reading).iter().map(|of| of.1))
            }
            Place::Literal(_, _, level) => Some(level),
            _ => None,
        };
        level.filter(|&level| level != LevelId::OVER && level != LevelId::OPEN)
    }

    /// Whether a value whose surroundings are left open may be over here.
    pub(super) fn is_open_end(&self, state: StateId) -> bool {
        match self.states.get(state.0).place {
            Place::After(level) => level == LevelId::OPEN,
            Place::Number(reading) => self.reading(reading).iter().any(|&(language, level)| {
                level == LevelId::OPEN && self.algebra.automaton.is_nullable(language)
            }),
            _ => false,
        }
    }

    /// Walks nodes within a value: finds what is known of it, and walks on behind its ends.
    ///
    /// Behind an end stands a comma, a bracket or white space, of which a token seldom has more than
    /// a few bytes; so what is walked anew is little.
    pub(super) fn walk_opened(
        &mut self,
        nodes: Nodes<'_>,
        (open, level): (StateId, LevelId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let known = self.known_value(nodes, open, found.mask.len())?;
        known.tokens.iter().for_each(|&id| found.mask.insert(id));
        // A number may be over before any byte.
        let is_over = self.is_open_end(open);
        if known.exits.is_empty() && !is_over {
            return Ok(());
        }
        let state = *self.states.get(open.0);
        let Some(after) = self.end_value(state, vec![level])? else { return Ok(()) };
        let after = self.state_id(after);
        if is_over {
            self.walk(nodes, after, found)?;
        }
        for &exit in &known.exits {
            self.walk(nodes.below(exit as usize), after, found)?;
        }
        Ok(())
    }

    /// What is known of the tokens at some nodes within a value, found where it was not yet.
    ///
    /// The nodes at which the value may be over are those with something below that can stand
    /// behind a value: in a vocabulary these are few, and mostly there are none.
    fn known_value(
        &mut self,
        nodes: Nodes<'_>,
        open: StateId,
        size: usize,
    ) -> Result<Arc<Known>, ConstraintError> {
        let key = (open, nodes.part, nodes.start as u32);
        if let Some(known) = self.known_values.get(&key) {
            return Ok(Arc::clone(known));
        }
        let mut mask = TokenMask::new(size);
        let mut inside = Found::new(&mut mask);
        self.walk(nodes, open, &mut inside)?;
        let mut exits = inside.exits;
        exits.retain(|&exit| nodes.below(exit as usize).children(BEHIND_VALUES).next().is_some());
        exits.sort_unstable();
        exits.dedup();
        let known = Arc::new(Known { tokens: mask.iter().collect(), exits });
        self.known_bytes += known.memory();
        self.known_values.insert(key, Arc::clone(&known));
        Ok(known)
    }

    /// Whether white space may come in a state.
    ///
    /// The text of items that are compared is kept with its white space, so there the states behind
    /// it are not the same.
    pub(super) fn has_space(&self, state: StateId) -> bool {
        let state = self.states.get(state.0);
        state.space != ExprId::EMPTY && state.space != ExprId::NOTHING && state.item.is_none()
    }

    /// Walks nodes where white space may stand: finds what is known of it, and walks on behind it,
    /// from the state without.
    pub(super) fn walk_spaced(
        &mut self,
        nodes: Nodes<'_>,
        from: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let state = *self.states.get(from.0);
        let bare = self.state_id(State { space: ExprId::EMPTY, ..state });
        if self.algebra.automaton.is_nullable(state.space) {
            self.walk(nodes, bare, found)?;
        }
        let known = self.known_space(nodes, state.space)?;
        known.tokens.iter().for_each(|&id| found.mask.insert(id));
        for &exit in &known.exits {
            self.walk(nodes.below(exit as usize), bare, found)?;
        }
        Ok(())
    }

    /// The tokens of white space alone, and the nodes at which it may be over.
    fn known_space(
        &mut self,
        nodes: Nodes<'_>,
        space: ExprId,
    ) -> Result<Arc<Known>, ConstraintError> {
        let key = (space, nodes.part, nodes.start as u32);
        if let Some(known) = self.known_spaces.get(&key) {
            return Ok(Arc::clone(known));
        }
        let mut known = Known::default();
        let base = nodes.depth();
        let mut path = vec![space];
        for mut at in nodes.children(WHITE_SPACE) {
            let end = nodes.trie.nodes()[at].end();
            while at < end {
                let node = nodes.trie.nodes()[at];
                path.truncate(node.depth() - base);
                let next = match WHITE_SPACE.contains(node.byte()) {
                    true => self.algebra.step(path[path.len() - 1], node.byte())?,
                    false => ExprId::NOTHING,
                };
                if next == ExprId::NOTHING || self.algebra.shortest(next)? == NEVER {
                    at = node.end();
                    continue;
                }
                known.tokens.extend(nodes.trie.tokens(at));
                if self.algebra.automaton.is_nullable(next) {
                    known.exits.push(at as u32);
                }
                path.push(next);
                at += 1;
            }
        }
        let not_space = WHITE_SPACE.complement();
        known.exits.retain(|&exit| nodes.below(exit as usize).children(not_space).next().is_some());
        let known = Arc::new(known);
        self.known_bytes += known.memory();
        self.known_spaces.insert(key, Arc::clone(&known));
        Ok(known)
    }
}

/// The level that all are.
fn only(mut levels: impl Iterator<Item = LevelId>) -> Option<LevelId> {
    let first = levels.next()?;
    levels.all(|level| level == first).then_some(first)
}
