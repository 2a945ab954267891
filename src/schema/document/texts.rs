//! `minLength`, `maxLength`, `pattern` and `format`.
//!
//! Each is a language of decoded texts, and a schema keeps the intersection of all it has.
//! Languages are made once for a document, however often a pattern or format stands in it.

use super::super::error::SchemaError;
use super::super::format::{self, Exactness};
use super::super::json::Json;
use super::super::options::UnknownFormats;
use super::super::report::Enforcement;
use super::super::text::length_between;
use super::reader::{Outcome, Reader, Reading};
use crate::regex::{ExprId, PatternErrorKind, PatternLimits, Syntax, parse_search};

/// Reads `minLength` and `maxLength`, which count characters, not bytes and not UTF-16 units.
pub(super) fn length(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    // A bound that is longer than any text asserts nothing, or allows nothing.
    let count = reader.count(keyword, value)?;
    let (min, max) = if keyword == "minLength" { (count, None) } else { (0, Some(count)) };
    let language = length_between(&mut reader.loader.exprs, min, max);
    reader.restrict_string(language);
    Ok(Outcome::exact())
}

/// Reads `pattern`: texts in which a regular expression of ECMA-262 occurs, anywhere unless it is
/// anchored.
pub(super) fn pattern(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::String(pattern) = value else {
        return Err(reader.wrong(keyword, value, "a regular expression, as a string"));
    };
    match occurrences(reader, (keyword, None), pattern)? {
        Ok(language) => reader.restrict_string(language),
        Err(reason) => return Ok(Outcome::refused(reason)),
    }
    Ok(Outcome::exact())
}

/// Reads `format`.
///
/// Known formats are asserted in every draft, also in those that leave it to the implementation:
/// what a model writes should be what it is called. The language is kept apart from the others
/// until the schema is read, as a policy may leave it out.
pub(super) fn format(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let Json::String(name) = value else {
        return Err(reader.wrong(keyword, value, "the name of a format, as a string"));
    };
    let loader = &mut *reader.loader;
    let known = match loader.formats.get(&**name) {
        Some(known) => *known,
        None => {
            let known = format::language(&mut loader.exprs, name);
            loader.formats.insert(name.to_string(), known);
            known
        }
    };
    // Formats of other makers, such as `int32`, describe values that other keywords restrict.
    let Some(format) = known else {
        let reason = format!("format {name:?} is not known");
        return Ok(match loader.options.formats {
            UnknownFormats::Annotate => Outcome::without_effect(reason),
            UnknownFormats::Refuse => Outcome::refused(reason),
        });
    };
    reader.format = Some(format.language);
    Ok(match format.exactness {
        Exactness::Exact => Outcome::exact(),
        Exactness::Over(reason) => Outcome::inexact(Enforcement::Over, reason),
        Exactness::Under(reason) => Outcome::inexact(Enforcement::Under, reason),
    })
}

/// The texts in which a pattern occurs; inside, why they cannot be known: the pattern is right, but
/// a language cannot say it, or it is over a limit. The keyword, and its member whose key the
/// pattern is, are named where it is wrong.
pub(super) fn occurrences(
    reader: &mut Reader<'_, '_>,
    (keyword, member): (&str, Option<&str>),
    pattern: &str,
) -> Result<Result<ExprId, String>, SchemaError> {
    let loader = &mut *reader.loader;
    if let Some(&known) = loader.patterns.get(pattern) {
        return Ok(Ok(known));
    }
    let limits = &loader.options.limits;
    let limits = PatternLimits { nesting: limits.nesting, exprs: limits.parts };
    match parse_search(&mut loader.exprs, pattern, &Syntax::ECMA, &limits) {
        Ok(language) => {
            loader.patterns.insert(pattern.to_owned(), language);
            Ok(Ok(language))
        }
        // What is wrong is an error under each policy; what only this crate lacks is for the
        // policy.
        Err(error) => match error.kind {
            PatternErrorKind::Syntax(what) => Err(SchemaError::Pattern {
                pointer: reader.pointer_of(keyword, member),
                pattern: pattern.to_owned(),
                offset: error.offset,
                what,
            }),
            kind => Ok(Err(format!("{kind}, at byte {} of {pattern:?}", error.offset))),
        },
    }
}
