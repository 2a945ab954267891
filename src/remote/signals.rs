//! What an endpoint tells about its limits and how long to wait.

use std::time::Duration;

use serde_json::Value;

use super::date;
use super::headers::Headers;
use super::provider::Provider;
use crate::openai::Fault;

/// What a response tells about limits and waiting. Responses that are no errors tell it too.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::{Headers, HintSource, Provider, Signals};
///
/// let headers: Headers = [("retry-after-ms", "1500"), ("retry-after", "2")].into_iter().collect();
/// let signals = Signals::read(&headers, None, Provider::Azure, Duration::ZERO);
/// let hint = signals.hint.expect("it says when to come again");
/// assert_eq!((hint.wait, hint.source), (Duration::from_millis(1500), HintSource::RetryAfterMs));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// How long to wait, where that is said.
    pub hint: Option<Hint>,
    /// Whether the endpoint says that the request is worth another try; this wins over the status.
    pub should_retry: Option<bool>,
    /// What is left of its limits.
    pub limits: ServerLimits,
    /// The endpoint's id of the request.
    pub request_id: Option<String>,
}

/// How long to wait, and who says so.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::{Hint, HintSource};
///
/// let hint = Hint { wait: Duration::from_secs(20), source: HintSource::RetryAfter };
/// assert_eq!(hint.source.name(), "retry-after");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// How long.
    pub wait: Duration,
    /// Who says so.
    pub source: HintSource,
}

/// Where a wait comes from, the one that counts most first.
///
/// ```
/// use tokenrail::remote::HintSource;
///
/// assert!(HintSource::RetryAfterMs < HintSource::Text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HintSource {
    /// The header `retry-after-ms`.
    RetryAfterMs,
    /// The header `retry-after`, in seconds or as a date.
    RetryAfter,
    /// The delay in the details of an error, as Gemini writes it.
    Body,
    /// A limit of which nothing is left, and when there will be.
    Exhausted,
    /// The message of the error.
    Text,
    /// None: it is the client's own guess.
    Backoff,
}

/// What is left of an endpoint's limits.
///
/// ```
/// use tokenrail::remote::ServerLimits;
///
/// assert!(ServerLimits::default().requests.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerLimits {
    /// Of requests.
    pub requests: Option<ServerBucket>,
    /// Of tokens, in and out.
    pub tokens: Option<ServerBucket>,
    /// Of tokens in.
    pub input_tokens: Option<ServerBucket>,
    /// Of tokens out.
    pub output_tokens: Option<ServerBucket>,
}

/// What is left of one limit.
///
/// ```
/// use std::time::Duration;
/// use tokenrail::remote::ServerBucket;
///
/// let bucket = ServerBucket {
///     limit: Some(60), remaining: Some(0), full_in: Some(Duration::from_secs(60)), ..Default::default()
/// };
/// assert_eq!(bucket.rate(), Some(1.0));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerBucket {
    /// The limit.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: Option<u64>,
    /// When nothing of it will be used any more. This is not when the next request may be sent.
    pub full_in: Option<Duration>,
    /// What the limit counts in, where that is known.
    pub period: Option<Duration>,
}

impl ServerBucket {
    /// How much comes back a second, where that follows.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let used = self.limit?.checked_sub(self.remaining?)? as f64;
        let full_in = self.full_in?.as_secs_f64();
        (used > 0.0 && full_in > 0.0).then(|| used / full_in)
    }
}

impl HintSource {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RetryAfterMs => "retry-after-ms",
            Self::RetryAfter => "retry-after",
            Self::Body => "body",
            Self::Exhausted => "limits",
            Self::Text => "text",
            Self::Backoff => "backoff",
        }
    }
}

impl Signals {
    /// Reads the headers of a response and the error in its body, at a time since 1970.
    #[must_use]
    pub fn read(
        headers: &Headers,
        fault: Option<&Fault>,
        provider: Provider,
        now: Duration,
    ) -> Self {
        let now = headers.get("date").and_then(date::http_date).unwrap_or(now);
        let (limits, refill) = limits(headers, provider, now);
        let known = [
            (retry_after_ms(headers), HintSource::RetryAfterMs),
            (retry_after(headers, now), HintSource::RetryAfter),
            (fault.and_then(delay_in_details), HintSource::Body),
            (refill, HintSource::Exhausted),
            (fault.and_then(|fault| delay_in_text(&fault.message)), HintSource::Text),
        ];
        let hint = known.into_iter().find_map(|(wait, source)| {
            let wait = wait.filter(|wait| !wait.is_zero())?;
            Some(Hint { wait, source })
        });
        Self { hint, should_retry: should_retry(headers), limits, request_id: request_id(headers) }
    }
}

fn should_retry(headers: &Headers) -> Option<bool> {
    match headers.get("x-should-retry")? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn request_id(headers: &Headers) -> Option<String> {
    const NAMES: [&str; 4] = ["x-request-id", "request-id", "apim-request-id", "x-ms-request-id"];
    NAMES.iter().find_map(|name| headers.get(name)).map(str::to_owned)
}

fn retry_after_ms(headers: &Headers) -> Option<Duration> {
    let wait = headers.get("retry-after-ms")?.parse::<f64>().ok()?;
    date::seconds(wait / 1000.0)
}

fn retry_after(headers: &Headers, now: Duration) -> Option<Duration> {
    let text = headers.get("retry-after")?;
    match text.parse::<f64>() {
        Ok(wait) => date::seconds(wait),
        Err(_) => date::http_date(text)?.checked_sub(now),
    }
}

/// The delay that Google's services put into an error's details.
fn delay_in_details(fault: &Fault) -> Option<Duration> {
    let details = fault.details.as_array()?;
    details.iter().find_map(|detail| date::go_duration(detail["retryDelay"].as_str()?))
}

/// "Please try again in 5.289s", "Please retry in 26.66s".
fn delay_in_text(message: &str) -> Option<Duration> {
    const BEFORE: [&str; 3] = ["again in ", "retry in ", "retry after "];
    let message = message.to_lowercase();
    BEFORE.iter().find_map(|before| {
        let rest = &message[message.find(before)? + before.len()..];
        if let Some((wait, _)) = date::go_duration_prefix(rest) {
            return Some(wait);
        }
        let (count, unit) = rest.split_once(' ')?;
        let factor = match unit {
            unit if unit.starts_with("second") => 1.0,
            unit if unit.starts_with("minute") => 60.0,
            _ => return None,
        };
        date::seconds(count.parse::<f64>().ok()? * factor)
    })
}

/// The limits, and when those are refilled of which nothing is left.
fn limits(
    headers: &Headers,
    provider: Provider,
    now: Duration,
) -> (ServerLimits, Option<Duration>) {
    let minute = provider.period_of_tokens();
    let named = |name: &str| open_ai(headers, name).or_else(|| anthropic(headers, name, now));
    let mut limits = ServerLimits {
        requests: named("requests").or_else(|| plain(headers, now)).or_else(|| standard(headers)),
        tokens: named("tokens"),
        input_tokens: anthropic(headers, "input-tokens", now),
        output_tokens: anthropic(headers, "output-tokens", now),
    };
    let all = [
        (&mut limits.requests, provider.period_of_requests()),
        (&mut limits.tokens, minute),
        (&mut limits.input_tokens, minute),
        (&mut limits.output_tokens, minute),
    ];
    let mut refill = None;
    for (bucket, period) in all {
        let Some(bucket) = bucket else { continue };
        bucket.period = period;
        refill = refill.max(refill_of(bucket));
    }
    // What counts up while it is used tells when it is full; the next request may be sent earlier.
    if let (Some(bucket), true) = (&limits.requests, open_ai(headers, "requests").is_some())
        && refill == refill_of(bucket)
        && let (Some(limit), Some(full_in)) = (bucket.limit.filter(|limit| *limit > 0), refill)
    {
        refill = Some(full_in.div_f64(limit as f64));
    }
    (limits, refill)
}

/// When an exhausted limit is there again.
fn refill_of(bucket: &ServerBucket) -> Option<Duration> {
    bucket.full_in.filter(|_| bucket.remaining == Some(0))
}

fn bucket(parts: [Option<u64>; 2], full_in: Option<Duration>) -> Option<ServerBucket> {
    let [limit, remaining] = parts;
    let is_there = limit.is_some() || remaining.is_some() || full_in.is_some();
    is_there.then_some(ServerBucket { limit, remaining, full_in, period: None })
}

fn open_ai(headers: &Headers, name: &str) -> Option<ServerBucket> {
    let part = |part: &str| headers.get(&format!("x-ratelimit-{part}-{name}"));
    let number = |name: &str| part(name)?.parse().ok();
    bucket([number("limit"), number("remaining")], part("reset").and_then(date::go_duration))
}

fn anthropic(headers: &Headers, name: &str, now: Duration) -> Option<ServerBucket> {
    let part = |part: &str| headers.get(&format!("anthropic-ratelimit-{name}-{part}"));
    let number = |name: &str| part(name)?.parse().ok();
    let full_at = part("reset").and_then(date::rfc3339);
    bucket([number("limit"), number("remaining")], full_at.map(|at| at.saturating_sub(now)))
}

/// Headers without a name: a reset is a point of time or a length, by its magnitude.
fn plain(headers: &Headers, now: Duration) -> Option<ServerBucket> {
    let number = |name: &str| headers.get(name)?.parse::<u64>().ok();
    let reset = number("x-ratelimit-reset").map(|reset| match reset {
        1_000_000_000_000.. => Duration::from_millis(reset).saturating_sub(now),
        1_000_000_000.. => Duration::from_secs(reset).saturating_sub(now),
        _ => Duration::from_secs(reset),
    });
    bucket([number("x-ratelimit-limit"), number("x-ratelimit-remaining")], reset)
}

/// The fields of the IETF's draft: `"burst";r=0;t=12` and `"burst";q=100;w=60`.
fn standard(headers: &Headers) -> Option<ServerBucket> {
    let parameter = |header: &str, name: &str| {
        let parameters = headers.get(header)?.split(',').next()?.split(';');
        let values = parameters.filter_map(|parameter| parameter.trim().split_once('='));
        values.into_iter().find(|(known, _)| *known == name)?.1.parse::<u64>().ok()
    };
    let limits = [parameter("ratelimit-policy", "q"), parameter("ratelimit", "r")];
    bucket(limits, parameter("ratelimit", "t").map(Duration::from_secs))
}

/// Whether an error says that a limit of a whole day is used up.
pub(super) fn is_daily(fault: &Fault) -> bool {
    let details = fault.details.as_array().into_iter().flatten();
    let violations =
        details.flat_map(|detail| detail["violations"].as_array().into_iter().flatten());
    let ids = violations.filter_map(|violation: &Value| violation["quotaId"].as_str());
    ids.into_iter().any(|id| id.contains("PerDay"))
}
