//! The totals over items, added up from the result lines themselves, so that a resumed run's are
//! those of the whole.

use serde_json::{Value, json};
use tokenrail::report::{Cell, Colour, Column, Table};
use tokenrail::score::By;

/// Sums over result lines.
///
/// An accuracy is the share of labelled items that a normalization gets right; its standard error is
/// that of a share among so many independent items, `√(p · (1 − p) / n)`.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    items: usize,
    failed: usize,
    labelled: usize,
    /// For each of [`By::ALL`]: the labelled items that have this score, and those it gets right.
    right: [(usize, usize); By::ALL.len()],
    forward_tokens: u64,
    one_by_one_tokens: u64,
}

impl Totals {
    /// Adds a result line.
    pub(crate) fn add(&mut self, line: &Value) {
        self.items += 1;
        if line.get("error").is_some() {
            self.failed += 1;
            return;
        }
        self.forward_tokens += line["counters"]["forward_tokens"].as_u64().unwrap_or(0);
        self.one_by_one_tokens += line["counters"]["one_by_one_tokens"].as_u64().unwrap_or(0);
        if line["label"].is_null() {
            return;
        }
        self.labelled += 1;
        for (by, (counted, right)) in By::ALL.into_iter().zip(&mut self.right) {
            if let Some(winner) = winner(line, by) {
                *counted += 1;
                *right += usize::from(winner == line["label"]);
            }
        }
    }

    /// All result lines, failed ones among them.
    pub(crate) fn items(&self) -> usize {
        self.items
    }

    /// Result lines with an error.
    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    /// The totals as one object, under the names that result lines have.
    pub(crate) fn to_json(&self) -> Value {
        let accuracy = self.accuracies().map(|(by, accuracy, error, counted)| {
            json!({"by": by.name(), "accuracy": accuracy, "standard_error": error, "items": counted})
        });
        json!({
            "items": self.items,
            "failed": self.failed,
            "labelled": self.labelled,
            "accuracy": accuracy.collect::<Vec<_>>(),
            "forward_tokens": self.forward_tokens,
            "one_by_one_tokens": self.one_by_one_tokens,
        })
    }

    /// The totals for people.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{} items, {} failed; {} tokens run, where one by one takes {}\n",
            self.items, self.failed, self.forward_tokens, self.one_by_one_tokens
        );
        if self.labelled > 0 {
            let columns = ["accuracy", "± (1 s.e.)", "items"].map(Column::right);
            let mut table = Table::new([Column::left("by")].into_iter().chain(columns));
            for (by, accuracy, error, counted) in self.accuracies() {
                let name = by.name().replace('_', "-");
                let row =
                    [name, format!("{accuracy:.4}"), format!("{error:.4}"), counted.to_string()];
                table.push(row.map(Cell::plain));
            }
            text.push_str(&table.render(Colour::None));
        }
        text
    }

    /// For each normalization with scores: accuracy, its standard error, and the items counted.
    fn accuracies(&self) -> impl Iterator<Item = (By, f64, f64, usize)> {
        let counts = By::ALL.into_iter().zip(self.right);
        counts.filter(|(_, (counted, _))| *counted > 0).map(|(by, (counted, right))| {
            let accuracy = right as f64 / counted as f64;
            let error = (accuracy * (1.0 - accuracy) / counted as f64).sqrt();
            (by, accuracy, error, counted)
        })
    }
}

/// The index of the best candidate under a normalization, the first given among equals; `None`
/// when not every candidate has the score and it did not decide the ranking.
fn winner(line: &Value, by: By) -> Option<u64> {
    if line["decisions"]["options"]["by"] == by.name() {
        return line["winner"].as_u64();
    }
    let scores = line["candidates"]
        .as_array()?
        .iter()
        .map(|candidate| Some((candidate["index"].as_u64()?, candidate[by.name()].as_f64()?)));
    let scores = scores.collect::<Option<Vec<_>>>()?;
    let best = scores.into_iter().max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)));
    best.map(|(index, _)| index)
}
