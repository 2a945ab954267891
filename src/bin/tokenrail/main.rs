//! The `tokenrail` command line: the only place that prints, exits and reads flags.
//!
//! Results go to standard output, everything else to standard error; the exit codes are in
//! [`exit`].

mod args;
mod bench;
mod check;
mod exit;
mod generate;
mod grammar;
mod input;
mod inspect;
mod interrupt;
mod items;
mod model;
mod output;
mod progress;
mod prompt_cache;
mod repair;
mod repair_lines;
mod results;
mod retry;
mod schema;
mod score;
mod tools;
mod totals;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use exit::Failure;

/// Runs the command, and ends with the code of its failure.
fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::say(&format!("tokenrail: {message}"));
            }
            failure.exit_code()
        }
    }
}

/// Leads each command to its file.
fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Score(args) => score::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Repair(args) => repair::run(&args),
        Command::Schema(command) => schema::run(&command),
        Command::Model(command) => model::run(&command),
        Command::Bench(command) => bench::run(&command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tokenrail", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}
