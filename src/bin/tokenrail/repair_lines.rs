//! `tokenrail repair --lines`: a file of replies, with output that can be gone on with.
//!
//! Law, held by `tests/cli`: a run that goes on behind the results of another leaves what one run would.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokenrail::repair::{Finish, Status};

use crate::args::RepairArgs;
use crate::exit::Failure;
use crate::results::Results;
use crate::{input, interrupt, output, progress};

/// A line of the file.
#[derive(Debug)]
pub(crate) struct Line {
    id: Value,
    /// The reply; `None` where a model is to be asked first.
    pub(crate) text: Option<String>,
    /// What the reply answers.
    pub(crate) prompt: Option<String>,
    pub(crate) schema: Option<Value>,
    pub(crate) finish: Option<Finish>,
}

/// What repairs the replies of lines.
pub(crate) trait Repairer {
    /// Says what is wrong with a line that cannot be asked for so, before any is repaired.
    fn check(&mut self, line: &Line) -> Result<(), String>;

    /// The report on a line, as one line of JSON.
    fn report(&mut self, line: &Line) -> Result<String, Failure>;

    /// Says in what an earlier report is not one of this run.
    fn continues(&mut self, line: &Line, report: &Value) -> Result<(), String>;
}

/// Repairs every line, and tells how many came to what.
pub(crate) fn run(
    args: &RepairArgs,
    path: &Path,
    repairer: &mut dyn Repairer,
) -> Result<(), Failure> {
    let lines = read_lines(path, repairer)?;
    let mut results = Results::open(args.out.as_deref(), path)?;
    let mut totals = Totals::default();
    results.resume(lines.len(), &mut |place, report| {
        let line = &lines[place];
        if report["id"] != line.id {
            return Err(format!("it has id {}, where the lines have {}", report["id"], line.id));
        }
        repairer.continues(line, report)?;
        totals.add(report);
        Ok(())
    })?;
    let interrupted = interrupt::catch()?;
    let bar = progress::items(lines.len(), totals.lines);
    for (place, line) in lines.iter().enumerate().skip(totals.lines) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let report = repairer.report(line)?;
        let report = format!("{{\"id\":{},{}\n", line.id, &report[1..]);
        totals.add(&serde_json::from_str(&report).unwrap_or_default());
        bar.suspend(|| results.write(&report, place))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::say(&totals.told());
    match totals.lines < lines.len() {
        true => Err(results.interrupted()),
        false => crate::repair::ended(totals.worst()),
    }
}

/// Reads all lines before the first is repaired, so that a fault in the last one costs nothing.
fn read_lines(path: &Path, repairer: &mut dyn Repairer) -> Result<Vec<Line>, Failure> {
    let text = input::read(path)?;
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let read = read_line(text, number).and_then(|line| {
            repairer.check(&line)?;
            Ok(line)
        });
        lines.push(read.map_err(|what| {
            Failure::Usage(format!("{} line {number}: {what}", input::name(path)))
        })?);
    }
    Ok(lines)
}

/// One line. The error says what is wrong with it.
fn read_line(text: &str, number: usize) -> Result<Line, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| input::json_fault(&error))?;
    let string = |name: &str| match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(format!("{name:?} is {other}, not a string")),
    };
    let finish = match &value["finish"] {
        Value::Null => None,
        finish => Some(match finish.as_str() {
            Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            _ => return Err(format!("\"finish\" is {finish}, not \"stop\" or \"length\"")),
        }),
    };
    let (text, prompt) = (string("text")?, string("prompt")?);
    let schema = Some(value["schema"].clone()).filter(|schema| !schema.is_null());
    let id = if value["id"].is_null() { json!(number) } else { value["id"].clone() };
    Ok(Line { id, text, prompt, schema, finish })
}

/// How many replies came to what, and what models were asked for them; added up from the reports
/// themselves, so that those of a run that goes on are those of the whole.
#[derive(Debug, Default)]
struct Totals {
    lines: usize,
    statuses: [usize; STATUSES.len()],
    rungs: BTreeMap<String, usize>,
    tokens: u64,
}

const STATUSES: [Status; 5] =
    [Status::Valid, Status::Repaired, Status::Lossy, Status::Ambiguous, Status::Failed];

impl Totals {
    fn add(&mut self, report: &Value) {
        self.lines += 1;
        let place = STATUSES.iter().position(|status| report["status"] == status.name());
        self.statuses[place.unwrap_or(STATUSES.len() - 1)] += 1;
        for attempt in report["attempts"].as_array().into_iter().flatten() {
            self.tokens += attempt["tokens"].as_u64().unwrap_or_default();
            if let Some(rung) = attempt["rung"].as_str() {
                *self.rungs.entry(rung.to_owned()).or_default() += 1;
            }
        }
    }

    /// What is the worst of the results.
    fn worst(&self) -> Status {
        let met = STATUSES.iter().zip(self.statuses).filter(|(_, count)| *count > 0);
        met.map(|(status, _)| *status).max().unwrap_or(Status::Valid)
    }

    fn told(&self) -> String {
        let counts = STATUSES.iter().zip(self.statuses).filter(|(_, count)| *count > 0);
        let counts: Vec<String> =
            counts.map(|(status, count)| format!("{count} {}", status.name())).collect();
        let mut told = format!("{} replies: {}", self.lines, counts.join(", "));
        if self.tokens > 0 {
            let rungs = self.rungs.iter().map(|(rung, count)| format!(", {count} {rung}"));
            told += &format!("; {} tokens{}", self.tokens, rungs.collect::<String>());
        }
        told
    }
}
