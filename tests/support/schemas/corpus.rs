//! Files of schemas with instances, in the form of MaskBench: one schema a line.

use std::fs;
use std::path::{Path, PathBuf};

use super::json_text::{Json, Separators};

/// A schema with its instances.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// As it stands in the file.
    pub(crate) schema: String,
    pub(crate) instances: Vec<Instance>,
}

/// A value as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) is_valid: bool,
    pub(crate) source: String,
}

impl Instance {
    /// The text that is fed to engines.
    pub(crate) fn text(&self, separators: Separators) -> String {
        Json::parse(&self.source).written(separators)
    }
}

/// The 6,747 schemas beside the checkout; they need not be there.
pub(crate) fn shared_file() -> PathBuf {
    root().join("../shared/data/maskbench/schemas.jsonl")
}

/// The cases that are always there.
pub(crate) fn own_file() -> PathBuf {
    root().join("tests/data/maskbench.jsonl")
}

/// Reads a file; with a limit, that many of its lines, evenly spaced.
///
/// # Errors
/// When the file cannot be read, and for a line that is not of the form, with its number.
pub(crate) fn read(path: &Path, limit: Option<usize>) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let count = limit.unwrap_or(lines.len()).min(lines.len());
    let picked = (0..count).map(|index| index * lines.len() / count);
    picked
        .map(|line| {
            case(lines[line]).map_err(|what| format!("{}:{}: {what}", path.display(), line + 1))
        })
        .collect()
}

fn case(line: &str) -> Result<Case, String> {
    serde_json::from_str::<serde_json::Value>(line).map_err(|fault| fault.to_string())?;
    let json = Json::parse(line);
    let part = |key: &str| json.get(key).ok_or_else(|| format!("no {key:?}"));
    let instance = |test: &Json<'_>| {
        let is_valid = test.get("valid").map(|valid| valid.text == "true");
        let source = test.get("data").map(|data| data.text.to_owned());
        let both = is_valid.zip(source).map(|(is_valid, source)| Instance { is_valid, source });
        both.ok_or("a test is {\"valid\", \"data\"}".to_owned())
    };
    Ok(Case {
        id: part("id")?.string().ok_or("an id is a string")?,
        schema: part("schema")?.text.to_owned(),
        instances: part("tests")?.items().iter().map(instance).collect::<Result<_, _>>()?,
    })
}

/// The checkout, which is above the folder of a crate of its own such as `benches/peers`.
pub(crate) fn root() -> &'static Path {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find(|folder| folder.join("grammars").is_dir()).expect("a target of the checkout")
}
