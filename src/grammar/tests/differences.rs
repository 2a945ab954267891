//! Cases that are decided otherwise than by the engine they come from, and why.

/// A case that is known to come out differently.
pub(super) struct Difference {
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
}

pub(super) const DIFFERENCES: &[Difference] = &[];
