//! What an endpoint can do wrong, and what the client is to make of it.
//!
//! Each case says what the endpoint does, how the call ends, what its ledger holds, and what was waited
//! between the requests. Waits take no time here: the clock skips them.

use serde_json::{Value, json};

use super::endpoint::{Script, Step, chunk, head, http, open_stream, stream};

/// What an endpoint does, and what is to come of it.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) script: Script,
    /// What the endpoint does that is asked next, where there is one.
    pub(crate) second: Option<Script>,
    pub(crate) mode: Mode,
    /// The verdict and the text, or why it gave up and what was wrong.
    pub(crate) outcome: String,
    /// What came of each request.
    pub(crate) ledger: String,
    /// What was waited between, as sources and seconds: those that were asked for, or the ceiling.
    pub(crate) waits: &'static str,
    /// What the openai Python client 3.54 does, where that was measured.
    pub(crate) python: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Whole,
    Stream,
    /// A whole reply that should be JSON.
    Json,
    /// A stream that should be JSON.
    JsonStream,
}

const OK: &str = r#"{"id":"r","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
const HI: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";
/// The limit of a response in these tests, in bytes.
pub(crate) const LIMIT: usize = 64 << 10;
/// How long the client waits for the first byte and between two, in milliseconds.
pub(crate) const SILENCE: u64 = 400;
/// The time for a whole call, in seconds.
pub(crate) const DEADLINE: u64 = 240;

fn ok() -> Vec<Step> {
    http(200, &[("x-request-id", "req-1"), ("content-type", "application/json")], OK)
}

fn hi() -> Vec<Step> {
    stream(&[HI, STOP, DONE])
}

fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

fn error(value: Value) -> String {
    json!({ "error": value }).to_string()
}

fn chat(message: Value, finish: &str) -> Vec<Step> {
    let body = json!({"choices": [{"message": message, "finish_reason": finish}]});
    http(200, &[], body.to_string())
}

fn said(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}))
}

fn case(
    name: impl Into<String>,
    script: Script,
    outcome: &str,
    ledger: &str,
    waits: &'static str,
) -> Case {
    Case {
        group: "",
        name: name.into(),
        script,
        second: None,
        mode: Mode::Whole,
        outcome: outcome.to_owned(),
        ledger: ledger.to_owned(),
        waits,
        python: "",
    }
}

impl Case {
    fn python(self, python: &'static str) -> Self {
        Self { python, ..self }
    }

    fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    fn or(self, second: Script) -> Self {
        Self { second: Some(second), ..self }
    }
}

pub(crate) fn all() -> Vec<Case> {
    let groups = [
        ("measured", measured()),
        ("status", statuses()),
        ("hint", hints()),
        ("body", bodies()),
        ("connection", connections()),
        ("stream", streams()),
        ("corpus", corpus()),
        ("reply", replies()),
        ("fallback", fallbacks()),
        ("adaptation", adaptations()),
    ];
    let in_group = |(group, cases): (&'static str, Vec<Case>)| {
        cases.into_iter().map(move |case| Case { group, ..case })
    };
    groups.into_iter().flat_map(in_group).collect()
}

/// Those of which it was measured what the openai Python client does.
fn measured() -> Vec<Case> {
    let after = |seconds: &'static str| http(429, &[("retry-after", seconds)], "");
    let quota = http(429, &[], error(json!({"code": "insufficient_quota", "message": "no money"})));
    let envelope = http(200, &[], error(json!({"message": "slow down", "code": 429})));
    let fatal = |status: u16| {
        case(status.to_string(), vec![http(status, &[], "{}")], "Fatal", "fatal", "")
            .python("1 request, error")
    };
    let transient = |status: u16, class: &str| {
        let ledger = format!("{class}>whole");
        let waits = if status == 529 { "backoff 2" } else { "backoff 0.5" };
        case(
            status.to_string(),
            vec![http(status, &[], "<html>"), ok()],
            "whole hi",
            &ledger,
            waits,
        )
        .python("retried, 3 requests at most")
    };
    let mut cases = vec![
        case(
            "error envelope in 200",
            vec![envelope, ok()],
            "whole hi",
            "rate_limited>whole",
            "backoff 0.5",
        )
        .python("success with choices=None"),
        case(
            "empty 200",
            vec![http(200, &[], ""), ok()],
            "whole hi",
            "transient_once>whole",
            "backoff 0.5",
        )
        .python("JSONDecodeError"),
        case(
            "HTML 200",
            vec![http(200, &[], "<html>log in</html>")],
            "Fatal, the body is no JSON but a page or text",
            "fatal",
            "",
        )
        .python("success with a text"),
        case(
            "429, retry-after 1",
            vec![after("1"), ok()],
            "whole hi",
            "rate_limited>whole",
            "retry-after 1",
        )
        .python("2 requests, 1.0 s"),
        case("429, retry-after 3600", vec![after("3600"), ok()], "LongWait", "rate_limited", "")
            .python("1 request, error"),
        case("429, insufficient_quota", vec![quota], "Fatal", "fatal", "").python("3 requests"),
    ];
    cases.extend([400, 401, 404, 413, 422].map(fatal));
    let others = [
        (408, "transient"),
        (409, "transient"),
        (500, "transient"),
        (503, "transient"),
        (529, "overloaded"),
    ];
    cases.extend(others.map(|(status, class)| transient(status, class)));
    let streams = [
        case(
            "stream ends without a reason",
            vec![stream(&[HI])],
            "broken hi, the stream broke off",
            "broken",
            "",
        )
        .python("silent success"),
        case(
            "stream stalls",
            vec![[open_stream(&[HI]), vec![Step::Hang]].concat()],
            "broken hi, the response stopped coming",
            "broken",
            "",
        )
        .python("waits for the whole read timeout"),
        case(
            "error event in a stream",
            vec![stream(&[HI, "data: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n"])],
            "broken hi",
            "broken",
            "",
        )
        .python("APIError"),
        case(
            "byte order mark before a stream",
            vec![stream(&["\u{feff}", HI, STOP, DONE])],
            "whole hi",
            "whole",
            "",
        )
        .python("the text is lost"),
        case(
            "comment as data",
            vec![stream(&["data: : WAIT\n\n", HI, STOP, DONE])],
            "whole hi",
            "whole",
            "",
        )
        .python("JSONDecodeError"),
        case(
            "error as JSON instead of a stream",
            vec![http(200, &[], error(json!({"type": "insufficient_quota"})))],
            "Fatal",
            "fatal",
            "",
        )
        .python("silent empty success"),
        case(
            "HTML instead of a stream",
            vec![http(200, &[], "<html>")],
            "Fatal, the body is no stream but a page or text",
            "fatal",
            "",
        )
        .python("silent empty success"),
    ];
    cases.extend(streams.map(|case| case.mode(Mode::Stream)));
    let call = |arguments: Value| json!({"content": null, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": arguments}}]});
    let cut = http(200, &[], json!({"choices": [{"message": call(json!("{\"x\": ")), "finish_reason": "tool_calls"}], "usage": {"completion_tokens": 16}}).to_string());
    cases.extend([
        case(
            "cut by max_tokens",
            vec![chat(json!({"content": "ab"}), "length")],
            "cut ab",
            "cut",
            "",
        )
        .python("1 request, typed error (instructor 1.17)"),
        case("cut call that says tool_calls", vec![cut], "cut", "cut", "")
            .python("3 requests (instructor 1.17)"),
        case(
            "arguments in single quotes",
            vec![chat(call(json!("{'x': 1}")), "tool_calls")],
            "whole",
            "whole",
            "",
        )
        .python("3 requests (instructor 1.17)"),
        case(
            "arguments as an object",
            vec![chat(call(json!({"x": 1})), "tool_calls")],
            "whole",
            "whole",
            "",
        )
        .python("success (instructor 1.17)"),
        case("empty arguments", vec![chat(call(json!("")), "tool_calls")], "whole", "whole", "")
            .python("3 requests (instructor 1.17)"),
        case(
            "call in the text",
            vec![chat(json!({"content": "<tool_call>{}</tool_call>"}), "stop")],
            "whole <tool_call>{}</tool_call>",
            "whole",
            "",
        )
        .python("3 requests, then an error (instructor 1.17)"),
        case(
            "content filter",
            vec![chat(json!({"content": ""}), "content_filter")],
            "filtered",
            "filtered",
            "",
        )
        .python("3 requests (instructor 1.17)"),
        case(
            "refusal",
            vec![chat(json!({"content": null, "refusal": "No."}), "stop")],
            "refused",
            "refused",
            "",
        )
        .python("1 request (instructor 1.17)"),
    ]);
    cases
}

/// Every status that means something, and some that do not.
fn statuses() -> Vec<Case> {
    let twice = |status: u16| vec![http(status, &[], ""), ok()];
    let mut cases = Vec::new();
    for status in [300, 301, 302, 303, 402, 403, 405, 418, 451, 501] {
        cases.push(case(status.to_string(), twice(status), "Fatal", "fatal", ""));
    }
    cases.push(case("304", vec![vec![send(head(304, &[]))], ok()], "Fatal", "fatal", ""));
    for status in [425, 498, 502, 520, 521, 522, 523, 524, 599] {
        cases.push(case(
            status.to_string(),
            twice(status),
            "whole hi",
            "transient>whole",
            "backoff 0.5",
        ));
    }
    for status in [500, 503] {
        let ledger = "transient>transient>transient>transient";
        cases.push(case(
            format!("{status} again and again"),
            vec![http(status, &[], "")],
            "Attempts",
            ledger,
            "backoff 0.5, backoff 1, backoff 2",
        ));
    }
    let named =
        |code: &str| error(json!({"code": code, "message": "m", "param": "response_format"}));
    cases.extend([
        case("424", twice(424), "whole hi", "transient_once>whole", "backoff 0.5"),
        case(
            "424 twice",
            vec![http(424, &[], "")],
            "Again",
            "transient_once>transient_once",
            "backoff 0.5",
        ),
        case("504", twice(504), "whole hi", "transient_expensive>whole", "backoff 0.5"),
        case(
            "504 twice",
            vec![http(504, &[], "")],
            "Again",
            "transient_expensive>transient_expensive",
            "backoff 0.5",
        ),
        case("499", vec![http(499, &[], "")], "Fatal", "cancelled", ""),
        case(
            "529 again and again",
            vec![http(529, &[], "")],
            "Attempts",
            "overloaded>overloaded>overloaded>overloaded",
            "backoff 2, backoff 4, backoff 8",
        ),
        case(
            "429 again and again",
            vec![http(429, &[], "")],
            "Attempts",
            "rate_limited>rate_limited>rate_limited>rate_limited",
            "backoff 0.5, backoff 1, backoff 2",
        ),
        case(
            "429, then 503, then 504",
            vec![http(429, &[], ""), http(503, &[], ""), http(504, &[], ""), ok()],
            "whole hi",
            "rate_limited>transient>transient_expensive>whole",
            "backoff 0.5, backoff 1, backoff 2",
        ),
        case(
            "500, then 401",
            vec![http(500, &[], ""), http(401, &[], "")],
            "Fatal",
            "transient>fatal",
            "backoff 0.5",
        ),
        case(
            "400, the context is too small",
            vec![http(400, &[], named("context_length_exceeded"))],
            "Fatal",
            "fatal_for_model",
            "",
        ),
        case(
            "400, the prompt is filtered",
            vec![http(400, &[], named("content_filter"))],
            "Fatal",
            "content_filter",
            "",
        ),
        case(
            "400, the schema is not taken",
            vec![http(400, &[], named("invalid_json_schema"))],
            "Fatal",
            "fatal",
            "",
        ),
        case(
            "400, a call that cannot be read",
            vec![http(
                400,
                &[],
                error(json!({"code": "tool_use_failed", "failed_generation": "<function=f>{"})),
            )],
            "Fatal",
            "repairable",
            "",
        ),
        case(
            "503, the model is being loaded",
            vec![http(503, &[], error(json!({"message": "Loading model", "code": 503}))); 6]
                .into_iter()
                .chain([ok()])
                .collect(),
            "whole hi",
            "loading>loading>loading>loading>loading>loading>whole",
            "backoff 1, backoff 1, backoff 1, backoff 1, backoff 1, backoff 1",
        ),
        case(
            "404, no such model",
            vec![http(404, &[], named("model_not_found"))],
            "Fatal",
            "fatal",
            "",
        ),
        case(
            "429, a quota of the day",
            vec![http(
                429,
                &[],
                error(
                    json!({"details": [{"violations": [{"quotaId": "GenerateRequestsPerDay"}]}]}),
                ),
            )],
            "Fatal",
            "fatal",
            "",
        ),
        case(
            "200 with an overloaded error",
            vec![http(200, &[], error(json!({"type": "overloaded_error"}))), ok()],
            "whole hi",
            "overloaded>whole",
            "backoff 2",
        ),
        case(
            "200 with an unknown error, twice",
            vec![http(200, &[], error(json!("boom")))],
            "Again",
            "transient_once>transient_once",
            "backoff 0.5",
        ),
        case(
            "error of a validator",
            vec![http(422, &[], json!({"detail": [{"loc": ["body"]}]}).to_string())],
            "Fatal",
            "fatal",
            "",
        ),
    ]);
    cases
}

/// Every way to say how long to wait.
fn hints() -> Vec<Case> {
    const AT: &str = "Fri, 02 Jan 2026 03:04:25 GMT";
    let limited = |headers: &[(&str, &str)]| http(429, headers, "");
    let told = |name: &str, headers: &[(&str, &str)], waits| {
        case(name, vec![limited(headers), ok()], "whole hi", "rate_limited>whole", waits)
    };
    let said = |body: Value, waits| {
        case(
            format!("body: {body}"),
            vec![http(429, &[], error(body)), ok()],
            "whole hi",
            "rate_limited>whole",
            waits,
        )
    };
    let date = |date: &'static str| [("date", date), ("retry-after", AT)];
    vec![
        told("retry-after-ms", &[("retry-after-ms", "1500")], "retry-after-ms 1.5"),
        told(
            "retry-after-ms before retry-after",
            &[("retry-after", "9"), ("retry-after-ms", "1500")],
            "retry-after-ms 1.5",
        ),
        told(
            "retry-after-ms that is no number",
            &[("retry-after", "9"), ("retry-after-ms", "x")],
            "retry-after 9",
        ),
        told("retry-after with a fraction", &[("retry-after", "1.5")], "retry-after 1.5"),
        told("retry-after 100", &[("retry-after", "100")], "retry-after 100"),
        told("retry-after 0", &[("retry-after", "0")], "backoff 0.5"),
        told("retry-after -10", &[("retry-after", "-10")], "backoff 0.5"),
        told("retry-after NaN", &[("retry-after", "NaN")], "backoff 0.5"),
        told("retry-after inf", &[("retry-after", "inf")], "backoff 0.5"),
        told("retry-after in words", &[("retry-after", "soon")], "backoff 0.5"),
        told(
            "retry-after in the year 100000",
            &[("retry-after", "Fri, 29 Sep 100000 16:26:57 GMT")],
            "backoff 0.5",
        ),
        told(
            "a date, by the endpoint's clock",
            &date("Fri, 02 Jan 2026 03:04:05 GMT"),
            "retry-after 20",
        ),
        told(
            "a date, by a clock that is 10 years behind",
            &[
                ("date", "Sat, 02 Jan 2016 03:04:05 GMT"),
                ("retry-after", "Sat, 02 Jan 2016 03:04:25 GMT"),
            ],
            "retry-after 20",
        ),
        told(
            "a date, by a clock that is 10 years ahead",
            &[
                ("date", "Wed, 02 Jan 2036 03:04:05 GMT"),
                ("retry-after", "Wed, 02 Jan 2036 03:04:25 GMT"),
            ],
            "retry-after 20",
        ),
        told("a date that is over", &date("Fri, 02 Jan 2026 03:04:26 GMT"), "backoff 0.5"),
        told("a date that is over by the own clock", &[("retry-after", AT)], "backoff 0.5"),
        told(
            "requests that come back",
            &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1m0s"),
            ],
            "limits 1",
        ),
        told(
            "tokens that come back",
            &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7.66s")],
            "limits 7.66",
        ),
        told(
            "tokens that are left",
            &[("x-ratelimit-remaining-tokens", "900000"), ("x-ratelimit-reset-tokens", "7.66s")],
            "backoff 0.5",
        ),
        told(
            "Anthropic's stamps",
            &[
                ("date", "Fri, 02 Jan 2026 03:04:05 GMT"),
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-01-02T03:04:25Z"),
            ],
            "limits 20",
        ),
        told(
            "a reset in seconds",
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "12")],
            "limits 12",
        ),
        told(
            "a reset as a point of time",
            &[
                ("date", "Fri, 02 Jan 2026 03:04:05 GMT"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1767323055"),
            ],
            "limits 10",
        ),
        told(
            "the fields of the draft",
            &[("ratelimit-policy", "\"burst\";q=100;w=60"), ("ratelimit", "\"burst\";r=0;t=12")],
            "limits 12",
        ),
        said(
            json!({"details": [{"@type": "RetryInfo", "retryDelay": "45.837906927s"}]}),
            "body 45.837906927",
        ),
        said(json!("Please try again in 5.289s. Visit us."), "text 5.289"),
        said(json!("Please try again in 1m3s."), "text 63"),
        said(json!("Please retry in 864ms"), "text 0.864"),
        said(json!("Try again in 20 seconds"), "text 20"),
        said(json!("Try again later"), "backoff 0.5"),
        case(
            "x-should-retry: false",
            vec![http(500, &[("x-should-retry", "false")], ""), ok()],
            "Fatal",
            "transient",
            "",
        ),
        case(
            "x-should-retry: true",
            vec![http(400, &[("x-should-retry", "true")], ""), ok()],
            "whole hi",
            "fatal>whole",
            "backoff 0.5",
        ),
        case(
            "503, retry-after 3",
            vec![http(503, &[("retry-after", "3")], ""), ok()],
            "whole hi",
            "transient>whole",
            "retry-after 3",
        ),
        case(
            "529, retry-after 3",
            vec![http(529, &[("retry-after", "3")], ""), ok()],
            "whole hi",
            "overloaded>whole",
            "retry-after 3",
        ),
        case(
            "200 with an error, retry-after 3",
            vec![http(200, &[("retry-after", "3")], error(json!({"code": 429}))), ok()],
            "whole hi",
            "rate_limited>whole",
            "retry-after 3",
        ),
        case(
            "the last hint counts",
            vec![limited(&[("retry-after", "1")]), limited(&[("retry-after", "30")]), ok()],
            "whole hi",
            "rate_limited>rate_limited>whole",
            "retry-after 1, retry-after 30",
        ),
        case(
            "a hint is over with its response",
            vec![limited(&[("retry-after", "30")]), http(500, &[], ""), ok()],
            "whole hi",
            "rate_limited>transient>whole",
            "retry-after 30, backoff 1",
        ),
        case(
            "more waits than there is time for",
            vec![limited(&[("retry-after", "119")])],
            "Deadline",
            "rate_limited>rate_limited>rate_limited",
            "retry-after 119, retry-after 119",
        ),
        case(
            "retry-after 121",
            vec![limited(&[("retry-after", "121")])],
            "LongWait",
            "rate_limited",
            "",
        ),
    ]
}

/// Responses that are not what their heads say.
fn bodies() -> Vec<Case> {
    let whole =
        |name: &str, steps: Vec<Step>| case(name, vec![steps, ok()], "whole hi", "whole", "");
    let expensive = |name: &str, steps: Vec<Step>| {
        case(name, vec![steps, ok()], "whole hi", "transient_expensive>whole", "backoff 0.5")
    };
    let once = |name: &str, body: &str| {
        case(
            name,
            vec![http(200, &[], body), ok()],
            "whole hi",
            "transient_once>whole",
            "backoff 0.5",
        )
    };
    let length = OK.len().to_string();
    let with = |headers: &[(&str, &str)]| head(200, headers);
    let chunked = with(&[("transfer-encoding", "chunked")]);
    let (first, rest) = OK.split_at(50);
    let zipped = gzip(OK.as_bytes());
    let zip = |bytes: &[u8]| http(200, &[("content-encoding", "gzip")], bytes);
    let too_large = "Fatal, the response is over the limit of bytes";
    let slow = OK.as_bytes().chunks(20).flat_map(|piece| [Step::Pause(20), send(piece)]);
    vec![
        whole("byte order mark", http(200, &[], format!("\u{feff}{OK}"))),
        whole("white space around", http(200, &[], format!("\n\n {OK} \n"))),
        whole(
            "no length, then closed",
            vec![send(with(&[("connection", "close")])), send(OK), Step::Close],
        ),
        whole("HTTP/1.0", vec![send(format!("HTTP/1.0 200 OK\r\n\r\n{OK}")), Step::Close]),
        whole(
            "chunks",
            vec![
                send(&chunked),
                send(chunk(first.as_bytes())),
                send(chunk(rest.as_bytes())),
                send("0\r\n\r\n"),
            ],
        ),
        whole(
            "early hints before",
            [vec![send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")], ok()].concat(),
        ),
        whole("100 before", [vec![send("HTTP/1.1 100 Continue\r\n\r\n")], ok()].concat()),
        whole("late head", [vec![Step::Pause(SILENCE / 4)], ok()].concat()),
        whole(
            "slow bytes",
            [vec![send(with(&[("content-length", &length)]))], slow.collect()].concat(),
        ),
        whole("wrong content type", http(200, &[("content-type", "text/html")], OK)),
        whole("compressed", zip(&zipped)),
        whole(
            "more bytes than its length, then closed",
            vec![
                send(with(&[("content-length", &length)])),
                send(OK),
                send("garbage"),
                Step::Close,
            ],
        ),
        whole("a stream that nobody asked for", stream(&[HI, STOP, DONE])),
        expensive(
            "compressed and cut",
            vec![
                send(with(&[
                    ("content-encoding", "gzip"),
                    ("content-length", &zipped.len().to_string()),
                ])),
                send(&zipped[..zipped.len() / 2]),
                Step::Close,
            ],
        ),
        expensive("compressed and damaged", zip(&[&zipped[..20], &[0; 40]].concat())),
        expensive("said to be compressed", zip(OK.as_bytes())),
        expensive(
            "fewer bytes than its length",
            vec![send(with(&[("content-length", "9999")])), send(OK), Step::Close],
        ),
        expensive(
            "broken in the body",
            vec![send(with(&[("content-length", &length)])), send(first), Step::Reset],
        ),
        expensive(
            "stalled in the body",
            vec![send(with(&[("content-length", &length)])), send(first), Step::Hang],
        ),
        expensive(
            "chunks without an end",
            vec![send(&chunked), send(chunk(OK.as_bytes())), Step::Close],
        ),
        expensive(
            "a chunk with a wrong length",
            vec![send(&chunked), send("zz\r\n"), send(OK), Step::Close],
        ),
        once("JSON that is cut", first),
        once("JSON without choices", "{\"object\": \"chat.completion\"}"),
        once("no choices", "{\"choices\": []}"),
        once("null for choices", "{\"choices\": null}"),
        once("a number", "5"),
        once("null", "null"),
        case(
            "white space only",
            vec![http(200, &[], " \n "), ok()],
            "whole hi",
            "transient_once>whole",
            "backoff 0.5",
        ),
        case(
            "204",
            vec![vec![send(head(204, &[]))], ok()],
            "whole hi",
            "transient_once>whole",
            "backoff 0.5",
        ),
        case(
            "bytes that are no text",
            vec![http(200, &[], [0xff, 0xfe, 0x00])],
            "Fatal, the body is no JSON but a page or text",
            "fatal",
            "",
        ),
        case(
            "a length over the limit",
            vec![http(200, &[], vec![b' '; LIMIT + 1])],
            too_large,
            "fatal",
            "",
        ),
        case(
            "an endless body",
            vec![vec![send(&chunked), Step::Endless(chunk(&[b' '; 4096]))]],
            too_large,
            "fatal",
            "",
        ),
        case("a bomb", vec![zip(&gzip(&vec![b' '; LIMIT * 4]))], too_large, "fatal", ""),
        case(
            "an endless error",
            vec![
                vec![
                    send(head(500, &[("transfer-encoding", "chunked")])),
                    Step::Endless(chunk(&[b' '; 4096])),
                ],
                ok(),
            ],
            "whole hi",
            "transient>whole",
            "backoff 0.5",
        ),
        case(
            "an error that is cut",
            vec![vec![send(head(401, &[("content-length", "999")])), send("{"), Step::Close]],
            "Fatal",
            "fatal",
            "",
        ),
        case(
            "a page for an error",
            vec![http(404, &[("content-type", "text/html")], "<h1>Not found</h1>")],
            "Fatal",
            "fatal",
            "",
        ),
    ]
}

/// Connections that break, and places that requests are sent on to.
fn connections() -> Vec<Case> {
    let transient = |name: &str, steps: Vec<Step>| {
        case(name, vec![steps, ok()], "whole hi", "transient>whole", "backoff 0.5")
    };
    let late = "backoff 0.5";
    let elsewhere = |place: &str| vec![http(308, &[("location", place)], "")];
    let closing = [http(200, &[], OK), vec![Step::Close]].concat();
    vec![
        transient("closed before a response", vec![Step::Close]),
        transient("broken before a response", vec![Step::Reset]),
        transient("broken in the head", vec![send("HTTP/1.1 200 OK\r\ncontent-le"), Step::Reset]),
        transient("closed in the head", vec![send("HTTP/1.1 200 OK\r\ncontent-le"), Step::Close]),
        transient("half closed before a response", vec![Step::Half, Step::Hang]),
        transient("no HTTP", vec![send("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Step::Close]),
        transient(
            "an endless head",
            vec![send("HTTP/1.1 200 OK\r\n"), Step::Endless(b"x-more: and more\r\n".repeat(2000))],
        ),
        case(
            "no response",
            vec![vec![Step::Hang], ok()],
            "whole hi",
            "transient_expensive>whole",
            late,
        ),
        case(
            "no response twice",
            vec![vec![Step::Hang]],
            "Again, there was no response in time",
            "transient_expensive>transient_expensive",
            late,
        ),
        case(
            "a head that stalls",
            vec![vec![send("HTTP/1.1 200 OK\r\n"), Step::Hang], ok()],
            "whole hi",
            "transient_expensive>whole",
            late,
        ),
        case(
            "half closed behind a response",
            vec![[ok(), vec![Step::Half, Step::Hang]].concat()],
            "whole hi",
            "whole",
            "",
        ),
        case("closed behind a response", vec![closing], "whole hi", "whole", ""),
        case(
            "closed behind an error",
            vec![[http(500, &[], ""), vec![Step::Close]].concat(), ok()],
            "whole hi",
            "transient>whole",
            "backoff 0.5",
        ),
        case(
            "broken behind an error",
            vec![[http(500, &[("content-length", "0")], ""), vec![Step::Reset]].concat(), ok()],
            "whole hi",
            "transient>whole",
            "backoff 0.5",
        ),
        case(
            "307 to another path",
            vec![http(307, &[("location", "/v2/chat/completions")], ""), ok()],
            "whole hi",
            "whole",
            "",
        ),
        case(
            "308 in a circle",
            elsewhere("/v1/chat/completions"),
            "Fatal, there are too many redirects",
            "fatal",
            "",
        ),
        case(
            "308 to nowhere",
            vec![http(308, &[], "")],
            "Fatal, it redirects to nowhere",
            "fatal",
            "",
        ),
        case(
            "308 to a file",
            elsewhere("file:///etc/passwd"),
            "Fatal, it redirects to nowhere",
            "fatal",
            "",
        ),
        case(
            "308 to what is no address",
            elsewhere("http://[oops"),
            "Fatal, it redirects to nowhere",
            "fatal",
            "",
        ),
    ]
}

/// Streams that do not come as they should.
fn streams() -> Vec<Case> {
    let whole = |name: &str, steps: Vec<Step>| case(name, vec![steps], "whole hi", "whole", "");
    let again = |name: &str, steps: Vec<Step>, class: &str| {
        case(name, vec![steps, hi()], "whole hi", &format!("{class}>whole"), "backoff 0.5")
    };
    let broken = |name: &str, steps: Vec<Step>, note: &str| {
        case(name, vec![steps, hi()], &format!("broken hi, {note}"), "broken", "")
    };
    let then = |pieces: &[&str], step: Step| [open_stream(pieces), vec![step]].concat();
    let drip = format!("{HI}{STOP}{DONE}");
    let drip: Vec<Step> = drip.bytes().map(|byte| send(chunk(&[byte]))).collect();
    let failed = |error: Value| format!("data: {}\n\n", json!({ "error": error }));
    let overloaded = failed(json!({"type": "overloaded_error", "message": "Overloaded"}));
    let long = said(&"x".repeat(LIMIT));
    let mut cases = vec![
        whole("byte by byte", [open_stream(&[]), drip, vec![send("0\r\n\r\n")]].concat()),
        whole("comments between", stream(&[": wait\n\n", HI, ": wait\n\n", STOP, DONE])),
        whole("pings", stream(&["event: ping\ndata: {\"type\": \"ping\"}\n\n", HI, STOP, DONE])),
        whole("[DONE] and then silence", then(&[HI, STOP, DONE], Step::Hang)),
        whole("[DONE] and then broken", then(&[HI, STOP, DONE], Step::Reset)),
        whole("[DONE] twice", stream(&[HI, STOP, DONE, DONE])),
        whole("[DONE] and then more", stream(&[HI, STOP, DONE, HI])),
        whole(
            "[DONE] and then no end",
            then(&[HI, STOP, DONE], Step::Endless(chunk(b": more\n\n"))),
        ),
        whole("closed behind the reason", then(&[HI, STOP], Step::Close)),
        whole(
            "broken behind the reason",
            [open_stream(&[HI, STOP]), vec![Step::Pause(30), Step::Reset]].concat(),
        ),
        whole(
            "usage behind the reason",
            stream(&[
                HI,
                STOP,
                "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n",
                DONE,
            ]),
        ),
        whole(
            "an event without a text, twice",
            stream(&["data: {\"choices\":[]}\n\n", "data: {\"choices\":[]}\n\n", HI, STOP, DONE]),
        ),
        whole(
            "late events",
            [
                open_stream(&[]),
                vec![
                    Step::Pause(SILENCE / 4),
                    send(chunk(HI.as_bytes())),
                    Step::Pause(SILENCE / 4),
                    send(chunk(STOP.as_bytes())),
                    send(chunk(DONE.as_bytes())),
                    send("0\r\n\r\n"),
                ],
            ]
            .concat(),
        ),
        whole("a whole reply instead", ok()),
        again("stalled before the first event", then(&[], Step::Hang), "transient_expensive"),
        again("stalled behind a comment", then(&[": wait\n\n"], Step::Hang), "transient_expensive"),
        again(
            "broken before the first event",
            [open_stream(&[]), vec![Step::Pause(30), Step::Reset]].concat(),
            "transient_expensive",
        ),
        again("ended before the first event", stream(&[": wait\n\n"]), "transient_once"),
        again(
            "ended behind an event without a text",
            stream(&["data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"]),
            "transient",
        ),
        again("an empty body", http(200, &[], ""), "transient_once"),
        again("500", http(500, &[], ""), "transient"),
        again("cut JSON instead", http(200, &[], "{\"choices\": ["), "transient"),
        again("[DONE] alone", stream(&[DONE]), "transient"),
        broken(
            "broken behind a text",
            [open_stream(&[HI]), vec![Step::Pause(30), Step::Reset]].concat(),
            "the response broke off",
        ),
        broken("closed behind a text", then(&[HI], Step::Close), "the response broke off"),
        broken("[DONE] without a reason", stream(&[HI, DONE]), "the stream broke off"),
        broken(
            "an event that is no JSON",
            stream(&[HI, "data: {\"choices\": [{\n\n", STOP, DONE]),
            "the stream broke off",
        ),
        broken(
            "an endless stream",
            then(
                &[HI],
                Step::Endless(chunk(
                    b": wait and wait and wait and wait\n\n".repeat(20).as_slice(),
                )),
            ),
            "the response is over the limit of bytes",
        ),
        broken(
            "an event over the limit",
            stream(&[HI, &long[..LIMIT - 200], &long[LIMIT - 200..]]),
            "the response is over the limit of bytes",
        ),
        case(
            "overloaded before a text",
            vec![stream(&[&overloaded]), hi()],
            "whole hi",
            "overloaded>whole",
            "backoff 2",
        ),
        case(
            "out of money before a text",
            vec![stream(&[&failed(json!({"code": "insufficient_quota"}))])],
            "Fatal",
            "fatal",
            "",
        ),
        case(
            "overloaded behind a text",
            vec![stream(&[HI, &overloaded])],
            "broken hi",
            "broken",
            "",
        ),
        case(
            "429, retry-after 2",
            vec![http(429, &[("retry-after", "2")], ""), hi()],
            "whole hi",
            "rate_limited>whole",
            "retry-after 2",
        ),
        case(
            "a page",
            vec![http(200, &[("content-type", "text/event-stream")], "<html></html>")],
            "Fatal, the body is no stream but a page or text",
            "fatal",
            "",
        ),
        case(
            "cut by max_tokens",
            vec![stream(&[
                HI,
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
                DONE,
            ])],
            "cut hi",
            "cut",
            "",
        ),
    ];
    let space = said(&" ".repeat(60));
    let turns = said(&"[1],".repeat(60));
    let run = |name: &str, first: &str, piece: &str| {
        let endless = then(&[&said(first)], Step::Endless(chunk(piece.as_bytes())));
        case(name, vec![endless], "runaway", "runaway", "").mode(Mode::JsonStream)
    };
    cases.iter_mut().for_each(|case| case.mode = Mode::Stream);
    cases.extend([
        run("white space without end", "{\"a\":", &space),
        run("items without end", "[", &turns),
    ]);
    cases
}

/// The streams of the corpus, over a socket. One that breaks off before a text is asked for again.
fn corpus() -> Vec<Case> {
    let corpus: Value =
        serde_json::from_str(include_str!("../data/remote/sse.json")).expect("JSON");
    let cases = corpus["cases"].as_array().expect("cases").iter();
    let cases = cases.filter(|case| case["id"] != "utf8_split");
    cases
        .map(|row| {
            let id = row["id"].as_str().expect("an id");
            let text = row["expect"]["text"].as_str().unwrap_or_default();
            let bytes = row["bytes"].as_str().expect("bytes");
            let (outcome, ledger) = match (row["expect"]["error"].as_str(), text) {
                (None, "") => ("whole".to_owned(), "whole"),
                // White space alone is no answer, whatever stands for it.
                (None, text) if text.trim().is_empty() => (format!("empty {text}"), "empty"),
                (None, text) => (format!("whole {text}"), "whole"),
                (Some("incomplete_stream"), text) => {
                    (format!("broken {text}, the stream broke off"), "broken")
                }
                (Some(_), "") => ("Fatal".to_owned(), "fatal"),
                (Some(_), text) => (format!("broken {text}"), "broken"),
            };
            case(id, vec![stream(&[bytes])], outcome.trim_end(), ledger, "").mode(Mode::Stream)
        })
        .collect()
}

/// Replies that come without an error and are not what was asked for.
fn replies() -> Vec<Case> {
    let text = |text: &str, finish: &str| chat(json!({ "content": text }), finish);
    let json = |case: Case| case.mode(Mode::Json);
    let thoughts = json!({"content": "", "reasoning_content": "hm"});
    vec![
        case(
            "empty, then not",
            vec![text("", "stop"), ok()],
            "whole hi",
            "empty>whole",
            "backoff 0.5",
        ),
        case("empty twice", vec![text("", "stop")], "empty", "empty>empty", "backoff 0.5"),
        case("thoughts took all tokens", vec![chat(thoughts, "length")], "empty", "empty", ""),
        case(
            "a server that failed in the middle",
            vec![text("half", "error")],
            "broken half",
            "broken",
            "",
        ),
        case(
            "prose that begins like a refusal",
            vec![text("I'm sorry, but it is Paris.", "stop")],
            "whole I'm sorry, but it is Paris.",
            "whole",
            "",
        ),
        json(case(
            "a refusal in prose",
            vec![text("I'm sorry, but I can't do that.", "stop")],
            "refused I'm sorry, but I can't do that.",
            "refused",
            "",
        )),
        json(case("JSON", vec![text("{\"a\": 1}", "stop")], "whole {\"a\": 1}", "whole", "")),
        json(case(
            "JSON that is whole though tokens ran out",
            vec![text("{\"a\": 1}", "length")],
            "whole {\"a\": 1}",
            "whole",
            "",
        )),
        json(case(
            "JSON that is cut though it says stop",
            vec![text("{\"a\": [1", "stop")],
            "cut {\"a\": [1",
            "cut",
            "",
        )),
        json(case(
            "no finish reason",
            vec![text("{\"a\": 1}", "")],
            "whole {\"a\": 1}",
            "whole",
            "",
        )),
    ]
}

/// What happens where there is another endpoint to ask.
fn fallbacks() -> Vec<Case> {
    let named =
        |status, code: &str| http(status, &[], error(json!({"code": code, "message": "m"})));
    let cases = [
        case(
            "529",
            vec![http(529, &[], "")],
            "whole hi",
            "overloaded>overloaded>whole",
            "backoff 2",
        ),
        case(
            "429, retry-after 60",
            vec![http(429, &[("retry-after", "60")], "")],
            "whole hi",
            "rate_limited>whole",
            "",
        ),
        case(
            "429, retry-after 5",
            vec![http(429, &[("retry-after", "5")], ""), ok()],
            "whole hi",
            "rate_limited>whole",
            "retry-after 5",
        ),
        case(
            "500 again and again",
            vec![http(500, &[], "")],
            "whole hi",
            "transient>transient>transient>transient>whole",
            "backoff 0.5, backoff 1, backoff 2",
        ),
        case(
            "the context is too small",
            vec![named(400, "context_length_exceeded")],
            "whole hi",
            "fatal_for_model>whole",
            "",
        ),
        case(
            "the quota is used up",
            vec![named(429, "insufficient_quota")],
            "whole hi",
            "fatal>whole",
            "",
        ),
        case("no such model", vec![named(404, "model_not_found")], "whole hi", "fatal>whole", ""),
        case("no such path", vec![http(404, &[], "")], "Fatal", "fatal", ""),
        case("401", vec![http(401, &[], "")], "Fatal", "fatal", ""),
        case("400", vec![http(400, &[], "")], "Fatal", "fatal", ""),
        case("a refusal", vec![chat(json!({"refusal": "No."}), "stop")], "refused", "refused", ""),
        case(
            "content filter",
            vec![chat(json!({"content": ""}), "content_filter")],
            "filtered",
            "filtered",
            "",
        ),
        case(
            "closed before a response",
            vec![vec![Step::Close]],
            "whole hi",
            "transient>transient>transient>transient>whole",
            "backoff 0.5, backoff 1, backoff 2",
        ),
    ];
    let mut cases: Vec<Case> = cases.into_iter().map(|case| case.or(vec![ok()])).collect();
    let both = case(
        "529 at both",
        vec![http(529, &[], "")],
        "Attempts",
        "overloaded>overloaded>overloaded>overloaded>overloaded>overloaded",
        "backoff 2, backoff 2, backoff 4, backoff 8",
    );
    cases.push(both.or(vec![http(529, &[], "")]));
    cases
}

/// Endpoints that want a parameter otherwise.
fn adaptations() -> Vec<Case> {
    let wants = |param: &str| {
        http(
            400,
            &[],
            error(json!({"code": "unsupported_parameter", "param": param, "message": "m"})),
        )
    };
    vec![
        case(
            "max_tokens has another name",
            vec![wants("max_tokens"), ok()],
            "whole hi",
            "adaptable>whole",
            "",
        ),
        case(
            "two parameters",
            vec![wants("max_tokens"), wants("temperature"), ok()],
            "whole hi",
            "adaptable>adaptable>whole",
            "",
        ),
        case("the same one again", vec![wants("temperature")], "Fatal", "adaptable>adaptable", ""),
        case("one that constrains", vec![wants("response_format")], "Fatal", "adaptable", ""),
        case("one that was not sent", vec![wants("seed")], "Fatal", "adaptable", ""),
    ]
}

/// A gzip file of stored blocks, which need no compressor (RFC 1952, RFC 1951).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<&[u8]> = bytes.chunks(65535).collect();
    for (place, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).expect("a block");
        file.push(u8::from(place + 1 == blocks.len()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend_from_slice(block);
    }
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    file.extend((!crc).to_le_bytes());
    file.extend(u32::try_from(bytes.len()).expect("small").to_le_bytes());
    file
}

impl Case {
    /// The requests that are sent on by the endpoint within one try.
    pub(crate) fn sent_on(&self) -> usize {
        match (self.group, self.name.as_str()) {
            ("connection", "307 to another path") => 2,
            ("connection", "308 in a circle") => 4,
            _ => 0,
        }
    }
}
