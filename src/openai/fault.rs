//! What endpoints say when something went wrong.

use std::fmt;

use serde_json::Value;

/// An error that an endpoint reports, whichever envelope it comes in.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Fault;
///
/// let body = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
/// let fault = Fault::read(&body).expect("it is an error");
/// assert_eq!((fault.name(), fault.message.as_str()), ("overloaded", "Overloaded"));
/// assert!(Fault::read(&json!({"choices": [], "error": null})).is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fault {
    /// What it says to a person. It may quote the prompt.
    pub message: String,
    /// Its class, such as `invalid_request_error`.
    pub kind: Option<String>,
    /// Its code where that is a name, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// Its code where that is a number: an HTTP status.
    pub status: Option<u16>,
    /// The parameter that it is about.
    pub param: Option<String>,
    /// What the model wrote, where the server could not read it as a call.
    pub failed_generation: Option<String>,
    /// Further details, as they came; null where there are none.
    pub details: Value,
}

/// The names of statuses that come without one.
const NAMES: [(u16, &str); 8] = [
    (400, "bad_request"),
    (401, "unauthorized"),
    (403, "forbidden"),
    (404, "not_found"),
    (429, "rate_limit"),
    (500, "server"),
    (503, "unavailable"),
    (529, "overloaded"),
];

impl Fault {
    /// Reads the error of a body, which may be one of status 200; `None` where there is none.
    #[must_use]
    pub fn read(body: &Value) -> Option<Self> {
        let body = body.get(0).unwrap_or(body);
        match &body["error"] {
            Value::Null => {}
            Value::String(message) => return Some(Self::of_message(message)),
            error @ Value::Object(_) => return Some(Self::of_object(error)),
            _ => return None,
        }
        (body["object"] == "error" || body["type"] == "error").then(|| Self::of_object(body))
    }

    /// Reads the body of a response that is known to be an error by its status.
    #[must_use]
    pub fn read_failed(body: &Value) -> Option<Self> {
        if let Some(fault) = Self::read(body) {
            return Some(fault);
        }
        let text = |name: &str| body[name].as_str().map(Self::of_message);
        match &body["detail"] {
            Value::Null => text("message"),
            Value::String(message) => Some(Self::of_message(message)),
            details => Some(Self { details: details.clone(), ..Self::of_message("not valid") }),
        }
    }

    /// The shortest name of what went wrong: the code, the class, or that of the status.
    #[must_use]
    pub fn name(&self) -> &str {
        let named = self.code.as_deref().or(self.kind.as_deref());
        if let Some(name) = named {
            return name.strip_suffix("_error").unwrap_or(name);
        }
        let known = NAMES.iter().find(|(status, _)| Some(*status) == self.status);
        known.map_or("error", |(_, name)| name)
    }

    /// Whether its code, class or parameter is one of these names.
    #[must_use]
    pub fn is_one_of(&self, names: &[&str]) -> bool {
        let given = [&self.code, &self.kind];
        given.into_iter().flatten().any(|given| names.contains(&given.as_str()))
    }

    pub(super) fn of_message(message: &str) -> Self {
        Self { message: message.to_owned(), ..Self::default() }
    }

    fn of_object(error: &Value) -> Self {
        let text = |name: &str| error[name].as_str().filter(|text| !text.is_empty());
        let number = error["code"].as_u64().or_else(|| text("code")?.parse().ok());
        let status = number.and_then(|number| u16::try_from(number).ok());
        let code = text("code").filter(|_| status.is_none());
        // Gemini names the class of gRPC in `status`.
        let kind = text("type").or_else(|| text("status"));
        Self {
            message: text("message").unwrap_or_default().to_owned(),
            kind: kind.map(str::to_owned),
            code: code.map(str::to_owned),
            status,
            param: text("param").map(str::to_owned),
            failed_generation: text("failed_generation").map(str::to_owned),
            details: error["details"].clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return f.write_str(self.name());
        }
        write!(f, "{}: {}", self.name(), self.message)
    }
}
