//! What begins a line with `%`: `%ignore`, `%import` and options.
//!
//! ```text
//! directive = "%ignore" choice
//!           | "%import" "common" "." name ["->" name]
//!           | "%import" "common" "(" name { "," name } ")"
//!           | ("%llguidance" | "%grammar_options") object
//! ```
//!
//! They may stand anywhere between definitions, also behind what uses them.

use serde_json::Value;

use super::common;
use super::lexer::Kind as Word;
use super::parser::{Parser, shown};
use super::syntax::{Attributes, Definition, Kind, Name, Node, Options, Source};
use crate::grammar::GrammarError;
use crate::grammar::draft::most_like;

/// All options, those of both directives.
const OPTIONS: [&str; 5] =
    ["allow_initial_skip", "ignore_once", "skip_repetition", "no_forcing", "allow_invalid_utf8"];

impl Parser<'_, '_> {
    /// One directive, into the grammar that it stands in.
    pub(super) fn directive(&mut self, source: &mut Source) -> Result<(), GrammarError> {
        let offset = self.offset();
        match self.take() {
            Word::Directive("%ignore") => {
                if matches!(self.peek(), Word::Newline | Word::End | Word::Sign("}")) {
                    let what = "nothing is ignored: write a terminal behind %ignore";
                    return Err(self.draft.syntax(offset, what));
                }
                source.ignored.push(self.choice()?);
            }
            Word::Directive("%import") => self.import(&mut source.definitions)?,
            Word::Json(name @ ("%llguidance" | "%grammar_options"), value) => {
                set(&mut source.options, name, &value)
                    .map_err(|what| self.draft.unsupported(offset, what))?;
            }
            Word::Directive(name @ ("%override" | "%extend" | "%declare")) => {
                let what = format!("{name} is not supported: write the definition itself");
                return Err(self.draft.unsupported(offset, what));
            }
            word @ (Word::Directive("%if" | "%lark") | Word::Json(..) | Word::Schema(_)) => {
                let name = match word {
                    Word::Directive(name) | Word::Json(name, _) => name,
                    _ => "%json",
                };
                let what = format!("{name} stands within a rule, behind its name and a :");
                return Err(self.draft.syntax(offset, what));
            }
            Word::Directive(name) => {
                let known = ["%ignore", "%import", "%llguidance", "%grammar_options"];
                let like = most_like(name, known.into_iter());
                let advice = match like {
                    Some(like) => format!("did you mean {like}?"),
                    None => format!("there are {}", known.join(", ")),
                };
                let what = format!("{} is no directive: {advice}", shown(name));
                return Err(self.draft.syntax(offset, what));
            }
            _ => return Err(self.draft.syntax(offset, "expected a directive")),
        }
        Ok(())
    }

    /// `%import common.NAME`, perhaps `-> OTHER`, or `%import common (NAME, …)`.
    fn import(&mut self, definitions: &mut Vec<Definition>) -> Result<(), GrammarError> {
        let offset = self.offset();
        let library = match self.take_sign(".") {
            true => None,
            false => Some(self.name("the library common")?.text),
        };
        if library.as_deref() != Some("common") {
            let what = "only the library common can be imported: write other definitions here";
            return Err(self.draft.unsupported(offset, what));
        }
        if self.take_sign("(") {
            return self.group(|parser| {
                loop {
                    let name = parser.name("a name to import")?;
                    definitions.push(parser.imported(&name, name.clone())?);
                    if parser.take_sign(")") {
                        return Ok(());
                    }
                    if !parser.take_sign(",") {
                        return Err(parser.expected("a , or ) behind the name"));
                    }
                }
            });
        }
        if !self.take_sign(".") {
            return Err(self.expected("a . or a ( behind common"));
        }
        let name = self.name("a name to import")?;
        let as_name = if self.take_sign("->") { self.name("a new name")? } else { name.clone() };
        if !as_name.is_terminal() {
            let what = format!("{:?} is to name a terminal: write it in capitals", as_name.text);
            return Err(self.draft.syntax(as_name.offset, what));
        }
        definitions.push(self.imported(&name, as_name)?);
        Ok(())
    }

    /// The definition of a name of the library, as if it was written here.
    fn imported(&self, name: &Name, as_name: Name) -> Result<Definition, GrammarError> {
        let offset = name.offset;
        let pattern = common::pattern(&name.text).ok_or_else(|| {
            let advice = match most_like(&name.text, common::names()) {
                Some(like) => format!("did you mean {like}?"),
                None => format!("it has {}", common::names().collect::<Vec<_>>().join(", ")),
            };
            let what = format!("the library common has no {}: {advice}", shown(&name.text));
            self.draft.syntax(offset, what)
        })?;
        let kind = Kind::Pattern { source: pattern.to_owned(), flags: String::new() };
        Ok(Definition {
            name: as_name,
            has_parameter: false,
            attributes: Attributes::default(),
            body: Node { offset, kind },
        })
    }
}

/// Sets the options that a JSON object names; later ones replace earlier ones.
fn set(options: &mut Options, directive: &str, value: &Value) -> Result<(), String> {
    let Value::Object(entries) = value else {
        return Err(format!("the options behind {directive} are an object, as {{}}"));
    };
    for (name, value) in entries {
        match (&**name, value) {
            ("allow_initial_skip", Value::Bool(value)) => options.is_skipped_first = *value,
            ("ignore_once", Value::Bool(value)) => options.is_skipped_once = *value,
            ("skip_repetition", Value::String(value)) if value == "once" || value == "repeat" => {
                options.is_skipped_once = value == "once";
            }
            ("no_forcing" | "allow_invalid_utf8", Value::Bool(false)) => {}
            // Whether tokens are forced changes no language, and is the caller's to say.
            ("no_forcing", Value::Bool(true)) if directive == "%llguidance" => {}
            ("no_forcing", Value::Bool(true)) => {
                return Err(format!("no_forcing is not supported by {directive}: leave it out"));
            }
            ("allow_invalid_utf8", Value::Bool(true)) => {
                let what = "allow_invalid_utf8 is not supported: texts are well-formed UTF-8";
                return Err(what.to_owned());
            }
            ("skip_repetition", _) => {
                return Err("skip_repetition is \"once\" or \"repeat\"".to_owned());
            }
            (known, _) if OPTIONS.contains(&known) => {
                return Err(format!("option {known} is true or false"));
            }
            (other, _) => {
                let known = OPTIONS.join(", ");
                return Err(format!("{} is no option: there are {known}", shown(other)));
            }
        }
    }
    Ok(())
}
