//! Who else knows what a shipped grammar should accept: other parsers, and small recognizers.

use regex_automata::nfa::thompson::pikevm::PikeVM;
use serde_json::Value;

use super::{arithmetic, c};

/// Says whether a text should be accepted.
pub(crate) type Judge = fn(&str) -> bool;

/// The judge of a grammar, if there is an independent one.
pub(crate) fn of(name: &str) -> Option<Judge> {
    match name {
        "arithmetic" => Some(arithmetic::is_arithmetic),
        "c-expression" => Some(c::is_expression),
        "csv" => Some(is_csv),
        "datetime" => Some(is_datetime),
        "email-list" => Some(is_email_list),
        "json" => Some(is_json),
        "s-expression" => Some(is_s_expression),
        "semver" => Some(is_semver),
        _ => None,
    }
}

fn is_json(text: &str) -> bool {
    let is_narrow = gaps_outside_strings(text).all(|gap| gap <= 16);
    is_narrow && serde_json::from_str::<Value>(&readable(text)).is_ok()
}

/// JSON that `serde_json` reads exactly if it is right: by its own choice, that refuses surrogates
/// that stand alone and numbers beyond doubles.
fn readable(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut is_exponent = false;
    for at in 0..bytes.len() {
        let byte = bytes[at];
        let is_sign =
            matches!(byte, b'+' | b'-') && matches!(bytes[at - usize::from(at > 0)], b'e' | b'E');
        is_exponent =
            matches!(byte, b'e' | b'E') || is_exponent && (is_sign || byte.is_ascii_digit());
        let is_surrogate = text.as_bytes()[..at].ends_with(b"\\u") && matches!(byte, b'd' | b'D');
        // Any digit is as good as another there, and within strings.
        if is_surrogate || is_exponent && byte.is_ascii_digit() {
            bytes[at] = b'0';
        }
    }
    String::from_utf8(bytes).expect("ASCII stands for ASCII")
}

/// The lengths of the runs of white space outside of double quotes.
fn gaps_outside_strings(text: &str) -> impl Iterator<Item = usize> {
    let (mut is_inside, mut is_escaped, mut gap) = (false, false, 0);
    text.bytes().map(move |byte| {
        is_inside ^= byte == b'"' && !is_escaped;
        is_escaped = is_inside && byte == b'\\' && !is_escaped;
        let is_gap = !is_inside && matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        gap = if is_gap { gap + 1 } else { 0 };
        gap
    })
}

fn is_datetime(text: &str) -> bool {
    let field = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|digits| digits.parse::<u32>().ok())
    };
    let has_marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .iter()
        .all(|&(at, mark)| text.as_bytes().get(at) == Some(&mark));
    let fields = [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)].map(|(a, b)| field(a, b));
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = fields
    else {
        return false;
    };
    let mut rest = &text[19..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        rest = &fraction[digits..];
    }
    let offset = match rest.as_bytes() {
        b"Z" => Some((0, 0)),
        [b'+' | b'-', a @ b'0'..=b'9', b @ b'0'..=b'9', b':', c @ b'0'..=b'9', d @ b'0'..=b'9'] => {
            Some(((a - b'0') * 10 + b - b'0', (c - b'0') * 10 + d - b'0'))
        }
        _ => None,
    };
    let Some(offset) = offset.filter(|&(hours, minutes)| hours < 24 && minutes < 60) else {
        return false;
    };
    let is_leap_second = second == 60
        && (hour, minute, offset) == (23, 59, (0, 0))
        && matches!((month, day), (6, 30) | (12, 31));
    let is_day = (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    has_marks && is_day && hour < 24 && minute < 60 && (second < 60 || is_leap_second)
}

/// The days of a month: the distance of its first from the next month's.
fn days(year: u32, month: u32) -> u32 {
    // Years that begin in March put the leap day last; the months then have 153 days in five.
    let first = |months: u32| {
        let (year, month) = (399 + (months - 2) / 12, (months - 2) % 12);
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5
    };
    let months = year * 12 + month - 1 + 12;
    first(months + 1) - first(months)
}

fn is_email_list(text: &str) -> bool {
    let mut addresses = text.split(',');
    let is_first = addresses.next().is_some_and(is_address);
    is_first
        && addresses.all(|address| {
            let spaceless = address.trim_start_matches(' ');
            address.len() - spaceless.len() <= 4 && is_address(spaceless)
        })
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_atom = |atom: &str| {
        let is_in =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        !atom.is_empty() && atom.bytes().all(is_in)
    };
    let is_label = |label: &str| {
        let is_in = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_bare = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && is_bare && label.bytes().all(is_in)
    };
    let is_top = |top: &str| top.len() > 1 && top.as_bytes()[0].is_ascii_alphabetic();
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.split('.').all(is_label)
        && domain.rsplit_once('.').is_some_and(|(_, top)| is_top(top))
}

/// Takes the text apart field by field, as a reader of files would.
fn is_csv(text: &str) -> bool {
    let is_text = |char: char| char >= ' ' && char != '\u{7F}';
    let mut rest = text;
    loop {
        let mut fields = 0;
        let line = rest;
        loop {
            fields += 1;
            if let Some(quoted) = rest.strip_prefix('"') {
                let Some(end) = closing_quote(quoted) else { return false };
                if !quoted[..end].chars().all(|char| is_text(char) || matches!(char, '\r' | '\n')) {
                    return false;
                }
                rest = &quoted[end + 1..];
            } else {
                rest = rest.trim_start_matches(|char| is_text(char) && char != ',' && char != '"');
            }
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        if fields == 1 && rest.len() == line.len() {
            return false;
        }
        let Some(next) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) else {
            return rest.is_empty();
        };
        if next.is_empty() {
            return true;
        }
        rest = next;
    }
}

/// Where the quote is that is not one of two.
fn closing_quote(text: &str) -> Option<usize> {
    let mut at = text.find('"')?;
    while text[at + 1..].starts_with('"') {
        at += 2 + text[at + 2..].find('"')?;
    }
    Some(at)
}

fn is_semver(text: &str) -> bool {
    let number = "(?:0|[1-9][0-9]*)";
    let identifier = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
    matches(
        &format!(
            r"{number}\.{number}\.{number}(?:-{identifier}(?:\.{identifier})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
        ),
        text,
    )
}

/// The parts of an S-expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Open,
    Close,
    Mark,
    Text,
    Word,
    Dot,
    Gap,
}

fn is_s_expression(text: &str) -> bool {
    let Some(parts) = s_parts(text) else { return false };
    let is_item = |part: Part| matches!(part, Part::Open | Part::Mark | Part::Text | Part::Word);
    let is_word = |part: Part| matches!(part, Part::Dot | Part::Word);
    let are_marks_well = (0..parts.len()).filter(|&at| parts[at] == Part::Mark).all(|at| {
        let is_behind_word = at > 0 && is_word(parts[at - 1]);
        !is_behind_word && parts.get(at + 1).is_some_and(|&next| is_item(next))
    });
    // The items of each open list, and those of them behind a dot if there was one.
    let mut open: Vec<(usize, Option<usize>)> = vec![(0, None)];
    for part in parts {
        let Some((items, behind_dot)) = open.last_mut() else { return false };
        match part {
            Part::Gap | Part::Mark => {}
            Part::Dot if *items > 0 && behind_dot.is_none() => *behind_dot = Some(0),
            Part::Dot => return false,
            Part::Close => {
                if behind_dot.is_some_and(|count| count != 1) {
                    return false;
                }
                open.pop();
            }
            Part::Open | Part::Text | Part::Word => {
                *items += 1;
                *behind_dot = behind_dot.map(|count| count + 1);
                if part == Part::Open {
                    open.push((0, None));
                }
            }
        }
    }
    are_marks_well && open == [(1, None)]
}

/// Takes an S-expression apart, each part as long as it can be.
fn s_parts(text: &str) -> Option<Vec<Part>> {
    const SYMBOL: &str = r"[A-Za-z!$%&*/:<=>?^_~][A-Za-z0-9!$%&*/:<=>?^_~+.@-]{0,99}|\.\.\.|#[tf]|[+-]|[+-][A-Za-z!$%&*/:<=>?^_~+@-][A-Za-z0-9!$%&*/:<=>?^_~+.@-]{0,98}";
    const NUMBER: &str = r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?";
    const INSIDE: &str = r#"(?:[^"\\\x00-\x08\x0B-\x1F\x7F]|\\["\\abnrt]|\\x[0-9A-Fa-f]{1,6};)*"#;
    let word = compiled(&format!("{SYMBOL}|{NUMBER}"));
    let inside = compiled(INSIDE);
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |char: char| char.is_ascii_graphic() && !"()'`,\"".contains(char);
        let (part, length) = match first {
            '(' => (Part::Open, 1),
            ')' => (Part::Close, 1),
            ',' if rest.starts_with(",@") => (Part::Mark, 2),
            '\'' | '`' | ',' => (Part::Mark, 1),
            ' ' | '\t' | '\n' | '\r' => {
                let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
                (Part::Gap, Some(gap).filter(|&gap| gap <= 16)?)
            }
            '"' => {
                let escaped = |at: usize| {
                    rest[..at].bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
                };
                let end =
                    (1..rest.len()).find(|&at| rest.as_bytes()[at] == b'"' && !escaped(at))?;
                (Part::Text, is_match(&inside, &rest[1..end]).then_some(end + 1)?)
            }
            _ => {
                let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
                let part = if &rest[..end] == "." { Part::Dot } else { Part::Word };
                (part, (part == Part::Dot || is_match(&word, &rest[..end])).then_some(end)?)
            }
        };
        parts.push(part);
        rest = &rest[length..];
    }
    Some(parts)
}

fn matches(pattern: &str, text: &str) -> bool {
    is_match(&compiled(pattern), text)
}

/// A pattern for whole texts.
fn compiled(pattern: &str) -> PikeVM {
    PikeVM::new(&format!(r"\A(?:{pattern})\z")).expect("a judge's pattern")
}

fn is_match(pattern: &PikeVM, text: &str) -> bool {
    pattern.is_match(&mut pattern.create_cache(), text)
}
