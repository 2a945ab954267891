//! `minimum`, `maximum`, both exclusive ones and `multipleOf`.
//!
//! Each is a language of number texts, and a schema keeps the intersection of all it has. Bounds
//! are exact decimals as written: a bound beyond 64 bits, or with more digits than a float holds,
//! is that bound and no other.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::number::{Bound, Decimal};
use super::reader::{Outcome, Reader, Reading};

/// Reads `minimum` and `maximum`.
///
/// In draft 4 a boolean beside them says whether the bound itself is excluded; it is read here, as
/// only both together are a language.
pub(super) fn bound(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let flag = if keyword == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
    let is_exclusive =
        reader.sibling(flag) == Some(&Json::Bool(true)) && reader.dialect.reads_exclusive_flags();
    let bound = if is_exclusive { Bound::Exclusive } else { Bound::Inclusive };
    limit(reader, keyword, value, bound)
}

/// Reads `exclusiveMinimum` and `exclusiveMaximum`: booleans in draft 4, bounds of their own since
/// draft 6.
///
/// Without a draft both are read: a boolean can be no bound.
pub(super) fn exclusive(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let dialect = reader.dialect;
    let bound = if keyword == "exclusiveMinimum" { "minimum" } else { "maximum" };
    match value {
        Json::Bool(_) if dialect.reads_exclusive_flags() => Ok(match reader.sibling(bound) {
            Some(_) => Outcome::exact(),
            None => Outcome::without_effect(format!("there is no `{bound}` beside it")),
        }),
        _ if dialect.has_exclusive_bounds() => limit(reader, keyword, value, Bound::Exclusive),
        _ => Err(reader.wrong(keyword, value, "a boolean, in draft 4")),
    }
}

/// Reads `multipleOf`, which is a decimal above 0, `0.01` as well as `3`.
///
/// A divisor with more digits than its language can have is refused, not rounded.
pub(super) fn multiple_of(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let divisor =
        decimal(value).filter(|divisor| Decimal::parse("0").is_some_and(|zero| *divisor > zero));
    let Some(divisor) = divisor else {
        return Err(reader.wrong(keyword, value, "a number above 0"));
    };
    let loader = &mut *reader.loader;
    match loader.numbers.multiple_of(&mut loader.exprs, &divisor) {
        Ok(language) => reader.restrict_number(language),
        Err(error) => return Ok(Outcome::refused(error.to_string())),
    }
    Ok(Outcome::exact())
}

/// Restricts numbers to one side of a bound. The keyword says to which.
fn limit(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
    bound: Bound,
) -> Result<Outcome, SchemaError> {
    let Some(limit) = decimal(value) else {
        return Err(reader.wrong(keyword, value, "a number"));
    };
    let loader = &mut *reader.loader;
    let language = match keyword {
        "minimum" | "exclusiveMinimum" => loader.numbers.at_least(&mut loader.exprs, &limit, bound),
        _ => loader.numbers.at_most(&mut loader.exprs, &limit, bound),
    };
    match language {
        Ok(language) => reader.restrict_number(language),
        Err(error) => return Ok(Outcome::refused(error.to_string())),
    }
    Ok(Outcome::exact())
}

/// The exact value of a number.
fn decimal(value: &Json) -> Option<Decimal> {
    match value {
        Json::Number(text) => Decimal::parse(text),
        _ => None,
    }
}
