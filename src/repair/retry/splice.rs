//! What of a reply is kept behind the part that was written anew.
//!
//! A model writes all that follows the last sound place. Of that the begin is taken, and the reply's own text
//! behind the part that was wrong, where both together conform: the less of the reply is lost the better.

/// So many places of the reply are tried, and of the answer for each.
const PLACES: [usize; 2] = [8, 4];

/// A sign that ends a member or an item, and how many arrays and objects were left before it.
#[derive(Debug, Clone, Copy)]
struct Border {
    at: usize,
    left: usize,
}

/// The first text that is taken, of those that keep some of `rest` behind a begin of `answer`: that which
/// keeps most. Gives what it took to be, and what was kept.
pub(super) fn spliced<T>(
    begun: &str,
    answer: &str,
    rest: &str,
    take: impl Fn(&str) -> Option<T>,
) -> Option<(T, String)> {
    let end = rest.rfind(['}', ']']).map_or(rest.len(), |at| at + 1);
    let rest = &rest[..end];
    let [tails, cuts] = PLACES;
    let cuts = borders(answer, cuts);
    let says = |border: &Border| rest[border.at..].contains(char::is_alphanumeric);
    for tail in borders(rest, tails).into_iter().filter(says) {
        let kept = &rest[tail.at..];
        let texts = cuts.iter().filter(|cut| cut.left == tail.left);
        let mut texts = texts.map(|cut| format!("{begun}{}{kept}", &answer[..cut.at]));
        if let Some(taken) = texts.find_map(|text| take(&text)) {
            return Some((taken, kept.to_owned()));
        }
    }
    None
}

/// The first places where a member or an item ends that is no part of another one behind the begin of a text.
fn borders(text: &str, most: usize) -> Vec<Border> {
    let (mut borders, mut depth, mut left) = (Vec::new(), 0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for (at, char) in text.char_indices() {
        if borders.len() == most {
            break;
        }
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_string,
            '"' => is_string = !is_string,
            _ if is_string => {}
            '{' | '[' => depth += 1,
            ',' if depth == 0 => borders.push(Border { at, left }),
            '}' | ']' if depth == 0 => {
                borders.push(Border { at, left });
                left += 1;
            }
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    borders
}

#[cfg(test)]
mod tests {
    use crate::schema::json::Json;

    use super::*;

    #[test]
    fn most_of_the_reply_is_kept() {
        let cases = [
            // What is sound, what was written behind it, what the reply had there, and what is kept.
            ("{\"a\":", " 4, \"b\": 0}", " 400, \"b\": [1, 2]}", Some(", \"b\": [1, 2]}")),
            ("{\"a\":", " 4}", " 400}", None),
            ("{\"a\": 1", ", \"b\": 2}", "}", None),
            (
                "{\"a\": 1,",
                " \"b\": 2}",
                " \"B\": {\"x\": \",\"}, \"c\": 3} So.",
                Some(", \"c\": 3}"),
            ),
            ("[{\"a\":", " 1, \"b\": 2}]", " x}, {\"a\": 5}]", Some("}, {\"a\": 5}]")),
            // The member that is written twice is not kept.
            ("{\"a\":", " 4, \"b\": 0}", " 400, \"a\": 2, \"b\": 1}", Some(", \"b\": 1}")),
            ("{\"a\":", " 4}", " 400, oh, well}", None),
        ];
        for (begun, answer, rest, expected) in cases {
            let take = |text: &str| Json::parse(text, 9).ok().map(|_| ());
            let found = spliced(begun, answer, rest, take).map(|(_, kept)| kept);
            assert_eq!(found.as_deref(), expected, "{begun}{rest}");
        }
    }
}
