//! Schemas of Rust types, by the trait of the `schemars` crate (feature `schemars`).

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::{Options, Schema, SchemaError};

impl Schema {
    /// Reads the schema of a Rust type, in draft 2020-12: of what `serde` takes for a value of it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), such as for a `pattern` that cannot be enforced.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::schema::{Options, Schema};
    ///
    /// #[derive(schemars::JsonSchema)]
    /// #[allow(dead_code)]
    /// struct Address {
    ///     street: String,
    ///     number: u16,
    /// }
    ///
    /// let schema = Schema::of::<Address>(&Options::default())?;
    /// let grammar = Grammar::schema(&schema);
    /// # Ok::<(), tokenrail::schema::SchemaError>(())
    /// ```
    pub fn of<T: JsonSchema>(options: &Options) -> Result<Self, SchemaError> {
        let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
        Self::new(generator.into_root_schema_for::<T>().as_value(), options)
    }
}
