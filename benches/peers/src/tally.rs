//! What two engines decided and took, schema by schema.

use crate::schemas::trial::{Kind, Trial};

/// Both engines' sums.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) schemas: usize,
    /// The schemas that both compiled: what is compared.
    pub(crate) shared: usize,
    pub(crate) ours: Side,
    pub(crate) theirs: Side,
}

/// One engine's sums.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) passed: usize,
    /// Failed schemas by the worst that happened in each.
    pub(crate) failed: Vec<(Kind, usize)>,
    /// Over what both did.
    pub(crate) shared: Times,
    /// Over all that this engine did.
    pub(crate) own: Times,
}

/// All times of one sort of work, in nanoseconds.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) first_masks: Vec<u32>,
    pub(crate) masks: Vec<u32>,
    pub(crate) commits: Vec<u32>,
}

impl Tally {
    pub(crate) fn add(&mut self, ours: Trial, theirs: Trial) {
        self.schemas += 1;
        self.ours.count(&ours);
        self.theirs.count(&theirs);
        if let Some((our_first, their_first)) = ours.first_mask.zip(theirs.first_mask) {
            self.shared += 1;
            self.ours.shared.first_masks.push(our_first);
            self.theirs.shared.first_masks.push(their_first);
            for (our_steps, their_steps) in ours.steps.iter().zip(&theirs.steps) {
                let masks = our_steps.masks.len().min(their_steps.masks.len());
                self.ours.shared.masks.extend(&our_steps.masks[..masks]);
                self.theirs.shared.masks.extend(&their_steps.masks[..masks]);
                let commits = our_steps.commits.len().min(their_steps.commits.len());
                self.ours.shared.commits.extend(&our_steps.commits[..commits]);
                self.theirs.shared.commits.extend(&their_steps.commits[..commits]);
            }
        }
        self.ours.own.add(ours);
        self.theirs.own.add(theirs);
    }
}

impl Side {
    /// How many schemas failed in such a way.
    pub(crate) fn failures(&self, kind: Kind) -> usize {
        self.failed.iter().find(|(known, _)| *known == kind).map_or(0, |(_, count)| *count)
    }

    fn count(&mut self, trial: &Trial) {
        let Some(worst) = trial.worst() else {
            self.passed += 1;
            return;
        };
        match self.failed.iter_mut().find(|(known, _)| *known == worst.kind) {
            Some((_, count)) => *count += 1,
            None => self.failed.push((worst.kind, 1)),
        }
    }
}

impl Times {
    fn add(&mut self, trial: Trial) {
        self.first_masks.extend(trial.first_mask);
        for steps in trial.steps {
            self.masks.extend(steps.masks);
            self.commits.extend(steps.commits);
        }
    }

    /// Each sort of work with its name.
    pub(crate) fn sorts(&self) -> [(&'static str, &[u32]); 3] {
        [("ttfm", &self.first_masks), ("mask", &self.masks), ("commit", &self.commits)]
    }
}
