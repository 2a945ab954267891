//! `minimum`, `maximum`, both exclusive ones and `multipleOf`.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::number::{Bound, Decimal};
use super::reader::{Outcome, Reader};

/// `minimum` and `maximum`. A boolean beside them, as in draft 4, says whether the bound is exclusive.
pub(super) fn bound(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let flag = if keyword == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
    let is_exclusive =
        reader.sibling(flag) == Some(&Json::Bool(true)) && reader.dialect.reads_exclusive_flags();
    let bound = if is_exclusive { Bound::Exclusive } else { Bound::Inclusive };
    limit(reader, keyword, value, bound)
}

/// `exclusiveMinimum` and `exclusiveMaximum`: a bound of their own since draft 6.
pub(super) fn exclusive(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
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

pub(super) fn multiple_of(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let divisor =
        decimal(value).filter(|divisor| Decimal::parse("0").is_some_and(|zero| *divisor > zero));
    let Some(divisor) = divisor else {
        return Err(reader.wrong(keyword, value, "a number above 0"));
    };
    let loader = &mut *reader.loader;
    match loader.numbers.multiple_of(&mut loader.exprs, &divisor) {
        Ok(language) => {
            loader.has_multiples = true;
            reader.restrict_number(language);
        }
        Err(error) => return Ok(Outcome::refused(error.to_string())),
    }
    Ok(Outcome::exact())
}

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

fn decimal(value: &Json) -> Option<Decimal> {
    match value {
        Json::Number(text) => Decimal::parse(text),
        _ => None,
    }
}
