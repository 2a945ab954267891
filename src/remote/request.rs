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

/// A route of an endpoint. A path that begins with a slash counts from the server's root, others from the
/// endpoint's address.
///
/// ```
/// use tokenrail::remote::Route;
///
/// assert_eq!(Route::Completions.path(), "completions");
/// assert_eq!(Route::Get("/health".into()).path(), "/health");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// Messages in, a message out.
    Chat,
    /// A text in, what follows it out.
    Completions,
    /// Anything that is only looked at, such as a list of models.
    Get(String),
    /// Anything else that takes JSON, such as a server's own way to generate. Its body is sent as it is.
    Post(String),
}

impl Route {
    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completions => "completions",
            Self::Get(path) | Self::Post(path) => path,
        }
    }

    /// Whether a model replies there, in the format of this crate.
    pub(super) fn has_replies(&self) -> bool {
        matches!(self, Self::Chat | Self::Completions)
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

    /// A request for what stands at a path. See [`Route`].
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::of(Route::Get(path.into()), Map::new())
    }

    /// A request of a server's own.
    ///
    /// # Errors
    ///
    /// When the body is no object.
    pub fn post(path: impl Into<String>, body: Value) -> Result<Self, RemoteError> {
        Self::new(Route::Post(path.into()), body)
    }

    fn new(route: Route, body: Value) -> Result<Self, RemoteError> {
        let Value::Object(body) = body else { return Err(RemoteError::Body) };
        Ok(Self::of(route, body))
    }

    fn of(route: Route, body: Map<String, Value>) -> Self {
        let (expected, lane) = (Expected::default(), Lane::default());
        Self { route, body, expected, lane, need: None }
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
        let usual = if self.route.has_replies() { usual } else { 0 };
        let answers = self.body.get("n").and_then(Value::as_u64).unwrap_or(1);
        let output = self.max_tokens().unwrap_or(usual).saturating_mul(answers);
        self.need.unwrap_or(Need { input: bytes as u64 / BYTES_A_TOKEN, output })
    }
}
