//! Patterns against the automata of the crate `regex-automata`, and against each other.

use std::collections::BTreeSet;

use regex_automata::nfa::thompson::NFA;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::syntax;
use regex_syntax::hir::{Hir, HirKind};

use super::node::{Assertion, Node};
use super::parser::Parser;
use super::{PatternError, PatternErrorKind, PatternLimits, Syntax, parse};
use crate::regex::{Automaton, ByteSet, ExprId, Exprs};

const LIMITS: PatternLimits = PatternLimits { nesting: 200, exprs: 2_000_000 };

/// A pattern as this crate reads it.
struct Pattern {
    automaton: Automaton,
    start: ExprId,
}

impl Pattern {
    fn new(exprs: Exprs, start: ExprId) -> Self {
        Self { automaton: Automaton::new(exprs, ByteSet::ALL), start }
    }

    fn read(pattern: &str, syntax: &Syntax) -> Result<Self, PatternError> {
        let mut exprs = Exprs::default();
        let start = parse(pattern, syntax, &LIMITS, &mut exprs)?;
        Ok(Self::new(exprs, start))
    }

    fn matches(&mut self, text: &[u8]) -> bool {
        let mut state = self.start;
        for &byte in text {
            let class = self.automaton.class_of(byte);
            state = self.automaton.step(state, class);
        }
        self.automaton.is_nullable(state)
    }
}

/// What the pattern matches and what it does not.
fn check(syntax: &Syntax, pattern: &str, accept: &[&str], reject: &[&str]) {
    let mut read = match Pattern::read(pattern, syntax) {
        Ok(read) => read,
        Err(error) => panic!("{pattern:?}: {} at byte {}", error.kind, error.offset),
    };
    for text in accept {
        assert!(read.matches(text.as_bytes()), "{pattern:?} does not match {text:?}");
    }
    for text in reject {
        assert!(!read.matches(text.as_bytes()), "{pattern:?} matches {text:?}");
    }
}

#[test]
fn anchors_hold_where_they_stand() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("^abc$", &["abc"], &["ab", "abcd"]),
        ("(a|$)", &["a", ""], &["b"]),
        ("a^b", &[], &["ab", "a", "b", "a^b"]),
        ("a*^b", &["b"], &["ab", "aab"]),
        ("(^|,)a(,|$)", &["a", ",a", "a,", ",a,"], &["aa", ""]),
        ("(?:^a|,a)+", &["a", "a,a", ",a,a", "a,a,a"], &["aa", "aa,a", ""]),
        ("(?:a,|a$)*", &["", "a", "a,", "a,a", "a,a,a,a"], &["aa", "a,aa"]),
        ("(?:a,|a$){0,2}", &["", "a", "a,", "a,a", "a,a,"], &["aa", "a,aa", "a,a,a", "a,a,a,"]),
        ("(?:a,|a$){0,2}b?", &["", "a", "a,b", "a,a", "a,a,b", "b"], &["ab", "a,ab"]),
        ("(?:^a|b){1,3}", &["a", "b", "ab", "abb", "bbb"], &["ba", "abbb", "aa", ""]),
        (r"\Aa\z|b\z", &["a", "b"], &["", "ab"]),
        ("(?m)a$\n^b", &["a\nb"], &["a", "ab", "a\n"]),
        ("(?m)(a|\n)*^b", &["b", "a\nb", "\nb"], &["ab", "\nab"]),
        ("(?m)a*$(?s:.*)", &["", "aa", "aa\n", "aa\nb"], &["aab", "b"]),
    ];
    for (pattern, accept, reject) in cases {
        check(&Syntax::RUST, pattern, accept, reject);
    }
}

#[test]
fn lookahead_speaks_of_all_that_follows() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("a(?=b)c", &[], &["ac", "abc"]),
        ("a(?!b)c", &["ac"], &["abc", "a"]),
        ("(?!foo)[a-z]+", &["bar", "fo", "fob"], &["foo", "food"]),
        ("(?=.*[0-9])(?=.*[a-z])[a-z0-9]{3,}", &["a1b", "1a1"], &["aaa", "111", "a1"]),
        ("(a(?!c)|b)(c|d)", &["ad", "bc", "bd"], &["ac"]),
        ("(?=(?!ab)a)a.", &["ac", "aa"], &["ab"]),
        (r#"(?:(?!["\\])[\s\S]|\\.)*x"#, &["x", "ax", "\\\"x", "a\\xx"], &["\"x", "\\x", "a"]),
        ("((?=[ab])..)+", &["ab", "acbd"], &["ca", "a", "abca"]),
        ("((?!ab)a.|b)*", &["aa", "baa", "bb"], &["ab", "a"]),
        ("x(?=a|b$)?.", &["xa", "xb", "xc"], &["x", "xbb"]),
    ];
    for (pattern, accept, reject) in cases {
        check(&Syntax::EBNF, pattern, accept, reject);
    }
}

#[test]
fn dialects_differ() {
    let (rust, ebnf, lark) = (Syntax::RUST, Syntax::EBNF, Syntax::LARK);
    check(&rust, r"\d\w\s", &["٣é\u{2003}"], &["a1 "]);
    check(&ebnf, r"\d\w\s", &["3_\u{A0}"], &["٣e ", "3é ", "3e\u{2003}"]);
    check(&rust, "a.c", &["abc"], &["a\nc"]);
    check(&ebnf, "a.c", &["abc", "a\nc", "a😀c"], &["ac"]);
    check(&rust, "(?i)straſe|σ", &["STRASE", "Σ", "ς"], &[]);
    check(&ebnf, "(?i)aσ[^k]", &["Aσx", "aσ\u{212A}"], &["aΣx", "aσK"]);
    check(&rust, "(?i)[^k]", &["x"], &["k", "K", "\u{212A}"]);
    check(&rust, "[a-z&&[^aeiou]]+", &["xyz"], &["xay"]);
    check(&ebnf, r"[[&\]\b-]+", &["[&]\u{8}-"], &["a"]);
    check(&ebnf, "[^]", &["a", "\n"], &["", "ab"]);
    check(&rust, "[]a]+", &["]a]"], &["b"]);
    for syntax in [&rust, &ebnf, &lark] {
        check(syntax, r"\cA\x41\u0042\/\.\0", &["\u{1}AB/.\0"], &["A"]);
        check(syntax, r"\u{1F600}\uD83D\uDE00", &["😀😀"], &["😀"]);
        check(syntax, r"\p{Lu}\pN[\p{Greek}x]", &["A1α", "É2x"], &["a1α"]);
        check(syntax, "(?x) a b # c\n c", &["abc"], &["a b c"]);
        check(syntax, "(?i:a)b(?<n>c)(?P<m>d)", &["Abcd", "abcd"], &["ABcd"]);
        check(syntax, "(?i)a(?-i)b", &["Ab", "ab"], &["aB"]);
    }
    check(&lark.with_flags("is").expect("both are flags"), "a.", &["A\n"], &[]);
    assert_eq!(Syntax::LARK.with_flags("il"), Err('l'));
    check(&rust, r"(?-u)[^a]\xFF", &[], &["a"]);
    let mut bytes = Pattern::read(r"(?-u:[^a]\xFF.)", &rust).unwrap_or_else(|_| panic!("reads"));
    assert!(bytes.matches(b"\x80\xFF\xFE") && !bytes.matches(b"\x80\xFF\n"));
}

#[test]
fn errors_say_where_and_what() {
    let cases = [
        ("a(b", 1, "this group is not closed: write ) behind it"),
        ("ab)", 2, "this ) closes no group: write \\) for the character"),
        ("[a", 0, "this class is not closed: write ] behind it"),
        ("a++", 2, "a quantifier cannot follow another: write (?:a+) first"),
        ("a{1,3}?{1,3}", 7, "a quantifier cannot follow another: write (?:a{1,3}?) first"),
        ("*a", 0, "* has nothing to repeat: write \\* for the character"),
        ("a|?", 2, "? has nothing to repeat: write \\? for the character"),
        ("a{,3}", 2, "a repetition is {m}, {m,} or {m,n}: write \\{ for the character"),
        ("(?<n>a)(?P<n>b)", 11, "a group is named \"n\" again: write another name"),
        ("a{3,2}", 1, "a repetition of 3 to 2: write the lower number first"),
        ("a{99999999999}", 2, "a repetition cannot count to 99999999999: 4294967295 is the most"),
        (r"(a)\1", 3, "a back-reference is not supported: write the group again"),
        (r"(?<n>a)\k<n>", 7, "a back-reference is not supported: write the group again"),
        ("(?<=a)b", 0, "look-behind is not supported: write the text before it instead"),
        ("(?<!a)b", 0, "negative look-behind is not supported: write the text before it instead"),
        (
            "a(?=b)",
            1,
            "nothing follows this look-ahead, as the whole text is matched: leave it out",
        ),
        ("(?l)a", 2, "l is no flag: the flags are imsxuU"),
        (r"ab\", 2, "nothing is behind this \\: write \\\\ for the character"),
        (
            "[z-a]",
            1,
            "[z-a] is no class of characters: invalid character class range, the start must be <= the end",
        ),
        (r"\y", 0, "\\y is no escape of characters: unrecognized escape sequence"),
        ("(?<1>a)", 3, "a group is named by a letter and letters, digits or _: write (?<name>…)"),
    ];
    for (pattern, offset, what) in cases {
        let error =
            Pattern::read(pattern, &Syntax::RUST).err().map(|e| (e.offset, e.kind.to_string()));
        assert_eq!(error, Some((offset, what.to_owned())), "{pattern:?}");
    }
    let boundary = Pattern::read(r"a\b", &Syntax::RUST).err().map(|error| error.kind);
    assert!(matches!(boundary, Some(PatternErrorKind::Unsupported(_))));
    let repeated = Pattern::read("((?=ab).)*c", &Syntax::EBNF).err().map(|error| error.offset);
    assert_eq!(repeated, Some(1));
}

#[test]
fn hostile_patterns_end_soon() {
    let deep = "(".repeat(60_000) + &")".repeat(60_000);
    let long = "a".repeat(1 << 18);
    let many = "\\w".repeat(50_000);
    let words = (0..20_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join("|");
    let ahead = "(?=a)b?".repeat(5_000);
    let cases =
        [deep.as_str(), &"[".repeat(60_000), &"(?i".repeat(9_999), &"a{0,999999}".repeat(999)];
    for pattern in
        cases.into_iter().chain([long.as_str(), &many, &words, &ahead, "((a{1000}){1000}){1000}"])
    {
        for syntax in [Syntax::RUST, Syntax::EBNF] {
            let started = std::time::Instant::now();
            if let Ok(mut read) = Pattern::read(pattern, &syntax) {
                read.matches(b"aaaa");
            }
            let taken = started.elapsed();
            assert!(taken.as_secs() < 2, "{taken:?} for {:.40}", pattern);
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub(super) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// A random pattern without look-ahead.
fn pattern(random: &mut Random, depth: usize) -> String {
    const ATOMS: &[&str] = &[
        "a",
        "b",
        "c",
        "é",
        "K",
        "ſ",
        ".",
        "[ab]",
        "[^b]",
        r"\d",
        r"\w",
        r"\W",
        r"\s",
        "[a-c&&[^b]]",
        r"\p{Lu}",
        "[[:alpha:]]",
        r"\x61",
        "1",
        r"\n",
        "^",
        "$",
        r"\A",
        r"\z",
        "[é-ü]",
        "(?i:k)",
        "(?s:.)",
        "(?m:^)",
        "(?m:$)",
        "(?-u:[ab])",
    ];
    const COUNTS: &[&str] =
        &["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", "*?", "{0}"];
    let atom = match random.below(if depth == 0 { 1 } else { 4 }) {
        0 => random.pick(ATOMS).to_owned(),
        1 => format!("({}|{})", pattern(random, depth - 1), pattern(random, depth - 1)),
        2 => format!("(?i:{})", pattern(random, depth - 1)),
        _ => format!("(?:{}{})", pattern(random, depth - 1), pattern(random, depth - 1)),
    };
    atom + random.pick(COUNTS)
}

/// A text that a pattern matches, if its anchors allow it.
fn sample(hir: &Hir, random: &mut Random, text: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend(&literal.0),
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
            if let Some(range) = class.ranges().get(random.below(class.ranges().len().max(1))) {
                text.extend(range.start().to_string().as_bytes());
            }
        }
        HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => {
            if let Some(range) = class.ranges().get(random.below(class.ranges().len().max(1))) {
                text.push(range.end());
            }
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min + 2);
            for _ in 0..repetition.min as usize + random.below((most - repetition.min + 1) as usize)
            {
                sample(&repetition.sub, random, text);
            }
        }
        HirKind::Capture(capture) => sample(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| sample(part, random, text)),
        HirKind::Alternation(parts) => {
            let part = random.below(parts.len());
            sample(&parts[part], random, text);
        }
    }
}

fn mutated(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut text = text.to_vec();
    let at = random.below(text.len() + 1);
    match random.below(4) {
        0 => text.truncate(at),
        1 => text.insert(at, b"abk1\n\xC3\xFF"[random.below(7)]),
        2 if at < text.len() => text[at] = b"abcK \n"[random.below(6)],
        _ if at < text.len() => drop(text.remove(at)),
        _ => {}
    }
    text
}

#[test]
fn patterns_match_as_in_regex_automata() {
    const SEED: u64 = 0x7261_696C;
    let mut random = Random(SEED);
    let config = || syntax::Config::new().utf8(false);
    let (mut read, mut matched, mut judged) = (0, 0, 0);
    for round in 0..3_000 {
        let pattern = (0..1 + random.below(3)).map(|_| pattern(&mut random, 3)).collect::<String>();
        let where_ = format!("seed {SEED}, round {round}, {pattern:?}");
        let ours = Pattern::read(&pattern, &Syntax::RUST);
        let judge = NFA::compiler()
            .syntax(config())
            .configure(NFA::config().utf8(false))
            .build(&format!(r"\A(?:{pattern})\z"))
            .unwrap_or_else(|error| panic!("{where_}: {error}"));
        let mut ours = match ours {
            Ok(ours) => ours,
            Err(PatternError { kind: PatternErrorKind::Unsupported(_), .. }) => continue,
            Err(error) => panic!("{where_}: {error:?}"),
        };
        read += 1;
        let judge = PikeVM::new_from_nfa(judge).unwrap_or_else(|error| panic!("{where_}: {error}"));
        let mut cache = judge.create_cache();
        let hir = syntax::parse_with(&pattern, &config()).unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..12 {
            let mut text = Vec::new();
            sample(&hir, &mut random, &mut text);
            for text in [text.clone(), mutated(&text, &mut random)] {
                let expected = judge.is_match(&mut cache, &text);
                let text_shown = text.escape_ascii();
                assert_eq!(ours.matches(&text), expected, "{where_} on \"{text_shown}\"");
                judged += 1;
                matched += usize::from(expected);
            }
        }
    }
    assert!(read > 1_500 && matched * 4 > judged, "{read} read, {matched} of {judged} match");
}

#[test]
fn boolean_laws_hold() {
    const SEED: u64 = 0x626F_6F6C;
    let mut random = Random(SEED);
    for round in 0..300 {
        let patterns = [(); 2].map(|()| pattern(&mut random, 2));
        let mut exprs = Exprs::default();
        let [Ok(a), Ok(b)] =
            patterns.each_ref().map(|pattern| parse(pattern, &Syntax::RUST, &LIMITS, &mut exprs))
        else {
            continue;
        };
        let (both, either, other) = (exprs.and([a, b]), exprs.or([a, b]), exprs.not(a));
        let shortest = exprs.shortest_matches(a);
        let of = |start| Pattern::new(exprs.clone(), start);
        let [mut a, mut b, mut both, mut either, mut other, mut shortest] =
            [a, b, both, either, other, shortest].map(of);
        for _ in 0..30 {
            let length = random.below(6);
            let text: Vec<u8> = (0..length).map(|_| b"abcK1 \n\xC3\xA9"[random.below(9)]).collect();
            let (in_a, in_b) = (a.matches(&text), b.matches(&text));
            let is_shortest = in_a && !(0..text.len()).any(|end| a.matches(&text[..end]));
            let found = [&mut both, &mut either, &mut other, &mut shortest]
                .map(|pattern| pattern.matches(&text));
            let expected = [in_a && in_b, in_a || in_b, !in_a, is_shortest];
            assert_eq!(found, expected, "seed {SEED}, round {round}, {patterns:?} on {text:?}");
        }
    }
}

/// The ends of a part's texts from a place, with assertions asked of the text itself.
pub(super) fn ends(
    node: &Node,
    text: &[u8],
    start: usize,
    plain: &mut Automaton,
) -> BTreeSet<usize> {
    let is_line = |newline: Option<&u8>| newline.is_none_or(|&byte| byte == b'\n');
    let if_true = |is_true: bool| if is_true { BTreeSet::from([start]) } else { BTreeSet::new() };
    match node {
        Node::Text(part) if text[start..].starts_with(part) => BTreeSet::from([start + part.len()]),
        Node::Text(_) => BTreeSet::new(),
        Node::Plain(expr) => {
            let mut state = *expr;
            let mut found = BTreeSet::new();
            for end in start..=text.len() {
                found.extend(plain.is_nullable(state).then_some(end));
                if let Some(&byte) = text.get(end) {
                    state = plain.step(state, plain.class_of(byte));
                }
            }
            found
        }
        Node::Assert(assertion, _) => if_true(match assertion {
            Assertion::TextStart => start == 0,
            Assertion::TextEnd => start == text.len(),
            Assertion::LineStart => is_line(start.checked_sub(1).map(|before| &text[before])),
            Assertion::LineEnd => is_line(text.get(start)),
            Assertion::Ahead(part) => !ends(part, text, start, plain).is_empty(),
            Assertion::NotAhead(part) => ends(part, text, start, plain).is_empty(),
            Assertion::Behind(part) => begins(part, text, start, plain),
            Assertion::NotBehind(part) => !begins(part, text, start, plain),
            Assertion::Boundary => is_boundary(text, start),
            Assertion::NotBoundary => !is_boundary(text, start),
        }),
        Node::Concat(parts) => parts.iter().fold(BTreeSet::from([start]), |at, part| {
            at.into_iter().flat_map(|at| ends(part, text, at, plain)).collect()
        }),
        Node::Or(parts) => parts.iter().flat_map(|part| ends(part, text, start, plain)).collect(),
        Node::Repeat(part, count, _) => {
            let mut found = BTreeSet::new();
            let mut at = BTreeSet::from([start]);
            // Past so many runs none is new: each but the empty ones takes a byte.
            let enough = count.min + u32::try_from(text.len()).unwrap() + 1;
            for run in 0..=count.max.unwrap_or(enough).min(enough) {
                if run >= count.min {
                    found.extend(&at);
                }
                at = at.iter().flat_map(|&at| ends(part, text, at, plain)).collect();
            }
            found
        }
    }
}

/// Whether a part matches some text up to `end`.
fn begins(part: &Node, text: &[u8], end: usize, plain: &mut Automaton) -> bool {
    (0..=end).any(|start| ends(part, text, start, plain).contains(&end))
}

fn is_boundary(text: &[u8], at: usize) -> bool {
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_word(at.checked_sub(1).map(|before| &text[before])) != is_word(text.get(at))
}

#[test]
fn assertions_are_what_the_text_says() {
    const SEED: u64 = 0x6173_7365;
    const PARTS: &[&str] = &[
        "a",
        "b",
        "a",
        "b",
        ".",
        "[^a]",
        "\n",
        "(?=a)",
        "(?!b)",
        "(?=ab)",
        "(?!ab|b$)",
        "(?=.*b)",
        "(?!a(?!b))",
        "^",
        "$",
        "(?m:^)",
        "(?m:$)",
        "(?:(?!a).)*",
        "(?:(?=b).a?)+",
        "(?:^a|b)*",
        "(?:a$|b)+",
        "(?:a|b$){0,2}",
        "(",
        "(",
        ")*",
        ")",
        ")",
        "|",
        ")?",
        ")+",
    ];
    let mut random = Random(SEED);
    let (mut read, mut matched) = (0, 0);
    for round in 0..60_000 {
        let pattern: String = (0..1 + random.below(7)).map(|_| random.pick(PARTS)).collect();
        let mut exprs = Exprs::default();
        let parser = Parser::new(&pattern, &Syntax::EBNF, &LIMITS, &mut exprs);
        let Ok(node) = parser.parse() else { continue };
        let Ok(mut ours) = Pattern::read(&pattern, &Syntax::EBNF) else { continue };
        let mut plain = Automaton::new(exprs, ByteSet::ALL);
        read += 1;
        for _ in 0..12 {
            let length = random.below(6);
            let text: Vec<u8> = (0..length).map(|_| b"aabb\n"[random.below(5)]).collect();
            let expected = ends(&node, &text, 0, &mut plain).contains(&text.len());
            let shown = text.escape_ascii();
            let found = ours.matches(&text);
            assert_eq!(found, expected, "seed {SEED}, round {round}, {pattern:?} on \"{shown}\"");
            matched += usize::from(expected);
        }
    }
    assert!(read > 5_000 && matched > 5_000, "{read} read, {matched} match");
}
