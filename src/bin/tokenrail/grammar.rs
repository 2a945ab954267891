//! The grammar that flags name.

use std::path::Path;

use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::grammar::{Grammar, GrammarError, Place};
use tokenrail::report::caret;
use tokenrail::schema::Options;
use tokenrail::vocab::Vocabulary;

use crate::args::{AnyValue, GrammarArgs};
use crate::exit::Failure;
use crate::schema::{Source, note};
use crate::{input, output};

/// A grammar, and what messages call it.
#[derive(Debug)]
pub(crate) struct Named {
    name: String,
    grammar: Grammar,
    /// The schema that it was made of.
    pub(crate) schema: Option<Source>,
}

/// Reads the grammar. All of its faults are found here, before a model is opened, but that a
/// vocabulary lacks what it needs.
pub(crate) fn read(args: &GrammarArgs, options: &Options) -> Result<Named, Failure> {
    let (name, grammar) = match args {
        GrammarArgs { schema: Some(path), .. } => {
            return read_schema(Source::read(path, options)?);
        }
        GrammarArgs { any: Some(any), .. } => {
            let text = match any {
                AnyValue::Json => "true",
                AnyValue::JsonObject => r#"{"type": "object"}"#,
            };
            let source = Source::parse("--type".to_owned(), text.to_owned(), options)?;
            return read_schema(source);
        }
        GrammarArgs { regex: Some(pattern), .. } => ("--regex".to_owned(), Grammar::regex(pattern)),
        GrammarArgs { choices: Some(path), .. } => {
            (input::name(path), Grammar::choices(&input::texts(path)?))
        }
        GrammarArgs { grammar: Some(path), .. } => (input::name(path), read_file(path)?),
        _ => {
            return Err(Failure::Usage(
                "give --regex, --choices, --grammar, --schema or --type".to_owned(),
            ));
        }
    };
    named(name, grammar)
}

/// Takes a grammar that was read, by what messages call it.
pub(crate) fn named(
    name: String,
    grammar: Result<Grammar, GrammarError>,
) -> Result<Named, Failure> {
    match grammar {
        Err(error) => Err(fault(&name, error.into())),
        Ok(grammar) => {
            let named = Named { name, grammar, schema: None };
            if !named.grammar.names_tokens() {
                named.compile(&every_byte())?;
            }
            Ok(named)
        }
    }
}

/// What a grammar for texts needs to know of tokens: that every byte can be written.
pub(crate) fn every_byte() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

impl Named {
    /// Refuses a grammar that names tokens: a text alone has none.
    pub(crate) fn check_tokenless(&self) -> Result<(), Failure> {
        if !self.grammar.names_tokens() {
            return Ok(());
        }
        let place = self.grammar.first_token();
        let (at, lines) = match place {
            Some(place) => (format!(" ({place})"), shown(place).map(|lines| format!("\n{lines}"))),
            None => (String::new(), None),
        };
        Err(Failure::Usage(format!(
            "{}: the grammar names tokens{at}, which only a model has: --tokens checks the text as \
             the model's tokens{}",
            self.name,
            lines.unwrap_or_default()
        )))
    }

    /// Compiles it for a vocabulary.
    pub(crate) fn compile(&self, vocabulary: &Vocabulary) -> Result<Constraint, Failure> {
        let fault = if self.schema.is_some() { schema_fault } else { fault };
        Constraint::new(&self.grammar, vocabulary).map_err(|error| fault(&self.name, error))
    }
}

/// The grammar of a schema. What of it is not enforced exactly is said.
fn read_schema(source: Source) -> Result<Named, Failure> {
    let grammar = Grammar::schema(&source.schema);
    let named = Named { name: source.name.clone(), grammar, schema: Some(source) };
    named.compile(&every_byte())?;
    if let Some(note) = named.schema.as_ref().and_then(|source| note(&source.schema)) {
        output::say(&note);
    }
    Ok(named)
}

/// Reads a grammar file in the notation that its name tells.
fn read_file(path: &Path) -> Result<Result<Grammar, GrammarError>, Failure> {
    let front_end: fn(&str) -> Result<Grammar, GrammarError> =
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gbnf" | "ebnf") => Grammar::gbnf,
            Some("lark") => Grammar::lark,
            _ => {
                return Err(Failure::Usage(format!(
                    "{}: the notation is told by the file's name: end it in .gbnf, .ebnf or .lark",
                    path.display()
                )));
            }
        };
    Ok(front_end(&input::read(path)?))
}

/// A fault of the grammar as it is shown, with its name and the line that it is in.
pub(crate) fn fault(name: &str, error: ConstraintError) -> Failure {
    Failure::Grammar { name: name.to_owned(), snippet: snippet(&error), error: Box::new(error) }
}

/// A fault of a schema, whose kind is told by the exit code.
pub(crate) fn schema_fault(name: &str, error: ConstraintError) -> Failure {
    Failure::Schema { name: name.to_owned(), snippet: snippet(&error), error: Box::new(error) }
}

/// The faulty line with a caret, for people.
fn snippet(error: &ConstraintError) -> Option<String> {
    let place = match error {
        ConstraintError::Grammar(error) => error.place(),
        ConstraintError::EmptyLanguage { place, .. }
        | ConstraintError::UnknownToken { place, .. } => place.as_ref(),
        _ => None,
    };
    place.and_then(shown)
}

/// A line with a caret, if it is known.
fn shown(place: &Place) -> Option<String> {
    let place = Some(place).filter(|place| !place.text.is_empty()).map(Place::snippet)?;
    // What is written out is wider than what stands in the file, and so is a wide character.
    let (line, indent) = place.rsplit_once('\n')?;
    let column = indent.chars().count().saturating_sub(1);
    let offset = line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset);
    Some(caret(line, offset))
}
