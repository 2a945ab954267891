//! The wire format: streams in every split, and bodies as servers write them.

use serde_json::{Value, json};
use tokenrail::openai::{
    Fault, FinishReason, Logprob, NoReply, Reply, StreamEnd, StreamReader, Streamed,
};

const SSE: &str = include_str!("data/remote/sse.json");

fn read(pieces: &[&[u8]]) -> Streamed {
    let mut reader = StreamReader::new(1 << 20);
    pieces.iter().for_each(|piece| drop(reader.push(piece)));
    reader.finish()
}

/// What a case of the corpus expects, from what came of its stream.
fn check_stream(id: &str, streamed: &Streamed, expect: &Value) {
    let choice = streamed.reply.choices.first();
    if let Some(text) = expect["text"].as_str() {
        assert_eq!(streamed.reply.text(), text, "{id}: text");
    }
    if let Some(finish) = expect.get("finish") {
        let found = streamed.reply.finish().map(ToString::to_string);
        assert_eq!(found.as_deref(), finish.as_str(), "{id}: finish");
    }
    if let Some(calls) = expect["tool_calls"].as_array() {
        let found = choice.expect("a choice").calls.iter();
        let found: Vec<Value> = found
            .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}))
            .collect();
        assert_eq!(&found, calls, "{id}: calls");
    }
    if let Some(count) = expect["warnings"].as_u64() {
        assert_eq!(streamed.warnings.len() as u64, count, "{id}: {:?}", streamed.warnings);
    }
    if expect["usage"] == true {
        assert_eq!(streamed.reply.usage.expect("usage").total(), 2, "{id}: usage");
    }
    let end = match &streamed.end {
        StreamEnd::Complete => None,
        StreamEnd::Incomplete => Some("incomplete_stream"),
        StreamEnd::Fault(fault) => Some(fault.name()),
        end => panic!("{id}: {end:?}"),
    };
    assert_eq!(end, expect["error"].as_str(), "{id}: end");
}

#[test]
fn streams_give_the_same_in_every_split() {
    let corpus: Value = serde_json::from_str(SSE).expect("JSON");
    let mut count = 0;
    for case in corpus["cases"].as_array().expect("cases") {
        let id = case["id"].as_str().expect("an id");
        if id == "utf8_split" {
            // It is a description; its bytes are below.
            continue;
        }
        let bytes = case["bytes"].as_str().expect("bytes").as_bytes();
        check_splits(id, bytes, &case["expect"]);
        count += 1;
    }
    assert_eq!(count, 23);
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"é😀\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    check_splits(
        "utf8_split",
        text.as_bytes(),
        &json!({"text": "é😀", "finish": "stop", "warnings": 0}),
    );
}

fn check_splits(id: &str, bytes: &[u8], expect: &Value) {
    let whole = read(&[bytes]);
    check_stream(id, &whole, expect);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), whole, "{id}: byte by byte");
    for at in 0..=bytes.len() {
        let (head, rest) = bytes.split_at(at);
        assert_eq!(read(&[head, rest]), whole, "{id}: split at {at}");
        for end in (at..=bytes.len()).step_by(7) {
            let (middle, tail) = rest.split_at(end - at);
            assert_eq!(read(&[head, middle, tail]), whole, "{id}: split at {at} and {end}");
        }
    }
}

/// A stream that ends anywhere before its last answer has ended is no whole one.
#[test]
fn a_cut_stream_is_never_whole() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\r\n\r\n";
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let bytes = format!("{text}{end}");
    let last = bytes.trim_end().len();
    for at in 0..=bytes.len() {
        let streamed = read(&[&bytes.as_bytes()[..at]]);
        let whole = streamed.end == StreamEnd::Complete;
        assert_eq!(whole, at >= last, "cut at {at}: {streamed:?}");
        assert!("ab".starts_with(streamed.reply.text()), "cut at {at}");
    }
}

#[test]
fn other_things_than_events_are_told_apart() {
    let cases = [
        ("", StreamEnd::Empty),
        ("\n\n: wait\n\n", StreamEnd::Empty),
        ("<!doctype html>\n<p>data: x</p>", StreamEnd::NoEvents),
        ("{\"choices\": [", StreamEnd::Incomplete),
        (
            "data: {\"choices\": [{\"delta\": {\"content\": \"a\"}}]}\n\ndata: oops\n\n",
            StreamEnd::Incomplete,
        ),
        ("data: [DONE]\n\n", StreamEnd::Incomplete),
    ];
    for (bytes, end) in cases {
        assert_eq!(read(&[bytes.as_bytes()]).end, end, "{bytes:?}");
    }
    let mut reader = StreamReader::new(100);
    reader.push(&[b'x'; 101]);
    assert!(reader.has_ended() && matches!(reader.finish().end, StreamEnd::TooLong(_)));
}

#[test]
fn calls_come_together_from_pieces_of_many_kinds() {
    let call = |pieces: &[Value]| {
        let chunks = pieces.iter().map(|piece| {
            let chunk = json!({"choices": [{"delta": {"tool_calls": [piece]}}]});
            format!("data: {chunk}\n\n")
        });
        let bytes: String = chunks.collect();
        let streamed = read(&[bytes.as_bytes()]);
        let calls = streamed.reply.choices[0].calls.iter();
        calls.map(|call| format!("{}{}", call.name, call.arguments)).collect::<Vec<_>>()
    };
    let piece = |index: Value, id: Value, name: &str, arguments: Value| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    let none = Value::Null;
    let cases = [
        // All calls with index 0, told apart by their ids.
        (
            vec![
                piece(json!(0), json!("a"), "f", json!("{}")),
                piece(json!(0), json!("b"), "g", json!("{}")),
            ],
            vec!["f{}", "g{}"],
        ),
        // No index and no id behind the first piece.
        (
            vec![
                piece(none.clone(), json!("a"), "f", json!("{")),
                piece(none.clone(), none.clone(), "", json!("}")),
            ],
            vec!["f{}"],
        ),
        // The id comes late.
        (
            vec![
                piece(json!(0), none.clone(), "f", json!("")),
                piece(json!(0), json!("a"), "", json!("{}")),
            ],
            vec!["f{}"],
        ),
        // Two calls whose pieces alternate.
        (
            vec![
                piece(json!(0), json!("a"), "f", json!("[")),
                piece(json!(1), json!("b"), "g", json!("{")),
                piece(json!(0), none.clone(), "", json!("]")),
                piece(json!(1), none.clone(), "", json!("}")),
            ],
            vec!["f[]", "g{}"],
        ),
        // Arguments as an object.
        (vec![piece(json!(0), json!("a"), "f", json!({"x": 1}))], vec!["f{\"x\":1}"]),
    ];
    for (pieces, expected) in cases {
        assert_eq!(call(&pieces), expected, "{pieces:?}");
    }
}

/// A body of one choice, and what is read of it, as a text.
fn check_reply(choice: &Value, expected: &str) {
    let reply = Reply::read(&json!({"choices": [choice]})).expect("it is a reply");
    let choice = &reply.choices[0];
    let calls: Vec<String> =
        choice.calls.iter().map(|call| format!("{}({})", call.name, call.arguments)).collect();
    let finish = choice.finish.as_ref().map_or(String::from("-"), ToString::to_string);
    let parts = [&choice.text, &choice.reasoning, &choice.refusal, &calls.join(","), &finish];
    assert_eq!(parts.map(String::as_str).join("|"), expected, "{choice:?}");
}

#[test]
fn replies_are_read_as_servers_write_them() {
    let function = |arguments: Value| json!({"message": {"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}});
    let cases = [
        (json!({"message": {"content": "a"}, "finish_reason": "stop"}), "a||||stop"),
        (json!({"message": {"content": null, "role": null}, "finish_reason": null}), "||||-"),
        (json!({"text": "a", "finish_reason": "max_tokens"}), "a||||length"),
        (
            json!({"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}),
            "ab||||-",
        ),
        (
            json!({"message": {"content": "", "reasoning_content": "hm", "reasoning": "hm"}}),
            "|hm|||-",
        ),
        (
            json!({"message": {"content": null, "refusal": "no"}, "finish_reason": "refusal"}),
            "||no||refusal",
        ),
        (function(json!("{}")), "|||f({})|-"),
        (function(json!({"a": [1]})), "|||f({\"a\":[1]})|-"),
        (function(json!("")), "|||f()|-"),
        (function(Value::Null), "|||f()|-"),
        (
            json!({"message": {"function_call": {"name": "g", "arguments": "{}"}}, "finish_reason": "function_call"}),
            "|||g({})|tool_calls",
        ),
        (json!({"message": {"tool_calls": null}, "finish_reason": "banana"}), "||||banana"),
        (json!({"message": {"content": 5}, "finish_reason": 5}), "||||-"),
        (json!({"finish_reason": "content_filter"}), "||||content_filter"),
    ];
    for (choice, expected) in &cases {
        check_reply(choice, expected);
    }
    let none = [
        (json!(null), NoReply::NoObject),
        (json!([]), NoReply::NoObject),
        (json!("x"), NoReply::NoObject),
        (json!({}), NoReply::NoChoices),
        (json!({"choices": []}), NoReply::NoChoices),
        (json!({"choices": "x"}), NoReply::NoChoices),
    ];
    for (body, error) in none {
        assert_eq!(Reply::read(&body), Err(error), "{body}");
    }
    let body = json!({"id": "", "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": null},
        "choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}]});
    let reply = Reply::read(&body).expect("it is a reply");
    let usage = reply.usage.expect("usage");
    assert_eq!((reply.text(), &reply.id, usage.total(), usage.cached), ("a", &None, 7, 2));
    assert_eq!(FinishReason::named("EOS"), Some(FinishReason::Stop));
}

#[test]
fn logprobs_are_read_in_both_shapes_on_both_routes() {
    let chat = json!({"content": [
        {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [
            {"token": "a", "logprob": -0.5, "bytes": [97]}, {"token": "�", "logprob": -9999.0, "bytes": null}]},
        {"token": "�", "logprob": -1.5, "bytes": [226, 128], "id": 7}]});
    let old = json!({"tokens": ["a", "bytes:\\xe2\\x80", "token_id:9"], "token_logprobs": [null, -1.5, -3.4e38],
        "top_logprobs": [null, {"b": -0.1, "c": -2.0}, null], "text_offset": [0, 1, 2]});
    for route in ["message", "text"] {
        let read = |logprobs: &Value| {
            let body = json!({"choices": [{route: {}, "logprobs": logprobs}]});
            Reply::read(&body).expect("it is a reply").choices.remove(0).logprobs
        };
        let tokens = read(&chat);
        assert_eq!(
            (tokens.len(), tokens[0].logprob, tokens[0].top.len()),
            (2, Logprob::Known(-0.5), 2)
        );
        assert_eq!((tokens[0].top[1].logprob, &tokens[0].top[1].bytes), (Logprob::Censored, &None));
        assert_eq!(
            (tokens[1].token.bytes.as_deref(), tokens[1].token.id),
            (Some(&[226, 128][..]), Some(7))
        );
        let tokens = read(&old);
        assert_eq!((tokens[0].logprob, tokens[0].offset), (Logprob::Absent, Some(0)));
        assert_eq!(tokens[1].token.bytes.as_deref(), Some(&[0xe2, 0x80][..]));
        assert_eq!(
            (tokens[1].top[0].text.as_str(), tokens[1].top[0].logprob),
            ("b", Logprob::Known(-0.1))
        );
        assert_eq!((tokens[2].token.id, tokens[2].logprob), (Some(9), Logprob::Censored));
        assert!(read(&Value::Null).is_empty() && read(&json!({"content": null})).is_empty());
    }
    let prompt = json!([null, {"464": {"logprob": -2.5, "rank": 12, "decoded_token": "The"}, "7": {"logprob": -0.1, "rank": 1}}]);
    for body in [
        json!({"prompt_logprobs": prompt, "choices": [{}]}),
        json!({"choices": [{"prompt_logprobs": prompt}]}),
    ] {
        let read = Reply::read(&body).expect("it is a reply").prompt_logprobs;
        assert_eq!(
            (read.len(), read[0].len(), read[1][0].token.id, read[1][1].rank),
            (2, 0, Some(464), Some(1))
        );
    }
}

#[test]
fn errors_are_read_from_every_envelope() {
    let cases = [
        (
            json!({"error": {"message": "m", "type": "invalid_request_error", "code": "context_length_exceeded"}}),
            "context_length_exceeded: m",
        ),
        (json!({"error": {"message": "m", "type": "tokens", "code": null}}), "tokens: m"),
        (
            json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}),
            "RESOURCE_EXHAUSTED: m",
        ),
        (json!([{"error": {"code": 503, "message": "m"}}]), "unavailable: m"),
        (json!({"error": "model \"x\" not found"}), "error: model \"x\" not found"),
        (
            json!({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}),
            "BadRequestError: m",
        ),
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            "overloaded: m",
        ),
        (json!({"error": {"message": "m", "code": "404"}}), "not_found: m"),
        (json!({"error": {}}), "error"),
    ];
    for (body, expected) in cases {
        assert_eq!(Fault::read(&body).expect("it is an error").to_string(), expected, "{body}");
    }
    for body in [
        json!({}),
        json!({"error": null, "choices": []}),
        json!([]),
        json!("x"),
        json!({"message": "m"}),
    ] {
        assert!(Fault::read(&body).is_none(), "{body}");
    }
    let failed = [
        (json!({"detail": "Not Found"}), "error: Not Found"),
        (json!({"message": "m"}), "error: m"),
        (json!({"detail": [{"loc": 1}]}), "error: not valid"),
    ];
    for (body, expected) in failed {
        assert_eq!(
            Fault::read_failed(&body).expect("it is an error").to_string(),
            expected,
            "{body}"
        );
    }
}
