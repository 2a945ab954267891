//! Checks what the `tokenizers` crate takes on trust.
//!
//! Release 0.23 panics on text that is no JSON inside `decoder`, on a damaged `Precompiled`
//! normalizer, and on a merge whose result is longer than every token; and it cuts unchecked at a
//! `continuing_subword_prefix`.

use serde_json::Value;

use super::VocabError;

/// Returns a `tokenizer.json` in canonical form, with each key once, when it is safe to build.
pub(super) fn definition(json: &[u8]) -> Result<Vec<u8>, VocabError> {
    let json: Value =
        serde_json::from_slice(json).map_err(|error| VocabError::Broken(error.to_string()))?;
    normalizer(&json["normalizer"])?;
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
    json["normalizers"].as_array().into_iter().flatten().try_for_each(normalizer)
}
