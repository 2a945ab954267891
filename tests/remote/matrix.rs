//! The client against an endpoint that misbehaves in every way of `cases.rs`, and the table of it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tokenrail::remote::{
    Answer, Attempt, Bounds, Client, Clock, Endpoint as Address, GaveUp, Options, RemoteError,
    Request, RetryPolicy, Target, Wait,
};
use tokio::task::JoinSet;

use super::cases::{self, Case, DEADLINE, LIMIT, Mode, SILENCE};
use super::endpoint::Endpoint;

const MATRIX: &str = include_str!("MATRIX.md");
/// So many cases are run beside each other: more would make times unsure.
const BESIDE: usize = 12;

pub(crate) fn options() -> Options {
    let silence = Duration::from_millis(SILENCE);
    Options {
        retry: RetryPolicy { deadline: Duration::from_secs(DEADLINE), ..RetryPolicy::default() },
        bounds: Bounds {
            first_byte: silence,
            between: silence,
            response: LIMIT,
            ..Bounds::default()
        },
        seed: 7,
        clock: Clock::skipping(),
        ..Options::default()
    }
}

fn request(mode: Mode) -> Request {
    let body = json!({
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 16,
        "temperature": 0,
        "response_format": {"type": "text"},
    });
    let mut request = Request::chat(body).expect("an object");
    if matches!(mode, Mode::Json | Mode::JsonStream) {
        request.expected = tokenrail::remote::Expected::Json;
    }
    request
}

/// What came of a case, in the words of its expectation.
struct Found {
    outcome: String,
    ledger: Vec<Attempt>,
    /// How many requests the endpoints saw.
    seen: usize,
    /// The time that passed on the client's clock, and on the wall.
    passed: (Duration, Duration),
}

async fn run(case: &Case) -> Found {
    let first = Endpoint::start(case.script.clone()).await;
    let mut targets = vec![target(&first.url())];
    let mut second = None;
    if let Some(script) = &case.second {
        let endpoint = Endpoint::start(script.clone()).await;
        targets.push(target(&endpoint.url()));
        second = Some(endpoint);
    }
    let options = options();
    let clock = options.clock.clone();
    let client = Client::new(targets, options).expect("a client");
    let request = request(case.mode);
    let (wall, begin) = (Instant::now(), clock.now());
    let result = match case.mode {
        Mode::Whole | Mode::Json => client.send(&request).await,
        Mode::Stream | Mode::JsonStream => {
            let mut told = String::new();
            let result = client.stream(&request, &mut |piece| told.push_str(&piece.text)).await;
            if let Ok(answer) = &result
                && !answer.warnings.iter().any(|warning| warning.to_string().contains("as a whole"))
            {
                assert_eq!(told, answer.reply.text(), "{}: what was told", case.name);
            }
            result
        }
    };
    let passed = (clock.now() - begin, wall.elapsed());
    let seen = first.seen().len() + second.map_or(0, |endpoint| endpoint.seen().len());
    let (outcome, ledger) = match result {
        Ok(answer) => (outcome_of(&answer), answer.ledger),
        Err(RemoteError::Failed(failure)) => {
            let why = gave_up(&failure.gave_up);
            (with_note(why, failure.trouble.note), failure.ledger)
        }
        Err(error) => panic!("{}: {error}", case.name),
    };
    Found { outcome, ledger, seen, passed }
}

fn target(url: &str) -> Target {
    Target::new(Address::new(url, None).expect("an address"), "m")
}

fn outcome_of(answer: &Answer) -> String {
    let name = answer.verdict.name();
    if name == "runaway" {
        return name.to_owned();
    }
    let text = format!("{name} {}", answer.reply.text());
    with_note(text.trim_end(), answer.broken.as_ref().map_or("", |trouble| trouble.note))
}

fn with_note(text: &str, note: &str) -> String {
    if note.is_empty() { text.to_owned() } else { format!("{text}, {note}") }
}

fn gave_up(gave_up: &GaveUp) -> &'static str {
    match gave_up {
        GaveUp::Fatal => "Fatal",
        GaveUp::Attempts => "Attempts",
        GaveUp::Again => "Again",
        GaveUp::Budget => "Budget",
        GaveUp::LongWait { .. } => "LongWait",
        GaveUp::Deadline => "Deadline",
        GaveUp::Open { .. } => "Open",
        _ => "another reason",
    }
}

/// What differs from the expectation.
fn differences(case: &Case, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, found: &str, expected: &str| {
        if found != expected {
            wrong.push(format!(
                "{}/{}: {what} is {found:?}, not {expected:?}",
                case.group, case.name
            ));
        }
    };
    check("outcome", &found.outcome, &case.outcome);
    let outcomes: Vec<&str> = found.ledger.iter().map(|attempt| attempt.outcome.name()).collect();
    check("ledger", &outcomes.join(">"), &case.ledger);
    let waits: Vec<Wait> = found.ledger.iter().filter_map(|attempt| attempt.wait).collect();
    let expected: Vec<&str> = case.waits.split(", ").filter(|wait| !wait.is_empty()).collect();
    check("number of waits", &waits.len().to_string(), &expected.len().to_string());
    for (wait, expected) in waits.iter().zip(expected) {
        if !is_like(wait, expected) {
            check("wait", &format!("{} {:?}", wait.source.name(), wait.time), expected);
        }
    }
    // The client says that it sent so many; the endpoint, that it got so many.
    check("requests", &found.seen.to_string(), &found.ledger.len().max(case.sent_on()).to_string());
    let waited: Duration = waits.iter().map(|wait| wait.time).sum();
    if found.passed.0 < waited || found.passed.1 > Duration::from_secs(15) {
        check("time", &format!("{:?}", found.passed), &format!("at least {waited:?}"));
    }
    wrong
}

/// A wait that was asked for is at most a tenth or a second longer; one that was not, below its ceiling.
fn is_like(wait: &Wait, expected: &str) -> bool {
    let (source, seconds) = expected.split_once(' ').expect("a source and seconds");
    let seconds: f64 = seconds.parse().expect("seconds");
    let time = wait.time.as_secs_f64();
    let range = match source {
        "backoff" => 0.0..=seconds,
        _ => seconds - 1e-9..=seconds + (0.1 * seconds).min(1.0) + 1e-6,
    };
    wait.source.name() == source && range.contains(&time)
}

#[test]
fn the_client_does_what_the_matrix_says() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cases = cases::all();
    assert!(cases.len() >= 127, "{} cases", cases.len());
    let mut found: Vec<Option<Found>> = cases.iter().map(|_| None).collect();
    let cases = std::sync::Arc::new(cases);
    runtime.block_on(async {
        let mut running = JoinSet::new();
        let mut next = 0;
        loop {
            while running.len() < BESIDE && next < cases.len() {
                let (place, cases) = (next, std::sync::Arc::clone(&cases));
                running.spawn(async move { (place, run(&cases[place]).await) });
                next += 1;
            }
            let Some(done) = running.join_next().await else { break };
            let (place, result) = done.expect("no panic");
            found[place] = Some(result);
        }
    });
    let found: Vec<Found> = found.into_iter().map(|found| found.expect("it ran")).collect();
    let wrong: Vec<String> =
        cases.iter().zip(&found).flat_map(|(case, found)| differences(case, found)).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let matrix = write(&cases, &found);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("MATRIX.md");
    fs::write(&path, &matrix).expect("a file");
    assert_eq!(matrix, MATRIX, "the matrix is another one: {}", path.display());
}

fn write(cases: &[Case], found: &[Found]) -> String {
    let mut matrix = HEAD.to_owned();
    let mut group = "";
    for (case, found) in cases.iter().zip(found) {
        if case.group != group {
            group = case.group;
            let _ = write!(matrix, "\n## {group}\n\n{COLUMNS}");
        }
        let clean = |text: &str| text.replace('|', "\\|").replace(['\u{2028}', '\n'], " ");
        let waits = if case.waits.is_empty() { "none" } else { case.waits };
        let _ = writeln!(
            matrix,
            "| {} | {} | {} | {waits} | {} | {} |",
            clean(&case.name),
            found.seen,
            case.ledger.replace('>', ", "),
            clean(&case.outcome),
            if case.python.is_empty() { "not measured" } else { case.python },
        );
    }
    matrix
}

const COLUMNS: &str = "\
| the endpoint | requests | each of them | waits | the call | openai Python 3.54 |
|---|---|---|---|---|---|
";

const HEAD: &str = "\
# What the client does when an endpoint misbehaves

A test writes this table and holds it: an endpoint on a real socket does what the first column says and then
answers well, if it is asked again. *Waits* are those between requests, in seconds: behind a name of a
header, the body or a text, what that asks for, with at most a tenth or a second more; behind *backoff*, the
ceiling of what is drawn. A call ends with a verdict and a text, or with the reason why there is no further
try: *Fatal*, the same would fail again; *Again*, failures like this are tried twice; *Attempts*, four tries;
*LongWait*, over 120 seconds; *Deadline*, over the time for the call.
";
