//! The architectures that are known, and how their layers differ from Llama's.
//!
//! What differs is said as data, which the engines read; names of architectures end here and in the
//! readers of files. So a model that is built like one of these under another name needs a line here,
//! and an engine that does all of [`Build`] runs every family.
//!
//! - Llama, SmolLM and Mistral (Touvron et al. 2023; Jiang et al. 2023): the plain build. GGUF files
//!   call Mistral llama, and have no windows for it.
//! - Qwen 2 and 2.5 add biases to queries, keys and values; Qwen 3 normalizes heads instead.
//! - Gemma 3 scales its embedding, gates by GELU, normalizes what each half of a layer found, and of six
//!   layers lets five see a window alone, with a rotation of their own.
//! - Phi-3 keeps what is multiplied by the same rows in one tensor.
//!
//! Each is held by a tiny random model in both file formats and by both engines (`tests/tiny`).

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
    /// The base by which layers with a window rotate, where it is not that of the others and the
    /// file does not say.
    pub(super) local_rope_base: Option<f64>,
    /// Whether embeddings are multiplied by the root of their width (Vaswani et al. 2017, 3.4).
    pub(super) scales_embedding: bool,
    /// What safetensors leave out of the weights of norms.
    pub(super) norm_offset: f32,
    /// Whether the embedding is used again for the logits, where a `config.json` does not say.
    pub(super) is_tied: bool,
    pub(super) build: Build,
}

/// How the layers of a model are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Build {
    /// What the gate of the feed-forward goes through.
    pub(super) activation: Activation,
    /// Queries, keys and values have biases.
    pub(super) has_biases: bool,
    /// Each head of queries and keys is normalized before it is rotated.
    pub(super) has_head_norms: bool,
    /// What each half of a layer found is normalized before it is added.
    pub(super) has_post_norms: bool,
    /// Queries, keys and values are one tensor, and so are gate and up.
    pub(super) is_fused: bool,
}

/// What the gate of a feed-forward goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    Silu,
    /// In the approximation with tanh (Hendrycks and Gimpel 2016).
    Gelu,
}

/// Which layers of a family see only so many of their last positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    /// All, where the file has a window; a `config.json` that does not say means this one.
    All(Option<usize>),
    /// Those from a layer on that `config.json` names, where it says that windows are used.
    Upper,
    /// All but each so many-th.
    AllBut(usize),
}

/// How Llama is built: the build that others are told by their differences to.
const PLAIN: Build = Build {
    activation: Activation::Silu,
    has_biases: false,
    has_head_norms: false,
    has_post_norms: false,
    is_fused: false,
};
/// The family that others are told by their differences to.
const LLAMA: Family = Family {
    gguf: "llama",
    hub: "llama",
    gguf_pairs: Pairs::Neighbours,
    windows: Windows::All(None),
    local_rope_base: None,
    scales_embedding: false,
    norm_offset: 0.0,
    is_tied: false,
    build: PLAIN,
};

/// All families. Where a file's name has two, the first is meant.
const FAMILIES: [Family; 6] = [
    LLAMA,
    Family { hub: "mistral", windows: Windows::All(Some(4096)), ..LLAMA },
    Family {
        gguf: "qwen2",
        hub: "qwen2",
        gguf_pairs: Pairs::Halves,
        windows: Windows::Upper,
        build: Build { has_biases: true, ..PLAIN },
        ..LLAMA
    },
    Family {
        gguf: "qwen3",
        hub: "qwen3",
        gguf_pairs: Pairs::Halves,
        windows: Windows::Upper,
        build: Build { has_head_norms: true, ..PLAIN },
        ..LLAMA
    },
    Family {
        gguf: "gemma3",
        hub: "gemma3_text",
        gguf_pairs: Pairs::Halves,
        windows: Windows::AllBut(6),
        local_rope_base: Some(10_000.0),
        scales_embedding: true,
        norm_offset: 1.0,
        is_tied: true,
        build: Build {
            activation: Activation::Gelu,
            has_head_norms: true,
            has_post_norms: true,
            ..PLAIN
        },
    },
    Family {
        gguf: "phi3",
        hub: "phi3",
        gguf_pairs: Pairs::Halves,
        build: Build { is_fused: true, ..PLAIN },
        ..LLAMA
    },
];

const KNOWN_GGUF: &str = "llama, qwen2, qwen3, gemma3, phi3";
const KNOWN_HUB: &str = "llama, mistral, qwen2, qwen3, gemma3_text, phi3";

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

/// The refusal of an architecture, with all that are known.
fn unknown(name: &str, known: &'static str) -> ModelError {
    ModelError::Unsupported { what: "model architecture", found: name.to_owned(), known }
}
