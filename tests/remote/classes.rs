//! Every row of the table of error classes.

use serde_json::{Value, json};
use tokenrail::remote::{Body, Class, Remedy, Trouble};

const CORPUS: &str = include_str!("../data/remote/error_classes.json");

/// The words of the corpus for what would be right.
const ACTIONS: &[(&str, Remedy)] = &[
    ("fix_request", Remedy::Request),
    ("shrink_or_bigger_context_model", Remedy::Context),
    ("report", Remedy::Prompt),
    ("downlevel_schema_then_retry_once", Remedy::Schema),
    ("rename_param", Remedy::Parameter),
    ("parse failed_generation and repair", Remedy::Generation),
    ("credentials", Remedy::Key),
    ("billing", Remedy::Quota),
    ("permission", Remedy::Permission),
    ("model_or_url", Remedy::ModelOrUrl),
    ("url", Remedy::Url),
    ("retry once", Remedy::RetryOnce),
    ("retry", Remedy::Retry),
    ("shrink", Remedy::Shrink),
    ("HF TGI", Remedy::RetryOnce),
    ("pause the bucket", Remedy::Pause),
    ("fallback_provider", Remedy::Quota),
    ("Groq flex capacity", Remedy::Retry),
    ("no retry", Remedy::Nothing),
    ("unsupported", Remedy::Unsupported),
    ("520-524 Cloudflare", Remedy::Retry),
    ("long backoff", Remedy::Retry),
    ("empty body", Remedy::RetryOnce),
    ("captive portal", Remedy::Url),
];

fn check(status: u16, body: &Body, class: Class, remedy: Remedy) {
    let trouble = Trouble::of_response(status, body).expect("it failed");
    assert_eq!((trouble.class, trouble.remedy), (class, remedy), "{status} {body:?}");
    assert_eq!(trouble.status, Some(status), "{body:?}");
}

fn body(value: &Value) -> Body {
    match value {
        Value::Null => Body::Empty,
        Value::String(text) => Body::read(text.as_bytes()),
        value => Body::Json(value.clone()),
    }
}

#[test]
fn the_corpus_is_classified() {
    let corpus: Value = serde_json::from_str(CORPUS).expect("JSON");
    let cases = corpus["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 31);
    for case in cases {
        let status = u16::try_from(case["status"].as_u64().expect("a status")).expect("a status");
        let body = body(&case["body"]);
        if case["class"] == "by_inner" {
            check(status, &body, Class::RateLimited, Remedy::Pause);
            continue;
        }
        let trouble = Trouble::of_response(status, &body).expect("it failed");
        assert_eq!(trouble.class.name(), case["class"], "{case}");
        let action = case["action"].as_str().expect("an action");
        let known = ACTIONS.iter().filter(|(words, _)| action.starts_with(words));
        let (_, remedy) = known.max_by_key(|(words, _)| words.len()).expect("a known action");
        assert_eq!(trouble.remedy, *remedy, "{case}");
    }
}

#[test]
fn what_the_body_says_counts_more_than_the_status() {
    let error = |error: Value| Body::Json(json!({"error": error}));
    let cases = [
        (429, error(json!({"code": "insufficient_quota"})), Class::Fatal, Remedy::Quota),
        (
            429,
            error(json!({"details": [{"violations": [{"quotaId": "RequestsPerDay-Free"}]}]})),
            Class::Fatal,
            Remedy::Quota,
        ),
        (
            503,
            error(json!({"message": "Loading model", "code": 503})),
            Class::Loading,
            Remedy::Retry,
        ),
        (503, Body::Text("<html>".into()), Class::Transient, Remedy::Retry),
        (
            400,
            error(json!({"message": "This model's maximum context length is 4096 tokens"})),
            Class::FatalForModel,
            Remedy::Context,
        ),
        (
            400,
            error(json!({"message": "Unsupported parameter: 'top_p'", "param": "top_p"})),
            Class::Adaptable,
            Remedy::Parameter,
        ),
        (
            422,
            error(json!({"code": "unknown_parameter", "param": "seed"})),
            Class::Adaptable,
            Remedy::Parameter,
        ),
        (
            400,
            error(json!({"code": "invalid_value", "param": "messages"})),
            Class::Fatal,
            Remedy::Request,
        ),
        (200, error(json!({"type": "overloaded_error"})), Class::Overloaded, Remedy::Retry),
        (200, error(json!({"type": "insufficient_quota"})), Class::Fatal, Remedy::Quota),
        (
            200,
            error(json!({"code": "context_length_exceeded"})),
            Class::FatalForModel,
            Remedy::Context,
        ),
        (200, error(json!({"message": "what?"})), Class::TransientOnce, Remedy::RetryOnce),
        (200, error(json!("boom")), Class::TransientOnce, Remedy::RetryOnce),
        (301, Body::Empty, Class::Fatal, Remedy::Url),
        (418, Body::Empty, Class::Fatal, Remedy::Request),
        (599, Body::Empty, Class::Transient, Remedy::Retry),
    ];
    for (status, body, class, remedy) in cases {
        check(status, &body, class, remedy);
    }
    let fine = [json!({"choices": []}), json!({"error": null}), json!([1])];
    for body in fine {
        assert_eq!(Trouble::of_response(200, &Body::Json(body)), None);
    }
}
