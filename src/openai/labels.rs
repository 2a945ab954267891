//! What the likeliest first tokens of a reply say about whole candidates.
//!
//! An endpoint that tells the `k` likeliest tokens of a place, and nothing of prompts, can still decide between
//! candidates: of each it is known how likely a reply at least is that begins with it, and how likely at
//! most. Where the least of one is more than the most of every other, no further question can change who wins.
//!
//! Law, held by the test here: whatever the tokens that are not told, the probability lies within.

use super::logprobs::Alternative;

/// How likely it is that a reply begins with each candidate.
///
/// ```
/// use tokenrail::openai::{Alternative, Decision, Labels, Logprob};
///
/// let token = |text: &str, p: f64| Alternative {
///     text: text.to_owned(),
///     bytes: Some(text.as_bytes().to_vec()),
///     id: None,
///     logprob: Logprob::of(p.ln()),
/// };
/// let top = [token("yes", 0.6), token("no", 0.3)];
/// let labels = Labels::read(&top, &["yes", "no", "perhaps"]);
/// assert_eq!(labels.decision, Decision::Certified { winner: 0 });
/// // At most the tenth that is left.
/// assert!(labels.intervals[2].most <= 0.1_f64.ln() + 1e-9);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// One for each candidate, in their order.
    pub intervals: Vec<Interval>,
    /// The probability of the tokens that were told, 0 to 1.
    pub seen: f64,
    /// Which candidate is the likeliest, if that can be told.
    pub decision: Decision,
}

/// Between which logprobs a candidate's lies, in nats.
///
/// ```
/// use tokenrail::openai::Interval;
///
/// let exact = |interval: &Interval| interval.least == interval.most;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// −∞ where nothing of it was told.
    pub least: f64,
    /// What it can be at most.
    pub most: f64,
}

/// Whether it can be told which candidate is the likeliest.
///
/// ```
/// use tokenrail::openai::Decision;
///
/// let winner = |decision: &Decision| match decision {
///     Decision::Certified { winner } => Some(*winner),
///     Decision::Undetermined { .. } => None,
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// No token that was not told can change it.
    Certified {
        /// The candidate.
        winner: usize,
    },
    /// Several can be it.
    Undetermined {
        /// Those that can.
        open: Vec<usize>,
    },
}

impl Labels {
    /// Reads the likeliest tokens of the first place of a reply.
    ///
    /// A candidate's probability is that of all replies that begin with its text. A token that is the
    /// candidate, or goes on behind it, is among these; one that the candidate begins with may be.
    #[must_use]
    pub fn read(top: &[Alternative], candidates: &[&str]) -> Self {
        let told: Vec<(&[u8], f64)> = top.iter().filter_map(known).collect();
        let seen: f64 = told.iter().map(|(_, probability)| probability).sum();
        let unseen = (1.0 - seen).max(0.0);
        let intervals: Vec<Interval> = candidates
            .iter()
            .map(|candidate| interval(candidate.as_bytes(), &told, unseen))
            .collect();
        let decision = decide(&intervals);
        Self { intervals, seen: seen.min(1.0), decision }
    }
}

/// The bytes and the probability of a token, where both are known.
fn known(token: &Alternative) -> Option<(&[u8], f64)> {
    let bytes = token.bytes.as_deref().unwrap_or(token.text.as_bytes());
    Some((bytes, token.logprob.known()?.exp())).filter(|(bytes, _)| !bytes.is_empty())
}

fn interval(candidate: &[u8], told: &[(&[u8], f64)], unseen: f64) -> Interval {
    let sum = |of: &dyn Fn(&[u8]) -> bool| -> f64 {
        told.iter().filter(|(token, _)| of(token)).map(|(_, probability)| probability).sum()
    };
    let begins = sum(&|token| token.starts_with(candidate));
    let may_begin = sum(&|token| token.len() < candidate.len() && candidate.starts_with(token));
    // Of the tokens that were not told any number may begin with the candidate.
    Interval { least: begins.min(1.0).ln(), most: (begins + may_begin + unseen).min(1.0).ln() }
}

fn decide(intervals: &[Interval]) -> Decision {
    let best = intervals.iter().map(|interval| interval.least).fold(f64::NEG_INFINITY, f64::max);
    let open: Vec<usize> =
        (0..intervals.len()).filter(|&index| intervals[index].most >= best).collect();
    match open[..] {
        [winner] => Decision::Certified { winner },
        _ => Decision::Undetermined { open },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::Logprob;

    /// Numbers from 0 to 1, drawn by a linear congruence.
    fn draws(seed: u64) -> impl Iterator<Item = f64> {
        let step = |state: &u64| {
            let next = state.wrapping_mul(6_364_136_223_846_793_005);
            Some(next.wrapping_add(1_442_695_040_888_963_407))
        };
        let drawn = std::iter::successors(Some(seed), step).skip(3);
        drawn.map(|bits| (bits >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// A model of two tokens: the first by `first`, the second by a draw of its own for each first one.
    #[test]
    fn probabilities_lie_within() {
        const TOKENS: [&str; 8] = ["a", "ab", "abc", "b", "bc", "c", "ca", "d"];
        const CANDIDATES: [&str; 6] = ["a", "ab", "abc", "b", "ca", "e"];
        let mut certified = 0;
        for seed in 0..400 {
            let mut draws = draws(seed * 7 + 1);
            let mut distribution = || {
                // Some models are sure of themselves.
                let power = 1.0 + 9.0 * draws.next().expect("a draw");
                let weights: Vec<f64> =
                    draws.by_ref().take(TOKENS.len()).map(|draw| draw.powf(power)).collect();
                let sum: f64 = weights.iter().sum();
                weights.iter().map(|weight| weight / sum).collect::<Vec<f64>>()
            };
            let first = distribution();
            let second: Vec<Vec<f64>> = TOKENS.iter().map(|_| distribution()).collect();
            let truth = CANDIDATES.map(|candidate| {
                let mut probability = 0.0;
                for (one, p) in first.iter().enumerate() {
                    for (two, q) in TOKENS.iter().zip(&second[one]) {
                        let text = format!("{}{two}", TOKENS[one]);
                        probability += if text.starts_with(candidate) { p * q } else { 0.0 };
                    }
                }
                probability
            });
            let mut order: Vec<usize> = (0..TOKENS.len()).collect();
            order.sort_by(|&a, &b| first[b].total_cmp(&first[a]));
            for told in 0..=TOKENS.len() {
                let top = order[..told].iter().map(|&at| Alternative {
                    text: TOKENS[at].to_owned(),
                    bytes: None,
                    id: None,
                    logprob: Logprob::of(first[at].ln()),
                });
                let labels = Labels::read(&top.collect::<Vec<_>>(), &CANDIDATES);
                for (interval, truth) in labels.intervals.iter().zip(truth) {
                    let [least, most] = [interval.least.exp(), interval.most.exp()];
                    let is_within = least <= truth + 1e-9 && truth <= most + 1e-9;
                    assert!(is_within, "seed {seed}, {told} told: {truth} in {least}..{most}");
                }
                if let Decision::Certified { winner } = labels.decision {
                    certified += 1;
                    let best = truth.iter().copied().fold(0.0, f64::max);
                    assert!(truth[winner] >= best - 1e-9, "seed {seed}, {told} told: {truth:?}");
                }
            }
        }
        assert!(certified > 100, "{certified} were certified");
    }
}
