//! What can go wrong with a request to an endpoint.

use std::fmt;
use std::time::Duration;

use super::class::{Class, Remedy, Trouble};
use super::ledger::Attempt;
use super::retry::GaveUp;

/// A request that was not answered.
///
/// ```
/// use tokenrail::remote::{Endpoint, RemoteError};
///
/// let error = Endpoint::new("localhost:8000", None).expect_err("there is no scheme");
/// assert!(matches!(error, RemoteError::Url { .. }));
/// assert!(error.to_string().contains("http://"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// An address is none of HTTP.
    #[error(
        "`{url}` is no address of an endpoint: expected one like http://127.0.0.1:8000/v1, without a user name"
    )]
    Url {
        /// The address, without what follows a question mark.
        url: String,
    },
    /// A key cannot be sent.
    #[error("the key is empty or has characters that no header can have: expected printable ASCII")]
    Key,
    /// There is nobody to ask.
    #[error("there is no endpoint to ask: give at least one")]
    NoTarget,
    /// A request's body is no object.
    #[error("the body of a request has to be a JSON object with parameters")]
    Body,
    /// The client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
    /// All that was tried failed.
    #[error(transparent)]
    Failed(Box<Failure>),
}

/// The last failure of a call, and all that was tried.
///
/// ```
/// use tokenrail::remote::{Failure, Remedy};
///
/// let needs_another_key = |failure: &Failure| failure.trouble.remedy == Remedy::Key;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What failed.
    pub trouble: Trouble,
    /// Why it was not tried again.
    pub gave_up: GaveUp,
    /// The address.
    pub endpoint: String,
    /// The model that was asked.
    pub model: String,
    /// The endpoint's id of the request.
    pub request_id: Option<String>,
    /// How long from the failure until it is worth another try, where the endpoint says so.
    pub retry_in: Option<Duration>,
    /// Every request that was sent.
    pub ledger: Vec<Attempt>,
}

impl Failure {
    /// A call to an empty list.
    pub(super) fn nobody() -> Self {
        Self {
            trouble: Trouble::new(Class::Fatal, Remedy::Nothing),
            gave_up: GaveUp::Fatal,
            endpoint: String::new(),
            model: String::new(),
            request_id: None,
            retry_in: None,
            ledger: Vec::new(),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trouble, gave_up, .. } = self;
        write!(f, "{} at {}: {}", self.model, self.endpoint, trouble.class.name())?;
        if let Some(status) = trouble.status {
            write!(f, ", status {status}")?;
        }
        if let Some(fault) = &trouble.fault {
            write!(f, ", {fault}")?;
        }
        if !trouble.note.is_empty() {
            write!(f, ", {}", trouble.note)?;
        }
        let id = self.request_id.as_deref().unwrap_or("none");
        write!(
            f,
            " (request id {id}, tries: {}); {gave_up}: {}",
            self.ledger.len(),
            trouble.remedy.advice()
        )
    }
}
