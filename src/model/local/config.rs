//! What describes a model: its sizes and constants, and how its layers are built.

use super::families::Build;

/// The shape and constants of a model, and what its layers have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    pub(super) layers: usize,
    /// Of the hidden state of a token.
    pub(super) width: usize,
    /// Of queries.
    pub(super) heads: usize,
    /// Of keys and values, each shared by a group of query heads; divides `heads`.
    pub(super) kv_heads: usize,
    /// Even, since values are rotated in pairs. Mostly, but not always, `width / heads`.
    pub(super) head_width: usize,
    /// The width between the two products of a feed-forward.
    pub(super) feed_forward: usize,
    /// The logits in a row, which may be more than there are tokens.
    pub(super) vocabulary: usize,
    /// The most tokens that a sequence may have: positions beyond were never trained.
    pub(super) context: usize,
    /// Added to a mean square before its root is taken.
    pub(super) norm_epsilon: f64,
    /// The base of the geometric series of rotation frequencies (10,000 in Su et al. 2021).
    pub(super) rope_base: f64,
    pub(super) rope_scaling: RopeScaling,
    /// What embeddings are multiplied by.
    pub(super) embedding_scale: f64,
    /// What the scores of attention are multiplied by; mostly `1 / √head_width`.
    pub(super) attention_scale: f64,
    /// The layers that see only a window, where there are any.
    pub(super) local: Option<Local>,
    pub(super) build: Build,
}

/// The layers that see only a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Local {
    /// The last positions of its own sequence that a row sees, itself among them.
    pub(super) window: usize,
    pub(super) layers: LocalLayers,
    /// The base by which they rotate, without scaling; none where they rotate as the others.
    pub(super) rope_base: Option<f64>,
}

/// Which layers those are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LocalLayers {
    All,
    /// Those from this one on.
    From(usize),
    /// All but each so many-th.
    AllBut(usize),
    /// Those of which it is true, of all layers.
    Listed(Vec<bool>),
}

/// How rotation frequencies are stretched for long contexts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RopeScaling {
    None,
    /// Each frequency divided by one number.
    Linear(f64),
    /// Llama 3.1: long wavelengths are stretched, short ones kept, with a blend between.
    Llama3 {
        /// By which the longest wavelengths are stretched.
        factor: f64,
        /// Up to so many turns within the original context a frequency is stretched in full.
        low_frequency: f64,
        /// From so many turns on it is kept.
        high_frequency: f64,
        /// The tokens of context before the stretching.
        original_context: f64,
    },
    /// Each frequency divided by its own factor, as a GGUF file lists them.
    Factors(Vec<f32>),
}

/// No model in use is wider or deeper; a larger number is a damaged file.
const LIMIT: usize = 1 << 24;

impl Config {
    /// Checks what the transformer relies on.
    ///
    /// # Errors
    /// The number that is wrong and what would be right.
    pub(super) fn check(self) -> Result<Self, String> {
        for (name, value) in [
            ("layer count", self.layers),
            ("width", self.width),
            ("head count", self.heads),
            ("key/value head count", self.kv_heads),
            ("head width", self.head_width),
            ("feed-forward width", self.feed_forward),
            ("vocabulary size", self.vocabulary),
            ("context length", self.context),
        ] {
            if value == 0 || value > LIMIT {
                return Err(format!("{name} is {value}, not in 1..={LIMIT}"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format!(
                "{} heads are not a multiple of {} key/value heads",
                self.heads, self.kv_heads
            ));
        }
        if !self.head_width.is_multiple_of(2) {
            return Err(format!("head width {} is odd", self.head_width));
        }
        let local_base = self.local.as_ref().and_then(|local| local.rope_base);
        for (name, value) in [
            ("rope base", self.rope_base),
            ("rope base of local layers", local_base.unwrap_or(1.0)),
            ("scale of attention", self.attention_scale),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("{name} {value} is not a positive number"));
            }
        }
        if !(self.norm_epsilon.is_finite() && self.norm_epsilon >= 0.0) {
            return Err(format!(
                "norm epsilon {} is not a number of at least 0",
                self.norm_epsilon
            ));
        }
        if let Some(Local { window: 0, .. }) = self.local {
            return Err("the window is 0, not at least 1".to_owned());
        }
        if let Some(Local { layers: LocalLayers::Listed(listed), .. }) = &self.local
            && listed.len() != self.layers
        {
            return Err(format!("kinds of {} layers for {}", listed.len(), self.layers));
        }
        if let RopeScaling::Factors(factors) = &self.rope_scaling
            && factors.len() != self.head_width / 2
        {
            return Err(format!(
                "{} rope factors for {} frequencies",
                factors.len(),
                self.head_width / 2
            ));
        }
        Ok(self)
    }

    /// The last positions that the rows of a layer see; all where there is no number.
    pub(super) fn window(&self, layer: usize) -> Option<usize> {
        let local = self.local.as_ref()?;
        let is_local = match &local.layers {
            LocalLayers::All => true,
            &LocalLayers::From(first) => layer >= first,
            &LocalLayers::AllBut(period) => !(layer + 1).is_multiple_of(period),
            LocalLayers::Listed(listed) => listed[layer],
        };
        is_local.then_some(local.window)
    }

    /// The frequencies of each way in which layers rotate.
    pub(super) fn rotations(&self) -> Vec<Vec<f64>> {
        let base = self.local.as_ref().and_then(|local| local.rope_base);
        let local = base.map(|rope_base| Self {
            rope_base,
            rope_scaling: RopeScaling::None,
            ..self.clone()
        });
        std::iter::once(self).chain(&local).map(Self::frequencies).collect()
    }

    /// Which of these a layer rotates in.
    pub(super) fn rotation(&self, layer: usize) -> usize {
        let has_own = self.local.as_ref().is_some_and(|local| local.rope_base.is_some());
        usize::from(has_own && self.window(layer).is_some())
    }

    /// The rotation frequencies, one a pair of values of a head.
    ///
    /// In radians a position, `head_width / 2` of them, the highest first. In 64 bits, as 8,192 times
    /// a 32-bit frequency may be off by a thousandth of a radian.
    fn frequencies(&self) -> Vec<f64> {
        let half = self.head_width / 2;
        let plain = (0..half).map(|i| self.rope_base.powf(-(i as f64) / half as f64));
        match &self.rope_scaling {
            RopeScaling::None => plain.collect(),
            &RopeScaling::Linear(factor) => plain.map(|frequency| frequency / factor).collect(),
            RopeScaling::Factors(factors) => plain
                .zip(factors)
                .map(|(frequency, &factor)| frequency / f64::from(factor))
                .collect(),
            &RopeScaling::Llama3 { factor, low_frequency, high_frequency, original_context } => {
                plain
                    .map(|frequency| {
                        let turns = original_context * frequency / std::f64::consts::TAU;
                        let kept = (turns - low_frequency) / (high_frequency - low_frequency);
                        let kept = kept.clamp(0.0, 1.0);
                        frequency * (kept + (1.0 - kept) / factor)
                    })
                    .collect()
            }
        }
    }
}
