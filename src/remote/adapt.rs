//! Parameters that an endpoint wants otherwise.

use serde_json::{Map, Value};

use crate::openai::Fault;

/// A change to a request that an endpoint asked for. It is in the answer, and is made from the begin in
/// the requests that follow.
///
/// Only what does not change what the caller may rely on is left out: nothing that constrains a reply.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Fault;
/// use tokenrail::remote::Adaptation;
///
/// let body = json!({"error": {"code": "unsupported_parameter", "param": "max_tokens"}});
/// let fault = Fault::read(&body).expect("it is an error");
/// let rename = Adaptation::of(&fault).expect("it has another name");
/// assert_eq!(rename.to_string(), "max_tokens is sent as max_completion_tokens");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Adaptation {
    /// A parameter is sent under another name.
    Rename {
        /// Its name.
        from: String,
        /// The other one.
        to: String,
    },
    /// A parameter is not sent.
    Drop {
        /// Its name.
        name: String,
    },
}

const NAMES: [[&str; 2]; 2] =
    [["max_tokens", "max_completion_tokens"], ["max_completion_tokens", "max_tokens"]];
const OPTIONAL: [&str; 11] = [
    "frequency_penalty",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "seed",
    "service_tier",
    "store",
    "stream_options",
    "temperature",
    "top_p",
    "user",
];

impl Adaptation {
    /// What an error asks for, where that can be done.
    #[must_use]
    pub fn of(fault: &Fault) -> Option<Self> {
        let param = fault.param.as_deref()?;
        if let Some([from, to]) = NAMES.iter().find(|[from, _]| *from == param) {
            return Some(Self::Rename { from: (*from).to_owned(), to: (*to).to_owned() });
        }
        OPTIONAL.contains(&param).then(|| Self::Drop { name: param.to_owned() })
    }

    /// Changes a body; tells whether there was something to change.
    pub(super) fn apply(&self, body: &mut Map<String, Value>) -> bool {
        match self {
            Self::Rename { from, to } => match body.shift_remove(from) {
                Some(value) => {
                    body.entry(to).or_insert(value);
                    true
                }
                None => false,
            },
            Self::Drop { name } => body.shift_remove(name).is_some(),
        }
    }
}

impl std::fmt::Display for Adaptation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rename { from, to } => write!(f, "{from} is sent as {to}"),
            Self::Drop { name } => write!(f, "{name} is not sent"),
        }
    }
}
