//! What to ask a model next, when its reply is not what a schema wants.
//!
//! [`RepairLoop`] asks nobody itself: it says what to ask, and is told what came of it and what time it is. So
//! one loop serves a model in the process, a server and a test. It keeps what was good, and climbs
//! from what costs little to what costs more ([`Rung`]): a reply is repaired first, which is free; one
//! that was cut off is continued; one that left the schema is written anew from where it did; of one
//! with a fault in a part that part is asked for; then the whole is asked for again.
//!
//! Laws, held by `tests/repair/retry.rs`: there are never more asks, tokens or time than [`Policy`]
//! allows; the same fault is not met twice on one rung; what is asked does not grow with the number of
//! asks; every answer is in the ledger.
//!
//! ```
//! use std::time::Duration;
//!
//! use serde_json::json;
//! use tokenrail::repair::retry::{Answer, Contract, Policy, RepairLoop, Request, Step};
//! use tokenrail::repair::Finish;
//!
//! let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
//! let contract = Contract::new(&schema, &Default::default())?;
//! let mut retry = RepairLoop::new(&contract, Policy::default());
//!
//! let cut = Answer::reply("Sure: {\"a\": 1", Finish::Length, 6);
//! let Step::Ask(ask) = retry.tell(cut, Duration::ZERO) else { panic!("it was cut off") };
//! let Request::Behind { prefix, .. } = &ask.request else { panic!("it can go on") };
//! assert_eq!(prefix, "{\"a\": 1");
//!
//! let rest = Answer::reply("7}", Finish::Stop, 2);
//! let Step::Done(outcome) = retry.tell(rest, Duration::from_secs(1)) else { panic!("it is whole") };
//! assert_eq!(outcome.repaired.value(), Some(json!({"a": 17})));
//! assert_eq!(outcome.ledger.len(), 2);
//! # Ok::<(), tokenrail::constraint::ConstraintError>(())
//! ```

mod contract;
mod feedback;
mod ledger;
mod policy;
mod prefix;
mod splice;
mod subtree;

pub use contract::Contract;
pub use ledger::{Attempt, Ended, Outcome};
pub use policy::{Policy, Rung};

use std::time::Duration;

use serde_json::Value;

use super::{Finish, Options, Repaired, repair_for};
use ledger::Fault;
use prefix::Begun;
use subtree::Subtree;

/// A reply on its way to what a schema wants. See the [module](self) for an example.
#[derive(Debug)]
pub struct RepairLoop<'c> {
    contract: &'c Contract,
    policy: Policy,
    ledger: Vec<Attempt>,
    /// What was asked and not answered yet.
    asked: Option<Asked>,
    /// The reply as it is now, with what continued it and was put into it.
    reply: Option<Current>,
    /// Each fault that was met, with the highest rung that was asked on for it.
    met: Vec<(Fault, Rung)>,
    asks: usize,
    tokens: usize,
    ended: Option<(Repaired, Ended)>,
}

/// What to do next.
///
/// ```
/// use tokenrail::repair::retry::Step;
///
/// let is_done = |step: &Step| matches!(step, Step::Done(_));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Ask the model, and tell what it answers.
    Ask(Ask),
    /// Nothing more: the value is there, or will not come.
    Done(Outcome),
}

/// What to ask a model.
///
/// ```
/// use tokenrail::repair::retry::{Ask, Rung};
///
/// let is_of_another_model = |ask: &Ask| ask.rung == Rung::Other;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Why it is asked.
    pub rung: Rung,
    /// What is asked.
    pub request: Request,
    /// The most tokens that the answer may have.
    pub max_tokens: usize,
    /// When the answer is no longer of use, on the clock that the loop is told.
    pub deadline: Duration,
}

/// What a model is asked for.
///
/// ```
/// use tokenrail::repair::retry::Request;
///
/// /// What stands behind the prompt of the first reply.
/// fn turn(request: &Request) -> &str {
///     match request {
///         Request::Behind { .. } => "",
///         Request::Value { feedback, .. } => feedback,
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Go on behind a text, under the whole schema's constraint. The answer is what stands behind it.
    Behind {
        /// What the model's turn begins with, before the value: no part of what is constrained.
        before: String,
        /// The begin of the value. A text that the schema allows can begin so.
        prefix: String,
    },
    /// A value, under the constraint of a schema.
    Value {
        /// The schema of the value.
        schema: Value,
        /// Where it goes, as a JSON pointer; the whole value where it is empty.
        pointer: String,
        /// What was wrong, to stand behind the prompt of the first reply, in the place of any other.
        feedback: String,
    },
}

/// What came of asking; the first one is the reply itself.
///
/// ```
/// use tokenrail::repair::Finish;
/// use tokenrail::repair::retry::Answer;
///
/// let answer = Answer::reply("{}", Finish::Stop, 1);
/// assert!(matches!(answer, Answer::Reply { tokens: 1, .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The model answered.
    Reply {
        /// What it wrote. Behind a prefix it is what follows it.
        text: String,
        /// How it ended.
        finish: Finish,
        /// The tokens that it cost.
        tokens: usize,
    },
    /// It could not be asked so, for this reason: the next rung is tried.
    Failed(String),
}

impl Answer {
    /// An answer of the model.
    ///
    /// ```
    /// use tokenrail::repair::{Finish, retry::Answer};
    ///
    /// assert_ne!(Answer::reply("1", Finish::Stop, 1), Answer::reply("1", Finish::Length, 1));
    /// ```
    #[must_use]
    pub fn reply(text: impl Into<String>, finish: Finish, tokens: usize) -> Self {
        Self::Reply { text: text.into(), finish, tokens }
    }
}

/// What was asked.
#[derive(Debug)]
struct Asked {
    rung: Rung,
    /// The text that the answer continues.
    behind: Option<Begun>,
    /// The pointer that the answer goes to.
    pointer: String,
}

/// A reply and what came of repairing it.
#[derive(Debug, Clone)]
struct Current {
    text: String,
    finish: Finish,
    repaired: Repaired,
}

/// A reply with an answer in its place.
#[derive(Debug)]
struct Whole {
    current: Current,
    /// What of the reply before stands behind the answer.
    kept: String,
}

impl Whole {
    /// One that keeps nothing behind the answer.
    fn of(current: Current) -> Self {
        Self { current, kept: String::new() }
    }
}

impl<'c> RepairLoop<'c> {
    /// Makes a loop for one reply.
    #[must_use]
    pub fn new(contract: &'c Contract, policy: Policy) -> Self {
        let (ledger, met) = (Vec::new(), Vec::new());
        let (asked, reply, ended) = (None, None, None);
        Self { contract, policy, ledger, asked, reply, met, asks: 0, tokens: 0, ended }
    }

    /// Takes the reply, or the answer to what was asked last, and says what is next. `now` is the time
    /// since the loop was begun.
    ///
    /// What is told behind the end changes nothing.
    pub fn tell(&mut self, answer: Answer, now: Duration) -> Step {
        if self.ended.is_none() {
            self.take(answer, now);
            match self.next(now) {
                Ok(ask) => return Step::Ask(ask),
                Err(ended) => self.end(ended, now),
            }
        }
        let (repaired, ended) = self.ended.clone().expect("what has ended has a result");
        Step::Done(Outcome { repaired, ended, ledger: self.ledger.clone() })
    }

    /// Repairs what came, and writes it down.
    fn take(&mut self, answer: Answer, now: Duration) {
        let asked = self.asked.take();
        let rung = asked.as_ref().map(|asked| asked.rung);
        let (text, finish, tokens) = match answer {
            Answer::Reply { text, finish, tokens } => (text, finish, tokens),
            Answer::Failed(what) => {
                self.ledger.push(Attempt::failed(rung, what, now));
                return;
            }
        };
        self.tokens = self.tokens.saturating_add(tokens);
        let Some(Whole { current, kept }) = self.whole(asked.as_ref(), (&text, finish)) else {
            let pointer = asked.map(|asked| asked.pointer).unwrap_or_default();
            let what = format!("no value that fits at {pointer}");
            self.ledger.push(Attempt { text, tokens, ..Attempt::failed(rung, what, now) });
            return;
        };
        let judged = Attempt::judged(rung, (text, tokens), &current.repaired, now);
        self.ledger.push(Attempt { kept, ..judged });
        self.reply = Some(current);
    }

    /// An answer with what it continues or is put into; `None` where it does not fit there.
    fn whole(&self, asked: Option<&Asked>, (text, finish): (&str, Finish)) -> Option<Whole> {
        match (asked, &self.reply) {
            (Some(Asked { behind: Some(begun), .. }), reply) => {
                let Begun { before, prefix, rest } = begun;
                let begun = format!("{before}{prefix}");
                let is_whole = reply.as_ref().is_some_and(|reply| reply.finish == Finish::Stop);
                let take = |text: &str| {
                    let current = self.repaired(text.to_owned(), Finish::Stop);
                    current.repaired.text.is_some().then_some(current)
                };
                let spliced = is_whole.then(|| splice::spliced(&begun, text, rest, take)).flatten();
                Some(match spliced {
                    Some((current, kept)) => Whole { current, kept },
                    None => Whole::of(self.repaired(format!("{begun}{text}"), finish)),
                })
            }
            (Some(Asked { pointer, .. }), Some(reply)) if !pointer.is_empty() => {
                let whole = subtree::spliced(&reply.text, pointer, text)?;
                // A part that was put in is in a text that is whole.
                Some(Whole::of(self.repaired(whole, Finish::Stop)))
            }
            _ => Some(Whole::of(self.repaired(text.to_owned(), finish))),
        }
    }

    /// A text, repaired without loss.
    fn repaired(&self, text: String, finish: Finish) -> Current {
        let options = Options { finish, ..self.policy.lossless() };
        let repaired = repair_for(&text, &self.contract.validator, &options);
        Current { text, finish, repaired }
    }

    /// What to ask next.
    ///
    /// # Errors
    /// [`Ended`] where nothing is.
    fn next(&mut self, now: Duration) -> Result<Ask, Ended> {
        let fault = match &self.reply {
            Some(Current { repaired, .. }) if repaired.text.is_some() => return Err(Ended::Valid),
            Some(Current { repaired, text, .. }) => Fault::of(repaired, text),
            None => Fault::default(),
        };
        let left = self.policy.tokens.saturating_sub(self.tokens);
        if self.asks >= self.policy.attempts {
            return Err(Ended::Attempts);
        }
        if left == 0 {
            return Err(Ended::Tokens);
        }
        if now >= self.policy.time {
            return Err(Ended::Time);
        }
        let met = self.met.iter().position(|(met, _)| *met == fault);
        let highest = met.map(|at| self.met[at].1);
        let rungs = self.policy.rungs.clone();
        let higher = rungs.into_iter().filter(|rung| highest.is_none_or(|met| *rung > met));
        let found = higher.into_iter().find_map(|rung| Some((rung, self.request(rung)?)));
        let (rung, (request, behind)) = found.ok_or(Ended::Rungs)?;
        match met {
            Some(at) => self.met[at].1 = rung,
            None => self.met.push((fault, rung)),
        }
        let pointer = match &request {
            Request::Behind { .. } => String::new(),
            Request::Value { pointer, .. } => pointer.clone(),
        };
        self.asks += 1;
        self.asked = Some(Asked { rung, behind, pointer });
        let max_tokens = self.policy.ask_tokens.clamp(1, left);
        Ok(Ask { rung, request, max_tokens, deadline: self.policy.time })
    }

    /// What a rung would ask, and what the answer stands behind; `None` where it does not apply.
    fn request(&self, rung: Rung) -> Option<(Request, Option<Begun>)> {
        let feedback = |pointer| {
            let repaired = self.reply.as_ref().map(|reply| &reply.repaired);
            feedback::message(repaired, pointer)
        };
        match rung {
            Rung::Continue | Rung::Redecode => {
                let Current { text, finish, .. } = self.reply.as_ref()?;
                let kept = prefix::begun(self.contract, text, *finish)?;
                let begun = match rung {
                    Rung::Continue => kept.whole.filter(|_| *finish == Finish::Length)?,
                    _ => kept.sound?,
                };
                let (before, prefix) = (begun.before.clone(), begun.prefix.clone());
                Some((Request::Behind { before, prefix }, Some(begun)))
            }
            Rung::Subtree => {
                let Current { text, repaired, .. } = self.reply.as_ref()?;
                let Subtree { pointer, schema } =
                    subtree::failing(&self.contract.schema, &repaired.violations)?;
                // What is put in has to have a place.
                subtree::spliced(text, &pointer, "null")?;
                let feedback = feedback(&pointer);
                Some((Request::Value { schema, pointer, feedback }, None))
            }
            Rung::Full | Rung::Other => {
                let (schema, pointer) = (self.contract.schema.clone(), String::new());
                let feedback = feedback(&pointer);
                Some((Request::Value { schema, pointer, feedback }, None))
            }
        }
    }

    /// Ends with the value, or with what allowed rules make of the last text that they make something of.
    fn end(&mut self, ended: Ended, now: Duration) {
        let last = self.reply.as_ref().map(|reply| reply.repaired.clone());
        let repaired = last.unwrap_or_else(|| {
            Repaired::refused(super::Level::Strict, super::Reason::NoJson, 0..0)
        });
        let salvage = self.policy.salvage().filter(|_| ended != Ended::Valid);
        let salvaged = salvage.and_then(|options| {
            let Current { text, finish, .. } = self.reply.as_ref()?;
            let options = Options { finish: *finish, ..options };
            let repaired = repair_for(text, &self.contract.validator, &options);
            repaired.text.is_some().then_some(repaired)
        });
        if let Some(repaired) = salvaged {
            self.ledger.push(Attempt::salvaged(&repaired, now));
            self.ended = Some((repaired, Ended::Salvaged));
            return;
        }
        self.ended = Some((repaired, ended));
    }
}
