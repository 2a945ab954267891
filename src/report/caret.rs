//! A line of a text with a caret below one of its places.

use super::escape;
use super::glyph::{Glyph, fitting, glyphs, width};

/// The columns that are shown on either side of the place.
const AROUND: usize = 40;
/// The characters that are looked at for them: some take no column.
const NEAR: usize = 256;

/// The line of a text that holds the byte at `offset`, and in a second line a caret below the
/// character of this byte; behind the line's end where the byte is a line feed or the text is over.
///
/// What a terminal would obey is written out, and of a long line the part around the place is shown.
/// There is no line feed at the end.
///
/// ```
/// use tokenrail::report::caret;
///
/// assert_eq!(caret("[1,\n\t日本, 2]", 8), "\\t日本, 2]\n    ^");
/// ```
#[must_use]
pub fn caret(text: &str, offset: usize) -> String {
    let (before, behind) = text.split_at(text.floor_char_boundary(offset));
    let before = before.rsplit('\n').next().unwrap_or("");
    let begin = before.char_indices().rev().nth(NEAR - 1).map_or(0, |(begin, _)| begin);
    let behind = behind.lines().next().unwrap_or("");
    let end = behind.char_indices().nth(NEAR).map_or(behind.len(), |(end, _)| end);
    let before = escape(&before[begin..]);
    let line = format!("{before}{}", escape(&behind[..end]));

    let glyphs: Vec<Glyph<'_>> = glyphs(&line).collect();
    // An accent belongs to the character before it, and so does the caret.
    let ends = glyphs.iter().scan(0, |end, glyph| {
        *end += glyph.text.len();
        Some(*end)
    });
    let count = ends.take_while(|&end| end <= before.len()).count();
    let (left, right) = glyphs.split_at(count);
    let at: usize = left.iter().map(|glyph| glyph.text.len()).sum();
    let first = at - fitting(left.iter().rev(), AROUND);
    let last = at + fitting(right.iter(), AROUND);
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let (head, tail) = (cut(begin > 0 || first > 0), cut(last < line.len() || end < behind.len()));
    let indent = width(head) + width(&line[first..at]);
    format!("{head}{}{tail}\n{:indent$}^", &line[first..last], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, expected: [&str; 2]) {
        assert_eq!(caret(text, offset), expected.join("\n"), "{text:?} at {offset}");
    }

    #[test]
    fn carets_stand_below_the_character() {
        check("", 0, ["", "^"]);
        check("abc", 1, ["abc", " ^"]);
        check("abc", 3, ["abc", "   ^"]);
        check("abc", 9, ["abc", "   ^"]);
        check("né!", 3, ["né!", "  ^"]);
        check("né!", 2, ["né!", " ^"]);
        check("日本語!", 9, ["日本語!", "      ^"]);
        check("日本語!", 4, ["日本語!", "  ^"]);
        check("e\u{301}x", 3, ["e\u{301}x", " ^"]);
        check("e\u{301}x", 1, ["e\u{301}x", "^"]);
        check("\ta\tb", 3, ["\\ta\\tb", "     ^"]);
        check("\x1b[2Jx", 4, ["\\x1b[2Jx", "       ^"]);
    }

    #[test]
    fn one_line_is_shown() {
        check("one\ntwo\nthree", 5, ["two", " ^"]);
        check("one\ntwo\nthree", 3, ["one", "   ^"]);
        check("one\r\ntwo", 3, ["one", "   ^"]);
        check("one\n", 4, ["", "^"]);
    }

    #[test]
    fn long_lines_are_cut() {
        let (left, right) = ("l".repeat(AROUND), "r".repeat(AROUND));
        let all = format!("{}{left}{right}{}", "x".repeat(900), "y".repeat(900));
        let shown = format!("…{left}{right}…");
        check(&all, 900 + AROUND, [&shown, &format!("{:1$}^", "", AROUND + 1)]);
        let wide = "日".repeat(50);
        let shown = format!("…{}", "日".repeat(AROUND / 2));
        check(&wide, wide.len(), [&shown, &format!("{:1$}^", "", AROUND + 1)]);
    }
}
