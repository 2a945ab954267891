//! Asks for chess moves and gets some, and shows where the model would have said something else.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use tokenrail::constraint::Constraint;
use tokenrail::generate::{Generator, Options};
use tokenrail::grammar::Grammar;
use tokenrail::model::{Chat, LanguageModel, local::LocalModel};
use tokenrail::store::{Access, ModelSource, Store};

fn main() -> Result<(), tokenrail::Error> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let grammar = Grammar::gbnf(include_str!("../grammars/chess.gbnf"))?;
    let constraint = Constraint::new(&grammar, model.tokenizer().vocabulary())?;
    let generator = Generator::new(&model, &constraint)?;
    let prompt = "What is the Ruy Lopez? It is 1. e4 e5 2. Nf3 Nc6 3. Bb5 *";
    let chat = Some(Chat::default());
    let options = Options { max_tokens: 32, chat, ..Options::default() };
    let game = generator.generate(prompt, &options)?;
    println!("{}", game.text);
    for token in &game.tokens {
        let text = String::from_utf8_lossy(&token.bytes);
        if let Some(removed) = token.removed.filter(|&removed| removed > 0.5) {
            println!("at {text:?} the model gave {:.0} % to what is no game", removed * 100.0);
        }
    }
    Ok(())
}
