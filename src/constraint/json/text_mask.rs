//! Tokens within strings.
//!
//! A token that stays within a string depends on the string's language alone, and is found by steps
//! of that. One that ends the string goes on behind it from a state that only depends on which
//! readings may end there.
//!
//! Masks of languages are kept, and are the same wherever the language stands: `maxLength` far from
//! its end is the language without it, and a count of characters is a table by length. So most
//! masks of strings are unions of a few known ones.

use std::sync::Arc;

use hashbrown::HashMap;

use super::level::LevelId;
use super::mask::{Found, Nodes, Part};
use super::{Machine, Place, ReadingId, State, StateId};
use crate::constraint::ConstraintError;
use crate::constraint::json::escape::Escape;
use crate::regex::ExprId;
use crate::vocab::{ByteGroups, Plain, TokenMask, TokenTrie};

/// The states behind a string's end or the begin of an escape.
type Ends = HashMap<(StateId, u8), Option<StateId>>;

impl Machine {
    /// Finds the tokens that may follow within a string.
    ///
    /// First the tokens that stay within, then those that end the string. Where any text may end,
    /// one state behind the quote stands for all ends; where none comes near the end, only escapes
    /// are walked; else the tokens with quotes are walked along the languages.
    pub(super) fn allow_string(
        &mut self,
        (plain, trie): (&Plain, &TokenTrie),
        (state, reading): (StateId, ReadingId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let mut readings = self.reading(reading).to_vec();
        for (language, _) in &mut readings {
            *language = self.allow_plain((plain, trie), *language, found.mask)?;
        }
        let languages: Vec<ExprId> = readings.iter().map(|of| of.0).collect();
        let reading = self.reading_id(readings);
        if languages.iter().all(|&language| self.may_end_anywhere(trie, language)) {
            self.allow_behind(plain, state, found.mask)?;
        } else if !self.is_far_from_end(trie, &languages) {
            self.walk_readings(Nodes::of(&plain.special, Part::Special), (state, reading), found)?;
        } else if let Some(next) = self.step(state, b'\\')? {
            let behind = &plain.behind_backslash;
            behind.ended.iter().for_each(|&id| found.mask.insert(id));
            let mut inside = Found::new(found.mask);
            self.walk(Nodes::of(&behind.trie, Part::BehindBackslash), next, &mut inside)?;
        }
        self.correct(plain, state, found.mask)
    }

    /// Finds the tokens that end a text here or go on with an escape.
    pub(super) fn allow_behind(
        &mut self,
        plain: &Plain,
        state: StateId,
        mask: &mut TokenMask,
    ) -> Result<(), ConstraintError> {
        let quote = (b'"', &plain.behind_quote, Part::BehindQuote);
        let backslash = (b'\\', &plain.behind_backslash, Part::BehindBackslash);
        for (byte, behind, part) in [quote, backslash] {
            if let Some(next) = self.step(state, byte)? {
                behind.ended.iter().for_each(|&id| mask.insert(id));
                // No token has anything behind the end of the whole text.
                let mut inside = Found::new(mask);
                self.walk(Nodes::of(&behind.trie, part), next, &mut inside)?;
            }
        }
        Ok(())
    }

    /// Whether a language has all texts that a token may add, and all of them may be its last.
    ///
    /// Then it makes no difference what stands before the quote within a token.
    fn may_end_anywhere(&self, trie: &TokenTrie, language: ExprId) -> bool {
        self.algebra.lengths(language).is_some_and(|count| {
            count.min == 0 && count.max.is_none_or(|max| max as usize >= trie.longest())
        })
    }

    /// Whether no token may end the text, nor comes near its greatest length.
    ///
    /// Then no quote within a token can end it, and none is looked at.
    fn is_far_from_end(&self, trie: &TokenTrie, languages: &[ExprId]) -> bool {
        languages.iter().all(|&language| {
            self.algebra.lengths(language).is_some_and(|count| {
                let is_short = count.min as usize > trie.longest();
                is_short && count.max.is_none_or(|max| max as usize >= trie.longest())
            })
        })
    }

    /// Allows the plain tokens that stay within a language. Gives a language that is the same as far as
    /// a token reaches.
    ///
    /// By a table, if the language counts characters alone; without its bound, if that is too far
    /// to be met; else by a walk, which is kept.
    pub(super) fn allow_plain(
        &mut self,
        (plain, trie): (&Plain, &TokenTrie),
        language: ExprId,
        mask: &mut TokenMask,
    ) -> Result<ExprId, ConstraintError> {
        if let Some(count) = self.algebra.lengths(language) {
            match count.max {
                Some(max) if (max as usize) < trie.longest() => {
                    plain.allow_up_to(max as usize, mask);
                }
                _ => mask.union_with(&plain.mask),
            }
            return Ok(language);
        }
        if let Some((inner, max)) = self.algebra.automaton.exprs_mut().bounded(language) {
            let (known, farthest) = self.plain_mask(trie, inner, mask.len())?;
            // Far from the bound a token cannot pass it, nor lead to where no end is near enough.
            if (max as usize) >= trie.longest() + farthest as usize {
                mask.union_with(&known);
                return Ok(inner);
            }
        }
        let (known, _) = self.plain_mask(trie, language, mask.len())?;
        mask.union_with(&known);
        Ok(language)
    }

    /// The plain tokens that stay within a language, and the most bytes that its texts need behind
    /// any of them.
    ///
    /// Walked once for each language. The number is what a bound has to leave for the mask to hold
    /// under it.
    fn plain_mask(
        &mut self,
        trie: &TokenTrie,
        language: ExprId,
        size: usize,
    ) -> Result<(Arc<TokenMask>, u32), ConstraintError> {
        if let Some(known) = self.plain_masks.get(&language) {
            return Ok(known.clone());
        }
        let mut own = TokenMask::new(size);
        let nodes = Nodes::whole(trie);
        let farthest = self.walk_plain(nodes, language, &mut own)?;
        let found = (Arc::new(own), farthest);
        self.plain_masks.insert(language, found.clone());
        Ok(found)
    }

    /// Allows the plain tokens at nodes that a language leads on to. Gives the most bytes that finish a
    /// text behind one.
    ///
    /// Where the language has become that of all texts, the nodes below are taken as they are:
    /// whether they are plain is known of each. So are those below which no byte leads out of the
    /// language's state.
    pub(super) fn walk_plain(
        &mut self,
        nodes: Nodes<'_>,
        language: ExprId,
        mask: &mut TokenMask,
    ) -> Result<u32, ConstraintError> {
        let mut farthest = 0;
        let base = nodes.depth();
        let any_text = self.algebra.any_text();
        let mut path = vec![language];
        let mut loops: HashMap<ExprId, ByteGroups> = HashMap::new();
        let mut at = nodes.start;
        while at < nodes.end {
            let node = nodes.trie.nodes()[at];
            if matches!(node.byte(), b'"' | b'\\' | 0..0x20) {
                at = node.end();
                continue;
            }
            path.truncate(node.depth() - base);
            let next = self.algebra.step(path[path.len() - 1], node.byte())?;
            if next == ExprId::NOTHING {
                at = node.end();
                continue;
            }
            farthest = farthest.max(self.algebra.shortest(next)?);
            nodes.trie.tokens(at).iter().for_each(|&id| mask.insert(id));
            if next == any_text && nodes.plain.is_some() {
                allow_plain_below(nodes.below(at), mask);
                at = node.end();
                continue;
            }
            if next == path[path.len() - 1]
                && let Some(plain) = nodes.plain
            {
                let stays = *loops.entry(next).or_insert_with(|| self.loops(next));
                if plain.groups_below(at).is_within(stays) {
                    nodes.trie.subtree_tokens(at).iter().for_each(|&id| mask.insert(id));
                    at = node.end();
                    continue;
                }
            }
            path.push(next);
            at += 1;
        }
        Ok(farthest)
    }

    /// The groups of bytes that leave a language as it is.
    fn loops(&mut self, language: ExprId) -> ByteGroups {
        let automaton = &mut self.algebra.automaton;
        ByteGroups::of_all(|byte| {
            let class = automaton.class_of(byte);
            automaton.step(language, class) == language
        })
    }

    /// Walks nodes within a string.
    ///
    /// Strings of which nothing is demanded are by far the most, and cost no steps of languages.
    pub(super) fn walk_string(
        &mut self,
        nodes: Nodes<'_>,
        (state, reading): (StateId, ReadingId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let any_text = self.algebra.any_text();
        if self.reading(reading).iter().all(|&(language, _)| language == any_text) {
            allow_plain_below(nodes, found.mask);
            return self.walk_special(nodes, state, found);
        }
        self.walk_readings(nodes, (state, reading), found)
    }

    /// Walks the nodes behind the first quote or backslash, where those before change nothing.
    ///
    /// Nodes that are plain from here on leave the state as it is, so the first that is not is a
    /// step from it.
    pub(super) fn walk_special(
        &mut self,
        nodes: Nodes<'_>,
        state: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let (base, Some(plain)) = (nodes.depth(), nodes.plain) else {
            return self.walk(nodes, state, found);
        };
        let mut at = nodes.start;
        while at < nodes.end {
            if plain.is_plain_from(base, at) {
                at += 1;
                continue;
            }
            let node = nodes.trie.nodes()[at];
            self.walk_one(nodes, at, state, found)?;
            at = node.end();
        }
        Ok(())
    }

    /// Walks a node and those below it from the state before.
    fn walk_one(
        &mut self,
        nodes: Nodes<'_>,
        at: usize,
        state: StateId,
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        match self.step(state, nodes.trie.nodes()[at].byte())? {
            Some(next) => self.walk_from(nodes, at, next, found),
            None => Ok(()),
        }
    }

    /// Walks nodes within a string by steps of its languages.
    ///
    /// Several readings are stepped beside each other: the path keeps a language for each of them,
    /// so that it is known at the quote which of them end.
    fn walk_readings(
        &mut self,
        nodes: Nodes<'_>,
        (state, reading): (StateId, ReadingId),
        found: &mut Found<'_>,
    ) -> Result<(), ConstraintError> {
        let base = nodes.depth();
        let readings = self.reading(reading).to_vec();
        let mut ends = Ends::new();
        let mut path: Vec<Vec<ExprId>> = vec![readings.iter().map(|of| of.0).collect()];
        let mut at = nodes.start;
        while at < nodes.end {
            let node = nodes.trie.nodes()[at];
            path.truncate(node.depth() - base);
            let before = &path[path.len() - 1];
            if matches!(node.byte(), b'"' | b'\\') {
                let left = before.iter().zip(&readings).map(|(&language, of)| (language, of.1));
                let left: Vec<(ExprId, LevelId)> = left.collect();
                if let Some(next) = self.behind_reading(state, left, node.byte(), &mut ends)? {
                    self.walk_from(nodes, at, next, found)?;
                }
                at = node.end();
                continue;
            }
            let next = self.stepped(before.clone(), node.byte())?;
            if next.iter().all(|&language| language == ExprId::NOTHING) {
                at = node.end();
                continue;
            }
            nodes.trie.tokens(at).iter().for_each(|&id| found.mask.insert(id));
            path.push(next);
            at += 1;
        }
        Ok(())
    }

    /// Languages behind a byte of a string.
    ///
    /// Control characters are never written as they are (RFC 8259, section 7). A list keeps its
    /// length: what has no text any more is nothing.
    pub(super) fn stepped(
        &mut self,
        mut languages: Vec<ExprId>,
        byte: u8,
    ) -> Result<Vec<ExprId>, ConstraintError> {
        for language in &mut languages {
            *language = match byte {
                0..0x20 => ExprId::NOTHING,
                _ if *language == ExprId::NOTHING => ExprId::NOTHING,
                _ => self.algebra.step(*language, byte)?,
            };
        }
        Ok(languages)
    }

    /// The state behind a quote or backslash, where a string's languages have come so far.
    ///
    /// Few states come out of this, however many nodes lead here, so each is made once.
    fn behind_reading(
        &mut self,
        state: StateId,
        mut reading: Vec<(ExprId, LevelId)>,
        byte: u8,
        ends: &mut Ends,
    ) -> Result<Option<StateId>, ConstraintError> {
        reading.retain(|&(language, _)| language != ExprId::NOTHING);
        if byte == b'"' {
            // Behind the end it counts which may end, and no more.
            reading.retain(|&(language, _)| self.algebra.automaton.is_nullable(language));
            reading.iter_mut().for_each(|(language, _)| *language = ExprId::EMPTY);
        }
        if reading.is_empty() {
            return Ok(None);
        }
        let place = Place::String(self.reading_id(reading), Escape::None);
        let before = self.state_id(State { place, ..*self.states.get(state.0) });
        if let Some(&known) = ends.get(&(before, byte)) {
            return Ok(known);
        }
        let next = self.step(before, byte)?;
        ends.insert((before, byte), next);
        Ok(next)
    }

    /// Looks at the tokens one by one that may end a text and another, as there it counts what the
    /// first one was.
    ///
    /// Masks count on the first string of a token being any; these tokens show what it was, by a
    /// second string or by an escape, and are few.
    pub(super) fn correct(
        &mut self,
        plain: &Plain,
        state: StateId,
        mask: &mut TokenMask,
    ) -> Result<(), ConstraintError> {
        let of = self.states.get(state.0);
        let (tokens, part) = match of.place {
            _ if of.item.is_some() => (&plain.many_quotes, Part::ManyQuotes),
            Place::Key(..) => (&plain.key_quotes, Part::KeyQuotes),
            _ => return Ok(()),
        };
        for node in 0..tokens.nodes().len() {
            tokens.tokens(node).iter().for_each(|&id| mask.remove(id));
        }
        // A token that ends the whole text is found elsewhere.
        self.walk(Nodes::of(tokens, part), state, &mut Found::new(mask))
    }
}

/// Allows the tokens at nodes that are plain from there on.
pub(super) fn allow_plain_below(nodes: Nodes<'_>, mask: &mut TokenMask) {
    let (base, Some(plain)) = (nodes.depth(), nodes.plain) else { return };
    let mut at = nodes.start;
    while at < nodes.end {
        if plain.is_plain_from(base, at) {
            nodes.trie.tokens(at).iter().for_each(|&id| mask.insert(id));
            at += 1;
        } else {
            at = nodes.trie.nodes()[at].end();
        }
    }
}
