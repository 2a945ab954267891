//! Damage to a folder of `config.json`, `tokenizer.json` and safetensors.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::builder::folder::{Folder, SafeTensors};
use crate::builder::{Element, Tiny};
use crate::{MEMORY, assert_refused, outcome};

fn check_folder(what: &str, edit: impl FnOnce(&mut Folder), parts: &[&str]) {
    let mut folder = Tiny::smallest(1).folder(Element::F32, 1);
    edit(&mut folder);
    let place = TempDir::new().expect("a folder");
    folder.write(place.path());
    assert_refused(place.path(), what, parts);
}

/// A folder in which one file has these bytes, or is absent.
fn check_file(name: &str, bytes: Option<&[u8]>, parts: &[&str]) {
    let place = TempDir::new().expect("a folder");
    Tiny::smallest(1).folder(Element::F32, 1).write(place.path());
    let path = place.path().join(name);
    match bytes {
        Some(bytes) => fs::write(path, bytes).expect("a writable folder"),
        None => fs::remove_file(path).expect("the file is there"),
    }
    let what = format!("{name} is {:?}", bytes.map(String::from_utf8_lossy));
    assert_refused(place.path(), &what, parts);
}

#[test]
fn without_a_file_or_with_another_in_its_place() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        check_file(name, None, &[name]);
        check_file(name, Some(b""), &[]);
    }
    for name in ["config.json", "tokenizer_config.json"] {
        for text in ["{", "[1", "\u{feff}{}", "{\"a\": 1e999}"] {
            check_file(name, Some(text.as_bytes()), &[name]);
        }
        check_file(name, Some(&[b'['; 100_000]), &[name, "recursion"]);
    }
    check_file("config.json", Some(b"[]"), &["config.json", "hidden_size"]);
    check_file("chat_template.jinja", Some(b"\xFF"), &["chat_template.jinja", "UTF-8"]);
    check_file("chat_template.jinja", Some(b"{% if"), &["chat template"]);
    let index = "model.safetensors.index.json";
    check_file(index, Some(b"{}"), &[index, "weight_map"]);
    check_file(index, Some(b"{\"weight_map\": {}}"), &[index, "weight_map"]);
    check_file(index, Some(b"{\"weight_map\": {\"a\": \"gone\"}}"), &["gone"]);
    for path in ["../config.json", "/etc/hostname", "a/b", "..", "."] {
        let text = json!({"weight_map": {"a": path}}).to_string();
        check_file(index, Some(text.as_bytes()), &[index, path]);
    }
}

#[test]
fn config_json_with_wrong_values() {
    let set =
        |key: &'static str, value: Value| move |folder: &mut Folder| folder.config[key] = value;
    for (key, name) in [
        ("hidden_size", "width"),
        ("intermediate_size", "feed-forward width"),
        ("num_hidden_layers", "layer count"),
        ("num_attention_heads", "head count"),
        ("num_key_value_heads", "key/value head count"),
        ("head_dim", "head width"),
        ("vocab_size", "vocabulary size"),
        ("max_position_embeddings", "context length"),
    ] {
        for value in [json!("8"), json!(-8), json!(1e30), json!(8.5), json!([8]), json!(true)] {
            let parts = ["config.json", key, &value.to_string(), "not a count"];
            check_folder(key, set(key, value.clone()), &parts);
        }
        check_folder(key, set(key, json!(u64::MAX)), &["config.json", &u64::MAX.to_string()]);
        check_folder(key, set(key, json!(0)), &["config.json", name, "is 0"]);
        if !["num_key_value_heads", "head_dim"].contains(&key) {
            check_folder(key, set(key, Value::Null), &["config.json", key]);
        }
    }
    for (key, name) in [("rms_norm_eps", "norm epsilon"), ("rope_theta", "rope base")] {
        check_folder(key, set(key, json!("1e-5")), &["config.json", key, "not a number"]);
        check_folder(key, set(key, json!(-1.0)), &["config.json", name, "-1"]);
    }
    check_folder("epsilon", set("rms_norm_eps", Value::Null), &["config.json", "rms_norm_eps"]);
    check_folder("type", set("model_type", json!("mamba")), &["architecture", "mamba", "llama"]);
    check_folder("act", set("hidden_act", json!("gelu")), &["hidden_act", "gelu", "silu"]);
    check_folder("bias", set("attention_bias", json!(true)), &["attention_bias"]);
    check_folder("untied", set("tie_word_embeddings", json!(false)), &["lm_head.weight"]);
    check_folder("yarn", set("rope_scaling", json!({"rope_type": "yarn"})), &["yarn", "llama3"]);
    let llama3 = json!({"rope_type": "llama3"});
    check_folder("llama3", set("rope_scaling", llama3), &["config.json", "rope_scaling.factor"]);
    check_folder("few rows", set("vocab_size", json!(5)), &["embed_tokens", "[18, 8]", "[5, 8]"]);
    let more = |folder: &mut Folder| folder.tokenizer["model"]["vocab"]["zz"] = json!(18);
    check_folder("more ids", more, &["config.json", "vocab_size is 18", "19 ids"]);
    check_folder("many ids", set("vocab_size", json!(1 << 24)), &["embed_tokens", "16777216"]);
    check_folder("many heads", set("head_dim", json!(1 << 24)), &["q_proj", "[33554432, 8]"]);
    check_folder("layers", set("num_hidden_layers", json!(1 << 24)), &["model.layers.1."]);
}

#[test]
fn safetensors_with_a_wrong_header() {
    let sound = Tiny::smallest(1).folder(Element::F32, 1).shards.remove(0);
    let file = "model.safetensors";
    let with_length = |length: u64| [&length.to_le_bytes()[..], &sound.bytes()[8..]].concat();
    for length in [1 << 63, u64::MAX, sound.bytes().len() as u64 - 7, (64 << 20) + 1] {
        check_file(file, Some(&with_length(length)), &[file, "header", &length.to_string()]);
    }
    for length in [0, 1, 9, 700] {
        check_file(file, Some(&with_length(length)), &[file, "header"]);
    }
    check_file(file, Some(&[0; 7]), &[file, "not a usable model", "ends at byte 7"]);
    for header in ["[]", "7", "null", "\u{7f}", "{\"a\": 1}", "{\"a\": {\"dtype\": \"F32\"}}"] {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        check_file(file, Some(&bytes), &[file]);
    }
    let bytes = sound.bytes();
    let header = bytes.len() - sound.data.len();
    for len in (0..header).step_by(5).chain((header..bytes.len()).step_by(41)) {
        check_file(file, Some(&bytes[..len]), &[file]);
    }
}

#[test]
fn safetensors_with_a_wrong_tensor() {
    let names: Vec<String> =
        Tiny::smallest(1).folder(Element::F32, 1).shards[0].header.keys().cloned().collect();
    for name in &names {
        let set = |field: &'static str, value: Value| {
            move |folder: &mut Folder| folder.shards[0].header[name][field] = value
        };
        let drop_it = |folder: &mut Folder| drop(folder.shards[0].header.remove(name));
        check_folder(name, drop_it, &["model.safetensors", "no tensor", name]);
        for dtype in [json!("I64"), json!("F8_E4M3")] {
            let parts = ["tensor type", dtype.as_str().expect("a text"), name];
            check_folder(name, set("dtype", dtype.clone()), &parts);
        }
        check_folder(name, set("dtype", json!("BF16")), &[name, "has", "bytes"]);
        check_folder(name, set("shape", json!([1, 2, 3])), &[name, "[1, 2, 3]", "8"]);
        let damaged = [
            set("dtype", json!(7)),
            set("dtype", Value::Null),
            set("shape", json!("8")),
            set("shape", json!([-8])),
            set("shape", json!([8.5])),
            set("data_offsets", json!([64, 0])),
            set("data_offsets", json!([0])),
            set("data_offsets", json!([-1, 5])),
            set("data_offsets", json!([0, u64::MAX])),
            set("data_offsets", json!([u64::MAX, u64::MAX])),
            set("data_offsets", json!([0, 1u64 << 40])),
        ];
        for edit in damaged {
            check_folder(name, edit, &["model.safetensors", name, "damaged"]);
        }
    }
    check_folder("sizes that multiply to 2^64", huge_folder, &["q_proj", "281474976710656"]);
}

/// As [`huge_heads`].
fn huge_folder(folder: &mut Folder) {
    *folder = Tiny { bytes: Vec::new(), padding: 0, ..Tiny::smallest(1) }.folder(Element::F32, 1);
    folder.config["hidden_size"] = json!(1 << 16);
    folder.config["num_attention_heads"] = json!(1 << 24);
    folder.config["head_dim"] = json!(1 << 24);
    let SafeTensors { header, data } = &mut folder.shards[0];
    data.resize(3 * (4 << 16), 0);
    header["model.embed_tokens.weight"] =
        json!({"dtype": "F32", "shape": [3, 1 << 16], "data_offsets": [0, data.len()]});
    header["model.layers.0.self_attn.q_proj.weight"] =
        json!({"dtype": "F32", "shape": [1u64 << 48, 1 << 16], "data_offsets": [0, 0]});
}

#[test]
fn tokenizer_json_with_wrong_parts() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 28] = [
        (|json| json["model"] = Value::Null, "tokenizer"),
        (|json| json["model"]["type"] = json!("Magic"), "tokenizer"),
        (|json| json["model"]["vocab"] = json!(["a"]), "tokenizer"),
        (|json| json["model"]["vocab"]["a"] = json!(-1), "tokenizer"),
        (|json| json["model"]["vocab"]["zz"] = json!(4_000_000_000u32), "4000000000"),
        (|json| json["model"]["merges"] = json!([["h", "zz"]]), "zz"),
        (|json| json["model"]["merges"] = json!([["h"]]), "tokenizer"),
        (|json| json["model"]["merges"] = json!([["<|endoftext|>", "<|im_start|>"]]), "merge"),
        (|json| json["model"]["merges"] = json!(["<|endoftext|> <|im_start|>"]), "merge"),
        (|json| json["model"]["continuing_subword_prefix"] = json!("##"), "##"),
        (|json| json["decoder"] = Value::Null, "decoder"),
        (|json| json["decoder"] = json!("ByteLevel"), "tokenizer"),
        (|json| json["normalizer"] = precompiled(), "Precompiled"),
        (
            |json| json["normalizer"] = json!({"type": "Sequence", "normalizers": [precompiled()]}),
            "Precompiled",
        ),
        (|json| json["pre_tokenizer"] = json!({"type": "Split"}), "tokenizer"),
        (|json| json["normalizer"] = replace(json!({"String": ""})), "at least one character"),
        (|json| json["normalizer"] = replace(json!({"Regex": ""})), "at least one character"),
        (|json| json["normalizer"] = replace(json!({"Regex": "x*"})), "\"x*\""),
        (|json| json["normalizer"] = replace(json!({"Regex": "a|\\b"})), "one character"),
        (|json| json["normalizer"] = replace(json!({"Regex": "$"})), "one character"),
        (|json| json["normalizer"] = replace(json!({"Regex": "(?=int)"})), "without look-around"),
        (|json| json["normalizer"] = replace(json!({"Regex": "(a"})), "tokenizer"),
        (
            |json| {
                let replace = replace(json!({"Regex": ""}));
                json["normalizer"] = json!({"type": "Sequence", "normalizers": [replace]});
            },
            "one character",
        ),
        (|json| json["post_processor"] = template(special("<s>")), "\"<s>\""),
        (|json| json["post_processor"] = template(sequence("B")), "a second one"),
        (
            |json| {
                let template = template(special("<s>"));
                json["post_processor"] = json!({"type": "Sequence", "processors": [template]});
            },
            "special_tokens",
        ),
        (|json| json["post_processor"] = json!({"type": "TemplateProcessing"}), "tokenizer"),
        (|json| json["post_processor"] = template(json!({"Magic": 1})), "tokenizer"),
    ];
    for (index, (edit, part)) in edits.into_iter().enumerate() {
        check_folder(&format!("edit {index}"), |folder| edit(&mut folder.tokenizer), &[part]);
    }
}

fn replace(pattern: Value) -> Value {
    json!({"type": "Replace", "pattern": pattern, "content": "xx"})
}

fn special(name: &str) -> Value {
    json!({"SpecialToken": {"id": name, "type_id": 0}})
}

fn sequence(name: &str) -> Value {
    json!({"Sequence": {"id": name, "type_id": 0}})
}

/// A template of one piece that defines no special tokens.
fn template(piece: Value) -> Value {
    let pair = [sequence("A"), sequence("B")];
    json!({"type": "TemplateProcessing", "single": [piece], "pair": pair, "special_tokens": {}})
}

#[test]
fn tokenizer_config_json_with_wrong_parts() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 4] = [
        (|json| json["bos_token"] = json!("<nope>"), "\"<nope>\""),
        (|json| json["eos_token"] = json!({"content": "<nope>"}), "\"<nope>\""),
        (
            |json| {
                json["bos_token"] = Value::Null;
                json["add_bos_token"] = json!(true);
            },
            "none is named",
        ),
        (|json| json["bos_token"] = json!("<nope>"), "tokenizer.json"),
    ];
    for (index, (edit, part)) in edits.into_iter().enumerate() {
        check_folder(&format!("edit {index}"), |folder| edit(&mut folder.settings), &[part]);
    }
}

/// A normalizer whose table claims 4 GB.
fn precompiled() -> Value {
    json!({"type": "Precompiled", "precompiled_charsmap": "/////w=="})
}

#[test]
fn with_bits_flipped() {
    let place = TempDir::new().expect("a folder");
    Tiny::smallest(1).folder(Element::F32, 1).write(place.path());
    // Every 5th bit comes to every bit position.
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        let path = place.path().join(name);
        let mut bytes = fs::read(&path).expect("the file is there");
        for bit in (0..8 * bytes.len().min(3000)).step_by(5) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bytes).expect("a writable folder");
            bytes[bit / 8] ^= 1 << (bit % 8);
            let case = || format!("bit {} of byte {} of {name}", bit % 8, bit / 8);
            let _ = outcome(place.path(), MEMORY, &case);
        }
        fs::write(&path, &bytes).expect("a writable folder");
    }
}
