//! Tokens within keys.
//!
//! Keys are strings that are compared with others: with the names that a shape knows, and with the
//! keys that came before. All others are alike, so one stands for them, and those that are compared
//! are few enough to be looked at one by one.

use std::sync::Arc;

use hashbrown::HashMap;

use super::escape::Escape;
use super::level::Thread;
use super::mask::{Found, Nodes, Part};
use super::text_mask::allow_plain_below;
use super::{Cursor, CursorsId, Machine, Place, State, StateId, TextId};
use crate::constraint::ConstraintError;
use crate::regex::ExprId;
use crate::vocab::{Plain, TokenMask};

impl Machine {
    /// Finds the tokens that may follow within a key, at nodes.
    ///
    /// First the tokens that any key goes on with which is compared with no other, where there may
    /// be such; then they are put right along the keys that are compared.
    pub(super) fn walk_key(
        &mut self,
        nodes: Nodes<'_>,
        (state, cursors, text): (StateId, CursorsId, TextId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let cursors = self.cursors.get(cursors.0).to_vec();
        let key = (state, &cursors[..], text);
        if cursors.iter().all(|cursor| cursor.unnamed == ExprId::NOTHING) {
            return self.walk_names(nodes, key, found);
        }
        let compared = self.compared(&cursors, text);
        self.walk_others(nodes, key, found)?;
        for rest in compared {
            match self.is_alive(&cursors, text, &rest)? {
                true => self.walk_alive(nodes, key, &rest, found)?,
                false => self.walk_compared(nodes, state, &rest, found)?,
            }
        }
        Ok(())
    }

    /// Whether a key may be gone on with along a text, up to its end: where that is a name that may
    /// come, or where there are keys of any text.
    fn is_alive(
        &mut self,
        cursors: &[Cursor],
        text: TextId,
        rest: &[u8],
    ) -> Result<bool, ConstraintError> {
        let any_text = self.algebra.any_text();
        if cursors.iter().any(|cursor| cursor.unnamed == any_text) {
            return Ok(true);
        }
        Ok(self.names_behind(cursors, text)?.iter().any(|name| **name == *rest))
    }

    /// What the key goes on with that is a name which may come, ascending.
    fn names_behind(
        &mut self,
        cursors: &[Cursor],
        text: TextId,
    ) -> Result<Vec<Box<[u8]>>, ConstraintError> {
        let depth = self.text(text).len();
        let mut behind = Vec::new();
        for cursor in cursors {
            let names = self.names_of(cursor)?;
            behind.extend(names.iter().map(|name| Box::from(&name.as_bytes()[depth..])));
        }
        behind.sort_unstable();
        behind.dedup();
        Ok(behind)
    }

    /// Finds the tokens within a key that can only become one of some names: those along each, and
    /// the escapes on the way.
    fn walk_names(
        &mut self,
        nodes: Nodes<'_>,
        (state, cursors, text): (StateId, &[Cursor], TextId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let escaped = self.step(state, b'\\')?;
        if let Some((node, next)) = nodes.trie.child(nodes.parent(), b'\\').zip(escaped) {
            self.walk_from(nodes, node, next, found)?;
        }
        let mut before: Box<[u8]> = [].into();
        for rest in self.names_behind(cursors, text)? {
            let mut node = nodes.parent();
            let shared = rest.iter().zip(&before).take_while(|(a, b)| a == b).count();
            for (at, &byte) in rest.iter().enumerate() {
                let child = nodes.trie.child(node, byte).filter(|_| !is_escaped(byte));
                let Some(child) = child else { break };
                node = Some(child);
                nodes.trie.tokens(child).iter().for_each(|&id| found.mask.insert(id));
                let Some(escape) = nodes.trie.child(node, b'\\').filter(|_| at >= shared) else {
                    continue;
                };
                let from = self.along(state, (cursors, text), &rest[..=at])?;
                if let Some(next) = self.step(from, b'\\')? {
                    self.walk_from(nodes, escape, next, found)?;
                }
            }
            self.walk_alive(nodes, (state, cursors, text), &rest, found)?;
            before = rest;
        }
        Ok(())
    }

    /// Finds the tokens along a text that the key may become, and those that end it there.
    ///
    /// Every token on the way is allowed, so no state is made there; few tokens reach the end.
    fn walk_alive(
        &mut self,
        nodes: Nodes<'_>,
        (state, cursors, text): (StateId, &[Cursor], TextId),
        rest: &[u8],
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let mut node = nodes.parent();
        for &byte in rest {
            let child = nodes.trie.child(node, byte).filter(|_| !is_escaped(byte));
            let Some(child) = child else { return Ok(()) };
            nodes.trie.tokens(child).iter().for_each(|&id| found.mask.insert(id));
            node = Some(child);
        }
        let Some(end) = nodes.trie.child(node, b'"') else { return Ok(()) };
        let at = self.along(state, (cursors, text), rest)?;
        self.walk_end(nodes, end, at, found)
    }

    /// Finds the tokens behind the quote of a key that is compared with others: those found for others
    /// are taken back.
    fn walk_end(
        &mut self,
        nodes: Nodes<'_>,
        end: usize,
        at: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        nodes.trie.subtree_tokens(end).iter().for_each(|&id| found.mask.remove(id));
        match self.step(at, b'"')? {
            Some(next) => self.walk_from(nodes, end, next, found),
            None => Ok(()),
        }
    }

    /// The state within a key behind some bytes more, along which it may go on.
    fn along(
        &mut self,
        state: StateId,
        (cursors, text): (&[Cursor], TextId),
        bytes: &[u8],
    ) -> Result<StateId, ConstraintError> {
        let (cursors, text) = self.narrowed(cursors.to_vec(), text, bytes)?;
        let place = Place::Key(self.cursors_id(cursors), text, Escape::None);
        Ok(self.state_id(State { place, ..*self.states.get(state.0) }))
    }

    /// What the keys go on with that this one is compared with.
    ///
    /// Keys that part from this one already are no matter any more, so mostly there are none or
    /// few.
    pub(super) fn compared(&self, cursors: &[Cursor], text: TextId) -> Vec<Box<[u8]>> {
        let taken = cursors.iter().flat_map(|cursor| self.taken_behind(cursor.thread, text));
        let known = cursors.iter().flat_map(|cursor| self.known_behind(cursor.thread, text));
        let mut compared: Vec<Box<[u8]>> = taken.chain(known).collect();
        compared.sort_unstable();
        compared.dedup();
        compared
    }

    /// Finds the tokens of keys that are none of those compared with.
    ///
    /// One key stands for all others. What may follow its closing quote may follow that of any other
    /// key under the same rules.
    fn walk_others(
        &mut self,
        nodes: Nodes<'_>,
        (state, cursors, text): (StateId, &[Cursor], TextId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let mut others: Vec<Cursor> = cursors.to_vec();
        others.retain(|cursor| cursor.unnamed != ExprId::NOTHING);
        others.iter_mut().for_each(|cursor| cursor.high = cursor.low);
        let any_text = self.algebra.any_text();
        let is_one = |cursor: &Cursor| cursor.unnamed == any_text && self.has_one_rule(cursor);
        if !others.iter().all(is_one) {
            for cursor in &mut others {
                match nodes.plain {
                    Some(plain) if nodes.depth() == 0 => {
                        let of = (plain, nodes.trie);
                        cursor.unnamed = self.allow_plain(of, cursor.unnamed, found.mask)?;
                    }
                    _ if cursor.unnamed == any_text => allow_plain_below(nodes, found.mask),
                    _ => {
                        self.walk_plain(nodes, cursor.unnamed, found.mask)?;
                    }
                }
            }
            return self.walk_ruled(nodes, (state, &others, text), found);
        }
        let other = self.other_key(state, others);
        match nodes.plain {
            Some(plain) if nodes.depth() == 0 => {
                let mask = self.behind_others(plain, other, found.mask.len())?;
                found.mask.union_with(&mask);
                Ok(())
            }
            _ => {
                allow_plain_below(nodes, found.mask);
                self.walk_special(nodes, other, found)
            }
        }
    }

    /// The state within a key that stands for all that are compared with no other, whatever their
    /// text so far.
    pub(super) fn other_key(&mut self, state: StateId, mut cursors: Vec<Cursor>) -> StateId {
        cursors.iter_mut().for_each(|cursor| (cursor.low, cursor.high) = (0, 0));
        let text = self.other_key_text(&cursors);
        let place = Place::Key(self.cursors_id(cursors), text, Escape::None);
        self.state_id(State { place, ..*self.states.get(state.0) })
    }

    /// A key that is compared with no other: of a byte 0, or of several where keys have such bytes
    /// themselves.
    pub(super) fn other_key_text(&mut self, cursors: &[Cursor]) -> TextId {
        let mut text = self.text_id(TextId::EMPTY, 0);
        while !self.compared(cursors, text).is_empty() {
            text = self.text_id(text, 0);
        }
        text
    }

    /// The tokens that may follow within such a key, kept for the letters of all keys.
    fn behind_others(
        &mut self,
        plain: &Plain,
        other: StateId,
        size: usize,
    ) -> Result<Arc<TokenMask>, ConstraintError> {
        if let Some(known) = self.other_masks.get(&other) {
            return Ok(Arc::clone(known));
        }
        let mut mask = TokenMask::new(size);
        mask.union_with(&plain.mask);
        self.allow_behind(plain, other, &mut mask)?;
        let mask = Arc::new(mask);
        self.other_masks.insert(other, Arc::clone(&mask));
        Ok(mask)
    }

    /// The same where keys have languages, or rules that tell them apart: the tokens that end a key.
    ///
    /// Which rules hold of a key is known at its quote alone, so the languages of all rules are
    /// stepped along; keys of which the same hold go on from one state, which is looked up by those
    /// flags.
    fn walk_ruled(
        &mut self,
        nodes: Nodes<'_>,
        (state, cursors, text): (StateId, &[Cursor], TextId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let nodes = match nodes.plain {
            Some(plain) if nodes.depth() == 0 => Nodes::of(&plain.special, Part::Special),
            _ => nodes,
        };
        let base = nodes.depth();
        let mut ends: HashMap<Vec<bool>, Option<StateId>> = HashMap::new();
        let begin = self.text(text);
        let keys: Vec<ExprId> = cursors.iter().map(|cursor| cursor.unnamed).collect();
        let mut path = vec![(keys, self.rule_states(cursors, &begin))];
        let mut texts = vec![text];
        let mut at = nodes.start;
        while at < nodes.end {
            let node = nodes.trie.nodes()[at];
            path.truncate(node.depth() - base);
            texts.truncate(node.depth() - base);
            let (keys, rules) = path[path.len() - 1].clone();
            let here = texts[texts.len() - 1];
            let next = match node.byte() {
                b'"' => {
                    let all = keys.iter().chain(&rules);
                    let flags: Vec<bool> =
                        all.map(|&of| self.algebra.automaton.is_nullable(of)).collect();
                    match ends.get(&flags) {
                        Some(&known) => known,
                        None => self.behind_key(state, (cursors, &keys, here), flags, &mut ends)?,
                    }
                }
                b'\\' => self.behind_bytes(state, &self.text(here)[begin.len()..], b'\\')?,
                _ => {
                    let keys = self.stepped(keys, node.byte())?;
                    if keys.iter().all(|&key| key == ExprId::NOTHING) {
                        at = node.end();
                        continue;
                    }
                    let class = self.algebra.automaton.class_of(node.byte());
                    let automaton = &mut self.algebra.automaton;
                    let rules = rules.into_iter().map(|rule| automaton.step(rule, class)).collect();
                    path.push((keys, rules));
                    texts.push(self.text_id(here, node.byte()));
                    at += 1;
                    continue;
                }
            };
            if let Some(next) = next {
                self.walk_from(nodes, at, next, found)?;
            }
            at = node.end();
        }
        Ok(())
    }

    /// The state behind the end of a key that is compared with no other; it stands for all keys of
    /// which the same rules hold.
    ///
    /// A key that is compared has a state of its own, which is not kept for others.
    fn behind_key(
        &mut self,
        state: StateId,
        (cursors, keys, text): (&[Cursor], &[ExprId], TextId),
        flags: Vec<bool>,
        ends: &mut HashMap<Vec<bool>, Option<StateId>>,
    ) -> Result<Option<StateId>, ConstraintError> {
        let pairs = cursors.iter().zip(keys);
        let alive = pairs.filter(|(_, key)| **key != ExprId::NOTHING);
        let cursors: Vec<Cursor> =
            alive.map(|(cursor, &unnamed)| Cursor { unnamed, ..*cursor }).collect();
        let is_compared = self.compared(&cursors, text).iter().any(|rest| rest.is_empty());
        let place = Place::Key(self.cursors_id(cursors), text, Escape::None);
        let before = self.state_id(State { place, ..*self.states.get(state.0) });
        let next = self.step(before, b'"')?;
        if !is_compared {
            ends.insert(flags, next);
        }
        Ok(next)
    }

    /// The state behind some bytes and one more.
    ///
    /// `None` where no text goes on so.
    fn behind_bytes(
        &mut self,
        mut state: StateId,
        bytes: &[u8],
        last: u8,
    ) -> Result<Option<StateId>, ConstraintError> {
        for &byte in bytes {
            match self.step(state, byte)? {
                Some(next) => state = next,
                None => return Ok(None),
            }
        }
        self.step(state, last)
    }

    /// The languages of all rules behind a text.
    ///
    /// Those of all cursors' shapes together, each once: flags of several threads are read off one
    /// list.
    fn rule_states(&mut self, cursors: &[Cursor], text: &[u8]) -> Vec<ExprId> {
        let mut rules = Vec::new();
        for cursor in cursors {
            if let Thread::Object(object) = self.thread(cursor.thread) {
                let shape = self.algebra.object(object.shape);
                rules.extend(shape.rules.iter().map(|rule| rule.0));
                rules.extend(shape.demands.iter().map(|demand| demand.language));
            }
        }
        rules.sort_unstable();
        rules.dedup();
        for rule in &mut rules {
            for &byte in text {
                let class = self.algebra.automaton.class_of(byte);
                *rule = self.algebra.automaton.step(*rule, class);
            }
        }
        rules
    }

    /// Finds the tokens along a taken key, which the key may cease to go on with on the way.
    ///
    /// Each token is allowed exactly if the key itself may go on so, whatever was found for others.
    fn walk_compared(
        &mut self,
        nodes: Nodes<'_>,
        state: StateId,
        rest: &[u8],
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let mut node = nodes.parent();
        let mut at = Some(state);
        for &byte in rest {
            let child = nodes.trie.child(node, byte).filter(|_| !is_escaped(byte));
            let Some(child) = child else { return Ok(()) };
            at = match at {
                Some(at) => self.step(at, byte)?,
                None => None,
            };
            for &id in nodes.trie.tokens(child) {
                match at {
                    Some(_) => found.mask.insert(id),
                    None => found.mask.remove(id),
                }
            }
            node = Some(child);
        }
        match (nodes.trie.child(node, b'"'), at) {
            (Some(end), Some(at)) => self.walk_end(nodes, end, at, found),
            (Some(end), None) => {
                nodes.trie.subtree_tokens(end).iter().for_each(|&id| found.mask.remove(id));
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Whether all keys that a cursor's thread does not know by name have values of one kind.
    ///
    /// Then one key stands for all, and no language has to be stepped.
    pub(super) fn has_one_rule(&self, cursor: &Cursor) -> bool {
        let Thread::Object(object) = self.thread(cursor.thread) else { return false };
        let shape = self.algebra.object(object.shape);
        let any_text = self.algebra.any_text();
        shape.rules.iter().all(|rule| rule.0 == any_text) && shape.demands.is_empty()
    }

    /// The number of a list of cursors, in whatever order they come.
    fn cursors_id(&mut self, mut cursors: Vec<Cursor>) -> CursorsId {
        cursors.sort_unstable();
        CursorsId(self.cursors.intern(cursors.into()))
    }
}

/// Whether a byte of a key is never written as it is (RFC 8259, section 7).
fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}
