//! The files of the official suite of JSON Schema, with instances as they are written there.
#![allow(clippy::print_stderr, reason = "it says that the suite is absent")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::corpus::root;
use super::engine::{Draft, Remotes};
use super::json_text::{Json, Separators};

/// A schema with its rows.
#[derive(Debug)]
pub(crate) struct Group {
    /// The folder of its draft.
    pub(crate) draft: String,
    /// The path within it, without its ending.
    pub(crate) file: String,
    pub(crate) description: String,
    pub(crate) schema: String,
    pub(crate) rows: Vec<Row>,
}

/// An instance, and what is said of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) description: String,
    pub(crate) text: String,
    pub(crate) is_valid: bool,
}

impl Group {
    /// What a row is listed by.
    pub(crate) fn name(&self, row: &Row) -> String {
        format!("{}/{}: {}: {}", self.draft, self.file, self.description, row.description)
    }
}

/// Where the suite lies; it need not be there.
pub(crate) fn folder() -> PathBuf {
    root().join("../shared/data/json-schema-test-suite")
}

/// All groups of all drafts; our own few where the suite is absent.
pub(crate) fn groups() -> Vec<Group> {
    let tests = folder().join("tests");
    if !tests.is_dir() {
        eprintln!("{} is absent: only rows of our own are decided", tests.display());
        let own = root().join("tests/data/schema_suite.json");
        return read(&own, "draft2020-12", "own");
    }
    let mut groups = Vec::new();
    for file in files(&tests) {
        let inside = file.strip_prefix(&tests).expect("it was found there").to_string_lossy();
        let (draft, name) = inside.split_once('/').expect("a draft is a folder");
        groups.extend(read(&file, draft, name.trim_end_matches(".json")));
    }
    groups
}

/// The draft that a folder is named after.
pub(crate) fn draft(folder: &str) -> Draft {
    match folder {
        "draft4" => Draft::Draft4,
        "draft6" => Draft::Draft6,
        "draft7" => Draft::Draft7,
        "draft2019-09" => Draft::Draft201909,
        "draft2020-12" => Draft::Draft202012,
        other => panic!("no draft {other:?}"),
    }
}

/// The documents that schemas of the suite refer to, by their addresses.
pub(crate) fn remotes() -> &'static Remotes {
    static REMOTES: OnceLock<Remotes> = OnceLock::new();
    REMOTES.get_or_init(|| {
        let folder = folder().join("remotes");
        let document = |file: PathBuf| {
            let inside = file.strip_prefix(&folder).expect("it was found there").to_string_lossy();
            let address = format!("http://localhost:1234/{inside}");
            let text = fs::read_to_string(&file).expect("it is readable");
            let value: Value = serde_json::from_str(&text).expect("it is JSON");
            (address, value)
        };
        files(&folder).into_iter().map(document).collect()
    })
}

fn read(path: &Path, draft: &str, file: &str) -> Vec<Group> {
    let text = fs::read_to_string(path).unwrap_or_else(|fault| panic!("{path:?}: {fault}"));
    let groups = Json::parse(&text);
    let string = |json: &Json<'_>, key: &str| {
        let string = json.get(key).and_then(Json::string);
        string.unwrap_or_else(|| panic!("{path:?}: no string {key:?}"))
    };
    let row = |json: &Json<'_>| Row {
        description: string(json, "description"),
        text: json.get("data").expect("a row has data").written(Separators::SPACED),
        is_valid: json.get("valid").expect("a row says if it is valid").text == "true",
    };
    let group = |json: &Json<'_>| Group {
        draft: draft.to_owned(),
        file: file.to_owned(),
        description: string(json, "description"),
        schema: json.get("schema").expect("a group has a schema").text.to_owned(),
        rows: json.get("tests").expect("a group has rows").items().iter().map(row).collect(),
    };
    groups.items().iter().map(group).collect()
}

/// The JSON files under a folder, sorted; none where it is absent.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
