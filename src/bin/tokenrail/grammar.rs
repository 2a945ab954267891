//! The grammar that flags name.

use std::path::Path;

use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::grammar::{Grammar, GrammarError};
use tokenrail::vocab::Vocabulary;

use crate::args::GrammarArgs;
use crate::exit::Failure;
use crate::input;

/// Compiles the grammar for a vocabulary.
pub(crate) fn compile(args: &GrammarArgs, vocabulary: &Vocabulary) -> Result<Constraint, Failure> {
    let (name, grammar) = match args {
        GrammarArgs { regex: Some(pattern), .. } => ("--regex".to_owned(), Grammar::regex(pattern)),
        GrammarArgs { choices: Some(path), .. } => {
            (input::name(path), Grammar::choices(&input::texts(path)?))
        }
        GrammarArgs { grammar: Some(path), .. } => (input::name(path), read(path)?),
        _ => return Err(Failure::Usage("give --regex, --choices or --grammar".to_owned())),
    };
    let constraint = grammar
        .map_err(ConstraintError::from)
        .and_then(|grammar| Constraint::new(&grammar, vocabulary));
    constraint.map_err(|error| {
        let snippet = snippet(&error);
        Failure::Grammar { name, snippet, error: Box::new(error) }
    })
}

fn read(path: &Path) -> Result<Result<Grammar, GrammarError>, Failure> {
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

/// The faulty line with a caret, for people.
fn snippet(error: &ConstraintError) -> Option<String> {
    let place = match error {
        ConstraintError::Grammar(error) => error.place(),
        ConstraintError::EmptyLanguage { place, .. } => place.as_ref(),
        _ => None,
    };
    place.filter(|place| !place.text.is_empty()).map(tokenrail::grammar::Place::snippet)
}
