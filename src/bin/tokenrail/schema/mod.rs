//! Schemas on the command line: their flags, reading them, and `tokenrail schema check`.
//!
//! Generating under a schema and checking texts against one are in `generate` and `check`, which know
//! a schema as one more way to name a grammar; only its judge is known to them besides.

mod args;
mod check;
mod example;
mod source;

pub(crate) use args::{SchemaCommand, WritingArgs};
pub(crate) use source::{Judge, Source, note, violations_json};

use crate::exit::Failure;

/// Runs a command about schemas.
pub(crate) fn run(command: &SchemaCommand) -> Result<(), Failure> {
    match command {
        SchemaCommand::Check(args) => check::run(args),
    }
}
