//! Twelve kinds of damage to the text of a value, and three ways in which it can be cut off.

use serde_json::{Value, json};
use tokenrail::repair::Finish;

/// A kind of damage.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What it makes of a text, its value and a number; `None` where it cannot be done to it.
    pub(crate) damage: fn(&str, &Value, usize) -> Option<String>,
    /// What it is done to.
    pub(crate) to: To,
    /// How the reply ends.
    pub(crate) finish: Finish,
    /// How many of a hundred values must come out as they were.
    pub(crate) least: usize,
}

/// What a kind of damage is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// The whole reply.
    Reply,
    /// What ends a reply.
    End,
    /// The text of a value.
    Text,
    /// A value, which is then written.
    Value,
}

const fn kind(
    name: &'static str,
    damage: fn(&str, &Value, usize) -> Option<String>,
    to: To,
    least: usize,
) -> Kind {
    Kind { name, damage, to, finish: Finish::Stop, least }
}

pub(crate) const KINDS: [Kind; 14] = [
    // A number or a string that was cut off is another one: all of these are refused, but the few that
    // were cut behind their end.
    Kind { finish: Finish::Length, ..kind("cut within", cut, To::Reply, 0) },
    Kind { finish: Finish::Length, ..kind("cut behind its end", cut_behind, To::Reply, 99) },
    kind("closers missing", closers, To::End, 99),
    kind("quotes", quotes, To::Text, 70),
    kind("commas", commas, To::Text, 99),
    kind("fences", |text, _, _| Some(format!("```json\n{text}\n```")), To::Reply, 100),
    kind("prose", prose, To::Reply, 95),
    kind("escapes", escapes, To::Text, 90),
    kind("comments", comments, To::Text, 95),
    kind("literals", literals, To::Text, 95),
    kind("wrapped", |_, value, seed| Some(wrapped(value, seed).to_string()), To::Value, 90),
    kind("stringified", stringified, To::Value, 95),
    kind("wrong case", wrong_case, To::Value, 95),
    kind("number as text", number_as_text, To::Value, 95),
];

/// Where signs of JSON stand outside strings.
fn signs(text: &str, wanted: &[char]) -> Vec<usize> {
    let (mut inside, mut escaped) = (false, false);
    let mut found = Vec::new();
    for (at, char) in text.char_indices() {
        let is_quote = char == '"' && !escaped;
        if (is_quote || !inside) && wanted.contains(&char) {
            found.push(at);
        }
        inside ^= is_quote;
        escaped = inside && char == '\\' && !escaped;
    }
    found
}

/// One of some places, by a number.
fn pick(places: &[usize], seed: usize) -> Option<usize> {
    (!places.is_empty()).then(|| places[seed % places.len()])
}

fn cut(text: &str, _: &Value, seed: usize) -> Option<String> {
    let at = text.floor_char_boundary(1 + seed % text.len().max(2));
    (at < text.len()).then(|| text[..at].to_owned())
}

/// The value is whole, and the text behind it is not.
fn cut_behind(text: &str, _: &Value, seed: usize) -> Option<String> {
    Some(match seed % 3 {
        0 => format!("{text}\n\nThat is all that there is to s"),
        1 => format!("```json\n{text}\n```\n\nI have le"),
        _ => format!("{text}\n"),
    })
}

/// The last closing brackets are missing, and nothing else.
fn closers(text: &str, _: &Value, seed: usize) -> Option<String> {
    let ends = text.char_indices().rev().take_while(|(_, char)| "}] \n".contains(*char));
    let places: Vec<usize> =
        ends.filter(|(_, char)| "}]".contains(*char)).map(|(at, _)| at).collect();
    Some(text[..pick(&places, seed)?].to_owned())
}

fn prose(text: &str, _: &Value, _: usize) -> Option<String> {
    Some(format!("Sure, here it is:\n\n{text}\n\nAnything else?"))
}

/// All quotes are single ones, or one is missing at a name.
fn quotes(text: &str, _: &Value, seed: usize) -> Option<String> {
    let all = signs(text, &['"']);
    if all.is_empty() {
        return None;
    }
    if seed.is_multiple_of(2) && !text.contains('\'') && !text.contains("\\\"") {
        return Some(text.replace('"', "'"));
    }
    let names: Vec<usize> =
        all.into_iter().filter(|at| text[at + 1..].trim_start().starts_with(':')).collect();
    let at = pick(&names, seed)?;
    Some(format!("{}{}", &text[..at], &text[at + 1..]))
}

/// One comma is missing, or there is one too many at an end.
fn commas(text: &str, _: &Value, seed: usize) -> Option<String> {
    if seed.is_multiple_of(2) {
        let at = pick(&signs(text, &['}', ']']), seed)?;
        let is_empty = text[..at].trim_end().ends_with(['{', '[']);
        return (!is_empty).then(|| format!("{},{}", &text[..at], &text[at..]));
    }
    let at = pick(&signs(text, &[',']), seed)?;
    Some(format!("{} {}", &text[..at], &text[at + 1..]))
}

/// Line breaks and tabulators stand in strings as they are.
fn escapes(text: &str, _: &Value, _: usize) -> Option<String> {
    let is_plain = !text.contains("\\\\");
    let damaged = text.replace("\\n", "\n").replace("\\t", "\t");
    (is_plain && damaged != text).then_some(damaged)
}

fn comments(text: &str, _: &Value, seed: usize) -> Option<String> {
    let at = pick(&signs(text, &[',', '{', '[']), seed)? + 1;
    let note = if seed.is_multiple_of(2) { " /* a note */ " } else { " // a note\n" };
    Some(format!("{}{note}{}", &text[..at], &text[at..]))
}

/// Literals as Python writes them.
fn literals(text: &str, _: &Value, _: usize) -> Option<String> {
    let damaged = super::notations::with_words(text, &WORDS);
    (damaged != text).then_some(damaged)
}

/// Literals of JSON and of Python.
pub(crate) const WORDS: [[&str; 2]; 3] = [["true", "True"], ["false", "False"], ["null", "None"]];

fn wrapped(value: &Value, seed: usize) -> Value {
    if seed.is_multiple_of(2) { json!({"result": value}) } else { json!([value]) }
}

/// A member's object or array is the text of it.
fn stringified(_: &str, value: &Value, seed: usize) -> Option<String> {
    changed(value, seed, |value| {
        (value.is_object() || value.is_array()).then(|| json!(value.to_string()))
    })
}

/// A member's name is in capitals.
fn wrong_case(_: &str, value: &Value, seed: usize) -> Option<String> {
    let members = value.as_object().filter(|members| !members.is_empty())?;
    let place = seed % members.len();
    let named = |(index, (name, value)): (usize, (&String, &Value))| {
        let name = if index == place { name.to_uppercase() } else { name.clone() };
        (name, value.clone())
    };
    let renamed: serde_json::Map<String, Value> = members.iter().enumerate().map(named).collect();
    (renamed.len() == members.len()).then(|| Value::Object(renamed).to_string())
}

fn number_as_text(_: &str, value: &Value, seed: usize) -> Option<String> {
    changed(value, seed, |value| value.is_number().then(|| json!(value.to_string())))
}

/// A value with one of its members changed.
fn changed(value: &Value, seed: usize, change: impl Fn(&Value) -> Option<Value>) -> Option<String> {
    let members = value.as_object()?;
    let fitting: Vec<&String> =
        members.iter().filter(|(_, value)| change(value).is_some()).map(|(name, _)| name).collect();
    let name = fitting.get(seed % fitting.len().max(1))?;
    let mut changed = value.clone();
    changed[name.as_str()] = change(&value[name.as_str()])?;
    Some(changed.to_string())
}
