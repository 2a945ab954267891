//! `--prompt-cache`: a second run begins behind what the first has read.

use std::fs;

use serde_json::Value;

use super::{Case, check, folder};

const HEADER: &str = "Instructions: say which city is meant. Write its name, and nothing else. ";

/// Runs with the cache and gives its output.
fn run(folder: &std::path::Path, args: &[&str], cached: Cached) -> String {
    let flags: &[&str] = match cached {
        Cached::Yes => &["--prompt-cache", "prompt.cache"],
        Cached::No => &[],
    };
    check(folder, &Case { args: &[args, flags].concat(), ..Case::default() }).0
}

#[derive(Clone, Copy)]
enum Cached {
    Yes,
    No,
}

#[test]
fn a_cached_prompt_changes_no_output() {
    let folder = folder(&[]);
    let file = folder.path().join("prompt.cache");
    let [first, second] = ["The capital of France is", "The capital of Italy is"]
        .map(|question| format!("{HEADER}{question}"));
    let generate = ["generate", "--regex", " [A-Z][a-z]{2,8}", "--json", &first];
    let expected = run(folder.path(), &generate, Cached::No);
    assert!(!file.exists(), "nothing is written unless it is asked for");
    assert_eq!(run(folder.path(), &generate, Cached::Yes), expected);
    let written = fs::read(&file).expect("the prompt was written");
    assert_eq!(run(folder.path(), &generate, Cached::Yes), expected);
    assert!(fs::read(&file).expect("it is still there") == written, "what it has is not rewritten");

    let score = ["score", "--json", &second, " Rome", " Paris"];
    let alone: Value = parsed(&run(folder.path(), &score, Cached::No));
    let mut behind: Value = parsed(&run(folder.path(), &score, Cached::Yes));
    let reused = behind["counters"]["reused_tokens"].as_u64().expect("a number");
    assert!(reused > 10, "{reused} tokens were reused");
    behind["counters"] = alone["counters"].clone();
    assert_eq!(behind, alone);
    assert!(fs::read(&file).expect("it is still there") != written, "the new prompt was written");
    let names = fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(names, 1, "nothing else is left beside it");
}

#[test]
fn a_cache_that_is_of_no_use_is_refused_and_kept() {
    let folder = folder(&[("prompt.cache", b"some other file")]);
    let args = ["score", "a", " b", " c", "--prompt-cache", "prompt.cache"];
    let err = &["prompt.cache: ", "does not begin as a saved session", "remove it"][..];
    check(folder.path(), &Case { args: &args, code: 2, err, ..Case::default() });
    let kept = fs::read_to_string(folder.path().join("prompt.cache")).expect("it is there");
    assert_eq!(kept, "some other file");
    let args = ["score", "a", " b", " c", "--prompt-cache", "no such folder/x"];
    check(
        folder.path(),
        &Case { args: &args, code: 7, err: &["no such folder/x: "], ..Case::default() },
    );
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}
