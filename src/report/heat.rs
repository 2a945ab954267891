//! A text with each of its pieces coloured by how surprising it was.

use super::Colour;
use super::escape;
use super::glyph::{Glyph, glyphs};
use super::scale::{Scale, Step};

/// Shown for a line feed, before the line is broken.
const RETURN: &str = "⏎";

/// How a text is drawn, so that a reader sees where a model was surprised.
///
/// ```
/// use tokenrail::report::{Colour, Heat, HeatMap};
///
/// let map = HeatMap { width: 40, ..HeatMap::default() };
/// let pieces = [("The", 3.2), (" sky", 4.9), (" is", 0.4), (" green", 8.5)];
/// let pieces = pieces.map(|(text, value)| Heat { text, value: Some(value) });
/// let expected = "\
/// The sky is green
/// 3   4   0  8
/// ";
/// assert_eq!(map.render(&pieces, Colour::None), expected);
/// assert!(map.render(&pieces, Colour::Ansi).contains("\x1b["));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatMap {
    /// Which surprises are calm, and which are hot.
    pub scale: Scale,
    /// The columns of a line. At least one character stands in each, however narrow it is.
    pub width: usize,
}

/// A piece of a text, such as a token, with its surprise.
///
/// ```
/// use tokenrail::report::Heat;
///
/// let logprob = -2.5;
/// let piece = Heat { text: " Paris", value: Some(-logprob) };
/// let first = Heat { text: "The", value: None };
/// assert_ne!(piece, first);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heat<'t> {
    /// Any text; what a terminal would obey is shown escaped.
    pub text: &'t str,
    /// The surprise in nats; `None` and NaN if it was not measured.
    pub value: Option<f64>,
}

/// What stands between two line feeds of the text, with its own line feed as `⏎`.
#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    /// By byte, in order: where pieces begin, the first at 0. Of several at one byte all but the
    /// last are empty.
    starts: Vec<(usize, Option<Step>)>,
}

/// A glyph with the piece in which it begins.
#[derive(Clone, Copy, Debug)]
struct Placed<'t> {
    glyph: Glyph<'t>,
    /// An index into the paragraph's starts.
    piece: usize,
    step: Option<Step>,
    /// At one glyph of a piece that is measured.
    digit: Option<char>,
}

impl HeatMap {
    /// Draws the pieces as one text, each line with its line feed.
    ///
    /// Lines are broken between words where possible, and after each line feed in the text, which
    /// is shown as `⏎`. With colours, pieces have a background. Without, a second line under each
    /// has a digit, 0 for calm to 9 for hot, where a piece begins or goes on after `⏎`. What was
    /// not measured has neither. A character made from several pieces, such as a letter with its
    /// accent or a family of emoji, shows the surprise of the first.
    ///
    /// ```
    /// use tokenrail::report::{Colour, Heat, HeatMap};
    ///
    /// let map = HeatMap { width: 6, ..HeatMap::default() };
    /// let pieces = ["one", "\ntwo", " three"].map(|text| Heat { text, value: Some(3.0) });
    /// assert_eq!(map.render(&pieces, Colour::None), "one⏎\n3  3\ntwo\n3\nthree\n3\n");
    /// ```
    pub fn render(&self, pieces: &[Heat<'_>], colour: Colour) -> String {
        let draw = match colour {
            Colour::None => plain_line,
            Colour::Ansi => coloured_line,
        };
        let mut drawn = String::new();
        for paragraph in paragraphs(pieces, self.scale) {
            for line in lines(&paragraph.placed(), self.width) {
                drawn.push_str(&draw(line));
            }
        }
        drawn
    }

    /// Explains the map in one line with its line feed.
    ///
    /// ```
    /// use tokenrail::report::{Colour, HeatMap};
    ///
    /// let legend = HeatMap::default().legend(Colour::None);
    /// assert_eq!(legend, "surprise 0123456789 from 0 to 10 nats; unmarked: not measured\n");
    /// ```
    pub fn legend(&self, colour: Colour) -> String {
        let steps: String =
            Step::all().map(|step| colour.paint(&step.digit().to_string(), step.style())).collect();
        let (calm, hot) = (self.scale.calm(), self.scale.hot());
        format!("surprise {steps} from {calm} to {hot} nats; unmarked: not measured\n")
    }
}

/// The default scale in 80 columns.
impl Default for HeatMap {
    fn default() -> Self {
        Self { scale: Scale::default(), width: 80 }
    }
}

impl Paragraph {
    /// Where each mark stands under the text, in columns of a terminal.
    fn placed(&self) -> Vec<Placed<'_>> {
        let mut at = 0;
        let mut placed: Vec<Placed<'_>> = glyphs(&self.text)
            .map(|glyph| {
                let piece = self.starts.partition_point(|&(start, _)| start <= at) - 1;
                at += glyph.text.len();
                Placed { glyph, piece, step: self.starts[piece].1, digit: None }
            })
            .collect();
        for piece in placed.chunk_by_mut(|left, right| left.piece == right.piece) {
            let visible = piece.iter().position(|placed| !placed.is_blank()).unwrap_or(0);
            piece[visible].digit = piece[visible].step.map(Step::digit);
        }
        placed
    }
}

impl Placed<'_> {
    /// Whether nothing of it would be seen.
    fn is_blank(&self) -> bool {
        self.glyph.width == 0 || self.glyph.text.trim().is_empty()
    }

    /// Whether a line may end before or after it: blanks, and the characters of scripts that are
    /// written without them.
    fn stands_alone(&self) -> bool {
        self.is_blank() || self.glyph.width > 1
    }
}

/// Escapes the pieces and splits them at their line feeds; none of the paragraphs is empty.
fn paragraphs(pieces: &[Heat<'_>], scale: Scale) -> Vec<Paragraph> {
    let mut done = Vec::new();
    let mut current = Paragraph::default();
    for piece in pieces {
        let step = piece.value.and_then(|value| scale.step(value));
        for (line, text) in piece.text.split('\n').enumerate() {
            if line > 0 {
                current.text.push_str(RETURN);
                done.push(std::mem::take(&mut current));
            }
            current.starts.push((current.text.len(), step));
            current.text.push_str(&escape(text));
        }
    }
    done.push(current);
    done.retain(|paragraph| !paragraph.text.is_empty());
    done
}

/// Breaks a paragraph into lines of at most `width` columns and at least one glyph.
fn lines<'p, 't>(glyphs: &'p [Placed<'t>], width: usize) -> Vec<&'p [Placed<'t>]> {
    let mut lines = Vec::new();
    let (mut start, mut at, mut used) = (0, 0, 0);
    for word in glyphs.chunk_by(|left, right| !left.stands_alone() && !right.stands_alone()) {
        let columns: usize = word.iter().map(|placed| placed.glyph.width).sum();
        // A word that fits into no line is broken where this one ends.
        let mut needed = if columns <= width { columns } else { 0 };
        for placed in word {
            needed = needed.max(placed.glyph.width);
            if used > 0 && used + needed > width {
                lines.push(&glyphs[start..at]);
                (start, used) = (at, 0);
            }
            used += placed.glyph.width;
            at += 1;
            needed = 0;
        }
    }
    lines.push(&glyphs[start..]);
    lines
}

/// The text, and under it the digits; where a digit's place is taken it stands in the next one.
fn plain_line(line: &[Placed<'_>]) -> String {
    let mut text = String::new();
    let mut digits = String::new();
    let mut column = 0_usize;
    for placed in line {
        if let Some(digit) = placed.digit {
            let blanks = column.saturating_sub(digits.len());
            digits.extend(std::iter::repeat_n(' ', blanks).chain([digit]));
        }
        text.push_str(placed.glyph.text);
        column += placed.glyph.width;
    }
    format!("{}\n{digits}\n", text.trim_end())
}

/// The text, with one pair of colour sequences round neighbours of the same step.
fn coloured_line(line: &[Placed<'_>]) -> String {
    let mut drawn = String::new();
    for run in line.chunk_by(|left, right| left.step == right.step) {
        let text: String = run.iter().map(|placed| placed.glyph.text).collect();
        let style = run[0].step.map(Step::style).unwrap_or_default();
        drawn.push_str(&Colour::Ansi.paint(&text, style));
    }
    drawn.push('\n');
    drawn
}

#[cfg(test)]
mod tests {
    use super::super::glyph::width;
    use super::*;

    /// Pieces with whole nats as digits; `-` is not measured.
    fn render(pieces: &[(&str, char)], width: usize, colour: Colour) -> String {
        let heat =
            |&(text, digit): &(_, char)| Heat { text, value: digit.to_digit(10).map(f64::from) };
        let pieces: Vec<Heat<'_>> = pieces.iter().map(heat).collect();
        HeatMap { width, ..HeatMap::default() }.render(&pieces, colour)
    }

    fn check(pieces: &[(&str, char)], columns: usize, expected: &[&str]) {
        let drawn = render(pieces, columns, Colour::None);
        assert_eq!(drawn.lines().collect::<Vec<_>>(), expected, "{pieces:?} in {columns}");
        for line in drawn.lines() {
            assert!(width(line) <= columns.max(2), "{line:?} in {columns}");
            assert_eq!(line.trim_end(), line, "{pieces:?} in {columns}");
        }
    }

    #[test]
    fn digits_stand_under_the_pieces() {
        check(&[], 80, &[]);
        check(&[("", '3')], 80, &[]);
        check(&[("The", '-'), (" sky", '4'), ("line", '0')], 80, &["The skyline", "    4  0"]);
        check(&[("The", '-')], 80, &["The", ""]);
        check(&[("a", '1'), ("  ", '2'), ("b", '3'), (" ", '4')], 80, &["a  b", "12 34"]);
        check(&[("日", '1'), ("本", '2'), ("e\u{301}", '3')], 80, &["日本e\u{301}", "1 2 3"]);
        check(&[("a", '1'), ("", '2'), ("b", '3')], 80, &["ab", "13"]);
    }

    #[test]
    fn glyphs_of_several_pieces_belong_to_the_first() {
        check(&[("e", '1'), ("\u{301}", '2'), ("x", '3')], 80, &["e\u{301}x", "13"]);
        check(&[("👩\u{200d}", '1'), ("🚀", '2'), ("x", '3')], 80, &["👩\u{200d}🚀x", "1 3"]);
        check(&[("e", '1'), ("\u{301}x", '2')], 80, &["e\u{301}x", "12"]);
        check(&[("\u{301}x", '1')], 80, &["\u{301}x", "1"]);
    }

    #[test]
    fn lines_break_between_words() {
        let pieces = [("one", '1'), (" two", '2'), (" three", '3')];
        check(&pieces, 13, &["one two three", "1   2   3"]);
        check(&pieces, 12, &["one two", "1   2", "three", "3"]);
        check(&pieces, 7, &["one two", "1   2", " three", " 3"]);
        check(&pieces, 3, &["one", "1", "", "", "two", "2", " th", " 3", "ree", ""]);
        check(&[("日本語日本", '1')], 5, &["日本", "1", "語日", "", "本", ""]);
        check(&[("x abcdefgh", '1')], 4, &["x ab", "1", "cdef", "", "gh", ""]);
    }

    #[test]
    fn no_width_is_too_small() {
        for columns in [0, 1] {
            check(&[("ab", '1'), ("日", '2')], columns, &["a", "1", "b", "", "日", "2"]);
        }
        let long = "x".repeat(100_000);
        assert_eq!(render(&[(&long, '1')], 1, Colour::Ansi).lines().count(), long.len());
    }

    #[test]
    fn line_feeds_are_shown_and_then_break() {
        check(&[("a\n", '1'), ("b", '2')], 80, &["a⏎", "1", "b", "2"]);
        check(&[("a", '1'), ("\n\n", '2')], 80, &["a⏎", "12", "⏎", "2"]);
        check(&[("\nb", '1')], 80, &["⏎", "1", "b", "1"]);
        check(&[("a\n", '1'), ("\u{301}b", '2')], 80, &["a⏎", "1", "\u{301}b", "2"]);
    }

    #[test]
    fn hostile_pieces_are_escaped() {
        check(&[("\x1b[2J\r\n\t", '9')], 80, &["\\x1b[2J\\r⏎", "9", "\\t", "9"]);
        check(&[("\u{202e}", '9')], 80, &["\\u{202e}", "9"]);
    }

    #[test]
    fn colours_are_round_the_pieces() {
        let pieces = [("a", '-'), (" b", '0'), ("c", '0'), ("\x07\nd", '9')];
        let (calm, hot) = ("\x1b[38;5;231m\x1b[48;5;236m", "\x1b[38;5;16m\x1b[48;5;227m");
        let expected = format!("a{calm} bc\x1b[0m{hot}\\x07⏎\x1b[0m\n{hot}d\x1b[0m\n");
        assert_eq!(render(&pieces, 80, Colour::Ansi), expected);
    }

    #[test]
    fn legends_name_the_bounds() {
        let scale = Scale::new(0.5, 4.0).expect("a scale");
        let map = HeatMap { scale, ..HeatMap::default() };
        let plain = map.legend(Colour::None);
        assert_eq!(plain, "surprise 0123456789 from 0.5 to 4 nats; unmarked: not measured\n");
        let coloured = map.legend(Colour::Ansi);
        assert_eq!(coloured.matches("\x1b[0m").count(), 10);
        assert!(coloured.ends_with("from 0.5 to 4 nats; unmarked: not measured\n"));
    }
}
