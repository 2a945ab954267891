//! Results as JSON, for programs. Numbers are in nats; what is not known is null.
//!
//! Names are spelled out here because programs read them: renaming a variant must not change them.

use serde_json::{Value, json};

use super::inspect::Reading;
use super::{
    Bos, Boundary, Candidate, Counters, Decisions, Duplicates, End, Inspection, Options, Outcome,
    Ranked, ScoredToken, TrailingSpace, Truncation,
};
use crate::model::Chat;
use crate::vocab::{TokenId, Vocabulary};

impl Ranked {
    /// The result as one JSON object; `winner` and `ties` are candidates' indices.
    ///
    /// ```
    /// use tokenrail::score::Ranked;
    ///
    /// /// A line of a results file.
    /// fn line(ranked: &Ranked) -> String {
    ///     let json = ranked.to_json();
    ///     format!("{}\t{}\t{}", json["prompt"], json["winner"], json["margin"])
    /// }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let disagreements = self.disagreements.iter();
        let disagreements = disagreements
            .map(|other| json!({"by": other.by.name(), "winner": other.winner}))
            .collect::<Vec<_>>();
        json!({
            "prompt": self.prompt,
            "by": self.decisions.options.by.name(),
            "winner": self.winner(),
            "candidates": self.candidates.iter().map(candidate).collect::<Vec<_>>(),
            "margin": self.margin,
            "label_mass": self.label_mass,
            "argmax_is_candidate": self.argmax_is_candidate,
            "confidence": self.confidence,
            "ties": self.ties,
            "disagreements": disagreements,
            "decisions": decisions(&self.decisions),
            "counters": counters(&self.counters),
        })
    }
}

impl Options {
    /// The options as one JSON object with a key for each, whether it was chosen or not: two
    /// results can be compared where these are equal.
    ///
    /// ```
    /// use tokenrail::score::{By, Options};
    ///
    /// let options = Options { by: By::PerByte, top: Some(3), ..Options::default() }.to_json();
    /// assert_eq!((&options["by"], &options["top"]), (&"per_byte".into(), &3.into()));
    /// assert!(options["chat"].is_null());
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "by": self.by.name(),
            "boundary": match self.boundary {
                Boundary::Joint => "joint",
                Boundary::Separate => "separate",
            },
            "trailing_space": match self.trailing_space {
                TrailingSpace::Move => "move",
                TrailingSpace::Keep => "keep",
                TrailingSpace::Refuse => "refuse",
            },
            "end": match &self.end {
                End::None => json!("none"),
                End::Eos => json!("eos"),
                End::Text(text) => json!({"text": text}),
            },
            "duplicates": match self.duplicates {
                Duplicates::Refuse => "refuse",
                Duplicates::Keep => "keep",
            },
            "truncation": match self.truncation {
                Truncation::Refuse => "refuse",
                Truncation::Left => "left",
            },
            "unconditional": self.unconditional,
            "top": self.top,
            "chat": self.chat.as_ref().map(|Chat { system, prefill }| {
                json!({"system": system, "prefill": prefill})
            }),
        })
    }
}

impl Inspection {
    /// The inspection as one JSON object; `vocabulary` is that of the model that made it.
    ///
    /// ```
    /// use tokenrail::model::LanguageModel;
    /// use tokenrail::score::{InspectOptions, ScoreError, inspect};
    ///
    /// /// How many bits a byte the model would need to write a text down.
    /// fn bits_per_byte(model: &dyn LanguageModel, text: &str) -> Result<Option<f64>, ScoreError> {
    ///     let inspection = inspect(model, text, &InspectOptions::default())?;
    ///     let json = inspection.to_json(model.tokenizer().vocabulary());
    ///     Ok(json["total"]["bits_per_byte"].as_f64())
    /// }
    /// ```
    #[must_use]
    pub fn to_json(&self, vocabulary: &Vocabulary) -> Value {
        let list = |tokens: &[(TokenId, f64)]| {
            let tokens = tokens.iter();
            let tokens = tokens.map(|&(id, logprob)| {
                token(id, &vocabulary.piece(id), vocabulary.bytes(id), logprob)
            });
            tokens.collect::<Vec<_>>()
        };
        let tokens = self.tokens.iter().map(|inspected| {
            let of = |number: fn(&Reading) -> f64| inspected.reading.as_ref().map(number);
            json!({
                "id": inspected.id.0,
                "text": vocabulary.piece(inspected.id),
                "start": inspected.start,
                "end": inspected.end,
                "logprob": of(|reading| reading.logprob),
                "probability": of(|reading| reading.logprob.exp()),
                "rank": inspected.reading.as_ref().map(|reading| reading.rank),
                "entropy": of(|reading| reading.entropy),
                "alternatives": inspected.reading.as_ref().map(|reading| list(&reading.alternatives)),
            })
        });
        let (sum, count) = self.sum();
        let of = |number: f64| (count > 0).then_some(number);
        // All bytes, those of a first token without a logprob included.
        let bytes = self.text.len();
        // After no token at all there is no distribution either.
        let next = (!self.tokens.is_empty())
            .then(|| json!({"entropy": self.next_entropy, "alternatives": list(&self.next)}));
        json!({
            "text": self.text,
            "tokens": tokens.collect::<Vec<_>>(),
            "next": next,
            "total": {
                "tokens": self.tokens.len(),
                "scored_tokens": count,
                "bytes": bytes,
                "sum": of(sum),
                "mean_token": of(sum / count as f64),
                "perplexity": of((-sum / count as f64).exp()),
                "bits_per_byte": of(-sum / std::f64::consts::LN_2 / bytes as f64),
            },
        })
    }
}

/// A candidate with the same keys whether scored or stopped; only a stopped one has `upper_bound`
/// as well.
fn candidate(candidate: &Candidate) -> Value {
    let scores = candidate.scores();
    let tokens = candidate.tokens.iter();
    let tokens =
        tokens.map(|ScoredToken { id, text, bytes, logprob }| token(*id, text, bytes, *logprob));
    let mut value = json!({
        "index": candidate.index,
        "text": candidate.text,
        "rank": scores.and_then(|scores| scores.rank),
        "sum": scores.map(|scores| scores.sum),
        "mean_token": scores.map(|scores| scores.mean_token),
        "per_char": scores.map(|scores| scores.per_char),
        "per_byte": scores.map(|scores| scores.per_byte),
        "pmi": scores.and_then(|scores| scores.pmi),
        "probability": scores.and_then(|scores| scores.probability),
        "is_greedy": scores.map(|scores| scores.is_greedy),
        "tokens": tokens.collect::<Vec<_>>(),
    });
    if let Outcome::Stopped { upper_bound } = candidate.outcome {
        value["upper_bound"] = json!(upper_bound);
    }
    value
}

/// A token; its bytes are listed when its text cannot show them. A logprob of −∞ is null: JSON has
/// no infinities.
fn token(id: TokenId, text: &str, bytes: &[u8], logprob: f64) -> Value {
    let mut value = json!({"id": id.0, "text": text, "logprob": logprob});
    if str::from_utf8(bytes).is_err() {
        value["bytes"] = json!(bytes);
    }
    value
}

/// All decisions about the texts, those with the value none left out.
fn decisions(decisions: &Decisions) -> Value {
    json!({
        "model": decisions.model,
        "fingerprint": decisions.fingerprint,
        "precision": decisions.precision,
        "options": decisions.options.to_json(),
        "healed": decisions.healed,
        "overhang": decisions.overhang,
        "bos": bos(decisions.bos),
        "moved_spaces": decisions.moved_spaces,
        "truncated": decisions.truncated,
        "duplicates": decisions.duplicates,
        "rendered": decisions.rendered,
        "unconditional": decisions.unconditional.as_ref().map(|context| json!({
            "healed": context.healed,
            "overhang": context.overhang,
            "bos": bos(context.bos),
            "moved_spaces": context.moved_spaces,
            "truncated": context.truncated,
        })),
        "warnings": decisions.warnings,
    })
}

/// The name of a choice about the begin token.
fn bos(bos: Bos) -> &'static str {
    match bos {
        Bos::NotAdded => "not_added",
        Bos::Added => "added",
        Bos::Present => "present",
        Bos::StandsIn => "stands_in",
    }
}

/// Counts alone, no times, so that the results of two runs can be compared.
fn counters(counters: &Counters) -> Value {
    json!({
        "context_tokens": counters.context_tokens,
        "candidate_tokens": counters.candidate_tokens,
        "trie_nodes": counters.trie_nodes,
        "reused_tokens": counters.reused_tokens,
        "forward_tokens": counters.forward_tokens,
        "head_rows": counters.head_rows,
        "one_by_one_tokens": counters.one_by_one_tokens,
        "stopped": counters.stopped,
    })
}
