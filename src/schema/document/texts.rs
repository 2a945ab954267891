//! `minLength`, `maxLength`, `pattern` and `format`.

use super::super::error::SchemaError;
use super::super::format::{self, Exactness};
use super::super::json::Json;
use super::super::options::UnknownFormats;
use super::super::report::Enforcement;
use super::reader::{Outcome, Reader};
use crate::regex::{
    ExprId, PatternErrorKind, PatternLimits, Syntax, length_between, parse_search,
};

/// `minLength` and `maxLength`.
pub(super) fn length(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let count = reader.count(keyword, value)?;
    let (min, max) = if keyword == "minLength" { (count, None) } else { (0, Some(count)) };
    let language = length_between(&mut reader.loader.exprs, min, max);
    reader.restrict_string(language);
    Ok(Outcome::exact())
}

pub(super) fn pattern(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let Json::String(pattern) = value else {
        return Err(reader.wrong(keyword, value, "a regular expression, as a string"));
    };
    match occurrences(reader, pattern)? {
        Ok(language) => reader.restrict_string(language),
        Err(reason) => return Ok(Outcome::refused(reason)),
    }
    Ok(Outcome::exact())
}

/// Known formats are asserted whatever the draft: what a model writes should be what it is called.
pub(super) fn format(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
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

/// The texts in which a pattern occurs; inside, why they cannot be known.
///
/// # Errors
/// [`SchemaError::Pattern`] where it is no regular expression.
pub(super) fn occurrences(
    reader: &mut Reader<'_, '_>,
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
        Err(error) => match error.kind {
            PatternErrorKind::Syntax(what) => Err(SchemaError::Pattern {
                pointer: reader.pointer(),
                pattern: pattern.to_owned(),
                offset: error.offset,
                what,
            }),
            kind => Ok(Err(format!("{kind}, at byte {} of {pattern:?}", error.offset))),
        },
    }
}
