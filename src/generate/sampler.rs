//! Draws a token from the legal ones.
//!
//! The filters come in a fixed order: the most likely `top_k`, those above `min_p`, then the nucleus
//! of `top_p`, each on what the temperature has made of the logprobs. Nothing here knows grammars.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::model::Distribution;
use crate::vocab::{TokenId, TokenMask};

/// How tokens are drawn. Every choice is made among the legal tokens.
///
/// ```
/// use tokenrail::generate::Sampling;
///
/// assert_eq!(Sampling::default().temperature, 0.0, "the most likely legal token");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// What logits are divided by; 0 takes the most likely token, of equals the one with the lowest
    /// id.
    pub temperature: f64,
    /// Draw from this many most likely tokens only.
    pub top_k: Option<usize>,
    /// Draw from the fewest most likely tokens that have this much probability together, 0 to 1
    /// (Holtzman et al. 2020).
    pub top_p: f64,
    /// Leave out tokens less likely than this part of the most likely one's probability, 0 to 1.
    pub min_p: f64,
    /// Equal seeds draw equal tokens from equal logits.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: 1.0, min_p: 0.0, seed: 0 }
    }
}

/// Draws tokens, one after the other.
#[derive(Debug, Clone)]
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
}

impl Sampler {
    /// Starts to draw.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        Self { sampling, random: ChaCha8Rng::seed_from_u64(sampling.seed) }
    }

    /// Draws a token of the mask; token 0 if there is none. A temperature given here, such as the
    /// grammar's, takes the place of the sampling's.
    ///
    /// ```
    /// use tokenrail::generate::{Sampler, Sampling};
    /// use tokenrail::model::Distribution;
    /// use tokenrail::vocab::{TokenId, TokenMask};
    ///
    /// let next = Distribution::new(&[3.0, 2.0, 1.0]).expect("it is finite");
    /// let mut legal = TokenMask::new(3);
    /// legal.insert(TokenId(1));
    /// legal.insert(TokenId(2));
    /// assert_eq!(Sampler::new(Sampling::default()).sample(&next, &legal, None), TokenId(1));
    /// ```
    pub fn sample(
        &mut self,
        next: &Distribution<'_>,
        mask: &TokenMask,
        temperature: Option<f64>,
    ) -> TokenId {
        // Logits, as these have the same bits whichever of the illegal ones are known.
        let legal = mask.iter().map(|id| (id, next.logit(id)));
        let temperature = temperature.unwrap_or(self.sampling.temperature);
        if temperature <= 0.0 {
            let best = legal.reduce(|best, other| if other.1 > best.1 { other } else { best });
            return best.map_or(TokenId(0), |(id, _)| id);
        }
        let mut legal: Vec<(TokenId, f64)> = legal.collect();
        legal.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        let Some(&(first, _)) = legal.first() else {
            return TokenId(0);
        };
        let weights = self.weights(&legal, temperature);
        let mut point = self.unit() * weights.iter().sum::<f64>();
        for ((id, _), weight) in legal.iter().zip(&weights) {
            point -= weight;
            if point < 0.0 {
                return *id;
            }
        }
        weights.len().checked_sub(1).map_or(first, |last| legal[last].0)
    }

    /// The weights of the tokens that the filters leave, the most likely one's 1. `legal` is sorted by
    /// likelihood; those behind the last weight are left out.
    fn weights(&self, legal: &[(TokenId, f64)], temperature: f64) -> Vec<f64> {
        let Sampling { top_k, top_p, min_p, .. } = self.sampling;
        let best = legal.first().map_or(0.0, |&(_, logit)| logit);
        let mut weights: Vec<f64> = legal
            .iter()
            .take(top_k.unwrap_or(usize::MAX).max(1))
            .map(|(_, logit)| ((logit - best) / temperature).exp())
            .take_while(|&weight| weight >= min_p && weight > 0.0)
            .collect();
        let total: f64 = weights.iter().sum();
        let mut mass = 0.0;
        let kept = weights.iter().take_while(|&&weight| {
            let is_needed = mass < top_p * total;
            mass += weight;
            is_needed
        });
        let kept = kept.count().max(1);
        weights.truncate(kept);
        weights
    }

    /// A number from 0 up to 1, all 53 bits of it random.
    fn unit(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}
