//! Requests and responses over HTTP: the door to the HTTP client.
//!
//! Nothing is decided here about what a response means. Every wait has an end, and every body a limit.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Response, StatusCode, Url, redirect, retry};
use rustls_platform_verifier::BuilderVerifierExt;

use super::class::{Class, Remedy, Trouble};
use super::endpoint::Endpoint;
use super::error::RemoteError;
use super::headers::Headers;
use super::request::Route;

/// How long things may take, and how large they may be.
///
/// ```
/// use std::time::{Duration, Instant};
/// use tokenrail::remote::Bounds;
///
/// let bounds = Bounds { first_byte: Duration::from_secs(300), ..Bounds::default() };
/// assert_eq!(bounds.connect, Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the head of the response.
    pub first_byte: Duration,
    /// Between two pieces of the response. Comments of a stream are pieces too.
    pub between: Duration,
    /// The bytes of a response, and of one event of a stream.
    pub response: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(120),
            between: Duration::from_secs(30),
            response: 64 << 20,
        }
    }
}

/// The HTTP client.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    bounds: Bounds,
}

/// A response whose body is still to come.
#[derive(Debug)]
pub(super) struct Incoming {
    response: Response,
    pub(super) status: u16,
    pub(super) headers: Headers,
    between: Duration,
    /// When the time for the call is over.
    until: Instant,
    limit: usize,
    /// The bytes that came.
    pub(super) bytes: usize,
}

/// Redirects are followed so often.
const REDIRECTS: usize = 3;
/// The end of a body that is not looked at may take so long between pieces, and have so many.
const DRAIN: Duration = Duration::from_millis(20);
const DRAINED: usize = 8;

impl Transport {
    pub(super) fn new(bounds: Bounds) -> Result<Self, RemoteError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(bounds.connect)
            .redirect(redirect::Policy::none())
            // Tries are counted where they are decided.
            .retry(retry::never())
            .user_agent(concat!("tokenrail/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| RemoteError::Client(chain(&error)))?;
        Ok(Self { http, bounds })
    }

    /// Sends a body and waits for the head of the response.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        route: &Route,
        body: &[u8],
        time: Duration,
    ) -> Result<Incoming, Trouble> {
        // A time beyond what clocks know is as good as a day.
        let now = Instant::now();
        let until = now.checked_add(time).unwrap_or(now + Duration::from_secs(86_400));
        let Ok(mut url) = Url::parse(&endpoint.url(route.path())) else {
            return Err(fault(Class::Fatal, Remedy::Url, "the address cannot be read"));
        };
        let home = url.origin();
        for _ in 0..=REDIRECTS {
            let key = endpoint.key_header().filter(|_| url.origin() == home);
            let body = (!matches!(route, Route::Get(_))).then_some(body);
            let response = self.send_once(&url, key, body, until).await?;
            match moved(&response, &url)? {
                Some(elsewhere) => url = elsewhere,
                None => return Ok(self.incoming(response, until)),
            }
        }
        Err(fault(Class::Fatal, Remedy::Url, "there are too many redirects"))
    }

    async fn send_once(
        &self,
        url: &Url,
        key: Option<(&'static str, String)>,
        body: Option<&[u8]>,
        until: Instant,
    ) -> Result<Response, Trouble> {
        let mut request = match body {
            Some(body) => {
                let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json");
                request.body(body.to_vec())
            }
            None => self.http.get(url.clone()),
        };
        if let Some((name, key)) = key {
            // Keys are made of what headers may have, so this is always one.
            if let Ok(mut value) = HeaderValue::from_str(&key) {
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        let sent = request.send();
        match within(self.bounds.first_byte.min(left(until)), sent).await {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(of_error(&error)),
            None => Err(too_late(until, "there was no response in time")),
        }
    }

    fn incoming(&self, response: Response, until: Instant) -> Incoming {
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        Incoming {
            status: response.status().as_u16(),
            headers: headers.collect(),
            response,
            between: self.bounds.between,
            until,
            limit: self.bounds.response,
            bytes: 0,
        }
    }
}

impl Incoming {
    /// The next piece of the body; `None` behind the last one.
    pub(super) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        let time = self.between.min(left(self.until));
        match within(time, self.response.chunk()).await {
            Some(Ok(Some(piece))) => {
                self.bytes = self.bytes.saturating_add(piece.len());
                if self.bytes > self.limit {
                    return Err(fault(
                        Class::Fatal,
                        Remedy::Request,
                        "the response is over the limit of bytes",
                    ));
                }
                Ok(Some(piece.to_vec()))
            }
            Some(Ok(None)) => Ok(None),
            Some(Err(_)) => {
                Err(fault(Class::TransientExpensive, Remedy::RetryOnce, "the response broke off"))
            }
            None => Err(too_late(self.until, "the response stopped coming")),
        }
    }

    /// The most bytes that it may have.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The whole body.
    pub(super) async fn body(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// Takes the end of a body that is not looked at, if it comes at once: then the connection can be
    /// used again.
    pub(super) async fn drain(mut self) {
        self.between = DRAIN;
        for _ in 0..DRAINED {
            let Ok(Some(_)) = self.chunk().await else { break };
        }
    }
}

/// Waits for something, but not longer than a time.
pub(super) async fn within<T>(time: Duration, what: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, what).await.ok()
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// What took too long: this part, or the whole call.
fn too_late(until: Instant, note: &'static str) -> Trouble {
    let note = if left(until).is_zero() { "the time for the call is over" } else { note };
    fault(Class::TransientExpensive, Remedy::RetryOnce, note)
}

/// Where a response sends its request, if it does so with the body.
fn moved(response: &Response, from: &Url) -> Result<Option<Url>, Trouble> {
    let status = response.status();
    if ![StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&status) {
        return Ok(None);
    }
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let url = place.and_then(|place| from.join(place).ok());
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()));
    match url {
        Some(url) if from.scheme() == "https" && url.scheme() == "http" => {
            Err(fault(Class::Fatal, Remedy::Url, "it redirects to an address without TLS"))
        }
        Some(url) => Ok(Some(url)),
        None => Err(fault(Class::Fatal, Remedy::Url, "it redirects to nowhere")),
    }
}

/// TLS with the certificates that the system trusts, or else those that Mozilla does.
fn tls() -> Result<rustls::ClientConfig, RemoteError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| RemoteError::Client(error.to_string()))
    };
    let mut config = match builder()?.with_platform_verifier() {
        Ok(config) => config.with_no_client_auth(),
        Err(_) => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
            builder()?.with_root_certificates(rustls::RootCertStore { roots }).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn of_error(error: &reqwest::Error) -> Trouble {
    if causes(error).any(is_untrusted) {
        return fault(Class::Fatal, Remedy::Url, "the certificate is not trusted");
    }
    let note = match () {
        () if error.is_connect() && error.is_timeout() => "connecting took too long",
        () if error.is_dns() => "the name of the host is not known",
        () if error.is_connect() => "there is no connection",
        () => "the connection broke before a response",
    };
    fault(Class::Transient, Remedy::Retry, note)
}

/// Whether a cause says that a certificate is wrong. TLS faults are wrapped into errors of the system, some
/// more than once, which do not name what they wrap as their source.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|error| is_untrusted(error))
}

fn fault(class: Class, remedy: Remedy, note: &'static str) -> Trouble {
    Trouble { note, ..Trouble::new(class, remedy) }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}
