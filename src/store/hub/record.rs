//! What was obtained from a hub repository and verified: one small JSON file for each model.
//!
//! The hub client names a file before anybody has verified it, so its own layout does not say what
//! is whole. A record is written last, in one rename, and only what it lists counts as there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::disk;
use super::super::error::StoreError;
use super::super::source::is_relative;

/// A complete model of a hub repository.
#[derive(Debug)]
pub(super) struct Record {
    /// The text that parses to the model.
    pub(super) name: String,
    /// The commit that its files are of; a relative name.
    pub(super) commit: String,
    /// The file that is the model; `None` if all files together are.
    pub(super) entry: Option<String>,
    /// Every file with its size; relative names.
    pub(super) files: BTreeMap<String, u64>,
}

impl Record {
    /// The record of a repository; `None` where there is none that can be read.
    pub(super) fn read(repo_folder: &Path, name: &str) -> Option<Self> {
        Self::parse(&fs::read(record_file(repo_folder, name)).ok()?)
    }

    /// All records of a repository, by name.
    pub(super) fn all(repo_folder: &Path) -> Vec<Self> {
        let mut records: Vec<Self> = fs::read_dir(repo_folder.join("records"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|path| Self::parse(&fs::read(path).ok()?))
            .collect();
        records.sort_by(|a, b| a.name.cmp(&b.name));
        records
    }

    /// Writes the record beside the files, in one step.
    pub(super) fn save(&self, repo_folder: &Path) -> Result<(), StoreError> {
        let path = record_file(repo_folder, &self.name);
        let unfinished = path.with_extension("partial");
        let folder = repo_folder.join("records");
        fs::create_dir_all(&folder).map_err(disk::failed("create", &folder))?;
        let text = json!({
            "name": self.name,
            "commit": self.commit,
            "entry": self.entry,
            "files": self.files,
        });
        let mut file = File::create(&unfinished).map_err(disk::failed("create", &unfinished))?;
        write!(file, "{text:#}")
            .and_then(|()| file.sync_all())
            .map_err(disk::failed("write", &unfinished))?;
        disk::rename_durably(&unfinished, &path)
    }

    /// Removes the record: from then on the files count as not there.
    pub(super) fn delete(&self, repo_folder: &Path) -> Result<(), StoreError> {
        disk::remove_file(&record_file(repo_folder, &self.name))
    }

    /// The model's path, if each of its files is there with all its bytes.
    pub(super) fn locate(&self, repo_folder: &Path) -> Option<PathBuf> {
        let snapshot = self.snapshot(repo_folder);
        let whole = |(file, bytes): (&String, &u64)| {
            fs::metadata(snapshot.join(file)).is_ok_and(|metadata| metadata.len() == *bytes)
        };
        self.files.iter().all(whole).then(|| self.path(repo_folder))
    }

    /// The model's path.
    pub(super) fn path(&self, repo_folder: &Path) -> PathBuf {
        let snapshot = self.snapshot(repo_folder);
        match &self.entry {
            Some(file) => snapshot.join(file),
            None => snapshot,
        }
    }

    /// The folder in which the hub client shows the files of the commit.
    pub(super) fn snapshot(&self, repo_folder: &Path) -> PathBuf {
        repo_folder.join("snapshots").join(&self.commit)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        let text_at = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        let sized = |(name, bytes): (&String, &Value)| Some((name.clone(), bytes.as_u64()?));
        let record = Self {
            name: text_at("name")?,
            commit: text_at("commit")?,
            entry: text_at("entry"),
            files: value.get("files")?.as_object()?.iter().map(sized).collect::<Option<_>>()?,
        };
        let legal =
            is_relative(&record.commit) && record.files.keys().all(|file| is_relative(file));
        legal.then_some(record)
    }
}

/// Named by a hash, for the name of a model holds `/` and may be longer than a file's may be.
fn record_file(repo_folder: &Path, name: &str) -> PathBuf {
    let hash = disk::sha256(name);
    repo_folder.join("records").join(format!("{hash}.json"))
}
