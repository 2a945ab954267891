//! The folder of a tiny model: `config.json`, `tokenizer.json`, safetensors.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Element, SPECIAL, TEMPLATE, Tiny, Weight};

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
        let mut config = json!({
            "model_type": self.family.hub(),
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
        });
        for (key, value) in self.family_settings() {
            config[key] = value;
        }
        config
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
        self.data.extend(element.bytes(&weight.hub_values()));
        let entry = json!({
            "dtype": format!("{element:?}"),
            "shape": weight.shape,
            "data_offsets": [start, self.data.len()],
        });
        self.header.insert(weight.hub.clone(), entry);
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
