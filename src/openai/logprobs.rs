//! Logprobs of tokens, in the shapes of both routes.

use serde_json::{Map, Value};

/// What an endpoint tells of a token's logprob.
///
/// ```
/// use tokenrail::openai::Logprob;
///
/// assert_eq!(Logprob::of(-0.5), Logprob::Known(-0.5));
/// // What endpoints write where they do not know: less than anything that they would have told.
/// assert_eq!(Logprob::of(-9999.0), Logprob::Censored);
/// assert_eq!(Logprob::of(-0.5).known(), Some(-0.5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Logprob {
    /// The natural logarithm of its probability.
    Known(f64),
    /// It is below what the endpoint tells.
    Censored,
    /// There is none, as of the first token of an echoed text.
    Absent,
}

/// At and below this, numbers stand for "not among the likeliest".
const CENSORED: f64 = -9998.0;

impl Logprob {
    /// What a number stands for.
    #[must_use]
    pub fn of(number: f64) -> Self {
        if number.is_nan() || number > 1e-3 {
            Self::Absent
        } else if number <= CENSORED {
            Self::Censored
        } else {
            Self::Known(number.min(0.0))
        }
    }

    /// The logprob where it is known.
    #[must_use]
    pub fn known(self) -> Option<f64> {
        match self {
            Self::Known(logprob) => Some(logprob),
            Self::Censored | Self::Absent => None,
        }
    }

    fn read(value: &Value) -> Self {
        value.as_f64().map_or(Self::Absent, Self::of)
    }
}

/// A token of a text with its logprob, and the likeliest tokens in its place.
///
/// ```
/// use tokenrail::openai::TokenLogprob;
///
/// let surprise = |token: &TokenLogprob| token.logprob.known().map(|logprob| -logprob);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    /// The token and its logprob.
    pub token: Alternative,
    /// Its logprob, which is that of `token`.
    pub logprob: Logprob,
    /// The likeliest tokens in its place, as many as the endpoint tells.
    pub top: Vec<Alternative>,
    /// Where it begins in the text, in characters, where the endpoint says so.
    pub offset: Option<usize>,
}

/// A token that could stand in some place.
///
/// ```
/// use tokenrail::openai::Alternative;
///
/// /// Whether two endpoints mean the same token: by bytes, as texts may hold replacement characters.
/// fn same(a: &Alternative, b: &Alternative) -> bool {
///     a.bytes.is_some() && a.bytes == b.bytes
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// The token as text, in which bytes that are no character may be replaced.
    pub text: String,
    /// Its bytes, where they are known.
    pub bytes: Option<Vec<u8>>,
    /// Its id, where the endpoint tells it.
    pub id: Option<u32>,
    /// Its logprob.
    pub logprob: Logprob,
}

/// A token of the prompt with its logprob, as vLLM tells it.
///
/// ```
/// use tokenrail::openai::PromptToken;
///
/// let is_likeliest = |token: &PromptToken| token.rank == Some(1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PromptToken {
    /// The token, with its id and logprob.
    pub token: Alternative,
    /// How many tokens are as likely, itself included.
    pub rank: Option<u64>,
}

/// The tokens of a `logprobs` field, in the shape of either route.
pub(super) fn tokens(value: &Value) -> Vec<TokenLogprob> {
    if let Some(tokens) = value.as_array().or_else(|| value["content"].as_array()) {
        return tokens.iter().map(chat_token).collect();
    }
    let Some(texts) = value["tokens"].as_array() else { return Vec::new() };
    (0..texts.len()).map(|index| completion_token(value, index)).collect()
}

/// The tokens of a refusal, which chat keeps apart.
pub(super) fn refusal_tokens(value: &Value) -> Vec<TokenLogprob> {
    value["refusal"].as_array().into_iter().flatten().map(chat_token).collect()
}

/// The tokens of a prompt: for each position those that are told, the prompt's own first. The first
/// position has none.
pub(super) fn prompt_tokens(value: &Value) -> Vec<Vec<PromptToken>> {
    let positions = value.as_array().into_iter().flatten();
    let of_position = |tokens: &Map<String, Value>| tokens.iter().map(prompt_token).collect();
    positions.map(|position| position.as_object().map(of_position).unwrap_or_default()).collect()
}

fn prompt_token((id, token): (&String, &Value)) -> PromptToken {
    let text = token["decoded_token"].as_str().unwrap_or_default();
    let mut read = alternative(text, &token["logprob"]);
    read.id = id.parse().ok();
    PromptToken { token: read, rank: token["rank"].as_u64() }
}

fn chat_token(value: &Value) -> TokenLogprob {
    let token = chat_alternative(value);
    let top = top(&value["top_logprobs"]);
    TokenLogprob { logprob: token.logprob, token, top, offset: None }
}

fn completion_token(value: &Value, index: usize) -> TokenLogprob {
    let text = value["tokens"][index].as_str().unwrap_or_default();
    let token = alternative(text, &value["token_logprobs"][index]);
    let offset = value["text_offset"][index].as_u64().and_then(|at| usize::try_from(at).ok());
    TokenLogprob { logprob: token.logprob, token, top: top(&value["top_logprobs"][index]), offset }
}

fn top(value: &Value) -> Vec<Alternative> {
    match value {
        Value::Array(tokens) => tokens.iter().map(chat_alternative).collect(),
        Value::Object(tokens) => tokens.iter().map(|(text, at)| alternative(text, at)).collect(),
        _ => Vec::new(),
    }
}

fn chat_alternative(value: &Value) -> Alternative {
    let mut read = alternative(value["token"].as_str().unwrap_or_default(), &value["logprob"]);
    if let Some(bytes) = value["bytes"].as_array() {
        let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
        read.bytes = bytes.collect();
    }
    // llama.cpp has an id, vLLM a token_id.
    let id = value["id"].as_u64().or_else(|| value["token_id"].as_u64());
    read.id = id.and_then(|id| u32::try_from(id).ok()).or(read.id);
    read
}

/// A token by its text, which may be one of the notations for what is no text.
fn alternative(text: &str, logprob: &Value) -> Alternative {
    let logprob = Logprob::read(logprob);
    let named = |bytes, id| Alternative { text: text.to_owned(), bytes, id, logprob };
    if let Some(id) = text.strip_prefix("token_id:").and_then(|id| id.parse().ok()) {
        return named(None, Some(id));
    }
    if let Some(bytes) = text.strip_prefix("bytes:").and_then(escaped_bytes) {
        return named(Some(bytes), None);
    }
    let bytes = (!text.contains('\u{fffd}')).then(|| text.as_bytes().to_vec());
    named(bytes, None)
}

/// The bytes of `\xe2\x80`.
fn escaped_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = text.strip_prefix("\\x")?.split("\\x");
    bytes.map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}
