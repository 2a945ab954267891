//! What may not be written, and where.

use super::layers::pure_prefixes;
use super::source::Source;
use super::tokens::find;

const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Code that stands nowhere in the product.
const WORDS: [&str; 6] = [".unwrap()", "todo!", "unimplemented!", "dbg!", "unsafe", "mod tests"];
/// The only files that may hold `unsafe`: instructions that not every machine has, and the threads
/// that are lent closures.
const UNSAFE_FILES: [&str; 4] = ["avx2.rs", "avx512.rs", "neon.rs", "pool.rs"];
/// What takes a test out of the run, wherever it stands.
const IGNORE: &str = "#[ignore";
const PRINTING: [&str; 4] = ["println!", "eprintln!", "print!", "eprint!"];

/// Paths with an effect on the outside, or from it.
const EFFECTS: [Effect; 8] = [
    Effect { path: "process::exit", reach: Reach::All, allowed: &["src/bin/tokenrail"] },
    Effect { path: "process::abort", reach: Reach::All, allowed: &["src/bin/tokenrail"] },
    Effect { path: "std::env", reach: Reach::All, allowed: &["src/bin/tokenrail", "src/store"] },
    Effect { path: "std::fs", reach: Reach::Pure, allowed: &["src/model/local"] },
    Effect { path: "std::net", reach: Reach::Pure, allowed: &["src/model/local"] },
    Effect { path: "std::process", reach: Reach::Pure, allowed: &["src/model/local"] },
    Effect { path: "time::Instant", reach: Reach::Pure, allowed: &["src/model/local"] },
    Effect { path: "time::SystemTime", reach: Reach::Pure, allowed: &["src/model/local"] },
];

struct Effect {
    /// Found within longer paths too, such as `std::time::Instant::now` for `time::Instant`.
    path: &'static str,
    reach: Reach,
    allowed: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Reach {
    All,
    /// The rows that compute and touch nothing outside.
    Pure,
}

/// Code that nobody should write; of files under `tests/` only that they ignore no test.
pub(super) fn words(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        let exempt = |word: &str| {
            word == "unsafe"
                && source.is_under(&["src/model/local/fast"])
                && UNSAFE_FILES.iter().any(|file| source.path.ends_with(&format!("/{file}")))
        };
        let words = WORDS.iter().filter(|word| source.is_under(&["src"]) && !exempt(word));
        for word in words {
            let lines = find(&source.product, word).into_iter();
            offences.extend(lines.map(|line| source.at(line, word)));
        }
        let lines = find(&source.code, IGNORE).into_iter();
        offences.extend(lines.map(|line| source.at(line, IGNORE)));
    }
    offences
}

/// Marks of unfinished work that name nothing in brackets where it is written down.
pub(super) fn unfinished(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for (line, text) in source.text.lines().enumerate() {
            for word in UNFINISHED.iter().filter(|word| has_bare(text, word)) {
                offences.push(source.at(line + 1, word));
            }
        }
    }
    offences
}

/// Printing, leaving, and the outside world, where they do not belong.
pub(super) fn effects(sources: &[Source]) -> Vec<String> {
    let pure = pure_prefixes();
    let pure: Vec<&str> = pure.iter().map(String::as_str).collect();
    let mut offences = Vec::new();
    for source in sources {
        if !source.is_under(&["src/bin/tokenrail"]) {
            for word in PRINTING {
                offences.extend(
                    find(&source.product, word).into_iter().map(|line| source.at(line, word)),
                );
            }
        }
        let watched = |effect: &&Effect| match effect.reach {
            Reach::All => !source.is_under(effect.allowed),
            Reach::Pure => source.is_under(&pure) && !source.is_under(effect.allowed),
        };
        for used in source.paths() {
            let spelled = format!("::{}::", used.segments.join("::"));
            let names = |effect: &&Effect| spelled.contains(&format!("::{}::", effect.path));
            for effect in EFFECTS.iter().filter(watched).filter(names) {
                let what = format!("`{}` outside {:?}", effect.path, effect.allowed);
                offences.push(source.at(used.line, what));
            }
        }
    }
    offences
}

/// Hosts of package registries, and folders of the machine on which this was written.
pub(super) fn places(path: &str, text: &str) -> Vec<String> {
    let mut offences = Vec::new();
    for needle in private_places() {
        let hits = text.lines().enumerate().filter(|(_, line)| line.contains(&needle));
        offences.extend(hits.map(|(line, _)| format!("{path}:{}: {needle}", line + 1)));
    }
    offences
}

/// In halves, so that this file is free of them.
fn private_places() -> [String; 7] {
    [
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("index.crates", ".io"),
        ("static.crates", ".io"),
        ("registry.npm", "js.org"),
        ("/ro", "ot/"),
        ("/wo", "rk/"),
    ]
    .map(|(left, right)| format!("{left}{right}"))
}

/// Whether a word stands alone and without `(…)` after it.
fn has_bare(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let after = &text[at + word.len()..];
        !text[..at].ends_with(part) && !after.starts_with(part) && !after.starts_with('(')
    })
}

fn check(rule: fn(&[Source]) -> Vec<String>, path: &str, code: &str, expected: &[&str]) {
    let found = rule(&[Source::new(path, code)]);
    assert_eq!(found.len(), expected.len(), "{path}: {code}\n{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        let (place, what) = expected.split_once(' ').expect("a line and a word");
        assert!(found.starts_with(&format!("{path}:{place}: ")) && found.contains(what), "{found}");
    }
}

#[test]
fn banned_words_are_found() {
    check(words, "src/a.rs", "x\n  .unwrap();", &["2 .unwrap()"]);
    check(
        words,
        "src/a.rs",
        "todo!(); unimplemented!();\ndbg!(x)",
        &["1 todo!", "1 unimplemented!", "2 dbg!"],
    );
    check(words, "src/a.rs", "mod tests { x.y() }", &["1 mod tests"]);
    check(words, "src/a.rs", "unsafe { x }", &["1 unsafe"]);
    check(words, "src/model/local/fast/a/avx2.rs", "unsafe { x.unwrap() }", &["1 .unwrap()"]);
    check(words, "src/model/local/fast/a/xavx2.rs", "unsafe { x }", &["1 unsafe"]);
    check(words, "src/avx2.rs", "unsafe { x }", &["1 unsafe"]);
    check(words, "src/a.rs", "x.unwrap_or(1); // .unwrap()\n\"dbg!\"; #![deny(unsafe_code)]", &[]);
    let test = "#[cfg(test)]\nmod tests { #[ignore = \"slow\"] fn a() { x.unwrap(); } }";
    check(words, "src/a.rs", test, &["2 #[ignore"]);
    check(words, "tests/a.rs", "#[test]\n#[ignore]\nfn a() { x.unwrap() }", &["2 #[ignore"]);
}

#[test]
fn unfinished_work_is_found() {
    for word in UNFINISHED {
        check(unfinished, "src/a.rs", &format!("x\n// {word}: y"), &[&format!("2 {word}")]);
        check(unfinished, "src/a.rs", &format!("// {word}(#7): y {word}X {word}_"), &[]);
    }
}

#[test]
fn effects_are_found() {
    check(effects, "src/score/a.rs", "println!(); eprint!()", &["1 println!", "1 eprint!"]);
    check(effects, "src/score/a.rs", "std::process::exit(1)", &["1 process::exit"]);
    check(
        effects,
        "src/score/a.rs",
        "use std::{process,\nenv};\nprocess::exit(1)",
        &["2 std::env", "3 process::exit"],
    );
    check(
        effects,
        "src/bin/tokenrail/a.rs",
        "println!(); std::process::exit(1); std::env::args()",
        &[],
    );
    check(effects, "src/store/a.rs", "std::env::var(x); std::fs::read(x)", &[]);
    check(
        effects,
        "src/vocab/a.rs",
        "use std::fs::File;\nuse std::net;",
        &["1 std::fs", "2 std::net"],
    );
    check(effects, "src/model/a.rs", "use std::time;\ntime::Instant::now()", &["2 time::Instant"]);
    check(
        effects,
        "src/model/a.rs",
        "use std::time::{SystemTime, Duration};",
        &["1 time::SystemTime"],
    );
    check(effects, "src/model/local/a.rs", "use std::{fs, time::Instant};", &[]);
    check(effects, "src/model/local/a.rs", "std::env::var(x)", &["1 std::env"]);
    check(
        effects,
        "src/vocab/a.rs",
        "/// std::fs::read\nfn a() {} #[cfg(test)] mod tests { use std::fs; }",
        &[],
    );
}

#[test]
fn private_places_are_found() {
    for needle in private_places() {
        let found = places("a.md", &format!("x\nsee https:{needle}y"));
        assert_eq!(found, [format!("a.md:2: {needle}")]);
    }
    assert!(places("a.md", "a root/ and work/, https://huggingface.co").is_empty());
}
