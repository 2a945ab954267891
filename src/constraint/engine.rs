//! Steps from parser state to parser state, remembered.

use std::sync::Arc;

use hashbrown::HashMap;

use super::closure::Closure;
use super::completion::{Completions, NEVER};
use super::inside::{Allowed, Exits};
use super::language::{Language, TerminalState};
use super::program::Program;
use super::sets::{Frame, Item, Place, Set, SetId, Sets, Step};
use super::walk::walk;
use super::{ConstraintError, Size};
use crate::grammar::{Ends, RuleId};
use crate::vocab::{TokenId, TokenMask, Vocabulary};

/// A compiled grammar with the states that texts have led to so far.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) language: Language,
    /// The language before any step, to begin anew with.
    fresh: Language,
    pub(super) sets: Sets,
    pub(super) completions: Completions,
    /// The outermost rule that ends where a called rule does.
    outermost: HashMap<Caller, Caller>,
    /// The distance from the end of a rule called in a set to the end of the text.
    pub(super) tails: HashMap<Caller, u32>,
    /// The distance from a set to the end of the text, in bytes.
    pub(super) distances: HashMap<SetId, u32>,
    /// The distance from a set to the end of the text, in tokens.
    pub(super) tokens_left: HashMap<SetId, u32>,
    /// Where it is more than so many.
    pub(super) tokens_beyond: HashMap<SetId, u32>,
    /// The tokens that may come next.
    masks: HashMap<SetId, Allowed>,
    /// The tokens that stay inside a terminal in a state.
    pub(super) insides: HashMap<TerminalState, Allowed>,
    /// The tokens that leave a terminal in a state and go on from a set.
    pub(super) outsides: HashMap<(TerminalState, SetId), Allowed>,
    /// Where tokens may leave a terminal in a state.
    pub(super) exits: HashMap<TerminalState, Arc<Exits>>,
    /// The bytes that these hold.
    pub(super) exit_bytes: usize,
    /// How often it began anew: sets of different generations have nothing to do with each other.
    generation: u64,
}

/// A rule called in a set.
pub(super) type Caller = (SetId, RuleId, Frame);

impl Engine {
    /// An engine that has made no state yet.
    pub(super) fn new(language: Language) -> Self {
        Self {
            completions: Completions::new(&language.program),
            sets: Sets::new(language.representatives().len()),
            fresh: language.clone(),
            language,
            outermost: HashMap::new(),
            tails: HashMap::new(),
            distances: HashMap::new(),
            tokens_left: HashMap::new(),
            tokens_beyond: HashMap::new(),
            masks: HashMap::new(),
            insides: HashMap::new(),
            outsides: HashMap::new(),
            exits: HashMap::new(),
            exit_bytes: 0,
            generation: 0,
        }
    }

    /// Forgets all sets if they take more memory than they may. Ids of before are void then, which
    /// the generation tells.
    pub(super) fn make_room(&mut self) {
        if self.memory() > self.language.limits.memory {
            let generation = self.generation + 1;
            *self = Self { generation, ..Self::new(self.fresh.clone()) };
        }
    }

    /// How often all states were forgotten: ids of an earlier generation mean nothing.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The set at the begin of a text.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`]. `None` when no text matches.
    pub(super) fn start(&mut self) -> Result<Option<SetId>, ConstraintError> {
        let program = Arc::clone(&self.language.program);
        let state = program.rule(program.start()).start;
        let mut closure = self.closure(0);
        closure.begin(state)?;
        let set = closure.finish()?;
        let set = set.map(|set| self.sets.intern(set));
        self.if_alive(set)
    }

    /// The set after a byte; `None` when no text goes on so.
    pub(super) fn step(&mut self, from: SetId, byte: u8) -> Result<Option<SetId>, ConstraintError> {
        let to = self.raw_step(from, byte)?;
        self.if_alive(to)
    }

    /// A set from which the end can be reached: any, unless lazy terminals end what it counts on.
    fn if_alive(&mut self, set: Option<SetId>) -> Result<Option<SetId>, ConstraintError> {
        match set {
            Some(set) if self.language.program.has_lazy() && self.distance(set)? == NEVER => {
                Ok(None)
            }
            set => Ok(set),
        }
    }

    /// The set after a byte, from which lazy terminals may leave no way to the end.
    pub(super) fn raw_step(
        &mut self,
        from: SetId,
        byte: u8,
    ) -> Result<Option<SetId>, ConstraintError> {
        let class = self.language.class_of(byte);
        match self.sets.step(from, class) {
            Step::To(to) => Ok(Some(to)),
            Step::Dead => Ok(None),
            Step::Unknown => {
                let to = self.find_step(from, byte)?;
                self.sets.learn(from, class, to);
                Ok(to)
            }
        }
    }

    /// The set after a token that is meant by its id.
    pub(super) fn step_token(
        &mut self,
        from: SetId,
        token: TokenId,
    ) -> Result<Option<SetId>, ConstraintError> {
        let set = self.sets.get(from);
        let mut closure = Closure::new(
            &self.sets,
            (&mut self.completions, &mut self.outermost),
            &mut self.language,
            set.now,
        );
        for item in &set.tokens {
            if closure.language.tokens[item.pattern].contains(token) {
                let origin = item.behind.origin.seen_from(from);
                closure.come_to(Place { origin, ..item.behind });
            }
        }
        let to = closure.finish()?;
        let to = to.map(|set| self.sets.intern(set));
        self.if_alive(to)
    }

    /// What either of two sets allows: after a token that is text and is meant by its id as well.
    pub(super) fn union(&mut self, a: SetId, b: SetId) -> SetId {
        let mut both = Set { now: self.sets.get(a).now, ..Set::default() };
        for id in [a, b] {
            let set = self.sets.get(id);
            both.items.extend_from_slice(&set.items);
            both.tokens.extend_from_slice(&set.tokens);
            both.calls.extend_from_slice(&set.calls);
            both.endings.extend_from_slice(&set.endings);
            both.running.extend_from_slice(&set.running);
            both.arrived.extend_from_slice(&set.arrived);
            both.is_accepting |= set.is_accepting;
        }
        self.sets.intern(both)
    }

    /// The set at the end of a token: where rules have budgets, one token of them is used, and
    /// rules that begin here have theirs whole.
    pub(super) fn end_token(&mut self, at: SetId) -> Result<SetId, ConstraintError> {
        if !self.language.program.has_budgets() {
            return Ok(at);
        }
        let set = self.sets.get(at);
        let now = set.now.saturating_add(1);
        let mut closure = Closure::new(
            &self.sets,
            (&mut self.completions, &mut self.outermost),
            &mut self.language,
            now,
        );
        for item in &set.running {
            closure.go_on(*item)?;
        }
        for place in &set.arrived {
            closure.come_to(*place);
        }
        // A budget ends a rule only where what stands behind it goes on, so something does.
        let ended = closure.finish()?;
        Ok(ended.map_or(at, |set| self.sets.intern(set)))
    }

    /// The tokens that may come next by their ids, one mask for each pattern in the set.
    pub(super) fn token_masks(&self, at: SetId) -> impl Iterator<Item = &TokenMask> {
        self.sets.get(at).tokens.iter().map(|item| &self.language.tokens[item.pattern])
    }

    /// The byte that must come next, and the set behind it; `None` where there is a choice, or
    /// where the text may end.
    pub(super) fn only_step(&mut self, at: SetId) -> Result<Option<(u8, SetId)>, ConstraintError> {
        let set = self.sets.get(at);
        // A budget may end a terminal at the end of any token.
        let may_be_cut = set.items.iter().any(|item| item.ends == Ends::OutOfBudget);
        if set.is_accepting || may_be_cut || !set.tokens.is_empty() {
            return Ok(None);
        }
        let mut only = None;
        for byte in 0..=255 {
            if let Some(next) = self.step(at, byte)?
                && only.replace((byte, next)).is_some()
            {
                return Ok(None);
            }
        }
        Ok(only)
    }

    /// Whether anything but the end may come next.
    pub(super) fn has_step(&mut self, at: SetId) -> Result<bool, ConstraintError> {
        if !self.sets.get(at).tokens.is_empty() {
            return Ok(true);
        }
        for byte in self.language.representatives() {
            if self.step(at, byte)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The temperature that the rules open at a set ask for, innermost first, where all agree.
    pub(super) fn temperature(&self, at: SetId) -> Option<f32> {
        let program = &self.language.program;
        if !program.has_temperatures() {
            return None;
        }
        let set = self.sets.get(at);
        let items = set.items.iter().map(|item| item.behind);
        let mut places = items.chain(set.tokens.iter().map(|token| token.behind));
        let of = |place| {
            let rules = super::explain::open_rules(self, place, at);
            rules.into_iter().find_map(|rule| program.rule(rule).temperature)
        };
        let first = places.next().and_then(of)?;
        places.all(|place| of(place) == Some(first)).then_some(first)
    }

    /// The tokens that may come next, but for ends of sequence.
    pub(super) fn allowed(
        &mut self,
        at: SetId,
        vocabulary: &Vocabulary,
    ) -> Result<Allowed, ConstraintError> {
        if let Some(known) = self.masks.get(&at) {
            return Ok(known.clone());
        }
        let trie = vocabulary.trie();
        let size = vocabulary.len();
        let (mut mask, mut farthest) = (None, Some(0));
        if self.language.program.has_interactions() {
            let mut walked = TokenMask::new(size);
            walk(self, trie, at, |engine, node, set| {
                trie.tokens(node).iter().for_each(|&id| walked.insert(id));
                let set = engine.end_token(set)?;
                // A distance may count on what a lazy terminal ends; this is tried out.
                let tokens = engine.tokens_to_accept(set, trie)?;
                farthest = farthest.map(|known| known.max(tokens));
                Ok(())
            })?;
            mask = Some(Arc::new(walked));
        } else {
            for item in self.sets.get(at).items.clone() {
                let distance = self.add_item(trie, item, at, (&mut mask, size))?;
                farthest = farthest.zip(distance).map(|(a, b)| a.max(b));
            }
        }
        let mut mask = mask.unwrap_or_else(|| Arc::new(TokenMask::new(size)));
        for token in self.sets.get(at).tokens.clone() {
            let behind = self.set_behind(token.behind, at)?;
            if let Some(set) = self.if_alive(behind)? {
                Arc::make_mut(&mut mask).union_with(&self.language.tokens[token.pattern]);
                let set = self.end_token(set)?;
                let distance = self.distance(set)?;
                farthest = farthest.map(|known| known.max(distance));
            }
        }
        if self.sets.get(at).is_accepting {
            let ends = Arc::make_mut(&mut mask);
            vocabulary.eos().iter().for_each(|&id| ends.insert(id));
        }
        let allowed = Allowed { mask, farthest };
        self.masks.insert(at, allowed.clone());
        Ok(allowed)
    }

    /// What may follow where a place of a set is come to; `None` where nothing may, not even the end.
    pub(super) fn set_behind(
        &mut self,
        place: Place,
        at: SetId,
    ) -> Result<Option<SetId>, ConstraintError> {
        let origin = place.origin.seen_from(at);
        let mut closure = self.closure(self.sets.get(at).now);
        closure.come_to(Place { origin, ..place });
        let set = closure.finish()?;
        Ok(set.map(|set| self.sets.intern(set)))
    }

    pub(super) fn set(&self, id: SetId) -> &Set {
        self.sets.get(id)
    }

    pub(super) fn program(&self) -> &Program {
        &self.language.program
    }

    /// The number of distinct sets made.
    pub(super) fn set_count(&self) -> usize {
        self.sets.len()
    }

    /// What was made so far.
    pub(super) fn size(&self) -> Size {
        let machines = self.language.machines.iter().map(|(machine, _)| machine.size());
        let own = Size {
            shapes: 0,
            expressions: self.language.automaton.exprs().len(),
            states: self.sets.len(),
            bytes: self.memory() - self.language.machines_memory(),
        };
        machines.fold(own, |sum, machine| Size {
            shapes: sum.shapes + machine.shapes,
            expressions: sum.expressions + machine.expressions,
            states: sum.states + machine.states,
            bytes: sum.bytes + machine.bytes,
        })
    }

    /// The bytes that all states take, roughly.
    pub(super) fn memory(&self) -> usize {
        let mask = self.masks.values().next().map_or(0, |known| known.mask.words().len() * 4);
        let masks = self.masks.len() + self.insides.len() + self.outsides.len();
        let ways = (self.outermost.len() + self.tails.len()) * 3 * size_of::<Caller>();
        self.language.memory() + self.sets.memory() + masks * mask + self.exit_bytes + ways
    }

    /// The step itself, for a byte that was not yet taken from a set: every item is stepped, and what
    /// comes of it is closed over calls and ends.
    fn find_step(&mut self, from: SetId, byte: u8) -> Result<Option<SetId>, ConstraintError> {
        // Room is made between tokens; within one it may run over, but not without end.
        let limit = self.language.limits.memory.saturating_mul(2);
        self.language.check("bytes of parser states", self.memory(), limit)?;
        let set = self.sets.get(from);
        let mut closure = Closure::new(
            &self.sets,
            (&mut self.completions, &mut self.outermost),
            &mut self.language,
            set.now,
        );
        for item in &set.items {
            let Some(state) = closure.language.step(item.state, byte)? else {
                continue;
            };
            let origin = item.behind.origin.seen_from(from);
            let behind = Place { origin, ..item.behind };
            closure.go_on(Item { state, behind, ..*item })?;
        }
        let to = closure.finish()?;
        Ok(to.map(|set| self.sets.intern(set)))
    }

    /// A closure at the position of a set.
    fn closure(&mut self, now: u32) -> Closure<'_> {
        Closure::new(
            &self.sets,
            (&mut self.completions, &mut self.outermost),
            &mut self.language,
            now,
        )
    }
}
