//! Where requests go.

use std::collections::BTreeSet;
use std::fmt;

use super::error::RemoteError;
use super::limiter::Limits;
use super::provider::Provider;
use super::retry::Trigger;

/// An address with a key, and what it allows.
///
/// ```
/// use tokenrail::remote::{Endpoint, Key, Provider};
///
/// let endpoint = Endpoint::new("http://127.0.0.1:8000", Some(Key::new("secret")?))?;
/// assert_eq!(endpoint.base(), "http://127.0.0.1:8000/v1");
/// assert!(!format!("{endpoint:?}").contains("secret"));
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    /// Without a slash at its end.
    base: String,
    /// What follows a question mark, with it; else empty.
    query: String,
    key: Option<Key>,
    provider: Provider,
    /// What it allows.
    pub limits: Limits,
}

/// A key. It is shown to nobody.
///
/// ```
/// use tokenrail::remote::Key;
///
/// assert_eq!(format!("{:?}", Key::new("secret")?), "Key(hidden)");
/// assert!(Key::new("two\nlines").is_err());
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

/// A model at an endpoint, and what lets a call come to it.
///
/// ```
/// use tokenrail::remote::{Endpoint, Target, Trigger};
///
/// let small = Target::new(Endpoint::new("http://127.0.0.1:8000/v1", None)?, "small");
/// assert!(!small.triggers.contains(&Trigger::Refusal), "the caller has to allow that");
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its name there.
    pub model: String,
    /// What has to have happened with the target before it. The first one needs nothing.
    pub triggers: BTreeSet<Trigger>,
}

impl Target {
    /// A model that a call comes to by [`Trigger::DEFAULT`].
    #[must_use]
    pub fn new(endpoint: Endpoint, model: impl Into<String>) -> Self {
        Self { endpoint, model: model.into(), triggers: Trigger::DEFAULT.into() }
    }
}

impl Endpoint {
    /// An endpoint at an address. One without a path is completed by `/v1`; that of a route is cut back.
    ///
    /// # Errors
    ///
    /// When it is no address of HTTP.
    pub fn new(url: &str, key: Option<Key>) -> Result<Self, RemoteError> {
        let bad = || RemoteError::Url { url: without_query(url).to_owned() };
        let (base, query) = match url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (url, String::new()),
        };
        let (scheme, rest) = base.split_once("://").ok_or_else(bad)?;
        let host = rest.split('/').next().unwrap_or_default();
        let is_clean = !base.contains(|c: char| c.is_whitespace() || c.is_control());
        if !["http", "https"].contains(&scheme)
            || host.is_empty()
            || host.contains('@')
            || !is_clean
        {
            return Err(bad());
        }
        let mut base = base.trim_end_matches('/');
        for route in ["/chat/completions", "/completions"] {
            base = base.strip_suffix(route).unwrap_or(base);
        }
        let is_bare = base.len() == scheme.len() + "://".len() + host.len();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let provider = Provider::of_host(name);
        Ok(Self {
            base: if is_bare { format!("{base}/v1") } else { base.to_owned() },
            query,
            key,
            provider,
            limits: Limits { counting: provider.counting(), ..Limits::default() },
        })
    }

    /// The address, without what follows a question mark.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whose it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// The address of a path, which counts from the server's root where it begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        let Self { base, query, .. } = self;
        if !path.starts_with('/') {
            return format!("{base}/{path}{query}");
        }
        let host = base.find("://").map_or(0, |at| at + "://".len());
        let root = base[host..].find('/').map_or(base.len(), |at| host + at);
        format!("{}{path}{query}", &base[..root])
    }

    /// The header that the key is sent in.
    pub(super) fn key_header(&self) -> Option<(&'static str, String)> {
        let (name, before) = self.provider.key_header();
        self.key.as_ref().map(|key| (name, format!("{before}{}", key.0)))
    }

    /// Takes the key out of a text that the endpoint sent.
    pub(super) fn hide_key(&self, text: &mut String) {
        if let Some(Key(key)) = &self.key
            && text.contains(key.as_str())
        {
            *text = text.replace(key.as_str(), "(hidden)");
        }
    }

    /// Whether both have the same limits: those of an address and a key.
    pub(super) fn shares_limits(&self, other: &Self) -> bool {
        self.base == other.base && self.key == other.key
    }
}

impl Key {
    /// A key, without the white space around it.
    ///
    /// # Errors
    ///
    /// When it is empty, or has characters that a header cannot have.
    pub fn new(key: &str) -> Result<Self, RemoteError> {
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(RemoteError::Key);
        }
        Ok(Self(key.to_owned()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, limits, key, .. } = self;
        f.debug_struct("Endpoint")
            .field("base", base)
            .field("key", key)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What follows a question mark may be a key.
pub(super) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}
