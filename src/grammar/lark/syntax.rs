//! What a Lark source says, as it is written.
//!
//! Names are not looked up here, and nothing is checked that needs more than one definition; only
//! what shapes trees and no text is gone: aliases and the marks `?` and `!`. Every part knows its
//! place, for the messages of later steps.

use super::lexer::Case;
use crate::grammar::{Condition, Parameter, TokenPattern};
use crate::regex::Count;

/// A grammar: a whole source, or what stands in `%lark {…}`.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Where it begins.
    pub(super) offset: usize,
    /// Rules and terminals, imported ones too.
    pub(super) definitions: Vec<Definition>,
    /// What `%ignore` names.
    pub(super) ignored: Vec<Node>,
    pub(super) options: Options,
}

/// What `%llguidance` and `%grammar_options` set.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Whether ignored text may stand before all else.
    pub(super) is_skipped_first: bool,
    /// Whether ignored text matches as a whole, and not again and again.
    pub(super) is_skipped_once: bool,
}

/// A rule or a terminal.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: Name,
    /// Whether it is defined as `name::_`.
    pub(super) has_parameter: bool,
    /// None are given to terminals.
    pub(super) attributes: Attributes,
    pub(super) body: Node,
}

/// The name of a rule, a terminal or a function, without the marks before it.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) offset: usize,
}

/// What stands in brackets behind a rule's name.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// `lazy`.
    pub(super) is_lazy: bool,
    /// `stop=` or `suffix=`; a rule has one of them.
    pub(super) marker: Option<Marker>,
    /// The name for the marker's capture.
    pub(super) stop_capture: Option<String>,
    /// The name for the capture; `None` within is the rule's own.
    pub(super) capture: Option<Option<String>>,
    pub(super) max_tokens: Option<u32>,
    pub(super) max_chars: Option<u32>,
    /// Finite and not below 0.
    pub(super) temperature: Option<f32>,
}

/// What a rule's text ends with, by `stop=` or `suffix=`.
#[derive(Debug)]
pub(super) struct Marker {
    /// `None` for the empty text, which is no marker.
    pub(super) node: Option<Node>,
    /// Whether the captures around leave it out too, as by `stop=`.
    pub(super) is_hidden: bool,
}

/// A part of a definition.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) offset: usize,
    pub(super) kind: Kind,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Any of them, `|`. At least one.
    Choice(Vec<Node>),
    /// What all of them match, `&`. At least two.
    Both(Vec<Node>),
    /// One after the other; the empty text where there is none.
    Sequence(Vec<Node>),
    /// The part where the parameter meets the condition, `%if`.
    When(Condition, Box<Node>),
    /// `? * + ~n {m,n}`, and what stands in `[…]`.
    Repeat(Box<Node>, Count),
    /// Every other text, `~`.
    Not(Box<Node>),
    /// `"…"`.
    Text(String, Case),
    /// One character, `"a".."z"`; the first is not over the second.
    Range(char, char),
    /// `/…/`.
    Pattern { source: String, flags: String },
    /// A rule with how its parameter is computed, or a terminal.
    Name(String, Option<Parameter>),
    /// `<…>`.
    Token(TokenPattern),
    /// Runs of these chunks.
    Substring(Vec<String>),
    /// `%json {…}`: what stands behind the directive, up to the end of its JSON value.
    Schema(String),
    /// `%lark {…}`.
    Grammar(Box<Source>),
}

impl Name {
    /// Whether it names a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        is_terminal(&self.text)
    }
}

/// Whether a name is that of a terminal: its first letter is a capital.
pub(super) fn is_terminal(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase())
}

impl Attributes {
    /// Whether the rule ends as soon as it can.
    pub(super) fn ends_early(&self) -> bool {
        self.is_lazy || self.marker.as_ref().is_some_and(|marker| marker.node.is_some())
    }

    /// Whether the rule has any; `stop=""` says nothing and is one.
    pub(super) fn are_given(&self) -> bool {
        self.ends_early()
            || self.marker.is_some()
            || self.capture.is_some()
            || self.max_tokens.is_some()
            || self.max_chars.is_some()
            || self.temperature.is_some()
    }
}

impl Node {
    /// The node, or the one it is but a bracket around: a choice of one, a sequence of one.
    pub(super) fn bare(&self) -> &Self {
        let mut node = self;
        while let Kind::Choice(parts) | Kind::Sequence(parts) = &node.kind
            && let [only] = &parts[..]
        {
            node = only;
        }
        node
    }
}
