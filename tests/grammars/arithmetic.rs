//! Reads arithmetic as two alternating states: an operand is wanted, or an operator.

/// Whether a text is one arithmetic expression.
pub(crate) fn is_arithmetic(text: &str) -> bool {
    let (mut rest, mut depth, mut signs, mut wants_operand) = (text, 0_usize, 0, true);
    loop {
        let spaceless = rest.trim_start_matches(' ');
        if rest.len() - spaceless.len() > 4 {
            return false;
        }
        rest = spaceless;
        let Some(first) = rest.bytes().next() else { return depth == 0 && !wants_operand };
        let mut length = 1;
        match (wants_operand, first) {
            (true, b'+' | b'-') if signs < 4 => signs += 1,
            (true, b'(') => (depth, signs) = (depth + 1, 0),
            (true, b'0'..=b'9') => match number(rest) {
                Some(digits) => (length, signs, wants_operand) = (digits, 0, false),
                None => return false,
            },
            (false, b')') if depth > 0 => depth -= 1,
            (false, b'+' | b'-' | b'*' | b'/' | b'%' | b'^') => wants_operand = true,
            _ => return false,
        }
        rest = &rest[length..];
    }
}

/// The length of the number that a text begins with, if it is well written.
fn number(text: &str) -> Option<usize> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if length > 30 || length > 1 && text.starts_with('0') {
        return None;
    }
    if text[length..].starts_with('.') {
        let fraction = digits(length + 1);
        length += 1 + fraction;
        if !(1..=30).contains(&fraction) {
            return None;
        }
    }
    if text[length..].starts_with(['e', 'E']) {
        length += 1 + usize::from(text[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length);
        length += exponent;
        if !(1..=3).contains(&exponent) {
            return None;
        }
    }
    Some(length)
}
