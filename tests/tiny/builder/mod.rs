//! A tiny model with random weights, written in both formats that the crate reads.
//!
//! The bytes are put together by hand from the formats' descriptions, not by the crate's own code.
//! Every weight is a small multiple of 1/128, which float32, bfloat16 and float16 all hold exactly,
//! so that a model is the same in every element type.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod family;
pub(crate) mod folder;
pub(crate) mod gguf;

use crate::random::Random;
use family::Family;

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
    pub(crate) family: Family,
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
    /// The positions that layers with a window see.
    pub(crate) window: Option<usize>,
}

impl Tiny {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            family: Family::Llama,
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
            window: None,
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
        let mut add = |[gguf, hub]: [String; 2], shape: &[usize], kind: Kind| {
            let centre = if matches!(kind, Kind::Norm { .. }) { 128 } else { 0 };
            let count: usize = shape.iter().product();
            let value = || (centre + random.below(129) as i32 - 64) as f32 / 128.0;
            let values = std::iter::repeat_with(value).take(count).collect();
            weights.push(Weight { gguf, hub, shape: shape.to_vec(), values, kind });
        };
        let named = |gguf: &str, hub: &str| [format!("{gguf}.weight"), format!("{hub}.weight")];
        let norm = Kind::Norm { hub_offset: self.family.norm_offset() };
        let table = [self.rows(), self.width];
        add(named("token_embd", "model.embed_tokens"), &table, Kind::Matrix);
        for layer in 0..self.layers {
            for ([gguf, hub], shape, kind) in self.layer() {
                let names = [format!("blk.{layer}.{gguf}"), format!("model.layers.{layer}.{hub}")];
                add(names, &shape, kind);
            }
        }
        add(named("output_norm", "model.norm"), &[self.width], norm);
        if !self.is_tied {
            add(named("output", "lm_head"), &table, Kind::Matrix);
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
    kind: Kind,
}

/// What the values of a weight are for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// About 0.
    Matrix,
    /// As a matrix, for heads that are rotated: llama.cpp's converter reorders its rows.
    Reordered { heads: usize },
    /// About 1; safetensors have so much less.
    Norm { hub_offset: f32 },
}

impl Weight {
    /// The values as `transformers` writes them.
    fn hub_values(&self) -> Vec<f32> {
        match self.kind {
            Kind::Norm { hub_offset } => {
                self.values.iter().map(|value| value - hub_offset).collect()
            }
            _ => self.values.clone(),
        }
    }

    /// The values as llama.cpp's converter orders them: the halves of each head interleaved.
    fn gguf_values(&self) -> Vec<f32> {
        let Kind::Reordered { heads } = self.kind else {
            return self.values.clone();
        };
        let width = self.shape[1];
        let half = self.shape[0] / heads / 2;
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
