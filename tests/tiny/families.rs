//! Tiny models of every family: in both formats, through both engines, with the laws of sessions; and
//! each setting of a family matters.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokenrail::model::local::{Activations, Backend, Device, LocalModel, LocalOptions};
use tokenrail::model::{LanguageModel, Logits, Rows, TreeNode};
use tokenrail::vocab::TokenId;

use crate::builder::family::Family;
use crate::builder::folder::Folder;
use crate::builder::gguf::{Gguf, Meta};
use crate::builder::{Element, Tiny};
use crate::random::Random;
use crate::{assert_same, check};

/// Nats between the two engines.
const ENGINES: f64 = 1e-4;

/// One model of each family, with and without windows.
fn families() -> Vec<(String, Tiny)> {
    // Gemma's sixth layer sees everything.
    let layers = |family| if family == Family::Gemma3 { 7 } else { 2 };
    let tiny = |family| {
        let tiny = Tiny::new(40 + family as u64);
        Tiny { family, layers: layers(family), head_width: 16, ..tiny }
    };
    let families = [Family::Mistral, Family::Qwen2, Family::Qwen3, Family::Gemma3, Family::Phi3];
    families
        .into_iter()
        .flat_map(|family| {
            [None, Some(5)].map(|window| {
                (format!("{family:?}, window {window:?}"), Tiny { window, ..tiny(family) })
            })
        })
        .collect()
}

/// Whether a GGUF file of the family can say what a `config.json` says.
fn has_both_formats(tiny: &Tiny) -> bool {
    tiny.window.is_none() || !matches!(tiny.family, Family::Qwen2 | Family::Qwen3)
}

fn open(path: &Path, backend: Backend) -> LocalModel {
    let options = LocalOptions {
        backend: Some(backend),
        activations: Activations::Float32,
        ..LocalOptions::default()
    };
    LocalModel::open_with(path, &options).expect("the model opens")
}

fn open_folder(folder: &Folder, backend: Backend) -> LocalModel {
    let place = TempDir::new().expect("a folder");
    folder.write(place.path());
    open(place.path(), backend)
}

fn open_gguf(gguf: &Gguf, backend: Backend) -> LocalModel {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    fs::write(&path, gguf.bytes()).expect("a writable folder");
    open(&path, backend)
}

fn tokens(seed: u64, count: usize) -> Vec<TokenId> {
    let mut random = Random::from_seed(seed);
    (0..count).map(|_| TokenId(u32::try_from(random.below(200)).expect("small"))).collect()
}

fn feed(model: &LocalModel, tokens: &[TokenId]) -> Logits {
    model.session().feed(tokens, Rows::All).expect("it feeds")
}

#[test]
fn both_formats_give_the_same_logits() {
    for (what, tiny) in families().into_iter().filter(|(_, tiny)| has_both_formats(tiny)) {
        check(&what, &tiny);
    }
}

#[test]
fn both_engines_give_the_same_logprobs() {
    for (what, tiny) in families() {
        let folder = tiny.folder(Element::F32, 1);
        let [fast, reference] = [Backend::Fast, Backend::Reference]
            .map(|backend| feed(&open_folder(&folder, backend), &tokens(tiny.seed, 300)));
        let [fast, reference] =
            [&fast, &reference].map(|logits| logits.distributions().expect("finite"));
        for (row, (fast, reference)) in fast.iter().zip(&reference).enumerate() {
            for id in (0..tiny.rows()).map(|id| TokenId(u32::try_from(id).expect("small"))) {
                let (fast, reference) = (fast.logprob(id), reference.logprob(id));
                let apart = (fast - reference).abs();
                assert!(apart <= ENGINES, "{what}, row {row}: {fast}, not {reference}");
            }
        }
    }
}

#[test]
fn the_laws_of_sessions_hold() {
    for (what, tiny) in families() {
        for backend in [Backend::Fast, Backend::Reference] {
            let model = open_folder(&tiny.folder(Element::F32, 1), backend);
            check_laws(&model, &format!("{what}, {backend:?}"));
        }
    }
}

/// Feeding in parts, truncating, and the paths of a tree equal feeding at once.
fn check_laws(model: &LocalModel, what: &str) {
    let all = tokens(3, 40);
    let expected = feed(model, &all[..30]);
    let mut session = model.session();
    session.feed(&all[30..], Rows::None).expect("it feeds");
    session.truncate(0);
    session.feed(&all[..20], Rows::None).expect("it feeds");
    let [behind, other] = [&all[20..30], &all[30..40]];
    // Two branches, of which the nodes take turns.
    let nodes: Vec<TreeNode> = (0..20)
        .map(|index: usize| TreeNode {
            token: if index.is_multiple_of(2) { behind[index / 2] } else { other[index / 2] },
            parent: index.checked_sub(2),
        })
        .collect();
    let tree = session.feed_tree(&nodes, Rows::All).expect("it feeds");
    let others = feed(model, &[&all[..20], other].concat());
    session.truncate(10);
    let fed = session.feed(&all[10..30], Rows::All).expect("it feeds");
    let rows = |logits: &Logits, rows: &[usize]| {
        let all: Vec<&[f32]> = logits.rows().collect();
        let width = all[0].len();
        Logits::new(rows.iter().flat_map(|&row| all[row].to_vec()).collect(), width)
    };
    let range = |begin, end| (begin..end).collect::<Vec<usize>>();
    let every_other = |first: usize| (first..20).step_by(2).collect::<Vec<usize>>();
    let path = format!("{what}: a path of the tree");
    assert_same(&rows(&tree, &every_other(0)), &rows(&expected, &range(20, 30)), &path);
    assert_same(&rows(&tree, &every_other(1)), &rows(&others, &range(20, 30)), &path);
    assert_same(&fed, &rows(&expected, &range(10, 30)), &format!("{what}: fed behind a cut"));
}

/// Both engines give other logits after a change.
fn check_matters(what: &str, tiny: &Tiny, change: impl Fn(&mut Folder)) {
    let sound = tiny.folder(Element::F32, 1);
    let mut changed = sound.clone();
    change(&mut changed);
    assert_apart(what, [&sound, &changed], open_folder);
}

fn check_gguf_matters(what: &str, tiny: &Tiny, change: impl Fn(&mut Gguf)) {
    let sound = tiny.gguf(Element::F32);
    let mut changed = sound.clone();
    change(&mut changed);
    assert_apart(what, [&sound, &changed], open_gguf);
}

fn assert_apart<F>(what: &str, files: [&F; 2], open: impl Fn(&F, Backend) -> LocalModel) {
    for backend in [Backend::Fast, Backend::Reference] {
        let [sound, changed] = files.map(|file| {
            let logits = feed(&open(file, backend), &tokens(1, 12));
            logits.rows().flatten().copied().collect::<Vec<f32>>()
        });
        let apart = sound.iter().zip(&changed).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart > 1e-3, "{what}, {backend:?}: the logits are {apart} apart");
    }
}

/// A `config.json` with another value.
fn set(key: &'static str, value: Value) -> impl Fn(&mut Folder) {
    move |folder| folder.config[key] = value.clone()
}

/// A tensor of zeros.
fn zeroed(name: &'static str) -> impl Fn(&mut Gguf) {
    move |gguf| gguf.tensor(name).data.fill(0)
}

fn of(family: Family) -> Tiny {
    families().into_iter().find(|(_, tiny)| tiny.family == family).expect("one of each").1
}

#[test]
fn windows_matter() {
    let windowed = |family| Tiny { window: Some(5), ..of(family) };
    let mistral = windowed(Family::Mistral);
    check_matters("Mistral", &mistral, set("sliding_window", Value::Null));
    check_matters("Mistral", &mistral, set("sliding_window", json!(6)));
    let key = "llama.attention.sliding_window";
    check_gguf_matters("GGUF", &mistral, |gguf| gguf.remove(key));
    check_gguf_matters("GGUF", &mistral, |gguf| gguf.set(key, Meta::U32(6)));
    let qwen = windowed(Family::Qwen2);
    check_matters("Qwen", &qwen, set("use_sliding_window", json!(false)));
    check_matters("Qwen", &qwen, set("max_window_layers", json!(0)));
    check_matters("Qwen", &qwen, set("max_window_layers", json!(2)));
    let kinds = json!(["sliding_attention", "full_attention"]);
    check_matters("listed layers", &qwen, set("layer_types", kinds));
    check_matters("Phi", &windowed(Family::Phi3), set("sliding_window", Value::Null));
    let gemma = windowed(Family::Gemma3);
    check_matters("Gemma", &gemma, set("sliding_window", json!(6)));
    check_matters("Gemma", &gemma, set("sliding_window_pattern", json!(3)));
    check_matters("Gemma", &gemma, set("layer_types", json!(vec!["full_attention"; 7])));
    check_gguf_matters("Gemma", &gemma, |gguf| {
        gguf.set("gemma3.attention.sliding_window", Meta::U32(6));
    });
}

#[test]
fn rotation_matters() {
    check_matters("base", &of(Family::Qwen2), set("rope_theta", json!(100.0)));
    let both = json!({"rope_type": "default", "rope_theta": 100.0});
    check_matters("newer settings", &of(Family::Qwen2), set("rope_parameters", both));
    let linear = json!({"rope_type": "linear", "factor": 4.0});
    check_matters("linear", &of(Family::Qwen2), set("rope_scaling", linear));
    check_gguf_matters("linear", &of(Family::Qwen2), |gguf| {
        gguf.set("qwen2.rope.scaling.type", Meta::Text("linear".to_owned()));
        gguf.set("qwen2.rope.scaling.factor", Meta::F32(4.0));
    });
    let gemma = Tiny { window: Some(5), ..of(Family::Gemma3) };
    check_matters("local base", &gemma, set("rope_local_base_freq", json!(100.0)));
    check_matters("global base", &gemma, set("rope_theta", json!(1e6)));
    let of_kinds = json!({
        "full_attention": {"rope_type": "default", "rope_theta": 500.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
    });
    check_matters("newer settings of kinds", &gemma, move |folder| {
        folder.config["rope_local_base_freq"] = Value::Null;
        folder.config["rope_parameters"] = of_kinds.clone();
    });
    check_gguf_matters("local base", &gemma, |gguf| {
        gguf.set("gemma3.rope.freq_base_swa", Meta::F32(100.0));
    });
}

#[test]
fn biases_and_head_norms_matter() {
    for name in ["blk.0.attn_q.bias", "blk.1.attn_k.bias", "blk.1.attn_v.bias"] {
        check_gguf_matters(name, &of(Family::Qwen2), zeroed(name));
    }
    for name in ["blk.0.attn_q_norm.weight", "blk.1.attn_k_norm.weight"] {
        check_gguf_matters(name, &of(Family::Qwen3), zeroed(name));
    }
}

#[test]
fn what_gemma_adds_matters() {
    let gemma = of(Family::Gemma3);
    check_matters("scale of attention", &gemma, set("query_pre_attn_scalar", json!(8)));
    for name in ["post_attention_norm", "post_ffw_norm", "attn_q_norm", "ffn_norm"] {
        let name = format!("blk.1.{name}.weight");
        check_gguf_matters(&name, &gemma, |gguf| gguf.tensor(&name).data.fill(0));
    }
}

/// What is said of a model that is not opened; one that is would be printed weight by weight.
fn refusal(path: &Path) -> String {
    match LocalModel::open(path) {
        Ok(model) => panic!("{} opens", model.name()),
        Err(error) => error.to_string(),
    }
}

/// A change is refused in words that have all parts.
fn check_refused(tiny: &Tiny, change: impl Fn(&mut Folder), parts: &[&str]) {
    let mut folder = tiny.folder(Element::F32, 1);
    change(&mut folder);
    let place = TempDir::new().expect("a folder");
    folder.write(place.path());
    let error = refusal(place.path());
    parts.iter().for_each(|part| assert!(error.contains(part), "{error:?} says no {part:?}"));
}

fn check_gguf_refused(tiny: &Tiny, change: impl Fn(&mut Gguf), parts: &[&str]) {
    let mut gguf = tiny.gguf(Element::F32);
    change(&mut gguf);
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    fs::write(&path, gguf.bytes()).expect("a writable folder");
    let error = refusal(&path);
    parts.iter().for_each(|part| assert!(error.contains(part), "{error:?} says no {part:?}"));
}

#[test]
fn what_is_not_supported_is_named() {
    let qwen = of(Family::Qwen2);
    let families = ["mamba", "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "phi3"];
    check_refused(&qwen, set("model_type", json!("mamba")), &families);
    check_refused(&qwen, set("layer_types", json!(["linear_attention"])), &["linear_attention"]);
    let windowed = Tiny { window: Some(5), ..of(Family::Mistral) };
    let few = json!(["sliding_attention"]);
    check_refused(&windowed, set("layer_types", few), &["kinds of 1 layers for 2"]);
    check_refused(&windowed, set("sliding_window", json!(0)), &["window is 0"]);
    let both = json!({"rope_type": "yarn", "rope_theta": 1e6});
    check_refused(&qwen, set("rope_parameters", both), &["rope scaling", "yarn"]);
    let gemma = of(Family::Gemma3);
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
        check_refused(&gemma, set(key, json!(30.0)), &[key, "30"]);
        let key = format!("gemma3.{key}");
        check_gguf_refused(&gemma, |gguf| gguf.set(&key, Meta::F32(30.0)), &[&key]);
    }
    check_refused(&gemma, set("hidden_activation", json!("relu")), &["hidden_activation", "relu"]);
    check_refused(&gemma, set("query_pre_attn_scalar", json!(0)), &["scale of attention"]);
    let phi = of(Family::Phi3);
    check_refused(&phi, set("rope_scaling", json!({"type": "longrope"})), &["longrope"]);
    check_refused(&phi, set("partial_rotary_factor", json!(0.75)), &["partial_rotary_factor"]);
    let factors = |gguf: &mut Gguf| {
        let mut tensor = gguf.tensor("output_norm.weight").clone();
        tensor.name = "rope_factors_long.weight".to_owned();
        gguf.tensors.push(tensor);
    };
    check_gguf_refused(&phi, factors, &["longrope", "rope_factors_long.weight"]);
    let rename = |gguf: &mut Gguf| {
        gguf.tensor("blk.0.ffn_norm.weight").name = "blk.0.attn_output.bias".to_owned();
    };
    check_gguf_refused(&qwen, rename, &["blk.0.attn_output.bias", "qwen2"]);
}

/// Nothing but the CPU is there without the features for it, and the fast backend has no other.
#[test]
fn devices_that_are_not_there_are_named() {
    let folder = TempDir::new().expect("a folder");
    of(Family::Mistral).folder(Element::F32, 1).write(folder.path());
    let options = LocalOptions { device: Device::Metal(9), ..LocalOptions::default() };
    for (backend, part) in [(None, "metal:9 ("), (Some(Backend::Fast), "by the fast backend")] {
        let options = LocalOptions { backend, ..options };
        let error = LocalModel::open_with(folder.path(), &options).expect_err("it is not there");
        let error = error.to_string();
        assert!(error.contains("device") && error.contains(part), "{error}");
    }
}
