//! Words without quotes that may be strings or numbers: the schema decides, and nothing else.

use super::super::Level;
use super::super::edit::{Class, Rule, TextEdit};
use super::super::judge::Faults;
use super::super::parse::{Doubt, Parsed, Word};
use super::super::reason::Reason;
use super::Reply;
use crate::schema::json::Json;

/// The edits of a reading with those of its words in doubt.
///
/// # Errors
/// [`Doubt`] where the schema allows both, or neither, or there is none.
pub(super) fn decide(
    reply: &Reply<'_>,
    start: usize,
    parsed: &Parsed,
) -> Result<Vec<TextEdit>, Doubt> {
    let mut chosen = Vec::new();
    let verdicts = verdicts(reply, start, parsed)?;
    for (word, (string, other)) in parsed.words.iter().zip(verdicts) {
        let doubt = || Doubt { reason: word.reason, span: word.span.clone() };
        chosen.push(match (string, other) {
            (true, false) => quoted(reply, word),
            (false, true) => otherwise(reply, word).ok_or_else(doubt)?,
            _ => salvaged(reply, word).ok_or_else(doubt)?,
        });
    }
    Ok(with(&parsed.edits, chosen))
}

/// For each word whether the schema allows it as a string, and as what it may be otherwise.
fn verdicts(reply: &Reply<'_>, start: usize, parsed: &Parsed) -> Result<Vec<(bool, bool)>, Doubt> {
    let Some(validator) = reply.validator.filter(|_| reply.options.level >= Level::Syntax) else {
        return Ok(vec![(false, false); parsed.words.len()]);
    };
    let faults = |edit: fn(&Reply<'_>, &Word) -> TextEdit| {
        let words = parsed.words.iter().map(|word| edit(reply, word)).collect();
        let (json, _) = reply.applied(start, parsed.end, &with(&parsed.edits, words))?;
        let json = json.unwrap_or(Json::Null);
        Ok((Faults::of(&json, validator), json))
    };
    let (as_strings, _) = faults(quoted)?;
    let (as_others, json): (Faults, Json) = faults(|reply, word| {
        otherwise(reply, word).unwrap_or_else(|| edit(reply, word, (Rule::Number, "0")))
    })?;
    let verdict = |word: &Word| {
        // What does not stand where its pointer says is judged by no schema.
        let is_there = json.locate(&word.pointer).is_some();
        let string = is_there && !as_strings.holds(&word.pointer);
        (string, is_there && !as_others.holds(&word.pointer))
    };
    Ok(parsed.words.iter().map(verdict).collect())
}

/// The edits of a reading with those of its words, in the order of their spans.
fn with(edits: &[TextEdit], words: Vec<TextEdit>) -> Vec<TextEdit> {
    let mut edits = edits.to_vec();
    edits.extend(words);
    // Words are never empty, so they stand behind what is put in where they begin.
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    edits
}

/// The edit that makes a word what it is taken for.
fn edit(reply: &Reply<'_>, word: &Word, (rule, now): (Rule, &str)) -> TextEdit {
    TextEdit::new(reply.text, rule, word.span.clone(), now)
}

/// The word as a string.
fn quoted(reply: &Reply<'_>, word: &Word) -> TextEdit {
    let text = serde_json::Value::from(&reply.text[word.span.clone()]).to_string();
    edit(reply, word, (Rule::QuoteValue, &text))
}

/// The word as what it may be otherwise.
fn otherwise(reply: &Reply<'_>, word: &Word) -> Option<TextEdit> {
    match (word.reason, &word.number) {
        (Reason::Undefined, _) => Some(edit(reply, word, (Rule::Literal, "null"))),
        (_, Some(number)) => Some(edit(reply, word, (Rule::Number, number))),
        _ => None,
    }
}

/// What an allowed rule makes of it.
fn salvaged(reply: &Reply<'_>, word: &Word) -> Option<TextEdit> {
    if !reply.options.overrules(word.reason) {
        return None;
    }
    let mut made = match word.reason {
        Reason::NonFinite => edit(reply, word, (Rule::NonfiniteToNull, "null")),
        Reason::Undefined => edit(reply, word, (Rule::Literal, "null")),
        _ => quoted(reply, word),
    };
    made.class = made.class.max(Class::Guess);
    Some(made)
}
