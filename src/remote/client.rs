//! The client: targets to ask, and how.

use std::sync::Arc;

use super::answer::{Answer, Fetched};
use super::backoff::RetryPolicy;
use super::call::{Call, Station};
use super::clock::Clock;
use super::endpoint::Target;
use super::error::RemoteError;
use super::exchange::Delivery;
use super::gate::Gate;
use super::request::Request;
use super::transport::{Bounds, Transport};
use super::verdict::Refusals;
use crate::openai::Piece;

/// How a client asks.
///
/// ```
/// use tokenrail::remote::{Options, RetryPolicy};
///
/// let once = Options { retry: RetryPolicy { attempts: 1, ..Default::default() }, ..Options::default() };
/// assert_eq!(once.seed, 0);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How often a request is tried, and how long all may take.
    pub retry: RetryPolicy,
    /// How long a single request may take, and how large a response may be.
    pub bounds: Bounds,
    /// How models begin to refuse.
    pub refusals: Refusals,
    /// Of what is drawn to spread waits. Processes that share an endpoint should have different ones.
    pub seed: u64,
    /// The clock.
    pub clock: Clock,
}

/// Asks endpoints. It is cheap to clone, and clones share limits and connections.
///
/// ```
/// use serde_json::json;
/// use tokenrail::remote::{Client, Endpoint, Options, RemoteError, Request, Target};
///
/// # async fn ask() -> Result<(), RemoteError> {
/// let endpoint = Endpoint::new("http://127.0.0.1:8000", None)?;
/// let client = Client::new(vec![Target::new(endpoint, "small")], Options::default())?;
/// let request = Request::chat(json!({"messages": [{"role": "user", "content": "Hello"}]}))?;
/// let answer = client.send(&request).await?;
/// println!("{} ({})", answer.reply.text(), answer.verdict.name());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    stations: Arc<[Station]>,
    transport: Transport,
    options: Arc<Options>,
}

impl Client {
    /// A client of targets, the first of which is asked first.
    ///
    /// # Errors
    ///
    /// When there is no target, or TLS cannot be set up.
    pub fn new(targets: Vec<Target>, options: Options) -> Result<Self, RemoteError> {
        if targets.is_empty() {
            return Err(RemoteError::NoTarget);
        }
        let transport = Transport::new(options.bounds.clone())?;
        let mut stations: Vec<Station> = Vec::new();
        for (target, place) in targets.into_iter().zip(0..) {
            let shared =
                stations.iter().find(|known| known.target.endpoint.shares_limits(&target.endpoint));
            let gate = shared.map(|known| Arc::clone(&known.gate)).unwrap_or_else(|| {
                let seed = options.seed.wrapping_add(place);
                Arc::new(Gate::new(&target.endpoint.limits, options.clock.clone(), seed))
            });
            stations.push(Station { target, gate });
        }
        Ok(Self { stations: stations.into(), transport, options: Arc::new(options) })
    }

    /// Asks, and waits for the whole reply.
    ///
    /// # Errors
    ///
    /// When no target answered. A reply that is not worth much is none: see [`Answer::verdict`].
    pub async fn send(&self, request: &Request) -> Result<Answer, RemoteError> {
        self.call(request, Delivery::Whole).await
    }

    /// Asks, and tells the pieces of the reply as they come. A request is tried again only while none has
    /// come.
    ///
    /// # Errors
    ///
    /// When no target answered.
    pub async fn stream(
        &self,
        request: &Request,
        on_piece: &mut (dyn FnMut(&Piece) + Send),
    ) -> Result<Answer, RemoteError> {
        self.call(request, Delivery::Stream(on_piece)).await
    }

    /// Asks for what is no reply of a model: see [`Request::get`] and [`Request::post`]. All that holds for
    /// replies holds for it, but nothing is told of what it is worth.
    ///
    /// # Errors
    ///
    /// When no target answered.
    pub async fn fetch(&self, request: &Request) -> Result<Fetched, RemoteError> {
        let answer = self.call(request, Delivery::Whole).await?;
        Ok(Fetched { body: answer.body, ledger: answer.ledger })
    }

    async fn call(&self, request: &Request, delivery: Delivery<'_>) -> Result<Answer, RemoteError> {
        let parts = (&self.transport, &self.options.clock);
        let call = Call::new(parts, &self.options, request, delivery);
        call.run(&self.stations).await.map_err(RemoteError::Failed)
    }
}
