//! The search against brute force: every sequence of edits of short texts, up to a cost.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::edit::{Rule, apply};
use super::Search;

/// A sign of a text, and what an edit made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Own(char),
    Put(char),
    Taken(char),
}

/// All texts that edits make of one, with what they cost; whatever they are.
fn edited(signs: Vec<Sign>, left: usize, cost: usize, found: &mut Vec<(Vec<Sign>, usize)>) {
    found.push((signs.clone(), cost));
    if left == 0 {
        return;
    }
    for at in 0..=signs.len() {
        for sign in [',', ':', '[', ']', '{', '}', '"'] {
            let mut put = signs.clone();
            put.insert(at, Sign::Put(sign));
            edited(put, left - 1, cost + 1, found);
        }
        match signs.get(at) {
            Some(&Sign::Own(sign @ (',' | ']' | '}'))) => {
                let mut taken = signs.clone();
                taken[at] = Sign::Taken(sign);
                edited(taken, left - 1, cost + 1, found);
            }
            Some(Sign::Own('"')) if left > 1 => {
                let mut escaped = signs.clone();
                escaped.insert(at, Sign::Put('\\'));
                edited(escaped, left - 2, cost + 2, found);
            }
            _ => {}
        }
    }
}

/// The value of a text; `None` where it is none, or where an edit changed what a string or number says.
///
/// A quote that was put in begins no text with a sign, and two of them hold nothing but a word.
fn value(signs: &[Sign]) -> Option<Value> {
    let (mut text, mut opener, mut escaped) = (String::new(), None, false);
    let (mut length, mut has_signs) = (0, false);
    for &sign in signs {
        let char = match sign {
            Sign::Own(char) | Sign::Put(char) => char,
            Sign::Taken(_) if opener.is_some() => return None,
            Sign::Taken(_) => continue,
        };
        text.push(char);
        let is_quote = char == '"' && !escaped;
        let is_made = opener == Some(Sign::Put('"'));
        match opener {
            None if is_quote => (opener, length, has_signs) = (Some(sign), 0, false),
            None => {}
            Some(_) if is_quote => {
                if is_made && sign == Sign::Put('"') && has_signs || is_made && length == 0 {
                    return None;
                }
                opener = None;
            }
            Some(_) => {
                let is_sign = "{}[],:\"".contains(char);
                let is_put = sign == Sign::Put(char) && char != '\\';
                if is_put || is_made && length == 0 && (is_sign || char == '\\') {
                    return None;
                }
                has_signs |= is_sign;
                length += 1;
            }
        }
        escaped = opener.is_some() && char == '\\' && !escaped;
    }
    serde_json::from_str(&text).ok().filter(says_something)
}

/// Whether nothing in a value is empty, and no number was put together.
fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.to_string().len() == 1,
        Value::Array(items) => !items.is_empty() && items.iter().all(says_something),
        Value::Object(members) => {
            !members.is_empty()
                && members.iter().all(|(name, value)| !name.is_empty() && says_something(value))
        }
        _ => true,
    }
}

fn nearest(found: impl Iterator<Item = (Value, usize)>) -> BTreeMap<String, usize> {
    let mut nearest = BTreeMap::new();
    for (value, cost) in found {
        let known = nearest.entry(value.to_string()).or_insert(cost);
        *known = cost.min(*known);
    }
    nearest
}

fn check(text: &str, most: usize) {
    let Some(mut search) = Search::new(text) else { return };
    let nearby = search.within(most).expect("short texts are searched to the end");
    let own = nearby
        .iter()
        .filter(|nearby| nearby.edits.iter().all(|edit| edit.rule != Rule::DeleteQuote));
    let own = own.filter_map(|nearby| {
        let value: Value = serde_json::from_str(&apply(text, &nearby.edits)?).ok()?;
        says_something(&value).then_some((value, nearby.cost))
    });
    let mut all = Vec::new();
    edited(text.chars().map(Sign::Own).collect(), most, 0, &mut all);
    let judge = all.iter().filter_map(|(signs, cost)| Some((value(signs)?, *cost)));
    assert_eq!(nearest(own), nearest(judge), "{text}");
}

#[test]
fn all_edits_up_to_a_cost_are_found() {
    let pieces = ["[", "]", "{", "}", ",", ":", "\"a\"", "\"b", "c\"", "1", "\"", " "];
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..120 {
        let mut text = String::from(if round % 2 == 0 { "[" } else { "{\"a\"" });
        for _ in 0..2 + round % 3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        check(&text, 2);
    }
    for text in ["[1[2]", "{\"a\":1},\"b\":2}", "[[1],2],[3]]", "{\"a\":\"b\"c\"}", "[\"a\":1]"] {
        check(text, 2);
    }
}

#[test]
fn fuel_bounds_a_search() {
    let text = format!("[{}1", "1,".repeat(200));
    let mut search = Search::new(&text).expect("it is no JSON");
    assert!(search.within(3).is_none());
}
