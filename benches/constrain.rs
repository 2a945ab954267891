//! Masks of the shipped grammars, at a vocabulary of 49k tokens and one of 128k.
//!
//! For each grammar: the time to compile it and that to make the first mask, and, along its accepted
//! samples as the longest tokens, the times of every later mask and of taking each token, with the
//! parser states that were made. Prints a table; with `--json`, one JSON object a line.

#![allow(clippy::print_stdout, reason = "it prints its results")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;
use tokenrail::model::LanguageModel;
use tokenrail::model::local::LocalModel;
use tokenrail::store::{Access, ModelSource, Store};
use tokenrail::vocab::{TokenId, Vocabulary};

/// What one grammar took at one vocabulary.
struct Cost {
    compile: Duration,
    first: Duration,
    masks: Vec<Duration>,
    commits: Vec<Duration>,
    states: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let is_json = std::env::args().any(|argument| argument == "--json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(root.join("grammars"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".gbnf").map(str::to_owned));
    }
    names.sort();
    for (size, vocabulary) in vocabularies(root)? {
        let _built_once = vocabulary.trie();
        for name in &names {
            let source = fs::read_to_string(root.join(format!("grammars/{name}.gbnf")))?;
            let samples = fs::read_to_string(root.join(format!("grammars/{name}.samples.json")))?;
            let samples: Value = serde_json::from_str(&samples)?;
            let samples = samples["accepted"].as_array().ok_or("samples without accepted ones")?;
            let samples: Vec<&str> = samples.iter().filter_map(Value::as_str).collect();
            print(is_json, size, name, &measure(&source, &samples, &vocabulary)?);
        }
    }
    Ok(())
}

fn measure(
    source: &str,
    samples: &[&str],
    vocabulary: &Vocabulary,
) -> Result<Cost, Box<dyn Error>> {
    let start = Instant::now();
    let constraint = Constraint::new(&Grammar::gbnf(source)?, vocabulary)?;
    let compile = start.elapsed();
    let start = Instant::now();
    constraint.matcher().mask()?;
    let first = start.elapsed();
    let mut cost = Cost { compile, first, masks: Vec::new(), commits: Vec::new(), states: 0 };
    for sample in samples {
        let mut matcher = constraint.matcher();
        for token in longest_tokens(sample.as_bytes(), vocabulary) {
            let start = Instant::now();
            let mask = matcher.mask()?;
            cost.masks.push(start.elapsed());
            assert!(mask.contains(token), "{sample:?} is legal");
            let start = Instant::now();
            matcher.advance(token)?;
            cost.commits.push(start.elapsed());
        }
    }
    cost.states = constraint.state_count();
    Ok(cost)
}

/// The text as tokens, each as long as there is one.
fn longest_tokens(text: &[u8], vocabulary: &Vocabulary) -> Vec<TokenId> {
    let trie = vocabulary.trie();
    let (mut tokens, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let (mut node, mut longest) = (None, None);
        for (index, &byte) in text[start..].iter().enumerate() {
            node = trie.child(node, byte);
            let Some(at) = node else { break };
            if let Some(&id) = trie.tokens(at).first() {
                longest = Some((id, index + 1));
            }
        }
        let Some((id, length)) = longest else { break };
        tokens.push(id);
        start += length;
    }
    tokens
}

fn vocabularies(root: &Path) -> Result<Vec<(&'static str, Vocabulary)>, Box<dyn Error>> {
    let path = Store::from_env()?.obtain(&ModelSource::default(), Access::Online, &mut |_| {})?;
    let model = LocalModel::open(&path)?;
    let mut vocabularies = vec![("49k", model.tokenizer().vocabulary().clone())];
    let folder = root.join("../shared/data/tokenizers");
    if folder.exists() {
        let special: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("llama3_special.json"))?)?;
        let special = special.as_object().ok_or("special tokens are an object")?;
        let special: Vec<(&str, TokenId)> = special
            .iter()
            .filter_map(|(name, id)| Some((name.as_str(), TokenId(id.as_u64()? as u32))))
            .collect();
        let ranks = fs::read_to_string(folder.join("llama3.tiktoken"))?;
        let ends = ["<|end_of_text|>", "<|eot_id|>"];
        vocabularies.push(("128k", Vocabulary::from_tiktoken(&ranks, &special, &ends)?));
    } else {
        println!("no 128k vocabulary beside the checkout: 49k alone");
    }
    Ok(vocabularies)
}

fn print(is_json: bool, size: &str, name: &str, cost: &Cost) {
    let micros = |times: &[Duration], part: f64| {
        let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        times.sort_by(f64::total_cmp);
        let last = times.len().saturating_sub(1);
        times.get((last as f64 * part).round() as usize).copied().unwrap_or(0.0)
    };
    let parts = [0.5, 0.9, 0.99, 1.0];
    let masks = parts.map(|part| micros(&cost.masks, part));
    let commits = parts.map(|part| micros(&cost.commits, part));
    let [compile, first] = [cost.compile, cost.first].map(|time| time.as_secs_f64() * 1e6);
    if is_json {
        let line = json!({
            "vocabulary": size, "grammar": name, "compile_us": compile, "first_mask_us": first,
            "mask_us": masks, "commit_us": commits, "states": cost.states,
            "masks": cost.masks.len(),
        });
        println!("{line}");
        return;
    }
    let [p50, p90, p99, worst] = masks;
    println!(
        "{size:5} {name:14} compile {compile:6.0} first {first:6.0} µs   mask p50 {p50:8.1} p90 {p90:8.1} p99 {p99:8.1} worst {worst:9.1} µs   commit p50 {:6.1} p99 {:6.1} µs   {:5} states, {} masks",
        commits[0],
        commits[2],
        cost.states,
        cost.masks.len()
    );
}
