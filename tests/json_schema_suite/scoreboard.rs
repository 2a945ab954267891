//! The results as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Verdict;
use super::expected::Expected;

/// What came of the rows of a file, or of a draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) groups: usize,
    /// Groups whose schema is refused.
    pub(crate) refused: usize,
    pub(crate) rows: usize,
    pub(crate) right: usize,
    pub(crate) wrong_accepts: usize,
    pub(crate) wrong_refusals: usize,
}

impl Score {
    pub(crate) fn add(&mut self, verdict: Verdict) {
        self.rows += 1;
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::WrongAccept => self.wrong_accepts += 1,
            Verdict::WrongRefusal => self.wrong_refusals += 1,
            Verdict::Refused => {}
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            groups: self.groups + other.groups,
            refused: self.refused + other.refused,
            rows: self.rows + other.rows,
            right: self.right + other.right,
            wrong_accepts: self.wrong_accepts + other.wrong_accepts,
            wrong_refusals: self.wrong_refusals + other.wrong_refusals,
        }
    }

    fn cells(&self) -> String {
        let Self { groups, refused, rows, right, wrong_accepts, wrong_refusals } = self;
        format!("{right} / {rows} | {wrong_accepts} | {wrong_refusals} | {refused} / {groups}")
    }
}

const COLUMNS: &str = "rows right | wrong accepts | wrong refusals | schemas refused |\n\
                       |---|--:|--:|--:|--:|\n";

/// A table of the drafts, one of what is expected, and one of the files of each draft.
pub(crate) fn markdown(
    scores: &BTreeMap<(String, String), Score>,
    expected: &[Expected],
) -> String {
    let mut drafts: BTreeMap<&str, Score> = BTreeMap::new();
    for ((draft, _), score) in scores {
        let sum = drafts.entry(draft).or_default();
        *sum = sum.plus(*score);
    }
    let mut text =
        "# The official suite of JSON Schema\n\nEvery row, required and optional, decided \
                    byte by byte with keys in any order. Written by the test beside it.\n\n"
            .to_owned();
    line(&mut text, "| draft", COLUMNS.trim_end());
    for (draft, score) in &drafts {
        line(&mut text, &format!("| {draft}"), &format!("{} |", score.cells()));
    }
    let all = drafts.values().fold(Score::default(), |sum, score| sum.plus(*score));
    line(&mut text, "| all", &format!("{} |", all.cells()));
    text.push_str("\n## Otherwise than the suite, and why\n\n");
    text.push_str("| draft | file | group | rows | reason |\n|---|---|---|---|---|\n");
    for Expected { draft, file, group, row, reason } in expected {
        let or_all = |text: &str| if text.is_empty() { "all".to_owned() } else { text.to_owned() };
        let cells = [or_all(draft), (*file).to_owned(), or_all(group), or_all(row)];
        line(&mut text, &format!("| {}", cells.join(" | ")), &format!("{reason} |"));
    }
    for draft in drafts.keys() {
        let _infallible = write!(text, "\n## {draft}\n\n");
        line(&mut text, "| file", COLUMNS.trim_end());
        for ((_, file), score) in scores.iter().filter(|((of, _), _)| of == draft) {
            line(&mut text, &format!("| {file}"), &format!("{} |", score.cells()));
        }
    }
    text
}

fn line(text: &mut String, first: &str, rest: &str) {
    text.push_str(first);
    text.push_str(" | ");
    text.push_str(rest);
    text.push('\n');
}
