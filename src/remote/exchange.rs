//! One request and its response, from bytes to a reply or a failure.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::class::{Body, Class, Remedy, Trouble};
use super::clock::Clock;
use super::endpoint::Target;
use super::request::Request;
use super::signals::Signals;
use super::transport::{Incoming, Transport};
use super::verdict::{Expected, runaway};
use crate::openai::{Piece, Reply, StreamEnd, StreamReader, Warning};

/// Whoever is told the pieces of a reply while they come.
pub(super) type OnPiece<'s> = &'s mut (dyn FnMut(&Piece) + Send);

/// How a reply is to come.
pub(super) enum Delivery<'s> {
    Whole,
    Stream(OnPiece<'s>),
}

/// What came of one request.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) result: Result<Received, Trouble>,
    pub(super) signals: Signals,
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    pub(super) first_byte: Option<Duration>,
}

/// A reply that came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) reply: Reply,
    /// The body that it was read from; null where there were events.
    pub(super) body: Value,
    pub(super) warnings: Vec<Warning>,
    /// What broke it off after a part of it had come.
    pub(super) broken: Option<Trouble>,
    pub(super) begun: Begun,
}

/// Whether somebody was told a piece of the reply. From then on it is not asked for again: what comes
/// would be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    No,
    Yes,
}

impl Received {
    fn of_value(body: Value) -> Self {
        Self { body, ..Reply::default().into() }
    }
}

impl From<Reply> for Received {
    fn from(reply: Reply) -> Self {
        Self { reply, body: Value::Null, warnings: Vec::new(), broken: None, begun: Begun::No }
    }
}

/// Sends a body and reads the response, all within a time.
pub(super) async fn exchange(
    (transport, clock): (&Transport, &Clock),
    (target, request): (&Target, &Request),
    body: &[u8],
    time: Duration,
    delivery: &mut Delivery<'_>,
) -> Exchange {
    let start = clock.now();
    let endpoint = &target.endpoint;
    let mut incoming = match transport.send(endpoint, &request.route, body, time).await {
        Ok(incoming) => incoming,
        Err(trouble) => return Exchange::without_response(trouble),
    };
    let first_byte = Some(clock.now().saturating_sub(start));
    let status = incoming.status;
    let result = match delivery {
        _ if !request.route.has_replies() => {
            read_value(&mut incoming).await.map(Received::of_value)
        }
        Delivery::Stream(on_piece) if status < 300 => {
            read_stream(&mut incoming, request.expected, on_piece).await
        }
        _ => read_whole(&mut incoming).await,
    };
    let fault = result.as_ref().err().and_then(|trouble| trouble.fault.as_deref());
    let signals = Signals::read(&incoming.headers, fault, endpoint.provider(), clock.since_1970());
    let bytes = incoming.bytes as u64;
    if result.is_ok() {
        incoming.drain().await;
    }
    Exchange { result, signals, status: Some(status), bytes, first_byte }
}

/// The body of a request as a target gets it.
pub(super) fn body_for(
    target: &Target,
    request: &Request,
    delivery: &Delivery<'_>,
) -> Map<String, Value> {
    if !request.route.has_replies() {
        return request.body.clone();
    }
    let mut body = Map::new();
    body.insert("model".to_owned(), Value::from(target.model.as_str()));
    body.extend(request.body.iter().map(|(name, value)| (name.clone(), value.clone())));
    if matches!(delivery, Delivery::Stream(_)) {
        body.insert("stream".to_owned(), Value::Bool(true));
        body.entry("stream_options").or_insert_with(|| json!({"include_usage": true}));
    }
    body
}

impl Exchange {
    pub(super) fn without_response(trouble: Trouble) -> Self {
        let signals = Signals::default();
        Self { result: Err(trouble), signals, status: None, bytes: 0, first_byte: None }
    }
}

async fn read_whole(incoming: &mut Incoming) -> Result<Received, Trouble> {
    let body = read_value(incoming).await?;
    if let Value::String(events) = &body
        && events.starts_with("data:")
    {
        // It streams though nobody asked for that.
        return finish_stream(stream_of(events.as_bytes()), Begun::No);
    }
    let reply = Reply::read(&body).map_err(|_| no_reply())?;
    Ok(Received { reply, ..Received::of_value(body) })
}

/// The body of a response as JSON, or as a text where it is events.
async fn read_value(incoming: &mut Incoming) -> Result<Value, Trouble> {
    let status = incoming.status;
    let bytes = match incoming.body().await {
        Ok(bytes) => bytes,
        // The status says more than how the body ended.
        Err(trouble) => {
            let by_status = Trouble::of_response(status, &Body::Empty).filter(|_| status >= 300);
            return Err(by_status.unwrap_or(trouble));
        }
    };
    match Body::read(&bytes) {
        Body::Text(text) if status < 300 && text.starts_with("data:") => Ok(Value::String(text)),
        body => match (Trouble::of_response(status, &body), body) {
            (Some(trouble), _) => Err(trouble),
            (None, Body::Json(body)) => Ok(body),
            (None, _) => Err(no_reply()),
        },
    }
}

fn stream_of(bytes: &[u8]) -> StreamReader {
    let mut reader = StreamReader::new(bytes.len() + 1);
    reader.push(bytes);
    reader
}

fn no_reply() -> Trouble {
    Trouble {
        note: "the body has no `choices`",
        ..Trouble::new(Class::TransientOnce, Remedy::RetryOnce)
    }
}

async fn read_stream(
    incoming: &mut Incoming,
    expected: Expected,
    on_piece: &mut OnPiece<'_>,
) -> Result<Received, Trouble> {
    let mut reader = StreamReader::new(incoming.limit());
    let mut begun = Begun::No;
    while !reader.has_ended() {
        let bytes = match incoming.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(trouble) => return broken(reader, trouble, begun),
        };
        for piece in reader.push(&bytes) {
            begun = Begun::Yes;
            on_piece(&piece);
        }
        if expected == Expected::Json && runaway(reader.reply().text()).is_some() {
            // Whoever judges the reply sees it too.
            return Ok(Received { begun, ..reader.finish().reply.into() });
        }
    }
    finish_stream(reader, begun)
}

fn finish_stream(reader: StreamReader, begun: Begun) -> Result<Received, Trouble> {
    let streamed = reader.finish();
    let incomplete = || Trouble {
        note: "the stream broke off",
        ..Trouble::new(Class::Transient, Remedy::Retry)
    };
    let trouble = match streamed.end {
        StreamEnd::Complete => None,
        StreamEnd::Incomplete => Some(incomplete()),
        StreamEnd::Fault(fault) => Some(Trouble::of_fault(fault)),
        StreamEnd::Empty => Some(Trouble::empty(None)),
        StreamEnd::NoEvents => Some(Trouble {
            note: "the body is no stream but a page or text",
            ..Trouble::new(Class::Fatal, Remedy::Url)
        }),
        StreamEnd::TooLong(_) => Some(Trouble {
            note: "an event of the stream is over the limit of bytes",
            ..Trouble::new(Class::Fatal, Remedy::Request)
        }),
    };
    match trouble {
        Some(trouble) if begun == Begun::No => Err(trouble),
        broken => {
            let (reply, warnings) = (streamed.reply, streamed.warnings);
            Ok(Received { warnings, broken, begun, ..reply.into() })
        }
    }
}

/// A stream whose connection failed.
fn broken(reader: StreamReader, trouble: Trouble, begun: Begun) -> Result<Received, Trouble> {
    match begun {
        Begun::No => Err(trouble),
        Begun::Yes => {
            let streamed = reader.finish();
            let is_whole = streamed.end == StreamEnd::Complete;
            let broken = (!is_whole).then_some(trouble);
            let (reply, warnings) = (streamed.reply, streamed.warnings);
            Ok(Received { warnings, broken, begun, ..reply.into() })
        }
    }
}
