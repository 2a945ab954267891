//! The client for callers that wait: the one place that owns a runtime.

use tokio::runtime::{Builder, Runtime};

use super::answer::{Answer, Fetched};
use super::client::{Client, Options};
use super::endpoint::Target;
use super::error::RemoteError;
use super::request::Request;
use crate::openai::Piece;

/// A [`Client`] whose calls return when they are done.
///
/// ```no_run
/// use serde_json::json;
/// use tokenrail::remote::{BlockingClient, Endpoint, Options, Request, Target};
///
/// let target = Target::new(Endpoint::new("http://127.0.0.1:8000", None)?, "small");
/// let client = BlockingClient::new(vec![target], Options::default())?;
/// let answer = client.send(&Request::completion(json!({"prompt": "The capital of France is"}))?)?;
/// println!("{}", answer.reply.text());
/// # Ok::<(), tokenrail::remote::RemoteError>(())
/// ```
#[derive(Debug)]
pub struct BlockingClient {
    runtime: Runtime,
    client: Client,
}

impl BlockingClient {
    /// A client of targets, the first of which is asked first.
    ///
    /// # Errors
    ///
    /// As those of [`Client::new`], and when the system refuses what a runtime needs.
    pub fn new(targets: Vec<Target>, options: Options) -> Result<Self, RemoteError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| RemoteError::Client(error.to_string()))?;
        Ok(Self { client: Client::new(targets, options)?, runtime })
    }

    /// Asks, and waits for the whole reply.
    ///
    /// # Errors
    ///
    /// As those of [`Client::send`].
    pub fn send(&self, request: &Request) -> Result<Answer, RemoteError> {
        self.runtime.block_on(self.client.send(request))
    }

    /// Asks, and tells the pieces of the reply as they come.
    ///
    /// # Errors
    ///
    /// As those of [`Client::stream`].
    pub fn stream(
        &self,
        request: &Request,
        on_piece: &mut (dyn FnMut(&Piece) + Send),
    ) -> Result<Answer, RemoteError> {
        self.runtime.block_on(self.client.stream(request, on_piece))
    }

    /// Asks for what is no reply of a model.
    ///
    /// # Errors
    ///
    /// As those of [`Client::fetch`].
    pub fn fetch(&self, request: &Request) -> Result<Fetched, RemoteError> {
        self.runtime.block_on(self.client.fetch(request))
    }

    /// Waits for what is to be done at once, such as many calls.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The client itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}
