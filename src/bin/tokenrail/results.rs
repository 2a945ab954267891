//! Where the results of `tokenrail score --items` go: standard output, or a file that is gone on with.
//!
//! Law, held by `tests/cli`: what an output holds stays. Results are written behind those of the same
//! request, and over nothing but the same bytes; anything else is refused.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokenrail::report::json_line;

use crate::exit::Failure;
use crate::items::Item;
use crate::totals::Totals;
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

    /// Counts the results that the output file has: those of the first items, in order.
    pub(crate) fn resume(
        &mut self,
        items: &[Item],
        decisions: &Value,
        totals: &mut Totals,
    ) -> Result<(), Failure> {
        let Self::File { path, file, end, cut } = self else {
            return Ok(());
        };
        let mut reader = BufReader::new(&*file);
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(input::LIMIT).read_until(b'\n', &mut line);
            read.map_err(|source| Failure::File { path: path.clone(), source })?;
            let place = totals.items();
            let Some(text) = line.strip_suffix(b"\n") else {
                if !line.is_empty() && place == items.len() {
                    return Err(refuse(path, place, TOO_MANY));
                }
                *cut = line;
                break;
            };
            let result = serde_json::from_slice(text).map_err(|error| input::json_fault(&error));
            let result = result.map_err(|what| refuse(path, place, &what))?;
            continues(&result, items.get(place), decisions)
                .map_err(|what| refuse(path, place, &what))?;
            *end += line.len() as u64;
            totals.add(&result);
        }
        let (done, all) = (totals.items(), items.len());
        if done > 0 {
            output::say(&format!("{done} of {all} items are in {} already", path.display()));
        }
        Ok(())
    }

    /// Writes the next result. What a line that was cut short has of it is compared before it is
    /// written over.
    pub(crate) fn write(&mut self, line: &Value, place: usize) -> Result<(), Failure> {
        let Self::File { path, file, end, cut } = self else {
            return output::print_json(line);
        };
        let text = format!("{}\n", json_line(line));
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
}

const TOO_MANY: &str = "it has more results than there are items";

/// An error about the result of the item at `place`.
fn refuse(path: &Path, place: usize, what: &str) -> Failure {
    let line = place + 1;
    Failure::Usage(format!("{} line {line}: {what}; give another --out", path.display()))
}

/// Whether both paths lead to one file, through links or not.
fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Checks that an earlier result is what this run, of which every result has `decisions`, would have
/// written for the item.
fn continues(result: &Value, item: Option<&Item>, decisions: &Value) -> Result<(), String> {
    let Some(item) = item else {
        return Err(TOO_MANY.to_owned());
    };
    if result["id"] != item.id {
        return Err(format!("it has id {}, where the items have {}", result["id"], item.id));
    }
    if result["prompt"] != item.prompt.as_str() {
        return Err("its prompt is not the item's".to_owned());
    }
    if result["label"] != json!(item.label) {
        return Err(format!("its label is {}, not the item's", result["label"]));
    }
    let earlier = &result["decisions"];
    for (key, what) in
        [("model", "model"), ("fingerprint", "model's fingerprint"), ("precision", "precision")]
    {
        if earlier[key] != decisions[key] {
            return Err(format!("its {what} is {}, not {}", earlier[key], decisions[key]));
        }
    }
    for (option, value) in decisions["options"].as_object().into_iter().flatten() {
        let earlier = &earlier["options"][option];
        if earlier != value {
            return Err(format!("its option {option} is {earlier}, where this run's is {value}"));
        }
    }
    match choices(result).is_some_and(|choices| choices == item.choices) {
        true => Ok(()),
        false => Err("its candidates are not the item's choices".to_owned()),
    }
}

/// The choices that a result is of, in the item's order; `None` where they are not whole.
fn choices(result: &Value) -> Option<Vec<String>> {
    if result.get("error").is_some() {
        return input::strings(&result["choices"]);
    }
    let candidates = result["candidates"].as_array()?;
    let mut choices = vec![None; candidates.len()];
    for candidate in candidates {
        let index = usize::try_from(candidate["index"].as_u64()?).ok()?;
        *choices.get_mut(index)? = Some(candidate["text"].as_str()?.to_owned());
    }
    choices.into_iter().collect()
}
