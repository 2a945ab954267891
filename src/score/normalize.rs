//! From a sum of logprobs to a score: the normalizations, by the names the field gives them.

use std::fmt;
use std::str::FromStr;

/// A normalization of a candidate's summed logprobs. All are in nats, larger is better.
///
/// ```
/// use tokenrail::score::By;
///
/// assert_eq!("per-char".parse(), Ok(By::PerChar));
/// assert_eq!(By::PerChar.to_string(), "per_char");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The sum itself: the log of the candidate's probability (lm-eval `acc`).
    #[default]
    Sum,
    /// The sum over the number of tokens scored.
    MeanToken,
    /// The sum over the number of Unicode scalar values of the candidate without one leading space
    /// (lm-eval `acc_norm`).
    PerChar,
    /// The sum over the number of UTF-8 bytes of the same text (lm-eval `acc_bytes`).
    PerByte,
    /// The sum less the sum under an unconditional context: pointwise mutual information.
    Pmi,
}

impl By {
    /// All normalizations, the plainest first.
    ///
    /// ```
    /// use tokenrail::score::By;
    ///
    /// assert_eq!(By::ALL[0], By::default());
    /// ```
    pub const ALL: [Self; 5] =
        [Self::Sum, Self::MeanToken, Self::PerChar, Self::PerByte, Self::Pmi];

    /// The name in results.
    ///
    /// ```
    /// use tokenrail::score::By;
    ///
    /// assert_eq!(By::MeanToken.name(), "mean_token");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::MeanToken => "mean_token",
            Self::PerChar => "per_char",
            Self::PerByte => "per_byte",
            Self::Pmi => "pmi",
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a name with `-` or `_` between words.
impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|by| by.name() == text.replace('-', "_"));
        known.ok_or_else(|| {
            let names = Self::ALL.map(|by| by.name().replace('_', "-")).join(", ");
            format!("{text:?} is not a normalization (known: {names})")
        })
    }
}

/// What a candidate's sum is divided by or compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) tokens: usize,
    pub(super) chars: usize,
    pub(super) bytes: usize,
    pub(super) unconditional: Option<f64>,
}

impl Lengths {
    /// The lengths of a candidate's text without one leading space, unless that is all there is.
    pub(super) fn new(text: &str, tokens: usize, unconditional: Option<f64>) -> Self {
        let text = text.strip_prefix(' ').filter(|rest| !rest.is_empty()).unwrap_or(text);
        Self { tokens, chars: text.chars().count(), bytes: text.len(), unconditional }
    }

    /// The score of a sum; also an upper bound on it when the sum is one.
    pub(super) fn score(&self, by: By, sum: f64) -> f64 {
        let over = |count: usize| sum / count.max(1) as f64;
        match by {
            By::Sum => sum,
            By::MeanToken => over(self.tokens),
            By::PerChar => over(self.chars),
            By::PerByte => over(self.bytes),
            By::Pmi => sum - self.unconditional.unwrap_or(0.0),
        }
    }
}

/// Probabilities in proportion to the exponentials of scores; `None` when all are −∞.
pub(super) fn softmax(scores: &[f64]) -> Option<Vec<f64>> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !max.is_finite() {
        return None;
    }
    let exponentials: Vec<f64> = scores.iter().map(|score| (score - max).exp()).collect();
    let total: f64 = exponentials.iter().sum();
    Some(exponentials.iter().map(|value| value / total).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for by in By::ALL {
            assert_eq!(by.name().parse(), Ok(by));
        }
        assert_eq!("per-byte".parse(), Ok(By::PerByte));
        assert!("best".parse::<By>().unwrap_err().contains("mean-token"));
    }

    #[test]
    fn lengths_leave_out_one_leading_space() {
        for (text, chars, bytes) in [(" né", 2, 3), ("  a", 2, 2), (" ", 1, 1), ("a ", 2, 2)] {
            let lengths = Lengths::new(text, 3, Some(-1.0));
            assert_eq!((lengths.chars, lengths.bytes), (chars, bytes), "{text:?}");
            assert_eq!(lengths.score(By::MeanToken, -6.0), -2.0);
            assert_eq!(lengths.score(By::Pmi, -6.0), -5.0);
        }
    }

    #[test]
    fn softmax_stands_extremes() {
        assert_eq!(softmax(&[-2000.0, f64::NEG_INFINITY]), Some(vec![1.0, 0.0]));
        assert_eq!(softmax(&[f64::NEG_INFINITY]), None);
        assert_eq!(softmax(&[]), None);
    }
}
