//! Calls of tools read from a reply, in whatever notation the model writes them, and repaired.
//!
//! The notations are a table (`formats.rs`). What a call is written with is changed to JSON by edits like
//! all others, so that the report can be undone; the arguments between are repaired as any reply is, under
//! the schema of the tool.
//!
//! | step | in |
//! |---|---|
//! | thoughts, marks, calls and the text around them are told apart | `find.rs` |
//! | a call is read: its name, and where its arguments stand | `objects.rs`, `tagged.rs`, `spelled.rs` |
//! | of what stands between tags it is told what it is | `pairs.rs` |
//! | arguments are repaired, and all becomes one report | `assemble.rs` |

mod assemble;
mod find;
mod formats;
mod objects;
mod pairs;
mod spelled;
mod tagged;

use std::ops::Range;

use serde_json::{Value, json};

use super::outcome::{Refusal, Repaired};
use super::parse::Doubt;
use super::reason::Reason;
use super::{Finish, Options};
use crate::grammar::ToolSet;
use crate::schema::Violation;

/// The calls of a reply, and what was done to read them.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::repair::{Options, repair_tool_calls};
///
/// let tools = json!([{"name": "lamp", "parameters": {"properties": {"on": {"type": "boolean"}}}}]);
/// let (tools, _) = ToolSet::read(&tools, &Default::default())?;
///
/// let found = repair_tool_calls("I cannot do that.", &tools, &Options::default());
/// assert!(found.calls.is_empty());
/// assert_eq!(found.content, "I cannot do that.");
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RepairedCalls {
    /// The report of the whole. Its text is `{"tool_calls":[{"name":…,"arguments":{…}},…]}`; there is
    /// none where a call is refused, and the refusal is that of the first.
    pub report: Repaired,
    /// The calls in the order of the reply, also those that are refused.
    pub calls: Vec<RepairedCall>,
    /// What the reply says beside them. Thoughts are no part of it.
    pub content: String,
}

/// A call of a tool, or why it is none.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::repair::{Options, repair_tool_calls};
///
/// let (tools, _) = ToolSet::read(&json!([{"name": "get_time"}]), &Default::default())?;
/// let reply = "<tool_call>{\"name\": \"get_tine\", \"arguments\": {}}</tool_call>";
/// let call = &repair_tool_calls(reply, &tools, &Options::default()).calls[0];
/// assert_eq!(call.refusal.as_ref().unwrap().reason.name(), "unknown_tool");
/// assert_eq!((call.suggestions.as_slice(), call.executable), (&["get_time".to_owned()][..], false));
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RepairedCall {
    /// The tool's name as the reply has it.
    pub name: String,
    /// The notation that it is written in.
    pub format: &'static str,
    /// The bytes of the reply from its first mark to its last.
    pub span: Range<usize>,
    /// The arguments as JSON; `None` where there are none.
    pub arguments: Option<String>,
    /// Whether it may be run: it is whole, and nothing of it was lost or guessed.
    pub executable: bool,
    /// Why it is refused.
    pub refusal: Option<Refusal>,
    /// What in the arguments does not conform to the tool's schema.
    pub violations: Vec<Violation>,
    /// Readings of the arguments that come into question.
    pub alternatives: Vec<String>,
    /// Names of tools that are like the name of none, the nearest first. None is taken in its place.
    pub suggestions: Vec<String>,
}

impl RepairedCalls {
    /// The report for programs, as one line of JSON: that of [`Repaired::to_json_line`], with `content`
    /// and `calls`. In its value, calls that are not to be run carry `"executable": false`.
    ///
    /// ```
    /// use serde_json::{Value, json};
    /// use tokenrail::grammar::ToolSet;
    /// use tokenrail::repair::{Options, repair_tool_calls};
    ///
    /// let (tools, _) = ToolSet::read(&json!([{"name": "ping"}]), &Default::default())?;
    /// let found = repair_tool_calls("Wait.[TOOL_CALLS]ping[ARGS]{}", &tools, &Options::default());
    /// let report: Value = serde_json::from_str(&found.to_json_line()).unwrap();
    /// assert_eq!(report["value"], json!({"tool_calls": [{"name": "ping", "arguments": {}}]}));
    /// assert_eq!(report["calls"][0]["format"], "mistral_v11");
    /// assert_eq!(report["content"], "Wait.");
    /// # Ok::<(), tokenrail::grammar::ToolFault>(())
    /// ```
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let calls: Vec<String> = self.calls.iter().map(RepairedCall::to_json).collect();
        let (calls, content) = (calls.join(","), json!(self.content));
        let value = self.value_text().unwrap_or_else(|| "null".to_owned());
        let ended = (self.report.status, self.report.level.name());
        let report = self.report.line_with(ended, &value);
        format!("{},\"content\":{content},\"calls\":[{calls}]}}", &report[..report.len() - 1])
    }

    /// The calls as JSON on one line: the report's text, in which those that are not to be run carry
    /// `"executable": false`.
    ///
    /// ```
    /// use serde_json::json;
    /// use tokenrail::grammar::ToolSet;
    /// use tokenrail::repair::{Options, repair_tool_calls};
    ///
    /// let (tools, _) = ToolSet::read(&json!([{"name": "ping"}]), &Default::default())?;
    /// // The reply ends within the arguments, though the model is said to have come to an end.
    /// let found = repair_tool_calls("[TOOL_CALLS]ping[ARGS]{", &tools, &Options::default());
    /// assert_eq!(
    ///     found.value_text().as_deref(),
    ///     Some(r#"{"tool_calls":[{"name":"ping","arguments":{},"executable":false}]}"#)
    /// );
    /// # Ok::<(), tokenrail::grammar::ToolFault>(())
    /// ```
    #[must_use]
    pub fn value_text(&self) -> Option<String> {
        self.report.text.as_ref()?;
        let call = |call: &RepairedCall| {
            let arguments = call.arguments.as_deref().unwrap_or("null");
            let flag = if call.executable { "" } else { ",\"executable\":false" };
            format!("{{\"name\":{},\"arguments\":{arguments}{flag}}}", json!(call.name))
        };
        let calls: Vec<String> = self.calls.iter().map(call).collect();
        Some(format!("{{\"tool_calls\":[{}]}}", calls.join(",")))
    }
}

impl RepairedCall {
    /// The call for programs.
    fn to_json(&self) -> String {
        let arguments = self.arguments.as_deref().unwrap_or("null");
        let violations: Vec<Value> = self.violations.iter().map(Violation::to_json).collect();
        let rest = json!({
            "format": self.format,
            "span": [self.span.start, self.span.end],
            "executable": self.executable,
            "refusal": self.refusal.as_ref().map(Refusal::to_json),
            "violations": violations,
            "alternatives": self.alternatives,
            "suggestions": self.suggestions,
        });
        let name = json!(self.name);
        format!("{{\"name\":{name},\"arguments\":{arguments},{}", &rest.to_string()[1..])
    }
}

/// Reads the calls of tools in a reply, and repairs their arguments under the tools' schemas.
///
/// The notations are those of some thirty families of models; which it is, the reply shows. JSON without
/// marks around is text, unless it is the whole reply as Llama 3 writes a call. A call of a tool that is
/// not in the set is refused; so is one that was cut off. Calls in thoughts are none.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::ToolSet;
/// use tokenrail::repair::{Options, Status, repair_tool_calls};
///
/// let tools = json!([{"name": "weather", "parameters": {"type": "object", "properties": {
///     "city": {"type": "string"}, "days": {"type": "integer"},
/// }}}]);
/// let (tools, _) = ToolSet::read(&tools, &Default::default())?;
///
/// let reply = "Let me look.\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n\
///              <parameter=days>\n2\n</parameter>\n</function>\n</tool_call>";
/// let found = repair_tool_calls(reply, &tools, &Options::default());
/// assert_eq!(found.report.status, Status::Repaired);
/// assert_eq!(found.calls[0].arguments.as_deref(), Some(r#"{"city":"Oslo","days":2}"#));
/// assert!(found.calls[0].executable);
/// assert_eq!((found.calls[0].format, found.content.as_str()), ("qwen3_xml", "Let me look."));
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[must_use]
pub fn repair_tool_calls(text: &str, tools: &ToolSet, options: &Options) -> RepairedCalls {
    if text.len() > options.bytes {
        let report =
            Repaired::refused(super::Level::Strict, Reason::Size, options.bytes..text.len());
        return RepairedCalls { report, calls: Vec::new(), content: String::new() };
    }
    let source = Source { text, finish: options.finish, depth: options.depth, tools };
    assemble::assemble(source, options, &find::pieces(source))
}

/// A reply that calls are read from.
#[derive(Debug, Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    finish: Finish,
    depth: usize,
    tools: &'t ToolSet,
}

/// A part of a reply that is no plain text, in the order of the reply.
#[derive(Debug)]
enum Piece {
    /// Something that is taken away.
    Strip(super::Rule, Range<usize>),
    Call(Found),
}

/// Pieces, and where they end.
#[derive(Debug)]
struct Group {
    pieces: Vec<Piece>,
    end: usize,
}

/// A call as it stands in a reply.
#[derive(Debug)]
struct Found {
    format: &'static str,
    name: String,
    /// With its marks.
    span: Range<usize>,
    arguments: Arguments,
    /// What opens and closes it: of the notation, or put in where it is missing.
    marks: [super::Rule; 2],
    end: Ending,
    /// What is wrong with it, whatever its arguments are.
    doubt: Option<Doubt>,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    /// The reply ends within it.
    Open,
}

/// Where the arguments of a call stand, and how they are written.
#[derive(Debug)]
enum Arguments {
    /// As JSON.
    ///
    /// Perhaps broken, and perhaps a string that is the text of it.
    Json(Range<usize>),
    /// There are none at this place.
    ///
    /// An empty object is put in, and judged as if it had been there.
    Absent(usize),
    /// In a notation that these edits make JSON of.
    ///
    /// What they leave may be broken as any JSON.
    Spelled(Range<usize>, Vec<super::TextEdit>),
    /// Between tags.
    Tagged(Range<usize>, Vec<Pair>),
}

/// An argument between tags.
#[derive(Debug)]
struct Pair {
    name: String,
    /// What stands between the tags.
    value: Range<usize>,
    /// Whether it is JSON or a string, where the tag says it.
    kind: Kind,
}

/// What a text between tags is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    String,
    /// The schema says.
    Either,
}

impl<'t> Source<'t> {
    /// The next place that is no white space.
    fn solid(self, at: usize) -> usize {
        self.text.len() - self.text[at..].trim_start().len()
    }

    /// Behind a mark that may stand behind white space.
    fn behind(self, at: usize, mark: &str) -> Option<usize> {
        let solid = self.solid(at);
        let is_there = !mark.is_empty() && self.text[solid..].starts_with(mark);
        is_there.then(|| solid + mark.len())
    }

    /// The next place that is no white space, behind the marks that begin a block of code if that does.
    fn unfenced(self, at: usize) -> usize {
        let solid = self.solid(at);
        let Some(line) = self.text[solid..].strip_prefix("```") else { return solid };
        let label =
            line.trim_start_matches(|char: char| char.is_ascii_alphanumeric() || char == '_');
        self.solid(self.text.len() - label.len())
    }

    /// The characters of a tool's name from a place on.
    fn name(self, at: usize) -> &'t str {
        let is_part = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
        let rest = &self.text[at..];
        &rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())]
    }
}
