//! What calls share, and what they keep to themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenrail::remote::{
    BlockingClient, Client, Endpoint as Address, GaveUp, Key, Options, RemoteError, Request,
    RetryPolicy, Target, Trigger,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::endpoint::{Endpoint, Step, http};
use super::matrix::options;

const OK: &str = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
const SECRET: &str = "sk-very-secret";
const PROMPT: &str = "what nobody else may read";

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn target(url: &str) -> Target {
    let key = Key::new(SECRET).expect("a key");
    Target::new(Address::new(url, Some(key)).expect("an address"), "m")
}

fn request() -> Request {
    let messages = json!([{"role": "user", "content": PROMPT}]);
    Request::chat(json!({"messages": messages, "max_tokens": 4})).expect("an object")
}

fn client(url: &str) -> Client {
    Client::new(vec![target(url)], options()).expect("a client")
}

fn failure(error: RemoteError) -> Box<tokenrail::remote::Failure> {
    match error {
        RemoteError::Failed(failure) => failure,
        error => panic!("{error}"),
    }
}

#[test]
fn a_call_may_take_for_ever() {
    runtime().block_on(async {
        let endpoint = Endpoint::start(vec![http(200, &[], OK)]).await;
        let retry = RetryPolicy { deadline: Duration::MAX, ..RetryPolicy::default() };
        let options = Options { retry, ..options() };
        let client = Client::new(vec![target(&endpoint.url())], options).expect("a client");
        assert_eq!(client.send(&request()).await.expect("an answer").reply.text(), "hi");
    });
}

#[test]
fn requests_are_what_was_asked_for_with_the_model_and_the_key() {
    runtime().block_on(async {
        let endpoint = Endpoint::start(vec![http(200, &[], OK)]).await;
        let answer = client(&endpoint.url()).send(&request()).await.expect("an answer");
        let seen = endpoint.seen();
        assert!(seen[0].head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{}", seen[0].head);
        assert!(seen[0].head.contains(&format!("authorization: bearer {SECRET}\r\n")));
        assert!(seen[0].head.contains("accept-encoding: gzip\r\n"));
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 4});
        assert_eq!(seen[0].body, expected);
        assert_eq!((answer.asked.as_str(), answer.usage().total()), ("m", 0));
        let mut told = |_: &_| {};
        let _ = client(&endpoint.url()).stream(&request(), &mut told).await;
        let body = &endpoint.seen()[1].body;
        assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({"include_usage": true})));
    });
}

/// What servers have besides, each with a path, and what the endpoint gets.
#[test]
fn what_is_no_reply_is_fetched_as_it_is() {
    runtime().block_on(async {
        let models = json!({"data": [{"id": "m-1"}]}).to_string();
        let busy = http(503, &[("retry-after", "1")], "");
        let endpoint = Endpoint::start(vec![
            busy,
            http(200, &[], &models),
            http(200, &[], "[1, 2]"),
            http(404, &[], ""),
        ])
        .await;
        let client = client(&endpoint.url());
        let fetched = client.fetch(&Request::get("models")).await.expect("models");
        assert_eq!((&fetched.body["data"][0]["id"], fetched.ledger.len()), (&json!("m-1"), 2));
        let tokenize = Request::post("/tokenize", json!({"prompt": "a"})).expect("an object");
        assert_eq!(client.fetch(&tokenize).await.expect("tokens").body, json!([1, 2]));
        let failed =
            failure(client.fetch(&Request::get("/props")).await.expect_err("it is not there"));
        assert_eq!(failed.gave_up, GaveUp::Fatal);
        let lines: Vec<String> = endpoint
            .seen()
            .iter()
            .map(|seen| format!("{} {}", seen.head.lines().next().unwrap_or_default(), seen.body))
            .collect();
        let expected = [
            "get /v1/models http/1.1 null",
            "get /v1/models http/1.1 null",
            "post /tokenize http/1.1 {\"prompt\":\"a\"}",
            "get /props http/1.1 null",
        ];
        assert_eq!(lines, expected);
        let own = json!({"choices": [{"text": "hi", "finish_reason": "stop", "token_ids": [7]}]})
            .to_string();
        let endpoint = Endpoint::start(vec![http(200, &[], own)]).await;
        let request = Request::completion(json!({"prompt": "a"})).expect("an object");
        let answer = self::client(&endpoint.url()).send(&request).await.expect("an answer");
        assert_eq!(answer.body["choices"][0]["token_ids"], json!([7]));
    });
}

/// Wherever one could look: the key is in no text, and the prompt in none but the request.
#[test]
fn keys_and_prompts_are_in_no_text() {
    runtime().block_on(async {
        let echo =
            json!({"error": {"message": format!("bad key {SECRET}"), "code": "invalid_api_key"}});
        let endpoint =
            Endpoint::start(vec![http(401, &[("x-request-id", "req-9")], echo.to_string())]).await;
        let client = client(&endpoint.url());
        let error = client.send(&request()).await.expect_err("it is refused");
        let told = error.to_string();
        assert!(
            told.contains("req-9") && told.contains("401") && told.contains("check the key"),
            "{told}"
        );
        for text in
            [told, format!("{error:?}"), format!("{client:?}"), format!("{:?}", target("http://h"))]
        {
            assert!(!text.contains(SECRET) && !text.contains(PROMPT), "{text}");
        }
        let endpoint = Endpoint::start(vec![http(401, &[], "")]).await;
        let url = format!("{}?key={SECRET}", endpoint.url());
        let with_query = Client::new(
            vec![Target::new(Address::new(&url, None).expect("an address"), "m")],
            options(),
        );
        let error =
            with_query.expect("a client").send(&request()).await.expect_err("it is refused");
        assert!(!error.to_string().contains(SECRET), "{error}");
        assert!(
            endpoint.seen()[0]
                .head
                .starts_with(&format!("post /v1/chat/completions?key={SECRET} "))
        );
    });
}

#[test]
fn redirects_to_another_host_drop_the_key() {
    runtime().block_on(async {
        let other = Endpoint::start(vec![http(200, &[], OK)]).await;
        let place = format!("{}/elsewhere", other.url());
        let endpoint = Endpoint::start(vec![http(307, &[("location", &place)], "")]).await;
        client(&endpoint.url()).send(&request()).await.expect("an answer");
        assert!(endpoint.seen()[0].head.contains(SECRET));
        let seen = other.seen();
        assert!(seen[0].head.starts_with("post /elsewhere ") && !seen[0].head.contains(SECRET));
        assert_eq!(seen[0].body["max_tokens"], 4);
        let place = "/v2/chat/completions";
        let endpoint =
            Endpoint::start(vec![http(308, &[("location", place)], ""), http(200, &[], OK)]).await;
        client(&endpoint.url()).send(&request()).await.expect("an answer");
        assert!(endpoint.seen()[1].head.contains(SECRET), "it is the same host");
    });
}

#[test]
fn certificates_are_verified() {
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, crypto::ring};
    let certificate = include_bytes!("../data/remote/tls/certificate.pem");
    let certificate = CertificateDer::from_pem_slice(certificate).expect("a certificate");
    let key =
        PrivateKeyDer::from_pem_slice(include_bytes!("../data/remote/tls/key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                assert!(acceptor.accept(stream).await.is_err(), "nobody may trust this");
            }
        });
        let error = client(&format!("https://localhost:{port}")).send(&request()).await;
        let failure = failure(error.expect_err("it is not trusted"));
        assert_eq!(
            (failure.trouble.note, &failure.gave_up),
            ("the certificate is not trusted", &GaveUp::Fatal)
        );
        assert!(!task.is_finished());
        task.abort();
    });
}

#[test]
fn nobody_listens() {
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        let failure = failure(client(&url).send(&request()).await.expect_err("nobody listens"));
        assert!(failure.to_string().contains(&url), "{failure}");
        assert_eq!(
            (failure.trouble.note, &failure.gave_up, failure.ledger.len()),
            ("there is no connection", &GaveUp::Attempts, 4)
        );
    });
}

#[test]
fn an_endpoint_that_keeps_failing_is_left_alone() {
    runtime().block_on(async {
        let endpoint = Endpoint::start(vec![vec![Step::Close]]).await;
        let options = options();
        let clock = options.clock.clone();
        let retry = RetryPolicy { attempts: 1, ..options.retry.clone() };
        let client = Client::new(vec![target(&endpoint.url())], Options { retry, ..options })
            .expect("a client");
        for _ in 0..5 {
            assert_eq!(
                failure(client.send(&request()).await.expect_err("closed")).gave_up,
                GaveUp::Attempts
            );
        }
        let failed = failure(client.send(&request()).await.expect_err("open"));
        assert!(matches!(failed.gave_up, GaveUp::Open { .. }) && failed.ledger.is_empty());
        assert_eq!(endpoint.seen().len(), 5);
        clock.sleep(Duration::from_secs(31)).await;
        assert_eq!(
            failure(client.send(&request()).await.expect_err("closed")).gave_up,
            GaveUp::Attempts
        );
        assert!(client.send(&request()).await.is_err());
        assert_eq!(endpoint.seen().len(), 6, "one on trial");
    });
}

/// Headers of answers count too, not only those of failures: what is used up is waited for.
#[test]
fn what_answers_tell_of_limits_is_kept_to() {
    let cases = [
        (
            [
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1m0s"),
            ],
            1.0,
        ),
        (
            [
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "9"),
                ("x-ratelimit-reset-requests", "51s"),
            ],
            0.0,
        ),
        // Four tokens are to be written and some 25 are sent.
        (
            [
                ("x-ratelimit-limit-tokens", "600"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "1m0s"),
            ],
            3.0,
        ),
    ];
    runtime().block_on(async {
        for (headers, expected) in cases {
            let endpoint = Endpoint::start(vec![http(200, &headers, OK), http(200, &[], OK)]).await;
            let client = client(&endpoint.url());
            client.send(&request()).await.expect("an answer");
            let answer = client.send(&request()).await.expect("an answer");
            let queued = answer.ledger[0].queued.as_secs_f64();
            assert!((queued - expected).abs() <= 0.4 * expected + 0.1, "{headers:?}: {queued}");
        }
    });
}

/// What one was told to wait for longer than it may, nobody waits for.
#[test]
fn a_long_pause_is_everyones() {
    runtime().block_on(async {
        let limited = http(429, &[("retry-after", "3600")], "");
        let endpoint = Endpoint::start(vec![limited, http(200, &[], OK)]).await;
        let options = options();
        let clock = options.clock.clone();
        let client = Client::new(vec![target(&endpoint.url())], options).expect("a client");
        for sent in [1, 0, 0] {
            let failed = failure(client.send(&request()).await.expect_err("limited"));
            assert!(matches!(failed.gave_up, GaveUp::LongWait { .. }), "{failed}");
            assert_eq!(failed.ledger.len(), sent);
        }
        clock.sleep(Duration::from_secs(3600)).await;
        assert!(client.send(&request()).await.is_ok());
        assert_eq!(endpoint.seen().len(), 2);
    });
}

/// Ten tries behind failures for all calls together, and a tenth of one for each success.
#[test]
fn callers_share_a_budget_of_tries() {
    runtime().block_on(async {
        let endpoint = Endpoint::start(vec![http(429, &[], "")]).await;
        let client = client(&endpoint.url());
        let mut gave_up = Vec::new();
        for _ in 0..5 {
            gave_up.push(failure(client.send(&request()).await.expect_err("limited")).gave_up);
        }
        use GaveUp::{Attempts, Budget};
        assert_eq!(gave_up, [Attempts, Attempts, Attempts, Budget, Budget]);
        assert_eq!(endpoint.seen().len(), 4 + 4 + 4 + 2 + 1);
    });
}

#[test]
fn what_an_endpoint_wants_is_remembered() {
    runtime().block_on(async {
        let error = json!({"error": {"code": "unsupported_parameter", "param": "max_tokens"}});
        let endpoint =
            Endpoint::start(vec![http(400, &[], error.to_string()), http(200, &[], OK)]).await;
        let client = client(&endpoint.url());
        for requests in [2, 3] {
            let answer = client.send(&request()).await.expect("an answer");
            assert_eq!(
                answer.adaptations[0].to_string(),
                "max_tokens is sent as max_completion_tokens"
            );
            let seen = endpoint.seen();
            assert_eq!(seen.len(), requests);
            let body = &seen[requests - 1].body;
            assert_eq!(
                (&body["max_tokens"], &body["max_completion_tokens"]),
                (&Value::Null, &json!(4))
            );
        }
    });
}

#[test]
fn a_refusal_leads_on_only_where_the_caller_says_so() {
    runtime().block_on(async {
        let refusal =
            json!({"choices": [{"message": {"refusal": "No."}, "finish_reason": "stop"}]});
        let first = Endpoint::start(vec![http(200, &[], refusal.to_string())]).await;
        let second = Endpoint::start(vec![http(200, &[], OK)]).await;
        let mut other = target(&second.url());
        other.triggers.insert(Trigger::Refusal);
        let client = Client::new(vec![target(&first.url()), other], options()).expect("a client");
        let answer = client.send(&request()).await.expect("an answer");
        assert_eq!((answer.reply.text(), answer.ledger.len()), ("hi", 2));
        assert!(answer.endpoint.contains(&second.address.to_string()));
    });
}

/// Behind a 429 all wait, and one goes first.
#[test]
fn a_limit_is_everyones() {
    runtime().block_on(async {
        let limited = http(429, &[("retry-after-ms", "300")], "");
        let slow = |time| [vec![Step::Pause(time)], http(200, &[], OK)].concat();
        let endpoint = Endpoint::start(vec![limited, slow(100), slow(1)]).await;
        let options = Options { clock: Default::default(), ..options() };
        let client = Client::new(vec![target(&endpoint.url())], options).expect("a client");
        let begin = Instant::now();
        let first = client.clone();
        let first = tokio::spawn(async move { first.send(&request()).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut others = JoinSet::new();
        for _ in 0..10 {
            let client = client.clone();
            others.spawn(async move {
                client.send(&request()).await.map(|answer| answer.ledger[0].queued)
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(endpoint.seen().len(), 1, "they wait for what the first was told");
        while let Some(queued) = others.join_next().await {
            let queued = queued.expect("no panic").expect("an answer");
            assert!(queued >= Duration::from_millis(100), "{queued:?}");
        }
        assert!(first.await.expect("no panic").is_ok());
        assert!(begin.elapsed() >= Duration::from_millis(300));
        assert_eq!(endpoint.seen().len(), 12);
    });
}

/// A caller that goes away takes its place in the line along.
#[test]
fn who_goes_away_leaves_no_trace() {
    runtime().block_on(async {
        let endpoint = Endpoint::start(vec![vec![Step::Hang], http(200, &[], OK)]).await;
        let mut target = target(&endpoint.url());
        target.endpoint.limits.concurrency = 1;
        let options = Options { clock: Default::default(), ..options() };
        let client = Client::new(vec![target], options).expect("a client");
        let mut calls = JoinSet::new();
        for _ in 0..3 {
            let client = client.clone();
            calls.spawn(async move { client.send(&request()).await.map(drop) });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(endpoint.seen().len(), 1, "one at once");
        calls.shutdown().await;
        assert!(client.send(&request()).await.is_ok());
    });
}

/// An endpoint that takes 20 ms for each is done in 0.4 seconds; the bound is for machines that have other work.
#[test]
fn two_hundred_at_once_share_connections() {
    runtime().block_on(async {
        let endpoint =
            Endpoint::start(vec![[vec![Step::Pause(20)], http(200, &[], OK)].concat()]).await;
        let mut target = target(&endpoint.url());
        target.endpoint.limits.concurrency = 200;
        let options = Options { clock: Default::default(), ..Options::default() };
        let client = Client::new(vec![target], options).expect("a client");
        let mut calls = JoinSet::new();
        let begin = Instant::now();
        for _ in 0..4_000 {
            let client = client.clone();
            calls.spawn(async move { client.send(&request()).await.map(drop) });
        }
        while let Some(done) = calls.join_next().await {
            done.expect("no panic").expect("an answer");
        }
        let took = begin.elapsed();
        assert_eq!(endpoint.seen().len(), 4_000);
        assert!(endpoint.connections() <= 400, "{} connections", endpoint.connections());
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn callers_that_wait_need_no_runtime() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let endpoint = Endpoint::start(vec![http(200, &[], OK)]).await;
            tell.send(endpoint.url()).expect("someone listens");
            std::future::pending::<()>().await;
        });
    });
    let url = told.recv().expect("an address");
    let client = BlockingClient::new(vec![target(&url)], options()).expect("a client");
    for _ in 0..3 {
        assert_eq!(client.send(&request()).expect("an answer").reply.text(), "hi");
    }
    assert!(matches!(BlockingClient::new(Vec::new(), options()), Err(RemoteError::NoTarget)));
}

/// An address as it is given, and as it is used; nothing where it is refused.
#[test]
fn addresses_are_completed_or_refused() {
    let cases = [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://h/openai/deployments/d?api-version=1", "https://h/openai/deployments/d"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
        ("127.0.0.1:8000", ""),
        ("ftp://h/v1", ""),
        ("http://", ""),
        ("http://user:secret@h/v1", ""),
        ("http://h/a b", ""),
    ];
    for (url, expected) in cases {
        let base = Address::new(url, None).map(|address| address.base().to_owned());
        assert_eq!(base.unwrap_or_default(), expected, "{url}");
    }
    for key in ["", "  ", "two words", "line\nfeed", "schlüssel"] {
        assert!(Key::new(key).is_err(), "{key:?}");
    }
}
