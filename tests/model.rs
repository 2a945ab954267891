//! The local model against independent implementations, and the laws of its sessions.

mod support;

use serde_json::Value;
use support::{cases, floats, lines, model};
use tokenrail::model::{Distribution, LanguageModel, Logits, Rows, TreeNode};
use tokenrail::vocab::TokenId;

/// Nats between this float32 path and another's.
const REFERENCE_TOLERANCE: f64 = 2e-3;
/// Nats between two ways of computing the same row here.
const SAME_ROW: f64 = 1e-4;

fn ids(value: &Value) -> Vec<TokenId> {
    let ids = value.as_array().expect("an array of ids").iter();
    ids.map(|id| TokenId(u32::try_from(id.as_u64().expect("an id")).expect("32 bits"))).collect()
}

fn assert_near(actual: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual}, expected {expected}");
}

/// Every logit of two results is near.
fn assert_same(left: &Logits, right: &Logits, what: &str) {
    assert_eq!(left.len(), right.len(), "{what}: rows");
    for (row, (left, right)) in left.rows().zip(right.rows()).enumerate() {
        let difference =
            left.iter().zip(right).map(|(l, r)| f64::from(l - r).abs()).fold(0.0, f64::max);
        assert!(difference <= SAME_ROW, "{what}: row {row} differs by {difference}");
    }
}

#[test]
fn token_ids_equal_two_independent_tokenizers() {
    let text = cases("tok_cases.json", "tok_cases.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let text = case["text"].as_str().expect("a text");
        let encoded = model().tokenizer().encode(text).expect("it encodes");
        assert_eq!(encoded, ids(&case["ids"]), "{text:?}");
    }
}

#[test]
fn logprobs_top_tokens_and_entropy_equal_the_reference() {
    let text = cases("reference_logprobs_f32.json", "reference_logprobs_f32.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        check_reference(case);
    }
}

fn check_reference(case: &Value) {
    let tokens = ids(&case["ids"]);
    let logits = model().session().feed(&tokens, Rows::All).expect("it feeds");
    let rows = logits.distributions().expect("finite");
    let (logprobs, entropy) = (floats(&case["logprobs"]), floats(&case["entropy"]));
    for (i, row) in rows.iter().enumerate() {
        let what = format!("{} after token {i}", case["text"]);
        assert_near(row.entropy(), entropy[i], REFERENCE_TOLERANCE, &what);
        if let Some(&next) = tokens.get(i + 1) {
            assert_near(row.logprob(next), logprobs[i + 1], REFERENCE_TOLERANCE, &what);
        }
        for expected in case["top5"][i].as_array().expect("five tokens") {
            let id = ids(&Value::from(vec![expected[0].clone()]))[0];
            let logprob = expected[1].as_f64().expect("a logprob");
            assert_near(row.logprob(id), logprob, REFERENCE_TOLERANCE, &what);
            assert!(row.rank(id) <= 6, "{what}: {id} has rank {}", row.rank(id));
        }
    }
}
