//! Models of the Hugging Face hub, kept in the hub client's own cache layout.
//!
//! The client gives a file its name before anybody has verified it; so a model is there when a
//! [`Record`] says so, which is written last.

mod client;
mod patience;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::StoredModel;
use super::disk;
use super::error::StoreError;
use super::folder;
use super::progress::Report;
use super::source::HubModel;

use client::Client;
use record::Record;

/// The hub, and what was obtained from it.
#[derive(Debug)]
pub(super) struct Hub {
    folder: PathBuf,
    client: Client,
}

impl Hub {
    /// The client's default endpoint, without a token.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { client: Client::new(folder.clone()), folder }
    }

    /// Another endpoint, without a token.
    pub(super) fn at_endpoint(folder: PathBuf, endpoint: String) -> Self {
        Self { client: Client::at_endpoint(folder.clone(), endpoint), folder }
    }

    /// The endpoint and the token that the client finds in the environment.
    pub(super) fn from_env(folder: PathBuf) -> Self {
        Self { client: Client::from_env(folder.clone()), folder }
    }

    /// Where a model lies, if it is here and whole.
    pub(super) fn locate(&self, model: &HubModel) -> Option<PathBuf> {
        let folder = self.client.repo_folder(model);
        Record::read(&folder, &model.to_string())?.locate(&folder)
    }

    pub(super) fn obtain(
        &self,
        model: &HubModel,
        report: &mut Report<'_>,
    ) -> Result<PathBuf, StoreError> {
        let folder = self.client.repo_folder(model);
        let _lock = disk::lock(&lock_file(&folder), &model.to_string(), report)?;
        if let Some(path) = self.locate(model) {
            return Ok(path);
        }
        let record = match model.file() {
            Some(file) => self.fetch_named(model, file, report)?,
            None => self.fetch_whole(model, report)?,
        };
        record.save(&folder)?;
        Ok(record.path(&folder))
    }

    pub(super) fn list(&self) -> Result<Vec<StoredModel>, StoreError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let mut models = Vec::new();
        let entries = fs::read_dir(&self.folder).map_err(disk::failed("read", &self.folder))?;
        for folder in entries.flatten().map(|entry| entry.path()) {
            for record in Record::all(&folder) {
                let Some(path) = record.locate(&folder) else {
                    continue;
                };
                models.push(StoredModel {
                    bytes: record.files.values().sum(),
                    name: record.name,
                    path,
                });
            }
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// Deletes the files that no other record of the repository lists, or with the last record all.
    pub(super) fn remove(&self, model: &HubModel) -> Result<u64, StoreError> {
        let folder = self.client.repo_folder(model);
        let name = model.to_string();
        let not_stored = || StoreError::NotStored { name: name.clone(), root: self.folder.clone() };
        if !folder.exists() {
            return Err(not_stored());
        }
        let _lock = disk::lock(&lock_file(&folder), &name, &mut |_| {})?;
        let (own, others): (Vec<_>, Vec<_>) =
            Record::all(&folder).into_iter().partition(|record| record.name == name);
        if others.is_empty() {
            let freed = disk::file_sizes(&folder).iter().sum();
            disk::remove_folder(&folder)?;
            return Ok(freed);
        }
        let Some(own) = own.first() else {
            return Err(not_stored());
        };
        own.delete(&folder)?;
        let kept: BTreeSet<PathBuf> =
            others.iter().flat_map(|record| blobs(record, &folder)).map(|(_, blob)| blob).collect();
        let mut freed = 0;
        for (shown, blob) in blobs(own, &folder) {
            if kept.contains(&blob) {
                continue;
            }
            freed += fs::metadata(&blob).map_or(0, |metadata| metadata.len());
            disk::remove_file(&shown)?;
            disk::remove_file(&blob)?;
        }
        Ok(freed)
    }

    /// Fetches the one file that the model names.
    fn fetch_named(
        &self,
        model: &HubModel,
        file: &str,
        report: &mut Report<'_>,
    ) -> Result<Record, StoreError> {
        let revision = model.revision().unwrap_or("main");
        let fetched = self.client.fetch(model, revision, file, report)?;
        Ok(Record {
            name: model.to_string(),
            commit: fetched.commit,
            entry: Some(file.to_owned()),
            files: BTreeMap::from([(file.to_owned(), fetched.bytes)]),
        })
    }

    /// Fetches the repository's safetensors with all that belongs to them, or its only GGUF file.
    fn fetch_whole(&self, model: &HubModel, report: &mut Report<'_>) -> Result<Record, StoreError> {
        let listing = self.client.listing(model)?;
        let listed: BTreeSet<&str> = listing.files.iter().map(String::as_str).collect();
        let mut record = Record {
            name: model.to_string(),
            commit: listing.commit.clone(),
            entry: None,
            files: BTreeMap::new(),
        };
        let Some(small) = safetensors(&listed) else {
            let file = only_gguf(model, &listed)?;
            self.fetch_into(&mut record, model, file, report)?;
            record.entry = Some(file.to_owned());
            return Ok(record);
        };
        for file in small {
            self.fetch_into(&mut record, model, file, report)?;
        }
        if listed.contains(folder::WEIGHTS) {
            self.fetch_into(&mut record, model, folder::WEIGHTS, report)?;
            return Ok(record);
        }
        self.fetch_into(&mut record, model, folder::INDEX, report)?;
        let snapshot = record.snapshot(&self.client.repo_folder(model));
        for part in folder::parts(&snapshot.join(folder::INDEX))? {
            self.fetch_into(&mut record, model, &part, report)?;
        }
        Ok(record)
    }

    /// Fetches one more file of the record's commit, so that a push in between cannot mix two.
    fn fetch_into(
        &self,
        record: &mut Record,
        model: &HubModel,
        file: &str,
        report: &mut Report<'_>,
    ) -> Result<(), StoreError> {
        let fetched = self.client.fetch(model, &record.commit, file, report)?;
        if fetched.commit != record.commit {
            return Err(StoreError::Hub {
                name: format!("{}@{}:{file}", model.repo(), record.commit),
                cause: format!("it answered for the commit {}", fetched.commit),
            });
        }
        record.files.insert(file.to_owned(), fetched.bytes);
        Ok(())
    }
}

/// The small files to fetch, if the repository has safetensors with all they need.
fn safetensors<'a>(listed: &BTreeSet<&'a str>) -> Option<Vec<&'a str>> {
    let weights = [folder::WEIGHTS, folder::INDEX];
    let whole = folder::REQUIRED.iter().all(|name| listed.contains(name))
        && weights.iter().any(|name| listed.contains(name));
    let wanted =
        |name: &&&str| folder::REQUIRED.contains(*name) || folder::OPTIONAL.contains(*name);
    whole.then(|| listed.iter().filter(wanted).copied().collect())
}

/// The one GGUF file of a repository; of several, the error lists them.
fn only_gguf<'a>(model: &HubModel, listed: &BTreeSet<&'a str>) -> Result<&'a str, StoreError> {
    let is_gguf = |name: &&str| name.to_ascii_lowercase().ends_with(".gguf");
    let files: Vec<&str> = listed.iter().copied().filter(is_gguf).collect();
    match files[..] {
        [file] => Ok(file),
        [] => Err(StoreError::NoModelInRepo { repo: model.to_string() }),
        _ => Err(StoreError::SeveralFiles {
            repo: model.to_string(),
            files: files.into_iter().map(str::to_owned).collect(),
        }),
    }
}

/// The files of a record: where the client shows each, and where its bytes lie.
fn blobs(record: &Record, repo_folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let snapshot = record.snapshot(repo_folder);
    let blob_of = |file: &String| {
        let shown = snapshot.join(file);
        let blob = shown.canonicalize().ok()?;
        Some((shown, blob))
    };
    record.files.keys().filter_map(blob_of).collect()
}

/// Beside the folder, not in it: the folder may be removed while the lock is held.
fn lock_file(repo_folder: &Path) -> PathBuf {
    let mut name = repo_folder.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
