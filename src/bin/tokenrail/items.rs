//! `tokenrail score --items`: a file of questions, with output that can be resumed.
//!
//! Law, held by `tests/cli`: however often a run is cut short, at whatever byte, what it and the
//! runs after it leave in the output is what one uninterrupted run writes, byte for byte.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokenrail::model::LanguageModel;
use tokenrail::score::{Duplicates, Options, Scorer};

use crate::args::ScoreArgs;
use crate::exit::Failure;
use crate::prompt_cache::PromptCache;
use crate::results::Results;
use crate::totals::Totals;
use crate::{input, interrupt, model, output, progress};

/// After so many items the sessions begin anew. What they keep of earlier prompts saves time but
/// shows in the counters and in the logprobs' last digits, so a resumed run has to go back to where
/// nothing was kept.
const ROUND: usize = 16;

/// A line of the items file.
#[derive(Debug)]
pub(crate) struct Item {
    /// As given; the line number where there is none.
    pub(crate) id: Value,
    pub(crate) prompt: String,
    pub(crate) choices: Vec<String>,
    pub(crate) label: Option<usize>,
}

/// Scores every item of a file, one result line each, and prints totals at the end.
///
/// An item that cannot be scored is a result line with an error, and the others go on.
pub(crate) fn run(args: &ScoreArgs, path: &Path) -> Result<(), Failure> {
    let items = read_items(path)?;
    let options =
        args.how.options(Options { duplicates: Duplicates::Keep, ..Options::default() })?;
    let mut results = Results::open(args.out.as_deref(), path)?;
    let model = model::open(&args.model)?;
    let decisions = json!({
        "model": model.name(),
        "fingerprint": model.fingerprint(),
        "precision": model.precision(),
        "options": options.to_json(),
    });
    let mut totals = Totals::default();
    results.resume(&items, &decisions, &mut totals)?;
    let interrupted = interrupt::catch()?;
    let bar = progress::items(items.len(), totals.items());
    let cache = PromptCache::open(&model, args.prompt_cache.as_deref())?;
    let mut scorer = Scorer::with_prefixes(cache.prefixes());
    let done = totals.items();
    for (index, item) in items.iter().enumerate().skip(replayed_from(done, items.len())) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        if index % ROUND == 0 {
            cache.begin_anew();
            scorer = Scorer::with_prefixes(cache.prefixes());
        }
        let result = match scorer.score(&item.prompt, &item.choices, &options) {
            Ok(ranked) => ranked.to_json(),
            Err(error) => json!({
                "prompt": item.prompt,
                "by": options.by.name(),
                "error": error.to_string(),
                "choices": item.choices,
                "decisions": decisions,
            }),
        };
        if index >= done {
            let line = item.line(result);
            totals.add(&line);
            bar.suspend(|| results.write(&line, index))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    cache.close()?;
    let left = items.len() - totals.items();
    let report = if args.json { format!("{}", totals.to_json()) } else { totals.table() };
    output::say(report.trim_end());
    if left > 0 {
        return Err(Failure::Interrupted(match results {
            Results::File { .. } => "the same command goes on where --out ends",
            Results::Stdout => "with --out the same command could go on",
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

/// One line as an item. The error says what is wrong with it; the caller knows the line.
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
