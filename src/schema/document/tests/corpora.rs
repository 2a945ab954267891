//! Real schemas, and those of the official test suite: each loads, or is refused with a reason that
//! another implementation shares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::{check_report, shared};
use crate::schema::options::{Options, Resolver};
use crate::schema::{Draft, Schema, Validator};

/// The suite's remote documents, which its schemas find at a local address.
#[derive(Debug)]
struct Remotes(PathBuf);

impl Resolver for Remotes {
    fn resolve(&self, address: &str) -> Option<Value> {
        let path = address.strip_prefix("http://localhost:1234/")?;
        serde_json::from_str(&fs::read_to_string(self.0.join(path)).ok()?).ok()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(below).collect()
}

/// Loads a schema, and holds the report against it. What is wrong, and whether the judge agrees.
fn check(schema: &Value, options: &Options) -> Result<(), (String, bool)> {
    match Schema::new(schema, options) {
        Ok(loaded) => {
            check_report(&loaded.document, schema);
            Ok(())
        }
        Err(error) => Err((error.to_string(), Validator::new(schema, options).is_err())),
    }
}

#[test]
fn real_schemas_load_or_are_wrong() {
    let Some(folder) = shared("maskbench") else { return };
    let text = fs::read_to_string(folder.join("schemas.jsonl")).unwrap();
    let (mut loaded, mut refused) = (0, BTreeMap::new());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        match check(&row["schema"], &Options::default()) {
            Ok(()) => loaded += 1,
            Err((reason, is_shared)) => {
                refused.insert(format!("{}: {reason}", row["id"]), is_shared);
            }
        }
    }
    eprintln!("{loaded} loaded, {} refused", refused.len());
    for (reason, is_shared) in &refused {
        eprintln!("{} {reason}", if *is_shared { "shared:" } else { "ours alone:" });
    }
    assert!(refused.values().all(|is_shared| *is_shared), "refused by us alone");
}

#[test]
fn the_suite_loads() {
    let Some(folder) = shared("json-schema-test-suite") else { return };
    let resolver: Arc<dyn Resolver> = Arc::new(Remotes(folder.join("remotes")));
    let drafts = ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"];
    let (mut loaded, mut refused) = (0, Vec::new());
    for (name, draft) in drafts.into_iter().zip(Draft::ALL) {
        let options = Options {
            draft: Some(draft),
            resolver: Some(Arc::clone(&resolver)),
            ..Options::default()
        };
        for file in files(&folder.join("tests").join(name)) {
            let groups: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            for group in groups.as_array().unwrap() {
                match check(&group["schema"], &options) {
                    Ok(()) => loaded += 1,
                    Err((reason, is_shared)) => refused.push(format!(
                        "{}: {}: {reason} ({is_shared})",
                        file.display(),
                        group["description"]
                    )),
                }
            }
        }
    }
    eprintln!("{loaded} schemas of the suite load");
    assert!(refused.is_empty(), "{} are refused:\n{}", refused.len(), refused.join("\n"));
}
