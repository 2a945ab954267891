//! `tokenrail score --items`: questions from a file, and results that can be gone on with.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::builder::{Element, Tiny};
use crate::{BOUND, Case, check, finish, folder, keys, parse, program, signal, start, support};

/// Items, further arguments, what the output file has, and parts of standard error.
type Refused<'a> = (&'a str, &'a [&'a str], &'a [u8], &'a [&'a str]);

/// More items than a round has, with beginnings in common, all kinds of ids, and one that fails.
pub(crate) fn items() -> String {
    let mut items: Vec<Value> = (0..20)
        .map(|n| {
            let prompt = format!("Question: is the café né at number {} or {n}? Answer:", n / 3);
            json!({"id": n + 100, "prompt": prompt, "choices": [" ça", " yes", " no way"], "label": 1})
        })
        .collect();
    items[1]["id"] = json!("one\x7f");
    items[2].as_object_mut().expect("an object").remove("id");
    items[3]["choices"] = json!([" ça", ""]);
    items[4].as_object_mut().expect("an object").remove("label");
    items.iter().map(|item| format!("{item}\n\n")).collect()
}

const ITEMS: [&str; 5] = ["score", "--items", "items.jsonl", "--out", "out.jsonl"];

/// What an uninterrupted run writes and says.
fn uninterrupted() -> &'static (Vec<u8>, String) {
    static RUN: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = folder(&[("items.jsonl", items().as_bytes())]);
        let case = Case { args: &ITEMS, code: 1, ..Case::default() };
        let (out, totals) = check(folder.path(), &case);
        assert_eq!(out, "");
        (fs::read(folder.path().join("out.jsonl")).expect("results"), totals)
    })
}

#[test]
fn items_give_a_line_each() {
    let (bytes, totals) = uninterrupted();
    let results = support::lines(std::str::from_utf8(bytes).expect("UTF-8"));
    let ids: Vec<Value> = results.iter().map(|result| result["id"].clone()).collect();
    assert_eq!(ids[..5], [json!(100), json!("one\x7f"), json!(5), json!(103), json!(104)]);
    assert_eq!(results.len(), 20);
    assert_eq!((&results[0]["label"], &results[4]["label"]), (&json!(1), &Value::Null));
    assert_eq!(keys(&results[3]), ["id", "label", "prompt", "by", "error", "choices", "decisions"]);
    assert!(results[3]["error"].to_string().contains("candidate 1 is empty"));
    assert!(results.iter().filter(|result| result.get("error").is_none()).count() == 19);
    for part in ["20 items, 1 failed", "per-char", "18\n", "1 item(s) failed"] {
        assert!(totals.contains(part), "{totals}");
    }
    let folder = folder(&[("two.jsonl", b"{\"prompt\":\"a\",\"choices\":[\" b\",\" \\u0000\"]}")]);
    let case = Case { args: &["score", "--items", "two.jsonl", "--json"], ..Case::default() };
    let (out, err) = check(folder.path(), &Case { out: &["{\"id\":1,\"prompt\"", "}\n"], ..case });
    assert_eq!(parse(&out)["candidates"].as_array().map(Vec::len), Some(2));
    assert_eq!(parse(&err)["items"], 1);
}

/// Checks that a run which begins with this output ends with the uninterrupted run's.
fn check_resumes(folder: &Path, found: &[u8]) {
    let (bytes, totals) = uninterrupted();
    fs::write(folder.join("out.jsonl"), found).expect("the output is cut");
    let (_, err) = check(folder, &Case { args: &ITEMS, code: 1, ..Case::default() });
    let written = fs::read(folder.join("out.jsonl")).expect("results");
    let same = written.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let end = bytes.len().min(same + 60);
        String::from_utf8_lossy(&bytes[same.saturating_sub(200).min(end)..end]).into_owned()
    };
    assert!(
        written == *bytes,
        "after {} bytes kept, byte {same} differs:\n{}\n{}",
        found.len(),
        around(&written),
        around(bytes)
    );
    assert!(err.ends_with(totals.as_str()), "{err}\n{totals}");
}

#[test]
fn items_resume_behind_any_cut() {
    let (bytes, _) = uninterrupted();
    let folder = folder(&[("items.jsonl", items().as_bytes())]);
    let lines: Vec<usize> =
        (0..bytes.len()).filter(|&at| bytes[at] == b'\n').map(|end| end + 1).collect();
    let accent = bytes.iter().rposition(|&byte| byte == 0xc3).expect("an accent") + 1;
    // In a line of the first round, at a line's end and within an accent of the second.
    for cut in [lines[5] + 100, lines[17], accent] {
        check_resumes(folder.path(), &bytes[..cut]);
    }
}

#[test]
fn items_refuse_what_is_not_their_output() {
    let (bytes, _) = uninterrupted();
    let line = |index| bytes.split_inclusive(|&byte| byte == b'\n').nth(index).expect("a line");
    let (first, failed) = (line(0), line(3));
    let text = items();
    let failing = text.split_inclusive("\n\n").nth(3).expect("an item");
    let folder = folder(&[
        ("items.jsonl", text.as_bytes()),
        ("failing.jsonl", failing.as_bytes()),
        ("relabelled.jsonl", text.replace("\"label\":1", "\"label\":0").as_bytes()),
        ("rechosen.jsonl", text.replace(" yes", " yeah").as_bytes()),
    ]);
    let truncation = "option truncation is \"refuse\", where this run's is \"left\"";
    let cases: [Refused<'_>; 16] = [
        ("items.jsonl", &["--by", "per-byte"], first, &["option by is \"sum\"", "is \"per_byte\""]),
        ("items.jsonl", &["--boundary", "separate"], first, &["option boundary", "\"separate\""]),
        ("items.jsonl", &["--trailing-space", "keep"], first, &["option trailing_space", "keep"]),
        ("items.jsonl", &["--end-of-sequence"], first, &["option end is \"none\"", "is \"eos\""]),
        ("items.jsonl", &["--end-text", "."], first, &["option end is", "is {\"text\":\".\"}"]),
        ("items.jsonl", &["--duplicates", "refuse"], first, &["option duplicates is \"keep\""]),
        ("items.jsonl", &["--unconditional", "A:"], first, &["option unconditional is null"]),
        ("items.jsonl", &["--top", "2"], first, &["line 1", "option top is null", "is 2;"]),
        ("items.jsonl", &["--chat"], first, &["option chat is null", "is {\"system\":null,"]),
        ("items.jsonl", &["--truncate"], first, &["line 1", truncation, "give another --out"]),
        ("failing.jsonl", &["--truncate"], failed, &["line 1", truncation]),
        ("relabelled.jsonl", &[], first, &["line 1", "label is 1"]),
        ("rechosen.jsonl", &[], first, &["line 1", "not the item's choices"]),
        ("items.jsonl", &[], b"my diary", &["line 1", "not the begin of this item's result"]),
        ("items.jsonl", &[], b"{\"id\":\"a\n", &["line 1", "parsing a string at column 8"]),
        ("items.jsonl", &[], b"my\xff\ndiary\n", &["line 1", "not JSON", "give another --out"]),
    ];
    for (items, more, found, err) in cases {
        fs::write(folder.path().join("out.jsonl"), found).expect("the output is written");
        let args = ["score", "--items", items, "--out", "out.jsonl"];
        let args = [&args[..], more].concat();
        check(folder.path(), &Case { args: &args, code: 2, err, ..Case::default() });
        let kept = fs::read(folder.path().join("out.jsonl")).expect("the file is there");
        assert!(kept == found, "{args:?} changed the file");
    }
}

#[cfg(unix)]
#[test]
fn items_resume_behind_signals() {
    for (name, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let folder = folder(&[("items.jsonl", items().as_bytes())]);
        let path = folder.path().join("out.jsonl");
        let child = start(&mut program(folder.path(), &ITEMS), b"");
        let begun = Instant::now();
        while fs::read(&path).map_or(0, |bytes| bytes.len()) < 100 {
            assert!(begun.elapsed() < BOUND, "no result after {BOUND:?}");
            thread::sleep(Duration::from_millis(5));
        }
        signal(child.id(), name);
        let output = finish(child);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), code, "{err}");
        assert!(code.is_none() || err.contains("interrupted: the same command goes on"), "{err}");
        let written = fs::read(&path).expect("results");
        let (bytes, _) = uninterrupted();
        assert!(written.len() < bytes.len() && bytes.starts_with(&written), "{name}");
        check_resumes(folder.path(), &written);
    }
}

#[test]
fn wrong_items_are_refused_with_their_line() {
    let folder = folder(&[]);
    let deep = format!("{{\"prompt\":{}", "[".repeat(100_000));
    let cases: [(&str, &[&str]); 13] = [
        ("nonsense", &["not JSON", "column 2"]),
        ("[1]", &["\"prompt\""]),
        (r#"{"prompt":"a"}"#, &["\"choices\" is null, not an array of strings"]),
        (r#"{"prompt":7,"choices":[" b"]}"#, &["\"prompt\" is 7, not a string"]),
        (r#"{"prompt":"a","choices":[" b",1]}"#, &["\"choices\"", "not an array of strings"]),
        (r#"{"prompt":"a","choices":[" b"],"label":1}"#, &["\"label\" is 1, not an index"]),
        (
            r#"{"id":{},"prompt":"a","choices":[" b"]}"#,
            &["\"id\" is {}, not a string or an integer"],
        ),
        (
            r#"{"id":1.5,"prompt":"a","choices":[" b"]}"#,
            &["\"id\" is 1.5, not a string or an integer"],
        ),
        (
            r#"{"id":18446744073709551616,"prompt":"a","choices":[" b"]}"#,
            &["\"id\" is 1.8", "of 64 bits"],
        ),
        (r#"{"id":"x","prompt":"a","choices":[" b"]}"#, &["its id \"x\" is also that of line 1\n"]),
        (
            r#"{"prompt":"a","choices":[" b"]}"#,
            &["its id 3 is also that of line 2", "without \"id\""],
        ),
        (r#"{"prompt":"\ud800","choices":[" b"]}"#, &["not JSON", "hex escape", "column 18"]),
        (&deep, &["not JSON", "recursion limit", "column"]),
    ];
    for (line, err) in cases {
        let before =
            ["\"x\"", "3"].map(|id| format!("{{\"id\":{id},\"prompt\":\"a\",\"choices\":[]}}"));
        let text = format!("{}\n{line}\n", before.join("\n"));
        let args = ["score", "--items", "-"];
        let case = Case { args: &args, stdin: &text, code: 2, ..Case::default() };
        let (_, said) = check(
            folder.path(),
            &Case { err: &[&["standard input line 3: "], err].concat(), ..case },
        );
        assert!(said.lines().count() == 1 && said.len() < 400, "{said}");
    }
}

/// A folder with tiny models of one name, `a/m.gguf` and `b/m.gguf`, beside files to read.
fn with_models(files: &[(&str, &[u8])]) -> TempDir {
    let folder = folder(files);
    for (name, seed) in [("a", 1), ("b", 2)] {
        let gguf = Tiny::new(seed).gguf(Element::F32);
        fs::create_dir(folder.path().join(name)).expect("a folder");
        fs::write(folder.path().join(name).join("m.gguf"), gguf.bytes()).expect("a model");
    }
    folder
}

/// A question in one compact line without its end, as it is also kept in a file of its own.
const QUESTION: &[u8] = br#"{"id":"x","prompt":"p","choices":["a","b"]}"#;

#[test]
fn outputs_of_others_stay_as_they_are() {
    let failing = br#"{"id":"x","prompt":"p","choices":["a",""]}"#;
    let folder = with_models(&[("one.jsonl", QUESTION), ("failing.jsonl", failing)]);
    let made = |items: &str, more: &[&str], code: i32| {
        let path = folder.path().join("made.jsonl");
        drop(fs::remove_file(&path));
        let args = ["score", "--model", "a/m.gguf", "--items", items, "--out", "made.jsonl"];
        let args = [&args[..], more].concat();
        check(folder.path(), &Case { args: &args, code, ..Case::default() });
        fs::read(&path).expect("results")
    };
    let (whole, failed) = (made("one.jsonl", &[], 0), made("failing.jsonl", &[], 1));
    let per_byte = made("one.jsonl", &["--by", "per-byte"], 0);
    let twice = String::from_utf8_lossy(&whole).replace("\"index\":1", "\"index\":0");
    let candidates = per_byte.windows(12).position(|part| part == b"\"candidates\"");
    let cut = &per_byte[..candidates.expect("it has candidates") + 20];
    let not_begin = "line 1: it is not the begin of this item's result; give another --out";
    let cases: [(&str, &str, &[u8], &str); 6] = [
        ("a/m.gguf", "one.jsonl", cut, not_begin),
        ("a/m.gguf", "one.jsonl", QUESTION, not_begin),
        ("a/m.gguf", "one.jsonl", &failed, "line 1: its candidates are not the item's choices"),
        ("a/m.gguf", "one.jsonl", twice.as_bytes(), "line 1: its candidates are not the item's"),
        ("b/m.gguf", "one.jsonl", &whole, "line 1: its model's fingerprint is \""),
        ("b/m.gguf", "failing.jsonl", &failed, "line 1: its model's fingerprint is \""),
    ];
    for (model, items, found, what) in cases {
        fs::write(folder.path().join("out.jsonl"), found).expect("the output is written");
        let args = ["score", "--model", model, "--items", items, "--out", "out.jsonl"];
        check(folder.path(), &Case { args: &args, code: 2, err: &[what], ..Case::default() });
        let kept = fs::read(folder.path().join("out.jsonl")).expect("the file is there");
        assert!(kept == found, "{what}: {}", String::from_utf8_lossy(&kept));
    }
}

#[cfg(unix)]
#[test]
fn outputs_that_cannot_be_gone_on_with_are_refused() {
    let folder = folder(&[("one.jsonl", QUESTION)]);
    std::os::unix::fs::symlink("one.jsonl", folder.path().join("link")).expect("a link");
    let fifo = Command::new("mkfifo").arg(folder.path().join("fifo")).status();
    assert!(fifo.expect("mkfifo runs").success());
    let same = "is the file of the items: give another";
    let special = "is no regular file";
    for (out, what) in [
        ("one.jsonl", same),
        ("./one.jsonl", same),
        ("link", same),
        ("fifo", special),
        (".", special),
        ("/dev/zero", special),
        ("/dev/stdout", special),
    ] {
        let args = ["score", "--model", "none.gguf", "--items", "one.jsonl", "--out", out];
        let err = ["--out ", out, what];
        check(folder.path(), &Case { args: &args, code: 2, err: &err, ..Case::default() });
    }
    assert_eq!(fs::read(folder.path().join("one.jsonl")).expect("the items"), QUESTION);
}
