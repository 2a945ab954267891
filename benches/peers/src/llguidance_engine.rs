//! llguidance behind the face that the judges know.

use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use tokenrail::vocab::{TokenId, Vocabulary};

use crate::schemas::engine::{Engine, Refusal, Sequence};

/// Its factory for one vocabulary, with its default options and slices.
pub(crate) struct Llguidance {
    factory: ParserFactory,
}

impl Llguidance {
    /// Builds its trie from the bytes of our tokens; special ones are marked as it wants them.
    pub(crate) fn new(vocabulary: &Vocabulary) -> Result<Self, String> {
        let count = vocabulary.len() as u32;
        let words: Vec<Vec<u8>> = (0..count)
            .map(|id| match vocabulary.special_name(TokenId(id)) {
                Some(name) => [&[TokTrie::SPECIAL_TOKEN_MARKER], name.as_bytes()].concat(),
                None => vocabulary.bytes(TokenId(id)).to_vec(),
            })
            .collect();
        let end = vocabulary.eos().first().ok_or("a vocabulary without an end of sequence")?;
        let trie = TokTrie::from(&TokRxInfo::new(count, end.0), &words);
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let mut factory =
            ParserFactory::new_simple(&environment).map_err(|error| words_of(&error))?;
        factory.quiet();
        Ok(Self { factory })
    }
}

impl Engine for Llguidance {
    fn compile(&self, schema: &str) -> Result<Box<dyn Sequence>, Refusal> {
        let schema = serde_json::from_str(schema).map_err(|error| refusal(&error))?;
        let grammar = TopLevelGrammar::from_json_schema(schema);
        let matcher = Matcher::new(self.factory.create_parser(grammar));
        match matcher.get_error() {
            Some(error) => Err(Refusal::Other(error)),
            None => Ok(Box::new(Theirs { matcher, mask: None })),
        }
    }
}

/// A matcher with the mask that it made last.
struct Theirs {
    matcher: Matcher,
    mask: Option<SimpleVob>,
}

impl Sequence for Theirs {
    fn fork(&self) -> Box<dyn Sequence> {
        // Not a deep one: this keeps the automata that earlier instances built, as ours does.
        Box::new(Self { matcher: self.matcher.clone(), mask: None })
    }

    fn mask(&mut self) -> Result<(), Refusal> {
        self.mask = Some(self.matcher.compute_mask_or_eos().map_err(|error| refusal(&error))?);
        Ok(())
    }

    fn allows(&self, token: TokenId) -> bool {
        self.mask.as_ref().is_some_and(|mask| mask.is_allowed(token.0))
    }

    fn advance(&mut self, token: TokenId) -> Result<bool, Refusal> {
        self.matcher.consume_token(token.0).map_err(|error| refusal(&error))?;
        Ok(true)
    }

    fn is_accepting(&mut self) -> Result<bool, Refusal> {
        self.matcher.is_accepting().map_err(|error| refusal(&error))
    }

    fn explain(&mut self, _token: Option<TokenId>) -> String {
        "refused".to_owned()
    }
}

fn refusal(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::Other(words_of(error))
}

fn words_of(error: &dyn std::fmt::Display) -> String {
    error.to_string()
}
