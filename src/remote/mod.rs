//! A client for endpoints that speak the OpenAI format, and fail.
//!
//! A [`Client`] asks a list of [`Target`]s. What it decides with is apart from what it sends with: what a
//! failure is ([`Trouble`]), how long to wait ([`Signals`], [`RetryPolicy`]), whether to try again
//! ([`Retry`]), when a request may go ([`Limiter`]), whether an endpoint is to be left alone ([`Breaker`])
//! and what a reply is worth ([`judge`]) are values and functions that do no I/O and are told the time.
//! Every request that was sent is in the ledger of the answer or of the error.
//!
//! Laws, held by `tests/remote`: what the endpoint does decides how many requests are sent and how long
//! the waits are; no wait is shorter than what the endpoint asked for; a stream that broke off is no
//! whole reply, and is never asked for again once a piece of it was told; keys are in no text.

mod adapt;
mod answer;
mod backoff;
mod blocking;
mod breaker;
mod call;
mod class;
mod client;
mod clock;
mod date;
mod endpoint;
mod error;
mod exchange;
mod gate;
mod headers;
mod ledger;
mod limiter;
mod provider;
mod request;
mod retry;
mod signals;
mod transport;
mod verdict;

pub use adapt::Adaptation;
pub use answer::{Answer, Fetched};
pub use backoff::{Jitter, RetryBudget, RetryPolicy, Wait};
pub use blocking::BlockingClient;
pub use breaker::Breaker;
pub use class::{Body, Class, Remedy, Trouble};
pub use client::{Client, Options};
pub use clock::Clock;
pub use endpoint::{Endpoint, Key, Target};
pub use error::{Failure, RemoteError};
pub use headers::Headers;
pub use ledger::{Attempt, Outcome};
pub use limiter::{Counting, Ended, Lane, Limiter, Limits, Need, Ticket, Turn};
pub use provider::Provider;
pub use request::{Request, Route};
pub use retry::{GaveUp, Retry, Trigger};
pub use signals::{Hint, HintSource, ServerBucket, ServerLimits, Signals};
pub use transport::Bounds;
pub use verdict::{Expected, Refusals, Verdict, judge, runaway};
