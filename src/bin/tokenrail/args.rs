//! The flags, and the words that `--help` explains them with.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use tokenrail::generate::{Probabilities, Sampling};
use tokenrail::model::Chat;
use tokenrail::model::local::{Activations, Backend, Device, LocalOptions};
use tokenrail::repair::{Finish, Level, Salvage};
use tokenrail::score::{
    Boundary, By, Duplicates, End, Options, ScoreError, TrailingSpace, Truncation,
};
use tokenrail::store::{Access, ModelSource};

use crate::exit::EXIT_CODES;
use crate::retry::RetryArgs;
use crate::schema::{SchemaCommand, WritingArgs};
use crate::tools::ToolArgs;

/// Makes language models decide and obey.
#[derive(Debug, Parser)]
#[command(version, after_long_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Score(Box<ScoreArgs>),
    Inspect(InspectArgs),
    Generate(Box<GenerateArgs>),
    Check(Box<CheckArgs>),
    Repair(Box<RepairArgs>),
    #[command(subcommand)]
    Schema(SchemaCommand),
    #[command(subcommand)]
    Model(ModelCommand),
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  tokenrail completions bash > ~/.local/share/bash-completion/completions/tokenrail"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    /// When standard output is a terminal and NO_COLOR is not set.
    Auto,
    Always,
    Never,
}

impl Color {
    /// Takes effect for all that is printed from here on.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Which model, and whether it may be fetched.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// The model: `smollm2-135m`, `gemma3-270m`, a GGUF file, a safetensors folder, or `org/repo[:file]` on the
    /// Hugging Face hub.
    #[arg(long, default_value_t, env = unless_empty("TOKENRAIL_MODEL"))]
    pub(crate) model: ModelSource,
    /// Refuse to fetch a model that is not on this machine.
    #[arg(long)]
    offline: bool,
    /// What runs the model: kernels for this machine's instructions, or the float32 that they are
    /// tested against. Without it the fast one, for models that it runs.
    #[arg(long, value_enum)]
    backend: Option<BackendArg>,
    /// What meets quantized weights: activations rounded to 8 bits, as llama.cpp does, or float32,
    /// which is slower.
    #[arg(long, value_enum, default_value_t = ActivationsArg::EightBit)]
    activations: ActivationsArg,
    /// What the reference backend computes on; the fast one has the CPU alone. Graphics processors are
    /// there in programs built with `--features cuda` or `metal`.
    #[arg(long, value_name = "cpu|cuda[:N]|metal[:N]", default_value_t)]
    device: Device,
    /// Threads of the fast backend; as many as there are processors unless said. Results do not
    /// depend on it.
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

/// [`Backend`] as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum BackendArg {
    Fast,
    Reference,
}

/// [`Activations`] as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActivationsArg {
    #[value(name = "8-bit")]
    EightBit,
    Float32,
}

impl ModelArgs {
    /// A model by its name, with all else as it is without flags.
    pub(crate) fn named(model: ModelSource, access: Access) -> Self {
        Self {
            model,
            offline: access == Access::Offline,
            backend: None,
            activations: ActivationsArg::EightBit,
            device: Device::Cpu,
            threads: None,
        }
    }

    /// How the model is to be opened, in the words of the library.
    pub(crate) fn options(&self) -> LocalOptions {
        LocalOptions {
            backend: self.backend.map(|backend| match backend {
                BackendArg::Fast => Backend::Fast,
                BackendArg::Reference => Backend::Reference,
            }),
            activations: match self.activations {
                ActivationsArg::EightBit => Activations::EightBit,
                ActivationsArg::Float32 => Activations::Float32,
            },
            threads: self.threads,
            device: self.device,
        }
    }

    /// Whether a model that is not here may be fetched.
    pub(crate) fn access(&self) -> Access {
        if self.offline { Access::Offline } else { Access::Online }
    }
}

/// Rank candidate continuations of a prompt by their logprobs.
///
/// Nothing is generated: the model reads the prompt once and all candidates in one packed pass.
/// Scores are in nats (natural logs); larger is better.
#[derive(Debug, Args)]
#[command(after_long_help = concat!("\
Examples:
  tokenrail score \"The capital of France is\" \" Paris\" \" Lyon\" \" Rome\"
  tokenrail score --chat \"Is water wet? Answer yes or no.\" Yes No --json
  tokenrail score --candidates-from cities.txt --top 3 \"The capital of France is\"
  tokenrail score --items questions.jsonl --out answers.jsonl
  tokenrail score --rewrites drafts.txt"))]
pub(crate) struct ScoreArgs {
    /// The text that candidates continue.
    pub(crate) prompt: Option<String>,
    /// The candidates, each with its leading space where it has one.
    #[arg(value_name = "CANDIDATE")]
    pub(crate) candidates: Vec<String>,
    /// Read candidates from a file (- for standard input): one a line, or a JSON array of strings.
    #[arg(long, value_name = "FILE", conflicts_with = "candidates")]
    pub(crate) candidates_from: Option<PathBuf>,
    /// Score every line of a JSONL file (- for standard input): {"id"?, "prompt", "choices", "label"?};
    /// a line without "id" goes by its number.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "candidates_from", "rewrites"])]
    pub(crate) items: Option<PathBuf>,
    /// Append the items' results to a file, and go on behind those that it already has, if they are
    /// of the same items, options and model. One process at a time writes it.
    #[arg(long, value_name = "FILE", requires = "items")]
    pub(crate) out: Option<PathBuf>,
    /// Rank whole rewrites of a text from a file (- for standard input), by `per-byte` unless said
    /// otherwise, and show each token's surprise.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["candidates", "candidates_from"])]
    pub(crate) rewrites: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) how: HowArgs,
    /// Keep what was computed for the prompt in a file, and begin behind what a file already has of it;
    /// made if it is not there. Only the same model in the same precision takes it back.
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt_cache: Option<PathBuf>,
    /// Show every token's surprise; JSON has every token's logprob anyway.
    #[arg(long, conflicts_with_all = ["items", "json"])]
    pub(crate) tokens: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// How candidates are scored.
#[derive(Debug, Args)]
pub(crate) struct HowArgs {
    /// Rank by sum, mean-token, per-char, per-byte or pmi [default: sum].
    #[arg(long, value_name = "NORMALIZATION")]
    by: Option<By>,
    /// The context whose logprobs pmi subtracts, such as "Answer:"; "" is the begin of a text.
    #[arg(long, value_name = "TEXT")]
    unconditional: Option<String>,
    /// Rank only the best K, and stop candidates that cannot be among them.
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    top: Option<usize>,
    /// Make the prompt a user's turn through the model's chat template.
    #[arg(long)]
    chat: bool,
    /// The system's instructions, with --chat.
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// What the assistant's turn begins with before the candidate, with --chat.
    #[arg(long, value_name = "TEXT", requires = "chat")]
    prefill: Option<String>,
    /// How prompt and candidate become tokens.
    #[arg(long, value_enum, default_value_t = BoundaryArg::Joint)]
    boundary: BoundaryArg,
    /// What happens to spaces at the end of the prompt, and of the unconditional context.
    #[arg(long, value_enum, default_value_t = SpaceArg::Move)]
    trailing_space: SpaceArg,
    /// Score the end-of-sequence token behind every candidate.
    #[arg(long, conflicts_with = "end_text")]
    end_of_sequence: bool,
    /// Score this text behind every candidate.
    #[arg(long, value_name = "TEXT")]
    end_text: Option<String>,
    /// What happens to candidates with the same tokens [default: refuse, but keep with --items].
    #[arg(long, value_enum)]
    duplicates: Option<DuplicatesArg>,
    /// Cut the beginning of a prompt that is too long, instead of refusing it.
    #[arg(long)]
    truncate: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BoundaryArg {
    /// As one text; candidates that merge with the prompt's end make all back off together.
    Joint,
    /// Each on its own.
    Separate,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SpaceArg {
    /// They move to the front of every candidate.
    Move,
    /// They stay.
    Keep,
    /// They are an error.
    Refuse,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DuplicatesArg {
    /// They are an error.
    Refuse,
    /// They are scored and tie.
    Keep,
}

impl HowArgs {
    /// The library's options; `default` has what flags do not say.
    ///
    /// What every request would be refused for is refused here, before a model is opened.
    pub(crate) fn options(&self, default: Options) -> Result<Options, ScoreError> {
        let chat =
            Chat { system: self.system.clone(), prefill: self.prefill.clone().unwrap_or_default() };
        let options = Options {
            by: self.by.unwrap_or(default.by),
            duplicates: match self.duplicates {
                None => default.duplicates,
                Some(DuplicatesArg::Refuse) => Duplicates::Refuse,
                Some(DuplicatesArg::Keep) => Duplicates::Keep,
            },
            boundary: match self.boundary {
                BoundaryArg::Joint => Boundary::Joint,
                BoundaryArg::Separate => Boundary::Separate,
            },
            trailing_space: match self.trailing_space {
                SpaceArg::Move => TrailingSpace::Move,
                SpaceArg::Keep => TrailingSpace::Keep,
                SpaceArg::Refuse => TrailingSpace::Refuse,
            },
            end: match (&self.end_text, self.end_of_sequence) {
                (Some(text), _) => End::Text(text.clone()),
                (None, true) => End::Eos,
                (None, false) => End::None,
            },
            truncation: if self.truncate { Truncation::Left } else { Truncation::Refuse },
            unconditional: self.unconditional.clone(),
            top: self.top,
            chat: self.chat.then_some(chat),
        };
        options.check()?;
        Ok(options)
    }
}

/// Show what the model thinks of every token of a text.
///
/// The text is read, not continued: each token's logprob, rank and alternatives are those the
/// model had before it saw the token.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail inspect \"To be, or not to be, that is the question\"
  tokenrail inspect essay.txt
  tokenrail inspect --chat \"Say hello in French.\" --json")]
pub(crate) struct InspectArgs {
    /// A text; or a file, when one of this name exists; or - for standard input.
    #[arg(value_name = "TEXT|FILE")]
    pub(crate) text: String,
    /// Take the argument as a text even if a file of this name exists, or it looks like one.
    #[arg(long)]
    pub(crate) literal: bool,
    /// Make the text a user's turn through the model's chat template.
    #[arg(long)]
    pub(crate) chat: bool,
    /// How many of the most likely tokens to list at each place.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(crate) alternatives: u16,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// What a text must match.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct GrammarArgs {
    /// A regular expression that the whole text matches, in Rust's syntax.
    #[arg(long, value_name = "REGEX")]
    pub(crate) regex: Option<String>,
    /// A file (- for standard input) of exact texts: one a line, or a JSON array of strings.
    #[arg(long, value_name = "FILE")]
    pub(crate) choices: Option<PathBuf>,
    /// A grammar file: `.gbnf` or `.ebnf` as llama.cpp and XGrammar write them, `.lark` as
    /// llguidance does.
    #[arg(long, value_name = "FILE")]
    pub(crate) grammar: Option<PathBuf>,
    /// A JSON Schema file (- for standard input): JSON texts of the values that it allows.
    #[arg(long, value_name = "FILE", groups = ["values", "schema_file"])]
    pub(crate) schema: Option<PathBuf>,
    /// A JSON text of any value, or of any object.
    #[arg(long = "type", value_name = "TYPE", group = "values")]
    pub(crate) any: Option<AnyValue>,
}

/// JSON without a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AnyValue {
    Json,
    JsonObject,
}

/// Generate text that matches a regular expression, a grammar, a JSON Schema or one of a list of
/// texts.
///
/// The text is legal and whole within the token budget, whatever the model would rather say.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail generate --regex \"[0-9]{4}-[0-9]{2}-[0-9]{2}\" \"The moon landing was on \"
  tokenrail generate --choices moods.txt --chat \"How does this sound: I love it!\"
  tokenrail generate --grammar grammars/sql.gbnf --chat \"All users over 30\" --max-tokens 64 --json
  tokenrail generate --grammar grammars/chess.gbnf \"1. e4 \" --n 3 --temperature 0.8 --seed 1
  tokenrail generate --schema grammars/payment.schema.json --white-space compact \"I paid in cash: \" --json
  tokenrail generate --type json --chat \"Three rivers as JSON.\" --look-ahead 16 --json
  tokenrail generate --tools tools.json --tool-choice required --chat \"Rain in Rome?\" --json")]
pub(crate) struct GenerateArgs {
    /// The text that the generated one continues.
    #[arg(value_name = "PROMPT", required_unless_present = "prompt_flag")]
    prompt: Option<String>,
    /// The same, as a flag.
    #[arg(long = "prompt", value_name = "PROMPT", id = "prompt_flag", conflicts_with = "prompt")]
    prompt_flag: Option<String>,
    #[command(flatten)]
    pub(crate) grammar: GrammarArgs,
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
    #[command(flatten)]
    pub(crate) tools: ToolArgs,
    /// Make the prompt a user's turn through the model's chat template.
    #[arg(long)]
    chat: bool,
    /// The system's instructions, with --chat.
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// What the assistant's turn begins with before the generated text, with --chat.
    #[arg(long, value_name = "TEXT", requires = "chat")]
    prefill: Option<String>,
    /// The most tokens to write; the text is whole within them.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// What logits are divided by; 0 always takes the most likely legal token.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = not_negative, allow_negative_numbers = true)]
    temperature: f64,
    /// Draw from the K most likely legal tokens only.
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    top_k: Option<usize>,
    /// Draw from the fewest most likely legal tokens that have probability P together.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = part, allow_negative_numbers = true)]
    top_p: f64,
    /// Leave out tokens less likely than this part of the most likely one.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = part, allow_negative_numbers = true)]
    min_p: f64,
    /// Equal seeds give equal texts.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// How many texts to generate after the one prompt; each has the next seed.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = at_least_one)]
    pub(crate) n: usize,
    /// The most tokens to guess and read along with those that are decided, for speed; 0 guesses none.
    /// The text is the same.
    #[arg(long, value_name = "N", default_value_t = 8)]
    look_ahead: usize,
    /// Keep what was computed for the prompt in a file, and begin behind what a file already has of it;
    /// made if it is not there. Only the same model in the same precision takes it back.
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt_cache: Option<PathBuf>,
    /// Print the text as it comes.
    #[arg(long, conflicts_with = "json")]
    pub(crate) stream: bool,
    /// Print one JSON object a text, with every token's logprobs. Under `--policy complete` it says
    /// besides whether the value conforms: "valid", and "violations" with "instance", "schema" and
    /// "message" each.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

impl GenerateArgs {
    pub(crate) fn prompt(&self) -> &str {
        self.prompt.as_deref().or(self.prompt_flag.as_deref()).unwrap_or("")
    }

    /// The library's options.
    pub(crate) fn options(&self) -> tokenrail::generate::Options {
        let chat =
            Chat { system: self.system.clone(), prefill: self.prefill.clone().unwrap_or_default() };
        tokenrail::generate::Options {
            max_tokens: self.max_tokens,
            sampling: Sampling {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                seed: self.seed,
            },
            chat: self.chat.then_some(chat),
            look_ahead: self.look_ahead,
            probabilities: if self.json { Probabilities::All } else { Probabilities::Legal },
        }
    }
}

/// Check texts against a regular expression, a grammar, a JSON Schema or a list of texts.
///
/// A refusal is told with its byte offset, what would be legal there, and the rules that are open.
/// With a schema, a text that is JSON is judged as a value too, by another implementation.
///
/// Exit codes: 0 all accepted, 1 some refused, 2 the grammar or a flag is faulty, 3 a schema needs what
/// is not supported, 4 a schema or a text is over a limit (a text of --lines: 1), 7 a file cannot be
/// read; with --tokens also those of a model.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail check --regex \"[a-z]+@[a-z]+\" someone@home
  tokenrail check --grammar grammars/json.gbnf \"[1, 2,]\"
  tokenrail check --grammar grammars/json.gbnf --lines replies.jsonl
  tokenrail check --schema grammars/payment.schema.json --order any --lines payments.jsonl
  tokenrail check --choices moods.txt --tokens happy")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) grammar: GrammarArgs,
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
    /// The text; - for standard input.
    #[arg(required_unless_present = "lines")]
    pub(crate) text: Option<String>,
    /// Check every line of a file (- for standard input), a JSON string each, and answer with a
    /// JSON object each: {"accepted", "offset"?, "reason"?, "violations"?}; the last
    /// with a schema, of texts that are JSON: {"instance", "schema", "message"} each. A line that is
    /// no string, or meets a limit, is not accepted; it has a reason and no offset.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(crate) lines: Option<PathBuf>,
    /// Check the text as the model's tokens, and show how many are legal where. Only this opens the
    /// model; a grammar that names tokens needs it.
    #[arg(long)]
    pub(crate) tokens: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// Turn replies into JSON, with every edit on record, or tell why not.
///
/// A reply is taken as JSON at the lowest level at which it is some: strict (as it stands), extract (out
/// of fences, thoughts and prose), syntax (quotes, commas, brackets, comments), coerce (values put into
/// the types that the schema wants). Where two readings are as near, none is chosen. Salvage loses
/// something or chooses, by the rules that are allowed. The value goes to standard output, its edits to
/// standard error.
///
/// With --model what cannot be repaired is continued, or written anew as far as it has to be, under the
/// schema as a constraint.
///
/// Exit codes: 0 untouched, 10 repaired, 11 something was lost or chosen, 12 ambiguous, 13 not
/// repairable; of --lines the highest. 2 a flag or the schema is faulty, 7 a file cannot be read.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail repair reply.txt
  tokenrail repair --schema grammars/invoice.schema.json --json - < reply.txt
  tokenrail repair --tools tools.json --json reply.txt
  tokenrail repair --allow incomplete,ellipsis --finish length reply.txt
  tokenrail repair --lines replies.jsonl
  tokenrail repair --model smollm2-135m --schema person.schema.json --finish length cut.txt
  tokenrail repair --model smollm2-135m --schema person.schema.json --chat --prompt \"Who was Ada?\"
  tokenrail repair --model smollm2-135m --lines replies.jsonl --out results.jsonl")]
pub(crate) struct RepairArgs {
    /// The reply; - for standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["lines", "prompt"])]
    pub(crate) file: Option<PathBuf>,
    /// The JSON Schema that the value is to conform to.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// The tools that the reply may call: a JSON array of functions as requests to OpenAI have them. Its
    /// calls are read in whatever notation they are written, and their arguments repaired; the value is
    /// {"tool_calls": [{"name", "arguments"}]}, with "executable": false in a call that is not to be run.
    #[arg(long, value_name = "FILE", conflicts_with = "schema")]
    pub(crate) tools: Option<PathBuf>,
    /// How far to go: strict, extract, syntax, coerce, salvage, or L0 to L4 [default: coerce]. Salvage
    /// allows every rule that loses something, and none that chooses between readings.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub(crate) level: Option<Level>,
    /// Allow rules of salvage, and no others: inner_quotes, incomplete, empty_items, ellipsis,
    /// nonfinite, missing_opener, extra_members, bad_items, currency. By their names alone are allowed those
    /// that choose: open_strings, broken_escapes, brackets, missing_values, number_texts, undefined, first, last.
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = salvage)]
    pub(crate) allow: Vec<Salvage>,
    /// How the reply ended: by itself, or cut off at its length.
    #[arg(long, value_enum, default_value_t = FinishArg::Stop)]
    pub(crate) finish: FinishArg,
    /// Tell every edit with its class, everything that was dropped, and all other readings.
    #[arg(long, conflicts_with_all = ["json", "lines"])]
    pub(crate) explain: bool,
    /// Print one JSON object: {"status", "level", "value", "edits", "patch", "dropped", "alternatives",
    /// "costs", "logprobs", "violations", "states", "unfit", "refusal"}; the patch has the operations of
    /// RFC 6902, costs tell how far each alternative is from the reply, logprobs how likely a model finds
    /// them, states the pointers of what is not complete in a reply that was cut off, and unfit is the
    /// value where it does not conform. With --tools also "content" and
    /// "calls", each with "name", "arguments", "format", "span", "executable", "refusal", "suggestions".
    /// With --model also "ended" and "attempts".
    #[arg(long)]
    pub(crate) json: bool,
    /// Repair every line of a file (- for standard input), a JSON object each: {"id"?, "text", "schema"?,
    /// "finish"?, "prompt"?}, and answer with a JSON object each, which begins with the id. With --model a
    /// line may have a prompt and no text, and what may be asked is bounded for each line by itself.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(crate) lines: Option<PathBuf>,
    /// Write the results of --lines to this file; where it has results already, go on behind them.
    #[arg(long, value_name = "FILE", requires = "lines")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) retry: RetryArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FinishArg {
    Stop,
    Length,
}

impl RepairArgs {
    /// The options that the flags ask for.
    pub(crate) fn options(&self) -> tokenrail::repair::Options {
        let finish = match self.finish {
            FinishArg::Stop => Finish::Stop,
            FinishArg::Length => Finish::Length,
        };
        let options = tokenrail::repair::Options { finish, ..Default::default() };
        match (self.level, self.allow.is_empty()) {
            (_, false) => options.allowing(self.allow.iter().copied()),
            (Some(Level::Salvage), true) => {
                options.allowing(Salvage::ALL.iter().copied().filter(|rule| !rule.chooses()))
            }
            (level, true) => {
                let level = level.unwrap_or(options.level);
                tokenrail::repair::Options { level, ..options }
            }
        }
    }
}

/// A level by its name or its number.
fn level(text: &str) -> Result<Level, String> {
    let is_meant = |(number, level): &(usize, Level)| {
        level.name() == text || format!("L{number}").eq_ignore_ascii_case(text)
    };
    let found = (0..).zip(Level::ALL).find(is_meant).map(|(_, level)| level);
    found.ok_or_else(|| {
        "it must be strict, extract, syntax, coerce, salvage, or L0 to L4".to_owned()
    })
}

/// A rule of salvage by its name.
fn salvage(text: &str) -> Result<Salvage, String> {
    let found = Salvage::ALL.iter().copied().find(|rule| rule.name() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = Salvage::ALL.iter().map(|rule| rule.name()).collect();
        format!("it must be one of {}", names.join(", "))
    })
}

/// A number of at least 0, as temperatures are.
fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "give a number of at least 0".to_owned())
}

/// A number from 0 to 1, as shares of probability are.
fn part(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

/// Measure speeds on this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    Model(ModelBenchArgs),
}

/// Measure how fast a model reads and writes, beside what the machine's memory allows.
///
/// decode N: one sequence, written behind N tokens. prompt N: a prompt of N tokens. batch 8: eight
/// sequences side by side, all together. The best of three runs each. Last, a short prompt that is answered
/// by a value of a schema.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail bench model
  tokenrail bench model --contexts 16,4096 --threads 1 --json")]
pub(crate) struct ModelBenchArgs {
    /// Tokens that stand before those that are written; more than the model holds are left out.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "16,512,4096")]
    pub(crate) contexts: Vec<usize>,
    /// Tokens of the prompt.
    #[arg(long, value_name = "N", default_value = "512", value_parser = at_least_one)]
    pub(crate) prompt: usize,
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// Obtain models and manage those on this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Obtain a model, unless it is here already, and print its path.
    #[command(
        after_help = "Examples:\n  tokenrail model get\n  tokenrail model get org/repo:file.gguf"
    )]
    Get {
        #[arg(default_value_t, value_name = "MODEL")]
        model: ModelSource,
        /// Refuse to fetch.
        #[arg(long)]
        offline: bool,
    },
    /// List the models on this machine with their sizes.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Print the path of a model on this machine.
    Path {
        #[arg(default_value_t, value_name = "MODEL")]
        model: ModelSource,
    },
    /// Remove a model from this machine.
    Rm {
        #[arg(value_name = "MODEL")]
        model: ModelSource,
    },
}

/// The name of a variable of the environment; `None` where it is empty, which means unset.
fn unless_empty(name: &'static str) -> Option<&'static str> {
    Some(name).filter(|name| std::env::var_os(name).is_none_or(|value| !value.is_empty()))
}

/// A count of which none would make no sense.
fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&count| count > 0).ok_or("it must be a number, and at least 1")
}
