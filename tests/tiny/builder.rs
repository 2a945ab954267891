//! A tiny Llama model with random weights, written in both formats that the crate reads.
//!
//! The bytes are put together by hand from the formats' descriptions, not by the crate's own code.
//! Every weight is a small multiple of 1/128, which float32, bfloat16 and float16 all hold exactly,
//! so that a model is the same in every element type.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

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

/// A GGUF file before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Gguf {
    pub(crate) version: u32,
    pub(crate) metadata: Vec<(String, Meta)>,
    pub(crate) tensors: Vec<GgufTensor>,
}

/// A metadata value; `Raw` is a type number and the bytes that follow it.
#[derive(Debug, Clone)]
pub(crate) enum Meta {
    U32(u32),
    U64(u64),
    I32(i32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    I32s(Vec<i32>),
    Raw(u32, Vec<u8>),
}

#[derive(Debug, Clone)]
pub(crate) struct GgufTensor {
    pub(crate) name: String,
    /// Innermost first.
    pub(crate) dims: Vec<u64>,
    pub(crate) kind: u32,
    /// In the data; the next free place when `None`.
    pub(crate) offset: Option<u64>,
    pub(crate) data: Vec<u8>,
}

const ALIGNMENT: usize = 32;

impl Tiny {
    pub(crate) fn gguf(&self, element: Element) -> Gguf {
        let size = |size: usize| Meta::U32(u32::try_from(size).expect("a tiny size"));
        let text = |text: &str| Meta::Text(text.to_owned());
        let tokens = self.tokens();
        let kinds = (0..tokens.len()).map(|id| if id < SPECIAL.len() { 3 } else { 1 });
        let metadata = [
            ("general.architecture", text("llama")),
            ("llama.block_count", size(self.layers)),
            ("llama.context_length", size(self.context)),
            ("llama.embedding_length", size(self.width)),
            ("llama.feed_forward_length", size(self.feed_forward)),
            ("llama.attention.head_count", size(self.heads)),
            ("llama.attention.head_count_kv", size(self.kv_heads)),
            ("llama.attention.key_length", size(self.head_width)),
            ("llama.attention.layer_norm_rms_epsilon", Meta::F32(1e-5)),
            ("llama.rope.freq_base", Meta::F32(10_000.0)),
            ("llama.rope.dimension_count", size(self.head_width)),
            ("tokenizer.ggml.model", text("gpt2")),
            ("tokenizer.ggml.pre", text("smollm")),
            ("tokenizer.ggml.token_type", Meta::I32s(kinds.collect())),
            ("tokenizer.ggml.tokens", Meta::Texts(tokens)),
            (
                "tokenizer.ggml.merges",
                Meta::Texts(self.merges().into_iter().map(str::to_owned).collect()),
            ),
            ("tokenizer.ggml.bos_token_id", Meta::U32(1)),
            ("tokenizer.ggml.eos_token_id", Meta::U32(2)),
            ("tokenizer.ggml.add_bos_token", Meta::Bool(self.adds_bos)),
            ("tokenizer.chat_template", text(TEMPLATE)),
        ];
        let tensor = |name: &str, shape: &[usize], element: Element, values: &[f32]| GgufTensor {
            name: format!("{name}.weight"),
            dims: shape.iter().rev().map(|&dim| dim as u64).collect(),
            kind: element.gguf_number(),
            offset: None,
            data: element.bytes(values),
        };
        let weights = self.weights();
        let mut tensors: Vec<GgufTensor> = weights
            .iter()
            .map(|weight| tensor(&weight.gguf, &weight.shape, element, &weight.gguf_values()))
            .collect();
        if self.has_llama3_rope {
            let factors = self.rope_factors();
            tensors.push(tensor("rope_freqs", &[factors.len()], Element::F32, &factors));
        }
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).to_vec();
        Gguf { version: 3, metadata, tensors }
    }

    /// What llama.cpp's converter writes for the `rope_scaling` of the folder.
    fn rope_factors(&self) -> Vec<f32> {
        let half = self.head_width / 2;
        let factor = |index: usize| {
            let wavelength = std::f64::consts::TAU * 10_000f64.powf(index as f64 / half as f64);
            let (long, short) = (64.0 / 1.0, 64.0 / 4.0);
            if wavelength < short {
                1.0
            } else if wavelength > long {
                8.0
            } else {
                let smooth = (64.0 / wavelength - 1.0) / (4.0 - 1.0);
                1.0 / ((1.0 - smooth) / 8.0 + smooth)
            }
        };
        (0..half).map(|index| factor(index) as f32).collect()
    }
}

impl Gguf {
    pub(crate) fn set(&mut self, key: &str, value: Meta) {
        self.remove(key);
        self.metadata.push((key.to_owned(), value));
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.metadata.retain(|(known, _)| known != key);
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut GgufTensor {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).expect("a tensor of this name")
    }

    /// The bytes up to the tensor data, without padding.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_text(&mut out, key);
            value.put(&mut out);
        }
        let mut free = 0;
        for tensor in &self.tensors {
            put_text(&mut out, &tensor.name);
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            out.extend(tensor.dims.iter().flat_map(|dim| dim.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.unwrap_or(free).to_le_bytes());
            free += tensor.data.len().next_multiple_of(ALIGNMENT) as u64;
        }
        out
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.header();
        for tensor in &self.tensors {
            out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
            out.extend(&tensor.data);
        }
        out
    }
}

impl Meta {
    fn put(&self, out: &mut Vec<u8>) {
        let mut tagged = |kind: u32, bytes: &[u8]| {
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        };
        match self {
            Self::U32(value) => tagged(4, &value.to_le_bytes()),
            Self::I32(value) => tagged(5, &value.to_le_bytes()),
            Self::F32(value) => tagged(6, &value.to_le_bytes()),
            Self::Bool(value) => tagged(7, &[u8::from(*value)]),
            Self::U64(value) => tagged(10, &value.to_le_bytes()),
            Self::Raw(kind, bytes) => tagged(*kind, bytes),
            Self::Text(text) => {
                tagged(8, &[]);
                put_text(out, text);
            }
            Self::Texts(texts) => {
                tagged(9, &array_head(8, texts.len() as u64));
                texts.iter().for_each(|text| put_text(out, text));
            }
            Self::I32s(values) => {
                tagged(9, &array_head(5, values.len() as u64));
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
}

/// The element type and the count that begin an array.
pub(crate) fn array_head(kind: u32, count: u64) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &count.to_le_bytes()].concat()
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A model folder before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) config: Value,
    pub(crate) tokenizer: Value,
    /// `tokenizer_config.json`
    pub(crate) settings: Value,
    pub(crate) shards: Vec<SafeTensors>,
}

/// A safetensors file before it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct SafeTensors {
    pub(crate) header: Map<String, Value>,
    pub(crate) data: Vec<u8>,
}

impl Tiny {
    pub(crate) fn folder(&self, element: Element, shards: usize) -> Folder {
        let mut files = vec![SafeTensors::default(); shards];
        for (index, weight) in self.weights().iter().enumerate() {
            files[index % shards].add(weight, element);
        }
        Folder {
            config: self.config(),
            tokenizer: self.tokenizer(),
            settings: json!({
                "bos_token": SPECIAL[1],
                "eos_token": {"content": SPECIAL[2], "special": true},
                "add_bos_token": self.adds_bos,
                "chat_template": TEMPLATE,
            }),
            shards: files,
        }
    }

    fn config(&self) -> Value {
        let scaling = json!({
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        });
        json!({
            "model_type": "llama",
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
            "hidden_size": self.width,
            "intermediate_size": self.feed_forward,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_width,
            "vocab_size": self.rows(),
            "max_position_embeddings": self.context,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10_000.0,
            "rope_scaling": if self.has_llama3_rope { scaling } else { Value::Null },
            "tie_word_embeddings": self.is_tied,
        })
    }

    fn tokenizer(&self) -> Value {
        let special = SPECIAL.iter().enumerate().map(|(id, name)| {
            json!({"id": id, "content": name, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false})
        });
        let vocab = self.tokens().into_iter().enumerate();
        let vocab: Map<String, Value> = vocab.map(|(id, token)| (token, json!(id))).collect();
        let merges: Vec<[&str; 2]> = self
            .merges()
            .into_iter()
            .map(|merge| merge.split_once(' ').expect("two pieces").into())
            .collect();
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true});
        json!({
            "version": "1.0",
            "added_tokens": special.collect::<Vec<_>>(),
            "pre_tokenizer": {"type": "Sequence", "pretokenizers":
                [{"type": "Digits", "individual_digits": true}, bytes]},
            "decoder": bytes,
            "model": {"type": "BPE", "vocab": vocab, "merges": merges},
        })
    }
}

impl SafeTensors {
    fn add(&mut self, weight: &Weight, element: Element) {
        let start = self.data.len();
        self.data.extend(element.bytes(&weight.values));
        let entry = json!({
            "dtype": format!("{element:?}"),
            "shape": weight.shape,
            "data_offsets": [start, self.data.len()],
        });
        self.header.insert(format!("{}.weight", weight.hub), entry);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut header = Value::from(self.header.clone()).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        [&(header.len() as u64).to_le_bytes()[..], &header, &self.data].concat()
    }
}

impl Folder {
    pub(crate) fn write(&self, folder: &Path) {
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.join(name), bytes).expect("a writable folder");
        };
        write("config.json", self.config.to_string().as_bytes());
        write("tokenizer.json", self.tokenizer.to_string().as_bytes());
        write("tokenizer_config.json", self.settings.to_string().as_bytes());
        if let [only] = self.shards.as_slice() {
            return write("model.safetensors", &only.bytes());
        }
        let mut map = Map::new();
        for (index, shard) in self.shards.iter().enumerate() {
            let name = format!("model-{:05}-of-{:05}.safetensors", index + 1, self.shards.len());
            write(&name, &shard.bytes());
            map.extend(shard.header.keys().map(|tensor| (tensor.clone(), json!(name))));
        }
        let index = json!({"metadata": {}, "weight_map": map});
        write("model.safetensors.index.json", index.to_string().as_bytes());
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
