//! The rows of modules: who may use whom.

use std::collections::BTreeSet;

use super::source::Source;
use super::tokens::Path;

/// Every top-level module with its row. A module uses itself and lower rows.
const ROWS: [(&str, u8); 18] = [
    ("vocab", 1),
    ("regex", 1),
    ("interner", 1),
    ("schema", 2),
    ("grammar", 3),
    ("constraint", 4),
    ("model", 4),
    ("score", 5),
    ("generate", 5),
    ("repair", 5),
    ("eval", 5),
    ("openai", 5),
    ("report", 5),
    ("store", 5),
    ("remote", 6),
    ("server", 6),
    ("error", 7),
    (BINARY, 8),
];
const BINARY: &str = "bin/tokenrail";
/// The rows that compute and touch nothing outside.
const LAST_PURE_ROW: u8 = 4;

/// The path prefixes of the modules that compute and touch nothing outside.
pub(super) fn pure_prefixes() -> Vec<String> {
    let pure = ROWS.iter().filter(|(_, row)| *row <= LAST_PURE_ROW);
    pure.map(|(name, _)| format!("src/{name}")).collect()
}

pub(super) fn unknown_modules(sources: &[Source]) -> Vec<String> {
    let unknown = modules(sources).into_iter().filter(|name| row(name).is_none());
    unknown
        .map(|name| {
            format!(
                "src/{name}: add it to the table in tests/tidy/layers.rs and to ARCHITECTURE.md"
            )
        })
        .collect()
}

pub(super) fn unnamed_modules(sources: &[Source], architecture: &str) -> Vec<String> {
    let named = |name: &String| {
        architecture.contains(&format!("`{name}`")) || architecture.contains(&format!("`{name}/`"))
    };
    let unnamed = modules(sources).into_iter().filter(|name| !named(name));
    unnamed.map(|name| format!("ARCHITECTURE.md: does not name `{name}`")).collect()
}

pub(super) fn upward_uses(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(upward_uses_of).collect()
}

fn upward_uses_of(source: &Source) -> Vec<String> {
    let Some(module) = module(source).filter(|module| module != BINARY) else {
        return Vec::new();
    };
    let home = home(&source.path);
    // Tests too: what they need from above belongs into `tests/`.
    let mut offences = Vec::new();
    for path in super::tokens::paths(&source.code) {
        let Some(used) = used_module(&path, &home) else { continue };
        let spelled = path.segments.join("::");
        match (row(&module), row(&used)) {
            _ if used == module => {}
            (_, None) => offences.push(source.at(
                path.line,
                format!("`{spelled}` names `{used}`, which is no module with a row"),
            )),
            (Some(own), Some(other)) if own <= other => offences.push(source.at(
                path.line,
                format!("`{spelled}`: `{module}` of row {own} may not use `{used}` of row {other}"),
            )),
            _ => {}
        }
    }
    offences
}

fn row(module: &str) -> Option<u8> {
    ROWS.iter().find(|(name, _)| *name == module).map(|(_, row)| *row)
}

fn modules(sources: &[Source]) -> BTreeSet<String> {
    sources.iter().filter_map(module).collect()
}

/// The top-level module of a file; `None` for the crate's root.
fn module(source: &Source) -> Option<String> {
    let path = source.path.strip_prefix("src/")?;
    let mut parts = path.split('/').map(|part| part.trim_end_matches(".rs"));
    match (parts.next()?, parts.next()) {
        ("lib", None) => None,
        ("bin", Some(name)) => Some(format!("bin/{name}")),
        (name, _) => Some(name.to_owned()),
    }
}

/// The module path of a file, from the crate's root.
fn home(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// What a path takes from the crate's root: a module's name, `*`, or the root itself.
fn used_module(path: &Path, home: &[String]) -> Option<String> {
    let mut place: Vec<&String> = home.iter().chain(&path.within).collect();
    for (at, segment) in path.segments.iter().enumerate() {
        match (at, segment.as_str()) {
            (0, "crate") => place.clear(),
            (0, "self") => {}
            (_, "super") => drop(place.pop()),
            (0, _) => return None,
            _ if place.is_empty() => return Some(segment.clone()),
            _ => return None,
        }
    }
    place.is_empty().then(|| "crate".to_owned())
}

fn check(path: &str, code: &str, expected: &[&str]) {
    let found: Vec<String> = upward_uses(&[Source::new(path, code)]);
    assert_eq!(found.len(), expected.len(), "{path}: {code}\n{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("{path}:")) && found.contains(expected), "{found}");
    }
}

#[test]
fn upward_and_sideways_uses_are_found() {
    check("src/vocab/mod.rs", "use crate::regex::Dfa;", &["row 1 may not use `regex` of row 1"]);
    check(
        "src/model/mod.rs",
        "\nfn f(x: &crate::score::Ranked) {}",
        &[":2: `crate::score::Ranked`"],
    );
    check(
        "src/model/local/a.rs",
        "use crate::{vocab::B,\nstore::{C}};",
        &[":2: `crate::store::C`"],
    );
    check("src/model/local/a.rs", "use super::super::super::score::A;", &["`score` of row 5"]);
    check("src/model/mod.rs", "mod tests { use super::super::eval::A; }", &["`eval` of row 5"]);
    check(
        "src/regex.rs",
        "use super::{self as root, grammar};",
        &["`crate`", "`grammar` of row 3"],
    );
    check("src/error.rs", "use crate::*; use crate::Root;", &["names `*`", "names `Root`"]);
    check("src/report/a.rs", "#[cfg(test)] mod tests { use crate::eval::A; }", &["`eval`"]);
}

#[test]
fn own_children_and_lower_rows_are_free() {
    check(
        "src/model/local/a.rs",
        "use super::b; use super::super::Logits; use crate::vocab::C;",
        &[],
    );
    check("src/model/mod.rs", "use crate::model::a; pub(crate) use a::B; // crate::score", &[]);
    check("src/error.rs", "use crate::{remote, score::A};", &[]);
    check("src/lib.rs", "pub use crate::error::Error;", &[]);
    check("src/bin/tokenrail/main.rs", "use tokenrail::eval; use crate::flags;", &[]);
    check("src/vocab/mod.rs", "const A: &str = \"crate::score\"; mod tests { use super::*; }", &[]);
}

#[test]
fn unknown_and_unnamed_modules_are_found() {
    let paths = [
        "src/lib.rs",
        "src/vocab/a.rs",
        "src/misc.rs",
        "src/bin/tokenrail/main.rs",
        "src/bin/b.rs",
    ];
    let sources = paths.map(|path| Source::new(path, ""));
    let unknown = unknown_modules(&sources);
    assert!(
        unknown[0].starts_with("src/bin/b: ") && unknown[1].starts_with("src/misc: "),
        "{unknown:?}"
    );
    let unnamed =
        unnamed_modules(&sources, "`vocab/`, `bin/tokenrail/` and misc, not `misc.rs` or b");
    assert_eq!(unnamed.len(), 2, "{unnamed:?}");
    assert!(unnamed[0].ends_with("`bin/b`") && unnamed[1].ends_with("`misc`"), "{unnamed:?}");
}
