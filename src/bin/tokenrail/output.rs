//! Standard output and standard error: colours where they are wanted, quiet when a pipe closes.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;
use tokenrail::report::{Colour, Heat, HeatMap, escape, json_line};

use crate::exit::Failure;

/// Writes a text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(anstream::stdout().lock(), text)
}

/// Writes a model's text to standard output: byte for byte, but on a terminal with what that would
/// obey written out.
pub(crate) fn print_verbatim(text: &str) -> Result<(), Failure> {
    let stdout = io::stdout().lock();
    if !stdout.is_terminal() {
        return write(stdout, text);
    }
    let pieces = text.split_inclusive(['\n', '\t']);
    let shown = pieces.map(|piece| match piece.strip_suffix(['\n', '\t']) {
        Some(words) => format!("{}{}", escape(words), &piece[words.len()..]),
        None => escape(piece),
    });
    write(stdout, &shown.collect::<String>())
}

/// Writes a JSON value as a line to standard output, with nothing in it that [`anstream`] would take
/// for an escape sequence and drop.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&format!("{}\n", json_line(value)))
}

/// Writes all of a text. A reader that has gone is no failure: it has what it wanted.
fn write(mut stdout: impl Write, text: &str) -> Result<(), Failure> {
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Output(error),
    })
}

/// Writes lines to standard error; when that fails there is nobody to tell.
///
/// They may quote a stranger's file and its name, so what a terminal obeys is written out.
pub(crate) fn say(lines: &str) {
    for line in lines.lines() {
        let _ = writeln!(anstream::stderr().lock(), "{}", escape(line));
    }
}

/// Whether standard output takes colours.
pub(crate) fn colour() -> Colour {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => Colour::None,
        ColorChoice::Auto | ColorChoice::Always | ColorChoice::AlwaysAnsi => Colour::Ansi,
    }
}

/// A text coloured by surprise, and what the colours mean.
pub(crate) fn heat(pieces: &[Heat<'_>]) -> String {
    let map = HeatMap { width: width(), ..HeatMap::default() };
    format!("{}{}", map.render(pieces, colour()), map.legend(colour()))
}

/// The columns of the terminal, or 80.
fn width() -> usize {
    let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    columns.clamp(20, 200)
}
