//! Results as JSON, for programs.

use serde_json::{Value, json};

use super::{Finish, Generated, GeneratedToken};
use crate::vocab::Vocabulary;

impl Generated {
    /// The result as one JSON object; `vocabulary` is that of the model that made it.
    ///
    /// `text`, `finish` by its [name](Finish::name), `prompt_tokens`, and `tokens` with `id`, `text`,
    /// `logprob`, `masked_logprob`, `removed` and `forced` each, as in [`GeneratedToken`]; `end` is such
    /// a one too, or null where no end of sequence was drawn; `passes`, `drafted` and `accepted` as in
    /// [`Drafts`](super::Drafts).
    #[must_use]
    pub fn to_json(&self, vocabulary: &Vocabulary) -> Value {
        let token = |token: &GeneratedToken| {
            json!({
                "id": token.id.0,
                "text": vocabulary.piece(token.id),
                "logprob": token.logprob,
                "masked_logprob": token.masked_logprob,
                "removed": token.removed,
                "forced": token.is_forced,
            })
        };
        json!({
            "text": self.text,
            "finish": self.finish.name(),
            "tokens": self.tokens.iter().map(token).collect::<Vec<_>>(),
            "end": self.end.as_ref().map(token),
            "prompt_tokens": self.prompt_tokens,
            "passes": self.drafts.passes,
            "drafted": self.drafts.drafted,
            "accepted": self.drafts.accepted,
        })
    }
}

impl Finish {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EndOfSequence => "end_of_sequence",
            Self::Complete => "complete",
            Self::Budget => "budget",
        }
    }
}
