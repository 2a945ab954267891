//! The GGUF file of a tiny model.

use super::{Element, SPECIAL, TEMPLATE, Tiny};

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
    F32s(Vec<f32>),
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
        let sizes = [
            ("block_count", size(self.layers)),
            ("context_length", size(self.context)),
            ("embedding_length", size(self.width)),
            ("feed_forward_length", size(self.feed_forward)),
            ("attention.head_count", size(self.heads)),
            ("attention.head_count_kv", size(self.kv_heads)),
            ("attention.key_length", size(self.head_width)),
            ("attention.layer_norm_rms_epsilon", Meta::F32(1e-5)),
            ("rope.freq_base", Meta::F32(10_000.0)),
            ("rope.dimension_count", size(self.head_width)),
        ];
        let vocabulary = [
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
            name: name.to_owned(),
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
            tensors.push(tensor("rope_freqs.weight", &[factors.len()], Element::F32, &factors));
        }
        let family = self.family.gguf();
        let own = self.family_metadata();
        let common = sizes.into_iter().filter(|(key, _)| own.iter().all(|(other, _)| other != key));
        let sizes: Vec<(&str, Meta)> = common.chain(own.iter().cloned()).collect();
        let metadata = std::iter::once(("general.architecture".to_owned(), text(family)))
            .chain(sizes.into_iter().map(|(key, value)| (format!("{family}.{key}"), value)))
            .chain(vocabulary.map(|(key, value)| (key.to_owned(), value)))
            .collect();
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
            Self::F32s(values) => {
                tagged(9, &array_head(6, values.len() as u64));
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
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
