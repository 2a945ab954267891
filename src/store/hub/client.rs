//! The hub client: one file at a time, resumed where possible, and verified.
//!
//! The client trusts the server: it takes a short body for a whole file, and appends to what an
//! interrupted download left without looking at it. So each file is verified here.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo, Metadata};
use hf_hub::{Cache, Repo, RepoType};

use super::super::disk::{self, Expected};
use super::super::error::StoreError;
use super::super::progress::{Progress, Report, Stage};
use super::super::source::{HubModel, is_relative};

/// Fetches single files into the client's own cache layout.
pub(super) struct Client {
    folder: PathBuf,
    api: Api,
}

/// What a repository holds at one moment.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: BTreeSet<String>,
}

/// A file that is there and verified.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) commit: String,
    pub(super) bytes: u64,
}

impl Client {
    /// The client's default endpoint, without a token.
    pub(super) fn new(folder: PathBuf) -> Self {
        let builder = ApiBuilder::from_cache(Cache::new(folder.clone())).with_token(None);
        Self::build(folder, builder)
    }

    /// Another endpoint, without a token.
    pub(super) fn at_endpoint(folder: PathBuf, endpoint: String) -> Self {
        let builder = ApiBuilder::from_cache(Cache::new(folder.clone()))
            .with_token(None)
            .with_endpoint(endpoint);
        Self::build(folder, builder)
    }

    /// The endpoint and the token that the client finds in the environment.
    pub(super) fn from_env(folder: PathBuf) -> Self {
        let builder = ApiBuilder::from_env().with_cache_dir(folder.clone());
        Self::build(folder, builder)
    }

    /// The folder of a repository, without regard to revision and file.
    pub(super) fn repo_folder(&self, model: &HubModel) -> PathBuf {
        self.folder.join(at(model, "main").folder_name())
    }

    /// Asks which commit the model's revision is, and which files it has.
    pub(super) fn listing(&self, model: &HubModel) -> Result<Listing, StoreError> {
        let info = self
            .api
            .repo(at(model, model.revision().unwrap_or("main")))
            .info()
            .map_err(|fault| refused(model.to_string(), &fault))?;
        legal(&model.to_string(), "commit", &info.sha)?;
        Ok(Listing {
            commit: info.sha,
            files: info.siblings.into_iter().map(|sibling| sibling.rfilename).collect(),
        })
    }

    /// Fetches and verifies one file, unless an earlier, interrupted call has done so.
    pub(super) fn fetch(
        &self,
        model: &HubModel,
        revision: &str,
        file: &str,
        report: &mut Report<'_>,
    ) -> Result<Fetched, StoreError> {
        let name = format!("{}:{file}", model.repo());
        let repo = at(model, revision);
        legal(&name, "file name", file)?;
        let remote = self.api.repo(repo.clone());
        let metadata =
            self.api.metadata(&remote.url(file)).map_err(|fault| refused(name.clone(), &fault))?;
        legal(&name, "commit", metadata.commit_hash())?;
        legal(&name, "etag", metadata.etag())?;
        let expected = expected(&metadata);
        let fetched = Fetched { commit: metadata.commit_hash().to_owned(), bytes: expected.bytes };
        let cache = Cache::new(self.folder.clone()).repo(repo.clone());
        let shown = cache.pointer_path(metadata.commit_hash()).join(file);
        if shown.exists() && expected.verify(&shown, file, report).is_ok() {
            return Ok(fetched);
        }
        let blob = cache.blob_path(metadata.etag());
        let begun = keep_if_resumable(&blob.with_extension("part"), expected.bytes)?;
        match download(&remote, file, [&shown, &blob], &expected, report) {
            // What was resumed may have been the beginning of something else: once more, from zero.
            Err(StoreError::WrongSize { .. } | StoreError::WrongHash { .. }) if begun => {
                download(&remote, file, [&shown, &blob], &expected, report)?;
            }
            result => result?,
        }
        Ok(fetched)
    }

    fn build(folder: PathBuf, builder: ApiBuilder) -> Self {
        let api =
            builder.build().expect("building fails only for native TLS, which is not compiled in");
        Self { folder, api }
    }
}

impl fmt::Debug for Client {
    /// Leaves out the client itself, which would show its token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Passes the client's progress on.
struct Meter<'a, 'r> {
    report: &'a mut Report<'r>,
    name: &'a str,
    done: u64,
    total: u64,
}

impl hf_hub::api::Progress for Meter<'_, '_> {
    fn init(&mut self, _size: usize, _filename: &str) {
        self.done = 0;
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        (self.report)(Progress {
            stage: Stage::Downloading,
            name: self.name,
            done: self.done.min(self.total),
            total: Some(self.total),
        });
    }

    fn finish(&mut self) {}
}

/// Downloads a file to `[shown, blob]`, and deletes both if they are not as expected.
fn download(
    remote: &ApiRepo,
    file: &str,
    [shown, blob]: [&Path; 2],
    expected: &Expected,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    // The client keeps a link that is there, even one to other bytes.
    disk::remove_file(shown)?;
    let meter = Meter { report, name: file, done: 0, total: expected.bytes };
    remote.download_with_progress(file, meter).map_err(|fault| refused(file.to_owned(), &fault))?;
    let verified = expected.verify(shown, file, report);
    if verified.is_err() {
        disk::remove_file(shown)?;
        disk::remove_file(blob)?;
    }
    verified
}

/// Whether the unfinished download at `part` can be resumed; what cannot be is deleted.
///
/// The client asks for the bytes from its end on, and a server has none to give for a whole file.
fn keep_if_resumable(part: &Path, bytes: u64) -> Result<bool, StoreError> {
    match fs::metadata(part).map_or(0, |metadata| metadata.len()) {
        0 => Ok(false),
        len if len < bytes => Ok(true),
        _ => disk::remove_file(part).map(|()| false),
    }
}

/// The size, and for a large file, whose etag is its SHA-256, the hash.
fn expected(metadata: &Metadata) -> Expected {
    let etag = metadata.etag();
    let hashed = etag.len() == 64 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    Expected { bytes: metadata.size() as u64, sha256: hashed.then(|| etag.to_ascii_lowercase()) }
}

/// Refuses a name from the hub that could not stand as a path below a folder.
fn legal(name: &str, what: &'static str, found: &str) -> Result<(), StoreError> {
    if is_relative(found) {
        return Ok(());
    }
    Err(StoreError::IllegalName { name: name.to_owned(), what, found: found.to_owned() })
}

fn refused(name: String, fault: &ApiError) -> StoreError {
    match status(fault) {
        Some(status @ (401 | 403 | 404)) => StoreError::NotOnHub { name, status },
        _ => StoreError::Hub { name, cause: fault.to_string() },
    }
}

/// The HTTP status in an error, read from its text: its type is of the client's own HTTP library.
fn status(fault: &ApiError) -> Option<u16> {
    let text = fault.to_string();
    let (_, rest) = text.split_once("http status: ")?;
    rest.parse().ok()
}

fn at(model: &HubModel, revision: &str) -> Repo {
    Repo::with_revision(model.repo().to_owned(), RepoType::Model, revision.to_owned())
}
