//! The enforcement report: what becomes of every keyword of a schema.

use std::fmt;

use serde_json::{Value, json};

use super::draft::Draft;

/// What becomes of every keyword at every schema that can be reached from the root.
///
/// ```
/// use tokenrail::schema::{Enforcement, Options, Schema};
///
/// let text = r#"{"title": "A port", "type": "integer", "maximum": 65535}"#;
/// let schema = Schema::parse(text, &Options::default())?;
/// let report = schema.report();
/// assert_eq!(report.worst(), Enforcement::Exact);
/// assert_eq!(report.count(Enforcement::Annotation), 1);
/// assert_eq!(report.entries[2].pointer, "/maximum");
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Schemas from the root outwards, the keywords of each as written.
    pub entries: Vec<Entry>,
    /// The draft of the root.
    pub draft: Draft,
}

/// What becomes of one keyword at one place.
///
/// ```
/// use tokenrail::schema::{Options, Schema};
///
/// let schema = Schema::parse(r#"{"format": "float"}"#, &Options::default())?;
/// let entry = &schema.report().entries[0];
/// assert_eq!((entry.pointer.as_str(), entry.keyword.as_str()), ("/format", "format"));
/// assert!(entry.reason.as_deref().is_some_and(|reason| reason.contains("float")));
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The JSON pointer of the keyword; within another document, with its address before it.
    pub pointer: String,
    /// The keyword.
    pub keyword: String,
    /// What becomes of it.
    pub enforcement: Enforcement,
    /// Why it is not exact.
    pub reason: Option<String>,
}

/// How well a keyword is enforced, in its effect on what the whole schema allows; worst last.
///
/// ```
/// use tokenrail::schema::Enforcement;
///
/// assert!(Enforcement::Over > Enforcement::Under);
/// assert_eq!(Enforcement::Over.to_string(), "over");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Enforcement {
    /// It asserts nothing: a note, a name, or a keyword without effect where it stands.
    Annotation,
    /// Exactly what it says.
    Exact,
    /// Some valid values are refused; none that is invalid is accepted.
    Under,
    /// Some invalid values are accepted; none that is valid is refused.
    Over,
    /// Not at all.
    Refused,
}

impl Report {
    /// The worst of all entries; [`Enforcement::Exact`] where nothing falls short.
    #[must_use]
    pub fn worst(&self) -> Enforcement {
        let worst = self.entries.iter().map(|entry| entry.enforcement).max();
        worst.unwrap_or(Enforcement::Exact).max(Enforcement::Exact)
    }

    /// The number of entries of a kind.
    #[must_use]
    pub fn count(&self, enforcement: Enforcement) -> usize {
        self.entries.iter().filter(|entry| entry.enforcement == enforcement).count()
    }

    /// The report as JSON: the draft, the worst, and a list of entries.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let entries = self.entries.iter().map(|entry| {
            let mut object = json!({
                "pointer": entry.pointer,
                "keyword": entry.keyword,
                "enforcement": entry.enforcement.to_string(),
            });
            if let Some(reason) = &entry.reason {
                object["reason"] = json!(reason);
            }
            object
        });
        json!({
            "draft": self.draft.to_string(),
            "worst": self.worst().to_string(),
            "entries": entries.collect::<Vec<Value>>(),
        })
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotation => "annotation",
            Self::Exact => "exact",
            Self::Under => "under",
            Self::Over => "over",
            Self::Refused => "refused",
        })
    }
}
