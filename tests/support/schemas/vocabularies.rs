//! The vocabularies of the figures, and texts as their tokens.

use std::fs;

use serde_json::Value;
use tokenrail::model::LanguageModel;
use tokenrail::model::local::LocalModel;
use tokenrail::store::{Access, ModelSource, Store};
use tokenrail::vocab::{TokenId, Vocabulary};

use super::corpus::root;

/// The 49k tokens of the default model, which is obtained when it is not there.
///
/// # Errors
/// What kept the model away, in words.
pub(crate) fn of_the_model() -> Result<Vocabulary, String> {
    let words = |error: tokenrail::Error| error.to_string();
    let store = Store::from_env().map_err(|error| words(error.into()))?;
    let path = store.obtain(&ModelSource::default(), Access::Online, &mut |_| {});
    let path = path.map_err(|error| words(error.into()))?;
    let model = LocalModel::open(&path).map_err(|error| words(error.into()))?;
    Ok(model.tokenizer().vocabulary().clone())
}

/// The 128k tokens beside the checkout; `None` where they are absent.
///
/// # Errors
/// When a file is there and is not what it should be.
pub(crate) fn large() -> Result<Option<Vocabulary>, String> {
    let folder = root().join("../shared/data/tokenizers");
    let Ok(ranks) = fs::read_to_string(folder.join("llama3.tiktoken")) else { return Ok(None) };
    let special = fs::read_to_string(folder.join("llama3_special.json"));
    let special = special.map_err(|fault| fault.to_string())?;
    let special: Value = serde_json::from_str(&special).map_err(|fault| fault.to_string())?;
    let special = special.as_object().ok_or("special tokens are an object")?;
    let special: Vec<(&str, TokenId)> = special
        .iter()
        .filter_map(|(name, id)| Some((name.as_str(), TokenId(id.as_u64()? as u32))))
        .collect();
    let ends = ["<|end_of_text|>", "<|eot_id|>"];
    let vocabulary = Vocabulary::from_tiktoken(&ranks, &special, &ends);
    vocabulary.map(Some).map_err(|error| error.to_string())
}

/// Every byte, and an end of sequence.
pub(crate) fn bytes() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

/// The text as tokens, each as long as there is one; `None` where a byte has no token.
pub(crate) fn longest_tokens(text: &[u8], vocabulary: &Vocabulary) -> Option<Vec<TokenId>> {
    let trie = vocabulary.trie();
    let (mut tokens, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let (mut node, mut longest) = (None, None);
        for (index, &byte) in text[start..].iter().enumerate() {
            node = trie.child(node, byte);
            let Some(at) = node else { break };
            if let Some(&id) = trie.tokens(at).first() {
                longest = Some((id, index + 1));
            }
        }
        let (id, length) = longest?;
        tokens.push(id);
        start += length;
    }
    Some(tokens)
}
