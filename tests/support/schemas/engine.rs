//! Engines as the judges see them, and ours behind that face.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokenrail::constraint::{Constraint, ConstraintError, Matcher};
use tokenrail::grammar::Grammar;
use tokenrail::schema::{self, Options, Resolver, Schema, Spelling};
use tokenrail::vocab::{TokenId, TokenMask, Vocabulary};

/// Whether the grammar of JSON stands in for schemas, which then assert nothing: what judges their
/// assertions says so and does not fail.
pub(crate) const STANDS_IN: bool = false;

/// In which order the keys of an object may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Any,
    /// That in which the schema names them.
    Declared,
}

/// Why an engine gives no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It would take more than a limit allows.
    Limit(String),
    Other(String),
}

/// What compiles schemas for a vocabulary.
pub(crate) trait Engine {
    /// Compiles up to the state before the first token.
    fn compile(&self, schema: &str) -> Result<Box<dyn Sequence>, Refusal>;
}

/// The tokens of one text, and what may follow them.
pub(crate) trait Sequence {
    /// A sequence that goes on from here by itself.
    fn fork(&self) -> Box<dyn Sequence>;
    /// Makes the mask of what may follow.
    fn mask(&mut self) -> Result<(), Refusal>;
    /// Whether the mask made last has a token.
    fn allows(&self, token: TokenId) -> bool;
    /// Takes a token that the mask has; `false` where it is refused all the same.
    fn advance(&mut self, token: TokenId) -> Result<bool, Refusal>;
    /// Whether the text may end here.
    fn is_accepting(&mut self) -> Result<bool, Refusal>;
    /// Says why a token, or the end of the text, may not follow.
    fn explain(&mut self, token: Option<TokenId>) -> String;
}

/// The engine of this crate.
#[derive(Debug)]
pub(crate) struct Tokenrail {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) order: Order,
}

impl Engine for Tokenrail {
    fn compile(&self, schema: &str) -> Result<Box<dyn Sequence>, Refusal> {
        let grammar = grammar(schema, self.order).map_err(refusal)?;
        let constraint = Constraint::new(&grammar, &self.vocabulary)?;
        Ok(Box::new(Ours { matcher: constraint.matcher(), mask: None }))
    }
}

/// The drafts by their names here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft201909,
    Draft202012,
}

/// Documents by their addresses.
pub(crate) type Remotes = BTreeMap<String, Value>;

/// How a schema is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) order: Order,
    /// That of a schema which declares none, where it is known.
    pub(crate) draft: Option<Draft>,
    /// What references may lead to.
    pub(crate) remotes: Option<&'static Remotes>,
    /// How numbers are written.
    pub(crate) numbers: Spelling,
}

/// The grammar of a schema that refers to no other document.
///
/// # Errors
/// What is wrong with the schema, in words.
pub(crate) fn grammar(schema: &str, order: Order) -> Result<Grammar, String> {
    grammar_of(schema, &Dialect { order, draft: None, remotes: None, numbers: Spelling::Usual })
}

/// The grammar of a schema. The one place that knows how schemas become grammars.
///
/// # Errors
/// What is wrong with the schema, in words.
pub(crate) fn grammar_of(schema: &str, dialect: &Dialect) -> Result<Grammar, String> {
    let options = Options {
        draft: dialect.draft.map(|draft| match draft {
            Draft::Draft4 => schema::Draft::Draft4,
            Draft::Draft6 => schema::Draft::Draft6,
            Draft::Draft7 => schema::Draft::Draft7,
            Draft::Draft201909 => schema::Draft::Draft201909,
            Draft::Draft202012 => schema::Draft::Draft202012,
        }),
        order: match dialect.order {
            Order::Any => schema::Order::Any,
            Order::Declared => schema::Order::Declared,
        },
        resolver: dialect.remotes.map(|remotes| Arc::new(Served(remotes)) as Arc<dyn Resolver>),
        numbers: dialect.numbers,
        ..Options::default()
    };
    let schema = Schema::parse(schema, &options).map_err(|error| error.to_string())?;
    Ok(Grammar::schema(&schema))
}

/// Documents that are at hand.
#[derive(Debug)]
struct Served(&'static Remotes);

impl Resolver for Served {
    fn resolve(&self, address: &str) -> Option<Value> {
        self.0.get(address).cloned()
    }
}

/// A matcher with the mask that it made last.
struct Ours {
    matcher: Matcher,
    mask: Option<Arc<TokenMask>>,
}

impl Sequence for Ours {
    fn fork(&self) -> Box<dyn Sequence> {
        Box::new(Self { matcher: self.matcher.fork(), mask: None })
    }

    fn mask(&mut self) -> Result<(), Refusal> {
        self.mask = Some(self.matcher.mask()?);
        Ok(())
    }

    fn allows(&self, token: TokenId) -> bool {
        self.mask.as_ref().is_some_and(|mask| mask.contains(token))
    }

    fn advance(&mut self, token: TokenId) -> Result<bool, Refusal> {
        Ok(self.matcher.advance(token)?)
    }

    fn is_accepting(&mut self) -> Result<bool, Refusal> {
        Ok(self.matcher.is_accepting()?)
    }

    fn explain(&mut self, token: Option<TokenId>) -> String {
        let explanation = match token {
            Some(token) => self.matcher.explain(token),
            None => self.matcher.explain_bytes(b""),
        };
        match explanation {
            Ok(Some(explanation)) => explanation.to_string(),
            Ok(None) => "nothing is wrong with it".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

impl From<ConstraintError> for Refusal {
    fn from(error: ConstraintError) -> Self {
        match error {
            ConstraintError::Limit { .. } => Self::Limit(error.to_string()),
            _ => refusal(error.to_string()),
        }
    }
}

/// A refusal of which only the words are known.
pub(crate) fn refusal(what: String) -> Refusal {
    // All layers word their limits alike.
    if what.contains("over the limit of") { Refusal::Limit(what) } else { Refusal::Other(what) }
}
