//! JSON Schema: what a schema in any of its drafts says about values.
//!
//! [`Schema`] reads a schema; its [`Report`] says of every keyword whether it is enforced, and why
//! where it is not. [`Validator`] judges whole values by another implementation.
//!
//! What a schema refers to is never fetched: see [`Resolver`].
//!
//! Laws, held by `document/tests`: every keyword of every schema that can be reached from the root
//! has exactly one entry in the report; a schema is refused only with a reason that has a place;
//! equal schemas written in different drafts assert the same.
//!
//! ```
//! use tokenrail::schema::{Enforcement, Options, Schema};
//!
//! let text = r##"{"type": "object", "properties": {"port": {"$ref": "#/$defs/port"}},
//!                "$defs": {"port": {"type": "integer", "minimum": 1, "maximum": 65535}}}"##;
//! let schema = Schema::parse(text, &Options::default())?;
//! assert_eq!(schema.report().worst(), Enforcement::Exact);
//! # Ok::<(), tokenrail::schema::SchemaError>(())
//! ```

pub(crate) mod algebra;
mod conflict;
mod document;
mod format;
pub(crate) mod keywords;
pub(crate) mod number;
mod validator;

#[cfg(feature = "schemars")]
mod derived;
mod draft;
mod error;
pub(crate) mod json;
mod limits;
mod options;
mod report;
mod text;

pub use conflict::conflict;
pub use draft::Draft;
pub use error::SchemaError;
pub use limits::Limits;
pub use number::Spelling;
pub use options::{Escapes, OneOf, Options, Order, Policy, Resolver, UnknownFormats, WhiteSpace};
pub use report::{Enforcement, Entry, Report};
pub(crate) use validator::{Fault, Wanted};
pub use validator::{Validator, Violation};

use std::sync::Arc;

use serde_json::Value;

use crate::regex::{ByteSet, ExprId, Exprs};
use algebra::Algebra;
use document::Document;
use json::{Json, JsonError, TooDeep};

/// A schema that was read: every keyword is understood, every reference leads to a schema.
///
/// ```
/// use serde_json::json;
/// use tokenrail::schema::{Draft, Options, Schema};
///
/// let schema = Schema::new(&json!({"enum": ["yes", "no"]}), &Options::default())?;
/// assert_eq!(schema.draft(), Draft::Draft202012);
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema {
    document: Arc<Document>,
    options: Options,
}

/// Two are equal where one is the other's clone.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.document, &other.document)
    }
}

impl Schema {
    /// Reads a schema from its text, in which numbers may have any number of digits.
    ///
    /// # Errors
    /// [`SchemaError`] where the text is no JSON, a keyword has a value that it cannot have, a
    /// reference leads nowhere, a limit is passed, or the policy refuses a keyword.
    pub fn parse(text: &str, options: &Options) -> Result<Self, SchemaError> {
        let limits = &options.limits;
        if text.len() > limits.bytes {
            let (what, value) = ("schema of bytes", text.len());
            return Err(SchemaError::Limit { what, value, limit: limits.bytes, pointer: None });
        }
        let json = Json::parse(text, limits.depth).map_err(|error| match error {
            JsonError::Syntax { what, line, column } => SchemaError::Syntax { what, line, column },
            JsonError::Depth { line, column } => {
                SchemaError::Depth { limit: limits.depth, line, column }
            }
        })?;
        Self::load(json, options)
    }

    /// Reads a schema.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn new(value: &Value, options: &Options) -> Result<Self, SchemaError> {
        let limit = options.limits.depth;
        let json = Json::from_value(value, limit).map_err(|TooDeep| SchemaError::Limit {
            what: "nesting depth",
            value: limit + 1,
            limit,
            pointer: None,
        })?;
        Self::load(json, options)
    }

    /// Reads all keywords that the root leads to, and refuses what the policy does not allow.
    fn load(json: Json, options: &Options) -> Result<Self, SchemaError> {
        let mut document = Document::load(json, options)?;
        document.unite();
        Ok(Self { document: Arc::new(document), options: options.clone() })
    }

    /// What becomes of each of its keywords.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.document.report
    }

    /// How it was read, and how its values are written.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The language of the white space between the tokens of its values.
    pub(crate) fn white_space(&self, exprs: &mut Exprs) -> Result<ExprId, SchemaError> {
        document::white_space(exprs, &self.options)
    }

    /// What it allows, over texts that are finished with bytes of `alphabet`.
    pub(crate) fn algebra(&self, alphabet: ByteSet) -> Algebra {
        Algebra::new(Arc::clone(&self.document), &self.options, alphabet)
    }

    /// The number of schemas that it is made of, those that references lead to among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.document.places.len()
    }

    /// The draft of its root.
    #[must_use]
    pub fn draft(&self) -> Draft {
        self.document.report.draft
    }
}
