//! Values of Rust types from a model (feature `schemars`).

use std::any::type_name;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{GenerateError, Generator, Options};
use crate::constraint::{Constraint, ConstraintError};
use crate::grammar::Grammar;
use crate::model::LanguageModel;
use crate::schema::{self, Schema};

/// Generates values of one Rust type with one model, after any number of prompts.
///
/// The type's schema holds the model to what `serde` takes for a value of it. What no schema says,
/// such as a check within `Deserialize`, is [`GenerateError::NotOfType`]; so is `-0` for an integer,
/// which is one for a schema and a fraction for `serde_json`, and a number out of the type's range
/// where the type's schema has no bounds.
///
/// ```no_run
/// use tokenrail::generate::{Options, TypedGenerator};
/// use tokenrail::model::local::LocalModel;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Battle {
///     place: String,
///     year: u16,
/// }
///
/// let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
/// let battles = TypedGenerator::<Battle>::new(&model, &Default::default())?;
/// let battle = battles.generate("Napoleon lost his last battle at:", &Options::default())?;
/// println!("{} in {}", battle.place, battle.year);
/// # Ok::<(), tokenrail::Error>(())
/// ```
#[derive(Debug)]
pub struct TypedGenerator<'m, T> {
    model: &'m dyn LanguageModel,
    constraint: Constraint,
    value: PhantomData<fn() -> T>,
}

impl<'m, T: JsonSchema + DeserializeOwned> TypedGenerator<'m, T> {
    /// Compiles the type's schema for the model's vocabulary.
    ///
    /// # Errors
    /// [`GenerateError::Constraint`]: a keyword of the type's schema that cannot be enforced, or a
    /// vocabulary that cannot write its values.
    pub fn new(
        model: &'m dyn LanguageModel,
        options: &schema::Options,
    ) -> Result<Self, GenerateError> {
        let schema = Schema::of::<T>(options).map_err(ConstraintError::from)?;
        let vocabulary = model.tokenizer().vocabulary();
        let constraint = Constraint::new(&Grammar::schema(&schema), vocabulary)?;
        Ok(Self { model, constraint, value: PhantomData })
    }

    /// Generates one value after a prompt.
    ///
    /// # Errors
    /// As [`Generator::generate`], and [`GenerateError::NotOfType`].
    pub fn generate(&self, prompt: &str, options: &Options) -> Result<T, GenerateError> {
        let generator = Generator::new(self.model, &self.constraint)?;
        let text = generator.generate(prompt, options)?.text;
        serde_json::from_str(&text).map_err(|error| GenerateError::NotOfType {
            type_name: type_name::<T>(),
            what: error.to_string(),
            text,
        })
    }
}
