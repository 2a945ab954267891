//! Tables of short texts and numbers, for a terminal.

use anstyle::{Effects, Style};

use super::Colour;
use super::escape;
use super::glyph::{Cut, shorten, width};

const GAP: usize = 2;

/// Rows of cells under a heading, in columns as wide as their widest cell.
///
/// Every row is one line, whatever its cells hold.
///
/// ```
/// use tokenrail::report::{Cell, Colour, Column, Cut, Table};
///
/// let mut table =
///     Table::new([Column::left("file").at_most(8, Cut::Middle), Column::right("bytes")]);
/// table.push([Cell::plain("model.gguf"), Cell::plain("94")]);
/// table.push([Cell::plain("日本"), Cell::plain("7")]);
/// assert_eq!(table.render(Colour::None), "file      bytes\nmode…guf     94\n日本          7\n");
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// How a column is headed, aligned and limited.
///
/// ```
/// use tokenrail::report::{Colour, Column, Cut, Table};
///
/// let long = Column::right("a long heading").at_most(6, Cut::End);
/// let table = Table::new([Column::left("name"), long]);
/// assert_eq!(table.render(Colour::None), "name  a lon…\n");
/// ```
#[derive(Clone, Debug)]
pub struct Column {
    heading: String,
    align: Align,
    limit: Option<(usize, Cut)>,
}

/// A text, and how much it stands out.
///
/// ```
/// use tokenrail::report::{Cell, Emphasis};
///
/// assert_eq!(Cell::faint("n/a"), Cell { text: "n/a".to_owned(), emphasis: Emphasis::Faint });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Any text; what a terminal would obey is shown escaped, white space at its end not at all.
    pub text: String,
    /// Seen only with [`Colour::Ansi`], so that nothing may depend on it.
    pub emphasis: Emphasis,
}

/// How much a [`Cell`] stands out.
///
/// ```
/// use tokenrail::report::{Cell, Emphasis};
///
/// assert_eq!(Cell::plain("-0.31").emphasis, Emphasis::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Emphasis {
    /// As the terminal shows text.
    #[default]
    Plain,
    /// Bold: the best row, the headings.
    Strong,
    /// Dimmed: what is missing or of little weight.
    Faint,
}

#[derive(Clone, Copy, Debug)]
enum Align {
    Left,
    Right,
}

/// A cell as it will stand in the table.
#[derive(Debug)]
struct Shown {
    text: String,
    width: usize,
    emphasis: Emphasis,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row at the end.
    ///
    /// Where it has fewer cells than there are columns, the last ones stay empty; cells in excess
    /// stand in columns without heading.
    ///
    /// ```
    /// use tokenrail::report::{Cell, Colour, Column, Table};
    ///
    /// let mut table = Table::new([Column::left("a"), Column::left("b")]);
    /// table.push([Cell::plain("1")]);
    /// table.push(["1", "2", "3"].map(Cell::plain));
    /// assert_eq!(table.render(Colour::None), "a  b\n1\n1  2  3\n");
    /// ```
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Draws the heading and the rows, each line with its line feed.
    ///
    /// There is no line of headings if all of them are empty.
    pub fn render(&self, colour: Colour) -> String {
        let headings: Vec<Cell> = self.columns.iter().map(|c| Cell::strong(&c.heading)).collect();
        let headed = headings.iter().any(|heading| !heading.text.is_empty());
        let lines: Vec<Vec<Shown>> = headed
            .then_some(&headings)
            .into_iter()
            .chain(&self.rows)
            .map(|row| self.shown(row))
            .collect();
        let count = lines.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count)
            .map(|at| lines.iter().map(|line| width_at(line, at)).max().unwrap_or(0))
            .collect();
        lines.iter().map(|line| self.line(line, &widths, colour)).collect()
    }

    /// The cells of a row as they are printed, each within its column's limit.
    fn shown(&self, row: &[Cell]) -> Vec<Shown> {
        let limits = self.columns.iter().map(|column| column.limit).chain(std::iter::repeat(None));
        row.iter().zip(limits).map(|(cell, limit)| cell.shown(limit)).collect()
    }

    /// A row, padded to the widths of its columns.
    fn line(&self, cells: &[Shown], widths: &[usize], colour: Colour) -> String {
        let mut line = String::new();
        let mut blanks = 0;
        for (at, (cell, &width)) in cells.iter().zip(widths).enumerate() {
            let free = width - cell.width;
            let (before, after) = match self.columns.get(at).map(|column| column.align) {
                Some(Align::Right) => (free, 0),
                _ => (0, free),
            };
            blanks += before;
            // Blanks are written only once something follows them.
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
                line.push_str(&colour.paint(&cell.text, cell.emphasis.style()));
            }
            blanks += after + GAP;
        }
        line.push('\n');
        line
    }
}

impl Column {
    /// A column whose cells begin at its left edge, as for texts.
    pub fn left(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), align: Align::Left, limit: None }
    }

    /// A column whose cells end at its right edge, as for numbers.
    ///
    /// ```
    /// use tokenrail::report::{Cell, Colour, Column, Table};
    ///
    /// let mut table = Table::new([Column::right("")]);
    /// table.push([Cell::plain("9.5")]);
    /// table.push([Cell::plain("10.5")]);
    /// assert_eq!(table.render(Colour::None), " 9.5\n10.5\n");
    /// ```
    pub fn right(heading: impl Into<String>) -> Self {
        Self { align: Align::Right, ..Self::left(heading) }
    }

    /// Limits the column, its heading included, to `width` terminal columns.
    ///
    /// A text that is wider is cut and marked with `…`, which takes a column itself.
    #[must_use]
    pub fn at_most(self, width: usize, cut: Cut) -> Self {
        Self { limit: Some((width, cut)), ..self }
    }
}

impl Cell {
    /// A cell that does not stand out.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Plain }
    }

    /// A cell in bold.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Strong }
    }

    /// A cell that steps back.
    pub fn faint(text: impl Into<String>) -> Self {
        Self { text: text.into(), emphasis: Emphasis::Faint }
    }

    fn shown(&self, limit: Option<(usize, Cut)>) -> Shown {
        let mut text = escape(self.text.trim_end_matches(' '));
        if let Some((limit, cut)) = limit {
            text = shorten(&text, limit, cut);
        }
        // White space of other kinds can be left at the end, also by the cut.
        text.truncate(text.trim_end().len());
        Shown { width: width(&text), text, emphasis: self.emphasis }
    }
}

impl Emphasis {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().effects(Effects::BOLD),
            Self::Faint => Style::new().effects(Effects::DIMMED),
        }
    }
}

/// The width of a line's cell, 0 where it has none.
fn width_at(line: &[Shown], at: usize) -> usize {
    line.get(at).map_or(0, |cell| cell.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, a value on the right, and a note of at most six columns.
    fn check(rows: &[&[&str]], expected: &str) {
        let columns = [
            Column::left("name"),
            Column::right("value"),
            Column::left("note").at_most(6, Cut::End),
        ];
        let mut table = Table::new(columns);
        for row in rows {
            table.push(row.iter().copied().map(Cell::plain));
        }
        assert_eq!(table.render(Colour::None), expected, "{rows:?}");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(&[], "name  value  note\n");
        check(&[&["a", "1", "x"]], "name  value  note\na         1  x\n");
        check(&[&["longer", "1000.25"]], "name      value  note\nlonger  1000.25\n");
        check(&[&["日本語", "½", "e\u{301}"]], "name    value  note\n日本語      ½  e\u{301}\n");
        check(&[&["👩\u{200d}🚀!", "1"]], "name  value  note\n👩\u{200d}🚀!       1\n");
    }

    #[test]
    fn long_cells_are_cut() {
        check(&[&["a", "1", "sentence"]], "name  value  note\na         1  sente…\n");
        check(&[&["a", "1", "日本語テ"]], "name  value  note\na         1  日本…\n");
        check(&[&["a", "1", "\x1b\x1b"]], "name  value  note\na         1  \\x1b\\…\n");
    }

    #[test]
    fn hostile_cells_stay_in_their_line() {
        check(
            &[&["a\nb", "\t", "\x1b[2J"], &["\r", "2", "\u{202e}"]],
            "name  value  note\na\\nb     \\t  \\x1b[…\n\\r        2  \\u{20…\n",
        );
        check(&[&["a ", "1", "x \u{3000}"]], "name  value  note\na         1  x\n");
        check(&[&["a", "", "   "], &[]], "name  value  note\na\n\n");
    }

    #[test]
    fn rows_of_any_length_are_shown() {
        check(
            &[&["a"], &["b", "2", "x", "more", "yet more"]],
            "name  value  note\na\nb         2  x     more  yet more\n",
        );
    }

    #[test]
    fn tables_without_headings_columns_or_room() {
        assert_eq!(Table::new([]).render(Colour::Ansi), "");
        let mut bare = Table::new([Column::left(""), Column::right("").at_most(0, Cut::Middle)]);
        assert_eq!(bare.render(Colour::None), "");
        bare.push(["a", "gone", "c"].map(Cell::plain));
        assert_eq!(bare.render(Colour::None), "a    c\n");
    }

    #[test]
    fn emphasis_is_round_the_text_alone() {
        let mut table = Table::new([Column::left("n"), Column::right("value")]);
        table.push([Cell::faint("\x1b[31m"), Cell::strong("1")]);
        table.push([Cell::plain("x"), Cell::faint("")]);
        let expected = "\x1b[1mn\x1b[0m         \x1b[1mvalue\x1b[0m\n\
                        \x1b[2m\\x1b[31m\x1b[0m      \x1b[1m1\x1b[0m\n\
                        x\n";
        assert_eq!(table.render(Colour::Ansi), expected);
    }
}
