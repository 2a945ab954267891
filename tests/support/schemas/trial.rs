//! One schema with its instances, run through an engine: what it decides, and the time it takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokenrail::vocab::{TokenId, Vocabulary};

use super::corpus::Case;
use super::engine::{Engine, Refusal, Sequence};
use super::json_text::Separators;
use super::vocabularies::longest_tokens;

/// What can be wrong with a schema's run, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The schema is not taken.
    CompileRefused,
    /// A limit was met.
    Limit,
    /// A valid instance is refused.
    WrongRefuse,
    /// An invalid instance is accepted to its end.
    WrongAccept,
    Panic,
}

/// What went wrong, where.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
}

/// The times of one instance in nanoseconds: of the masks, and of taking each token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    pub(crate) masks: Vec<u32>,
    pub(crate) commits: Vec<u32>,
}

/// What came of a schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trial {
    /// Nanoseconds from the schema's text to the first mask; `None` where it did not get there.
    pub(crate) first_mask: Option<u32>,
    /// One for each instance that was run. The first mask of the first is no part of it.
    pub(crate) steps: Vec<Steps>,
    pub(crate) failures: Vec<Failure>,
}

/// An instance as tokens, the same for every engine.
#[derive(Debug)]
pub(crate) struct Tokenized {
    is_valid: bool,
    text: String,
    tokens: Vec<TokenId>,
    /// Where each token begins in the text.
    starts: Vec<usize>,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CompileRefused => "compile_refused",
            Self::Limit => "limit",
            Self::WrongRefuse => "wrong_refuse",
            Self::WrongAccept => "wrong_accept",
            Self::Panic => "panic",
        }
    }
}

impl Trial {
    /// The first of the worst that went wrong; `None` is a pass.
    pub(crate) fn worst(&self) -> Option<&Failure> {
        self.failures.iter().rev().max_by_key(|failure| failure.kind)
    }

    /// Runs a schema. A panic is a failure like others, so that one schema does not end them all.
    pub(crate) fn run(engine: &dyn Engine, schema: &str, instances: &[Tokenized]) -> Self {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let mut trial = Self::default();
            if let Err(failure) = trial.try_run(engine, schema, instances) {
                trial.failures.push(failure);
            }
            trial
        }));
        caught.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
            let detail = words.unwrap_or_else(|| "a panic without words".to_owned());
            Self { failures: vec![Failure { kind: Kind::Panic, detail }], ..Self::default() }
        })
    }

    fn try_run(
        &mut self,
        engine: &dyn Engine,
        schema: &str,
        instances: &[Tokenized],
    ) -> Result<(), Failure> {
        let compiled = |refusal| failure(Kind::CompileRefused, refusal);
        let start = Instant::now();
        let mut first = engine.compile(schema).map_err(compiled)?;
        first.mask().map_err(compiled)?;
        self.first_mask = Some(nanos(start));
        for (index, instance) in instances.iter().enumerate() {
            let mut steps = Steps::default();
            let mut sequence = first.fork();
            let verdict = feed(&mut *sequence, instance, &mut steps);
            if index == 0 && !steps.masks.is_empty() {
                steps.masks.remove(0);
            }
            self.steps.push(steps);
            let verdict = verdict.map_err(|refusal| failure(Kind::Limit, refusal));
            match (verdict, instance.is_valid) {
                (Ok(Some(what)), true) => {
                    let detail = format!("instance {index}, {what}");
                    self.failures.push(Failure { kind: Kind::WrongRefuse, detail });
                }
                (Ok(None), false) => {
                    let detail = format!("instance {index}: {}", shortened(&instance.text));
                    self.failures.push(Failure { kind: Kind::WrongAccept, detail });
                }
                (Ok(_), _) => {}
                (Err(failure), _) => self.failures.push(failure),
            }
        }
        Ok(())
    }
}

/// The instances of a case that the vocabulary can write.
pub(crate) fn tokenized(
    case: &Case,
    vocabulary: &Vocabulary,
    separators: Separators,
) -> Vec<Tokenized> {
    let instances = case.instances.iter().filter_map(|instance| {
        let text = instance.text(separators);
        let tokens = longest_tokens(text.as_bytes(), vocabulary)?;
        let length = |token: &TokenId| vocabulary.bytes(*token).len();
        let ends = tokens.iter().scan(0, |end, token| {
            *end += length(token);
            Some(*end)
        });
        let starts = [0].into_iter().chain(ends).take(tokens.len()).collect();
        Some(Tokenized { is_valid: instance.is_valid, text, tokens, starts })
    });
    instances.collect()
}

/// The nanoseconds since then; more than 4 seconds count as the most there are.
///
/// There are millions of times, and what they take is part of the memory that is measured.
fn nanos(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

/// Feeds a text: `None` where it is accepted to its end, else where it is refused and why.
fn feed(
    sequence: &mut dyn Sequence,
    instance: &Tokenized,
    steps: &mut Steps,
) -> Result<Option<String>, Refusal> {
    for (index, &token) in instance.tokens.iter().enumerate() {
        let start = Instant::now();
        sequence.mask()?;
        steps.masks.push(nanos(start));
        let start = Instant::now();
        let is_taken = sequence.allows(token) && sequence.advance(token)?;
        if !is_taken {
            return Ok(Some(instance.place(index, &sequence.explain(Some(token)))));
        }
        steps.commits.push(nanos(start));
    }
    if sequence.is_accepting()? {
        return Ok(None);
    }
    Ok(Some(instance.place(instance.tokens.len(), &sequence.explain(None))))
}

impl Tokenized {
    /// Says where a token begins, what is around it, and what is wrong there.
    fn place(&self, index: usize, why: &str) -> String {
        const AROUND: usize = 40;
        let bytes = self.text.as_bytes();
        let at = self.starts.get(index).copied().unwrap_or(bytes.len());
        let before = String::from_utf8_lossy(&bytes[at.saturating_sub(AROUND)..at]);
        let after = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + AROUND)]);
        format!("byte {at}, between {before:?} and {after:?}: {}", shortened(why))
    }
}

fn failure(kind: Kind, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Limit(detail) => Failure { kind: Kind::Limit, detail: shortened(&detail) },
        Refusal::Other(detail) => Failure { kind, detail: shortened(&detail) },
    }
}

/// At most so much as a line of a report holds.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
