//! How much of a reply is kept when it is written on or anew.
//!
//! Two texts are held against the constraint, and the one is taken of which more is legal: the reply as
//! it is, and as repairing its syntax makes it, with what was cut off left away.

use super::super::{Finish, Level, Options, Rule, Salvage, repair};
use super::Contract;
use crate::schema::json::Json;

/// What a model's turn begins with, and the begin of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) before: String,
    pub(super) prefix: String,
    /// What the reply has behind it.
    pub(super) rest: String,
}

/// What may be kept of a reply.
#[derive(Debug)]
pub(super) struct Kept {
    /// All of it, where all of it is legal.
    pub(super) whole: Option<Begun>,
    /// As much as is legal, and no word or number that was only begun.
    pub(super) sound: Option<Begun>,
}

/// What may be kept of a reply: the begin of the value, and what stands before it; of one without a value
/// all of it, so that the value comes behind what the model has said already. `None` where that is nothing.
pub(super) fn begun(contract: &Contract, text: &str, finish: Finish) -> Option<Kept> {
    let mended = mended(text, finish);
    let start = match &mended {
        Some((start, _)) => Some(*start),
        None => text.find(['{', '[']),
    };
    let Some(start) = start else { return said(text, finish) };
    let before = &text[..start];
    let texts = [Some(text[start..].to_owned()), mended.map(|(_, text)| text)];
    let legal = |text: String| {
        let length = contract.longest_prefix(shallow(&text)).ok()?.len();
        Some((length, text))
    };
    // Of two that are as long the reply as it is, which is the first.
    let legal = texts.into_iter().flatten().filter_map(legal).rev();
    let (length, text) = legal.max_by_key(|(length, _)| *length)?;
    let begun = |prefix: &str| Begun {
        before: before.to_owned(),
        prefix: prefix.to_owned(),
        rest: text[prefix.len()..].to_owned(),
    };
    let is_whole = text[length..].trim().is_empty();
    let sound = sound(contract, text.split_at(length));
    // Behind a value that is whole nothing is written anew: which of several is meant is not told by
    // taking the first.
    let is_value = Json::parse(sound, Options::default().depth).is_ok();
    Some(Kept {
        whole: (is_whole && length > 0).then(|| begun(&text[..length])),
        sound: (!format!("{before}{sound}").trim().is_empty() && !is_value).then(|| begun(sound)),
    })
}

/// What a reply says that has no value, up to the end of its last sentence.
fn said(text: &str, finish: Finish) -> Option<Kept> {
    let text = match finish {
        Finish::Stop => text,
        Finish::Length => &text[..text.rfind(['.', '!', '?', '\n']).map_or(0, |at| at + 1)],
    };
    let before = format!("{}\n\n", text.trim_end());
    let sound = Begun { before, prefix: String::new(), rest: String::new() };
    (!text.trim().is_empty()).then_some(Kept { whole: None, sound: Some(sound) })
}

/// The begin of a text that is nested no deeper than a reply may be: no more of it can be kept.
fn shallow(text: &str) -> &str {
    let (mut is_string, mut is_escaped, mut left) = (false, false, Options::default().depth);
    for (at, char) in text.char_indices() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_string,
            '"' => is_string = !is_string,
            '{' | '[' if !is_string && left == 0 => return &text[..at],
            '{' | '[' if !is_string => left -= 1,
            '}' | ']' if !is_string => left += 1,
            _ => {}
        }
    }
    text
}

/// Where the value begins, and the value with its syntax put right, up to where closing brackets were
/// put in.
fn mended(text: &str, finish: Finish) -> Option<(usize, String)> {
    let options = Options { finish, ..Options::default() };
    let options = match finish {
        Finish::Stop => Options { level: Level::Syntax, ..options },
        Finish::Length => options.allowing([Salvage::Incomplete]),
    };
    let repaired = repair(text, &options);
    let mut value = repaired.text?;
    let strips = [Rule::StripProse, Rule::StripFence, Rule::StripThink, Rule::StripBom];
    let mut start = 0;
    for edit in &repaired.edits {
        if edit.span.start == start && strips.contains(&edit.rule) {
            start = edit.span.end;
        }
    }
    let closers = repaired.edits.iter().rev().take_while(|edit| {
        edit.rule == Rule::Insert || strips.contains(&edit.rule) && edit.now.is_empty()
    });
    let inserted: usize = closers.map(|edit| edit.now.len()).sum();
    value.truncate(value.len() - inserted);
    Some((start, value))
}

/// A legal prefix without the string, number or literal at its end, unless that is whole, by what stands
/// behind it in the reply and what may follow.
///
/// Half a word would decide for the model: of `"p`, where red and pink are allowed, only pink is left.
fn sound<'t>(contract: &Contract, (prefix, behind): (&'t str, &str)) -> &'t str {
    let Some(start) = open_scalar(prefix) else { return prefix };
    let is_string = prefix[start..].starts_with('"');
    let is_ended = behind.starts_with([',', '}', ']', ' ', '\n', '\r', '\t']) || behind.is_empty();
    let may_follow = |sign: &&str| {
        let text = format!("{prefix}{sign}");
        contract.longest_prefix(&text).is_ok_and(|legal| legal.len() == text.len())
    };
    match !is_string && is_ended && [",", "}", "]"].iter().any(may_follow) {
        true => prefix,
        // A model that writes a space with what follows it would write another one.
        false => prefix[..start].trim_end(),
    }
}

/// Where the string, number or literal begins that a begin of JSON ends in.
fn open_scalar(prefix: &str) -> Option<usize> {
    let (mut string, mut word, mut is_escaped) = (None, None, false);
    for (at, char) in prefix.char_indices() {
        match (string, char) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(_), '"') => string = None,
            (Some(_), _) => {}
            (None, '"') => string = Some(at),
            (None, '{' | '}' | '[' | ']' | ',' | ':' | ' ' | '\n' | '\t' | '\r') => word = None,
            (None, _) => word = word.or(Some(at)),
        }
    }
    string.or(word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema;

    #[test]
    fn what_is_legal_is_kept() {
        let properties = json!({
            "name": {"type": "string", "maxLength": 5},
            "age": {"type": "integer", "maximum": 150},
            "mood": {"enum": ["red", "pink"]},
        });
        let required = json!(["name", "age"]);
        let schema = json!({"type": "object", "properties": properties, "required": required,
                            "additionalProperties": false});
        let options = schema::Options { order: schema::Order::Any, ..Default::default() };
        let contract = Contract::new(&schema, &options).expect("it compiles");
        let cases = [
            // The text, how it ended, all of it, what is sound of it.
            ("So: {\"name\": \"A", Finish::Length, Some("{\"name\": \"A"), Some("{\"name\":")),
            (
                "{name: 'Ann', 'age': 4",
                Finish::Length,
                Some("{\"name\": \"Ann\""),
                Some("{\"name\": \"Ann\""),
            ),
            (
                "{\"name\": \"Ann\", \"age\": 200}",
                Finish::Stop,
                None,
                Some("{\"name\": \"Ann\", \"age\":"),
            ),
            ("{\"name\": \"Ann\"}", Finish::Stop, None, Some("{\"name\": \"Ann\"")),
            ("{\"name\": \"Ann\", \"aeg\": 2}", Finish::Stop, None, Some("{\"name\": \"Ann\",")),
            ("{\"mood\": \"purple\"}", Finish::Stop, None, Some("{\"mood\":")),
            (
                "{\"age\": 41, \"nam",
                Finish::Length,
                Some("{\"age\": 41, \"nam"),
                Some("{\"age\": 41,"),
            ),
            (
                "{\"name\": \"A\", \"age\": 1} or {\"name\": \"B\", \"age\": 2}",
                Finish::Stop,
                None,
                None,
            ),
            // Of an opening bracket that is legal the bracket is kept, of another one what stands before it.
            ("{\"x\": 1}", Finish::Stop, None, Some("{")),
            ("[1, 2]", Finish::Stop, None, None),
            ("Two: [1, 2]", Finish::Stop, None, Some("")),
            ("Ann is 41.", Finish::Stop, None, Some("")),
            ("\n", Finish::Stop, None, None),
        ];
        for (text, finish, whole, sound) in cases {
            let kept = begun(&contract, text, finish);
            let prefix = |begun: &Option<Begun>| begun.as_ref().map(|begun| begun.prefix.clone());
            let found = kept.map(|kept| (prefix(&kept.whole), prefix(&kept.sound)));
            let found = found.unwrap_or_default();
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (whole, sound), "{text}");
        }
    }
}
