//! The format that endpoints speak which call themselves OpenAI-compatible, once, without I/O.
//!
//! Servers agree on the format's middle and not on its edges: fields are null, missing or of another
//! type, logprobs of one route come in the shape of the other, errors stand in bodies of status 200. So
//! everything here is read from [`serde_json::Value`], and what is not understood is left out rather than
//! refused; only a body without an answer is none.
//!
//! Laws, held by `tests/openai.rs`: a stream gives the same reply however its bytes are split; a stream
//! that was cut is never a whole one.
//!
//! ```
//! use serde_json::json;
//! use tokenrail::openai::{FinishReason, Reply};
//!
//! let body = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]});
//! let reply = Reply::read(&body)?;
//! assert_eq!((reply.text(), reply.finish()), ("hi", Some(&FinishReason::Stop)));
//! # Ok::<(), tokenrail::openai::NoReply>(())
//! ```

mod delta;
mod dialect;
mod fault;
mod finish;
mod labels;
mod logprobs;
mod reply;
mod sse;
mod stream;
mod strict;

pub use dialect::{Asked, Dialect, DialectError, Notation, Wanted};
pub use fault::Fault;
pub use finish::FinishReason;
pub use labels::{Decision, Interval, Labels};
pub use logprobs::{Alternative, Logprob, PromptToken, TokenLogprob};
pub use reply::{Choice, NoReply, Reply, ToolCall, Usage};
pub use sse::{Event, SseReader, TooLong};
pub use stream::{Piece, StreamEnd, StreamReader, Streamed, Warning};
pub use strict::{Change, Effect, Strict, StrictError};
