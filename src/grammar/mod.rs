//! Grammars: rules over terminals, from regular expressions, choices, GBNF, EBNF, Lark and schemas.
//!
//! Each notation has a front end, which reads its source into a `Draft`; [`Grammar`] is the checked
//! result, and does not show where it came from. What a grammar means does not depend on any
//! vocabulary; whether its texts can be written with one is decided when a
//! [`Constraint`](crate::constraint) is compiled.
//!
//! | notation | begin with |
//! |---|---|
//! | regular expressions | [`Grammar::regex`] |
//! | exact texts | [`Grammar::choices`] |
//! | GBNF of llama.cpp, EBNF of XGrammar | [`Grammar::gbnf`] |
//! | Lark as llguidance reads it | [`Grammar::lark`] |
//! | JSON Schema | [`Grammar::schema`] |
//! | free text with governed parts | [`Grammar::tags`] |
//! | JSON Schema | [`Grammar::schema`] |
//! | tool calls | [`Grammar::tools`] |
//!
//! Invariants of a grammar: every name that it uses is defined, and nothing in it is over its
//! [`Limits`]. What a notation has and this crate does not is refused with its [`Place`], never
//! skipped. Nothing here reads a file.
//!
//! ```
//! use tokenrail::grammar::{Grammar, GrammarError};
//!
//! assert!(Grammar::gbnf("root ::= \"-\"? [0-9]+").is_ok());
//! let error = Grammar::gbnf("root ::= \"-\" [0-9").unwrap_err();
//! assert!(matches!(error, GrammarError::Syntax { .. }));
//! assert_eq!(error.place().map(|place| place.column), Some(14));
//! ```

mod choices;
mod draft;
mod error;
mod gbnf;
mod lark;
mod limits;
mod parameter;
mod places;
mod regex;
mod rules;
mod tags;
mod tools;

pub(crate) use draft::most_like;
pub use error::{GrammarError, Place};
pub use limits::Limits;
pub(crate) use parameter::{Bits, Comparison, Condition, Parameter};
pub(crate) use rules::{Body, Ends, Marker, Rule, RuleId, TokenPattern};
pub use tags::{Parts, Reasoning, Tag, Tags, Trigger};
pub use tools::{
    Calls, Markers, Tool, ToolCall, ToolChoice, ToolFault, ToolOptions, ToolSet, ToolShape,
};

use std::collections::HashMap;

use crate::regex::Exprs;
use crate::schema::Schema;
use rules::Attributes;

/// A checked grammar: the texts that a model may write, in whatever notation they were told.
///
/// It is immutable and knows no vocabulary: one grammar serves any number of
/// [constraints](crate::constraint::Constraint), and [tags](Tags) can embed it.
///
/// ```
/// use tokenrail::constraint::{Constraint, ConstraintError};
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::Vocabulary;
///
/// let grammar = Grammar::regex("a+")?;
/// assert!(Constraint::new(&grammar, &Vocabulary::new([b"a".as_slice()], ["<end>"])).is_ok());
/// let lacking = Vocabulary::new([b"b".as_slice()], ["<end>"]);
/// let error = Constraint::new(&grammar, &lacking).unwrap_err();
/// assert!(matches!(error, ConstraintError::Unwritable { .. }));
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Grammar {
    rules: Vec<Rule>,
    start: RuleId,
    exprs: Exprs,
    /// Where tokens are named first; of many, of some.
    tokens: HashMap<TokenPattern, Place>,
    limits: Limits,
}

impl Grammar {
    /// Takes rules whose names are all defined, if their expressions are within the limits.
    fn new(
        rules: Vec<Rule>,
        start: RuleId,
        exprs: Exprs,
        limits: Limits,
    ) -> Result<Self, GrammarError> {
        limits.check("parts", exprs.len(), limits.parts, None)?;
        Ok(Self { rules, start, exprs, tokens: HashMap::new(), limits })
    }

    /// Makes a grammar of the JSON texts that a schema allows.
    ///
    /// ```
    /// use serde_json::json;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::schema::{Options, Schema};
    ///
    /// let schema = Schema::new(&json!({"type": "array", "items": {"type": "integer"}}), &Options::default())?;
    /// let grammar = Grammar::schema(&schema);
    /// # Ok::<(), tokenrail::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn schema(schema: &Schema) -> Self {
        let rule = Rule {
            name: "json".to_owned(),
            place: Place::at("", 0),
            body: Body::Schema(schema.clone()),
            attributes: Attributes::default(),
        };
        let (exprs, limits) = (Exprs::default(), Limits::default());
        let tokens = HashMap::new();
        Self { rules: vec![rule], start: RuleId(0), exprs, tokens, limits }
    }

    /// Whether it asks for tokens by name or id, so that it says nothing of texts alone.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// assert!(Grammar::lark("start: <|call|> /[a-z]+/")?.names_tokens());
    /// assert!(!Grammar::regex("[a-z]+")?.names_tokens());
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    #[must_use]
    pub fn names_tokens(&self) -> bool {
        self.rules.iter().any(|rule| rule.body.names_tokens())
    }

    /// Where in its source it names a token first, if it does and has a source.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let place = Grammar::lark("start: \"a\" <|call|>")?.first_token().map(|place| place.column);
    /// assert_eq!(place, Some(12));
    /// # Ok::<(), tokenrail::grammar::GrammarError>(())
    /// ```
    #[must_use]
    pub fn first_token(&self) -> Option<&Place> {
        self.tokens.values().min_by_key(|place| (place.line, place.column))
    }

    /// Where in its source it names these tokens first.
    pub(crate) fn token_place(&self, tokens: &TokenPattern) -> Option<&Place> {
        self.tokens.get(tokens)
    }

    /// The rules, by their ids.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that the whole text matches.
    pub(crate) fn start(&self) -> RuleId {
        self.start
    }

    /// The store of the terminals' expressions.
    pub(crate) fn exprs(&self) -> &Exprs {
        &self.exprs
    }

    /// The limits that it was read within, which hold for its constraints too.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

#[cfg(test)]
pub(crate) mod tests;
