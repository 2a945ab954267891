//! What kind of failure it is, and what can be done about it.

use serde_json::Value;

use super::signals::is_daily;
use crate::openai::Fault;

/// What kind of failure it is.
///
/// ```
/// use tokenrail::remote::{Body, Class, Trouble};
///
/// let class = |status| Trouble::of_response(status, &Body::Empty).expect("it failed").class;
/// assert_eq!((class(401), class(429), class(504)), (Class::Fatal, Class::RateLimited, Class::TransientExpensive));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The same request fails again.
    Fatal,
    /// The same request fails again with this model, as its context is too small.
    FatalForModel,
    /// A filter of the provider refused the prompt.
    ContentFilter,
    /// The endpoint wants a parameter under another name, or not at all.
    Adaptable,
    /// The model called tools in a way that the endpoint could not read; the error says what it wrote.
    Repairable,
    /// It may go well the next time.
    Transient,
    /// It may go well the next time, and else it will not.
    TransientOnce,
    /// It may go well the next time, and may have been billed this time.
    TransientExpensive,
    /// The endpoint's limits are used up for now.
    RateLimited,
    /// The endpoint has too much to do, for all its callers.
    Overloaded,
    /// The model is being loaded: there is nothing to do but to wait.
    Loading,
    /// The caller went away.
    Cancelled,
}

/// What would be right.
///
/// ```
/// use tokenrail::remote::Remedy;
///
/// assert_eq!(Remedy::Key.advice(), "check the key");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Another request.
    Request,
    /// A shorter prompt, or a model with more context.
    Context,
    /// A smaller request.
    Shrink,
    /// Another prompt.
    Prompt,
    /// A schema with fewer keywords.
    Schema,
    /// The parameter's other name, or no such parameter.
    Parameter,
    /// What the model wrote is in the error, and can be repaired.
    Generation,
    /// Another key.
    Key,
    /// Money, or another provider.
    Quota,
    /// A permission.
    Permission,
    /// Another model or address.
    ModelOrUrl,
    /// Another address.
    Url,
    /// The same again.
    Retry,
    /// The same again, once.
    RetryOnce,
    /// The same again, when all requests have waited.
    Pause,
    /// Nothing.
    Nothing,
    /// What is asked for is not there.
    Unsupported,
}

/// A failure: its class, what would be right, and what the endpoint said.
///
/// ```
/// use serde_json::json;
/// use tokenrail::remote::{Body, Class, Remedy, Trouble};
///
/// let body = Body::Json(json!({"error": {"type": "insufficient_quota", "message": "You are out of money"}}));
/// let trouble = Trouble::of_response(429, &body).expect("it failed");
/// assert_eq!((trouble.class, trouble.remedy), (Class::Fatal, Remedy::Quota));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Its class.
    pub class: Class,
    /// What would be right.
    pub remedy: Remedy,
    /// The status of the response, where there was one.
    pub status: Option<u16>,
    /// What the endpoint said.
    pub fault: Option<Box<Fault>>,
    /// What is known besides: what the connection did, or what the body is instead.
    pub note: &'static str,
}

/// The body of a response.
///
/// ```
/// use tokenrail::remote::Body;
///
/// assert_eq!(Body::read(b" "), Body::Empty);
/// assert_eq!(Body::read(b"<html>"), Body::Text("<html>".into()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing, or white space.
    Empty,
    /// JSON.
    Json(Value),
    /// Something else, such as a page.
    Text(String),
}

impl Body {
    /// What bytes are.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            return Self::Empty;
        }
        let text = || Self::Text(String::from_utf8_lossy(bytes).into_owned());
        serde_json::from_slice(bytes).map_or_else(|_| text(), Self::Json)
    }

    /// The error in it, where there is one.
    pub(super) fn fault(&self, status: u16) -> Option<Fault> {
        match self {
            Self::Json(body) if status < 300 => Fault::read(body),
            Self::Json(body) => Fault::read_failed(body),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

impl Class {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::FatalForModel => "fatal_for_model",
            Self::ContentFilter => "content_filter",
            Self::Adaptable => "adaptable",
            Self::Repairable => "repairable",
            Self::Transient => "transient",
            Self::TransientOnce => "transient_once",
            Self::TransientExpensive => "transient_expensive",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Loading => "loading",
            Self::Cancelled => "cancelled",
        }
    }

    /// How often a request of this class may be sent again at most; `None` where only the policy says.
    #[must_use]
    pub fn retries(self) -> Option<usize> {
        match self {
            Self::Transient | Self::RateLimited | Self::Overloaded | Self::Loading => None,
            Self::TransientOnce | Self::TransientExpensive => Some(1),
            Self::Fatal
            | Self::FatalForModel
            | Self::ContentFilter
            | Self::Adaptable
            | Self::Repairable
            | Self::Cancelled => Some(0),
        }
    }

    /// Whether it says that the endpoint is in trouble, and not the request.
    #[must_use]
    pub fn is_of_endpoint(self) -> bool {
        matches!(
            self,
            Self::Transient | Self::TransientOnce | Self::TransientExpensive | Self::Overloaded
        )
    }
}

impl Remedy {
    /// What to do, in a few words.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Request => "change the request",
            Self::Context => "shorten the prompt, or take a model with more context",
            Self::Shrink => "send less",
            Self::Prompt => "change the prompt",
            Self::Schema => "leave out keywords of the schema that the endpoint does not know",
            Self::Parameter => "rename or leave out the parameter",
            Self::Generation => "repair what the model wrote",
            Self::Key => "check the key",
            Self::Quota => "raise the quota, or use another provider",
            Self::Permission => "ask for the permission",
            Self::ModelOrUrl => "check the model's name and the address",
            Self::Url => "check the address",
            Self::Retry | Self::RetryOnce => "try again later",
            Self::Pause => "wait, or lower the rate",
            Self::Nothing => "nothing to do",
            Self::Unsupported => "use an endpoint that can do it",
        }
    }
}

const QUOTA: &[&str] = &["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];
const CONTEXT: &[&str] =
    &["context_length_exceeded", "string_above_max_length", "exceed_context_size_error"];
const FILTER: &[&str] =
    &["content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"];
const SCHEMA: &[&str] = &["invalid_json_schema"];
const PARAMETER: &[&str] = &["unsupported_parameter", "unknown_parameter", "unsupported_value"];

/// Names of errors that come without a status, and the status that they stand for.
const STATUSES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("BadRequestError", 400),
    ("INVALID_ARGUMENT", 400),
    ("authentication_error", 401),
    ("invalid_api_key", 401),
    ("UNAUTHENTICATED", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("PERMISSION_DENIED", 403),
    ("not_found_error", 404),
    ("model_not_found", 404),
    ("NOT_FOUND", 404),
    ("NotFoundError", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("tokens", 429),
    ("requests", 429),
    ("RESOURCE_EXHAUSTED", 429),
    ("api_error", 500),
    ("server_error", 500),
    ("internal_server_error", 500),
    ("InternalServerError", 500),
    ("INTERNAL", 500),
    ("service_unavailable", 503),
    ("UNAVAILABLE", 503),
    ("timeout", 504),
    ("timeout_error", 504),
    ("DEADLINE_EXCEEDED", 504),
    ("overloaded_error", 529),
    ("overloaded", 529),
    ("engine_overloaded", 529),
];

impl Trouble {
    /// What a response is, unless it is an answer: a status of success and JSON without an error.
    #[must_use]
    pub fn of_response(status: u16, body: &Body) -> Option<Self> {
        let fault = body.fault(status);
        if status >= 300 {
            return Some(Self::of_status(status, fault));
        }
        match (body, fault) {
            (_, Some(fault)) => Some(Self { status: Some(status), ..Self::of_fault(fault) }),
            (Body::Json(_), None) => None,
            (Body::Empty, None) => Some(Self::empty(Some(status))),
            (Body::Text(text), None) if text.starts_with(['{', '[']) => Some(Self {
                note: "the body is not whole",
                ..Self::new(Class::TransientOnce, Remedy::RetryOnce).with_status(status)
            }),
            (Body::Text(_), None) => Some(Self {
                note: "the body is no JSON but a page or text",
                ..Self::new(Class::Fatal, Remedy::Url).with_status(status)
            }),
        }
    }

    /// What an error is that came without a status of its own: in a body of success, or in a stream.
    #[must_use]
    pub fn of_fault(fault: Fault) -> Self {
        let named = STATUSES.iter().find(|(name, _)| fault.is_one_of(&[name]));
        let status =
            fault.status.filter(|status| *status >= 400).or(named.map(|(_, status)| *status));
        let mut trouble = match status {
            Some(status) => Self::of_status(status, Some(fault)),
            None if fault.is_one_of(QUOTA) => Self::of_status(429, Some(fault)),
            None if fault.is_one_of(CONTEXT) || fault.is_one_of(FILTER) => {
                Self::of_status(400, Some(fault))
            }
            None => Self {
                fault: Some(Box::new(fault)),
                ..Self::new(Class::TransientOnce, Remedy::RetryOnce)
            },
        };
        trouble.status = None;
        trouble
    }

    /// A response with nothing in it.
    pub(super) fn empty(status: Option<u16>) -> Self {
        let note = "the body is empty";
        Self { status, note, ..Self::new(Class::TransientOnce, Remedy::RetryOnce) }
    }

    pub(super) fn new(class: Class, remedy: Remedy) -> Self {
        Self { class, remedy, status: None, fault: None, note: "" }
    }

    fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    fn of_status(status: u16, fault: Option<Fault>) -> Self {
        let (class, remedy) = fault
            .as_ref()
            .and_then(|fault| by_fault(status, fault))
            .unwrap_or_else(|| by_status(status));
        Self { fault: fault.map(Box::new), ..Self::new(class, remedy).with_status(status) }
    }
}

/// What the error says over its status.
fn by_fault(status: u16, fault: &Fault) -> Option<(Class, Remedy)> {
    let message = fault.message.to_lowercase();
    let says = |text: &str| message.contains(text);
    match status {
        400 | 422 if fault.failed_generation.is_some() => {
            Some((Class::Repairable, Remedy::Generation))
        }
        400 | 413 | 422
            if fault.is_one_of(CONTEXT)
                || says("maximum context length")
                || says("context size") =>
        {
            Some((Class::FatalForModel, Remedy::Context))
        }
        400 | 403 if fault.is_one_of(FILTER) => Some((Class::ContentFilter, Remedy::Prompt)),
        400 if fault.is_one_of(SCHEMA) => Some((Class::Fatal, Remedy::Schema)),
        400 | 422
            if fault.param.is_some()
                && (fault.is_one_of(PARAMETER) || says("unsupported parameter")) =>
        {
            Some((Class::Adaptable, Remedy::Parameter))
        }
        402 | 403 | 429 if fault.is_one_of(QUOTA) || is_daily(fault) => {
            Some((Class::Fatal, Remedy::Quota))
        }
        503 if says("loading model") => Some((Class::Loading, Remedy::Retry)),
        _ => None,
    }
}

fn by_status(status: u16) -> (Class, Remedy) {
    match status {
        300..=399 => (Class::Fatal, Remedy::Url),
        401 => (Class::Fatal, Remedy::Key),
        402 => (Class::Fatal, Remedy::Quota),
        403 => (Class::Fatal, Remedy::Permission),
        404 => (Class::Fatal, Remedy::ModelOrUrl),
        405 => (Class::Fatal, Remedy::Url),
        413 => (Class::Fatal, Remedy::Shrink),
        408 | 409 | 425 | 498 => (Class::Transient, Remedy::Retry),
        424 => (Class::TransientOnce, Remedy::RetryOnce),
        429 => (Class::RateLimited, Remedy::Pause),
        499 => (Class::Cancelled, Remedy::Nothing),
        501 => (Class::Fatal, Remedy::Unsupported),
        504 => (Class::TransientExpensive, Remedy::RetryOnce),
        529 => (Class::Overloaded, Remedy::Retry),
        500.. => (Class::Transient, Remedy::Retry),
        _ => (Class::Fatal, Remedy::Request),
    }
}
