//! A model of this machine that answers what a retry loop asks.

use std::time::Instant;

use serde_json::Value;
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::generate::{self, GenerateError, Generator};
use tokenrail::grammar::Grammar;
use tokenrail::model::{Chat, LanguageModel};
use tokenrail::repair::Finish;
use tokenrail::repair::retry::{Answer, Ask, Contract, Outcome, Policy, RepairLoop, Request, Step};
use tokenrail::schema::{Escapes, Options, Order, Schema};

/// Asks the model without a constraint, and repairs its reply with its own help.
pub(super) fn answered(
    model: &dyn LanguageModel,
    prompt: &str,
    schema: &Value,
    policy: &Policy,
) -> Result<Outcome, tokenrail::Error> {
    let contract = Contract::new(schema, &reading())?;
    let begun = Instant::now();
    let mut retry = RepairLoop::new(&contract, policy.clone());
    let mut answer = unconstrained(model, prompt, policy.ask_tokens)?;
    loop {
        answer = match retry.tell(answer, begun.elapsed()) {
            Step::Done(outcome) => return Ok(outcome),
            // What cannot be asked so is told, and the loop climbs on.
            Step::Ask(ask) => constrained(model, prompt, (&contract, &ask))
                .unwrap_or_else(|error| Answer::Failed(error.to_string())),
        };
    }
}

/// Members in any order, as replies have them.
fn reading() -> Options {
    Options { order: Order::Any, escapes: Escapes::Minimal, ..Options::default() }
}

/// What the model says of its own accord.
fn unconstrained(
    model: &dyn LanguageModel,
    prompt: &str,
    max_tokens: usize,
) -> Result<Answer, tokenrail::Error> {
    let constraint = Constraint::new(&Grammar::regex("(?s:.)*")?, model.tokenizer().vocabulary())?;
    let options = options(max_tokens, "");
    let said = Generator::new(model, &constraint)?.generate(prompt, &options)?;
    let finish = match said.finish {
        generate::Finish::Budget => Finish::Length,
        _ => Finish::Stop,
    };
    Ok(Answer::reply(said.text, finish, said.tokens.len()))
}

/// What it says under a schema, behind what it said or anew.
fn constrained(
    model: &dyn LanguageModel,
    prompt: &str,
    (contract, ask): (&Contract, &Ask),
) -> Result<Answer, GenerateError> {
    let (grammar, prompt, before, prefix) = match &ask.request {
        Request::Behind { before, prefix } => {
            (contract.grammar().clone(), prompt.to_owned(), before.as_str(), prefix.as_str())
        }
        Request::Value { schema, feedback, .. } => {
            let schema = Schema::new(schema, &reading()).map_err(ConstraintError::from)?;
            (Grammar::schema(&schema), format!("{prompt}\n\n{feedback}"), "", "")
        }
    };
    let constraint = Constraint::new(&grammar, model.tokenizer().vocabulary())?;
    let generator = Generator::new(model, &constraint)?;
    let options = options(ask.max_tokens, before);
    let said = generator.resume(&prompt, prefix, &options)?.generate(&mut |_| {})?;
    // Some tokens only write the end of the prefix anew.
    let tokens = said.tokens.iter().filter(|token| !token.bytes.is_empty()).count();
    Ok(Answer::reply(said.text, Finish::Stop, tokens))
}

fn options(max_tokens: usize, before: &str) -> generate::Options {
    let chat = Some(Chat { prefill: before.to_owned(), ..Chat::default() });
    generate::Options { max_tokens, chat, ..generate::Options::default() }
}
