//! `tokenrail score --items`: a file of questions, with output that can be resumed.
//!
//! Law, held by `tests/cli`: however often a run is cut short, at whatever byte, what it and the
//! runs after it leave in the output is what one uninterrupted run writes, byte for byte. An output
//! that another request made is refused and stays as it is.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokenrail::model::LanguageModel;
use tokenrail::report::json_line;
use tokenrail::score::{Duplicates, Options, Scorer};

use crate::args::ScoreArgs;
use crate::exit::Failure;
use crate::totals::Totals;
use crate::{input, interrupt, model, output, progress};

/// After so many items the session begins anew. What it keeps of earlier prompts saves time but
/// shows in the counters and in the logprobs' last digits, so a resumed run has to go back to where
/// nothing was kept.
const ROUND: usize = 16;

/// A line of the items file.
#[derive(Debug)]
struct Item {
    /// As given; the line number where there is none.
    id: Value,
    prompt: String,
    choices: Vec<String>,
    label: Option<usize>,
}

pub(crate) fn run(args: &ScoreArgs, path: &Path) -> Result<(), Failure> {
    let items = read_items(path)?;
    let options =
        args.how.options(Options { duplicates: Duplicates::Keep, ..Options::default() })?;
    let mut out = Out::open(args.out.as_deref())?;
    let model = model::open(&args.model)?;
    let decisions = json!({"model": model.name(), "options": options.to_json()});
    let mut totals = Totals::default();
    out.resume(&items, &decisions, &mut totals)?;
    let interrupted = interrupt::catch()?;
    let bar = progress::items(items.len(), totals.items());
    let mut scorer = Scorer::new(&model);
    let done = totals.items();
    for (index, item) in items.iter().enumerate().skip(replayed_from(done, items.len())) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        if index % ROUND == 0 {
            scorer = Scorer::new(&model);
        }
        let result = match scorer.score(&item.prompt, &item.choices, &options) {
            Ok(ranked) => ranked.to_json(),
            Err(error) => json!({
                "prompt": item.prompt, "by": options.by.name(), "error": error.to_string(), "decisions": decisions,
            }),
        };
        if index >= done {
            let line = item.line(result);
            totals.add(&line);
            bar.suspend(|| out.write(&line))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let left = items.len() - totals.items();
    let report = if args.json { format!("{}", totals.to_json()) } else { totals.table() };
    output::say(report.trim_end());
    if left > 0 {
        return Err(Failure::Interrupted(match out {
            Out::File { .. } => "the same command goes on where --out ends",
            Out::Stdout => "with --out the same command could go on",
        }));
    }
    match totals.failed() {
        0 => Ok(()),
        failed => Err(Failure::Items(failed)),
    }
}

/// The item that a run begins with when `done` results are there: the first of their round, as the
/// items between are scored again to bring the session where an uninterrupted run has it.
fn replayed_from(done: usize, items: usize) -> usize {
    if done == items { done } else { done - done % ROUND }
}

impl Item {
    /// Its result line: its id and label, then the result or why there is none.
    fn line(&self, result: Value) -> Value {
        let mut line = match self.label {
            Some(label) => json!({"id": self.id, "label": label}),
            None => json!({"id": self.id}),
        };
        if let (Value::Object(line), Value::Object(result)) = (&mut line, result) {
            line.extend(result);
        }
        line
    }

    /// Whether `cut` is the begin of its result line, or one with the other.
    fn begins(&self, cut: &[u8]) -> bool {
        let head = json_line(&self.line(json!({"prompt": self.prompt})));
        let head = head.strip_suffix('}').unwrap_or(&head).as_bytes();
        head.starts_with(cut) || cut.starts_with(head)
    }
}

/// Reads all items before the first is scored, so that a fault in the last one costs nothing. Blank
/// lines are skipped, but count as lines.
fn read_items(path: &Path) -> Result<Vec<Item>, Failure> {
    let text = input::read(path)?;
    let mut items = Vec::new();
    let mut seen = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let fault =
            |what: String| Failure::Usage(format!("{} line {line}: {what}", input::name(path)));
        let item = read_item(text, line).map_err(fault)?;
        if let Some(earlier) = seen.insert(item.id.to_string(), line) {
            let why = if item.id.is_string() {
                ""
            } else {
                " (a line without \"id\" goes by its number)"
            };
            return Err(fault(format!("its id {} is also that of line {earlier}{why}", item.id)));
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(Failure::Usage(format!(
            "{} has no items: one JSON object a line",
            input::name(path)
        )));
    }
    Ok(items)
}

fn read_item(text: &str, line: usize) -> Result<Item, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| input::json_fault(&error))?;
    let Some(prompt) = value["prompt"].as_str() else {
        return Err(format!("\"prompt\" is {}, not a string", value["prompt"]));
    };
    let Some(choices) = input::strings(&value["choices"]) else {
        return Err(format!("\"choices\" is {}, not an array of strings", value["choices"]));
    };
    let label = match &value["label"] {
        Value::Null => None,
        label => {
            let index = label.as_u64().and_then(|index| usize::try_from(index).ok());
            let index = index.filter(|&index| index < choices.len());
            Some(
                index
                    .ok_or_else(|| format!("\"label\" is {label}, not an index of \"choices\""))?,
            )
        }
    };
    let id = match &value["id"] {
        Value::Null => json!(line),
        id if id.is_string() || id.is_i64() || id.is_u64() => id.clone(),
        other => return Err(format!("\"id\" is {other}, not a string or an integer of 64 bits")),
    };
    Ok(Item { id, prompt: prompt.to_owned(), choices, label })
}

/// Where the items' results go.
enum Out {
    Stdout,
    File { path: PathBuf, file: File },
}

impl Out {
    /// Opens the output file, if there is one, for this process alone.
    fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let file_error = |source| Failure::File { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(file_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::File { path: path.to_owned(), file }),
            Err(TryLockError::WouldBlock) => {
                let what = "another process writes it; wait for that or give another --out";
                Err(file_error(io::Error::new(io::ErrorKind::WouldBlock, what)))
            }
            Err(TryLockError::Error(source)) => Err(file_error(source)),
        }
    }

    /// Counts the results that the output file has: those of the first items, in order. A last line
    /// that was cut short is dropped.
    fn resume(
        &mut self,
        items: &[Item],
        decisions: &Value,
        totals: &mut Totals,
    ) -> Result<(), Failure> {
        let Self::File { path, file } = self else {
            return Ok(());
        };
        let file_error = |source| Failure::File { path: path.clone(), source };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(file_error)?;
        let kept = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let (whole, cut) = bytes.split_at(kept);
        let refuse = |line: usize, what: String| {
            Failure::Usage(format!("{} line {line}: {what}; give another --out", path.display()))
        };
        for (line, text) in (1..).zip(whole.split_inclusive(|&byte| byte == b'\n')) {
            let result = serde_json::from_slice(text).map_err(|error| input::json_fault(&error));
            let result = result.map_err(|what| refuse(line, what))?;
            continues(&result, items.get(line - 1), decisions)
                .map_err(|what| refuse(line, what))?;
            totals.add(&result);
        }
        let next = items.get(totals.items());
        if !cut.is_empty() && !next.is_some_and(|item| item.begins(cut)) {
            let what = "it is not the begin of the next item's result".to_owned();
            return Err(refuse(totals.items() + 1, what));
        }
        file.set_len(kept as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(file_error)?;
        if totals.items() > 0 {
            output::say(&format!(
                "{} of {} items are in {} already",
                totals.items(),
                items.len(),
                path.display()
            ));
        }
        Ok(())
    }

    fn write(&mut self, line: &Value) -> Result<(), Failure> {
        match self {
            Self::Stdout => output::print_json(line),
            Self::File { path, file } => {
                let written = file.write_all(format!("{}\n", json_line(line)).as_bytes());
                written.map_err(|source| Failure::File { path: path.clone(), source })
            }
        }
    }
}

/// Checks that an earlier result is what this run, of which every result has `decisions`, would have
/// written for the item.
fn continues(result: &Value, item: Option<&Item>, decisions: &Value) -> Result<(), String> {
    let Some(item) = item else {
        return Err("it has more results than there are items".to_owned());
    };
    if result["id"] != item.id {
        return Err(format!("it has id {}, where the items have {}", result["id"], item.id));
    }
    if result["prompt"] != item.prompt.as_str() {
        return Err("its prompt is not the item's".to_owned());
    }
    if result["label"] != json!(item.label) {
        return Err(format!("its label is {}, not the item's", result["label"]));
    }
    let earlier = &result["decisions"];
    if earlier["model"] != decisions["model"] {
        return Err(format!("it is of model {}, not {}", earlier["model"], decisions["model"]));
    }
    for (option, value) in decisions["options"].as_object().into_iter().flatten() {
        let earlier = &earlier["options"][option];
        if earlier != value {
            return Err(format!("its option {option} is {earlier}, where this run's is {value}"));
        }
    }
    if result.get("error").is_some() {
        return Ok(());
    }
    let choices = result["candidates"].as_array().map_or(&[][..], Vec::as_slice);
    let is_choice = |choice: &Value| {
        let index = choice["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| item.choices.get(index)).is_some_and(|text| choice["text"] == *text)
    };
    if choices.len() != item.choices.len() || !choices.iter().all(is_choice) {
        return Err("its candidates are not the item's choices".to_owned());
    }
    Ok(())
}
