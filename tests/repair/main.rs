//! Replies are repaired as the cases say, by the laws, and never to a wrong value.

#![allow(clippy::print_stdout, reason = "it says which shared cases are absent")]

mod baml;
mod cases;
mod damage;
mod laws;
mod mutation;
mod nearest;
mod policy;
mod recover;
mod retry;
mod scoreboard;
mod stream;
mod tools;
