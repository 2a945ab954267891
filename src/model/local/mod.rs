//! Models on disk, run on this machine.
//!
//! [`LocalModel::open`] takes a GGUF file, or a folder with `config.json`, `tokenizer.json` and
//! safetensors. Two backends run them: [`Backend::Fast`], by kernels for this machine's
//! instructions over the weights as the file has them, and [`Backend::Reference`], float32 by candle
//! tensors, which the fast one is tested against. The door to `candle-core`.
//!
//! Files come from strangers: every length in them is checked against the file before anything
//! is allocated.

mod config;
mod device;
mod engine;
mod families;
mod fast;
mod fingerprint;
mod folder_config;
mod gguf;
mod gguf_config;
mod gguf_tokenizer;
mod open_folder;
mod open_gguf;
mod reference;
mod safetensors;
mod saved;
mod session;
mod source;

pub use device::Device;

use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::{ChatTemplate, LanguageModel, ModelError, Session};
use crate::vocab::{Tokenizer, VocabError};
use config::Config;
use engine::Engine;
use fast::FastEngine;
use reference::Transformer;
use session::LocalSession;
use source::Source;

/// A model on this machine.
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
    engine: Loaded,
}

/// What runs a model's layers.
///
/// ```
/// use tokenrail::model::local::{Backend, LocalOptions};
///
/// // The numbers that others are compared with, on as many threads as there are processors.
/// let options = LocalOptions { backend: Some(Backend::Reference), ..LocalOptions::default() };
/// assert_eq!(options.threads, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Kernels of our own for AVX-512, AVX2 and NEON, or in portable code.
    Fast,
    /// Float32 by candle tensors.
    Reference,
}

/// How the fast backend keeps what meets quantized weights. Weights that are floats meet float32 in
/// either case.
///
/// ```
/// use tokenrail::model::local::{Activations, LocalOptions};
///
/// assert_eq!(LocalOptions::default().activations, Activations::EightBit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activations {
    /// Rounded to 8 bits with a scale for 32 of them, as llama.cpp does; keys and values in
    /// float16. Logprobs differ from float32 by some hundredths of a nat on average with the default
    /// model, and by more with models whose activations are less even.
    #[default]
    EightBit,
    /// In float32 throughout: slower, and within a thousandth of a nat of the reference.
    Float32,
}

/// How a model is opened.
///
/// ```
/// use tokenrail::model::local::{Activations, LocalOptions};
///
/// let exact = LocalOptions { activations: Activations::Float32, ..LocalOptions::default() };
/// assert_eq!(exact.backend, None, "the fast one, where it runs the model");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalOptions {
    /// `None` takes the fast one, and the reference for models that the fast one does not run.
    pub backend: Option<Backend>,
    /// What the fast backend computes with.
    pub activations: Activations,
    /// Of the fast backend; `None` takes as many as there are processors. Results do not depend
    /// on it.
    pub threads: Option<NonZero<usize>>,
    /// What the reference computes on. The fast backend has the CPU alone, so on others `backend` is to be
    /// `None` or the reference.
    pub device: Device,
}

/// A model's weights in the backend that runs them.
#[derive(Debug)]
enum Loaded {
    Fast(Arc<FastEngine>),
    Reference(Arc<Transformer>),
}

impl LocalModel {
    /// Opens a GGUF file or a folder of safetensors with the default options.
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
        Self::open_with(path, &LocalOptions::default())
    }

    /// Opens a GGUF file or a folder of safetensors.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`ModelError::Unsupported`] where the backend that was asked for
    /// does not run the model.
    ///
    /// ```no_run
    /// use tokenrail::model::local::{Backend, LocalModel, LocalOptions};
    ///
    /// let options = LocalOptions { backend: Some(Backend::Reference), ..LocalOptions::default() };
    /// let model = LocalModel::open_with("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref(), &options)?;
    /// # Ok::<(), tokenrail::model::ModelError>(())
    /// ```
    pub fn open_with(path: &Path, options: &LocalOptions) -> Result<Self, ModelError> {
        match path.is_dir() {
            true => open_folder::open(path, options),
            false => open_gguf::open(path, options),
        }
    }

    /// What the fast backend reads and runs on; `None` by the reference.
    #[must_use]
    pub fn footprint(&self) -> Option<Footprint> {
        match &self.engine {
            Loaded::Fast(engine) => Some(engine.footprint()),
            Loaded::Reference(_) => None,
        }
    }

    /// What computes the numbers of its sessions.
    fn origin(&self) -> Arc<str> {
        format!("{}, {}", self.fingerprint, self.precision()).into()
    }
}

/// What the fast backend reads and runs on, for who measures it.
///
/// ```no_run
/// use tokenrail::model::local::LocalModel;
///
/// let model = LocalModel::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref())?;
/// let footprint = model.footprint().expect("the fast backend runs it");
/// // No token comes sooner than its weights do.
/// let tokens_a_second = 35e9 / footprint.weight_bytes as f64;
/// # Ok::<(), tokenrail::model::ModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// The bytes of weights that are read for each token.
    pub weight_bytes: usize,
    /// The instruction set of the products, such as `avx512-vnni`.
    pub instructions: &'static str,
    /// The threads that share each pass.
    pub threads: usize,
}

impl Loaded {
    /// Loads the weights into the backend that was asked for, or else the fast one if it runs them.
    fn load(
        config: Config,
        source: &mut Source,
        options: &LocalOptions,
    ) -> Result<Self, ModelError> {
        let is_fast = match options.backend {
            Some(backend) => backend == Backend::Fast,
            None => options.device == Device::Cpu && fast::supports(&config).is_ok(),
        };
        if options.device != Device::Cpu && options.backend == Some(Backend::Fast) {
            return Err(ModelError::Unsupported {
                what: "device",
                found: format!("{} by the fast backend", options.device),
                known: "cpu; others by the reference backend",
            });
        }
        if !is_fast {
            let device = options.device.open()?;
            return Ok(Self::Reference(Arc::new(Transformer::load(config, source, &device)?)));
        }
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        let threads = options.threads.map_or_else(processors, NonZero::get);
        let engine = FastEngine::load(config, source, (options.activations, threads))?;
        Ok(Self::Fast(Arc::new(engine)))
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
        match &self.engine {
            Loaded::Fast(engine) => engine.precision(),
            Loaded::Reference(engine) => engine.precision(),
        }
    }

    fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn chat_template(&self) -> Option<&ChatTemplate> {
        self.chat_template.as_ref()
    }

    fn context_length(&self) -> usize {
        match &self.engine {
            Loaded::Fast(engine) => engine.config().context,
            Loaded::Reference(engine) => engine.config().context,
        }
    }

    fn session(&self) -> Box<dyn Session> {
        let origin = self.origin();
        match &self.engine {
            Loaded::Fast(engine) => Box::new(LocalSession::new(Arc::clone(engine), origin)),
            Loaded::Reference(engine) => Box::new(LocalSession::new(Arc::clone(engine), origin)),
        }
    }

    fn restore(&self, from: &mut dyn Read) -> Result<Box<dyn Session>, ModelError> {
        let origin = self.origin();
        Ok(match &self.engine {
            Loaded::Fast(engine) => {
                Box::new(LocalSession::restore(Arc::clone(engine), origin, from)?)
            }
            Loaded::Reference(engine) => {
                Box::new(LocalSession::restore(Arc::clone(engine), origin, from)?)
            }
        })
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
