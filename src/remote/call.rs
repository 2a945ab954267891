//! One call: its tries at one target after the other.

use std::sync::Arc;
use std::time::Duration;

use super::adapt::Adaptation;
use super::answer::Answer;
use super::class::{Class, Remedy, Trouble};
use super::client::Options;
use super::clock::Clock;
use super::endpoint::Target;
use super::error::Failure;
use super::exchange::{Begun, Delivery, Exchange, Received, body_for, exchange};
use super::gate::{Gate, Permit};
use super::ledger::{Attempt, Outcome};
use super::limiter::{Ended, Turn};
use super::request::Request;
use super::retry::{GaveUp, Retry, Trigger};
use super::signals::Signals;
use super::transport::{Transport, within};
use super::verdict::{Verdict, judge};
use crate::openai::FinishReason;

/// A target with what its endpoint's callers share.
#[derive(Debug, Clone)]
pub(super) struct Station {
    pub(super) target: Target,
    pub(super) gate: Arc<Gate>,
}

/// A call under way.
pub(super) struct Call<'c, 'd> {
    transport: &'c Transport,
    clock: &'c Clock,
    options: &'c Options,
    request: &'c Request,
    delivery: Delivery<'d>,
    /// When it began.
    begin: Duration,
    ledger: Vec<Attempt>,
}

/// What is known of a try before it is decided what follows from it.
struct Tried<'g> {
    exchange: Exchange,
    permit: Option<Permit<'g>>,
    adaptations: Vec<Adaptation>,
    queued: Duration,
    took: Duration,
}

/// How the call ends at a target; `None` where another try follows.
type End = Option<Result<Answer, Box<Failure>>>;

/// A pause behind a 429 that gives no hint and is not tried again.
const PAUSE: Duration = Duration::from_secs(1);

impl<'c, 'd> Call<'c, 'd> {
    pub(super) fn new(
        (transport, clock): (&'c Transport, &'c Clock),
        options: &'c Options,
        request: &'c Request,
        delivery: Delivery<'d>,
    ) -> Self {
        let ledger = Vec::new();
        Self { transport, clock, options, request, delivery, begin: clock.now(), ledger }
    }

    /// Asks one target after the other until one answers.
    pub(super) async fn run(mut self, stations: &[Station]) -> Result<Answer, Box<Failure>> {
        let mut rest = stations.iter().peekable();
        let mut result: Option<Result<Answer, Box<Failure>>> = None;
        while let Some(station) = rest.next() {
            let asked = self.ask(station, rest.peek().copied()).await;
            let trigger = match &asked {
                Ok(answer) => of_verdict(&answer.verdict),
                Err(failure) => Trigger::of(&failure.trouble, &failure.gave_up),
            };
            // Those that cannot help are passed over.
            let leads =
                |next: &&Station| trigger.is_some_and(|it| next.target.triggers.contains(&it));
            while rest.next_if(|next| !leads(next)).is_some() {}
            result = match (result, asked) {
                (Some(Ok(refusal)), Err(_)) => Some(Ok(refusal)),
                (_, asked) => Some(asked),
            };
        }
        let mut result = result.unwrap_or_else(|| Err(Box::new(Failure::nobody())));
        match &mut result {
            Ok(answer) => answer.ledger = self.ledger,
            Err(failure) => failure.ledger = self.ledger,
        }
        result
    }

    async fn ask(
        &mut self,
        station: &Station,
        next: Option<&Station>,
    ) -> Result<Answer, Box<Failure>> {
        let mut retry = Retry::new(&self.options.retry);
        if next.is_some_and(|next| next.target.triggers.contains(&Trigger::Capacity)) {
            retry = retry.with_fallback();
        }
        let mut turn = Turn::New;
        loop {
            if let Some((trouble, gave_up)) = self.closed(station, &retry) {
                return Err(failure(station, trouble, &Signals::default(), gave_up));
            }
            let tried = self.once(station, turn).await;
            if let Some(end) = self.settle(station, &mut retry, tried).await {
                return end;
            }
            turn = Turn::Again;
        }
    }

    /// Why the target is not to be asked now, if it is not.
    fn closed(&self, station: &Station, retry: &Retry<'_>) -> Option<(Trouble, GaveUp)> {
        let now = self.clock.now();
        let mut shared = station.gate.lock();
        let (wait, limit) = (shared.pause(now), retry.longest_wait());
        if wait > limit {
            let trouble = Trouble::new(Class::RateLimited, Remedy::Pause);
            return Some((trouble, GaveUp::LongWait { wait, limit }));
        }
        let until = shared.breaker.admit(now).err()?;
        let trouble = Trouble::new(Class::Transient, Remedy::Retry);
        Some((trouble, GaveUp::Open { wait: until.saturating_sub(now) }))
    }

    /// Sends the request once, when the limiter lets it.
    async fn once<'g>(&mut self, station: &'g Station, turn: Turn) -> Tried<'g> {
        let mut body = body_for(&station.target, self.request, &self.delivery);
        let (adaptations, usual) = {
            let shared = station.gate.lock();
            (shared.adaptations.clone(), shared.usual_output())
        };
        let adaptations: Vec<Adaptation> =
            adaptations.into_iter().filter(|change| change.apply(&mut body)).collect();
        let body = serde_json::to_vec(&body).expect("values have no keys but texts");
        let need = self.request.needs(body.len(), usual);
        let joined = self.clock.now();
        let enter = station.gate.enter(need, self.request.lane, turn);
        let permit = within(self.left(), enter).await;
        let sent = self.clock.now();
        let left = self.left();
        let exchange = match &permit {
            Some(_) => {
                let parts = (&station.target, self.request);
                let way = (self.transport, self.clock);
                exchange(way, parts, &body, left, &mut self.delivery).await
            }
            None => Exchange::without_response(Trouble {
                note: "the limiter let it wait until the time was over",
                ..Trouble::new(Class::RateLimited, Remedy::Pause)
            }),
        };
        let took = self.clock.now().saturating_sub(sent);
        Tried { exchange, permit, adaptations, queued: sent.saturating_sub(joined), took }
    }

    /// Decides what follows from a try, notes it, and waits where another one follows.
    async fn settle(
        &mut self,
        station: &Station,
        retry: &mut Retry<'_>,
        mut tried: Tried<'_>,
    ) -> End {
        let result = std::mem::replace(&mut tried.exchange.result, Err(Trouble::empty(None)));
        match result {
            Ok(received) => self.settle_reply(station, retry, (tried, received)).await,
            Err(trouble) => self.settle_trouble(station, retry, (tried, trouble)).await,
        }
    }

    async fn settle_reply(
        &mut self,
        station: &Station,
        retry: &mut Retry<'_>,
        (mut tried, received): (Tried<'_>, Received),
    ) -> End {
        let verdict = self.verdict(&received);
        let usage = received.reply.usage;
        let ended = usage.map_or(Ended::WentUncounted, |usage| Ended::Went {
            input: usage.prompt,
            output: usage.completion,
        });
        let now = self.clock.now();
        {
            let mut shared = station.gate.lock();
            shared.budget.earn();
            match received.broken {
                Some(_) => shared.breaker.fail(now),
                None => shared.breaker.succeed(),
            }
        }
        end(tried.permit.take(), &tried.exchange.signals, &ended);
        let outcome = Outcome::Answered(verdict.name());
        self.note(station, &tried, outcome);
        if let Some(attempt) = self.ledger.last_mut() {
            attempt.served = received.reply.model.clone();
            attempt.usage = usage;
        }
        let is_idle = verdict == Verdict::Empty { thoughts: 0 }
            && received.begun == Begun::No
            && received.reply.finish() != Some(&FinishReason::Length);
        if is_idle && self.wait(station, retry, &Trouble::empty(None), &tried).await.is_ok() {
            return None;
        }
        Some(Ok(self.answer(station, (tried, received), verdict)))
    }

    async fn settle_trouble(
        &mut self,
        station: &Station,
        retry: &mut Retry<'_>,
        (mut tried, mut trouble): (Tried<'_>, Trouble),
    ) -> End {
        if let Some(fault) = &mut trouble.fault {
            station.target.endpoint.hide_key(&mut fault.message);
        }
        let now = self.clock.now();
        if trouble.class.is_of_endpoint() {
            station.gate.lock().breaker.fail(now);
        } else if tried.exchange.status.is_some() {
            station.gate.lock().breaker.succeed();
        }
        self.note(station, &tried, Outcome::Failed(trouble.class));
        if let (Some(attempt), Some(fault)) = (self.ledger.last_mut(), &trouble.fault) {
            attempt.code = Some(fault.name().to_owned());
        }
        let ended = match trouble.class {
            Class::RateLimited => {
                let hint = tried.exchange.signals.hint;
                Ended::Limited { until: now + hint.map_or(PAUSE, |hint| hint.wait) }
            }
            Class::Overloaded => Ended::Overloaded,
            _ => Ended::Failed,
        };
        end(tried.permit.take(), &tried.exchange.signals, &ended);
        if trouble.class == Class::Adaptable && self.adapt(station, &trouble) {
            return None;
        }
        match self.wait(station, retry, &trouble, &tried).await {
            Ok(()) => None,
            Err(gave_up) => Some(Err(failure(station, trouble, &tried.exchange.signals, gave_up))),
        }
    }

    /// Waits for the next try, where there is one.
    async fn wait(
        &mut self,
        station: &Station,
        retry: &mut Retry<'_>,
        trouble: &Trouble,
        tried: &Tried<'_>,
    ) -> Result<(), GaveUp> {
        let now = self.clock.now().saturating_sub(self.begin);
        let wait = {
            let mut shared = station.gate.lock();
            let shared = &mut *shared;
            let draws = (&mut shared.budget, &mut shared.jitter);
            retry.fail(trouble, &tried.exchange.signals, now, draws)?
        };
        if let Some(attempt) = self.ledger.last_mut() {
            attempt.wait = Some(wait);
        }
        self.clock.sleep(wait.time).await;
        Ok(())
    }

    /// Remembers what the endpoint wants otherwise, if that is new and can be done.
    fn adapt(&self, station: &Station, trouble: &Trouble) -> bool {
        let change = trouble.fault.as_deref().and_then(Adaptation::of);
        let mut body = body_for(&station.target, self.request, &self.delivery);
        let Some(change) = change.filter(|change| change.apply(&mut body)) else { return false };
        let mut shared = station.gate.lock();
        let is_new = !shared.adaptations.contains(&change);
        if is_new {
            shared.adaptations.push(change);
        }
        is_new
    }

    fn verdict(&self, received: &Received) -> Verdict {
        if received.broken.is_some() {
            return Verdict::Broken;
        }
        let request = self.request;
        if !request.route.has_replies() {
            return Verdict::Whole;
        }
        judge(&received.reply, request.expected, request.max_tokens(), &self.options.refusals)
    }

    fn note(&mut self, station: &Station, tried: &Tried<'_>, outcome: Outcome) {
        let exchange = &tried.exchange;
        self.ledger.push(Attempt {
            endpoint: station.target.endpoint.base().to_owned(),
            asked: station.target.model.clone(),
            served: None,
            request_id: exchange.signals.request_id.clone(),
            outcome,
            status: exchange.status,
            code: None,
            wait: None,
            usage: None,
            bytes: exchange.bytes,
            queued: tried.queued,
            first_byte: exchange.first_byte,
            took: tried.took,
        });
    }

    fn answer(
        &self,
        station: &Station,
        (tried, received): (Tried<'_>, Received),
        verdict: Verdict,
    ) -> Answer {
        Answer {
            reply: received.reply,
            body: received.body,
            verdict,
            broken: received.broken,
            endpoint: station.target.endpoint.base().to_owned(),
            asked: station.target.model.clone(),
            adaptations: tried.adaptations,
            warnings: received.warnings,
            took: self.clock.now().saturating_sub(self.begin),
            ledger: Vec::new(),
        }
    }

    /// The time that is left for the call.
    fn left(&self) -> Duration {
        let passed = self.clock.now().saturating_sub(self.begin);
        self.options.retry.deadline.saturating_sub(passed)
    }
}

fn of_verdict(verdict: &Verdict) -> Option<Trigger> {
    matches!(verdict, Verdict::Refused { .. } | Verdict::Filtered).then_some(Trigger::Refusal)
}

/// Gives a leave back, with what the response tells about the limits.
fn end(permit: Option<Permit<'_>>, signals: &Signals, ended: &Ended) {
    if let Some(permit) = permit {
        permit.hear(&signals.limits);
        permit.end(ended);
    }
}

fn failure(
    station: &Station,
    trouble: Trouble,
    signals: &Signals,
    gave_up: GaveUp,
) -> Box<Failure> {
    Box::new(Failure {
        trouble,
        gave_up,
        endpoint: station.target.endpoint.base().to_owned(),
        model: station.target.model.clone(),
        request_id: signals.request_id.clone(),
        retry_in: signals.hint.map(|hint| hint.wait),
        ledger: Vec::new(),
    })
}
