//! Every row of the table of headers, and dates by clocks that are wrong.

use std::time::Duration;

use serde_json::{Value, json};
use tokenrail::openai::Fault;
use tokenrail::remote::{
    Body, Class, Headers, HintSource, Provider, RetryPolicy, ServerBucket, Signals, Trouble,
};

const CORPUS: &str = include_str!("../data/remote/rate_headers.json");
/// 2026-01-02T03:04:05Z, which is `now` in the corpus.
const NOW: Duration = Duration::from_secs(1_767_323_045);

fn provider(name: &str) -> Provider {
    match name {
        "openai" => Provider::OpenAi,
        "azure" => Provider::Azure,
        "anthropic" => Provider::Anthropic,
        "groq" => Provider::Groq,
        "gemini" => Provider::Gemini,
        "openrouter" => Provider::OpenRouter,
        _ => Provider::Other,
    }
}

fn read(headers: &Value, body: &Value, provider: Provider) -> Signals {
    let headers: Headers = headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, value.as_str().expect("a text")))
        .collect();
    Signals::read(&headers, Fault::read(body).as_ref(), provider, NOW)
}

fn check_bucket(found: Option<&ServerBucket>, expected: &Value, case: &Value) {
    let found = found.unwrap_or_else(|| panic!("no bucket: {case}"));
    for (name, value) in expected.as_object().expect("an object") {
        let seconds = found.full_in.map(|time| time.as_secs_f64());
        match name.as_str() {
            "limit" => assert_eq!(found.limit, value.as_u64(), "{case}"),
            "remaining" => assert_eq!(found.remaining, value.as_u64(), "{case}"),
            "full_in_s" => assert_eq!(seconds, value.as_f64(), "{case}"),
            "reset_epoch_ms" => {
                let at = value.as_u64().expect("a number") as f64 / 1000.0;
                assert_eq!(seconds, Some(at - NOW.as_secs_f64()), "{case}");
            }
            name => panic!("{name} is not known: {case}"),
        }
    }
}

#[test]
fn the_corpus_is_read() {
    let corpus: Value = serde_json::from_str(CORPUS).expect("JSON");
    let cases = corpus["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 21);
    for case in cases {
        let provider = provider(case["provider"].as_str().expect("a provider"));
        let signals = read(&case["headers"], &case["body"], provider);
        let wait = signals.hint.map(|hint| hint.wait.as_secs_f64());
        for (name, value) in case["expect"].as_object().expect("an object") {
            let limits = &signals.limits;
            let minutes = |bucket: &Option<ServerBucket>| bucket.as_ref()?.period;
            match name.as_str() {
                // Zero is no hint.
                "wait_s" => assert_eq!(wait, value.as_f64().filter(|wait| *wait > 0.0), "{case}"),
                "over_cap" => assert!(wait > Some(RetryPolicy::default().max_wait.as_secs_f64())),
                "should_retry" => assert_eq!(signals.should_retry, value.as_bool(), "{case}"),
                "request_id" => assert_eq!(signals.request_id.as_deref(), value.as_str(), "{case}"),
                "requests" => check_bucket(limits.requests.as_ref(), value, case),
                "tokens" => check_bucket(limits.tokens.as_ref(), value, case),
                "input_tokens" => check_bucket(limits.input_tokens.as_ref(), value, case),
                "output_tokens" => check_bucket(limits.output_tokens.as_ref(), value, case),
                "requests_per" => {
                    assert_eq!(minutes(&limits.requests), Some(Duration::from_secs(86400)))
                }
                "tokens_per" => assert_eq!(minutes(&limits.tokens), Some(Duration::from_secs(60))),
                "fatal" => {
                    let body = Body::Json(case["body"].clone());
                    let trouble = Trouble::of_response(429, &body).expect("it failed");
                    assert_eq!(trouble.class, Class::Fatal, "{case}");
                }
                name => panic!("{name} is not known: {case}"),
            }
        }
    }
}

#[test]
fn hints_are_taken_in_their_order_and_only_where_they_mean_something() {
    let text = |message: &str| json!({"error": {"message": message}});
    let delay = |delay: &str, message: &str| json!({"error": {"message": message, "details": [{"retryDelay": delay}]}});
    let none = Value::Null;
    let exhausted = json!({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6s"});
    let cases = [
        (
            json!({"retry-after-ms": "1500", "retry-after": "9"}),
            none.clone(),
            Some((1500, HintSource::RetryAfterMs)),
        ),
        (
            json!({"retry-after-ms": "oops", "retry-after": "9"}),
            none.clone(),
            Some((9000, HintSource::RetryAfter)),
        ),
        (json!({"retry-after": "9"}), delay("3s", ""), Some((9000, HintSource::RetryAfter))),
        (exhausted.clone(), delay("3s", "try again in 2s"), Some((3000, HintSource::Body))),
        (exhausted.clone(), text("try again in 2s"), Some((6000, HintSource::Exhausted))),
        (json!({"retry-after": "0"}), text("try again in 2s"), Some((2000, HintSource::Text))),
        (json!({}), text("Please retry in 26.66s"), Some((26660, HintSource::Text))),
        (json!({}), text("Please try again in 12m3s."), Some((723_000, HintSource::Text))),
        (json!({}), text("try again in 864ms"), Some((864, HintSource::Text))),
        (json!({}), text("Try again in 20 seconds"), Some((20000, HintSource::Text))),
        (json!({}), text("retry after 1 minute"), Some((60000, HintSource::Text))),
        (json!({}), text("try again in a while"), None),
        (json!({"retry-after": "NaN"}), none.clone(), None),
        (json!({"retry-after": "inf"}), none.clone(), None),
        (json!({"retry-after": "1e300"}), none.clone(), None),
        (json!({"retry-after": ""}), none.clone(), None),
        (json!({"retry-after": "soon"}), none.clone(), None),
        (json!({"retry-after-ms": "-5"}), none.clone(), None),
        // Of 60 requests a minute one comes back in a second.
        (
            json!({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0s"}),
            none.clone(),
            Some((1000, HintSource::Exhausted)),
        ),
        (
            json!({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}),
            none.clone(),
            Some((30000, HintSource::Exhausted)),
        ),
        (
            json!({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767323055"}),
            none.clone(),
            Some((10000, HintSource::Exhausted)),
        ),
        (json!({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "30"}), none, None),
    ];
    for (headers, body, expected) in cases {
        let hint = read(&headers, &body, Provider::Other).hint;
        let expected = expected.map(|(wait, source)| (Duration::from_millis(wait), source));
        assert_eq!(hint.map(|hint| (hint.wait, hint.source)), expected, "{headers} {body}");
    }
}

/// The wait is the difference of two dates of the same clock, however wrong that is.
#[test]
fn dates_are_compared_by_the_clock_that_wrote_them() {
    let date = |time: &str| format!("Fri, 02 Jan 2026 {time} GMT");
    let cases = [
        // The endpoint's clock is right, an hour behind, an hour ahead.
        (Some("03:04:05"), "03:04:25", Some(20)),
        (Some("02:04:05"), "02:04:25", Some(20)),
        (Some("04:04:05"), "04:04:25", Some(20)),
        // Nobody says what time it is there.
        (None, "03:04:25", Some(20)),
        (None, "02:04:25", None),
        (None, "04:04:05", Some(3600)),
        // It is over, or now.
        (Some("03:04:05"), "03:04:04", None),
        (Some("03:04:05"), "03:04:05", None),
        (Some("23:59:50"), "23:59:59", Some(9)),
        // A date that is none leaves the own clock.
        (Some("25:00:00"), "03:04:25", Some(20)),
    ];
    for (now, until, expected) in cases {
        let mut headers = json!({"retry-after": date(until)});
        if let Some(now) = now {
            headers["date"] = json!(date(now));
        }
        let hint = read(&headers, &Value::Null, Provider::Other).hint;
        assert_eq!(hint.map(|hint| hint.wait.as_secs()), expected, "{headers}");
    }
    let over_years = json!({"date": "Thu, 31 Dec 2026 23:59:59 GMT", "retry-after": "Fri, 01 Jan 2027 00:00:01 GMT"});
    let leap_day = json!({"date": "Mon, 28 Feb 2028 23:59:59 GMT", "retry-after": "Tue, 29 Feb 2028 00:00:01 GMT"});
    for headers in [over_years, leap_day] {
        let hint = read(&headers, &Value::Null, Provider::Other).hint.expect("a hint");
        assert_eq!(hint.wait, Duration::from_secs(2), "{headers}");
    }
    let stamps = [
        ("2026-01-02T03:04:35Z", 30),
        ("2026-01-02T04:04:35+01:00", 30),
        ("2026-01-02T00:34:35.5-02:30", 30),
        ("2026-13-02T00:34:35Z", -1),
    ];
    for (stamp, expected) in stamps {
        let headers = json!({"anthropic-ratelimit-requests-reset": stamp, "anthropic-ratelimit-requests-remaining": "0"});
        let hint = read(&headers, &Value::Null, Provider::Anthropic).hint;
        assert_eq!(hint.map_or(-1, |hint| hint.wait.as_secs() as i64), expected, "{stamp}");
    }
}
