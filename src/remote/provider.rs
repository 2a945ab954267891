//! Whose endpoint it is, as far as that changes what its headers mean.

use std::time::Duration;

use super::limiter::Counting;

/// Whose endpoint it is.
///
/// ```
/// use tokenrail::remote::Provider;
///
/// assert_eq!(Provider::of_host("api.groq.com"), Provider::Groq);
/// assert_eq!(Provider::of_host("127.0.0.1"), Provider::Other);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// OpenAI.
    OpenAi,
    /// OpenAI's models at Azure, which have a header of their own for the key.
    Azure,
    /// Anthropic.
    Anthropic,
    /// Groq, which counts requests by the day.
    Groq,
    /// Google.
    Gemini,
    /// OpenRouter.
    OpenRouter,
    /// A server of one's own, or one that is not known.
    #[default]
    Other,
}

const HOSTS: [(&str, Provider); 6] = [
    ("api.openai.com", Provider::OpenAi),
    ("azure.com", Provider::Azure),
    ("anthropic.com", Provider::Anthropic),
    ("groq.com", Provider::Groq),
    ("googleapis.com", Provider::Gemini),
    ("openrouter.ai", Provider::OpenRouter),
];

impl Provider {
    /// The provider of a host.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        let is_of = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        HOSTS.iter().find(|(domain, _)| is_of(domain)).map_or(Self::Other, |(_, known)| *known)
    }

    /// The header that the key is sent in, and what stands before it.
    pub(super) fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::Azure => ("api-key", ""),
            _ => ("authorization", "Bearer "),
        }
    }

    /// What its limit of requests counts in, where that is known.
    pub(super) fn period_of_requests(self) -> Option<Duration> {
        match self {
            Self::Groq => Some(Duration::from_secs(86400)),
            _ => self.period_of_tokens(),
        }
    }

    /// What it counts of a request's tokens.
    pub(super) fn counting(self) -> Counting {
        match self {
            Self::OpenAi | Self::Azure => Counting::Reserved,
            _ => Counting::Spent,
        }
    }

    /// What its limits of tokens count in, where that is known.
    pub(super) fn period_of_tokens(self) -> Option<Duration> {
        let is_known = matches!(self, Self::OpenAi | Self::Azure | Self::Anthropic | Self::Groq);
        is_known.then_some(Duration::from_secs(60))
    }
}
