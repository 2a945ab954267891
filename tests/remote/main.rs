//! The client for endpoints: what it decides with, and what it does against one that misbehaves.

mod backoff;
mod calls;
mod cases;
mod classes;
mod endpoint;
mod limiter;
mod matrix;
mod signals;
mod verdicts;
