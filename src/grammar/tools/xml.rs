//! Calls with their parameters between tags.
//!
//! What stands between tags is not escaped, and nothing in it tells a string from another value. So
//! the language of an argument is that of its JSON values, and beside it that of its strings as they
//! are; a text that is in both is read as JSON, which is valid by the schema too.
//!
//! Parameters come in the order of the schema. Readers take any order, but the order is what keeps
//! one from being given twice, at no cost of states.

use super::parameter::{Parameter, Written, parameters};
use super::{Markers, Spelled, Tool, literal, marker, rule};
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Attributes, Body};
use crate::grammar::tags::without;
use crate::regex::Count;

/// Texts that a string between tags does not contain, so that every reader finds its end.
const TAGS: [&[u8]; 4] = [b"</parameter>", b"<parameter=", b"</function>", b"</tool_call>"];

/// Functions, each between tags of its own.
///
/// Only the outer tags are markers, which a vocabulary may have as tokens: the inner ones contain
/// names and are text.
pub(super) fn calls(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    markers: Markers,
) -> Result<Spelled, GrammarError> {
    const OPEN: &str = "<tool_call>";
    let mut choices = Vec::with_capacity(tools.len());
    for tool in tools {
        let body = function(draft, tool).map_err(|reason| tool.fault(reason))?;
        choices.push(rule(draft, tool, body));
    }
    let line = literal(draft, "\n");
    let parts = vec![
        marker(draft, OPEN, markers),
        line.clone(),
        draft.choice(choices),
        line,
        marker(draft, "</tool_call>", markers),
    ];
    let begin = draft.exprs.literal(OPEN.as_bytes());
    let between = Some(draft.exprs.literal(b"\n"));
    Ok(Spelled { begin, part: draft.sequence(parts), between })
}

/// A function between its tags, as parts in a row. The tags end their lines as in the template that
/// models were trained with.
fn function(draft: &mut Draft<'_>, tool: &Tool) -> Result<Vec<Body>, String> {
    let parameters = parameters(draft, tool, Written::ExceptStrings)?;
    let mut parts = vec![literal(draft, &format!("<function={}>\n", tool.name()))];
    for parameter in &parameters {
        let name = &parameter.name;
        if name.is_empty() || name.contains(['<', '>', '\n']) {
            return Err(format!(
                "{name:?} cannot stand in a tag: use a name without \"<\" and \">\""
            ));
        }
        let written = between_tags(draft, parameter);
        let min = u32::from(parameter.is_required);
        parts.push(draft.repeat(written, Count { min, max: Some(1) }));
    }
    parts.push(literal(draft, "</function>"));
    Ok(parts)
}

/// A parameter, as a rule. One line break behind its tag and one before the next are markup, so a
/// string may begin and end with line breaks of its own.
fn between_tags(draft: &mut Draft<'_>, parameter: &Parameter) -> Body {
    // An end within a string would be taken for the end: the string is not written with it.
    let tags = draft.exprs.literals(&TAGS);
    let tagless = without(draft, tags);
    // An enumeration or a pattern holds here too: the language is that of the schema's strings.
    let strings = draft.exprs.and([parameter.values.strings, tagless]);
    let mut choices = vec![Body::terminal(strings)];
    choices.extend(parameter.values.json.clone().map(Body::Schema));
    let parts = vec![
        literal(draft, &format!("<parameter={}>\n", parameter.name)),
        draft.choice(choices),
        literal(draft, "\n</parameter>\n"),
    ];
    let body = draft.sequence(parts);
    Body::call(draft.define_unnamed(&parameter.name, 0, body, Attributes::default()))
}
