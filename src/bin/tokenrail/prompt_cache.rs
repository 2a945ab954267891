//! `--prompt-cache`: what was computed for a prompt, in a file for the next run.
//!
//! Law, held by `tests/cli`: with the file and without, runs print the same. A file that is damaged, or of
//! another model, is an error and is left as it is.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tokenrail::model::{LanguageModel, Prefixes, Session};

use crate::exit::Failure;

/// The bytes of sessions that a run without a file keeps. With one, all prompts are kept: one of them is to
/// be written, however long it is.
const KEPT: usize = 32 << 20;

/// The prefixes of one run, and the file that they come from and go to.
#[derive(Debug)]
pub(crate) struct PromptCache<'a> {
    prefixes: Prefixes<'a>,
    path: Option<&'a Path>,
    /// What the file has.
    stored: Option<Box<dyn Session>>,
}

impl<'a> PromptCache<'a> {
    /// Reads the file, if there is one.
    pub(crate) fn open(
        model: &'a dyn LanguageModel,
        path: Option<&'a Path>,
    ) -> Result<Self, Failure> {
        let stored = match path.map(File::open) {
            Some(Ok(file)) => Some(model.restore(&mut BufReader::new(file)).map_err(|error| {
                let path = path.unwrap_or(Path::new("")).display();
                Failure::Usage(format!("{path}: {error}; remove it to begin anew"))
            })?),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file_failure(path.unwrap_or(Path::new("")), error));
            }
            _ => None,
        };
        let bytes = if path.is_some() { usize::MAX } else { KEPT };
        let cache = Self { prefixes: Prefixes::new(model, bytes), path, stored };
        cache.begin_anew();
        Ok(cache)
    }

    /// Forgets all but what the file has.
    pub(crate) fn begin_anew(&self) {
        self.prefixes.clear();
        self.stored.iter().for_each(|session| self.prefixes.keep(session.fork()));
    }

    /// What runs begin behind.
    pub(crate) fn prefixes(&self) -> &Prefixes<'a> {
        &self.prefixes
    }

    /// Writes the prompt that was read last, unless the file has it. The file is whole at any time: the
    /// new one takes the place of the old one when it is written.
    pub(crate) fn close(&self) -> Result<(), Failure> {
        let Some((path, latest)) = self.path.zip(self.prefixes.latest()) else {
            return Ok(());
        };
        if self.stored.as_ref().is_some_and(|stored| stored.tokens() == latest.tokens()) {
            return Ok(());
        }
        let beside = beside(path);
        let written = write(&*latest, &beside).and_then(|()| fs::rename(&beside, path));
        written.map_err(|error| {
            // What is left of it is of no use; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&beside);
            file_failure(path, error)
        })
    }
}

fn write(session: &dyn Session, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    session.save(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()
}

/// A file in the same folder that no other process writes.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

fn file_failure(path: &Path, source: io::Error) -> Failure {
    Failure::File { path: path.to_owned(), source }
}
