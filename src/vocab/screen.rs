//! Checks what the `tokenizers` crate takes on trust.
//!
//! Release 0.23 panics on text that is no JSON inside `decoder`, on a damaged `Precompiled`
//! normalizer, on a `Replace` that finds the empty text, on a template that names what is not there,
//! and on a merge whose result is longer than every token; and it cuts unchecked at a
//! `continuing_subword_prefix`.

use serde_json::Value;
use tokenizers::Decoder;
use tokenizers::normalizers::Replace;
use tokenizers::normalizers::replace::ReplacePattern;

use super::VocabError;

/// How a regex that may look around itself does so.
const LOOKAROUNDS: [&str; 4] = ["(?=", "(?!", "(?<=", "(?<!"];
/// What may stand on either side of a place where a regex finds the empty text.
const SIDES: &str = "a0Z_-. \n\té▁日";

/// Returns a `tokenizer.json` in canonical form, with each key once, when it is safe to build.
pub(super) fn definition(json: &[u8]) -> Result<Vec<u8>, VocabError> {
    let mut json: Value =
        serde_json::from_slice(json).map_err(|error| VocabError::Broken(error.to_string()))?;
    normalizer(&json["normalizer"])?;
    post_processor(&json["post_processor"])?;
    if json["model"].is_object() {
        // A setting of a training run: with it, a text has other tokens each time.
        json["model"]["dropout"] = Value::Null;
    }
    let model = &json["model"];
    if model["merges"].is_array() {
        let prefix = model["continuing_subword_prefix"].as_str().unwrap_or("");
        if !prefix.is_empty() {
            return Err(VocabError::Unsupported {
                what: "continuing_subword_prefix",
                found: prefix.to_owned(),
                known: "none".to_owned(),
            });
        }
    }
    for pair in model["merges"].as_array().into_iter().flatten() {
        let (left, right) = match pair {
            Value::String(pair) => pair.split_once(' ').unwrap_or((pair, "")),
            pair => (pair[0].as_str().unwrap_or(""), pair[1].as_str().unwrap_or("")),
        };
        merge(left, right, |token| !model["vocab"][token].is_null())?;
    }
    Ok(json.to_string().into_bytes())
}

/// A merge makes a token.
pub(super) fn merge(
    left: &str,
    right: &str,
    is_token: impl FnOnce(&str) -> bool,
) -> Result<(), VocabError> {
    match is_token(&[left, right].concat()) {
        true => Ok(()),
        false => Err(VocabError::Broken(format!("merge \"{left} {right}\" makes no token"))),
    }
}

fn normalizer(json: &Value) -> Result<(), VocabError> {
    if json["type"] == "Precompiled" {
        return Err(VocabError::Unsupported {
            what: "tokenizer normalizer",
            found: "Precompiled".to_owned(),
            known: "all but this one".to_owned(),
        });
    }
    if json["type"] == "Replace" {
        replace(&json["pattern"])?;
    }
    json["normalizers"].as_array().into_iter().flatten().try_for_each(normalizer)
}

/// A pattern to replace finds at least one character. Where it looks around itself that depends on
/// the text, and cannot be told from the pattern.
fn replace(pattern: &Value) -> Result<(), VocabError> {
    let refuse = |found: &str, known: &str| {
        Err(VocabError::Unsupported {
            what: "tokenizer normalizer Replace of",
            found: found.to_owned(),
            known: known.to_owned(),
        })
    };
    let Some(regex) = pattern["Regex"].as_str() else {
        return match pattern["String"].as_str() {
            Some("") => refuse("", "texts of at least one character"),
            _ => Ok(()),
        };
    };
    if LOOKAROUNDS.iter().any(|lookaround| regex.contains(lookaround)) {
        return refuse(regex, "patterns without look-around");
    }
    match finds_nothing(regex).map_err(VocabError::Tokenizer)? {
        true => refuse(regex, "patterns that find at least one character"),
        false => Ok(()),
    }
}

/// Whether a regex finds the empty text somewhere: more matches than characters that are taken.
fn finds_nothing(regex: &str) -> tokenizers::Result<bool> {
    let mark = '\u{10ffff}';
    let replace = Replace::new(ReplacePattern::Regex(regex.to_owned()), mark)?;
    let pairs = SIDES.chars().flat_map(|a| SIDES.chars().map(move |b| format!("{a}{b}")));
    let replaced = replace.decode_chain(pairs.collect())?;
    Ok(replaced.iter().any(|text| {
        let marks = text.chars().filter(|&char| char == mark).count();
        let kept = text.chars().count() - marks;
        marks + kept > 2
    }))
}

/// A template adds special tokens that it defines, around one text.
fn post_processor(json: &Value) -> Result<(), VocabError> {
    let pieces = json["single"].as_array().into_iter().flatten();
    for piece in pieces.filter(|_| json["type"] == "TemplateProcessing") {
        let special = piece["SpecialToken"]["id"].as_str();
        if let Some(name) = special.filter(|&name| json["special_tokens"][name].is_null()) {
            let what = "special_tokens of the post_processor has no";
            return Err(VocabError::Broken(format!("{what} {name:?}, which its template adds")));
        }
        if !matches!(piece["Sequence"]["id"].as_str(), None | Some("A")) {
            let what = "the post_processor's template for one text has a second one";
            return Err(VocabError::Broken(what.to_owned()));
        }
    }
    json["processors"].as_array().into_iter().flatten().try_for_each(post_processor)
}
