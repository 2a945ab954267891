//! `tokenrail inspect`: a text through the model's eyes.
//!
//! What is given may be words or the name of a file; where that is not clear, a note says which it was
//! taken for. Nothing is measured of the first token, which has nothing before it.

use std::path::Path;

use tokenrail::model::LanguageModel;
use tokenrail::report::{Cell, Column, Cut, Heat, Table};
use tokenrail::score::{InspectOptions, InspectedToken, Inspection, inspect};
use tokenrail::vocab::Vocabulary;

use crate::args::InspectArgs;
use crate::exit::Failure;
use crate::{input, model, output, progress};

/// Shows the text as a heat map, then every token with its numbers, then the sums.
pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let text = text(args)?;
    let options = InspectOptions { alternatives: args.alternatives.into(), is_chat: args.chat };
    let model = model::open(&args.model)?;
    let inspection = progress::spinner(|| inspect(&model, &text, &options))?;
    let vocabulary = model.tokenizer().vocabulary();
    if args.json {
        return output::print_json(&inspection.to_json(vocabulary));
    }
    output::print(&format!(
        "{}\n{}{}",
        heat(&inspection, vocabulary),
        table(&inspection, vocabulary),
        total(&inspection)
    ))
}

/// The text that is meant, with a note where that could be something else.
fn text(args: &InspectArgs) -> Result<String, Failure> {
    let path = Path::new(&args.text);
    if args.literal {
        return Ok(args.text.clone());
    }
    if args.text == "-" {
        return input::read(path);
    }
    if path.exists() && !path.is_dir() {
        output::say(&format!(
            "note: {} is a file, and its contents are shown (--literal for the words)",
            args.text
        ));
        return input::read(path);
    }
    if path.is_dir() || looks_like_a_path(&args.text) {
        let what = if path.is_dir() { "it is a folder" } else { "there is no such file" };
        output::say(&format!(
            "note: {}: {what}, and the words themselves are shown (--literal says so)",
            args.text
        ));
    }
    Ok(args.text.clone())
}

/// Whether a text has no white space, but a separator or an extension such as `txt`.
fn looks_like_a_path(text: &str) -> bool {
    let is_extension = |end: &str| {
        (1..=5).contains(&end.len()) && end.chars().all(|char| char.is_ascii_alphanumeric())
    };
    let extension = Path::new(text).extension().and_then(|end| end.to_str());
    !text.contains(char::is_whitespace)
        && (text.contains(std::path::is_separator) || extension.is_some_and(is_extension))
}

/// The text itself, coloured by surprise; without colours, a line of digits below it.
fn heat(inspection: &Inspection, vocabulary: &Vocabulary) -> String {
    let pieces: Vec<_> = inspection.tokens.iter().map(|token| vocabulary.piece(token.id)).collect();
    let heat: Vec<Heat<'_>> = inspection
        .tokens
        .iter()
        .zip(&pieces)
        .map(|(token, piece)| Heat {
            text: piece,
            value: token.reading.as_ref().map(|reading| -reading.logprob),
        })
        .collect();
    output::heat(&heat)
}

/// A line for each token. The first token has nothing before it, and so no logprob.
fn table(inspection: &Inspection, vocabulary: &Vocabulary) -> String {
    let mut table = Table::new(vec![
        Column::right("byte"),
        Column::left("token").at_most(24, Cut::Middle),
        Column::right("logprob"),
        Column::right("probability"),
        Column::right("rank"),
        Column::right("entropy"),
        Column::left("most likely").at_most(60, Cut::End),
    ]);
    for token in &inspection.tokens {
        table.push(row(token, vocabulary));
    }
    table.render(output::colour())
}

/// One token: where it begins, its logprob and rank, and what the model finds most likely instead.
fn row(token: &InspectedToken, vocabulary: &Vocabulary) -> Vec<Cell> {
    let mut row = vec![token.start.to_string(), vocabulary.piece(token.id).into_owned()];
    match &token.reading {
        None => row.extend(["-", "-", "-", "-", ""].map(str::to_owned)),
        Some(reading) => {
            let likely = reading.alternatives.iter();
            let likely = likely.map(|&(id, _)| format!("{:?}", vocabulary.piece(id)));
            row.extend([
                format!("{:.3}", reading.logprob),
                format!("{:.2} %", reading.logprob.exp() * 100.0),
                reading.rank.to_string(),
                format!("{:.3}", reading.entropy),
                likely.collect::<Vec<_>>().join(" "),
            ]);
        }
    }
    row.into_iter().map(Cell::plain).collect()
}

/// Sums over the tokens that have a logprob, also for each byte, which other tokenizers can be
/// compared by.
fn total(inspection: &Inspection) -> String {
    let (sum, count) = inspection.sum();
    if count == 0 {
        return format!("{} token(s), none with something before it\n", inspection.tokens.len());
    }
    let bytes = inspection.text.len();
    format!(
        "{} tokens, {bytes} bytes, sum {sum:.3}, perplexity {:.2}, {:.3} bits a byte\n",
        inspection.tokens.len(),
        (-sum / count as f64).exp(),
        -sum / std::f64::consts::LN_2 / bytes as f64,
    )
}
