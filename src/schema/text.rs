//! Languages of strings by their length alone: those of `minLength` and `maxLength`, which count
//! characters of Unicode, not bytes nor halves of surrogate pairs (JSON Schema 2020-12 Validation,
//! sections 6.3.1 and 6.3.2).

use crate::regex::{Count, ExprId, Exprs};

/// The well-formed texts of `min` to `max` characters.
///
/// It is one counted repetition, whatever the numbers; with `max` below `min` it is empty.
pub(crate) fn length_between(exprs: &mut Exprs, min: u64, max: Option<u64>) -> ExprId {
    // No text that anybody writes is longer: more is out of reach, or no bound.
    const MOST: u64 = 1 << 31;
    if min > MOST || max.is_some_and(|max| max < min) {
        return ExprId::NOTHING;
    }
    let bound = |count: u64| u32::try_from(count).ok().filter(|_| count <= MOST);
    let char = exprs.any_char();
    let count = Count { min: bound(min).unwrap_or(0), max: max.and_then(bound) };
    exprs.repeat(char, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::{Automaton, ByteSet};

    #[test]
    fn characters_are_counted() {
        let cases = [
            (0, None, "", true),
            (2, None, "é😀", true),
            (3, None, "é😀", false),
            (0, Some(2), "é😀", true),
            (0, Some(1), "é😀", false),
            (1, Some(0), "", false),
            (0, Some(u64::MAX), "abc", true),
            (u64::MAX, None, "abc", false),
        ];
        for (min, max, text, expected) in cases {
            let mut exprs = Exprs::default();
            let mut state = length_between(&mut exprs, min, max);
            let mut automaton = Automaton::new(exprs, ByteSet::ALL);
            for byte in text.bytes() {
                state = automaton.step(state, automaton.class_of(byte));
            }
            assert_eq!(automaton.is_nullable(state), expected, "{min} to {max:?}: {text:?}");
        }
        let mut exprs = Exprs::default();
        let any = exprs.any_text();
        assert_eq!(length_between(&mut exprs, 0, None), any);
    }
}
