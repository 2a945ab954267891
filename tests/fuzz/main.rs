//! Random and hostile replies: each ends in a result, in bounded time and memory, whole or in pieces.
//!
//! The inputs are drawn from a seed that is printed when one fails; `FUZZ_SEED` and `FUZZ_COUNT` draw others
//! and more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::json;
use tokenrail::repair::stream::RepairStream;
use tokenrail::repair::{
    Finish, Options, Reason, Repaired, Salvage, Status, apply, invert, repair, repair_for,
};
use tokenrail::schema::Validator;

/// What replies are put together from.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    "\"",
    "'",
    "`",
    "```",
    "```json\n",
    "\\",
    "\\u",
    "\\ud83d",
    "\\n",
    "//",
    "/*",
    "*/",
    "#",
    "\n",
    " ",
    "\t",
    "\0",
    "\u{feff}",
    "“",
    "é",
    "👩",
    "...",
    "…",
    "+",
    "-",
    "0",
    "12",
    "1.5e",
    "true",
    "None",
    "NaN",
    "undefined",
    "a",
    "name",
    "\"a\": ",
    "\"b\": 1,",
    "<think>",
    "</think>",
    "; ",
    "$1,234",
];

/// Numbers of a linear congruential generator (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn text(&mut self) -> String {
        (0..self.below(40)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Draws inputs and checks them; tells the seed of one that fails.
fn draw(count: u64, check: impl Fn(&mut Random)) {
    let (seed, count) = (from_environment("FUZZ_SEED", 1), from_environment("FUZZ_COUNT", count));
    for number in 0..count {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        let result = catch_unwind(AssertUnwindSafe(|| check(&mut Random(seed))));
        assert!(result.is_ok(), "FUZZ_SEED={seed} FUZZ_COUNT=1 draws it");
    }
}

/// What holds of every result.
fn check(text: &str, repaired: &Repaired) {
    let told = || format!("{text:?}: {repaired:?}");
    match &repaired.text {
        None => assert!(repaired.refusal.is_some(), "{}", told()),
        Some(value) => {
            let edited = apply(text, &repaired.edits).unwrap_or_else(|| panic!("{}", told()));
            assert_eq!(
                apply(&edited, &invert(&repaired.edits)).as_deref(),
                Some(text),
                "{}",
                told()
            );
            assert_eq!(repair(value, &Options::default()).status, Status::Valid, "{}", told());
        }
    }
}

#[test]
fn repairs_end_with_a_result() {
    let schema = json!({"type": "object", "additionalProperties": {"type": ["integer", "array", "boolean"]}});
    let validator = Validator::new(&schema, &Default::default()).expect("a schema");
    let salvage = Options::default()
        .allowing(Salvage::ALL.iter().copied().filter(|rule| *rule != Salvage::Last));
    draw(3_000, |random| {
        let text = random.text();
        for finish in [Finish::Stop, Finish::Length] {
            for options in [&Options::default(), &salvage] {
                let options = Options { finish, ..options.clone() };
                check(&text, &repair(&text, &options));
                check(&text, &repair_for(&text, &validator, &options));
            }
        }
    });
}

#[test]
fn streams_end_like_the_whole() {
    draw(3_000, |random| {
        let mut bytes = random.text().into_bytes();
        // Some are no UTF-8.
        if random.below(4) == 0 && !bytes.is_empty() {
            let at = random.below(bytes.len());
            bytes[at] = 0x80 | random.below(128) as u8;
        }
        let run = |sizes: &mut dyn FnMut() -> usize| {
            let mut stream = RepairStream::new(None, &Options::default());
            let (mut told, mut rest) = (Vec::new(), &bytes[..]);
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(sizes().clamp(1, rest.len()));
                told.extend(stream.push(piece).completed);
                rest = behind;
            }
            (told, stream.finish(Finish::Stop))
        };
        let whole = run(&mut || usize::MAX);
        assert_eq!(run(&mut || 1), whole, "{bytes:?}");
        assert_eq!(run(&mut || random.below(8)), whole, "{bytes:?}");
    });
}

/// Whole and in pieces, a hostile text ends for its reason within the time.
fn ends(text: &str, options: &Options, reason: Option<Reason>) {
    let begun = Instant::now();
    let repaired = repair(text, options);
    let mut stream = RepairStream::new(None, options);
    text.as_bytes().chunks(1 << 16).for_each(|piece| drop(stream.push(piece)));
    let streamed = stream.finish(options.finish);
    let name: String = text.chars().take(20).collect();
    for repaired in [repaired, streamed] {
        assert_eq!(repaired.refusal.map(|refusal| refusal.reason), reason, "{name}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{name} takes {:?}", begun.elapsed());
}

#[test]
fn hostile_texts_end_in_bounds() {
    let any = Options::default();
    ends(&"[".repeat(10_000_000), &any, Some(Reason::Depth));
    ends(&"{\"a\":".repeat(2_000_000), &any, Some(Reason::Depth));
    ends(&"1".repeat(20_000_000), &any, None);
    ends(&format!("[{}]", "1".repeat(20_000_000)), &any, None);
    ends("\"\\ud83d\"", &any, Some(Reason::UnicodeEscape));
    ends("[\"a\0b\"]", &any, None);
    ends(&"\0".repeat(1_000_000), &any, Some(Reason::NoJson));
    let small = Options { bytes: 1 << 20, ..any };
    ends(&"1".repeat((1 << 20) + 1), &small, Some(Reason::Size));
}

/// What is over the limit is not kept.
#[test]
fn streams_have_bounds() {
    let options = Options { bytes: 1 << 20, ..Options::default() };
    let mut stream = RepairStream::new(None, &options);
    let piece = vec![b'1'; 1 << 20];
    let begun = Instant::now();
    (0..1024).for_each(|_| drop(stream.push(&piece)));
    let refusal = stream.finish(Finish::Stop).refusal.expect("it is too long");
    assert_eq!((refusal.reason, refusal.span), (Reason::Size, 1 << 20..1 << 30));
    assert!(begun.elapsed() < Duration::from_secs(20), "it takes {:?}", begun.elapsed());
}
