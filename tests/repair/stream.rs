//! Replies in pieces: however they are split, the result is that of the whole.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokenrail::repair::stream::{RepairStream, State};
use tokenrail::repair::{Finish, Options, Reason, Repaired, repair};

use super::cases::{own, shared};

fn inputs() -> Vec<String> {
    let files = ["jsonrepair.json", "json_repair_syntax.json", "vercel_fixjson_partial.json"];
    let cases =
        own("policy.json").into_iter().chain(files.into_iter().filter_map(shared).flatten());
    let mut inputs: Vec<String> =
        cases.filter_map(|case: Value| Some(case["input"].as_str()?.to_owned())).collect();
    inputs.extend(
        [
            "<think>[1]</think>\n{\"a\": [1, {\"é\\n\": \"👩\u{200d}🚀\"}], \"b~/\": -1.5e3, \"c\": null}",
            "```json\n{\"a\": [true, false,], b: 2}\n```\nThere.",
            "\u{feff} [[], {}, [[\"x\"]], 12]",
            "{\"a\": 1, \"a\": 1, \"b\": 2}",
            "{\"a\": 1, 2], \"b\": 3}",
            "[1] [1]",
            "<thin",
            "```json",
            "",
            " \n\t",
            "{\"a\": 1, \"\\u0061\": 2}",
            "{\"a/b\": {\"~\": [1]}, \"\": {\"\": 2}}",
            "[-",
            "[1e5, -0, 01]",
            "{\"a\": \"\\ud83d\\ude00 \\ud800\", \"b\": 1}",
            "{\"a\": \"x\0y\", \"b\": [\"\\u0000\"]}",
            "<think>a</think><think>b</think>[1]",
            "<think>{\"a\": 1}",
            "[THINK]x[/THINK] {\"a\": 1} </think>",
            "{\"a\": \"</think>\", \"b\": \"<think>\"}",
            "```json\r\n{\"a\": 1}\r\n```",
            "\u{feff}```json\n[1]\n```\n```json\n[2]\n```",
            "// note\n{\"a\": 1}",
            "{} {}",
            "[1], 2]",
            "{\"a\": {\"b\": [1, {\"c\": 2}]}, \"a\": 3}",
            "{\"a\": [1, 2}, \"b\": 3]",
            "{\"a\": \"b\"c\", \"d\": 1}",
        ]
        .map(str::to_owned),
    );
    inputs
}

/// Pushes pieces; gives the values that were told, in their order, and the result.
fn streamed(pieces: &[&[u8]], finish: Finish) -> (Vec<(String, String)>, Repaired) {
    let mut stream = RepairStream::new(None, &Options::default());
    let mut told = Vec::new();
    for piece in pieces {
        for pointer in stream.push(piece).completed {
            let value = stream.value(&pointer).expect("it is complete").to_owned();
            told.push((pointer, value));
        }
        for (pointer, value) in &told {
            assert_eq!(stream.value(pointer), Some(value.as_str()), "it has changed: {pieces:?}");
            assert_eq!(stream.state(pointer), State::Complete);
        }
        if let Some(so_far) = stream.so_far() {
            assert!(serde_json::from_str::<Value>(&so_far).is_ok(), "{so_far}");
        }
    }
    (told, stream.finish(finish))
}

/// Whether a stream refused what repairing the whole gives, because it would change what was told.
fn check(text: &str, bytes: &[u8], finish: Finish) -> bool {
    let whole = streamed(&[bytes], finish);
    let options = Options { finish, ..Options::default() };
    let repaired = repair(text, &options);
    let is_contradiction = whole.1 != repaired;
    if is_contradiction {
        let refusal = whole.1.refusal.as_ref().map(|refusal| refusal.reason);
        assert_eq!(refusal, Some(Reason::Structure), "{text:?}: {:?}", whole.1);
        assert_eq!(whole.1.alternatives, repaired.text.into_iter().collect::<Vec<_>>());
    }
    for at in 0..=bytes.len().min(300) {
        let (first, second) = bytes.split_at(at);
        assert_eq!(streamed(&[first, second], finish), whole, "{text:?} at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(streamed(&single, finish), whole, "{text:?} byte by byte");
    let mut random = bytes.len() as u64;
    for _ in 0..4 {
        let (mut pieces, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (piece, behind) = rest.split_at(((random >> 33) as usize % 9).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        assert_eq!(streamed(&pieces, finish), whole, "{pieces:?}");
    }
    is_contradiction
}

#[test]
fn splits_change_nothing() {
    let inputs = inputs();
    let mut contradictions = Vec::new();
    for input in &inputs {
        for finish in [Finish::Stop, Finish::Length] {
            if check(input, input.as_bytes(), finish) {
                contradictions.push(input);
            }
        }
    }
    assert!(contradictions.len() * 50 < inputs.len(), "{contradictions:#?}");
}

#[test]
fn broken_characters_are_replaced() {
    for bytes in [
        &b"{\"a\": \"x\xff\xe2\x82y\", \"b\": 1}"[..],
        b"[\"\xf0\x9f\x98\"]",
        b"\xef\xbb",
        b"\xc0[1]",
    ] {
        check(&String::from_utf8_lossy(bytes), bytes, Finish::Stop);
    }
}

#[test]
fn values_have_a_state() {
    let mut stream = RepairStream::new(None, &Options::default());
    let cases = [
        ("{\"a\": [1, tr", [State::Partial, State::Complete, State::Partial, State::Absent]),
        ("ue], \"b", [State::Complete, State::Complete, State::Complete, State::Absent]),
        ("\": \"x", [State::Complete, State::Complete, State::Complete, State::Partial]),
        ("\"", [State::Complete; 4]),
    ];
    for (piece, states) in cases {
        stream.push(piece.as_bytes());
        let found = ["/a", "/a/0", "/a/1", "/b"].map(|pointer| stream.state(pointer));
        assert_eq!(found, states, "{piece}");
        assert_eq!(stream.state(""), State::Partial);
    }
    assert_eq!(stream.so_far().as_deref(), Some("{\"a\": [1, true], \"b\": \"x\"}"));
}

#[test]
fn pieces_take_linear_time() {
    let long = format!(
        "<think>{}</think>[{}",
        "hm ".repeat(50_000),
        "{\"a\": [1, \"two\"]}, ".repeat(10_000)
    );
    let begun = Instant::now();
    let mut stream = RepairStream::new(None, &Options::default());
    for byte in long.as_bytes() {
        stream.push(std::slice::from_ref(byte));
    }
    assert_eq!(stream.state("/9999/a/1"), State::Complete);
    assert!(begun.elapsed() < Duration::from_secs(5), "it takes {:?}", begun.elapsed());
}

/// Deep nesting, long numbers and strings, in one piece or in many: an end in bounded time.
#[test]
fn hostile_pieces_end() {
    let texts = [
        "[".repeat(10_000_000),
        "{\"a\":".repeat(500_000),
        format!("[{}", "1".repeat(2_000_000)),
        format!("[\"{}", "\\ud800".repeat(300_000)),
        format!("{{{}", "\"a\": 1, ".repeat(200_000)),
        "\0".repeat(2_000_000),
        "`".repeat(2_000_000),
        "<think>".repeat(300_000),
    ];
    for text in &texts {
        for size in [text.len(), 4096] {
            for finish in [Finish::Stop, Finish::Length] {
                let begun = Instant::now();
                let mut stream = RepairStream::new(None, &Options::default());
                text.as_bytes().chunks(size).for_each(|piece| {
                    stream.push(piece);
                });
                assert!(stream.so_far().is_none_or(|so_far| so_far.len() <= text.len() + 250));
                let repaired = stream.finish(finish);
                let (took, shown) = (begun.elapsed(), &text[..20]);
                assert!(took < Duration::from_secs(20), "{shown:?} takes {took:?}");
                assert!(repaired.text.is_some() != repaired.refusal.is_some(), "{shown:?}");
            }
        }
    }
}
