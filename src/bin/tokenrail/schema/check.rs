//! `tokenrail schema check`: what of a schema is enforced, and whether any value conforms.
//!
//! The report comes from reading the schema; whether there is a value, and which is the shortest, from
//! compiling it for a vocabulary of single bytes, as a model of any vocabulary would be constrained.

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError, Size};
use tokenrail::grammar::Grammar;
use tokenrail::report::escape;
use tokenrail::schema::{Enforcement, Entry, Options, Report, Schema, WhiteSpace, conflict};

use super::args::SchemaCheckArgs;
use super::example::shortest;
use super::source::{Source, inexact};
use crate::exit::Failure;
use crate::{grammar, output};

/// The kinds of entries, best first.
const KINDS: [Enforcement; 5] = [
    Enforcement::Exact,
    Enforcement::Annotation,
    Enforcement::Under,
    Enforcement::Over,
    Enforcement::Refused,
];

/// Checks a schema, whose values are written without white space; fails where something is not enforced exactly, or no value conforms.
pub(super) fn run(args: &SchemaCheckArgs) -> Result<(), Failure> {
    let options = Options { white_space: WhiteSpace::Compact, ..args.reading.options() };
    let source = Source::read(&args.file, &options)?;
    let found = Found::new(&source)?;
    match args.json {
        true => output::print_json(&found.to_json(&source.schema))?,
        false => output::print(&found.lines(&source.schema, args))?,
    }
    if let Found::NoValue { .. } = found {
        return Err(grammar::schema_fault(
            &source.name,
            ConstraintError::EmptySchema { place: None },
        ));
    }
    match source.schema.report().worst() > Enforcement::Exact {
        true => Err(Failure::Refused),
        false => Ok(()),
    }
}

/// What is found out beyond the report.
enum Found {
    /// Values conform. The text of the shortest that is let through, where it is short enough to be
    /// shown, and whether it conforms; what was made to find it.
    Values { example: Option<String>, conforms: bool, size: Size },
    /// None does, for these keywords contradict each other.
    NoValue { conflict: Vec<String> },
}

impl Found {
    /// Compiles a schema, and looks for a value, or for the reason that there is none. A limit that is
    /// passed here would be passed in generating too, so it is a fault of the schema.
    ///
    /// Compiling tells whether there is a value at all, since a constraint without one is refused.
    fn new(source: &Source) -> Result<Self, Failure> {
        match compile(&source.schema) {
            Ok(constraint) => {
                let example = shortest(&constraint);
                let example =
                    example.map_err(|error| grammar::schema_fault(&source.name, error))?;
                let violations = example.as_ref().and_then(|text| source.judge().violations(text));
                let conforms = violations.is_none_or(|violations| violations.is_empty());
                Ok(Self::Values { example, conforms, size: constraint.size() })
            }
            Err(ConstraintError::EmptySchema { .. }) => {
                Ok(Self::NoValue { conflict: contradiction(source) })
            }
            Err(error) => Err(grammar::schema_fault(&source.name, error)),
        }
    }

    /// The answer for programs: the report, what is counted in it, and the value or the contradiction.
    fn to_json(&self, schema: &Schema) -> Value {
        let report = schema.report();
        let mut answer = report.to_json();
        let counts = KINDS.map(|kind| (kind.to_string(), json!(report.count(kind))));
        answer["counts"] = counts.into_iter().collect();
        answer["schemas"] = json!(schema.count());
        match self {
            Self::Values { example, conforms, size } => {
                answer["satisfiable"] = json!(true);
                let Size { shapes, expressions, states, bytes } = size;
                answer["size"] = json!({
                    "shapes": shapes, "expressions": expressions, "states": states, "bytes": bytes
                });
                if let Some(example) = example.as_ref().filter(|_| *conforms) {
                    answer["example"] = json!(example);
                }
            }
            Self::NoValue { conflict } => {
                answer["satisfiable"] = json!(false);
                answer["conflict"] = json!(conflict);
            }
        }
        answer
    }

    /// The report for people: figures, what is not exact, and a value.
    ///
    /// A report without figures above would not tell whether nothing is wrong or nothing was read.
    fn lines(&self, schema: &Schema, args: &SchemaCheckArgs) -> String {
        let report = schema.report();
        let mut lines = vec![figures(report, schema.count())];
        match args.all {
            true => lines.extend(report.entries.iter().map(line)),
            false => lines.extend(inexact(schema).map(line)),
        }
        match self {
            Self::Values { example, conforms, size } => {
                lines.push(match example {
                    Some(example) => {
                        let end = if *conforms { "" } else { ", which does not conform" };
                        format!("shortest value: {}{end}", escape(example))
                    }
                    None => "the shortest value is long".to_owned(),
                });
                lines.push(sizes(size));
            }
            Self::NoValue { conflict } if conflict.is_empty() => {
                lines.push("no value conforms".to_owned());
            }
            Self::NoValue { conflict } => {
                lines.push("no value conforms, for these contradict each other:".to_owned());
                lines.extend(conflict.iter().map(|pointer| format!("  {}", escape(pointer))));
            }
        }
        lines.join("\n") + "\n"
    }
}

/// How much there is, and how well it is enforced. Kinds that no keyword is of are left out.
fn figures(report: &Report, schemas: usize) -> String {
    let counted = KINDS.map(|kind| (kind, report.count(kind)));
    let counted = counted.iter().filter(|(_, count)| *count > 0);
    let counted: Vec<String> = counted.map(|(kind, count)| format!("{count} {kind}")).collect();
    let keywords = report.entries.len();
    let kinds =
        if counted.is_empty() { String::new() } else { format!(": {}", counted.join(", ")) };
    format!("{}, schemas: {schemas}, keywords: {keywords}{kinds}", report.draft)
}

/// What the schema costs: what was made to find the shortest value of it. More is made as texts need it.
fn sizes(size: &Size) -> String {
    let Size { shapes, expressions, states, bytes } = size;
    let kilobytes = bytes.div_ceil(1_000);
    format!("size: {shapes} shapes, {expressions} expressions, {states} states, {kilobytes} kB")
}

/// A keyword in a line.
///
/// Escaped, as names of members may have any character, those that move a cursor among them.
fn line(entry: &Entry) -> String {
    let reason = entry.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    escape(&format!("{} {}{reason}", entry.enforcement, entry.pointer))
}

/// The constraint of a schema alone.
///
/// Over single bytes, so that what is found holds of any vocabulary that can write every text.
fn compile(schema: &Schema) -> Result<Constraint, ConstraintError> {
    Constraint::new(&Grammar::schema(schema), &grammar::every_byte())
}

/// A few keywords that no value conforms to together; none where the schema's text has numbers that
/// cannot be taken apart.
fn contradiction(source: &Source) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(&source.text) else {
        return Vec::new();
    };
    let options = source.schema.options();
    let entries = source.schema.report().entries.iter();
    // Keywords of other documents have an address before the pointer, and stay.
    let own = entries.filter(|entry| entry.pointer.starts_with('/'));
    let keywords: Vec<String> = own.map(|entry| entry.pointer.clone()).collect();
    // What cannot be read without a keyword, as a reference without its target, needs it.
    conflict(&value, &keywords, &mut |schema| {
        let compiled = Schema::new(schema, options).map(|schema| compile(&schema));
        !matches!(compiled, Ok(Err(ConstraintError::EmptySchema { .. })))
    })
}
