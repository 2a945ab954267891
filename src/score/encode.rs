//! From texts to tokens: where the prompt ends and the candidates begin.
//!
//! A tokenizer may merge the end of the prompt with the beginning of a candidate. Then the tokens of
//! the prompt alone are no prefix of those of the whole, and cutting by length would score
//! nonsense. Here all candidates back off together to the last token that the prompt shares with
//! every one of them, so that all are scored from the same place.

use super::ScoreError;
use super::normalize::Lengths;
use super::options::{Boundary, Duplicates, End, Options, TrailingSpace, Truncation, repeated};
use super::ranked::{Bos, Decisions};
use super::trie::Trie;
use crate::model::{Chat, LanguageModel};
use crate::vocab::TokenId;

/// Texts that open a reasoning section, with the texts that close it.
const REASONING: [(&str, &str); 2] = [("<think>", "</think>"), ("[THINK]", "[/THINK]")];

/// A request as tokens.
#[derive(Debug)]
pub(super) struct Encoded {
    /// At least one token.
    pub(super) context: Vec<TokenId>,
    /// At least one token each.
    pub(super) candidates: Vec<Vec<TokenId>>,
    pub(super) decisions: Decisions,
}

/// Encodes a prompt and its candidates.
pub(super) fn encode(
    model: &dyn LanguageModel,
    prompt: &str,
    candidates: &[String],
    options: &Options,
) -> Result<Encoded, ScoreError> {
    options.check_candidates(candidates)?;
    let mut decisions = Decisions::new(model, options);
    let rendered = options.chat.as_ref().map(|chat| render(model, prompt, chat)).transpose()?;
    let prompt = rendered.as_deref().unwrap_or(prompt);
    let (prompt, spaces) = split_spaces(prompt, options.trailing_space)?;
    decisions.moved_spaces = spaces.len();
    let end = match &options.end {
        End::Text(end) => end,
        End::None | End::Eos => "",
    };
    let texts: Vec<String> = candidates.iter().map(|text| format!("{spaces}{text}{end}")).collect();
    let (mut context, mut candidates) = match options.boundary {
        Boundary::Joint => joint(model, prompt, &texts, &mut decisions)?,
        Boundary::Separate => separate(model, prompt, &texts)?,
    };
    if options.end == End::Eos {
        let &eos = model.tokenizer().vocabulary().eos().first().ok_or(ScoreError::NoEos)?;
        candidates.iter_mut().for_each(|tokens| tokens.push(eos));
    }
    begin(model, &mut context, &mut candidates, &mut decisions)?;
    // Tokens are compared as well as texts, since a normalizer may give different texts the same ones.
    let duplicates = repeated(&candidates);
    if !duplicates.is_empty() {
        match options.duplicates {
            Duplicates::Refuse => {
                return Err(ScoreError::DuplicateCandidates { indices: duplicates });
            }
            Duplicates::Keep => decisions.duplicates = duplicates,
        }
    }
    fit(model, &mut context, &candidates, options.truncation, &mut decisions)?;
    decisions.rendered = rendered;
    Ok(Encoded { context, candidates, decisions })
}

impl Encoded {
    /// What each sum is divided by. `candidates` are the texts as given: spaces moved to them and
    /// an end count as tokens, not as characters. `unconditional` has one sum a candidate, in nats.
    pub(super) fn lengths(
        &self,
        candidates: &[String],
        unconditional: Option<&[f64]>,
    ) -> Vec<Lengths> {
        let of = |(index, text): (usize, &String)| {
            let unconditional = unconditional.map(|sums| sums[index]);
            Lengths::new(text, self.candidates[index].len(), unconditional)
        };
        candidates.iter().enumerate().map(of).collect()
    }

    /// Notes what a reader of the scores should know.
    pub(super) fn warn(&mut self, candidates: &[String], trie: &Trie, options: &Options) {
        let warnings = &mut self.decisions.warnings;
        if !trie.is_prefix_free() {
            let remedy = match options.end {
                End::None => "unless an end is scored",
                End::Eos | End::Text(_) => "unless the end is a text that is in neither",
            };
            warnings.push(format!(
                "a candidate begins another: the shorter always has the higher sum {remedy}"
            ));
        }
        let folded: Vec<String> =
            candidates.iter().map(|text| text.trim().to_lowercase()).collect();
        let mut sorted = folded.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let same: Vec<String> = (0..folded.len())
                .filter(|&index| folded[index] == pair[0])
                .map(|index| index.to_string())
                .collect();
            warnings.push(format!(
                "candidates {} differ in case or outer space at most",
                same.join(", ")
            ));
        }
        let begins_turn = options.chat.as_ref().is_some_and(|chat| chat.prefill.is_empty());
        if begins_turn && candidates.iter().any(|text| text.starts_with(' ')) {
            warnings.push(
                "a candidate begins with a space, where an assistant's turn does not".to_owned(),
            );
        }
    }
}

/// The prompt as a user's turn. Candidates inside a reasoning section would be scored as thoughts,
/// so a section left open is refused.
fn render(model: &dyn LanguageModel, prompt: &str, chat: &Chat) -> Result<String, ScoreError> {
    let template = model.chat_template().ok_or(ScoreError::NoChatTemplate)?;
    let rendered = chat.render(template, prompt)?;
    let header = rendered.strip_suffix(&chat.prefill).unwrap_or(&rendered);
    for (opener, closer) in REASONING {
        // What comes before the assistant's turn may speak of sections without opening one.
        let is_header_open = header.trim_end().ends_with(opener);
        let opened = chat.prefill.rfind(opener).or(is_header_open.then_some(0));
        if opened.is_some_and(|opened| !chat.prefill[opened..].contains(closer)) {
            return Err(ScoreError::OpenReasoning { opener });
        }
    }
    Ok(rendered)
}

/// Splits off U+0020 alone, the white space that vocabularies join to the word behind it; line
/// breaks and tabs stay with the prompt.
fn split_spaces(prompt: &str, choice: TrailingSpace) -> Result<(&str, &str), ScoreError> {
    let (kept, spaces) = prompt.split_at(prompt.trim_end_matches(' ').len());
    match choice {
        TrailingSpace::Move => Ok((kept, spaces)),
        TrailingSpace::Refuse if !spaces.is_empty() => {
            Err(ScoreError::TrailingSpace { count: spaces.len() })
        }
        TrailingSpace::Keep | TrailingSpace::Refuse => Ok((prompt, "")),
    }
}

/// The tokens of the context, and those of each candidate after it.
type Split = (Vec<TokenId>, Vec<Vec<TokenId>>);

/// Cuts all candidates at the same token: cut at different ones, their sums would be logprobs of
/// texts that begin at different places, and could not be compared.
fn joint(
    model: &dyn LanguageModel,
    prompt: &str,
    candidates: &[String],
    decisions: &mut Decisions,
) -> Result<Split, ScoreError> {
    let tokenizer = model.tokenizer();
    let mut context = tokenizer.encode(prompt)?;
    let whole = candidates.iter().map(|text| tokenizer.encode(&format!("{prompt}{text}")));
    let mut whole: Vec<Vec<TokenId>> = whole.collect::<Result<_, _>>()?;
    let shared = |tokens: &Vec<TokenId>| {
        let common = tokens.iter().zip(&context).take_while(|(a, b)| a == b).count();
        // A candidate keeps at least one token.
        common.min(tokens.len().saturating_sub(1))
    };
    let shared = whole.iter().map(shared).min().unwrap_or(0);
    let overhang = context.split_off(shared);
    decisions.healed = overhang.len();
    decisions.overhang = overhang.iter().map(|&id| tokenizer.vocabulary().piece(id)).collect();
    for tokens in &mut whole {
        tokens.drain(..shared);
    }
    Ok((context, whole))
}

/// Encodes each part alone. A tokenizer given the whole text may never make these tokens, so the
/// scores can be of a spelling that the model was not trained on.
fn separate(
    model: &dyn LanguageModel,
    prompt: &str,
    candidates: &[String],
) -> Result<Split, ScoreError> {
    let tokenizer = model.tokenizer();
    let candidates = candidates.iter().map(|text| tokenizer.encode(text));
    Ok((tokenizer.encode(prompt)?, candidates.collect::<Result<_, _>>()?))
}

/// Puts the begin-of-sequence token in front where the model expects it, and makes sure that there
/// is a context at all.
fn begin(
    model: &dyn LanguageModel,
    context: &mut Vec<TokenId>,
    candidates: &mut [Vec<TokenId>],
    decisions: &mut Decisions,
) -> Result<(), ScoreError> {
    let vocabulary = model.tokenizer().vocabulary();
    let bos = vocabulary.bos();
    if model.tokenizer().adds_bos()
        && let Some(bos) = bos
    {
        let is_present = context.first() == Some(&bos);
        decisions.bos = if is_present { Bos::Present } else { Bos::Added };
        if !is_present {
            context.insert(0, bos);
        }
    }
    if context.is_empty() {
        let stand_in = bos.or(vocabulary.eos().first().copied()).ok_or(ScoreError::NoContext)?;
        decisions.bos = Bos::StandsIn;
        context.push(stand_in);
        drop_stand_in(stand_in, candidates, decisions)?;
    }
    match candidates.iter().position(Vec::is_empty) {
        Some(index) => Err(ScoreError::EmptyCandidate { index }),
        None => Ok(()),
    }
}

/// Takes the token that stands in for the prompt from candidates that spell it out: they would be
/// scored after a second one.
fn drop_stand_in(
    stand_in: TokenId,
    candidates: &mut [Vec<TokenId>],
    decisions: &mut Decisions,
) -> Result<(), ScoreError> {
    for (index, tokens) in candidates.iter_mut().enumerate() {
        if *tokens == [stand_in] {
            return Err(ScoreError::OnlyStandIn { index });
        }
        if tokens.first() == Some(&stand_in) {
            tokens.remove(0);
            decisions.warnings.push(format!(
                "candidate {index} is scored from its second token on: the first stands in for the prompt"
            ));
        }
    }
    Ok(())
}

/// Makes the context and the longest candidate fit together. The cut is one for all candidates:
/// sums after different contexts could not be compared.
fn fit(
    model: &dyn LanguageModel,
    context: &mut Vec<TokenId>,
    candidates: &[Vec<TokenId>],
    truncation: Truncation,
    decisions: &mut Decisions,
) -> Result<(), ScoreError> {
    let limit = model.context_length();
    let longest = (0..candidates.len()).max_by_key(|&index| candidates[index].len()).unwrap_or(0);
    let tokens = candidates[longest].len();
    let excess = (context.len() + tokens).saturating_sub(limit);
    if excess == 0 {
        return Ok(());
    }
    // The begin-of-sequence token stays in front: attention rests on it (arXiv 2309.17453).
    let kept = usize::from(decisions.bos != Bos::NotAdded);
    if tokens + kept.max(1) > limit {
        return Err(ScoreError::CandidateTooLong { index: longest, tokens, limit });
    }
    match truncation {
        Truncation::Refuse => {
            Err(ScoreError::PromptTooLong { prompt: context.len(), candidate: tokens, limit })
        }
        Truncation::Left => {
            context.drain(kept..kept + excess);
            decisions.truncated = excess;
            Ok(())
        }
    }
}
