//! Rows of logits, and the distribution that a row stands for.

use super::ModelError;
use crate::vocab::TokenId;

/// Rows of raw logits, each as wide as the vocabulary.
///
/// ```
/// use tokenrail::model::Logits;
/// use tokenrail::vocab::TokenId;
///
/// let logits = Logits::new(vec![0.0, 1.0, 5.0, 2.0], 2);
/// let best: Vec<TokenId> = logits.distributions()?.iter().map(|row| row.argmax()).collect();
/// assert_eq!(best, [TokenId(1), TokenId(0)]);
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Logits {
    /// The rows, one after the other.
    values: Vec<f32>,
    /// The width of a row; `values.len()` is a multiple of it.
    width: usize,
}

impl Logits {
    /// Takes rows of `width` values each, one after the other; an incomplete last row is dropped.
    ///
    /// ```
    /// use tokenrail::model::Logits;
    ///
    /// assert_eq!(Logits::new(vec![0.0; 7], 3).len(), 2);
    /// ```
    #[must_use]
    pub fn new(mut values: Vec<f32>, width: usize) -> Self {
        let rows = values.len().checked_div(width).unwrap_or(0);
        values.truncate(rows * width);
        Self { values, width }
    }

    /// The number of rows.
    ///
    /// ```
    /// use tokenrail::model::Logits;
    ///
    /// assert_eq!(Logits::new(vec![0.0; 6], 3).len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    ///
    /// ```
    /// use tokenrail::model::Logits;
    ///
    /// assert!(Logits::new(vec![0.0; 2], 3).is_empty(), "no whole row");
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows in order.
    ///
    /// ```
    /// use tokenrail::model::Logits;
    ///
    /// let logits = Logits::new(vec![0.0, 1.0, 5.0, 2.0], 2);
    /// assert!(logits.rows().eq([[0.0, 1.0], [5.0, 2.0]]));
    /// ```
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// The distributions that the rows stand for.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] with the row.
    ///
    /// ```
    /// use tokenrail::model::{Logits, ModelError};
    ///
    /// let broken = Logits::new(vec![0.0, 1.0, f32::NAN, 1.0], 2);
    /// assert!(matches!(broken.distributions(), Err(ModelError::NotFinite { row: 1 })));
    /// ```
    pub fn distributions(&self) -> Result<Vec<Distribution<'_>>, ModelError> {
        let rows = self.rows().enumerate();
        rows.map(|(row, logits)| Distribution::new(logits).ok_or(ModelError::NotFinite { row }))
            .collect()
    }
}

/// The next-token distribution of one row of logits, at temperature 1.
///
/// Logprobs are in nats: the logit less the log of the sum of exponentials, which is taken after
/// subtracting the largest logit and summed in 64 bits.
///
/// ```
/// use tokenrail::model::Distribution;
/// use tokenrail::vocab::TokenId;
///
/// let logits = [0.0, 2.0, f32::NEG_INFINITY];
/// let next = Distribution::new(&logits).expect("finite");
/// assert_eq!(next.argmax(), TokenId(1));
/// assert_eq!(next.rank(TokenId(0)), 2);
/// assert!((next.logprob(TokenId(1)) - -0.126_928).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Distribution<'a> {
    logits: &'a [f32],
    /// log Σ exp(logit)
    log_sum: f64,
}

impl<'a> Distribution<'a> {
    /// Reads a row of logits; `None` when no logit is finite or one is NaN or +∞.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    ///
    /// assert!(Distribution::new(&[0.0, f32::NEG_INFINITY]).is_some(), "a masked token");
    /// assert!(Distribution::new(&[0.0, f32::NAN]).is_none());
    /// ```
    #[must_use]
    pub fn new(logits: &'a [f32]) -> Option<Self> {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // `f32::max` skips NaN, the sum below does not.
        let sum: f64 = logits.iter().map(|&logit| f64::from(logit - max).exp()).sum();
        let log_sum = f64::from(max) + sum.ln();
        log_sum.is_finite().then_some(Self { logits, log_sum })
    }

    /// The natural log of the probability of `id`; −∞ for an id outside the row.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::TokenId;
    ///
    /// let next = Distribution::new(&[3.0, 3.0]).expect("finite");
    /// assert!((next.logprob(TokenId(0)) - 0.5_f64.ln()).abs() < 1e-12);
    /// assert_eq!(next.logprob(TokenId(2)), f64::NEG_INFINITY);
    /// ```
    #[must_use]
    pub fn logprob(&self, id: TokenId) -> f64 {
        self.logit(id) - self.log_sum
    }

    /// One more than the number of tokens that are more likely than `id`.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::TokenId;
    ///
    /// let next = Distribution::new(&[1.0, 4.0, 1.0]).expect("finite");
    /// assert_eq!([0, 1, 2].map(|id| next.rank(TokenId(id))), [2, 1, 2]);
    /// ```
    #[must_use]
    pub fn rank(&self, id: TokenId) -> usize {
        let logit = self.logit(id);
        1 + self.logits.iter().filter(|&&other| f64::from(other) > logit).count()
    }

    /// The most likely token; the lowest id where several are.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::TokenId;
    ///
    /// let next = Distribution::new(&[1.0, 4.0, 4.0]).expect("finite");
    /// assert_eq!(next.argmax(), TokenId(1));
    /// ```
    #[must_use]
    pub fn argmax(&self) -> TokenId {
        self.top(1).first().map_or(TokenId(0), |&(id, _)| id)
    }

    /// The `count` most likely tokens with their logprobs, most likely first; equal ones by id.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::TokenId;
    ///
    /// let next = Distribution::new(&[1.0, 4.0, 1.0, 0.0]).expect("finite");
    /// let ids: Vec<TokenId> = next.top(3).into_iter().map(|(id, _)| id).collect();
    /// assert_eq!(ids, [TokenId(1), TokenId(0), TokenId(2)]);
    /// ```
    #[must_use]
    pub fn top(&self, count: usize) -> Vec<(TokenId, f64)> {
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
        for (id, &logit) in (0u32..).zip(self.logits) {
            let place = best.partition_point(|&(_, other)| other >= logit);
            if place < count {
                best.truncate(count - 1);
                best.insert(place, (id, logit));
            }
        }
        best.iter().map(|&(id, _)| (TokenId(id), self.logprob(TokenId(id)))).collect()
    }

    /// The entropy in nats.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    ///
    /// let undecided = Distribution::new(&[0.5; 8]).expect("finite");
    /// assert!((undecided.entropy() - 8_f64.ln()).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn entropy(&self) -> f64 {
        let surprise = |&logit: &f32| {
            let logprob = f64::from(logit) - self.log_sum;
            let probability = logprob.exp();
            if probability > 0.0 { -probability * logprob } else { 0.0 }
        };
        self.logits.iter().map(surprise).sum()
    }

    /// The number of tokens that the row has a logit for.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a distribution is over one token at least")]
    pub fn len(&self) -> usize {
        self.logits.len()
    }

    /// The logarithm of the probability that the tokens have together, in nats.
    ///
    /// ```
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::TokenId;
    ///
    /// let next = Distribution::new(&[1.0, 1.0, 1.0, 1.0]).expect("it is finite");
    /// let half = next.log_mass([TokenId(0), TokenId(3)].into_iter());
    /// assert!((half - 0.5_f64.ln()).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn log_mass(&self, ids: impl Iterator<Item = TokenId>) -> f64 {
        ids.map(|id| self.logprob(id).exp()).sum::<f64>().ln()
    }

    /// Widens to 64 bits before any arithmetic; an id outside the row counts as impossible.
    pub(crate) fn logit(&self, id: TokenId) -> f64 {
        self.logits.get(id.index()).map_or(f64::NEG_INFINITY, |&logit| f64::from(logit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_row() {
        let row = [1.5f32; 8];
        let next = Distribution::new(&row).unwrap();
        assert!((next.entropy() - 8f64.ln()).abs() < 1e-12);
        assert_eq!(next.top(3).iter().map(|top| top.0.0).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((next.rank(TokenId(7)), next.argmax()), (1, TokenId(0)));
        assert_eq!(next.logprob(TokenId(8)), f64::NEG_INFINITY);
    }

    #[test]
    fn rows_that_are_no_distribution() {
        for row in [vec![], vec![f32::NAN, 1.0], vec![f32::INFINITY, 0.0], vec![f32::NEG_INFINITY]]
        {
            assert!(Distribution::new(&row).is_none(), "{row:?}");
        }
    }

    #[test]
    fn incomplete_rows_are_dropped() {
        assert_eq!(Logits::new(vec![0.0; 7], 3).len(), 2);
        assert_eq!(Logits::new(vec![0.0; 7], 0).len(), 0);
    }
}
