//! 50 multiple-choice items of 4 candidates, scored three ways in one run.
//!
//! `repeated`: the prompt runs again for every candidate, as lm-eval does; `shared`: the prompt runs
//! once, then each candidate alone; `packed`: all candidates in one pass. Prints seconds, tokens run
//! through the model, and the ratio to `repeated`; with `--json`, one JSON object.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use tokenrail::model::local::LocalModel;
use tokenrail::model::{LanguageModel, Rows};
use tokenrail::score::{Options, Scorer};
use tokenrail::store::{Access, ModelSource, Store};
use tokenrail::vocab::TokenId;

const ITEMS: usize = 50;

/// What one way took.
struct Cost {
    seconds: f64,
    tokens: usize,
    winners: Vec<usize>,
}

struct Item {
    prompt: String,
    choices: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let items = items()?;
    // The first run pays for waking the threads and touching the weights.
    packed(&model, &items[..1])?;
    let ways = [
        ("repeated", repeated(&model, &items)?),
        ("shared", shared(&model, &items)?),
        ("packed", packed(&model, &items)?),
    ];
    let repeated = &ways[0].1;
    let mut report = json!({"items": items.len()});
    for (name, cost) in &ways {
        assert_eq!(cost.winners, repeated.winners, "{name} chooses as repeated does");
        let ratio = repeated.seconds / cost.seconds;
        report[name] =
            json!({"seconds": cost.seconds, "forward_tokens": cost.tokens, "ratio": ratio});
        if !std::env::args().any(|argument| argument == "--json") {
            println!("{name:9} {:7.2} s  {:6} tokens  {ratio:.2}x", cost.seconds, cost.tokens);
        }
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{report}");
    }
    Ok(())
}

/// The prompt and every candidate again, one after the other.
fn repeated(model: &LocalModel, items: &[Item]) -> Result<Cost, Box<dyn Error>> {
    each_alone(items, |item| {
        let context = model.tokenizer().encode(&item.prompt)?;
        let mut sums = Vec::new();
        let mut tokens = 0;
        for choice in &item.choices {
            let whole = model.tokenizer().encode(&format!("{}{choice}", item.prompt))?;
            let rows: Vec<usize> = (context.len() - 1..whole.len() - 1).collect();
            let logits = model.session().feed(&whole[..whole.len() - 1], Rows::At(&rows))?;
            tokens += whole.len() - 1;
            sums.push(sum(&logits, &whole[context.len()..])?);
        }
        Ok((sums, tokens))
    })
}

/// The prompt once, then every candidate behind it.
fn shared(model: &LocalModel, items: &[Item]) -> Result<Cost, Box<dyn Error>> {
    each_alone(items, |item| {
        let context = model.tokenizer().encode(&item.prompt)?;
        let mut session = model.session();
        let (last, before) = context.split_last().ok_or("an empty prompt")?;
        session.feed(before, Rows::None)?;
        let mut tokens = before.len();
        let mut sums = Vec::new();
        for choice in &item.choices {
            let whole = model.tokenizer().encode(&format!("{}{choice}", item.prompt))?;
            let scored = &whole[context.len()..];
            let fed: Vec<TokenId> = [&[*last], &scored[..scored.len() - 1]].concat();
            session.truncate(before.len());
            let logits = session.feed(&fed, Rows::All)?;
            tokens += fed.len();
            sums.push(sum(&logits, scored)?);
        }
        Ok((sums, tokens))
    })
}

fn packed(model: &LocalModel, items: &[Item]) -> Result<Cost, Box<dyn Error>> {
    let start = Instant::now();
    let (mut tokens, mut winners) = (0, Vec::new());
    for item in items {
        let ranked = Scorer::new(model).score(&item.prompt, &item.choices, &Options::default())?;
        tokens += ranked.counters.forward_tokens;
        winners.push(ranked.winner());
    }
    Ok(Cost { seconds: start.elapsed().as_secs_f64(), tokens, winners })
}

fn each_alone(
    items: &[Item],
    mut score: impl FnMut(&Item) -> Result<(Vec<f64>, usize), Box<dyn Error>>,
) -> Result<Cost, Box<dyn Error>> {
    let start = Instant::now();
    let (mut total, mut winners) = (0, Vec::new());
    for item in items {
        let (sums, tokens) = score(item)?;
        total += tokens;
        let best = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b]).then(b.cmp(&a)));
        winners.push(best.ok_or("an item without choices")?);
    }
    Ok(Cost { seconds: start.elapsed().as_secs_f64(), tokens: total, winners })
}

fn sum(logits: &tokenrail::model::Logits, scored: &[TokenId]) -> Result<f64, Box<dyn Error>> {
    let rows = logits.distributions()?;
    Ok(rows.iter().zip(scored).map(|(row, &id)| row.logprob(id)).sum())
}

/// ARC-Easy items where they lie beside the checkout, else the small cases.
fn items() -> Result<Vec<Item>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let full = root.join("../shared/data/eval/arc_easy_val.jsonl");
    let path = if full.exists() { full } else { root.join("tests/data/reference_mc.jsonl") };
    println!("items of {}", path.file_name().unwrap_or_default().to_string_lossy());
    let mut items = Vec::new();
    for line in fs::read_to_string(path)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let prompt =
            line["prompt"].as_str().or(line["ctx"].as_str()).ok_or("an item without prompt")?;
        let choices = line["choices"].as_array().ok_or("an item without choices")?;
        let choices: Vec<String> =
            choices.iter().filter_map(|choice| Some(choice.as_str()?.to_owned())).collect();
        if choices.len() == 4 && items.len() < ITEMS {
            items.push(Item { prompt: prompt.to_owned(), choices });
        }
    }
    Ok(items)
}
