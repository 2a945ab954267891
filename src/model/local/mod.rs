//! Models on disk, run on this machine with candle tensors in 32-bit floats.
//!
//! [`LocalModel::open`] takes a GGUF file, or a folder with `config.json`, `tokenizer.json` and
//! safetensors. Weights are expanded to float32 at load, so logprobs are those of the stored
//! weights without rounding of activations. The door to `candle-core`.
//!
//! Files come from strangers: every length in them is checked against the file before anything
//! is allocated.

mod attention;
mod config;
mod fingerprint;
mod gguf;
mod open_folder;
mod open_gguf;
mod ops;
mod safetensors;
mod session;
mod transformer;

use std::path::Path;
use std::sync::Arc;

use super::{ChatTemplate, LanguageModel, ModelError, Session};
use crate::vocab::{Tokenizer, VocabError};
use session::LocalSession;
use transformer::Transformer;

/// A Llama-architecture model in float32 on this machine.
///
/// ```no_run
/// use tokenrail::model::{LanguageModel, Rows, Session};
/// use tokenrail::model::local::LocalModel;
///
/// let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
/// let ids = model.tokenizer().encode("The capital of France is")?;
/// let logits = model.session().feed(&ids, Rows::Last)?;
/// let next = logits.distributions()?[0].argmax();
/// assert_eq!(model.tokenizer().vocabulary().piece(next), " Paris");
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct LocalModel {
    name: String,
    fingerprint: String,
    tokenizer: Tokenizer,
    chat_template: Option<ChatTemplate>,
    transformer: Arc<Transformer>,
}

impl LocalModel {
    /// Opens a GGUF file or a folder of safetensors.
    ///
    /// # Errors
    /// [`ModelError::Io`] when a file cannot be read, [`ModelError::Broken`] with the place when
    /// it is damaged, [`ModelError::Unsupported`] when the model needs what is not implemented.
    ///
    /// ```
    /// use tokenrail::model::{ModelError, local::LocalModel};
    ///
    /// let opened = LocalModel::open("no such file.gguf".as_ref());
    /// assert!(matches!(opened, Err(ModelError::Io { .. })));
    /// ```
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        if path.is_dir() { open_folder::open(path) } else { open_gguf::open(path) }
    }
}

impl LanguageModel for LocalModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn precision(&self) -> &str {
        "float32"
    }

    fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn chat_template(&self) -> Option<&ChatTemplate> {
        self.chat_template.as_ref()
    }

    fn context_length(&self) -> usize {
        self.transformer.config().context
    }

    fn session(&self) -> Box<dyn Session> {
        Box::new(LocalSession::new(Arc::clone(&self.transformer)))
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::Backend(Box::new(error))
    }
}

/// Names the file of a tokenizer that cannot be built.
fn tokenizer_error(path: &Path, error: VocabError) -> ModelError {
    match error {
        VocabError::Unsupported { .. } => error.into(),
        VocabError::Broken(_) | VocabError::Tokenizer(_) => {
            ModelError::Broken { path: path.to_owned(), what: error.to_string() }
        }
    }
}

/// The last part of a path, for messages and results.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
