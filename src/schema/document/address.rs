//! Addresses: what references are resolved against, and what they resolve to (RFC 3986).
//!
//! Resolution is that of `referencing`, which the validator stands on as well, and so are the
//! metaschemas: both agree on what an address names.

use std::sync::{Arc, LazyLock};

use referencing::{meta, uri};
use serde_json::Value;

/// What relative addresses of a schema without an address are resolved against.
pub(super) const NO_ADDRESS: &str = "json-schema:///";

/// A reference resolved: an absolute address without its fragment, and the fragment, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) address: String,
    pub(super) fragment: String,
}

/// Resolves a reference against an absolute address. One that is a fragment only is never parsed as
/// an address, so that its characters may be any, as in real schemas.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn resolve(base: &str, reference: &str) -> Result<Resolved, String> {
    // Only what stands before the fragment is an address; an empty one is that of the schema.
    let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let fragment = decode(fragment).ok_or("its percent-encoding is not UTF-8")?;
    if address.is_empty() {
        return Ok(Resolved { address: base.to_owned(), fragment });
    }
    let base = uri::from_str(base).map_err(|error| error.to_string())?;
    let address = uri::resolve_against(&base.borrow(), address)
        .map_err(|_| "it must be an address as in RFC 3986".to_owned())?;
    Ok(Resolved { address: address.as_str().to_owned(), fragment })
}

/// The metaschema, or the part of one, at an address.
pub(super) fn metaschema(address: &str) -> Option<&'static Value> {
    let known = METASCHEMAS.iter().find(|(known, _)| *known == address);
    known.map(|(_, value)| &****value)
}
/// A document that is a part of the drafts.
type Metaschema = LazyLock<Arc<Value>>;

/// Each is read when it is first asked for. Those of 2019-09 and 2020-12 are in parts, which refer
/// to each other by these addresses.
static METASCHEMAS: [(&str, &Metaschema); 19] = [
    ("http://json-schema.org/draft-04/schema", &meta::DRAFT4),
    ("http://json-schema.org/draft-06/schema", &meta::DRAFT6),
    ("http://json-schema.org/draft-07/schema", &meta::DRAFT7),
    ("https://json-schema.org/draft/2019-09/schema", &meta::DRAFT201909),
    ("https://json-schema.org/draft/2019-09/meta/applicator", &meta::DRAFT201909_APPLICATOR),
    ("https://json-schema.org/draft/2019-09/meta/content", &meta::DRAFT201909_CONTENT),
    ("https://json-schema.org/draft/2019-09/meta/core", &meta::DRAFT201909_CORE),
    ("https://json-schema.org/draft/2019-09/meta/format", &meta::DRAFT201909_FORMAT),
    ("https://json-schema.org/draft/2019-09/meta/meta-data", &meta::DRAFT201909_META_DATA),
    ("https://json-schema.org/draft/2019-09/meta/validation", &meta::DRAFT201909_VALIDATION),
    ("https://json-schema.org/draft/2020-12/schema", &meta::DRAFT202012),
    ("https://json-schema.org/draft/2020-12/meta/core", &meta::DRAFT202012_CORE),
    ("https://json-schema.org/draft/2020-12/meta/applicator", &meta::DRAFT202012_APPLICATOR),
    ("https://json-schema.org/draft/2020-12/meta/unevaluated", &meta::DRAFT202012_UNEVALUATED),
    ("https://json-schema.org/draft/2020-12/meta/validation", &meta::DRAFT202012_VALIDATION),
    ("https://json-schema.org/draft/2020-12/meta/meta-data", &meta::DRAFT202012_META_DATA),
    (
        "https://json-schema.org/draft/2020-12/meta/format-annotation",
        &meta::DRAFT202012_FORMAT_ANNOTATION,
    ),
    (
        "https://json-schema.org/draft/2020-12/meta/format-assertion",
        &meta::DRAFT202012_FORMAT_ASSERTION,
    ),
    ("https://json-schema.org/draft/2020-12/meta/content", &meta::DRAFT202012_CONTENT),
];

/// Decodes `%25` and its like; `None` where bytes are no UTF-8. A `%` that encodes nothing stays.
fn decode(fragment: &str) -> Option<String> {
    if !fragment.contains('%') {
        return Some(fragment.to_owned());
    }
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        // A percent sign with anything else behind it stands for itself.
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// The value of a hexadecimal digit.
fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
