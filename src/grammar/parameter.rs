//! Parameters of rules: 64 bits that a call computes from its caller's, and conditions on them.

/// How a call computes its rule's parameter from the calling rule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Parameter {
    Constant(u64),
    /// The caller's.
    Same,
}

/// What a parameter must meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    Always,
}

impl Parameter {
    pub(crate) fn apply(self, of_caller: u64) -> u64 {
        match self {
            Self::Constant(value) => value,
            Self::Same => of_caller,
        }
    }
}

impl Condition {
    pub(crate) fn holds(&self, _parameter: u64) -> bool {
        match self {
            Self::Always => true,
        }
    }
}
