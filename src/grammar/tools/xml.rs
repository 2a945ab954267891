//! Calls with their parameters between tags.

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

/// A parameter, as a rule.
fn between_tags(draft: &mut Draft<'_>, parameter: &Parameter) -> Body {
    let tags = draft.exprs.literals(&TAGS);
    let tagless = without(draft, tags);
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
