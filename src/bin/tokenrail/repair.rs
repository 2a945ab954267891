//! `tokenrail repair`: replies turned into JSON, or why not.

use std::path::Path;

use serde_json::Value;
use tokenrail::grammar::ToolSet;
use tokenrail::repair::{
    Change, Dropped, Options, Repaired, RepairedCall, RepairedCalls, Status, TextEdit, ValueEdit,
    repair, repair_for, repair_tool_calls,
};
use tokenrail::schema::{self, Policy, Validator, Violation};

use crate::args::RepairArgs;
use crate::exit::Failure;
use crate::repair_lines::{Line, Repairer};
use crate::{input, output, repair_lines, retry};

/// So many edits are told unasked.
pub(crate) const TOLD: usize = 20;

/// What replies are to be.
enum Wanted {
    /// JSON of any kind.
    Json,
    /// What conforms to a schema.
    Value(Box<Validator>),
    /// Calls of tools, and text beside them.
    Calls(ToolSet),
}

/// What came of a reply.
enum Answer {
    /// A value, or why there is none.
    Value(Repaired),
    /// Calls, each with its own refusal.
    Calls(RepairedCalls),
}

/// Repairs a reply, or every line of a file.
pub(crate) fn run(args: &RepairArgs) -> Result<(), Failure> {
    match (&args.retry.model, &args.lines) {
        (Some(model), Some(path)) => {
            return repair_lines::run(args, path, &mut retry::Lines::new(args, model)?);
        }
        (Some(model), None) => return retry::run(args, model),
        (None, _) => {}
    }
    let wanted = match (&args.schema, &args.tools) {
        (Some(path), _) => Wanted::Value(Box::new(read_schema(path)?)),
        (None, Some(path)) => Wanted::Calls(read_tools(path)?),
        (None, None) => Wanted::Json,
    };
    let options = args.options();
    if let Some(path) = &args.lines {
        return repair_lines::run(args, path, &mut Lines { wanted, options });
    }
    let text = input::read(args.file.as_deref().unwrap_or(Path::new("-")))?;
    let answer = wanted.answer(&text, &options);
    if args.json {
        output::print_verbatim(&format!("{}\n", answer.to_json_line()))?;
    } else {
        if let Some(value) = answer.text() {
            let end = if value.ends_with('\n') { "" } else { "\n" };
            output::print_verbatim(&format!("{value}{end}"))?;
        }
        let limit = if args.explain { usize::MAX } else { TOLD };
        output::say(&answer.told(limit));
    }
    ended(answer.report().status)
}

impl Wanted {
    /// Repairs one text.
    fn answer(&self, text: &str, options: &Options) -> Answer {
        match self {
            Self::Json => Answer::Value(repair(text, options)),
            Self::Value(validator) => Answer::Value(repair_for(text, validator, options)),
            Self::Calls(tools) => Answer::Calls(repair_tool_calls(text, tools, options)),
        }
    }
}

/// Repairs the replies of lines without a model.
struct Lines {
    /// What replies are to be whose lines have no schema of their own.
    wanted: Wanted,
    options: Options,
}

impl Lines {
    /// What the schema of a line says.
    fn own(line: &Line) -> Result<Option<Wanted>, String> {
        let Some(schema) = &line.schema else { return Ok(None) };
        let validator = Validator::new(schema, &schema::Options::default());
        let validator = validator.map_err(|error| format!("\"schema\": {error}"))?;
        Ok(Some(Wanted::Value(Box::new(validator))))
    }
}

impl Repairer for Lines {
    fn check(&mut self, line: &Line) -> Result<(), String> {
        if line.text.is_none() {
            return Err("\"text\" is null, not a string".to_owned());
        }
        Self::own(line).map(|_| ())
    }

    fn report(&mut self, line: &Line) -> Result<String, Failure> {
        let finish = line.finish.unwrap_or(self.options.finish);
        let options = Options { finish, ..self.options.clone() };
        let own = Self::own(line).map_err(Failure::Usage)?;
        let text = line.text.as_deref().unwrap_or_default();
        Ok(own.as_ref().unwrap_or(&self.wanted).answer(text, &options).to_json_line())
    }

    /// It costs little to make a report anew.
    fn continues(&mut self, line: &Line, report: &Value) -> Result<(), String> {
        let made = self.report(line).map_err(|failure| failure.to_string())?;
        let made: Value = serde_json::from_str(&made).map_err(|error| error.to_string())?;
        let is_same = |(name, value): (&String, &Value)| report[name] == *value;
        match made.as_object().is_some_and(|made| made.iter().all(is_same)) {
            true => Ok(()),
            false => Err("it is not what comes of the line's reply".to_owned()),
        }
    }
}

impl Answer {
    /// The report that tells the exit code.
    fn report(&self) -> &Repaired {
        match self {
            Self::Value(repaired) => repaired,
            Self::Calls(calls) => &calls.report,
        }
    }

    /// The report for programs, on one line.
    fn to_json_line(&self) -> String {
        match self {
            Self::Value(repaired) => repaired.to_json_line(),
            Self::Calls(calls) => calls.to_json_line(),
        }
    }

    /// The value, for standard output.
    fn text(&self) -> Option<String> {
        match self {
            Self::Value(repaired) => repaired.text.clone(),
            Self::Calls(calls) => calls.value_text(),
        }
    }

    /// What was done, for people.
    fn told(&self, limit: usize) -> String {
        let report = told(self.report(), limit);
        let Self::Calls(calls) = self else { return report };
        let lines = calls.calls.iter().filter_map(told_call);
        let content =
            (!calls.content.is_empty()).then(|| format!("  content: {:?}", calls.content));
        let report = (!report.is_empty()).then_some(report);
        report.into_iter().chain(lines).chain(content).collect::<Vec<_>>().join("\n")
    }
}

/// Why a call is not to be run; `None` where it may be.
fn told_call(call: &RepairedCall) -> Option<String> {
    let RepairedCall { name, format, refusal, suggestions, executable, .. } = call;
    let why = match refusal {
        Some(refusal) => refusal.to_string(),
        None => "it is not whole, or something of it was lost".to_owned(),
    };
    let like = match suggestions.is_empty() {
        true => String::new(),
        false => format!("; tools that are called like it: {}", suggestions.join(", ")),
    };
    (!executable)
        .then(|| format!("  the call of {name:?} ({format}) is not to be run: {why}{like}"))
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

/// Reads and compiles the schema. Its faults are found before any reply is read.
fn read_schema(path: &Path) -> Result<Validator, Failure> {
    let value = read_json(path)?;
    let validator = Validator::new(&value, &schema::Options::default());
    validator.map_err(|error| Failure::Usage(format!("{}: {error}", input::name(path))))
}

/// Reads the tools. Those that are faulty are told, and the others stay.
///
/// Values are validated when they are there, so no keyword has to be enforced while they are written.
fn read_tools(path: &Path) -> Result<ToolSet, Failure> {
    let name = input::name(path);
    let options = schema::Options { policy: Policy::Complete, ..Default::default() };
    let read = ToolSet::read(&read_json(path)?, &options);
    let (tools, faults) = read.map_err(|fault| Failure::Usage(format!("{name}: {fault}")))?;
    faults.iter().for_each(|fault| output::say(&format!("{name}: {fault}")));
    Ok(tools)
}

/// Reads a file that is one JSON value; what is wrong with it is told with the file's name.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
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
    let readings = repaired.alternatives.iter().enumerate().take(limit);
    lines.extend(readings.map(|(index, text)| match repaired.costs.get(index) {
        Some(cost) => format!("  reading at cost {cost}: {text}"),
        None => format!("  reading: {text}"),
    }));
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
    let TextEdit { rule, span, was, now, class, .. } = edit;
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
