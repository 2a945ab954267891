//! The formats of JSON Schema as languages of decoded strings.
//!
//! Most are given by grammars without recursion (RFC 3339, 3986, 5321, 6570, 6901), so that they are
//! regular and held exactly. Where a rule is not regular, a format is held over or under what it is,
//! and says so: [`Exactness`].
//!
//! Languages are built anew at each call, and equal expressions are one in a store; the slowest takes
//! some milliseconds, for its classes of characters. All known formats are known in every draft, and those of draft 3 by their old names.

mod host;
mod idn;
mod mail;
mod pointer;
mod regex;
mod time;
mod uri;

use crate::regex::{ExprId, Exprs, PatternLimits, Syntax, parse, parse_search};

/// The strings of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) language: ExprId,
    pub(crate) exactness: Exactness,
}

/// How near a language is to what its format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    /// The right strings, all of them and nothing else.
    Exact,
    /// Every right string is in it, and some that are not right, for this reason.
    Over(&'static str),
    /// All that is in it is right, and for this reason some right strings are not.
    Under(&'static str),
}

/// Far more than a format needs.
const LIMITS: PatternLimits = PatternLimits { nesting: 100, exprs: 1 << 24 };
const WRITTEN_HERE: &str =
    "the patterns of formats are written in this module, and tests read each";

/// The format of a name; `None` where no draft has one.
///
/// Formats that say how a string is shown or stored, such as `password`, assert nothing.
pub(crate) fn language(exprs: &mut Exprs, name: &str) -> Option<Format> {
    let exact = |language| Format { language, exactness: Exactness::Exact };
    Some(match name {
        "date-time" => exact(time::date_time(exprs)),
        "date" => exact(time::date(exprs)),
        "time" => exact(time::time(exprs)),
        "duration" => exact(time::duration(exprs)),
        "email" => exact(mail::email(exprs)),
        "idn-email" => Format { language: mail::idn_email(exprs), exactness: idn::EXACTNESS },
        "hostname" | "host-name" => {
            Format { language: host::hostname(exprs), exactness: host::HOSTNAME_EXACTNESS }
        }
        "idn-hostname" => Format { language: idn::hostname(exprs), exactness: idn::EXACTNESS },
        "ipv4" | "ip-address" => exact(whole(exprs, host::IPV4)),
        "ipv6" => exact(whole(exprs, &host::ipv6())),
        "uri" => exact(uri::uri(exprs)),
        "uri-reference" => exact(uri::uri_reference(exprs)),
        "iri" => exact(uri::iri(exprs)),
        "iri-reference" => exact(uri::iri_reference(exprs)),
        "uri-template" => exact(uri::template(exprs)),
        "json-pointer" => exact(whole(exprs, pointer::POINTER)),
        "relative-json-pointer" => exact(whole(exprs, &pointer::relative())),
        "uuid" => exact(whole(exprs, pointer::UUID)),
        "regex" => Format { language: regex::regex(exprs), exactness: regex::EXACTNESS },
        _ => return None,
    })
}

/// The texts that a pattern of ECMA-262 matches from end to end.
fn whole(exprs: &mut Exprs, pattern: &str) -> ExprId {
    parse(pattern, &Syntax::ECMA, &LIMITS, exprs).expect(WRITTEN_HERE)
}

/// The texts in which such a pattern occurs.
fn containing(exprs: &mut Exprs, pattern: &str) -> ExprId {
    parse_search(exprs, pattern, &Syntax::ECMA, &LIMITS).expect(WRITTEN_HERE)
}

#[cfg(test)]
mod tests;
