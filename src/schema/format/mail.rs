//! Addresses of electronic mail.

use super::{host, idn, whole};
use crate::regex::{ExprId, Exprs};

/// `atext` (RFC 5322, section 3.2.3), without the brackets of a class.
const ATOM: &str = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-";
/// What RFC 6531, section 3.3, adds to it.
const BEYOND_ASCII: &str = r"\u0080-\u{10FFFF}";

/// `Mailbox` (RFC 5321, section 4.1.2).
pub(super) fn email(exprs: &mut Exprs) -> ExprId {
    let label = host::LABEL;
    let domain = whole(exprs, &format!(r"{label}(?:\.{label})*"));
    mailbox(exprs, "", domain)
}

/// `Mailbox` with letters of all scripts (RFC 6531, section 3.3).
pub(super) fn idn_email(exprs: &mut Exprs) -> ExprId {
    let domain = idn::hostname(exprs);
    mailbox(exprs, BEYOND_ASCII, domain)
}

/// A local part of up to 64 bytes and a domain of up to 255, or an address in brackets (RFC 5321,
/// sections 4.1.3 and 4.5.3.1); the local part may have characters of `more`.
fn mailbox(exprs: &mut Exprs, more: &str, domain: ExprId) -> ExprId {
    let atom = format!("[{more}{ATOM}]+");
    let quoted = format!(r#""(?:[{more} !#-\[\]-~]|\\[ -~])*""#);
    let local = whole(exprs, &format!(r"{atom}(?:\.{atom})*|{quoted}"));
    let address = whole(exprs, &format!(r"\[(?:{}|IPv6:{})\]", host::IPV4, host::ipv6()));
    let (most_local, most_domain) = (host::up_to(exprs, 64), host::up_to(exprs, 255));
    let (local, domain) = (exprs.and([local, most_local]), exprs.and([domain, most_domain]));
    let (at, place) = (exprs.literal(b"@"), exprs.or([domain, address]));
    exprs.concat([local, at, place])
}
