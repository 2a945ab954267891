//! The client for endpoints: what it decides with, and what it does against one that misbehaves.

mod backoff;
mod classes;
mod limiter;
mod signals;
mod verdicts;
