//! Answers a multiple-choice question by scoring, with nothing generated.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use tokenrail::model::local::LocalModel;
use tokenrail::score::{By, Options, Scorer};
use tokenrail::store::{Access, ModelSource, Store};

fn main() -> Result<(), tokenrail::Error> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let prompt = "Question: Which of these animals lays eggs?\nAnswer:";
    let choices = [" a dog", " a hen", " a horse", " a cat"].map(str::to_owned);
    let options = Options { by: By::PerChar, ..Options::default() };
    let ranked = Scorer::new(&model).score(prompt, &choices, &options)?;
    for candidate in &ranked.candidates {
        let scores = candidate.scores().expect("without a top, every candidate is scored");
        println!("{:8} {:8.3}", candidate.text, scores.per_char);
    }
    println!("{} of all probability, margin {:?}", ranked.label_mass.unwrap_or(0.0), ranked.margin);
    Ok(())
}
