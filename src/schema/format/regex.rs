//! Patterns of ECMA-262 as strings.
//!
//! Groups within groups are no regular language, so they are followed to a depth. What takes counting
//! or comparing (back-references, names of groups, ranges of rare characters) is left out.
//!
//! That the text is a pattern, and not what the pattern matches, is what the format says; the judge in
//! the tests is an engine that compiles what is taken.

use super::{Exactness, whole};
use crate::regex::{Count, ExprId, Exprs};

pub(super) const EXACTNESS: Exactness = Exactness::Under(
    "groups within more than six groups, second names, back-references and unusual ranges or escapes are left out",
);

/// How deep groups are nested.
const DEPTH: usize = 6;

/// An escape that names a character or a set of characters.
const ESCAPE: &str = concat!(
    r"\\(?:[dDsSwWfnrtv]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}",
    r"|u\{0*(?:10[0-9A-Fa-f]{4}|[0-9A-Fa-f]{1,5})\}|[\^$\\.*+?()\[\]{}|/]",
    r"|[pP]\{(?:L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfosn]?",
    r"|(?:Script|sc|Script_Extensions|scx)=(?:Latin|Greek|Cyrillic|Han|Hiragana|Katakana|Hangul",
    r"|Arabic|Hebrew|Thai|Devanagari)|Alphabetic|Letter|Lowercase|Uppercase|White_Space|ASCII|Any)\})",
);

/// `Pattern` (ECMA-262, section 22.2.1) with the flag `u`.
///
/// Each level doubles nothing: the groups of one are the alternations of the level within, as one
/// shared node.
pub(super) fn regex(exprs: &mut Exprs) -> ExprId {
    let quantifier = whole(exprs, &format!("(?:[*+?]|{})[?]?", count()));
    let quantified = exprs.repeat(quantifier, Count::OPTIONAL);
    let plain = whole(exprs, &format!(r"[^\^$\\.*+?()\[\]{{}}|]|\.|{ESCAPE}|{}", class()));
    let assertion = whole(exprs, r"[\^$]|\\[bB]");
    let or = exprs.literal(b"|");
    let (open, close) = (whole(exprs, r"\((?:\?:)?"), exprs.literal(b")"));
    let look = whole(exprs, r"\(\?<?[=!]");
    let mut groups = Vec::new();
    let mut assertions = vec![assertion];
    let mut alternation = ExprId::NOTHING;
    // From the innermost groups outwards; each level is a few expressions, as the one within is shared.
    for _ in 0..=DEPTH {
        let atom = exprs.or(groups.iter().copied().chain([plain]));
        let repeated = exprs.concat([atom, quantified]);
        let term = exprs.or(assertions.iter().copied().chain([repeated]));
        let terms = exprs.repeat(term, Count::ANY);
        let next = exprs.concat([or, terms]);
        let more = exprs.repeat(next, Count::ANY);
        alternation = exprs.concat([terms, more]);
        groups = vec![exprs.concat([open, alternation, close])];
        assertions = vec![assertion, exprs.concat([look, alternation, close])];
    }
    // One group may have a name, as it is no other's.
    let name = whole(exprs, r"\(\?<[A-Za-z_$][\w$]*>");
    let named = exprs.concat([name, alternation, close, quantified]);
    let with_named = exprs.concat([alternation, named, alternation]);
    exprs.or([alternation, with_named])
}

/// A count in braces, the lower number first, where there are two.
///
/// A lower number behind a greater one is an early error of the standard (section 22.2.1.1), so the
/// order is a part of the language.
fn count() -> String {
    // By the number of digits; of two numbers with as many, the first that differs decides.
    let mut pairs = vec![
        r"\d+(?:,)?".to_owned(),
        r"0*\d,[1-9]\d+".to_owned(),
        r"[1-9]\d,[1-9]\d{2,}".to_owned(),
    ];
    for low in 0..10 {
        pairs.push(format!("{low},[{low}-9]"));
        if low > 0 {
            pairs.extend((low < 9).then(|| format!(r"{low}\d,[{}-9]\d", low + 1)));
            pairs.extend((0..10).map(|unit| format!("{low}{unit},{low}[{unit}-9]")));
        }
    }
    format!(r"\{{(?:{})\}}", pairs.join("|"))
}

/// A class, whose ranges are of digits or of letters.
///
/// Others, such as those from one escape to another, would take comparing numbers.
fn class() -> String {
    let letters = ('a'..='z').map(|low| format!("{low}-[{low}-z]"));
    let capitals = ('A'..='Z').map(|low| format!("{low}-[{low}-Z]"));
    let digits = ('0'..='9').map(|low| format!("{low}-[{low}-9]"));
    let ranges: Vec<String> = letters.chain(capitals).chain(digits).collect();
    let item = format!(r"[^\]\\-]|\\[b-]|{ESCAPE}|{}", ranges.join("|"));
    // A hyphen is itself at either end alone: between sets it would be a range of nothing.
    format!(r"\[\^?-?(?:{item})*-?\]")
}
