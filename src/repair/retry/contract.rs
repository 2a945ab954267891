//! What a reply is to be: a schema, in the forms that a loop needs.

use serde_json::Value;

use crate::constraint::{Constraint, ConstraintError};
use crate::grammar::Grammar;
use crate::schema::{Options, Schema, Validator};
use crate::vocab::Vocabulary;

/// A schema as a judge of whole values, and as a constraint that knows how far a text is legal.
///
/// ```
/// use serde_json::json;
/// use tokenrail::repair::retry::Contract;
///
/// let contract = Contract::new(&json!({"type": "object"}), &Default::default())?;
/// assert_eq!(contract.longest_prefix("{\"a\": 1, 2")?, "{\"a\": 1, ");
/// # Ok::<(), tokenrail::constraint::ConstraintError>(())
/// ```
#[derive(Debug)]
pub struct Contract {
    pub(super) schema: Value,
    pub(super) validator: Validator,
    grammar: Grammar,
    constraint: Constraint,
}

impl Contract {
    /// Compiles a schema. The options say how values are written: what is written otherwise ends the
    /// prefix that is kept of a reply, so an order of members that is free keeps more.
    ///
    /// # Errors
    /// [`ConstraintError`] where the schema is none, allows no value, or asks for what the policy of the
    /// options refuses.
    pub fn new(schema: &Value, options: &Options) -> Result<Self, ConstraintError> {
        let validator = Validator::new(schema, options).map_err(ConstraintError::Schema)?;
        let grammar =
            Grammar::schema(&Schema::new(schema, options).map_err(ConstraintError::Schema)?);
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        // Prefixes are counted in bytes, whatever tokens a model has.
        let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
        let constraint = Constraint::new(&grammar, &vocabulary)?;
        Ok(Self { schema: schema.clone(), validator, grammar, constraint })
    }

    /// The grammar of its texts, to be compiled for a model's vocabulary. Each prefix that a loop asks
    /// to continue is one of it.
    #[must_use]
    pub fn grammar(&self) -> &Grammar {
        &self.grammar
    }

    /// What judges whole values.
    #[must_use]
    pub fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The longest begin of a text that a legal text can have.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn longest_prefix<'t>(&self, text: &'t str) -> Result<&'t str, ConstraintError> {
        let length = self.constraint.matcher().advance_bytes(text.as_bytes())?;
        Ok(&text[..text.floor_char_boundary(length)])
    }
}
