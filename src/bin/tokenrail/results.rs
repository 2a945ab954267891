//! Where results of many items go, a line each: standard output, or a file that is gone on with.
//!
//! Law, held by `tests/cli`: what an output holds stays. Results are written behind those of the same
//! request, and over nothing but the same bytes; anything else is refused.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exit::Failure;
use crate::{input, output};

pub(crate) enum Results {
    Stdout,
    File {
        path: PathBuf,
        file: File,
        /// Where the last whole line ends.
        end: u64,
        /// What stands behind it: the begin of a line that was cut short.
        cut: Vec<u8>,
    },
}

impl Results {
    /// Opens the output file, if there is one, for this process alone.
    ///
    /// Another process that writes the same file would put its lines between these.
    pub(crate) fn open(path: Option<&Path>, items: &Path) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let refuse = |what| Err(Failure::Usage(format!("--out {} {what}", path.display())));
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return refuse(
                "is no regular file, whose end could be read: leave it out and redirect",
            );
        }
        if is_same_file(path, items) {
            return refuse("is the file of the items: give another");
        }
        let file_error = |source| Failure::File { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(file_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::File { path: path.to_owned(), file, end: 0, cut: Vec::new() }),
            Err(TryLockError::WouldBlock) => {
                let what = "another process writes it; wait for that or give another --out";
                Err(file_error(io::Error::new(io::ErrorKind::WouldBlock, what)))
            }
            Err(TryLockError::Error(source)) => Err(file_error(source)),
        }
    }

    /// Reads the results that the output file has: those of the first of so many items, in order. `take`
    /// is told each with its place, and says what is wrong with one that is not of this run.
    pub(crate) fn resume(
        &mut self,
        count: usize,
        take: &mut dyn FnMut(usize, &Value) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let Self::File { path, file, end, cut } = self else {
            return Ok(());
        };
        let mut reader = BufReader::new(&*file);
        let mut place = 0;
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(input::LIMIT).read_until(b'\n', &mut line);
            read.map_err(|source| Failure::File { path: path.clone(), source })?;
            let text = line.strip_suffix(b"\n");
            if place == count && !line.is_empty() {
                return Err(refuse(path, place, "it has more results than there are items"));
            }
            let Some(text) = text else {
                *cut = line;
                break;
            };
            let result = serde_json::from_slice(text).map_err(|error| input::json_fault(&error));
            let taken = result.and_then(|result| take(place, &result));
            taken.map_err(|what| refuse(path, place, &what))?;
            *end += line.len() as u64;
            place += 1;
        }
        if place > 0 {
            output::say(&format!("{place} of {count} items are in {} already", path.display()));
        }
        Ok(())
    }

    /// Writes the next result, a line with its end. What a line that was cut short has of it is compared before it is
    /// written over.
    pub(crate) fn write(&mut self, text: &str, place: usize) -> Result<(), Failure> {
        let Self::File { path, file, end, cut } = self else {
            return output::print_verbatim(text);
        };
        if !text.as_bytes().starts_with(cut) {
            return Err(refuse(path, place, "it is not the begin of this item's result"));
        }
        cut.clear();
        let written =
            file.seek(SeekFrom::Start(*end)).and_then(|_| file.write_all(text.as_bytes()));
        written.map_err(|source| Failure::File { path: path.clone(), source })?;
        *end += text.len() as u64;
        Ok(())
    }

    /// That a run was cut short.
    pub(crate) fn interrupted(&self) -> Failure {
        Failure::Interrupted(match self {
            Self::File { .. } => "the same command goes on where --out ends",
            Self::Stdout => "with --out the same command could go on",
        })
    }
}

/// An error about the result of the item at `place`.
fn refuse(path: &Path, place: usize, what: &str) -> Failure {
    let line = place + 1;
    Failure::Usage(format!("{} line {line}: {what}; give another --out", path.display()))
}

/// Whether both paths lead to one file, through links or not.
fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
