//! What a reply is worth that came without an error.

use serde_json::Value;

use crate::openai::{Choice, FinishReason, Reply};

/// What a reply is worth.
///
/// ```
/// use serde_json::json;
/// use tokenrail::openai::Reply;
/// use tokenrail::remote::{Expected, Refusals, Verdict, judge};
///
/// let body = json!({"choices": [{"message": {"content": "{\"a\": [1, 2"}, "finish_reason": "tool_calls"}]});
/// let reply = Reply::read(&body)?;
/// // The endpoint does not say that it was cut off, but it was.
/// assert_eq!(judge(&reply, Expected::Json, None, &Refusals::default()), Verdict::Cut);
/// # Ok::<(), tokenrail::openai::NoReply>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is whole.
    Whole,
    /// The tokens ran out in the middle. The same request again would be cut off again.
    Cut,
    /// The connection broke in the middle: what is there is the begin of a reply.
    Broken,
    /// The model refused.
    Refused {
        /// What it said.
        text: String,
    },
    /// A filter of the provider cut in.
    Filtered,
    /// There is neither a text nor a call.
    Empty {
        /// Whether thoughts took all the tokens.
        thoughts: usize,
    },
    /// It repeats itself without end.
    Runaway {
        /// The byte from which on it does.
        at: usize,
    },
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Cut => "cut",
            Self::Broken => "broken",
            Self::Refused { .. } => "refused",
            Self::Filtered => "filtered",
            Self::Empty { .. } => "empty",
            Self::Runaway { .. } => "runaway",
        }
    }
}

/// What a reply should be.
///
/// ```
/// use tokenrail::remote::Expected;
///
/// assert_eq!(Expected::default(), Expected::Text);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Any text.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// How models begin to refuse. The list is the caller's to change.
///
/// ```
/// use tokenrail::remote::Refusals;
///
/// let mut refusals = Refusals::default();
/// refusals.phrases.push("lo siento".into());
/// assert!(refusals.match_text("Lo siento, no puedo ayudar."));
/// assert!(!refusals.match_text("The word \"sorry\" has five letters."));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// Begins of sentences in lower case.
    pub phrases: Vec<String>,
    /// A text of more bytes is none.
    pub longest: usize,
}

impl Default for Refusals {
    fn default() -> Self {
        const PHRASES: [&str; 10] = [
            "i'm sorry, but",
            "i am sorry, but",
            "sorry, but i can",
            "i can't assist",
            "i cannot assist",
            "i can't help with",
            "i cannot help with",
            "i'm unable to",
            "i am unable to",
            "i won't",
        ];
        Self { phrases: PHRASES.map(str::to_owned).into(), longest: 600 }
    }
}

impl Refusals {
    /// Whether a text begins as a refusal does.
    #[must_use]
    pub fn match_text(&self, text: &str) -> bool {
        let begin = text.trim_start().to_lowercase().replace('\u{2019}', "'");
        text.len() <= self.longest && self.phrases.iter().any(|phrase| begin.starts_with(phrase))
    }
}

/// White space that is longer than this is not meant.
const WHITE_SPACE: usize = 200;
/// What repeats itself has at most this many bytes, and is repeated over [`REPEATED`].
const LONGEST_UNIT: usize = 32;
const REPEATED: usize = 512;

/// Tells what a reply is worth, by its first choice.
///
/// Whether it was cut off is told by three signals, since endpoints are wrong about it: the finish reason,
/// the tokens that it took of `max_tokens`, and whether what should be JSON ends early. JSON that is whole
/// is whole whatever the others say.
#[must_use]
pub fn judge(
    reply: &Reply,
    expected: Expected,
    max_tokens: Option<u64>,
    refusals: &Refusals,
) -> Verdict {
    let nothing = Choice::default();
    let choice = reply.choices.first().unwrap_or(&nothing);
    let form = form(choice, expected);
    if let Some(text) = refusal(choice, form, expected, refusals) {
        return Verdict::Refused { text };
    }
    if choice.finish == Some(FinishReason::ContentFilter) {
        return Verdict::Filtered;
    }
    if expected == Expected::Json
        && form != Form::Whole
        && let Some(at) = runaway(&choice.text)
    {
        return Verdict::Runaway { at };
    }
    if choice.text.trim().is_empty() && choice.calls.is_empty() {
        return Verdict::Empty { thoughts: choice.reasoning.len() };
    }
    if choice.finish == Some(FinishReason::Error) {
        return Verdict::Broken;
    }
    let spent = reply.usage.map(|usage| usage.completion);
    let ran_out = max_tokens.zip(spent).is_some_and(|(limit, spent)| spent >= limit);
    let says_so = choice.finish == Some(FinishReason::Length);
    match form {
        Form::Whole => Verdict::Whole,
        Form::Open => Verdict::Cut,
        Form::Unknown if says_so || ran_out && choice.finish != Some(FinishReason::Stop) => {
            Verdict::Cut
        }
        Form::Unknown => Verdict::Whole,
    }
}

/// Where a text begins to repeat itself until its end, if it does.
#[must_use]
pub fn runaway(text: &str) -> Option<usize> {
    let content = text.trim_end().len();
    if text[content..].chars().nth(WHITE_SPACE - 1).is_some() {
        return Some(content);
    }
    let bytes = text.as_bytes();
    let tail = &bytes[bytes.len().checked_sub(REPEATED)?..];
    let unit = (1..=LONGEST_UNIT).find(|unit| tail[*unit..] == tail[..REPEATED - unit])?;
    let same = bytes.iter().rev().zip(bytes.iter().rev().skip(unit)).take_while(|(a, b)| a == b);
    let mut at = bytes.len() - unit - same.count();
    while !text.is_char_boundary(at) {
        at += 1;
    }
    Some(at)
}

/// What can be told of a reply's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It is JSON, whole.
    Whole,
    /// It is the begin of JSON.
    Open,
    /// It is neither.
    Unknown,
}

fn form(choice: &Choice, expected: Expected) -> Form {
    if let Some(call) = choice.calls.last() {
        // Calls without arguments have an empty text.
        return if call.arguments.trim().is_empty() {
            Form::Unknown
        } else {
            form_of(&call.arguments)
        };
    }
    match expected {
        Expected::Json => form_of(&choice.text),
        Expected::Text => Form::Unknown,
    }
}

fn form_of(text: &str) -> Form {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Form::Whole,
        Err(error) if error.is_eof() && !text.trim().is_empty() => Form::Open,
        Err(_) => Form::Unknown,
    }
}

fn refusal(choice: &Choice, form: Form, expected: Expected, refusals: &Refusals) -> Option<String> {
    if !choice.refusal.is_empty() {
        return Some(choice.refusal.clone());
    }
    // Prose that is asked for may begin in any way; where JSON was asked for it says something.
    let is_prose =
        expected == Expected::Json && form == Form::Unknown && !choice.text.contains('{');
    let refuses = choice.finish == Some(FinishReason::Refusal)
        || is_prose && refusals.match_text(&choice.text);
    refuses.then(|| choice.text.clone())
}
