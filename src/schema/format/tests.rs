//! Formats against the suite of JSON Schema, the standard library, the calendar, and an engine for
//! patterns.
#![expect(clippy::print_stderr, reason = "a run says what it did not judge")]

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

use super::*;
use crate::regex::{Automaton, ByteSet};

const NAMES: [&str; 19] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "uuid",
    "regex",
];

/// The rows of the suite that are refused although it takes them: the format, and what the
/// description begins with. None is taken that the suite refuses.
const DIFFERENCES: &[(&str, &str)] = &[
    // Labels of Punycode, of which no regular language has the right ones alone.
    ("hostname", "a valid punycoded IDN hostname"),
    ("hostname", "a valid host name (example.test in Hangul)"),
    ("hostname", "Exceptions that are PVALID, left-to-right chars"),
    ("hostname", "Exceptions that are PVALID, right-to-left chars"),
    ("hostname", "MIDDLE DOT with surrounding 'l's"),
    ("hostname", "Greek KERAIA followed by Greek"),
    ("hostname", "Hebrew GERESH preceded by Hebrew"),
    ("hostname", "Hebrew GERSHAYIM preceded by Hebrew"),
    ("hostname", "KATAKANA MIDDLE DOT with Hiragana"),
    ("hostname", "KATAKANA MIDDLE DOT with Katakana"),
    ("hostname", "KATAKANA MIDDLE DOT with Han"),
    ("hostname", "Arabic-Indic digits not mixed with Extended Arabic-Indic digits"),
    ("hostname", "Extended Arabic-Indic digits not mixed with Arabic-Indic digits"),
    ("hostname", "ZERO WIDTH JOINER preceded by Virama"),
    ("hostname", "ZERO WIDTH NON-JOINER preceded by Virama"),
    ("hostname", "ZERO WIDTH NON-JOINER not preceded by Virama but matches regexp"),
    ("idn-hostname", "valid Chinese Punycode"),
    // Two names that must be the same.
    ("regex", "an ECMA 262 named backreference"),
];

/// A format that strings are walked through.
struct Walk {
    automaton: Automaton,
    start: ExprId,
}

impl Walk {
    fn new(name: &str) -> Self {
        let mut exprs = Exprs::default();
        let Format { language, .. } = language(&mut exprs, name).expect("a known format");
        Self { automaton: Automaton::new(exprs, ByteSet::ALL), start: language }
    }

    fn takes(&mut self, text: &str) -> bool {
        let mut state = self.start;
        for &byte in text.as_bytes() {
            state = self.automaton.step(state, self.automaton.class_of(byte));
        }
        self.automaton.is_nullable(state)
    }
}

/// What a format takes and what it does not.
fn check(name: &str, accept: &[&str], reject: &[&str]) {
    let mut walk = Walk::new(name);
    for (texts, expected) in [(accept, true), (reject, false)] {
        for text in texts {
            assert_eq!(walk.takes(text), expected, "{name}: {text:?}");
        }
    }
}

#[test]
fn formats_take_what_their_standards_do() {
    check(
        "time",
        &["23:59:60Z", "15:59:60.5-08:00", "00:29:60+00:30", "23:59:60+00:00"],
        &["22:59:60Z", "00:29:60+01:30", "24:00:00Z", "12:00:00"],
    );
    check(
        "date-time",
        &["1998-12-31T23:59:60Z", "2020-02-29t00:00:00.1z"],
        &["1998-12-31T23:58:60Z", "2021-02-29T00:00:00Z", "2020-01-01 00:00:00Z"],
    );
    check(
        "duration",
        &["P1Y2M3DT4H5M6S", "PT0S", "P4W", "P1DT1H"],
        &["P", "PT", "P1Y2W", "P2S", "P1Y3D", "PT1H2S"],
    );
    check(
        "hostname",
        &["a", "a--b.example", "9.a", "aa--b"],
        &["xn--a", "a.", "-a", "a_b", "Xn--b.c"],
    );
    check(
        "email",
        &["a.b@c.d", "\"a b\\\"\"@c", "a@[1.2.3.4]", "a@[IPv6:::1]"],
        &["a..b@c", "a@", "a@[::1]", "é@c", "\"a\"b\"@c"],
    );
    check("idn-email", &["é@c", "\"é\"@é.c"], &["@c"]);
    check(
        "idn-hostname",
        &["l·l", "παράδειγμα.δοκιμή", "بي‌بي", "क्‌ष", "אב1", "a。b"],
        &["a·l", "aא", "0a.א", "א0٠", "ａ", "Éa", "aa--b", "\u{301}a", "a\u{200D}"],
    );
    check(
        "uri",
        &["a:", "http://a@b:1/c?d#e", "urn:x:y", "a://[::1]", "a:/b"],
        &["a", "a b:", "http://a:b", "a:[", "a:%zz", "a:é"],
    );
    check("uri-reference", &["", "//a", "b/c:d", "?", "#"], &["1:b", "a#b#c", "\\"]);
    check("iri", &["http://é/é?\u{E000}#é"], &["http://é/\u{E000}", "/é"]);
    check("iri-reference", &["é"], &["é é"]);
    check("uri-template", &["{a}{+a,b*,c:3}", "é%20"], &["{", "{a", "{}", "{a:0}", "{a b}", "%"]);
    check("json-pointer", &["", "/a~0~1", "//"], &["a", "/~2", "/~"]);
    check("relative-json-pointer", &["0", "10/a", "1#"], &["01", "/a", "0#/a", "-1"]);
    check("uuid", &["2EB8AA08-aa98-11ea-b4aa-73b441d16380"], &["2eb8aa08aa9811eab4aa73b441d16380"]);
    check(
        "regex",
        &[
            "",
            "a|b*?(c){2,10}",
            "[a-z\\d_-]+",
            "^(?=(a(b(c(d(e)))))).$",
            "\\p{L}\\u{1F600}",
            "a|(?<year>b)*c",
        ],
        &[
            "(",
            "a**",
            "{1}",
            "[z-a]",
            "\\a",
            "a{3,2}",
            "(?i)a",
            "[a",
            "^*",
            "\\Z",
            "a)",
            "(?<a>b)(?<a>c)",
        ],
    );
    for (alias, name) in [("ip-address", "ipv4"), ("host-name", "hostname")] {
        let mut exprs = Exprs::default();
        let (alias, name) = (language(&mut exprs, alias), language(&mut exprs, name));
        assert!(alias.is_some() && alias == name);
    }
    assert_eq!(language(&mut Exprs::default(), "int32"), None);
}

/// The rows of the suite's formats: draft, format, string, whether it is right, and the description.
fn rows() -> Vec<(String, String, String, bool, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/json-schema-test-suite/tests");
    let mut rows = Vec::new();
    for draft in ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"] {
        let Ok(files) = fs::read_dir(root.join(draft).join("optional/format")) else {
            eprintln!("the suite is not there: not judged");
            return Vec::new();
        };
        for file in files {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let groups: Vec<Value> = serde_json::from_str(&text).unwrap();
            for group in groups {
                let Some(format) = group["schema"]["format"].as_str() else { continue };
                for test in group["tests"].as_array().unwrap() {
                    let Some(data) = test["data"].as_str() else { continue };
                    let (valid, what) = (test["valid"] == true, test["description"].as_str());
                    let of = |text: &str| text.to_owned();
                    rows.push((of(draft), of(format), of(data), valid, of(what.unwrap())));
                }
            }
        }
    }
    rows
}

#[test]
fn formats_take_what_the_suite_of_json_schema_does() {
    let rows = rows();
    let mut used = BTreeSet::new();
    for draft in rows.iter().map(|row| &row.0).collect::<BTreeSet<_>>() {
        let (mut judged, mut other) = (0, 0);
        for name in NAMES {
            let mut walk = Walk::new(name);
            let of_name = rows.iter().filter(|row| &row.0 == draft && row.1 == name);
            for (_, _, data, valid, what) in of_name {
                judged += 1;
                let is_same = walk.takes(data) == *valid;
                let known = DIFFERENCES
                    .iter()
                    .position(|(of, begin)| *of == name && *valid && what.starts_with(begin));
                assert_eq!(is_same, known.is_none(), "{draft} {name} {data:?}: {what}");
                if !is_same {
                    other += 1;
                    used.extend(known);
                }
            }
        }
        eprintln!("{draft}: {} of {judged} rows as the suite has them", judged - other);
        assert!(other * 100 <= judged * 3);
    }
    assert!(rows.is_empty() || used.len() == DIFFERENCES.len(), "a difference is gone");
}

#[test]
fn dates_are_those_of_the_calendar() {
    let mut walk = Walk::new("date");
    let is_leap = |year: u32| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    for year in 0..10_000 {
        for month in 0..14 {
            let last = match month {
                1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
                4 | 6 | 9 | 11 => 30,
                2 if is_leap(year) => 29,
                2 => 28,
                _ => 0,
            };
            for day in [0, 1, 28, 29, 30, 31, 32] {
                let date = format!("{year:04}-{month:02}-{day:02}");
                assert_eq!(walk.takes(&date), (1..=last).contains(&day), "{date}");
            }
        }
    }
}

#[test]
fn leap_seconds_are_the_last_of_a_day_in_utc() {
    let mut walk = Walk::new("time");
    for at in 0..24 * 60 {
        for offset in (0..24 * 60).step_by(7) {
            for (sign, direction) in [('+', 1), ('-', -1)] {
                let utc = (at - direction * offset + 2 * 24 * 60) % (24 * 60);
                let time = format!(
                    "{:02}:{:02}:60{sign}{:02}:{:02}",
                    at / 60,
                    at % 60,
                    offset / 60,
                    offset % 60
                );
                assert_eq!(walk.takes(&time), utc == 24 * 60 - 1, "{time}");
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| pieces[self.below(pieces.len())]).collect()
    }
}

#[test]
fn addresses_are_those_of_the_standard_library() {
    const SEED: u64 = 0x6970_7636;
    const PIECES: [&str; 12] =
        ["1:", "ab:", ":", "::", "0", "ffff:", "1.2.3.4", "255", ".", "25", "12345", "0:0:0:"];
    let mut random = Random(SEED);
    let [mut four, mut six] = ["ipv4", "ipv6"].map(Walk::new);
    let mut taken = 0;
    for round in 0..200_000 {
        let text = random.text(&PIECES, 9);
        let expected = [text.parse::<Ipv4Addr>().is_ok(), text.parse::<Ipv6Addr>().is_ok()];
        assert_eq!(
            [four.takes(&text), six.takes(&text)],
            expected,
            "seed {SEED}, round {round}, {text:?}"
        );
        taken += usize::from(expected[1]);
    }
    assert!(taken > 2_000, "{taken} are right");
}

#[test]
fn patterns_compile_in_regress() {
    const SEED: u64 = 0x7061_7474;
    const PIECES: [&str; 24] = [
        "a", "(", "(", ")", ")", "[", "]", "[^", "-", "a-c", "|", "*", "?", "+", "{1,2}", "{12,3}",
        "\\d", "\\b", "^", "(?:", "(?=", "(?<!", "}", "\\u{41}",
    ];
    let mut random = Random(SEED);
    let mut walk = Walk::new("regex");
    let (mut taken, mut right) = (0, 0);
    for round in 0..100_000 {
        let text = random.text(&PIECES, 8);
        let is_right = regress::Regex::with_flags(&text, "u").is_ok();
        let is_taken = walk.takes(&text);
        assert!(is_right || !is_taken, "seed {SEED}, round {round}, {text:?}");
        right += usize::from(is_right);
        taken += usize::from(is_taken);
    }
    eprintln!("{taken} of {right} right patterns are taken");
    assert!(taken > 5_000 && taken * 10 > right * 9);
}

#[test]
fn formats_are_small_and_quick() {
    let mut exprs = Exprs::default();
    for name in NAMES {
        let before = exprs.len();
        assert!(language(&mut exprs, name).is_some());
        let more = exprs.len() - before;
        let least = (0..5).map(|_| {
            let started = Instant::now();
            language(&mut Exprs::default(), name);
            started.elapsed()
        });
        eprintln!("{name}: {more} expressions more, {:?} alone", least.min());
    }
    assert!(exprs.len() < 50_000, "{} expressions", exprs.len());
    let long = "a".repeat(63) + "." + &"b".repeat(63) + "." + &"é".repeat(40);
    for name in NAMES {
        let mut walk = Walk::new(name);
        walk.takes(&long);
        let states = walk.automaton.exprs_mut().len();
        eprintln!("{name}: {states} expressions after a long walk");
    }
}
