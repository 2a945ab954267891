//! The hub client: one file at a time, resumed where possible, and verified.
//!
//! The client trusts the server: it takes a short body for a whole file, and appends to what an
//! interrupted download left without looking at it. So each file is verified here, and what comes
//! late or in excess is not waited for.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::api::sync::{Api, ApiBuilder, ApiError, Metadata};
use hf_hub::{Cache, Repo, RepoType};

use super::super::disk::{self, Expected};
use super::super::error::StoreError;
use super::super::progress::{Progress, Report, Stage};
use super::super::source::{HubModel, is_relative};
use super::patience::{Meter, Unfinished, wait};

/// The time without a byte after which a server is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// The variable that names another, in seconds, for Python's hub client as well.
const PATIENCE_VARIABLE: &str = "HF_HUB_DOWNLOAD_TIMEOUT";

/// Fetches single files into the client's own cache layout.
pub(super) struct Client {
    folder: PathBuf,
    api: Api,
    patience: Duration,
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

    /// The endpoint, the token and the patience that are found in the environment.
    pub(super) fn from_env(folder: PathBuf) -> Self {
        let builder = ApiBuilder::from_env().with_cache_dir(folder.clone());
        let seconds = std::env::var(PATIENCE_VARIABLE).ok().and_then(|text| text.parse().ok());
        let patience = seconds.filter(|&seconds| seconds > 0).map(Duration::from_secs);
        Self { patience: patience.unwrap_or(PATIENCE), ..Self::build(folder, builder) }
    }

    /// The folder of a repository, without regard to revision and file.
    pub(super) fn repo_folder(&self, model: &HubModel) -> PathBuf {
        self.folder.join(at(model, "main").folder_name())
    }

    /// Asks which commit the model's revision is, and which files it has.
    pub(super) fn listing(&self, model: &HubModel) -> Result<Listing, StoreError> {
        let repo = self.api.repo(at(model, model.revision().unwrap_or("main")));
        let info = self.call(&model.to_string(), move |_| repo.info(), |_| Ok(()))?;
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
        let (api, url) = (self.api.clone(), self.api.repo(repo.clone()).url(file));
        let metadata = self.call(&name, move |_| api.metadata(&url), |_| Ok(()))?;
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
        match self.download(&repo, file, [&shown, &blob], &expected, report) {
            // What was resumed may have been the beginning of something else: once more, from zero.
            Err(StoreError::WrongSize { .. } | StoreError::WrongHash { .. }) if begun => {
                self.download(&repo, file, [&shown, &blob], &expected, report)?;
            }
            result => result?,
        }
        Ok(fetched)
    }

    fn build(folder: PathBuf, builder: ApiBuilder) -> Self {
        let api =
            builder.build().expect("building fails only for native TLS, which is not compiled in");
        Self { folder, api, patience: PATIENCE }
    }

    /// Downloads a file to `[shown, blob]`, and deletes both if they are not as expected.
    fn download(
        &self,
        repo: &Repo,
        file: &str,
        [shown, blob]: [&Path; 2],
        expected: &Expected,
        report: &mut Report<'_>,
    ) -> Result<(), StoreError> {
        // The client keeps a link that is there, even one to other bytes.
        disk::remove_file(shown)?;
        let total = expected.bytes;
        let step = |done| {
            report(Progress {
                stage: Stage::Downloading,
                name: file,
                done: u64::min(done, total),
                total: Some(total),
            });
            let name = file.to_owned();
            match done > total {
                true => Err(StoreError::WrongSize { name, expected: total, found: total + 1 }),
                false => Ok(()),
            }
        };
        let (remote, path) = (self.api.repo(repo.clone()), file.to_owned());
        let call = move |meter| remote.download_with_progress(&path, meter).map(drop);
        let verified =
            self.call(file, call, step).and_then(|()| expected.verify(shown, file, report));
        if let Err(StoreError::WrongSize { .. } | StoreError::WrongHash { .. }) = verified {
            for path in [shown, blob, &blob.with_extension("part")] {
                disk::remove_file(path)?;
            }
        }
        verified
    }

    /// Waits for a call of the client about `name`.
    fn call<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(Meter<Result<T, ApiError>>) -> Result<T, ApiError> + Send + 'static,
        step: impl FnMut(u64) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        let failed = |cause: String| StoreError::Hub { name: name.to_owned(), cause };
        match wait(self.patience, call, step) {
            Ok(result) => result.map_err(|fault| refused(name.to_owned(), &fault)),
            Err(Unfinished::Silent) => {
                let seconds = self.patience.as_secs();
                Err(failed(format!("it sent nothing for {seconds} s ({PATIENCE_VARIABLE})")))
            }
            Err(Unfinished::Broken) => Err(failed("the hub client broke down".to_owned())),
            Err(Unfinished::Refused(error)) => Err(error),
        }
    }
}

impl fmt::Debug for Client {
    /// Leaves out the client itself, which would show its token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("folder", &self.folder).finish_non_exhaustive()
    }
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
