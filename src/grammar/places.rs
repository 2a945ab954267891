//! Places in a source, found without counting from its beginning.
//!
//! A grammar keeps the place of every rule, and a hostile one has a hundred thousand of them on one
//! line.

use super::Place;

/// A source with marks to count from.
#[derive(Debug)]
pub(super) struct Places<'s> {
    source: &'s str,
    /// Ascending, the first at byte 0, and none far from the next.
    marks: Vec<Mark>,
}

/// A place that is known.
#[derive(Debug, Clone, Copy)]
struct Mark {
    offset: usize,
    line: usize,
    column: usize,
}

impl<'s> Places<'s> {
    /// Marks a source.
    pub(super) fn new(source: &'s str) -> Self {
        const DISTANCE: usize = 1024;
        let mut marks = vec![Mark { offset: 0, line: 1, column: 1 }];
        let mut at = marks[0];
        for (offset, char) in source.char_indices() {
            at.offset = offset;
            let last = marks[marks.len() - 1];
            if at.line > last.line || offset - last.offset >= DISTANCE {
                marks.push(at);
            }
            at = match char {
                '\n' => Mark { line: at.line + 1, column: 1, ..at },
                _ => Mark { column: at.column + 1, ..at },
            };
        }
        Self { source, marks }
    }

    /// As [`Place::at`].
    pub(super) fn at(&self, offset: usize) -> Place {
        let offset = self.source.floor_char_boundary(offset);
        let next = self.marks.partition_point(|mark| mark.offset <= offset);
        let mark = self.marks[next - 1];
        let between = &self.source[mark.offset..offset];
        match between.rfind('\n') {
            // Behind the last newline of the source, where no character was marked.
            Some(newline) => {
                let column = between[newline + 1..].chars().count() + 1;
                Place::new(self.source, offset, mark.line + 1, column)
            }
            None => {
                let column = mark.column + between.chars().count();
                Place::new(self.source, offset, mark.line, column)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_counted_from_the_beginning() {
        let long = "é".repeat(5_000);
        for source in ["", "a", "a\n", "\n\nab\r\n\tc\n", "é\nλμ", &format!("x\n{long}\n{long}")]
        {
            let places = Places::new(source);
            for offset in (0..=source.len() + 2).filter(|at| source.len() < 99 || at % 97 < 3) {
                assert_eq!(places.at(offset), Place::at(source, offset), "{offset}");
            }
        }
    }
}
