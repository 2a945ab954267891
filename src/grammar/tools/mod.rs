//! Tool calls: text in which a model calls functions, each with arguments that its schema allows.
//!
//! [`ToolSet`] reads the tools, [`ToolOptions`] says whether they must be called and how calls are
//! written, [`Grammar::tools`] makes the grammar, and [`ToolSet::calls`] reads the calls back from a
//! text of that grammar. Texts that no grammar held are not for it: it mends nothing.
//!
//! | shape | in |
//! |---|---|
//! | JSON objects, with whatever stands around them | `json.rs` |
//! | Python's calls | `python.rs` |
//! | parameters between tags | `xml.rs` |
//!
//! Laws, held by `tests/tools`: in a text of the grammar every call names a tool of the set, and its
//! arguments are valid by that tool's schema; free text never contains what begins a call.
//!
//! ```
//! use serde_json::json;
//! use tokenrail::grammar::{Grammar, ToolOptions, ToolSet, ToolShape};
//! use tokenrail::schema::Options;
//!
//! let tools = json!([{"type": "function", "function": {
//!     "name": "get_time",
//!     "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
//! }}]);
//! let (tools, faults) = ToolSet::read(&tools, &Options::default())?;
//! assert!(faults.is_empty());
//! let grammar = Grammar::tools(&tools, &ToolOptions::default())?;
//!
//! let text = "Wait.\n<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"zone\": \"CET\"}}\n</tool_call>";
//! let calls = tools.calls(text, ToolShape::Hermes);
//! assert_eq!(calls[0].arguments, json!({"zone": "CET"}));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calls;
mod json;
mod parameter;
mod python;
mod set;
mod xml;

pub use calls::ToolCall;
pub use set::{Tool, ToolFault, ToolSet};

use super::draft::{Draft, most_like};
use super::rules::{Attributes, Body, TokenPattern};
use super::tags::without;
use super::{Grammar, GrammarError, Limits, Reasoning};
use crate::regex::{Count, ExprId};

/// Whether tools are called, and how calls are written.
///
/// ```
/// use tokenrail::grammar::{Calls, ToolChoice, ToolOptions, ToolShape};
///
/// let options = ToolOptions {
///     choice: ToolChoice::Required,
///     calls: Calls::Parallel,
///     shape: ToolShape::Mistral,
///     ..ToolOptions::default()
/// };
/// assert!(options.reasoning.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolOptions {
    /// Whether there are calls.
    pub choice: ToolChoice,
    /// How many there are.
    pub calls: Calls,
    /// How they are written.
    pub shape: ToolShape,
    /// What the shape's markers are, such as `<tool_call>`.
    pub markers: Markers,
    /// A section before everything else.
    pub reasoning: Option<Reasoning>,
}

/// Whether tools are called.
///
/// ```
/// use serde_json::json;
/// use tokenrail::grammar::{Grammar, ToolChoice, ToolOptions, ToolSet};
/// use tokenrail::schema::Options;
///
/// let (tools, _) = ToolSet::read(&json!([{"name": "get_time"}]), &Options::default())?;
/// let choice = ToolChoice::Named("get_tune".into());
/// let options = ToolOptions { choice, ..ToolOptions::default() };
/// let error = Grammar::tools(&tools, &options).unwrap_err();
/// assert_eq!(error.to_string(), "no tool is called \"get_tune\": did you mean \"get_time\"?");
/// # Ok::<(), tokenrail::grammar::ToolFault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ToolChoice {
    /// Free text, in which calls may stand.
    #[default]
    Auto,
    /// Free text without calls: what would begin one does not occur.
    None,
    /// Calls and nothing else, at least one.
    Required,
    /// One call of the tool with this name, and nothing else.
    Named(String),
}

/// How many calls a text may have.
///
/// ```
/// use tokenrail::grammar::Calls;
///
/// assert_eq!(Calls::default(), Calls::One);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Calls {
    /// One; the text ends behind it.
    #[default]
    One,
    /// Any number. Where a shape has a list of calls there is one list, and the text ends behind it.
    Parallel,
}

/// How calls are written. Arguments come in the order of the schema's `properties` where the
/// schema's options say so, and always where they are no JSON object.
///
/// ```
/// use tokenrail::grammar::ToolShape;
///
/// assert_eq!(ToolShape::ALL.map(ToolShape::name).len(), 6);
/// assert_eq!(ToolShape::default().name(), "hermes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ToolShape {
    /// `{"name": …, "arguments": {…}}`; parallel calls are an array of these.
    Json,
    /// `<tool_call>\n{"name": …, "arguments": {…}}\n</tool_call>`, of Hermes and Qwen.
    #[default]
    Hermes,
    /// `{"name": …, "parameters": {…}}`, of Llama 3, with or without `<|python_tag|>` before it;
    /// `; ` stands between parallel calls.
    Llama3,
    /// `[TOOL_CALLS] [{"name": …, "arguments": {…}}]`, of Mistral.
    Mistral,
    /// `[f(a=1, b="x"), g()]`, of Llama 4 and others.
    ///
    /// Arguments are given by keyword. Their values are those literals that Python and JSON write
    /// alike (numbers, strings in double quotes, lists and dictionaries of such values) and `True`,
    /// `False` and `None`, which stand alone and not within lists. So schemas have to be flat: an
    /// object with `properties`, of which the names are Python's.
    Pythonic,
    /// `<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>`, of
    /// Qwen3-Coder.
    ///
    /// A value that is no string is JSON; a string stands there as it is, and so contains none of
    /// the tags. What can be read as JSON that the schema allows is that, and else a string. Schemas
    /// have to be flat, as for [`Pythonic`](Self::Pythonic).
    XmlParameters,
}

/// What the marker of a shape is that opens or closes a call. Other parts of a shape are text.
///
/// ```
/// use tokenrail::grammar::Markers;
///
/// assert_eq!(Markers::default(), Markers::Text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Markers {
    /// Text, in whatever tokens.
    #[default]
    Text,
    /// The token with this name. A special one leaves no text, and then [`ToolSet::calls`] finds
    /// its calls only in a text that has the name in its place.
    Token,
}

impl ToolShape {
    /// All shapes.
    pub const ALL: [Self; 6] = [
        Self::Json,
        Self::Hermes,
        Self::Llama3,
        Self::Mistral,
        Self::Pythonic,
        Self::XmlParameters,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Hermes => "hermes",
            Self::Llama3 => "llama3",
            Self::Mistral => "mistral",
            Self::Pythonic => "pythonic",
            Self::XmlParameters => "xml-parameters",
        }
    }
}

impl Grammar {
    /// Makes a grammar of texts that call tools.
    ///
    /// # Errors
    /// [`GrammarError::NoTools`] where there must be a call and there is no tool,
    /// [`GrammarError::UnknownTool`] for a choice that is not in the set, [`GrammarError::Tool`] for
    /// a tool that the shape cannot call (see [`ToolSet::fitting`]), [`GrammarError::Limit`].
    ///
    /// ```
    /// use serde_json::json;
    /// use tokenrail::grammar::{Grammar, ToolOptions, ToolSet};
    /// use tokenrail::schema::Options;
    ///
    /// let (tools, _) = ToolSet::read(&json!([{"name": "get_time"}]), &Options::default())?;
    /// assert!(Grammar::tools(&tools, &ToolOptions::default()).is_ok());
    /// # Ok::<(), tokenrail::grammar::ToolFault>(())
    /// ```
    pub fn tools(set: &ToolSet, options: &ToolOptions) -> Result<Self, GrammarError> {
        let tools = called(set, &options.choice)?;
        let mut draft = Draft::new("", &Limits::default())?;
        let spelled = spelled(&mut draft, &tools, options)?;
        let body = body(&mut draft, spelled, &tools, options);
        let reasoning = options.reasoning.iter().map(|section| section.body(&mut draft));
        let mut whole = reasoning.collect::<Result<Vec<_>, _>>()?;
        whole.push(body);
        let whole = draft.sequence(whole);
        let start = draft.rule("tools", 0);
        draft.define(start, 0, whole, Attributes::default())?;
        draft.finish(start)
    }
}

/// Calls as a shape writes them.
struct Spelled {
    /// What begins a call. No text of it has its first character again: so it overlaps with nothing
    /// before it, and free text that does not contain it ends at exactly one place.
    begin: ExprId,
    /// One call with its markers, or a list of calls.
    part: Body,
    /// What stands between parts in a row; `None` where there is only one.
    between: Option<ExprId>,
}

/// The tools that may be called.
fn called<'t>(set: &'t ToolSet, choice: &ToolChoice) -> Result<Vec<&'t Tool>, GrammarError> {
    let tools = set.tools();
    match choice {
        ToolChoice::Required if tools.is_empty() => Err(GrammarError::NoTools),
        ToolChoice::Auto | ToolChoice::Required => Ok(tools.iter().collect()),
        ToolChoice::None => Ok(Vec::new()),
        ToolChoice::Named(name) => match tools.iter().find(|tool| tool.name() == name) {
            Some(tool) => Ok(vec![tool]),
            None => {
                let suggestion = most_like(name, tools.iter().map(Tool::name));
                Err(GrammarError::UnknownTool { name: name.clone(), suggestion })
            }
        },
    }
}

fn spelled(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    options: &ToolOptions,
) -> Result<Spelled, GrammarError> {
    let calls = match options.choice {
        ToolChoice::Named(_) => Calls::One,
        _ => options.calls,
    };
    match options.shape {
        ToolShape::Json => json::plain(draft, tools, calls),
        ToolShape::Hermes => json::hermes(draft, tools, options.markers),
        ToolShape::Llama3 => json::llama3(draft, tools, options.markers),
        ToolShape::Mistral => json::mistral(draft, tools, calls, options.markers),
        ToolShape::Pythonic => python::calls(draft, tools, calls),
        ToolShape::XmlParameters => xml::calls(draft, tools, options.markers),
    }
}

/// Calls and free text as they are asked for.
fn body(draft: &mut Draft<'_>, spelled: Spelled, tools: &[&Tool], options: &ToolOptions) -> Body {
    let Spelled { begin, part, between } = spelled;
    let between = between.filter(|_| options.calls == Calls::Parallel);
    let free = Body::terminal(without(draft, begin));
    let parts = match (&options.choice, between) {
        (ToolChoice::None, _) => vec![free],
        (ToolChoice::Auto, _) if tools.is_empty() => vec![free],
        (ToolChoice::Auto, None) => vec![free, draft.repeat(part, Count { min: 0, max: Some(1) })],
        (ToolChoice::Auto, Some(_)) => {
            let segment = draft.sequence(vec![free.clone(), part]);
            vec![draft.repeat(segment, Count::ANY), free]
        }
        (ToolChoice::Required, Some(between)) => row(draft, part, between),
        (ToolChoice::Required | ToolChoice::Named(_), _) => vec![part],
    };
    draft.sequence(parts)
}

/// At least one part, with something between each two.
fn row(draft: &mut Draft<'_>, part: Body, between: ExprId) -> Vec<Body> {
    let part = Body::call(draft.define_unnamed("calls", 0, part, Attributes::default()));
    let next = draft.sequence(vec![Body::terminal(between), part.clone()]);
    vec![part, draft.repeat(next, Count::ANY)]
}

/// A list of calls, without what stands around it.
fn list(draft: &mut Draft<'_>, call: Body, calls: Calls, comma: ExprId) -> Body {
    match calls {
        Calls::One => call,
        Calls::Parallel => {
            let row = row(draft, call, comma);
            draft.sequence(row)
        }
    }
}

/// A marker as text or token.
fn marker(draft: &mut Draft<'_>, name: &str, markers: Markers) -> Body {
    match markers {
        Markers::Text => literal(draft, name),
        Markers::Token => Body::Token(TokenPattern::Named(name.to_owned())),
    }
}

/// A text that stands as it is.
fn literal(draft: &mut Draft<'_>, text: &str) -> Body {
    Body::terminal(draft.exprs.literal(text.as_bytes()))
}

/// The rule of a tool's call, by which messages call it.
fn rule(draft: &mut Draft<'_>, tool: &Tool, body: Vec<Body>) -> Body {
    let body = draft.sequence(body);
    Body::call(draft.define_unnamed(tool.name(), 0, body, Attributes::default()))
}
