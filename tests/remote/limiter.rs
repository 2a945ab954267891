//! The limiter in virtual time, against endpoints that count as OpenAI's, Anthropic's, Groq's and Google's
//! do.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use tokenrail::remote::{
    Counting, Ended, Jitter, Lane, Limiter, Limits, Need, ServerBucket, ServerLimits, Ticket, Turn,
};

const MINUTE: Duration = Duration::from_secs(60);
const LENGTH: Duration = Duration::from_secs(900);

/// How an endpoint counts, and what its requests are like.
#[derive(Debug, Clone, Copy)]
struct Provider {
    name: &'static str,
    /// Of requests, tokens, input tokens and output tokens a minute.
    limits: [Option<u64>; 4],
    counting: Counting,
    tells: bool,
    /// Input tokens, from and to.
    input: [u64; 2],
    /// Output tokens that are reserved; at least half of them are written.
    output: u64,
}

const PROVIDERS: [Provider; 4] = [
    Provider {
        name: "openai",
        limits: [Some(500), Some(30_000), None, None],
        counting: Counting::Reserved,
        tells: true,
        input: [50, 150],
        output: 100,
    },
    Provider {
        name: "anthropic",
        limits: [Some(50), None, Some(40_000), Some(8_000)],
        counting: Counting::Spent,
        tells: true,
        input: [200, 600],
        output: 160,
    },
    Provider {
        name: "groq",
        limits: [Some(30), Some(6_000), None, None],
        counting: Counting::Spent,
        tells: false,
        input: [10, 60],
        output: 40,
    },
    Provider {
        name: "gemini",
        limits: [Some(15), None, Some(250_000), None],
        counting: Counting::Spent,
        tells: false,
        input: [100, 20_000],
        output: 100,
    },
];

/// What happens at the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(Ticket),
    Refuse(Ticket, Duration),
    Complete(Ticket),
}

/// An endpoint with an exact count of every window of a minute, and the requests to it.
struct World {
    provider: Provider,
    limiter: Limiter,
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, Event)>>,
    /// What each request that is out reserves and will take.
    out: HashMap<Ticket, (Need, Need)>,
    needs: HashMap<Ticket, Need>,
    /// What was counted, in time.
    counted: VecDeque<(Duration, [u64; 4])>,
    refused: Vec<Duration>,
    /// How many were out when one was admitted.
    admitted: Vec<(Duration, usize)>,
    jitter: Jitter,
}

fn amounts(need: Need) -> [u64; 4] {
    [1, need.input + need.output, need.input, need.output]
}

impl World {
    fn new(provider: Provider, limits: &Limits) -> Self {
        Self {
            provider,
            limiter: Limiter::new(limits),
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            out: HashMap::new(),
            needs: HashMap::new(),
            counted: VecDeque::new(),
            refused: Vec::new(),
            admitted: Vec::new(),
            jitter: Jitter::new(11),
        }
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.jitter.draw()
    }

    fn join(&mut self, need: Need, lane: Lane, turn: Turn) -> Ticket {
        let ticket = self.limiter.join(need, lane, turn);
        self.needs.insert(ticket, need);
        ticket
    }

    /// Keeps some requests waiting, in all lanes.
    fn fill(&mut self) {
        while self.limiter.waiting() < 40 {
            let [from, to] = self.provider.input;
            let input = self.between(from as f64, to as f64) as u64;
            let lane = [Lane::Urgent, Lane::Normal, Lane::Batch][self.needs.len() % 3];
            self.join(Need { input, output: self.provider.output }, lane, Turn::New);
        }
    }

    fn run(&mut self, until: Duration) {
        while self.now < until {
            self.fill();
            for ticket in self.limiter.admit(self.now) {
                let need = self.needs[&ticket];
                let output = (need.output as f64 * self.between(0.5, 1.0)) as u64;
                self.out.insert(ticket, (need, Need { output, ..need }));
                let at = self.now + Duration::from_secs_f64(self.between(0.02, 0.6));
                self.events.push(Reverse((at, Event::Arrive(ticket))));
                self.admitted.push((self.now, self.limiter.running()));
            }
            let by_time = self
                .limiter
                .wait(self.now)
                .map(|wait| self.now + wait.max(Duration::from_nanos(1)));
            let by_event = self.events.peek().map(|Reverse((at, _))| *at);
            let next = by_time.into_iter().chain(by_event).min().expect("something happens");
            self.now = next;
            if by_event == Some(next)
                && let Some(Reverse((_, event))) = self.events.pop()
            {
                self.happen(event);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(ticket) => self.arrive(ticket),
            Event::Refuse(ticket, wait) => {
                self.out.remove(&ticket);
                let until = self.now + wait;
                self.limiter.done(ticket, &Ended::Limited { until }, self.now);
                let need = self.needs[&ticket];
                self.join(need, Lane::Normal, Turn::Again);
            }
            Event::Complete(ticket) => {
                let (_, spent) = self.out.remove(&ticket).expect("it is out");
                if self.provider.tells {
                    let told = self.told();
                    self.limiter.hear(ticket, &told, self.now);
                }
                let ended = Ended::Went { input: spent.input, output: spent.output };
                self.limiter.done(ticket, &ended, self.now);
            }
        }
    }

    fn arrive(&mut self, ticket: Ticket) {
        let (reserved, spent) = self.out[&ticket];
        let counts = match self.provider.counting {
            Counting::Reserved => amounts(reserved),
            Counting::Spent => amounts(spent),
        };
        let used = self.used();
        let limits = self.provider.limits;
        let is_over = |at: usize| limits[at].is_some_and(|limit| used[at] + counts[at] > limit);
        let answered = self.now + Duration::from_secs_f64(self.between(0.5, 2.0));
        if (0..4).any(is_over) {
            self.refused.push(self.now);
            let wait = Duration::from_secs(5);
            self.events
                .push(Reverse((self.now + Duration::from_millis(50), Event::Refuse(ticket, wait))));
        } else {
            self.counted.push_back((self.now, counts));
            self.events.push(Reverse((answered, Event::Complete(ticket))));
        }
    }

    /// What was counted within the last minute.
    fn used(&self) -> [u64; 4] {
        let recent = self.counted.iter().rev().take_while(|(at, _)| *at + MINUTE > self.now);
        recent.fold([0; 4], |mut sums, (_, counts)| {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            sums
        })
    }

    fn told(&self) -> ServerLimits {
        let used = self.used();
        let bucket = |at: usize| {
            let limit = self.provider.limits[at]?;
            let remaining = limit.saturating_sub(used[at]);
            let full_in = MINUTE.mul_f64(used[at] as f64 / limit as f64);
            Some(ServerBucket {
                limit: Some(limit),
                remaining: Some(remaining),
                full_in: Some(full_in),
                period: Some(MINUTE),
            })
        };
        ServerLimits {
            requests: bucket(0),
            tokens: bucket(1),
            input_tokens: bucket(2),
            output_tokens: bucket(3),
        }
    }

    /// How much of the scarcest limit was used, after the first minute.
    fn utilisation(&self) -> f64 {
        let minutes = (self.now - MINUTE).as_secs_f64() / 60.0;
        let counted = |at: usize| {
            let later = self.counted.iter().filter(|(time, _)| *time > MINUTE);
            later.map(|(_, counts)| counts[at]).sum::<u64>() as f64
        };
        let used =
            (0..4).filter_map(|at| Some(counted(at) / minutes / self.provider.limits[at]? as f64));
        used.fold(0.0, f64::max)
    }
}

fn limits(provider: Provider) -> Limits {
    let [requests, tokens, input_tokens, output_tokens] = provider.limits;
    Limits {
        requests,
        tokens,
        input_tokens,
        output_tokens,
        counting: provider.counting,
        ..Limits::default()
    }
}

/// The endpoint counts every window that ends with a request: if it refuses none, none is over.
#[test]
fn no_window_is_over_the_limit_and_nearly_all_of_it_is_used() {
    for provider in PROVIDERS {
        let mut world = World::new(provider, &limits(provider));
        world.run(LENGTH);
        let used = world.utilisation();
        assert_eq!(world.refused.len(), 0, "{}", provider.name);
        assert!(used >= 0.95, "{}: {used}", provider.name);
    }
}

/// Where nobody says what the limit is, the endpoint does. It counts by windows, and what it tells is read
/// as if it came back steadily: so some is refused, and less is used.
#[test]
fn what_the_endpoint_tells_is_kept_to() {
    for provider in PROVIDERS.into_iter().filter(|provider| provider.tells) {
        let mut world =
            World::new(provider, &Limits { counting: provider.counting, ..Limits::default() });
        world.run(LENGTH);
        let (refused, counted) = (world.refused.len(), world.counted.len());
        assert!(refused * 10 < counted, "{}: {refused} of {counted}", provider.name);
        assert!(world.utilisation() >= 0.85, "{}: {}", provider.name, world.utilisation());
    }
}

/// An endpoint that says nothing of its limit but that it was met: behind a refusal, which asks for five
/// seconds, nobody goes before they are over, then one, and the others only when that went well.
#[test]
fn behind_a_refusal_one_goes_first() {
    let provider = PROVIDERS[3];
    let mut world = World::new(provider, &Limits::default());
    world.run(Duration::from_secs(300));
    let refused = |from: Duration| {
        world.refused.iter().filter(|at| (from..from + Duration::from_secs(5)).contains(at)).count()
    };
    // All are refused that were sent before the first refusal was heard.
    assert!(refused(Duration::ZERO) > 40);
    for five in 1..60 {
        let count = refused(Duration::from_secs(five * 5));
        assert!(count <= 1, "{count} refusals within the {five}th five seconds: a herd");
    }
    assert!(world.utilisation() >= 0.95, "{}", world.utilisation());
}

#[test]
fn a_trial_decides_for_all() {
    let second = Duration::from_secs;
    let mut limiter = Limiter::new(&Limits { concurrency: 8, ..Limits::default() });
    let tickets: Vec<Ticket> =
        (0..20).map(|_| limiter.join(Need::default(), Lane::Normal, Turn::New)).collect();
    assert_eq!(limiter.admit(second(0)), tickets[..8]);
    limiter.done(tickets[0], &Ended::Limited { until: second(10) }, second(1));
    limiter.done(tickets[1], &Ended::Limited { until: second(20) }, second(1));
    tickets[2..8].iter().for_each(|ticket| limiter.done(*ticket, &Ended::WentUncounted, second(2)));
    assert_eq!((limiter.admit(second(19)), limiter.wait(second(19))), (vec![], Some(second(1))));
    assert_eq!(limiter.admit(second(20)), tickets[8..9], "one on trial");
    assert_eq!((limiter.admit(second(40)), limiter.wait(second(40))), (vec![], None));
    limiter.done(tickets[8], &Ended::Limited { until: second(50) }, second(41));
    assert_eq!(limiter.admit(second(50)), tickets[9..10], "another one");
    limiter.done(tickets[9], &Ended::WentUncounted, second(51));
    // Of eight half, and half of that again.
    assert_eq!(limiter.admit(second(51)), tickets[10..12]);
}

#[test]
fn concurrency_grows_with_successes_and_is_halved_once_for_what_was_sent_together() {
    let mut limiter = Limiter::new(&Limits { concurrency: 16, ..Limits::default() });
    let mut now = Duration::ZERO;
    let fill = |limiter: &mut Limiter, now| {
        while limiter.waiting() < 40 {
            limiter.join(Need::default(), Lane::Normal, Turn::New);
        }
        limiter.admit(now)
    };
    let first = fill(&mut limiter, now);
    assert_eq!(first.len(), 16);
    now += Duration::from_secs(1);
    first.iter().for_each(|ticket| limiter.done(*ticket, &Ended::Overloaded, now));
    for allowed in [8, 9, 10, 11] {
        let mut successes = 0;
        now += Duration::from_secs(1);
        let mut out = fill(&mut limiter, now);
        assert_eq!(limiter.running(), allowed);
        while successes < 20 {
            let ticket = out.pop().expect("one is out");
            limiter.done(ticket, &Ended::WentUncounted, now);
            successes += 1;
            if successes < 20 {
                out.extend(fill(&mut limiter, now));
            }
        }
        out.iter().for_each(|ticket| limiter.done(*ticket, &Ended::Failed, now));
    }
}

/// Whatever else waits: everyone who waits is admitted before 8 times as many have gone.
#[test]
fn nobody_starves() {
    let mut limiter = Limiter::new(&Limits { requests: Some(600), ..Limits::default() });
    let batch: Vec<Ticket> =
        (0..20).map(|_| limiter.join(Need::default(), Lane::Batch, Turn::New)).collect();
    let (mut now, mut gone) = (Duration::ZERO, Vec::new());
    while gone.len() < 200 {
        while limiter.waiting() < 60 {
            limiter.join(Need::default(), Lane::Urgent, Turn::New);
        }
        for ticket in limiter.admit(now) {
            gone.push(ticket);
            limiter.done(ticket, &Ended::WentUncounted, now);
        }
        now += Duration::from_millis(100);
    }
    for (place, ticket) in batch.iter().enumerate() {
        let at = gone.iter().position(|gone| gone == ticket).expect("it is admitted");
        assert!(at <= (place + 1) * 8, "the {place}th was admitted as the {at}th");
    }
    let urgent = gone.iter().filter(|ticket| !batch.contains(ticket)).count();
    assert!(urgent * 8 >= gone.len() * 7 - 8, "the urgent go first: {urgent}");
}

/// A request that needs more than there is goes when nothing else was counted, and is not passed by.
#[test]
fn what_is_over_the_limit_goes_alone() {
    let mut limiter = Limiter::new(&Limits { tokens: Some(1000), ..Limits::default() });
    let small = Need { input: 50, output: 0 };
    let first = limiter.join(small, Lane::Normal, Turn::New);
    let huge = limiter.join(Need { input: 5000, output: 0 }, Lane::Normal, Turn::New);
    let last = limiter.join(small, Lane::Normal, Turn::New);
    assert_eq!(limiter.admit(Duration::ZERO), [first]);
    limiter.done(first, &Ended::WentUncounted, Duration::ZERO);
    let wait = limiter.wait(Duration::ZERO).expect("by time");
    assert_eq!(wait, Duration::from_secs(61));
    assert_eq!(limiter.admit(wait), [huge]);
    limiter.done(huge, &Ended::WentUncounted, wait);
    let then = wait + limiter.wait(wait).expect("by time");
    assert_eq!(then, wait + Duration::from_secs(61));
    assert_eq!(limiter.admit(then), [last]);
}

#[test]
fn what_is_not_spent_is_free_again() {
    let mut limiter = Limiter::new(&Limits { tokens: Some(1000), ..Limits::default() });
    let need = Need { input: 100, output: 900 };
    let tickets: Vec<Ticket> =
        (0..3).map(|_| limiter.join(need, Lane::Normal, Turn::New)).collect();
    assert_eq!(limiter.admit(Duration::ZERO), tickets[..1]);
    let now = Duration::from_secs(6);
    limiter.done(tickets[0], &Ended::Went { input: 0, output: 0 }, now);
    assert_eq!(limiter.admit(now), tickets[1..2]);
    limiter.leave(tickets[2]);
    assert_eq!((limiter.waiting(), limiter.wait(now)), (0, None));
}

/// Of two responses the one counts that was sent for later, whichever comes first.
#[test]
fn old_news_is_none() {
    let told = |remaining| ServerLimits {
        requests: Some(ServerBucket {
            limit: Some(60),
            remaining: Some(remaining),
            full_in: Some(MINUTE),
            period: None,
        }),
        ..ServerLimits::default()
    };
    let mut limiter = Limiter::new(&Limits::default());
    let join = |limiter: &mut Limiter| limiter.join(Need::default(), Lane::Normal, Turn::New);
    let old = join(&mut limiter);
    limiter.admit(Duration::ZERO);
    let new = join(&mut limiter);
    limiter.admit(Duration::from_secs(1));
    limiter.hear(new, &told(0), Duration::from_secs(2));
    limiter.hear(old, &told(50), Duration::from_secs(3));
    join(&mut limiter);
    assert_eq!(limiter.admit(Duration::from_secs(2)), []);
    // Sixty come back in a minute.
    assert_eq!(
        limiter.wait(Duration::from_secs(2)).map(|wait| wait.as_secs_f64().round()),
        Some(1.0)
    );
}
