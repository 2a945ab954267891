//! The characters that an escape may become where a string's language goes on.
//!
//! They are found along the language's automaton and not one by one: of the million characters most
//! are alike to a language, and classes of bytes say which.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Machine;
use super::escape::{Escape, SHORT};
use crate::constraint::ConstraintError;
use crate::regex::{ExprId, utf8_sequences};
use crate::schema::Escapes;
use crate::schema::algebra::{NEVER, plus};

/// A character that an escape can become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escapable {
    pub(super) char: char,
    /// The bytes of the escape that are missing.
    pub(super) missing: u32,
    /// The bytes to the end of the shortest text by it.
    pub(super) rest: u32,
}

impl Machine {
    /// Characters with which a language goes on and that an escape can become: one by a short escape
    /// and one by digits, where there are such, each on the shortest way to the language's end.
    ///
    /// Kept for each language and escape.
    pub(super) fn escapes_of(
        &mut self,
        language: ExprId,
        escape: Escape,
    ) -> Result<Arc<[Escapable]>, ConstraintError> {
        if let Some(known) = self.escapables.get(&(language, escape)) {
            return Ok(Arc::clone(known));
        }
        let mut found = Vec::new();
        if escape == Escape::Begun {
            let chars = SHORT.chars().chain(['/']).filter(|&char| self.escapes.has(escape, char));
            let ranges: Vec<_> = chars.map(|char| (char, char)).collect();
            found.extend(self.nearest(language, &ranges, |_| 1)?);
        }
        let by_digits = self.escapes.by_digits();
        let ranges: Vec<_> = (escape.reach().into_iter())
            .flat_map(|(low, high)| {
                by_digits.iter().map(move |&(first, last)| (low.max(first), high.min(last)))
            })
            .filter(|(low, high)| low <= high)
            .collect();
        found.extend(self.nearest(language, &ranges, |char| escape.missing(char))?);
        let found: Arc<[Escapable]> = found.into();
        self.escapables.insert((language, escape), Arc::clone(&found));
        Ok(found)
    }

    /// Of the characters of some ranges, the one whose way to the language's end is shortest; the
    /// first of several. In a range the same is missing of all.
    fn nearest(
        &mut self,
        language: ExprId,
        ranges: &[(char, char)],
        missing: impl Fn(char) -> u32,
    ) -> Result<Option<Escapable>, ConstraintError> {
        let mut best: Option<Escapable> = None;
        for &(low, high) in ranges {
            let missing = missing(low);
            for sequence in utf8_sequences(low, high) {
                let Some((length, bytes)) = self.nearest_bytes(language, &sequence)? else {
                    continue;
                };
                let rest = plus(missing, length);
                if best.is_none_or(|best| rest < best.rest) {
                    let text = std::str::from_utf8(&bytes).expect("sequences are of characters");
                    let char = text.chars().next().expect("a sequence has a byte");
                    best = Some(Escapable { char, missing, rest });
                }
            }
        }
        Ok(best)
    }

    /// The bytes, each of its range, behind which the language's end is nearest, and how far it is
    /// from there. Bytes with the same language behind them are alike, so the first stands for all,
    /// and mostly there are few. Recursion is four deep.
    fn nearest_bytes(
        &mut self,
        language: ExprId,
        sequence: &[RangeInclusive<u8>],
    ) -> Result<Option<(u32, Vec<u8>)>, ConstraintError> {
        let Some((first, behind)) = sequence.split_first() else {
            let length = self.algebra.shortest(language)?;
            return Ok((length != NEVER).then(|| (length, Vec::new())));
        };
        let mut best: Option<(u32, Vec<u8>)> = None;
        let mut tried = vec![ExprId::NOTHING];
        for byte in first.clone() {
            let class = self.algebra.automaton.class_of(byte);
            let next = self.algebra.automaton.step(language, class);
            if tried.contains(&next) {
                continue;
            }
            tried.push(next);
            let Some((length, mut bytes)) = self.nearest_bytes(next, behind)? else { continue };
            if best.as_ref().is_none_or(|(least, _)| length < *least) {
                bytes.insert(0, byte);
                best = Some((length, bytes));
            }
        }
        Ok(best)
    }
}

impl Escapes {
    /// Whether a character may be written by an escape: behind a backslash by a short one, else by
    /// digits.
    ///
    /// With the fewest escapes, characters that have a short escape are written by it, other
    /// control characters by digits, and nothing else is escaped: so a text has one spelling, but
    /// for the case of hexadecimal digits.
    pub(super) fn has(self, escape: Escape, char: char) -> bool {
        if self == Self::Minimal && escape == Escape::Begun {
            return SHORT.contains(char);
        }
        self.by_digits().iter().any(|&(first, last)| (first..=last).contains(&char))
    }

    /// The characters that may be written by digits, in ranges, both ends included.
    fn by_digits(self) -> &'static [(char, char)] {
        match self {
            Self::Any => &[('\0', char::MAX)],
            Self::Minimal => &[('\0', '\u{7}'), ('\u{b}', '\u{b}'), ('\u{e}', '\u{1f}')],
        }
    }
}
