//! The architectures that tiny models are of: what is in their files beside the sizes.

use serde_json::{Value, json};

use super::gguf::Meta;
use super::{Kind, Tiny};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Gemma3,
    Phi3,
}

impl Family {
    /// Its name in GGUF files.
    pub(crate) fn gguf(self) -> &'static str {
        match self {
            Self::Llama | Self::Mistral => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma3 => "gemma3",
            Self::Phi3 => "phi3",
        }
    }

    /// Its name in `config.json`.
    pub(crate) fn hub(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma3 => "gemma3_text",
            Self::Phi3 => "phi3",
        }
    }

    /// What safetensors leave out of the weights of norms.
    pub(super) fn norm_offset(self) -> f32 {
        if self == Self::Gemma3 { 1.0 } else { 0.0 }
    }
}

impl Tiny {
    /// The tensors of a layer: names, shape, and what they are.
    pub(super) fn layer(&self) -> Vec<([String; 2], Vec<usize>, Kind)> {
        let (width, inner) = (self.width, self.feed_forward);
        let [queries, keys] = [self.heads, self.kv_heads].map(|heads| heads * self.head_width);
        let mut tensors = Vec::new();
        let mut add = |gguf: &str, hub: &str, shape: &[usize], kind| {
            tensors.push(([gguf.to_owned(), hub.to_owned()], shape.to_vec(), kind));
        };
        let norm = Kind::Norm { hub_offset: self.family.norm_offset() };
        let turned = |heads| match self.family.gguf() {
            "llama" => Kind::Reordered { heads },
            _ => Kind::Matrix,
        };
        add("attn_norm.weight", "input_layernorm.weight", &[width], norm);
        let is_fused = self.family == Family::Phi3;
        if is_fused {
            let rows = queries + 2 * keys;
            add("attn_qkv.weight", "self_attn.qkv_proj.weight", &[rows, width], Kind::Matrix);
        }
        let apart = [
            ("q", queries, turned(self.heads)),
            ("k", keys, turned(self.kv_heads)),
            ("v", keys, Kind::Matrix),
        ];
        for (letter, rows, kind) in apart.into_iter().filter(|_| !is_fused) {
            let (gguf, hub) = (format!("attn_{letter}"), format!("self_attn.{letter}_proj"));
            add(&format!("{gguf}.weight"), &format!("{hub}.weight"), &[rows, width], kind);
            if self.family == Family::Qwen2 {
                add(&format!("{gguf}.bias"), &format!("{hub}.bias"), &[rows], Kind::Matrix);
            }
        }
        if matches!(self.family, Family::Qwen3 | Family::Gemma3) {
            add("attn_q_norm.weight", "self_attn.q_norm.weight", &[self.head_width], norm);
            add("attn_k_norm.weight", "self_attn.k_norm.weight", &[self.head_width], norm);
        }
        let output = "self_attn.o_proj.weight";
        add("attn_output.weight", output, &[width, queries], Kind::Matrix);
        if self.family == Family::Gemma3 {
            let [after, before] = ["post_attention", "pre_feedforward"]
                .map(|name| format!("{name}_layernorm.weight"));
            add("post_attention_norm.weight", &after, &[width], norm);
            add("ffn_norm.weight", &before, &[width], norm);
            add("post_ffw_norm.weight", "post_feedforward_layernorm.weight", &[width], norm);
        } else {
            add("ffn_norm.weight", "post_attention_layernorm.weight", &[width], norm);
        }
        if is_fused {
            add("ffn_up.weight", "mlp.gate_up_proj.weight", &[2 * inner, width], Kind::Matrix);
        } else {
            add("ffn_gate.weight", "mlp.gate_proj.weight", &[inner, width], Kind::Matrix);
            add("ffn_up.weight", "mlp.up_proj.weight", &[inner, width], Kind::Matrix);
        }
        add("ffn_down.weight", "mlp.down_proj.weight", &[width, inner], Kind::Matrix);
        tensors
    }

    /// What the family adds to the metadata of a GGUF file.
    pub(super) fn family_metadata(&self) -> Vec<(&'static str, Meta)> {
        let window = self.window.filter(|_| !matches!(self.family, Family::Qwen2 | Family::Qwen3));
        let size = |size: usize| Meta::U32(u32::try_from(size).expect("a tiny size"));
        let window = window.map(|window| ("attention.sliding_window", size(window)));
        let base = (self.family == Family::Gemma3).then_some(("rope.freq_base", Meta::F32(500.0)));
        window.into_iter().chain(base).collect()
    }

    /// What the family adds to `config.json`.
    pub(super) fn family_settings(&self) -> Vec<(&'static str, Value)> {
        match self.family {
            Family::Llama => vec![],
            Family::Mistral | Family::Phi3 => vec![("sliding_window", json!(self.window))],
            Family::Qwen2 | Family::Qwen3 => vec![
                ("use_sliding_window", json!(self.window.is_some())),
                ("sliding_window", json!(self.window.unwrap_or(4))),
                ("max_window_layers", json!(1)),
            ],
            Family::Gemma3 => vec![
                ("hidden_act", Value::Null),
                ("hidden_activation", json!("gelu_pytorch_tanh")),
                ("query_pre_attn_scalar", json!(self.head_width)),
                ("sliding_window", json!(self.window)),
                ("rope_local_base_freq", json!(10_000.0)),
                ("rope_theta", json!(500.0)),
            ],
        }
    }
}
