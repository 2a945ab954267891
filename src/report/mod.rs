//! What people look at in a terminal: tables, and texts coloured by how surprising they are.
//!
//! Everything here makes a `String` and prints nothing. The caller says whether the reader sees
//! colours ([`Colour`]); without them every result is plain text that says the same.
//!
//! Texts may come from a model or from a stranger's file. Laws, each held by a test here:
//!
//! - What comes out has no control character but the line feeds between its lines and, with
//!   [`Colour::Ansi`], the colour sequences made here ([`escape`] does this for any other text). Line feeds, tabs, escape sequences and
//!   marks that turn the direction of writing are shown as `\n`, `\t`, `\x1b`, `\u{202e}`.
//! - Columns are counted as a terminal shows them: two for a Chinese character or an emoji, none
//!   for a combining accent.
//! - The lines of a table, and without colour those of a heat map, never end in white space.
//!
//! The door to `anstyle` and `unicode-width`; no signature names them.
//!
//! ```
//! use tokenrail::report::{Cell, Colour, Column, Table};
//!
//! let mut table = Table::new([Column::left("candidate"), Column::right("logprob")]);
//! table.push([Cell::strong(" Paris"), Cell::plain("-0.31")]);
//! table.push([Cell::plain(" a\nb"), Cell::faint("-12.5")]);
//! let expected = "\
//! candidate  logprob
//!  Paris       -0.31
//!  a\\nb        -12.5
//! ";
//! assert_eq!(table.render(Colour::None), expected);
//! ```

mod caret;
mod escape;
mod glyph;
mod heat;
mod scale;
mod table;

use anstyle::Style;

pub use caret::caret;
pub use escape::{escape, json_line};
pub use glyph::Cut;
pub use heat::{Heat, HeatMap};
pub use scale::Scale;
pub use table::{Cell, Column, Emphasis, Table};

/// Whether the reader sees colours; the caller knows the terminal and the user's wishes.
///
/// ```
/// use tokenrail::report::{Cell, Colour, Column, Table};
///
/// let mut table = Table::new([Column::left("")]);
/// table.push([Cell::strong("yes")]);
/// assert_eq!(table.render(Colour::None), "yes\n");
/// assert_eq!(table.render(Colour::Ansi), "\x1b[1myes\x1b[0m\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Plain text: for files, pipes, and users who want no colours.
    None,
    /// ANSI sequences, with the 256 colours of `xterm`.
    Ansi,
}

impl Colour {
    /// Wraps a text, which has no control characters, in what switches a style on and off.
    fn paint(self, text: &str, style: Style) -> String {
        match self {
            Self::Ansi if !text.is_empty() => {
                format!("{}{text}{}", style.render(), style.render_reset())
            }
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glyph::width;
    use serde_json::Value;

    const SEED: u64 = 2026;
    const PARTS: [&str; 16] = [
        "a", " ", "\n", "\r", "\t", "\x1b[31m", "\x07", "\u{9b}", "日", "e\u{301}", "\u{301}",
        "\u{200d}", "👩", "🏽", "🇫", "\u{202e}",
    ];

    /// Texts of up to seven parts each, always the same ones (Knuth's MMIX generator).
    fn hostile_texts() -> Vec<String> {
        let mut state = SEED;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        (0..3000).map(|_| (0..draw(8)).map(|_| PARTS[draw(PARTS.len())]).collect()).collect()
    }

    /// Every line is visible text within `columns`, once the colours made here are taken away.
    fn check(drawn: &str, columns: usize, colour: Colour) {
        assert!(drawn.is_empty() || drawn.ends_with('\n'), "{drawn:?}");
        for line in drawn.split_terminator('\n') {
            let visible: String = match colour {
                Colour::None => line.to_owned(),
                Colour::Ansi => {
                    let sequence = |(at, part): (usize, &str)| match part.split_once('m') {
                        Some((_, text)) if at > 0 => text.to_owned(),
                        _ => part.to_owned(),
                    };
                    line.split('\x1b').enumerate().map(sequence).collect()
                }
            };
            assert!(!visible.contains(char::is_control), "seed {SEED}: {line:?}");
            assert!(width(&visible) <= columns, "seed {SEED}: {line:?} in {columns}");
            assert!(colour == Colour::Ansi || line.trim_end() == line, "seed {SEED}: {line:?}");
        }
    }

    #[test]
    fn hostile_texts_stay_in_their_place() {
        let texts = hostile_texts();
        for (number, row) in texts.chunks(3).enumerate() {
            for colour in [Colour::None, Colour::Ansi] {
                let columns = [Cut::End, Cut::Middle].map(|cut| Column::left("").at_most(9, cut));
                let mut table = Table::new(columns.into_iter().chain([Column::right("")]));
                table.push(row.iter().map(Cell::strong));
                let drawn = table.render(colour);
                assert_eq!(drawn.lines().count(), 1, "seed {SEED}: {row:?}");
                check(&drawn, 9 + 2 + 9 + 2 + 80, colour);

                let value = Some(number as f64);
                let pieces: Vec<Heat<'_>> = row.iter().map(|text| Heat { text, value }).collect();
                for columns in [4, 12] {
                    let map = HeatMap { width: columns, ..HeatMap::default() };
                    check(&map.render(&pieces, colour), columns, colour);
                }
            }
        }
    }

    #[test]
    fn json_lines_are_shown_and_read_back() {
        for text in hostile_texts() {
            let value = Value::from(text);
            let line = json_line(&value);
            assert!(!line.contains('\u{202e}'), "seed {SEED}: {line:?}");
            assert!(!line.contains(char::is_control), "seed {SEED}: {line:?}");
            assert_eq!(serde_json::from_str::<Value>(&line).ok(), Some(value), "seed {SEED}");
        }
    }

    #[test]
    fn glyphs_keep_the_text_and_its_width() {
        for text in hostile_texts() {
            let text = escape(&text);
            let glyphs: Vec<_> = glyph::glyphs(&text).collect();
            let joined: String = glyphs.iter().map(|glyph| glyph.text).collect();
            assert_eq!(joined, text, "seed {SEED}");
            let sum: usize = glyphs.iter().map(|glyph| glyph.width).sum();
            assert_eq!(sum, width(&text), "seed {SEED}: {text:?}");
        }
    }
}
