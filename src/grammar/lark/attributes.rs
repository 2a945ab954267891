//! The brackets behind a rule's name: `rule[lazy, capture="x"]: …`.
//!
//! | attribute | value |
//! |---|---|
//! | `lazy` | |
//! | `stop=`, `suffix=` | a string, a regular expression or a terminal; `stop=""` is none |
//! | `stop_capture=` | a string, not empty, beside `stop=` or `suffix=` |
//! | `capture`, `capture=` | a string, not empty |
//! | `max_tokens=`, `max_chars=` | a whole number |
//! | `temperature=` | a number from 0 on |
//!
//! Each stands once. What they do is told in the module above.

use super::lexer::{Case, Kind as Word};
use super::parser::{Parser, shown};
use super::syntax::{Attributes, Kind, Marker, Name, Node, is_terminal};
use crate::grammar::GrammarError;
use crate::grammar::draft::most_like;

/// All attributes.
const KNOWN: [&str; 8] =
    ["lazy", "stop", "suffix", "stop_capture", "capture", "max_tokens", "max_chars", "temperature"];

impl Parser<'_, '_> {
    /// The attributes between `[` and `]`, with commas between; one may stand behind the last.
    pub(super) fn attributes(&mut self) -> Result<Attributes, GrammarError> {
        let offset = self.offset();
        self.take_sign("[");
        let mut given: Vec<String> = Vec::new();
        let mut attributes = Attributes::default();
        while !self.take_sign("]") {
            let name = self.name("an attribute")?;
            if given.contains(&name.text) {
                let what = format!("attribute {:?} is given twice", name.text);
                return Err(self.draft.syntax(name.offset, what));
            }
            self.attribute(&name, &mut attributes)?;
            given.push(name.text);
            if !self.take_sign(",") && *self.peek() != Word::Sign("]") {
                return Err(self.expected("a , or ] behind the attribute"));
            }
        }
        let has_marker = attributes.marker.as_ref().is_some_and(|marker| marker.node.is_some());
        if attributes.stop_capture.is_some() && !has_marker {
            let what = "stop_capture has nothing to capture: there is no stop or suffix";
            return Err(self.draft.syntax(offset, what));
        }
        Ok(attributes)
    }

    /// What stands behind the name of one attribute.
    fn attribute(&mut self, name: &Name, into: &mut Attributes) -> Result<(), GrammarError> {
        match &*name.text {
            "lazy" => into.is_lazy = true,
            "capture" if *self.peek() != Word::Sign("=") => into.capture = Some(None),
            "capture" => into.capture = Some(Some(self.capture_name()?)),
            "stop_capture" => into.stop_capture = Some(self.capture_name()?),
            "stop" | "suffix" if into.marker.is_some() => {
                let what = "a rule has one marker: stop or suffix";
                return Err(self.draft.syntax(name.offset, what));
            }
            "stop" | "suffix" => into.marker = Some(self.marker(&name.text)?),
            "max_tokens" => into.max_tokens = Some(self.whole_number(&name.text)?),
            "max_chars" => into.max_chars = Some(self.whole_number(&name.text)?),
            "temperature" => into.temperature = Some(self.temperature()?),
            other => {
                let advice = match most_like(other, KNOWN.into_iter()) {
                    Some(like) => format!("did you mean {like}?"),
                    None => format!("there are {}", KNOWN.join(", ")),
                };
                let what = format!("{} is no attribute: {advice}", shown(other));
                return Err(self.draft.syntax(name.offset, what));
            }
        }
        Ok(())
    }

    /// Any text but the empty one names a capture.
    fn capture_name(&mut self) -> Result<String, GrammarError> {
        self.equals()?;
        let offset = self.offset();
        match self.take() {
            Word::Text(name, Case::Differs) if !name.is_empty() => Ok(name),
            _ => Err(self.draft.syntax(offset, "a capture's name is a string and not empty")),
        }
    }

    /// The value of `stop` or `suffix`.
    fn marker(&mut self, attribute: &str) -> Result<Marker, GrammarError> {
        self.equals()?;
        let node = self.value()?;
        let Node { offset, kind } = &node;
        match kind {
            Kind::Text(text, _) if text.is_empty() && attribute == "stop" => {
                return Ok(Marker { node: None, is_hidden: true });
            }
            Kind::Text(text, _) if text.is_empty() => {
                let what = "suffix is not to be empty: write lazy to end as soon as possible";
                return Err(self.draft.syntax(*offset, what));
            }
            Kind::Text(..) | Kind::Pattern { .. } | Kind::Range(..) | Kind::Substring(_) => {}
            Kind::Name(name, None) if is_terminal(name) => {}
            _ => {
                let what = format!("{attribute} is a string, a regular expression or a terminal");
                return Err(self.draft.syntax(*offset, what));
            }
        }
        Ok(Marker { node: Some(node), is_hidden: attribute == "stop" })
    }

    /// The value of an attribute that counts.
    fn whole_number(&mut self, attribute: &str) -> Result<u32, GrammarError> {
        self.equals()?;
        let offset = self.offset();
        self.number().and_then(|number| number.parse().ok()).ok_or_else(|| {
            let what = format!("{attribute} is a whole number from 0 to {}", u32::MAX);
            self.draft.syntax(offset, what)
        })
    }

    /// A temperature; 0 is the most likely token each time.
    fn temperature(&mut self) -> Result<f32, GrammarError> {
        self.equals()?;
        let offset = self.offset();
        let number = self.number().and_then(|number| number.parse::<f32>().ok());
        number
            .filter(|value| value.is_finite() && value.is_sign_positive())
            .ok_or_else(|| self.draft.syntax(offset, "temperature is a number from 0 on"))
    }

    /// What stands before every value.
    fn equals(&mut self) -> Result<(), GrammarError> {
        if self.take_sign("=") { Ok(()) } else { Err(self.expected("a = and a value")) }
    }
}
