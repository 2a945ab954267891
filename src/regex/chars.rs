//! Sets of characters as UTF-8 byte sequences.
//!
//! Only well-formed sequences are made, so that a text of characters is UTF-8 however it is masked:
//! a token may end within a character, but nothing that is none can follow.

use std::ops::RangeInclusive;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use regex_syntax::utf8::{Utf8Range, Utf8Sequence, Utf8Sequences};

use super::byte_set::ByteSet;
use super::expr::{Count, ExprId, Exprs};

impl Exprs {
    /// One character of the ranges, both ends included, as well-formed UTF-8.
    pub(crate) fn chars(&mut self, ranges: impl IntoIterator<Item = (char, char)>) -> ExprId {
        let ranges = ranges.into_iter().filter(|(low, high)| low <= high);
        let sequences = ranges.flat_map(|(low, high)| Utf8Sequences::new(low, high));
        let mut sequences: Vec<Vec<Utf8Range>> =
            sequences.map(|sequence| sequence.as_slice().to_vec()).collect();
        sequences.sort_unstable();
        sequences.dedup();
        let slices: Vec<&[Utf8Range]> = sequences.iter().map(Vec::as_slice).collect();
        self.sequences(&slices)
    }

    /// One character in none of the ranges.
    pub(crate) fn chars_except(
        &mut self,
        ranges: impl IntoIterator<Item = (char, char)>,
    ) -> ExprId {
        let ranges = ranges.into_iter().map(|(low, high)| ClassUnicodeRange::new(low, high));
        let mut class = ClassUnicode::new(ranges);
        class.negate();
        self.chars(class.iter().map(|range| (range.start(), range.end())))
    }

    /// Any character.
    pub(crate) fn any_char(&mut self) -> ExprId {
        match self.known_char() {
            Some(known) => known,
            None => {
                let char = self.chars([('\0', char::MAX)]);
                self.know_char(char);
                char
            }
        }
    }

    /// Any text: characters, well-formed.
    pub(crate) fn any_text(&mut self) -> ExprId {
        let char = self.any_char();
        self.repeat(char, Count::ANY)
    }

    /// Every well-formed text that `part` does not match.
    pub(crate) fn not_text(&mut self, part: ExprId) -> ExprId {
        let (other, text) = (self.not(part), self.any_text());
        self.and([other, text])
    }

    /// Any of the sorted sequences, those with one beginning together. Recursion is four deep.
    fn sequences(&mut self, sequences: &[&[Utf8Range]]) -> ExprId {
        let branches: Vec<ExprId> = sequences
            .chunk_by(|a, b| a.first() == b.first())
            .map(|group| match group[0].first() {
                None => ExprId::EMPTY,
                Some(range) => {
                    let first = self.byte(ByteSet::range(range.start, range.end));
                    let rests: Vec<&[Utf8Range]> = group.iter().map(|rest| &rest[1..]).collect();
                    let rest = self.sequences(&rests);
                    self.concat([first, rest])
                }
            })
            .collect();
        self.or(branches)
    }
}

/// The characters of a range, both ends included, as sequences of ranges of bytes: a byte of each
/// in turn makes a character.
pub(crate) fn utf8_sequences(
    low: char,
    high: char,
) -> impl Iterator<Item = Vec<RangeInclusive<u8>>> {
    let range = |range: &Utf8Range| range.start..=range.end;
    let ranges = move |sequence: Utf8Sequence| sequence.as_slice().iter().map(range).collect();
    Utf8Sequences::new(low, high).map(ranges)
}
