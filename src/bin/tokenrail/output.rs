//! Standard output and standard error: colours where they are wanted, quiet when a pipe closes.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;
use tokenrail::report::{Colour, Heat, HeatMap};

use crate::exit::Failure;

/// Writes a text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Output(error),
    })
}

/// Writes a JSON value as a line to standard output.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&format!("{}\n", json_line(value)))
}

/// A JSON value as one line, where what a terminal obeys is written as `\uXXXX`: equal for a
/// parser, and nothing that [`anstream`] would take for an escape sequence and drop.
pub(crate) fn json_line(value: &Value) -> String {
    spell(&value.to_string(), |code| format!("\\u{code:04x}"))
}

/// Writes lines to standard error; when that fails there is nobody to tell.
///
/// They may quote a stranger's file and its name, so what a terminal obeys is written out.
pub(crate) fn say(lines: &str) {
    for line in lines.lines() {
        let line = spell(line, |code| format!("\\u{{{code:x}}}"));
        let _ = writeln!(anstream::stderr().lock(), "{line}");
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

/// Writes out the characters that move a terminal's cursor, switch its mode, or turn the direction
/// of writing.
fn spell(text: &str, written: impl Fn(u32) -> String) -> String {
    let is_obeyed = |char: char| {
        char.is_control()
            || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
            || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
    };
    let spelled = text.chars().map(|char| match is_obeyed(char) {
        true => written(u32::from(char)),
        false => char.to_string(),
    });
    spelled.collect()
}

/// The columns of the terminal, or 80.
fn width() -> usize {
    let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    columns.clamp(20, 200)
}
