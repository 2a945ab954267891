//! The sum of all layers' errors, and what kind each is.

use crate::constraint::ConstraintError;
use crate::generate::GenerateError;
use crate::grammar::GrammarError;
use crate::model::ModelError;
use crate::schema::SchemaError;
use crate::score::ScoreError;
use crate::store::StoreError;
use crate::vocab::VocabError;

/// Any error of this crate.
///
/// ```
/// use tokenrail::score::ScoreError;
/// use tokenrail::{Error, ErrorKind};
///
/// assert_eq!(Error::from(ScoreError::NoCandidates).kind(), ErrorKind::Input);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Of a vocabulary or tokenizer.
    #[error(transparent)]
    Vocab(#[from] VocabError),
    /// Of a model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Of scoring.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Of a grammar.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// Of a JSON Schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Of a constraint.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    /// Of generating.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// Of obtaining a model.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose turn it is to do something about an error.
///
/// ```
/// use tokenrail::ErrorKind;
///
/// /// Whether the same request may succeed later, with nothing changed by its sender.
/// fn is_worth_a_retry(kind: ErrorKind) -> bool {
///     matches!(kind, ErrorKind::Backend | ErrorKind::Io)
/// }
/// assert!(!is_worth_a_retry(ErrorKind::Limit));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong: a text, an option, or a name that means nothing.
    Input,
    /// The request is sound, but this crate does not implement it.
    Unsupported,
    /// The request is over a limit, such as the model's context or a template's fuel.
    Limit,
    /// A model file is missing or damaged.
    Model,
    /// A computation or a program that this crate relies on failed.
    Backend,
    /// The system refused a file or the network.
    Io,
}

impl Error {
    /// The kind of the error.
    ///
    /// ```
    /// use tokenrail::score::ScoreError;
    /// use tokenrail::{Error, ErrorKind};
    ///
    /// let error = Error::from(ScoreError::TextTooLong { tokens: 9000, limit: 8192 });
    /// assert_eq!(error.kind(), ErrorKind::Limit);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Vocab(error) => vocab_kind(error),
            Self::Model(error) => model_kind(error),
            Self::Score(error) => score_kind(error),
            Self::Grammar(error) => grammar_kind(error),
            Self::Schema(error) => schema_kind(error),
            Self::Constraint(error) => constraint_kind(error),
            Self::Generate(error) => generate_kind(error),
            Self::Store(error) => store_kind(error),
        }
    }
}

/// Faults of tokenizers are those of their files.
fn vocab_kind(error: &VocabError) -> ErrorKind {
    match error {
        VocabError::Unsupported { .. } => ErrorKind::Unsupported,
        VocabError::Broken(_) | VocabError::Tokenizer(_) => ErrorKind::Model,
    }
}

/// Whether the file, what it asks for, or the call was at fault.
fn model_kind(error: &ModelError) -> ErrorKind {
    match error {
        ModelError::Io { .. } => ErrorKind::Io,
        ModelError::Unsupported { .. } => ErrorKind::Unsupported,
        ModelError::Vocab(error) => vocab_kind(error),
        ModelError::ContextFull { .. } => ErrorKind::Limit,
        ModelError::UnknownToken { .. }
        | ModelError::BadTree { .. }
        | ModelError::NoSuchRow { .. }
        | ModelError::BrokenSession(_) => ErrorKind::Input,
        ModelError::Broken { .. } | ModelError::NotFinite { .. } | ModelError::Template(_) => {
            ErrorKind::Model
        }
        ModelError::Backend(_) => ErrorKind::Backend,
    }
}

/// Whether the texts, the options or the model were at fault.
fn score_kind(error: &ScoreError) -> ErrorKind {
    match error {
        ScoreError::PromptTooLong { .. }
        | ScoreError::CandidateTooLong { .. }
        | ScoreError::TextTooLong { .. } => ErrorKind::Limit,
        ScoreError::Unconditional(error) => score_kind(error),
        ScoreError::Vocab(error) => vocab_kind(error),
        ScoreError::Model(error) => model_kind(error),
        _ => ErrorKind::Input,
    }
}

/// Whether the source was at fault, or a limit was met.
fn grammar_kind(error: &GrammarError) -> ErrorKind {
    match error {
        GrammarError::Unsupported { .. } | GrammarError::Tool(_) => ErrorKind::Unsupported,
        GrammarError::Limit { .. } => ErrorKind::Limit,
        _ => ErrorKind::Input,
    }
}

/// Whether the schema was at fault, asks for what is not done, or met a limit.
fn schema_kind(error: &SchemaError) -> ErrorKind {
    match error {
        SchemaError::Refused { .. } => ErrorKind::Unsupported,
        SchemaError::Limit { .. } | SchemaError::Depth { .. } => ErrorKind::Limit,
        _ => ErrorKind::Input,
    }
}

/// The kind of what a constraint was compiled from, where that was at fault.
fn constraint_kind(error: &ConstraintError) -> ErrorKind {
    match error {
        ConstraintError::Grammar(error) => grammar_kind(error),
        ConstraintError::Schema(error) => schema_kind(error),
        ConstraintError::LazyBesideSchema => ErrorKind::Unsupported,
        ConstraintError::Limit { .. } | ConstraintError::OverBudget { .. } => ErrorKind::Limit,
        _ => ErrorKind::Input,
    }
}

/// The kind of the job's own errors; those of other layers keep theirs.
fn generate_kind(error: &GenerateError) -> ErrorKind {
    match error {
        GenerateError::PromptTooLong { .. } | GenerateError::BudgetTooSmall { .. } => {
            ErrorKind::Limit
        }
        GenerateError::NotFinite => ErrorKind::Model,
        GenerateError::Constraint(error) => constraint_kind(error),
        GenerateError::Vocab(error) => vocab_kind(error),
        GenerateError::Model(error) => model_kind(error),
        _ => ErrorKind::Input,
    }
}

/// Whether a name, this machine, or what is far away was at fault.
fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Io { .. } | StoreError::NoFile { .. } => ErrorKind::Io,
        StoreError::Pip { .. } | StoreError::NoPip { .. } | StoreError::Hub { .. } => {
            ErrorKind::Backend
        }
        StoreError::Wheel { .. }
        | StoreError::NoWheel { .. }
        | StoreError::WrongSize { .. }
        | StoreError::WrongHash { .. }
        | StoreError::BadIndex { .. }
        | StoreError::NotAModel { .. } => ErrorKind::Model,
        _ => ErrorKind::Input,
    }
}
