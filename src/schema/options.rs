//! How a schema is read, and how its values are written.

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;

use super::draft::Draft;
use super::limits::Limits;
use super::number::Spelling;

/// How a schema is read, and how its values may be written.
///
/// ```
/// use tokenrail::schema::{Draft, Options, Policy, Schema};
///
/// let options =
///     Options { draft: Some(Draft::Draft7), policy: Policy::Complete, ..Options::default() };
/// let schema = Schema::parse("{}", &options)?;
/// assert_eq!(schema.draft(), Draft::Draft7);
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The draft of schemas without `$schema`; `None` is 2020-12, with the forms of older drafts that
    /// it cannot mistake: an array in `items` with `additionalItems`, a boolean in
    /// `exclusiveMinimum` and `exclusiveMaximum`, and `dependencies`.
    pub draft: Option<Draft>,
    /// What to do about keywords that are not enforced.
    pub policy: Policy,
    /// What to do about formats that are not known.
    pub formats: UnknownFormats,
    /// The order in which the members of objects are written.
    pub order: Order,
    /// The white space between the tokens of JSON.
    pub white_space: WhiteSpace,
    /// How numbers are written.
    pub numbers: Spelling,
    /// How the characters of strings are written.
    pub escapes: Escapes,
    /// What `oneOf` asks for.
    pub one_of: OneOf,
    /// Where documents come from that references lead to. `None`, the default, knows the metaschemas
    /// of all drafts and nothing else; nothing is ever fetched.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// How much a schema may ask for.
    pub limits: Limits,
}

/// What to do about keywords that are not enforced, or not exactly.
///
/// ```
/// use tokenrail::schema::{Enforcement, Options, Policy, Schema};
///
/// let text = r#"{"pattern": "(a+)\\1"}"#;
/// let error = Schema::parse(text, &Options::default()).unwrap_err();
/// assert!(error.to_string().starts_with("pattern cannot be enforced: "), "{error}");
///
/// let options = Options { policy: Policy::Complete, ..Options::default() };
/// assert_eq!(Schema::parse(text, &options)?.report().worst(), Enforcement::Over);
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// A keyword that is not enforced is an error, which lists all of them. Formats that are enforced
    /// in part are allowed and reported.
    #[default]
    Strict,
    /// No invalid value is accepted; valid ones may be refused.
    Sound,
    /// No valid value is refused; invalid ones may be accepted, so values must be validated again.
    Complete,
}

/// What to do about formats that are not known. Those that are known are asserted in every draft.
///
/// ```
/// use tokenrail::schema::{Options, Schema, UnknownFormats};
///
/// let options = Options { formats: UnknownFormats::Refuse, ..Options::default() };
/// assert!(Schema::parse(r#"{"format": "colour"}"#, &options).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UnknownFormats {
    /// They assert nothing.
    #[default]
    Annotate,
    /// They are keywords that are not enforced: see [`Policy`].
    Refuse,
}

/// The order in which the members of objects are written.
///
/// ```
/// use tokenrail::schema::Order;
///
/// assert_eq!(Order::default(), Order::Declared);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// That of `properties`, and members that it does not name behind them.
    #[default]
    Declared,
    /// Any.
    Any,
}

/// The white space between the tokens of JSON.
///
/// ```
/// use tokenrail::schema::WhiteSpace;
///
/// assert_eq!(WhiteSpace::default(), WhiteSpace::Flexible { max_run: 8 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WhiteSpace {
    /// None.
    Compact,
    /// Wherever JSON allows it, as many characters at a place as `max_run`. Models left without a
    /// bound write white space until their budget ends.
    Flexible {
        /// At one place; indentation of nested values needs as many as it is deep.
        max_run: u16,
    },
    /// Texts of this regular expression, wherever JSON allows white space.
    Pattern(String),
}

/// How the characters of strings are written.
///
/// ```
/// use tokenrail::schema::Escapes;
///
/// assert_eq!(Escapes::default(), Escapes::Any);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Escapes {
    /// As they are, or escaped in any way that JSON has.
    #[default]
    Any,
    /// As they are, escaped only where JSON demands it, and then in the shortest way.
    Minimal,
}

/// What `oneOf` asks for.
///
/// ```
/// use tokenrail::schema::{Enforcement, OneOf, Options, Schema};
///
/// let options = Options { one_of: OneOf::Any, ..Options::default() };
/// let schema = Schema::parse(r#"{"oneOf": [{"minimum": 1}, {"maximum": 9}]}"#, &options)?;
/// assert_eq!(schema.report().worst(), Enforcement::Over, "5 is allowed");
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OneOf {
    /// That exactly one branch holds, as the standard says.
    #[default]
    Exact,
    /// That any branch holds, as `anyOf` does. It is reported as accepting too much.
    Any,
}

/// Where documents come from that a schema refers to.
///
/// ```
/// use serde_json::{Value, json};
/// use std::sync::Arc;
/// use tokenrail::schema::{Options, Resolver, Schema};
///
/// #[derive(Debug)]
/// struct Ports;
///
/// impl Resolver for Ports {
///     fn resolve(&self, address: &str) -> Option<Value> {
///         (address == "https://example.com/port").then(|| json!({"maximum": 65535}))
///     }
/// }
///
/// let options = Options { resolver: Some(Arc::new(Ports)), ..Options::default() };
/// let schema = Schema::parse(r#"{"$ref": "https://example.com/port"}"#, &options)?;
/// assert_eq!(schema.report().entries[1].pointer, "https://example.com/port#/maximum");
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
pub trait Resolver: Send + Sync + Debug {
    /// The document at an absolute address, which has no fragment; `None` where there is none. A
    /// relative reference in a schema that has no address of its own is resolved against
    /// `json-schema:///`.
    fn resolve(&self, address: &str) -> Option<Value>;
}

impl Default for WhiteSpace {
    fn default() -> Self {
        Self::Flexible { max_run: 8 }
    }
}
