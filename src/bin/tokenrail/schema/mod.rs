//! Schemas on the command line: their flags, reading them, and `tokenrail schema check`.

mod args;
mod check;
mod example;
mod source;

pub(crate) use args::{SchemaCommand, WritingArgs};
pub(crate) use source::{Judge, Source, violations_json};

use crate::exit::Failure;

/// Runs a command about schemas.
pub(crate) fn run(command: &SchemaCommand) -> Result<(), Failure> {
    match command {
        SchemaCommand::Check(args) => check::run(args),
    }
}
