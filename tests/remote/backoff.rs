//! Waits between tries, and who gives up when.

use std::time::Duration;

use tokenrail::remote::{
    Body, Class, GaveUp, Hint, HintSource, Jitter, Retry, RetryBudget, RetryPolicy, Signals,
    Trouble,
};

fn hint(seconds: f64) -> Option<Hint> {
    Some(Hint { wait: Duration::from_secs_f64(seconds), source: HintSource::RetryAfter })
}

#[test]
fn waits_without_a_hint_are_drawn_from_the_whole_range() {
    let policy = RetryPolicy::default();
    let ceilings = |class: Class| {
        let mut jitter = Jitter::new(5);
        let ceiling = |failures: usize| {
            let waits: Vec<f64> = (0..2000)
                .map(|_| policy.wait(class, None, failures, &mut jitter).time.as_secs_f64())
                .collect();
            let (least, most) = waits
                .iter()
                .fold((f64::MAX, 0_f64), |(least, most), wait| (least.min(*wait), most.max(*wait)));
            let mean = waits.iter().sum::<f64>() / waits.len() as f64;
            assert!(
                least < most * 0.01 && (mean / most - 0.5).abs() < 0.03,
                "{class:?} {failures}"
            );
            most
        };
        [0, 1, 2, 5, 6, 40, 1000].map(ceiling)
    };
    let expected = [
        (Class::Transient, [0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]),
        (Class::Overloaded, [2.0, 4.0, 8.0, 60.0, 60.0, 60.0, 60.0]),
    ];
    for (class, expected) in expected {
        for (found, expected) in ceilings(class).into_iter().zip(expected) {
            assert!(
                (expected * 0.99..=expected).contains(&found),
                "{class:?}: {found}, {expected}"
            );
        }
    }
}

/// Never earlier than asked for, and by at most a tenth or a second later.
#[test]
fn waits_with_a_hint_are_never_shorter() {
    let policy = RetryPolicy::default();
    let mut jitter = Jitter::new(7);
    for seconds in [0.001, 1.0, 5.0, 10.0, 100.0, 1e6] {
        for failures in 0..50 {
            let wait = policy.wait(Class::RateLimited, hint(seconds), failures, &mut jitter);
            let late = wait.time.as_secs_f64() - seconds;
            assert!((-1e-9..=(0.1 * seconds).min(1.0) + 1e-9).contains(&late), "{seconds}: {late}");
            assert_eq!(wait.source, HintSource::RetryAfter);
        }
    }
}

/// Failures with these statuses, one second apart; gives how many tries followed, and why no more did.
fn check(policy: &RetryPolicy, statuses: &[u16], signals: &Signals, expected: (usize, GaveUp)) {
    let mut retry = Retry::new(policy);
    let (mut budget, mut jitter) = (RetryBudget::default(), Jitter::new(1));
    let mut now = Duration::ZERO;
    for (tries, status) in statuses.iter().cycle().enumerate() {
        let trouble = Trouble::of_response(*status, &Body::Empty).expect("it failed");
        match retry.fail(&trouble, signals, now, (&mut budget, &mut jitter)) {
            Ok(wait) => now += wait.time + Duration::from_secs(1),
            Err(gave_up) => {
                assert_eq!((tries, gave_up), expected, "{statuses:?}");
                return;
            }
        }
    }
}

#[test]
fn tries_end() {
    let policy = RetryPolicy::default();
    let none = Signals::default();
    let signals = |seconds: f64| Signals { hint: hint(seconds), ..Signals::default() };
    let said = |retry| Signals { should_retry: Some(retry), ..Signals::default() };
    let short = RetryPolicy { deadline: Duration::from_secs(5), ..policy.clone() };
    let many = RetryPolicy { attempts: 100, base: Duration::ZERO, ..policy.clone() };
    let long =
        GaveUp::LongWait { wait: Duration::from_secs(3600), limit: Duration::from_secs(120) };
    check(&policy, &[400], &none, (0, GaveUp::Fatal));
    check(&policy, &[500], &none, (3, GaveUp::Attempts));
    check(&policy, &[429, 503], &none, (3, GaveUp::Attempts));
    check(&policy, &[504], &none, (1, GaveUp::Again));
    check(&policy, &[424], &none, (1, GaveUp::Again));
    check(&policy, &[500, 504], &none, (3, GaveUp::Again));
    check(&policy, &[500, 401], &none, (1, GaveUp::Fatal));
    check(&policy, &[429], &signals(3600.0), (0, long));
    check(&short, &[429], &signals(3.0), (1, GaveUp::Deadline));
    check(&many, &[500], &none, (10, GaveUp::Budget));
    check(&policy, &[500], &said(false), (0, GaveUp::Fatal));
    check(&policy, &[400], &said(true), (3, GaveUp::Attempts));
}

#[test]
fn little_is_waited_for_where_there_is_someone_else() {
    let policy = RetryPolicy::default();
    let (mut budget, mut jitter) = (RetryBudget::default(), Jitter::new(1));
    let mut fail = |retry: &mut Retry<'_>, status, seconds: Option<f64>| {
        let trouble = Trouble::of_response(status, &Body::Empty).expect("it failed");
        let signals = Signals { hint: seconds.and_then(hint), ..Signals::default() };
        retry.fail(&trouble, &signals, Duration::ZERO, (&mut budget, &mut jitter)).err()
    };
    let mut retry = Retry::new(&policy).with_fallback();
    assert_eq!(fail(&mut retry, 529, None), None);
    assert_eq!(fail(&mut retry, 529, None), Some(GaveUp::Again));
    let mut retry = Retry::new(&policy).with_fallback();
    assert_eq!(fail(&mut retry, 429, Some(5.0)), None);
    assert!(matches!(fail(&mut retry, 429, Some(20.0)), Some(GaveUp::LongWait { .. })));
}

#[test]
fn a_model_that_is_loaded_costs_no_tries() {
    let body =
        br#"{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}"#;
    let trouble = Trouble::of_response(503, &Body::read(body)).expect("it failed");
    let policy = RetryPolicy { loading: Duration::from_secs(60), ..RetryPolicy::default() };
    let mut retry = Retry::new(&policy);
    let (mut budget, mut jitter) = (RetryBudget::default(), Jitter::new(1));
    let mut now = Duration::ZERO;
    let mut asked = 0;
    while let Ok(wait) = retry.fail(&trouble, &Signals::default(), now, (&mut budget, &mut jitter))
    {
        assert!(wait.time <= Duration::from_secs(1));
        now += wait.time;
        asked += 1;
    }
    assert!(now >= Duration::from_secs(60) && asked > 60, "{asked} in {now:?}");
    assert!((0..10).all(|_| budget.spend()), "the budget is untouched");
}
