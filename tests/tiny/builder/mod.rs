//! A tiny Llama model with random weights, written in both formats that the crate reads.
//!
//! The bytes are put together by hand from the formats' descriptions, not by the crate's own code.
//! Every weight is a small multiple of 1/128, which float32, bfloat16 and float16 all hold exactly,
//! so that a model is the same in every element type.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod folder;
pub(crate) mod gguf;

use crate::random::Random;

pub(crate) const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
pub(crate) const TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}\
    {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + eos_token + '\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const MERGES: [&str; 14] = [
    "Ġ t", "h e", "Ġt he", "i n", "Ġ a", "e r", "o n", "Ġ Ġ", "in g", "' s", "Ġa n", "Ã ©", "Ċ Ċ",
    "Ġ 1",
];

/// What a tiny model is like.
#[derive(Debug, Clone)]
pub(crate) struct Tiny {
    pub(crate) seed: u64,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_width: usize,
    pub(crate) feed_forward: usize,
    pub(crate) context: usize,
    /// The bytes that have a token; merges of others are left out.
    pub(crate) bytes: Vec<u8>,
    /// Rows of logits beyond the tokens.
    pub(crate) padding: usize,
    pub(crate) is_tied: bool,
    pub(crate) adds_bos: bool,
    pub(crate) has_llama3_rope: bool,
}

impl Tiny {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            layers: 2,
            width: 32,
            heads: 4,
            kv_heads: 2,
            head_width: 8,
            feed_forward: 48,
            context: 600,
            bytes: (0..=u8::MAX).collect(),
            padding: 7,
            is_tied: true,
            adds_bos: false,
            has_llama3_rope: false,
        }
    }

    /// So small that it can be opened thousands of times.
    pub(crate) fn smallest(seed: u64) -> Self {
        let bytes = b" aehint".to_vec();
        let sizes = Self { layers: 1, width: 8, heads: 2, kv_heads: 1, ..Self::new(seed) };
        Self { head_width: 4, feed_forward: 8, context: 16, bytes, padding: 1, ..sizes }
    }

    /// Token texts by id: the special ones, the bytes, the merges.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let special = SPECIAL.iter().map(|name| (*name).to_owned());
        let bytes = self.bytes.iter().map(|&byte| byte_char(byte).to_string());
        let merged = self.merges().into_iter().map(|merge| merge.replace(' ', ""));
        special.chain(bytes).chain(merged).collect()
    }

    pub(crate) fn merges(&self) -> Vec<&'static str> {
        let is_known = |c: char| c == ' ' || self.bytes.iter().any(|&byte| byte_char(byte) == c);
        MERGES.into_iter().filter(|merge| merge.chars().all(is_known)).collect()
    }

    pub(crate) fn rows(&self) -> usize {
        self.tokens().len() + self.padding
    }

    fn weights(&self) -> Vec<Weight> {
        let mut random = Random::from_seed(self.seed);
        let mut weights = Vec::new();
        let mut add = |gguf: String, hub: String, shape: &[usize], rotated_heads: usize| {
            // Norms, the vectors, are about 1; matrices about 0.
            let centre = if shape.len() == 1 { 128 } else { 0 };
            let count: usize = shape.iter().product();
            let value = || (centre + random.below(129) as i32 - 64) as f32 / 128.0;
            let values = std::iter::repeat_with(value).take(count).collect();
            weights.push(Weight { gguf, hub, shape: shape.to_vec(), values, rotated_heads });
        };
        let (width, inner) = (self.width, self.feed_forward);
        let [queries, keys] = [self.heads, self.kv_heads].map(|heads| heads * self.head_width);
        let rows = self.rows();
        add("token_embd".into(), "model.embed_tokens".into(), &[rows, width], 0);
        for layer in 0..self.layers {
            for (gguf, hub, shape, rotated_heads) in [
                ("attn_norm", "input_layernorm", &[width][..], 0),
                ("attn_q", "self_attn.q_proj", &[queries, width], self.heads),
                ("attn_k", "self_attn.k_proj", &[keys, width], self.kv_heads),
                ("attn_v", "self_attn.v_proj", &[keys, width], 0),
                ("attn_output", "self_attn.o_proj", &[width, queries], 0),
                ("ffn_norm", "post_attention_layernorm", &[width], 0),
                ("ffn_gate", "mlp.gate_proj", &[inner, width], 0),
                ("ffn_up", "mlp.up_proj", &[inner, width], 0),
                ("ffn_down", "mlp.down_proj", &[width, inner], 0),
            ] {
                let gguf = format!("blk.{layer}.{gguf}");
                add(gguf, format!("model.layers.{layer}.{hub}"), shape, rotated_heads);
            }
        }
        add("output_norm".into(), "model.norm".into(), &[width], 0);
        if !self.is_tied {
            add("output".into(), "lm_head".into(), &[rows, width], 0);
        }
        weights
    }
}

/// A tensor under its name in each format, in the row order of safetensors.
struct Weight {
    gguf: String,
    hub: String,
    shape: Vec<usize>,
    values: Vec<f32>,
    /// The heads whose rows are rotated; 0 where none are.
    rotated_heads: usize,
}

impl Weight {
    /// The values as llama.cpp's converter orders them: the halves of each head interleaved.
    fn gguf_values(&self) -> Vec<f32> {
        if self.rotated_heads == 0 {
            return self.values.clone();
        }
        let width = self.shape[1];
        let half = self.shape[0] / self.rotated_heads / 2;
        let heads = self.values.chunks_exact(2 * half * width);
        let rows = heads.flat_map(|head| {
            let row = move |index: usize| &head[index * width..(index + 1) * width];
            (0..half).flat_map(move |i| [row(i), row(i + half)])
        });
        rows.flatten().copied().collect()
    }
}

/// How the numbers of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Element {
    F32,
    F16,
    BF16,
}

impl Element {
    fn bytes(self, values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|&value| self.value_bytes(value)).collect()
    }

    /// Cuts bits off, which are zero in every weight.
    fn value_bytes(self, value: f32) -> Vec<u8> {
        let bits = value.to_bits();
        match self {
            Self::F32 => bits.to_le_bytes().to_vec(),
            Self::BF16 => ((bits >> 16) as u16).to_le_bytes().to_vec(),
            Self::F16 if value == 0.0 => vec![0; 2],
            Self::F16 => {
                let magnitude = ((bits & 0x7FFF_FFFF) >> 13) - ((127 - 15) << 10);
                (((bits >> 16) & 0x8000) as u16 | magnitude as u16).to_le_bytes().to_vec()
            }
        }
    }

    fn gguf_number(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::BF16 => 30,
        }
    }
}

/// GPT-2's character for a byte: itself where it is printable, else U+0100 and up in byte order.
fn byte_char(byte: u8) -> char {
    let is_printable = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if is_printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !is_printable(other)).count();
    char::from_u32(0x100 + u32::try_from(before).expect("below 68")).expect("a character")
}
