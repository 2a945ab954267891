//! The retry loop, with a scripted model: what it asks, in which order, and that it never asks for more than
//! it may.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokenrail::repair::retry::{
    Answer, Ask, Contract, Ended, Outcome, Policy, RepairLoop, Request, Rung, Step,
};
use tokenrail::repair::{Finish, Options, Salvage};
use tokenrail::schema::{self, Order, Validator};

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "maximum": 150},
            "home": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{4}$"}}},
        },
        "required": ["name", "age"],
        "additionalProperties": false,
    })
}

fn contract() -> Contract {
    let options = schema::Options { order: Order::Any, ..Default::default() };
    Contract::new(&schema(), &options).expect("it compiles")
}

/// A reply that ended by itself, of as many tokens as it has words.
fn stop(text: &str) -> Answer {
    Answer::reply(text, Finish::Stop, text.split(' ').count())
}

fn cut(text: &str) -> Answer {
    Answer::reply(text, Finish::Length, text.split(' ').count())
}

/// Runs a script; gives what was asked and the outcome. Each answer takes a second.
fn run(contract: &Contract, policy: &Policy, script: &[Answer]) -> (Vec<Ask>, Outcome) {
    let mut retry = RepairLoop::new(contract, policy.clone());
    let mut asks = Vec::new();
    for (answer, second) in
        script.iter().chain(std::iter::repeat(&script[script.len() - 1])).zip(0..)
    {
        match retry.tell(answer.clone(), Duration::from_secs(second)) {
            Step::Ask(ask) => asks.push(ask),
            Step::Done(outcome) => {
                let again = retry.tell(stop("{}"), Duration::ZERO);
                assert_eq!(again, Step::Done(outcome.clone()), "what has ended stays");
                return (asks, outcome);
            }
        }
    }
    unreachable!("the script has no end")
}

/// What was asked, in short: the rung, and the prefix or the pointer.
fn short(ask: &Ask) -> String {
    let rest = match &ask.request {
        Request::Behind { prefix, .. } => prefix.as_str(),
        Request::Value { pointer, .. } => pointer.as_str(),
    };
    format!("{} {rest}", ask.rung.name())
}

fn check(policy: &Policy, script: &[Answer], asked: &[&str], end: (Ended, Option<&str>)) {
    let (asks, outcome) = run(&contract(), policy, script);
    let found: Vec<String> = asks.iter().map(short).collect();
    assert_eq!(found, asked, "{script:?}: {outcome:?}");
    assert_eq!((outcome.ended, outcome.repaired.text.as_deref()), end, "{script:?}");
    if outcome.ended != Ended::Salvaged {
        assert_eq!(outcome.ledger.len(), asks.len() + 1, "{script:?}");
    }
}

const GOOD: &str = r#"{"name": "A", "age": 4}"#;
const OLD: &str = r#"{"name": "A", "age": 400}"#;

#[test]
fn rungs_are_climbed_in_order() {
    let policy = Policy { rungs: Rung::ALL.into(), attempts: 8, ..Policy::default() };
    let only = |rungs: &[Rung]| Policy { rungs: rungs.iter().copied().collect(), ..policy.clone() };
    let valid = (Ended::Valid, Some(GOOD));
    let refused = || Answer::Failed("the backend cannot".to_owned());
    check(&policy, &[stop(GOOD)], &[], valid);
    check(
        &policy,
        &[stop("{name: 'A', \"age\": \"4\"}")],
        &[],
        (Ended::Valid, Some(r#"{"name":"A","age":4}"#)),
    );
    // Continued as often as it comes further.
    check(
        &policy,
        &[cut("{\"name\": \"A\""), cut(", \"age\""), stop(": 4}")],
        &["continue {\"name\": \"A\"", "continue {\"name\": \"A\", \"age\""],
        valid,
    );
    // One that comes no further is written anew from where it is sound.
    check(
        &policy,
        &[cut("{\"name\": \"A\", \"ag"), cut(""), stop(" \"age\": 4}")],
        &["continue {\"name\": \"A\", \"ag", "redecode {\"name\": \"A\","],
        valid,
    );
    check(&policy, &[stop(OLD), stop(" 4}")], &["redecode {\"name\": \"A\", \"age\":"], valid);
    check(
        &policy,
        &[stop("{\"name\": \"A\"}"), stop(", \"age\": 4}")],
        &["redecode {\"name\": \"A\""],
        valid,
    );
    // The same fault again goes up.
    check(
        &policy,
        &[stop(OLD), stop(" 500}"), stop("4")],
        &["redecode {\"name\": \"A\", \"age\":", "subtree /age"],
        (Ended::Valid, Some(r#"{"name":"A","age":4}"#)),
    );
    check(
        &policy,
        &[stop(OLD), refused(), stop("no number"), stop(OLD), stop(GOOD)],
        &["redecode {\"name\": \"A\", \"age\":", "subtree /age", "full ", "other "],
        valid,
    );
    // Another fault begins below again.
    check(
        &only(&[Rung::Continue, Rung::Full]),
        &[stop("I cannot."), cut("{\"name\": \"A\", "), stop("\"age\": 4}")],
        &["full ", "continue {\"name\": \"A\", "],
        valid,
    );
    check(
        &only(&[Rung::Subtree]),
        &[stop("{\"name\": \"A\", \"age\": 4, \"home\": {\"zip\": \"12\"}}"), stop("1234")],
        &["subtree /home/zip"],
        (Ended::Valid, Some(r#"{"name":"A","age":4,"home":{"zip":"1234"}}"#)),
    );
    check(
        &only(&[Rung::Full, Rung::Other]),
        &[stop("no")],
        &["full ", "other "],
        (Ended::Rungs, None),
    );
    check(&only(&[]), &[stop(OLD)], &[], (Ended::Rungs, None));
}

#[test]
fn budgets_end_the_loop() {
    let policy = Policy { attempts: 2, ..Policy::default() };
    let twice = &["redecode {\"name\": \"A\", \"age\":", "subtree /age"];
    check(&policy, &[stop(OLD), stop(" 500}"), stop("500")], twice, (Ended::Attempts, None));
    check(&Policy { attempts: 0, ..policy.clone() }, &[stop(OLD)], &[], (Ended::Attempts, None));
    check(&Policy { tokens: 4, ..policy.clone() }, &[stop(OLD)], &[], (Ended::Tokens, None));
    check(
        &Policy { tokens: 5, ..policy.clone() },
        &[stop(OLD), stop(" 500}")],
        &twice[..1],
        (Ended::Tokens, None),
    );
    let time = Duration::from_secs(1);
    check(
        &Policy { time, ..policy.clone() },
        &[stop(OLD), stop(" 500}")],
        &twice[..1],
        (Ended::Time, None),
    );
    // What is allowed to be lost is lost when nothing is left to ask, and not before.
    let repair = Options::default().allowing([Salvage::ExtraMembers]);
    let more = r#"{"name": "A", "age": 4, "mood": 1}"#;
    let rungs: BTreeSet<Rung> = [Rung::Full].into();
    let salvage = Policy { repair, rungs, ..policy };
    let salvaged = (Ended::Salvaged, Some(r#"{"name":"A","age":4}"#));
    check(&salvage, &[stop(more)], &["full "], salvaged);
    check(&salvage, &[stop(more), stop(GOOD)], &["full "], (Ended::Valid, Some(GOOD)));
}

/// What the model wrote behind the part that was wrong is left, where the reply's own text fits there.
#[test]
fn the_rest_of_a_reply_is_kept() {
    let policy = Policy { rungs: Rung::ALL.into(), ..Policy::default() };
    let cases = [
        // A reply, what is written from where it left the schema, what comes of both, and what was kept.
        (
            "So: {\"name\": \"A\", \"age\": 400, \"home\": {\"zip\": \"1234\"}} Good luck!",
            " 4, \"home\": {\"zip\": \"9999\"}}",
            r#"{"name": "A", "age": 4, "home": {"zip": "1234"}}"#,
            ", \"home\": {\"zip\": \"1234\"}}",
        ),
        (
            r#"{"home": {"zip": "x"}, "name": "A", "age": 4}"#,
            r#" "1234"}, "name": "B", "age": 5}"#,
            r#"{"home": {"zip": "1234"}, "name": "A", "age": 4}"#,
            r#"}, "name": "A", "age": 4}"#,
        ),
        // A name that nothing allows is left, and what follows it stays.
        (
            r#"{"name": "A", "mood": [1, {"x": 2}], "age": 4}"#,
            r#" "age": 5}"#,
            r#"{"name": "A", "age": 5}"#,
            "",
        ),
        // What does not conform either is not kept.
        (
            r#"{"name": "A", "age": 400, "home": {"zip": "x"}}"#,
            r#" 4, "home": {"zip": "9999"}}"#,
            r#"{"name": "A", "age": 4, "home": {"zip": "9999"}}"#,
            "",
        ),
        (OLD, " 4}", GOOD, ""),
    ];
    for (reply, answer, text, kept) in cases {
        let (asks, outcome) = run(&contract(), &policy, &[stop(reply), stop(answer)]);
        assert_eq!(asks[0].rung, Rung::Redecode, "{reply}");
        let found = (outcome.repaired.text.as_deref(), outcome.ledger[1].kept.as_str());
        assert_eq!(found, (Some(text), kept), "{reply}: {outcome:?}");
        assert_eq!(outcome.ledger[1].text, answer, "what the model wrote is on record");
    }
}

#[test]
fn feedback_does_not_grow() {
    let policy =
        Policy { rungs: [Rung::Subtree, Rung::Full, Rung::Other].into(), ..Policy::default() };
    let long = format!(r#"{{"name": {}, "age": 4}}"#, json!(vec!["x"; 5_000]));
    for script in [[stop(OLD), stop("401"), stop(OLD)], [stop(&long), stop(&long), stop(&long)]] {
        let (asks, _) = run(&contract(), &policy, &script);
        assert!(asks.len() >= 2, "{asks:?}");
        for ask in asks {
            let Request::Value { feedback, pointer, .. } = ask.request else {
                panic!("{script:?}")
            };
            assert!(feedback.len() < 600, "{feedback}");
            assert!(feedback.contains(&pointer) && feedback.contains("\"keyword\":"), "{feedback}");
        }
    }
}

/// Of all scripts of some answers none is asked more than is allowed, and what comes out conforms.
#[test]
fn no_script_is_asked_for_more() {
    let contract = contract();
    let validator = Validator::new(&schema(), &Default::default()).expect("a schema");
    let answers = [
        stop(OLD),
        cut("{\"name\": \"A\", "),
        stop("\"age\": 4}"),
        cut("\"b"),
        stop("no"),
        Answer::Failed("no".to_owned()),
    ];
    let policies = [(0, 99, 9), (1, 99, 9), (3, 8, 9), (4, 99, 2), (4, 99, 9), (9, 12, 4)];
    for (attempts, tokens, seconds) in policies {
        let time = Duration::from_secs(seconds);
        let ask_tokens = 5;
        let policy = Policy { attempts, tokens, ask_tokens, time, ..Policy::default() };
        for number in 0..answers.len().pow(4) {
            let digit =
                |place: u32| answers[number / answers.len().pow(place) % answers.len()].clone();
            let script: Vec<Answer> = (0..4).map(digit).collect();
            let (asks, outcome) = run(&contract, &policy, &script);
            assert!(asks.len() <= attempts, "{script:?}");
            // An ask made after n answers is made at second n - 1.
            assert!(asks.len() as u64 <= seconds, "{script:?}");
            let mut spent = 0;
            for (attempt, ask) in outcome.ledger.iter().zip(&asks) {
                spent += attempt.tokens;
                assert!(spent + ask.max_tokens <= tokens, "{script:?}: {asks:?}");
                assert!(ask.max_tokens <= ask_tokens && ask.max_tokens > 0, "{asks:?}");
            }
            if let Some(value) = outcome.repaired.value() {
                assert!(validator.validate(&value).is_empty(), "{script:?}: {value}");
            }
        }
    }
}

/// Replies that are made to be costly end the loop soon, with no more asks than are allowed.
#[test]
fn hostile_replies_end() {
    let contracts =
        [contract(), Contract::new(&json!({}), &Default::default()).expect("it compiles")];
    let long = 300_000;
    let replies = [
        "[".repeat(10_000_000),
        "{\"a\":".repeat(long / 5),
        "[{\"name\": \"A\", \"age\": ".repeat(100_000),
        "\"".repeat(50_000),
        "\0".repeat(long),
        "x".repeat(long),
        format!("{{\"name\": \"A\", \"age\": {}}}", "4".repeat(long)),
        format!("{{\"name\": \"{}", "a".repeat(long)),
        format!("{{\"name\": \"A\", {}", "\"b\": 1, ".repeat(long / 8)),
        "{\"name\": \"A\0\", \"age\": 400}".to_owned(),
        "{\"name\": \"\\ud800\", \"age\": 400}".to_owned(),
        format!("{{\"name\": \"A\", \"age\": 400, \"home\": {}1", "[".repeat(long)),
    ];
    for contract in &contracts {
        for reply in &replies {
            for answer in [stop(reply), cut(reply)] {
                let policy = Policy { tokens: usize::MAX, attempts: 3, ..Policy::default() };
                let begun = std::time::Instant::now();
                let (asks, outcome) = run(contract, &policy, &[answer, stop("]"), stop("4}")]);
                let (took, shown) = (begun.elapsed(), reply.chars().take(30).collect::<String>());
                assert!(took < Duration::from_secs(20), "{shown:?} takes {took:?}");
                assert!(asks.len() <= 3 && outcome.ledger.len() <= 5, "{shown:?}");
            }
        }
    }
}
