//! The front ends against cases of three engines, and grammars against a recognizer of their own.

mod cases;
mod differences;
mod hostile;
pub(crate) mod recognizer;
