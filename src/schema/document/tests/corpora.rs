//! Real schemas, and those of the official test suite: each loads, or is refused with a reason that
//! another implementation shares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use referencing::{Registry, uri};
use serde_json::Value;

use super::{check_report, shared};
use crate::schema::document::Document;
use crate::schema::json::Json;
use crate::schema::keywords::{Assertions, ResourceId};
use crate::schema::options::{Options, Resolver};
use crate::schema::{Draft, Validator};

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

/// Loads a schema, and holds the report and the references against it. How many references were
/// compared; or what is wrong, and whether the judge agrees.
fn check(schema: &Value, options: &Options) -> Result<usize, (String, bool)> {
    // Schemas that say the same are not yet one: each reference still has its own target.
    let json = Json::from_value(schema, options.limits.depth).expect("not nested deeply");
    match Document::load(json, options) {
        Ok(document) => {
            check_report(&document, schema);
            Ok(check_references(&document, schema))
        }
        Err(error) => Err((error.to_string(), Validator::new(schema, options).is_err())),
    }
}

/// What a reference of the root's resource leads to, by the judge: the very value within `root`.
fn judged<'j>(registry: &'j Registry<'j>, base: &str, reference: &str) -> Option<&'j Value> {
    let resolver = registry.resolver(uri::from_str(base).ok()?);
    resolver.lookup(reference).ok().map(|resolved| resolved.contents())
}

/// Holds references against those of another implementation. How many were compared.
fn check_references(document: &Document, schema: &Value) -> usize {
    let id = ["$id", "id"].into_iter().find_map(|key| schema.get(key)?.as_str());
    let base = id.map_or("json-schema:///".to_owned(), |id| uri::from_str(id).unwrap().to_string());
    let Ok(registry) = Registry::new().add(base.clone(), schema).and_then(|all| all.prepare())
    else {
        return 0;
    };
    let mut compared = 0;
    let of_root = document.places.iter().filter(|place| place.resource == ResourceId(0));
    for place in of_root {
        let Assertions::Keywords(keywords) = &place.assertions else { continue };
        let Some(target) = keywords.reference else { continue };
        let target = &document.places[target.index()].pointer;
        let here = schema.pointer(&place.pointer).expect("a place within the schema");
        let Some(reference) = here.get("$ref").and_then(Value::as_str) else { continue };
        let Some(judged) = judged(&registry, &base, reference) else { continue };
        if let Some(found) = schema.pointer(target) {
            assert!(std::ptr::eq(judged, found), "{reference} at {}: {target}", place.pointer);
            compared += 1;
        }
    }
    compared
}

#[test]
fn real_schemas_load_or_are_wrong() {
    let Some(folder) = shared("maskbench") else { return };
    let text = fs::read_to_string(folder.join("schemas.jsonl")).unwrap();
    let (mut loaded, mut compared, mut refused) = (0, 0, BTreeMap::new());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        match check(&row["schema"], &Options::default()) {
            Ok(references) => (loaded, compared) = (loaded + 1, compared + references),
            Err((reason, is_shared)) => {
                refused.insert(format!("{}: {reason}", row["id"]), is_shared);
            }
        }
    }
    eprintln!("{loaded} loaded, {} refused, {compared} references compared", refused.len());
    for (reason, is_shared) in &refused {
        eprintln!("{} {reason}", if *is_shared { "shared:" } else { "ours alone:" });
    }
    assert!(refused.values().all(|is_shared| *is_shared), "refused by us alone");
}

/// Every label of real schemas is what the validator says, with schemas that name no draft read as
/// 2020-12. Read as draft 4 some 130 of those are no valid schemas or have another label.
#[test]
fn the_validator_says_what_the_labels_say() {
    let Some(folder) = shared("maskbench") else { return };
    let text = fs::read_to_string(folder.join("schemas.jsonl")).unwrap();
    let (mut values, mut unread) = (0, Vec::new());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let Ok(validator) = Validator::new(&row["schema"], &Options::default()) else {
            unread.push(row["id"].to_string());
            continue;
        };
        for test in row["tests"].as_array().unwrap() {
            values += 1;
            let violations = validator.validate(&test["data"]);
            assert_eq!(Value::Bool(violations.is_empty()), test["valid"], "{}", row["id"]);
        }
    }
    eprintln!("{values} values judged; {} schemas have patterns that cannot be read", unread.len());
    assert!(unread.len() <= 3, "{unread:?}");
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
                    Ok(_) => loaded += 1,
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
