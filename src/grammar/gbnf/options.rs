//! What stands in brackets behind a rule's name.
//!
//! | option | is |
//! |---|---|
//! | `lazy` | the rule ends as soon as it may |
//! | `max_tokens=n`, `max_chars=n` | it ends at the latest after so many tokens or characters |
//! | `suffix="text"` | it ends at the text, which is no part of its capture |
//! | `stop="text"` | it ends at the text, which is no part of any capture |
//! | `capture`, `capture="name"` | its text is captured, by the rule's name or another |
//! | `stop_capture="name"` | what ended it is captured |
//! | `temperature=t` | its text is sampled so |

use super::scan::{Scanner, Text};
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;

/// The options of a rule.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Whether there are any.
    pub(super) is_given: bool,
    /// Whether the rule ends as soon as it may.
    pub(super) is_lazy: bool,
    pub(super) max_tokens: Option<u32>,
    pub(super) max_chars: Option<u32>,
    pub(super) temperature: Option<f32>,
    /// What the captures call the rule's text; empty for its own name.
    pub(super) capture: Option<String>,
    pub(super) marker: Option<MarkerText>,
    /// What the captures call the marker.
    pub(super) stop_capture: Option<String>,
    /// The byte behind the bracket that opens them.
    pub(super) offset: usize,
}

/// A text that ends a rule.
#[derive(Debug)]
pub(super) struct MarkerText {
    pub(super) text: String,
    /// `stop` hides it from all captures, `suffix` from the rule's own.
    pub(super) is_hidden: bool,
}

impl Options {
    /// Reads the options up to their `]`.
    pub(super) fn read(mut scan: Scanner<'_>, draft: &Draft<'_>) -> Result<Self, GrammarError> {
        let mut options = Self { is_given: true, offset: scan.at, ..Self::default() };
        let mut seen = Vec::new();
        loop {
            scan.skip_space();
            let offset = scan.at;
            let name = scan.name().unwrap_or_default();
            if seen.contains(&name) {
                return Err(draft.syntax(offset, format!("option {name} is given twice")));
            }
            seen.push(name);
            scan.skip_space();
            let has_value = scan.eat("=");
            scan.skip_space();
            match (name, has_value) {
                ("lazy", false) => options.is_lazy = true,
                ("capture", false) => options.capture = Some(String::new()),
                ("max_tokens", true) => options.max_tokens = Some(scan.number(draft)?),
                ("max_chars", true) => options.max_chars = Some(scan.number(draft)?),
                ("temperature", true) => options.temperature = Some(temperature(&mut scan, draft)?),
                ("capture", true) => options.capture = Some(text(&mut scan, draft)?.value),
                ("stop_capture", true) => {
                    options.stop_capture = Some(text(&mut scan, draft)?.value)
                }
                ("suffix" | "stop", true) if options.marker.is_none() => {
                    let text = text(&mut scan, draft)?.value;
                    options.marker = Some(MarkerText { text, is_hidden: name == "stop" });
                }
                _ => return Err(unknown(name, offset, draft)),
            }
            scan.skip_space();
            if scan.eat("]") {
                return Ok(options);
            }
            if !scan.eat(",") {
                return Err(draft.syntax(scan.at, "options are separated by commas"));
            }
        }
    }
}

/// A string that is not empty.
fn text(scan: &mut Scanner<'_>, draft: &Draft<'_>) -> Result<Text, GrammarError> {
    let offset = scan.at;
    let what = "the option needs a string that is not empty: write option=\"text\"";
    if scan.peek() != Some('"') {
        return Err(draft.syntax(offset, what));
    }
    let text = scan.text(draft)?;
    if text.value.is_empty() { Err(draft.syntax(offset, what)) } else { Ok(text) }
}

/// A number that is not negative.
fn temperature(scan: &mut Scanner<'_>, draft: &Draft<'_>) -> Result<f32, GrammarError> {
    let (offset, rest) = (scan.at, scan.rest());
    let end = rest.find([',', ']', ' ', '\t']).unwrap_or(rest.len());
    scan.at += end;
    let number = rest[..end].parse::<f32>().ok();
    number.filter(|number| number.is_finite() && *number >= 0.0).ok_or_else(|| {
        let what = format!("temperature {:.20} is no number: write one from 0.0", &rest[..end]);
        draft.syntax(offset, what)
    })
}

/// What names no option, or one with a value too many or too few.
fn unknown(name: &str, offset: usize, draft: &Draft<'_>) -> GrammarError {
    let what = format!(
        "{name:?} is no option of a rule: write lazy, max_tokens=n, max_chars=n, temperature=t, \
         capture, capture=\"name\", suffix=\"text\", stop=\"text\" or stop_capture=\"name\""
    );
    draft.syntax(offset, what)
}
