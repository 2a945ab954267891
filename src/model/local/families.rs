//! The architectures that are known, and how their layers differ from Llama's.
//!
//! What differs is said as data, which the engines read; names of architectures end here and in the
//! readers of files.

use super::source::Pairs;
use crate::model::ModelError;

/// One architecture, as files name it.
#[derive(Debug)]
pub(super) struct Family {
    /// `general.architecture` of a GGUF file.
    pub(super) gguf: &'static str,
    /// `model_type` of a `config.json`.
    pub(super) hub: &'static str,
    /// The order in which llama.cpp's converter writes the rows of queries and keys.
    pub(super) gguf_pairs: Pairs,
    /// Which of its layers see only a window.
    pub(super) windows: Windows,
    pub(super) build: Build,
}

/// How the layers of a model are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Build {
    /// Queries, keys and values have biases.
    pub(super) has_biases: bool,
    /// Each head of queries and keys is normalized before it is rotated.
    pub(super) has_head_norms: bool,
}

/// Which layers of a family see only so many of their last positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    /// All, where the file has a window; a `config.json` that does not say means this one.
    All(Option<usize>),
    /// Those from a layer on that `config.json` names, where it says that windows are used.
    Upper,
}

/// Llama's own.
const PLAIN: Build = Build { has_biases: false, has_head_norms: false };

const FAMILIES: [Family; 4] = [
    Family {
        gguf: "llama",
        hub: "llama",
        gguf_pairs: Pairs::Neighbours,
        windows: Windows::All(None),
        build: PLAIN,
    },
    Family {
        gguf: "llama",
        hub: "mistral",
        gguf_pairs: Pairs::Neighbours,
        windows: Windows::All(Some(4096)),
        build: PLAIN,
    },
    Family {
        gguf: "qwen2",
        hub: "qwen2",
        gguf_pairs: Pairs::Halves,
        windows: Windows::Upper,
        build: Build { has_biases: true, ..PLAIN },
    },
    Family {
        gguf: "qwen3",
        hub: "qwen3",
        gguf_pairs: Pairs::Halves,
        windows: Windows::Upper,
        build: Build { has_head_norms: true, ..PLAIN },
    },
];

const KNOWN_GGUF: &str = "llama, qwen2, qwen3";
const KNOWN_HUB: &str = "llama, mistral, qwen2, qwen3";

impl Family {
    /// The family that a GGUF file names.
    pub(super) fn of_gguf(name: &str) -> Result<&'static Self, ModelError> {
        let found = FAMILIES.iter().find(|family| family.gguf == name);
        found.ok_or_else(|| unknown(name, KNOWN_GGUF))
    }

    /// The family that a `config.json` names.
    pub(super) fn of_hub(name: &str) -> Result<&'static Self, ModelError> {
        let found = FAMILIES.iter().find(|family| family.hub == name);
        found.ok_or_else(|| unknown(name, KNOWN_HUB))
    }
}

fn unknown(name: &str, known: &'static str) -> ModelError {
    ModelError::Unsupported { what: "model architecture", found: name.to_owned(), known }
}
