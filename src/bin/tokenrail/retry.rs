//! `tokenrail repair --model`: what cannot be repaired is continued or written anew by a model.
//!
//! Models of this machine answer what [`RepairLoop`] asks. Each is opened when something is asked of it for the
//! first time: a reply that is repaired without it costs no model.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::generate::{self, GenerateError, Generated, Generator};
use tokenrail::grammar::Grammar;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{Chat, LanguageModel};
use tokenrail::repair::retry::{
    Answer, Ask, Attempt, Contract, Outcome, Policy, RepairLoop, Request,
};
use tokenrail::repair::retry::{Rung, Step};
use tokenrail::repair::{
    Finish, Options as RepairOptions, Repaired, Status, choose_reading, repair_for,
};
use tokenrail::schema::{Escapes, Options, Order, Policy as Keywords, Schema};
use tokenrail::store::{Access, ModelSource};

use crate::args::{ModelArgs, RepairArgs};
use crate::exit::Failure;
use crate::repair::{TOLD, ended, print_value, read_json, told};
use crate::repair_lines::{Line, Repairer};
use crate::{input, interrupt, model, output, progress};

/// A model that answers where repairing alone does not help.
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// Have a model continue what was cut off, and write anew what does not conform: `smollm2-135m`, a
    /// GGUF file, a safetensors folder, or `org/repo[:file]` on the Hugging Face hub.
    #[arg(long, value_name = "MODEL", conflicts_with = "tools")]
    pub(crate) model: Option<ModelSource>,
    /// Have another model write the whole where the first one does not come to what conforms.
    #[arg(long, value_name = "MODEL", requires = "model")]
    fallback_model: Option<ModelSource>,
    /// Refuse to fetch a model that is not on this machine.
    #[arg(long, requires = "model")]
    offline: bool,
    /// What the reply answers. Without a FILE the model is asked this first, unconstrained.
    #[arg(long, value_name = "TEXT", requires = "model")]
    prompt: Option<String>,
    /// Make the prompt a user's turn through the model's chat template.
    #[arg(long, requires = "model")]
    chat: bool,
    /// The most times that a model is asked again for one reply.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "model")]
    max_attempts: usize,
    /// The most tokens of each answer.
    #[arg(long, value_name = "N", default_value_t = 256, requires = "model")]
    max_tokens: usize,
    /// Nothing more is asked for a reply when so many seconds have passed.
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
    let wanted = Wanted::read(args.schema.as_deref())?;
    let text = args.file.as_deref().map(|file: &Path| input::read(file)).transpose()?;
    interrupt::end_at_once()?;
    let reply = Reply { text, prompt: args.retry.prompt.clone(), finish: args.options().finish };
    let outcome = Asking::new(args, source).outcome(&wanted, &reply)?;
    print(args, &outcome)?;
    ended(outcome.status())
}

/// What a reply is to be.
#[derive(Debug)]
struct Wanted {
    schema: Value,
    contract: Contract,
}

impl Wanted {
    fn new(schema: Value) -> Result<Self, ConstraintError> {
        let contract = Contract::new(&schema, &reading())?;
        Ok(Self { schema, contract })
    }

    /// What a file says, or JSON of any kind.
    fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let schema = path.map_or_else(|| Ok(json!({})), read_json)?;
        Self::new(schema).map_err(|error| {
            let name = path.map_or_else(String::new, input::name);
            Failure::Schema { name, error: Box::new(error), snippet: None }
        })
    }
}

/// A reply, and what it answers. Without a text a model is asked first.
#[derive(Debug)]
struct Reply {
    text: Option<String>,
    prompt: Option<String>,
    finish: Finish,
}

/// What the flags allow.
fn policy(args: &RepairArgs) -> Policy {
    let RetryArgs { max_attempts, max_tokens, max_seconds, .. } = args.retry;
    let mut policy = Policy {
        attempts: max_attempts,
        tokens: max_tokens.saturating_mul(max_attempts.saturating_add(1)),
        ask_tokens: max_tokens,
        time: Duration::from_secs(max_seconds),
        repair: args.options(),
        ..Policy::default()
    };
    policy.rungs.extend(args.retry.fallback_model.as_ref().map(|_| Rung::Other));
    policy
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

/// Models of this machine that are asked what a loop asks.
pub(crate) struct Asking<'a> {
    args: &'a RepairArgs,
    model: Model<'a>,
    /// Asked on [`Rung::Other`] alone.
    fallback: Option<Model<'a>>,
}

impl<'a> Asking<'a> {
    /// Opens nothing yet.
    fn new(args: &'a RepairArgs, source: &'a ModelSource) -> Self {
        let fallback = args.retry.fallback_model.as_ref().map(Model::new);
        Self { args, model: Model::new(source), fallback }
    }

    /// Repairs a reply.
    fn outcome(&mut self, wanted: &Wanted, reply: &Reply) -> Result<Outcome, Failure> {
        let begun = Instant::now();
        if let Some(repaired) = self.chosen(wanted, reply)? {
            let text = reply.text.as_deref().unwrap_or_default();
            return Ok(Outcome::of_reading(text, repaired, begun.elapsed()));
        }
        let mut retry = RepairLoop::new(&wanted.contract, policy(self.args));
        let mut answer = match &reply.text {
            Some(text) => Answer::reply(text, reply.finish, 0),
            None => self.unconstrained(reply.prompt.as_deref().unwrap_or_default())?,
        };
        // A reply that came without its prompt is what the value is about.
        let about = match (&reply.prompt, &answer) {
            (None, Answer::Reply { text, .. }) => text.clone(),
            (prompt, _) => prompt.clone().unwrap_or_default(),
        };
        loop {
            match retry.tell(answer, begun.elapsed()) {
                Step::Ask(ask) => answer = self.answer(wanted, (reply, &about), &ask)?,
                Step::Done(outcome) => return Ok(outcome),
            }
        }
    }

    /// Of the readings of a reply that conform, the one that the model finds the likeliest by far.
    fn chosen(&mut self, wanted: &Wanted, reply: &Reply) -> Result<Option<Repaired>, Failure> {
        let Some(text) = &reply.text else { return Ok(None) };
        let options = RepairOptions { finish: reply.finish, ..self.args.options() };
        let validator = wanted.contract.validator();
        let mut repaired = repair_for(text, validator, &options);
        let conforms = |text: &String| {
            serde_json::from_str(text).is_ok_and(|value| validator.validate(&value).is_empty())
        };
        // Where costs stand beside the readings, these came of a search, and conform.
        if repaired.costs.is_empty() {
            repaired.alternatives.retain(conforms);
        }
        if repaired.status != Status::Ambiguous || repaired.alternatives.len() < 2 {
            return Ok(None);
        }
        let prompt = reply.prompt.as_deref().unwrap_or_default();
        let Opened { model, .. } = self.model.opened(&self.args.retry)?;
        let chosen = progress::spinner(|| choose_reading(text, repaired, model, prompt));
        // Readings that the model cannot read, as they are too long for it, are left to what it is asked.
        Ok(chosen.ok().filter(|chosen| chosen.text.is_some()))
    }

    /// What the model says without a constraint.
    fn unconstrained(&mut self, prompt: &str) -> Result<Answer, Failure> {
        let options = self.options(self.args.retry.max_tokens, "");
        let turn = Turn { schema: None, prompt: prompt.to_owned(), prefix: "", options };
        let generated = self.model.opened(&self.args.retry)?.generate(&turn)?;
        let finish = match generated.finish {
            generate::Finish::Budget => Finish::Length,
            _ => Finish::Stop,
        };
        Ok(Answer::reply(generated.text, finish, generated.tokens.len()))
    }

    /// What a model says to what the loop asks. What cannot be asked is told, so that it climbs on.
    fn answer(
        &mut self,
        wanted: &Wanted,
        (reply, about): (&Reply, &str),
        ask: &Ask,
    ) -> Result<Answer, Failure> {
        let prompt = reply.prompt.as_deref().unwrap_or_default();
        let (schema, prompt, before, prefix) = match &ask.request {
            Request::Behind { before, prefix } => {
                let prompt = match self.args.retry.chat {
                    true => prompt.to_owned(),
                    false => format!("{prompt}{before}"),
                };
                (&wanted.schema, prompt, before.as_str(), prefix.as_str())
            }
            Request::Value { schema, feedback, .. } => {
                (schema, format!("{about}\n\n{feedback}\n"), "", "")
            }
        };
        let options = self.options(ask.max_tokens, before);
        let turn = Turn { schema: Some(schema), prompt, prefix, options };
        let model = match (ask.rung, &mut self.fallback) {
            (Rung::Other, Some(fallback)) => fallback,
            _ => &mut self.model,
        };
        Ok(match model.opened(&self.args.retry)?.generate(&turn) {
            // Under a schema a text is whole, also where its budget ends.
            Ok(generated) => {
                // Some tokens only write the end of the prefix anew.
                let written = generated.tokens.iter().filter(|token| !token.bytes.is_empty());
                let tokens = written.count();
                Answer::reply(generated.text, Finish::Stop, tokens)
            }
            Err(error) => Answer::Failed(error.to_string()),
        })
    }

    /// How a model is asked.
    fn options(&self, max_tokens: usize, before: &str) -> generate::Options {
        let chat = Chat { prefill: before.to_owned(), ..Chat::default() };
        let chat = self.args.retry.chat.then_some(chat);
        let probabilities = generate::Probabilities::Legal;
        generate::Options { max_tokens, chat, probabilities, ..generate::Options::default() }
    }
}

/// What a model is asked once.
struct Turn<'t> {
    /// `None` where it may say anything.
    schema: Option<&'t Value>,
    prompt: String,
    prefix: &'t str,
    options: generate::Options,
}

/// A model that is opened when it is first asked.
struct Model<'a> {
    source: &'a ModelSource,
    opened: Option<Opened>,
}

/// A model, and the schemas that it was asked under, compiled.
struct Opened {
    model: LocalModel,
    constraints: HashMap<String, Constraint>,
}

/// So many compiled schemas are kept.
const KEPT: usize = 16;

impl<'a> Model<'a> {
    fn new(source: &'a ModelSource) -> Self {
        Self { source, opened: None }
    }

    fn opened(&mut self, args: &RetryArgs) -> Result<&mut Opened, Failure> {
        let access = if args.offline { Access::Offline } else { Access::Online };
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => Opened {
                model: model::open(&ModelArgs::named(self.source.clone(), access))?,
                constraints: HashMap::new(),
            },
        };
        Ok(self.opened.insert(opened))
    }
}

impl Opened {
    fn generate(&mut self, turn: &Turn<'_>) -> Result<Generated, GenerateError> {
        let Self { model, constraints } = self;
        progress::spinner(|| {
            let key = turn.schema.map(Value::to_string).unwrap_or_default();
            if !constraints.contains_key(&key) {
                let grammar = match turn.schema {
                    Some(schema) => Grammar::schema(
                        &Schema::new(schema, &reading()).map_err(ConstraintError::Schema)?,
                    ),
                    None => Grammar::regex("(?s:.)*").map_err(ConstraintError::from)?,
                };
                if constraints.len() == KEPT {
                    constraints.clear();
                }
                let made = Constraint::new(&grammar, model.tokenizer().vocabulary())?;
                constraints.insert(key.clone(), made);
            }
            let generator = Generator::new(model, &constraints[&key])?;
            generator.resume(&turn.prompt, turn.prefix, &turn.options)?.generate(&mut |_| {})
        })
    }
}

/// Repairs the replies of lines with models' help.
pub(crate) struct Lines<'a> {
    asking: Asking<'a>,
    /// What replies are to be whose lines have no schema of their own.
    wanted: Wanted,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(args: &'a RepairArgs, source: &'a ModelSource) -> Result<Self, Failure> {
        let wanted = Wanted::read(args.schema.as_deref())?;
        Ok(Self { asking: Asking::new(args, source), wanted })
    }

    fn reply(&self, line: &Line) -> Reply {
        let args = self.asking.args;
        let prompt = line.prompt.as_ref().or(args.retry.prompt.as_ref());
        let finish = line.finish.unwrap_or(args.options().finish);
        Reply { text: line.text.clone(), prompt: prompt.cloned(), finish }
    }

    /// What the report of a line depends on, but for its text and schema.
    fn decisions(&self, line: &Line) -> Value {
        let Reply { prompt, finish, .. } = self.reply(line);
        let RepairArgs { retry, .. } = self.asking.args;
        let options = self.asking.args.options();
        let allow: Vec<&str> = options.allow.iter().map(|rule| rule.name()).collect();
        json!({
            "model": retry.model.as_ref().map(ToString::to_string),
            "fallback_model": retry.fallback_model.as_ref().map(ToString::to_string),
            "level": options.level.name(),
            "allow": allow,
            "finish": if finish == Finish::Stop { "stop" } else { "length" },
            "prompt": prompt,
            "chat": retry.chat,
            "max_attempts": retry.max_attempts,
            "max_tokens": retry.max_tokens,
            "max_seconds": retry.max_seconds,
        })
    }
}

impl Repairer for Lines<'_> {
    fn check(&mut self, line: &Line) -> Result<(), String> {
        if let Some(schema) = &line.schema {
            Contract::new(schema, &reading()).map_err(|error| format!("\"schema\": {error}"))?;
        }
        match (&line.text, self.reply(line).prompt) {
            (None, None) => Err("it has neither \"text\" nor \"prompt\"".to_owned()),
            _ => Ok(()),
        }
    }

    fn report(&mut self, line: &Line) -> Result<String, Failure> {
        let own = line.schema.clone().map(Wanted::new).transpose()?;
        let (reply, decisions) = (self.reply(line), self.decisions(line));
        let outcome = self.asking.outcome(own.as_ref().unwrap_or(&self.wanted), &reply)?;
        let mut report = outcome.to_json_line();
        report.pop();
        Ok(format!("{report},\"decisions\":{decisions}}}"))
    }

    fn continues(&mut self, line: &Line, report: &Value) -> Result<(), String> {
        let decisions = self.decisions(line);
        for (name, value) in decisions.as_object().into_iter().flatten() {
            let earlier = &report["decisions"][name];
            if earlier != value {
                return Err(format!("its {name} is {earlier}, where this run's is {value}"));
            }
        }
        if line.text.as_ref().is_some_and(|text| report["attempts"][0]["text"] != **text) {
            return Err("its reply is not the line's text".to_owned());
        }
        let own = line.schema.clone().map(Wanted::new).transpose();
        let own = own.map_err(|error| format!("\"schema\": {error}"))?;
        let validator = own.as_ref().unwrap_or(&self.wanted).contract.validator();
        let value = &report["value"];
        match value.is_null() || validator.validate(value).is_empty() {
            true => Ok(()),
            false => Err("its value does not conform to the schema".to_owned()),
        }
    }
}
