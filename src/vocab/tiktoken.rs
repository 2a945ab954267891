//! Vocabularies in tiktoken's format: a line a token, its bytes in base64 and its id.
//!
//! The format has no special tokens and no merges. It gives a [`Vocabulary`] to mask with, for a
//! model that runs elsewhere, and no tokenizer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{TokenId, VocabError, Vocabulary};

/// The most ids that a file may claim: gaps between ids are filled.
const MOST: usize = 1 << 24;

impl Vocabulary {
    /// Reads a tiktoken file's text. Special tokens stand beside such files, by name and id;
    /// `ends` names those that end a text, most usual first.
    ///
    /// # Errors
    /// [`VocabError::Broken`] names the line that is not one token, or whose id is taken.
    ///
    /// ```
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let special = [("<|end|>", TokenId(3))];
    /// let vocabulary = Vocabulary::from_tiktoken("YQ== 0\nYWI= 1\n", &special, &["<|end|>"])?;
    /// assert_eq!(vocabulary.bytes(TokenId(1)), b"ab");
    /// assert_eq!((vocabulary.len(), vocabulary.eos()), (4, [TokenId(3)].as_slice()));
    /// # Ok::<(), tokenrail::vocab::VocabError>(())
    /// ```
    pub fn from_tiktoken(
        ranks: &str,
        special: &[(&str, TokenId)],
        ends: &[&str],
    ) -> Result<Self, VocabError> {
        let mut texts: BTreeMap<TokenId, Vec<u8>> = BTreeMap::new();
        for (line, text) in (1..).zip(ranks.lines()).filter(|(_, text)| !text.is_empty()) {
            let broken = |what: &str| VocabError::Broken(format!("line {line}: {what}"));
            let (bytes, id) =
                read_line(text).ok_or_else(|| broken("not base64, a space and an id"))?;
            if texts.insert(id, bytes).is_some() {
                return Err(broken("its id is taken"));
            }
        }
        let names: BTreeMap<TokenId, &str> = special.iter().map(|&(name, id)| (id, name)).collect();
        if let Some((id, name)) = names.iter().find(|(id, _)| texts.contains_key(*id)) {
            return Err(VocabError::Broken(format!("special token {name:?}: id {id} is taken")));
        }
        let last = texts.keys().chain(names.keys()).max().map_or(0, |id| id.index() + 1);
        if last > MOST {
            return Err(VocabError::Broken(format!("{last} ids are over the limit of {MOST}")));
        }
        let mut vocabulary = Self::default();
        for id in (0..).map(TokenId).take(last) {
            match (texts.get(&id), names.get(&id)) {
                (Some(bytes), _) => vocabulary.push(bytes),
                (None, Some(name)) => vocabulary.push_special(name),
                (None, None) => vocabulary.push(b""),
            }
        }
        let eos = ends.iter().filter_map(|name| vocabulary.special_id(name)).collect();
        vocabulary.set_ends(None, eos);
        Ok(vocabulary)
    }
}

/// The bytes and the id of a line.
fn read_line(line: &str) -> Option<(Vec<u8>, TokenId)> {
    let (bytes, id) = line.split_once(' ')?;
    Some((BASE64_STANDARD.decode(bytes).ok()?, TokenId(id.trim().parse().ok()?)))
}
