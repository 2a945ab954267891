//! Texts from files and standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use crate::exit::Failure;

/// The most bytes read from one file: a text of this size is far over any model's context.
pub(crate) const LIMIT: u64 = 256 << 20;

/// Reads a file, or standard input for `-`, as UTF-8; a byte order mark at its begin is no text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let file_error = |source| Failure::File { path: name(path).into(), source };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
    };
    let length = read.map_err(file_error)? as u64;
    if length > LIMIT {
        return Err(Failure::Usage(format!("{} is over the limit of {LIMIT} bytes", name(path))));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Usage(format!("{} is not UTF-8 at byte {at}: texts must be UTF-8", name(path)))
    })?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// How messages call a file that [`read`] read.
pub(crate) fn name(path: &Path) -> String {
    match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

/// Reads candidates: a JSON array of strings, else one a line, none of them empty.
pub(crate) fn texts(path: &Path) -> Result<Vec<String>, Failure> {
    let text = read(path)?;
    if !text.trim_start().starts_with('[') {
        if let Some(blank) = text.lines().position(str::is_empty) {
            let place = format!("{} line {}", name(path), blank + 1);
            return Err(Failure::Usage(format!(
                "{place} is empty: every candidate needs at least one character"
            )));
        }
        return Ok(text.lines().map(str::to_owned).collect());
    }
    let refuse = |what: String| {
        let name = name(path);
        let remedy = "a file that begins with \"[\" is one JSON array of strings";
        Failure::Usage(format!("{name}: {what}: {remedy}"))
    };
    let array: Value =
        serde_json::from_str(&text).map_err(|error| refuse(format!("it is not JSON: {error}")))?;
    let other = array.as_array().into_iter().flatten().zip(0..).find(|(item, _)| !item.is_string());
    match other {
        Some((item, index)) => Err(refuse(format!("item {index} is {item}, not a string"))),
        None => Ok(strings(&array).unwrap_or_default()),
    }
}

/// What is wrong with a line that should be JSON, and in which of its columns.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("it is not JSON: {what} at column {}", error.column())
}

/// The strings of a JSON array of strings.
pub(crate) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
