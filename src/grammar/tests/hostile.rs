//! Sources that are meant to hurt: an error or a grammar, soon, and no panic.

use std::time::{Duration, Instant};

use crate::grammar::{Grammar, GrammarError, Limits};

type Compile = fn(&str) -> Result<Grammar, GrammarError>;

/// Compiles within a time that is generous for a slow machine.
fn check(compile: Compile, source: &str) -> Option<GrammarError> {
    let started = Instant::now();
    let compiled = compile(source);
    let taken = started.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?} for {source:.60}");
    compiled.err()
}

#[test]
fn hostile_sources_end_soon() {
    let nested = format!("root ::= {}\"a\"{}", "(".repeat(60_000), ")".repeat(60_000));
    let chain: String = (0..20_000).map(|n| format!("r{n} ::= r{}\n", n + 1)).collect();
    let doubling: String = (0..60).map(|n| format!("r{n} ::= r{0} r{0}\n", n + 1)).collect();
    let sources = [
        nested.as_str(),
        "root ::= (((\"a\"{1000}){1000}){1000}){1000}",
        "root ::= \"a\"{0,999999} (\"b\" root){0,999999}",
        &format!("root[lazy] ::= r0\n{chain}r20000 ::= \"a\""),
        &format!("root ::= {}", "(".repeat(60_000)),
        &format!("root ::= {}", "a[".repeat(60_000)),
        &format!("root ::= {}", "a[\"".repeat(60_000)),
        &format!("root ::= {}", "\"a\" | ".repeat(60_000)),
        &format!("root ::= {}", "a ".repeat(60_000)),
        &format!("root ::= {}", "TagDispatch(".repeat(60_000)),
        &format!("root ::= TagDispatch({}", "(".repeat(60_000)),
        &format!("root ::= Substring({}\"a\")", "\"ab\",".repeat(20_000)),
        &format!("root ::= {}", "root ::= ".repeat(60_000)),
        &format!("root ::= \"{}", "\\".repeat(60_001)),
        &"]::=".repeat(60_000),
        &format!("root ::= \"a\" {}", "(=\"a\")".repeat(60_000)),
        &format!("root ::= Regex(\"{}\")", "(".repeat(60_000)),
    ];
    for source in sources {
        check(Grammar::gbnf, source);
    }
    let few: Compile =
        |source| Grammar::gbnf_within(source, &Limits { parts: 200_000, ..Limits::default() });
    let refused = check(few, &format!("root[lazy] ::= r0\n{doubling}r60 ::= \"ab\""));
    assert!(matches!(refused, Some(GrammarError::Limit { .. })), "{refused:?}");
    check(Grammar::regex, &"(".repeat(60_000));
    let nested = check(Grammar::regex, &"[".repeat(30_000)).map(|error| error.to_string());
    let closed = format!("{}a{}", "[".repeat(30_000), "]".repeat(30_000));
    let closed = check(Grammar::regex, &closed).map(|error| error.to_string());
    for said in [nested, closed] {
        assert!(said.as_ref().is_some_and(|said| said.len() < 400), "{said:?}");
    }
    let long = format!("root ::= \"{}\"", "ab".repeat(2_500_000));
    let refused = check(Grammar::gbnf, &long);
    assert!(matches!(refused, Some(GrammarError::Limit { .. })), "{refused:?}");
    check(Grammar::regex, "((a{1000}){1000}){1000}");
}

#[test]
fn what_is_unterminated_is_refused() {
    let sources = [
        "root ::= \"a",
        "root ::= [a",
        "root ::= [a-",
        "root ::= (\"a\"",
        "root ::= \"a\"{",
        "root ::= \"a\"{1",
        "root ::= \"a\"{1,",
        "root ::= \"\\",
        "root ::= \"\\x4",
        "root ::= [\\",
        "root ::= <",
        "root ::= <[1",
        "root ::= !",
        "root ::= <think",
        "root ::= Regex(",
        "root ::= Regex(\"a\"",
        "root ::= Regex(\"a\",",
        "root ::= Regex(\"a",
        "root ::= TagDispatch((\"a\", root)",
        "root ::= \"a\" (=\"b\"",
        "root[lazy",
        "root[lazy]",
        "root[max_tokens=] ::= \"a\"",
        "root",
        "root ::",
        "::=",
        "root[] ::= \"a\"",
        "",
        "#",
    ];
    for source in sources {
        assert!(check(Grammar::gbnf, source).is_some(), "{source:?} compiles");
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
}

/// A source with a few random changes.
fn mutated(source: &str, random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "|",
        "*",
        "+",
        "?",
        "::=",
        "\n",
        "#",
        "<[",
        "]>",
        "!",
        ".",
        "(=",
        "é",
        "^",
        "-",
        "root",
        "a",
        "0",
        "{1,2}",
        "[lazy]",
        "Regex(\"",
        "TagDispatch(",
        "Token(",
        ",",
        "(?",
        "(?i",
        "(?=",
        "(?<",
        "\\p{",
        "\\u",
        "&&",
        "$",
        "^",
    ];
    let mut chars: Vec<char> = source.chars().collect();
    for _ in 0..1 + random.below(4) {
        let (a, b) = (random.below(chars.len() + 1), random.below(chars.len() + 1));
        match random.below(3) {
            0 => drop(chars.drain(a.min(b)..a.max(b).min(a.min(b) + 9))),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(a..a, piece.chars());
            }
            _ => {
                let copied = chars[a.min(b)..a.max(b).min(a.min(b) + 20)].to_vec();
                chars.splice(a..a, copied);
            }
        }
    }
    chars.into_iter().collect()
}

#[test]
fn random_sources_never_panic() {
    const SEED: u64 = 0x6762_6E66;
    const GBNF: &[&str] = &[
        "root ::= (expr \"=\" term \"\\n\")+\nexpr ::= term ([-+*/] term)*\nterm ::= [0-9]{1,3} | \"(\" expr \")\"",
        "root ::= TagDispatch((\"<a>\", a), (\"<b>\", b), excludes=(\"x\",), loop_after_dispatch=false)\na ::= \"1\"\nb[lazy] ::= [^\\n]* \".\"",
        "root ::= Regex(\"(?i)a(?=b)[^c-e]+\\\\d$\", flags=\"is\", json_string=true) <think> !<[12]> .\n",
        "root[max_tokens=3, capture=\"x\", temperature=0.5] ::= s \"b\" # note\ns[max_chars=4, suffix=\"!\"] ::= Substring(\"a\", \"b\")",
        "root ::= r \"bc\"\nr ::= \"a\" | Token(1, 2) ExcludeToken(3) (=\"b\")\n",
        "root ::= TokenTagDispatch((1, a), excludes=(2, 3))\na ::= \"\\u00e9\\x41\\U0001F600\"",
    ];
    const REGEX: &[&str] = &[
        r"^(?:(?<name>a|b)+?\.[^\d\w]{2,4})$",
        r"(?i-s:[a-z&&[^aeiou]]|\p{Greek}{,3})\x{1F600}\u00e9",
        r"(?x) a # b \n (c|(?P<n>d*))",
        r"((25[0-5]|2[0-4]\d|[01]?\d\d?)\.){3}$",
    ];
    let mut random = Random(SEED);
    for round in 0..20_000 {
        let is_regex = round % 3 == 0;
        let (compile, sources): (Compile, _) =
            if is_regex { (Grammar::regex, REGEX) } else { (Grammar::gbnf, GBNF) };
        let source = mutated(sources[random.below(sources.len())], &mut random);
        let run = std::panic::AssertUnwindSafe(|| check(compile, &source));
        let found = std::panic::catch_unwind(run);
        assert!(found.is_ok(), "seed {SEED}, round {round}: {source:?}");
        if let Ok(Some(error)) = found {
            let said = error.to_string();
            let first = said.split(' ').next().unwrap();
            let is_message = !first.starts_with(char::is_uppercase) || source.contains(first);
            assert!(is_message, "{said}");
        }
    }
}
