//! What a grammar is made of.

use super::Place;
use super::parameter::{Condition, Parameter};
use crate::regex::{Count, ExprId};
use crate::schema::Schema;
use crate::vocab::TokenId;

/// A rule of a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RuleId(pub(crate) u32);

impl RuleId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A named part of a grammar.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) body: Body,
    pub(crate) attributes: Attributes,
}

/// What a rule says beside its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes {
    /// What its text is called in the captures.
    pub(crate) capture: Option<String>,
    /// What ends its text and is no part of its capture.
    pub(crate) marker: Option<Marker>,
    /// The most tokens that its text may be begun with; then it ends where it next may.
    pub(crate) max_tokens: Option<u32>,
    /// The temperature to sample its text with.
    pub(crate) temperature: Option<f32>,
}

/// What ends a rule's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) expr: ExprId,
    /// What the marker itself is called in the captures.
    pub(crate) capture: Option<String>,
    /// Whether the captures of the rules around leave it out too.
    pub(crate) is_hidden: bool,
}

/// What a rule matches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// A text of a regular language.
    Terminal(Terminal),
    /// A JSON text that a schema allows.
    Schema(Schema),
    /// One token, by its id and not by its text.
    Token(TokenPattern),
    /// A rule, with the value of its parameter; 0 for rules that have none.
    Call(RuleId, Parameter),
    Sequence(Vec<Body>),
    /// None is legal where nothing is.
    Choice(Vec<Body>),
    Repeat(Box<Body>, Count),
    /// The body where the rule's parameter meets the condition, else nothing.
    When(Condition, Box<Body>),
}

/// A regular language within a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Terminal {
    pub(crate) expr: ExprId,
    pub(crate) ends: Ends,
}

/// Where a terminal may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ends {
    /// Wherever it matches.
    Anywhere,
    /// Where it first matches, and then it does: other terminals that began at the same byte end
    /// there too.
    AtFirst,
    /// Where it matches after its rule's budget of tokens is used up.
    OutOfBudget,
}

/// A set of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TokenPattern {
    /// Those with this name, such as `<|tool|>`.
    Named(String),
    /// Those with ids in any of the ranges, both ends included.
    Ids(Vec<(TokenId, TokenId)>),
    /// The others.
    Not(Box<TokenPattern>),
}

impl Body {
    /// Matches the empty text.
    pub(crate) const EMPTY: Self = Self::Sequence(Vec::new());

    /// A text of `expr`, not committed to.
    pub(crate) fn terminal(expr: ExprId) -> Self {
        Self::Terminal(Terminal { expr, ends: Ends::Anywhere })
    }

    /// A call of a rule without parameter.
    pub(crate) fn call(rule: RuleId) -> Self {
        Self::Call(rule, Parameter::Constant(0))
    }

    /// The same body in another grammar, by what its expressions and rules are there. Recursion is
    /// as deep as groups are nested.
    pub(super) fn translated(
        &self,
        expr: &dyn Fn(ExprId) -> ExprId,
        rule: &dyn Fn(RuleId) -> RuleId,
    ) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.translated(expr, rule)).collect();
        match self {
            Self::Terminal(terminal) => {
                Self::Terminal(Terminal { expr: expr(terminal.expr), ..*terminal })
            }
            Self::Schema(schema) => Self::Schema(schema.clone()),
            Self::Token(pattern) => Self::Token(pattern.clone()),
            Self::Call(callee, parameter) => Self::Call(rule(*callee), *parameter),
            Self::Sequence(parts) => Self::Sequence(all(parts)),
            Self::Choice(parts) => Self::Choice(all(parts)),
            Self::Repeat(part, count) => {
                Self::Repeat(Box::new(part.translated(expr, rule)), *count)
            }
            Self::When(condition, part) => {
                Self::When(condition.clone(), Box::new(part.translated(expr, rule)))
            }
        }
    }

    /// Whether there is a token in it. Recursion is as deep as groups are nested.
    pub(crate) fn names_tokens(&self) -> bool {
        match self {
            Self::Token(_) => true,
            Self::Terminal(_) | Self::Schema(_) | Self::Call(..) => false,
            Self::Sequence(parts) | Self::Choice(parts) => parts.iter().any(Self::names_tokens),
            Self::Repeat(part, _) | Self::When(_, part) => part.names_tokens(),
        }
    }

    /// The expression, where the body is a plain one.
    pub(crate) fn expr(&self) -> Option<ExprId> {
        match self {
            Self::Terminal(Terminal { expr, ends: Ends::Anywhere }) => Some(*expr),
            _ => None,
        }
    }
}
