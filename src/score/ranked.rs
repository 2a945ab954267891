//! What scoring returns: every candidate with its numbers, and every decision that shaped them.

use super::ScoreError;
use super::encode::Encoded;
use super::normalize::{By, Lengths, softmax};
use super::options::Options;
use super::walk::{KnownToken, Measured, sum};
use crate::model::LanguageModel;
use crate::vocab::TokenId;

/// Candidates in order, best first.
///
/// ```
/// use tokenrail::score::Ranked;
///
/// /// The winner, unless another normalization would have chosen differently.
/// fn undisputed(ranked: &Ranked) -> Option<&str> {
///     let best = ranked.candidates.first()?;
///     (ranked.ties.is_empty() && ranked.disagreements.is_empty()).then_some(best.text.as_str())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Ranked {
    /// The prompt as it was given.
    pub prompt: String,
    /// Best first, equal ones in the order given; those that were stopped come last.
    pub candidates: Vec<Candidate>,
    /// The winner's score less the second's, in the unit of the ranking; `None` with a single candidate.
    pub margin: Option<f64>,
    /// The sum of the candidates' probabilities over all texts that the model could go on with.
    /// `None` when a candidate begins another, is another or was stopped: they would not add up.
    pub label_mass: Option<f64>,
    /// Whether the model's most likely next token begins a candidate.
    pub argmax_is_candidate: bool,
    /// The winner's probability times `label_mass`.
    pub confidence: Option<f64>,
    /// The indices of the candidates with the winner's score, when there are several.
    pub ties: Vec<usize>,
    /// The normalizations under which another candidate wins. Empty when candidates were stopped.
    pub disagreements: Vec<Disagreement>,
    /// What was decided about the texts.
    pub decisions: Decisions,
    /// What it cost.
    pub counters: Counters,
}

/// A candidate and what is known of it.
///
/// ```
/// use tokenrail::score::Candidate;
///
/// fn row(candidate: &Candidate) -> String {
///     let sum = candidate.scores().map_or("stopped".to_owned(), |scores| scores.sum.to_string());
///     format!("{}\t{}\t{sum}", candidate.index, candidate.text)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its text as it was given.
    pub text: String,
    /// Its scored tokens; the first few of them when it was stopped.
    pub tokens: Vec<ScoredToken>,
    /// Its scores.
    pub outcome: Outcome,
}

/// A token of a candidate.
///
/// ```
/// use tokenrail::score::ScoredToken;
///
/// /// Where the model was most surprised.
/// fn weakest(tokens: &[ScoredToken]) -> Option<&ScoredToken> {
///     tokens.iter().min_by(|a, b| a.logprob.total_cmp(&b.logprob))
/// }
/// # let token = |logprob| ScoredToken {
/// #     id: tokenrail::vocab::TokenId(0), text: "a".into(), bytes: b"a".to_vec(), logprob,
/// # };
/// # assert_eq!(weakest(&[token(-1.0), token(-3.0)]).map(|token| token.logprob), Some(-3.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredToken {
    /// The token.
    pub id: TokenId,
    /// Its text; bytes that are no UTF-8 on their own as `\xNN`.
    pub text: String,
    /// Its bytes; none for a special token.
    pub bytes: Vec<u8>,
    /// The natural log of its probability after what precedes it.
    pub logprob: f64,
}

/// How far a candidate was scored.
///
/// ```
/// use tokenrail::score::{By, Outcome};
///
/// /// A candidate's score, or at least what it cannot exceed.
/// fn at_most(outcome: Outcome, by: By) -> Option<f64> {
///     match outcome {
///         Outcome::Scored(scores) => scores.by(by),
///         Outcome::Stopped { upper_bound } => Some(upper_bound),
///     }
/// }
/// assert_eq!(at_most(Outcome::Stopped { upper_bound: -7.5 }, By::Sum), Some(-7.5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// To its end.
    Scored(Scores),
    /// Until it could no longer be among the best.
    Stopped {
        /// Its score is at most this, in the unit of the ranking.
        upper_bound: f64,
    },
}

/// A candidate's scores, in nats.
///
/// ```
/// use tokenrail::score::Scores;
///
/// /// The probability of the whole candidate after the prompt, among all texts.
/// fn likelihood(scores: &Scores) -> f64 {
///     scores.sum.exp()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// 1 for the best; equal scores share a rank. `None` when a stopped candidate could be better.
    pub rank: Option<usize>,
    /// See [`By::Sum`].
    pub sum: f64,
    /// See [`By::MeanToken`].
    pub mean_token: f64,
    /// See [`By::PerChar`].
    pub per_char: f64,
    /// See [`By::PerByte`].
    pub per_byte: f64,
    /// See [`By::Pmi`]; `None` without an unconditional context.
    pub pmi: Option<f64>,
    /// The softmax of the ranking's scores over the candidates; `None` when some were stopped.
    pub probability: Option<f64>,
    /// Whether each token is the model's most likely one.
    pub is_greedy: bool,
}

/// A normalization under which another candidate wins.
///
/// ```
/// use tokenrail::score::Ranked;
///
/// fn explain(ranked: &Ranked) -> Vec<String> {
///     let others = ranked.disagreements.iter();
///     others.map(|other| format!("{} chooses candidate {}", other.by, other.winner)).collect()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disagreement {
    /// The normalization.
    pub by: By,
    /// The index of its winner.
    pub winner: usize,
}

/// What was decided about the texts on their way to tokens.
///
/// ```
/// use tokenrail::score::Decisions;
///
/// /// Whether the model read the prompt exactly as it was given.
/// fn is_verbatim(decisions: &Decisions) -> bool {
///     let Decisions { moved_spaces, truncated, rendered, .. } = decisions;
///     *moved_spaces == 0 && *truncated == 0 && rendered.is_none()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Decisions {
    /// The model, as it calls itself.
    pub model: String,
    /// Which model of that name.
    pub fingerprint: String,
    /// How its numbers are made.
    pub precision: String,
    /// What was asked for, defaults included: with the prompt, the candidates and the model, all
    /// that shapes a result.
    pub options: Options,
    /// Tokens at the end of the prompt that every candidate's score includes, because a
    /// candidate merges with them.
    pub healed: usize,
    /// The text of those tokens.
    pub overhang: String,
    /// What was done about the begin-of-sequence token.
    pub bos: Bos,
    /// Spaces moved from the end of the prompt to every candidate.
    pub moved_spaces: usize,
    /// Tokens cut from the beginning of the prompt.
    pub truncated: usize,
    /// The indices of candidates that are the same, where that is allowed.
    pub duplicates: Vec<usize>,
    /// The prompt as the chat template rendered it.
    pub rendered: Option<String>,
    /// What was decided about the unconditional context, where there is one.
    pub unconditional: Option<ContextDecisions>,
    /// What a reader of the scores should know.
    pub warnings: Vec<String>,
}

/// What was decided about the unconditional context; each field as [`Decisions`] has it of the
/// prompt.
///
/// ```
/// use tokenrail::score::Decisions;
///
/// /// Whether `pmi` compares the sums of the same tokens.
/// fn is_comparable(decisions: &Decisions) -> bool {
///     let context = decisions.unconditional.as_ref();
///     context.is_none_or(|context| context.overhang == decisions.overhang)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextDecisions {
    /// See [`Decisions::healed`].
    pub healed: usize,
    /// See [`Decisions::overhang`].
    pub overhang: String,
    /// See [`Decisions::bos`].
    pub bos: Bos,
    /// See [`Decisions::moved_spaces`].
    pub moved_spaces: usize,
    /// See [`Decisions::truncated`].
    pub truncated: usize,
}

/// What was done about the begin-of-sequence token.
///
/// ```
/// use tokenrail::score::{Bos, Decisions};
///
/// /// Whether the scores are those of texts on their own, with no prompt.
/// fn is_unprompted(decisions: &Decisions) -> bool {
///     decisions.bos == Bos::StandsIn
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bos {
    /// The model does not expect it.
    NotAdded,
    /// It was put in front.
    Added,
    /// The text already began with it.
    Present,
    /// The prompt was empty, so it (or the end-of-sequence token) is the whole context.
    StandsIn,
}

/// What scoring cost, unconditional contexts included.
///
/// ```
/// use tokenrail::score::Counters;
///
/// let counters = Counters { forward_tokens: 40, one_by_one_tokens: 200, ..Counters::default() };
/// let saved = counters.one_by_one_tokens as f64 / counters.forward_tokens as f64;
/// assert_eq!(saved, 5.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Tokens of the context.
    pub context_tokens: usize,
    /// Tokens of all candidates together.
    pub candidate_tokens: usize,
    /// Tokens of all candidates with common beginnings counted once.
    pub trie_nodes: usize,
    /// Context tokens that the session still held from the request before.
    pub reused_tokens: usize,
    /// Tokens run through the model.
    pub forward_tokens: usize,
    /// Rows run through the output head.
    pub head_rows: usize,
    /// Tokens that scoring each candidate alone would run.
    pub one_by_one_tokens: usize,
    /// Candidates stopped by their bound.
    pub stopped: usize,
}

impl Ranked {
    /// The index of the best candidate; the first given among equals.
    ///
    /// ```
    /// use tokenrail::score::Ranked;
    ///
    /// fn answer<'a>(ranked: &Ranked, labels: &[&'a str]) -> Option<&'a str> {
    ///     labels.get(ranked.winner()).copied()
    /// }
    /// ```
    #[must_use]
    pub fn winner(&self) -> usize {
        self.candidates.first().map_or(0, |candidate| candidate.index)
    }
}

impl Candidate {
    /// The scores, unless the candidate was stopped.
    ///
    /// ```
    /// use tokenrail::score::Ranked;
    ///
    /// fn has_greedy_candidate(ranked: &Ranked) -> bool {
    ///     ranked.candidates.iter().filter_map(|candidate| candidate.scores()).any(|s| s.is_greedy)
    /// }
    /// ```
    #[must_use]
    pub fn scores(&self) -> Option<&Scores> {
        match &self.outcome {
            Outcome::Scored(scores) => Some(scores),
            Outcome::Stopped { .. } => None,
        }
    }
}

impl Scores {
    /// The score under a normalization; `None` for `pmi` without an unconditional context.
    ///
    /// ```
    /// use tokenrail::score::{By, Scores};
    ///
    /// fn table(scores: &Scores) -> Vec<(By, f64)> {
    ///     By::ALL.into_iter().filter_map(|by| Some((by, scores.by(by)?))).collect()
    /// }
    /// ```
    #[must_use]
    pub fn by(&self, by: By) -> Option<f64> {
        match by {
            By::Sum => Some(self.sum),
            By::MeanToken => Some(self.mean_token),
            By::PerChar => Some(self.per_char),
            By::PerByte => Some(self.per_byte),
            By::Pmi => self.pmi,
        }
    }
}

impl Decisions {
    pub(super) fn new(model: &dyn LanguageModel, options: &Options) -> Self {
        Self {
            model: model.name().to_owned(),
            fingerprint: model.fingerprint().to_owned(),
            precision: model.precision().to_owned(),
            options: options.clone(),
            healed: 0,
            overhang: String::new(),
            bos: Bos::NotAdded,
            moved_spaces: 0,
            truncated: 0,
            duplicates: Vec::new(),
            rendered: None,
            unconditional: None,
            warnings: Vec::new(),
        }
    }
}

impl ContextDecisions {
    /// Those of a request whose prompt is the context.
    pub(super) fn of(decisions: Decisions) -> Self {
        let Decisions { healed, overhang, bos, moved_spaces, truncated, .. } = decisions;
        Self { healed, overhang, bos, moved_spaces, truncated }
    }
}

/// Puts measured candidates in order.
///
/// Probabilities, the label mass and disagreements need every candidate's score: where some were
/// stopped they are left out, and only the best that were asked for have a rank.
pub(super) fn rank(
    model: &dyn LanguageModel,
    prompt: &str,
    texts: &[String],
    options: &Options,
    (encoded, lengths, measured, mut counters): (Encoded, Vec<Lengths>, Measured, Counters),
) -> Result<Ranked, ScoreError> {
    let by = options.by;
    let mut candidates: Vec<Candidate> = texts
        .iter()
        .zip(&measured.candidates)
        .enumerate()
        .map(|(index, (text, tokens))| Candidate {
            index,
            text: text.clone(),
            tokens: tokens.iter().map(|token| scored_token(model, token)).collect(),
            outcome: outcome(by, &lengths[index], tokens),
        })
        .collect();
    let key = |candidate: &Candidate| match candidate.outcome {
        Outcome::Scored(scores) => (true, scores.by(by).unwrap_or(f64::NEG_INFINITY)),
        Outcome::Stopped { upper_bound } => (false, upper_bound),
    };
    candidates.sort_by(|a, b| {
        let ((a_done, a_score), (b_done, b_score)) = (key(a), key(b));
        b_done.cmp(&a_done).then(b_score.total_cmp(&a_score))
    });
    let scored = candidates.iter().filter_map(Candidate::scores).filter_map(|scores| scores.by(by));
    let scores: Vec<f64> = scored.collect();
    counters.stopped = candidates.len() - scores.len();
    let is_whole = counters.stopped == 0;
    let worst_certain = match options.top {
        Some(top) if !is_whole => scores.get(top - 1).copied().unwrap_or(f64::NEG_INFINITY),
        _ => f64::NEG_INFINITY,
    };
    let probabilities = softmax(&scores).ok_or(ScoreError::ZeroProbability)?;
    for (place, candidate) in candidates.iter_mut().enumerate() {
        if let Outcome::Scored(own) = &mut candidate.outcome {
            let is_certain = scores[place] >= worst_certain;
            own.rank =
                is_certain.then(|| 1 + scores.partition_point(|&other| other > scores[place]));
            own.probability = is_whole.then_some(probabilities[place]);
        }
    }
    let sums = || candidates.iter().filter_map(Candidate::scores).map(|scores| scores.sum);
    let trie = super::Trie::new(&encoded.candidates);
    let label_mass = (is_whole && trie.is_prefix_free() && encoded.decisions.duplicates.is_empty())
        .then(|| sums().map(f64::exp).sum::<f64>());
    let tied = scores.iter().take_while(|&&score| score == scores[0]).count();
    let first_tokens = trie.children(None).iter().map(|&node| trie.token(node));
    Ok(Ranked {
        prompt: prompt.to_owned(),
        margin: scores.get(1).map(|second| if tied > 1 { 0.0 } else { scores[0] - second }),
        label_mass,
        argmax_is_candidate: first_tokens.into_iter().any(|id| id == measured.argmax),
        confidence: label_mass.map(|mass| probabilities[0] * mass),
        ties: candidates[..tied].iter().filter(|_| tied > 1).map(|tied| tied.index).collect(),
        disagreements: if is_whole { disagreements(by, &candidates) } else { Vec::new() },
        decisions: encoded.decisions,
        candidates,
        counters,
    })
}

/// A token of a candidate as results show it.
fn scored_token(model: &dyn LanguageModel, token: &KnownToken) -> ScoredToken {
    let vocabulary = model.tokenizer().vocabulary();
    ScoredToken {
        id: token.id,
        text: vocabulary.piece(token.id).into_owned(),
        bytes: vocabulary.bytes(token.id).to_vec(),
        logprob: token.logprob,
    }
}

/// The score by one normalization, with what it was computed from.
fn outcome(by: By, lengths: &Lengths, tokens: &[KnownToken]) -> Outcome {
    let sum = sum(tokens);
    if tokens.len() < lengths.tokens {
        return Outcome::Stopped { upper_bound: lengths.score(by, sum) };
    }
    Outcome::Scored(Scores {
        rank: None,
        sum,
        mean_token: lengths.score(By::MeanToken, sum),
        per_char: lengths.score(By::PerChar, sum),
        per_byte: lengths.score(By::PerByte, sum),
        pmi: lengths.unconditional.map(|unconditional| sum - unconditional),
        probability: None,
        is_greedy: tokens.iter().all(|token| token.is_greedy),
    })
}

/// The other normalizations' winners that are not this one's; the first given wins among equals.
fn disagreements(by: By, candidates: &[Candidate]) -> Vec<Disagreement> {
    let winner = |by: By| {
        let scores = candidates.iter().filter_map(|candidate| {
            let score = candidate.scores()?.by(by)?;
            Some((candidate.index, score))
        });
        scores.max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i))).map(|(index, _)| index)
    };
    let chosen = winner(by);
    By::ALL
        .into_iter()
        .filter_map(|other| {
            let winner = winner(other).filter(|_| winner(other) != chosen)?;
            Some(Disagreement { by: other, winner })
        })
        .collect()
}
