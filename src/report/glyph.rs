//! Text as a terminal shows it: glyphs, their widths in columns, and cuts between them.
//!
//! Knows nothing of control characters: texts here have been through `escape`.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const ELLIPSIS: &str = "…";

/// Where a text that is too long for its column loses characters; `…` shows the place.
///
/// ```
/// use tokenrail::report::{Cell, Colour, Column, Cut, Table};
///
/// let mut table = Table::new([Column::left("").at_most(7, Cut::Middle)]);
/// table.push([Cell::plain("models/llama.gguf")]);
/// assert_eq!(table.render(Colour::None), "mod…guf\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cut {
    /// At its end, as for sentences.
    End,
    /// In its middle, as for paths and names that differ at their ends.
    Middle,
}

/// What a terminal shows as one character, and no cut may part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph<'t> {
    pub(super) text: &'t str,
    /// In columns: 2 for wide characters; 0 for an accent without a character before it.
    pub(super) width: usize,
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Splits a text into its glyphs; in order, without gap.
pub(super) fn glyphs(mut text: &str) -> impl Iterator<Item = Glyph<'_>> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (glyph, rest) = text.split_at(first_glyph(text));
        text = rest;
        Some(Glyph { text: glyph, width: width(glyph) })
    })
}

/// Shortens a text to `limit` columns, if it has more.
pub(super) fn shorten(text: &str, limit: usize, cut: Cut) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(width(ELLIPSIS)) else {
        return String::new();
    };
    let tail = match cut {
        Cut::End => 0,
        Cut::Middle => room / 2,
    };
    let glyphs: Vec<Glyph<'_>> = glyphs(text).collect();
    let head = fitting(glyphs.iter(), room - tail);
    let tail = fitting(glyphs.iter().rev(), tail);
    format!("{}{ELLIPSIS}{}", &text[..head], &text[text.len() - tail..])
}

/// The bytes of those first glyphs that fit into `room` columns.
pub(super) fn fitting<'g>(glyphs: impl Iterator<Item = &'g Glyph<'g>>, room: usize) -> usize {
    let mut left = room;
    let mut bytes = 0;
    for glyph in glyphs {
        let Some(rest) = left.checked_sub(glyph.width) else { break };
        left = rest;
        bytes += glyph.text.len();
    }
    bytes
}

/// The bytes of the first glyph of a text that is not empty.
fn first_glyph(text: &str) -> usize {
    let mut base = 0;
    for (at, next) in text.char_indices().skip(1) {
        if next.width() == Some(0) {
            continue;
        }
        let end = at + next.len_utf8();
        // Characters that join (emoji with a skin tone, a family, lam-alef) take fewer columns
        // together than apart. Only the last visible one counts, so that this stays linear.
        let apart = width(&text[base..at]) + width(&text[at..end]);
        if width(&text[base..end]) >= apart && !is_flag(&text[..end]) {
            return at;
        }
        base = at;
    }
    text.len()
}

/// Two regional indicators and nothing else.
fn is_flag(text: &str) -> bool {
    text.chars().count() == 2 && text.chars().all(|c| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let found: Vec<_> = glyphs(text).map(|glyph| (glyph.text, glyph.width)).collect();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(found.iter().map(|(_, width)| width).sum::<usize>(), width(text), "{text:?}");
    }

    #[test]
    fn glyphs_are_what_a_terminal_shows() {
        check("", &[]);
        check("aé", &[("a", 1), ("é", 1)]);
        check("日本", &[("日", 2), ("本", 2)]);
        check("e\u{301}\u{302}x", &[("e\u{301}\u{302}", 1), ("x", 1)]);
        check("\u{301}x", &[("\u{301}", 0), ("x", 1)]);
        check("👋🏽a", &[("👋🏽", 2), ("a", 1)]);
        check("👩\u{200d}👩\u{200d}👧", &[("👩\u{200d}👩\u{200d}👧", 2)]);
        check("a\u{200d}b", &[("a\u{200d}", 1), ("b", 1)]);
        check("🇫🇷🇩🇪", &[("🇫🇷", 2), ("🇩🇪", 2)]);
        check("❤\u{fe0f}", &[("❤\u{fe0f}", 2)]);
    }

    #[test]
    fn cuts_never_part_a_glyph_or_pass_the_limit() {
        for text in ["", "abcdef", "日本語テキスト", "e\u{301}e\u{301}e\u{301}", "a👋🏽b🇫🇷c"]
        {
            for limit in 0..16 {
                for cut in [Cut::End, Cut::Middle] {
                    let short = shorten(text, limit, cut);
                    assert!(width(&short) <= limit, "{text:?} {limit} {cut:?}: {short:?}");
                    assert!(width(text) > limit || short == text, "{text:?} {limit}: {short:?}");
                }
            }
        }
    }

    fn check_cut(text: &str, limit: usize, [end, middle]: [&str; 2]) {
        assert_eq!(shorten(text, limit, Cut::End), end, "{text:?} {limit}");
        assert_eq!(shorten(text, limit, Cut::Middle), middle, "{text:?} {limit}");
    }

    #[test]
    fn cuts_show_their_place() {
        check_cut("abcdef", 6, ["abcdef", "abcdef"]);
        check_cut("abcdef", 5, ["abcd…", "ab…ef"]);
        check_cut("abcdef", 2, ["a…", "a…"]);
        check_cut("abcdef", 1, ["…", "…"]);
        check_cut("abcdef", 0, ["", ""]);
        check_cut("日本語テ", 6, ["日本…", "日…テ"]);
        check_cut("e\u{301}abc\u{302}", 3, ["e\u{301}a…", "e\u{301}…c\u{302}"]);
    }

    #[test]
    fn a_million_accents_take_no_time() {
        assert_eq!(glyphs(&"\u{301}".repeat(1_000_000)).count(), 1);
        assert_eq!(glyphs(&"👩\u{200d}".repeat(100_000)).count(), 1);
    }
}
