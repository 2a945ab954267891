//! Damaged model files end in an error that says where: no panic, no claim of memory they lack.
#![allow(unsafe_code, reason = "a global allocator that counts")]

#[path = "tiny/builder.rs"]
mod builder;
#[path = "tiny/random.rs"]
mod random;
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use builder::{Element, Folder, Gguf, Meta, SafeTensors, Tiny, array_head};
use random::Random;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{LanguageModel, Message, ModelError, Rows, TreeNode};
use tokenrail::vocab::TokenId;

/// The most bytes that opening and using a tiny model may hold; a sound one takes about 1 MB.
const MEMORY: isize = 4 << 20;

/// The system's allocator, which counts the bytes that each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps `alloc_zeroed`'s contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Opens a model and, where it opens, uses all of it.
fn open(path: &Path) -> Result<(), ModelError> {
    let model = LocalModel::open(path)?;
    if let Some(template) = model.chat_template() {
        template.render(&[Message::user("hi")])?;
    }
    let vocabulary = model.tokenizer().vocabulary();
    let rows = u32::try_from(vocabulary.len()).expect("a tiny vocabulary");
    (0..rows).for_each(|id| drop(vocabulary.piece(TokenId(id))));
    model.tokenizer().encode(" the <|im_end|> hint")?;
    let mut session = model.session();
    let tokens = [TokenId(0), TokenId(rows - 1), TokenId(rows / 2)];
    session.feed(&tokens, Rows::All)?.distributions()?;
    let tree = [None, Some(0)].map(|parent| TreeNode { token: TokenId(1), parent });
    session.feed_tree(&tree, Rows::Last)?.distributions()?;
    Ok(())
}

/// What opening comes to; panics with the case when that panics or takes too much memory.
fn outcome(path: &Path, memory: isize, case: &dyn Fn() -> String) -> Result<(), String> {
    let before = HELD.get();
    MOST.set(before);
    let outcome = catch_unwind(AssertUnwindSafe(|| open(path).map_err(|error| error.to_string())));
    let Ok(outcome) = outcome else { panic!("{}: panicked", case()) };
    let most = MOST.get() - before;
    assert!(most <= memory, "{}: {most} bytes of memory; {outcome:?}", case());
    outcome
}

/// The outcome is an error that contains every part.
fn assert_refused(path: &Path, what: &str, parts: &[&str]) {
    let Err(error) = outcome(path, MEMORY, &|| what.to_owned()) else {
        panic!("{what}: it opens; expected an error with {parts:?}")
    };
    for part in parts {
        assert!(error.contains(part), "{what}: {error:?} does not say {part:?}");
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

#[test]
fn a_sound_file_opens() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    fs::write(&path, tiny().bytes()).expect("a writable folder");
    assert_eq!(outcome(&path, MEMORY, &|| "sound".to_owned()), Ok(()));
    Tiny::smallest(1).folder(Element::F32, 2).write(place.path());
    assert_eq!(outcome(place.path(), MEMORY, &|| "sound".to_owned()), Ok(()));
}

#[test]
fn gguf_cut_short() {
    let (bytes, header) = (tiny().bytes(), tiny().header().len());
    for len in (0..header).chain((header..bytes.len()).step_by(7)) {
        check_bytes(&format!("cut to {len} bytes"), &bytes[..len], &["tiny.gguf"]);
    }
}

#[test]
fn gguf_with_each_header_bit_flipped() {
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
fn gguf_header_with_impossible_numbers() {
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
fn gguf_metadata_of_impossible_kinds() {
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
fn gguf_without_a_key() {
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
fn gguf_with_a_wrong_architecture() {
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
fn gguf_with_a_wrong_vocabulary() {
    let texts = |texts: &[&str]| Meta::Texts(texts.iter().map(|&text| text.to_owned()).collect());
    let tokens = Tiny::smallest(1).tokens();
    let count = tokens.len();
    let merges = "tokenizer.ggml.merges";
    check_metadata(merges, &[texts(&["he"])], &["merge", "\"he\"", "two pieces"]);
    let (unknown, too_long) = (texts(&["h z"]), texts(&["<|endoftext|> <|im_start|>"]));
    check_metadata(merges, &[unknown, texts(&["h t"]), too_long], &["merge", "makes no token"]);
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
    check_metadata("tokenizer.ggml.model", &[Meta::Text("llama".to_owned())], &["tokenizer model"]);
    check_metadata("tokenizer.ggml.pre", &[Meta::Text("tlh".to_owned())], &["tlh", "smollm"]);
    let template = Meta::Text("{% for".to_owned());
    check_metadata("tokenizer.chat_template", &[template], &["chat template"]);
}

#[test]
fn gguf_with_a_wrong_tensor() {
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
fn gguf_with_a_wrong_shape() {
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
    table.data = vec![0; (3 * 4) << 16];
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
fn folders_without_a_file_or_with_another_in_its_place() {
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
    check_file(file, Some(&[0; 7]), &[file]);
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
    data.resize((3 * 4) << 16, 0);
    header["model.embed_tokens.weight"] =
        json!({"dtype": "F32", "shape": [3, 1 << 16], "data_offsets": [0, data.len()]});
    header["model.layers.0.self_attn.q_proj.weight"] =
        json!({"dtype": "F32", "shape": [1u64 << 48, 1 << 16], "data_offsets": [0, 0]});
}

#[test]
fn tokenizer_json_with_wrong_parts() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 15] = [
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
    ];
    for (index, (edit, part)) in edits.into_iter().enumerate() {
        check_folder(&format!("edit {index}"), |folder| edit(&mut folder.tokenizer), &[part]);
    }
}

/// A normalizer whose table claims 4 GB.
fn precompiled() -> Value {
    json!({"type": "Precompiled", "precompiled_charsmap": "/////w=="})
}

#[test]
fn folders_with_bits_flipped() {
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

#[test]
fn the_default_model_with_header_bits_flipped() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("model.gguf");
    let size = fs::copy(support::model_path(), &path).expect("room for a copy");
    let mut file = File::options().read(true).write(true).open(&path).expect("the copy is there");
    let (seed, mut random) = (2026, Random::from_seed(2026));
    let opened = (0..40).filter(|flip| {
        let (at, bit) = (random.below(2 << 20) as u64, random.below(8));
        flip_bit(&mut file, at, bit);
        let case = || format!("seed {seed}, flip {flip}: bit {bit} of byte {at}");
        let outcome = outcome(&path, 10 * size as isize, &case);
        flip_bit(&mut file, at, bit);
        outcome.is_ok()
    });
    let opened = opened.count();
    assert!(opened < 40, "no flip was noticed");
}

fn flip_bit(file: &mut File, at: u64, bit: usize) {
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).expect("within the file");
    file.read_exact(&mut byte).expect("within the file");
    byte[0] ^= 1 << bit;
    file.seek(SeekFrom::Start(at)).expect("within the file");
    file.write_all(&byte).expect("a writable file");
}
