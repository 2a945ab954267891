//! Regular parts: terminals, and what a rule says in their stead.
//!
//! A terminal is made of texts, patterns and other terminals, and so is one expression, made once
//! and shared by all that name it. Terminals cannot be made of themselves, nor of rules or tokens.
//! Since a terminal of two terminals is as wide as both, what is put together is counted against the
//! limit of parts before it is.

use std::collections::BTreeMap;

use super::lexer::Case;
use super::parser::shown;
use super::substring;
use super::syntax::{Definition, Kind, Node, is_terminal};
use crate::grammar::GrammarError;
use crate::grammar::draft::{Draft, most_like};
use crate::regex::{self, ExprId, Syntax};

/// The flags of a regular expression.
const FLAGS: &str = "imsxu";

/// The terminals of a grammar. An inner grammar has its own.
#[derive(Debug, Default)]
pub(super) struct Terminals<'g> {
    by_name: BTreeMap<&'g str, Terminal>,
    /// All names that are defined, for suggestions.
    names: Vec<&'g str>,
}

/// What a terminal's name stands for.
#[derive(Debug, Clone, Copy)]
struct Terminal {
    expr: ExprId,
    /// How deep it is nested, terminals within it included.
    height: usize,
}

impl<'g> Terminals<'g> {
    /// Makes all terminals among the definitions, those first that others are made of.
    pub(super) fn new(
        definitions: &'g [Definition],
        draft: &mut Draft,
    ) -> Result<Self, GrammarError> {
        let names = definitions.iter().map(|definition| &*definition.name.text).collect();
        let mut terminals = Self { by_name: BTreeMap::new(), names };
        for definition in terminals.in_order(definitions, draft)? {
            let name = &*definition.name.text;
            let height = terminals.height(&definition.body);
            draft.check_depth(height, definition.name.offset)?;
            let within = format!("terminal {:?}", shown(name));
            let expr = terminals.expression(&definition.body, &within, draft)?;
            terminals.by_name.insert(name, Terminal { expr, height });
        }
        Ok(terminals)
    }

    /// The expression of a node within something that has to be regular, which messages call
    /// `within`. Recursion is as deep as groups are nested.
    ///
    /// # Errors
    /// What is no text within the node, names that are not defined, patterns that are wrong, and
    /// limits.
    pub(super) fn expression(
        &self,
        node: &Node,
        within: &str,
        draft: &mut Draft,
    ) -> Result<ExprId, GrammarError> {
        draft.check_parts(0, node.offset)?;
        Ok(match &node.kind {
            Kind::Choice(parts) => {
                let parts = self.expressions(parts, within, draft)?;
                draft.spend(&parts, node.offset)?;
                draft.exprs.or(parts)
            }
            Kind::Both(parts) => {
                let parts = self.expressions(parts, within, draft)?;
                draft.spend(&parts, node.offset)?;
                draft.exprs.and(parts)
            }
            Kind::Sequence(parts) => {
                let parts = self.expressions(parts, within, draft)?;
                draft.spend(parts.split_last().map_or(&[], |(_, before)| before), node.offset)?;
                draft.exprs.concat(parts)
            }
            Kind::Repeat(part, count) => {
                let part = self.expression(part, within, draft)?;
                draft.exprs.repeat(part, *count)
            }
            Kind::Not(part) => {
                let part = self.expression(part, within, draft)?;
                draft.exprs.not_text(part)
            }
            Kind::Name(name, _) if is_terminal(name) => match self.by_name.get(&**name) {
                Some(terminal) => terminal.expr,
                None => return Err(self.undefined(name, node.offset, draft)),
            },
            _ => return lexeme(node, draft).unwrap_or_else(|| Err(irregular(node, within, draft))),
        })
    }

    /// The error that a name is not defined.
    pub(super) fn undefined(&self, name: &str, offset: usize, draft: &Draft) -> GrammarError {
        GrammarError::UndefinedRule {
            name: shown(name),
            suggestion: most_like(name, self.names.iter().copied()),
            place: draft.place(offset),
        }
    }

    fn expressions(
        &self,
        parts: &[Node],
        within: &str,
        draft: &mut Draft,
    ) -> Result<Vec<ExprId>, GrammarError> {
        parts.iter().map(|part| self.expression(part, within, draft)).collect()
    }

    /// Terminals with those before them that they are made of. Goes from one to the next in a loop:
    /// chains of them may be long.
    fn in_order(
        &self,
        definitions: &'g [Definition],
        draft: &Draft,
    ) -> Result<Vec<&'g Definition>, GrammarError> {
        let terminals = definitions.iter().filter(|definition| definition.name.is_terminal());
        let by_name: BTreeMap<&str, &Definition> =
            terminals.clone().map(|definition| (&*definition.name.text, definition)).collect();
        // Whether a terminal's parts are all in order, or still being put there.
        let mut is_done: BTreeMap<&str, bool> = BTreeMap::new();
        let mut order = Vec::new();
        for first in terminals {
            let mut stack = vec![first];
            while let Some(&definition) = stack.last() {
                let name = &*definition.name.text;
                match is_done.get(name) {
                    None => is_done.insert(name, false),
                    Some(true) => {
                        stack.pop();
                        continue;
                    }
                    Some(false) => {
                        stack.pop();
                        order.push(definition);
                        is_done.insert(name, true);
                        continue;
                    }
                };
                let mut parts = Vec::new();
                names(&definition.body, &mut parts);
                for (part, offset) in parts {
                    match (by_name.get(part), is_done.get(part)) {
                        (_, Some(false)) => return Err(cycle(part, offset, draft)),
                        (Some(part), None) => stack.push(part),
                        (None, _) | (_, Some(true)) => {}
                    }
                }
            }
        }
        Ok(order)
    }

    /// How deep a node is nested when the terminals it names stand in it. Steps through expressions
    /// recurse as deep, so that it is limited.
    fn height(&self, node: &Node) -> usize {
        match &node.kind {
            Kind::Choice(parts) | Kind::Sequence(parts) | Kind::Both(parts) => match &parts[..] {
                [only] => self.height(only),
                parts => 1 + parts.iter().map(|part| self.height(part)).max().unwrap_or(0),
            },
            Kind::Repeat(part, _) | Kind::Not(part) | Kind::When(_, part) => 1 + self.height(part),
            Kind::Name(name, _) => self.by_name.get(&**name).map_or(0, |part| part.height),
            _ => 0,
        }
    }
}

/// The expression of a value that is a terminal by itself; `None` for what is none.
fn lexeme(node: &Node, draft: &mut Draft) -> Option<Result<ExprId, GrammarError>> {
    let offset = node.offset;
    Some(match &node.kind {
        Kind::Text(text, Case::Differs) => match draft.check_parts(text.len(), offset) {
            Ok(()) => Ok(draft.exprs.literal(text.as_bytes())),
            Err(error) => Err(error),
        },
        Kind::Text(text, Case::Ignored) => {
            let escaped: String =
                text.chars().map(|char| format!("\\x{{{:x}}}", u32::from(char))).collect();
            pattern(&escaped, "i", |_| offset, draft)
        }
        Kind::Range(low, high) => Ok(draft.exprs.chars([(*low, *high)])),
        Kind::Pattern { source, flags } => {
            if let Some(flag) = flags.chars().find(|&flag| !FLAGS.contains(flag)) {
                let what =
                    format!("flag {flag} of a regular expression is not supported: {FLAGS} are");
                return Some(Err(draft.unsupported(offset, what)));
            }
            pattern(source, flags, |within| offset + 1 + within, draft)
        }
        Kind::Substring(chunks) => {
            let bytes: usize = chunks.iter().map(String::len).sum();
            match draft.check_parts(bytes, offset) {
                Ok(()) => Ok(substring::expression(chunks, &mut draft.exprs)),
                Err(error) => Err(error),
            }
        }
        _ => return None,
    })
}

/// The expression of a pattern whose bytes are at the offsets.
fn pattern(
    source: &str,
    flags: &str,
    offset: impl Fn(usize) -> usize,
    draft: &mut Draft,
) -> Result<ExprId, GrammarError> {
    let syntax = Syntax::LARK.with_flags(flags).expect("FLAGS are all flags of the syntax");
    let limits = draft.limits().of_pattern();
    regex::parse(source, &syntax, &limits, &mut draft.exprs)
        .map_err(|error| GrammarError::of_pattern(error, |within| draft.place(offset(within))))
}

/// The error that a part is no text.
fn irregular(node: &Node, within: &str, draft: &Draft) -> GrammarError {
    let what = match &node.kind {
        Kind::Name(name, _) => format!(
            "rule {:?} in {within}, which is made of terminals alone: write {} as one",
            shown(name),
            shown(&name.to_uppercase()),
        ),
        Kind::Token(_) => format!("a special token in {within}, which has to be text alone"),
        Kind::Schema(_) => format!("%json in {within}, which is made of terminals alone"),
        Kind::Grammar(_) => format!("%lark in {within}, which is made of terminals alone"),
        _ => format!("%if in {within}, which has no parameter"),
    };
    draft.syntax(node.offset, what)
}

/// The error that a terminal is made of itself.
fn cycle(name: &str, offset: usize, draft: &Draft) -> GrammarError {
    let what = format!("terminal {:?} is made of itself: only rules can be", shown(name));
    draft.syntax(offset, what)
}

/// The terminals that a node names, with where it does.
fn names<'g>(node: &'g Node, into: &mut Vec<(&'g str, usize)>) {
    match &node.kind {
        Kind::Choice(parts) | Kind::Sequence(parts) | Kind::Both(parts) => {
            parts.iter().for_each(|part| names(part, into));
        }
        Kind::Repeat(part, _) | Kind::Not(part) | Kind::When(_, part) => names(part, into),
        Kind::Name(name, _) => into.push((name, node.offset)),
        _ => {}
    }
}
