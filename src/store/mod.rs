//! Obtains models and keeps them in the user's cache folder.
//!
//! A [`ModelSource`] says which model is meant: one that travels in Python packages, one of a hub
//! repository, or a path. [`Store::locate`] looks without network, [`Store::obtain`] fetches what
//! is not there, [`Store::list`] and [`Store::remove`] look after the folder. This is the only
//! module that knows pip, the hub, archives and checksums. It prints nothing, never exits, and
//! reads the environment in [`Store::from_env`] alone. It does not read what is in a model.
//!
//! Laws, each held by a test in `tests/store/`:
//!
//! - What `locate` returns has been verified once: its size and, where the source names one, its
//!   SHA-256. Nothing takes its final name before.
//! - A process killed at any moment leaves nothing that a later `obtain` takes for a model.
//! - Of several processes that obtain the same model, one fetches and the others wait for it.
//! - With [`Access::Offline`], and for a model that is there, no network is used.
//!
//! ```text
//! root/models/NAME/FILE          a packaged model
//! root/models/NAME.partial/      its staging folder, gone when obtain returns
//! root/models/NAME.lock          held while it is fetched or removed
//! root/hub/models--ORG--REPO/    the hub client's own layout, with our records of what is complete
//! root/hub/models--ORG--REPO.lock
//! ```
//!
//! ```no_run
//! use tokenrail::store::{Access, ModelSource, Store};
//!
//! let source: ModelSource = "smollm2-135m".parse()?;
//! let path = Store::from_env()?.obtain(&source, Access::Online, &mut |progress| {
//!     eprintln!("{:?} {} {}", progress.stage, progress.name, progress.done);
//! })?;
//! assert!(path.is_file());
//! # Ok::<(), tokenrail::store::StoreError>(())
//! ```

mod disk;
mod error;
mod folder;
mod hub;
mod package;
mod pip;
mod progress;
mod source;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use error::StoreError;
pub use package::{GEMMA3_270M, PackagePart, PackagedModel, SMOLLM2_135M};
pub use progress::{Progress, Stage};
pub use source::{HubModel, ModelSource};

use hub::Hub;
use package::Packages;
use pip::PipCommand;

/// The environment variable that names the cache folder in place of the platform's own.
/// Empty means unset. See [`Store::from_env`].
pub const CACHE_VARIABLE: &str = "TOKENRAIL_CACHE";

/// Keeps models in one folder; safe to use from several threads and processes at once.
///
/// ```
/// use tokenrail::store::{Access, ModelSource, Store, StoreError};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::new(folder.path());
/// let source = ModelSource::default();
/// assert_eq!(store.locate(&source)?, None);
/// let refused = store.obtain(&source, Access::Offline, &mut |_| {});
/// assert!(matches!(refused, Err(StoreError::Offline { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    packages: Packages,
    hub: Hub,
}

/// Whether [`Store::obtain`] may use the network.
///
/// ```no_run
/// use tokenrail::store::{Access, ModelSource, Store};
///
/// // A server that must not wait for a download at its first request.
/// let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Offline, &mut |_| {})?;
/// # Ok::<(), tokenrail::store::StoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// What is not there is fetched.
    Online,
    /// What is not there is refused with [`StoreError::Offline`].
    Offline,
}

/// A model that lies complete in the store.
///
/// ```
/// use tokenrail::store::Store;
///
/// let folder = tempfile::tempdir()?;
/// let models = Store::new(folder.path()).list()?;
/// let bytes: u64 = models.iter().map(|model| model.bytes).sum();
/// assert_eq!(bytes, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredModel {
    /// The name to give to `--model`; it parses to the [`ModelSource`] that was obtained.
    pub name: String,
    /// What [`Store::locate`] returns: a GGUF file, or a folder of safetensors.
    pub path: PathBuf,
    /// The bytes of all the model's files.
    pub bytes: u64,
}

impl Store {
    /// Uses the folder `root`, which need not exist, and nothing of the environment.
    ///
    /// Pip is the first of `pip3`, `pip`, `python3 -m pip` and `python -m pip` that works; the hub
    /// is the client's default one, asked without a token.
    ///
    /// ```
    /// use tokenrail::store::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let store = Store::new(folder.path().join("models of mine"));
    /// assert!(store.list()?.is_empty() && !store.root().exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { packages: Packages::new(root.join("models")), hub: Hub::new(root.join("hub")), root }
    }

    /// Uses the folder that `TOKENRAIL_CACHE` names, or `tokenrail` in the platform's cache folder.
    ///
    /// The hub client's own settings are read here as well: `HF_ENDPOINT`, `HF_HUB_DOWNLOAD_TIMEOUT`
    /// (the seconds without a byte after which the hub is given up, 60 unless set), and the token in
    /// the folder `HF_HOME`, which is in the home folder unless it is named.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoHome`] if neither the variable nor a home folder is there, [`StoreError::Io`] if the folder's
    /// name cannot be made absolute.
    ///
    /// ```no_run
    /// use tokenrail::store::Store;
    ///
    /// for model in Store::from_env()?.list()? {
    ///     println!("{} takes {} bytes at {}", model.name, model.bytes, model.path.display());
    /// }
    /// # Ok::<(), tokenrail::store::StoreError>(())
    /// ```
    pub fn from_env() -> Result<Self, StoreError> {
        let platform = etcetera::base_strategy::choose_native_strategy()
            .map_err(|_| StoreError::NoHome)
            .map(|strategy| etcetera::BaseStrategy::cache_dir(&strategy));
        let root = match std::env::var_os(CACHE_VARIABLE).filter(|value| !value.is_empty()) {
            Some(folder) => std::path::absolute(&folder)
                .map_err(disk::failed("make an absolute path of", Path::new(&folder)))?,
            None => platform.as_ref().map_err(|_| StoreError::NoHome)?.join("tokenrail"),
        };
        let hub = root.join("hub");
        // The hub client panics where it has no folder to look for a token in.
        let hub = match (std::env::var("HF_HOME"), std::env::var("HF_ENDPOINT")) {
            (Err(_), Ok(endpoint)) if platform.is_err() => Hub::at_endpoint(hub, endpoint),
            (Err(_), Err(_)) if platform.is_err() => Hub::new(hub),
            _ => Hub::from_env(hub),
        };
        Ok(Self { hub, ..Self::new(root) })
    }

    /// Runs `program` as pip, with `arguments` before pip's own, and looks for no other.
    ///
    /// ```
    /// use tokenrail::store::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let arguments = ["-m", "pip", "--isolated"].map(Into::into).to_vec();
    /// let store = Store::new(folder.path()).with_pip("python3.12", arguments);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_pip(mut self, program: impl Into<OsString>, arguments: Vec<OsString>) -> Self {
        self.packages.set_pip(PipCommand { program: program.into(), arguments });
        self
    }

    /// Asks the hub at `endpoint` (scheme, host and port) in place of the default one.
    ///
    /// No token is sent there.
    ///
    /// ```
    /// use tokenrail::store::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let store = Store::new(folder.path()).with_hub_endpoint("http://localhost:8080".to_owned());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_hub_endpoint(mut self, endpoint: String) -> Self {
        self.hub = Hub::at_endpoint(self.root.join("hub"), endpoint);
        self
    }

    /// The cache folder.
    /// Absolute where [`from_env`](Self::from_env) made the store; it need not exist.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds a model without network: `None` if it is not there, or not complete.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAModel`] if the source is a path to something else.
    ///
    /// ```
    /// use tokenrail::store::{ModelSource, Store};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("model.gguf");
    /// std::fs::write(&file, "GGUF")?;
    /// let source: ModelSource = file.to_str().unwrap_or_default().parse()?;
    /// assert_eq!(Store::new(folder.path()).locate(&source)?, Some(file));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn locate(&self, source: &ModelSource) -> Result<Option<PathBuf>, StoreError> {
        match source {
            ModelSource::Packaged(model) => Ok(self.packages.locate(model)),
            ModelSource::Hub(model) => Ok(self.hub.locate(model)),
            ModelSource::Path(path) if !path.exists() => Ok(None),
            ModelSource::Path(path) => {
                folder::check(path)?;
                Ok(Some(path.clone()))
            }
        }
    }

    /// Finds a model, or fetches and verifies it, and returns its path.
    ///
    /// `report` is called from this thread, often enough for a progress bar (some ten times a
    /// second or more), and only if something is fetched. If another process is fetching the same
    /// model, this waits for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Offline`] if it would have to be fetched and may not be,
    /// [`StoreError::NoFile`] for a path with nothing there, and the errors of fetching. After
    /// an error no packaged model and no staging folder is left; what came of a hub file is kept to
    /// be resumed.
    ///
    /// ```no_run
    /// use tokenrail::store::{Access, ModelSource, Store};
    ///
    /// let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |progress| {
    ///     eprintln!("{}: {} bytes", progress.name, progress.done);
    /// })?;
    /// # Ok::<(), tokenrail::store::StoreError>(())
    /// ```
    pub fn obtain(
        &self,
        source: &ModelSource,
        access: Access,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PathBuf, StoreError> {
        if let Some(path) = self.locate(source)? {
            return Ok(path);
        }
        match source {
            ModelSource::Path(path) => Err(StoreError::NoFile { path: path.clone() }),
            _ if access == Access::Offline => {
                Err(StoreError::Offline { name: source.to_string(), root: self.root.clone() })
            }
            ModelSource::Packaged(model) => self.packages.obtain(model, report),
            ModelSource::Hub(model) => self.hub.obtain(model, report),
        }
    }

    /// Lists the models that are there: the packaged ones first, then those of the hub by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if a folder that is there cannot be read.
    ///
    /// ```
    /// use tokenrail::store::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert_eq!(Store::new(folder.path()).list()?, []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list(&self) -> Result<Vec<StoredModel>, StoreError> {
        let mut models = self.packages.list();
        models.extend(self.hub.list()?);
        Ok(models)
    }

    /// Deletes a model, with what an interrupted `obtain` of it left, and returns the bytes freed.
    ///
    /// Files that another model of the same repository uses are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotStored`] if there is nothing to delete, [`StoreError::NotOurs`] for a path,
    /// [`StoreError::Io`] if a file cannot be deleted.
    ///
    /// ```
    /// use tokenrail::store::{ModelSource, Store, StoreError};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let removed = Store::new(folder.path()).remove(&ModelSource::default());
    /// assert!(matches!(removed, Err(StoreError::NotStored { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&self, source: &ModelSource) -> Result<u64, StoreError> {
        match source {
            ModelSource::Packaged(model) => self.packages.remove(model),
            ModelSource::Hub(model) => self.hub.remove(model),
            ModelSource::Path(path) => Err(StoreError::NotOurs { path: path.clone() }),
        }
    }
}
