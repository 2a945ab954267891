//! `%regex {…}`: runs of a text's chunks, one after the other as they stand there.
//!
//! `{"substring_chunks": ["a", "bc", "d"]}` matches the empty text, `a`, `bc`, `d`, `abc`, `bcd` and
//! `abcd`. The chunks of `substring_chars` are the characters of a string, those of
//! `substring_words` its words and what stands between them.
//!
//! The runs are those of a suffix automaton (Blumer et al. 1985) over chunks: it has at most twice
//! as many states as there are chunks, so that thousands of them make a small expression.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::regex::{ExprId, Exprs};

/// The chunks that an object asks for, or what is wrong with it.
pub(super) fn chunks(value: &Value) -> Result<Vec<String>, String> {
    const WHAT: &str =
        "%regex takes an object with one of substring_chunks, substring_words, substring_chars";
    let Value::Object(entries) = value else { return Err(WHAT.to_owned()) };
    let mut entries = entries.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(WHAT.to_owned());
    };
    match (&**name, value) {
        ("substring_chars", Value::String(text)) => Ok(text.chars().map(String::from).collect()),
        ("substring_words", Value::String(text)) => Ok(words(text)),
        ("substring_chars" | "substring_words", _) => Err(format!("{name} is a string")),
        ("substring_chunks", Value::Array(chunks)) => {
            let texts: Option<Vec<_>> = chunks.iter().map(Value::as_str).collect();
            let texts = texts.ok_or("substring_chunks is an array of strings")?;
            Ok(texts.into_iter().map(str::to_owned).collect())
        }
        ("substring_chunks", _) => Err("substring_chunks is an array of strings".to_owned()),
        _ => Err(format!("{WHAT}, not {name}")),
    }
}

/// Maximal runs of letters, digits and `_`, of white space, and of all else.
fn words(text: &str) -> Vec<String> {
    let kind = |char: char| match char {
        _ if char.is_whitespace() => 0,
        _ if char.is_alphanumeric() || char == '_' => 1,
        _ => 2,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for char in text.chars() {
        match words.last_mut() {
            Some(word) if last == Some(kind(char)) => word.push(char),
            _ => words.push(String::from(char)),
        }
        last = Some(kind(char));
    }
    words
}

/// Every run of the chunks, the empty one too.
pub(super) fn expression(chunks: &[String], exprs: &mut Exprs) -> ExprId {
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    let states = states(&chunks);
    // What follows a state has only longer runs, so that it is made before.
    let mut order: Vec<usize> = (0..states.len()).collect();
    order.sort_unstable_by_key(|&state| std::cmp::Reverse(states[state].longest));
    let mut made = vec![ExprId::EMPTY; states.len()];
    for state in order {
        let mut runs = vec![ExprId::EMPTY];
        for (chunk, &next) in &states[state].next {
            let chunk = exprs.literal(chunk.as_bytes());
            runs.push(exprs.concat([chunk, made[next]]));
        }
        made[state] = exprs.or(runs);
    }
    made[0]
}

/// The runs that are followed by the same runs.
#[derive(Debug, Clone, Default)]
struct State<'c> {
    /// The chunks of the longest of them.
    longest: usize,
    /// The state of the longest end of them that is elsewhere too.
    suffix: Option<usize>,
    next: BTreeMap<&'c str, usize>,
}

/// The suffix automaton, from its beginning at 0.
fn states<'c>(chunks: &[&'c str]) -> Vec<State<'c>> {
    let mut states = vec![State::default()];
    let mut last = 0;
    for (index, &chunk) in chunks.iter().enumerate() {
        let new = states.len();
        states.push(State { longest: index + 1, suffix: Some(0), next: BTreeMap::new() });
        let mut from = Some(last);
        while let Some(state) = from
            && !states[state].next.contains_key(chunk)
        {
            states[state].next.insert(chunk, new);
            from = states[state].suffix;
        }
        if let Some(state) = from {
            states[new].suffix = Some(split(&mut states, state, chunk));
        }
        last = new;
    }
    states
}

/// The state that `state` goes to by `chunk`, without the runs that are longer than by one chunk.
fn split<'c>(states: &mut Vec<State<'c>>, state: usize, chunk: &'c str) -> usize {
    let longest = states[state].longest + 1;
    let old = states[state].next[chunk];
    if states[old].longest == longest {
        return old;
    }
    let copy = states.len();
    states.push(State { longest, ..states[old].clone() });
    states[old].suffix = Some(copy);
    let mut from = Some(state);
    while let Some(state) = from
        && states[state].next.get(chunk) == Some(&old)
    {
        states[state].next.insert(chunk, copy);
        from = states[state].suffix;
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        assert_eq!(
            words("foo bar.  b_1, 빠른"),
            ["foo", " ", "bar", ".", "  ", "b_1", ",", " ", "빠른"]
        );
        assert!(words("").is_empty());
    }

    #[test]
    fn the_automaton_has_the_runs_and_no_others() {
        let texts = ["", "a", "abcbc", "aabab", "abcabcab", "aaaaaa", "abbbaabb"];
        for text in texts {
            let chunks: Vec<&str> = text.split_inclusive(|_| true).collect();
            let states = states(&chunks);
            assert!(states.len() <= 2 * text.len() + 1, "{text}");
            for word in all_words(5) {
                let end = word
                    .split_inclusive(|_| true)
                    .try_fold(0, |state, char| states[state].next.get(char).copied());
                assert_eq!(end.is_some(), text.contains(&word), "{word} in {text}");
            }
        }
    }

    /// Over `a`, `b` and `c`.
    fn all_words(longest: usize) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut from = 0;
        for _ in 0..longest {
            let end = words.len();
            for word in from..end {
                words.extend(["a", "b", "c"].map(|letter| format!("{}{letter}", words[word])));
            }
            from = end;
        }
        words
    }
}
