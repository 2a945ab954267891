//! The shortest text that a constraint allows.
//!
//! It shows at a glance what a schema demands: members that are missing in it are optional.

use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::vocab::TokenId;

/// The most bytes of an example: longer ones tell nobody anything.
const LONGEST: usize = 4 << 10;

/// A shortest text, over a vocabulary whose tokens are single bytes, each by its own number; `None`
/// where it is too long to be shown.
///
/// Among the bytes that keep it shortest it takes capital letters first, as in dates, and those that
/// are not seen last: a text of control characters would be as short.
pub(super) fn shortest(constraint: &Constraint) -> Result<Option<String>, ConstraintError> {
    let mut matcher = constraint.matcher();
    let mut left = matcher.tokens_to_accept()?;
    if left > LONGEST {
        return Ok(None);
    }
    let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
    bytes.sort_by_key(|&byte| rank(byte));
    let mut text = Vec::new();
    while left > 0 && !matcher.is_accepting()? {
        let mut taken = None;
        for &byte in &bytes {
            if matcher.advance_within(TokenId(u32::from(byte)), left)? {
                taken = Some(byte);
                break;
            }
        }
        let Some(byte) = taken else { break };
        text.push(byte);
        left -= 1;
    }
    Ok(String::from_utf8(text).ok())
}

/// How readily a byte is taken, 0 first.
fn rank(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ if byte.is_ascii_graphic() => 3,
        _ => 4,
    }
}
