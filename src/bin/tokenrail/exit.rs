//! How a run ends: one table from failures to exit codes.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tokenrail::constraint::ConstraintError;
use tokenrail::repair::Status;
use tokenrail::{Error, ErrorKind};

/// What `--help` says of exit codes.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0    done
  1    some items failed, and the others are in the output; a checked text is refused, or a
       generated value does not conform; not all of a checked schema is enforced exactly
  2    the request is wrong (flags, texts, files' contents)
  3    the request or model needs what is not supported
  4    the request is over a limit, such as the model's context
  5    a model file is damaged
  6    a computation, pip or the hub failed
  7    a file or the network could not be read or written
  10   a reply was repaired, and nothing of it was lost but what a model wrote anew
  11   a reply was repaired, and something was lost or chosen
  12   a reply has several readings
  13   a reply cannot be repaired
  130  interrupted; what was done is kept";

/// Why a run did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The flags or a file's contents are wrong.
    #[error("{0}")]
    Usage(String),
    /// The library refused or failed.
    #[error(transparent)]
    Library(Box<Error>),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// Standard output could not be written.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// The reader of standard output has gone, which is its right.
    #[error("standard output is closed")]
    Closed,
    /// Some items failed.
    #[error("{0} item(s) failed: their lines say why")]
    Items(usize),
    /// A checked text was refused, a value does not conform, a schema is not enforced exactly; the
    /// output says why.
    #[error("refused")]
    Refused,
    /// A reply was not valid as it stood; the output says what came of it.
    #[error("{}", .0.name())]
    Reply(Status),
    /// A grammar is faulty.
    #[error("{name}: {error}{}", snippet.as_ref().map_or_else(String::new, |lines| format!("\n{lines}")))]
    Grammar { name: String, error: Box<ConstraintError>, snippet: Option<String> },
    /// A schema is faulty, asks for what is not done, or met a limit.
    #[error("{name}: {error}{}", snippet.as_ref().map_or_else(String::new, |lines| format!("\n{lines}")))]
    Schema { name: String, error: Box<ConstraintError>, snippet: Option<String> },
    /// The user interrupted.
    #[error("interrupted: {0}")]
    Interrupted(&'static str),
}

impl Failure {
    /// What to say on standard error, if anything.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Closed | Self::Refused | Self::Reply(_) => None,
            failure => Some(failure.to_string()),
        }
    }

    /// The code that tells programs what went wrong, as listed above.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let of_kind = |kind| match kind {
            ErrorKind::Input => 2,
            ErrorKind::Unsupported => 3,
            ErrorKind::Limit => 4,
            ErrorKind::Model => 5,
            ErrorKind::Io => 7,
            _ => 6,
        };
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Schema { error, .. } => {
                of_kind(Error::from(ConstraintError::clone(error)).kind())
            }
            Self::Grammar { error, .. } => match &**error {
                ConstraintError::Schema(_) => {
                    of_kind(Error::from(ConstraintError::clone(error)).kind())
                }
                // Whatever cannot be compiled of a grammar is to be changed in it.
                _ => 2,
            },
            Self::Reply(status) => match status {
                Status::Valid => 0,
                Status::Repaired => 10,
                Status::Lossy => 11,
                Status::Ambiguous => 12,
                Status::Failed => 13,
            },
            Self::Closed => 0,
            Self::Items(_) | Self::Refused => 1,
            Self::File { .. } | Self::Output(_) => 7,
            Self::Interrupted(_) => 130,
            Self::Library(error) => of_kind(error.kind()),
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(Box::new(error))
    }
}

/// Lets `?` take the errors of each module.
macro_rules! from_module {
    ($($module:ident::$error:ident),*) => {
        $(impl From<tokenrail::$module::$error> for Failure {
            fn from(error: tokenrail::$module::$error) -> Self {
                Error::from(error).into()
            }
        })*
    };
}

from_module!(
    constraint::ConstraintError,
    generate::GenerateError,
    model::ModelError,
    score::ScoreError,
    store::StoreError,
    vocab::VocabError
);
