//! Parser states: sets of places in rules, each distinct set stored once.
//!
//! A set is what Earley's algorithm (1970) keeps for one position of the text, with two changes. An
//! item points to the *set* it began in instead of the position, so that equal states of different
//! texts are one, as in a graph-structured stack (Tomita 1985). And terminals are not found by a
//! lexer: an item in the middle of a terminal carries the terminal's automaton state, so all
//! readings of a text go on side by side.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::language::TerminalState;
use super::program::StateId;
use crate::grammar::{Ends, RuleId};

/// A set of a [`Sets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SetId(u32);

impl SetId {
    /// Within a set: that set.
    pub(super) const SELF: Self = Self(u32::MAX);
    /// Where the start rule began.
    pub(super) const ROOT: Self = Self(u32::MAX - 1);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// The set that this one, found in `set`, means.
    pub(super) fn seen_from(self, set: Self) -> Self {
        if self == Self::SELF { set } else { self }
    }
}

/// What a running rule carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) parameter: u64,
    /// The number of tokens of the whole text at which the rule should end; [`Frame::NO_DEADLINE`]
    /// where it may go on.
    pub(super) deadline: u32,
    /// How many rules with budgets it is in, itself included.
    pub(super) budgets: u32,
}

impl Frame {
    pub(super) const NO_DEADLINE: u32 = u32::MAX;
    pub(super) const START: Self = Self { parameter: 0, deadline: Self::NO_DEADLINE, budgets: 0 };

    /// Whether the budget of the rule is used up after so many tokens.
    pub(super) fn is_used_up(self, now: u32) -> bool {
        self.deadline <= now
    }
}

/// A place in a rule that began in `origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) state: StateId,
    pub(super) origin: SetId,
    pub(super) frame: Frame,
}

/// A terminal that has begun or may begin, and the place behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) state: TerminalState,
    pub(super) ends: Ends,
    pub(super) behind: Place,
}

/// A token that may come, by the index of its pattern, and the place behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TokenItem {
    pub(super) pattern: usize,
    pub(super) behind: Place,
}

/// A rule called in a set, and the place to go on at when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) rule: RuleId,
    pub(super) frame: Frame,
    pub(super) behind: Place,
}

/// Everything that may come next at one position. Lists are ascending and without doubles.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Set {
    pub(super) items: Vec<Item>,
    pub(super) tokens: Vec<TokenItem>,
    pub(super) calls: Vec<Call>,
    /// Whether the text may end here.
    pub(super) is_accepting: bool,
    /// The deadlines of the rules with budgets that may end here, with how many they are in: the rule
    /// around one that ends goes on, though it may have the same deadline.
    pub(super) endings: Vec<(u32, u32)>,
    /// The number of tokens so far, where rules have budgets; else 0.
    pub(super) now: u32,
    /// The items that go on and the places that the text has come to: what all else follows from.
    /// Kept where rules have budgets, as a token's end changes what follows.
    pub(super) running: Vec<Item>,
    pub(super) arrived: Vec<Place>,
}

impl Set {
    /// The calls of a rule with a frame.
    pub(super) fn calls_of(&self, rule: RuleId, frame: Frame) -> &[Call] {
        let key = (rule, frame);
        let start = self.calls.partition_point(|call| (call.rule, call.frame) < key);
        let count = self.calls[start..].partition_point(|call| (call.rule, call.frame) == key);
        &self.calls[start..start + count]
    }

    /// Drops what goes on in rules that have used up their budget and may end here.
    pub(super) fn close_expired(&mut self) {
        let Self { items, tokens, endings, now, .. } = self;
        let is_over = |place: Place| {
            let Frame { deadline, budgets, .. } = place.frame;
            place.frame.is_used_up(*now) && endings.contains(&(deadline, budgets))
        };
        items.retain(|item| !is_over(item.behind));
        tokens.retain(|token| !is_over(token.behind));
    }

    /// Puts items in order and drops doubles, so that equal sets are equal values.
    fn normalize(&mut self) {
        self.items.sort_unstable();
        self.items.dedup();
        self.tokens.sort_unstable();
        self.tokens.dedup();
        self.calls.sort_unstable();
        self.calls.dedup();
        self.endings.sort_unstable();
        self.endings.dedup();
        self.running.sort_unstable();
        self.running.dedup();
        self.arrived.sort_unstable();
        self.arrived.dedup();
    }

    /// The bytes of this set, roughly.
    fn memory(&self) -> usize {
        size_of::<Self>()
            + (self.items.len() + self.running.len()) * size_of::<Item>()
            + self.tokens.len() * size_of::<TokenItem>()
            + self.calls.len() * size_of::<Call>()
    }
}

/// A store of sets, with the steps between them that are known.
#[derive(Debug)]
pub(super) struct Sets {
    sets: Vec<Set>,
    ids: HashTable<SetId>,
    hasher: DefaultHashBuilder,
    /// `rows[row_of[set] + class]`: the set after a byte; [`UNKNOWN`] or [`DEAD`].
    rows: Vec<u32>,
    row_of: Vec<u32>,
    classes: usize,
    memory: usize,
}

const UNKNOWN: u32 = u32::MAX;
const DEAD: u32 = u32::MAX - 1;

/// What is known of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Unknown,
    /// No text begins so.
    Dead,
    To(SetId),
}

impl Sets {
    pub(super) fn new(classes: usize) -> Self {
        Self {
            sets: Vec::new(),
            ids: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            rows: Vec::new(),
            row_of: Vec::new(),
            classes,
            memory: 0,
        }
    }

    /// The id of a set, whose lists may be in any order.
    pub(super) fn intern(&mut self, mut set: Set) -> SetId {
        set.normalize();
        let hash = self.hasher.hash_one(&set);
        let sets = &self.sets;
        if let Some(&id) = self.ids.find(hash, |id| sets[id.index()] == set) {
            return id;
        }
        let id = SetId(u32::try_from(self.sets.len()).expect("limits keep the store small"));
        self.memory += set.memory() + 16;
        self.sets.push(set);
        self.row_of.push(UNKNOWN);
        let (sets, hasher) = (&self.sets, &self.hasher);
        self.ids.insert_unique(hash, id, |id| hasher.hash_one(&sets[id.index()]));
        id
    }

    /// Records a step; `None` is dead.
    pub(super) fn learn(&mut self, from: SetId, class: u8, to: Option<SetId>) {
        if self.row_of[from.index()] == UNKNOWN {
            self.row_of[from.index()] =
                u32::try_from(self.rows.len()).expect("limits keep the table small");
            self.rows.resize(self.rows.len() + self.classes, UNKNOWN);
            self.memory += self.classes * size_of::<u32>();
        }
        let cell = self.row_of[from.index()] as usize + usize::from(class);
        self.rows[cell] = to.map_or(DEAD, |to| to.0);
    }

    /// What is known of a step; nothing is computed.
    pub(super) fn step(&self, from: SetId, class: u8) -> Step {
        let row = self.row_of[from.index()];
        if row == UNKNOWN {
            return Step::Unknown;
        }
        match self.rows[row as usize + usize::from(class)] {
            UNKNOWN => Step::Unknown,
            DEAD => Step::Dead,
            to => Step::To(SetId(to)),
        }
    }

    pub(super) fn get(&self, id: SetId) -> &Set {
        &self.sets[id.index()]
    }

    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// The bytes it holds, roughly.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }
}
