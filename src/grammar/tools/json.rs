//! Calls as JSON objects: `{"name": …, "arguments": {…}}`, and what models write around them.
//!
//! The object is text around the schema of the arguments, and no schema of its own. So references in
//! a tool's schema stay as they are, tools that are not called cost a name each, and the name comes
//! first, by which the arguments are told.
//!
//! An object that begins as a call does is one: `{"name":` never occurs in free text of the shapes
//! that have no marker before it, in whatever white space, since readers look for just that.
//!
//! | shape | one call | several |
//! |---|---|---|
//! | plain | an object | an array |
//! | Hermes | an object between tags | one after the other, a line break between |
//! | Llama 3 | an object, with a marker or without | the same, with `; ` between |
//! | Mistral | an array of one behind a marker | an array behind one marker |

use super::{Calls, Markers, Spelled, Tool, list, literal, marker, rule};
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::Body;
use crate::regex::{Count, ExprId};

/// An object, or an array of objects where there may be several.
pub(super) fn plain(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    calls: Calls,
) -> Result<Spelled, GrammarError> {
    let call = call(draft, tools, "arguments")?;
    // A single call needs no list around it; a list may still have one call alone.
    let part = match calls {
        Calls::One => call,
        Calls::Parallel => array(draft, tools, calls, call)?,
    };
    Ok(Spelled { begin: begin(draft), part, between: None })
}

/// An object between tags on lines of their own.
///
/// A string within may contain the closing tag, which is no end of the object: readers that look for
/// the tag alone, and not for the end of the JSON, cut such a call short.
pub(super) fn hermes(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    markers: Markers,
) -> Result<Spelled, GrammarError> {
    const OPEN: &str = "<tool_call>";
    let call = call(draft, tools, "arguments")?;
    // One line break each, as in the template: more of them is white space that no model writes.
    let line = literal(draft, "\n");
    let parts = vec![
        marker(draft, OPEN, markers),
        line.clone(),
        call,
        line,
        marker(draft, "</tool_call>", markers),
    ];
    let begin = draft.exprs.literal(OPEN.as_bytes());
    let between = Some(draft.exprs.literal(b"\n"));
    Ok(Spelled { begin, part: draft.sequence(parts), between })
}

/// An object with `parameters`, behind a marker that may be missing: the small models of the family
/// write it rarely. Without it an object is a call all the same, and free text has no such object.
pub(super) fn llama3(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    markers: Markers,
) -> Result<Spelled, GrammarError> {
    const TAG: &str = "<|python_tag|>";
    let call = call(draft, tools, "parameters")?;
    let tag = marker(draft, TAG, markers);
    let tag = draft.repeat(tag, Count { min: 0, max: Some(1) });
    let part = draft.sequence(vec![tag, call]);
    let (begin, tag) = (begin(draft), draft.exprs.literal(TAG.as_bytes()));
    let begin = draft.exprs.or([begin, tag]);
    let between = Some(draft.exprs.literal(b"; "));
    Ok(Spelled { begin, part, between })
}

/// An array of objects behind a marker. Templates put a space between, and models leave it out.
pub(super) fn mistral(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    calls: Calls,
    markers: Markers,
) -> Result<Spelled, GrammarError> {
    const OPEN: &str = "[TOOL_CALLS]";
    let call = call(draft, tools, "arguments")?;
    let array = array(draft, tools, calls, call)?;
    let space = literal(draft, " ");
    let space = draft.repeat(space, Count { min: 0, max: Some(1) });
    let parts = vec![marker(draft, OPEN, markers), space, array];
    let begin = draft.exprs.literal(OPEN.as_bytes());
    Ok(Spelled { begin, part: draft.sequence(parts), between: None })
}

/// Calls between brackets, and no empty list: a marker behind which nothing is called is no call.
fn array(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    calls: Calls,
    call: Body,
) -> Result<Body, GrammarError> {
    // Brackets belong to no tool, and their white space is that of the first tool's schema.
    // White space is an option of schemas, and those of a set have equal options.
    let space = match tools.first() {
        Some(tool) => space(draft, tool)?,
        None => ExprId::EMPTY,
    };
    let mut spaced = |text: &str| spaced(draft, space, &[text]);
    let (open, comma, close) = (spaced("["), spaced(","), spaced("]"));
    let open = draft.exprs.concat([open, space]);
    let comma = draft.exprs.concat([space, comma, space]);
    let close = draft.exprs.concat([space, close]);
    let list = list(draft, call, calls, comma);
    Ok(draft.sequence(vec![Body::terminal(open), list, Body::terminal(close)]))
}

/// The object of a call of any tool. White space stands where the schema's options let it, which
/// say nothing of what is before and behind a whole value.
fn call(draft: &mut Draft<'_>, tools: &[&Tool], key: &str) -> Result<Body, GrammarError> {
    let (name_key, key) = ("\"name\"", format!("\"{key}\""));
    let mut choices = Vec::with_capacity(tools.len());
    for tool in tools {
        let space = space(draft, tool)?;
        // Names have only characters that JSON writes as they are, and end with the quote: so a name
        // that begins another is told from it there.
        let name = format!("\"{}\"", tool.name());
        let head = spaced(draft, space, &["{", name_key, ":", &name, ",", &key, ":"]);
        let head = draft.exprs.concat([head, space]);
        let close = spaced(draft, space, &["}"]);
        let close = draft.exprs.concat([space, close]);
        let body =
            vec![Body::terminal(head), Body::Schema(tool.schema().clone()), Body::terminal(close)];
        choices.push(rule(draft, tool, body));
    }
    Ok(draft.choice(choices))
}

/// Tokens of JSON with white space between them, and none before the first and behind the last.
fn spaced(draft: &mut Draft<'_>, space: ExprId, tokens: &[&str]) -> ExprId {
    let mut parts = Vec::with_capacity(2 * tokens.len());
    for token in tokens {
        if !parts.is_empty() {
            parts.push(space);
        }
        parts.push(draft.exprs.literal(token.as_bytes()));
    }
    draft.exprs.concat(parts)
}

/// The language of the white space in a tool's calls.
fn space(draft: &mut Draft<'_>, tool: &Tool) -> Result<ExprId, GrammarError> {
    let space = tool.schema().white_space(&mut draft.exprs);
    space.map_err(|error| tool.fault(error.to_string()).into())
}

/// What begins an object that could be a call, in whatever white space. A key that is escaped
/// (`"n\u0061me"`) begins none: no reader that looks for calls in text finds it.
fn begin(draft: &mut Draft<'_>) -> ExprId {
    let space = draft.exprs.byte(b" \t\n\r".iter().copied().collect());
    let space = draft.exprs.repeat(space, Count::ANY);
    spaced(draft, space, &["{", "\"name\"", ":"])
}
