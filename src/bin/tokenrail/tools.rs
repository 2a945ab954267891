//! The tools that `generate` lets a model call.
//!
//! Whoever offers many tools has some that are faulty: those are told, a line each, and the run goes
//! on with the others. Only a run without any tool that can be called is refused.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokenrail::grammar::{
    Calls, Grammar, ToolCall, ToolChoice, ToolFault, ToolOptions, ToolSet, ToolShape,
};
use tokenrail::schema::Options;

use crate::exit::Failure;
use crate::grammar::{self, Named};
use crate::{input, output, schema};

/// What may be called, and how. All flags but the file mean nothing without it.
// The file joins the group of grammars: a text is held by one of them.
#[derive(Debug, Args)]
pub(crate) struct ToolArgs {
    /// A file (- for standard input) of tools that the model may call: a JSON array of functions as
    /// requests to OpenAI have them.
    #[arg(long, value_name = "FILE", groups = ["GrammarArgs", "values", "schema_file"])]
    tools: Option<PathBuf>,
    /// Whether tools are called: auto, none, required, or the name of the one to call.
    #[arg(long, value_name = "CHOICE", default_value = "auto", requires = "tools")]
    tool_choice: String,
    /// How calls are written.
    #[arg(long, value_enum, default_value_t = ShapeArg::Hermes, requires = "tools")]
    tool_shape: ShapeArg,
    /// Allow several calls in one text.
    #[arg(long, requires = "tools")]
    parallel: bool,
}

/// The library's shapes, by their names there.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShapeArg {
    Json,
    Hermes,
    Llama3,
    Mistral,
    Pythonic,
    XmlParameters,
}

/// The tools of a run, to read calls with. Those of the file that had faults are not among them, so
/// nothing in a text can call them.
#[derive(Debug)]
pub(crate) struct Tools {
    set: ToolSet,
    shape: ToolShape,
}

/// Reads the tools, if a file of them is named.
///
/// The grammar is made here, before a model is opened, so that its faults cost no time. A tool that
/// cannot be written is named and left out; the others stay.
pub(crate) fn read(args: &ToolArgs, writing: &Options) -> Result<Option<(Named, Tools)>, Failure> {
    let Some(path) = &args.tools else { return Ok(None) };
    let name = input::name(path);
    let declared: Value = serde_json::from_str(&input::read(path)?)
        .map_err(|error| Failure::Usage(format!("{name}: {}", input::json_fault(&error))))?;
    let options = args.options();
    // Markers are text here: whether a model has tokens for them shows only when it is open.
    let read = ToolSet::read(&declared, writing);
    let (set, unread) = read.map_err(|fault| Failure::Usage(format!("{name}: {fault}")))?;
    // What the shape cannot write is a fault of that tool too, as long as others are left.
    let (set, unfit) = set.fitting(options.shape);
    let mut faults: Vec<ToolFault> = unread.into_iter().chain(unfit).collect();
    let chosen = faults.iter().position(|fault| args.asks_for(fault.tool.as_deref()));
    let chosen =
        chosen.filter(|_| !set.tools().iter().any(|tool| args.asks_for(Some(tool.name()))));
    if let Some(chosen) = chosen {
        return Err(Failure::Usage(format!("{name}: {}", faults.swap_remove(chosen))));
    }
    faults.iter().for_each(|fault| output::say(&format!("{name}: {fault}")));
    if set.tools().is_empty() && !faults.is_empty() {
        return Err(Failure::Usage(format!("{name}: no tool is left that can be called")));
    }
    for tool in set.tools() {
        let note = schema::note(tool.schema());
        note.iter()
            .for_each(|note| output::say(&format!("{name}: tool {:?}: {note}", tool.name())));
    }
    let grammar = grammar::named(name, Grammar::tools(&set, &options))?;
    Ok(Some((grammar, Tools { set, shape: options.shape })))
}

impl ToolArgs {
    /// Whether this tool is the one to call.
    fn asks_for(&self, tool: Option<&str>) -> bool {
        matches!(self.choice(), ToolChoice::Named(name) if tool == Some(&name))
    }

    /// What is to be called. A tool that is called `auto`, `none` or `required` cannot be asked for by
    /// name.
    fn choice(&self) -> ToolChoice {
        match self.tool_choice.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            name => ToolChoice::Named(name.to_owned()),
        }
    }

    /// The library's options.
    fn options(&self) -> ToolOptions {
        let shape = match self.tool_shape {
            ShapeArg::Json => ToolShape::Json,
            ShapeArg::Hermes => ToolShape::Hermes,
            ShapeArg::Llama3 => ToolShape::Llama3,
            ShapeArg::Mistral => ToolShape::Mistral,
            ShapeArg::Pythonic => ToolShape::Pythonic,
            ShapeArg::XmlParameters => ToolShape::XmlParameters,
        };
        let calls = if self.parallel { Calls::Parallel } else { Calls::One };
        ToolOptions { choice: self.choice(), calls, shape, ..ToolOptions::default() }
    }
}

impl Tools {
    /// Adds the calls that a text makes to its result, as `tool_calls`: each has `name` and
    /// `arguments`, which is an object and no text. There may be none.
    pub(crate) fn add_calls(&self, text: &str, result: &mut Value) {
        let calls = self.set.calls(text, self.shape);
        result["tool_calls"] = json!(calls.iter().map(ToolCall::to_json).collect::<Vec<_>>());
    }
}
