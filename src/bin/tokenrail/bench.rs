//! `tokenrail bench`: how fast a model runs here, beside what the machine's memory allows.
//!
//! A token cannot come sooner than the weights are read, so the speed of writing is shown as a share
//! of the bytes that a plain loop reads in the same time, on as many threads. Reading a prompt is bound by
//! arithmetic instead, as each weight that is read serves many rows; so is writing many sequences at once.
//!
//! Other programs make every figure worse and none better. So each is taken a few times and the best one
//! shown, and figures of two machines, or of one at two times of day, are not to be compared.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, ConstraintError};
use tokenrail::generate::{GenerateError, Generated, Generator, Options, Probabilities};
use tokenrail::grammar::Grammar;
use tokenrail::model::local::{Footprint, LocalModel};
use tokenrail::model::{LanguageModel, ModelError, Rows, TreeNode};
use tokenrail::report::{Cell, Column, Table};
use tokenrail::schema::{self, Escapes, Schema};
use tokenrail::vocab::TokenId;

use crate::args::{BenchCommand, ModelBenchArgs};
use crate::exit::Failure;
use crate::{model, output, progress};

/// Tokens that are written one by one for one figure.
const WRITTEN: usize = 48;
/// Times that each figure is taken; the best counts, as others only have more of other programs.
const ROUNDS: usize = 3;
/// Sequences that are written side by side.
const BATCH: usize = 8;
/// Times that memory is read through.
const READS: usize = 10;
/// Words of a cache line.
const LINE: usize = 8;
/// Places of memory that a thread reads at a time, and lines before it goes to the next.
const PLACES: usize = 4;
const BURST: usize = 8;

/// A note, and what is to be made of it: the same for whoever is compared.
const CALL_PROMPT: &str = include_str!("../../../benches/json_call/prompt.txt");
const CALL_SCHEMA: &str = include_str!("../../../benches/json_call/schema.json");
/// Tokens that the value may take.
const CALL_TOKENS: usize = 96;

/// A short prompt answered by a value of a schema.
struct Call {
    /// With the schema compiled, and its masks made on the way.
    first: f64,
    /// Once they are there.
    seconds: f64,
    generated: Generated,
}

/// A speed in tokens a second, by its name.
struct Speed {
    name: String,
    tokens: f64,
}

/// Measures what was asked for. Speeds go to standard output, progress to standard error.
pub(crate) fn run(command: &BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Model(args) => bench_model(args),
    }
}

/// Opens the model, takes all speeds, and only then the bandwidth: its buffer would push the weights
/// out of memory that is short.
fn bench_model(args: &ModelBenchArgs) -> Result<(), Failure> {
    let model = model::open(&args.model)?;
    let speeds = progress::spinner(|| speeds(&model, args))?;
    let call = progress::spinner(|| json_call(&model))?;
    let footprint = model.footprint();
    let bandwidth = footprint.map(|of| read_bandwidth(of.weight_bytes, of.threads));
    let bound = footprint.zip(bandwidth).map(|(of, bytes)| bytes / of.weight_bytes as f64);
    match args.json {
        true => {
            let mut object = to_json(&model, &speeds, (footprint, bandwidth, bound));
            call.add_to(&mut object);
            output::print_json(&object)
        }
        false => {
            let text = to_text(&model, &speeds, (footprint, bandwidth, bound));
            output::print(&(text + &call.to_text()))
        }
    }
}

/// All speeds that were asked for.
fn speeds(model: &LocalModel, args: &ModelBenchArgs) -> Result<Vec<Speed>, ModelError> {
    let mut speeds = Vec::new();
    let limit = model.context_length().saturating_sub(WRITTEN);
    for &context in args.contexts.iter().filter(|&&context| context <= limit) {
        let tokens = best(|| writing(model, context))?;
        speeds.push(Speed { name: format!("decode_{context}"), tokens });
    }
    let prompt = args.prompt.min(limit);
    let tokens = best(|| {
        let tokens = some_tokens(model, prompt);
        timed(prompt, || model.session().feed(&tokens, Rows::Last).map(drop))
    })?;
    speeds.push(Speed { name: format!("prompt_{prompt}"), tokens });
    speeds.push(Speed { name: format!("batch_{BATCH}"), tokens: best(|| batch(model))? });
    Ok(speeds)
}

/// Tokens a second of a sequence that is written behind so many others.
fn writing(model: &LocalModel, context: usize) -> Result<f64, ModelError> {
    let mut session = model.session();
    session.feed(&some_tokens(model, context), Rows::None)?;
    let then = some_tokens(model, WRITTEN);
    timed(WRITTEN, || {
        then.iter().try_for_each(|&token| session.feed(&[token], Rows::Last).map(drop))
    })
}

/// Tokens a second of sequences that are written side by side behind the same 16 tokens, all
/// together.
///
/// They are branches of one tree, so that a pass reads the weights once for all of them.
fn batch(model: &LocalModel) -> Result<f64, ModelError> {
    let mut session = model.session();
    session.feed(&some_tokens(model, 16), Rows::None)?;
    let then = some_tokens(model, WRITTEN + BATCH);
    timed(WRITTEN * BATCH, || {
        for step in 0..WRITTEN {
            let node = |at: usize| TreeNode {
                token: then[step + at],
                parent: (step * BATCH + at).checked_sub(BATCH),
            };
            let nodes: Vec<TreeNode> = (0..BATCH).map(node).collect();
            session.feed_tree(&nodes, Rows::All)?;
        }
        Ok(())
    })
}

/// Compiles the schema and generates its value; then as often as other figures are taken.
fn json_call(model: &LocalModel) -> Result<Call, Failure> {
    let start = Instant::now();
    let options = schema::Options { escapes: Escapes::Minimal, ..schema::Options::default() };
    let schema = Schema::parse(CALL_SCHEMA, &options).map_err(ConstraintError::from)?;
    let constraint = Constraint::new(&Grammar::schema(&schema), model.tokenizer().vocabulary())?;
    let generator = Generator::new(model, &constraint)?;
    // As a server answers that was not asked for logprobs.
    let probabilities = Probabilities::Legal;
    let options = Options { max_tokens: CALL_TOKENS, probabilities, ..Options::default() };
    let call = || generator.generate(CALL_PROMPT, &options);
    let generated = call()?;
    let first = start.elapsed().as_secs_f64();
    let again = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        call().map(|_| start.elapsed().as_secs_f64())
    });
    let seconds = again.collect::<Result<Vec<f64>, GenerateError>>()?;
    Ok(Call { first, seconds: seconds.into_iter().fold(first, f64::min), generated })
}

impl Call {
    fn add_to(&self, object: &mut Value) {
        object["json_call"] = json!({
            "seconds": self.seconds,
            "first_seconds": self.first,
            "prompt_tokens": self.generated.prompt_tokens,
            "tokens": self.generated.tokens.len(),
            "passes": self.generated.drafts.passes,
        });
    }

    fn to_text(&self) -> String {
        let Generated { prompt_tokens, tokens, drafts, .. } = &self.generated;
        format!(
            "{prompt_tokens} tokens of a prompt and {} of JSON in {} passes: {:.0} ms, {:.0} ms the first time\n",
            tokens.len(),
            drafts.passes,
            self.seconds * 1e3,
            self.first * 1e3
        )
    }
}

/// How many tokens a second some work does.
fn timed(
    tokens: usize,
    mut work: impl FnMut() -> Result<(), ModelError>,
) -> Result<f64, ModelError> {
    let start = Instant::now();
    work()?;
    Ok(tokens as f64 / start.elapsed().as_secs_f64())
}

/// The best of some rounds: what else the machine does can only make a round slower.
fn best(mut speed: impl FnMut() -> Result<f64, ModelError>) -> Result<f64, ModelError> {
    (0..ROUNDS).try_fold(0.0, |best, _| Ok(f64::max(best, speed()?)))
}

/// Tokens that are no words: speed does not depend on which they are.
fn some_tokens(model: &LocalModel, count: usize) -> Vec<TokenId> {
    let size = model.tokenizer().vocabulary().len();
    (0..count).map(|at| TokenId((at * 7919 % size) as u32)).collect()
}

/// The bytes a second that threads read of a buffer, over and over, as a model's weights are: what of it
/// stays in caches is what of these would.
fn read_bandwidth(bytes: usize, threads: usize) -> f64 {
    let buffer = vec![1_u64; bytes / size_of::<u64>()];
    let share = buffer.len().div_ceil(threads);
    let rounds = (0..READS).map(|_| {
        let start = Instant::now();
        thread::scope(|scope| {
            buffer.chunks(share).for_each(|part| drop(scope.spawn(move || read(part))));
        });
        size_of_val(&buffer[..]) as f64 / start.elapsed().as_secs_f64()
    });
    rounds.fold(0.0, f64::max)
}

/// Reads words, in several places at a time: of a single place a processor fetches less ahead than memory
/// could give.
fn read(words: &[u64]) {
    let (lines, _) = words.as_chunks::<LINE>();
    let mut places: [_; PLACES] = {
        let mut parts = lines.chunks(lines.len().div_ceil(PLACES).max(1));
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    };
    let mut sums = [[0_u64; LINE]; PLACES];
    while places.iter().any(|place| !place.is_empty()) {
        for (place, sums) in places.iter_mut().zip(&mut sums) {
            let (now, later) = place.split_at(place.len().min(BURST));
            *place = later;
            for line in now {
                sums.iter_mut().zip(line).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
            }
        }
    }
    black_box(sums);
}

/// What the machine allows, where the fast backend runs the model.
type Bound = (Option<Footprint>, Option<f64>, Option<f64>);

/// The speeds in tokens a second, and the bandwidth in bytes a second, by their names.
fn to_json(model: &LocalModel, speeds: &[Speed], (footprint, bandwidth, bound): Bound) -> Value {
    let mut object = json!({"model": model.name(), "precision": model.precision()});
    if let Some(footprint) = footprint {
        object["instructions"] = json!(footprint.instructions);
        object["threads"] = json!(footprint.threads);
        object["weight_bytes"] = json!(footprint.weight_bytes);
    }
    object["bandwidth"] = json!(bandwidth);
    object["decode_bound"] = json!(bound);
    for speed in speeds {
        object[&speed.name] = json!(speed.tokens);
    }
    object
}

/// The same as a table, under a line that says what ran and how.
fn to_text(model: &LocalModel, speeds: &[Speed], (footprint, bandwidth, bound): Bound) -> String {
    let columns = [Column::left("tokens a second"), Column::right(""), Column::right("of bound")];
    let mut table = Table::new(columns);
    for Speed { name, tokens } in speeds {
        let share = bound.filter(|_| name.starts_with("decode"));
        let share = share.map_or(String::new(), |bound| format!("{:.0} %", tokens / bound * 100.0));
        table.push([name.replace('_', " "), format!("{tokens:.0}"), share].map(Cell::plain));
    }
    let mut text = format!("{}, {}", model.name(), model.precision());
    if let Some(of) = footprint {
        text += &format!(", {} on {} thread(s)", of.instructions, of.threads);
    }
    text += &format!("\n{}", table.render(output::colour()));
    if let Some(((of, bytes), bound)) = footprint.zip(bandwidth).zip(bound) {
        text += &format!(
            "{:.1} MB of weights a token at {:.1} GB/s: at most {bound:.0} tokens a second\n",
            of.weight_bytes as f64 / 1e6,
            bytes / 1e9
        );
    }
    text
}
