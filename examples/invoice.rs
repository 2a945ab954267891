//! Asks for an invoice as JSON and gets one that its schema allows, whatever it says.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use tokenrail::constraint::Constraint;
use tokenrail::generate::{Generator, Options};
use tokenrail::grammar::Grammar;
use tokenrail::model::{Chat, LanguageModel, local::LocalModel};
use tokenrail::schema::{self, Schema};
use tokenrail::store::{Access, ModelSource, Store};

const PROMPT: &str = "Write this invoice as JSON with \"number\", \"issued\", \"currency\", \"seller\", \
                      \"buyer\" and \"lines\": INV-2026-17, from Miller (DE) to Smith (FR), 3 chairs at \
                      49.50 EUR.";

fn main() -> Result<(), tokenrail::Error> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let text = include_str!("../grammars/invoice.schema.json");
    let schema = Schema::parse(text, &schema::Options::default())?;
    println!("enforced: {}", schema.report().worst());
    let constraint = Constraint::new(&Grammar::schema(&schema), model.tokenizer().vocabulary())?;
    let generator = Generator::new(&model, &constraint)?;
    let chat = Some(Chat::default());
    let options = Options { max_tokens: 200, chat, ..Options::default() };
    println!("{}", generator.generate(PROMPT, &options)?.text);
    Ok(())
}
