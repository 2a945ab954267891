//! Asks for a SQL query and gets one, with no word around it.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use tokenrail::constraint::Constraint;
use tokenrail::generate::{Generator, Options};
use tokenrail::grammar::Grammar;
use tokenrail::model::{Chat, LanguageModel, local::LocalModel};
use tokenrail::store::{Access, ModelSource, Store};

fn main() -> Result<(), tokenrail::Error> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let grammar = Grammar::gbnf(include_str!("../grammars/sql.gbnf"))?;
    let constraint = Constraint::new(&grammar, model.tokenizer().vocabulary())?;
    let generator = Generator::new(&model, &constraint)?;
    let chat = Some(Chat::default());
    let options = Options { max_tokens: 64, chat, ..Options::default() };
    let query = generator
        .generate("Write one SQL query for the names of users older than 30.", &options)?;
    println!("{}", query.text.trim());
    Ok(())
}
