//! Each dependency is named in one place of the tree.

use super::source::Source;

const ANYWHERE: &[&str] = &["src"];
const BINARY: &[&str] = &["src/bin/tokenrail"];
const CHAT: &[&str] = &["src/model/chat.rs"];
const REPORT: &[&str] = &["src/report"];
/// What stands behind the feature `schemars`.
const TYPED: &[&str] = &["src/schema/derived.rs", "src/generate/typed.rs"];
const STORE: &[&str] = &["src/store"];
/// Where requests to endpoints leave the process.
const TRANSPORT: &[&str] = &["src/remote/transport.rs"];

/// Every dependency as code names it, with the modules or files that may.
const DOORS: [(&str, &[&str]); 33] = [
    ("anstream", BINARY),
    ("anstyle", REPORT),
    ("base64", &["src/vocab"]),
    ("candle_core", &["src/model/local"]),
    ("clap", BINARY),
    ("clap_complete", BINARY),
    ("ctrlc", BINARY),
    ("etcetera", STORE),
    ("hashbrown", &["src/regex", "src/constraint", "src/schema", "src/interner.rs"]),
    ("hf_hub", STORE),
    ("indicatif", BINARY),
    ("jsonschema", &["src/schema/validator.rs"]),
    ("minijinja", CHAT),
    ("minijinja_contrib", CHAT),
    ("rand_chacha", &["src/generate"]),
    ("referencing", &["src/schema/document/address.rs"]),
    ("regex_syntax", &["src/regex"]),
    ("reqwest", TRANSPORT),
    ("rustls", TRANSPORT),
    ("rustls_platform_verifier", TRANSPORT),
    ("schemars", TYPED),
    ("serde", TYPED),
    ("serde_json", ANYWHERE),
    ("sha2", STORE),
    ("strsim", &["src/grammar"]),
    ("tempfile", STORE),
    ("terminal_size", BINARY),
    ("thiserror", ANYWHERE),
    ("tokenizers", &["src/vocab"]),
    ("tokio", &["src/remote"]),
    ("unicode_width", REPORT),
    ("webpki_roots", TRANSPORT),
    ("zip", STORE),
];

/// Dependencies without a door, used beside it, or not used at all.
pub(super) fn offences(manifest: &str, sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    let uses: Vec<_> = sources
        .iter()
        .flat_map(|source| source.paths().into_iter().map(move |path| (source, path)))
        .collect();
    for (line, name) in dependencies(manifest) {
        let Some((_, door)) = DOORS.iter().find(|(known, _)| *known == name) else {
            offences.push(format!(
                "Cargo.toml:{line}: `{name}` has no door: add it to the table in tests/tidy/doors.rs"
            ));
            continue;
        };
        let mut named = false;
        for (source, path) in uses.iter().filter(|(_, path)| path.segments[0] == name) {
            named |= source.is_under(door);
            if !source.is_under(door) {
                offences.push(source.at(path.line, format!("`{name}` beside its door, {door:?}")));
            }
        }
        if !named {
            offences.push(format!("Cargo.toml:{line}: `{name}` is not used at its door, {door:?}"));
        }
    }
    offences
}

/// The lines and names, as code writes them, of what the manifest depends on outside tests.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut listed = false;
    for (line, text) in manifest.lines().enumerate() {
        let text = text.trim();
        let name = if let Some(section) = text.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            listed = section == "dependencies" || section.ends_with(".dependencies");
            section
                .rsplit_once("dependencies.")
                .filter(|(before, _)| !before.ends_with('-'))
                .map(|(_, name)| name)
        } else if listed && !text.starts_with('#') {
            text.split_once(['=', '.']).map(|(name, _)| name)
        } else {
            None
        };
        found.extend(name.map(|name| (line + 1, name.trim().trim_matches('"').replace('-', "_"))));
    }
    found
}

fn check(manifest: &str, files: &[(&str, &str)], expected: &[&str]) {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    let found = offences(manifest, &sources);
    assert_eq!(found.len(), expected.len(), "{manifest}\n{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

#[test]
fn dependencies_are_read() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na-b = \"1\"\n# c = 1\n\nd.workspace = true\n\
                    [dependencies.e]\nversion = \"1\"\n[dev-dependencies]\nf = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\ng = \"1\"\n[dev-dependencies.h]\n[features]\ni = []\n";
    let names: Vec<String> = dependencies(manifest).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a_b", "d", "e", "g"]);
}

#[test]
fn uses_beside_the_door_are_found() {
    let zip = "[dependencies]\nzip = \"9\"\n";
    let door = ("src/store/a.rs", "use zip::Archive;");
    check(zip, &[door], &[]);
    check(zip, &[door, ("src/model/a.rs", "\nzip::open()")], &["src/model/a.rs:2: `zip` beside"]);
    check(
        zip,
        &[door, ("src/stored.rs", "use {std::fs, zip};")],
        &["src/stored.rs:1: `zip` beside"],
    );
    check(
        zip,
        &[door, ("src/eval.rs", "// zip::a\nlet x = a.zip(b); super::zip::c(\"zip::d\")")],
        &[],
    );
    check(zip, &[door, ("src/eval.rs", "#[cfg(test)] mod tests { use zip::A; }")], &[]);
}

#[test]
fn unused_and_unknown_dependencies_are_found() {
    check(
        "[dependencies]\nzip = \"9\"\n",
        &[("src/store/a.rs", "// zip::a")],
        &["Cargo.toml:2: `zip` is not used"],
    );
    check("[dependencies]\n\nanyhow = \"1\"\n", &[], &["Cargo.toml:3: `anyhow` has no door"]);
    let beside = ["src/lib.rs:1: `clap` beside", "Cargo.toml:2: `clap` is not used"];
    check("[dependencies]\nclap = \"4\"\n", &[("src/lib.rs", "use clap as c;")], &beside);
}
