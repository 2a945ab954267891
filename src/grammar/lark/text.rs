//! Texts in double quotes, with the escapes of JSON and `\xHH`.
//!
//! `\xHH` is the character of that number, as `\u00HH` is, and not a byte: a text is well-formed
//! UTF-8 whatever is written. So are halves of characters refused where they stand alone.

/// What an escaped letter stands for.
const ESCAPES: [(char, char); 8] = [
    ('"', '"'),
    ('\\', '\\'),
    ('/', '/'),
    ('b', '\u{8}'),
    ('f', '\u{c}'),
    ('n', '\n'),
    ('r', '\r'),
    ('t', '\t'),
];

/// The text that `source` begins with, and the bytes it takes there, quotes included. Or else where
/// it is wrong, and what would be right.
pub(super) fn unescape(source: &str) -> Result<(String, usize), (usize, String)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let rest = &source[at..];
        match rest.chars().next() {
            Some('"') => return Ok((text, at + 1)),
            Some('\\') => {
                let (char, length) = escaped(rest).map_err(|what| (at, what))?;
                text.push(char);
                at += length;
            }
            None | Some('\n') => return Err((0, "this string is not closed by a \"".to_owned())),
            Some(char) if char.is_ascii_control() => {
                let what =
                    format!("a control character in a string: write \\x{:02x}", u32::from(char));
                return Err((at, what));
            }
            Some(char) => {
                text.push(char);
                at += char.len_utf8();
            }
        }
    }
}

/// The character that the escape at the beginning stands for, and the bytes it takes.
fn escaped(rest: &str) -> Result<(char, usize), String> {
    match rest.chars().nth(1) {
        Some('x') => {
            let code = hexadecimal(&rest[2..], 2).ok_or("\\x takes two hexadecimal digits")?;
            let char = char::from_u32(code).expect("the first 256 code points are characters");
            Ok((char, 4))
        }
        Some('u') => unicode(rest),
        Some(letter) => {
            let known = ESCAPES.iter().find(|(name, _)| *name == letter);
            let (_, char) = known.ok_or_else(|| {
                format!("\\{letter} is no escape: there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\xHH \\uHHHH")
            })?;
            Ok((*char, 2))
        }
        None => Err("this string is not closed by a \"".to_owned()),
    }
}

/// `\uHHHH`, or two of them for a character beyond U+FFFF.
fn unicode(rest: &str) -> Result<(char, usize), String> {
    let unit = |rest: &str| hexadecimal(rest.strip_prefix("\\u")?, 4);
    let first = unit(rest).ok_or("\\u takes four hexadecimal digits")?;
    if let Some(char) = char::from_u32(first) {
        return Ok((char, 6));
    }
    let second = unit(&rest[6..]).filter(|unit| (0xDC00..0xE000).contains(unit));
    match second.filter(|_| first < 0xDC00) {
        Some(second) => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            Ok((char::from_u32(code).expect("surrogate pairs are characters"), 12))
        }
        None => Err(format!("\\u{first:04x} is half a character: both halves have to stand")),
    }
}

/// The number of exactly so many digits, signs not among them.
fn hexadecimal(rest: &str, digits: usize) -> Option<u32> {
    let digits = rest.get(..digits)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Result<&str, &str>) {
        let found = unescape(source);
        let text = found.as_ref().map(|(text, length)| {
            assert_eq!(*length, source.len(), "{source}");
            text.as_str()
        });
        let told = |(_, what): &(usize, String)| what.clone();
        match (text, expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{source}"),
            (Err(fault), Err(expected)) => {
                assert!(told(fault).contains(expected), "{source}: {}", told(fault));
            }
            (found, expected) => panic!("{source}: {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn escapes_are_read() {
        check(r#""""#, Ok(""));
        check(r#""a\"\\\/\b\f\n\r\t""#, Ok("a\"\\/\u{8}\u{c}\n\r\t"));
        check(r#""\x41\xfF\u0041\u00e9é😀\ud83D\uDE00""#, Ok("Aÿ\u{41}éé😀😀"));
    }

    #[test]
    fn wrong_texts_are_refused() {
        check(r#""abc"#, Err("not closed"));
        check("\"abc\n\"", Err("not closed"));
        check(r#""abc\"#, Err("not closed"));
        check("\"a\tb\"", Err(r"write \x09"));
        check(r#""\xZZ""#, Err("two hexadecimal"));
        check(r#""\x4"#, Err("two hexadecimal"));
        check(r#""\u+041""#, Err("four hexadecimal"));
        check(r#""\u00é""#, Err("four hexadecimal"));
        check(r#""\ud83d""#, Err("half a character"));
        check(r#""\ud83d\u0041""#, Err("half a character"));
        check(r#""\ude00\ud83d""#, Err("half a character"));
        check(r#""\q""#, Err("no escape"));
    }
}
