//! Names and addresses of hosts.
//!
//! Lengths are counters beside the notation: a name is labels with dots and, at once, up to 253 bytes. As
//! states are made when they are stepped into, the product of both is never built.

use super::{Exactness, containing, whole};
use crate::regex::{ByteSet, Count, ExprId, Exprs};

/// Whether a label in Punycode decodes to a right one is arithmetic, and not regular.
pub(super) const HOSTNAME_EXACTNESS: Exactness =
    Exactness::Under("labels of Punycode, which begin with xn--, are left out");

/// `dotted-quad` (RFC 2673, section 3.2), without leading zeros.
pub(super) const IPV4: &str =
    r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";

/// A label of letters, digits and hyphens (RFC 1123, section 2.1).
pub(super) const LABEL: &str = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/// `IPv6address` (RFC 3986, section 3.2.2): eight groups, of which one run of zeros may be `::`.
pub(super) fn ipv6() -> String {
    // The last two groups may be written as an IPv4 address; no zone may follow (RFC 4007).
    let group = "[0-9A-Fa-f]{1,4}";
    let last = format!("(?:{group}:{group}|{IPV4})");
    let mut forms = vec![format!("(?:{group}:){{6}}{last}")];
    // So many groups may stand before the `::`; behind it stand as many as are certainly too few.
    for before in 0..8_usize {
        let head = match before {
            0 => String::new(),
            _ => format!("(?:(?:{group}:){{0,{}}}{group})?", before - 1),
        };
        forms.push(match before {
            0..=5 => format!("{head}::(?:{group}:){{{}}}{last}", 5 - before),
            6 => format!("{head}::{group}"),
            _ => format!("{head}::"),
        });
    }
    forms.dedup();
    format!("(?:{})", forms.join("|"))
}

/// `hostname` (RFC 1123, section 2.1), of no more than 253 bytes (RFC 1035, section 2.3.4).
pub(super) fn hostname(exprs: &mut Exprs) -> ExprId {
    let label = plain_label(exprs);
    let dot = whole(exprs, r"\.");
    joined(exprs, label, dot)
}

/// A label that is not to be decoded (RFC 5890, section 2.3.2.1).
pub(super) fn plain_label(exprs: &mut Exprs) -> ExprId {
    let (label, encoded) = (whole(exprs, LABEL), containing(exprs, "^[Xx][Nn]--"));
    let plain = exprs.not(encoded);
    exprs.and([label, plain])
}

/// Labels with separators between, 253 bytes in all.
pub(super) fn joined(exprs: &mut Exprs, label: ExprId, separator: ExprId) -> ExprId {
    let next = exprs.concat([separator, label]);
    let more = exprs.repeat(next, Count::ANY);
    let labels = exprs.concat([label, more]);
    let length = up_to(exprs, 253);
    exprs.and([labels, length])
}

/// Texts of up to so many bytes.
pub(super) fn up_to(exprs: &mut Exprs, most: u32) -> ExprId {
    let byte = exprs.byte(ByteSet::ALL);
    exprs.repeat(byte, Count { min: 0, max: Some(most) })
}
