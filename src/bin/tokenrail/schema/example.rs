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
    let mut text = Vec::new();
    while left > 0 && !matcher.is_accepting()? {
        let mask = matcher.mask_within(left)?;
        let bytes = mask.iter().filter_map(|id| u8::try_from(id.0).ok());
        let Some(byte) = bytes.min_by_key(|&byte| (rank(byte), byte)) else {
            break;
        };
        matcher.advance(TokenId(u32::from(byte)))?;
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
