//! What is asked.

use serde_json::{Map, Value};

use super::error::RemoteError;
use super::limiter::{Lane, Need};
use super::verdict::Expected;

/// A request, without what depends on who is asked: the model and whether it streams.
///
/// ```
/// use serde_json::json;
/// use tokenrail::remote::Request;
///
/// let messages = json!([{"role": "user", "content": "Hello"}]);
/// let request = Request::chat(json!({"messages": messages, "max_tokens": 16}))?;
/// assert_eq!((request.route.path(), request.max_tokens()), ("chat/completions", Some(16)));
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where it goes.
    pub route: Route,
    /// The parameters, which are sent as they are.
    pub body: Map<String, Value>,
    /// What the reply should be.
    pub expected: Expected,
    /// How urgent it is.
    pub lane: Lane,
    /// What it will need; estimated where it is `None`.
    pub need: Option<Need>,
}

/// A route of an endpoint.
///
/// ```
/// use tokenrail::remote::Route;
///
/// assert_eq!(Route::Completions.path(), "completions");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Messages in, a message out.
    Chat,
    /// A text in, what follows it out.
    Completions,
}

impl Route {
    /// The path behind the address.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completions => "completions",
        }
    }
}

/// Bytes of JSON for a token, on average. Too few rather than too many: what a request needs is rather
/// estimated too high.
const BYTES_A_TOKEN: u64 = 3;

impl Request {
    /// A request for a message.
    ///
    /// # Errors
    ///
    /// When the body is no object.
    pub fn chat(body: Value) -> Result<Self, RemoteError> {
        Self::new(Route::Chat, body)
    }

    /// A request for what follows a text.
    ///
    /// # Errors
    ///
    /// When the body is no object.
    pub fn completion(body: Value) -> Result<Self, RemoteError> {
        Self::new(Route::Completions, body)
    }

    fn new(route: Route, body: Value) -> Result<Self, RemoteError> {
        let Value::Object(body) = body else { return Err(RemoteError::Body) };
        let (expected, lane) = (Expected::default(), Lane::default());
        Ok(Self { route, body, expected, lane, need: None })
    }

    /// The most tokens that are to be written, where that is said.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        let names = ["max_tokens", "max_completion_tokens"];
        names.iter().find_map(|name| self.body.get(*name)?.as_u64())
    }

    /// What it needs when it is sent as so many bytes; where it does not say how much is to be written,
    /// as much as `usual`.
    pub(super) fn needs(&self, bytes: usize, usual: u64) -> Need {
        let answers = self.body.get("n").and_then(Value::as_u64).unwrap_or(1);
        let output = self.max_tokens().unwrap_or(usual).saturating_mul(answers);
        self.need.unwrap_or(Need { input: bytes as u64 / BYTES_A_TOKEN, output })
    }
}
