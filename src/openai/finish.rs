//! Why a model stopped.

use std::fmt;

use serde_json::Value;

/// Why a model stopped, as the endpoint says. Endpoints are wrong about it: of a call that was cut off many
/// say `tool_calls`.
///
/// ```
/// use tokenrail::openai::FinishReason;
///
/// assert_eq!(FinishReason::named("max_tokens"), Some(FinishReason::Length));
/// assert_eq!(FinishReason::named(""), None);
/// assert_eq!(FinishReason::Stop.to_string(), "stop");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model ended its turn, or wrote a text that it should stop at.
    Stop,
    /// There were no tokens left.
    Length,
    /// The model called tools.
    ToolCalls,
    /// A filter of the provider cut in.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The server failed in the middle.
    Error,
    /// A name that is not known.
    Other(String),
}

impl FinishReason {
    /// The reason that a name stands for, in any provider's words; `None` for the empty name, which some
    /// servers send while there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "" | "null" => return None,
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => Self::Stop,
            "length" | "max_tokens" | "model_length" => Self::Length,
            "tool_calls" | "tool_use" | "function_call" => Self::ToolCalls,
            "content_filter" | "safety" => Self::ContentFilter,
            "refusal" => Self::Refusal,
            "error" | "abort" => Self::Error,
            _ => Self::Other(name.to_owned()),
        })
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::named)
    }
}

impl fmt::Display for FinishReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Error => "error",
            Self::Other(name) => name,
        })
    }
}
