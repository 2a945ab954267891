//! URIs, IRIs and templates of URIs.
//!
//! IRIs (RFC 3987) are URIs (RFC 3986) with letters of all scripts, and private ones in the query. So
//! both are made of the same patterns.
//!
//! Only the notation is asked for: schemes have rules of their own, of which none is held here, and a
//! port may be any number, or none.

use super::{host, whole};
use crate::regex::{ExprId, Exprs};

const ESCAPED: &str = "%[0-9A-Fa-f]{2}";
/// `ucschar` (RFC 3987, section 2.2): all planes but for their last two code points.
const LETTERS: &str = concat!(
    r"\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD}",
    r"\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD}",
    r"\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD}",
    r"\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD}",
);
/// `iprivate`.
const PRIVATE: &str = r"\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}";

/// The characters that are added to those of a URI.
#[derive(Debug, Clone, Copy)]
struct Added {
    /// Anywhere but in the scheme and in addresses.
    letters: &'static str,
    /// In the query alone.
    private: &'static str,
}

impl Added {
    const NONE: Self = Self { letters: "", private: "" };
    const ALL: Self = Self { letters: LETTERS, private: PRIVATE };
}

/// `URI` (RFC 3986, section 3).
pub(super) fn uri(exprs: &mut Exprs) -> ExprId {
    whole(exprs, &absolute(Added::NONE))
}

/// `URI-reference` (RFC 3986, section 4.1).
pub(super) fn uri_reference(exprs: &mut Exprs) -> ExprId {
    whole(exprs, &format!("{}|{}", absolute(Added::NONE), relative(Added::NONE)))
}

/// `IRI` (RFC 3987, section 2.2).
pub(super) fn iri(exprs: &mut Exprs) -> ExprId {
    whole(exprs, &absolute(Added::ALL))
}

/// `IRI-reference`.
pub(super) fn iri_reference(exprs: &mut Exprs) -> ExprId {
    whole(exprs, &format!("{}|{}", absolute(Added::ALL), relative(Added::ALL)))
}

/// `URI-Template` (RFC 6570, section 2), with the `'` that its erratum 6937 lets stand.
pub(super) fn template(exprs: &mut Exprs) -> ExprId {
    let literal = format!(r"(?:[!#$&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~{LETTERS}{PRIVATE}]|{ESCAPED})");
    let character = format!("(?:[A-Za-z0-9_]|{ESCAPED})");
    let variable = format!(r"{character}(?:\.?{character})*(?::[1-9]\d{{0,3}}|\*)?");
    let expression = format!(r"\{{[+#./;?&=,!@|]?{variable}(?:,{variable})*\}}");
    whole(exprs, &format!("(?:{literal}|{expression})*"))
}

/// A scheme and what it names: a place with an authority, or a path, or nothing. Without an authority a
/// path does not begin with `//`, which would be one.
fn absolute(added: Added) -> String {
    let segment = segment(added, ":@");
    let path = format!("/(?:{segment}+(?:/{segment}*)*)?|{segment}+(?:/{segment}*)*");
    let place = format!("//{}(?:/{segment}*)*", authority(added));
    format!("[A-Za-z][A-Za-z0-9+.-]*:(?:{place}|{path})?{}", end(added))
}

/// A reference without a scheme: its first segment has no colon, or it would be one.
fn relative(added: Added) -> String {
    let (segment, first) = (segment(added, ":@"), segment(added, "@"));
    let path = format!("/(?:{segment}+(?:/{segment}*)*)?|{first}+(?:/{segment}*)*");
    let place = format!("//{}(?:/{segment}*)*", authority(added));
    format!("(?:{place}|{path})?{}", end(added))
}

/// One character of a segment, an escaped one among them, those of `more` allowed.
fn segment(added: Added, more: &str) -> String {
    format!("(?:[{more}A-Za-z0-9._~!$&'()*+,;={}-]|{ESCAPED})", added.letters)
}

/// Who, where and at which port. An IPv4 address is also a name.
fn authority(added: Added) -> String {
    let (user, name) = (segment(added, ":"), segment(added, ""));
    let future = r"[Vv][0-9A-Fa-f]+\.[:A-Za-z0-9._~!$&'()*+,;=-]+";
    let literal = format!(r"\[(?:{}|{future})\]", host::ipv6());
    format!(r"(?:{user}*@)?(?:{literal}|{name}*)(?::\d*)?")
}

/// The query and the fragment.
fn end(added: Added) -> String {
    let query = Added { letters: added.private, ..Added::NONE };
    let (part, private) = (segment(added, ":@/?"), segment(query, ":@/?"));
    format!(r"(?:\?(?:{part}|{private})*)?(?:#{part}*)?")
}
