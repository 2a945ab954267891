//! What may stand before the value of a reply that is read while it comes.

/// How far the begin of a reply was read.
#[derive(Debug)]
pub(super) enum Prelude {
    /// Thoughts, a block of code or the value may follow; whether thoughts came before.
    Open,
    /// Within thoughts, up to these marks. They were looked for up to a place.
    Thought(&'static str),
    /// In a block of code, before the value.
    Fenced,
}

/// What was found at a place.
pub(super) enum Found {
    /// The value begins there.
    Value,
    /// More is needed to tell.
    Unknown,
    /// Something else: no value is certain before the end of the reply.
    Other,
}

/// A line with the marks of a block of code is not longer.
const MARKS: usize = 64;

impl Prelude {
    /// Reads on from a place, which moves to where the value begins or what is not known yet.
    pub(super) fn read(&mut self, bytes: &[u8], at: &mut usize) -> Found {
        loop {
            let rest = &bytes[*at..];
            if let Self::Thought(closer) = self {
                let Some(end) = find(rest, closer.as_bytes()) else {
                    // Its marks may have begun.
                    *at = bytes.len().saturating_sub(closer.len() - 1).max(*at);
                    return Found::Unknown;
                };
                *at += end + closer.len();
                *self = Self::Open;
                continue;
            }
            let blank = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            *at += blank;
            let rest = &rest[blank..];
            match (rest.first(), &self) {
                (None, _) => return Found::Unknown,
                (Some(b'{' | b'['), _) => return Found::Value,
                (Some(b'`'), Self::Open) => match fence(rest) {
                    Ok(length) => *at += length,
                    Err(found) => return found,
                },
                (Some(b'<'), Self::Open) => {
                    let Some((opener, closer)) = thought(rest) else { return unless_begun(rest) };
                    *at += opener.len();
                    *self = Self::Thought(closer);
                    continue;
                }
                (Some(0xef), Self::Open) if *at == 0 && blank == 0 => match rest {
                    [0xef, 0xbb, 0xbf, ..] => {
                        *at += 3;
                        continue;
                    }
                    [0xef] | [0xef, 0xbb] => return Found::Unknown,
                    _ => return Found::Other,
                },
                _ => return Found::Other,
            }
            *self = Self::Fenced;
        }
    }
}

/// The length of the line that begins a block of JSON.
fn fence(rest: &[u8]) -> Result<usize, Found> {
    let line = rest.iter().position(|&byte| byte == b'\n');
    let Some(end) = line else {
        return Err(if rest.len() < MARKS { Found::Unknown } else { Found::Other });
    };
    let line = str::from_utf8(&rest[..end]).unwrap_or_default().trim_end();
    let name = line.trim_start_matches('`');
    let marks = line.len() - name.len();
    let is_json = name.is_empty() || name.eq_ignore_ascii_case("json");
    if marks >= 3 && is_json { Ok(end + 1) } else { Err(Found::Other) }
}

/// The thoughts that a text begins with.
fn thought(rest: &[u8]) -> Option<(&'static str, &'static str)> {
    super::super::extract::THOUGHTS
        .into_iter()
        .find(|(opener, _)| rest.starts_with(opener.as_bytes()))
}

/// Whether a text may become one that begins with thoughts.
fn unless_begun(rest: &[u8]) -> Found {
    let is_begun = |(opener, _): &(&str, &str)| {
        opener.as_bytes().starts_with(rest) && rest.len() < opener.len()
    };
    match super::super::extract::THOUGHTS.iter().any(is_begun) {
        true => Found::Unknown,
        false => Found::Other,
    }
}

/// Where bytes stand in others.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
