//! Patterns of ECMA-262 against the crate `regress`, which is an engine for them, and against the
//! text itself.
#![expect(clippy::print_stderr, reason = "a run says what it did not judge")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use regress::Regex;
use serde_json::Value;

use super::super::tests::{Random, ends};
use super::super::{PatternError, PatternLimits};
use super::*;
use crate::regex::{Automaton, ByteSet};

const LIMITS: PatternLimits = PatternLimits { nesting: 200, exprs: 2_000_000 };

/// A pattern as this crate reads it.
struct Search {
    automaton: Automaton,
    start: ExprId,
    /// The expressions that it needs.
    size: usize,
}

impl Search {
    fn read(pattern: &str) -> Result<Self, PatternError> {
        let mut exprs = Exprs::default();
        let start = parse_search(&mut exprs, pattern, &Syntax::ECMA, &LIMITS)?;
        let size = exprs.len();
        Ok(Self { automaton: Automaton::new(exprs, ByteSet::ALL), start, size })
    }

    fn matches(&mut self, text: &str) -> bool {
        let mut state = self.start;
        for &byte in text.as_bytes() {
            state = self.automaton.step(state, self.automaton.class_of(byte));
        }
        self.automaton.is_nullable(state)
    }
}

/// What the pattern occurs in and what it does not.
fn check(pattern: &str, accept: &[&str], reject: &[&str]) {
    let mut read = match Search::read(pattern) {
        Ok(read) => read,
        Err(error) => panic!("{pattern:?}: {} at byte {}", error.kind, error.offset),
    };
    for (texts, expected) in [(accept, true), (reject, false)] {
        for text in texts {
            assert_eq!(read.matches(text), expected, "{pattern:?} on {text:?}");
        }
    }
}

#[test]
fn patterns_occur_anywhere() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("", &["", "a"], &[]),
        ("a+", &["a", "xay", "é a"], &["", "b"]),
        ("^a|b$", &["a", "ax", "b", "xb"], &["", "xa", "bx"]),
        ("^[a-z]+$", &["a"], &["", "a1", "a\n"]),
        ("(^|,)a(,|$)", &["a", "x,a", "a,x", ",a,"], &["xa", "ax"]),
        ("a$b|^^c", &["c", "cx"], &["ab", "xc"]),
        (r"^\$\{[^}]*}$", &["${a}", "${}"], &["${a", "{a}"]),
        ("^{a}{1,b}]$", &["{a}{1,b}]"], &["a"]),
        (r"^\-\_\@\%\#\:\/\'\&$", &["-_@%#:/'&"], &[]),
        (r"^\cC\x41\u0042\u{43}\0\v$", &["\u{3}ABC\0\u{B}"], &[]),
        (r"^\uD83D\uDE00[\uD83D\uDE00-\u{1F602}]$", &["😀😁"], &["😀"]),
        (r"^[\uD800-\uE000]$|\uDFFF", &["\u{E000}"], &["\u{D7FF}"]),
        (r"^\s$", &[" ", "\u{FEFF}", "\u{2028}", "\n"], &["\u{1}", "\u{180E}", "\u{85}"]),
        ("^.$", &["a", "😀", "\u{85}"], &["\n", "\r", "\u{2028}", "\u{2029}", ""]),
        (r"^[\w-.]+$|^[+-\d]$", &["a-.", "+", "-", "5"], &["a ", ","]),
        (r"^[\b\]^[]+$", &["\u{8}]^["], &["b"]),
        ("^[]$|^[^]$", &["a", "\n"], &["", "ab"]),
        (r"^\p{L}\p{Letter}\p{Script=Greek}\P{sc=Grek}\p{digit}$", &["éaαb٣"], &["1aαb3"]),
        (r"\bfoo\b", &["foo", "a foo.", "éfoo"], &["foob", "afoo", "_foo"]),
        (r"^a\B", &["ab", "a_"], &["a", "a b"]),
        ("(?<=a)b|(?<!a)c", &["ab", "c", "xc"], &["b", "ac", "xb"]),
        (".(?<=ab)c|d(?<!a.)", &["abc", "d", "bd"], &["bc", "ad"]),
        ("(?<=ab)c(?=d)", &["abcd"], &["abc", "bcd", "acd"]),
        ("^(?:.(?<=[ab]))*$", &["abba", ""], &["abc"]),
        (
            r"^((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+[A-Za-z]{2,6}$",
            &["a-b.c.org"],
            &["-b.org", "b-.org"],
        ),
        ("^((?!mode)(?!Mode).)*$", &["mod e", "", "Mod"], &["mode", "a Mode b"]),
        ("^(?:(?=[a-y]).){2,3}$", &["ab", "abc"], &["a", "abz", "abcd"]),
        ("^(?!.*(?:foo|bar)).+$", &["baz"], &["a bar", "foo", ""]),
        ("(?<name>a)(?:b)c*?d??", &["ab"], &["a"]),
    ];
    for (pattern, accept, reject) in cases {
        check(pattern, accept, reject);
    }
}

#[test]
fn errors_say_what_ecma_262_has_instead() {
    let cases = [
        (r"\Aa", 0, "\\A is no escape of ECMA-262: write ^ for the start of the text"),
        (r"a\Z", 1, "\\Z is no escape of ECMA-262: write $ for the end of the text"),
        (r"\a", 0, "\\a is no escape of ECMA-262: write the character without \\"),
        (r"[a\x1]", 2, "\\x1 is no escape of ECMA-262: write \\x and two hexadecimal digits"),
        (r"(a)\1", 3, "a back-reference is not supported: write the group again"),
        (r"(?<n>a)\k<n>", 7, "a back-reference is not supported: write the group again"),
        (
            "(?i)a",
            0,
            "flags are not supported in the middle of a pattern: write [aA] for a letter in either \
             case",
        ),
        ("(?>a)", 0, "an atomic group is no part of ECMA-262: write (?:…)"),
        ("a++", 2, "a quantifier cannot follow another: write (?:a+) first"),
        ("(?P<n>a)", 0, "(?P is no group of ECMA-262: write (?<name>…)"),
        ("[b-a]", 1, "[b-a] is no range: write the lower end first"),
        ("{1}", 0, "{ has nothing to repeat: write \\{ for the character"),
        ("(?<=a*)+", 7, "a look-behind cannot be repeated: write it once"),
        (
            "(?<=a(?=b))c",
            0,
            "a look-behind cannot look at what follows it: write that behind it instead",
        ),
    ];
    for (pattern, offset, what) in cases {
        let error = Search::read(pattern).err().map(|error| (error.offset, error.kind.to_string()));
        assert_eq!(error, Some((offset, what.to_owned())), "{pattern:?}");
    }
}

#[test]
fn anchored_patterns_stand_alone() {
    let cases = [
        ("^[a-z]+$", "[a-z]+"),
        ("^(?:a|bc){2,5}$", "(?:a|bc){2,5}"),
        ("^$", ""),
        ("^a.*", "a[^]*"),
        ("x{2,7}$", "[^]*x{2}"),
        ("", "[^]*"),
        (".*a?", "[^]*"),
        ("^a|b*", "[^]*"),
        ("ab+", "[^]*ab[^]*"),
        ("^(?=.*a).*$", "(?=.*a).*"),
    ];
    let mut exprs = Exprs::default();
    for (pattern, whole) in cases {
        let found = parse_search(&mut exprs, pattern, &Syntax::ECMA, &LIMITS);
        let alone = super::super::parse(whole, &Syntax::ECMA, &LIMITS, &mut exprs);
        assert!(found.is_ok() && found == alone, "{pattern:?} is not {whole:?}");
    }
}

/// A random pattern of a few parts, groups closed by chance.
fn pattern(random: &mut Random) -> String {
    const PARTS: &[&str] = &[
        "a",
        "b",
        "a",
        "b",
        "é",
        ".",
        "[^a]",
        r"\w",
        r"\W",
        " ",
        "_",
        "ab",
        "(?=a)",
        "(?!b)",
        "(?=ab)",
        "(?!ab|b$)",
        "(?=.*b)",
        "(?!a(?!b))",
        "(?<=a)",
        "(?<!b)",
        "(?<=ab|b)",
        "(?<=ab)",
        "(?<!a.)",
        "(?<!^a)",
        "(?<=^|b)",
        "(?<=b.*)",
        r"(?<=\ba)",
        "(?=^a|b)",
        "(?!^a|^b|ab)",
        r"\b",
        r"\B",
        "^",
        "$",
        "(?:(?!a).)*",
        "(?:(?=b).a?)+",
        "(?:^a|b)*",
        "(?:a$|b)+",
        "(?:a|b$){0,2}",
        r"(?:\ba)?",
        r"(?:.(?<=a|b))+",
        "(",
        "(",
        ")*",
        ")",
        ")",
        "|",
        ")?",
        ")+",
        ")*?",
        "{2}",
        "{1,2}",
        "?",
    ];
    (0..1 + random.below(8)).map(|_| random.pick(PARTS)).collect()
}

fn text(random: &mut Random) -> String {
    (0..random.below(7)).map(|_| random.pick(&["a", "a", "b", "b", "é", " ", "_"])).collect()
}

#[test]
fn assertions_are_what_the_text_says() {
    const SEED: u64 = 0x6265_6869;
    let mut random = Random(SEED);
    let (mut read, mut refused, mut matched) = (0, 0, 0);
    for round in 0..40_000 {
        let pattern = pattern(&mut random);
        let mut exprs = Exprs::default();
        let Ok(node) = Parser::new(&pattern, &Syntax::ECMA, &LIMITS, &mut exprs).parse() else {
            continue;
        };
        let mut ours = match Search::read(&pattern) {
            Ok(ours) => ours,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        read += 1;
        let mut plain = Automaton::new(exprs, ByteSet::ALL);
        for _ in 0..10 {
            let text = text(&mut random);
            let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let expected =
                starts.any(|start| !ends(&node, text.as_bytes(), start, &mut plain).is_empty());
            let found = ours.matches(&text);
            assert_eq!(found, expected, "seed {SEED}, round {round}, {pattern:?} on {text:?}");
            matched += usize::from(expected);
        }
    }
    eprintln!("{read} patterns read, {refused} refused, {matched} texts match");
    assert!(read > 5_000 && matched > 5_000 && refused * 5 < read);
}

#[test]
fn patterns_occur_where_regress_finds_them() {
    const SEED: u64 = 0x7265_6772;
    let mut random = Random(SEED);
    let (mut read, mut matched) = (0, 0);
    for round in 0..20_000 {
        let pattern = pattern(&mut random);
        // Patterns that only Annex B allows, such as those with a lone `]`, are judged without `u`.
        let Ok(judge) = Regex::with_flags(&pattern, "u") else { continue };
        let Ok(mut ours) = Search::read(&pattern) else { continue };
        read += 1;
        for _ in 0..10 {
            let text = text(&mut random);
            let expected = judge.find(&text).is_some();
            let found = ours.matches(&text);
            assert_eq!(found, expected, "seed {SEED}, round {round}, {pattern:?} on {text:?}");
            matched += usize::from(expected);
        }
    }
    assert!(read > 3_000 && matched > 3_000, "{read} read, {matched} match");
}

/// A file of the data that lies beside the repository, where it does.
fn shared(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let found = fs::read_to_string(root.join(path)).ok();
    if found.is_none() {
        eprintln!("{path} is not there: not judged");
    }
    found
}

#[test]
fn patterns_occur_as_the_suite_of_json_schema_says() {
    let drafts = ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"];
    let files = ["optional/ecmascript-regex", "optional/non-bmp-regex", "pattern"];
    let mut rows = 0;
    for (draft, file) in drafts.iter().flat_map(|draft| files.map(|file| (draft, file))) {
        let path = format!("json-schema-test-suite/tests/{draft}/{file}.json");
        let Some(groups) = shared(&path) else { return };
        let groups: Vec<Value> = serde_json::from_str(&groups).unwrap();
        for group in &groups {
            let Some(pattern) = group["schema"]["pattern"].as_str() else { continue };
            let tests = group["tests"].as_array().unwrap().iter();
            for (data, valid) in
                tests.filter_map(|test| Some((test["data"].as_str()?, &test["valid"])))
            {
                let (accept, reject) =
                    if valid == true { (vec![data], vec![]) } else { (vec![], vec![data]) };
                check(pattern, &accept, &reject);
                rows += 1;
            }
        }
    }
    eprintln!("{rows} rows of the suite");
}

/// Every pattern in a schema, those of property names among them.
fn collect(schema: &Value, patterns: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            patterns.extend(schema["pattern"].as_str().map(str::to_owned));
            if let Value::Object(properties) = &schema["patternProperties"] {
                patterns.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| collect(member, patterns));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        _ => {}
    }
}

#[test]
fn patterns_of_real_schemas_are_read() {
    let Some(lines) = shared("maskbench/schemas.jsonl") else { return };
    let mut patterns = BTreeSet::new();
    for line in lines.lines() {
        collect(&serde_json::from_str(line).unwrap(), &mut patterns);
    }
    let (mut read, mut slowest, mut largest) = (0, (0, String::new()), (0, String::new()));
    let mut random = Random(7);
    for pattern in &patterns {
        let judge = Regex::with_flags(pattern, "u").or_else(|_| Regex::new(pattern));
        let started = Instant::now();
        let ours = Search::read(pattern);
        slowest = slowest.max((started.elapsed().as_micros(), shown(pattern)));
        match (ours, judge) {
            (Ok(mut ours), Ok(judge)) => {
                read += 1;
                largest = largest.max((ours.size, shown(pattern)));
                for _ in 0..20 {
                    let text = near(pattern, &mut random);
                    assert_eq!(
                        ours.matches(&text),
                        judge.find(&text).is_some(),
                        "{pattern:?} on {text:?}"
                    );
                }
            }
            (Ok(_), Err(error)) => eprintln!("read, but regress does not: {pattern:?}: {error:?}"),
            (Err(error), Ok(_)) => panic!("{pattern:?} is not read: {:?}", error.kind),
            (Err(_), Err(_)) => eprintln!("refused by both: {pattern:?}"),
        }
    }
    eprintln!("{read} of {} read; slowest {slowest:?}; largest {largest:?}", patterns.len());
}

/// The beginning of a long pattern.
fn shown(pattern: &str) -> String {
    pattern.chars().take(60).collect()
}

/// A text that looks like the pattern: pieces of it, without what only patterns have.
fn near(pattern: &str, random: &mut Random) -> String {
    let chars: Vec<char> =
        pattern.chars().filter(|char| !r"\^$()[]{}*+?|".contains(*char)).collect();
    let mut text = String::new();
    for _ in 0..random.below(4) {
        let start = random.below(chars.len() + 1);
        let end = start + random.below(chars.len() + 1 - start);
        text.extend(&chars[start..end.min(start + 40)]);
    }
    text
}
