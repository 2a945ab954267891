//! `tokenrail repair`: replies turned into JSON, or why not.

use std::path::Path;

use serde_json::{Value, json};
use tokenrail::repair::{
    Change, Dropped, Finish, Options, Repaired, Status, TextEdit, ValueEdit, repair, repair_for,
};
use tokenrail::schema::{self, Validator, Violation};

use crate::args::RepairArgs;
use crate::exit::Failure;
use crate::{input, output, progress, retry};

/// So many edits are told unasked.
pub(crate) const TOLD: usize = 20;

/// Repairs a reply, or every line of a file.
pub(crate) fn run(args: &RepairArgs) -> Result<(), Failure> {
    if let Some(model) = &args.retry.model {
        return retry::run(args, model);
    }
    let validator = args.schema.as_deref().map(read_schema).transpose()?;
    let options = args.options();
    if let Some(path) = &args.lines {
        return run_lines(path, validator.as_ref(), &options);
    }
    let text = input::read(args.file.as_deref().unwrap_or(Path::new("-")))?;
    let repaired = repaired(&text, validator.as_ref(), &options);
    if args.json {
        output::print_verbatim(&format!("{}\n", repaired.to_json_line()))?;
    } else {
        print_value(&repaired)?;
        let limit = if args.explain { usize::MAX } else { TOLD };
        output::say(&told(&repaired, limit));
    }
    ended(repaired.status)
}

/// Prints the value where there is one, on a line.
pub(crate) fn print_value(repaired: &Repaired) -> Result<(), Failure> {
    let Some(value) = &repaired.text else { return Ok(()) };
    let end = if value.ends_with('\n') { "" } else { "\n" };
    output::print_verbatim(&format!("{value}{end}"))
}

/// How a run ends by what came of its replies.
pub(crate) fn ended(status: Status) -> Result<(), Failure> {
    match status {
        Status::Valid => Ok(()),
        status => Err(Failure::Reply(status)),
    }
}

/// Repairs one text, under a schema where there is one.
fn repaired(text: &str, validator: Option<&Validator>, options: &Options) -> Repaired {
    match validator {
        Some(validator) => repair_for(text, validator, options),
        None => repair(text, options),
    }
}

/// Reads and compiles the schema. Its faults are found before any reply is read.
fn read_schema(path: &Path) -> Result<Validator, Failure> {
    let value = schema_value(path)?;
    Validator::new(&value, &schema::Options::default())
        .map_err(|error| Failure::Usage(format!("{}: {error}", input::name(path))))
}

/// The value that a schema's file holds.
pub(crate) fn schema_value(path: &Path) -> Result<Value, Failure> {
    let text = input::read(path)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{}: it is not JSON: {error}", input::name(path))))
}

/// What was done, for people: a line for each edit, up to a limit; all the rest where there is none.
pub(crate) fn told(repaired: &Repaired, limit: usize) -> String {
    let mut lines = Vec::new();
    let all = repaired.edits.len() + repaired.patch.len();
    match &repaired.refusal {
        None if all == 0 => return String::new(),
        None => lines.push(format!(
            "{} at level {}, edits: {all}",
            repaired.status.name(),
            repaired.level.name()
        )),
        Some(refusal) => lines.push(format!("{}: {refusal}", repaired.status.name())),
    }
    let edits = repaired.edits.iter().map(text_edit).chain(repaired.patch.iter().map(value_edit));
    lines.extend(edits.take(limit));
    if all > limit {
        lines.push(format!("  and {} more: --explain tells all", all - limit));
    }
    lines.extend(repaired.violations.iter().take(limit).map(
        |Violation { instance, message, .. }| {
            let place = if instance.is_empty() { "the value" } else { instance };
            format!("  {place} does not conform: {message}")
        },
    ));
    lines.extend(repaired.alternatives.iter().take(limit).map(|text| format!("  reading: {text}")));
    if limit == usize::MAX {
        let dropped = repaired.dropped.iter();
        lines.extend(
            dropped.map(|Dropped { text, span }| {
                format!("  dropped at byte {}: {text:?}", span.start)
            }),
        );
    }
    lines.join("\n")
}

/// An edit of text for people: its place, what was there, what is there now.
fn text_edit(edit: &TextEdit) -> String {
    let TextEdit { rule, span, was, now, class } = edit;
    let (rule, class) = (rule.name(), class.name());
    format!("  {rule} at byte {}: {was:?} -> {now:?} ({class})", span.start)
}

/// An edit of a value for people: its pointer, and what became of it.
fn value_edit(edit: &ValueEdit) -> String {
    let ValueEdit { rule, pointer, was, change, class } = edit;
    let change = match change {
        Change::Replace(now) => format!("{was} -> {now}"),
        Change::Remove => format!("{was} is taken away"),
        Change::Move(to) => format!("moves to {to}"),
    };
    let place = if pointer.is_empty() { "the root" } else { pointer };
    format!("  {} at {place}: {change} ({})", rule.name(), class.name())
}

/// A line of a file of replies.
struct Line {
    id: Value,
    text: String,
    /// Of its own.
    validator: Option<Validator>,
    finish: Option<Finish>,
}

/// Repairs every line, and tells how many came to what.
fn run_lines(path: &Path, validator: Option<&Validator>, options: &Options) -> Result<(), Failure> {
    let text = input::read(path)?;
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let fault =
            |what: String| Failure::Usage(format!("{} line {number}: {what}", input::name(path)));
        lines.push(read_line(text, number).map_err(fault)?);
    }
    let bar = progress::items(lines.len(), 0);
    let (mut worst, mut counts) = (Status::Valid, [0; STATUSES.len()]);
    for line in &lines {
        let finish = line.finish.unwrap_or(options.finish);
        let options = Options { finish, ..options.clone() };
        let repaired = repaired(&line.text, line.validator.as_ref().or(validator), &options);
        let report = repaired.to_json_line();
        let answer = format!("{{\"id\":{},{}\n", line.id, &report[1..]);
        bar.suspend(|| output::print_verbatim(&answer))?;
        bar.inc(1);
        worst = worst.max(repaired.status);
        let counted = STATUSES.iter().position(|status| *status == repaired.status);
        counts[counted.unwrap_or_default()] += 1;
    }
    bar.finish_and_clear();
    let counted = STATUSES.iter().zip(counts).filter(|(_, count)| *count > 0);
    let counted: Vec<String> =
        counted.map(|(status, count)| format!("{count} {}", status.name())).collect();
    output::say(&format!("{} replies: {}", lines.len(), counted.join(", ")));
    ended(worst)
}

const STATUSES: [Status; 5] =
    [Status::Valid, Status::Repaired, Status::Lossy, Status::Ambiguous, Status::Failed];

/// One line of `--lines`. The error says what is wrong with it.
fn read_line(text: &str, number: usize) -> Result<Line, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| input::json_fault(&error))?;
    let Some(text) = value["text"].as_str() else {
        return Err(format!("\"text\" is {}, not a string", value["text"]));
    };
    let validator = match &value["schema"] {
        Value::Null => None,
        schema => {
            let made = Validator::new(schema, &schema::Options::default());
            Some(made.map_err(|error| format!("\"schema\": {error}"))?)
        }
    };
    let finish = match &value["finish"] {
        Value::Null => None,
        finish => Some(match finish.as_str() {
            Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            _ => return Err(format!("\"finish\" is {finish}, not \"stop\" or \"length\"")),
        }),
    };
    let id = if value["id"].is_null() { json!(number) } else { value["id"].clone() };
    Ok(Line { id, text: text.to_owned(), validator, finish })
}
