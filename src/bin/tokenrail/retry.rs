//! `tokenrail repair --model`: what cannot be repaired is continued or written anew by a model.
//!
//! The model of this machine answers what [`RepairLoop`] asks. It is opened when something is asked for the
//! first time: a reply that is repaired without it costs no model.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::generate::{self, GenerateError, Generator};
use tokenrail::grammar::Grammar;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{Chat, LanguageModel};
use tokenrail::repair::Finish;
use tokenrail::repair::retry::{
    Answer, Ask, Attempt, Contract, Outcome, Policy, RepairLoop, Request,
};
use tokenrail::repair::retry::{Rung, Step};
use tokenrail::schema::{Escapes, Options, Order, Policy as Keywords, Schema};
use tokenrail::store::{Access, ModelSource};

use crate::args::{ModelArgs, RepairArgs};
use crate::exit::Failure;
use crate::repair::{TOLD, ended, print_value, read_json, told};
use crate::{input, interrupt, model, output, progress};

/// A model that answers where repairing alone does not help.
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// Have a model continue what was cut off, and write anew what does not conform: `smollm2-135m`, a
    /// GGUF file, a safetensors folder, or `org/repo[:file]` on the Hugging Face hub.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["lines", "tools"])]
    pub(crate) model: Option<ModelSource>,
    /// Refuse to fetch a model that is not on this machine.
    #[arg(long, requires = "model")]
    offline: bool,
    /// What the reply answers. Without a FILE the model is asked this first, unconstrained.
    #[arg(long, value_name = "TEXT", requires = "model")]
    prompt: Option<String>,
    /// Make the prompt a user's turn through the model's chat template.
    #[arg(long, requires = "model")]
    chat: bool,
    /// The most times that the model is asked again.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "model")]
    max_attempts: usize,
    /// The most tokens of each answer.
    #[arg(long, value_name = "N", default_value_t = 256, requires = "model")]
    max_tokens: usize,
    /// Nothing is asked when so many seconds have passed.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, requires = "model")]
    max_seconds: u64,
}

/// How schemas are read here: the validator judges what a constraint cannot enforce, and members may
/// stand in any order, as replies have them.
fn reading() -> Options {
    let (order, policy, escapes) = (Order::Any, Keywords::Complete, Escapes::Minimal);
    Options { order, policy, escapes, ..Options::default() }
}

/// Repairs a reply with a model's help.
pub(crate) fn run(args: &RepairArgs, source: &ModelSource) -> Result<(), Failure> {
    let retry = &args.retry;
    let schema = args.schema.as_deref().map_or_else(|| Ok(json!({})), read_json)?;
    let contract = Contract::new(&schema, &reading()).map_err(|error| {
        let name = args.schema.as_deref().map_or_else(String::new, input::name);
        Failure::Schema { name, error: Box::new(error), snippet: None }
    })?;
    let text = args.file.as_deref().map(|file: &Path| input::read(file)).transpose()?;
    interrupt::end_at_once()?;
    let mut local = Local { args: retry, source, model: None, reply: String::new() };
    let begun = Instant::now();
    let first = match text {
        Some(text) => Answer::reply(text, args.options().finish, 0),
        None => local.unconstrained()?,
    };
    if let Answer::Reply { text, .. } = &first {
        local.reply.clone_from(text);
    }
    let mut rungs = RepairLoop::new(&contract, policy(args));
    let mut answer = first;
    let outcome = loop {
        match rungs.tell(answer, begun.elapsed()) {
            Step::Ask(ask) => answer = local.answer(&contract, &ask)?,
            Step::Done(outcome) => break outcome,
        }
    };
    print(args, &outcome)?;
    ended(outcome.status())
}

/// What the flags allow.
fn policy(args: &RepairArgs) -> Policy {
    let RetryArgs { max_attempts, max_tokens, max_seconds, .. } = args.retry;
    Policy {
        attempts: max_attempts,
        tokens: max_tokens.saturating_mul(max_attempts.saturating_add(1)),
        ask_tokens: max_tokens,
        time: Duration::from_secs(max_seconds),
        repair: args.options(),
        ..Policy::default()
    }
}

/// The value to standard output, what was asked and edited to standard error.
fn print(args: &RepairArgs, outcome: &Outcome) -> Result<(), Failure> {
    if args.json {
        return output::print_verbatim(&format!("{}\n", outcome.to_json_line()));
    }
    print_value(&outcome.repaired)?;
    for (number, attempt) in (1..).zip(&outcome.ledger) {
        let Attempt { rung, status, tokens, fault, .. } = attempt;
        let what = rung.map_or("the reply", Rung::name);
        let fault = if fault.is_empty() { String::new() } else { format!(": {fault}") };
        output::say(&format!(
            "attempt {number}, {what}, {tokens} tokens: {}{fault}",
            status.name()
        ));
    }
    let limit = if args.explain { usize::MAX } else { TOLD };
    output::say(&told(&outcome.repaired, limit));
    Ok(())
}

/// The model of this machine, and what it is asked about.
struct Local<'a> {
    args: &'a RetryArgs,
    source: &'a ModelSource,
    /// Opened when it is first asked.
    model: Option<LocalModel>,
    /// The first reply.
    reply: String,
}

impl Local<'_> {
    /// The model, opened.
    fn open(&mut self) -> Result<&LocalModel, Failure> {
        let access = if self.args.offline { Access::Offline } else { Access::Online };
        let opened = match self.model.take() {
            Some(model) => model,
            None => model::open(&ModelArgs::named(self.source.clone(), access))?,
        };
        Ok(self.model.insert(opened))
    }

    /// What the model says without a constraint.
    fn unconstrained(&mut self) -> Result<Answer, Failure> {
        let options = self.options(self.args.max_tokens, "");
        let prompt = self.args.prompt.clone().unwrap_or_default();
        let model = self.open()?;
        let anything = Grammar::regex("(?s:.)*").map_err(ConstraintError::from)?;
        let constraint = Constraint::new(&anything, model.tokenizer().vocabulary())?;
        let generator = Generator::new(model, &constraint)?;
        let generated = progress::spinner(|| generator.generate(&prompt, &options))?;
        let finish = match generated.finish {
            generate::Finish::Budget => Finish::Length,
            _ => Finish::Stop,
        };
        Ok(Answer::reply(generated.text, finish, generated.tokens.len()))
    }

    /// What it says to what the loop asks. What cannot be asked is told, so that it climbs on.
    fn answer(&mut self, contract: &Contract, ask: &Ask) -> Result<Answer, Failure> {
        let (before, grammar) = match &ask.request {
            Request::Behind { before, .. } => (before.as_str(), Ok(contract.grammar().clone())),
            Request::Value { schema, .. } => ("", grammar(schema)),
        };
        let options = self.options(ask.max_tokens, before);
        let prompt = self.prompt(&ask.request);
        let model = self.open()?;
        let generated = progress::spinner(|| {
            let constraint = Constraint::new(&grammar?, model.tokenizer().vocabulary())?;
            let generator = Generator::new(model, &constraint)?;
            let prefix = match &ask.request {
                Request::Behind { prefix, .. } => prefix,
                Request::Value { .. } => "",
            };
            generator.resume(&prompt, prefix, &options)?.generate(&mut |_| {})
        });
        Ok(match generated {
            // Under a schema a text is whole, also where its budget ends.
            Ok(generated) => Answer::reply(generated.text, Finish::Stop, generated.tokens.len()),
            Err(error) => Answer::Failed(error.to_string()),
        })
    }

    /// What stands before the answer. A reply that came without its prompt is what the value is about.
    fn prompt(&self, request: &Request) -> String {
        let prompt = self.args.prompt.as_deref();
        match request {
            Request::Behind { before, .. } if !self.args.chat => {
                format!("{}{before}", prompt.unwrap_or_default())
            }
            Request::Behind { .. } => prompt.unwrap_or_default().to_owned(),
            Request::Value { feedback, .. } => {
                format!("{}\n\n{feedback}\n", prompt.unwrap_or(&self.reply))
            }
        }
    }

    /// How the model is asked.
    fn options(&self, max_tokens: usize, before: &str) -> generate::Options {
        let chat = Chat { prefill: before.to_owned(), ..Chat::default() };
        let chat = self.args.chat.then_some(chat);
        generate::Options { max_tokens, chat, ..generate::Options::default() }
    }
}

/// The grammar of a schema that a part of the value is to conform to.
fn grammar(schema: &Value) -> Result<Grammar, GenerateError> {
    let schema = Schema::new(schema, &reading()).map_err(ConstraintError::Schema)?;
    Ok(Grammar::schema(&schema))
}
