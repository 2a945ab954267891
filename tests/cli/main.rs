//! The command line as its users meet it: the real program with the real default model.
//!
//! A run that opens the model takes about a second, so those are few; what is refused before that
//! costs nothing.

#![allow(clippy::type_complexity, reason = "cases are tuples of what goes in and what comes out")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "../tiny/builder/mod.rs"]
mod builder;
#[cfg(unix)]
mod interrupts;
mod items;
mod prompt_cache;
#[path = "../tiny/random.rs"]
mod random;
mod replies;
mod schemas;
#[path = "../support/mod.rs"]
mod support;

/// No run takes longer; one that hangs is killed.
const BOUND: Duration = Duration::from_secs(120);

/// A run of the program and what is expected of it.
#[derive(Debug, Clone, Copy, Default)]
struct Case<'a> {
    args: &'a [&'a str],
    stdin: &'a str,
    /// Variables of the environment.
    env: &'a [(&'a str, &'a str)],
    code: i32,
    /// Parts of standard output, in order.
    out: &'a [&'a str],
    /// Parts of standard error, in order.
    err: &'a [&'a str],
}

/// The arguments, exit code, and parts of standard output and error of a [`Case`].
type Ended<'a> = (&'a [&'a str], i32, &'a [&'a str], &'a [&'a str]);

/// Runs a case in a folder, and returns its standard output and error.
fn check(folder: &Path, case: &Case<'_>) -> (String, String) {
    let mut command = program(folder, case.args);
    command.envs(case.env.iter().copied());
    let output = finish(start(&mut command, case.stdin.as_bytes()));
    let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|_| panic!("not UTF-8: {case:?}"));
    let (code, out, err) = (output.status.code(), text(output.stdout), text(output.stderr));
    let report = || format!("{case:#?}\n--- exit {code:?}\n--- stdout\n{out}\n--- stderr\n{err}");
    assert_eq!(code, Some(case.code), "{}", report());
    assert!(!err.contains("panicked"), "{}", report());
    for (text, parts) in [(&out, case.out), (&err, case.err)] {
        let mut rest = text.as_str();
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else {
                panic!("{part:?} is not in the rest\n{}", report());
            };
            rest = after;
        }
    }
    (out, err)
}

fn program(folder: &Path, args: &[&str]) -> Command {
    // On a fresh machine whichever run is first would fetch, and say so.
    static OBTAINED: OnceLock<PathBuf> = OnceLock::new();
    OBTAINED.get_or_init(support::model_path);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenrail"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TOKENRAIL_MODEL"] {
        command.env_remove(variable);
    }
    command.args(args).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(command: &mut Command, stdin: &[u8]) -> Child {
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let stdin = stdin.to_vec();
    // A program that does not read its input may have closed it.
    thread::spawn(move || drop(pipe.write_all(&stdin)));
    child
}

fn finish(child: Child) -> Output {
    let pid = child.id();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(BOUND) {
        Ok(output) => output.expect("the program's output is read"),
        Err(_) => {
            signal(pid, "-KILL");
            panic!("the program was still running after {BOUND:?}");
        }
    }
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// A folder with files to read.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, contents) in files {
        fs::write(folder.path().join(name), contents).expect("a file is written");
    }
    folder
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn winner(result: &Value) -> &str {
    let index = &result["winner"];
    let best = result["candidates"].as_array().into_iter().flatten();
    let mut best = best.filter(|candidate| candidate["index"] == *index);
    best.next().and_then(|best| best["text"].as_str()).expect("the winner is a candidate")
}

const CAPITAL: &str = "The capital of France is";

#[test]
fn score_ranks() {
    let folder = folder(&[
        ("cities.txt", b"\xef\xbb\xbf Lyon\r\n Paris\r\n"),
        ("cities.json", br#"[" Lyon", " Paris", " Nice\u0000\u001b[2J"]"#),
        ("drafts.txt", b"Paris is big the.\nParis is a big city.\n"),
    ]);
    let table = ["rank  candidate", "probability\n", "1   Paris", "2   Lyon", "ranked by "];
    let cases = [
        Case {
            args: &["score", "--candidates-from", "cities.txt", CAPITAL],
            out: &[&table[..], &["sum, margin "]].concat(),
            ..Case::default()
        },
        Case {
            args: &["score", "--candidates-from", "-", CAPITAL, "--by", "mean_token"],
            stdin: r#" [" Lyon", " Paris"] "#,
            out: &[&table[..], &["mean-token, margin "]].concat(),
            ..Case::default()
        },
        Case {
            args: &["score", &format!("{CAPITAL} "), "Paris", "Lyon", "--tokens"],
            out: &["1  Paris", "1 space(s) moved", "\n1.\n Paris\n", "\n2.\n Lyon\n", "surprise"],
            ..Case::default()
        },
        Case {
            args: &["score", "--rewrites", "drafts.txt", "--color", "always"],
            out: &["Paris is a big city.", "ranked by per-byte", "\x1b["],
            ..Case::default()
        },
        Case {
            args: &["score", "--candidates-from", "cities.json", CAPITAL, "--top", "1"],
            out: &[" Paris", "Nice\\x00\\x1b[2J", "≤-", "ranked by sum", "candidate(s) stopped"],
            ..Case::default()
        },
    ];
    for (index, case) in cases.iter().enumerate() {
        let (out, _) = check(folder.path(), case);
        assert_eq!(out.contains('\x1b'), index == 3, "{out}");
    }
}

#[test]
fn score_json_has_every_key() {
    let folder = folder(&[]);
    let args = ["score", CAPITAL, " Lyon", " Paris", "--json"];
    for (more, by) in [
        (&[][..], "sum"),
        (&["--by", "per-char"], "per_char"),
        (&["--by", "pmi", "--unconditional", "Answer:"], "pmi"),
    ] {
        let case = Case { args: &[&args[..], more].concat(), ..Case::default() };
        let (out, err) = check(folder.path(), &case);
        let result = parse(&out);
        assert_eq!((winner(&result), &result["by"], err.as_str()), (" Paris", &json!(by), ""));
        assert_eq!(
            keys(&result),
            [
                "prompt",
                "by",
                "winner",
                "candidates",
                "margin",
                "label_mass",
                "argmax_is_candidate",
                "confidence",
                "ties",
                "disagreements",
                "decisions",
                "counters",
            ]
        );
        let best = &result["candidates"][0];
        assert_eq!(
            keys(best),
            [
                "index",
                "text",
                "rank",
                "sum",
                "mean_token",
                "per_char",
                "per_byte",
                "pmi",
                "probability",
                "is_greedy",
                "tokens",
            ]
        );
        assert_eq!(keys(&best["tokens"][0]), ["id", "text", "logprob"]);
        assert_eq!(best["pmi"].is_null(), by != "pmi", "{best}");
    }
}

#[test]
fn chat_is_rendered() {
    let folder = folder(&[]);
    let args = ["score", "--chat", "--system", "You are terse.", "--prefill", "I say:"];
    let args = [&args[..], &["Is water wet?", " Yes", " No", "--json"]].concat();
    let (out, _) = check(folder.path(), &Case { args: &args, ..Case::default() });
    let rendered = parse(&out)["decisions"]["rendered"].to_string();
    for part in ["You are terse.", "Is water wet?", "assistant\\nI say:"] {
        assert!(rendered.contains(part), "{rendered}");
    }
    let case = Case {
        args: &["inspect", "--chat", "Say hello."],
        out: &["<|im_start|>", "Say hello.", "tokens, ", "perplexity"],
        ..Case::default()
    };
    check(folder.path(), &case);
}

/// A terminal obeys none of this when it is shown.
const HOSTILE: &str = "a\x1b[31mred\x1b]0;title\x07\x7f\u{9b}2J\u{202e}\rb";

#[test]
fn inspect_shows_hostile_text_harmlessly() {
    let folder = folder(&[("a.txt", HOSTILE.as_bytes())]);
    let args = ["inspect", "a.txt", "--alternatives", "2"];
    let plain = Case { args: &args, out: &["byte  token", " tokens, "], ..Case::default() };
    let plain = Case { err: &["note: a.txt is a file"], ..plain };
    let (out, err) = check(folder.path(), &plain);
    let obeyed = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}');
    assert!(!obeyed(&out) && !obeyed(&err), "{out:?}");

    let stdin = Case { args: &["inspect", "-", "--json"], stdin: HOSTILE, ..plain };
    let (out, _) = check(folder.path(), &Case { out: &[], err: &[], ..stdin });
    assert!(!obeyed(&out), "{out:?}");
    let result = parse(&out);
    assert_eq!(result["text"], HOSTILE);
    assert_eq!(keys(&result), ["text", "tokens", "next", "total"]);

    let coloured = ["inspect", "--literal", "a.txt", "--color", "always"];
    let coloured = Case { args: &coloured, out: &["\x1b["], ..Case::default() };
    let (out, err) = check(folder.path(), &coloured);
    assert!(out.contains("txt") && err.is_empty(), "{out:?} {err:?}");
}

#[test]
fn inspect_says_when_a_text_looks_like_a_file() {
    let folder = folder(&[("a.txt", b"Words."), ("broken.gguf", b"")]);
    fs::create_dir(folder.path().join("folder.d")).expect("a folder");
    let file = "is a file, and its contents are shown (--literal for the words)";
    let words = "and the words themselves are shown (--literal says so)";
    let cases: [(&[&str], &[&str]); 12] = [
        (&["a.txt"], &["note: a.txt ", file]),
        (&["a.txt", "--json"], &["note: a.txt ", file]),
        (&["a.txt", "--literal"], &[]),
        (&["b.txt"], &["note: b.txt: there is no such file, ", words]),
        (&["drafts/b"], &["note: drafts/b: there is no such file, ", words]),
        (&["folder.d"], &["note: folder.d: it is a folder, ", words]),
        (&["b.txt", "--literal"], &[]),
        (&["b.txt is a file"], &[]),
        (&["words"], &[]),
        (&["Words."], &[]),
        (&["e.extension"], &[]),
        (&["wait...what?"], &[]),
    ];
    for (args, notes) in cases {
        // What there is to note is said before the model is opened, which here fails.
        let args = [&["inspect", "--model", "broken.gguf"], args].concat();
        let case = Case { args: &args, code: 5, err: notes, ..Case::default() };
        let (_, err) = check(folder.path(), &case);
        assert_eq!(err.contains("note: "), !notes.is_empty(), "{err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn long_work_is_seen_on_a_terminal() {
    let folder = folder(&[("long.txt", "word ".repeat(500).as_bytes())]);
    let program = env!("CARGO_BIN_EXE_tokenrail");
    for (args, is_long) in [("inspect long.txt", true), ("inspect short.txt", false)] {
        // `script` gives its command a terminal.
        let mut command = Command::new("script");
        command.args(["-qec", &format!("'{program}' {args} >out.txt"), "/dev/null"]);
        command.env("RAYON_NUM_THREADS", "1").current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = finish(start(&mut command, b"")).stdout;
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains("note: "), "{args}: {shown:?}");
        assert_eq!(shown.contains("the model reads  1s"), is_long, "{args}: {shown:?}");
        let out = fs::read_to_string(folder.path().join("out.txt")).expect("the output");
        assert!(out.contains("perplexity") && !out.contains("reads"), "{out}");
    }
}

#[test]
fn wrong_requests_are_refused_before_the_model_opens() {
    let folder = folder(&[
        ("latin.txt", b"caf\xe9"),
        ("numbers.json", b"[\" a\", 2]"),
        ("broken.json", b"[\" a\",\n \" b"),
        ("notes.txt", b"[1] foo\n[2] bar\n"),
        ("empty.txt", b""),
        ("text.gguf", b"this is no model"),
    ]);
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    let array = "a file that begins with \"[\" is one JSON array of strings";
    let cases: [(&[&str], i32, &[&str]); 26] = [
        (&["score"], 2, &["nothing to score", "--items", "--help"]),
        (&["score", "a", " b", "--top", "0"], 2, &["'0'", "--top", "at least 1\n"]),
        (&["score", "a", " b", "--top", "all"], 2, &["'all'", "--top", "at least 1\n"]),
        (&["score", "a", " b", "--system", "c"], 2, &["--chat"]),
        (&["score", "a", " b", "--tokens", "--json"], 2, &["--tokens", "cannot be used", "--json"]),
        (&["score", "--items", "-", "--tokens"], 2, &["--items", "cannot be used", "--tokens"]),
        (&["score", "a", " b", "--by", "best"], 2, &["\"best\"", "sum, mean-token, per-char"]),
        (&["score", "a", " b", "--by", "pmi"], 2, &["pmi needs an unconditional context"]),
        (&["score", "a", "--candidates-from", "no.txt"], 7, &["no.txt: ", "No such file"]),
        (&["score", "a", "--candidates-from", "latin.txt"], 2, &["latin.txt", "UTF-8 at byte 3"]),
        (
            &["score", "a", "--candidates-from", "numbers.json"],
            2,
            &["json: item 1 is 2, not a str"],
        ),
        (&["score", "a", "--candidates-from", "broken.json"], 2, &["at line 2 column 4", array]),
        (&["score", "a", "--candidates-from", "notes.txt"], 2, &["at line 1 column 5", array]),
        (&["score", "--rewrites", "folder"], 7, &["folder: ", "directory"]),
        (&["score", "--items", "no.jsonl"], 7, &["no.jsonl: ", "No such file"]),
        (&["score", "--items", "\x1b[2J.jsonl"], 7, &["\\x1b[2J.jsonl: "]),
        (&["score", "--items", "empty.txt"], 2, &["empty.txt has no items", "one JSON object"]),
        (&["score", "a", " b", "--model", "nope"], 2, &["\"nope\"", "smollm2-135m", "org/repo"]),
        (&["score", "a", " b", "--model", "./no.gguf"], 7, &["./no.gguf", "no such file"]),
        (&["score", "a", " b", "--model", "folder"], 5, &["\"folder\"", "config.json is missing"]),
        (&["score", "a", " b", "--model", "text.gguf"], 5, &["text.gguf", "\"GGUF\""]),
        (&["score", "a", " b", "--model", "empty.txt"], 5, &["empty.txt", "ends at byte 0"]),
        (&["inspect", "latin.txt"], 2, &["latin.txt is not UTF-8 at byte 3"]),
        (&["inspect", "a", "--alternatives", "101"], 2, &["--alternatives", "0..=100"]),
        (&["model", "path", "./no.gguf"], 7, &["./no.gguf", "no such file"]),
        (&["model", "path", "org/repo"], 2, &["org/repo is not", "`tokenrail model get org/repo`"]),
    ];
    for (args, code, err) in cases {
        let (out, _) = check(folder.path(), &Case { args, code, err, ..Case::default() });
        assert_eq!(out, "", "{args:?}");
    }
}

#[test]
fn wrong_candidates_are_refused_before_the_model_opens() {
    let folder = folder(&[
        ("empty.txt", b""),
        ("gap.txt", b" Paris\r\n\r\n Lyon\r\n"),
        ("gap.json", br#"[" Paris", ""]"#),
        ("text.gguf", b"this is no model"),
    ]);
    let gap = "gap.txt line 2 is empty: every candidate needs at least one character";
    let twice = ["a", " b", " c", " b"];
    let cases: [(&[&str], i32, &[&str]); 8] = [
        (&["a"], 2, &["no candidates: give at least one"]),
        (&["a", " b", ""], 2, &["candidate 1 is empty"]),
        (&twice, 2, &["candidates 0, 2 are the same"]),
        (&[&twice[..], &["--duplicates", "keep"]].concat(), 5, &["text.gguf"]),
        (&["a", "--candidates-from", "empty.txt"], 2, &["no candidates: give at least one"]),
        (&["a", "--candidates-from", "gap.txt"], 2, &[gap]),
        (&["a", "--candidates-from", "gap.json"], 2, &["candidate 1 is empty"]),
        (&["--rewrites", "gap.txt"], 2, &[gap]),
    ];
    for (args, code, err) in cases {
        let args = [&["score", "--model", "text.gguf"], args].concat();
        check(folder.path(), &Case { args: &args, code, err, ..Case::default() });
    }
}

/// The default model, told that its context is short.
fn short_context(folder: &Path, context: u32) {
    let mut model = fs::read(support::model_path()).expect("the model is read");
    let key = b"llama.context_length";
    let at = model.windows(key.len()).position(|window| window == key).expect("the key is there");
    // Behind the key stand its type, four bytes, and the number.
    let number = at + key.len() + 4;
    model[number..number + 4].copy_from_slice(&context.to_le_bytes());
    fs::write(folder.join("short.gguf"), &model).expect("the model is written");
    fs::write(folder.join("cut.gguf"), &model[..5000]).expect("the model is written");
}

#[test]
fn limits_and_damage_have_their_exit_codes() {
    let folder = folder(&[]);
    short_context(folder.path(), 32);
    let prompt = "word ".repeat(20_000);
    fs::write(folder.path().join("long.txt"), &prompt).expect("a file is written");
    let score = ["score", &prompt[..200], " a", " b c", "--model", "short.gguf"];
    let long = "b ".repeat(40);
    let cases: [Ended<'_>; 5] = [
        (&score, 4, &[], &["40 tokens", "candidate 3", "holds 32", "truncation"]),
        (&[&score[..], &["--truncate"]].concat(), 0, &["ranked by sum", "11 token(s) cut"], &[]),
        (&["score", "a", &long, "--model", "short.gguf"], 4, &[], &["candidate 0 has ", " 32 "]),
        (&["inspect", "long.txt", "--model", "short.gguf"], 4, &[], &["20001 tokens", "holds 32"]),
        (&["score", "a", " b", "--model", "cut.gguf"], 5, &[], &["cut.gguf", "ends at byte 5000"]),
    ];
    for (args, code, out, err) in cases {
        check(folder.path(), &Case { args, code, out, err, ..Case::default() });
    }
}

#[test]
fn odd_texts_are_scored() {
    let folder = folder(&[]);
    let item =
        json!({"id": "\0", "prompt": "\0".repeat(50), "choices": ["\0", " a", "\u{10ffff}"]});
    let empty = json!({"prompt": "", "choices": [" a", "\n"]});
    let text = format!("\u{feff}{item}\r\n{empty}");
    let args = ["score", "--items", "-", "--end-of-sequence"];
    let (out, _) = check(
        folder.path(),
        &Case { args: &args, stdin: &text, err: &["2 items, 0 failed"], ..Case::default() },
    );
    let results = support::lines(&out);
    assert_eq!((&results[0]["id"], &results[1]["id"]), (&json!("\0"), &json!(2)));
    check(folder.path(), &Case { args: &["inspect", ""], ..Case::default() });
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = folder(&[]);
    for args in [&["completions", "zsh"][..], &["inspect", "To be", "--json"]] {
        let mut command = program(folder.path(), args);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = finish(start(command.stdout(writer), b""));
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), err.as_ref()), (Some(0), ""), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn outputs_that_cannot_be_written_are_failures() {
    let folder = folder(&[("items.jsonl", items::items().as_bytes())]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut command = program(folder.path(), &["completions", "zsh"]);
    let output = finish(start(command.stdout(full), b""));
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output: No space left"));

    let held = fs::File::create(folder.path().join("held.jsonl")).expect("a file is made");
    held.lock().expect("a lock");
    for (out, why) in [
        ("no/out.jsonl", "no/out.jsonl: No such file"),
        ("held.jsonl", "held.jsonl: another process writes it"),
    ] {
        let args = ["score", "--items", "items.jsonl", "--out", out, "--model", "items.jsonl"];
        check(folder.path(), &Case { args: &args, code: 7, err: &[why], ..Case::default() });
    }
}

#[test]
fn help_says_how_runs_end_and_its_examples_are_right() {
    let folder = folder(&[
        ("cities.txt", b" Paris\n Lyon\n"),
        ("questions.jsonl", br#"{"prompt":"1 + 1 =","choices":[" 2"," 3"],"label":0}"#),
        ("drafts.txt", b"A draft.\nAnother one.\n"),
        ("essay.txt", b"Once upon a time."),
        ("moods.txt", b"happy\nsad\n"),
        ("replies.jsonl", b"\"[1, 2]\"\n\"{}\"\n"),
        ("payments.jsonl", br#""{\"amount\":1,\"kind\":\"cash\"}""#),
        ("tools.json", br#"[{"name":"ping"}]"#),
    ]);
    let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
    fs::create_dir(folder.path().join("grammars")).expect("a folder");
    for name in
        ["chess.gbnf", "invoice.schema.json", "json.gbnf", "payment.schema.json", "sql.gbnf"]
    {
        let copy = folder.path().join("grammars").join(name);
        fs::copy(grammars.join(name), copy).expect("a grammar is copied");
    }
    let codes = ["Exit codes:", "0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "6  ", "7  ", "130  "];
    check(folder.path(), &Case { args: &["--help"], out: &codes, ..Case::default() });
    let parts: [(&[&str], &[&str]); 5] = [
        (&["score"], &["pmi", "--top", "Examples:\n"]),
        (&["inspect"], &["Examples:\n"]),
        (&["generate"], &["--max-tokens", "--seed", "Examples:\n"]),
        (
            &["check"],
            &["0 all accepted, 1 some refused, 2 ", "4 a schema or a text is over", "Examples:\n"],
        ),
        (&["schema", "check"], &["0 all is enforced exactly, 1 ", "Examples:\n"]),
    ];
    let help = parts.map(|(command, out)| {
        check(
            folder.path(),
            &Case { args: &[command, &["--help"]].concat(), out, ..Case::default() },
        )
        .0
    });
    let examples: Vec<&str> = help
        .iter()
        .flat_map(|help| help.lines())
        .filter_map(|line| line.strip_prefix("  tokenrail "))
        .collect();
    assert_eq!(examples.len(), 23, "{examples:#?}");
    // Only a model is wanting, so that flags and files are in order; an empty name is none.
    let env = [("TOKENRAIL_CACHE", "empty"), ("TOKENRAIL_MODEL", "")];
    for example in examples {
        let mut words: Vec<&str> = example.split('"').enumerate().flat_map(words).collect();
        if words[0] != "schema" {
            words.push("--offline");
        }
        // Texts are checked without a model.
        let (code, err): (i32, &[&str]) = match words[0] {
            "check" if words.contains(&"[1, 2,]") => (1, &[]),
            "check" if !words.contains(&"--tokens") => (0, &[]),
            "schema" => (0, &[]),
            _ => (2, &["\"smollm2-135m\" is not in"]),
        };
        check(folder.path(), &Case { args: &words, code, env: &env, err, ..Case::default() });
    }
}

/// The words between two quotes: one within them, as many as there are outside.
fn words((index, part): (usize, &str)) -> Vec<&str> {
    if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
}

#[test]
fn models_and_completions_are_listed() {
    let folder = folder(&[]);
    let path = support::model_path();
    let path = path.to_str().expect("a path of text");
    let empty = [("TOKENRAIL_CACHE", "empty")];
    let none = ["\"smollm2-135m\" is not in", "empty", "offline", "network", "path of a model"];
    let cases: [Ended<'_>; 7] = [
        (&["completions", "bash"], 0, &["check", "generate", "schema", "score"], &[]),
        (&["completions", "zsh"], 0, &["score", "generate", "check"], &[]),
        (&["completions", "fish"], 0, &["score", "generate", "check"], &[]),
        (&["model", "path"], 0, &[path, "\n"], &[]),
        (&["model", "get", "--offline"], 0, &[path, "\n"], &[]),
        (&["model", "list"], 0, &["model ", "MB  path\n", "smollm2-135m", path], &[]),
        (&["model", "rm", "./a.gguf"], 2, &[], &["\"./a.gguf\" is not kept by the store"]),
    ];
    for (args, code, out, err) in cases {
        check(folder.path(), &Case { args, code, out, err, ..Case::default() });
    }
    for args in [&["model", "get", "--offline"][..], &["score", "a", " b", "--offline"]] {
        check(folder.path(), &Case { args, code: 2, env: &empty, err: &none, ..Case::default() });
    }
    let args = ["model", "list", "--json"];
    let (out, _) = check(folder.path(), &Case { args: &args, env: &empty, ..Case::default() });
    assert_eq!(out, "[]\n");
    let err = ["`tokenrail model get smollm2-135m`"];
    let path =
        Case { args: &["model", "path"], code: 2, env: &empty, err: &err, ..Case::default() };
    check(folder.path(), &path);
}

/// A grammar with one fault or none, by the file's name.
const GRAMMARS: [(&str, &[u8]); 13] = [
    ("list.gbnf", "root ::= \"[\" item (\",\" item)* \"]\"\nitem ::= [0-9]+ | \"日本\"".as_bytes()),
    ("list.lark", b"start: \"[\" NUMBER (\",\" NUMBER)* \"]\"\nNUMBER: /[0-9]+/"),
    ("token.gbnf", b"root ::= \"a\" <|im_end|> \"b\"?"),
    ("id.gbnf", b"root ::= \"a\" <[2]>"),
    ("strat.lark", b"start: \"a\"\n  | <|im_strat|>"),
    ("misspelt.gbnf", "root ::= \"日本\x1b[2J\"\tdigt\ndigit ::= [0-9]".as_bytes()),
    ("twice.gbnf", b"root ::= \"a\"\nroot ::= \"b\""),
    ("open.lark", b"start: (\"a\""),
    ("ahead.lark", b"start: /(?=a)b/"),
    ("endless.gbnf", b"root ::= \"a\" root"),
    ("huge.gbnf", b"root ::= \"a\"{100000000}"),
    ("empty.gbnf", b""),
    ("moods.txt", b"happy\nsad\n"),
];

/// The variables with which no model is found, and none fetched.
const NO_MODEL: [(&str, &str); 2] = [("TOKENRAIL_CACHE", "empty"), ("TOKENRAIL_MODEL", "")];

#[test]
fn check_tells_where_and_why() {
    let folder = folder(&GRAMMARS);
    let list = ["check", "--grammar", "list.gbnf"];
    let cases: [(&[&str], i32, &str); 15] = [
        (&["check", "--regex", "[a-z]+@[a-z]+", "some@home"], 0, "accepted\n"),
        (&["check", "--regex", "a*", ""], 0, "accepted\n"),
        (&["check", "--choices", "moods.txt", "sad"], 0, "accepted\n"),
        (
            &["check", "--choices", "moods.txt", "sax"],
            1,
            "refused at byte 2, \"x\": expected d, in choices\nsax\n  ^\n",
        ),
        (&["check", "--grammar", "list.lark", "[1,23]"], 0, "accepted\n"),
        (&[&list[..], &["[1,日本]"]].concat(), 0, "accepted\n"),
        (&[&list[..], &["[日本,x]"]].concat(), 1, "in root > item\n[日本,x]\n      ^\n"),
        (
            &[&list[..], &["[日語]"]].concat(),
            1,
            "refused at byte 4, \"\\xe8\": expected \\xe6, in root > item\n[日語]\n   ^\n",
        ),
        (&[&list[..], &["[1,\t2]"]].concat(), 1, "\n[1,\\t2]\n   ^\n"),
        (
            &[&list[..], &["[1"]].concat(),
            1,
            "refused at byte 2, the end: expected , or 0-9 or ], in root\n[1\n  ^\n",
        ),
        (
            &[&list[..], &["[1]\n"]].concat(),
            1,
            "refused at byte 3, \"\\n\": expected the end\n[1]\n   ^\n",
        ),
        (
            &["check", "--regex", "a\nb", "a\nc"],
            1,
            "refused at byte 2, \"c\": expected b, in regex\nc\n^\n",
        ),
        (&["check", "--regex", "\t日x", "\t日y"], 1, "\n\\t日y\n    ^\n"),
        (
            &["check", "--regex", ".x", "e\u{301}"],
            1,
            "refused at byte 1, \"\\xcc\": expected x, in regex\ne\u{301}\n^\n",
        ),
        (
            &["check", "--regex", "\x1b?x", "\x1b[31m\u{202e}"],
            1,
            "refused at byte 1, \"[\": expected x, in regex\n\\x1b[31m\\u{202e}\n    ^\n",
        ),
    ];
    for (args, code, out) in cases {
        let case = Case { args, code, env: &NO_MODEL, out: &[out], ..Case::default() };
        let (out, _) = check(folder.path(), &case);
        let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!out.contains(obeyed), "{out:?}");
    }
    let stdin = Case { args: &["check", "--regex", "ab\n", "-"], stdin: "ab\n", ..Case::default() };
    check(folder.path(), &Case { env: &NO_MODEL, out: &["accepted"], ..stdin });
    assert!(!folder.path().join("empty").exists(), "texts are checked without a model");
}

#[test]
fn check_answers_programs() {
    let folder = folder(&GRAMMARS);
    let args = ["check", "--grammar", "list.gbnf", "[1;2]", "--json"];
    let (out, _) =
        check(folder.path(), &Case { args: &args, code: 1, env: &NO_MODEL, ..Case::default() });
    let reason = "at byte 2, \";\": expected , or 0-9 or ], in root";
    let refused = json!({"accepted": false, "offset": 2, "reason": reason});
    let mut whole = refused.clone();
    whole["expected"] = json!([[44, 44], [48, 57], [93, 93]]);
    whole["may_end"] = json!(false);
    whole["rules"] = json!([["root"], ["root", "item"]]);
    assert_eq!(parse(&out), whole);

    let args = ["check", "--grammar", "list.gbnf", "--lines", "-"];
    let lines = "\"[1]\"\n\"[1;2]\"\n\"[\\u65e5\\u672c]\"\n";
    let case = Case { args: &args, stdin: lines, code: 1, env: &NO_MODEL, ..Case::default() };
    let (out, _) = check(folder.path(), &case);
    let accepted = json!({"accepted": true});
    assert_eq!(support::lines(&out), [accepted.clone(), refused, accepted]);
    let (out, _) = check(folder.path(), &Case { stdin: "\"[1]\"\n", code: 0, ..case });
    assert_eq!(out, "{\"accepted\":true}\n");
    let bad = "\"[1]\"\n{bad\n[1]\n\n\"\\ud800\"\n\"[2]\"\n";
    let (out, err) = check(folder.path(), &Case { stdin: bad, ..case });
    let reasons: Vec<String> = support::lines(&out)
        .iter()
        .map(|answer| answer["reason"].as_str().unwrap_or("accepted").to_owned())
        .collect();
    let expected = [
        "accepted",
        "it is not JSON: key must be a string at column 2",
        "it is JSON, but not a string",
        "it is not JSON: EOF while parsing a value at column 0",
        "it is not JSON: unexpected end of hex escape at column 8",
        "accepted",
    ];
    assert_eq!((reasons, err.as_str()), (expected.map(str::to_owned).to_vec(), ""));
}

#[test]
fn faulty_grammars_are_refused_before_the_model_opens() {
    let folder = folder(&GRAMMARS);
    let misspelt = [
        "misspelt.gbnf: rule \"digt\" is not defined: did you mean \"digit\"? (line 1, column 19)\n",
        "root ::= \"日本\\x1b[2J\"\\tdigt\n                        ^\n",
    ];
    let cases: [(&[&str], &[&str]); 11] = [
        (&["--grammar", "misspelt.gbnf"], &misspelt),
        (
            &["--grammar", "twice.gbnf"],
            &["\"root\" is defined again (line 2, column 1), after line 1\n", "\n^"],
        ),
        (&["--grammar", "open.lark"], &["open.lark: ", "line 1, column "]),
        (
            &["--grammar", "ahead.lark"],
            &["look-ahead is not supported", "(line 1, column 9)\nstart: /(?=a)b/\n        ^\n"],
        ),
        (&["--grammar", "empty.gbnf"], &["empty.gbnf: "]),
        (&["--grammar", "moods.txt"], &["moods.txt: ", "end it in .gbnf, .ebnf or .lark"]),
        (
            &["--regex", "a(b"],
            &["--regex: this group is not closed: write ) behind it", "a(b\n ^\n"],
        ),
        (&[], &["--regex <REGEX>|--choices <FILE>|--grammar <FILE>|--schema <FILE>|--type <TYPE>"]),
        (&["--regex", "a", "--choices", "moods.txt"], &["cannot be used with"]),
        (&["--grammar", "list.gbnf", "--grammar", "list.lark"], &["--grammar", "multiple times"]),
        (&["--regex", "a", "--temperature", "0.5", "--top-k", "0"], &["error: "]),
    ];
    for (args, err) in cases {
        for command in ["generate", "check"] {
            let args = [&[command, "text", "--offline"], args].concat();
            let case = Case { args: &args, code: 2, env: &NO_MODEL, err, ..Case::default() };
            let (out, said) = check(folder.path(), &case);
            assert!(
                out.is_empty() && !said.contains('\x1b') && !said.contains("smollm2"),
                "{said}"
            );
        }
    }
    let huge = ["check", "--grammar", "huge.gbnf", "a"];
    let endless = ["check", "--grammar", "endless.gbnf", "a"];
    let token = ["check", "--grammar", "token.gbnf", "a"];
    let id = ["check", "--grammar", "id.gbnf", "a"];
    let none = ["check", "--grammar", "none.gbnf", "a"];
    let prompts = ["generate", "--regex", "a"];
    let cases: [(&[&str], i32, &[&str]); 10] = [
        (&id, 2, &["the grammar names tokens (line 1, column 14), which only a model has", "^"]),
        (&[&prompts[..], &["a", "--temperature", "-1"]].concat(), 2, &["at least 0"]),
        (&huge, 2, &["huge.gbnf: ", "100000000 is over the limit of 1048576"]),
        (&endless, 2, &["endless.gbnf: rule \"root\" matches no text at all (line 1, column 1)"]),
        (
            &token,
            2,
            &["the grammar names tokens", "--tokens checks the text as the model's tokens"],
        ),
        (&none, 7, &["none.gbnf: ", "No such file"]),
        (&prompts, 2, &["PROMPT"]),
        (&[&prompts[..], &["a", "--prompt", "b"]].concat(), 2, &["cannot be used with"]),
        (&[&prompts[..], &["a", "--top-p", "1.5"]].concat(), 2, &["from 0 to 1"]),
        (&[&prompts[..], &["a", "--system", "b"]].concat(), 2, &["--chat"]),
    ];
    for (args, code, err) in cases {
        check(folder.path(), &Case { args, code, err, env: &NO_MODEL, ..Case::default() });
    }
}

#[test]
fn check_shows_the_model_s_tokens() {
    let folder = folder(&GRAMMARS);
    let args = ["check", "--tokens", "--grammar", "token.gbnf"];
    let (accepted, refused) = ("a<|im_end|>b", "a<|im_end|>c");
    let misnamed = "did you mean \"<|im_start|>\"? (line 2, column 5)\n  | <|im_strat|>\n    ^\n";
    let cases: [Ended<'_>; 4] = [
        (&["check", "--tokens", "--grammar", "strat.lark", "a"], 2, &[], &[misnamed]),
        (
            &[&args[..], &[accepted]].concat(),
            0,
            &["id  token", "<|im_end|>", "is one", "\naccepted\n"],
            &[],
        ),
        (
            &[&args[..], &[refused]].concat(),
            1,
            &[
                "<|im_end|>",
                "is none\nrefused at byte 11, \"c\": expected b or the end, in root\n",
                "\n           ^\n",
            ],
            &[],
        ),
        (
            &["check", "--tokens", "--regex", "né!", "né", "--json"],
            1,
            &["\"offset\":3,", "\"tokens\":[{\"id\":"],
            &[],
        ),
    ];
    for (args, code, out, err) in cases {
        check(folder.path(), &Case { args, code, out, err, ..Case::default() });
    }
}

#[test]
fn generate_writes_legal_texts() {
    let folder = folder(&GRAMMARS);
    let drawn = [
        "generate",
        "--grammar",
        "list.gbnf",
        "--prompt",
        "Some numbers:",
        "--temperature",
        "1.5",
        "--max-tokens",
        "12",
    ];
    let case = Case::default();
    let (out, err) = check(
        folder.path(),
        &Case { args: &[&drawn[..], &["--seed", "5", "--n", "3", "--json"]].concat(), ..case },
    );
    assert_eq!(err, "");
    let three = support::lines(&out);
    assert_eq!(three.len(), 3);
    for result in &three {
        let cost = ["prompt_tokens", "passes", "drafted", "accepted"];
        assert_eq!(keys(result), [&["text", "finish", "tokens", "end"][..], &cost].concat());
        let tokens = result["tokens"].as_array().expect("an array");
        assert_eq!(
            keys(&tokens[0]),
            ["id", "text", "logprob", "masked_logprob", "removed", "forced"]
        );
        assert!(tokens.len() <= 12 && result["prompt_tokens"] == 3, "{result}");
        let text = result["text"].as_str().expect("a text");
        let legal = ["check", "--grammar", "list.gbnf", text];
        check(folder.path(), &Case { args: &legal, out: &["accepted"], ..case });
    }
    assert!(three[0]["text"] != three[1]["text"] || three[1]["text"] != three[2]["text"]);
    // The second of several is what its seed gives alone.
    let (out, _) = check(
        folder.path(),
        &Case { args: &[&drawn[..], &["--seed", "6", "--json"]].concat(), ..case },
    );
    assert_eq!(parse(&out), three[1]);
    let (out, _) = check(
        folder.path(),
        &Case { args: &[&drawn[..], &["--seed", "5", "--n", "3", "--stream"]].concat(), ..case },
    );
    let texts: Vec<&str> = three.iter().filter_map(|result| result["text"].as_str()).collect();
    assert_eq!(out, format!("{}\n", texts.join("\n")));

    let chat = [
        "generate",
        "--choices",
        "moods.txt",
        "--chat",
        "I won! How am I, happy or sad?",
        "--system",
        "Be brief.",
        "--prefill",
        "You are ",
    ];
    let (out, _) = check(folder.path(), &Case { args: &chat, ..case });
    assert!(["happy\n", "sad\n"].contains(&out.as_str()), "{out}");
}

#[test]
fn generate_keeps_the_budget() {
    let folder = folder(&[]);
    let args = ["generate", "--regex", "[0-9]{9}!*", "Pi: 3.", "--max-tokens"];
    let too_small = ["the budget is 8 token(s), but", "whole needs 9: allow at least 9"];
    let cases: [Ended<'_>; 4] = [
        (&[&args[..], &["8"]].concat(), 4, &[], &too_small),
        (&[&args[..], &["9"]].concat(), 0, &["\n"], &["note: the text ends because --max-tokens"]),
        (
            &[&args[..], &["9", "--n", "2"]].concat(),
            0,
            &["\n"],
            &[
                "note: text 1: the text ends because --max-tokens is used up",
                "\nnote: text 2: the text ends",
            ],
        ),
        (
            &[&args[..], &["18446744073709551615"]].concat(),
            4,
            &[],
            &["18446744073709551615 may be written", "holds 8192"],
        ),
    ];
    for (args, code, out, err) in cases {
        check(folder.path(), &Case { args, code, out, err, ..Case::default() });
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_generation() {
    let folder = folder(&[]);
    let args = ["generate", "--regex", "[a-z ]{2000}", "Once", "--max-tokens", "2000", "--stream"];
    let mut child = start(&mut program(folder.path(), &args), b"");
    let mut out = child.stdout.take().expect("stdout is piped");
    out.read_exact(&mut [0]).expect("the text begins");
    signal(child.id(), "-INT");
    let output = finish(child);
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// A user whose id no account has, and so no home folder.
#[cfg(target_os = "linux")]
#[test]
fn users_without_a_home_run_models_by_path() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let folder = folder(&[]);
    let model = builder::Tiny::new(1).gguf(builder::Element::F32);
    fs::write(folder.path().join("m.gguf"), model.bytes()).expect("a model");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("our folder");
    let is_root = fs::metadata("/proc/self").expect("we run").uid() == 0;
    for (cache, model, code, what) in [
        ("", "m.gguf", 0, ""),
        ("cache", "m.gguf", 0, ""),
        ("", "smollm2-135m", 2, "no cache folder is known: set TOKENRAIL_CACHE, or HOME"),
        ("cache", "smollm2-135m", 2, "\"smollm2-135m\" is not in"),
    ] {
        // Only root can be another user; others have a home folder all the same.
        if !is_root && cache.is_empty() && code != 0 {
            continue;
        }
        let args = ["score", "a", " b", "--offline", "--model", model];
        let mut command = program(folder.path(), &args);
        command.env("TOKENRAIL_CACHE", cache).env_remove("HOME").env_remove("HF_HOME");
        if is_root {
            command.uid(54_321);
        }
        let output = finish(start(&mut command, b""));
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && err.contains(what), "{args:?}: {err}");
    }
}
