//! A whole reply of either route.

use serde_json::{Map, Value};

use super::finish::FinishReason;
use super::logprobs::{self, PromptToken, TokenLogprob};

/// What an endpoint answered, over the route of chats or that of completions.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Reply;
///
/// // Arguments are a text; some servers send them as an object.
/// let call = json!({"id": "c1", "function": {"name": "f", "arguments": {"x": 1}}});
/// let body = json!({"model": "m-1", "choices": [{"message": {"content": null, "tool_calls": [call]}}]});
/// let reply = Reply::read(&body)?;
/// assert_eq!(reply.choices[0].calls[0].arguments, r#"{"x":1}"#);
/// assert_eq!((reply.text(), reply.model.as_deref()), ("", Some("m-1")));
/// # Ok::<(), tokenrail::openai::NoReply>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The endpoint's id of it.
    pub id: Option<String>,
    /// The model that answered, which may be another than was asked for.
    pub model: Option<String>,
    /// The answers, in the order of their indices; at least one.
    pub choices: Vec<Choice>,
    /// What it cost, where the endpoint says so.
    pub usage: Option<Usage>,
    /// The prompt's tokens, where they were asked for: for each position those that are told.
    pub prompt_logprobs: Vec<Vec<PromptToken>>,
}

/// One answer of a reply.
///
/// ```
/// use tokenrail::openai::Choice;
///
/// let says_nothing = |choice: &Choice| choice.text.is_empty() && choice.calls.is_empty();
/// assert!(says_nothing(&Choice::default()));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// Its index.
    pub index: usize,
    /// What the model said.
    pub text: String,
    /// What it thought, where the endpoint keeps that apart.
    pub reasoning: String,
    /// Why it refuses, where the endpoint keeps that apart; else empty.
    pub refusal: String,
    /// The tools that it calls.
    pub calls: Vec<ToolCall>,
    /// Why it stopped.
    pub finish: Option<FinishReason>,
    /// The tokens of the text, where they were asked for.
    pub logprobs: Vec<TokenLogprob>,
    /// The tokens of the refusal, where they were asked for.
    pub refusal_logprobs: Vec<TokenLogprob>,
}

/// A call of a tool. Nothing says that the arguments are JSON.
///
/// ```
/// use tokenrail::openai::ToolCall;
///
/// let has_no_arguments = |call: &ToolCall| call.arguments.trim().is_empty();
/// assert!(has_no_arguments(&ToolCall::default()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The id that its result is sent back with.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments as text.
    pub arguments: String,
}

/// How many tokens a reply took.
///
/// ```
/// use tokenrail::openai::Usage;
///
/// let usage = Usage { prompt: 3, completion: 5, ..Usage::default() };
/// assert_eq!(usage.total(), 8);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Tokens that were written, thoughts included.
    pub completion: u64,
    /// Tokens of the prompt that had been read before.
    pub cached: u64,
    /// Tokens of thoughts.
    pub reasoning: u64,
}

/// A body that is no reply.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::{NoReply, Reply};
///
/// assert_eq!(Reply::read(&json!({"choices": null})), Err(NoReply::NoChoices));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// It is no object.
    #[error("the body is no object: expected one with `choices`")]
    NoObject,
    /// It has no answers.
    #[error("the body has no `choices`: expected at least one")]
    NoChoices,
}

impl Reply {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// When it is no object, or has no choices.
    pub fn read(body: &Value) -> Result<Self, NoReply> {
        if !body.is_object() {
            return Err(NoReply::NoObject);
        }
        let choices = body["choices"].as_array().filter(|choices| !choices.is_empty());
        let choices = choices.ok_or(NoReply::NoChoices)?;
        let mut reply = Self::default();
        reply.read_head(body);
        reply.choices = choices.iter().enumerate().map(Choice::read).collect();
        reply.choices.sort_by_key(|choice| choice.index);
        Ok(reply)
    }

    /// The text of the first answer.
    #[must_use]
    pub fn text(&self) -> &str {
        self.choices.first().map_or("", |choice| &choice.text)
    }

    /// Why the first answer stopped.
    #[must_use]
    pub fn finish(&self) -> Option<&FinishReason> {
        self.choices.first()?.finish.as_ref()
    }

    /// Reads what stands beside the choices; chunks of a stream have parts of it.
    pub(super) fn read_head(&mut self, body: &Value) {
        let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
        self.id = text("id").map(str::to_owned).or(self.id.take());
        self.model = text("model").map(str::to_owned).or(self.model.take());
        self.usage = Usage::read(&body["usage"]).or(self.usage);
        // Chats have them beside the choices, completions within the first.
        for place in [&body["prompt_logprobs"], &body["choices"][0]["prompt_logprobs"]] {
            if place.is_array() {
                self.prompt_logprobs = logprobs::prompt_tokens(place);
            }
        }
    }
}

impl Choice {
    /// Reads one of `choices`, or of the chunks of a stream.
    pub(super) fn read((place, value): (usize, &Value)) -> Self {
        let message = ["message", "delta"].iter().map(|name| &value[*name]);
        let message = message.into_iter().find(|value| value.is_object()).unwrap_or(value);
        let index = value["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        Self {
            index: index.unwrap_or(place),
            text: content(&message["content"]) + value["text"].as_str().unwrap_or_default(),
            reasoning: reasoning(message),
            refusal: content(&message["refusal"]),
            calls: calls(message).map(ToolCall::read).collect(),
            finish: FinishReason::read(&value["finish_reason"]),
            logprobs: logprobs::tokens(&value["logprobs"]),
            refusal_logprobs: logprobs::refusal_tokens(&value["logprobs"]),
        }
    }
}

impl ToolCall {
    pub(super) fn read(value: &Value) -> Self {
        let function = if value["function"].is_object() { &value["function"] } else { value };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let arguments = match &function["arguments"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        Self {
            id: text(&value["id"]).filter(|id| !id.is_empty()),
            name: text(&function["name"]).unwrap_or_default(),
            arguments,
        }
    }
}

impl Usage {
    /// All tokens together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(other.prompt),
            completion: self.completion.saturating_add(other.completion),
            cached: self.cached.saturating_add(other.cached),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let object: &Map<String, Value> = value.as_object()?;
        let number = |names: [&str; 2]| {
            names.iter().find_map(|name| object.get(*name)?.as_u64()).unwrap_or_default()
        };
        let detail = |group: &str, name: &str| value[group][name].as_u64().unwrap_or_default();
        Some(Self {
            prompt: number(["prompt_tokens", "input_tokens"]),
            completion: number(["completion_tokens", "output_tokens"]),
            cached: detail("prompt_tokens_details", "cached_tokens"),
            reasoning: detail("completion_tokens_details", "reasoning_tokens"),
        })
    }
}

/// The calls of a message, the one of the old field included.
pub(super) fn calls(message: &Value) -> impl Iterator<Item = &Value> {
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    calls.chain(Some(&message["function_call"]).filter(|call| call.is_object()))
}

/// The text of a content, which may be in parts.
fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part["text"].as_str()))
            .collect(),
        _ => String::new(),
    }
}

/// Some call it one thing, some the other, and some send both, which are the same.
fn reasoning(message: &Value) -> String {
    let texts = ["reasoning_content", "reasoning"].iter().map(|name| content(&message[*name]));
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
