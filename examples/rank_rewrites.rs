//! Ranks rewrites of a sentence by how natural the model finds them, and shows where they jar.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use tokenrail::model::local::LocalModel;
use tokenrail::report::{Colour, Heat, HeatMap};
use tokenrail::score::{By, Options, Scorer};
use tokenrail::store::{Access, ModelSource, Store};

fn main() -> Result<(), tokenrail::Error> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let rewrites = [
        "The results were surprising, so we ran the experiment again.",
        "Surprising were the results, hence again the experiment was by us run.",
        "The results surprised us, and we repeated the experiment.",
    ];
    let options = Options { by: By::PerByte, ..Options::default() };
    let ranked = Scorer::new(&model).score("", &rewrites.map(str::to_owned), &options)?;
    for candidate in &ranked.candidates {
        let tokens = candidate.tokens.iter();
        let heat: Vec<Heat<'_>> =
            tokens.map(|token| Heat { text: &token.text, value: Some(-token.logprob) }).collect();
        print!("{}", HeatMap::default().render(&heat, Colour::None));
    }
    Ok(())
}
