//! `tokenrail score --items`: a file of questions, with output that can be resumed.
//!
//! Law, held by `tests/cli`: however often a run is cut short, at whatever byte, what it and the
//! runs after it leave in the output is what one uninterrupted run writes, byte for byte.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokenrail::model::LanguageModel;
use tokenrail::report::json_line;
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
    results.resume(items.len(), &mut |place, result| {
        continues(result, &items[place], &decisions)?;
        totals.add(result);
        Ok(())
    })?;
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
            bar.suspend(|| results.write(&format!("{}\n", json_line(&line)), index))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    cache.close()?;
    let left = items.len() - totals.items();
    let report = if args.json { format!("{}", totals.to_json()) } else { totals.table() };
    output::say(report.trim_end());
    if left > 0 {
        return Err(results.interrupted());
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

/// Checks that an earlier result is what this run, of which every result has `decisions`, would have
/// written for the item.
fn continues(result: &Value, item: &Item, decisions: &Value) -> Result<(), String> {
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
    for (key, what) in
        [("model", "model"), ("fingerprint", "model's fingerprint"), ("precision", "precision")]
    {
        if earlier[key] != decisions[key] {
            return Err(format!("its {what} is {}, not {}", earlier[key], decisions[key]));
        }
    }
    for (option, value) in decisions["options"].as_object().into_iter().flatten() {
        let earlier = &earlier["options"][option];
        if earlier != value {
            return Err(format!("its option {option} is {earlier}, where this run's is {value}"));
        }
    }
    match choices(result).is_some_and(|choices| choices == item.choices) {
        true => Ok(()),
        false => Err("its candidates are not the item's choices".to_owned()),
    }
}

/// The choices that a result is of, in the item's order; `None` where they are not whole.
fn choices(result: &Value) -> Option<Vec<String>> {
    if result.get("error").is_some() {
        return input::strings(&result["choices"]);
    }
    let candidates = result["candidates"].as_array()?;
    let mut choices = vec![None; candidates.len()];
    for candidate in candidates {
        let index = usize::try_from(candidate["index"].as_u64()?).ok()?;
        *choices.get_mut(index)? = Some(candidate["text"].as_str()?.to_owned());
    }
    choices.into_iter().collect()
}
