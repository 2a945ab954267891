//! The flags of schemas.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use tokenrail::schema::{Draft, Escapes, Options, Order, Policy, Spelling, WhiteSpace};

/// Look at JSON Schemas.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    Check(SchemaCheckArgs),
}

/// Tell what of a schema is enforced, whether any value conforms, which is the shortest, and what the
/// schema costs.
///
/// Every keyword is exact, an annotation (it asserts nothing), under (some valid values are refused),
/// or over (some invalid values are accepted, under `--policy complete`); all that are neither exact
/// nor annotations are listed with the reason. Of a schema that no value conforms to, a few keywords
/// are named that contradict each other.
///
/// The size is that of what was made to find the shortest value: shapes of arrays and objects,
/// expressions for strings, keys and numbers, and states. More is made as texts need it.
///
/// Exit codes: 0 all is enforced exactly, 1 something is not, 2 the schema is faulty or allows no value,
/// 3 it needs what is not supported, 4 it is over a limit.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tokenrail schema check grammars/invoice.schema.json
  tokenrail schema check grammars/invoice.schema.json --all
  tokenrail schema check grammars/invoice.schema.json --json")]
pub(crate) struct SchemaCheckArgs {
    /// The schema; - for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// List every keyword, exact ones and annotations too.
    #[arg(long, conflicts_with = "json")]
    pub(crate) all: bool,
    /// Print one JSON object: {"draft", "worst", "entries", "counts", "schemas", "satisfiable",
    /// "size"?, "example"?, "conflict"?}; the size is {"shapes", "expressions", "states", "bytes"}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a schema is read.
#[derive(Debug, Args)]
pub(crate) struct ReadingArgs {
    /// What to do about keywords that cannot be enforced [default: strict].
    #[arg(long, value_enum)]
    policy: Option<PolicyArg>,
    /// The draft of schemas that do not name theirs [default: 2020-12].
    #[arg(long, value_enum)]
    draft: Option<DraftArg>,
}

/// How a schema is read, and how its values are written.
#[derive(Debug, Args)]
pub(crate) struct WritingArgs {
    /// What to do about keywords that cannot be enforced [default: strict].
    #[arg(long, value_enum, requires = "schema_file")]
    policy: Option<PolicyArg>,
    /// The draft of schemas that do not name theirs [default: 2020-12].
    #[arg(long, value_enum, requires = "schema_file")]
    draft: Option<DraftArg>,
    /// The order of an object's members: as the schema declares them, or any [default: declared].
    #[arg(long, value_enum, requires = "values")]
    order: Option<OrderArg>,
    /// The white space between the tokens of JSON: compact (none), flexible (up to 8 characters at a
    /// place), or texts of a regular expression [default: flexible].
    #[arg(long, value_name = "compact|flexible|REGEX", requires = "values")]
    white_space: Option<WhiteSpaceArg>,
    /// How the characters of strings are written: in any way that JSON has, or escaped only where
    /// they must be [default: minimal to generate, any to check].
    #[arg(long, value_enum, requires = "values")]
    escapes: Option<EscapesArg>,
    /// How numbers are written: plainly or in normalised scientific notation, or in any notation
    /// [default: usual].
    #[arg(long, value_enum, requires = "values")]
    numbers: Option<NumbersArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PolicyArg {
    /// They are an error, which lists all of them.
    Strict,
    /// Valid values may be refused.
    Sound,
    /// Invalid values may be accepted, and are looked for afterwards.
    Complete,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DraftArg {
    #[value(name = "4")]
    Draft4,
    #[value(name = "6")]
    Draft6,
    #[value(name = "7")]
    Draft7,
    #[value(name = "2019-09")]
    Draft201909,
    #[value(name = "2020-12")]
    Draft202012,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderArg {
    Declared,
    Any,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EscapesArg {
    Any,
    Minimal,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NumbersArg {
    Usual,
    Any,
}

/// White space as a flag has it.
#[derive(Debug, Clone)]
struct WhiteSpaceArg(WhiteSpace);

impl FromStr for WhiteSpaceArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match text {
            "compact" => WhiteSpace::Compact,
            "flexible" => WhiteSpace::default(),
            pattern => WhiteSpace::Pattern(pattern.to_owned()),
        }))
    }
}

impl ReadingArgs {
    /// The library's options.
    pub(crate) fn options(&self) -> Options {
        Options { policy: policy(self.policy), draft: draft(self.draft), ..Options::default() }
    }
}

impl WritingArgs {
    /// The library's options, with the escapes that are allowed where no flag says it.
    pub(crate) fn options(&self, escapes: Escapes) -> Options {
        Options {
            policy: policy(self.policy),
            draft: draft(self.draft),
            order: match self.order {
                None | Some(OrderArg::Declared) => Order::Declared,
                Some(OrderArg::Any) => Order::Any,
            },
            white_space: self.white_space.clone().map_or_else(WhiteSpace::default, |arg| arg.0),
            escapes: match self.escapes {
                None => escapes,
                Some(EscapesArg::Any) => Escapes::Any,
                Some(EscapesArg::Minimal) => Escapes::Minimal,
            },
            numbers: match self.numbers {
                None | Some(NumbersArg::Usual) => Spelling::Usual,
                Some(NumbersArg::Any) => Spelling::Any,
            },
            ..Options::default()
        }
    }
}

fn policy(arg: Option<PolicyArg>) -> Policy {
    match arg {
        None | Some(PolicyArg::Strict) => Policy::Strict,
        Some(PolicyArg::Sound) => Policy::Sound,
        Some(PolicyArg::Complete) => Policy::Complete,
    }
}

fn draft(arg: Option<DraftArg>) -> Option<Draft> {
    arg.map(|arg| match arg {
        DraftArg::Draft4 => Draft::Draft4,
        DraftArg::Draft6 => Draft::Draft6,
        DraftArg::Draft7 => Draft::Draft7,
        DraftArg::Draft201909 => Draft::Draft201909,
        DraftArg::Draft202012 => Draft::Draft202012,
    })
}
