//! `tokenrail check`: does a text match, and if not, where and why.

use std::path::Path;

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, Explanation};
use tokenrail::grammar::Place;
use tokenrail::model::LanguageModel;
use tokenrail::report::{Cell, Column, Cut, Table};
use tokenrail::vocab::Vocabulary;

use crate::args::CheckArgs;
use crate::exit::Failure;
use crate::{grammar, input, model, output};

pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    if args.tokens {
        return check_tokens(args);
    }
    let constraint = grammar::compile(&args.grammar, &every_byte())?;
    let refused = match &args.lines {
        Some(path) => check_lines(&constraint, path)?,
        None => check_text(&constraint, args)?,
    };
    if refused > 0 { Err(Failure::Refused) } else { Ok(()) }
}

/// What a grammar for texts needs to know of tokens: that every byte can be written.
fn every_byte() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    Vocabulary::new(bytes.chunks(1), ["<end>"])
}

fn text(args: &CheckArgs) -> Result<String, Failure> {
    match args.text.as_deref() {
        Some("-") => input::read(Path::new("-")),
        text => Ok(text.unwrap_or("").to_owned()),
    }
}

/// Judges the one text, as the flags ask to see it; gives the number of refused texts.
fn check_text(constraint: &Constraint, args: &CheckArgs) -> Result<usize, Failure> {
    let text = text(args)?;
    let explanation = constraint.matcher().explain_bytes(text.as_bytes())?;
    let refused = usize::from(explanation.is_some());
    if args.json {
        output::print_json(&answer(explanation.as_ref()))?;
        return Ok(refused);
    }
    match explanation {
        None => output::print("accepted\n")?,
        Some(explanation) => {
            let place = Place::at(&text, explanation.offset);
            output::print(&format!("refused {explanation}\n{}\n", place.snippet()))?;
        }
    }
    Ok(refused)
}

/// Judges every line of a file, with an answer each; gives the number of refused texts.
fn check_lines(constraint: &Constraint, path: &Path) -> Result<usize, Failure> {
    let text = input::read(path)?;
    let mut refused = 0;
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let fault =
            |what: String| Failure::Usage(format!("{} line {line}: {what}", input::name(path)));
        let value: Value =
            serde_json::from_str(text).map_err(|error| fault(input::json_fault(&error)))?;
        let Some(text) = value.as_str() else {
            return Err(fault("it is JSON, but not a string".to_owned()));
        };
        let explanation = constraint.matcher().explain_bytes(text.as_bytes())?;
        refused += usize::from(explanation.is_some());
        output::print_json(&answer(explanation.as_ref()))?;
    }
    Ok(refused)
}

fn answer(explanation: Option<&Explanation>) -> Value {
    match explanation {
        None => json!({"accepted": true}),
        Some(explanation) => json!({
            "accepted": false,
            "offset": explanation.offset,
            "reason": explanation.to_string(),
        }),
    }
}

/// The text as the model's tokens, up to the first that may not come.
fn check_tokens(args: &CheckArgs) -> Result<(), Failure> {
    let model = model::open(&args.model)?;
    let vocabulary = model.tokenizer().vocabulary();
    let constraint = grammar::compile(&args.grammar, vocabulary)?;
    let mut matcher = constraint.matcher();
    let mut table = Table::new([
        Column::right("id"),
        Column::left("token").at_most(24, Cut::Middle),
        Column::right("legal tokens"),
        Column::left("").at_most(100, Cut::End),
    ]);
    let mut refusal = None;
    for id in model.tokenizer().encode(&text(args)?)? {
        let legal = matcher.mask()?.count();
        refusal = matcher.explain(id)?;
        let verdict = refusal.as_ref().map_or("ok".to_owned(), Explanation::to_string);
        let piece = vocabulary.piece(id).into_owned();
        table.push([id.to_string(), piece, legal.to_string(), verdict].map(Cell::plain));
        if !matcher.advance(id)? {
            break;
        }
    }
    let is_accepted = refusal.is_none() && matcher.is_accepting()?;
    let end = match (&refusal, is_accepted) {
        (Some(_), _) => "refused",
        (None, true) => "accepted",
        (None, false) => "refused: the text ends too early",
    };
    output::print(&format!("{}{end}\n", table.render(output::colour())))?;
    if is_accepted { Ok(()) } else { Err(Failure::Refused) }
}
