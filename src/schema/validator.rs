//! Whole values judged by another implementation of JSON Schema.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, LazyLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Retrieve, Uri, ValidationOptions};
use serde_json::{Value, json};

use super::draft::Draft;
use super::error::SchemaError;
use super::options::{Options, Resolver};

/// Judges whole values by a schema: whether they conform, and where not.
///
/// It has nothing in common with what constrains generation, so that each can be held against the
/// other. Formats are asserted in every draft.
///
/// ```
/// use serde_json::json;
/// use tokenrail::schema::{Options, Validator};
///
/// let schema = json!({"properties": {"port": {"maximum": 65535}}});
/// let validator = Validator::new(&schema, &Options::default())?;
/// let violations = validator.validate(&json!({"port": 70000}));
/// assert_eq!(violations[0].instance, "/port");
/// assert_eq!(violations[0].schema, "/properties/port/maximum");
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
pub struct Validator {
    validator: jsonschema::Validator,
    /// The schema, for the names that stand beside a keyword.
    schema: Value,
    /// How deep schemas and values may be nested.
    depth: usize,
}

/// A value that a schema does not allow, within the value that was judged.
///
/// ```
/// use serde_json::json;
/// use tokenrail::schema::{Options, Validator};
///
/// let validator = Validator::new(&json!({"type": "null"}), &Options::default())?;
/// assert_eq!(validator.validate(&json!(1))[0].message, "1 is not of type \"null\"");
/// # Ok::<(), tokenrail::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The JSON pointer of the value.
    pub instance: String,
    /// The JSON pointer of the keyword that does not allow it.
    pub schema: String,
    /// What is wrong, in words.
    pub message: String,
}

impl Violation {
    /// Its parts by their names, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let Self { instance, schema, message } = self;
        json!({"instance": instance, "schema": schema, "message": message})
    }
}

impl Validator {
    /// Makes a validator of a schema. Of the options it takes the draft, the resolver and the depth.
    ///
    /// # Errors
    /// [`SchemaError::Invalid`] where the schema is not valid.
    pub fn new(schema: &Value, options: &Options) -> Result<Self, SchemaError> {
        let depth = options.limits.depth;
        if is_deeper(schema, depth) {
            let (what, value) = ("nesting depth", depth + 1);
            return Err(SchemaError::Limit { what, value, limit: depth, pointer: None });
        }
        let mut validation =
            base(options.draft).with_retriever(Documents(options.resolver.clone()));
        for (name, check) in FORMATS.into_iter().zip(&*CHECKS) {
            let is_valid = |text: &str| check.is_valid(&Value::String(text.to_owned()));
            validation = validation.with_format(name, is_valid);
        }
        let validator = validation.should_validate_formats(true).build(schema);
        let validator = validator.map_err(|error| invalid(&error))?;
        Ok(Self { validator, schema: schema.clone(), depth })
    }

    /// Everything in a value that the schema does not allow; empty where it conforms. A value that is
    /// nested deeper than the limit is not looked at, and is one violation.
    #[must_use]
    pub fn validate(&self, value: &Value) -> Vec<Violation> {
        if is_deeper(value, self.depth) {
            let message = format!("nesting is deeper than the limit of {}", self.depth);
            return vec![Violation { instance: String::new(), schema: String::new(), message }];
        }
        let violation = |error: jsonschema::ValidationError<'_>| Violation {
            instance: error.instance_path().to_string(),
            schema: error.schema_path().to_string(),
            message: error.to_string(),
        };
        self.validator.iter_errors(value).map(violation).collect()
    }

    /// Everything in a value that the schema does not allow, with what it would allow instead. A value
    /// that is nested deeper than the limit has one fault, at its root.
    pub(crate) fn faults(&self, value: &Value) -> Vec<Fault> {
        if is_deeper(value, self.depth) {
            return vec![Fault { instance: String::new(), wanted: Wanted::Other }];
        }
        self.validator.iter_errors(value).map(|error| self.fault(&error)).collect()
    }

    fn fault(&self, error: &jsonschema::ValidationError<'_>) -> Fault {
        let branches = |context: &[Vec<jsonschema::ValidationError<'_>>]| {
            let branch = |errors: &Vec<jsonschema::ValidationError<'_>>| {
                errors.iter().map(|error| self.fault(error)).collect()
            };
            Wanted::Branch(context.iter().map(branch).collect())
        };
        let wanted = match error.kind() {
            ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => {
                Wanted::Types(vec![kind.to_string()])
            }
            ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
                Wanted::Types(kinds.iter().map(|kind| kind.to_string()).collect())
            }
            ValidationErrorKind::Enum { options } => {
                Wanted::OneOf(options.as_array().cloned().unwrap_or_default())
            }
            ValidationErrorKind::Constant { expected_value } => {
                Wanted::OneOf(vec![Value::clone(expected_value)])
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.names_beside(error.schema_path().as_str());
                Wanted::Without { unexpected: unexpected.clone(), known }
            }
            ValidationErrorKind::Required { property } => {
                Wanted::Name(property.as_str().unwrap_or_default().to_owned())
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => branches(context),
            _ => Wanted::Other,
        };
        Fault { instance: error.instance_path().to_string(), wanted }
    }

    /// The names of the properties that are declared beside a keyword.
    fn names_beside(&self, keyword: &str) -> Vec<String> {
        let place = keyword.rsplit_once('/').map_or("", |(place, _)| place);
        let schema = self.schema.pointer(place);
        let names = schema.and_then(|schema| schema["properties"].as_object());
        names.map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}

/// What a schema does not allow in a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// The JSON pointer of the value.
    pub(crate) instance: String,
    /// What would be allowed.
    pub(crate) wanted: Wanted,
}

/// What a schema wants instead of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wanted {
    /// A value of one of these types.
    Types(Vec<String>),
    /// One of these values.
    OneOf(Vec<Value>),
    /// An object without some members.
    Without {
        /// The names that it may not have.
        unexpected: Vec<String>,
        /// Names that it may have.
        known: Vec<String>,
    },
    /// An object with this name.
    Name(String),
    /// What any of several branches wants.
    Branch(Vec<Vec<Fault>>),
    /// Something that is not told.
    Other,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}

/// Formats that not every draft lists.
const FORMATS: [&str; 10] = [
    "duration",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "json-pointer",
    "relative-json-pointer",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Drafts that do not list a format take the check of the newest, which has all of them.
static CHECKS: LazyLock<Vec<jsonschema::Validator>> = LazyLock::new(|| {
    let check = |name| {
        let options = base(None).offline().should_validate_formats(true);
        options.build(&json!({ "format": name })).expect("a format alone is a valid schema")
    };
    FORMATS.into_iter().map(check).collect()
});

/// Options with a draft, if one is known.
fn base(draft: Option<Draft>) -> ValidationOptions<'static> {
    let draft = draft.map(|draft| match draft {
        Draft::Draft4 => jsonschema::Draft::Draft4,
        Draft::Draft6 => jsonschema::Draft::Draft6,
        Draft::Draft7 => jsonschema::Draft::Draft7,
        Draft::Draft201909 => jsonschema::Draft::Draft201909,
        Draft::Draft202012 => jsonschema::Draft::Draft202012,
    });
    let options = jsonschema::options();
    match draft {
        None => options,
        Some(draft) => options.with_draft(draft),
    }
}

/// The judge's own words about a schema that it does not take.
fn invalid(error: &jsonschema::ValidationError<'_>) -> SchemaError {
    SchemaError::Invalid { pointer: error.instance_path().to_string(), what: error.to_string() }
}

/// Whether arrays and objects are nested deeper than a limit, which recursion stops at.
fn is_deeper(value: &Value, depth: usize) -> bool {
    let below = |value: &Value| is_deeper(value, depth - 1);
    match value {
        Value::Array(items) => depth == 0 || items.iter().any(below),
        Value::Object(members) => depth == 0 || members.values().any(below),
        _ => false,
    }
}

/// Documents that references lead to: the resolver's, and no others.
struct Documents(Option<Arc<dyn Resolver>>);

/// The resolver has no document at an address.
#[derive(Debug, thiserror::Error)]
#[error("nothing is known by this address")]
struct Unknown;

impl Retrieve for Documents {
    fn retrieve(&self, address: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let known = self.0.as_ref().and_then(|resolver| resolver.resolve(address.as_str()));
        known.ok_or_else(|| Unknown.into())
    }
}

#[cfg(test)]
mod tests {
    //! What is judged, and what is not looked at.

    use super::*;

    /// Nests an empty array so many times.
    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |value, _| json!([value]))
    }

    #[test]
    fn depth_is_limited() {
        let options = Options::default();
        let validator = Validator::new(&json!({"items": {"$ref": "#"}}), &options).unwrap();
        assert!(validator.validate(&nested(500)).is_empty());
        assert_eq!(
            validator.validate(&nested(501))[0].message,
            "nesting is deeper than the limit of 500"
        );
        assert!(Validator::new(&nested(501), &options).is_err());
    }

    #[test]
    fn known_formats_are_asserted_in_every_draft() {
        for draft in Draft::ALL {
            for (format, value) in
                [("uuid", "x"), ("iri", "x y"), ("date", "2023-02-30"), ("idn-hostname", "-")]
            {
                let options = Options { draft: Some(draft), ..Options::default() };
                let validator = Validator::new(&json!({ "format": format }), &options).unwrap();
                assert_eq!(validator.validate(&json!(value)).len(), 1, "{format} in {draft}");
            }
        }
    }

    #[test]
    fn nothing_is_fetched() {
        let schema = json!({"$ref": "https://example.com/schema"});
        let error = Validator::new(&schema, &Options::default()).unwrap_err();
        assert!(matches!(error, SchemaError::Invalid { .. }), "{error}");
    }
}
