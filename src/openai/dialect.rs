//! How each kind of server is asked to hold a reply to something.
//!
//! Servers ignore fields that they do not know and answer with status 200, unconstrained: vLLM does so with
//! the fields of its own earlier versions. So each has its own fields here, and what came is to be
//! validated whoever promised what.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::strict::{Change, Strict, StrictError};

/// The name that a schema goes by in requests.
const NAME: &str = "reply";

/// What a reply is to match.
///
/// ```
/// use tokenrail::openai::{Notation, Wanted};
///
/// let digits = Wanted::Grammar(Notation::Gbnf, "root ::= [0-9]+");
/// assert_eq!(digits.name(), "gbnf");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted<'a> {
    /// JSON of a schema.
    Schema(&'a Value),
    /// Any JSON object.
    Object,
    /// A text that a regular expression matches as a whole.
    Regex(&'a str),
    /// One of some texts.
    Choices(&'a [String]),
    /// A text of a grammar.
    Grammar(Notation, &'a str),
}

/// How a grammar is written.
///
/// ```
/// use tokenrail::openai::Notation;
///
/// assert_eq!(Notation::Lark.name(), "lark");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notation {
    /// As llama.cpp writes them.
    Gbnf,
    /// As XGrammar does.
    Ebnf,
    /// As llguidance does.
    Lark,
}

/// A kind of server, by the fields that it takes.
///
/// ```
/// use serde_json::{Map, json};
/// use tokenrail::openai::{Dialect, Wanted};
///
/// let mut body = Map::new();
/// let asked = Dialect::Vllm.constrain(Wanted::Regex("[0-9]{4}"), &mut body)?;
/// assert_eq!(body["structured_outputs"], json!({"regex": "[0-9]{4}"}));
/// assert!(asked.changes().is_empty());
/// # Ok::<(), tokenrail::openai::DialectError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// `response_format` with schemas as they are, which most servers take.
    #[default]
    Compatible,
    /// `response_format` with schemas in the subset of strict mode.
    Strict,
    /// vLLM from 0.12 on: `structured_outputs`.
    Vllm,
    /// vLLM before: `guided_json` and others.
    VllmGuided,
    /// SGLang: `regex`, `ebnf` and `response_format`.
    Sglang,
    /// llama.cpp's server: `grammar` and `response_format`.
    LlamaCpp,
    /// Text Generation Inference: `response_format` with a `value`.
    Tgi,
}

/// What an endpoint was asked for, to read its reply by.
///
/// ```
/// use serde_json::Map;
/// use tokenrail::openai::{Dialect, Wanted};
///
/// let choices = ["yes".to_owned(), "no".to_owned()];
/// let asked = Dialect::Strict.constrain(Wanted::Choices(&choices), &mut Map::new())?;
/// assert_eq!(asked.read("{\"value\": \"yes\"}"), "yes");
/// # Ok::<(), tokenrail::openai::DialectError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    strict: Option<(Strict, Meant)>,
}

/// What is meant by a reply in strict mode, which is JSON in any case.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meant {
    /// The value.
    Json,
    /// The text that the value is.
    Text,
}

/// A kind of server that cannot be asked for something.
///
/// ```
/// use serde_json::Map;
/// use tokenrail::openai::{Dialect, Notation, Wanted};
///
/// let wanted = Wanted::Grammar(Notation::Lark, "start: \"a\"");
/// let error = Dialect::LlamaCpp.constrain(wanted, &mut Map::new()).expect_err("it reads GBNF");
/// assert_eq!(
///     error.to_string(),
///     "llama.cpp takes no lark (it takes: schema, object, choices, gbnf)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// It has no field for it.
    #[error("{dialect} takes no {wanted} (it takes: {known})")]
    Unknown {
        /// Who.
        dialect: Dialect,
        /// What was wanted.
        wanted: &'static str,
        /// What could be.
        known: &'static str,
    },
    /// The schema has no form in strict mode.
    #[error(transparent)]
    Strict(#[from] StrictError),
    /// No dialect has this name.
    #[error("{name:?} is no dialect (known: {known})")]
    NoDialect {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Compatible,
        Self::Strict,
        Self::Vllm,
        Self::VllmGuided,
        Self::Sglang,
        Self::LlamaCpp,
        Self::Tgi,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Strict => "strict",
            Self::Vllm => "vllm",
            Self::VllmGuided => "vllm-guided",
            Self::Sglang => "sglang",
            Self::LlamaCpp => "llama.cpp",
            Self::Tgi => "tgi",
        }
    }

    /// Adds to a request's body what holds the reply to what is wanted.
    ///
    /// # Errors
    /// [`DialectError`]: the kind of server has no field for it, or strict mode no form.
    pub fn constrain(
        self,
        wanted: Wanted<'_>,
        body: &mut Map<String, Value>,
    ) -> Result<Asked, DialectError> {
        let (field, value, asked) = self.field(wanted)?;
        body.insert(field.to_owned(), value);
        Ok(asked)
    }

    /// The field, what stands in it, and how the reply is to be read.
    fn field(self, wanted: Wanted<'_>) -> Result<(&'static str, Value, Asked), DialectError> {
        use Wanted::{Choices, Grammar, Object, Regex, Schema};
        let plain = |field, value| Ok((field, value, Asked::default()));
        let format = |value| plain("response_format", value);
        match (self, wanted) {
            (Self::Strict, Schema(schema)) => strict(schema, Meant::Json),
            (Self::Strict, Choices(choices)) => strict(&json!({"enum": choices}), Meant::Text),
            (Self::Strict, Regex(regex)) => {
                strict(&json!({"type": "string", "pattern": format!("^(?:{regex})$")}), Meant::Text)
            }
            (Self::Tgi, Schema(schema)) => format(json!({"type": "json", "value": schema})),
            (Self::Tgi, Object) => format(json!({"type": "json", "value": {"type": "object"}})),
            (Self::Tgi, Regex(regex)) => format(json!({"type": "regex", "value": regex})),
            (Self::Tgi | Self::Sglang, Choices(choices)) => self.field(Regex(&any_of(choices))),
            (Self::Vllm, Schema(schema)) => plain("structured_outputs", json!({"json": schema})),
            (Self::Vllm, Object) => plain("structured_outputs", json!({"json_object": true})),
            (Self::Vllm, Regex(regex)) => plain("structured_outputs", json!({"regex": regex})),
            (Self::Vllm, Choices(all)) => plain("structured_outputs", json!({"choice": all})),
            (Self::Vllm, Grammar(_, text)) => plain("structured_outputs", json!({"grammar": text})),
            (Self::VllmGuided, Schema(schema)) => plain("guided_json", schema.clone()),
            (Self::VllmGuided, Regex(regex)) => plain("guided_regex", json!(regex)),
            (Self::VllmGuided, Choices(choices)) => plain("guided_choice", json!(choices)),
            (Self::VllmGuided, Grammar(_, text)) => plain("guided_grammar", json!(text)),
            (Self::Sglang, Regex(regex)) => plain("regex", json!(regex)),
            (Self::Sglang, Grammar(Notation::Ebnf | Notation::Gbnf, text)) => {
                plain("ebnf", json!(text))
            }
            (Self::LlamaCpp, Grammar(Notation::Gbnf, text)) => plain("grammar", json!(text)),
            (Self::LlamaCpp, Choices(choices)) => plain("grammar", json!(literals(choices))),
            (Self::Compatible | Self::Sglang | Self::LlamaCpp, Schema(schema)) => format(
                json!({"type": "json_schema", "json_schema": {"name": NAME, "schema": schema}}),
            ),
            (_, Object) => format(json!({"type": "json_object"})),
            (_, wanted) => Err(self.unknown(wanted)),
        }
    }

    fn unknown(self, wanted: Wanted<'_>) -> DialectError {
        let known = match self {
            Self::Compatible => "schema, object",
            Self::Strict => "schema, object, regex, choices",
            Self::Vllm => "schema, object, regex, choices, gbnf, ebnf, lark",
            Self::VllmGuided => "schema, object, regex, choices, gbnf, ebnf, lark",
            Self::Sglang => "schema, object, regex, choices, gbnf, ebnf",
            Self::LlamaCpp => "schema, object, choices, gbnf",
            Self::Tgi => "schema, object, regex, choices",
        };
        DialectError::Unknown { dialect: self, wanted: wanted.name(), known }
    }
}

impl Asked {
    /// The text that is meant by a reply: out of the object that strict mode wants around it. One that is
    /// not as it was asked for stays as it is.
    #[must_use]
    pub fn read(&self, text: &str) -> String {
        let Some((strict, meant)) = &self.strict else {
            return text.to_owned();
        };
        match (serde_json::from_str(text).map(|value| strict.read(value)), meant) {
            (Ok(Value::String(inner)), Meant::Text) => inner,
            (Ok(value), Meant::Json) => value.to_string(),
            _ => text.to_owned(),
        }
    }

    /// What was sent otherwise than it was wanted.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        self.strict.as_ref().map_or(&[], |(strict, _)| &strict.changes)
    }
}

impl Wanted<'_> {
    /// What it is called in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema(_) => "schema",
            Self::Object => "object",
            Self::Regex(_) => "regex",
            Self::Choices(_) => "choices",
            Self::Grammar(notation, _) => notation.name(),
        }
    }
}

impl Notation {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gbnf => "gbnf",
            Self::Ebnf => "ebnf",
            Self::Lark => "lark",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(name: &str) -> Result<Self, DialectError> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            DialectError::NoDialect { name: name.to_owned(), known }
        })
    }
}

/// A schema in strict mode.
fn strict(schema: &Value, meant: Meant) -> Result<(&'static str, Value, Asked), DialectError> {
    let strict = Strict::new(schema)?;
    let sent = json!({"name": NAME, "strict": true, "schema": strict.schema});
    let format = json!({"type": "json_schema", "json_schema": sent});
    Ok(("response_format", format, Asked { strict: Some((strict, meant)) }))
}

/// A regular expression of exactly these texts.
fn any_of(choices: &[String]) -> String {
    let escape = |text: &String| -> String {
        let is_special = |c: char| r"\.+*?()|[]{}^$-/#&~".contains(c);
        text.chars().flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c])).collect()
    };
    format!("({})", choices.iter().map(escape).collect::<Vec<_>>().join("|"))
}

/// A grammar of exactly these texts. JSON's escapes are GBNF's.
fn literals(choices: &[String]) -> String {
    let quoted: Vec<String> = choices.iter().map(|text| json!(text).to_string()).collect();
    format!("root ::= {}", quoted.join(" | "))
}
