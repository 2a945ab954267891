//! The backends of local models against each other, against independent implementations, and against
//! themselves on other numbers of threads.

mod support;

use std::num::NonZero;

use serde_json::Value;
use support::{cases, floats, lines, model, open};
use tokenrail::model::local::{Activations, Backend, LocalModel, LocalOptions};
use tokenrail::model::{LanguageModel, Logits, Rows, TreeNode};
use tokenrail::vocab::TokenId;

/// Nats between two ways of computing in float32.
const FLOAT32: f64 = 2e-3;
/// The mean of llama.cpp's distances to float32, in nats a token, where its numbers are absent.
const LLAMA_CPP: f64 = 0.073;
/// From this margin in float32 on, the winner must be the same.
const CLEAR_MARGIN: f64 = 0.3;

fn ids(value: &Value) -> Vec<TokenId> {
    let ids = value.as_array().expect("an array of ids").iter();
    ids.map(|id| TokenId(u32::try_from(id.as_u64().expect("an id")).expect("32 bits"))).collect()
}

fn all_logits(model: &LocalModel, tokens: &[TokenId]) -> Logits {
    model.session().feed(tokens, Rows::All).expect("it feeds")
}

fn eight_bit(threads: usize) -> LocalModel {
    open(&LocalOptions { threads: NonZero::new(threads), ..LocalOptions::default() })
}

#[test]
fn the_reference_is_near_another_implementation_and_the_fast_backend_near_it() {
    let text = cases("reference_logprobs_f32.json", "reference_logprobs_f32.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    let options = LocalOptions { backend: Some(Backend::Reference), ..LocalOptions::default() };
    let reference = open(&options);
    assert_eq!((reference.precision(), model().precision()), ("float32", "float32, fused"));
    for case in cases {
        let tokens = ids(&case["ids"]);
        let expected = floats(&case["logprobs"]);
        let rows = [&reference, model()].map(|model| logprobs(model, &tokens));
        for (at, pair) in rows[0].iter().zip(&rows[1]).enumerate() {
            let (slow, fast) = pair;
            let what = format!("{}, token {}", case["text"], at + 1);
            assert!((slow - expected[at + 1]).abs() < FLOAT32, "{what}: {slow}");
            assert!((slow - fast).abs() < FLOAT32, "{what}: {slow} and {fast}");
        }
    }
}

/// Another family, tokenizer and other kinds of weights than the default model's: Gemma 3 with its 262,144
/// SentencePiece tokens, in Q4_K, Q5_0, Q6_K and Q8_0.
#[test]
fn gemma_is_near_another_implementation() {
    let path = support::obtained("gemma3-270m");
    let file: Value =
        serde_json::from_str(include_str!("data/gemma3_270m.json")).expect("it is JSON");
    let cases = file["cases"].as_array().expect("cases");
    // llama.cpp rounds activations too, and others than we do.
    for (activations, mean_limit) in [(Activations::EightBit, 0.1), (Activations::Float32, 0.12)] {
        let options = LocalOptions { activations, ..LocalOptions::default() };
        let model = LocalModel::open_with(&path, &options).expect("it opens");
        let mut far = Vec::new();
        for case in cases {
            let text = case["text"].as_str().expect("a text");
            let bos = model.tokenizer().vocabulary().bos().expect("Gemma begins with it");
            let mut tokens = vec![bos];
            tokens.extend(model.tokenizer().encode(text).expect("it encodes"));
            assert_eq!(tokens, ids(&case["ids"]), "{text}");
            let expected = floats(&case["logprobs"]);
            let found = logprobs(&model, &tokens);
            far.extend(found.iter().zip(&expected).map(|(found, at)| (found - at).abs()));
        }
        let worst = far.iter().copied().fold(0.0, f64::max);
        assert!(
            far.len() > 100 && mean(&far) < mean_limit && worst < 0.9,
            "{}, {worst}",
            mean(&far)
        );
    }
}

/// Of each token but the first, behind those before it.
fn logprobs(model: &LocalModel, tokens: &[TokenId]) -> Vec<f64> {
    let logits = all_logits(model, tokens);
    let rows = logits.distributions().expect("finite");
    rows.iter().zip(&tokens[1..]).map(|(row, &next)| row.logprob(next)).collect()
}

#[test]
fn eight_bits_stay_nearer_to_float32_than_llama_cpp_does() {
    let items = lines(&cases("eval/reference_mc.jsonl", "reference_mc.jsonl"));
    let model = eight_bit(2);
    assert_eq!(model.precision(), "8-bit activations");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for item in &items {
        let found = choices(&model, item);
        let of = |key: &str| -> Vec<Vec<f64>> {
            item[key].as_array().into_iter().flatten().map(floats).collect()
        };
        let (exact, other) = (of("logprobs_f32"), of("logprobs_llama_cpp"));
        ours.extend(distances(&found, &exact));
        theirs.extend(distances(&other, &exact));
        let (winner, margin) = decided(&exact);
        if margin > CLEAR_MARGIN {
            assert_eq!(decided(&found).0, winner, "{} by {margin}", item["ctx"]);
        }
    }
    let limit = if theirs.is_empty() { LLAMA_CPP } else { mean(&theirs) };
    assert!(mean(&ours) < limit, "{} nats a token, llama.cpp {limit}", mean(&ours));
}

/// The logprobs of an item's choices, all in one tree.
fn choices(model: &LocalModel, item: &Value) -> Vec<Vec<f64>> {
    let context = ids(&item["ctx_tokens"]);
    let choices: Vec<Vec<TokenId>> =
        item["cont_tokens"].as_array().expect("choices").iter().map(ids).collect();
    let mut nodes = Vec::new();
    for choice in &choices {
        let first = nodes.len();
        nodes.extend(choice.iter().enumerate().map(|(at, &token)| TreeNode {
            token,
            parent: at.checked_sub(1).map(|before| first + before),
        }));
    }
    let logits = model.session().feed_with_tree(&context, &nodes, Rows::All).expect("it feeds");
    let rows = logits.distributions().expect("finite");
    let mut first = context.len();
    let of_choice = |choice: &Vec<TokenId>| {
        let before = |at: usize| if at == 0 { context.len() - 1 } else { first + at - 1 };
        let logprobs = choice.iter().enumerate().map(|(at, &id)| rows[before(at)].logprob(id));
        let logprobs: Vec<f64> = logprobs.collect();
        first += choice.len();
        logprobs
    };
    choices.iter().map(of_choice).collect()
}

fn distances(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<f64> {
    let pairs = left.iter().flatten().zip(right.iter().flatten());
    pairs.map(|(left, right)| (left - right).abs()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The best choice by sum, and by how much.
fn decided(choices: &[Vec<f64>]) -> (usize, f64) {
    let mut sums: Vec<(f64, usize)> =
        choices.iter().map(|choice| choice.iter().sum()).zip(0..).collect();
    sums.sort_by(|a, b| b.0.total_cmp(&a.0));
    (sums[0].1, sums[0].0 - sums[1].0)
}

#[test]
fn threads_and_company_change_no_bit() {
    let tokens: Vec<TokenId> = (0..70).map(|at| TokenId(100 + at * 37)).collect();
    for activations in [Activations::EightBit, Activations::Float32] {
        let opened = |threads| {
            let threads = NonZero::new(threads);
            open(&LocalOptions { activations, threads, ..LocalOptions::default() })
        };
        let expected = all_logits(&opened(1), &tokens);
        for threads in [2, 3] {
            let found = all_logits(&opened(threads), &tokens);
            assert!(bits(&found) == bits(&expected), "{activations:?} on {threads} threads");
        }
        let model = opened(2);
        let mut session = model.session();
        for (at, &token) in tokens.iter().enumerate() {
            let row = session.feed(&[token], Rows::Last).expect("it feeds");
            let expected = expected.rows().nth(at).expect("a row");
            let expected: Vec<u32> = expected.iter().map(|logit| logit.to_bits()).collect();
            assert!(bits(&row) == expected, "{activations:?}: token {at} alone");
        }
    }
}

fn bits(logits: &Logits) -> Vec<u32> {
    logits.rows().flatten().map(|logit| logit.to_bits()).collect()
}

#[test]
fn eight_bits_keep_the_perplexity() {
    // One text for good, as the figure is of the text too, in windows of 256 tokens.
    let text = include_str!("data/prose.txt");
    let tokens = model().tokenizer().encode(text).expect("it encodes");
    let tokens = &tokens[..10_000];
    let perplexity = |model: &LocalModel| {
        let all: Vec<f64> = tokens.chunks(256).flat_map(|window| logprobs(model, window)).collect();
        (-mean(&all)).exp()
    };
    // Float32 of the fast backend, which is within a thousandth of a nat of the reference at each token (above)
    // and takes a fifth of its time.
    let (exact, rounded) = (perplexity(model()), perplexity(&eight_bit(2)));
    let change = (rounded / exact - 1.0).abs();
    assert!(change < 0.005, "{exact} in float32, {rounded} with 8-bit activations");
}
