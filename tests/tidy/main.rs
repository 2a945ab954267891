//! Holds the invariants of `ARCHITECTURE.md` that can be seen in the source text.
//!
//! Files are read as tokens, without a compiler: comments and texts are set aside, paths in `use`
//! groups are spelled out. Each rule is a function from sources to a list of offences, one line
//! each, and is tested on small sources that break it.

mod bans;
mod doors;
mod layers;
mod shape;
mod source;
mod tokens;

use std::fs;
use std::path::Path;

use source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files under `folder` whose names end in `.rs`.
fn rust(folder: &str) -> Vec<Source> {
    let files = source::files(root(), folder).into_iter().filter(|path| path.ends_with(".rs"));
    let sources: Vec<Source> = files.map(|path| Source::new(&path, &read(&path))).collect();
    assert!(!sources.is_empty(), "no sources under {folder}/");
    sources
}

fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Fails with all offences, one a line.
fn verdict(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}; {} offences:\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn modules_are_in_the_table() {
    verdict("every top-level module has a row", layers::unknown_modules(&rust("src")));
}

#[test]
fn modules_use_lower_rows() {
    verdict("a module uses itself and lower rows", layers::upward_uses(&rust("src")));
}

#[test]
fn the_architecture_names_every_module() {
    assert!(root().join("ARCHITECTURE.md").is_file(), "ARCHITECTURE.md is missing");
    let unnamed = layers::unnamed_modules(&rust("src"), &read("ARCHITECTURE.md"));
    verdict("ARCHITECTURE.md names every top-level module", unnamed);
}

#[test]
fn dependencies_have_one_door() {
    let offences = doors::offences(&read("Cargo.toml"), &rust("src"));
    verdict("a dependency is used, and at its door alone", offences);
}

#[test]
fn files_are_small() {
    verdict("files are small", shape::large_files(&rust("src")));
}

#[test]
fn functions_are_small() {
    verdict("functions are small", shape::long_functions(&rust("src")));
}

#[test]
fn parameters_are_few_and_speak() {
    verdict("at most five parameters, none a bool", shape::poor_parameters(&rust("src")));
}

#[test]
fn files_begin_with_their_doc() {
    verdict("files begin with a module doc", shape::without_module_doc(&rust("src")));
}

#[test]
fn code_is_documented() {
    verdict("docs and comments", shape::few_comments(&rust("src")));
}

#[test]
fn banned_words_are_absent() {
    let sources: Vec<Source> = rust("src").into_iter().chain(rust("tests")).collect();
    verdict("banned words", bans::words(&sources));
}

#[test]
fn marks_of_unfinished_work_are_absent() {
    verdict("marks of unfinished work", bans::unfinished(&rust("src")));
}

#[test]
fn effects_stay_at_the_edge() {
    verdict("effects stay at the edge", bans::effects(&rust("src")));
}

#[test]
fn the_repository_is_free_of_private_places() {
    let files = source::files(root(), "").into_iter().filter(|path| path != "Cargo.lock");
    let offences = files.flat_map(|path| bans::places(&path, &read(&path))).collect();
    verdict("no package hosts and no paths of one machine", offences);
}
