//! Damage to a GGUF file.

use std::fs;

use tempfile::TempDir;

use crate::builder::gguf::{Gguf, Meta, array_head};
use crate::builder::{Element, Tiny};
use crate::{MEMORY, assert_refused, outcome};

#[test]
fn cut_short() {
    let (bytes, header) = (tiny().bytes(), tiny().header().len());
    for len in 0..header {
        let end = format!("the file ends at byte {len}");
        check_bytes(&format!("cut to {len} bytes"), &bytes[..len], &["tiny.gguf", &end]);
    }
    for len in (header..bytes.len()).step_by(7) {
        check_bytes(&format!("cut to {len} bytes"), &bytes[..len], &["tiny.gguf"]);
    }
}

#[test]
fn with_each_header_bit_flipped() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    let (mut bytes, header) = (tiny().bytes(), tiny().header().len());
    for bit in 0..8 * header {
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).expect("a writable folder");
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Many flips are harmless; what counts is that the outcome is one.
        let _ = outcome(&path, MEMORY, &|| format!("bit {} of byte {}", bit % 8, bit / 8));
    }
}

#[test]
fn header_with_impossible_numbers() {
    let patched = |at: usize, number: &[u8]| {
        let mut bytes = tiny().bytes();
        bytes[at..at + number.len()].copy_from_slice(number);
        bytes
    };
    check_bytes("magic", &patched(0, b"GGML"), &["GGUF"]);
    check_bytes("empty", b"", &["header", "4 bytes"]);
    for version in [0u32, 1, 4, 99, 3 << 24] {
        let expected = ["GGUF version", &version.to_string(), "2, 3"];
        check_bytes("version", &patched(4, &version.to_le_bytes()), &expected);
    }
    for (at, what) in [(8, "tensors"), (16, "metadata entries")] {
        for number in [1u64 << 63, u64::MAX, (1 << 20) + 1] {
            let expected = [what, &number.to_string(), "1048576"];
            check_bytes(what, &patched(at, &number.to_le_bytes()), &expected);
        }
        check_bytes(what, &patched(at, &1000u64.to_le_bytes()), &["at byte"]);
    }
    let length = (1u64 << 60).to_le_bytes();
    check_bytes("key length", &patched(24, &length), &["1152921504606846976 bytes at byte 32"]);
}

#[test]
fn metadata_of_impossible_kinds() {
    let key = "general.name";
    let long = |count: u64| Meta::Raw(9, array_head(8, count));
    check_metadata(key, &[Meta::Raw(8, (1u64 << 60).to_le_bytes().to_vec())], &["a string"]);
    check_metadata(key, &[long(1 << 63), long(1 << 40), long(u64::MAX)], &[key, "needs"]);
    check_metadata(key, &[Meta::Raw(9, array_head(4, (1 << 62) + 1))], &[key, "needs"]);
    check_metadata(key, &[Meta::Raw(9, array_head(9, 1))], &[key, "array of the unknown type 9"]);
    check_metadata(key, &[Meta::Raw(9, array_head(99, 1))], &[key, "array of the unknown type 99"]);
    check_metadata(key, &[Meta::Raw(13, vec![])], &[key, "unknown type 13"]);
    check_metadata(key, &[Meta::Raw(8, b"\x01\0\0\0\0\0\0\0\xFF".to_vec())], &["not UTF-8"]);
    let (zero, odd, huge) = (Meta::U32(0), Meta::U32(3), Meta::U64(1 << 63));
    check_metadata("general.alignment", &[zero, odd, huge], &["general.alignment", "power of two"]);
    let wrong = [Meta::I32(-32), Meta::Text("32".to_owned()), Meta::F32(32.0)];
    check_metadata("general.alignment", &wrong, &["general.alignment", "not a count"]);
}

#[test]
fn without_a_key() {
    let optional = [
        "llama.attention.key_length",
        "llama.rope.dimension_count",
        "llama.rope.freq_base",
        "tokenizer.ggml.bos_token_id",
        "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.add_bos_token",
        "tokenizer.chat_template",
    ];
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    for (key, _) in &tiny().metadata {
        let mut gguf = tiny();
        gguf.remove(key);
        fs::write(&path, gguf.bytes()).expect("a writable folder");
        match key.as_str() {
            key if optional.contains(&key) => {
                assert_eq!(outcome(&path, MEMORY, &|| key.to_owned()), Ok(()), "without {key}");
            }
            // As many key heads as query heads, then, which the tensors contradict.
            "llama.attention.head_count_kv" => assert_refused(&path, key, &["attn_k", "shape"]),
            key => assert_refused(&path, key, &["tiny.gguf", "no", key]),
        }
        check_metadata(key, &[Meta::Raw(9, array_head(7, 0))], &[]);
    }
}

#[test]
fn with_a_wrong_architecture() {
    let text = |text: &str| Meta::Text(text.to_owned());
    check_metadata("general.architecture", &[text("mamba")], &["architecture", "mamba", "llama"]);
    let heads = "llama.attention.head_count";
    check_metadata(heads, &[Meta::U32(0)], &["head count is 0"]);
    check_metadata(heads, &[Meta::I32(-2), Meta::F32(2.0), text("2")], &[heads, "not a count"]);
    check_metadata(
        "llama.attention.head_count_kv",
        &[Meta::U32(0)],
        &["key/value head count is 0"],
    );
    let three = [Meta::U32(3)];
    check_metadata("llama.attention.head_count_kv", &three, &["2 heads", "multiple of 3"]);
    let too_many = [Meta::U32(1 << 31), Meta::U64(1 << 63), Meta::U32((1 << 24) + 1)];
    check_metadata("llama.block_count", &too_many, &["layer count", "16777216"]);
    check_metadata("llama.block_count", &[Meta::U32(2), Meta::U32(1 << 24)], &["blk.1.attn_q"]);
    check_metadata("llama.context_length", &[Meta::U32(0)], &["context length is 0"]);
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    check_metadata(epsilon, &[f32::NAN, -1.0, f32::INFINITY].map(Meta::F32), &["norm epsilon"]);
    let base = [0.0, -1.0, f32::NAN, f32::INFINITY].map(Meta::F32);
    check_metadata("llama.rope.freq_base", &base, &["rope base"]);
    check_metadata("llama.rope.dimension_count", &[Meta::U32(2)], &["rope.dimension_count"]);
    check_metadata("llama.rope.scaling.type", &[text("yarn")], &["rope scaling", "yarn"]);
    check_metadata("llama.expert_count", &[Meta::U32(8)], &["mixture of experts"]);
    for (width, parts) in [(3, &["head width 3 is odd"][..]), (6, &["attn_q", "shape", "[12, 8]"])]
    {
        let set = |gguf: &mut Gguf| {
            gguf.set("llama.attention.key_length", Meta::U32(width));
            gguf.remove("llama.rope.dimension_count");
        };
        check_gguf("head width", set, parts);
    }
}

#[test]
fn with_a_wrong_vocabulary() {
    let texts = |texts: &[&str]| Meta::Texts(texts.iter().map(|&text| text.to_owned()).collect());
    let tokens = Tiny::smallest(1).tokens();
    let count = tokens.len();
    let merges = "tokenizer.ggml.merges";
    check_metadata(merges, &[texts(&["he"])], &["merge", "\"he\"", "two pieces"]);
    let (unknown, too_long) = (texts(&["h z"]), texts(&["<|endoftext|> <|im_start|>"]));
    check_metadata(merges, &[unknown, texts(&["h t"]), too_long], &["tiny.gguf", "makes no token"]);
    check_metadata("tokenizer.ggml.bos_token_id", &[Meta::U32(999)], &["bos_token_id", "999"]);
    check_metadata("tokenizer.ggml.eos_token_id", &[Meta::I32(-1)], &["eos_token_id", "-1"]);
    let kinds = "tokenizer.ggml.token_type";
    let (few, many) = (Meta::I32s(vec![1; 3]), Meta::I32s(vec![1; count + 1]));
    check_metadata(kinds, &[few, many], &["token types", &count.to_string()]);
    check_metadata(kinds, &[Meta::I32s(vec![6; count])], &[kinds, "1..=5"]);
    let mut foreign = tokens.clone();
    foreign[4] = "日".to_owned();
    let listed = "tokenizer.ggml.tokens";
    check_metadata(listed, &[Meta::Texts(foreign)], &["\"日\"", "byte-level"]);
    let more = [tokens, vec!["Ġtin".to_owned(); 2]].concat();
    let set = |gguf: &mut Gguf| {
        gguf.set(kinds, Meta::I32s(vec![1; more.len()]));
        gguf.set(listed, Meta::Texts(more.clone()));
    };
    check_gguf("more tokens than rows", set, &[&(count + 2).to_string(), "token_embd.weight"]);
    let family = "tokenizer.ggml.model";
    check_metadata(family, &[Meta::Text("bert".to_owned())], &["tokenizer model", "gpt2, llama"]);
    check_metadata(family, &[Meta::Text("llama".to_owned())], &["no tokenizer.ggml.scores"]);
    check_pieces(&[], &["no token is the byte \"<0x00>\""]);
    check_pieces(&[("<0x0>", 6)], &["byte token \"<0x0>\"", "<0x0A>"]);
    check_pieces(&[("a", 7)], &[kinds, "1..=6"]);
    check_metadata("tokenizer.ggml.pre", &[Meta::Text("tlh".to_owned())], &["tlh", "smollm"]);
    let template = Meta::Text("{% for".to_owned());
    check_metadata("tokenizer.chat_template", &[template], &["chat template"]);
}

/// Checks a SentencePiece vocabulary of these tokens and kinds.
fn check_pieces(pieces: &[(&str, i32)], parts: &[&str]) {
    let set = |gguf: &mut Gguf| {
        let texts = pieces.iter().map(|(text, _)| (*text).to_owned()).collect();
        gguf.set("tokenizer.ggml.model", Meta::Text("llama".to_owned()));
        gguf.set("tokenizer.ggml.scores", Meta::F32s(vec![0.0; pieces.len()]));
        gguf.set("tokenizer.ggml.tokens", Meta::Texts(texts));
        let kinds = pieces.iter().map(|&(_, kind)| kind).collect();
        gguf.set("tokenizer.ggml.token_type", Meta::I32s(kinds));
        gguf.remove("tokenizer.ggml.bos_token_id");
        gguf.remove("tokenizer.ggml.eos_token_id");
    };
    check_gguf("pieces", set, parts);
}

#[test]
fn with_a_wrong_tensor() {
    for name in tiny().tensors.iter().map(|tensor| tensor.name.clone()) {
        check_gguf(&name, |gguf| gguf.tensor(&name).name.push('?'), &["no tensor", &name]);
        if name != "token_embd.weight" {
            let grow = |gguf: &mut Gguf| gguf.tensor(&name).dims.push(5);
            check_gguf(&name, grow, &[&name, "shape [5, "]);
        }
        let place = |offset: u64| {
            let name = &name;
            move |gguf: &mut Gguf| gguf.tensor(name).offset = Some(offset)
        };
        for offset in [u64::MAX, 1 << 63, 1 << 40, tiny().bytes().len() as u64] {
            check_gguf(&name, place(offset), &[&name, &offset.to_string()]);
        }
        for kind in [4, 99, u32::MAX] {
            let set = |gguf: &mut Gguf| gguf.tensor(&name).kind = kind;
            check_gguf(&name, set, &["tensor type", &kind.to_string(), &name]);
        }
        let set = |gguf: &mut Gguf| gguf.tensor(&name).kind = 8;
        check_gguf(&name, set, &[&name, "block of 32"]);
    }
}

#[test]
fn with_a_wrong_shape() {
    let set = |name: &'static str, dims: &'static [u64]| {
        move |gguf: &mut Gguf| gguf.tensor(name).dims = dims.to_vec()
    };
    let (table, query) = ("token_embd.weight", "blk.0.attn_q.weight");
    check_gguf("turned", set("blk.0.attn_k.weight", &[4, 8]), &["attn_k", "[8, 4]", "[4, 8]"]);
    check_gguf("no dimension", set(query, &[]), &[query, "[]", "[8, 8]"]);
    check_gguf("no dimension", set(table, &[]), &[table]);
    check_gguf("no rows", set(table, &[8, 0]), &["vocabulary size is 0"]);
    check_gguf("5 dimensions", set(query, &[8, 8, 1, 1, 1]), &[query, "5 dimensions", "4"]);
    check_gguf("4 billion rows", set(table, &[8, 1 << 32]), &[table]);
    check_gguf("all bits", set(query, &[u64::MAX, u64::MAX]), &[query, "shape"]);
    check_gguf("overflow", set(query, &[1 << 32, 1 << 32]), &[query, "4294967296"]);
    // Claims that the rest of the header agrees with: only the file's size refuses them.
    check_gguf(
        "a large vocabulary",
        set(table, &[8, 1 << 24]),
        &[table, "[16777216, 8]", "within"],
    );
    check_gguf("sizes that multiply to 2^64", huge_heads, &[query, "281474976710656", "within"]);
    for key in ["embedding_length", "feed_forward_length"] {
        let parts = ["shape", "16777216"];
        check_metadata(&format!("llama.{key}"), &[Meta::U32(1 << 24)], &parts);
    }
    check_metadata("llama.attention.head_count", &[Meta::U32(1 << 24)], &[query, "[67108864, 8]"]);
}

/// 2^24 heads of width 2^24 over a width of 2^16.
fn huge_heads(gguf: &mut Gguf) {
    *gguf = Tiny { bytes: Vec::new(), padding: 0, ..Tiny::smallest(1) }.gguf(Element::F32);
    for (key, value) in [
        ("llama.embedding_length", 1 << 16),
        ("llama.attention.head_count", 1 << 24),
        ("llama.attention.key_length", 1 << 24),
        ("llama.rope.dimension_count", 1 << 24),
    ] {
        gguf.set(key, Meta::U32(value));
    }
    gguf.tensor("blk.0.attn_q.weight").dims = vec![1 << 16, 1 << 48];
    let table = gguf.tensor("token_embd.weight");
    table.data = vec![0; 3 * (4 << 16)];
    table.dims = vec![1 << 16, 3];
}

#[test]
fn weights_that_are_no_numbers() {
    for value in [f32::NAN, f32::INFINITY] {
        for name in ["output_norm.weight", "blk.0.attn_k.weight", "blk.0.ffn_down.weight"] {
            let set = |gguf: &mut Gguf| {
                gguf.tensor(name).data.chunks_exact_mut(4).for_each(|bytes| {
                    bytes.copy_from_slice(&value.to_le_bytes());
                });
            };
            check_gguf(&format!("{name} of {value}"), set, &["not finite"]);
        }
    }
}

fn tiny() -> Gguf {
    Tiny::smallest(1).gguf(Element::F32)
}

fn check_bytes(what: &str, bytes: &[u8], parts: &[&str]) {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    fs::write(&path, bytes).expect("a writable folder");
    assert_refused(&path, what, parts);
}

fn check_gguf(what: &str, edit: impl FnOnce(&mut Gguf), parts: &[&str]) {
    let mut gguf = tiny();
    edit(&mut gguf);
    check_bytes(what, &gguf.bytes(), parts);
}

/// Metadata replaced by each value is refused with these parts.
fn check_metadata(key: &str, values: &[Meta], parts: &[&str]) {
    for value in values {
        let what = format!("{key} = {value:?}");
        check_gguf(&what, |gguf| gguf.set(key, value.clone()), parts);
    }
}
