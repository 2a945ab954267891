//! How far the end of the text is from a parser state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::ConstraintError;
use super::completion::{NEVER, plus};
use super::engine::{Caller, Engine};
use super::sets::{Place, SetId};
use crate::grammar::Ends;
use crate::vocab::{TokenId, TokenTrie};

/// The most tokens of a shortest text that are gone through to be counted.
const MOST_WALKED: u32 = 1 << 13;

impl Engine {
    /// The fewest bytes that finish the text, a token that is meant by its id counted as one.
    pub(super) fn distance(&mut self, at: SetId) -> Result<u32, ConstraintError> {
        if let Some(&distance) = self.distances.get(&at) {
            return Ok(distance);
        }
        let distance = match self.language.program.has_lazy() {
            false => self.estimate(at)?,
            true => self.find_way(at)?,
        };
        self.distances.insert(at, distance);
        Ok(distance)
    }

    /// The length of a way to the end of the text that was tried out, since lazy terminals end what
    /// an [`estimate`](Self::estimate) counts on. The most promising states are looked at first, so
    /// that it is short, if not always the shortest. [`NEVER`] where there is no way, or none that is
    /// found in reasonable time: that it is dead may be undecidable, and nothing may lead into a
    /// state that is.
    fn find_way(&mut self, from: SetId) -> Result<u32, ConstraintError> {
        let mut came_from: HashMap<SetId, SetId> = HashMap::from([(from, from)]);
        let estimate = self.estimate(from)?;
        let mut open = BinaryHeap::from([Reverse((estimate, 0, from))]);
        let mut patience = 1_000 + u64::from(estimate).saturating_mul(4);
        while let Some(Reverse((_, _, at))) = open.pop() {
            let known = self.distances.get(&at).copied();
            match known.or(self.set(at).is_accepting.then_some(0)) {
                Some(NEVER) => continue,
                Some(left) => return Ok(self.learn_way(from, at, left, &came_from)),
                None => {}
            }
            let Some(left) = patience.checked_sub(1) else {
                return Ok(NEVER);
            };
            patience = left;
            for next in self.raw_steps(at)? {
                if !came_from.contains_key(&next) {
                    came_from.insert(next, at);
                    open.push(Reverse((self.estimate(next)?, came_from.len(), next)));
                }
            }
        }
        self.distances.extend(came_from.into_keys().map(|dead| (dead, NEVER)));
        Ok(NEVER)
    }

    /// Along a way, each state's distance is one more than that of the next.
    fn learn_way(
        &mut self,
        from: SetId,
        end: SetId,
        left: u32,
        came_from: &HashMap<SetId, SetId>,
    ) -> u32 {
        let (mut at, mut left) = (end, left);
        self.distances.insert(at, left);
        while at != from {
            at = came_from[&at];
            left = plus(left, 1);
            self.distances.insert(at, left);
        }
        left
    }

    /// The states after one byte or token that may be finished with, lazy terminals' dead ends too.
    fn raw_steps(&mut self, at: SetId) -> Result<Vec<SetId>, ConstraintError> {
        let mut steps = Vec::new();
        for byte in self.language.representatives() {
            if self.language.automaton.is_usable(byte) {
                steps.extend(self.raw_step(at, byte)?);
            }
        }
        for token in self.set(at).tokens.clone() {
            steps.extend(self.set_behind(token.behind, at)?);
        }
        Ok(steps)
    }

    /// An upper bound of the tokens that finish the text, which can always be met: those of the
    /// shortest text, each as long as there is one. Where these are more than [`MOST_WALKED`] it is the
    /// bytes of that text.
    pub(super) fn tokens_to_accept(
        &mut self,
        at: SetId,
        trie: &TokenTrie,
    ) -> Result<u32, ConstraintError> {
        // Where a distance may count on what a lazy terminal ends, bytes say nothing.
        let most = if self.language.program.has_interactions() { u32::MAX } else { MOST_WALKED };
        let within = self.tokens_within(at, trie, most)?;
        match within.or_else(|| self.tokens_left.get(&at).copied()) {
            Some(tokens) => Ok(tokens),
            None => self.distance(at),
        }
    }

    /// The same where it is `most` at most. Goes no further than these, so that a short budget is
    /// soon seen to be too short for a long text.
    pub(super) fn tokens_within(
        &mut self,
        at: SetId,
        trie: &TokenTrie,
        most: u32,
    ) -> Result<Option<u32>, ConstraintError> {
        let at = self.alike(at);
        // The first token of the rest at each of these states.
        let mut path = vec![at];
        let mut tokens = loop {
            let at = path[path.len() - 1];
            if let Some(&known) = self.tokens_left.get(&at) {
                break known;
            }
            let left = most.saturating_sub(path.len() as u32 - 1);
            let is_beyond = self.tokens_beyond.get(&at).is_some_and(|&known| known >= left);
            if is_beyond || left == 0 && self.distance(at)? > 0 {
                self.learn_beyond(&path, most);
                return Ok(None);
            }
            match self.longest_token(at, trie)? {
                Some(next) => path.push(next),
                None if self.distance(at)? == 0 => break 0,
                // What a lazy terminal ended was counted on: it is not known how to finish.
                None => break NEVER,
            }
        };
        while let Some(at) = path.pop() {
            self.tokens_left.insert(at, tokens);
            tokens = tokens.saturating_add(1);
        }
        Ok(Some(self.tokens_left[&at]).filter(|&tokens| tokens <= most))
    }

    /// One state for all from which the same ways lead to the end: a mask under a budget asks for as
    /// many as there are tokens, and what a token adds to a key of any text is mostly no matter.
    fn alike(&mut self, at: SetId) -> SetId {
        let mut set = self.sets.get(at).clone();
        for item in &mut set.items {
            item.state = self.language.alike(item.state);
        }
        self.sets.intern(set)
    }

    /// Along a way that is longer than so many tokens, each state has one fewer behind it.
    fn learn_beyond(&mut self, path: &[SetId], most: u32) {
        for (&at, left) in path.iter().zip((0..=most).rev()) {
            let known = self.tokens_beyond.entry(at).or_insert(left);
            *known = left.max(*known);
        }
    }

    /// The state after the longest token that begins the shortest text; `None` where that is empty.
    fn longest_token(
        &mut self,
        from: SetId,
        trie: &TokenTrie,
    ) -> Result<Option<SetId>, ConstraintError> {
        let mut at = from;
        let mut node = None;
        let mut best = None;
        while let Some((byte, next)) = self.nearer(at)? {
            let Some(child) = trie.child(node, byte) else {
                break;
            };
            (at, node) = (next, Some(child));
            if !trie.tokens(child).is_empty() {
                best = Some(self.end_token(at)?);
            }
        }
        if best.is_none() && self.distance(from)? > 0 {
            // Only a token that is meant by its id leads on.
            return self.nearer_token(from);
        }
        Ok(best)
    }

    /// A byte that brings the end of the text nearer, and the state behind it: one of those that are
    /// likely to, or the lowest.
    fn nearer(&mut self, at: SetId) -> Result<Option<(u8, SetId)>, ConstraintError> {
        let distance = self.distance(at)?;
        if distance == 0 {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for item in self.set(at).items.clone() {
            bytes.extend(self.language.likely(item.state)?);
        }
        bytes.extend(self.language.representatives());
        for byte in bytes {
            if let Some(next) = self.step(at, byte)?
                && self.language.automaton.is_usable(byte)
                && self.distance(next)? < distance
            {
                return Ok(Some((byte, next)));
            }
        }
        Ok(None)
    }

    fn nearer_token(&mut self, at: SetId) -> Result<Option<SetId>, ConstraintError> {
        let distance = self.distance(at)?;
        let ids: Vec<TokenId> =
            self.token_masks(at).filter_map(|mask| mask.iter().next()).collect();
        for id in ids {
            if let Some(next) = self.step_token(at, id)? {
                let next = self.end_token(next)?;
                if self.distance(next)? < distance {
                    return Ok(Some(next));
                }
            }
        }
        Ok(None)
    }

    /// The fewest bytes that finish the text, if nothing that may come is ended by a lazy terminal.
    fn estimate(&mut self, at: SetId) -> Result<u32, ConstraintError> {
        let set = self.sets.get(at).clone();
        if set.is_accepting {
            return Ok(0);
        }
        let mut best = NEVER;
        for item in &set.items {
            let can_end = item.ends != Ends::OutOfBudget;
            let own = if can_end { self.language.shortest(item.state)? } else { NEVER };
            best = best.min(plus(own, self.distance_from(item.behind, at)?));
        }
        for token in &set.tokens {
            best = best.min(plus(1, self.distance_from(token.behind, at)?));
        }
        Ok(best)
    }

    /// The distance from a place to the end of the text.
    pub(super) fn distance_from(
        &mut self,
        place: Place,
        at: SetId,
    ) -> Result<u32, ConstraintError> {
        let own = self.completion(place)?;
        let rule = self.language.program.state(place.state).rule();
        let tail = self.tail((place.origin.seen_from(at), rule, place.frame))?;
        Ok(plus(own, tail))
    }

    /// The distance from the end of a called rule to the end of the text: the shortest way up the
    /// callers (Dijkstra 1959).
    fn tail(&mut self, caller: Caller) -> Result<u32, ConstraintError> {
        let mut best: HashMap<Caller, u32> = HashMap::from([(caller, 0)]);
        let mut came_from: HashMap<Caller, Caller> = HashMap::new();
        let mut open = BinaryHeap::from([Reverse((0, None, caller))]);
        while let Some(Reverse((distance, is_whole, at))) = open.pop() {
            if is_whole.is_some() {
                self.learn_tails(distance, at, &best, &came_from);
                return Ok(distance);
            }
            let (set, rule, frame) = at;
            if best.get(&at).is_some_and(|&known| known < distance) {
                continue;
            }
            if let Some(&rest) = self.tails.get(&at) {
                open.push(Reverse((plus(distance, rest), Some(()), at)));
                continue;
            }
            if set == SetId::ROOT {
                open.push(Reverse((distance, Some(()), at)));
                continue;
            }
            for call in self.sets.get(set).calls_of(rule, frame).to_vec() {
                let place = call.behind;
                let further = plus(distance, self.completion(place)?);
                let rule = self.language.program.state(place.state).rule();
                let next = (place.origin.seen_from(set), rule, place.frame);
                if further != NEVER && best.get(&next).is_none_or(|&known| further < known) {
                    best.insert(next, further);
                    came_from.insert(next, at);
                    open.push(Reverse((further, None, next)));
                }
            }
        }
        Ok(NEVER)
    }

    /// Along a shortest way, each caller's distance is the rest of it.
    fn learn_tails(
        &mut self,
        whole: u32,
        last: Caller,
        best: &HashMap<Caller, u32>,
        came_from: &HashMap<Caller, Caller>,
    ) {
        let mut at = Some(last);
        while let Some(caller) = at {
            self.tails.insert(caller, whole - best[&caller]);
            at = came_from.get(&caller).copied();
        }
    }

    fn completion(&mut self, place: Place) -> Result<u32, ConstraintError> {
        self.completions.of((place.state, place.frame.parameter), &mut self.language)
    }
}
