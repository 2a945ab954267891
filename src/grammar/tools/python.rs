//! Calls as Python writes them: `[f(a=1, b="x"), g()]`.
//!
//! A reader parses the list as a literal of Python and evaluates nothing. What stands for a value is
//! a literal that means the same in JSON, or one of the three words in which they differ. Strings
//! have double quotes and the fewest escapes: `\/` and halves of surrogate pairs mean other things
//! in Python (its language reference, 2.4.1.1).
//!
//! Arguments come in the order of the schema, by keyword: positions would say nothing of which of
//! the optional ones are there.

use super::parameter::{Parameter, Values, Written, parameters};
use super::{Calls, Spelled, Tool, list, literal, rule};
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Attributes, Body};
use crate::regex::Count;

/// A list of calls, one or more: a list of none is no call.
pub(super) fn calls(
    draft: &mut Draft<'_>,
    tools: &[&Tool],
    calls: Calls,
) -> Result<Spelled, GrammarError> {
    let mut choices = Vec::with_capacity(tools.len());
    for tool in tools {
        let body = call(draft, tool).map_err(|reason| tool.fault(reason))?;
        choices.push(rule(draft, tool, body));
    }
    let call = draft.choice(choices);
    let comma = comma(draft);
    let list = list(draft, call, calls, comma);
    let parts = vec![literal(draft, "["), list, literal(draft, "]")];
    // A bracket alone begins much else, so a call begins with the name of a tool.
    let begins: Vec<String> = tools.iter().map(|tool| format!("[{}(", tool.name())).collect();
    let begins: Vec<&[u8]> = begins.iter().map(String::as_bytes).collect();
    let begin = draft.exprs.literals(&begins);
    Ok(Spelled { begin, part: draft.sequence(parts), between: None })
}

/// Refuses a name that a parser of Python does not take for one. Letters beyond ASCII would be names
/// too, but parsers fold some of them into others (2.3 of the reference).
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if begins && goes_on && !KEYWORDS.contains(&name) {
        return Ok(());
    }
    Err(format!("{name:?} is no name in Python: use letters, digits and \"_\", and no keyword"))
}

/// What names cannot be (Python's language reference, 2.3.1).
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// A comma, with or without a space behind it; Python takes more white space, and models write one
/// space or none.
fn comma(draft: &mut Draft<'_>) -> crate::regex::ExprId {
    let space = draft.exprs.literal(b" ");
    let space = draft.exprs.repeat(space, Count { min: 0, max: Some(1) });
    let comma = draft.exprs.literal(b",");
    draft.exprs.concat([comma, space])
}

/// A call, as parts in a row.
///
/// # Errors
/// Why Python cannot write it, in words.
fn call(draft: &mut Draft<'_>, tool: &Tool) -> Result<Vec<Body>, String> {
    // Modules' functions are called by names with dots.
    tool.name().split('.').try_for_each(check_name)?;
    let parameters = parameters(draft, tool, Written::Literals)?;
    parameters.iter().try_for_each(|parameter| check_name(&parameter.name))?;
    let head = literal(draft, &format!("{}(", tool.name()));
    Ok(vec![head, arguments(draft, tool, &parameters), literal(draft, ")")])
}

/// Arguments with commas between them. Two rows of rules, made from the end: what may follow before
/// the first argument that is written, and what may follow behind one.
fn arguments(draft: &mut Draft<'_>, tool: &Tool, parameters: &[Parameter]) -> Body {
    let comma = Body::terminal(comma(draft));
    let (mut before, mut behind) = (Body::EMPTY, Body::EMPTY);
    for parameter in parameters.iter().rev() {
        let argument = argument(draft, parameter);
        let with = |draft: &mut Draft<'_>, parts: Vec<Body>, without: &Body| {
            let written = draft.sequence(parts);
            let body = match parameter.is_required {
                true => written,
                false => draft.choice(vec![written, without.clone()]),
            };
            Body::call(draft.define_unnamed(tool.name(), 0, body, Attributes::default()))
        };
        before = with(draft, vec![argument.clone(), behind.clone()], &before);
        behind = with(draft, vec![comma.clone(), argument, behind.clone()], &behind);
    }
    before
}

/// `key=value`, as a rule, which messages call by the key.
fn argument(draft: &mut Draft<'_>, parameter: &Parameter) -> Body {
    // No space around the sign, as Python's style guide has it and models write it.
    let key = literal(draft, &format!("{}=", parameter.name));
    let value = value(draft, &parameter.values);
    let body = draft.sequence(vec![key, value]);
    Body::call(draft.define_unnamed(&parameter.name, 0, body, Attributes::default()))
}

/// The literals of a value.
fn value(draft: &mut Draft<'_>, values: &Values) -> Body {
    let words =
        [("None", values.null), ("False", values.booleans[0]), ("True", values.booleans[1])];
    let words = words.iter().filter(|(_, is_allowed)| *is_allowed);
    let mut choices: Vec<Body> = words.map(|(word, _)| literal(draft, word)).collect();
    choices.extend(values.json.clone().map(Body::Schema));
    draft.choice(choices)
}
