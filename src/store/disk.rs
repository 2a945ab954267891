//! Files on disk: the exclusive lock, copies that are hashed on the way, durable renames, sizes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::progress::{Progress, Report, Stage};

/// What a file must be.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) bytes: u64,
    /// In lower-case hexadecimal; `None` where the source gives none.
    pub(super) sha256: Option<String>,
}

/// What was copied so far, of a file that may come in parts.
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) bytes: u64,
    hasher: Sha256,
}

/// The side on which a copy failed.
#[derive(Debug)]
pub(super) enum CopyFault {
    Read(io::Error),
    Write(io::Error),
}

impl Expected {
    /// Compares a copy with what it must be; `name` is for the error.
    pub(super) fn check(&self, name: &str, copied: Copied) -> Result<(), StoreError> {
        if copied.bytes != self.bytes {
            return Err(StoreError::WrongSize {
                name: name.to_owned(),
                expected: self.bytes,
                found: copied.bytes,
            });
        }
        let found = hex(&copied.hasher.finalize());
        match &self.sha256 {
            Some(expected) if *expected != found => Err(StoreError::WrongHash {
                name: name.to_owned(),
                expected: expected.clone(),
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Reads the file at `path`, compares it with what it must be, and makes it durable.
    pub(super) fn verify(
        &self,
        path: &Path,
        name: &str,
        report: &mut Report<'_>,
    ) -> Result<(), StoreError> {
        let mut file = File::open(path).map_err(failed("open", path))?;
        let mut progressed = |done| {
            report(Progress {
                stage: Stage::Verifying,
                name,
                done,
                total: Some(self.bytes.max(done)),
            });
        };
        let mut copied = Copied::default();
        copied
            .append(&mut file, &mut io::sink(), &mut progressed)
            .map_err(|(CopyFault::Read(cause) | CopyFault::Write(cause))| cause)
            .map_err(failed("read", path))?;
        self.check(name, copied)?;
        file.sync_all().map_err(failed("write", path))
    }
}

impl Copied {
    /// Copies everything behind what was copied before, and calls `progressed` with the bytes so far.
    pub(super) fn append(
        &mut self,
        from: &mut dyn Read,
        to: &mut dyn Write,
        progressed: &mut dyn FnMut(u64),
    ) -> Result<(), CopyFault> {
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
                Err(fault) => return Err(CopyFault::Read(fault)),
            };
            self.hasher.update(&buffer[..read]);
            to.write_all(&buffer[..read]).map_err(CopyFault::Write)?;
            self.bytes += read as u64;
            progressed(self.bytes);
        }
    }
}

/// The SHA-256 of a text, in lower-case hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Takes the exclusive lock on the file at `path`, waiting as long as another holds it.
///
/// The system drops it with the returned file, and when the process ends in any way. The file
/// itself stays: to delete it would let two processes lock two files of one name.
pub(super) fn lock(path: &Path, name: &str, report: &mut Report<'_>) -> Result<File, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed("open", path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            report(Progress { stage: Stage::Waiting, name, done: 0, total: None })
        }
        Err(TryLockError::Error(cause)) => return Err(failed("lock", path)(cause)),
    }
    file.lock().map_err(failed("lock", path))?;
    Ok(file)
}

/// Gives a written and synced file its final name, so that it survives a power cut.
pub(super) fn rename_durably(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(failed("rename a file to", to))?;
    // Only Unix opens folders as files; elsewhere the rename itself is what there is.
    if cfg!(unix)
        && let Some(folder) = to.parent()
    {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))?;
    }
    Ok(())
}

/// Deletes a folder with all in it; none there is fine.
pub(super) fn remove_folder(path: &Path) -> Result<(), StoreError> {
    absent_is_fine(fs::remove_dir_all(path)).map_err(failed("delete", path))
}

/// Deletes a file or a link; none there is fine.
pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    absent_is_fine(fs::remove_file(path)).map_err(failed("delete", path))
}

/// The sizes of the regular files under `path`; links are not followed, what vanishes is passed by.
pub(super) fn file_sizes(path: &Path) -> Vec<u64> {
    let mut sizes = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) if metadata.is_file() => sizes.push(metadata.len()),
                _ => {}
            }
        }
    }
    sizes
}

/// Makes an I/O error into ours: "cannot `action` `path`".
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |cause| StoreError::Io { action, path, cause }
}

/// A removal of what is not there has nothing left to do.
fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Two hexadecimal digits for each byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
